"""What the loaders read, and that nothing a file may hold gets past them but as a DataError."""

import errno
import os
import struct
import time
import zlib
from functools import cache, partial
from pathlib import Path
from unittest.mock import Mock

import h5py
import numpy as np
import pytest

from benchmarks import mutations
from helpers import data, files
from helpers.data import DataError, flatten, load_dataset
from helpers.lr_utils import load_dataset as load_data
from tests.on_disk import datasets_folder

M, SHAPE = {"train": 7, "test": 4}, (7, 6, 6, 3)
X, Y, C, Z = "train_set_x", "train_set_y", "list_classes", "train_set_z"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    monkeypatch.delenv("SMILE_DATASET", raising=False)
    monkeypatch.delenv("SMILE_DATA_DIR", raising=False)


folder = pytest.fixture(datasets_folder)


def pixels(split, side=6):
    return np.random.RandomState(len(split)).randint(0, 256, (M[split], side, side, 3), np.uint8)


def labels(split):
    return np.arange(M[split]) % 2


def put(file, key, value=None, **options):
    if key in file:
        del file[key]
    file.create_dataset(key, data=value, **options)


def half(folder, split="train", name="a", mode="r+"):
    return h5py.File(folder / f"{split}_{name}.h5", mode)


def write(folder, name, *splits, **options):
    """Good halves, those named or both; options go to the images' create_dataset."""
    for split in splits or M:
        with half(folder, split, name, "w") as file:
            file.create_dataset(f"{split}_set_x", data=pixels(split), **options)
            file[f"{split}_set_y"] = labels(split)
            file["list_classes"] = np.array([b"perro", "niño".encode()])
            file[f"{split}_set_person"] = np.arange(M[split])
            file[f"{split}_set_yaw"] = np.linspace(-1, 1, M[split])


@pytest.fixture
def good(folder):
    """A folder with the two halves of a good data set, ``a``."""
    write(folder, "a")
    return folder


def refused(folder, says, name="a"):
    """The DataError by which a data set is refused, once it is known to say so."""
    with pytest.raises(DataError, match=says) as caught:
        load_dataset(name, folder)
    return caught.value


def test_loads_what_was_written(folder, capsys):
    write(folder, "perros")
    dataset = load_dataset("perros", folder)
    for split in M:
        x, y, attributes = (getattr(dataset, f"{split}_{of}") for of in ("x", "y", "attributes"))
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(x, pixels(split))
        np.testing.assert_array_equal(y, [labels(split)])
        known = {"person": np.arange(M[split]), "yaw": np.linspace(-1, 1, M[split])}
        np.testing.assert_equal(attributes, known)
    assert (dataset.name, dataset.classes) == ("perros", ["perro", "niño"])
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for part in ["«perros»", "7", "4", "6×6", "0 = perro", "1 = niño", folder.as_posix()]:
        assert part in said


def test_loads_every_ordinary_storage(good):
    packed = {"compression": "gzip", "shuffle": True, "chunks": (3, 4, 6, 3)}
    for options in [{"maxshape": (None, 6, 6, 3)}, {"fletcher32": True}, packed]:
        write(good, "a", "train", **options)
        np.testing.assert_array_equal(load_dataset("a", good).train_x, pixels("train"))


@pytest.mark.parametrize(
    ("name", "classes"), [("a", ["clase 0", "clase 1"]), ("happy", ["no sonríe", "sonríe"])]
)
@pytest.mark.parametrize("dtype", [">i8", np.uint64])
def test_labels_and_classes_of_any_whole_type(folder, name, classes, dtype):
    write(folder, name)
    for split in M:
        with half(folder, split, name) as file:
            put(file, C, np.arange(2, dtype=dtype))
            put(file, f"{split}_set_y", labels(split).astype(dtype))
    dataset = load_dataset(name, folder)
    np.testing.assert_array_equal(dataset.train_y, [labels("train")])
    assert dataset.train_y.dtype == np.int64 and dataset.classes == classes


