"""Bring photographs of real people here: Happy House from Kaggle, GENKI-4K from its laboratory.

    python -m tools.download happy [PATH]
    python -m tools.download genki [PATH]

PATH is a folder, zip or tar with the files, for those who have them already.
"""

import argparse
import hashlib
import os
import re
import shutil
import tarfile
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from helpers.data import DATASETS, DataError, files_of, load_dataset, load_published, shown
from tools import staging

KAGGLE_HANDLE = "iarunava/happy-house-dataset"
GENKI_URLS = (
    "https://inc.ucsd.edu/mplab/398/media/genki4k.tar",
    "https://mplab.ucsd.edu/398/media/genki4k.tar",
)
# As another project records it (https://mplab.ucsd.edu/398/media/genki4k.tar, September 2026).
GENKI_SHA256 = "74776c0a3fac07f1cefc5d8acebf55a71fc870babc68c6b044a87d811b6de999"
GENKI_PHOTOS, GENKI_TRAIN, GENKI_SEED = 4000, 3000, 2026
_MAX_BYTES = 64 * 2**20  # of a file of Happy House, whose halves have some 7 and 2 MB
_MAX_PHOTO = 2**20  # bytes, of a file of GENKI-4K, which have up to 0.1 MB


# Happy House


def happy(source=None, folder=DATASETS):
    """Put the real Happy House into ``folder``, each file checked against its published hash.

    source: str or Path of a folder, zip or tar that holds train_happy.h5 and test_happy.h5, at any
        depth; without it both come from Kaggle, with kagglehub and no account.

    Returns the two paths. Raises ImportError if kagglehub is needed and missing, DataError for
    everything else; the files that were there are then still there.
    """
    folder, files = Path(folder), load_published()["files"]
    paths = [folder / name for name in files]
    wanted = {name: facts["git_blob_sha1"] for name, facts in files.items()}
    if all(path.is_file() and _git_hash(path) == wanted[path.name] for path in paths):
        staging.cleared(folder, "happy")  # a run killed after its last rename left it
        print(f"Happy House ya está completo en {shown(folder)}/.")
        return paths
    with staging.workshop(folder, "happy") as home:
        source = Path(source) if source else _from_kaggle(home / "kaggle")
        for name in files:
            _take(source, name, wanted[name], home / name)
        staging.put(home, folder, files)
    print(f"Listo: {' y '.join(files)} están en {shown(folder)}/. El cuaderno ya las usará.")
    return paths


def _from_kaggle(folder):
    """Let kagglehub download and unpack the data set into a new folder."""
    by_hand = (
        f"Otra manera: en https://www.kaggle.com/datasets/{KAGGLE_HANDLE} oprime «Download» y "
        "escribe «python -m tools.download happy RUTA», con la ruta del zip que bajaste."
    )
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")  # what it would say is in English
    try:
        import kagglehub
    except ImportError:
        raise ImportError(
            "Para bajar los datos hace falta el paquete kagglehub. Instálalo con "
            f"«{staging.PIP} kagglehub» y vuelve a intentar. {by_hand}"
        ) from None
    try:
        # A folder of our own: kagglehub keeps a broken archive in its cache and trusts it again.
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE, output_dir=str(folder)))
    except Exception as error:  # kagglehub's own, requests', zipfile's and the system's
        if staging.is_full(error):
            raise
        if isinstance(error, TypeError) and "output_dir" in str(error):
            problem = (
                f"Tu kagglehub ({getattr(kagglehub, '__version__', 'sin versión')}) es anterior al "
                f"que hace falta. Actualízalo con «{staging.PIP} --upgrade kagglehub»."
            )
        else:
            problem = _download_problem("Kaggle", error)
        raise DataError(f"{problem} {by_hand}") from error


