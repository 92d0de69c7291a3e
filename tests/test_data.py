"""What the loaders read, and that nothing a file may hold gets past them but as a DataError."""

import os
import shutil
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks import mutations
from helpers import data, files, photos
from helpers.data import DataError, flatten, load_dataset
from helpers.lr_utils import load_dataset as load_data

M = {"train": 7, "test": 4}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    monkeypatch.delenv("SMILE_DATASET", raising=False)
    monkeypatch.delenv("SMILE_DATA_DIR", raising=False)


@pytest.fixture
def folder(tmp_path):
    """A folder of the kind that Spanish-speaking students have."""
    path = tmp_path / "carpeta con acentos ñ"
    path.mkdir()
    return path


def pixels(split, side=6):
    return np.random.RandomState(len(split)).randint(0, 256, (M[split], side, side, 3), np.uint8)


def labels(split):
    return np.arange(M[split]) % 2


def write(folder, name, split, **options):
    """One good file; options go to the images' create_dataset."""
    path = folder / f"{split}_{name}.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(f"{split}_set_x", data=pixels(split), **options)
        file[f"{split}_set_y"] = labels(split)
        file["list_classes"] = np.array([b"perro", "niño".encode()])
        file[f"{split}_set_person"] = np.arange(M[split])
        file[f"{split}_set_yaw"] = np.linspace(-1, 1, M[split])
    return path


def write_both(folder, name):
    folder.mkdir(exist_ok=True)
    write(folder, name, "train")
    write(folder, name, "test")


def put(file, key, value=None, **options):
    """Put another value in place of what is under key."""
    if key in file:
        del file[key]
    file.create_dataset(key, data=value, **options)


# Data sets that load


def test_loads_what_was_written(folder, capsys):
    write_both(folder, "perros")
    dataset = load_dataset("perros", folder)
    for split, x, y, attributes in [
        ("train", dataset.train_x, dataset.train_y, dataset.train_attributes),
        ("test", dataset.test_x, dataset.test_y, dataset.test_attributes),
    ]:
        assert x.dtype == np.uint8
        np.testing.assert_array_equal(x, pixels(split))
        assert y.dtype == np.int64
        np.testing.assert_array_equal(y, [labels(split)])
        assert sorted(attributes) == ["person", "yaw"]
        np.testing.assert_array_equal(attributes["person"], np.arange(M[split]))
        np.testing.assert_array_equal(attributes["yaw"], np.linspace(-1, 1, M[split]))
    assert (dataset.name, dataset.classes) == ("perros", ["perro", "niño"])
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for part in ["«perros»", "7", "4", "6×6", "0 = perro", "1 = niño", folder.as_posix()]:
        assert part in said
        assert part in repr(dataset) or part == folder.as_posix()


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": True},
        {"maxshape": (None, 6, 6, 3)},
        {"fletcher32": True},
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True, "chunks": (3, 4, 6, 3)},
    ],
)
def test_loads_every_ordinary_storage(folder, options):
    write_both(folder, "a")
    write(folder, "a", "train", **options)
    np.testing.assert_array_equal(load_dataset("a", folder).train_x, pixels("train"))


@pytest.mark.parametrize(
    ("stored", "classes"),
    [
        (np.array([0, 1]), ["clase 0", "clase 1"]),  # of cats, say
        (np.array([0, 1], np.uint8), ["clase 0", "clase 1"]),
        (np.array([b"no", "sí".encode()]), ["no", "sí"]),
    ],
)
def test_class_names(folder, stored, classes):
    for split in M:
        with h5py.File(write(folder, "a", split), "r+") as file:
            put(file, "list_classes", stored)
    assert load_dataset("a", folder).classes == classes


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int32, ">i8", np.uint64])
def test_labels_of_any_whole_type(folder, dtype):
    write_both(folder, "a")
    with h5py.File(folder / "train_a.h5", "r+") as file:
        put(file, "train_set_y", labels("train").astype(dtype))
    y = load_dataset("a", folder).train_y
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, [labels("train")])


def test_a_set_may_bring_no_attributes_and_other_data(folder):
    for split in M:
        with h5py.File(write(folder, "a", split), "r+") as file:
            del file[f"{split}_set_person"], file[f"{split}_set_yaw"]
            file["notas"] = np.array([b"de otra parte"])
    assert load_dataset("a", folder).train_attributes == {}


