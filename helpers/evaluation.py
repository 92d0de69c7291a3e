"""What a trained network is worth: accuracy, confusion, and which examples it gets wrong."""

import numpy as np


def accuracy(predictions, Y):
    """Return the fraction of predictions that equal the labels; both are (1, m) of 0 and 1."""
    return float(np.mean(np.asarray(predictions) == np.asarray(Y)))


def confusion_matrix(predictions, Y):
    """Count (2, 2) int64: row = true class, column = predicted class; both (1, m) of 0 and 1."""
    pairs = 2 * np.ravel(Y).astype(np.int64) + np.ravel(predictions).astype(np.int64)
    return np.bincount(pairs, minlength=4).reshape(2, 2)


def worst_first(probabilities, Y):
    """Return the indices (m,) of all examples, least probability for their own class first.

    ``probabilities`` (1, m) are those of class 1. The mistakes come first, the most confident of
    them leading; then the correct ones, the most doubtful of them leading.
    """
    for_own_class = np.where(np.ravel(Y) == 1, np.ravel(probabilities), 1 - np.ravel(probabilities))
    return np.argsort(for_own_class, kind="stable")
