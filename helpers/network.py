"""The L-layer network, one function per formula, in the notation of the course.

Columns are examples: ``X`` is (n_x, m), ``Y`` is (1, m) of 0 and 1, layer l has ``W{l}``
(n_l, n_{l-1}) and ``b{l}`` (n_l, 1). Nothing given is modified, nothing is read or written.

The body of each function is its formula and nothing else; the notebook prints it as it stands here.
``checked`` looks at the arguments before: it makes float64 matrices of them, and raises
``ValueError`` in Spanish where one doesn't fit. Names are those of Andrew Ng's Deep Learning
Specialization, course 1, week 4; what only its notebooks call otherwise is in ``dnn_app_utils_v3``.
"""

import numpy as np

from helpers.arguments import checked


def identity(Z):
    r"""$$g(z) = z$$"""
    return Z, Z


def identity_backward(dA, Z):
    r"""$$dZ = dA$$"""
    return dA


def relu(Z):
    r"""$$g(z) = \max(0, z)$$"""
    return np.maximum(0, Z), Z


def relu_backward(dA, Z):
    r"""$$dZ = dA * g'(Z), \quad g'(z) = 1 \text{ si } z > 0, \text{ si no, } 0$$"""
    return dA * (Z > 0)


def leaky_relu(Z):
    r"""$$g(z) = \max(0.01\, z, z)$$

    Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".
    """
    return np.maximum(0.01 * Z, Z), Z


def leaky_relu_backward(dA, Z):
    r"""$$dZ = dA * g'(Z), \quad g'(z) = 1 \text{ si } z > 0, \text{ si no, } 0.01$$"""
    return dA * np.where(Z > 0, 1, 0.01)


def tanh(Z):
    r"""$$g(z) = \tanh z$$"""
    return np.tanh(Z), Z


def tanh_backward(dA, Z):
    r"""$$dZ = dA * (1 - \tanh^2 Z)$$"""
    return dA * (1 - np.tanh(Z) ** 2)


@np.errstate(over="ignore", under="ignore")  # exp(710) is infinity, 1 / infinity the 0 meant
def sigmoid(Z):
    r"""$$\sigma(z) = \frac{1}{1 + e^{-z}}$$"""
    return 1 / (1 + np.exp(-Z)), Z


@np.errstate(over="ignore", under="ignore")
def sigmoid_backward(dA, Z):
    r"""$$dZ = dA * \sigma(Z) * \sigma(-Z), \quad \sigma(-z) = 1 - \sigma(z)$$

    With σ(-Z) no digit is lost where σ(Z) is so near 1 that the difference would round to 0.
    """
    return dA * sigmoid(Z)[0] * sigmoid(-Z)[0]


