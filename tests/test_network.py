"""The network's formulas, against central differences, hand-made numbers and the course's tables."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import network
from helpers.data import flatten, load_dataset
from helpers.network import *  # as a course notebook does

HIDDEN = list(network.ACTIVATIONS)
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def random_network(layer_dims, m, seed):
    random = np.random.RandomState(seed)
    X = random.randn(layer_dims[0], m)
    Y = random.randint(0, 2, (1, m))
    parameters = network.initialize_parameters_deep(layer_dims, seed)
    for name in parameters:  # biases too, or no test would notice one that is left out
        parameters[name] = parameters[name] + 0.3 * random.randn(*parameters[name].shape)
    return X, Y, parameters


def cost_of(X, Y, parameters, activation):
    """The cross-entropy from the last Z: 1 - AL loses digits where the network is sure, and wrong."""
    _, caches = network.L_model_forward(X, parameters, activation)
    return np.logaddexp(0, np.where(Y == 1, -1, 1) * caches[-1][1]).mean()


@pytest.mark.parametrize("activation", HIDDEN)
@settings(max_examples=25)
@given(dims=sizes, m=st.integers(1, 7), seed=st.integers(0, 10_000))
def test_gradients_equal_central_differences(activation, dims, m, seed):
    X, Y, parameters = random_network([*dims, 1], m, seed)
    AL, caches = network.L_model_forward(X, parameters, activation)
    grads = network.L_model_backward(AL, Y, caches, activation)
    step = 1e-6
    kinked = activation in ("relu", "leaky_relu")
    for name, value in parameters.items():
        for index in np.ndindex(value.shape):
            costs = []
            for sign in (+1, -1):
                moved = {**parameters, name: value.copy()}
                moved[name][index] += sign * step
                costs.append(cost_of(X, Y, moved, activation))
            numeric = (costs[0] - costs[1]) / (2 * step)
            if kinked and abs(numeric - grads[f"d{name}"][index]) > 1e-6:
                # Legitimate only where the step crosses a kink: the one-sided slopes differ.
                middle = cost_of(X, Y, parameters, activation)
                slopes = (costs[0] - middle) / step, (middle - costs[1]) / step
                assert abs(slopes[0] - slopes[1]) > 1e-6
                continue
            assert grads[f"d{name}"][index] == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_dA0_is_m_times_the_gradient_of_the_cost_in_X():
    X, Y, parameters = random_network([4, 3, 1], 5, seed=2)
    AL, caches = network.L_model_forward(X, parameters, "tanh")
    dA0 = network.L_model_backward(AL, Y, caches, "tanh")["dA0"]
    for index in np.ndindex(X.shape):
        up, down = X.copy(), X.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        numeric = (cost_of(up, Y, parameters, "tanh") - cost_of(down, Y, parameters, "tanh")) / 2e-6
        assert dA0[index] == pytest.approx(X.shape[1] * numeric, abs=1e-6)


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "tanh", "sigmoid"])
def test_gradients_equal_pytorch(activation):
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch")
    g = {
        "linear": lambda Z: Z,
        "relu": torch.relu,
        "leaky_relu": lambda Z: torch.nn.functional.leaky_relu(Z, 0.01),
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
    }[activation]
    X, Y, parameters = random_network([12, 7, 5, 3, 1], 9, seed=3)
    theirs = {k: torch.tensor(v, requires_grad=True) for k, v in parameters.items()}
    A = torch.tensor(X)
    for l in range(1, 5):
        Z = theirs[f"W{l}"] @ A + theirs[f"b{l}"]
        A = g(Z) if l < 4 else Z
    cost = torch.nn.functional.binary_cross_entropy_with_logits(A, torch.tensor(Y, dtype=A.dtype))
    cost.backward()
    AL, caches = network.L_model_forward(X, parameters, activation)
    grads = network.L_model_backward(AL, Y, caches, activation)
    assert network.compute_cost(AL, Y) == pytest.approx(cost.item(), abs=1e-12)
    for name, tensor in theirs.items():
        np.testing.assert_allclose(grads[f"d{name}"], tensor.grad.numpy(), atol=1e-12)


def test_parameters_are_drawn_layer_by_layer_from_one_stream():
    parameters = network.initialize_parameters_deep([5, 4, 1], seed=1)
    stream = np.random.RandomState(1)
    np.testing.assert_array_equal(parameters["W1"], stream.randn(4, 5) / np.sqrt(5))
    np.testing.assert_array_equal(parameters["W2"], stream.randn(1, 4) / np.sqrt(4))
    assert parameters["b1"].shape == (4, 1) and not parameters["b1"].any()
    assert list(parameters) == ["W1", "b1", "W2", "b2"]


def test_initialisation_leaves_the_global_random_state_alone():
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    network.initialize_parameters_deep([5, 4, 1])
    assert np.random.rand() == expected


def test_forward_of_a_network_worked_by_hand():
    parameters = {
        "W1": [[1.0, -1.0], [2.0, 0.0]],
        "b1": [[0.0], [-1.0]],
        "W2": [[1.0, 1.0]],
        "b2": [[-2.0]],
    }
    X = [[1.0, 3.0], [2.0, 1.0]]
    # Z1 = [[-1, 2], [1, 5]], A1 = [[0, 2], [1, 5]], Z2 = [[-1, 5]]
    AL, caches = network.L_model_forward(X, parameters)
    np.testing.assert_allclose(AL, [[1 / (1 + np.e), 1 / (1 + np.exp(-5))]], rtol=1e-15)
    np.testing.assert_array_equal(caches[0][1], [[-1, 2], [1, 5]])
    cost = network.compute_cost(AL, [[0, 1]])
    assert cost == pytest.approx((np.log1p(np.exp(-1)) + np.log1p(np.exp(-5))) / 2, rel=1e-15)
    np.testing.assert_array_equal(network.predict(X, parameters), [[0, 1]])


@pytest.mark.parametrize("activation", HIDDEN)
def test_large_arguments_give_no_warning_and_finite_numbers(activation):
    Z = np.array([[-1e4, -40.0, 0.0, 40.0, 1e4]])
    forward, backward = network.ACTIVATIONS[activation]
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        A, cache = forward(Z)
        dZ = backward(np.ones_like(Z), cache)
    assert np.isfinite(A).all() and np.isfinite(dZ).all()


def test_a_saturated_output_has_a_finite_cost_and_gradient():
    parameters = {"W1": np.array([[1e4]]), "b1": np.zeros((1, 1))}
    X, Y = np.array([[-1.0, 1.0, 1.0]]), np.array([[1, 0, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AL, caches = network.L_model_forward(X, parameters)
        cost = network.compute_cost(AL, Y)
        grads = network.L_model_backward(AL, Y, caches)
    assert np.isfinite(cost) and cost > 100
    assert grads["db1"] == 0 and grads["dW1"] == pytest.approx(2 / 3)


def test_sigmoid_keeps_its_relative_accuracy_in_the_tail():
    assert sigmoid(np.array([-700.0]))[0][0] == pytest.approx(np.exp(-700.0), rel=1e-12)


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e3, 1e3)))
def test_nothing_given_is_modified(X):
    Y, parameters = np.array([[0, 1, 0, 1]]), network.initialize_parameters_deep([3, 2, 1])
    for array in (X, Y, *parameters.values()):
        array.flags.writeable = False  # an in-place change would raise
    AL, caches = network.L_model_forward(X, parameters)
    AL.flags.writeable = False
    grads = network.L_model_backward(AL, Y, caches)
    new = network.update_parameters(parameters, grads, 0.1)
    assert all(new[name] is not parameters[name] for name in parameters)
    np.testing.assert_allclose(new["W1"], parameters["W1"] - 0.1 * grads["dW1"])


def test_integers_and_float32_are_computed_in_float64():
    parameters = network.initialize_parameters_deep([3, 2, 1])
    for X in (np.eye(3, dtype=np.float32), np.eye(3, dtype=np.uint8), np.eye(3).tolist()):
        AL = network.predict_proba(X, parameters)
        assert AL.dtype == np.float64
        np.testing.assert_array_equal(AL, network.predict_proba(np.eye(3), parameters))


FINE = network.initialize_parameters_deep([3, 2, 1])


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: network.initialize_parameters_deep([5]), "layer_dims"),
        (lambda: network.initialize_parameters_deep([5, 0, 1]), "layer_dims"),
        (
            lambda: network.linear_forward(np.ones((3, 2)), np.ones((4, 5)), np.ones((4, 1))),
            "(4, 5)",
        ),
        (lambda: network.linear_forward(np.ones((3, 2)), np.ones((4, 3)), np.ones(4)), "b tiene"),
        (lambda: network.linear_forward("hola", np.ones((4, 3)), np.ones((4, 1))), "A debe ser"),
        (lambda: network.L_model_forward(np.ones(3), FINE), "(3,)"),
        (lambda: network.L_model_forward(np.ones((4, 2)), FINE), "(2, 3)"),
        (lambda: network.L_model_forward(np.full((3, 2), np.nan), FINE), "NaN"),
        (lambda: network.L_model_forward(np.full((3, 2), np.inf), FINE), "infinitos"),
        (lambda: network.L_model_forward(np.ones((3, 2)), FINE, "swish"), "leaky_relu"),
        (lambda: network.L_model_forward(np.ones((3, 2)), {"W1": FINE["W1"]}), "parameters"),
        (lambda: network.L_model_forward(np.ones((3, 2)), {}), "parameters"),
        (lambda: network.compute_cost(np.full((1, 2), 0.5), [[0, 2]]), "contiene 2"),
        (lambda: network.compute_cost(np.full((1, 2), 0.5), [[0, np.nan]]), "contiene nan"),
        (lambda: network.compute_cost(np.full((1, 2), 0.5), [[0, 1, 1]]), "(1, 3)"),
        (lambda: network.compute_cost(np.full((1, 2), 0.5), [0, 1]), "Y tiene forma (2,)"),
        (
            lambda: network.linear_activation_backward(
                np.ones((2, 3)),
                network.linear_activation_forward(np.ones((3, 5)), FINE["W1"], FINE["b1"], "relu")[
                    1
                ],
                "relu",
            ),
            "dA tiene forma (2, 3)",
        ),
    ],
)
def test_bad_arguments_are_named_in_spanish(call, says):
    with pytest.raises(ValueError) as error:
        call()
    assert says in str(error.value)


def test_a_course_notebook_runs_after_import_star(real_folder):
    """The two-layer model of the course's week 4, written as its notebook writes it."""
    folder = real_folder("catvnoncat")
    cats = load_dataset("catvnoncat", folder)
    X, Y = flatten(cats.train_x), cats.train_y
    parameters = initialize_parameters(12288, 7, 1)
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    costs = []
    for _ in range(201):
        A1, cache1 = linear_activation_forward(X, W1, b1, "relu")
        A2, cache2 = linear_activation_forward(A1, W2, b2, "sigmoid")
        costs.append(compute_cost(A2, Y))
        dA2 = -(np.divide(Y, A2) - np.divide(1 - Y, 1 - A2))
        dA1, dW2, db2 = linear_activation_backward(dA2, cache2, "sigmoid")
        _, dW1, db1 = linear_activation_backward(dA1, cache1, "relu")
        grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
        parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
        parameters = update_parameters(parameters, grads, 0.0075)
        W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    # The course's expected output for this model at iterations 0, 100 and 200.
    assert [round(costs[i], 6) for i in (0, 100, 200)] == [0.69305, 0.646432, 0.632514]
    assert predict(X, parameters).shape == Y.shape


@pytest.mark.parametrize("z", [-800.0, -40.0, 0.3, 36.0, 800.0])
@pytest.mark.parametrize("y", [0, 1])
def test_a_saturated_output_loses_no_digit_of_its_gradient(z, y):
    A_prev, W = np.array([[1.0]]), np.array([[z]])
    AL, caches = network.L_model_forward(A_prev, {"W1": W, "b1": np.zeros((1, 1))})
    grads = network.L_model_backward(AL, np.array([[y]]), caches)
    exact = -1 / (1 + np.exp(min(z, 700))) if y else 1 / (1 + np.exp(min(-z, 700)))
    assert grads["dW1"][0, 0] == pytest.approx(exact, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("parameters", [None, ({"W1": 1}, [0.7]), 7, {}, {"W1": np.ones((1, 1))}])
def test_parameters_that_are_none_end_in_a_spanish_sentence(parameters):
    with pytest.raises(ValueError, match="se esperaba"):
        network.predict(np.ones((1, 1)), parameters)
