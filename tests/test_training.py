"""Gradient descent: the published tables, and the fast way against the textbook's."""

import re
import tracemalloc
import warnings
from functools import partial

import nbformat
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from threadpoolctl import threadpool_limits

from conftest import PROJECT, blas_threads
from helpers import network, progress, training
from helpers.data import flatten, load_dataset
from helpers.dnn_app_utils_v3 import two_layer_model
from helpers.training import DivergenceWarning, L_layer_model

HIDDEN = list(network.ACTIVATIONS)
SIZE = st.integers(1, 40)


def textbook(X, Y, layers_dims, activation, decay, seed):
    """101 steps of the course's own loop, over the pixels, with the network's functions."""
    parameters, costs = network.initialize_parameters_deep(layers_dims, seed), []
    for _ in range(101):
        AL, caches = network.L_model_forward(X, parameters, activation)
        costs.append(network.compute_cost(AL, Y))
        grads = network.L_model_backward(AL, Y, caches, activation)
        for l in range(1, len(layers_dims)):
            grads[f"dW{l}"] = grads[f"dW{l}"] + decay * parameters[f"W{l}"]
        parameters = network.update_parameters(parameters, grads, 0.02)
    return parameters, costs


@pytest.mark.parametrize("table", ["catvnoncat_4_layers", "happy_4_layers"])
def test_published_costs_to_six_decimals_and_both_accuracies(table, published, real_folder):
    known = published[table]
    name = table.split("_")[0]
    data = load_dataset(name, real_folder(name))
    X = flatten(data.train_x)
    recipe = (known[field] for field in ("layers_dims", "learning_rate", "num_iterations"))
    parameters, costs = L_layer_model(X, data.train_y, *recipe, seed=known["seed"])
    assert [round(cost, 6) for cost in costs] == known["costs_every_100"]
    train = (network.predict(X, parameters) == data.train_y).mean()
    test = (network.predict(flatten(data.test_x), parameters) == data.test_y).mean()
    assert train == pytest.approx(known["train_accuracy"], abs=1e-9)
    assert test == pytest.approx(known["test_accuracy"], abs=1e-9)


def test_the_courses_two_layer_model_costs_what_the_course_prints(real_folder):
    """The course's notebook "Deep Neural Network: Application", two-layer model on catvnoncat."""
    data = load_dataset("catvnoncat", real_folder("catvnoncat"))
    X, Y = flatten(data.train_x), data.train_y
    parameters, costs = two_layer_model(X, Y, (12288, 7, 1), num_iterations=2500)
    assert costs[0] == pytest.approx(0.693049735659989, abs=1e-12)
    assert costs[1] == pytest.approx(0.6464320953428849, abs=1e-9)
    assert costs[24] == pytest.approx(0.048554785628770206, abs=1e-6)
    assert (network.predict(flatten(data.test_x), parameters) == data.test_y).mean() == 0.72


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("decay", [0, 0.3])
@settings(max_examples=10)
@given(st.lists(st.integers(1, 6), max_size=4), SIZE, SIZE, st.integers(0, 1000))
def test_image_space_and_pixel_space_equal_the_textbook(activation, decay, hidden, n_x, m, seed):
    random = np.random.RandomState(seed)
    X, Y = random.rand(n_x, m), random.randint(0, 2, (1, m))
    layers_dims = [n_x, *hidden, 1]
    expected, expected_costs = textbook(X, Y, layers_dims, activation, decay, seed)
    # A deep chain may blow a last bit up to anything; such an example says nothing of the algebra.
    moved, _ = textbook(X * (1 + 1e-14), Y, layers_dims, activation, decay, seed)
    assume(np.abs(moved["W1"] - expected["W1"]).max() < 1e-11)
    close = partial(np.testing.assert_allclose, rtol=0, atol=1e-9)
    how = {"hidden_activation": activation, "weight_decay": decay, "seed": seed}
    film_costs, moments, answers = training.film(X, Y, layers_dims, [0, 101], 0.02, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)  # random labels may not be learnable
        parameters, costs = L_layer_model(X, Y, layers_dims, 0.02, 101, **how)
    close(film_costs[:-1], expected_costs)
    close(costs, expected_costs[::100])
    for name in expected:
        close(moments[101][name], expected[name])
        close(parameters[name], expected[name])
    start = network.initialize_parameters_deep(layers_dims, seed)
    close(moments[0]["W1"], start["W1"], atol=1e-15)
    close(answers[101], network.predict_proba(X, moments[101], activation))


@pytest.fixture
def problem():
    """120 separable examples of 300 inputs: a few pixels carry the class."""
    random = np.random.RandomState(0)
    Y = np.arange(120).reshape(1, -1) % 2
    X = random.rand(300, 120)
    X[:30] += 0.5 * Y
    return X, Y


