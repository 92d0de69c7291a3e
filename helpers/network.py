"""The L-layer network, one function per formula, in the notation of the course.

Columns are examples: ``X`` is (n_x, m), ``Y`` is (1, m) of 0 and 1, layer l has ``W{l}``
(n_l, n_{l-1}) and ``b{l}`` (n_l, 1). Everything is float64, nothing given is modified, nothing
is read or written. Names, arguments and results are those of Andrew Ng's Deep Learning
Specialization, course 1, week 4, so that ``from helpers.network import *`` can stand where a
notebook had ``from dnn_app_utils_v3 import *``.

Bad arguments raise ``ValueError`` with a message in Spanish that names the argument.
"""

import numpy as np

LEAKY_SLOPE = 0.01  # Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network..."


# -- Activations: A = g(Z), and dZ = dA * g'(Z) ----------------------------------------------------


def identity(Z):
    """Return ``A = Z`` and the cache ``Z``."""
    return Z, Z


def identity_backward(dA, Z):
    """Return ``dZ = dA``: the slope of the identity is 1."""
    return dA


def relu(Z):
    """Return ``A = max(0, Z)`` and the cache ``Z``."""
    return np.maximum(Z, 0.0), Z


def relu_backward(dA, Z):
    """Return ``dZ = dA * [Z > 0]``."""
    return dA * (Z > 0)


def leaky_relu(Z):
    """Return ``A = max(0.01 Z, Z)`` and the cache ``Z``."""
    return np.maximum(LEAKY_SLOPE * Z, Z), Z


def leaky_relu_backward(dA, Z):
    """Return ``dZ``: ``dA`` where Z > 0, ``0.01 dA`` elsewhere."""
    return dA * np.where(Z > 0, 1.0, LEAKY_SLOPE)


def tanh(Z):
    """Return ``A = tanh(Z)`` and the cache ``Z``."""
    return np.tanh(Z), Z


def tanh_backward(dA, Z):
    """Return ``dZ = dA * (1 - tanh(Z)^2)``."""
    return dA * (1.0 - np.tanh(Z) ** 2)


def sigmoid(Z):
    """Return ``A = 1 / (1 + exp(-Z))``, from ``exp(-|Z|)``, which can't overflow, and the cache ``Z``."""
    e = np.exp(-np.abs(Z))
    return np.where(np.greater_equal(Z, 0.0), 1.0, e) / (1.0 + e), Z


def sigmoid_backward(dA, Z):
    """Return ``dZ = dA * s (1 - s)`` with ``s = sigmoid(Z)``, and 1 - s not rounded."""
    e = np.exp(-np.abs(Z))
    return dA * e / (1.0 + e) ** 2


