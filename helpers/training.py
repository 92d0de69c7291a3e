"""Gradient descent over ``network``: the published recipe, in about a second.

With all m examples in every step, the gradient of W1 is ``dZ1 @ X.T / m``: whatever the
network, a combination of the training images. So W1 never leaves ``W1_0 + C @ X.T``, with a weight
per image, C (n_1, m), and with ``K = X.T @ X`` (m, m) computed once,

    Z1 = W1_0 @ X + C @ K + b1        and        C -= learning_rate / m * dZ1

need no pixel again. This is plain gradient descent, step by step, not an approximation: only
the order of the sums differs from ``W1 -= learning_rate / m * dZ1 @ X.T``, the way where m >= n_0.
"""

import itertools
import warnings
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from numbers import Integral, Real

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from helpers import arguments, network
from helpers.progress import progress_bar

COST_EVERY = 100  # iterations between two recorded costs, as in the published tables
# Images from which on cores gain by sharing a product. Of fewer they lose where they have other work,
# and the last digits depend on how many they are.
SHARED_FROM = 2000


class DivergenceWarning(UserWarning):
    """Gradient descent ended in no better place than it started from."""


def descend(X, Y, parameters, learning_rate=0.0075, hidden_activation="relu", weight_decay=0.0):
    """Yield, before each update, what the network says and how to get its parameters.

    ``X`` (n_0, m) and ``Y`` (1, m) float64; ``parameters``: where to start, left as it is.
    ``weight_decay`` adds ``weight_decay / 2 * |W|^2`` to the cost, for all W.
    Yields without end pairs ``AL`` (1, m), ``now``: a function that returns W1, b1, ..., WL, bL.
    """
    (n_0, m), L = X.shape, len(parameters) // 2
    W = {l: parameters[f"W{l}"] for l in range(1, L + 1)}
    b = {l: parameters[f"b{l}"] for l in range(1, L + 1)}
    g = {l: network.ACTIVATIONS[hidden_activation if l < L else "sigmoid"] for l in W}
    rate, keep = learning_rate / m, 1.0 - learning_rate * weight_decay

    W1_0, in_images = W[1], m < n_0
    if in_images:  # what is learnt in place of W1 is C, and what it multiplies is K
        W[1], Z, A = np.zeros((len(W1_0), m)), {0: W1_0 @ X}, {0: X.T @ X}
    else:
        Z, A = {0: 0.0}, {0: X}

    def put_together(i, W, b):
        if in_images:
            W = W | {1: keep**i * W1_0 + W[1] @ X.T}
        return {f"{name}{l}": of[l] for l in W for name, of in (("W", W), ("b", b))}

    for i in itertools.count():
        for l in range(1, L + 1):
            Z[l] = W[l] @ A[l - 1]
            Z[l] += b[l] if l > 1 else Z[0] + b[1]
            A[l], _ = g[l][0](Z[l])

        yield A[L], partial(put_together, i, dict(W), dict(b))

        dZ = A[L] - Y  # the slope of the cross-entropy, times that of the sigmoid
        for l in range(L, 0, -1):
            dW = dZ if l == 1 and in_images else dZ @ A[l - 1].T
            db = dZ.sum(axis=1, keepdims=True)
            if l > 1:
                dZ = g[l - 1][1](W[l].T @ dZ, Z[l - 1])
            W[l] = (W[l] if keep == 1.0 else keep * W[l]) - rate * dW
            b[l] = b[l] - rate * db
        if keep < 1.0:
            Z[0] = keep * Z[0]


@contextmanager
def descending(m):
    """A context to ``descend`` in: an overflow is silent, products of few images are not shared.

    What several threads descend in is one context around them all: where BLAS has one thread already,
    the inner ones leave it so, and have nothing to put back while the others still work.
    """
    shared = any(p["num_threads"] > 1 for p in threadpool_info() if p["user_api"] == "blas")
    alone = threadpool_limits(1, user_api="blas") if shared and m < SHARED_FROM else nullcontext()
    with alone, np.errstate(over="ignore", invalid="ignore"):
        yield


class Caller(AbstractContextManager):
    """A context that waits for trainings in other threads: however it is ``left``, they end."""

    left = False

    def __exit__(self, *_):
        self.left = True


