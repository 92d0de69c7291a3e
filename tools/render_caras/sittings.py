"""What a worker does: a person sits, all their photographs are taken, each is kept as it is done."""

import os
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from helpers.files import whole_file

NEGATIVES = Path(__file__).resolve().parents[2] / "reporte" / "caras"


def negative(person, photo):
    """Return where a photograph's rendered light is kept: its name follows all that made it."""
    light = repr((person, photo._replace(exposure=None, seed=None)))  # these are for developing
    return NEGATIVES / f"{photo.person:03}-{zlib.crc32(light.encode()):08x}.npz"


@cache
def studio(folder):
    """Return a worker's studio; Blender's chatter goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from tools.render_caras.mesh import Head
    from tools.render_caras.scene import Studio

    return Studio(Head(folder))


def shoot(folder, person, photos):
    """Render a person's photographs, and keep each as it is done."""
    studio(folder).receive(person)
    for photo in photos:
        light, landmarks, gap = studio(folder).shoot(photo)
        with whole_file(negative(person, photo)) as unfinished, open(unfinished, "wb") as file:
            np.savez(file, light=light.astype(np.float16), landmarks=landmarks, gap=gap)