ACTIVATIONS = {
    "linear": (identity, identity_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "tanh": (tanh, tanh_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
}


# -- Initialisation --------------------------------------------------------------------------------


def initialize_parameters_deep(layer_dims, seed=1):
    """Draw the starting parameters of an L-layer network.

    Weights are standard normal divided by ``sqrt(n_{l-1})``, drawn layer by layer from
    ``RandomState(seed)``; biases are zero. This is the recipe behind the published cost tables.

    Parameters: ``layer_dims`` — L + 1 sizes, input first; ``seed`` — int.
    Returns ``{"W1": (n_1, n_0), "b1": (n_1, 1), ..., "WL", "bL"}``.
    """
    if len(layer_dims) < 2 or any(int(n) != n or n < 1 for n in layer_dims):
        raise ValueError(
            f"layer_dims={list(layer_dims)}: se esperaban dos o más tamaños de capa, enteros y "
            "positivos, empezando por la entrada; por ejemplo [12288, 20, 7, 5, 1]."
        )
    random = np.random.RandomState(seed)
    parameters = {}
    for l in range(1, len(layer_dims)):
        n, n_prev = int(layer_dims[l]), int(layer_dims[l - 1])
        parameters[f"W{l}"] = random.randn(n, n_prev) / np.sqrt(n_prev)
        parameters[f"b{l}"] = np.zeros((n, 1))
    return parameters


def initialize_parameters(n_x, n_h, n_y, seed=1):
    """Draw the parameters of the course's two-layer network: ``0.01 * randn``, biases zero."""
    deep = initialize_parameters_deep([n_x, n_h, n_y], seed)
    deep["W1"] *= 0.01 * np.sqrt(n_x)
    deep["W2"] *= 0.01 * np.sqrt(n_h)
    return deep


# -- Forward ---------------------------------------------------------------------------------------


def linear_forward(A, W, b):
    """Compute ``Z = W A + b``.

    Shapes: ``A`` (n_{l-1}, m), ``W`` (n_l, n_{l-1}), ``b`` (n_l, 1).
    Returns ``Z`` (n_l, m) and the cache ``(A, W, b)``.
    """
    A, W, b = as_matrix("A", A), as_matrix("W", W), as_matrix("b", b)
    if W.shape[1] != A.shape[0] or b.shape != (W.shape[0], 1):
        raise ValueError(
            f"W tiene forma {W.shape}, A {A.shape} y b {b.shape}: W debe tener tantas columnas "
            "como filas tiene A, y b debe ser (filas de W, 1)."
        )
    return W @ A + b, (A, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    """Compute one layer, ``A = g(W A_prev + b)``.

    ``activation`` is a key of ``ACTIVATIONS``. Returns ``A`` (n_l, m) and the cache
    ``((A_prev, W, b), Z)``.
    """
    activate, _ = activation_functions(activation)
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, activation_cache = activate(Z)
    return A, (linear_cache, activation_cache)


def L_model_forward(X, parameters, hidden_activation="relu"):
    """Compute the whole network: L - 1 hidden layers, then a sigmoid.

    ``X`` is (n_0, m), finite. Returns ``AL`` (n_L, m) in [0, 1] and the list of L caches.
    """
    A = as_matrix("X", X)
    if not np.isfinite(A).all():
        raise ValueError(
            "X contiene NaN o infinitos: revisa cómo se cargaron y escalaron las imágenes."
        )
    L = _depth(parameters)
    caches = []
    for l in range(1, L + 1):
        activation = hidden_activation if l < L else "sigmoid"
        A, cache = linear_activation_forward(
            A, parameters[f"W{l}"], parameters[f"b{l}"], activation
        )
        caches.append(cache)
    return A, caches


# -- Cost ------------------------------------------------------------------------------------------


def compute_cost(AL, Y):
    """Return the mean cross-entropy ``-1/m sum(Y log AL + (1 - Y) log(1 - AL))`` as a float.

    ``AL`` and ``Y`` are (1, m). A saturated unit (AL exactly 0 or 1) costs at most 708 per
    example, -log of the smallest normal float64, instead of infinity.

    >>> compute_cost([[0.5, 0.5]], [[1, 0]])  # who tosses a coin pays log 2
    0.6931471805599453
    """
    AL = as_matrix("AL", AL)
    Y = _labels(Y, AL)
    right = np.where(Y == 1, AL, 1.0 - AL)  # the probability given to the true class
    return float(-np.log(np.maximum(right, np.finfo(np.float64).tiny)).mean())


# -- Backward --------------------------------------------------------------------------------------


def linear_backward(dZ, cache):
    """Return ``dA_prev = W.T dZ``, ``dW = dZ A_prev.T / m`` and ``db = sum(dZ) / m``.

    ``dZ`` is (n_l, m); ``cache`` is ``(A_prev, W, b)`` of ``linear_forward``.
    """
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m


def linear_activation_backward(dA, cache, activation):
    """Return ``dA_prev, dW, db`` of one layer, from ``dA`` (n_l, m) and the layer's cache."""
    _, activate_backward = activation_functions(activation)
    linear_cache, Z = cache
    if np.shape(dA) != np.shape(Z):
        raise ValueError(
            f"dA tiene forma {np.shape(dA)} y Z, en cache, {np.shape(Z)}: deben ser iguales."
        )
    return linear_backward(activate_backward(dA, Z), linear_cache)


def L_model_backward(AL, Y, caches, hidden_activation="relu"):
    """Backpropagate through the whole network.

    ``AL`` and ``caches`` come from ``L_model_forward``; ``Y`` is (1, m) of 0 and 1.
    Returns ``grads`` with ``dA{l-1}``, ``dW{l}`` and ``db{l}`` for l = L, ..., 1.
    """
    AL = as_matrix("AL", AL)
    Y = _labels(Y, AL)
    L = len(caches)
    linear_cache, ZL = caches[-1]
    grads = {}
    dZL = _output_backward(AL, Y, ZL)
    grads[f"dA{L - 1}"], grads[f"dW{L}"], grads[f"db{L}"] = linear_backward(dZL, linear_cache)
    for l in range(L - 1, 0, -1):
        grads[f"dA{l - 1}"], grads[f"dW{l}"], grads[f"db{l}"] = linear_activation_backward(
            grads[f"dA{l}"], caches[l - 1], hidden_activation
        )
    return grads


def _output_backward(AL, Y, ZL):
    """Return dZL: the cross-entropy's slope at ``AL``, times the sigmoid's at ``ZL``.

    Where AL is sigmoid(ZL), as in a forward pass, the fractions 1/AL and 1/(1 - AL) cancel and
    AL - Y is left: no digit is lost in a saturated unit and nothing is divided by 0.
    """
    right = np.where(Y == 1, AL, 1.0 - AL)
    dAL = np.where(Y == 1, -1.0, 1.0) / np.maximum(right, np.finfo(np.float64).tiny)
    is_sigmoid = np.isclose(AL, sigmoid(ZL)[0], rtol=1e-15, atol=0.0)
    return np.where(is_sigmoid, AL - Y, sigmoid_backward(dAL, ZL))


def update_parameters(parameters, grads, learning_rate):
    """Take one step of gradient descent: ``W - learning_rate * dW`` and likewise ``b``.

    Returns new parameters; those given stay as they were.
    """
    return {
        f"{name}{l}": parameters[f"{name}{l}"] - learning_rate * grads[f"d{name}{l}"]
        for l in range(1, _depth(parameters) + 1)
        for name in ("W", "b")
    }


# -- Prediction ------------------------------------------------------------------------------------


def predict_proba(X, parameters, hidden_activation="relu"):
    """Return the probability of class 1 for each column of ``X``, (1, m) float64."""
    return L_model_forward(X, parameters, hidden_activation)[0]


def predict(X, parameters, course_parameters=None, *, hidden_activation="relu"):
    """Return the predicted class of each column of ``X``, (1, m) int64: 1 where P > 0.5.

    The course's own call, ``predict(X, y, parameters)``, is understood as well; the labels are
    not needed to predict.
    """
    if course_parameters is not None:
        parameters = course_parameters
    return (predict_proba(X, parameters, hidden_activation) > 0.5).astype(np.int64)


# -- What the arguments must be --------------------------------------------------------------------


def as_matrix(name, value):
    """Return ``value`` as a 2-D float64 array, not copied where it already is one."""
    try:
        matrix = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} debe ser una matriz de números; se recibió {type(value).__name__}."
        ) from None
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(
            f"{name} tiene forma {matrix.shape}: se esperaba una matriz no vacía de dos "
            "dimensiones, con una columna por cada ejemplo. Un vector de etiquetas se pasa como "
            "y.reshape(1, -1)."
        )
    return matrix


def _labels(Y, AL):
    """Return ``Y`` as float64 after checking that it holds 0 and 1 in the shape of ``AL``."""
    Y = as_matrix("Y", Y)
    if Y.shape != AL.shape:
        raise ValueError(f"Y tiene forma {Y.shape} y AL {AL.shape}: deben ser iguales.")
    if np.count_nonzero(Y == 0) + np.count_nonzero(Y == 1) != Y.size:
        strange = Y[(Y != 0) & (Y != 1)][0]
        raise ValueError(f"Y contiene {strange:g}: las etiquetas deben ser 0 o 1.")
    return Y


def activation_functions(name):
    """Return an activation's two functions, g and its backward step, by its name."""
    if name not in ACTIVATIONS:
        raise ValueError(f"No conozco la activación {name!r}: usa una de {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]


def _depth(parameters):
    """Return L after checking that ``parameters`` holds W1..WL and b1..bL."""
    if not isinstance(parameters, dict):
        advice = " L_layer_model regresa dos cosas, parámetros y costos: pasa solo la primera."
        raise ValueError(
            f"parameters es {type(parameters).__name__}: se esperaba un diccionario con W1, b1, ..., "
            f"WL, bL.{advice if isinstance(parameters, tuple) else ''}"
        )
    L = len(parameters) // 2
    expected = {f"{name}{l}" for name in "Wb" for l in range(1, L + 1)}
    if L == 0 or set(parameters) != expected:
        raise ValueError(
            f"parameters tiene las claves {list(parameters)}: se esperaban W1, b1, ..., WL, bL."
        )
    return L
