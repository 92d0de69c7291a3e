"""Scores of a trained network, against numbers counted by hand and scikit-learn."""

import math

import numpy as np
import pytest

from helpers import changes, evaluation, inspection


def test_accuracy_and_confusion_matrix_count_labels():
    assert evaluation.accuracy([[1, 0, 1, 1]], [[1, 1, 1, 0]]) == 0.5
    matrix = evaluation.confusion_matrix([[1, 1, 1, 0, 0, 1]], [[0, 1, 1, 0, 1, 1]])
    np.testing.assert_array_equal(matrix, [[1, 1], [1, 3]])  # a row per true class
    np.testing.assert_array_equal(evaluation.confusion_matrix([[1]], [[1]]), [[0, 0], [0, 1]])


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
            assert distance == pytest.approx(1.959964 * np.sqrt(p * (1 - p) / n), abs=1e-6)


def test_difference_interval_of_the_published_example():
    """Newcombe (1998), table II, column (a), method 10: 56 of 70 against 48 of 80."""
    low, high = evaluation.difference_interval(48, 80, 56, 70)
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_error_bins_share_the_images_out_and_lose_none():
    values = np.arange(100.0)
    bins = evaluation.error_bins(values, values >= 90)
    assert bins == [(12, 25, 0), (37, 25, 0), (62, 25, 0), (87, 25, 10)]
    assert evaluation.error_bins([0] * 70 + [1] * 30, [True] * 100) == [(0, 70, 70), (1, 30, 30)]
    assert evaluation.error_bins([3, 3, 3], [0, 1, 0]) == [(3, 3, 1)]


def test_support():
    for n, errors, expected in [
        (150, (5, 30), "apoyada"),
        (150, (30, 5), "al revés"),
        (150, (6, 7), "no apoyada"),
        (8, (1, 2), "muy pocos datos"),
        (1000, (2,), "muy pocos datos"),
    ]:
        assert evaluation.support([evaluation.Bin(0.5, n, wrong) for wrong in errors]) == expected


def test_a_cause_that_goes_with_the_class_is_not_blamed_for_the_harder_class():
    random = np.random.RandomState(0)
    Y = np.arange(1600)[None] % 2
    wrong = (Y[0] == 1) & (random.rand(1600) < 0.2)  # smiles are hard, whatever the mouth
    mouth = Y[0] + random.rand(1600)
    assert evaluation.support(evaluation.error_bins(mouth, wrong)) == "apoyada"
    (line,) = evaluation.suspicions({"boca (0 a 1)": mouth}, wrong, Y, ["no sonríe", "sonríe"])
    assert line.startswith("boca\n  no sonríe: 0 · 0 · 0 · 0 %, no apoyada\n  sonríe: ")
    assert line.endswith("no apoyada")


def test_mcnemar_counts_only_what_one_of_the_two_gets_right():
    """The p is that of tossing a coin for each discordant example, summed by hand."""
    numbers = np.arange(100)
    first, second = numbers < 90, (numbers < 80) | (numbers >= 98)
    tail = sum(math.comb(12, k) for k in range(3)) / 2**12
    assert evaluation.paired(first, second) == (10, 2, pytest.approx(2 * tail))
    assert evaluation.paired(first, first) == (0, 0, 1.0)
    assert "el azar basta" in evaluation.compared("una", first, "otra", numbers < 88)
    said = evaluation.compared("una", first, "otra", numbers < 70)
    assert "solo acierta una: 20; solo acierta otra: 0" in said
    assert said.endswith("que el azar no explica")


def test_errors_are_counted_by_gesture_where_the_set_says_it():
    Y, yaw = np.array([[1, 1, 0, 0, 0, 0]]), np.zeros(6)
    kind = np.array(["risa"] * 2 + ["ojos cerrados"] * 3 + ["hablando"])
    wrong = np.array([True, False, True, True, False, False])
    found = evaluation.error_groups(wrong, Y, {"kind": kind, "yaw": yaw}, ["no", "sí"])
    assert found == [("ojos cerrados", 3, 2, 0), ("risa", 2, 1, 1), ("hablando", 1, 0, 0)]
    found = evaluation.error_groups(np.zeros(6, bool), Y, {"kind": kind}, ["no", "sí"])
    assert [group.n for group in found] == [1, 2, 3]  # of one rate, the largest is last
    (group,) = evaluation.error_groups(wrong, Y, {"kind": np.arange(6), "yaw": yaw}, ["no", "sí"])
    assert group.name == "0 a 0° de lado"  # of numbers without names nothing is said


