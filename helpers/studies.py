"""Many trainings on parts of one set of images: cross-validation, seeds, people.

A training in image space knows the pixels only through their inner products. They are computed
once for all images; a part of the images is then a choice of rows and columns, and so is what the
network says of images that it was not trained on: ``W1 @ x = W1_0 @ x + C @ (X.T @ x)``.
Subtracting the training mean, scaling and mirroring are algebra on the same numbers.

Each training is a job of its own. ``map`` says who runs the jobs: Python's ``map`` (the default),
``parallel_map`` (a process per core), ``concurrent.futures.ProcessPoolExecutor().map``, a Dask
cluster's ``client.get_executor().map``.
"""

import builtins
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from helpers import network, training
from helpers.data import flatten

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class StudyError(RuntimeError):
    """A job failed; ``finished`` holds the results of those before it."""

    def __init__(self, message, finished):
        super().__init__(message)
        self.finished = finished


class Job(NamedTuple):
    """One training, and the images to be judged by it; t of the former, v of the latter."""

    K: np.ndarray  # (t, t), inner products of the training images
    Z1_0: np.ndarray  # (n_1, t), what the first layer says of them at the start
    Y: np.ndarray  # (1, t)
    K_out: np.ndarray  # (t, v), inner products of the training images and the judged ones
    Z1_0_out: np.ndarray  # (n_1, v)
    rest: dict  # b1, W2, b2, ...: all parameters but W1
    recipe: tuple
    snapshots: tuple  # after how many iterations to judge


