"""Whether the notebook's main training hinges on the last bit, as a Markdown table.

    python -m benchmarks.stability [SEED]

trains the published recipe on `caras` in a fresh process for each family of processor that OpenBLAS
can be told to work as, with one and two threads, on the images as they are and with each pixel
moved by one part in 10^12. The threads must move no digit, and it says whether they did: so few
images are trained on with one, whatever is asked for. Says nothing of a NumPy with another BLAS.
"""

import os
import subprocess
import sys
from itertools import product

import numpy as np

from helpers.data import flatten, load_dataset
from helpers.network import predict_proba
from helpers.training import L_layer_model

FAMILIES = ("Haswell", "SkylakeX", "Sandybridge", "Nehalem")


def run(seed, moved):
    """Print the last cost, the test errors and the sum of the test probabilities of one training."""
    data = load_dataset("caras")
    X = flatten(data.train_x)
    if moved:
        X *= 1 + 1e-12 * np.random.RandomState(0).randn(*X.shape)
    dims = [len(X), 20, 7, 5, 1]
    parameters, costs = L_layer_model(X, data.train_y, dims, seed=seed, progress=False)
    p = predict_proba(flatten(data.test_x), parameters)
    print(f"{costs[-1]:.16f} | {np.sum((p > 0.5) != data.test_y)} | {p.sum():.9f}")


def main():
    seed, moved_by_threads = sys.argv[1] if len(sys.argv) > 1 else "1", 0
    print("| procesador | hilos | entradas | último costo | errores | suma de ŷ |")
    print("|:--|--:|:--|--:|--:|--:|")
    for family, moved in product(FAMILIES, ("", "movidas")):
        command = [sys.executable, "-m", "benchmarks.stability", seed, moved, "--one"]
        results = set()
        for threads in ("1", "2"):
            env = os.environ | {"OPENBLAS_CORETYPE": family, "OPENBLAS_NUM_THREADS": threads}
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
            results.add(line := done.stdout.splitlines()[-1])
            print(f"| {family} | {threads} | {moved or 'tal cual'} | {line} |", flush=True)
        moved_by_threads += len(results) > 1
    n = 2 * len(FAMILIES)
    print(f"\nEl número de hilos movió alguna cifra en {moved_by_threads} de {n} parejas.")


if __name__ == "__main__":
    run(int(sys.argv[1]), sys.argv[2]) if sys.argv[-1] == "--one" else main()