def test_errors_are_counted_by_turn_else_and_by_class_where_nothing_is_known():
    Y, yaw = np.arange(40)[None] % 2, np.linspace(-20, 20, 40)
    found = evaluation.error_groups(np.abs(yaw) > 15, Y, {"yaw": yaw}, ["no", "sí"])
    assert (found[0].name, found[0].errors) == ("15 a 20° de lado", 10)
    assert sum(group.n for group in found) == 40 and found[0].label is None
    found = evaluation.error_groups(Y[0] == 1, Y, {}, ["no", "sí"])
    assert found == [("sí", 20, 20, 1), ("no", 20, 0, 0)]


def test_suspects_come_from_what_is_known_and_from_the_pixels():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    images[1, :, :2] = 255
    found = evaluation.suspected_causes(images, {"yaw": np.array([-9.0, 4.0]), "person": [0, 1]})
    assert {name: values.tolist() for name, values in found.items()} == {
        "oscuridad (1 − brillo medio)": [1.0, 0.5],
        "cara de lado (grados)": [9.0, 4.0],
    }
    assert len(evaluation.suspected_causes(images, {"mouth_opening": np.zeros(2)})) == 2


def test_activity_counts_the_units_that_live_and_the_answers_that_are_equal():
    parameters = {"W1": [[1], [-1], [0]], "b1": [[0], [0], [-1]], "W2": [[1, 0, 1]], "b2": [[0]]}
    found = inspection.activity(np.array([[-2.0, -1.0, -3.0, 1.0]]), parameters)
    assert found.on[0].tolist() == [0.25, 0.75, 0]
    assert (found.pile, found.n_pile) == (0.5, 3)


def test_altered_images_are_what_their_names_say():
    images = np.random.RandomState(0).randint(0, 256, (3, 20, 20, 3), np.uint8)
    found = changes.altered(images)
    assert all(of.shape == images.shape and of.dtype == np.uint8 for of in found.values())
    for pixels in (3, 5):  # to the right and, the second, to the left; the edge is drawn out
        moved = found[f"{pixels} píxeles a un lado"]
        wide = np.pad(images, ((0, 0), (0, 0), (pixels, pixels), (0, 0)), "edge")
        np.testing.assert_array_equal(moved[::2], wide[::2, :, : -2 * pixels])
        np.testing.assert_array_equal(moved[1], wide[1, :, 2 * pixels :])
    np.testing.assert_array_equal(found["en negativo"] + images, 255)
    np.testing.assert_array_equal(found["más oscuras"], np.floor(images / 2))
    spot = np.zeros((2, 21, 21, 3), np.uint8)
    spot[:, 10, 18] = 255
    angles = []
    for turned in changes.altered(spot)["giradas 15°"]:
        row, column, _ = np.unravel_index(turned.argmax(), (21, 21, 3))
        assert np.hypot(row - 10, column - 10) == pytest.approx(8, abs=0.7)
        angles.append(np.degrees(np.arctan2(10 - row, column - 10)))
    assert angles == pytest.approx([15, -15], abs=5)


def test_the_occlusion_map_finds_the_pixels_that_decide():
    image = np.full((16, 16, 3), 200, np.uint8)

    def judge(images):  # only the lower right corner counts
        return 1 / (1 + np.exp(-(images[:, 12:, 12:].mean(axis=(1, 2, 3)) - 100) / 50))

    found = inspection.occlusion_map(judge, image, np.zeros_like(image), patch=4, stride=4)
    assert found[14, 14] > 1
    assert np.abs(found[:12]).max() == 0
