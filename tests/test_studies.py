"""Studies in image space, against models trained on the pixels of the same parts."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from helpers import model, studies
from helpers.data import Dataset
from helpers.model import Recipe
from helpers.studies import StudyError, held_out, leave_one_out, stratified_folds

SMALL = Recipe(hidden=(6, 4), learning_rate=0.02, num_iterations=120)


@pytest.fixture(scope="module")
def images():
    """60 images of 8 x 8 whose lower half is brighter where Y is 1, more so on the left."""
    random = np.random.RandomState(0)
    Y = np.arange(60).reshape(1, -1) % 2
    x = random.randint(0, 160, (60, 8, 8, 3))
    x[:, 4:, :3] += 60 * Y[0, :, None, None, None]
    return x.astype(np.uint8), Y


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"center": True},
        {"scale": 2.0},
        {"mirror": True},
        {"weight_decay": 0.1},
        {"hidden": ()},
        {"hidden_activation": "tanh"},
        {"center": True, "scale": 0.5, "mirror": True, "weight_decay": 0.1, "seeds": (3, 1)},
    ],
)
def test_held_out_equals_a_model_trained_on_the_pixels(images, change):
    x, Y = images
    recipe = SMALL._replace(**change)
    splits = stratified_folds(Y, 3)
    found = held_out(x, Y, splits, [recipe], progress=False)[recipe]
    for (train, judged), probabilities in zip(splits, found):
        trained = model.train(x[train], Y[:, train], recipe, progress=False)
        expected = trained.predict_proba(x[judged])[0]
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-9)


def test_recipes_that_differ_in_iterations_share_a_training(images, monkeypatch):
    x, Y = images
    ran = []

    def counting_map(function, jobs):
        ran.extend(jobs)
        return map(function, jobs)

    recipes = [SMALL._replace(num_iterations=n) for n in (120, 30, 60)]
    splits = stratified_folds(Y, 2)
    together = held_out(x, Y, splits, recipes, map=counting_map, progress=False)
    assert len(ran) == 2
    for recipe in recipes:
        alone = held_out(x, Y, splits, [recipe], progress=False)[recipe]
        np.testing.assert_array_equal(together[recipe], alone)


def test_an_overflow_is_nan_and_spoils_nothing_else(images):
    x, Y = images
    wild = SMALL._replace(learning_rate=1e200, hidden_activation="linear")
    splits = stratified_folds(Y, 2)
    found = held_out(x, Y, splits, [wild, SMALL], progress=False)
    assert np.isnan(found[wild]).all()
    assert np.isfinite(found[SMALL]).all()


def test_a_pool_of_processes_gives_the_same(images):
    x, Y = images
    splits, recipes = stratified_folds(Y, 2), [SMALL, SMALL._replace(center=True)]
    expected = held_out(x, Y, splits, recipes, progress=False)
    before = dict(os.environ)
    found = held_out(x, Y, splits, recipes, map=studies.parallel_map, progress=False)
    assert dict(os.environ) == before
    for recipe in recipes:
        np.testing.assert_allclose(found[recipe], expected[recipe], rtol=0, atol=1e-12)


def test_a_dask_cluster_gives_the_same(images):
    distributed = pytest.importorskip("distributed", reason="needs Dask: pip install distributed")
    x, Y = images
    splits = stratified_folds(Y, 2)
    expected = held_out(x, Y, splits, [SMALL], progress=False)[SMALL]
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        found = held_out(x, Y, splits, [SMALL], map=executor.map, progress=False)[SMALL]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def dies(job):
    os._exit(1)


def test_a_dead_worker_is_an_error_that_keeps_what_was_finished(images):
    x, Y = images

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:

        def map_and_die(function, jobs):
            yield function(jobs[0])
            yield from pool.map(dies, jobs[1:])

        with pytest.raises(StudyError, match="después de 1 de 3 entrenamientos") as error:
            held_out(x, Y, stratified_folds(Y, 3), [SMALL], map=map_and_die, progress=False)
    assert len(error.value.finished) == 1
    assert error.value.finished[0].shape == (1, 20)


def test_folds_keep_the_classes_in_proportion_and_cover_each_example_once():
    Y = np.array([[0] * 13 + [1] * 31])
    folds = stratified_folds(Y, 4)
    assert sorted(np.concatenate([judged for _, judged in folds])) == list(range(44))
    for train, judged in folds:
        assert sorted([*train, *judged]) == list(range(44))
        assert 3 <= (Y[0, judged] == 0).sum() <= 4
        assert 7 <= (Y[0, judged] == 1).sum() <= 8


def test_folds_come_from_their_seed():
    Y = np.arange(20).reshape(1, -1) % 2
    first, again, other = (stratified_folds(Y, 2, seed)[0][1].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_leaving_one_out_leaves_each_out_once():
    splits = leave_one_out(np.array([2, 0, 2, 5]))
    assert [(t.tolist(), j.tolist()) for t, j in splits] == [
        ([0, 2, 3], [1]),
        ([1, 3], [0, 2]),
        ([0, 1, 2], [3]),
    ]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, Y: stratified_folds(Y, 31), "k=31"),
        (lambda x, Y: stratified_folds(Y, 1), "k=1"),
        (lambda x, Y: stratified_folds(np.ones((1, 9)), 3), "0 ejemplos de la clase 0"),
        (lambda x, Y: leave_one_out(np.zeros(5)), "1 persona"),
        (lambda x, Y: held_out(x, Y, stratified_folds(Y), []), "No hay nada que entrenar"),
        (lambda x, Y: held_out(x, Y, [], [SMALL]), "No hay nada que entrenar"),
        (lambda x, Y: held_out(x, Y, stratified_folds(Y), [SMALL], map=3), "map=3"),
        (
            lambda x, Y: held_out(
                x, Y, stratified_folds(Y), [SMALL._replace(hidden_activation="swish")]
            ),
            "'swish'",
        ),
    ],
)
def test_bad_arguments_are_named_in_spanish(images, call, says):
    with pytest.raises(ValueError) as error:
        call(*images)
    assert says in str(error.value)


def test_parallel_map_works_again_after_a_worker_died(images):
    with pytest.raises(studies.BrokenProcessPool):
        list(studies.parallel_map(dies, [1]))
    assert list(studies.parallel_map(abs, [-1, 2])) == [1, 2]


def test_cross_validation_scores_the_held_out_parts(images):
    x, Y = images
    wild = SMALL._replace(learning_rate=1e200, hidden_activation="linear")
    scores = studies.cross_validate(x, Y, [SMALL, wild], k=3, progress=False)
    parts = held_out(x, Y, stratified_folds(Y, 3), [SMALL], progress=False)[SMALL]
    for (_, judged), part, accuracy in zip(stratified_folds(Y, 3), parts, scores[SMALL].accuracies):
        np.testing.assert_array_equal(scores[SMALL].probabilities[judged], part)
        assert accuracy == np.mean((part > 0.5) == Y[0, judged])
    assert scores[wild].diverged
    assert not scores[SMALL].diverged
    assert studies.best([wild, SMALL], scores) == SMALL


def test_a_grid_changes_one_field_at_a_time():
    recipes = studies.grid(SMALL, scale=[1.0, 2.0], center=[True])
    assert recipes == {
        "scale": [SMALL, SMALL._replace(scale=2.0)],
        "center": [SMALL._replace(center=True)],
    }
    with pytest.raises(ValueError, match="'momentum' no es un hiperparámetro"):
        studies.grid(SMALL, momentum=[0.9])
    with pytest.raises(ValueError, match="al menos uno"):
        studies.grid(SMALL, scale=[])


def test_score_on_test_trains_on_the_chosen_images_only(images):
    x, Y = images
    half = Dataset("half", x[:40], Y[:, :40], x[40:], Y[:, 40:], ["0", "1"])
    chosen = np.arange(0, 40, 2)
    trained = model.train(x[chosen], Y[:, chosen], SMALL, progress=False)
    expected = np.mean(trained.predict(x[40:]) == Y[:, 40:])
    assert studies.score_on_test(half, chosen, [SMALL], progress=False) == [expected]


def test_a_sample_is_as_balanced_as_it_can_be():
    Y = np.array([[0] * 10 + [1] * 50])
    chosen = studies.sample(Y, 30)
    assert (len(chosen), Y[0, chosen].sum()) == (30, 20)
    assert sorted(set(chosen)) == list(chosen)
    assert studies.sample(Y, 600).tolist() == list(range(60))


def test_new_people_are_judged_by_networks_that_never_saw_them(images):
    x, Y = images
    person = np.arange(60) // 20
    known = np.where(Y[0] == 1, 0.9, 0.1)
    seen, new = studies.known_and_new(x, Y, person, SMALL, known, progress=False)
    np.testing.assert_array_equal(seen, [1, 1, 1])
    others = person != 2
    trained = model.train(x[others], Y[:, others], SMALL, progress=False)
    assert new[2] == np.mean(trained.predict(x[~others]) == Y[:, ~others])


def test_photos_or_people_is_the_same_in_any_order(monkeypatch):
    monkeypatch.setattr(studies, "N_STRANGERS", 4)
    monkeypatch.setattr(studies, "N_STRANGER_IMAGES", 12)
    recipe = SMALL._replace(num_iterations=5)
    found = studies.photos_or_people([3, 1], recipe, n_images=8, progress=False)
    again = studies.photos_or_people([1, 3], recipe, n_images=8, progress=False)
    assert found == again[::-1]
    assert all(0 <= right <= studies.N_STRANGER_IMAGES for right in found)