def test_numbers_that_the_file_names_come_as_their_names(folder):
    write_both(folder, "a")
    names = {"niña": 3, "gato": 0, "nadie": 1}
    for split in M:
        with h5py.File(folder / f"{split}_a.h5", "r+") as file:
            kinds = np.resize([3, 0], M[split]).astype(h5py.enum_dtype(names, basetype="i2"))
            put(file, f"{split}_set_kind", kinds)
    kind = load_dataset("a", folder).train_attributes["kind"]
    assert kind.tolist() == np.resize(["niña", "gato"], M["train"]).tolist()


@pytest.mark.parametrize(
    ("names", "said"), [({"niña": 3}, r"\[0\] sin nombre"), ({"ñ" * 999: 3, "b": 0}, "de 999")]
)
def test_numbers_with_no_name_or_an_endless_one_are_refused(folder, names, said):
    write_both(folder, "a")
    with h5py.File(folder / "train_a.h5", "r+") as file:
        kinds = np.resize([3, 0], M["train"]).astype(h5py.enum_dtype(names, basetype="i2"))
        put(file, "train_set_kind", kinds)
    with pytest.raises(DataError, match=f"«train_set_kind».*{said}"):
        load_dataset("a", folder)


def test_needs_no_right_to_write(folder):
    write_both(folder, "a")
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    try:
        load_dataset("a", folder)
    finally:
        folder.chmod(0o755)  # or pytest could not clean up
        for path in folder.iterdir():
            path.chmod(0o644)


# Which data set, from where


@pytest.fixture
def places(folder, monkeypatch):
    """Two folders in SMILE_DATA_DIR and, as the project's own, a third."""
    one, two, own = folder / "uno", folder / "dos", folder / "datasets"
    for place in (one, two, own):
        place.mkdir()
    monkeypatch.setenv("SMILE_DATA_DIR", os.pathsep.join(["", str(one), str(two)]))
    monkeypatch.setattr(files, "PROJECT", folder)
    monkeypatch.setattr(data, "DATASETS", own)
    return one, two, own


def test_folders_are_searched_in_order(places, capsys):
    one, two, own = places
    for place in (own, two, one):
        write_both(place, "a")
        load_dataset("a")
        assert f"{place.name}/" in capsys.readouterr().out
    load_dataset("a", own)
    assert "datasets/" in capsys.readouterr().out


def test_halves_from_different_folders_are_not_put_together(places):
    one, two, own = places
    write(one, "a", "train")
    write(two, "a", "test")
    with pytest.raises(DataError, match=r"uno/ falta test_a\.h5\n.*dos/ falta train_a\.h5\n"):
        load_dataset("a")
    write_both(own, "a")
    assert load_dataset("a").name == "a"


def test_folder_given_is_the_only_one(places, tmp_path):
    write_both(places[0], "a")
    with pytest.raises(DataError, match="No encontré el conjunto «a»"):
        load_dataset("a", tmp_path)


def test_default_name(places, monkeypatch):
    one, two, own = places
    write_both(own, "caras")
    write(one, "genki", "train")
    assert load_dataset().name == "caras"  # half of genki is none
    write(one, "genki", "test")
    assert load_dataset().name == "genki"
    write(one, "happy", "test")
    write(two, "happy", "train")
    assert load_dataset().name == "genki"  # happy's halves are apart
    write(one, "happy", "train")
    assert load_dataset().name == "happy"
    write_both(two, "otro")
    monkeypatch.setenv("SMILE_DATASET", "otro")
    assert load_dataset().name == "otro"
    assert load_dataset("caras").name == "caras"
    monkeypatch.setenv("SMILE_DATASET", "")
    assert load_dataset().name == "happy"


def test_caras_says_how_to_get_the_real_photos(places, capsys):
    write_both(places[2], "caras")
    load_dataset()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "(de datasets/)" in said
    for part in ["download genki»", "download happy»", "no existen", "datasets/README.md"]:
        assert part in said
    write_both(places[2], "happy")
    load_dataset()
    assert "download" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["happy", "genki"])
def test_says_how_to_get_what_is_missing(places, name):
    write(places[0], name, "train")
    with pytest.raises(DataError, match=rf"falta test_{name}\.h5\n") as caught:
        load_dataset(name)
    assert f"«python -m tools.download {name}»" in str(caught.value)


