"""HDF5 files in, NumPy arrays out: labelled images in the layout of the course, in two halves."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from helpers import files
from helpers.files import PROJECT, DataError, problem, read_array, shown
from helpers.photos import load_photo as load_photo

DATASETS = PROJECT / "datasets"
_REAL = ("happy", "genki")  # sets of photos, for whoever has them; caras comes with the project
# Faces of the test half of caras that one likes to look at, by where they are shown.
SHOWN = {"cover": 66, "vector": 106, "negative": 84, "fragile": 118}
_MAX_NAME = 200  # characters in the name of a class; the names are printed


@dataclass(frozen=True, eq=False)  # eq: arrays have no single answer to ==
class Dataset:
    """Labelled images, split into a training and a test half."""

    name: str  # as in train_<name>.h5
    train_x: np.ndarray  # (m, h, w, 3) uint8; m may differ between the halves, h and w do not
    train_y: np.ndarray  # (1, m) int64, each 0 or 1
    test_x: np.ndarray
    test_y: np.ndarray
    classes: list[str]  # of labels 0 and 1
    # What else is known of each image, (m,): numbers, or str where the file names its numbers.
    train_attributes: dict[str, np.ndarray] = field(default_factory=dict)
    test_attributes: dict[str, np.ndarray] = field(default_factory=dict)
    aligned: bool = False  # whether the images are faces in their place, as faces.align puts them

    def __repr__(self):
        height, width = self.train_x.shape[1:3]
        return (
            f"Conjunto «{self.name}»: {len(self.train_x)} imágenes para entrenar y "
            f"{len(self.test_x)} para probar, de {width}×{height} píxeles; "
            f"0 = {self.classes[0]}, 1 = {self.classes[1]}"
        )


def load_dataset(name=None, folder=None):
    """Read train_<name>.h5 and test_<name>.h5, both from one folder, and print a line about them.

    name: str; without it the environment's SMILE_DATASET, else the first of "happy" and "genki"
        that is at hand, else "caras", which comes with the project.
    folder: str or Path; without it the folders in SMILE_DATA_DIR (separated like those in PATH)
        and then the project's datasets/. The first that holds both files wins.

    Returns a Dataset. Raises DataError if the name is unknown or a file is not in the layout of
    the course: {split}_set_x (m, h, w, 3) uint8, {split}_set_y (m,) of 0 and 1, list_classes (2,)
    of names or of the integers 0 and 1; every other {split}_set_<attribute>, m numbers. The halves
    must agree in the images' attribute ``aligned`` and in split_id: so no image is in both.
    """
    folders = _folders(folder)
    name = default_name(folder=folder) if name is None else name
    home = _find(files_of(name), folders)
    if home is None:
        raise DataError(_not_found(name, folders))
    train_path, test_path = (home / file for file in files_of(name))
    train, expected = _read_half(train_path, "train")
    test, found = _read_half(test_path, "test")
    for key, value in found.items():
        if value != expected[key]:
            source = f"como en {train_path.name}, hecha a la vez y por la misma versión"
            raise problem(test_path, key, value, f"{expected[key]}, {source}")
    classes, aligned = found["list_classes"], found["aligned"]
    dataset = Dataset(name, *train[:2], *test[:2], classes, train[2], test[2], aligned)
    advice = (
        " Estas personas no existen: las dibujó una computadora. Para usar fotos reales, ejecuta en "
        "una terminal, desde la carpeta del proyecto, «python -m tools.download genki» o «python -m "
        "tools.download happy» (datasets/README.md dice qué es cada conjunto)."
    )
    print(f"{dataset} (de {shown(home)}/).{advice * (name == 'caras')}")
    return dataset


def load_half(name, split, folder=None):
    """Return the images, labels (1, m) and attributes, name → (m,), of one half, "train" or "test"."""
    file, folders = f"{split}_{name}.h5", _folders(folder)
    home = _find([file], folders)
    if home is None:
        raise DataError(f"No encontré {file}:\n{_lacking([file], folders)}{_advice(name)}")
    return _read_half(home / file, split)[0]


def to_show(dataset, where):
    """Return the index of a test image that is good to look at; ``where`` is a key of ``SHOWN``.

    Of caras, a face picked by its looks; of any other set, the first image of class 1.
    """
    is_there = dataset.name == "caras" and SHOWN[where] < len(dataset.test_x)
    return SHOWN[where] if is_there else int(np.argmax(dataset.test_y))


def flatten(images):
    """Put each image in a column, as the course does: the network's X.

    images: (m, h, w, 3) uint8. Returns (h·w·3, m) float64 in [0, 1], in Fortran order. Raises
    DataError for anything but such images.
    """
    is_array = isinstance(images, np.ndarray)
    fits = is_array and images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3
    if not fits or images.size == 0:
        found = f"{images.dtype} de forma {images.shape}" if is_array else type(images).__name__
        expected = "imágenes uint8 de forma (m, alto, ancho, 3); de una sola, «foto[np.newaxis]»"
        raise DataError(f"flatten recibió {found}; esperaba {expected}.")
    return images.reshape(len(images), -1).T / 255.0


def load_published():
    """Return the figures that others published, with their sources (datasets/published.json)."""
    return json.loads((DATASETS / "published.json").read_text(encoding="utf-8"))


def files_of(name):
    return f"train_{name}.h5", f"test_{name}.h5"


def _folders(folder):
    if folder is not None:
        return [Path(folder)]
    listed = files.environment("SMILE_DATA_DIR").split(os.pathsep)
    return [Path(part) for part in listed if part] + [DATASETS]


def default_name(*before, folder=None):
    """Return the set that is meant where none is named; ``before``: what else, where at hand."""
    folders = _folders(folder)
    at_hand = [name for name in (*before, *_REAL) if _find(files_of(name), folders)]
    return files.environment("SMILE_DATASET") or [*at_hand, "caras"][0]


def _missing(wanted, folder):
    return [file for file in wanted if not os.path.isfile(folder / file)]


def _find(wanted, folders):
    """The first folder that holds all the wanted files, or None."""
    return next((folder for folder in folders if not _missing(wanted, folder)), None)


def _not_found(name, folders):
    names = {path.stem[len("train_") :] for f in folders for path in f.glob("train_*.h5")}
    available = sorted(name for name in names if _find(files_of(name), folders))
    return (
        f"No encontré el conjunto «{name}». Sus dos archivos deben estar en la misma carpeta:\n"
        f"{_lacking(files_of(name), folders)}"
        f"Conjuntos disponibles: {', '.join(available) or 'ninguno'}.\n{_advice(name)}"
    )


def _lacking(wanted, folders):
    """A line per folder: which of the wanted files it lacks, or why it may not be looked into."""
    lines = ""
    for folder in folders:
        why = f" falta {' y falta '.join(_missing(wanted, folder))}"
        try:
            os.scandir(folder).close()
        except OSError as error:
            why = f": {files.reason(error)}"
        lines += f"  en {shown(folder)}/{why}\n"
    return lines


def _advice(name):
    if name not in _REAL:
        return "Revisa el nombre; datasets/README.md dice de dónde sale cada conjunto."
    command = f"«python -m tools.download {name}» (datasets/README.md dice cómo hacerlo a mano)"
    return f"Para tenerlo, ejecuta en una terminal, desde la carpeta del proyecto, {command}."


def _read_half(path, split):
    """Return a file's (images, labels (1, m), attributes) and what the other half must share."""
    with files.opened(path) as file:
        x_key, y_key = f"{split}_set_x", f"{split}_set_y"
        expected = "imágenes uint8 de forma (m, alto, ancho, 3)"
        x = read_array(file, path, x_key, (None, None, None, 3), [np.uint8], expected)
        if x.max() <= 1:
            found = "imágenes sin más valores que 0 y 1, como si ya estuvieran divididas entre 255"
            raise problem(path, x_key, found, f"{expected}, con valores de 0 a 255")
        m = len(x)
        expected = f"{m} enteros de forma ({m},), una etiqueta por imagen"
        y = read_array(file, path, y_key, (m,), [np.integer, np.bool_], expected)
        others = sorted(set(np.unique(y).tolist()) - {0, 1})
        if others:
            raise problem(path, y_key, f"las etiquetas {others[:5]}", "solo 0 y 1")
        attributes, expected = {}, f"{m} números de forma ({m},), uno por imagen"
        for key in file:
            if key.startswith(f"{split}_set_") and key not in (x_key, y_key):
                dtypes = [np.integer, np.floating, np.bool_]
                numbers = read_array(file, path, key, (m,), dtypes, expected)
                attributes[key.removeprefix(f"{split}_set_")] = _named(path, key, numbers)
                # One array may go by a thousand names.
                files.check_total(path, sum(a.nbytes for a in [x, y, *attributes.values()]))
        shared = {"split_id": None}  # the draw that made both halves; of two ages all else differs
        if "split_id" in file:
            (name,) = read_array(file, path, "split_id", (1,), [np.bytes_], "un texto")
            shared["split_id"] = name.decode("ascii", "replace")
        shared |= {"set_x": x.shape[1:], "aligned": _read_aligned(file, path, x_key)}
        shared["list_classes"] = _read_classes(file, path)
        return (x, y.astype(np.int64).reshape(1, m), attributes), shared


