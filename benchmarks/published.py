"""The published figures beside ours, as a Markdown table.

    python -m benchmarks.published

takes each data set of datasets/published.json that is there (datasets/, or SMILE_DATA_DIR), trains
as published, and prints both. The last rows are the same recipe on `caras`, over ten seeds.
"""

import numpy as np

from helpers import network
from helpers.data import DataError, flatten, load_dataset, load_published
from helpers.evaluation import accuracy, percent
from helpers.recipe import STORY
from helpers.training import L_layer_model

PARTS = "entrenamiento", "prueba"


def train_and_score(data, seed, known):
    """Return the costs, and the accuracies in training and test, of one run as published."""
    recipe = (known[key] for key in ("layers_dims", "learning_rate", "num_iterations"))
    X, X_test = flatten(data.train_x), flatten(data.test_x)
    parameters, costs = L_layer_model(X, data.train_y, *recipe, seed=seed)
    halves = (X, data.train_y), (X_test, data.test_y)
    return costs, [accuracy(network.predict(x, parameters), y) for x, y in halves]


def main():
    rows = []
    for name in ("catvnoncat", "happy"):
        known = load_published()[f"{name}_4_layers"]
        try:
            data = load_dataset(name)
        except DataError as error:
            print(str(error).splitlines()[0])
            continue
        costs, scores = train_and_score(data, known["seed"], known)
        theirs = known["costs_every_100"]
        equal = sum(round(ours, 6) == cost for ours, cost in zip(costs, theirs))
        for which, k in (("primer", 0), ("último", -1)):
            rows.append((name, f"{which} costo", f"{theirs[k]:.6f}", f"{costs[k]:.6f}"))
        rows.append((name, "costos iguales a seis decimales", len(theirs), equal))
        for part, key, ours in zip(PARTS, ("train_accuracy", "test_accuracy"), scores):
            rows.append((name, f"exactitud en {part}", percent(known[key], 2), percent(ours, 2)))
    data, (seed,) = load_dataset("caras"), STORY.seeds
    runs = np.array([train_and_score(data, seed, known)[1] for seed in range(1, 11)])
    for part, scores in zip(PARTS, runs.T):
        ten = f"{100 * scores.mean():.1f} ± {percent(scores.std(ddof=1))}"
        one = percent(scores[seed - 1], 2)
        rows.append(("caras", f"exactitud en {part}, semilla {seed}", "–", one))
        rows.append(("caras", f"exactitud en {part}, 10 semillas", "–", ten))
    print("\n| conjunto | cifra | publicada | reproducida |\n|:--|:--|--:|--:|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")


if __name__ == "__main__":
    main()
