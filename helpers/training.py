"""Gradient descent over ``network``: the published recipe, in about a second.

With all m examples in every step, the gradient of W1 is ``dZ1 @ X.T / m``: whatever the
network, a combination of the training images. So W1 never leaves ``W1_0 + C @ X.T``, with
C (n_1, m), and with ``K = X.T @ X`` (m, m) computed once,

    Z1 = W1_0 @ X + C @ K + b1        and        C -= learning_rate / m * dZ1

need no pixel again. This is plain gradient descent, step by step, not an approximation: only
the order of the sums differs from ``W1 -= learning_rate / m * dZ1 @ X.T``.
"""

import os
import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from helpers import network

COST_EVERY = 100  # iterations between two recorded costs, as in the published tables


class DivergenceWarning(UserWarning):
    """Gradient descent ended in no better place than it started from."""


class PixelSpace:
    """The first layer as in the textbook: what is learnt is W1, and every step reads all pixels."""

    def __init__(self, X, W1_0):
        self.X, self.start = X, W1_0

    def product(self, W1):
        """Return ``W1 @ X`` (n_1, m)."""
        return W1 @ self.X

    def step(self, W1, dZ1, rate, keep):
        """Return W1 after an update; ``rate`` is alpha / m, ``keep`` what weight decay leaves."""
        return keep * W1 - rate * (dZ1 @ self.X.T)

    def weights(self, W1, X, W1_0):
        """Return W1 (n_1, n_0)."""
        return W1


class ImageSpace:
    """The same layer, ``W1 = s W1_0 + C @ X.T``: what is learnt is C (n_1, m), a weight per image.

    It is made of ``K = X.T @ X`` (m, m) and ``Z1_0 = W1_0 @ X`` (n_1, m). The share s of the
    starting weights is 1 unless weight decay shrinks it.
    """

    def __init__(self, K, Z1_0):
        self.K, self.Z1_0 = K, Z1_0
        self.start = 1.0, np.zeros_like(Z1_0)

    def product(self, learnt):
        """Return ``W1 @ X`` (n_1, m)."""
        s, C = learnt
        Z1 = C @ self.K
        Z1 += self.Z1_0 if s == 1 else s * self.Z1_0
        return Z1

    def step(self, learnt, dZ1, rate, keep):
        """Return (s, C) after an update; ``rate`` is alpha / m, ``keep`` what weight decay leaves."""
        s, C = learnt
        return keep * s, (C if keep == 1 else keep * C) - rate * dZ1

    def weights(self, learnt, X, W1_0):
        """Return W1 (n_1, n_0)."""
        s, C = learnt
        return s * W1_0 + C @ X.T


class State(NamedTuple):
    """Where gradient descent stands, before the next update."""

    AL: np.ndarray  # (1, m), what the network says of each example
    learnt: np.ndarray | tuple  # the first layer's W1, or (s, C)
    b1: np.ndarray
    upper: dict  # layers 2..L as a network of their own, whose input is A1


def descend(first, Y, parameters, learning_rate, hidden_activation="relu", weight_decay=0.0):
    """Yield the ``State`` before each update, for as long as it is asked for and A1 is finite.

    ``first`` is the first layer, in image or in pixel space; ``parameters`` is where to start, and
    its W1 is not read. ``weight_decay`` adds ``weight_decay / 2 * |W|^2`` to the cost, for all W.
    """
    learnt, b1, upper = first.start, parameters["b1"], _renumbered(parameters, -1)
    activate, activate_backward = network.activation_functions(
        hidden_activation if upper else "sigmoid"
    )
    rate, keep = learning_rate / Y.shape[1], 1.0 - learning_rate * weight_decay
    while True:
        Z1 = first.product(learnt)
        Z1 += b1
        if not np.isfinite(Z1).all():
            return
        A1, _ = activate(Z1)
        if upper:
            AL, caches = network.L_model_forward(A1, upper, hidden_activation)
        else:
            AL = A1
        yield State(AL, learnt, b1, upper)
        if upper:
            grads = network.L_model_backward(AL, Y, caches, hidden_activation)
            kept = (
                {k: keep * v if k[0] == "W" else v for k, v in upper.items()} if keep < 1 else upper
            )
            upper = network.update_parameters(kept, grads, learning_rate)
            dZ1 = activate_backward(grads["dA0"], Z1)
        else:
            dZ1 = AL - Y
        learnt = first.step(learnt, dZ1, rate, keep)
        b1 = b1 - rate * dZ1.sum(axis=1, keepdims=True)


def judge(first, state, hidden_activation="relu"):
    """Return the probabilities (1, v) that the network in ``state`` gives to other images.

    ``first`` is the ``ImageSpace`` of their products with the training images; NaN if A1 overflows.
    """
    Z1 = first.product(state.learnt) + state.b1
    if not np.isfinite(Z1).all():
        return np.full((1, Z1.shape[1]), np.nan)
    activate, _ = network.activation_functions(hidden_activation if state.upper else "sigmoid")
    A1, _ = activate(Z1)
    return network.predict_proba(A1, state.upper, hidden_activation) if state.upper else A1


def progress_bar(iterable, show, **options):
    """Return ``iterable`` under a bar that goes when it ends; as it is unless ``show``.

    Silent where TQDM_DISABLE is set, which tqdm's bar for notebooks doesn't look at by itself.
    """
    if not show or os.environ.get("TQDM_DISABLE"):
        return iterable
    return tqdm(iterable, leave=False, **options)


