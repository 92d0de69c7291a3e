"""Image files and HDF5 files in, NumPy arrays out.

Everything here reads files that somebody else made. A file that is damaged, of another form or
built to do harm ends in one exception, DataError, whose message tells a student in Spanish what
was found, what was expected and what to do.
"""

import io
import json
import math
import os
import warnings
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

with suppress(ImportError):  # optional: the photos of an iPhone
    from pillow_heif import register_heif_opener

    register_heif_opener()

# Found from this file, so that the notebook may be started in any folder.
_PROJECT = Path(__file__).resolve().parent.parent
DATASETS = _PROJECT / "datasets"

_GET_HAPPY = (
    "ejecuta en una terminal «python -m tools.download», que baja Happy House de Kaggle "
    "(datasets/README.md dice cómo hacerlo a mano)"
)

# A file of a few kB can declare terabytes, so sizes are checked before memory is taken.
_MAX_BYTES = 4 * 2**30  # per array: 350,000 images of 64×64, far more than this network can use
_MAX_RATIO = 1032  # no gzip stream expands further: DEFLATE spends 2 bits on at most 258 bytes
_MAX_CHUNKS = 10**6  # HDF5 looks for each of them, even those that were never stored
_MAX_NAME = 200  # characters in the name of a class; the names are printed
_GZIP, _SHUFFLE, _SUM = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32
# What h5py always brings with it; any other filter would load a plug-in from the user's machine, and
# what is packed twice may expand by the square of the ratio above.
_FILTERS = [[], [_SUM], [_GZIP], [_SHUFFLE, _GZIP]]


class DataError(ValueError):
    """A data file, data set or photo that cannot be used; the message says why, in Spanish."""


@dataclass(frozen=True, eq=False)  # eq: arrays have no single answer to ==
class Dataset:
    """Labelled images, split into a training and a test half.

    name: str, as in train_<name>.h5.
    train_x, test_x: (m, h, w, 3) uint8 images; m may differ between the halves, h and w do not.
    train_y, test_y: (1, m) int64 labels, each 0 or 1.
    classes: two str; classes[0] is the name of label 0.
    train_attributes, test_attributes: dict of (m,) numeric arrays, what else is known of each
        image (who it shows, how dark it is); empty for sets that bring nothing.
    """

    name: str
    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    classes: list[str]
    train_attributes: dict[str, np.ndarray] = field(default_factory=dict)
    test_attributes: dict[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self):
        height, width = self.train_x.shape[1:3]
        return (
            f"Conjunto «{self.name}»: {len(self.train_x)} imágenes para entrenar y "
            f"{len(self.test_x)} para probar, de {width}×{height} píxeles; "
            f"0 = {self.classes[0]}, 1 = {self.classes[1]}"
        )


def load_dataset(name=None, folder=None):
    """Read train_<name>.h5 and test_<name>.h5, both from one folder, and print a line about them.

    name: str; without it the environment's SMILE_DATASET, else "happy" where both its files are,
        else "caras", which comes with the project.
    folder: str or Path; without it the folders in SMILE_DATA_DIR (separated like those in PATH)
        and then the project's datasets/. The first that holds both files wins.

    Returns a Dataset. Raises DataError if the name is unknown or a file is not in the layout of
    the course: {split}_set_x (m, h, w, 3) uint8, {split}_set_y (m,) of 0 and 1, list_classes (2,)
    of names or of the integers 0 and 1. Every other {split}_set_<attribute> must hold m numbers;
    a split_id, where one half has it, must be the other's too, so that no image is in both.
    """
    folders = _folders(folder)
    if name is None:
        name = os.environ.get("SMILE_DATASET") or ("happy" if _find("happy", folders) else "caras")
    if not isinstance(name, str) or not name.strip() or set(name) & set("/\\:\0"):
        raise DataError(
            f"{name!r} no sirve como nombre de un conjunto: esperaba solo el nombre, sin carpetas "
            'ni los signos / \\ : . Escribe, por ejemplo, load_dataset("caras").'
        )
    home = _find(name, folders)
    if home is None:
        raise DataError(_not_found(name, folders))

    train_path, test_path = (home / file for file in files_of(name))
    train, test = _read_half(train_path, "train"), _read_half(test_path, "test")
    for key, found, expected in [
        ("test_set_x", test.x.shape[1:], train.x.shape[1:]),
        ("list_classes", test.classes, train.classes),
        ("split_id", test.split_id, train.split_id),
    ]:
        if found != expected:
            raise _problem(test_path, key, found, f"{expected}, como en {train_path.name}")

    dataset = Dataset(
        name, train.x, train.y, test.x, test.y, train.classes, train.attributes, test.attributes
    )
    advice = f" Son caras dibujadas; para usar fotos reales, {_GET_HAPPY}." * (name == "caras")
    print(f"{dataset} (de {shown(home)}/).{advice}")
    return dataset