def test_it_learns_and_goes_on_from_where_it_was_and_changes_nothing_given(problem):
    X, Y = problem
    whole, costs = L_layer_model(X, Y, [300, 8, 1], 0.1, 600)
    half, _ = L_layer_model(X, Y, [300, 8, 1], 0.1, 300)
    for array in (X, Y, *half.values()):
        array.flags.writeable = False
    rest, later = L_layer_model(X, Y, [300, 8, 1], 0.1, 300, parameters=half)
    np.testing.assert_allclose(later, costs[3:], atol=1e-12)
    np.testing.assert_allclose(rest["W1"], whole["W1"], atol=1e-12)
    assert costs[-1] < 0.2 < 0.5 < costs[0]
    assert (network.predict(X, rest) == Y).mean() > 0.98


def test_costs_are_printed_when_asked_for(problem, capsys):
    X, Y = problem
    _, costs = L_layer_model(X, Y, [300, 8, 1], num_iterations=101, print_cost=True)
    assert capsys.readouterr().out == (
        f"Costo en la iteración    0: {costs[0]:.6f}\nCosto en la iteración  100: {costs[1]:.6f}\n"
    )
    L_layer_model(X, Y, [300, 8, 1], num_iterations=101)
    assert capsys.readouterr() == ("", "")


def test_the_progress_bar_is_for_people(monkeypatch):
    assert progress.progress_bar([1], show=True) == [1]  # conftest.py sets TQDM_DISABLE
    monkeypatch.delenv("TQDM_DISABLE")
    monkeypatch.setattr(progress, "tqdm", lambda iterable, **options: options)
    assert progress.progress_bar([1], show=False) == [1]
    assert progress.progress_bar([1], True, desc="x") == {"leave": False, "desc": "x"}


CELL = """
import time
import numpy as np
from helpers import model, progress, studies, training

print("antes")
for _ in progress.progress_bar(range(3), True, desc="Prueba"):
    time.sleep(0.2)
for _ in progress.progress_bar(range(3), True, desc="Breve", delay=2):
    pass
x, Y, half = np.zeros((4, 2, 2, 3), np.uint8), np.array([[0, 1, 0, 1]]), np.arange(2)
studies.held_out(x, Y, [(half, half + 2)], [model.Recipe(hidden=(), num_iterations=1)])
print("después")
"""


