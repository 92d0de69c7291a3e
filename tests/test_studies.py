"""Studies, against models trained one by one on the same parts."""

import _thread
import signal
import sys
import threading
import time

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from conftest import blas_threads
from helpers import data, model, studies, training
from helpers.data import Dataset
from helpers.model import Recipe
from helpers.page import playground
from helpers.studies import StudyError, held_out

SMALL = Recipe(hidden=(6, 4), learning_rate=0.02, num_iterations=120)
WILD = SMALL._replace(learning_rate=1e200, hidden_activation="linear")


def halves(Y, k=2):
    return list(StratifiedKFold(k).split(Y[0], Y[0]))


def study(images, *recipes):
    """What ``held_out`` finds of recipes, on two halves of the images."""
    return held_out(*images, halves(images[1]), recipes, progress=False)


@pytest.fixture(scope="module")
def images():
    """60 images of 8 x 8 whose lower half is brighter where Y is 1, more so on the left."""
    random = np.random.RandomState(0)
    Y = np.arange(60).reshape(1, -1) % 2
    x = random.randint(0, 160, (60, 8, 8, 3))
    x[:, 4:, :3] += 60 * Y[0, :, None, None, None]
    return x.astype(np.uint8), Y


CHANGES = [
    {},
    {"scale": 2.0},
    {"hidden": ()},
    {"hidden_activation": "tanh"},
    {"center": True, "scale": 0.5, "mirror": True, "weight_decay": 0.1, "seeds": (3, 1)},
    {"seeds": (3, 1), "average_mirror": True, "sharpen": 2.5},
]


@pytest.mark.parametrize("change", CHANGES)
def test_held_out_equals_a_model_trained_on_the_pixels(images, change):
    x, Y = images
    recipe = SMALL._replace(**change)
    splits = halves(Y, 3)
    found = held_out(x, Y, splits, [recipe], progress=False)[recipe]
    for (train, judged), probabilities in zip(splits, found):
        trained = model.train(x[train], Y[:, train], recipe, progress=False)
        expected = trained.predict_proba(x[judged])[0]
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-9)


def test_recipes_that_differ_in_iterations_share_a_training(images, monkeypatch):
    ran = []
    counting = lambda *given: ran.append(given) or model.train_along(*given)  # noqa: E731
    monkeypatch.setattr(studies, "train_along", counting)
    recipes = [SMALL._replace(num_iterations=n) for n in (120, 30, 60)]
    together = study(images, *recipes)
    assert len(ran) == 2
    for recipe in recipes:
        alone = study(images, recipe)[recipe]
        np.testing.assert_allclose(together[recipe], alone, rtol=0, atol=1e-12)


def test_a_dask_cluster_gives_the_same(images):
    distributed = pytest.importorskip("distributed", reason="needs Dask: pip install distributed")
    expected = study(images, SMALL)[SMALL]
    with (
        distributed.LocalCluster(1, threads_per_worker=2, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        parallel_config(backend="dask", wait_for_workers_timeout=30),
    ):
        found = study(images, SMALL)[SMALL]
        moves = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert moves >= 2 * 3  # of each training: waiting, at work, done


def test_a_training_that_fails_is_one_sentence_and_the_next_study_works(images, monkeypatch):
    usual, seen = sys.getswitchinterval(), []

    def fails(*arguments):
        seen.append(sys.getswitchinterval())
        raise MemoryError("no hay\n590 MiB")

    says = "de 2 .* se detuvo .MemoryError: no hay 590.* memoria"
    with monkeypatch.context() as patch, pytest.raises(StudyError, match=says):
        patch.setattr(studies, "_judge", fails)
        study(images, SMALL)
    assert max(seen) < usual / 10 and sys.getswitchinterval() == usual  # quick turns, only then
    assert np.isfinite(study(images, SMALL)[SMALL]).all()


def test_an_accent_in_the_path_of_temporary_files_is_no_matter(images, tmp_path, monkeypatch):
    large = np.repeat(images[0], 100, axis=0), np.repeat(images[1], 100, axis=1)  # more than 1 MB
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "Begoña"))
    recipe = SMALL._replace(num_iterations=1)
    assert np.isfinite(study(large, recipe)[recipe]).all()


