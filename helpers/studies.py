"""Many trainings on parts of one set of images: cross-validation, seeds, people.

joblib runs them side by side, a thread per core: NumPy lets go of the interpreter where it works.
Another number of them, processes, or a Dask cluster, is joblib's ``parallel_config`` around the call.
"""

import sys
from concurrent.futures import BrokenExecutor
from numbers import Real
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from joblib.parallel import get_active_backend
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from helpers.model import sharpened, train_along
from helpers.progress import progress_bar
from helpers.recipe import fitting
from helpers.training import Caller


class StudyError(RuntimeError):
    """A training of a study failed; the message says so in Spanish."""


def held_out(images, Y, splits, recipes, progress=True):
    """Train by each recipe on each split's first part and judge its second part.

    images: (m, h, w, 3) uint8; Y: (1, m) of 0 and 1. splits: list of pairs of index arrays, (to train
    on, to judge). recipes: those that differ only in ``num_iterations`` share a training.

    Returns recipe → list, per split, of the probabilities of the judged images (v,), NaN where a
    training overflowed. Raises ``ValueError`` for an empty list, ``StudyError`` where a training
    failed or the process that ran it died.
    """
    if not splits or not recipes:
        raise ValueError("No hay nada que entrenar: splits y recipes deben tener al menos uno.")
    Y = fitting(images, Y, *recipes)

    def plans(recipe):  # what is trained, a network each; only their mean is sharpened
        alone = recipe._replace(num_iterations=1, sharpen=1.0)
        return [alone._replace(seeds=(seed,)) for seed in recipe.seeds]

    moments = {}  # plan → when it is judged
    for recipe in recipes:
        for plan in plans(recipe):
            moments.setdefault(plan, set()).add(recipe.num_iterations)
    keys = [(plan, j) for plan in moments for j in range(len(splits))]
    n_jobs = get_active_backend()[1] or -1  # where no parallel_config says how many, a core each
    usual = sys.getswitchinterval()  # of 5 ms; a product takes 0.1
    try:
        sys.setswitchinterval(3e-5)
        with threadpool_limits(1, user_api="blas"), Caller() as caller:  # left, its threads end
            given = images, Y, caller
            jobs = (delayed(_judge)(*given, *splits[j], plan, moments[plan]) for plan, j in keys)
            results = Parallel(n_jobs, prefer="threads", return_as="generator")(jobs)
            bar = progress_bar(results, progress, desc="Estudio", unit="red", total=len(keys))
            done = dict(zip(keys, list(bar)))
    except Exception as error:
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:150]
        said = f"El estudio de {len(keys)} entrenamientos se detuvo ({detail})."
        if isinstance(error, (MemoryError, BrokenExecutor)):  # or its process was killed
            said += " Faltó memoria: cierra otros programas y repite la celda."
        raise StudyError(said) from error
    finally:
        sys.setswitchinterval(usual)

    def together(recipe, j):
        alone = [done[plan, j][recipe.num_iterations] for plan in plans(recipe)]
        return sharpened(np.mean(alone, axis=0), recipe.sharpen)

    return {recipe: [together(recipe, j) for j in range(len(splits))] for recipe in recipes}


def _judge(images, Y, caller, train, judged, recipe, moments):
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


def cross_validate(images, Y, recipes, k=5, groups=None, progress=True, seed=1):
    """Score recipes on held-out parts of ``images``; return recipe → ``Scores``.

    With ``groups`` (m,), the same number for the same person, nobody is in two of the ``k`` parts.
    ``seed`` draws the parts. The rest is as in ``held_out``; ``ValueError`` also where a class has
    fewer than ``k`` images.
    """
    Y = fitting(images, Y, *recipes)
    counts = np.bincount(np.ravel(Y).astype(np.int64), minlength=2)
    cannot = f"k={k} partes no se pueden formar con"
    if not 2 <= k <= counts.min():
        found = f"{counts[0]} ejemplos de la clase 0 y {counts[1]} de la 1"
        raise ValueError(f"{cannot} {found}: k debe ser de 2 al tamaño de la clase menor.")
    splits = list(StratifiedKFold(k, shuffle=True, random_state=seed).split(images, Y[0]))
    if groups is not None:
        groups = np.ravel(groups)
        if len(groups) != Y.size:
            raise ValueError(f"groups tiene {len(groups)} números, y Y {Y.size}: uno por imagen.")
        people = np.unique(groups)
        if len(people) < k:
            raise ValueError(f"{cannot} {len(people)} personas.")
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
    """Train on the images ``chosen`` of ``data.train_x``, judge the test half as ``held_out`` does.

    Returns (recipes,) accuracies.
    """
    images = np.concatenate([data.train_x[chosen], data.test_x])
    Y = np.hstack([data.train_y[:, chosen], data.test_y])
    split = np.split(np.arange(len(images)), [len(chosen)])
    found = held_out(images, Y, [split], recipes, progress)
    return np.array([np.mean((found[r][0] > 0.5) == data.test_y[0]) for r in recipes])


def grid(base, **values):
    """Return name → list of recipes: ``base`` with each of the values in turn.

    Raises ``ValueError`` for a name that is no field of the recipe, and for what is no list of values.
    """
    for name, of_name in values.items():
        is_list = isinstance(of_name, (list, tuple, range, np.ndarray)) and len(of_name) > 0
        if not is_list or (name == "hidden" and any(isinstance(of, Real) for of in of_name)):
            example = "[(7,), (20, 7)]" if name == "hidden" else "[uno, otro]"
            expected = f"una lista de valores que probar, al menos uno; por ejemplo {name}"
            raise ValueError(f"{name}={of_name!r:.99}: esperaba {expected}={example}.")
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
