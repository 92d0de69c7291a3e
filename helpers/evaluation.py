"""What a trained network is worth: accuracy and its margin, mistakes and their causes."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import ndimage, stats
from sklearn import metrics

from helpers import network


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
    return metrics.confusion_matrix(np.ravel(Y), np.ravel(predictions), labels=[0, 1])


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

    >>> [round(end, 3) for end in wilson_interval(146, 150)]
    [0.933, 0.99]
    """
    interval = stats.binomtest(int(successes), int(n)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def with_interval(right):
    """Return the share of ``right`` (m,) bool and its 95 % interval, in Spanish.

    >>> with_interval([True] * 146 + [False] * 4)
    '97.3 % (146 de 150; intervalo de 95 %: 93.3 a 99.0 %)'
    """
    k, n = int(np.sum(right)), np.size(right)
    low, high = wilson_interval(k, n)
    return f"{percent(k / n)} ({k} de {n}; intervalo de 95 %: {100 * low:.1f} a {percent(high)})"


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


def main_cause(causes):
    """Return the name and the class (0 or 1) under which the error rate changes most.

    ``causes`` as ``measure_causes`` returns them. Most: by the distance from 0 of the nearer end of
    the 95 % interval of last bin minus first; a supported cause comes before any other.
    """

    def strength(bins):
        first, last = bins[0], bins[-1]
        low, high = difference_interval(first.errors, first.n, last.errors, last.n)
        return max(low, -high)

    each = [(name, label) for name in causes for label in (0, 1)]
    return max(each, key=lambda of: strength(causes[of[0]][of[1]].bins))


ANGLES = {
    "yaw": "cara de lado (grados)",
    "pitch": "cara hacia arriba o abajo (grados)",
    "roll": "cabeza ladeada (grados)",
    "tilt": "cabeza ladeada (grados)",
}


def suspected_causes(images, attributes):
    """Return how much there is of each suspected cause in each image, name → (m,).

    The original project's four suspects, mouth, angle, darkness and posture: from ``attributes``
    (name → (m,)) what is known of each image, and from the pixels of ``images`` (m, h, w, 3) uint8
    how dark it is.
    """
    causes = {"oscuridad (1 − brillo medio)": 1 - images.mean(axis=(1, 2, 3)) / 255}
    if "mouth_opening" in attributes:
        causes["boca abierta (0 a 1)"] = attributes["mouth_opening"]
    return causes | {
        name: np.abs(attributes[key]) for key, name in ANGLES.items() if key in attributes
    }


# -- Looking into the network ----------------------------------------------------------------------


class Activity(NamedTuple):
    """What the units of a network do, over a set of images."""

    on: list  # per hidden layer: (n_l,), the share of the images for which each unit is on
    pile: float  # the answer that most images share, to six decimals
    n_pile: int  # how many do


def activity(X, parameters):
    """Return the ``Activity`` of a ReLU network over the images in the columns of ``X`` (n_0, m)."""
    AL, caches = network.L_model_forward(X, parameters)
    answers, counts = np.unique(AL.round(6), return_counts=True)
    most = int(counts.argmax())
    on = [np.mean(Z > 0, axis=1) for _, Z in caches[:-1]]
    return Activity(on, float(answers[most]), int(counts[most]))


def altered(images):
    """Return name → ``images`` (m, h, w, 3) uint8 as they are, and in six ways not quite so."""
    turned = ndimage.rotate(images, 15, axes=(1, 2), reshape=False, order=1, mode="nearest")
    return {
        "como son": images,
        "más oscuras": (images * 0.5).astype(np.uint8),
        "3 píxeles a un lado": _shifted(images, 3),
        "5 píxeles a un lado": _shifted(images, 5),
        "giradas 15°": turned,
        "en espejo": images[:, :, ::-1],
        "en negativo": 255 - images,
    }


def half_negative(data, seed=0):
    """Return the ``Dataset`` with half of the images of each half, drawn by ``seed``, as negatives."""
    random = np.random.RandomState(seed)

    def changed(images):
        negative = random.permutation(len(images)) % 2 == 1
        return np.where(negative[:, None, None, None], 255 - images, images)

    return replace(data, train_x=changed(data.train_x), test_x=changed(data.test_x))


def _shifted(images, pixels):
    """Return ``images`` moved to the right; the left edge is repeated."""
    return np.pad(images, ((0, 0), (0, 0), (pixels, 0), (0, 0)), mode="edge")[:, :, :-pixels]


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
