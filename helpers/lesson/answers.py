"""What somebody else wrote: call it, compare it, and find the first thing that is wrong with it.

The exercises and the workbook ask through here. What is wrong is a ``Wrong``, one Spanish sentence.
"""

import copy
import io
import linecache
import math
import os
import re
import warnings
from contextlib import redirect_stdout

import numpy as np

STUB = "raise NotImplementedError()"  # what stands in the student's workbook, as in nbgrader's own


class Wrong(Exception):
    """What is wrong first, as a Spanish sentence to the reader."""


class Unanswered(Wrong):
    """There is no answer yet."""


def tell(name, said):
    """Print what is ``said`` of an answer; where nbgrader marks, raise it, if it is a ``Wrong``."""
    print(f"{name}: {said}")
    if isinstance(said, Wrong) and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(f"{name}: {said}")


# -- Calling what somebody else wrote --------------------------------------------------------------


def call(function, *arguments):
    """Return what ``function`` returns, given copies of ``arguments``, and whether it changed them.

    Raises ``Wrong`` where it fails, prints instead of returning, or is empty.
    """
    given, printed = copy.deepcopy(arguments), io.StringIO()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*given)
    except Exception as error:
        raise _explained(error, function) from None
    if value is ... or (value is None and _is_empty(function)):
        raise Unanswered("aún sin respuesta.")
    if value is None:
        raise Wrong(
            "tu función imprime en vez de regresar: cambia «print(…)» por «return …»."
            if printed.getvalue()
            else "tu función no regresa nada (None): ¿le falta «return»?"
        )
    return value, not _equal(given, arguments)


def _is_empty(function):
    """Whether a body is nothing but ``...``."""
    return getattr(function, "__code__", None) and function.__code__.co_code == _EMPTY


_EMPTY = (lambda: None).__code__.co_code


