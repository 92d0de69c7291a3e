"""Bring a data set here: the real Happy House from Kaggle, or one's own photographs.

Both are prepared in a folder of their own, beside where they will go, and moved into place when
they are whole. An interrupted run leaves the data sets as they were; the next one clears up after
it. From a terminal: ``python -m tools.download`` and ``python -m tools.build``.
"""

import argparse
import contextlib
import errno
import hashlib
import io
import os
import re
import shutil
import sys
import unicodedata
import uuid
import zipfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
from tqdm import tqdm

from helpers.data import (
    DATASETS,
    DataError,
    files_of,
    load_published,
    pillow_warnings,
    read_photo,
    shown,
)

KAGGLE_HANDLE = "iarunava/happy-house-dataset"
_BY_HAND = (
    f"Otra manera: en https://www.kaggle.com/datasets/{KAGGLE_HANDLE} oprime «Download» y escribe "
    "«python -m tools.download RUTA», con la ruta del zip que bajaste."
)
_MAX_BYTES = 64 * 2**20  # of a file of Happy House, whose halves have some 7 and 2 MB

SIZE = 64  # pixels, the side of the images that build writes
_BATCH = 256  # photos in memory at a time
_CHUNK = 64  # images that HDF5 compresses together
_RESERVED = {"caras": "viene con el proyecto", "happy": "es el de Kaggle: usa «download»"}
_HIDDEN = ".", "__MACOSX"  # how the folders begin that systems leave among photographs
_LITTER = {"thumbs.db", "desktop.ini"}  # and the files, in Windows
_SPELT = {
    "positives": "sonríe",
    "negatives": "no sonríe",
    "sonrie": "sonríe",
    "no_sonrie": "no sonríe",
}
_SMILING = {"positives", "smile", "smiles", "smiling", "sonrie", "sonríe", "sonrisa", "sonrisas"}


# The real Happy House


def download(source=None, folder=DATASETS):
    """Put the real Happy House into ``folder``, each file checked against its published hash.

    source: str or Path of a folder or zip that holds train_happy.h5 and test_happy.h5, at any
        depth; without it both come from Kaggle, with kagglehub and no account.

    Returns the two paths. Raises ImportError if kagglehub is needed and missing, DataError for
    everything else; the files that were there are then still there.
    """
    folder, files = Path(folder), load_published()["files"]
    paths = [folder / name for name in files]
    wanted = {path: files[path.name]["git_blob_sha1"] for path in paths}
    if all(path.is_file() and _git_hash(path) == wanted[path] for path in paths):
        _cleared(folder, "happy")  # a run killed after its last rename left it
        print(f"Happy House ya está completo en {shown(folder)}/.")
        return paths
    with _workshop(folder, "happy") as staging:
        source = Path(source) if source else _from_kaggle(staging / "kaggle")
        for name in files:
            _take(source, name, wanted[folder / name], staging)
        for path in paths:
            os.replace(staging / path.name, path)
    print(f"Listo: {' y '.join(files)} están en {shown(folder)}/. El cuaderno ya las usará.")
    return paths


def _from_kaggle(folder):
    """Let kagglehub download and unpack the data set into a new folder."""
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")  # what it would say is in English
    try:
        import kagglehub
    except ImportError:
        raise ImportError(
            "Para bajar los datos hace falta el paquete kagglehub. Instálalo con "
            f"«{Path(sys.executable).name} -m pip install kagglehub» y vuelve a intentar. {_BY_HAND}"
        ) from None
    try:
        # A folder of our own: kagglehub keeps a broken archive in its cache and trusts it again.
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE, output_dir=str(folder)))
    except Exception as error:  # kagglehub's own, requests', zipfile's and the system's
        raise DataError(f"{_download_problem(error)} {_BY_HAND}") from error


