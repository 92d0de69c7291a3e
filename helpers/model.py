"""A recipe, and the model trained by it: the preprocessing and the networks, kept together.

What the preprocessing learns from the training images, their mean, is applied by the same object to
whatever it predicts afterwards, so that nobody can forget it.
"""

from typing import NamedTuple

import numpy as np

from helpers import network
from helpers.data import flatten
from helpers.training import L_layer_model


class Recipe(NamedTuple):
    """Everything that decides a training but the data; the defaults are the published recipe."""

    hidden: tuple = (20, 7, 5)  # units of the hidden layers
    learning_rate: float = 0.0075
    num_iterations: int = 2700
    hidden_activation: str = "relu"
    center: bool = False  # subtract the mean training image
    scale: float = 1.0  # multiply what is left
    mirror: bool = False  # train on each image's mirror image as well
    weight_decay: float = 0.0
    seeds: tuple = (1,)  # a network each; the model's probability is their mean


PUBLISHED = Recipe()


class Model:
    """Trained networks and their preprocessing: uint8 images in, probabilities out."""

    def __init__(self, recipe, mean, networks):
        self.recipe, self.mean, self.networks = recipe, mean, networks

    def prepare(self, images):
        """Return ``images`` (m, h, w, 3) uint8 as the networks take them, (n_0, m) float64."""
        return self.recipe.scale * (flatten(images) - self.mean)

    def predict_proba(self, images):
        """Return the probability of class 1 of each image, (1, m)."""
        X, activation = self.prepare(images), self.recipe.hidden_activation
        return np.mean([network.predict_proba(X, p, activation) for p in self.networks], axis=0)

    def predict(self, images):
        """Return the class of each image, (1, m) int64."""
        return (self.predict_proba(images) > 0.5).astype(np.int64)


def train(images, Y, recipe=PUBLISHED, progress=True):
    """Train a ``Model`` by ``recipe`` on ``images`` (m, h, w, 3) uint8 and ``Y`` (1, m) of 0 and 1.

    Raises ``ValueError`` and warns as ``training.L_layer_model`` does.
    """
    if recipe.mirror:
        images, Y = np.concatenate([images, images[:, :, ::-1]]), np.concatenate([Y, Y], axis=1)
    X = flatten(images)
    model = Model(recipe, X.mean(axis=1, keepdims=True) if recipe.center else 0.0, [])
    X = recipe.scale * (X - model.mean)
    for seed in recipe.seeds:
        parameters, _ = L_layer_model(
            X,
            Y,
            [len(X), *recipe.hidden, 1],
            recipe.learning_rate,
            recipe.num_iterations,
            hidden_activation=recipe.hidden_activation,
            weight_decay=recipe.weight_decay,
            seed=seed,
            progress=progress,
        )
        model.networks.append(parameters)
    return model
