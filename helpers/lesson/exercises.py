"""What the story asks its reader, whether the answer is right, and its formulas as bare code."""

import ast
import inspect
import math
import re
from contextlib import suppress

import numpy as np
from IPython.display import Markdown

from helpers import evaluation, network
from helpers.data import flatten
from helpers.lesson.answers import Unanswered, Wrong, call, same, tell


def formulas(*names):
    """Show functions of ``network`` as they stand in its file, each under its formula.

    names: of functions, or of a table such as ACTIVATIONS. The formula is the first line of a
    docstring; decorators and docstrings are left out.
    """
    source = inspect.getsource(network)
    shown = []
    for name in names:
        (node,) = (node for node in ast.parse(source).body if _name(node) == name)
        documented = isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
        lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
        if documented:
            words = node.body[0]
            del lines[words.lineno - node.lineno : words.end_lineno - node.lineno + 1]
        formula = (documented or "").partition("\n")[0]
        code = "\n".join(["```python", *lines, "```"])
        shown.append(f"{formula}\n\n{code}" if formula.startswith("$$") else code)
    return Markdown("\n\n".join(shown))


def _name(node):
    """What a statement at the top of a module defines, or None."""
    return node.targets[0].id if isinstance(node, ast.Assign) else getattr(node, "name", None)


def check(number, answer, *given):
    """Print whether the ``answer`` to an exercise is right, or the first thing that is wrong with it.

    given: what the exercise is about, see ``_at_300``. ``...`` and None are no answer yet.
    """
    if number not in EXERCISES:
        raise ValueError(f"No hay ejercicio {number!r}: van del 1 al {len(EXERCISES)}.")
    try:
        if answer is None or answer is ...:
            raise Unanswered("aún sin respuesta.")
        EXERCISES[number](answer, *given)
        said = "¡correcto!"
    except Wrong as problem:
        said = problem
    tell(f"Ejercicio {number}", said)


# -- Numbers, as a person writes them --------------------------------------------------------------


def _values(answer, is_share=False):
    """Return the numbers that ``answer`` may mean; of a share, 78.7 may mean 0.787."""
    texts = [answer]
    if isinstance(answer, str):
        text = answer.strip()
        if part := re.fullmatch(r"(\d+) *(?:/|de) *(\d+)", text):  # 118 de 150
            return [int(part[1]) / max(int(part[2]), 1)]
        if is_share and text.endswith("%"):
            return [value / 100 for value in _values(text[:-1])]
        texts = [re.sub(r"(?<=\d)[,\s](?=\d{3}\b)", "", text), text.replace(",", ".")]
    values = []
    for text in texts:  # 245,973 or 78,7
        with suppress(TypeError, ValueError):
            values.append(float(text if isinstance(text, str) else np.squeeze(text)))
    if not values:
        raise Wrong(f"esperaba un número, y es {answer!r:.60}.")
    return values + [value / 100 for value in values] if is_share else values


def _is(value, right, digits):
    """Whether ``value`` is ``right``, rounded to ``digits`` decimals or more."""
    return any(math.isclose(value, round(right, n), abs_tol=1e-6) for n in range(digits, 13))


def _expect(values, right, *slips, digits=2):
    """Raise ``Wrong`` unless one of ``values`` is ``right``; slips: pairs (sentence, number)."""
    if any(_is(value, right, digits) for value in values):
        return
    for sentence, wrong in slips:
        if any(_is(value, wrong, digits) for value in values):
            raise Wrong(sentence)
    raise Wrong("todavía no; inténtalo otra vez.")


# -- The exercises ---------------------------------------------------------------------------------


def _parameters(answer):
    weights, biases = 12288 * 20 + 20 * 7 + 7 * 5 + 5 * 1, 20 + 7 + 5 + 1
    _expect(
        _values(answer),
        weights + biases,
        ("esos son los pesos; cada unidad tiene además un sesgo.", weights),
        ("esos son los sesgos; faltan los pesos.", biases),
        digits=0,
    )


def _shape(answer):
    if isinstance(answer, np.ndarray) and answer.ndim == 2:
        raise Wrong("ese es el arreglo; se pide su forma.")
    numbers = re.findall(r"\d+", answer) if isinstance(answer, str) else answer
    try:
        shape = tuple(int(n) for n in numbers)
    except (TypeError, ValueError):
        raise Wrong("esperaba dos números, (renglones, columnas).") from None
    slips = {
        (20, 7): "está traspuesta: los renglones son las unidades de la capa 2.",
        (7, 600): "esa es la de dZ[2]: dW tiene la forma de W, haya las imágenes que haya.",
        (7, 1): "esa es la de db[2].",
        (20, 12288): "esa es la de dW[1].",
        (5, 7): "esa es la de dW[3].",
    }
    if shape != (7, 20):
        raise Wrong(slips.get(shape, "todavía no; inténtalo otra vez."))


