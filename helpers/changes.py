"""Images as they are, changed: what a network that learnt the ones may say of the others."""

from dataclasses import replace

import numpy as np
from scipy import ndimage


def altered(images):
    """Return name → ``images`` (m, h, w, 3) uint8 as they are, and in six ways not quite so.

    Where there are two sides, every other image goes to the right, and the rest to the left.
    """

    def moved(images, pixels):
        return ndimage.shift(images, (0, 0, pixels, 0), order=0, mode="nearest")

    def turned(images, degrees):
        return ndimage.rotate(images, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")

    def both_ways(change, size):
        changed = np.empty_like(images)
        changed[::2], changed[1::2] = change(images[::2], size), change(images[1::2], -size)
        return changed

    return {
        "como son": images,
        "más oscuras": images // 2,
        "3 píxeles a un lado": both_ways(moved, 3),
        "5 píxeles a un lado": both_ways(moved, 5),
        "giradas 15°": both_ways(turned, 15),
        "en espejo": images[:, :, ::-1],
        "en negativo": 255 - images,
    }


def half_negative(data):
    """Return the ``Dataset`` with half of the images of each half, drawn by lot, as negatives."""
    random, changed = np.random.RandomState(0), {}
    for half in ("train_x", "test_x"):
        images = getattr(data, half)
        negative = random.permutation(len(images)) % 2 == 1
        changed[half] = np.where(negative[:, None, None, None], 255 - images, images)
    return replace(data, **changed)
