"""What downloading and building share: photographs become images, and images the two files."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock

import h5py
import numpy as np
from tqdm import tqdm

from helpers import faces
from helpers.files import shown, whole_file
from helpers.photos import pillow_warnings, read_photo

SIZE = 64  # pixels, the side of every image
LARGE = 1600  # pixels, the longest side of a photo in which faces are looked for
_ONE_AT_A_TIME = Lock()  # threads share the detector
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
    with _ONE_AT_A_TIME:
        found = faces.find_faces(photo)
    if not found:
        return read_photo(source, SIZE), 0, False
    return faces.align(photo, found[0], SIZE), len(found), faces.quarter_turns(found[0]) > 0


def write_halves(folder, name, halves, classes, split_id, aligned=False):
    """Write a data set's files in the course's layout, and print what they hold.

    Each is at every moment whole, the old one or the new, and while one cannot be written the old
    ones stay. Halves of two draws, as a run killed between the renames leaves, are no data set:
    load_dataset compares their split_id.

    halves: "train" or "test" → images (m, 64, 64, 3) uint8, labels (m,) of 0 and 1, and a dict of
        further numbers (m,). classes: the two classes' names. split_id: str, of the draw.
    aligned: whether the images are faces in their place (helpers.faces).

    Returns the paths. Raises DataError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{split}_{name}.h5" for split in halves]
    with ExitStack() as stack:
        for path, (split, (images, labels, numbers)) in zip(paths, halves.items()):
            stream = io.BytesIO()  # in memory: a full disk would take down HDF5 and Python
            with h5py.File(stream, "w") as file:
                chunks = (min(len(images), _CHUNK), *images.shape[1:])
                x = file.create_dataset(
                    f"{split}_set_x", data=images, chunks=chunks, compression="gzip"
                )
                x.attrs["aligned"] = aligned
                file[f"{split}_set_y"] = np.asarray(labels, np.int64)
                for key, values in numbers.items():
                    file[f"{split}_set_{key}"] = values
                file["list_classes"] = np.array([name.encode() for name in classes])
                file["split_id"] = np.array([split_id.encode()])
            stack.enter_context(whole_file(path)).write_bytes(stream.getvalue())
    for path, (_, labels, _) in zip(paths, halves.values()):
        counts = [f"{sum(labels == k):,} de {k} = {name}" for k, name in enumerate(classes)]
        print(f"{shown(path)}: {len(labels):,} imágenes; {', '.join(counts)}")
    return paths
