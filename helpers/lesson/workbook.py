"""Whether the reader's functions do what the workbook asks, or the first thing that is wrong with one.

Each is judged with ours (``asked``) in place of the reader's others: a slip costs its points once.
"""

import sys
from contextlib import contextmanager
from functools import cache

from threadpoolctl import threadpool_limits

from helpers import training
from helpers.lesson.answers import Unanswered, Wrong, alike, call, caught, parts, tell
from helpers.lesson.asked import ASKED, SAID, M
from helpers.progress import progress_bar

UNREADY = "todavía no está bien: empieza por ella."


def check(function):
    """Print whether the reader's ``function`` does what the workbook asks of one of its name.

    It may be anything that can be called; its name is what it is bound to where ``check`` is called.
    Raises ``AssertionError`` with the printed sentence where nbgrader runs the notebook, only there.
    """
    scope = sys._getframe(1).f_globals
    name, *same = [name for name in ASKED if scope.get(name, ...) is function] or [None]
    if not name:
        raise ValueError(f"check espera una de las funciones del cuaderno: {', '.join(ASKED)}.")
    twice = Wrong(f"es lo mismo que {same[0]}: escribe cada una.") if same else None
    problem = twice or _fault(name, scope, quiet=False)
    tell(name, problem or f"¡correcto! {next(iter(SAID[name]))}{_cause(name, scope)}")


def run(function, *arguments, names=(), steps=0):
    """Return what the reader's function returns, or None, and print why, where it isn't ready.

    names: of the things that it is to return, where they are several; then as many None.
    steps: where it trains, how many; a bar counts the calls of ``update_parameters`` after 2 s.
    """
    scope = sys._getframe(1).f_globals
    bar = iter(progress_bar(range(steps), True, desc="Entrenando", delay=2))
    update = scope.get("update_parameters")

    def counted(*given, **named):
        next(bar, None)
        return update(*given, **named)

    others = {"update_parameters": counted} if update else {}
    try:  # on one core: two, beside other work, would wait for each other
        with threadpool_limits(1, "blas"), _bound(scope, others):
            value, _ = call(function, *arguments, scope=scope)
        return parts(value, *names) if names else value
    except Wrong as problem:
        name = next((name for name in ASKED if scope.get(name) is function), "tu función")
        print(f"{name}: {problem}")
        return [None for _ in names] or None
    finally:
        list(bar)  # to its end, where it goes


def check_training(parameters, *given):
    """Print, and return, whether the reader's ``parameters`` are, to six digits, those of ``helpers``.

    given: X, Y, layers_dims, learning_rate, num_iterations, and seed. Raises as ``check`` does.
    """
    scope = sys._getframe(1).f_globals
    if parameters is None:
        tell("tu red", Unanswered("aún sin respuesta."))
        return False
    right, _ = training.L_layer_model(*given[:-1], seed=given[-1])
    if problem := caught(alike, "parameters", parameters, right, {}):
        first = next((name for name in ASKED if name in scope and _fault(name, scope)), None)
        tell("tu red", Wrong(f"{first} {UNREADY}") if first else problem)
    else:
        count = sum(values.size for values in right.values())
        tell("tu red", f"¡correcto! Sus {count:,} parámetros son los de helpers, a seis decimales.")
    return not problem


@contextmanager
def _bound(scope, functions):
    """A context in which names in ``scope`` mean other ``functions``."""
    before = {name: scope[name] for name in functions if name in scope}
    scope.update(functions)
    try:
        yield
    finally:
        for name in functions:
            del scope[name]
        scope.update(before)


def _fault(name, scope, theirs=(), quiet=True):
    """Return the ``Wrong`` of a reader's function, with ``theirs`` and else our others, or None."""
    names, given, right, slips = _told(name)
    ours = {k: row[0] for k, row in ASKED.items() if k != name and k not in theirs}
    try:
        with _bound(scope, ours):
            value, changed = call(scope[name], *given, scope=scope, quiet=quiet)
        alike(names, value, right, slips, M)
        if changed:
            raise Wrong(f"el resultado es correcto, pero tu función cambia {changed}")
    except Wrong as problem:
        return problem


@cache
def _told(name):
    """What a function's result is called, what it is given, what is right, and what slips give."""
    right, names, given = ASKED[name]
    got = {}
    for said, slip in SAID[name].items():
        got[said] = right(*given, **slip) if isinstance(slip, dict) else slip(*given)
    return names, given, got.pop(next(iter(got))), got


def _cause(name, scope):
    """Return which of the reader's others keeps a right function from working, as a sentence, or ""."""
    others = [k for k in reversed(ASKED) if k != name and k in scope]  # who calls before the called
    for i, other in enumerate(others, start=1):
        if problem := _fault(name, scope, others[:i]):
            missing = isinstance(problem, Unanswered)
            return f" Pero usa {other}, que {'falta.' if missing else UNREADY}"
    return ""