def L_layer_model(
    X,
    Y,
    layers_dims,
    learning_rate=0.0075,
    num_iterations=2700,
    *,
    hidden_activation="relu",
    weight_decay=0.0,
    parameters=None,
    seed=1,
    print_cost=False,
    progress=True,
):
    """Train an L-layer network by gradient descent on all examples at once.

    Works in image space where there are fewer examples than inputs (m < n_0), which takes far less
    time and gives the same parameters to rounding; over the pixels otherwise.

    Parameters
    ----------
    X : (n_0, m) float64, finite
    Y : (1, m) of 0 and 1
    layers_dims : L + 1 sizes, ``[n_0, ..., 1]``
    learning_rate : float > 0
    num_iterations : int >= 1
    hidden_activation : key of ``network.ACTIVATIONS``; the output is always a sigmoid
    weight_decay : lambda >= 0 of the penalty ``lambda / 2 * |W|^2``; costs are without it
    parameters : where to start; by default ``initialize_parameters_deep(layers_dims, seed)``
    print_cost : print, in Spanish, each cost as it is recorded
    progress : show a bar if the training takes over 2 s

    Returns
    -------
    parameters : ``{"W1": (n_1, n_0), "b1": (n_1, 1), ..., "bL"}``
    costs : the cost at iterations 0, 100, 200, ..., each before that iteration's update

    Raises
    ------
    ValueError : an argument doesn't fit; the message, in Spanish, says which and why.

    Warns
    -----
    DivergenceWarning : the numbers overflowed (the costs from there on are NaN and the parameters
        are those of the last finite cost); the cost ended above where it started; or all examples
        ended with one and the same output.
    """
    X = network.as_matrix("X", X)
    _check_settings(X, layers_dims, learning_rate, num_iterations, weight_decay)
    if parameters is None:
        parameters = network.initialize_parameters_deep(layers_dims, seed)
    _check_sizes(parameters, layers_dims)
    # One pass through the network's own checks: X, Y, parameters and activation fit each other.
    AL_0 = network.predict_proba(X, parameters, hidden_activation)
    cost_0 = network.compute_cost(AL_0, Y)

    W1_0 = parameters["W1"]
    first = ImageSpace(X.T @ X, W1_0 @ X) if X.shape[1] < X.shape[0] else PixelSpace(X, W1_0)
    Y = np.asarray(Y, dtype=np.float64)
    states = descend(first, Y, parameters, learning_rate, hidden_activation, weight_decay)
    iterations = progress_bar(range(num_iterations), progress, desc="Entrenando", delay=2)
    costs, kept = [], State(AL_0, first.start, parameters["b1"], _renumbered(parameters, -1))
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow gets one warning, ours
        for i, state in zip(iterations, states):
            if i % COST_EVERY == 0:
                costs.append(network.compute_cost(state.AL, Y))
                if print_cost:
                    print(f"Costo en la iteración {i:4}: {costs[-1]:.6f}")
                kept = state if _is_finite(state) else kept
        end = next(states, None)  # None: A1 overflowed

    if end is None or not _is_finite(end):
        end = kept
        costs += [np.nan] * (-(-num_iterations // COST_EVERY) - len(costs))
        _warn("los números se desbordaron", learning_rate)
    elif (cost := network.compute_cost(end.AL, Y)) > cost_0:
        _warn(
            f"el costo terminó en {cost:.3f}, más alto que al empezar ({cost_0:.3f})", learning_rate
        )
    elif np.ptp(end.AL) == 0 < np.ptp(AL_0):
        _warn("la red terminó dando la misma respuesta a todas las imágenes", learning_rate)
    return {
        "W1": first.weights(end.learnt, X, W1_0),
        "b1": end.b1,
        **_renumbered(end.upper, +1),
    }, costs


def _renumbered(parameters, shift):
    """Return layer l's parameters as layer l + shift's, without those that would be layer 0."""
    layers = ((name[0], int(name[1:]) + shift, value) for name, value in parameters.items())
    return {f"{letter}{l}": value for letter, l, value in layers if l > 0}


def _is_finite(state):
    # Z1 is, or descend would have ended; what overflowed in the layers above shows in AL or in them.
    return all(np.isfinite(values).all() for values in (state.AL, *state.upper.values()))


def _warn(what, learning_rate):
    message = (
        f"El entrenamiento no convergió: {what}. Prueba con una tasa de aprendizaje menor que "
        f"{learning_rate:g}."
    )
    warnings.warn(message, DivergenceWarning, stacklevel=3)


def _check_settings(X, layers_dims, learning_rate, num_iterations, weight_decay):
    if layers_dims[0] != X.shape[0] or layers_dims[-1] != 1:
        raise ValueError(
            f"layers_dims={list(layers_dims)} debe empezar en {X.shape[0]}, las filas de X, y "
            "terminar en 1, la probabilidad."
        )
    if not isinstance(learning_rate, Real) or not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate={learning_rate!r} debe ser un número positivo.")
    if not isinstance(num_iterations, Integral) or num_iterations < 1:
        raise ValueError(f"num_iterations={num_iterations!r} debe ser un entero positivo.")
    if not isinstance(weight_decay, Real) or not 0 <= weight_decay * learning_rate < 1:
        raise ValueError(
            f"weight_decay={weight_decay!r} debe ser un número no negativo, menor que "
            f"{1 / learning_rate:g} (uno entre la tasa de aprendizaje)."
        )


def _check_sizes(parameters, layers_dims):
    for l, (n_prev, n) in enumerate(zip(layers_dims, layers_dims[1:]), start=1):
        found = np.shape(parameters.get(f"W{l}"))
        if found != (n, n_prev):
            raise ValueError(
                f"parameters['W{l}'] tiene forma {found}: según layers_dims debe ser {(n, n_prev)}."
            )