def _download_problem(error):
    status = getattr(getattr(error, "response", None), "status_code", None)
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    detail = f"(Detalle: {type(error).__name__}: {' '.join(str(error).split())})"
    if status is not None:
        return f"Kaggle respondió con el error {status} y no entregó los datos. {detail}"
    if _is_full(error):
        return f"No cabe la descarga: libera unos 100 MB en el disco y vuelve a intentar. {detail}"
    if "ConnectionError" in kinds or "Timeout" in kinds:  # a proxy's refusal is one, too
        return (
            "No pude conectarme con Kaggle. Revisa tu conexión a internet, o si tu red la bloquea, "
            f"y vuelve a intentar. {detail}"
        )
    return f"La descarga de Kaggle se cortó o llegó dañada: vuelve a intentar. {detail}"


def _take(source, name, wanted, staging):
    """Copy the file ``name`` whose git hash is ``wanted`` from ``source`` (folder or zip)."""
    found = []
    try:
        for label, size, open_copy in _copies(source, name):
            if size > _MAX_BYTES:
                found.append(f"{label} mide {size:,} bytes, demasiado")
                continue
            with open_copy() as stream, open(staging / name, "wb") as copy:
                shutil.copyfileobj(stream, copy)
            if (content := _git_hash(staging / name)) == wanted:
                return
            found.append(f"{label} tiene el hash {content[:12]}…")
    except Exception as error:  # a damaged zip, or one under a password, raises almost anything
        if isinstance(error, DataError) or _is_full(error):
            raise
        raise DataError(
            f"No pude leer {name} en {source}: el archivo está incompleto o dañado; descárgalo "
            f"otra vez. (Detalle: {type(error).__name__}: {error})"
        ) from error
    raise DataError(
        f"No encontré el verdadero {name} en {source}: {'; '.join(found) or 'no está ahí'}; esperaba "
        f"el de Kaggle, con el hash {wanted[:12]}…. Descárgalo otra vez de "
        f"https://www.kaggle.com/datasets/{KAGGLE_HANDLE}."
    )


def _copies(source, name):
    """Every file called ``name`` in a folder or zip: how to call it, its bytes, how to open it."""
    if source.is_dir():
        for path in sorted(source.rglob(name)):
            if path.is_file():
                yield str(path), path.stat().st_size, partial(open, path, "rb")
    elif source.is_file() and zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                if PurePosixPath(member.filename).name == name:
                    yield member.filename, member.file_size, partial(archive.open, member)
    else:
        what = "un archivo que no es zip" if source.exists() else "nada con ese nombre"
        raise DataError(
            f"{source}: encontré {what}; esperaba una carpeta o un zip que contenga "
            "train_happy.h5 y test_happy.h5."
        )


