"""The published figures beside ours, as a Markdown table.

    python -m benchmarks.published

takes each data set of datasets/published.json that is there (datasets/, or SMILE_DATA_DIR), trains
as published, and prints both. The last rows are the same recipe on `caras`, over ten seeds.
"""

import numpy as np

from helpers import network
from helpers.data import DataError, flatten, load_dataset, load_published
from helpers.evaluation import accuracy, percent
from helpers.model import STORY
from helpers.training import L_layer_model


def train_and_score(data, seed, layers_dims, learning_rate, num_iterations):
    """Return the costs, the train accuracy and the test accuracy of one run."""
    X = flatten(data.train_x)
    parameters, costs = L_layer_model(
        X, data.train_y, layers_dims, learning_rate, num_iterations, seed=seed
    )
    train = accuracy(network.predict(X, parameters), data.train_y)
    test = accuracy(network.predict(flatten(data.test_x), parameters), data.test_y)
    return costs, train, test


def main():
    tables = load_published()
    rows = []
    for table in ("catvnoncat_4_layers", "happy_4_layers"):
        known = tables[table]
        recipe = [known[key] for key in ("layers_dims", "learning_rate", "num_iterations")]
        name = table.split("_")[0]
        try:
            data = load_dataset(name)
        except DataError as error:
            print(f"{str(error).splitlines()[0]}")
            continue
        costs, train, test = train_and_score(data, known["seed"], *recipe)
        theirs = known["costs_every_100"]
        equal = sum(round(ours, 6) == cost for ours, cost in zip(costs, theirs))
        rows += [
            (name, "primer costo", f"{theirs[0]:.6f}", f"{costs[0]:.6f}"),
            (name, "último costo", f"{theirs[-1]:.6f}", f"{costs[-1]:.6f}"),
            (name, "costos iguales a seis decimales", f"{len(theirs)}", f"{equal}"),
            (
                name,
                "exactitud en entrenamiento",
                percent(known["train_accuracy"], 2),
                percent(train, 2),
            ),
            (name, "exactitud en prueba", percent(known["test_accuracy"], 2), percent(test, 2)),
        ]
    data = load_dataset("caras")
    runs = np.array([train_and_score(data, seed, *recipe)[1:] for seed in range(1, 11)])
    (seed,) = STORY.seeds
    for column, part in enumerate(("entrenamiento", "prueba")):
        mean, spread = runs[:, column].mean(), runs[:, column].std(ddof=1)
        ten = f"{100 * mean:.1f} ± {percent(spread)}"
        rows += [
            (
                "caras",
                f"exactitud en {part}, semilla {seed}",
                "–",
                percent(runs[seed - 1, column], 2),
            ),
            ("caras", f"exactitud en {part}, 10 semillas", "–", ten),
        ]
    print("\n| conjunto | cifra | publicada | reproducida |\n|:--|:--|--:|--:|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
