"""What the notebook asks its reader, and whether the answer is right."""

import ast
import inspect

import numpy as np
from IPython.display import Markdown

from helpers import evaluation, network
from helpers.data import flatten
from helpers.training import L_layer_model

DIMS = [12288, 20, 7, 5, 1]


def source(*functions):
    """Show the code of ``functions`` without their docstrings and checks of arguments."""
    texts = []
    for function in functions:
        lines = inspect.getsource(function).splitlines()
        for node in reversed(ast.parse("\n".join(lines)).body[0].body):
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_check = isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)
            if is_docstring or is_check:
                del lines[node.lineno - 1 : node.end_lineno]
        texts.append("\n".join(lines))
    return Markdown("```python\n" + "\n\n\n".join(texts) + "\n```")


def check(data, test_accuracy, n_parameters, cost, shape):
    """Print, for each of the answers to exercises 1 to 4, whether it is right; ``...`` is none."""

    def accuracy_after_500():
        X, n_0 = flatten(data.train_x), data.train_x[0].size
        parameters, _ = L_layer_model(X, data.train_y, [n_0, *DIMS[1:]], num_iterations=500)
        predictions = network.predict(flatten(data.test_x), parameters)
        return evaluation.accuracy(predictions, data.test_y)

    start = network.initialize_parameters_deep(DIMS)
    tell(1, test_accuracy, accuracy_after_500)
    tell(2, n_parameters, lambda: sum(values.size for values in start.values()))
    tell(3, cost, lambda: network.compute_cost([[0.9, 0.9]], [[1, 0]]))
    tell(4, shape, lambda: start["W2"].shape)


def check_functions(sigmoid, mirror, leaky_relu_backward, decayed_step):
    """Print, for each of the functions of exercises 5 to 8, whether it does what was asked."""
    random = np.random.RandomState(0)
    z, dA, W = random.randn(3, 4, 5)
    images = random.randint(0, 256, (2, 3, 4, 3), np.uint8)
    h = 1e-6  # the slope, from two points: it knows no formula
    slope = (network.leaky_relu(z + h)[0] - network.leaky_relu(z - h)[0]) / (2 * h)
    tell(5, sigmoid(z), lambda: network.sigmoid(z)[0])
    tell(6, mirror(images), lambda: np.flip(images, axis=2))
    tell(7, leaky_relu_backward(dA, z), lambda: dA * slope)
    tell(8, decayed_step(W, dA, 0.1, 0.5), lambda: W - 0.1 * (dA + 0.5 * W))


def tell(number, answer, expected):
    """Print whether ``answer`` is, to rounding, what the function ``expected`` returns."""
    if answer is ... or answer is None:
        print(f"Ejercicio {number}: aún sin respuesta.")
        return
    right = expected()
    try:
        is_right = np.shape(answer) == np.shape(right) and np.allclose(answer, right, 0, 1e-4)
    except TypeError:  # words, say
        is_right = False
    print(f"Ejercicio {number}: {'¡correcto!' if is_right else 'todavía no; inténtalo otra vez.'}")