ACTIVATIONS = {
    "linear": (identity, identity_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "tanh": (tanh, tanh_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
}


@checked
def initialize_parameters_deep(layer_dims, seed=1):
    r"""$$W^{[l]} \sim \mathcal N(0, 1) \,/ \sqrt{n^{[l-1]}}, \quad b^{[l]} = 0$$

    layer_dims: L + 1 sizes, input first. Drawn layer by layer from one ``RandomState(seed)``: the
    recipe behind the published cost tables. Returns ``{"W1": (n_1, n_0), "b1": (n_1, 1), ...}``.
    """
    random = np.random.RandomState(seed)
    parameters = {}
    for l in range(1, len(layer_dims)):
        n, n_prev = layer_dims[l], layer_dims[l - 1]
        parameters[f"W{l}"] = random.randn(n, n_prev) / np.sqrt(n_prev)
        parameters[f"b{l}"] = np.zeros((n, 1))
    return parameters


def initialize_parameters(n_x, n_h, n_y, seed=1):
    """Draw the parameters of the course's two-layer network: ``0.01 * randn``, biases zero."""
    deep = initialize_parameters_deep([n_x, n_h, n_y], seed)
    deep["W1"] *= 0.01 * np.sqrt(n_x)
    deep["W2"] *= 0.01 * np.sqrt(n_h)
    return deep


@checked
def linear_forward(A, W, b):
    r"""$$Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}$$

    ``A`` (n_{l-1}, m), ``W`` (n_l, n_{l-1}), ``b`` (n_l, 1). Returns ``Z`` (n_l, m) and the cache.
    """
    return W @ A + b, (A, W, b)


@checked
def linear_activation_forward(A_prev, W, b, activation):
    r"""$$A^{[l]} = g(Z^{[l]})$$

    activation: a key of ``ACTIVATIONS``. Returns ``A`` (n_l, m), and the cache ``((A_prev, W, b), Z)``.
    """
    g, _ = ACTIVATIONS[activation]
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, activation_cache = g(Z)
    return A, (linear_cache, activation_cache)


@checked
def L_model_forward(X, parameters, hidden_activation="relu"):
    r"""$$X = A^{[0]} \to A^{[1]} \to \dots \to A^{[L]} = \hat Y$$

    Hidden layers with ``hidden_activation``, then a sigmoid. ``X`` is (n_0, m). Returns ``AL``
    (n_L, m) in [0, 1] and the list of L caches.
    """
    A, caches, L = X, [], len(parameters) // 2
    for l in range(1, L + 1):
        activation = hidden_activation if l < L else "sigmoid"
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        A, cache = linear_activation_forward(A, W, b, activation)
        caches.append(cache)
    return A, caches


@checked
def compute_cost(AL, Y):
    r"""$$J = -\frac1m \sum_{i=1}^{m} \Big[ y^{(i)} \log \hat y^{(i)} + (1 - y^{(i)}) \log \big(1 - \hat y^{(i)}\big) \Big]$$

    Of the two logarithms the label leaves one: that of the probability given to the true class, at
    least 1e-300, so that a saturated unit that is wrong costs 691 and not infinity.

    >>> compute_cost([[0.5, 0.5]], [[1, 0]])  # who tosses a coin pays log 2
    0.6931471805599453
    """
    right = np.where(Y == 1, AL, 1 - AL)
    return float(-np.log(np.maximum(right, 1e-300)).mean())


def linear_backward(dZ, cache):
    r"""$$dA^{[l-1]} = W^{[l]T} dZ^{[l]}, \quad dW^{[l]} = \tfrac1m\, dZ^{[l]} A^{[l-1]T}, \quad db^{[l]} = \tfrac1m \textstyle\sum_i dZ^{[l](i)}$$"""
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m


@checked
def linear_activation_backward(dA, cache, activation):
    r"""$$dZ^{[l]} = dA^{[l]} * g'(Z^{[l]})$$

    Returns ``dA_prev, dW, db`` of one layer.
    """
    _, g_backward = ACTIVATIONS[activation]
    linear_cache, Z = cache
    return linear_backward(g_backward(dA, Z), linear_cache)


@checked
def L_model_backward(AL, Y, caches, hidden_activation="relu"):
    r"""$$dZ^{[L]} = \hat Y - Y, \quad l = L, L-1, \dots, 1$$

    ``AL`` and ``caches`` are what ``L_model_forward`` returned. Returns ``grads`` with ``dA{l-1}``,
    ``dW{l}`` and ``db{l}`` for l = L, ..., 1.
    """
    grads, L = {}, len(caches)
    linear_cache, _ = caches[-1]
    dA, dW, db = linear_backward(AL - Y, linear_cache)
    grads[f"dA{L - 1}"], grads[f"dW{L}"], grads[f"db{L}"] = dA, dW, db
    for l in range(L - 1, 0, -1):
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], hidden_activation)
        grads[f"dA{l - 1}"], grads[f"dW{l}"], grads[f"db{l}"] = dA, dW, db
    return grads


@checked
def update_parameters(parameters, grads, learning_rate):
    r"""$$W^{[l]} := W^{[l]} - \alpha\, dW^{[l]}, \quad b^{[l]} := b^{[l]} - \alpha\, db^{[l]}$$"""
    return {name: parameters[name] - learning_rate * grads[f"d{name}"] for name in parameters}


def predict_proba(X, parameters, hidden_activation="relu"):
    """Return the probability of class 1 for each column of ``X``, (1, m)."""
    return L_model_forward(X, parameters, hidden_activation)[0]


def predict(X, parameters, hidden_activation="relu"):
    r"""$$\hat y > 0.5$$

    Returns the class of each column of ``X``, (1, m) of 0 and 1.
    """
    return (predict_proba(X, parameters, hidden_activation) > 0.5).astype(np.int64)