def _git_hash(path):
    """The SHA-1 by which git knows a file's content: of "blob <size>", a zero byte, the bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest()


# One's own photographs


def build(
    source,
    name,
    smiling=None,
    *,
    strict=False,
    force=False,
    seed=1,
    test_share=0.2,
    folder=DATASETS,
):
    """Write train_<name>.h5 and test_<name>.h5 from a folder of photographs.

    source: str or Path; a folder with one subfolder per class, two in all, photographs at any
        depth, or one with such a folder inside. The layout of github.com/hromi/SMILEsmileD,
        positives/ and negatives/, is found at any depth.
    name: str of letters, digits, - and _.
    smiling: str, the subfolder of class 1; without it the one with a telling name, like "sonrie".
    strict: stop at the first photograph that cannot be read, instead of listing and skipping it.
    force: replace a data set of this name.
    test_share: fraction of each class that goes to the test half, chosen by ``seed``. Photographs
        with the same pixels always stay in the same half.

    Returns the two paths; images are (64, 64, 3) uint8, as load_photo makes them. Raises DataError,
    and then the files that were there are still there.
    """
    source, folder = Path(source), Path(folder)
    _check_build(name, seed, test_share, force, folder)
    classes, photos = _classes(source, smiling)
    with _workshop(folder, name) as staging, open(staging / "pixels", "w+b") as spool:
        kept, skipped = _read_all(photos, spool, strict)
        if skipped:
            print(f"Archivos que dejé fuera: {len(skipped)}")
            for path, reason in skipped:
                print(f"  {path}: {reason}")
        halves = _split(kept, classes, seed, test_share)
        split_id = uuid.uuid4().hex
        for split, members in zip(("train", "test"), halves):
            _write_half(staging, split, name, spool, members, classes, split_id)
        for file in files_of(name):
            os.replace(staging / file, folder / file)
    _tell(name, folder, classes, kept, halves)
    return [folder / file for file in files_of(name)]


def _check_build(name, seed, test_share, force, folder):
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,60}", name):
        raise DataError(
            f"name={name!r} no sirve: esperaba el nombre del conjunto, de letras, números, - y _, "
            "por ejemplo «mis_fotos»."
        )
    if reserved := _RESERVED.get(name.casefold()):  # to Windows and macOS, Caras is caras
        raise DataError(f"El nombre «{name}» está ocupado: {reserved}. Escoge otro.")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise DataError(f"seed={seed!r} no sirve: esperaba un entero entre 0 y 2³² - 1.")
    if not 0 < test_share < 1:
        raise DataError(f"test_share={test_share!r} no sirve: esperaba una fracción, como 0.2.")
    there = [file for file in files_of(name) if (folder / file).exists()]
    if there and not force:
        raise DataError(
            f"Ya existe {' y '.join(there)} en {shown(folder)}/. Escoge otro nombre o agrega "
            "--force para reemplazarlo."
        )


def _classes(source, smiling):
    """The names of classes 0 and 1, and (path, label) of every photograph, in a fixed order."""
    if not source.is_dir():
        what = "un archivo" if source.exists() else "nada con ese nombre"
        raise DataError(
            f"{source}: encontré {what}; esperaba una carpeta con una subcarpeta por clase."
        )
    home, found = _class_folders(source)
    by_name = {_composed(path.name): path for path in found}
    if len(by_name) != 2:
        raise DataError(
            f"{home}: encontré subcarpetas con archivos: {len(by_name)} "
            f"({', '.join(by_name) or '-'}); esperaba dos, una por clase, por ejemplo «sonrie» y "
            "«no_sonrie»."
        )
    if smiling is None:
        telling = [name for name in by_name if name.casefold() in _SMILING]
        if len(telling) != 1:
            raise DataError(
                f"¿En cuál carpeta están las sonrisas, {' o '.join(by_name)}? Dilo con --smiling, "
                f"por ejemplo --smiling {next(iter(by_name))}."
            )
        (smiling,) = telling
    smiling = _composed(smiling)
    if smiling not in by_name:
        raise DataError(
            f"smiling={smiling!r}: no hay tal carpeta en {home}; hay {' y '.join(by_name)}."
        )
    names = sorted(by_name, key=lambda name: name == smiling)
    photos = [(path, label) for label, name in enumerate(names) for path in found[by_name[name]]]
    return [_SPELT.get(name.casefold(), name) for name in names], photos


def _class_folders(source):
    """The folder that holds the classes, and its subfolders that hold files: path → the files."""
    for path, folders, _ in os.walk(source):
        if {"positives", "negatives"} <= set(folders):
            source = Path(path)
            return source, {source / n: _files_in(source / n) for n in ("negatives", "positives")}
    found = inside = _subfolders(source)
    while len(inside) == 1:  # a folder in a folder, as archives are often unpacked
        (folder,) = inside
        inside = _subfolders(folder)
        if len(inside) > 1:
            return folder, inside
    return source, found


def _subfolders(folder):
    """The subfolders that hold files: path → the files."""
    _, names, _ = next(os.walk(folder), ("", [], []))  # nothing where reading it is forbidden
    paths = [folder / name for name in sorted(names) if not name.startswith(_HIDDEN)]
    return {path: files for path in paths if (files := _files_in(path))}


def _composed(name):
    """A name with í as one character; macOS may write it as two."""
    return unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode()


def _files_in(folder):
    """All files below a folder, without those that systems hide; the order is the same anywhere."""
    files = []
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        files += [
            Path(path, name)
            for name in names
            if not name.startswith(".") and name.casefold() not in _LITTER
        ]
    return sorted(files, key=lambda path: path.relative_to(folder).parts)


def _read_all(photos, spool, strict):
    """Append every photograph's pixels to ``spool``.

    Returns a list of (position in spool, label, digest), and of (path, why it was left out).
    """
    kept, skipped = [], []
    bar = tqdm(total=len(photos), desc="Leyendo", unit="foto")
    with pillow_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool, bar:
        for start in range(0, len(photos), _BATCH):
            batch = photos[start : start + _BATCH]
            for (path, label), image in zip(batch, pool.map(_try, (path for path, _ in batch))):
                bar.update()
                if isinstance(image, DataError):
                    if strict:
                        raise image
                    skipped.append((path, str(image)))
                    continue
                pixels = image.tobytes()
                kept.append((len(kept), label, hashlib.sha256(pixels).digest(), path))
                spool.write(pixels)

    labels = defaultdict(set)
    for _, label, digest, _ in kept:
        labels[digest].add(label)
    for _, _, digest, path in kept:
        if len(labels[digest]) == 2:
            reason = "La misma imagen está también en la otra clase: no se sabe cuál es la suya."
            if strict:
                raise DataError(f"«{path}»: {reason}")
            skipped.append((path, reason))
    return [photo[:3] for photo in kept if len(labels[photo[2]]) == 1], skipped


def _try(path):
    try:
        return read_photo(path, SIZE)
    except DataError as error:
        return error


def _split(kept, classes, seed, test_share):
    """The training and the test half of ``kept``, shuffled; equal digests stay together."""
    rng = np.random.RandomState(seed)
    halves = [], []
    for label in (0, 1):
        groups = defaultdict(list)
        for photo in kept:
            if photo[1] == label:
                groups[photo[2]].append(photo)
        if len(groups) < 2:
            raise DataError(
                f"Fotos distintas de «{classes[label]}»: {len(groups)}; hacen falta al menos dos, una "
                "para entrenar y otra para probar."
            )
        groups = list(groups.values())
        total = sum(map(len, groups))
        room = min(max(1, round(test_share * total)), total - 1)
        for position, i in enumerate(rng.permutation(len(groups))):
            # The first fits or is the test half's only one; not all fit, so training gets some.
            test = position == 0 or len(groups[i]) <= room
            halves[test].extend(groups[i])
            room -= len(groups[i]) * test
    return [[half[i] for i in rng.permutation(len(half))] for half in halves]


def _write_half(staging, split, name, spool, members, classes, split_id):
    m, one = len(members), SIZE * SIZE * 3
    stream = _PatientFile(staging / f"{split}_{name}.h5", "w+")
    with stream, h5py.File(stream, "w") as file:
        images = file.create_dataset(
            f"{split}_set_x",
            (m, SIZE, SIZE, 3),
            np.uint8,
            chunks=(min(m, _CHUNK), SIZE, SIZE, 3),
            compression="gzip",
        )
        for start in range(0, m, _CHUNK):
            block = bytearray()
            for position, _, _ in members[start : start + _CHUNK]:
                spool.seek(position * one)
                block += spool.read(one)
            block = np.frombuffer(block, np.uint8).reshape(-1, SIZE, SIZE, 3)
            images[start : start + len(block)] = block
        file[f"{split}_set_y"] = np.array([label for _, label, _ in members], np.int64)
        file["list_classes"] = np.array([text.encode() for text in classes])
        file["split_id"] = np.array([split_id.encode()])
    if stream.problem:
        raise stream.problem


class _PatientFile(io.FileIO):
    """A file that keeps its first problem to itself; HDF5 crashes where the disk gets full."""

    problem = None

    def write(self, block):
        rest = memoryview(block)
        while rest and not self.problem:
            try:
                rest = rest[super().write(rest) :]
            except OSError as error:
                self.problem = error
        return len(block)

    def truncate(self, size=None):
        try:
            return size if self.problem else super().truncate(size)
        except OSError as error:
            self.problem = error


def _tell(name, folder, classes, kept, halves):
    copies = len(kept) - len({digest for _, _, digest in kept})
    if copies:
        print(
            f"Fotos que son copia exacta de otra: {copies}; cada una quedó en la mitad de su original."
        )
    for file, half in zip(files_of(name), halves):
        counts = Counter(label for _, label, _ in half)
        print(
            f"{shown(folder / file)}: {len(half):,} imágenes; "
            + ", ".join(f"{counts[label]:,} de {label} = {classes[label]}" for label in (0, 1))
        )
    where = "" if folder == DATASETS else f', "{folder.as_posix()}"'
    print(
        f'Para usarlo, cambia en la sección 2 del cuaderno: datos = load_dataset("{name}"{where})'
    )
    print(f"o ejecútalo con la variable de entorno SMILE_DATASET={name}.")


# What both need


@contextlib.contextmanager
def _workshop(folder, name):
    """A hidden folder in ``folder`` to prepare files in; what a killed run left in it is removed.

    A full disk, or a folder that cannot be written to, becomes a DataError.
    """
    staging = _cleared(folder, name)
    try:
        staging.mkdir(parents=True)
        yield staging
    except OSError as error:
        problem = "el disco está lleno" if _is_full(error) else "no se puede escribir ahí"
        raise DataError(
            f"{shown(folder)}/: {problem}; lo que había sigue como estaba. Libera espacio o revisa "
            f"los permisos y vuelve a intentar. (Detalle: {type(error).__name__}: {error})"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _cleared(folder, name):
    """The path of that hidden folder, where nothing is any more."""
    staging = folder / f".{name}.tmp"
    shutil.rmtree(staging, ignore_errors=True)
    return staging


def _is_full(error):
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments=None):
    """Run the command line; exit with a sentence where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.data", description="Trae un conjunto de datos a datasets/."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="ORDEN")

    one = commands.add_parser("download", help="las fotos reales de Happy House, de Kaggle")
    one.add_argument(
        "source", nargs="?", metavar="RUTA", help="carpeta o zip que ya bajaste; si falta, Kaggle"
    )

    two = commands.add_parser("build", help="un conjunto con tus propias fotos")
    two.add_argument("source", metavar="CARPETA", help="carpeta con una subcarpeta por clase, dos")
    two.add_argument("--name", required=True, metavar="NOMBRE", help="cómo se llamará el conjunto")
    two.add_argument("--smiling", metavar="SUBCARPETA", help="la subcarpeta de las sonrisas")
    two.add_argument("--strict", action="store_true", help="detente en la primera foto ilegible")
    two.add_argument("--force", action="store_true", help="reemplaza el conjunto si ya existe")
    two.add_argument("--seed", type=int, default=1, help="semilla del reparto (%(default)s)")
    two.add_argument(
        "--test-share", type=float, default=0.2, help="fracción para probar (%(default)s)"
    )
    for command in (one, two):
        command.add_argument(
            "--folder", default=DATASETS, metavar="DESTINO", help="en lugar de datasets/"
        )
    if hasattr(sys.stdout, "reconfigure"):  # a photo's name may be more than the terminal can show
        sys.stdout.reconfigure(errors="backslashreplace")
    options = vars(parser.parse_args(arguments))
    action = {"download": download, "build": build}[options.pop("command")]
    try:
        action(**options)
    except (DataError, ImportError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrumpido: todo quedó como estaba.")