def test_numbers_that_the_file_names_come_as_their_names(good):
    def put_kinds(names, split="train"):
        kinds = np.resize([3, 0], M[split]).astype(h5py.enum_dtype(names, basetype="i2"))
        with half(good, split) as file:
            put(file, f"{split}_set_kind", kinds)

    for split in M:
        put_kinds({"niña": 3, "gato": 0, "nadie": 1}, split)
    kind = load_dataset("a", good).train_attributes["kind"]
    assert kind.tolist() == np.resize(["niña", "gato"], M["train"]).tolist()
    for names, said in [({"niña": 3}, r"\[0\] sin nombre"), ({"ñ" * 999: 3, "b": 0}, "de 999")]:
        put_kinds(names)
        refused(good, f"«train_set_kind».*{said}")


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
        write(place, "a")
        load_dataset("a")
        assert f"{place.name}/" in capsys.readouterr().out


def test_halves_from_different_folders_are_not_put_together(places):
    one, two, own = places
    write(one, "a", "train")
    write(two, "a", "test")
    refused(None, r"uno/ falta test_a\.h5\n.*dos/ falta train_a\.h5\n")
    write(own, "a")
    assert load_dataset("a").name == "a"
    refused(one, "No encontré el conjunto «a»")  # the folder given is the only one


def test_a_folder_that_may_not_be_looked_into_says_so(places, monkeypatch):
    no_entry = Mock(side_effect=PermissionError(errno.EACCES, "Permission denied"))
    monkeypatch.setattr(os, "scandir", no_entry)  # os.path.isfile says that nothing is there
    for load in (load_dataset, partial(data.load_half, split="train")):
        with pytest.raises(DataError, match="uno/: no tengo permiso") as caught:
            load("caras")
        assert "falta" not in str(caught.value)


def test_default_name(places, monkeypatch):
    one, two, own = places
    write(own, "caras")
    write(one, "genki", "train")
    assert load_dataset().name == "caras"  # half of genki is none
    write(one, "genki", "test")
    assert load_dataset().name == "genki"
    write(one, "happy", "test")
    write(two, "happy", "train")
    assert load_dataset().name == "genki"  # happy's halves are apart
    write(one, "happy", "train")
    assert load_dataset().name == "happy"
    monkeypatch.setenv("SMILE_DATASET", "caras")
    assert load_dataset().name == "caras"
    assert load_dataset("genki").name == "genki"


def test_caras_says_how_to_get_the_real_photos(places, capsys):
    write(places[2], "caras")
    load_dataset()
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for part in ["(de datasets/)", "download genki»", "download happy»", "datasets/README.md"]:
        assert part in said
    write(places[2], "happy")
    load_dataset()
    assert "download" not in capsys.readouterr().out
    (places[2] / "test_happy.h5").unlink()
    refused(None, r"(?s)test_happy\.h5\n.*«python -m tools.download happy»", "happy")


def test_own_datasets_are_found_from_any_working_directory(tmp_path, monkeypatch, capsys):
    (tmp_path / "datasets").mkdir()
    write(tmp_path / "datasets", "happy")  # bait: the working directory must not matter
    monkeypatch.chdir(tmp_path)
    assert load_dataset().name == "caras"
    assert "(de datasets/)" in capsys.readouterr().out


def test_unknown_name_lists_the_known(places):
    write(places[0], "gatos")
    write(places[2], "caras")
    write(places[1], "medio", "train")
    refused(None, r"(?s)«perros».*Conjuntos disponibles: caras, gatos\.", "perros")
    refused(places[1] / "no existe", "disponibles: ninguno", "perros")
    for name in ("", "../gatos", "a\0", 3):
        refused(None, f"No encontré el conjunto «{name}»", name)


def test_aligned_is_yes_or_no(good):
    assert load_dataset("a", good).aligned is False
    for stored in (True, False, np.uint8(1), 0):
        for split in M:
            with half(good, split) as file:
                file[f"{split}_set_x"].attrs["aligned"] = stored
        assert load_dataset("a", good).aligned is bool(stored)
    for stored in ("sí", 2, 1.0, [True, True], np.array([b"1"])):
        with half(good) as file:
            file[X].attrs["aligned"] = stored
        refused(good, r"train_a\.h5, «train_set_x»: encontré aligned.*falso")


