"""Images as they are, changed: what a network that learnt the ones may say of the others."""

from dataclasses import replace

import numpy as np
from scipy import ndimage


def altered(images):
    """Return name → ``images`` (m, h, w, 3) uint8 as they are, and in six ways not quite so."""
    turned = ndimage.rotate(images, 15, axes=(1, 2), reshape=False, order=1, mode="nearest")
    return {
        "como son": images,
        "más oscuras": (images * 0.5).astype(np.uint8),
        "3 píxeles a un lado": ndimage.shift(images, (0, 0, 3, 0), order=0, mode="nearest"),
        "5 píxeles a un lado": ndimage.shift(images, (0, 0, 5, 0), order=0, mode="nearest"),
        "giradas 15°": turned,
        "en espejo": images[:, :, ::-1],
        "en negativo": 255 - images,
    }


def half_negative(data):
    """Return the ``Dataset`` with half of the images of each half, drawn by lot, as negatives."""
    random = np.random.RandomState(0)

    def changed(images):
        negative = random.permutation(len(images)) % 2 == 1
        return np.where(negative[:, None, None, None], 255 - images, images)

    return replace(data, train_x=changed(data.train_x), test_x=changed(data.test_x))