def _download_problem(who, error):
    status = getattr(getattr(error, "response", None), "status_code", None)
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    detail = f"(Detalle: {type(error).__name__}: {' '.join(str(error).split())})"
    if status is not None:
        return f"{who} respondió con el error {status} y no entregó los datos. {detail}"
    if "ConnectionError" in kinds or "Timeout" in kinds:  # a proxy's refusal is one, too
        return (
            f"No pude conectarme con {who}. Revisa tu conexión a internet, o si tu red la bloquea, "
            f"y vuelve a intentar. {detail}"
        )
    return f"La descarga de {who} se cortó o llegó dañada: vuelve a intentar. {detail}"


def _take(source, name, wanted, copy):
    """Copy the file ``name`` whose git hash is ``wanted`` out of ``source`` to the path ``copy``."""
    found = []
    with _damage_as_data_error(source):
        for path, size, open_member in _members(source):
            if PurePosixPath(path).name != name:
                continue
            if size > _MAX_BYTES:
                found.append(f"{path} mide {size:,} bytes, demasiado")
                continue
            with open_member() as stream, open(copy, "wb") as file:
                shutil.copyfileobj(stream, file)
            if (content := _git_hash(copy)) == wanted:
                return
            found.append(f"{path} tiene el hash {content[:12]}…")
    raise DataError(
        f"No encontré el verdadero {name} en {source}: {'; '.join(found) or 'no está ahí'}; esperaba "
        f"el de Kaggle, con el hash {wanted[:12]}…. Descárgalo otra vez de "
        f"https://www.kaggle.com/datasets/{KAGGLE_HANDLE}."
    )


def _git_hash(path):
    """The SHA-1 by which git knows a file's content: of "blob <size>", a zero byte, the bytes."""
    start = f"blob {path.stat().st_size}\0".encode()
    return _hash(path, hashlib.sha1(start, usedforsecurity=False))


# GENKI-4K


class Faces(NamedTuple):
    """The faces of GENKI-4K, in the order of the draw that splits it: first those for training.

    images: (m, 64, 64, 3) uint8, faces in their place. labels: (m,) int64, 1 smiles.
    pose: (m, 3) float64, yaw, pitch and roll in degrees. names: m str, like "file0001.jpg".
    found: (m,) bool, whether a face was found; else the image is the photo's central square.
    """

    images: np.ndarray
    labels: np.ndarray
    pose: np.ndarray
    names: list[str]
    found: np.ndarray


def genki(source=None, folder=DATASETS):
    """Write train_genki.h5 and test_genki.h5, aligned faces of GENKI-4K with their pose.

    source: str or Path of a folder, zip or tar that holds labels.txt and files/file0001.jpg …
        file4000.jpg, at any depth; without it the laboratory's tar is downloaded, with pooch.
        Where only the 3,000 photos for training are there, only their half is written.

    Returns the paths written. Raises ImportError if a package is missing, DataError for everything
    else; the files that were there are then still there.
    """
    folder = Path(folder)
    if source is None and _is_there("genki", folder):
        return [folder / file for file in files_of("genki")]
    with staging.workshop(folder, "genki") as home:
        source = Path(source) if source else _from_laboratory(home)
        if source.is_file():
            found = _hash(source, hashlib.sha256())
            same = "el que otro proyecto registró" if found == GENKI_SHA256 else "otro"
            print(f"SHA-256 de {source.name}: {same} ({found[:12]}…).")
        faces, classes = genki_faces(source), ["no sonríe", "sonríe"]
        m = len(faces.images)
        print(
            f"Comprobé el contenido: {m:,} fotos legibles y las {GENKI_PHOTOS:,} líneas de "
            "labels.txt, cada una con sonrisa 0 o 1 y tres ángulos."
        )
        halves = {files_of("genki")[0]: slice(GENKI_TRAIN)}
        if m > GENKI_TRAIN:
            halves[files_of("genki")[1]] = slice(GENKI_TRAIN, m)
        for file, part in halves.items():
            pose = dict(zip(("yaw", "pitch", "roll"), faces.pose[part].T))
            rule = f"RandomState({GENKI_SEED}).permutation({GENKI_PHOTOS})"
            images, labels = faces.images[part], faces.labels[part]
            staging.write_half(home / file, images, labels, classes, rule, True, pose)
        staging.put(home, folder, halves)
    if lost := [name for name, found in zip(faces.names, faces.found) if not found]:
        print(f"Sin cara que el detector viera: {', '.join(lost)}; quedó su cuadrado central.")
    for file, part in halves.items():
        staging.tell_half(folder / file, faces.labels[part], classes)
    if len(halves) == 1:
        print(
            "Falta la mitad de prueba: en lo que me diste solo están las 3,000 fotos para entrenar. "
            "Con ellas puedes entrenar y comparar con validación cruzada, pero no medir con fotos "
            "nunca vistas, y load_dataset pide las dos mitades. El archivo completo llega con "
            "«python -m tools.download genki»."
        )
    print("Los ángulos (yaw, pitch, roll) quedaron en grados. Si publicas algo, cita:")
    print("http://mplab.ucsd.edu, The MPLab GENKI-4K Dataset.")
    return [folder / file for file in halves]