def test_in_a_notebook_the_bar_is_seen_and_nothing_of_it_is_saved(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE")  # the kernel's environment
    seen = []

    class Client(NotebookClient):
        def process_message(self, message, *others):
            seen.append(message["content"].get("data", {}).get("text/plain", ""))
            return super().process_message(message, *others)

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    Client(notebook, kernel_name="python3", resources={"metadata": {"path": PROJECT}}).execute()
    nbformat.validate(notebook)
    assert any("Prueba: " in text and "3/3" in text for text in seen), seen
    assert any("Estudio: " in text for text in seen)
    assert not any("Breve" in text for text in seen)
    saved = notebook.cells[0].outputs
    assert [output.text for output in saved if "text" in output] == ["antes\n", "después\n"]
    assert [output.data for output in saved if "data" in output] == 2 * [{}]
    assert "widgets" not in notebook.metadata


def test_few_images_are_multiplied_on_one_thread_and_no_digit_hangs_on_their_number(monkeypatch):
    random = np.random.RandomState(0)
    X, Y = random.rand(3000, 500), np.arange(500).reshape(1, -1) % 2
    seen, found = [], []
    relu, slope = network.ACTIVATIONS["relu"]
    spy = lambda Z: seen.append(blas_threads()) or relu(Z)  # noqa: E731
    monkeypatch.setitem(network.ACTIVATIONS, "relu", (spy, slope))
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            parameters, costs = L_layer_model(X, Y, [3000, 20, 7, 1], num_iterations=21)
            film_costs, kept, _ = training.film(X, Y, [3000, 20, 7, 1], [0, 20])
            assert blas_threads() == {threads}
        found.append([*costs, *film_costs, *parameters.values(), *kept[20].values()])
        assert seen and all(threads == {1} for threads in seen)
        seen.clear()
    for one, two in zip(*found):
        np.testing.assert_array_equal(one, two)
    monkeypatch.setattr(training, "SHARED_FROM", 500)
    with threadpool_limits(2, user_api="blas"):
        L_layer_model(X, Y, [3000, 20, 7, 1], num_iterations=1)
    assert {2} in seen[1:]


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("learning_rate", [10, 1e6, 1e300])
def test_a_divergence_is_one_spanish_warning_and_flagged_costs(problem, activation, learning_rate):
    X, Y = problem
    recipe = [300, 8, 5, 1], learning_rate, 350
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parameters, costs = L_layer_model(X, 1 - Y, *recipe, hidden_activation=activation)
        network.predict_proba(X, parameters, activation)  # usable, whatever happened
    assert len(costs) == 4 and np.isfinite(costs[0])
    assert all(np.isfinite(value).all() for value in parameters.values())
    assert [w.category for w in caught] in ([DivergenceWarning], [])
    if caught:
        says = "(misma respuesta|más alto|desbordaron).*tasa de aprendizaje menor"
        assert re.search(says, str(caught[0].message))
        assert caught[0].filename == __file__
    else:  # no complaint is owed only where it did learn
        assert costs[-1] < costs[0]


def test_a_dead_network_is_told_as_such_and_images_not_divided_by_255_as_the_cause(problem):
    X, Y = problem
    dead = network.initialize_parameters_deep([300, 8, 1])
    dead["b1"] -= 100  # no unit is ever on
    with pytest.warns(DivergenceWarning, match="dando la misma respuesta a todas"):
        L_layer_model(X, Y, [300, 8, 1], num_iterations=10, parameters=dead)
    with pytest.warns(DivergenceWarning, match="divide las imágenes entre 255"):
        L_layer_model(np.round(255 * X), Y, [300, 20, 7, 5, 1], num_iterations=300)


def test_an_interrupted_training_can_be_run_again(problem, monkeypatch):
    X, Y = problem
    expected, _ = L_layer_model(X, Y, [300, 8, 1], num_iterations=150)

    def interrupted(AL, Y):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(network, "compute_cost", interrupted)
        L_layer_model(X, Y, [300, 8, 1], num_iterations=150)
    assert np.geterr()["over"] == "warn"
    again, _ = L_layer_model(X, Y, [300, 8, 1], num_iterations=150)
    np.testing.assert_array_equal(again["W1"], expected["W1"])


CHANGES = [
    ({"layers_dims": [299, 8, 1]}, "layers_dims=[299, 8, 1] debe empezar en 300"),
    ({"layers_dims": 8}, "layers_dims=8: se esperaban dos o más tamaños de capa"),
    ({"layers_dims": [300, "8", 1]}, "layers_dims=[300, '8', 1]: se esperaban dos o más"),
    ({"layers_dims": [300, 8, 2]}, "terminar en 1"),
    ({"learning_rate": 0}, "learning_rate=0"),
    ({"learning_rate": float("nan")}, "learning_rate=nan"),
    ({"num_iterations": 1.5}, "num_iterations=1.5"),
    ({"weight_decay": -1}, "weight_decay=-1"),
    ({"weight_decay": 1e9}, "weight_decay"),
    ({"hidden_activation": "swish"}, "'swish'"),
    ({"Y": np.zeros((1, 3))}, "Y tiene forma (1, 3)"),
    ({"X": np.full((300, 120), np.nan)}, "X contiene NaN"),
    ({"parameters": network.initialize_parameters_deep([300, 7, 1])}, "capas [300, 7, 1]"),
    ({"parameters": ({"W1": 0}, [0.7])}, "parámetros y costos: pasa solo"),
]


@pytest.mark.parametrize("change, says", CHANGES)
def test_bad_arguments_are_named_in_spanish(problem, change, says):
    arguments = dict(zip("XY", problem), layers_dims=[300, 8, 1], num_iterations=10) | change
    with pytest.raises(ValueError, match=re.escape(says)):
        L_layer_model(**arguments)


def test_memory_stays_near_X_K_and_W1():
    random = np.random.RandomState(0)
    X, Y = random.rand(12288, 200), np.arange(200).reshape(1, -1) % 2
    tracemalloc.start()
    L_layer_model(X, Y, [12288, 20, 7, 5, 1], num_iterations=20)
    peak = tracemalloc.get_traced_memory()[1] + X.nbytes
    tracemalloc.stop()
    K_and_W1 = 8 * (200 * 200 + 20 * 12288)
    assert peak <= 1.2 * (X.nbytes + K_and_W1) + K_and_W1  # W1 before, W1 after


def test_trainings_side_by_side_leave_blas_as_it_was_in_whatever_order_they_end():
    with threadpool_limits(2, user_api="blas"):
        around, one, other = (training.descending(600) for _ in range(3))
        for context in (around, one, other):
            context.__enter__()
        one.__exit__(None, None, None)
        assert blas_threads() == {1}  # the other one still descends
        around.__exit__(None, None, None)
        other.__exit__(None, None, None)
        assert blas_threads() == {2}