def _named(path, key, numbers):
    """``numbers`` (m,), or their names where their type is an enumeration of HDF5."""
    names = {n: name for name, n in (h5py.check_enum_dtype(numbers.dtype) or {}).items()}
    if not names:
        return numbers
    longest, unnamed = max(map(len, names.values())), sorted({*numbers.tolist()} - {*names})
    if unnamed or longest > _MAX_NAME:
        found = f"{unnamed[:5]} sin nombre" if unnamed else f"nombres de {longest:,} caracteres"
        raise problem(path, key, found, f"un nombre por número, de a lo más {_MAX_NAME} caracteres")
    files.check_total(path, 4 * longest * len(numbers))
    return np.array([names[n] for n in numbers.tolist()])


def _read_aligned(file, path, key):
    attributes = file[key].attrs
    if "aligned" not in attributes:
        return False
    stored = attributes.get_id("aligned")  # known to be one number before it is read
    if stored.shape != () or stored.dtype.kind not in "biu" or attributes["aligned"] not in (0, 1):
        raise problem(path, key, f"aligned, {stored.dtype}", "aligned verdadero o falso")
    return bool(attributes["aligned"])


def _read_classes(file, path):
    key, expected = "list_classes", 'dos nombres en UTF-8, de dtype "S", o los enteros 0 y 1'
    # Text of variable length lies in heaps that HDF5 walks for ever where they are damaged.
    values = read_array(file, path, key, (2,), [np.bytes_, np.integer], expected).tolist()
    if values == [0, 1]:  # the labels once more; of Happy House and our first caras they are known
        is_known = path.name in (*files_of("happy"), *files_of("caras"))
        return ["no sonríe", "sonríe"] if is_known else ["clase 0", "clase 1"]
    try:
        names = [value.decode("utf-8") for value in values]
    except (AttributeError, UnicodeDecodeError):
        raise problem(path, key, values, expected) from None
    if (longest := max(map(len, names))) > _MAX_NAME:
        found = f"nombres de hasta {longest:,} caracteres"
        raise problem(path, key, found, f"{expected}, de a lo más {_MAX_NAME} caracteres")
    return names