def genki_faces(source):
    """Read GENKI-4K out of a folder, zip or tar and find each photo's face; return ``Faces``.

    The photos must be all 4,000 or the first 3,000 of the draw; raises DataError for anything
    else, and ImportError where no face detector is installed.
    """
    source, order = Path(source), np.random.RandomState(GENKI_SEED).permutation(GENKI_PHOTOS)
    files = _genki_files(source)
    table = _genki_table(source, files.get("labels.txt"))
    names = [f"file{i + 1:04}.jpg" for i in order]
    m = GENKI_TRAIN if not set(names[GENKI_TRAIN:]) & set(files) else GENKI_PHOTOS
    if missing := sorted(set(names[:m]) - set(files)):
        raise DataError(
            f"{source}: faltan {len(missing):,} de las {m:,} fotos de GENKI-4K, como "
            f"files/{missing[0]}; esperaba todas, o las {GENKI_TRAIN:,} para entrenar. Descárgalo "
            "otra vez con «python -m tools.download genki»."
        )

    def face(name):
        try:
            return staging.face(files[name])
        except DataError as error:
            raise DataError(f"{source}, files/{name}: {error}") from error

    done = staging.in_threads(face, names[:m], "Buscando caras")
    table = table[order[:m]]
    images, found = np.stack([image for image, _ in done]), np.array([n > 0 for _, n in done])
    return Faces(images, table[:, 0].astype(np.int64), np.degrees(table[:, 1:]), names[:m], found)


def _genki_files(source):
    """The bytes of labels.txt and of every photo: name → bytes."""
    files = {}
    with _damage_as_data_error(source):
        for path, size, open_member in _members(source):
            name = PurePosixPath(path).name
            if not re.fullmatch(r"labels\.txt|file\d{4}\.jpg", name):
                continue
            if size > _MAX_PHOTO:
                raise DataError(f"{source}, {path}: mide {size:,} bytes; esperaba a lo más 1 MB.")
            with open_member() as stream:
                raw = stream.read()
            if files.setdefault(name, raw) != raw:
                raise DataError(
                    f"{source}: encontré dos {name} distintos, el segundo en {path}; dame la "
                    "carpeta o el archivo de GENKI-4K solo."
                )
    return files


def _genki_table(source, raw):
    """Smile, yaw, pitch and roll of every photo, (4000, 4) float64."""
    try:
        table = np.array([line.split() for line in (raw or b"").splitlines()], np.float64)
    except ValueError as error:  # a word, or lines of different lengths
        found = f"algo que no es una tabla de números ({error})"
    else:
        found = f"una tabla de números de forma {table.shape}" if raw else "nada"
        if table.shape == (GENKI_PHOTOS, 4):
            found = "sonrisas que no son 0 ni 1, o ángulos de más de media vuelta"
            if np.isin(table[:, 0], (0, 1)).all() and (np.abs(table) <= np.pi).all():
                return table
    raise DataError(
        f"{source}, labels.txt: encontré {found}; esperaba {GENKI_PHOTOS:,} líneas de GENKI-4K, cada "
        "una con sonrisa (0 o 1), yaw, pitch y roll en radianes. Descárgalo otra vez con "
        "«python -m tools.download genki»."
    )


