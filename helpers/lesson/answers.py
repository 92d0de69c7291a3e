"""What somebody else wrote: call it, compare it, and find the first thing that is wrong with it.

The exercises and the workbook ask through here. What is wrong is a ``Wrong``, one Spanish sentence.
"""

import copy
import io
import linecache
import math
import os
import re
import sys
import traceback
import warnings
from contextlib import redirect_stdout
from itertools import permutations

import joblib
import numpy as np

STUB = "raise NotImplementedError()"  # what stands in the student's workbook, as in nbgrader's own
SHOWN = 100  # lines that somebody's function may print
EXPLAINED = {  # what Python says → what that means
    r"(?:NameError|UnboundLocalError).*?'(\w+)'": "«{}» no tiene ningún valor todavía: ¿está bien escrito?",
    r"KeyError: (.*)": "el diccionario no tiene la clave {}.",
    "truth value": "usa un arreglo como si fuera un solo número: np.maximum y np.where van uno por uno.",
    "integer scalar": "usa un arreglo donde va un entero; el máximo, uno por uno, es np.maximum.",
    "Python scalar": "esa función es para un solo número: con arreglos, usa la de NumPy (np.exp, np.log).",
    "data type": "la forma lleva sus propios paréntesis: np.zeros((n, 1)).",
    "'tuple' object cannot be": "los tamaños van sueltos, sin paréntesis propios: randn(n, n_prev).",
    "concatenate str": 'pega un texto con un número; escribe, por ejemplo, f"W{{l}}".',
    r"'(?:int|float)' object is not iterable": "un número no se recorre: ¿falta range(…)?",
    "values? to unpack|cannot unpack": "a la izquierda del «=» no hay tantos nombres como cosas a la derecha.",
    "IndexError": "pide un elemento que no hay: Python cuenta desde 0, y el de la capa l es el [l - 1].",
    "tuple|inhomogeneous": "{together}, todo junto, son varias cosas: recíbelas por separado: a, b = función(…).",
    "dimension|broadcast|aligned": "las formas no cuadran: aquí hay {shapes}.",
    "positional argument": "le das a una función más o menos argumentos de los que pide ({text}).",
    "keyword argument '?(\\w*)": "«{}» no es un argumento de esa función: ¿está bien escrito?",
    "unhashable": "un arreglo no sirve de clave, ni de un diccionario ni de @lru_cache: quítala.",
    "RecursionError": "hay funciones que se llaman a sí mismas, o una a otra, sin fin.",
    "NoneType": "usa None como si fuera un valor: algo de lo que llama no regresa nada.",
    "has no attribute '(\\w+)'": "ahí no hay ningún «.{}»: ¿está bien escrito?",
    "is not callable": "pone paréntesis a lo que no es una función: los elementos se piden con [ ].",
}
EMPTY = (lambda: None).__code__.co_code  # also of a body that is nothing but ``...``
KINDS = {tuple: "una tupla", list: "una lista", dict: "un diccionario", str: "un texto"}
CHANGES = (
    "los arreglos que recibe, y quien la llamó los pierde: calcula otros, sin «+=», «-=» ni pop.",
    "el diccionario que recibe, y quien la llamó lo pierde: empieza con «nuevo = {}» y llena ese.",
)


class Wrong(Exception):
    """What is wrong first, as a Spanish sentence to the reader."""


class Slip(Wrong):
    """What many do wrong, or a shape: told before numbers that are."""


class Unanswered(Wrong):
    """There is no answer yet."""


def tell(name, said):
    """Print what is ``said`` of an answer; where nbgrader marks, raise it, if it is a ``Wrong``."""
    print(f"{name}: {said}")
    if isinstance(said, Wrong) and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(f"{name}: {said}")


class _Printed(io.TextIOBase):
    """Hands to ``out`` the first lines that are written, at once; counts the others."""

    def __init__(self, out):
        self.out, self.lines, self.last = out, 0, ""

    def write(self, text):
        for self.last in text.splitlines(keepends=True):
            if self.lines < SHOWN:
                self.out.write(self.last)
            self.lines += self.last.endswith("\n")

    def end(self):
        more = f"… y {self.lines - SHOWN:,} líneas más.\n" if self.lines > SHOWN else ""
        self.out.write(more or "\n" * (self.last[-1:] not in ("", "\n")))


