"""What a trained network is worth: accuracy and its margin, mistakes and their causes."""

from collections import namedtuple

import numpy as np
from scipy import stats
from sklearn import metrics


def accuracy(predictions, Y):
    """Return the fraction of predictions that equal the labels; both are (1, m) of 0 and 1."""
    return float(np.mean(np.asarray(predictions) == np.asarray(Y)))


def percent(fraction, decimals=1):
    """Return a fraction as Spanish writes it: 0.96 as '96.0 %'."""
    return f"{100 * fraction:.{decimals}f} %"


def confusion_matrix(predictions, Y):
    """Count (2, 2) int64: row = true class, column = predicted class; both (1, m) of 0 and 1."""
    return metrics.confusion_matrix(np.ravel(Y), np.ravel(predictions), labels=[0, 1])


def worst_first(probabilities, Y):
    """Return the indices (m,) of all examples, least probability for their own class first.

    ``probabilities`` (1, m) of class 1. So the mistakes lead, the most confident of them first.
    """
    p = np.ravel(probabilities)
    return np.argsort(np.where(np.ravel(Y) == 1, p, 1 - p), kind="stable")


def wilson_interval(successes, n):
    """Return the 95 % interval (low, high) of a proportion, ``successes`` of ``n``."""
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
    (low_1, high_1), (low_2, high_2) = map(wilson_interval, (successes_1, successes_2), (n_1, n_2))
    below, above = np.hypot(p_2 - low_2, high_1 - p_1), np.hypot(high_2 - p_2, p_1 - low_1)
    return float(p_2 - p_1 - below), float(p_2 - p_1 + above)


def paired(right_1, right_2):
    """Compare two classifiers on the same examples; both (m,) bool, right or not.

    Returns how many only the first gets right, how many only the second, and the exact two-sided p
    of McNemar (1947): how often a fair coin would share out the discordant ones as unevenly.
    """
    first, second = np.ravel(right_1).astype(bool), np.ravel(right_2).astype(bool)
    only_1, only_2 = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n = only_1 + only_2
    return only_1, only_2, float(stats.binomtest(only_1, n).pvalue) if n else 1.0


def compared(name_1, right_1, name_2, right_2):
    """Say what ``paired`` finds, in Spanish."""
    only_1, only_2, p = paired(right_1, right_2)
    says = "una diferencia que el azar no explica" if p < 0.05 else "el azar basta para explicarlo"
    count = f"solo acierta {name_1}: {only_1}; solo acierta {name_2}: {only_2}"
    return f"{count}; p = {p:.2g} (McNemar): {says}"


CAUSES = {
    "mouth_opening": "boca abierta (0 a 1)",
    "yaw": "cara de lado (grados)",
    "pitch": "cara hacia arriba o abajo (grados)",
    "roll": "cabeza ladeada (grados)",
    "tilt": "cabeza ladeada (grados)",
}


# Images that have something in common; their class, where all share it.
Group = namedtuple("Group", "name n errors label")
# Those whose value lies in one quarter of the range.
Bin = namedtuple("Bin", "median n errors")


def error_groups(wrong, Y, attributes, classes):
    """Count errors by what is known of the images; the ``Group`` of the highest rate comes first.

    Of those of the same rate the larger ones come last: 0 of 60 say more than 0 of 6. By gesture
    where the set names it, else by how far the head is turned, in quarters; by class where neither
    is known. ``wrong`` (m,) bool; ``Y`` (1, m); ``attributes`` name → (m,).
    """
    kinds = attributes.get("kind", np.array(0))
    if kinds.dtype.kind == "U":  # older files have numbers without names
        groups = {str(kind): kinds == kind for kind in np.unique(kinds)}
    elif "yaw" in attributes:
        turned = np.abs(attributes["yaw"])
        groups = {f"{low:.0f} a {high:.0f}° de lado": of for low, high, of in _quarters(turned)}
    else:
        groups = {name: np.ravel(Y) == label for label, name in enumerate(classes)}
    found = []
    for name, of in groups.items():
        label, *others = np.unique(np.ravel(Y)[of]).tolist()
        found.append(Group(name, int(of.sum()), int(wrong[of].sum()), None if others else label))
    return sorted(found, key=lambda group: (-group.errors / group.n, group.n))


def error_bins(values, wrong):
    """Count errors over ``values`` (m,), quarter by quarter; ``wrong`` (m,) bool."""
    values, wrong = np.asarray(values), np.asarray(wrong)
    quarters = [of for _, _, of in _quarters(values)]
    return [Bin(np.median(values[of]), int(of.sum()), int(wrong[of].sum())) for of in quarters]


def _quarters(values):
    """Return each quarter's ends and images, (m,) bool: fewer than four where many share a value."""
    edges = np.quantile(values, (0, 0.25, 0.5, 0.75, 1))
    which = np.digitize(values, edges[1:-1])
    return [(edges[i], edges[i + 1], which == i) for i in np.unique(which)]


def support(bins):
    """Return what the last bin's error rate says against the first's, in Spanish.

    "apoyada" and "al revés" where the 95 % interval of the difference leaves out 0; "muy pocos
    datos" where it is wider than 20 points; else "no apoyada".
    """
    (_, n_1, errors_1), (_, n_2, errors_2) = bins[0], bins[-1]
    low, high = difference_interval(errors_1, n_1, errors_2, n_2)
    if low > 0 or high < 0:
        return "apoyada" if low > 0 else "al revés"
    return "muy pocos datos" if len(bins) == 1 or high - low > 0.20 else "no apoyada"


def suspected_causes(images, attributes):
    """Return how much there is of each suspected cause in each image, name → (m,).

    The original project's suspects: how dark the pixels of ``images`` (m, h, w, 3) uint8 are, and,
    as far as ``attributes`` (name → (m,)) know them, mouth, angle and posture.
    """
    dark = {"oscuridad (1 − brillo medio)": 1 - images.mean(axis=(1, 2, 3)) / 255}
    known = [key for key in CAUSES if key in attributes]
    return dark | {CAUSES[key]: np.abs(attributes[key]) for key in known}  # to either side


def suspicions(causes, wrong, Y, classes):
    """Yield a line of Spanish per suspected cause: each class's errors, quarter by quarter.

    ``causes`` name → values (m,); ``wrong`` (m,) bool; ``Y`` (1, m). By class: a cause that goes with
    it, as an open mouth with a smile, would else be blamed for the errors of the harder class.
    """
    for name, values in causes.items():
        parts = []
        for label, class_name in enumerate(classes):
            of = np.ravel(Y) == label
            bins = error_bins(values[of], wrong[of])
            rates = " · ".join(f"{100 * b.errors / b.n:.0f}" for b in bins)
            parts.append(f"{class_name}: {rates} %, {support(bins)}")
        yield f"{name.partition(' (')[0]}\n  " + "\n  ".join(parts)
