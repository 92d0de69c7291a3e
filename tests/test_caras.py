"""The rival of benchmarks.caras is at its end, whatever descends; its cuts are the best there are."""

import numpy as np
import pytest
from sklearn.decomposition import KernelPCA
from sklearn.linear_model import LogisticRegression

from benchmarks import caras
from helpers import network
from helpers.data import flatten, load_dataset
from helpers.model import RIVAL, train


@pytest.fixture(scope="module")
def data():
    return load_dataset("caras")


@pytest.fixture(scope="module")
def rival(data):
    return train(data.train_x, data.train_y, RIVAL, progress=False)


def test_the_rival_is_trained_to_its_end(data, rival):
    cost = network.compute_cost(rival.predict_proba(data.train_x), data.train_y)
    assert cost < 0.02 and caras.slope(rival, data.train_x, data.train_y) < 0.01
    assert (rival.predict(data.train_x) == data.train_y).all()
    starved = RIVAL._replace(center=False, learning_rate=0.002)
    model = train(data.train_x, data.train_y, starved, progress=False)
    assert caras.slope(model, data.train_x, data.train_y) > 0.1


def test_its_slope_is_that_of_its_cost(data, rival):
    """By moving all parameters a little along the gradient's own direction, up and down."""
    X, (parameters,), costs = rival.prepare(data.train_x), rival.networks, []
    A = network.predict_proba(X, parameters)
    steps = {"W1": (A - data.train_y) @ X.T, "b1": (A - data.train_y).sum(axis=1, keepdims=True)}
    length = np.sqrt(sum(np.sum(step**2) for step in steps.values()))
    for side in (1e-5, -1e-5):
        moved = {name: W + side * steps[name] / length for name, W in parameters.items()}
        costs.append(network.compute_cost(network.predict_proba(X, moved), data.train_y))
    slope = caras.slope(rival, data.train_x, data.train_y)
    assert slope == pytest.approx((costs[0] - costs[1]) / 2e-5, rel=1e-4)


def test_another_solver_judges_alike(data, rival):
    """scikit-learn's, by L-BFGS; among 600 images there are no more than 600 directions."""
    X, X_test = flatten(data.train_x).T, flatten(data.test_x).T
    turn = KernelPCA().fit(X)
    judge = LogisticRegression(max_iter=10_000).fit(turn.transform(X), data.train_y[0])
    says = judge.predict(turn.transform(X_test))
    assert np.sum(says != rival.predict(data.test_x)) <= 2


@pytest.mark.parametrize("ends", [1, 2])
def test_a_cut_is_the_best_of_all(ends):
    random = np.random.RandomState(3)
    numbers, y = random.randint(0, 9, 40), np.arange(40) % 2
    edges, found = [-np.inf, *range(9)], []
    for low in edges if ends == 2 else edges[:1]:
        for high in edges:
            inside = (numbers > low) & (numbers <= high)
            found += [np.mean(inside == y), np.mean(inside != y)]
    assert caras.best_cut(numbers, y, numbers, y, ends) == max(found)
