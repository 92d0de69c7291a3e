"""What every reader and writer of files shares: one exception, whole files, HDF5 read safely."""

import errno
import glob
import math
import os
import time
import uuid
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py
import numpy as np

# Found from this file, so that the notebook may be started in any folder.
PROJECT = Path(__file__).resolve().parent.parent

_ABANDONED = 3600  # seconds; an unfinished file that old is a killed writer's
# A file of a few kB can declare terabytes, so sizes are checked before memory is taken.
_MAX_BYTES = 4 * 2**30  # per array: 350,000 images of 64×64, far more than this network can use
_MAX_RATIO = 1032  # no gzip stream expands further: DEFLATE spends 2 bits on at most 258 bytes
_MAX_CHUNKS = 10**5  # HDF5 looks for each of them, even those that were never stored
_GZIP, _SHUFFLE, _SUM = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32
# What h5py always brings with it; any other filter would load a plug-in from the user's machine, and
# what is packed twice may expand by the square of the ratio above.
_FILTERS = [[], [_SUM], [_GZIP], [_SHUFFLE, _GZIP]]


class DataError(ValueError):
    """A data file, data set or photo that cannot be used; the message says why, in Spanish."""


def shown(path):
    """A path for a message; inside the project it reads the same on every machine."""
    return (path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path).as_posix()


def problem(path, key, found, expected):
    """The DataError for what is under key in a file."""
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
            f"{shown(path)}{f', «{key}»' if key else ''}: no lo pude leer; esperaba un archivo HDF5 "
            f"completo: descárgalo otra vez. (Detalle: {type(error).__name__}: {error})"
        ) from error


@contextmanager
def opened(path):
    """An HDF5 file to read. Python opens it: no lock to fail on a shared drive, no path mis-encoded."""
    try:
        stream = open(path, "rb")  # noqa: SIM115
        stream.read(1)  # where it is only in the cloud, this is what fails
    except OSError as error:
        raise DataError(f"No pude abrir {shown(path)}: {reason(error)}") from error
    with stream, damage_as_data_error(path), h5py.File(stream, "r") as file:
        yield file


def environment(name):
    """A variable of the environment or "", each folder in it without spaces or quotes, ~ expanded."""
    parts = os.environ.get(name, "").strip(" \t\"'").split(os.pathsep)
    return os.pathsep.join(os.path.expanduser(part.strip(" \t\"'")) for part in parts)


def reason(error):
    """What the system had against reading or writing, an OSError, in Spanish and in its own words."""
    code, in_windows = error.errno, getattr(error, "winerror", None) or 0
    why = {
        errno.ENOENT: "no hay nada con ese nombre; revisa que la carpeta exista",
        errno.ENOTDIR: "es un archivo; esperaba una carpeta",
        errno.EISDIR: "es una carpeta; esperaba un archivo",
        errno.EROFS: "ahí solo se puede leer; escoge otro lugar",
    }.get(code, "no se pudo")
    if code in (errno.EDEADLK, errno.ETIMEDOUT) or 358 <= in_windows <= 404:
        why = "parece que está solo en la nube; descárgalo antes a tu computadora"
    if code in (errno.EACCES, errno.EPERM):
        why = "no tengo permiso (en macOS, Privacidad y seguridad → Archivos y carpetas)"
    if is_full(error):
        why = "el disco está lleno; libera espacio"
    return f"{why}. (Detalle: {type(error).__name__}: {error})"


def is_full(error):
    """Whether an exception says that nothing more fits on the disk."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cannot_write(path, error):
    """The DataError for a file that the system, by an OSError, does not let us write."""
    return DataError(f"No pude escribir {shown(path)}, y lo que había sigue igual: {reason(error)}")


@contextmanager
def whole_file(path):
    """Give a path to write to; when the block ends well, what is there becomes ``path``.

    So ``path`` is at every moment whole. Raises DataError where nothing can be written.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")  # no other writer's
    try:
        with suppress(OSError):  # what a killed writer left
            for left in path.parent.glob(f"{glob.escape(path.name)}.*.tmp"):
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    left.unlink()
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_array(file, path, key, shape, dtypes, expected):
    """The array under key, read only once it is known to fit and to be harmless.

    shape: None where any length will do. dtypes: of which it must have one, concrete or abstract.
    """
    with damage_as_data_error(path, key):
        if key not in file:
            raise problem(path, key, f"solo {sorted(file)[:9]}", expected)
        if not isinstance(file.get(key, getlink=True), h5py.HardLink):  # asked before following it
            raise problem(path, key, "un enlace a otro lugar", expected)
        dataset = file[key]
        if not isinstance(dataset, h5py.Dataset):
            found = "un grupo" if isinstance(dataset, h5py.Group) else "un tipo de datos"
            raise problem(path, key, found, expected)
        sizes, dtype = dataset.shape or (), dataset.dtype
        fits = len(sizes) == len(shape) and all(want in (None, n) for n, want in zip(sizes, shape))
        # Neither empty; nor a span of time, to NumPy an integer.
        fits = fits and dataset.size and dtype.kind != "m"
        if not fits or not any(np.issubdtype(dtype, kind) for kind in dtypes):
            raise problem(path, key, f"{dtype} de forma {dataset.shape}", expected)
        if trap := _trap(dataset, path):
            raise problem(path, key, trap, f"{expected}, sin comprimir o con gzip")
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
    infos = []
    if dataset.chunks and hasattr(dataset.id, "chunk_iter"):
        dataset.id.chunk_iter(infos.append)
    elif dataset.chunks:  # HDF5 before 1.12.3; it begins again for each of them
        infos = [dataset.id.get_chunk_info(i) for i in range(dataset.id.get_num_chunks())]
    if len({info.chunk_offset for info in infos}) < len(infos):  # HDF5 might read the other one
        return "bloques repetidos"
    for info in infos:
        size = info.size - 4 * (_SUM in filters)  # a checksum has 4 bytes
        if _GZIP in filters:
            _, packed = dataset.id.read_direct_chunk(info.chunk_offset)
            size = len(zlib.decompressobj().decompress(packed, chunk + 1))
        if info.filter_mask or size != chunk:
            return "bloques que no miden lo declarado"
    return None


def check_total(path, nbytes):
    """Raise DataError if a file's arrays are together larger than any honest file's."""
    limit = min(_MAX_BYTES, _MAX_RATIO * os.path.getsize(path))
    if nbytes > limit:
        expected = f"a lo más {limit:,} en un archivo de este tamaño"
        raise DataError(f"{shown(path)}: encontré {nbytes:,} bytes de datos; esperaba {expected}.")
