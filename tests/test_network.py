"""The network's formulas, against central differences and hand-made numbers."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers import network

HIDDEN = list(network.ACTIVATIONS)
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=5)
FINE = network.initialize_parameters_deep([3, 2, 1])


def random_network(layer_dims, m, seed):
    random = np.random.RandomState(seed)
    X, Y = random.randn(layer_dims[0], m), random.randint(0, 2, (1, m))
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
    step, middle = 1e-6, cost_of(X, Y, parameters, activation)
    for name, value in {"X": X, **parameters}.items():
        slope = grads["dA0"] / m if name == "X" else grads[f"d{name}"]
        for index in np.ndindex(value.shape):
            costs = []
            for sign in (+1, -1):
                moved = {"X": X, **parameters, name: value.copy()}
                moved[name][index] += sign * step
                costs.append(cost_of(moved.pop("X"), Y, moved, activation))
            numeric = (costs[0] - costs[1]) / (2 * step)
            sides = (costs[0] - middle) / step, (middle - costs[1]) / step
            if "relu" in activation and abs(sides[0] - sides[1]) > 1e-6:
                continue  # the step crosses a kink
            assert slope[index] == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_parameters_are_drawn_layer_by_layer_from_one_stream():
    before = np.random.get_state()[1].tolist()
    parameters = network.initialize_parameters_deep([5, 4, 1], seed=1)
    assert np.random.get_state()[1].tolist() == before
    stream = np.random.RandomState(1)
    np.testing.assert_array_equal(parameters["W1"], stream.randn(4, 5) / np.sqrt(5))
    np.testing.assert_array_equal(parameters["W2"], stream.randn(1, 4) / np.sqrt(4))
    assert parameters["b1"].shape == (4, 1) and not parameters["b1"].any()
    assert list(parameters) == ["W1", "b1", "W2", "b2"]


def test_forward_of_a_network_worked_by_hand():
    first = {"W1": [[1.0, -1.0], [2.0, 0.0]], "b1": [[0.0], [-1.0]]}
    parameters = first | {"W2": [[1.0, 1.0]], "b2": [[-2.0]]}
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
    with np.errstate(all="raise"):
        A, cache = forward(Z)
        dZ = backward(np.ones_like(Z), cache)
    assert np.isfinite(A).all() and np.isfinite(dZ).all()
    if activation == "sigmoid":  # of which no digit is lost in the tail
        assert forward(-700.0)[0] == pytest.approx(np.exp(-700.0), rel=1e-12, abs=0)


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
    for X in (np.eye(3, dtype=np.float32), np.eye(3, dtype=np.uint8), np.eye(3).tolist()):
        AL = network.predict_proba(X, FINE)
        assert AL.dtype == np.float64
        np.testing.assert_array_equal(AL, network.predict_proba(np.eye(3), FINE))


@pytest.mark.parametrize("z", [-800.0, -40.0, 0.3, 36.0, 800.0])
@pytest.mark.parametrize("y", [0, 1])
def test_a_saturated_output_loses_no_digit_of_its_gradient(z, y):
    A_prev, W = np.array([[1.0]]), np.array([[z]])
    AL, caches = network.L_model_forward(A_prev, {"W1": W, "b1": np.zeros((1, 1))})
    grads = network.L_model_backward(AL, np.array([[y]]), caches)
    exact = -1 / (1 + np.exp(min(z, 700))) if y else 1 / (1 + np.exp(min(-z, 700)))
    assert grads["dW1"][0, 0] == pytest.approx(exact, rel=1e-12, abs=1e-15)
    assert np.isfinite(network.compute_cost(AL, np.array([[y]])))


X32, ONES = np.ones((3, 2)), np.ones((4, 1))
HALVES = np.full((1, 2), 0.5)
BACK = network.linear_activation_forward(np.ones((3, 5)), FINE["W1"], FINE["b1"], "relu")[1]
BAD = [
    (network.initialize_parameters_deep, [[5, 0, 1]], "layer_dims"),
    (network.linear_forward, [X32, np.ones((4, 5)), ONES], "(4, 5)"),
    (network.linear_forward, [X32, np.ones((4, 3)), np.ones(4)], "b tiene"),
    (network.linear_forward, ["hola", np.ones((4, 3)), ONES], "A debe ser"),
    (network.L_model_forward, [np.ones(3), FINE], "(3,)"),
    (network.L_model_forward, [np.ones((4, 2)), FINE], "(2, 3)"),
    (network.L_model_forward, [X32 * np.nan, FINE], "NaN"),
    (network.L_model_forward, [X32 * np.inf, FINE], "infinitos"),
    (network.L_model_forward, [X32, FINE, "swish"], "leaky_relu"),
    (network.compute_cost, [HALVES, [[0, 2]]], "contiene 2"),
    (network.compute_cost, [HALVES, [[0, np.nan]]], "contiene nan"),
    (network.compute_cost, [HALVES, [[0, 1, 1]]], "(1, 3)"),
    (network.compute_cost, [HALVES, [0, 1]], "Y tiene forma (2,)"),
    (network.linear_activation_backward, [np.ones((2, 3)), BACK, "relu"], "dA tiene forma (2, 3)"),
    *[(network.predict, [X32, none], "se esperaba") for none in (None, ({"W1": 1}, [0.7]), 7, {})],
    (network.predict, [X32, {"W1": FINE["W1"]}], "se esperaba"),
]


@pytest.mark.parametrize("function, arguments, says", BAD)
def test_bad_arguments_are_named_in_spanish(function, arguments, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        function(*arguments)
