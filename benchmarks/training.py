"""How long 2,700 iterations take: the textbook's loop, scikit-learn and ours, in one run.

    python -m benchmarks.training

prints Markdown tables. All train the same 12288-20-7-5-1 network by full-batch gradient descent on
the 600 images of `caras`. The slow ones run a fraction of the iterations, scaled; each figure is
the best of three. The second table is ours in fresh processes, alone and beside two others that
never rest.
"""

import os
import subprocess
import sys
import timeit
import tracemalloc
import warnings
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from helpers import network, training
from helpers.data import flatten, load_dataset
from helpers.training import L_layer_model

DIMS = [12288, 20, 7, 5, 1]
RATE = 0.0075
ITERATIONS = 2700
FRACTION = 20  # the slow ones run 1/20 of the iterations
ROUNDS = 3


def ours(X, Y, iterations):
    L_layer_model(X, Y, DIMS, RATE, iterations, progress=False)


def textbook(X, Y, iterations):
    parameters = network.initialize_parameters_deep(DIMS)
    for _ in range(iterations):
        AL, caches = network.L_model_forward(X, parameters)
        grads = network.L_model_backward(AL, Y, caches)
        parameters = network.update_parameters(parameters, grads, RATE)


def scikit_learn(X, Y, iterations):
    options = {"solver": "sgd", "momentum": 0, "alpha": 0, "learning_rate_init": RATE}
    options |= {"max_iter": iterations, "n_iter_no_change": iterations + 1, "random_state": 1}
    model = MLPClassifier(DIMS[1:-1], batch_size=len(X), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)


def products(C, K, iterations):
    for _ in range(iterations):
        C @ K


def seconds(train, first, second, fraction=1, rounds=ROUNDS):
    """Return the least of ``rounds`` times, scaled to all iterations."""
    job = partial(train, first, second, ITERATIONS // fraction)
    return fraction * min(timeit.repeat(job, number=1, repeat=rounds))


def peak_memory(X, Y):
    """Return our peak over X, K and W1, counting X itself."""
    tracemalloc.start()
    ours(X, Y, 100)
    peak = X.nbytes + tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    m = X.shape[1]
    return peak / (X.nbytes + 8 * (m * m + DIMS[1] * DIMS[0]))


def beside(busy, threads, shared):
    """Return the seconds of ours in a process of its own, beside so many ``busy`` ones.

    ``threads``: OPENBLAS_NUM_THREADS, None as the system has it; ``shared``: without our limit.
    """
    names = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    names |= {"OPENBLAS_NUM_THREADS": threads} if threads else {}
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        command = [sys.executable, "-m", "benchmarks.training", "--one", *["shared"] * shared]
        done = subprocess.run(command, env=names, capture_output=True, text=True, check=True)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return float(done.stdout.splitlines()[-1])


def print_company():
    print(
        "\n| hilos de BLAS | solo, s | junto a dos procesos ocupados, s | veces |\n|:--|--:|--:|--:|"
    )
    for name, threads, shared in [
        ("los de siempre", None, False),
        ("`OPENBLAS_NUM_THREADS=2`", "2", False),
        ("los de siempre, sin nuestro límite", None, True),
    ]:
        alone, busy = (beside(others, threads, shared) for others in (0, 2))
        print(f"| {name} | {alone:.2f} | {busy:.2f} | {busy / alone:.2f} |", flush=True)


def main():
    data = load_dataset("caras")
    X, Y = flatten(data.train_x), data.train_y
    m = X.shape[1]
    K, C = X.T @ X, np.random.RandomState(1).randn(DIMS[1], m)
    rows = [("nuestro, float64", seconds(ours, X, Y))]
    rows.append((f"solo los {ITERATIONS:,} productos 20×{m}×{m}", seconds(products, C, K)))
    rows.append(("bucle del curso en NumPy, float64", seconds(textbook, X, Y, FRACTION)))
    images, name = np.ascontiguousarray(X.T, np.float32), "scikit-learn `MLPClassifier`, float32"
    rows.append((name, seconds(scikit_learn, images, Y.ravel(), FRACTION)))
    print(f"\n{ITERATIONS:,} iteraciones, {m} imágenes, {os.cpu_count()} núcleos:\n")
    print("| programa | segundos | veces lo nuestro |\n|:--|--:|--:|")
    for name, time_taken in rows:
        print(f"| {name} | {time_taken:.2f} | {time_taken / rows[0][1]:.2f} |")
    print_company()
    memory = peak_memory(X, Y)
    X, Y = np.tile(X, 5)[:, :3000], np.tile(Y, 5)[:, :3000]  # as many as GENKI-4K trains on
    X = X + 1e-3 * np.random.RandomState(0).rand(*X.shape)
    K, C = X.T @ X, np.random.RandomState(1).randn(DIMS[1], X.shape[1])
    of_3000 = seconds(ours, X, Y, rounds=1), seconds(products, C, K, rounds=1)
    print(
        f"\nCon 3,000 imágenes: {of_3000[0]:.1f} s; los productos solos, {of_3000[1]:.1f} s "
        f"({of_3000[0] / of_3000[1]:.2f} veces)."
    )
    print(f"\nMemoria máxima: {memory:.2f} veces la de X, K y W1.")


def one():
    """Print the seconds of ours, best of three, in this process."""
    if sys.argv[-1] == "shared":
        training.SHARED_FROM = 0
    data = load_dataset("caras")
    print(seconds(ours, flatten(data.train_x), data.train_y))


if __name__ == "__main__":
    one() if "--one" in sys.argv else main()