def test_own_datasets_are_found_from_any_working_directory(folder, tmp_path):
    (folder / "helpers").mkdir()
    for module in (data, files, photos):
        shutil.copy(module.__file__, folder / "helpers")
    write_both(folder / "datasets", "caras")
    write_both(tmp_path / "datasets", "happy")  # bait: the working directory must not matter
    code = f"import sys; sys.path.insert(0, {folder.name!r}); import helpers.data as d; "
    code += "d.load_dataset()"
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, timeout=60
    )
    said = run.stdout.decode()
    assert said.startswith("Conjunto «caras»"), run.stderr.decode()
    assert tmp_path.as_posix() not in said
    assert "(de datasets/)" in said


def test_unknown_name_lists_the_known(places):
    write_both(places[0], "gatos")
    write_both(places[2], "caras")
    write(places[1], "medio", "train")
    with pytest.raises(DataError, match="«perros»") as caught:
        load_dataset("perros")
    assert "Conjuntos disponibles: caras, gatos." in str(caught.value)
    with pytest.raises(DataError, match="disponibles: ninguno"):
        load_dataset("perros", places[1] / "no existe")


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\\b", "../a", "C:a", "a\0", 3])
def test_names_that_are_no_names(places, name):
    write_both(places[0], "a")
    with pytest.raises(DataError, match="No encontré el conjunto") as caught:
        load_dataset(name)
    assert f"«{name}»" in str(caught.value)


@pytest.mark.parametrize("stored", [True, False, np.uint8(1), 0, None])
def test_aligned(folder, stored):
    write_both(folder, "a")
    for split in M if stored is not None else ():
        with h5py.File(folder / f"{split}_a.h5", "r+") as file:
            file[f"{split}_set_x"].attrs["aligned"] = stored
    assert load_dataset("a", folder).aligned is bool(stored)


@pytest.mark.parametrize("stored", ["sí", 2, 1.0, [True, True], np.array([b"1"])])
def test_aligned_is_yes_or_no(folder, stored):
    write_both(folder, "a")
    with h5py.File(folder / "train_a.h5", "r+") as file:
        file["train_set_x"].attrs["aligned"] = stored
    with pytest.raises(DataError, match=r"train_a\.h5, «train_set_x»: encontré aligned.*falso"):
        load_dataset("a", folder)


def test_load_data_is_the_courses(places, capsys):
    write_both(places[0], "caras")
    train_x_orig, train_y, test_x_orig, test_y, classes = load_data()
    np.testing.assert_array_equal(train_x_orig, pixels("train"))
    np.testing.assert_array_equal(train_y, [labels("train")])
    np.testing.assert_array_equal(test_x_orig, pixels("test"))
    np.testing.assert_array_equal(test_y, [labels("test")])
    assert [classes[k].decode("utf-8") for k in test_y[0, :2]] == ["perro", "niño"]
    assert classes.shape == (2,)
    write_both(places[0], "gatos")
    load_data("gatos")
    assert "«gatos»" in capsys.readouterr().out


# Data sets that are refused


def link_out(file, link):
    del file["train_set_x"]
    file["train_set_x"] = link


def make_virtual(file):
    layout = h5py.VirtualLayout((7, 6, 6, 3), np.uint8)
    layout[:] = h5py.VirtualSource(
        str(Path(file.filename).with_name("test_a.h5")), "x", (7, 6, 6, 3)
    )
    del file["train_set_x"]
    file.create_virtual_dataset("train_set_x", layout)


def make_external(file):
    outside = Path(file.filename).with_name("afuera.bin")
    outside.write_bytes(bytes(7 * 6 * 6 * 3))
    del file["train_set_x"]
    options = {"shape": (7, 6, 6, 3), "dtype": "u1"}
    file.create_dataset("train_set_x", external=[(str(outside), 0, h5py.h5f.UNLIMITED)], **options)