def run_job(job):
    """Train, and return the probabilities (len(snapshots), v); NaN from an overflow on."""
    first = training.ImageSpace(job.K, job.Z1_0)
    out = training.ImageSpace(job.K_out, job.Z1_0_out)
    recipe, activation = job.recipe, job.recipe.hidden_activation
    probabilities = np.full((len(job.snapshots), job.K_out.shape[1]), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        states = training.descend(
            first, job.Y, job.rest, recipe.learning_rate, activation, recipe.weight_decay
        )
        for i, state in zip(range(max(job.snapshots) + 1), states):
            if i in job.snapshots:
                probabilities[job.snapshots.index(i)] = training.judge(out, state, activation)
    return probabilities


def held_out(images, Y, splits, recipes, map=builtins.map, progress=True):
    """Train by each recipe on each split's first part and judge its second part.

    Parameters
    ----------
    images : (m, h, w, 3) uint8, those to train on and those to judge
    Y : (1, m) of 0 and 1
    splits : list of pairs of index arrays, (to train on, to judge)
    recipes : list of ``model.Recipe``; those that differ only in ``num_iterations`` share a training
    map : who runs the jobs, see the module's docstring
    progress : show a bar with the time left

    Returns
    -------
    dict : recipe → list, per split, of the probabilities of the judged images (v,); NaN where a
        training overflowed

    Raises
    ------
    ValueError : an empty list, a recipe with an unknown activation, or a ``map`` that can't be called
    StudyError : a job failed, or the process that ran it died
    """
    if not callable(map):
        raise ValueError(f"map={map!r} no es una función: pasa map, o el .map de un ejecutor.")
    if not splits or not recipes:
        raise ValueError("No hay nada que entrenar: splits y recipes deben tener al menos uno.")
    for recipe in recipes:
        network.activation_functions(recipe.hidden_activation)
    plans = {}  # one training each → when to judge
    for recipe in recipes:
        for seed in recipe.seeds:
            plans.setdefault(_plan(recipe, seed), set()).add(recipe.num_iterations)
    products = _Products(images, mirror=any(recipe.mirror for recipe in recipes))
    keys = [(plan, j) for plan in plans for j in range(len(splits))]
    jobs = [products.job(Y, *splits[j], plan, tuple(sorted(plans[plan]))) for plan, j in keys]
    done = dict(zip(keys, _run(run_job, jobs, map, progress)))

    def probabilities(recipe, j):
        of_seeds = []
        for seed in recipe.seeds:
            plan = _plan(recipe, seed)
            row = sorted(plans[plan]).index(recipe.num_iterations)
            of_seeds.append(done[plan, j][row])
        return np.mean(of_seeds, axis=0)

    return {recipe: [probabilities(recipe, j) for j in range(len(splits))] for recipe in recipes}


def _plan(recipe, seed):
    """Return what tells one training from another: the recipe, but for when it is judged."""
    return recipe._replace(num_iterations=0, seeds=(seed,))


class _Products:
    """All that trainings on any part of the images need to know of their pixels."""

    def __init__(self, images, mirror):
        self.m = len(images)
        self.X = flatten(np.concatenate([images, images[:, :, ::-1]]) if mirror else images)
        self.K = self.X.T @ self.X
        self.starts = {}  # (sizes, seed) → starting parameters and W1_0 @ X

    def job(self, Y, train, judged, recipe, snapshots):
        Y_train = Y[:, train]
        if recipe.mirror:
            train, Y_train = np.r_[train, train + self.m], np.hstack([Y_train, Y_train])
        parameters, Z1_0 = self._start(recipe.hidden, recipe.seeds[0])
        K, K_out = self.K[np.ix_(train, train)], self.K[np.ix_(train, judged)]
        Z, Z_out = Z1_0[:, train], Z1_0[:, judged]
        if recipe.center:
            # (x - mean) @ (y - mean), from the products of x, y and the training images
            with_mean, out_with_mean = K.mean(axis=1, keepdims=True), K_out.mean(axis=0)
            mean_squared = with_mean.mean()
            K = K - with_mean - with_mean.T + mean_squared
            K_out = K_out - with_mean - out_with_mean + mean_squared
            Z, Z_out = (each - Z.mean(axis=1, keepdims=True) for each in (Z, Z_out))
        s = recipe.scale
        return Job(
            s * s * K, s * Z, Y_train, s * s * K_out, s * Z_out, parameters, recipe, snapshots
        )

    def _start(self, hidden, seed):
        if (hidden, seed) not in self.starts:
            sizes = [len(self.X), *hidden, 1]
            parameters = network.initialize_parameters_deep(sizes, seed)
            Z1_0 = parameters.pop("W1") @ self.X
            self.starts[hidden, seed] = parameters, Z1_0
        return self.starts[hidden, seed]


def _run(function, jobs, map, progress):
    finished = []
    try:
        results = map(function, jobs)
        bar = training.progress_bar(results, progress, total=len(jobs), desc="Estudio", unit="red")
        for result in bar:
            finished.append(result)
    except Exception as error:
        raise StudyError(
            f"El estudio se detuvo después de {len(finished)} de {len(jobs)} entrenamientos "
            f"({type(error).__name__}: {error}). Si lo reparte un ejecutor, quizá murió uno de sus "
            "procesos, por ejemplo por falta de memoria: créalo de nuevo y repite la celda.",
            finished,
        ) from error
    return finished


class Scores(NamedTuple):
    """What cross-validation found of one recipe."""

    accuracies: np.ndarray  # (k,), one per held-out part
    probabilities: np.ndarray  # (m,), each image's by a network that was not trained on it
    diverged: bool  # some training overflowed, or ended with one answer for all images
    baseline: float  # the accuracy of always answering with the more frequent class


def cross_validate(images, Y, recipes, k=5, seed=1, map=builtins.map, progress=True):
    """Score recipes on held-out parts of ``images``; return recipe → ``Scores``.

    Arguments and errors are those of ``held_out`` and ``stratified_folds``.
    """
    Y = np.asarray(Y)
    splits = stratified_folds(Y, k, seed)
    scores = {}
    for recipe, parts in held_out(images, Y, splits, recipes, map, progress).items():
        probabilities = np.empty(Y.size)
        for (_, judged), part in zip(splits, parts):
            probabilities[judged] = part
        right = (probabilities > 0.5) == Y[0]
        accuracies = np.array([right[judged].mean() for _, judged in splits])
        diverged = any(not np.isfinite(part).all() or np.ptp(part) == 0 for part in parts)
        scores[recipe] = Scores(accuracies, probabilities, diverged, max(Y.mean(), 1 - Y.mean()))
    return scores


def grid(base, **values):
    """Return name → list of recipes: ``base`` with each of the values in turn.

    Raises ``ValueError`` for a name that is no field of the recipe and for an empty list.

    >>> from helpers.model import PUBLISHED
    >>> [recipe.hidden for recipe in grid(PUBLISHED, hidden=[(7,), (20, 7)])["hidden"]]
    [(7,), (20, 7)]
    """
    for name, of_name in values.items():
        if name not in base._fields:
            raise ValueError(f"{name!r} no es un hiperparámetro: hay {', '.join(base._fields)}.")
        if len(of_name) == 0:
            raise ValueError(f"{name}=[] no tiene valores que probar: pon al menos uno.")
    return {name: [base._replace(**{name: v}) for v in of] for name, of in values.items()}


def best(recipes, scores):
    """Return the recipe with the highest mean accuracy; the first of equals."""
    return max(recipes, key=lambda recipe: scores[recipe].accuracies.mean())


def score_on_test(data, chosen, recipes, map=builtins.map, progress=True):
    """Train on the images ``chosen`` of ``data.train_x``, judge the test half.

    Returns (recipes,) accuracies.
    """
    images = np.concatenate([data.train_x[chosen], data.test_x])
    Y = np.hstack([data.train_y[:, chosen], data.test_y])
    split = np.split(np.arange(len(images)), [len(chosen)])
    found = held_out(images, Y, [split], recipes, map, progress)
    return np.array([np.mean((found[r][0] > 0.5) == data.test_y[0]) for r in recipes])


# -- People ----------------------------------------------------------------------------------------


def known_and_new(images, Y, person, recipe, known, map=builtins.map, progress=True):
    """Return two (people,) accuracies: on each person when known, and when left out of training.

    ``person`` (m,); ``known`` (m,) are probabilities by networks that had seen other images of the
    same people: those of ``cross_validate``.
    """
    splits = leave_one_out(person)
    parts = held_out(images, Y, splits, [recipe], map, progress)[recipe]
    right = (known > 0.5) == Y[0]
    return (
        np.array([right[judged].mean() for _, judged in splits]),
        np.array([np.mean((p > 0.5) == Y[0, judged]) for (_, judged), p in zip(splits, parts)]),
    )


# -- Ways to split ---------------------------------------------------------------------------------


def sample(Y, n, seed=1):
    """Return the sorted indices of at most ``n`` examples, as many of each class as there can be."""
    random = np.random.RandomState(seed)
    classes = [random.permutation(np.flatnonzero(np.ravel(Y) == label)) for label in (0, 1)]
    fewer, more = sorted(classes, key=len)
    fewer = fewer[: n // 2]
    return np.sort(np.concatenate([fewer, more[: n - len(fewer)]]))


def stratified_folds(Y, k=5, seed=1):
    """Return k pairs of index arrays (train, held out); each fold has its share of each class.

    Raises ``ValueError`` unless both classes are there with at least k >= 2 examples.
    """
    Y = np.ravel(Y)
    counts = np.bincount(Y.astype(np.int64), minlength=2)
    if k < 2 or k > counts.min():
        raise ValueError(
            f"k={k} partes no se pueden formar con {counts[0]} ejemplos de la clase 0 y {counts[1]} "
            "de la 1: k debe ser al menos 2 y a lo más el tamaño de la clase menor."
        )
    random = np.random.RandomState(seed)
    fold = np.empty(len(Y), np.int64)
    for label in (0, 1):
        members = random.permutation(np.flatnonzero(label == Y))
        fold[members] = np.arange(len(members)) % k
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def leave_one_out(groups):
    """Return a pair of index arrays (the others, this one) for each value in ``groups`` (m,)."""
    values = np.unique(groups)
    if len(values) < 2:
        raise ValueError(
            f"Solo hay {len(values)} persona: para dejar a una fuera se necesitan al menos dos."
        )
    return [(np.flatnonzero(groups != v), np.flatnonzero(groups == v)) for v in values]


# -- Processes -------------------------------------------------------------------------------------


def parallel_map(function, jobs):
    """Yield ``function(job)`` for each job, in order, from one process per core.

    The processes are started on first use and stay until Python ends. Each has single-threaded
    linear algebra: several whose BLAS starts a thread per core would get in each other's way.
    """
    try:
        yield from _pool().map(function, jobs)
    except BrokenProcessPool:
        _pool.cache_clear()  # the next call starts afresh
        raise


@lru_cache
def _pool():
    before = {name: os.environ.get(name) for name in BLAS_THREADS}
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))  # read when a new process imports NumPy
    try:
        workers = os.cpu_count() or 1
        # Jupyter's stop button is for this process; what waits in the queue is then cancelled.
        ignore = (signal.SIGINT, signal.SIG_IGN)
        pool = ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, ignore)
        list(pool.map(abs, range(workers)))  # start them now, in this environment
        return pool
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
