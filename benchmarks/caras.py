"""What the trivial predictors score on `caras`, next to the network, and how fast it is drawn.

    python -m benchmarks.caras

prints a Markdown table. Thresholds, majorities and neighbours come from the training half, scores
from the test half. The network is the published recipe with the seeds 1 to 10; its last row is for
people it has never seen.
"""

import time

import numpy as np

from helpers.data import flatten, load_dataset
from helpers.faces import FILES, N_PEOPLE, PEOPLE_SEED, draw_faces, draw_people
from helpers.network import predict
from helpers.training import L_layer_model

DIMS = [12288, 20, 7, 5, 1]
SEEDS = range(1, 11)


def majority(train_y, test_y):
    """Accuracy of always saying what is more common in the training half."""
    return np.mean(test_y == (train_y.mean() > 0.5))


def threshold(train, train_y, test, test_y):
    """Accuracy of the best cut through one number (m,), either way round."""
    above = train > np.unique(train)[:, None]
    right = (above == train_y).mean(axis=1)
    best = np.argmax(np.abs(right - 0.5))
    says = test > np.unique(train)[best]
    return np.mean((says if right[best] > 0.5 else ~says) == test_y)


def by_person(train, train_y, test, test_y):
    """Accuracy of saying of each person what they do more often."""
    says = {person: train_y[train == person].mean() > 0.5 for person in np.unique(train)}
    return np.mean(np.array([says[person] for person in test]) == test_y)


def nearest(train, train_y, test, test_y):
    """Accuracy of the label of the most similar training image; columns are images."""
    distance = (train**2).sum(0) - 2 * test.T @ train  # but for what is the same for all
    return np.mean(train_y[distance.argmin(axis=1)] == test_y)


def strangers():
    """Photographs of a hundred other people at the same door."""
    images, labels, _ = draw_faces(FILES["train"][0], draw_people(100, seed=99), seed=5)
    return flatten(images), labels


def network(dims, seeds, *sets):
    """Accuracies of a network on each (X, Y), one row for each seed; it learns the first."""
    rows = []
    for seed in seeds:
        parameters, _ = L_layer_model(*sets[0], dims, seed=seed, progress=False)
        rows.append([np.mean(predict(X, parameters) == Y) for X, Y in sets])
    return np.array(rows)


def images_per_second():
    """How many photographs one core draws in a second, the people's looks included."""
    m, seed = FILES["test"]
    people = draw_people(N_PEOPLE, PEOPLE_SEED)
    draw_faces(1, people, seed)  # the garden is drawn once
    start = time.process_time()
    draw_faces(m, people, seed)
    return m / (time.process_time() - start)


def main():
    data = load_dataset("caras")
    X, X_test = flatten(data.train_x), flatten(data.test_x)
    y, y_test = data.train_y[0], data.test_y[0]
    known, known_test = data.train_attributes, data.test_attributes

    rows = [
        ("majority", majority(y, y_test)),
        ("mean brightness", threshold(X.mean(0), y, X_test.mean(0), y_test)),
        *(
            (f"{name} alone", threshold(known[name], y, known_test[name], y_test))
            for name in ("mouth_opening", "yaw", "darkness", "tilt", "shift_x", "shift_y")
        ),
        ("person alone", by_person(known["person"], y, known_test["person"], y_test)),
        ("1 nearest neighbour on pixels", nearest(X, y, X_test, y_test)),
    ]
    print("| predictor | test accuracy |\n|---|---|")
    for name, accuracy in rows:
        print(f"| {name} | {accuracy:.3f} |")
    sets = (X, data.train_y), (X_test, data.test_y), strangers()
    ((train, test, unknown),) = network([len(X), 1], [1], *sets)
    print(f"| logistic regression (train: {train:.3f}; strangers: {unknown:.3f}) | {test:.3f} |")
    scores = network(DIMS, SEEDS, *sets)
    for seed, (train, test, _) in zip(SEEDS, scores, strict=True):
        print(f"| network, seed {seed} (train: {train:.3f}) | {test:.3f} |")
    train, test, unknown = scores.mean(0)
    print(f"| **network, mean of {len(scores)} seeds** (train: {train:.3f}) | **{test:.3f}** |")
    print(f"| network, on strangers, mean of {len(scores)} seeds | {unknown:.3f} |")
    print(f"\nDrawing: {images_per_second():.0f} images per second of processor time.")


if __name__ == "__main__":
    main()