def film(
    X,
    Y,
    layers_dims,
    moments,
    learning_rate=0.0075,
    *,
    hidden_activation="relu",
    weight_decay=0.0,
    parameters=None,
    seed=1,
    cost_every=1,
    print_cost=False,
    progress=False,
    caller=None,
):
    """Train by gradient descent up to the last of ``moments``, and keep what is seen on the way.

    X: (n_0, m) float64, finite. Y: (1, m) of 0 and 1. layers_dims: L + 1 sizes, ``[n_0, ..., 1]``.
    moments: numbers of iterations, 0 is the start. cost_every: how many lie between two costs.
    hidden_activation: key of ``network.ACTIVATIONS``; the output is always a sigmoid.
    weight_decay: lambda >= 0 of the penalty ``lambda / 2 * |W|^2``; costs are without it.
    parameters: where to start; by default ``initialize_parameters_deep(layers_dims, seed)``.
    progress: show a bar if the training takes over 2 s. caller: once it has left, ``RuntimeError`` is
    raised. ``ValueError``: an argument doesn't fit. What overflows is NaN, without a warning.

    Returns the costs (n,), each before an update, and two dicts: moment → parameters, and moment →
    their answers to X, (1, m).
    """
    X, layers_dims = arguments.matrix("X", X), arguments.sizes("layers_dims", layers_dims)
    if layers_dims[0] != X.shape[0] or layers_dims[-1] != 1:
        expected = f"empezar en {X.shape[0]}, las filas de X, y terminar en 1, la probabilidad"
        raise ValueError(f"layers_dims={layers_dims} debe {expected}.")
    if not isinstance(learning_rate, Real) or not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate={learning_rate!r} debe ser un número positivo.")
    if not isinstance(weight_decay, Real) or not 0 <= weight_decay * learning_rate < 1:
        expected = f"de 0 a menos que {1 / learning_rate:g} (uno entre la tasa de aprendizaje)"
        raise ValueError(f"weight_decay={weight_decay!r} debe ser un número {expected}.")
    if parameters is None:
        parameters = network.initialize_parameters_deep(layers_dims, seed)
    with descending(X.shape[1]):  # the network's own checks: X, Y, parameters fit each other
        network.compute_cost(network.predict_proba(X, parameters, hidden_activation), Y)
    sizes = [len(X), *(len(parameters[f"b{l + 1}"]) for l in range(len(parameters) // 2))]
    if sizes != layers_dims:
        raise ValueError(f"parameters es de una red de capas {sizes}, no {layers_dims}.")
    Y = np.asarray(Y, dtype=np.float64)
    costs, kept, answers = [], {}, {}
    steps = descend(X, Y, parameters, learning_rate, hidden_activation, weight_decay)
    iterations = progress_bar(range(max(moments) + 1), progress, desc="Entrenando", delay=2)
    with descending(X.shape[1]):
        for i, (AL, now) in zip(iterations, steps):
            if caller and caller.left:
                raise RuntimeError(f"En el paso {i:,} ya nadie esperaba este entrenamiento.")
            if i % cost_every == 0:
                costs.append(network.compute_cost(AL, Y))
                if print_cost:
                    print(f"Costo en la iteración {i:4}: {costs[-1]:.6f}")
            if i in moments:
                kept[i], answers[i] = now(), AL
    return np.array(costs), kept, answers


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
    """Train an L-layer network by gradient descent on all examples at once; all else as in ``film``.

    Returns ``{"W1": (n_1, n_0), "b1": (n_1, 1), ..., "bL"}`` and the costs at iterations 0, 100,
    200, ..., each before that iteration's update. Warns with ``DivergenceWarning`` where the numbers
    overflowed (the costs from there on are NaN and the parameters are those of the last finite cost),
    where the cost ended above its start, and where all examples ended with one and the same output.
    """
    if not isinstance(num_iterations, Integral) or num_iterations < 1:
        raise ValueError(f"num_iterations={num_iterations!r} debe ser un entero positivo.")
    start = {"parameters": parameters, "seed": seed, "weight_decay": weight_decay}
    way = {"learning_rate": learning_rate, "hidden_activation": hidden_activation} | start
    run = partial(film, X, Y, layers_dims, cost_every=COST_EVERY, **way)
    costs, kept, answers = run([num_iterations], print_cost=print_cost, progress=progress)
    costs = costs[: -(-num_iterations // COST_EVERY)].tolist()  # before an update: not the last
    trained, AL = kept[num_iterations], answers[num_iterations]
    if not _are_finite(AL, *trained.values()):
        problem = "los números se desbordaron"
        finite = range(0, num_iterations, COST_EVERY)[: np.isfinite(costs).sum()]
        again = (run([i])[1][i] for i in reversed(finite))  # the same way once more
        trained = next(found for found in again if _are_finite(*found.values()))
    elif (cost := network.compute_cost(AL, Y)) > costs[0]:
        problem = f"el costo terminó en {cost:.3f}, más alto que al empezar ({costs[0]:.3f})"
    elif np.ptp(AL) == 0 < np.ptp(Y):
        problem = "la red terminó dando la misma respuesta a todas las imágenes"
    else:
        return trained, costs
    advice = f"Prueba con una tasa de aprendizaje menor que {learning_rate:g}."
    if np.max(X) > 50:
        advice = f"Los valores de X llegan a {np.max(X):g}: divide las imágenes entre 255."
    said = f"El entrenamiento no convergió: {problem}. {advice}"
    warnings.warn(said, DivergenceWarning, stacklevel=2)
    return trained, costs


def moments_of(recipe, n=31):
    """Return ``n`` numbers of iterations up to the recipe's, the early ones close together."""
    return [round(recipe.num_iterations * (k / (n - 1)) ** 2) for k in range(n)]


def _are_finite(*arrays):
    return all(np.isfinite(array).all() for array in arrays)
