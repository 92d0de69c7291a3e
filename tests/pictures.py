"""Whether two pictures show the same: what no difference between Matplotlib's versions changes."""

import io
from base64 import b64decode

import numpy as np
from PIL import Image, ImageChops
from scipy import ndimage

WIDE, NEAR, SAME = 240, 9, 35


def apart(stored, fresh):
    """Return how far two pictures (base64, bytes or paths) are apart where they are most, 0 to 255.

    Both are cropped to what is drawn and seen from afar, so that letters are grey; each place may be
    found a 240th of the width away, for another version sets its words a little differently; and one
    pixel says nothing, only what is around it.
    """
    stored = _drawn(stored)
    wide, high = stored.size
    size = WIDE, round(WIDE * high / wide)
    a, b = (
        np.asarray(picture.resize(size, Image.Resampling.BOX), int)
        for picture in (stored, _drawn(fresh))
    )
    return max(_missing(a, b), _missing(b, a))


def _missing(a, b):
    """How much of ``a`` is not in ``b``, around the place where most is missing."""
    h, w, _ = a.shape
    around = np.pad(b, ((1, 1), (1, 1), (0, 0)), "edge")
    shifts = [around[y : y + h, x : x + w] for y in range(3) for x in range(3)]
    least = np.min([np.abs(a - shifted).max(axis=2) for shifted in shifts], axis=0)
    return float(ndimage.uniform_filter(least.astype(float), NEAR).max())


def _drawn(picture):
    if isinstance(picture, str):
        picture = b64decode(picture)
    picture = Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture).convert(
        "RGB"
    )
    return picture.crop(ImageChops.invert(picture).getbbox())
