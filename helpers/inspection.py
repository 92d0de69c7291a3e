"""Looking into a trained network: what its units do, what they learnt, which pixels move it."""

import itertools
from collections import namedtuple
from functools import reduce

import numpy as np
from scipy import special

from helpers import network

# Per hidden layer (n_l,), the share of the images for which each unit is on; the answer that most
# images share, to the last digit, that of a layer wholly off; and how many do.
Activity = namedtuple("Activity", "on pile n_pile")


def activity(X, parameters):
    """Return the ``Activity`` of a ReLU network over the images in the columns of ``X`` (n_0, m)."""
    AL, caches = network.L_model_forward(X, parameters)
    on = [np.mean(Z > 0, axis=1) for _, Z in caches[:-1]]
    answers, counts = np.unique(AL, return_counts=True)
    return Activity(on, float(answers[counts.argmax()]), int(counts.max()))


def look(X, states, n, with_start=False):
    """Return what one sees of a training, of which ``states`` are the parameters, moment by moment.

    That is which ``n`` units of the first layer move the answer most in the end, by the weights that
    follow and the spread over the images in the columns of ``X``. And what these have learnt,
    (moments, n, h, w): positive where a lighter pixel pushes towards class 1. In the first of the
    states that is nothing; with ``with_start`` the weights that it starts from stand there.
    """
    start, end = states[0], states[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        path = reduce(np.matmul, [end[f"W{l}"] for l in range(len(end) // 2, 1, -1)])[0]
        A1, _ = network.linear_activation_forward(X, end["W1"], end["b1"], "relu")
        units = np.argsort(-np.abs(path) * A1.std(axis=1), kind="stable")[:n]
    learnt = np.array([p["W1"][units] - start["W1"][units] for p in states])
    if with_start:
        learnt[0] = start["W1"][units]
    side = round((len(X) / 3) ** 0.5)
    signs = np.sign(path[units])[:, np.newaxis]
    return units, (signs * learnt).reshape(len(states), n, side, side, 3).mean(axis=4)


def occlusion_map(predict_proba, image, background, patch, stride):
    """Return (h, w): how much the log-odds of class 1 fall when the pixels around are covered.

    ``predict_proba`` takes images (m, h, w, 3) uint8; ``image`` and ``background``, what covers it:
    (h, w, 3) uint8. Zeiler & Fergus (2014), "Visualizing and understanding convolutional networks".
    """
    h, w, _ = image.shape
    rows, columns = (np.arange(0, side - patch + 1, stride) for side in (h, w))
    covers = np.zeros((len(rows) * len(columns), h, w), bool)
    for cover, (r, c) in zip(covers, itertools.product(rows, columns)):
        cover[r : r + patch, c : c + patch] = True
    shown = np.concatenate([image[None], np.where(covers[..., None], background, image)])
    whole, *covered = special.logit(np.clip(predict_proba(shown).ravel(), 1e-12, 1 - 1e-12))
    return np.tensordot(whole - covered, covers, 1) / np.maximum(covers.sum(axis=0), 1)