def test_load_data_is_the_courses(places, capsys):
    write(places[0], "caras")
    *halves, classes = load_data()
    for found, x in zip(halves, [of(split) for split in M for of in (pixels, labels)]):
        np.testing.assert_array_equal(found, x if x.ndim > 1 else [x])
    assert [name.decode("utf-8") for name in classes] == ["perro", "niño"]
    write(places[0], "gatos")
    load_data("gatos")
    assert "«gatos»" in capsys.readouterr().out


def make_virtual(file):
    del file[X]
    with file.build_virtual_dataset(X, SHAPE, np.uint8) as layout:
        layout[:] = h5py.VirtualSource("test_a.h5", "x", SHAPE)


def make_external(file):
    put(file, X, shape=SHAPE, dtype="u1", external=[("afuera.bin", 0, 7 * 6 * 6 * 3)])


def use_filters(file, packed, *filters):
    """Images in one chunk under these filters, and ``packed`` as the bytes of that chunk."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for number in filters:
        plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (9,))
    put(file, X, shape=SHAPE, dtype="u1", chunks=SHAPE, dcpl=plist)
    file[X].id.write_direct_chunk((0, 0, 0, 0), packed)


def say_3_gb(file, m, in_a_chunk):
    """So many images, of which a kB is stored."""
    size, options = (64, 64, 3), {"dtype": "u1", "compression": "gzip"}
    put(file, X, shape=(m, *size), maxshape=(None, *size), chunks=(in_a_chunk, *size), **options)
    file[X].id.write_direct_chunk((0, 0, 0, 0), bytes(1000))


@cache
def bomb():
    """128 MiB in 128 KiB."""
    return zlib.compress(bytes(2**27))


def use_small_chunks(file):
    put(file, X, shape=(7, 200, 300, 3), chunks=(1, 1, 1, 1), dtype="u1")
    file[X][:, :, :1] = 1


def retell(file, told):
    """Write over what is told of the last of three chunks: size, filters, where it begins, address."""
    put(file, X, pixels("train"), chunks=(3, 6, 6, 3), fletcher32=True)
    path = Path(file.filename)
    file.close()
    raw = path.read_bytes()
    assert raw.count(LAST) == 1
    at = raw.index(LAST)
    path.write_bytes(raw[:at] + told + raw[at + len(told) :])


LAST, FIRST = (struct.pack("<II5Q", 328, 0, begins, 0, 0, 0, 0) for begins in (6, 0))
SPAN = h5py.opaque_dtype(np.dtype("m8[ns]"))
SAID = "3,221,225,472 bytes declarados y 1,000 guardados"
GZIP, SUMS = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32
REFUSED = {  # what is done to a good file, the key at fault, what the message says was found
    "no images": (lambda f: f.pop(X), X, "'list_classes'"),
    "group": (lambda f: (f.pop(X), f.create_group(X)), X, "grupo"),
    "one image": (lambda f: put(f, X, pixels("train")[0]), X, r"\(6, 6, 3\)"),
    "float images": (lambda f: put(f, X, pixels("train") / 255), X, "float64"),
    "no image": (lambda f: put(f, X, np.ones((0, 6, 6, 3), "u1")), X, r"\(0, 6, 6, 3\)"),
    "divided by 255": (lambda f: put(f, X, np.ones((7, 6, 6, 3), "u1")), X, "entre 255"),
    "null": (lambda f: put(f, X, h5py.Empty("u1")), X, "None"),
    "label 2": (lambda f: put(f, Y, np.array([0, 1, 2, 0, 1, -5, 1])), Y, r"\[-5, 2\]"),
    "label missing": (lambda f: put(f, Y, labels("train")[1:]), Y, r"\(6,\).*7 enteros"),
    "three classes": (lambda f: put(f, C, np.array([b"a", b"b", b"c"])), C, r"\(3,\)"),
    "not UTF-8": (lambda f: put(f, C, np.array([b"no", b"s\xed"])), C, r"b's\\xed'"),
    "classes reversed": (lambda f: put(f, C, np.array([1, 0])), C, r"\[1, 0\]"),
    "short attribute": (lambda f: put(f, Z, np.ones(6)), Z, r"\(6,\)"),
    "outer link": (lambda f: f.__setitem__(Z, h5py.ExternalLink("o.h5", "z")), Z, "enlace"),
    "soft link": (lambda f: f.__setitem__(Z, h5py.SoftLink("/x")), Z, "enlace"),
    "virtual": (make_virtual, X, "otros archivos"),
    "external storage": (make_external, X, "otros archivos"),
    "unknown filter": (lambda f: use_filters(f, b"?", 32_123), X, "32123"),
    "terabytes": (lambda f: put(f, X, shape=(10**12, 64, 64, 3), dtype="u1"), X, "12,288,[0,]+ b"),
    "3 GB in many chunks": (lambda f: say_3_gb(f, 2**18, 2**14), X, SAID),
    "3 GB in a chunk of a small array": (lambda f: say_3_gb(f, 7, 2**18), X, SAID),
    "a million chunks": (use_small_chunks, X, "1,260,000 bloques"),
    "gzip of more": (lambda f: use_filters(f, bomb(), GZIP), X, "bloques que no miden"),
    "a checksum of nothing": (lambda f: use_filters(f, b"ab", SUMS), X, "bloques que no miden"),
    # Found among 100,000 damaged files: HDF5 unpacked no bytes, and the process died.
    "a chunk told twice": (lambda f: retell(f, FIRST), X, "bloques repetidos"),
    "... of no bytes": (lambda f: retell(f, bytes(48)), X, "bloques repetidos"),
    "... and nowhere": (lambda f: retell(f, bytes(56)), X, "bloques repetidos"),
    "gzip twice": (lambda f: use_filters(f, zlib.compress(bomb()), GZIP, GZIP), X, r"\[1, 1\]"),
    "named type": (lambda f: (f.pop(X), f.__setitem__(X, np.dtype("u1"))), X, "tipo de datos"),
    "time spans": (lambda f: put(f, Y, labels("train").astype(SPAN)), Y, "timedelta64"),
    "long names": (lambda f: put(f, C, np.array([b"a", b"b" * 10**6])), C, "1,000,000 caracteres"),
    "long texts": (lambda f: put(f, C, ["a", "b"]), C, 'object.*dtype "S"'),
}


@pytest.mark.parametrize(("spoil", "key", "found"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(good, spoil, key, found):
    with half(good) as file:
        file["x"] = np.ones((7, 6, 6, 3), np.uint8)
        spoil(file)
    said = str(refused(good, rf"train_a\.h5, «{key}»: encontré .*{found}"))
    assert "; esperaba " in said
    assert len(said) < 1500


def test_refused_at_once_and_without_memory(tmp_path):
    traps = [spoil for spoil, _, _ in REFUSED.values()]

    def put_trap(place, _):
        write(place, "a")
        with half(place) as file:
            traps[int(place.name)](file)

    found, slowest, most = mutations.try_all(put_trap, mutations.load, len(traps), 0, tmp_path)
    assert found == {"refused": len(traps)}
    assert slowest < 2
    assert most < 64  # MiB


def rewrite(folder, x, libver=None, **options):
    """Other images, packed, in the half for training."""
    with h5py.File(folder / "train_a.h5", "w", libver=libver) as file:
        put(file, X, x, compression="gzip", **options)
        put(file, Y, np.arange(len(x)) % 2, compression="gzip")
        put(file, C, np.array([b"perro", "niño".encode()]))


@pytest.mark.skipif(
    not hasattr(h5py.h5d.DatasetID, "chunk_iter"), reason="this h5py's HDF5 is older than 1.12.3"
)
def test_many_chunks_are_looked_at_once(good):
    """One per image, as some programs store them; one by one HDF5 looks at all for each."""
    x = np.resize(pixels("train"), (20_000, 6, 6, 3))
    rewrite(good, x, libver="latest", chunks=(1, 6, 6, 3))
    start = time.process_time()
    np.testing.assert_array_equal(load_dataset("a", good).train_x, x)
    assert time.process_time() - start < 4


def test_one_array_under_a_thousand_names(good):
    rewrite(good, np.full((10**5, 1, 1, 3), 9, "u1"))
    with half(good) as file:
        put(file, Z, np.zeros(10**5), compression="gzip", chunks=(10**5,))
        for i in range(1000):
            file[f"train_set_{i}"] = file[Z]
    refused(good, r"train_a\.h5: encontré [\d,]+ bytes de datos; esperaba")


def test_a_lie_about_the_size_of_a_packed_chunk(good):
    with half(good) as file:
        say_3_gb(file, 7, 2**18)
    path, size, lie = good / "train_a.h5", struct.pack("<Q", 1000), struct.pack("<Q", 2**31)
    raw = path.read_bytes()
    assert raw.count(size) == 1
    path.write_bytes(raw.replace(size, lie))
    refused(good, f"bytes declarados y {len(raw):,} guardados")


def test_even_images_are_no_bomb(good):
    """Nothing packs better than these, some 750 to 1."""
    even = np.full((600, 6, 6, 3), 9, np.uint8)
    rewrite(good, even, chunks=even.shape, compression_opts=9)
    assert load_dataset("a", good).train_x.shape == even.shape


def test_damaged_files(good):
    raw = (good / "test_a.h5").read_bytes()
    overwritten = raw[:100] + b"\xff" * 2000 + raw[2100:]
    for damaged in (b"", b"<!DOCTYPE html>" * 99, raw[: len(raw) // 2], raw[:-1], overwritten):
        (good / "test_a.h5").write_bytes(damaged)
        assert refused(good, r"test_a\.h5.*descárgalo").__cause__ is not None


def test_damaged_data_under_a_good_header(good):
    with half(good) as file:
        use_filters(file, b"damaged", GZIP)
    refused(good, r"train_a\.h5, «train_set_x»: no lo pude leer")


APART = {
    "set_x": lambda f: put(f, "test_set_x", pixels("test", 5)),
    "aligned": lambda f: f["test_set_x"].attrs.create("aligned", True),
    "list_classes": lambda f: put(f, C, np.array([b"gato", b"perro"])),
}


@pytest.mark.parametrize(("key", "spoil"), APART.items(), ids=APART)
def test_halves_must_agree(good, key, spoil):
    with half(good, "test") as file:
        spoil(file)
    refused(good, f"test_a.h5, «{key}»: .*; esperaba ")


def test_the_courses_cats(real_folder):
    dataset = load_dataset("catvnoncat", real_folder("catvnoncat"))
    assert (dataset.train_x.shape, dataset.test_x.shape) == ((209, 64, 64, 3), (50, 64, 64, 3))
    assert dataset.classes == ["non-cat", "cat"]


def test_happy_house(real_folder):
    x, y, attributes = data.load_half("happy", "test", real_folder("happy", ["test"]))
    assert (x.shape, y.shape, attributes) == ((150, 64, 64, 3), (1, 150), {})


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 4, 2, 3), (5, 2, 3, 3)])
def test_flatten_is_the_courses(shape):
    x = np.random.RandomState(0).randint(0, 256, shape, np.uint8)
    X = flatten(x)
    assert X.dtype == np.float64
    assert X.flags.f_contiguous
    np.testing.assert_array_equal(X, x.reshape(x.shape[0], -1).T / 255.0)


def test_flatten_refuses():
    good = np.ones((2, 6, 6, 3), np.uint8)
    for bad, found in (good[0], "6, 6, 3"), (good[:0], "0, 6"), (good / 2, "float64"), ([], "list"):
        with pytest.raises(DataError, match=f"recibió .*{found}.*; esperaba imágenes uint8"):
            flatten(bad)
