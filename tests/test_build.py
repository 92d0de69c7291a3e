"""What build puts in place, and that no photo is left out, doubled or mislabelled in silence."""

import os
import re
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
from hypothesis import assume, given
from hypothesis import strategies as st
from on_disk import PROJECT, contents, datasets_folder, deaths, killed, needs_fork, put, run
from PIL import Image, ImageEnhance

from helpers.data import load_dataset
from helpers.files import DataError
from helpers.photos import load_photo
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
    advice = f'load_dataset("mias", "{folder.as_posix()}")'
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
                 ".ipynb_checkpoints/0.jpg", "__MACOSX/sonrie/0.jpg", "sonrie/.cache/0.jpg"]:  # fmt: skip
        (source / name).parent.mkdir(exist_ok=True, parents=True)
        (source / name).write_bytes(b"no es una foto")
    build(source, "mias", strict=True, folder=folder)
    assert "fuera" not in capsys.readouterr().out
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
    with pytest.raises(DataError, match="Fotos distintas de «sonríe»: 0; hacen falta"):
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
    "happy": (None, {"name": "happy"}, "«happy» está ocupado.*download"),
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
    "empty": (rename(None, None), {}, r"subcarpetas con archivos: 0 \(-\); esperaba dos"),
    "one class": (rename(None, "sonrie"), {}, r"mis fotos: .*archivos: 1 \(sonrie\)"),
    "three": (lambda s: write_photos(s / "z", 0, 2), {}, r": 3 \(no_sonrie, sonrie, z\)"),
    "untelling": (rename("a", "b"), {}, "¿En cuál carpeta están las sonrisas, a o b.*--smiling a"),
    "telling both": (rename("smile", "sonrisa"), {}, "¿En cuál carpeta"),
    "not there": (None, {"smiling": "x"}, "smiling='x': no hay tal.*hay no_sonrie y sonrie"),
    "one photo": (keep_one, {}, "Fotos distintas de «sonríe»: 1; hacen falta al menos dos"),
}


@pytest.mark.parametrize(("change", "options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_build_refuses(source, folder, capsys, change, options, message):
    (folder / "test_vieja.h5").write_bytes(b"vieja")
    before = contents(folder)
    if change:
        change(source)
    with pytest.raises(DataError, match=message):
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
def test_a_killed_build_leaves_a_whole_set(source, folder, capsys):
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


def test_memory_does_not_grow_with_the_photographs(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(collect, "_BATCH", 64)  # or it would take many more to see

    def peak(n):
        source = tmp_path / str(n)
        for label in (0, 1):
            (source / f"{label}").mkdir(parents=True)
            for i in range(n // 2):
                color = Image.new("RGB", (2, 2), (label, i // 256, i % 256))
                color.save(source / f"{label}" / f"{i}.bmp")
        tracemalloc.start()
        try:
            build(source, f"de_{n}", "1", folder=folder)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(16)  # what is imported on first use
    few, many = peak(160), peak(1160)
    assert many - few < 1000 * 64 * 64 * 3 / 4  # of the pixels of those that are more


sizes = st.lists(st.integers(1, 5), min_size=2, max_size=9)


@given(sizes, sizes, st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_any_split_keeps_copies_together(zeros, ones, share, seed):
    digests = [(label, i) for label in (0, 1) for i, n in enumerate((zeros, ones)[label])
               for _ in range(n)]  # fmt: skip
    kept = [(position, digest[0], digest) for position, digest in enumerate(digests)]
    train, test = collect._split(kept, ["no", "sí"], seed, share)
    assert sorted(train + test) == kept
    assert not {photo[2] for photo in train} & {photo[2] for photo in test}
    for half in (train, test):
        assert {label for _, label, _ in half} == {0, 1}
    for label, groups in enumerate((zeros, ones)):
        if set(groups) == {1}:
            n, wanted = len(groups), round(share * len(groups))
            assert sum(p[1] == label for p in test) == min(max(1, wanted), n - 1)



# The command, and a full disk


def test_command(source, folder):
    options = "mias", "--smiling", "no_sonrie", "--seed", "3", "--test-share", "0.4"
    code, said = run_cli("build", source, "--folder", folder, "--name", *options)
    assert code == 0, said
    assert load_dataset("mias", folder).classes == ["sonríe", "no sonríe"]
    assert len(load_dataset("mias", folder).test_x) == 10
    code, said = run_cli("build", source, "--folder", folder, "--name", "mias")
    assert code == 1
    assert said.startswith("Ya existe train_mias.h5 y test_mias.h5 en")
    assert said.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8: Linux")
def test_names_that_no_terminal_can_show(source, folder):
    (source / "sonrie").rename(source / os.fsdecode(b"sonr\xede"))
    (source / "no_sonrie" / os.fsdecode(b"ni\xf1o.jpg")).write_bytes(b"")
    smiling = "--smiling", os.fsdecode(b"sonr\xede")
    code, said = run_cli("build", source, "--folder", folder, "--name", "mias", *smiling)
    assert code == 0, said
    assert r"ni\udcf1o.jpg: No reconozco" in said
    assert load_dataset("mias", folder).classes == ["no sonríe", "sonr?e"]


@pytest.mark.parametrize("command", [["-h"], ["download", "-h"], ["build", "-h"]])
def test_help(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        main(command)
    said = capsys.readouterr().out
    assert "python -m helpers.data" in said
    assert ("DESTINO" if command[1:] else "download") in said


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))"
LIMIT_LATER = f"""
from tools import collect
write_half = collect._write_half
def full(*args):
    {LIMIT}
    write_half(*args)
collect._write_half = full
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE: Linux or macOS")
@pytest.mark.parametrize(
    ("command", "limit"), [("download", LIMIT), ("build", LIMIT), ("build", LIMIT_LATER)]
)
def test_a_full_disk(tmp_path, source, folder, happy, command, limit):
    """The last one meets HDF5, which without care takes the interpreter down."""
    for name in ("train_happy.h5", "train_mias.h5"):
        (folder / name).write_bytes(b"otro")
    before, published = contents(folder), collect.load_published()
    genuine = f"from tools import collect; collect.load_published = lambda: {published}"
    arguments = {
        "download": [tmp_path / "genuinos"],
        "build": [source, "--name", "mias", "--force"],
    }[command] + ["--folder", folder]
    code, said = run_cli(command, *arguments, prelude=f"{genuine}\n{limit}")
    assert "el disco está lleno; lo que había sigue como estaba" in said
    assert "Traceback" not in said
    assert code == 1
    assert contents(folder) == before
