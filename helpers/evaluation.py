"""What a trained network is worth: accuracy and its margin, mistakes and their causes."""

from typing import NamedTuple

import numpy as np

Z_95 = 1.959964  # the standard normal's 97.5 % quantile


def accuracy(predictions, Y):
    """Return the fraction of predictions that equal the labels; both are (1, m) of 0 and 1."""
    return float(np.mean(np.asarray(predictions) == np.asarray(Y)))


def percent(fraction, decimals=1):
    """Return a fraction as Spanish writes it.

    >>> percent(0.96)
    '96.0 %'
    """
    return f"{100 * fraction:.{decimals}f} %"


def confusion_matrix(predictions, Y):
    """Count (2, 2) int64: row = true class, column = predicted class; both (1, m) of 0 and 1."""
    pairs = 2 * np.ravel(Y).astype(np.int64) + np.ravel(predictions).astype(np.int64)
    return np.bincount(pairs, minlength=4).reshape(2, 2)


def worst_first(probabilities, Y):
    """Return the indices (m,) of all examples, least probability for their own class first.

    ``probabilities`` (1, m) are those of class 1. The mistakes come first, the most confident of
    them leading; then the correct ones, the most doubtful of them leading.

    >>> worst_first([[0.9, 0.6, 0.2, 0.1]], [[1, 1, 1, 0]]).tolist()
    [2, 1, 0, 3]
    """
    for_own_class = np.where(np.ravel(Y) == 1, np.ravel(probabilities), 1 - np.ravel(probabilities))
    return np.argsort(for_own_class, kind="stable")


# -- Margins ---------------------------------------------------------------------------------------


def wilson_interval(successes, n):
    """Return the 95 % interval (low, high) of a proportion, ``successes`` of ``n``.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    >>> [round(end, 3) for end in wilson_interval(146, 150)]
    [0.933, 0.99]
    """
    if n == 0:
        return 0.0, 1.0
    p, z2 = successes / n, Z_95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def difference_interval(successes_1, n_1, successes_2, n_2):
    """Return the 95 % interval (low, high) of p_2 - p_1, two independent proportions.

    Newcombe (1998), "Interval estimation for the difference between independent proportions",
    method 10: the Wilson intervals of both, combined.
    """
    p_1, p_2 = successes_1 / n_1, successes_2 / n_2
    (low_1, high_1), (low_2, high_2) = (
        wilson_interval(successes_1, n_1),
        wilson_interval(successes_2, n_2),
    )
    difference = p_2 - p_1
    return (
        float(difference - np.hypot(p_2 - low_2, high_1 - p_1)),
        float(difference + np.hypot(high_2 - p_2, p_1 - low_1)),
    )


# -- Causes of error -------------------------------------------------------------------------------


class Bin(NamedTuple):
    """The images whose value lies in one quarter of the range."""

    median: float
    n: int
    errors: int


def error_bins(values, wrong, n_bins=4):
    """Count errors over ``values`` (m,), in bins of about equal numbers of images.

    ``wrong`` (m,) bool. Where many images share a value there are fewer bins, never an empty one.
    """
    values, wrong = np.asarray(values, dtype=np.float64), np.asarray(wrong, dtype=bool)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)))
    which = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    return [
        Bin(
            float(np.median(values[which == i])),
            int((which == i).sum()),
            int(wrong[which == i].sum()),
        )
        for i in np.unique(which)
    ]


def verdict(bins):
    """Return what the last bin's error rate says against the first's, in Spanish.

    "apoyada" and "al revés" where the 95 % interval of the difference leaves out 0; "muy pocos
    datos" where it is wider than 20 points; else "no apoyada".
    """
    first, last = bins[0], bins[-1]
    if len(bins) == 1:
        return "muy pocos datos"
    low, high = difference_interval(first.errors, first.n, last.errors, last.n)
    if low > 0:
        return "apoyada"
    if high < 0:
        return "al revés"
    return "muy pocos datos" if high - low > 0.20 else "no apoyada"


class Cause(NamedTuple):
    """How one class's error rate goes with one suspected cause."""

    bins: list
    verdict: str


def measure_causes(causes, wrong, Y):
    """Return name → the ``Cause`` of each class, from name → values (m,) and ``wrong`` (m,) bool.

    By class, labels ``Y`` (1, m): a cause that goes with the class, as an open mouth does with a
    smile, would else be blamed for the errors of the harder class.
    """
    classes = [np.ravel(Y) == label for label in (0, 1)]
    bins = {
        name: [error_bins(values[of], wrong[of]) for of in classes]
        for name, values in causes.items()
    }
    return {name: [Cause(b, verdict(b)) for b in both] for name, both in bins.items()}


def suspected_causes(images, attributes):
    """Return how much there is of each suspected cause in each image, name → (m,).

    Where ``attributes`` (name → (m,)) tell what was drawn, as in ``caras``, these are the original
    project's four suspects; posture is the distance from a centred, upright head, each part in units
    of its spread. Else it is what the pixels of ``images`` (m, h, w, 3) tell of them.
    """
    posture = ("tilt", "shift_x", "shift_y")
    if {"mouth_opening", "yaw", "darkness", *posture} <= attributes.keys():
        parts = [attributes[name] for name in posture]
        return {
            "boca abierta (0 a 1)": attributes["mouth_opening"],
            "ángulo de la cara (grados)": np.abs(attributes["yaw"]),
            "oscuridad (0 a 1)": attributes["darkness"],
            "postura (desviaciones)": np.linalg.norm(
                [p / max(p.std(), 1e-12) for p in parts], axis=0
            ),
        }
    grey = images.mean(axis=3) / 255
    return {
        "oscuridad (1 − brillo medio)": 1 - grey.mean(axis=(1, 2)),
        "asimetría (izquierda–derecha)": np.abs(grey - grey[:, :, ::-1]).mean(axis=(1, 2)),
    }


def occlusion_map(predict_proba, image, background, patch=8, stride=4):
    """Return (h, w): how much the log-odds of class 1 fall when the pixels around are covered.

    ``predict_proba`` takes images (m, h, w, 3) uint8; ``image`` and ``background``, what the cover
    looks like, are (h, w, 3) uint8. Zeiler & Fergus (2014), "Visualizing and understanding
    convolutional networks", section 4.2.
    """
    h, w, _ = image.shape
    corners = [
        (r, c) for r in range(0, h - patch + 1, stride) for c in range(0, w - patch + 1, stride)
    ]
    covered = np.repeat(image[None], len(corners), axis=0)
    for one, (r, c) in zip(covered, corners):
        one[r : r + patch, c : c + patch] = background[r : r + patch, c : c + patch]
    falls = _log_odds(predict_proba(image[None])) - _log_odds(predict_proba(covered))
    total, times = np.zeros((h, w)), np.zeros((h, w))
    for fall, (r, c) in zip(falls, corners):
        total[r : r + patch, c : c + patch] += fall
        times[r : r + patch, c : c + patch] += 1
    return total / np.maximum(times, 1)


def _log_odds(probabilities):
    p = np.clip(np.ravel(probabilities), 1e-12, 1 - 1e-12)
    return np.log(p / (1 - p))