def test_trainings_run_side_by_side_as_many_as_joblib_is_told_on_one_thread_of_blas_each(
    images, monkeypatch
):
    met, seen = threading.Barrier(2, timeout=20), []

    def judged(*arguments):
        if "alone" not in seen:
            met.wait()
        seen.append((threading.current_thread(), blas_threads()))
        return {SMALL.num_iterations: np.zeros(1)}

    monkeypatch.setattr(studies, "_judge", judged)
    with threadpool_limits(2, user_api="blas"):
        with parallel_config(n_jobs=2):
            study(images, SMALL)
        assert [blas for _, blas in seen] == [{1}, {1}] and blas_threads() == {2}
        seen[:] = ["alone"]
        with parallel_config(n_jobs=1):
            study(images, SMALL)
    assert seen[1:] == 2 * [(threading.main_thread(), {1})]


FLAT = r"Y tiene forma \(60,\).*reshape"
BAD = [
    (lambda x, Y: studies.cross_validate(x, Y, [SMALL], k=31), "k=31"),
    (lambda x, Y: studies.cross_validate(x, Y, [SMALL], k=1), "k=1"),
    (lambda x, Y: studies.cross_validate(x, 1 + 0 * Y, [SMALL]), "0 ejemplos de la clase 0"),
    (lambda x, Y: studies.cross_validate(x, Y, [SMALL], groups=Y[0]), "2 personas"),
    (lambda x, Y: studies.cross_validate(x, Y, [SMALL], groups=Y[0, :9]), "groups tiene 9 .* Y 60"),
    (lambda x, Y: studies.cross_validate(x, Y, SMALL), r"Encontré \(6, 4\); esperaba una receta"),
    (lambda x, Y: studies.cross_validate(x, Y, {"hidden": [SMALL]}), "Encontré 'hidden'; .*lista"),
    (lambda x, Y: studies.cross_validate(x, Y[:, :9], [SMALL]), r"Y .*\(1, 9\) y las imágenes"),
    (lambda x, Y: studies.cross_validate(x, Y[0], [SMALL]), FLAT),
    (lambda x, Y: held_out(x, Y[0], halves(Y), [SMALL]), FLAT),
    (lambda x, Y: model.train(x, Y[0], SMALL), FLAT),
    (lambda x, Y: model.train(x, Y[0], SMALL._replace(mirror=True)), FLAT),
    (lambda x, Y: studies.cross_validate(x, 2 * Y, [SMALL]), "Y contiene 2"),
    (lambda x, Y: model.train(x, Y, SMALL._asdict()), "Encontré {'hidden': .*; esperaba una rec"),
    (lambda x, Y: held_out(x, Y, halves(Y), []), "No hay nada que entrenar"),
    (lambda x, Y: held_out(x, Y, [], [SMALL]), "No hay nada que entrenar"),
    (lambda x, Y: study((x, Y), SMALL._replace(hidden_activation="swish")), "'swish'"),
    (lambda x, Y: studies.grid(SMALL, momentum=[0.9]), "'momentum' no es parte de una receta"),
    (lambda x, Y: studies.grid(SMALL, scale=[]), r"scale=\[\]: esperaba una lista .*al menos uno"),
    (lambda x, Y: studies.grid(SMALL, scale=0.004), "scale=0.004: esperaba una lista"),
    (lambda x, Y: studies.grid(SMALL, seeds=20), "seeds=20: esperaba una lista"),
    (lambda x, Y: studies.grid(SMALL, hidden_activation="relu"), "='relu': esperaba una lista"),
    (lambda x, Y: studies.grid(SMALL, hidden=(20, 7)), r"por ejemplo hidden=\[\(7,\), \(20, 7\)\]"),
]


