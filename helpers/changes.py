"""Images as they are, changed: what a network that learnt the ones may say of the others."""

from dataclasses import replace

import numpy as np
from scipy import ndimage


def altered(images):
    """Return name → ``images`` (m, h, w, 3) uint8 as they are, and in six ways not quite so.

    Where there are two sides, every other image goes to the right, and the rest to the left.
    """
    return {
        "como son": images,
        "más oscuras": (images * 0.5).astype(np.uint8),
        "3 píxeles a un lado": _both_ways(_moved, images, 3),
        "5 píxeles a un lado": _both_ways(_moved, images, 5),
        "giradas 15°": _both_ways(_turned, images, 15),
        "en espejo": images[:, :, ::-1],
        "en negativo": 255 - images,
    }


def _both_ways(change, images, size):
    changed = np.empty_like(images)
    changed[::2], changed[1::2] = change(images[::2], size), change(images[1::2], -size)
    return changed


def _moved(images, pixels):
    return ndimage.shift(images, (0, 0, pixels, 0), order=0, mode="nearest")


def _turned(images, degrees):
    return ndimage.rotate(images, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")


def half_negative(data):
    """Return the ``Dataset`` with half of the images of each half, drawn by lot, as negatives."""
    random = np.random.RandomState(0)

    def changed(images):
        negative = random.permutation(len(images)) % 2 == 1
        return np.where(negative[:, None, None, None], 255 - images, images)

    return replace(data, train_x=changed(data.train_x), test_x=changed(data.test_x))