def use_unknown_filter(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1, 6, 6, 3))
    plist.set_filter(32_123, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((7, 6, 6, 3))
    del file["train_set_x"]
    h5py.h5d.create(file.id, b"train_set_x", h5py.h5t.NATIVE_UINT8, space, plist)


def use_filters(file, packed, *filters):
    """Images in one chunk under these filters, and ``packed`` as the bytes of that chunk."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((7, 6, 6, 3))
    for number in filters:
        plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (9,))
    space = h5py.h5s.create_simple((7, 6, 6, 3))
    del file["train_set_x"]
    h5py.h5d.create(file.id, b"train_set_x", h5py.h5t.NATIVE_UINT8, space, plist)
    file["train_set_x"].id.write_direct_chunk((0, 0, 0, 0), packed)


@cache
def bomb():
    """128 MiB in 128 KiB."""
    return zlib.compress(bytes(2**27), 9)


def use_small_chunks(file):
    put(file, X, shape=(7, 200, 300, 3), chunks=(1, 1, 1, 1), dtype="u1")
    file[X][:, :, :1] = 1


def spans(n):
    return (np.arange(n) % 2).astype(h5py.opaque_dtype(np.dtype("m8[ns]")))


def regions(file):
    return [file[X].regionref[0], file[X].regionref[1]]


GZIP, LZF = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_LZF
SUMS, SHUFFLE = h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SHUFFLE
X, Y, C = "train_set_x", "train_set_y", "list_classes"
REFUSED = {  # what is done to a good file, the key at fault, what the message says was found
    "no images": (lambda f: f.pop(X), X, "'list_classes'"),
    "no labels": (lambda f: f.pop(Y), Y, "'list_classes'"),
    "no classes": (lambda f: f.pop(C), C, "'train_set_x'"),
    "group": (lambda f: (f.pop(X), f.create_group(X)), X, "grupo"),
    "one image": (lambda f: put(f, X, pixels("train")[0]), X, r"\(6, 6, 3\)"),
    "flat images": (lambda f: put(f, X, pixels("train").reshape(7, -1)), X, r"\(7, 108\)"),
    "float images": (lambda f: put(f, X, pixels("train") / 255), X, "float64"),
    "signed images": (lambda f: put(f, X, pixels("train").astype(np.int8)), X, "int8"),
    "four channels": (lambda f: put(f, X, np.ones((7, 6, 6, 4), "u1")), X, r"\(7, 6, 6, 4\)"),
    "channels first": (lambda f: put(f, X, np.ones((7, 3, 6, 6), "u1")), X, r"\(7, 3, 6, 6\)"),
    "no image": (lambda f: put(f, X, np.ones((0, 6, 6, 3), "u1")), X, r"\(0, 6, 6, 3\)"),
    "divided by 255": (lambda f: put(f, X, np.ones((7, 6, 6, 3), "u1")), X, "entre 255"),
    "black": (lambda f: put(f, X, np.zeros((7, 6, 6, 3), "u1")), X, "entre 255"),
    "no pixel": (lambda f: put(f, X, np.ones((7, 0, 6, 3), "u1")), X, r"\(7, 0, 6, 3\)"),
    "null": (lambda f: put(f, X, h5py.Empty("u1")), X, "None"),
    "label 2": (lambda f: put(f, Y, np.array([0, 1, 2, 0, 1, -5, 1])), Y, r"\[-5, 2\]"),
    "label 256": (lambda f: put(f, Y, np.full(7, 256)), Y, r"\[256\]"),
    "float labels": (lambda f: put(f, Y, labels("train") * 1.0), Y, "float64"),
    "text labels": (lambda f: put(f, Y, np.array([b"0"] * 7)), Y, r"\|S1"),
    "label missing": (lambda f: put(f, Y, labels("train")[1:]), Y, r"\(6,\).*7 enteros"),
    "row of labels": (lambda f: put(f, Y, labels("train")[None]), Y, r"\(1, 7\)"),
    "one class": (lambda f: put(f, C, np.array([b"uno"])), C, r"\(1,\)"),
    "three classes": (lambda f: put(f, C, np.array([b"a", b"b", b"c"])), C, r"\(3,\)"),
    "not UTF-8": (lambda f: put(f, C, np.array([b"no", b"s\xed"])), C, r"b's\\xed'"),
    "classes reversed": (lambda f: put(f, C, np.array([1, 0])), C, r"\[1, 0\]"),
    "float classes": (lambda f: put(f, C, np.array([0.0, 1.0])), C, "float64"),
    "references": (lambda f: put(f, C, [f[X].ref, f[Y].ref], dtype=h5py.ref_dtype), C, "object"),
    "short attribute": (lambda f: put(f, "train_set_yaw", np.ones(6)), "train_set_yaw", r"\(6,\)"),
    "text attribute": (lambda f: put(f, "train_set_z", [b"a"] * 7), "train_set_z", "object"),
    "linked attribute": (
        lambda f: f.__setitem__("train_set_z", h5py.ExternalLink("otro.h5", "z")),
        "train_set_z",
        "enlace",
    ),
    "external link": (lambda f: link_out(f, h5py.ExternalLink("test_a.h5", "x")), X, "enlace"),
    "dangling link": (lambda f: link_out(f, h5py.ExternalLink("no.h5", "x")), X, "enlace"),
    "soft link": (lambda f: link_out(f, h5py.SoftLink("/x")), X, "enlace"),
    "virtual": (make_virtual, X, "otros archivos"),
    "external storage": (make_external, X, "otros archivos"),
    "unknown filter": (use_unknown_filter, X, "32123"),
    "odd filter": (lambda f: put(f, X, pixels("train"), scaleoffset=0), X, "filtros HDF5"),
    "terabytes declared": (
        lambda f: put(f, X, shape=(10**12, 64, 64, 3), chunks=(1, 64, 64, 3), dtype="u1"),
        X,
        "12,288,000,000,000,000 bytes",
    ),
    "terabytes in one piece": (
        lambda f: put(f, X, shape=(10**12, 64, 64, 3), dtype="u1"),
        X,
        "12,288,000,000,000,000 bytes",
    ),
    "huge chunk": (
        lambda f: put(f, X, shape=(7, 64, 64, 3), chunks=(2**18, 64, 64, 3), dtype="u1",
                      maxshape=(None, 64, 64, 3)),
        X,
        "3,221,225,472 bytes declarados y 0 guardados",
    ),
    "a million chunks": (use_small_chunks, X, "1,260,000 bloques"),
    "gzip of more": (lambda f: use_filters(f, bomb(), GZIP), X, "bloques que no miden"),
    "gzip of less": (lambda f: use_filters(f, zlib.compress(b"ab"), GZIP), X, "bloques que no"),
    "a checksum of nothing": (lambda f: use_filters(f, b"ab", SUMS), X, "bloques que no miden"),
    "a checksum too few": (
        lambda f: use_filters(f, zlib.compress(b"ab"), SUMS, GZIP), X, r"\[3, 1\]"
    ),
    "shuffled less": (lambda f: use_filters(f, b"ab", SHUFFLE), X, r"\[2\]"),
    "lzf of nothing": (lambda f: use_filters(f, b"ab", LZF, SUMS), X, r"\[32000, 3\]"),
    "less unpacked": (lambda f: use_filters(f, b"ab"), X, "bloques que no miden"),
    "gzip twice": (lambda f: use_filters(f, zlib.compress(bomb()), GZIP, GZIP), X, r"\[1, 1\]"),
    "gzip and lzf": (lambda f: use_filters(f, b"?", LZF, GZIP), X, r"\[32000, 1\]"),
    "link to itself": (lambda f: link_out(f, h5py.SoftLink("/train_set_x")), X, ""),
    "linked folder": (lambda f: link_out(f, h5py.SoftLink("/")), X, "enlace"),
    "named type": (lambda f: (f.pop(X), f.__setitem__(X, np.dtype("u1"))), X, "tipo de datos"),
    "compound": (lambda f: put(f, X, np.ones((7, 6, 6, 3), [("r", "u1")])), X, "'r'"),
    "array type": (lambda f: put(f, X, shape=(7, 6, 6), dtype=np.dtype(("u1", 3))), X, "u1"),
    "opaque": (lambda f: put(f, C, np.array([b"a", b"b"], "V1")), C, r"\|V1"),
    "lists": (lambda f: put(f, C, shape=(2,), dtype=h5py.vlen_dtype(np.uint8)), C, "object"),
    "complex": (lambda f: put(f, "train_set_z", np.ones(7, "c16")), "train_set_z", "complex128"),
    "time spans": (lambda f: put(f, Y, spans(7)), Y, "timedelta64"),
    "span attribute": (lambda f: put(f, "train_set_z", spans(7)), "train_set_z", "timedelta64"),
    "null references": (lambda f: put(f, C, shape=(2,), dtype=h5py.ref_dtype), C, "object"),
    "regions": (lambda f: put(f, C, regions(f), dtype=h5py.regionref_dtype), C, "object"),
    "long names": (lambda f: put(f, C, np.array([b"a", b"b" * 10**6])), C, "1,000,000 caracteres"),
    "long texts": (lambda f: put(f, C, ["a", "b"]), C, 'object.*dtype "S"'),
    "nothing stored": (
        lambda f: put(f, X, shape=(7, 64, 64, 3), chunks=(1, 64, 64, 3), dtype="u1"),
        X,
        "86,016 bytes declarados y 0 guardados",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "key", "found"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(folder, spoil, key, found):
    write_both(folder, "a")
    with h5py.File(folder / "train_a.h5", "r+") as file:
        file["x"] = np.ones((7, 6, 6, 3), np.uint8)
        spoil(file)
    with pytest.raises(DataError, match=rf"train_a\.h5, «{key}»: encontré .*{found}") as caught:
        load_dataset("a", folder)
    assert "; esperaba " in str(caught.value)
    assert len(str(caught.value)) < 1500


def test_refused_at_once_and_without_memory(tmp_path):
    traps = [spoil for spoil, _, _ in REFUSED.values()]

    def put_trap(place, _):
        write_both(place, "a")
        with h5py.File(place / "train_a.h5", "r+") as file:
            traps[int(place.name)](file)

    found, slowest, most = mutations.try_all(put_trap, mutations.load, len(traps), 0, tmp_path)
    assert found == {"refused": len(traps)}
    assert slowest < 2
    assert most < 64  # MiB


@pytest.mark.parametrize("address", [b"", bytes(8)], ids=["as it was", "zero"])
def test_a_chunk_told_twice(tmp_path, address):
    """Found among 100,000 damaged ones: HDF5 unpacked a block of no bytes, and the process died."""

    def put_twice(place, _):
        write_both(place, "a")
        path = write(place, "a", "train", chunks=(3, 6, 6, 3), fletcher32=True)
        raw = path.read_bytes()
        place_of = struct.pack("<II5Q", 328, 0, 6, 0, 0, 0, 0)  # size, filters, where it begins
        assert raw.count(place_of) == 1
        at, first = raw.find(place_of), bytes(len(place_of)) + address
        path.write_bytes(raw[:at] + first + raw[at + len(first) :])

    found, _, _ = mutations.try_all(put_twice, mutations.load, 1, 0, tmp_path)
    assert found == {"refused": 1}


@pytest.mark.skipif(
    not hasattr(h5py.h5d.DatasetID, "chunk_iter"), reason="this h5py's HDF5 is older than 1.12.3"
)
def test_many_chunks_are_looked_at_once(folder):
    """One per image, as some programs store them; one by one HDF5 looks at all for each."""
    x = np.resize(pixels("train"), (20_000, 6, 6, 3))
    write_both(folder, "a")
    with h5py.File(folder / "train_a.h5", "w", libver="latest") as file:
        put(file, X, x, chunks=(1, 6, 6, 3), compression="gzip")
        put(file, Y, np.arange(len(x)) % 2)
        put(file, C, np.array([b"perro", "niño".encode()]))
    start = time.process_time()
    np.testing.assert_array_equal(load_dataset("a", folder).train_x, x)
    assert time.process_time() - start < 4


def test_one_array_under_a_thousand_names(folder):
    with h5py.File(folder / "train_a.h5", "w") as file:
        put(file, X, np.full((10**5, 1, 1, 3), 9, "u1"), compression="gzip")
        put(file, Y, np.zeros(10**5, "u1"), compression="gzip")
        put(file, C, np.array([b"a", b"b"]))
        put(file, "train_set_z", np.zeros(10**5), compression="gzip")
        for i in range(1000):
            file[f"train_set_{i}"] = file["train_set_z"]
    write(folder, "a", "test")
    with pytest.raises(DataError, match=r"train_a\.h5: encontré [\d,]+ bytes de datos; esperaba"):
        load_dataset("a", folder)


@pytest.mark.parametrize(
    ("m", "images_per_chunk"), [(2**18, 2**14), (7, 2**18)], ids=["set", "one chunk"]
)
def test_gzip_bomb(folder, m, images_per_chunk):
    """A file of some kB that says it unpacks to 3 GB."""
    write_both(folder, "a")
    image = (64, 64, 3)
    with h5py.File(folder / "train_a.h5", "r+") as file:
        put(file, "train_set_x", shape=(m, *image), chunks=(images_per_chunk, *image), dtype="u1",
            maxshape=(None, *image), compression="gzip")  # fmt: skip
        file["train_set_x"].id.write_direct_chunk((0, 0, 0, 0), bytes(1000))
    with pytest.raises(DataError, match="3,221,225,472 bytes declarados y 1,000 guardados"):
        load_dataset("a", folder)
    # And one that lies about the size of the packed chunk, too.
    path = folder / "train_a.h5"
    raw = path.read_bytes()
    size = (1000).to_bytes(4, "little") + bytes(4)
    assert raw.count(size) == 1
    path.write_bytes(raw.replace(size, (2**31).to_bytes(4, "little") + bytes(4)))
    with pytest.raises(DataError, match=f"bytes declarados y {len(raw):,} guardados"):
        load_dataset("a", folder)


def test_even_images_are_no_bomb(folder):
    """Nothing packs better than these, some 750 to 1."""
    write_both(folder, "a")
    even = np.full((600, 6, 6, 3), 9, np.uint8)
    with h5py.File(folder / "train_a.h5", "r+") as file:
        file.clear()
        put(file, "train_set_x", even, chunks=even.shape, compression="gzip", compression_opts=9)
        put(file, "train_set_y", np.zeros(600, int), compression="gzip")
        file["list_classes"] = np.array([b"perro", "niño".encode()])
    assert load_dataset("a", folder).train_x.shape == even.shape


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: b"<!DOCTYPE html><title>Kaggle</title>" * 99,
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-1],
        lambda raw: raw[:100] + b"\xff" * 2000 + raw[2100:],
    ],
    ids=["empty", "html", "half", "cut", "overwritten"],
)
def test_damaged_files(folder, split, damage):
    write_both(folder, "a")
    path = folder / f"{split}_a.h5"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"{split}_a\.h5.*descárgalo") as caught:
        load_dataset("a", folder)
    assert caught.value.__cause__ is not None


def test_damaged_data_under_a_good_header(folder):
    write_both(folder, "a")
    path = write(folder, "a", "test", compression="gzip", chunks=(4, 6, 6, 3))
    with h5py.File(path) as file:
        chunk = file["test_set_x"].id.get_chunk_info(0)
    raw = bytearray(path.read_bytes())
    raw[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"?" * chunk.size
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"test_a\.h5, «test_set_x»: no lo pude leer"):
        load_dataset("a", folder)


def test_halves_must_agree(folder):
    write_both(folder, "a")
    with h5py.File(folder / "test_a.h5", "r+") as file:
        put(file, "test_set_x", pixels("test", side=5))
    with pytest.raises(DataError, match=r"test_a.h5, «set_x».*\(5, 5, 3\).*\(6, 6, 3\)"):
        load_dataset("a", folder)
    with h5py.File(write(folder, "a", "test"), "r+") as file:
        file["test_set_x"].attrs["aligned"] = True
    with pytest.raises(DataError, match=r"test_a.h5, «aligned».*True; esperaba False"):
        load_dataset("a", folder)
    with h5py.File(write(folder, "a", "test"), "r+") as file:
        put(file, "list_classes", np.array([b"gato", b"perro"]))
    with pytest.raises(DataError, match=r"test_a.h5, «list_classes».*gato.*niño"):
        load_dataset("a", folder)


# What earlier versions of this project wrote: a few images each, made by those versions

RELEASED = Path(__file__).with_name("released")
RELEASES = {  # folder, name → images for training, aligned, attributes
    ("2026-11-22", "caras"): (4, False, {"person", "darkness", "yaw", "tilt", "mouth_opening",
                                         "shift_x", "shift_y"}),
    ("2026-11-23", "mias"): (8, False, set()),
    ("2026-11-25", "mias"): (8, False, set()),
    ("2026-11-25", "genki"): (4, True, {"yaw", "pitch", "roll"}),
    ("2026-11-25", "caras"): (4, True, {"person", "known", "kind", "mouth_opening", "teeth", "yaw",
                                        "pitch", "tilt", "darkness"}),
}  # fmt: skip


@pytest.mark.parametrize("release", RELEASES, ids=" ".join)
def test_what_earlier_versions_wrote_is_read(release, capsys):
    (day, name), (m, aligned, attributes) = release, RELEASES[release]
    dataset = load_dataset(name, RELEASED / day)
    assert dataset.train_x.shape == (m, 64, 64, 3)
    assert (len(dataset.test_x), dataset.aligned) == (2, aligned)
    as_folders = day == "2026-11-23"
    assert dataset.classes == (["no_sonrie", "sonrie"] if as_folders else ["no sonríe", "sonríe"])
    assert dataset.train_attributes.keys() == dataset.test_attributes.keys() == attributes
    for split, x, y in [("train", dataset.train_x, dataset.train_y),
                        ("test", dataset.test_x, dataset.test_y)]:  # fmt: skip
        with h5py.File(RELEASED / day / f"{split}_{name}.h5") as file:
            np.testing.assert_array_equal(x, file[f"{split}_set_x"])
            np.testing.assert_array_equal(y[0], file[f"{split}_set_y"])
    assert f"Conjunto «{name}»" in capsys.readouterr().out


@pytest.mark.parametrize("split", M)
@pytest.mark.parametrize("name", ["caras", "mias"])
def test_halves_of_two_ages_are_said_to_be(folder, split, name):
    old = "2026-11-22" if name == "caras" else "2026-11-23"
    for half in M:
        day = old if half == split else "2026-11-25"
        shutil.copy(RELEASED / day / f"{half}_{name}.h5", folder)
    with pytest.raises(
        DataError, match="«split_id».*hecha a la vez y por la misma versión"
    ) as caught:
        load_dataset(name, folder)
    assert "descarga se cortó" not in str(caught.value)


# Real files


@pytest.mark.parametrize(
    ("name", "train", "test", "classes"),
    [
        ("catvnoncat", 209, 50, ["non-cat", "cat"]),
        ("smiles", 3000, 1000, ["not smiling", "smiling"]),
    ],
)
def test_real_sets(real_folder, name, train, test, classes):
    dataset = load_dataset(name, real_folder(name))
    assert dataset.train_x.shape == (train, 64, 64, 3)
    assert dataset.train_y.shape == (1, train)
    assert dataset.test_x.shape == (test, 64, 64, 3)
    assert dataset.test_y.shape == (1, test)
    assert dataset.classes == classes
    assert set(np.unique(dataset.train_y)) == {0, 1}


def test_happy_without_its_training_half(real_folder, folder):
    shutil.copy(real_folder("happy", ["test"]) / "test_happy.h5", folder)
    with pytest.raises(DataError, match=r"falta train_happy\.h5\n") as caught:
        load_dataset("happy", folder)
    for part in [folder.as_posix(), "python -m tools.download happy", "datasets/README.md"]:
        assert part in str(caught.value)
    assert "test_happy.h5\n" not in str(caught.value)


def test_happy_has_names_for_its_bare_integers(real_folder, folder):
    source = real_folder("happy", ["test"]) / "test_happy.h5"
    shutil.copy(source, folder)
    with h5py.File(source) as half, h5py.File(folder / "train_happy.h5", "w") as file:
        for key in half:
            file[key.replace("test", "train")] = half[key][()]
    dataset = load_dataset(folder=folder)
    assert (dataset.name, dataset.classes) == ("happy", ["no sonríe", "sonríe"])
    assert dataset.test_x.shape == (150, 64, 64, 3)


# flatten


images = st.tuples(*[st.integers(1, 5)] * 3, st.just(3)).flatmap(lambda s: arrays(np.uint8, s))


@given(images)
def test_flatten_is_the_courses(x):
    X = flatten(x)
    assert X.dtype == np.float64
    assert X.flags.f_contiguous
    np.testing.assert_array_equal(X, x.reshape(x.shape[0], -1).T / 255.0)
    np.testing.assert_array_equal(np.rint(X.T * 255).astype(np.uint8).reshape(x.shape), x)


def test_flatten_keeps_no_temporary():
    x = pixels("train").repeat(3000, axis=0)
    tracemalloc.start()
    try:
        X = flatten(x)
        assert tracemalloc.get_traced_memory()[1] < 1.02 * X.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (np.ones((6, 6, 3), np.uint8), r"\(6, 6, 3\)"),
        (np.ones((2, 6, 6, 4), np.uint8), r"\(2, 6, 6, 4\)"),
        (np.ones((0, 6, 6, 3), np.uint8), r"\(0, 6, 6, 3\)"),
        (np.ones((2, 6, 6, 3)), "float64"),
        ([[1]], "list"),
    ],
)
def test_flatten_refuses(bad, found):
    with pytest.raises(DataError, match=f"recibió .*{found}.*; esperaba imágenes uint8"):
        flatten(bad)
