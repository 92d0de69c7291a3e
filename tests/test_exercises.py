"""The exercises: what is right is told so, whatever else is not; the code shown is the code."""

import functools
import inspect
import re

import numpy as np
import pytest

from helpers import network
from helpers.data import Dataset
from helpers.lesson import exercises

NAMES = [  # all of the network, as its file has them
    name
    for name, value in vars(network).items()
    if name == "ACTIVATIONS" or getattr(value, "__module__", None) == network.__name__
]
SHOWN = exercises.formulas(*NAMES).data
CODE = "\n\n".join(re.findall(r"```python\n(.*?)```", SHOWN, re.S))


def test_each_formula_stands_right_above_its_function():
    pairs = re.findall(r"\$\$(.*?)\$\$\n\n```python\ndef (\w+)", SHOWN)
    plain = ("ACTIVATIONS", "initialize_parameters", "predict_proba")
    assert [name for _, name in pairs] == [name for name in NAMES if name not in plain]
    for formula, name in pairs:
        assert f"$${formula}$$" == inspect.getdoc(getattr(network, name)).splitlines()[0]


def test_what_is_shown_stands_so_in_the_file():
    assert re.findall(r"^(?:def )?(\w+)(?:\(| = )", CODE, re.M) == NAMES
    source = inspect.getsource(network).splitlines()
    for line in CODE.splitlines():
        assert line in source
    assert '"""' not in CODE and "@" not in re.sub(" @ ", "", CODE)


def test_what_is_shown_runs_by_itself_and_gives_the_same_numbers():
    scope = {"np": np}
    exec(CODE, scope)
    random = np.random.RandomState(0)
    X, Y = random.randn(6, 9), random.randint(0, 2, (1, 9))
    results = []
    for of in (scope, vars(network)):
        parameters = of["initialize_parameters_deep"]([6, 5, 4, 1], 3)
        for _ in range(5):
            AL, caches = of["L_model_forward"](X, parameters)
            grads = of["L_model_backward"](AL, Y, caches)
            parameters = of["update_parameters"](parameters, grads, 0.1)
        slope = of["sigmoid_backward"](np.ones((1, 9)), caches[-1][1])
        cost, said = of["compute_cost"](AL, Y), of["predict"](X, parameters)
        results.append([AL, cost, said, slope, *parameters.values(), *grads.values()])
    for plain, careful in zip(*results, strict=True):
        np.testing.assert_allclose(plain, careful, rtol=1e-12, atol=1e-15)


X, Y = np.zeros((43, 4, 4, 3), np.uint8), np.ones((1, 43), int)
Y[:, :9] = Y[:, -4:] = 0
GIVEN = {  # a network that says yes to everything, and a data set of which that is right 9 times of 13
    4: (
        {"W1": np.zeros((1, 48)), "b1": np.ones((1, 1))},
        Dataset("x", X[:30], Y[:, :30], X[30:], Y[:, 30:], ["0", "1"]),
    )
}
NINE = 9 / 13  # 69.2308 %
ANSWERS = {
    1: [
        *[(right, "correcto!") for right in (245973, 245973.0, np.int64(245973), "245,973", "245973")],
        *[(right, "correcto!") for right in ("245 973", "245.973", 245.973, np.array([[245973]]))],
        (245940, "sesgo"), (33, "faltan los pesos"), (245972, "todavía no"), ("muchos", "esperaba un número"),
        ((245973, 1), "esperaba un número"), (2.45973, "todavía no"), ("24.5973", "todavía no"), (24597300, "todavía no"),
    ],
    2: [
        *[(right, "correcto!") for right in ((7, 20), [7, 20], "(7, 20)", "7 × 20", np.array([7, 20]))],
        ((20, 7), "traspuesta"), ((7, 600), "dZ[2]"), ((7, 1), "db[2]"), ((1, 2), "todavía no"),
        (np.zeros((7, 20)), "se pide su forma"), (140, "esperaba dos números"), ("hola", "esperaba dos números"),
    ],
    3: [
        *[(right, "correcto!") for right in (-np.log(0.09) / 2, 1.204, 1.2, "1.20", "1,204", 1.20397)],
        (0.1054, "la otra mitad no"), (2.3026, "la otra mitad sí"), (2.408, "promedio"),
        (-1.204, "signo"), (0.5229, "natural"), (1.3, "todavía no"), (120.4, "todavía no"),
    ],
    4: [
        *[(right, "correcto!") for right in (NINE, 0.692, 0.6923, 69.2, 69, "69.2 %", "69.2%", "69,2 %")],
        *[(right, "correcto!") for right in ("0.692", "9 de 13", "9/13", "69.23", np.float32(NINE))],
        (4 / 13, "la que acierta"), ("21/30", "entrenamiento"), (0.71, "todavía no"), (69.3, "todavía no"), ("0.692 %", "todavía no"),
        (6.92, "todavía no"), ("casi todas", "esperaba un número"), (len, "esperaba un número"),
    ],
    5: [
        (lambda dA, Z: np.multiply(dA, np.where(Z > 0, 1, 0.01), out=dA), "correcto!"),
        (lambda dA, Z: dA * (Z > 0), "0.01"),
        (lambda dA, Z: np.where(dA > 0, dA, 0.01 * dA), "signo de Z"),
        (lambda dA, Z: np.where(Z > 0, 1, 0.01), "falta multiplicarla"),
        (functools.partial(lambda slope, dA, Z: dA * np.where(Z > 0, 1, slope), 0.01), "correcto!"),
        (functools.lru_cache(lambda dA, Z: dA), "no sirve de clave"),
        (lambda Z: Z, "no recibe"),
    ],
    6: [
        (lambda images: np.copyto(images, images[:, :, ::-1].copy()) or images, "correcto!"),
        (lambda images: images[:, ::-1], "de cabeza"),
        (lambda images: images[..., ::-1], "colores"),
        (lambda images: images[::-1], "orden"),
        (lambda images: images[0], "(3, 4, 3), esperaba (2, 3, 4, 3)"),
        (lambda images: None, "aún sin respuesta"),
    ],
    7: [
        (lambda W, dW, alfa, lam: (1 - alfa * lam) * W - alfa * dW, "correcto!"),
        (lambda W, dW, alfa, lam: W - alfa * dW, "falta lo que agrega"),
        (lambda W, dW, alfa, lam: W - alfa * dW - lam * W, "también al decaimiento"),
        (lambda W, dW, alfa, lam: W - alfa * (dW - lam * W), "mismo signo"),
        (lambda W, dW, alfa, lam: W - alfa * (dW + lam * W / 2), "sin el ½"),
        (lambda W, dW, alfa, lam: 1 / 0, "ZeroDivisionError"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "number, answer, says", [(number, *pair) for number, pairs in ANSWERS.items() for pair in pairs]
)
def test_an_answer_is_told_right_or_what_is_wrong(number, answer, says, capsys):
    exercises.check(number, answer, *GIVEN.get(number, ()))
    *_, said = capsys.readouterr().out.splitlines()
    assert said.startswith(f"Ejercicio {number}: ") and says in said
    assert ("correcto" in said) == (says == "correcto!")


@pytest.mark.parametrize("number", exercises.EXERCISES)
@pytest.mark.parametrize("answer", [..., None])
def test_three_dots_are_no_answer_yet(number, answer, capsys):
    exercises.check(number, answer, None, None)
    assert capsys.readouterr().out == f"Ejercicio {number}: aún sin respuesta.\n"


def test_there_is_no_other_exercise():
    with pytest.raises(ValueError, match="del 1 al 7"):
        exercises.check(8, 1)
