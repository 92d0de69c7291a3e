"""Scores of a trained network, against numbers counted by hand and scikit-learn."""

import numpy as np
import pytest

from helpers import evaluation


def test_accuracy_counts_equal_labels():
    assert evaluation.accuracy([[1, 0, 1, 1]], [[1, 1, 1, 0]]) == 0.5


def test_confusion_matrix_has_a_row_per_true_class():
    matrix = evaluation.confusion_matrix([[1, 1, 1, 0, 0, 1]], [[0, 1, 1, 0, 1, 1]])
    np.testing.assert_array_equal(matrix, [[1, 1], [1, 3]])


def test_confusion_matrix_keeps_its_shape_with_one_class():
    np.testing.assert_array_equal(evaluation.confusion_matrix([[1]], [[1]]), [[0, 0], [0, 1]])


def test_confusion_matrix_equals_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="needs scikit-learn")
    random = np.random.RandomState(0)
    predictions, Y = random.randint(0, 2, (2, 1, 200))
    np.testing.assert_array_equal(
        evaluation.confusion_matrix(predictions, Y),
        metrics.confusion_matrix(Y.ravel(), predictions.ravel()),
    )


def test_worst_first_starts_with_the_surest_mistake():
    probabilities = np.array([[0.9, 0.2, 0.6, 0.1, 0.45]])
    Y = np.array([[1, 1, 0, 0, 1]])
    # Given to the own class: 0.9, 0.2, 0.4, 0.9, 0.45
    assert evaluation.worst_first(probabilities, Y).tolist() == [1, 2, 4, 0, 3]
