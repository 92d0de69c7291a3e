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


@pytest.mark.parametrize("n", [1, 10, 150])
def test_wilson_interval_solves_its_own_equation(n):
    """Its ends are the proportions p at which the observed one lies 1.96 standard errors away."""
    for successes in range(n + 1):
        for p in evaluation.wilson_interval(successes, n):
            distance = abs(successes / n - p)
            assert distance == pytest.approx(1.959964 * np.sqrt(p * (1 - p) / n), abs=1e-7)


def test_difference_interval_of_the_published_example():
    """Newcombe (1998), table II, column (a), method 10: 56 of 70 against 48 of 80."""
    low, high = evaluation.difference_interval(48, 80, 56, 70)
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_error_bins_share_the_images_out_and_lose_none():
    values = np.arange(100.0)
    bins = evaluation.error_bins(values, values >= 90)
    assert [b.n for b in bins] == [25, 25, 25, 25]
    assert [b.errors for b in bins] == [0, 0, 0, 10]
    assert [b.median for b in bins] == [12, 37, 62, 87]


def test_error_bins_of_repeated_values_are_fewer_but_never_empty():
    bins = evaluation.error_bins([0] * 70 + [1] * 30, [True] * 100)
    assert sum(b.n for b in bins) == 100
    assert all(b.n for b in bins)
    assert [b.n for b in evaluation.error_bins([3, 3, 3], [0, 1, 0])] == [3]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ((5, 150), (30, 150), "apoyada"),
        ((30, 150), (5, 150), "al revés"),
        ((6, 150), (7, 150), "no apoyada"),
        ((1, 8), (2, 8), "muy pocos datos"),
    ],
)
def test_verdicts(first, last, expected):
    bins = [evaluation.Bin(0.5, n, errors) for errors, n in (first, last)]
    assert evaluation.verdict(bins) == expected


def test_a_single_bin_says_nothing():
    assert evaluation.verdict([evaluation.Bin(0.5, 10, 2)]) == "muy pocos datos"


def test_a_cause_that_goes_with_the_class_is_not_blamed_for_the_harder_class():
    random = np.random.RandomState(0)
    Y = np.arange(1600)[None] % 2
    wrong = (Y[0] == 1) & (random.rand(1600) < 0.2)  # smiles are hard, whatever the mouth
    mouth = Y[0] + random.rand(1600)
    assert evaluation.verdict(evaluation.error_bins(mouth, wrong)) == "apoyada"
    (found,) = evaluation.measure_causes({"boca": mouth}, wrong, Y).values()
    assert [cause.verdict for cause in found] == ["no apoyada", "no apoyada"]
    assert [sum(b.n for b in cause.bins) for cause in found] == [800, 800]


def test_pixel_causes_measure_darkness_and_asymmetry():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[1, :, :2] = 255
    dark, crooked = evaluation.suspected_causes(images, {"person": np.arange(2)}).values()
    assert dark.tolist() == [1.0, 0.5]
    assert crooked.tolist() == [0.0, 1.0]


def test_posture_is_upright_and_centred_at_zero():
    attributes = {name: np.array([0.0, 2.0]) for name in ("tilt", "shift_x", "shift_y")}
    attributes |= {
        "mouth_opening": np.zeros(2),
        "yaw": np.array([-9.0, 4.0]),
        "darkness": np.ones(2),
    }
    causes = list(evaluation.suspected_causes(None, attributes).values())
    assert causes[1].tolist() == [9, 4]
    assert causes[3][0] == 0 < causes[3][1]


def test_the_occlusion_map_finds_the_pixels_that_decide():
    image = np.full((16, 16, 3), 200, np.uint8)

    def judge(images):  # only the lower right corner counts
        return 1 / (1 + np.exp(-(images[:, 12:, 12:].mean(axis=(1, 2, 3)) - 100) / 50))

    found = evaluation.occlusion_map(judge, image, np.zeros_like(image), patch=4, stride=4)
    assert found[14, 14] > 1
    assert np.abs(found[:12]).max() == 0