def call(function, *arguments, scope=None, quiet=False):
    """Return what ``function`` returns, given copies of ``arguments``, and what of them it changed, if any.

    What it prints is seen as it comes, up to ``SHOWN`` lines, unless ``quiet``. scope: the globals of
    who wrote it, by default the function's own. What was changed is told with what to do instead.
    Raises ``Wrong`` where it fails, prints instead of returning, or is empty.
    """
    if not callable(function):
        raise Wrong("esperaba la función misma: su nombre, sin paréntesis.")
    given = copy.deepcopy(arguments)
    printed = _Printed(io.StringIO() if quiet else sys.stdout)
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*given)
    except (Exception, SystemExit) as error:
        raise _explained(error, function, scope or getattr(function, "__globals__", 0)) from None
    finally:
        printed.end()
    code = getattr(getattr(function, "__code__", None), "co_code", None)
    if value is ... or (value is None and code == EMPTY):
        raise Unanswered("aún sin respuesta.")
    if value is None:
        prints = "tu función imprime en vez de regresar: cambia «print(…)» por «return …»."
        nothing = "tu función no regresa nada (None): ¿le falta «return»?"
        raise Wrong(prints if printed.last else nothing)
    changed = [new for new, old in zip(given, arguments) if joblib.hash(new) != joblib.hash(old)]
    return value, changed and CHANGES[type(changed[0]) is dict]


def _explained(error, function, scope):
    """Return the ``Wrong`` that says where in the reader's own code it failed, and of what."""
    theirs = [at for at in traceback.walk_tb(error.__traceback__) if at[0].f_globals is scope]
    frame, number = theirs[-1] if theirs else (None, 0)
    name = frame.f_code.co_name if frame else ""
    own = name == getattr(function, "__name__", None)
    if frame and isinstance(error, NotImplementedError):
        if not own and name != "<lambda>":
            return Unanswered(f"aún sin respuesta: usa {name}, que falta.")
        begun = frame.f_code.co_names != ("NotImplementedError",)
        return Unanswered("aún sin respuesta." + begun * f" Cuando acabes, borra «{STUB}».")
    text, here = f"{type(error).__name__}: {error}", frame.f_locals if frame else {}
    line = linecache.getline(frame.f_code.co_filename, number).strip() if frame else ""
    together = [k for k, v in here.items() if isinstance(v, tuple) and re.search(rf"\b{k}\b", line)]
    words = {
        "text": error,
        "together": f"«{together[0]}»" if together else "lo que usa",
        "shapes": ", ".join(f"{k} {v.shape}" for k, v in here.items() if hasattr(v, "shape")),
    }
    known = ((re.search(pattern, text), said) for pattern, said in EXPLAINED.items())
    why = next((said.format(*at.groups(), **words) for at, said in known if at), text)
    if not frame:  # not even begun
        unfit = f"no recibe lo que dice su primera línea en este cuaderno ({error})."
        return Wrong(unfit if "argument" in text else f"falla al llamarla: {why}")
    where = f"«{line}»" if line else f"su línea {number}"
    return Wrong(f"{'' if own else f'{name} '}falla en {where}: {why}")


def caught(judge, *given):
    """Return the ``Wrong`` that ``judge`` raises of what it is ``given``, or None."""
    try:
        judge(*given)
    except Wrong as problem:
        return problem


def alike(what, got, right, slips, m=math.nan):
    """Raise ``Wrong`` unless ``got`` is ``right``, to six digits: an array, a number, or a nest of them.

    what: its name, or, with commas, those of its parts; slips: sentence → what is got by who slips
    so, or parts of it; m: the examples that a mean is over.
    """
    if isinstance(right, dict):
        keys = names = list(right)
        if not isinstance(got, dict):
            raise Wrong(f"regresa {_kind(got)}; esperaba un diccionario con {', '.join(names)}.")
        if missing := [name for name in names if name not in got]:
            raise Wrong(f"al diccionario le falta «{missing[0]}»; hay {', '.join(map(str, got))}.")
    elif isinstance(right, (tuple, list)) and not isinstance(right[0], float):
        listed = re.findall(r"\(.*?\)|\w+", what.removeprefix("(")) if ", " in what else []
        keys, names = range(len(right)), listed or [f"{what}[{i}]" for i in range(len(right))]
        parts(got, *names, what="" if listed and what[0] != "(" else what)
    else:
        got = np.array(got, object) if isinstance(right, list) and isinstance(got, list) else got
        return _same(what, got, np.asarray(right), slips, m)
    problems = []
    for key, name in zip(keys, names):
        told = {said: wrong[key] for said, wrong in slips.items() if len(wrong) == len(right)}
        problems.append(caught(alike, name, got[key], right[key], told, m))
    problems = sorted(filter(None, problems), key=lambda problem: not isinstance(problem, Slip))
    orders = permutations(got) if problems and what and isinstance(got, (tuple, list)) else ()
    if any(not caught(alike, "", order, right, {}) for order in orders):
        raise Slip(f"está lo que debe estar, pero no en su lugar{_named(names)}.")
    for problem in problems:
        raise problem


