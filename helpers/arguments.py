"""What the network's functions must be given, and the Spanish sentence where it is something else.

In the course's notation a name means the same thing everywhere, so one check per name is enough.
"""

import inspect
from functools import wraps
from numbers import Real

import numpy as np

ACTIVATION_NAMES = ("linear", "relu", "leaky_relu", "tanh", "sigmoid")


def checked(function):
    """Let each argument pass the check of its name before ``function`` sees it; ``ValueError`` else."""
    signature = inspect.signature(function)

    @wraps(function)
    def checking(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            if name in CHECKS:
                given.arguments[name] = CHECKS[name](name, value, given.arguments)
        return function(*given.args, **given.kwargs)

    return checking


def matrix(name, value, given=None):
    """``value`` as a 2-D float64 array, not copied where it already is one."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        found = type(value).__name__
        raise ValueError(f"{name} debe ser una matriz de números; se recibió {found}.") from None
    if array.ndim != 2 or array.size == 0:
        expected = "se esperaba una matriz no vacía, con una columna por ejemplo"
        advice = "de un vector, y.reshape(1, -1)"
        raise ValueError(f"{name} tiene forma {array.shape}: {expected}; {advice}.")
    return array


def _finite(name, value, given):
    X = matrix(name, value)
    if not np.isfinite(X).all():
        raise ValueError(f"{name} contiene NaN o infinitos: revisa cómo se escalaron las imágenes.")
    return X


def _bias(name, value, given):
    b, W = matrix(name, value), given["W"]
    A = given["A"] if "A" in given else given["A_prev"]
    if W.shape[1] != A.shape[0] or b.shape != (W.shape[0], 1):
        expected = "W debe tener tantas columnas como filas tiene A, y b debe ser (filas de W, 1)"
        raise ValueError(f"W tiene forma {W.shape}, A {A.shape} y b {b.shape}: {expected}.")
    return b


def labels(value, shape, of="las imágenes piden"):
    """``value`` as a float64 matrix of 0 and 1, of the ``shape`` that is that ``of`` something."""
    Y = matrix("Y", value)
    if Y.shape != shape:
        raise ValueError(f"Y tiene forma {Y.shape} y {of} {shape}: deben ser iguales.")
    strange = Y[(Y != 0) & (Y != 1)]
    if strange.size:
        raise ValueError(f"Y contiene {strange[0]:g}: las etiquetas deben ser 0 o 1.")
    return Y


def _labels(name, value, given):
    return labels(value, given["AL"].shape, "AL")


def _cache(name, value, given):
    dA, (_, Z) = np.shape(given["dA"]), value
    if dA != np.shape(Z):
        raise ValueError(f"dA tiene forma {dA} y Z, en cache, {np.shape(Z)}: deben ser iguales.")
    return value


def activation(name, value, given=None):
    if value not in ACTIVATION_NAMES:
        names = ", ".join(ACTIVATION_NAMES)
        raise ValueError(f"No conozco la activación {value!r}: usa una de {names}.")
    return value


def _parameters(name, value, given):
    keys = list(value) if isinstance(value, dict) else []
    if not keys or set(keys) != {f"{kind}{l + 1}" for kind in "Wb" for l in range(len(keys) // 2)}:
        advice = " L_layer_model regresa dos cosas, parámetros y costos: pasa solo la primera."
        raise ValueError(
            f"parameters es {type(value).__name__}, con las claves {keys}: se esperaba un diccionario "
            f"con W1, b1, ..., WL, bL.{advice * isinstance(value, tuple)}"
        )
    return value


def sizes(name, value, given=None):
    """``value`` as a list of two or more layers' sizes."""
    several = np.ndim(value) == 1 and len(value) > 1
    if not several or not all(isinstance(n, Real) and int(n) == n > 0 for n in value):
        expected = "se esperaban dos o más tamaños de capa, enteros y positivos"
        raise ValueError(f"{name}={value!r}: {expected}; por ejemplo [12288, 20, 7, 5, 1].")
    return [int(n) for n in value]


CHECKS = {
    "X": _finite, "A": matrix, "A_prev": matrix, "AL": matrix, "W": matrix, "b": _bias,
    "Y": _labels, "cache": _cache, "activation": activation, "hidden_activation": activation,
    "parameters": _parameters, "layer_dims": sizes,
}  # fmt: skip
