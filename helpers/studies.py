"""Many trainings on parts of one set of images: cross-validation, seeds, people.

Each training is a job of its own; joblib runs them side by side, a thread per core: NumPy lets go of
the interpreter where it works. Another number of them, processes, or a Dask cluster, is joblib's
``parallel_config`` around the call.
"""

import sys
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from numbers import Real
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from joblib.parallel import get_active_backend
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from helpers import arguments
from helpers.model import train_along
from helpers.progress import progress_bar
from helpers.training import Caller


class StudyError(RuntimeError):
    """A training of a study failed; the message says so in Spanish."""


def held_out(images, Y, splits, recipes, progress=True):
    """Train by each recipe on each split's first part and judge its second part.

    images: (m, h, w, 3) uint8, those to train on and those to judge; Y: (1, m) of 0 and 1.
    splits: list of pairs of index arrays, (to train on, to judge).
    recipes: list of ``model.Recipe``; those that differ only in ``num_iterations`` share a training.
    progress: show a bar with the time left.

    Returns recipe → list, per split, of the probabilities of the judged images (v,), NaN where a
    training overflowed. Raises ``ValueError`` for an empty list and for a recipe with an unknown
    activation, ``StudyError`` where a training failed or the process that ran it died.
    """
    if not splits or not recipes:
        raise ValueError("No hay nada que entrenar: splits y recipes deben tener al menos uno.")
    Y = arguments.matrix("Y", Y)
    moments = {}  # what is trained, a network each → when it is judged
    for recipe in recipes:
        for seed in recipe.seeds:
            plan = recipe._replace(num_iterations=1, seeds=(seed,))
            moments.setdefault(plan, set()).add(recipe.num_iterations)
    keys = [(plan, j) for plan in moments for j in range(len(splits))]
    n_jobs = get_active_backend()[1] or -1  # where no parallel_config says how many, a core each
    try:
        with threadpool_limits(1, user_api="blas"), _quick_turns(), Caller() as caller:
            given = images, Y, caller
            jobs = (delayed(_judge)(*given, *splits[j], plan, moments[plan]) for plan, j in keys)
            results = Parallel(n_jobs, prefer="threads", return_as="generator")(jobs)
            bar = progress_bar(results, progress, desc="Estudio", unit="red", total=len(keys))
            done = dict(zip(keys, list(bar)))
    except Exception as error:
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:150]
        lacked = isinstance(error, (MemoryError, BrokenExecutor))  # or its process was killed
        raise StudyError(
            f"El estudio de {len(keys)} entrenamientos se detuvo ({detail})."
            f"{' Faltó memoria: cierra otros programas y repite la celda.' * lacked}"
        ) from error

    def of_seeds(recipe, j):
        plans = [recipe._replace(num_iterations=1, seeds=(seed,)) for seed in recipe.seeds]
        return np.mean([done[plan, j][recipe.num_iterations] for plan in plans], axis=0)

    return {recipe: [of_seeds(recipe, j) for j in range(len(splits))] for recipe in recipes}


@contextmanager
def _quick_turns():
    """A context in which a thread waits 0.03 ms for the interpreter, not 5: a product takes 0.1."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(3e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _judge(images, Y, caller, train, judged, recipe, moments):
    """Return number of iterations → probabilities (v,) of the images ``judged``."""
    models = train_along(images[train], Y[:, train], recipe, moments, caller)
    with np.errstate(over="ignore", invalid="ignore"):
        return {n: model.predict_proba(images[judged])[0] for n, model in models.items()}


class Scores(NamedTuple):
    """What cross-validation found of one recipe."""

    probabilities: np.ndarray  # (m,), each image's by a network that was not trained on it
    right: np.ndarray  # (m,) bool
    diverged: bool  # some training overflowed, or ended with one answer for all images

    @property
    def accuracy(self):
        return float(self.right.mean())


def cross_validate(images, Y, recipes, k=5, seed=1, groups=None, progress=True):
    """Score recipes on held-out parts of ``images``; return recipe → ``Scores``.

    With ``groups`` (m,), the same number for the same person, nobody is in two of the ``k`` parts.
    The other arguments and errors are those of ``held_out``; ``ValueError`` also where a class has
    fewer than ``k`` images.
    """
    Y = arguments.matrix("Y", Y)
    counts = np.bincount(np.ravel(Y).astype(np.int64), minlength=2)
    if not 2 <= k <= counts.min():
        raise ValueError(
            f"k={k} partes no se pueden formar con {counts[0]} ejemplos de la clase 0 y {counts[1]} "
            "de la 1: k debe ser al menos 2 y a lo más el tamaño de la clase menor."
        )
    if groups is not None and len(np.unique(groups)) < k:
        raise ValueError(f"k={k} partes no se pueden formar con {len(np.unique(groups))} personas.")
    if groups is None:
        folds = StratifiedKFold(k, shuffle=True, random_state=seed)
        splits = list(folds.split(images, np.ravel(Y)))
    else:
        people = np.unique(groups)
        folds = KFold(k, shuffle=True, random_state=seed).split(people)
        away = [np.isin(groups, people[judged]) for _, judged in folds]
        splits = [(np.flatnonzero(~out), np.flatnonzero(out)) for out in away]
    scores = {}
    for recipe, parts in held_out(images, Y, splits, recipes, progress).items():
        probabilities = np.empty(np.size(Y))
        for (_, judged), part in zip(splits, parts):
            probabilities[judged] = part
        diverged = any(not np.isfinite(part).all() or np.ptp(part) == 0 for part in parts)
        scores[recipe] = Scores(probabilities, (probabilities > 0.5) == Y[0], diverged)
    return scores


def score_on_test(data, chosen, recipes, progress=True):
    """Train on the images ``chosen`` of ``data.train_x``, judge the test half.

    Returns (recipes,) accuracies. Errors are those of ``held_out``.
    """
    images = np.concatenate([data.train_x[chosen], data.test_x])
    Y = np.hstack([data.train_y[:, chosen], data.test_y])
    split = np.split(np.arange(len(images)), [len(chosen)])
    found = held_out(images, Y, [split], recipes, progress)
    return np.array([np.mean((found[r][0] > 0.5) == data.test_y[0]) for r in recipes])


def grid(base, **values):
    """Return name → list of recipes: ``base`` with each of the values in turn.

    Raises ``ValueError`` for a name that is no field of the recipe, and for what is no list of values.

    >>> from helpers.model import PUBLISHED
    >>> [recipe.hidden for recipe in grid(PUBLISHED, hidden=[(7,), (20, 7)])["hidden"]]
    [(7,), (20, 7)]
    """
    for name, of_name in values.items():
        is_list = isinstance(of_name, (list, tuple, range, np.ndarray)) and len(of_name) > 0
        if not is_list or (name == "hidden" and any(isinstance(of, Real) for of in of_name)):
            example = "[(7,), (20, 7)]" if name == "hidden" else "[uno, otro]"
            raise ValueError(
                f"{name}={of_name!r:.99}: esperaba una lista con los valores que probar, al menos uno; "
                f"por ejemplo {name}={example}."
            )
    return {name: [base._replace(**{name: v}) for v in of] for name, of in values.items()}


def best(recipes, scores):
    """Return the recipe that judges most images right; the first of equals."""
    return max(recipes, key=lambda recipe: scores[recipe].accuracy)


def sample(Y, n):
    """Return the sorted indices of at most ``n`` examples, with each class in its proportion."""
    indices = np.arange(np.size(Y))
    if n < len(indices):
        indices, _ = train_test_split(indices, train_size=n, stratify=Y.ravel(), random_state=1)
    return np.sort(indices)