def _same(what, got, right, slips, m):
    if isinstance(got, tuple(KINDS)) or callable(got):
        expected = "un arreglo de NumPy" if right.ndim else "un número"
        raise Wrong(f"{what} es {_kind(got)}; esperaba {expected}.")
    try:
        kind, got = np.asarray(got).dtype, np.asarray(got, np.float64)
    except (TypeError, ValueError):
        raise Wrong(f"{what}: esperaba números, y hay otra cosa.") from None
    if kind in (np.float16, np.float32) and right.dtype == np.float64:
        raise Wrong(f"{what}: son {kind}, con menos dígitos; deja el float64 de NumPy.")
    if _close(got, right):
        return
    for sentence, wrong in slips.items():
        if _close(got, wrong):
            raise Slip(f"{what}: {sentence}")
    if got.shape != right.shape:
        hint = ": ¿está traspuesta?" if got.shape == right.shape[::-1] else "."
        hint = ": le falta una dimensión." if got.ndim == 1 < right.ndim else hint
        shape, expected = (x.shape or "la de un solo número" for x in (got, right))
        raise Slip(f"{what}: su forma es {shape}, esperaba {expected}{hint}")
    if not np.isfinite(got).all():
        raise Wrong(f"{what} tiene nan o infinito: ¿un logaritmo de 0, una división entre 0?")
    if kind.kind in "iu" and np.array_equal(got, np.trunc(right)):
        raise Wrong(f"{what}: son enteros, y se perdieron los decimales: ¿un 0 que debe ser 0.0?")
    ratio = np.sum(right * got) / (np.sum(right * right) or math.nan)
    if np.allclose(got, ratio * right, rtol=1e-6, atol=0):
        for factor, word in ((m, "falta"), (1 / m, "sobra")):
            if math.isclose(ratio, factor, rel_tol=1e-6):
                raise Wrong(f"{what}: le {word} dividir entre m, los ejemplos (las columnas).")
        if math.isclose(ratio, -1, rel_tol=1e-6):
            raise Wrong(f"{what} tiene el signo al revés.")
        if right.size > 1 and ratio and abs(ratio - 1) > 0.01:
            raise Wrong(f"{what} sale {ratio:.3g} veces lo que debe.")
    worst = np.unravel_index(np.abs(got - right).argmax(), right.shape)
    at = f"{what}[{', '.join(map(str, worst))}]" if worst else what
    said = f"{at} te da {got[worst]:.9g}; con la fórmula es {right[worst]:.9g}."
    if not worst and (much := abs(got - right)) < 0.01 * abs(right):
        said += f" Se aparta {much:.1g}: no redondees, ni le sumes ni le recortes nada."
    raise Wrong(said)


def _close(got, right):
    return got.shape == np.shape(right) and np.allclose(got, right, rtol=1e-6, atol=1e-8)


def _kind(value):
    return KINDS.get(type(value), "una función" if callable(value) else type(value).__name__)


def parts(value, *names, what=""):
    """Return ``value``, returned or called ``what``; ``Wrong`` unless it has as many parts as ``names``."""
    many = len(value) if isinstance(value, (tuple, list)) else 1
    if many == len(names):
        return value
    has = KINDS[dict] if isinstance(value, dict) else f"{many} cosa{'s' * (many != 1)}"
    raise Wrong(f"{f'{what}:' if what else 'regresa'} {has}; esperaba {len(names)}{_named(names)}.")


def _named(names):
    return "" if "[" in names[0] else f" (en este orden: {', '.join(names)})"