def _is_there(name, folder):
    """Whether both halves are in ``folder`` and load; says so."""
    try:
        load_dataset(name, folder)
    except DataError:
        return False
    print("No hay nada que bajar; para traerlo otra vez, borra antes sus dos archivos.")
    return True


def _from_laboratory(folder):
    """Download GENKI-4K's tar into a folder, from the first address that answers."""
    by_hand = (
        f"Otra manera: baja genki4k.tar con el navegador, de {GENKI_URLS[0]} o de otro lugar, y "
        "escribe «python -m tools.download genki RUTA»; de lo bajado así se comprueba el contenido."
    )
    try:
        import pooch
    except ImportError:
        raise ImportError(
            "Para bajar los datos hace falta el paquete pooch. Instálalo con "
            f"«{staging.PIP} pooch» y vuelve a intentar. {by_hand}"
        ) from None
    pooch.get_logger().setLevel("ERROR")  # what it would say is in English
    problems = []
    for url in GENKI_URLS:
        file, host = PurePosixPath(url).name, PurePosixPath(url).parts[1]
        desk = pooch.create(
            folder, "", registry={file: GENKI_SHA256}, urls={file: url}, retry_if_failed=2
        )
        try:
            return Path(desk.fetch(file, progressbar=True))
        except Exception as error:  # pooch's own, requests' and the system's
            if staging.is_full(error):
                raise
            problems.append(_download_problem(host, error))
    raise DataError(f"{' '.join(problems)} {by_hand}")


# What both need


def _members(source):
    """Every file in a folder, zip or tar: its path there, its bytes, how to open it."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield path.as_posix(), path.stat().st_size, partial(open, path, "rb")
    elif source.is_file() and tarfile.is_tarfile(source):  # which may hold a zip, as it is
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isreg():
                    yield member.name, member.size, partial(archive.extractfile, member)
    elif source.is_file() and zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                yield member.filename, member.file_size, partial(archive.open, member)
    else:
        what = "un archivo de otro tipo" if source.exists() else "nada con ese nombre"
        raise DataError(f"{source}: encontré {what}; esperaba una carpeta, un zip o un tar.")


@contextmanager
def _damage_as_data_error(source):
    """A damaged archive, or one under a password, raises almost anything."""
    try:
        yield
    except Exception as error:
        if isinstance(error, DataError) or staging.is_full(error):
            raise
        raise DataError(
            f"No pude leer {source}: está incompleto, dañado o bajo contraseña; descárgalo otra "
            f"vez. (Detalle: {type(error).__name__}: {error})"
        ) from error


def _hash(path, digest):
    with open(path, "rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def main(arguments=None):
    """Run the command line; exit with a sentence where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.download", description="Trae fotos de personas reales a datasets/."
    )
    parser.add_argument(
        "dataset",
        choices=["happy", "genki"],
        metavar="CONJUNTO",
        help="happy (Happy House, de Kaggle) o genki (GENKI-4K, de su laboratorio)",
    )
    parser.add_argument(
        "source",
        nargs="?",
        metavar="RUTA",
        help="carpeta, zip o tar que ya bajaste; si falta, se baja",
    )
    parser.add_argument(
        "--folder", default=DATASETS, metavar="DESTINO", help="en lugar de datasets/"
    )
    options = parser.parse_args(arguments)
    with staging.sentences():
        {"happy": happy, "genki": genki}[options.dataset](options.source, options.folder)


if __name__ == "__main__":
    main()