def flatten(images):
    """Put each image in a column, as the course does: the network's X.

    images: (m, h, w, 3) uint8. Returns (h·w·3, m) float64 in [0, 1], in Fortran order: each
    column, so each image, is contiguous. Raises DataError for anything but such images.

    >>> flatten(np.array([[[[0, 51, 255]]]], dtype=np.uint8)).ravel().tolist()
    [0.0, 0.2, 1.0]
    """
    is_array = isinstance(images, np.ndarray)
    if (
        not is_array
        or images.dtype != np.uint8
        or images.ndim != 4
        or images.shape[3] != 3
        or images.size == 0
    ):
        found = f"{images.dtype} de forma {images.shape}" if is_array else type(images).__name__
        raise DataError(
            f"flatten recibió {found}; esperaba imágenes uint8 de forma (m, alto, ancho, 3), al "
            "menos una y sin escalar. Si tienes una sola foto, pasa foto[np.newaxis]."
        )
    # The division of the transposed view writes the result at once; nothing else is copied.
    return images.reshape(len(images), -1).T / 255.0


def load_photo(source, size=64, crop=True):
    """Read any photo as the network sees it: upright, on white, its central square, small.

    source: path, bytes or binary file object (left open), in any format that Pillow reads;
        of an animation, the first frame.
    size: int, the side of the square in pixels.
    crop: without it the photo stays whole, at most ``size`` wide and high.

    Returns (size, size, 3) uint8, RGB; (h, w, 3) without crop. Raises DataError for what is no
    photo, is damaged, or has more pixels than Pillow takes for safe.
    """
    if not isinstance(size, int) or size < 1:
        raise DataError(f"size={size!r} no sirve: esperaba un entero positivo, el lado en píxeles.")
    with pillow_warnings():
        return read_photo(source, size, crop)


