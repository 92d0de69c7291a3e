"""The exercises: what is right is told so, whatever else is not."""

import numpy as np
import pytest

from helpers import data, evaluation, exercises, network, training
from helpers.data import Dataset


def test_source_is_the_function_without_its_docstring():
    shown = exercises.source(network.linear_forward, network.tanh).data
    assert shown.count("def ") == 2 and '"""' not in shown and "raise" not in shown
    assert "return W @ A + b, (A, W, b)" in shown
    namespace = {"np": np}
    exec(exercises.source(network.tanh).data.removeprefix("```python\n").rstrip("`"), namespace)
    np.testing.assert_array_equal(namespace["tanh"](np.ones(3))[0], np.tanh(np.ones(3)))


@pytest.mark.parametrize(
    "answer, says",
    [
        (245973, "¡correcto!"),
        (245973.0, "¡correcto!"),
        (245972, "todavía no"),
        ("muchos", "todavía no"),
        ((245973, 1), "todavía no"),
        (..., "aún sin respuesta"),
        (None, "aún sin respuesta"),
    ],
)
def test_an_answer_is_told_right_or_wrong(answer, says, capsys):
    exercises.tell(2, answer, lambda: 245973)
    assert says in capsys.readouterr().out


@pytest.fixture(scope="module")
def small():
    random = np.random.RandomState(0)
    x, Y = random.randint(0, 256, (40, 8, 8, 3), np.uint8), np.arange(40).reshape(1, -1) % 2
    return Dataset("x", x[:30], Y[:, :30], x[30:], Y[:, 30:], ["0", "1"])


def test_the_first_four(small, capsys):
    X, X_test = data.flatten(small.train_x), data.flatten(small.test_x)
    parameters, _ = training.L_layer_model(X, small.train_y, [192, 20, 7, 5, 1], 0.0075, 500)
    first = evaluation.accuracy(network.predict(X_test, parameters), small.test_y)
    exercises.check(small, first, 245973, -(np.log(0.9) + np.log(0.1)) / 2, (7, 20))
    exercises.check(small, first + 0.1, 245972, 0.1054, (20, 7))
    said = capsys.readouterr().out.splitlines()
    assert ["correcto" in line for line in said] == [True] * 4 + [False] * 4


def test_the_functions(capsys):
    right = [
        lambda z: 1 / (1 + np.exp(-z)),
        lambda images: images[:, :, ::-1],
        lambda dA, Z: np.where(Z > 0, dA, 0.01 * dA),
        lambda W, dW, alpha, lam: (1 - alpha * lam) * W - alpha * dW,
    ]
    wrong = [
        np.tanh,
        lambda images: images[:, ::-1],
        lambda dA, Z: np.where(Z > 0, dA, 0),
        lambda W, dW, alpha, lam: W - alpha * dW,
    ]
    exercises.check_functions(*right)
    exercises.check_functions(*wrong)
    said = capsys.readouterr().out.splitlines()
    assert ["correcto" in line for line in said] == [True] * 4 + [False] * 4
