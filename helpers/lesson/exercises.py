"""What the story asks its reader, whether the answer is right, and its formulas as bare code."""

import inspect
import math
import re
from contextlib import suppress

import numpy as np
from IPython.display import Markdown

from helpers import network
from helpers.data import flatten
from helpers.evaluation import accuracy
from helpers.lesson.answers import Unanswered, Wrong, alike, call, caught, tell

AGAIN = "todavía no; inténtalo otra vez."


def formulas(*names):
    """Show functions of ``network`` as they stand in its file, each under its formula.

    names: of functions, or of a table such as ACTIVATIONS. The formula is the first line of a
    docstring; decorators and docstrings are left out.
    """
    source, shown = inspect.getsource(network), []
    for name in names:
        (code,) = re.findall(rf"^(?:def )?{name}\b.*?(?=\n\n\n|\n\Z)", source, re.M | re.S)
        formula = re.search(r"\$\$.*\$\$|$", code)[0]
        bare = re.sub(r'\n *r?"{3}.*?"{3}', "", code, flags=re.S)
        shown.append(f"{formula}\n\n```python\n{bare}\n```".lstrip())
    return Markdown("\n\n".join(shown))


def check(number, answer, *given):
    """Print whether the ``answer`` to an exercise is right, or the first thing that is wrong with it.

    given: what the exercise is about, see ``_at_300``. ``...`` and None are no answer yet.
    """
    if number not in EXERCISES:
        raise ValueError(f"No hay ejercicio {number!r}: van del 1 al {len(EXERCISES)}.")
    empty = Unanswered("aún sin respuesta.") if answer is None or answer is ... else None
    problem = empty or caught(EXERCISES[number], answer, *given)
    tell(f"Ejercicio {number}", problem or "¡correcto!")


def _values(answer, share):
    """Return the numbers that ``answer`` may mean; of a ``share``, 78.7 may mean 0.787."""
    text = str(answer).strip("[] ")
    if part := re.fullmatch(r"(\d+) *(?:/|de) *(\d+)", text):  # 118 de 150
        return [int(part[1]) / max(int(part[2]), 1)]
    values, percent = [], share and text.endswith("%")
    plain = text.removesuffix("%") if percent else text
    for number in (re.sub(r"(?<=\d)[,.\s](?=\d{3}\b)", "", plain), plain.replace(",", ".")):
        with suppress(ValueError):  # 245,973 or 245.973, as people write thousands, or 78,7
            values.append(float(number))
    if not values:
        raise Wrong(f"esperaba un número, y es {answer!r:.60}.")
    return values * (not percent) + [value / 100 for value in values if share]


def _expect(answer, right, slips, digits=2, share=False):
    """Raise ``Wrong`` unless ``answer`` means ``right``, rounded to ``digits`` decimals or more."""
    values = _values(answer, share)

    def meant(number):
        rounded = (round(number, n) for n in range(digits, 13))
        return any(math.isclose(value, r, abs_tol=1e-6) for r in rounded for value in values)

    if not meant(right):
        raise Wrong(next((said for said, number in slips.items() if meant(number)), AGAIN))


def _parameters(answer):
    weights, biases = 12288 * 20 + 20 * 7 + 7 * 5 + 5 * 1, 20 + 7 + 5 + 1
    slips = {
        "esos son los pesos; cada unidad tiene además un sesgo.": weights,
        "esos son los sesgos; faltan los pesos.": biases,
    }
    _expect(answer, weights + biases, slips, digits=0)


def _shape(answer):
    if isinstance(answer, np.ndarray) and answer.ndim == 2:
        raise Wrong("ese es el arreglo; se pide su forma.")
    shape = tuple(map(int, re.findall(r"\d+", str(answer))))
    if len(shape) != 2:
        raise Wrong("esperaba dos números, (renglones, columnas).")
    slips = {
        (20, 7): "está traspuesta: los renglones son las unidades de la capa 2.",
        (7, 600): "esa es la de dZ[2]: dW tiene la forma de W, haya las imágenes que haya.",
        (7, 1): "esa es la de db[2].",
        (20, 12288): "esa es la de dW[1].",
        (5, 7): "esa es la de dW[3].",
    }
    if shape != (7, 20):
        raise Wrong(slips.get(shape, AGAIN))