@contextmanager
def pillow_warnings():
    """Pillow's warnings as ``read_photo`` wants them; they belong to the process, not to a thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Up to twice its pixel limit Pillow only warns; here the limit is the limit.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_photo(source, size, crop=True):
    """Do what ``load_photo`` does, in any thread inside ``pillow_warnings``."""
    stream = io.BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else source
    try:
        with Image.open(stream) as image:
            return _reduced(image, size, crop)
    except Exception as error:  # a damaged picture makes Pillow raise almost anything
        raise DataError(_photo_problem(source, error)) from error


# What others published


def load_published():
    """Return the figures that others published, with their sources (datasets/published.json)."""
    return json.loads((DATASETS / "published.json").read_text(encoding="utf-8"))


# Where the files are


@contextmanager
def whole_file(path):
    """Give a path to write to; when the block ends well, what is there becomes ``path``.

    So ``path`` is at every moment whole, the old file or the new one, and what an interrupted
    writer leaves is overwritten by the next. Raises DataError where nothing can be written.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".tmp")
    try:
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        raise DataError(
            f"No pude escribir {shown(path)}: revisa que la carpeta exista, que puedas escribir en "
            f"ella y que el disco no esté lleno. (Detalle: {type(error).__name__}: {error})"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _folders(folder):
    if folder is not None:
        return [Path(folder)]
    listed = os.environ.get("SMILE_DATA_DIR", "").split(os.pathsep)
    return [Path(part) for part in listed if part] + [DATASETS]


def files_of(name):
    return f"train_{name}.h5", f"test_{name}.h5"


def _missing(name, folder):
    return [file for file in files_of(name) if not os.path.isfile(folder / file)]


def _find(name, folders):
    """The first folder that holds both files of a data set, or None."""
    return next((folder for folder in folders if not _missing(name, folder)), None)


def _not_found(name, folders):
    places = [
        f"  en {shown(path)}/ falta {' y falta '.join(_missing(name, path))}" for path in folders
    ]
    files = [path for folder in folders for path in folder.glob("train_*.h5")]
    names = {file.stem.removeprefix("train_") for file in files}
    available = sorted(name for name in names if _find(name, folders))
    advice = "Revisa el nombre; datasets/README.md dice de dónde sale cada conjunto."
    if name == "happy":
        advice = f"Para tenerlo, {_GET_HAPPY}."
    return "\n".join(
        [
            f"No encontré el conjunto «{name}». Sus dos archivos deben estar en la misma carpeta:",
            *places,
            f"Conjuntos disponibles: {', '.join(available) or 'ninguno'}.",
            advice,
        ]
    )


def shown(path):
    """A path for a message; inside the project it reads the same on every machine."""
    return (path.relative_to(_PROJECT) if path.is_relative_to(_PROJECT) else path).as_posix()


# One HDF5 file


class Half(NamedTuple):
    """What one file holds: images (m, h, w, 3), labels (1, m), class names, attributes."""

    x: np.ndarray
    y: np.ndarray
    classes: list[str]
    attributes: dict[str, np.ndarray]
    split_id: str | None  # names the draw that made both halves


def _read_half(path, split):
    """Return the Half in a file, whose ``split`` is "train" or "test"; raise DataError."""
    # Python opens the file, not HDF5: no lock to fail on a shared drive, no path to mis-encode.
    with damage_as_data_error(path), open(path, "rb") as stream, h5py.File(stream, "r") as file:
        key = f"{split}_set_x"
        expected = "imágenes uint8 de forma (m, alto, ancho, 3)"
        x = read_array(file, path, key, (None, None, None, 3), [np.uint8], expected)
        m = len(x)

        key = f"{split}_set_y"
        expected = f"{m} enteros de forma ({m},), una etiqueta por imagen"
        y = read_array(file, path, key, (m,), [np.integer, np.bool_], expected)
        others = sorted(set(np.unique(y).tolist()) - {0, 1})
        if others:
            raise _problem(path, key, f"las etiquetas {others[:5]}", "solo 0 y 1")

        # What has the prefix and doesn't fit is an error: left out in silence, it would come back
        # as a KeyError far from here.
        attributes = {}
        prefix = f"{split}_set_"
        for key in file:
            if key.startswith(prefix) and key not in (f"{prefix}x", f"{prefix}y"):
                expected = f"{m} números de forma ({m},), uno por imagen"
                dtypes = [np.integer, np.floating, np.bool_]
                attribute = key.removeprefix(prefix)
                attributes[attribute] = read_array(file, path, key, (m,), dtypes, expected)
                # One array may go by a thousand names.
                check_total(path, sum(a.nbytes for a in [x, y, *attributes.values()]))
        y = y.astype(np.int64).reshape(1, m)
        return Half(x, y, _read_classes(file, path), attributes, _read_split_id(file, path))


def _read_classes(file, path):
    key, expected = "list_classes", 'dos nombres en UTF-8, de dtype "S", o los enteros 0 y 1'
    # Text of variable length lies in heaps that HDF5 walks for ever where they are damaged.
    values = read_array(file, path, key, (2,), [np.bytes_, np.integer], expected).tolist()
    if values == [0, 1]:  # Happy House repeats the labels here
        return ["no sonríe", "sonríe"]
    try:
        names = [value.decode("utf-8") for value in values]
    except (AttributeError, UnicodeDecodeError):
        raise _problem(path, key, values, expected) from None
    if max(map(len, names)) > _MAX_NAME:
        found = f"nombres de hasta {max(map(len, names)):,} caracteres"
        raise _problem(path, key, found, f"{expected}, de a lo más {_MAX_NAME} caracteres")
    return names


def _read_split_id(file, path):
    if "split_id" not in file:
        return None
    (value,) = read_array(file, path, "split_id", (1,), [np.bytes_], "un texto")
    return value.decode("ascii", "replace")


def read_array(file, path, key, shape, dtypes, expected):
    """The array under key, read only once it is known to fit and to be harmless.

    shape: the one it must have, None where any length will do.
    dtypes: NumPy types, concrete or abstract, of which it must have one.
    """
    with damage_as_data_error(path, key):
        if key not in file:
            raise _problem(path, key, f"solo {sorted(file)[:9]}", expected)
        if not isinstance(file.get(key, getlink=True), h5py.HardLink):  # asked before following it
            raise _problem(path, key, "un enlace a otro lugar", expected)
        dataset = file[key]
        if not isinstance(dataset, h5py.Dataset):
            found = "un grupo" if isinstance(dataset, h5py.Group) else "un tipo de datos"
            raise _problem(path, key, found, expected)

        if not (
            dataset.size  # neither empty nor without a shape
            and len(dataset.shape) == len(shape)
            and all(want in (None, n) for n, want in zip(dataset.shape, shape, strict=True))
            and any(np.issubdtype(dataset.dtype, dtype) for dtype in dtypes)
            and dataset.dtype.kind != "m"  # to NumPy a span of time is an integer
        ):
            raise _problem(path, key, f"{dataset.dtype} de forma {dataset.shape}", expected)

        if trap := _trap(dataset, path):
            raise _problem(path, key, trap, f"{expected}, sin comprimir o con gzip")
        return dataset[()]


def _trap(dataset, path):
    """What would make it unsafe to read a dataset, or None."""
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if filters not in _FILTERS:
        return f"filtros HDF5 {filters}"
    if dataset.is_virtual or dataset.external:
        return "datos que viven en otros archivos"
    # HDF5 unpacks whole chunks, and a chunk may be declared larger than its array.
    chunk = dataset.dtype.itemsize * math.prod(dataset.chunks or ())
    needed = max(dataset.nbytes, chunk)
    stored = min(dataset.id.get_storage_size(), os.path.getsize(path))
    if needed > min(_MAX_BYTES, _MAX_RATIO * stored):
        return f"{needed:,} bytes declarados y {stored:,} guardados"
    chunks = math.prod(-(-n // c) for n, c in zip(dataset.shape, dataset.chunks or ()))
    if chunks > _MAX_CHUNKS:
        return f"{chunks:,} bloques"
    # Of a chunk that unpacks to more HDF5 unpacks all, and of less it reads past the end.
    for part in dataset.iter_chunks() if dataset.chunks else ():
        offset = tuple(along.start for along in part)
        info = dataset.id.get_chunk_info_by_coord(offset)
        if info.byte_offset is None:  # never stored
            continue
        size = info.size - 4 * (_SUM in filters)  # a checksum has 4 bytes
        if _GZIP in filters:
            _, packed = dataset.id.read_direct_chunk(offset)
            size = len(zlib.decompressobj().decompress(packed, chunk + 1))
        if info.filter_mask or size != chunk:
            return "bloques que no miden lo declarado"
    return None


def check_total(path, nbytes):
    """Raise DataError if a file's arrays are together larger than any honest file's."""
    limit = min(_MAX_BYTES, _MAX_RATIO * os.path.getsize(path))
    if nbytes > limit:
        raise DataError(
            f"{shown(path)}: encontré {nbytes:,} bytes de datos; esperaba a lo más {limit:,} en un "
            "archivo de este tamaño. Descarga el archivo otra vez."
        )


def _problem(path, key, found, expected):
    return DataError(
        f"{shown(path)}, «{key}»: encontré {str(found)[:300]}; esperaba {str(expected)[:300]}. "
        "Descarga el archivo otra vez o corrige el programa que lo guardó."
    )


@contextmanager
def damage_as_data_error(path, key=None):
    """Turn whatever the system, h5py or NumPy raise at a damaged file into a DataError."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f"{shown(path)}{f', «{key}»' if key else ''}: no lo pude leer; esperaba un archivo "
            "HDF5 completo. Tal vez la descarga se cortó o es otro tipo de archivo: descárgalo "
            f"otra vez. (Detalle: {type(error).__name__}: {error})"
        ) from error


# One photo


def _reduced(image, size, crop):
    if image.format in ("EPS", "WMF"):  # Pillow would start another program to draw these
        raise ValueError(f"{image.format} es un dibujo, no una foto")
    if image.mode in ("F", "LAB"):  # convert() knows neither the range of F nor the colors of LAB
        raise ValueError(f"no sé convertir a RGB los colores en modo {image.mode}")
    # A JPEG need not be unpacked whole: at eight times the size asked for, nothing is lost to see.
    image.draft(None, (8 * size, 8 * size))
    ImageOps.exif_transpose(image, in_place=True)  # of a large photo, each copy takes 340 MiB
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would clip, not scale
        image = _resized(image, "I", size, crop)
        image = Image.fromarray((np.clip(image, 0, 65535) >> 8).astype(np.uint8))
    # These can hold every other mode; Pillow weighs RGBA's colors by their opacity when resizing.
    mode = "RGBA" if image.has_transparency_data else "RGB"
    image = _resized(image, mode, size, crop).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.array(Image.alpha_composite(white, image).convert("RGB"))


def _resized(image, mode, size, crop):
    image = image if image.mode == mode else image.convert(mode)
    reduce = ImageOps.fit if crop else ImageOps.contain
    return reduce(image, (size, size), Image.Resampling.LANCZOS)


def _photo_problem(source, error):
    """What is wrong with a photo, from what the system or Pillow raised."""
    is_path = isinstance(source, str | os.PathLike)
    name = f"«{source}»" if is_path else "la foto recibida"
    if isinstance(error, FileNotFoundError):
        return f"No existe {name}. Revisa el nombre y la carpeta; busqué desde {Path.cwd()}."
    if is_path and os.path.isdir(source):
        return f"Encontré una carpeta, {name}; esperaba el archivo de una foto."
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return (
            f"No abrí {name}: es demasiado grande; esperaba a lo más {Image.MAX_IMAGE_PIXELS:,} "
            f"píxeles. Redúcela en un editor de fotos. (Detalle: {error})"
        )
    if isinstance(error, UnidentifiedImageError):
        return (
            f"No reconozco una imagen en {name}: puede estar vacía o ser otro tipo de archivo. "
            "Si es HEIC, el formato del iPhone, guárdala como JPG o instala el paquete pillow-heif."
        )
    return (
        f"No pude leer {name}: puede estar dañada o incompleta. Ábrela en un editor de fotos y "
        f"guárdala como JPG o PNG. (Detalle: {type(error).__name__}: {error})"
    )
