"""What downloading and building share: photographs become images, and images the two files."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import h5py
import numpy as np
from tqdm import tqdm

from helpers import faces
from helpers.files import shown, whole_file
from helpers.photos import pillow_warnings, read_photo

SIZE = 64  # pixels, the side of every image
LARGE = 1600  # pixels, the longest side of a photo in which faces are looked for
_CHUNK = 64  # images that HDF5 compresses together


def in_threads(function, items, description):
    """``function`` of each item, in order, with a bar; Pillow's warnings are as data wants them."""
    with pillow_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(function, item) for item in items]
        try:
            return [job.result() for job in tqdm(jobs, description, unit="foto")]
        finally:  # after an error or Ctrl-C nobody waits for the others
            pool.shutdown(wait=False, cancel_futures=True)


def face(source):
    """A photo's largest face, in its place, and how many there are; with none, its central square.

    source: as in helpers.data.load_photo. Returns (64, 64, 3) uint8, an int, and whether the photo
    lay on its side or head. Raises DataError, and ImportError where no detector is installed.
    """
    photo = read_photo(source, LARGE, crop=False)
    found = faces.find_faces(photo)
    if not found:
        return read_photo(source, SIZE), 0, False
    return faces.align(photo, found[0], SIZE), len(found), faces.quarter_turns(found[0]) > 0


def write_halves(folder, name, images, labels, parts, classes, split_id, numbers, aligned=False):
    """Write a data set's files in the course's layout, and print what they hold.

    Each is at every moment whole, the old one or the new, and while one cannot be written the old
    ones stay. Halves of two draws, as a run killed between the renames leaves, are no data set:
    load_dataset compares their split_id.

    images: (m, 64, 64, 3) uint8. labels: (m,) of 0 and 1. parts: "train" or "test" → index of its
        images. classes: the two classes' names. split_id: str, of the draw. numbers: name → (m,).
    aligned: whether the images are faces in their place (helpers.faces).

    Returns the paths. Raises DataError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{split}_{name}.h5" for split in parts]
    with ExitStack() as stack:
        for path, (split, part) in zip(paths, parts.items()):
            stream = io.BytesIO()  # in memory: a full disk would take down HDF5 and Python
            x = images[part]
            options = {"chunks": (min(len(x), _CHUNK), *x.shape[1:]), "compression": "gzip"}
            with h5py.File(stream, "w") as file:
                file.create_dataset(f"{split}_set_x", data=x, **options).attrs["aligned"] = aligned
                file[f"{split}_set_y"] = np.asarray(labels[part], np.int64)
                for key, values in numbers.items():
                    file[f"{split}_set_{key}"] = values[part]
                file["list_classes"] = np.array([name.encode() for name in classes])
                file["split_id"] = np.array([split_id.encode()])
            stack.enter_context(whole_file(path)).write_bytes(stream.getvalue())
    for path, part in zip(paths, parts.values()):
        counts = [f"{sum(labels[part] == k):,} de {k} = {name}" for k, name in enumerate(classes)]
        print(f"{shown(path)}: {len(labels[part]):,} imágenes; {', '.join(counts)}")
    return paths