def _cost_of_09(answer):
    yes, no = -math.log(0.9), -math.log(0.1)
    slips = {
        "eso paga por quienes sí sonríen; la otra mitad no sonríe.": yes,
        "eso paga por quienes no sonríen; la otra mitad sí.": no,
        "falta el promedio: esa es la suma.": yes + no,
        "el logaritmo es el natural.": (yes + no) / 2 / math.log(10),
        "falta el signo menos de la fórmula.": -(yes + no) / 2,
    }
    _expect(answer, (yes + no) / 2, slips)


def _at_300(answer, parameters, dataset):
    """``parameters`` are those after 300 iterations, ``dataset`` the ``Dataset``."""
    right = accuracy(network.predict(flatten(dataset.test_x), parameters), dataset.test_y)
    trained = accuracy(network.predict(flatten(dataset.train_x), parameters), dataset.train_y)
    slips = {
        "esa es en las imágenes de entrenamiento; se pide en las de prueba.": trained,
        "esa es la parte que falla; se pide la que acierta.": 1 - right,
    }
    _expect(answer, right, slips, share=True)


def _leaky_relu_backward(function):
    dA, Z = np.random.RandomState(0).randn(2, 4, 5)
    right = network.leaky_relu_backward(dA, Z)
    slips = {
        "los negativos no se apagan: su pendiente es 0.01.": dA * (Z > 0),
        "esa es la pendiente; falta multiplicarla por dA.": right / dA,
        "la pendiente mira el signo de Z, no el de dA.": np.where(dA > 0, dA, 0.01 * dA),
        "la pendiente está al revés: 0.01 va donde Z es negativa.": dA * np.where(Z > 0, 0.01, 1),
        "multiplicaste por la activación; va su pendiente.": dA * np.maximum(Z, 0.01 * Z),
    }
    alike("dZ", call(function, dA, Z)[0], right, slips)


def _mirror(function):
    images = np.random.RandomState(0).randint(0, 256, (2, 3, 4, 3), np.uint8)
    slips = {
        "quedaron de cabeza: las columnas son el tercer eje.": images[:, ::-1],
        "cambió el orden de las imágenes, no el de sus columnas.": images[::-1],
        "cambiaron los colores, no las columnas.": images[..., ::-1],
        "quedaron de cabeza, además: solo se voltean las columnas.": images[:, ::-1, ::-1],
        "son las mismas: falta voltearlas.": images,
    }
    alike("el resultado", call(function, images)[0], images[:, :, ::-1], slips)


def _decayed_step(function):
    W, dW = np.random.RandomState(0).randn(2, 4, 5)
    rate, decay = 0.1, 0.5
    slips = {
        "falta lo que agrega el decaimiento al gradiente.": W - rate * dW,
        "la tasa multiplica también al decaimiento.": W - rate * dW - decay * W,
        "el decaimiento encoge los pesos: mismo signo que dW.": W - rate * (dW - decay * W),
        "la derivada de λ/2 W² es λ W, sin el ½.": W - rate * (dW + decay / 2 * W),
        "la derivada de W² es 2W, y el ½ la deja en W.": W - rate * (dW + 2 * decay * W),
        "el paso va cuesta abajo: se resta.": W + rate * (dW + decay * W),
    }
    alike("W", call(function, W, dW, rate, decay)[0], W - rate * (dW + decay * W), slips)


_ALL = _parameters, _shape, _cost_of_09, _at_300, _leaky_relu_backward, _mirror, _decayed_step
EXERCISES = dict(enumerate(_ALL, start=1))