def _cost_of_09(answer):
    yes, no = -math.log(0.9), -math.log(0.1)
    _expect(
        _values(answer),
        (yes + no) / 2,
        ("eso paga por quienes sí sonríen; la otra mitad no sonríe.", yes),
        ("eso paga por quienes no sonríen; la otra mitad sí.", no),
        ("falta el promedio: esa es la suma.", yes + no),
        ("el logaritmo es el natural.", (yes + no) / 2 / math.log(10)),
        ("falta el signo menos de la fórmula.", -(yes + no) / 2),
    )


def _at_300(answer, parameters, dataset):
    """``parameters`` are those after 300 iterations, ``dataset`` the ``Dataset``."""
    predictions = network.predict(flatten(dataset.test_x), parameters)
    right = evaluation.accuracy(predictions, dataset.test_y)
    trained = evaluation.accuracy(
        network.predict(flatten(dataset.train_x), parameters), dataset.train_y
    )
    _expect(
        _values(answer, is_share=True),
        right,
        ("esa es en las imágenes de entrenamiento; se pide en las de prueba.", trained),
        ("esa es la parte que falla; se pide la que acierta.", 1 - right),
    )


def _leaky_relu_backward(function):
    dA, z = np.random.RandomState(0).randn(2, 4, 5)
    h = 1e-6  # the slope, from two points: it knows no formula
    slope = (network.leaky_relu(z + h)[0] - network.leaky_relu(z - h)[0]) / (2 * h)
    same(
        "dZ", _called(function, dA, z), np.round(slope, 6) * dA,
        ("los negativos no se apagan: su pendiente es 0.01.", dA * (z > 0)),
        ("esa es la pendiente; falta multiplicarla por dA.", slope),
        ("la pendiente mira el signo de Z, no el de dA.", np.where(dA > 0, dA, 0.01 * dA)),
        ("la pendiente está al revés: 0.01 va donde Z es negativa.", np.where(z > 0, 0.01, 1) * dA),
        ("multiplicaste por la activación; va su pendiente.", dA * np.maximum(z, 0.01 * z)),
    )  # fmt: skip


def _mirror(function):
    images = np.random.RandomState(0).randint(0, 256, (2, 3, 4, 3), np.uint8)
    same(
        "el resultado", _called(function, images), images[:, :, ::-1],
        ("quedaron de cabeza: las columnas son el tercer eje.", images[:, ::-1]),
        ("cambió el orden de las imágenes, no el de sus columnas.", images[::-1]),
        ("cambiaron los colores, no las columnas.", images[..., ::-1]),
        ("quedaron de cabeza, además: solo se voltean las columnas.", images[:, ::-1, ::-1]),
        ("son las mismas: falta voltearlas.", images),
    )  # fmt: skip


def _decayed_step(function):
    W, dW = np.random.RandomState(0).randn(2, 4, 5)
    rate, decay = 0.1, 0.5
    same(
        "W", _called(function, W, dW, rate, decay), W - rate * (dW + decay * W),
        ("falta lo que agrega el decaimiento al gradiente.", W - rate * dW),
        ("la tasa multiplica también al decaimiento.", W - rate * dW - decay * W),
        ("el decaimiento encoge los pesos: va con el mismo signo que dW.", W - rate * (dW - decay * W)),
        ("la derivada de λ/2 W² es λ W, sin el ½.", W - rate * (dW + decay / 2 * W)),
        ("la derivada de W² es 2W, y el ½ la deja en W.", W - rate * (dW + 2 * decay * W)),
        ("el paso va cuesta abajo: se resta.", W + rate * (dW + decay * W)),
    )  # fmt: skip


def _called(function, *arguments):
    if not callable(function):
        raise Wrong("esperaba la función misma: su nombre, sin paréntesis.")
    return call(function, *arguments)[0]  # whether in place or not


EXERCISES = dict(
    enumerate(
        [_parameters, _shape, _cost_of_09, _at_300, _leaky_relu_backward, _mirror, _decayed_step],
        start=1,
    )
)