@pytest.mark.parametrize(("call", "says"), BAD)
def test_bad_arguments_are_named_in_spanish(images, call, says):
    with pytest.raises(ValueError, match=says):
        call(*images)


def test_cross_validation_scores_each_image_once_by_a_network_that_never_saw_it(images):
    x, Y = images
    scores = studies.cross_validate(x, Y, [SMALL, WILD], k=3, progress=False)
    folds = list(StratifiedKFold(3, shuffle=True, random_state=1).split(x, Y[0]))
    for (_, judged), expected in zip(folds, held_out(x, Y, folds, [SMALL], False)[SMALL]):
        np.testing.assert_allclose(scores[SMALL].probabilities[judged], expected, atol=1e-9)
    right = (scores[SMALL].probabilities > 0.5) == Y[0]
    np.testing.assert_array_equal(scores[SMALL].right, right)
    assert scores[SMALL].accuracy == right.mean()
    assert np.isnan(scores[WILD].probabilities).all()  # an overflow, which spoils nothing else
    assert scores[WILD].diverged and not scores[SMALL].diverged
    assert studies.best([WILD, SMALL], scores) == SMALL


def test_with_groups_nobody_is_judged_by_who_knows_them(images, monkeypatch):
    person, splits = np.arange(60) // 6, []

    def held_out(x, Y, given, recipes, progress):
        splits.extend(given)
        return {SMALL: [np.zeros(len(judged)) for _, judged in given]}

    monkeypatch.setattr(studies, "held_out", held_out)
    studies.cross_validate(*images, [SMALL], k=5, groups=person)
    assert len(splits) == 5
    for train, judged in splits:
        assert not set(person[train]) & set(person[judged])


def test_a_grid_changes_one_field_at_a_time():
    recipes = studies.grid(SMALL, scale=[1.0, 2.0], center=[True])
    assert recipes == {
        "scale": [SMALL, SMALL._replace(scale=2.0)],
        "center": [SMALL._replace(center=True)],
    }


def test_score_on_test_trains_on_the_chosen_images_only(images):
    x, Y = images
    half = Dataset("half", x[:40], Y[:, :40], x[40:], Y[:, 40:], ["0", "1"])
    chosen = np.arange(0, 40, 2)
    trained = model.train(x[chosen], Y[:, chosen], SMALL, progress=False)
    expected = np.mean(trained.predict(x[40:]) == Y[:, 40:])
    assert studies.score_on_test(half, chosen, [SMALL], progress=False) == [expected]


def test_a_sample_keeps_the_classes_in_proportion():
    Y = np.array([[0] * 10 + [1] * 50])
    chosen = studies.sample(Y, 30)
    assert (len(chosen), Y[0, chosen].sum()) == (30, 25)
    assert sorted(set(chosen)) == list(chosen)
    assert studies.sample(Y, 600).tolist() == list(range(60))


@pytest.mark.parametrize("how", ["study", "page"])
def test_what_trains_in_threads_ends_with_the_call(images, monkeypatch, request, how):
    """After Ctrl-C nothing trains on: the steps stop being counted."""
    x, Y = images
    steps, descend = [], training.descend

    def counted(*given):
        for step in descend(*given):
            steps.append(None)
            yield step

    def stop():
        while len(steps) < 50:
            time.sleep(0.01)
        _thread.interrupt_main()

    monkeypatch.setattr(training, "descend", counted)
    endless = SMALL._replace(num_iterations=10**5)
    everything = np.arange(len(x))
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a browser may have its own
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, usual or signal.SIG_DFL))
    threading.Thread(target=stop).start()
    with pytest.raises(KeyboardInterrupt):
        if how == "study":
            with parallel_config("threading", n_jobs=2):
                held_out(x, Y, [(everything, everything)] * 2, [endless])
        else:
            playground._films(data.flatten(x), Y, [10**5], endless, (0.01, 0.02))
    time.sleep(0.3)
    before = len(steps)
    time.sleep(0.3)
    assert len(steps) == before >= 50