def _equal(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return np.array_equal(a, b)


def _explained(error, function):
    """Return the ``Wrong`` that says where in the reader's own code it failed, and of what."""
    frame, step = None, error.__traceback__
    while step:
        if step.tb_frame.f_globals is getattr(function, "__globals__", None):
            frame, number = step.tb_frame, step.tb_lineno
        step = step.tb_next
    if frame is None:  # not even begun: the arguments don't fit
        return Wrong(f"no recibe lo que dice su primera línea en este cuaderno ({error}).")
    code = frame.f_code
    if isinstance(error, NotImplementedError):
        if code.co_name != function.__name__:
            return Unanswered(f"aún sin respuesta: usa {code.co_name}, que falta.")
        begun = code.co_names != ("NotImplementedError",)
        return Unanswered(
            f"aún sin respuesta.{f' Cuando acabes, borra «{STUB}».' if begun else ''}"
        )
    shapes = [f"{k} {v.shape}" for k, v in frame.f_locals.items() if isinstance(v, np.ndarray)]
    text = str(error)
    if isinstance(error, NameError):
        name = re.search("'(.*?)'", text)[1]
        why = f"«{name}» no tiene ningún valor todavía: ¿está bien escrito?"
    elif isinstance(error, KeyError):
        why = f"el diccionario no tiene la clave {text}."
    elif "truth value" in text:
        why = "usa un arreglo como si fuera un solo número: np.maximum y np.where van uno por uno."
    elif "converted to Python scalar" in text or "can be converted to" in text:
        why = "esa función es para un solo número: con arreglos, usa la de NumPy (np.exp, np.log)."
    elif isinstance(error, ValueError) and ("dimension" in text or "broadcast" in text):
        why = f"las formas no cuadran: aquí hay {', '.join(shapes)}."
    elif "positional argument" in text:
        why = f"le das a una función más o menos argumentos de los que pide ({text})."
    else:
        why = f"{type(error).__name__}: {text}"
    line = linecache.getline(code.co_filename, number).strip()
    where = f"«{line}»" if line else f"su línea {number}"
    who = "" if code.co_name == function.__name__ else f"{code.co_name} "
    return Wrong(f"{who}falla en {where}: {why}")


def examine(function, checks):
    """Return what is right with ``function``; raise ``Wrong``, about what it calls if that's why.

    checks: for each name, what takes a function and returns a sentence and whether it changes what
    it is given.
    """
    try:
        try:
            said, changed = checks[function.__name__](function)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise Wrong(f"no es lo que esperaba: {type(error).__name__}, {error}.") from None
    except Wrong:
        for name in function.__code__.co_names:
            used = function.__globals__.get(name)
            if name not in checks or used is function or not hasattr(used, "__code__"):
                continue
            try:
                examine(used, checks)
            except Wrong as why:
                missing = isinstance(why, Unanswered)
                said = (
                    "aún sin respuesta: usa {}, que falta."
                    if missing
                    else "usa {}, que todavía no está bien: empieza por ella."
                )
                raise type(why)(said.format(name)) from None
        raise
    if changed:
        raise Wrong(
            "el resultado es correcto, pero tu función cambia los arreglos que recibe, y quien la "
            "llamó los pierde: calcula arreglos nuevos, sin «+=», «-=» ni asignar en ellos."
        )
    return said


def same(what, got, right, *slips, m=None):
    """Raise ``Wrong`` unless ``got`` is ``right``, an array or a number, to six digits.

    slips: pairs (sentence, what somebody gets who does that); m: the examples that a mean is over.
    """
    right = np.asarray(right, np.float64)
    if isinstance(got, (tuple, list, dict, str)) or callable(got):
        kind = {tuple: "una tupla", list: "una lista", dict: "un diccionario", str: "un texto"}
        kind = kind.get(type(got), "una función")
        raise Wrong(
            f"{what} es {kind}; esperaba {'un arreglo de NumPy' if right.ndim else 'un número'}."
        )
    try:
        got = np.asarray(got, np.float64)
    except (TypeError, ValueError):
        raise Wrong(f"{what} es {type(got).__name__}; esperaba números.") from None

    def is_close(other):
        return got.shape == np.shape(other) and np.allclose(got, other, rtol=1e-6, atol=1e-8)

    if is_close(right):
        return
    for sentence, wrong in slips:
        if is_close(wrong):
            raise Wrong(f"{what}: {sentence}")
    if got.shape != right.shape:
        raise Wrong(f"la forma de {what} es {got.shape}, esperaba {right.shape}{_hint(got, right)}")
    if not np.isfinite(got).all():
        raise Wrong(f"{what} tiene nan o infinito: ¿un logaritmo de 0, una división entre 0?")
    with np.errstate(all="ignore"):
        ratios = (got / right)[right != 0]
    if ratios.size and np.allclose(ratios, ratios.flat[0], rtol=1e-6) and not got[right == 0].any():
        ratio = float(ratios.flat[0])
        size = "" if m is None else {m: "le falta", 1 / m: "le sobra"}.get(_nearest(ratio, m))
        if size:
            raise Wrong(
                f"a {what} {size} dividir entre m (la media): sale {abs(ratio):.3g} veces lo que debe."
            )
        if math.isclose(ratio, -1, rel_tol=1e-4):
            raise Wrong(f"{what} tiene el signo al revés.")
        raise Wrong(f"{what} sale {ratio:.3g} veces lo que debe.")
    worst = np.unravel_index(np.abs(got - right).argmax(), right.shape)
    at = f"{what}[{', '.join(map(str, worst))}]" if worst else what
    raise Wrong(f"{at} te da {got[worst]:.7g}; con la fórmula es {right[worst]:.7g}.")


def _nearest(ratio, m):
    return next((x for x in (m, 1 / m) if math.isclose(abs(ratio), x, rel_tol=1e-4)), None)


def _hint(got, right):
    if right.shape == ():
        return " (un solo número): ¿falta sumar todo, o float(…)?"
    if got.shape == right.shape[::-1]:
        return ": ¿está traspuesta?"
    if got.shape == ():
        return ": sumaste todo; di en qué axis, con keepdims=True."
    return ": le falta una dimensión (si la sumaste, keepdims=True)." if got.ndim == 1 else "."


def parts(value, *names, what="regresa"):
    """Check that ``value`` is as many things as ``names``; return them."""
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        many = len(value) if isinstance(value, (tuple, list)) else 1
        plural = "s" * (many != 1)
        raise Wrong(f"{what} {many} cosa{plural}; esperaba {len(names)}: {', '.join(names)}.")
    return value


def fields(value, names):
    """Check that ``value`` is a dictionary with ``names`` among its keys."""
    if not isinstance(value, dict):
        raise Wrong(
            f"regresa {type(value).__name__}; esperaba un diccionario con {', '.join(names)}."
        )
    for name in names:
        if name not in value:
            raise Wrong(
                f"al diccionario le falta «{name}»; tiene {', '.join(map(str, value)) or 'nada'}."
            )


def slopes(f, x, h=1e-5):
    """Return how much the number ``f(x)`` changes with each element of ``x``: central differences."""
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        out[i] = (f(x + step) - f(x - step)) / (2 * h)
    return out
