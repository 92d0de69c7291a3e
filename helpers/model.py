"""The model that a recipe trained: its preprocessing and its networks, which nobody can mix up."""

import itertools
import math

import numpy as np
from scipy import special

from helpers import model_file, network
from helpers.model_file import Origin as Origin
from helpers.model_file import save_model as save_model
from helpers.recipe import PUBLISHED, fitting, inputs
from helpers.recipe import RIVAL as RIVAL
from helpers.recipe import STORY as STORY
from helpers.recipe import Recipe as Recipe
from helpers.training import COST_EVERY, L_layer_model, film


class Model:
    """Trained networks and their preprocessing: uint8 images in, probabilities out.

    ``mean`` (n_0, 1), or 0.0, is subtracted from the flattened images; ``networks``: the parameters
    of each; ``origin``: an ``Origin``, where it has been said.
    """

    def __init__(self, recipe, mean, networks, origin=None):
        self.recipe, self.mean, self.networks, self.origin = recipe, mean, networks, origin

    def __repr__(self):
        sizes = "-".join(str(n) for n in (*self.recipe.hidden, 1))
        of = f", entrenado con «{self.origin.dataset}»" if self.origin else ""
        n = len(self.networks)
        return f"Modelo de {n} {'red' if n == 1 else 'redes'} de capas {sizes}{of}"

    @property
    def size(self):
        return math.isqrt(self.networks[0]["W1"].shape[1] // 3)

    @property
    def classes(self):
        return self.origin.classes

    @property
    def aligned(self):
        """Whether it expects faces in their place, as ``faces.align`` puts them."""
        return self.origin.aligned

    def prepare(self, images):
        """Return ``images`` (m, h, w, 3) uint8 as the networks take them, (n_0, m) float64."""
        return self.recipe.scale * (inputs(images, self.recipe) - self.mean)

    def given(self, images):
        """Return pictures (m, h, w, 3) uint8 of what the networks are given of ``images``.

        The channels as ``inputs`` prepares them, before the mean image is subtracted; those that are
        no light between 0 and 1 about 128, with three of their spreads up to black and white.
        """
        X = inputs(images, self.recipe).T.reshape(images.shape)
        if X.min() >= 0:
            return np.rint(255 * X).astype(np.uint8)
        spread = np.maximum(X.std(axis=(1, 2), keepdims=True), 1e-6)
        return np.rint(np.clip(128 + 127 / 3 * X / spread, 0, 255)).astype(np.uint8)

    def predict_proba(self, images):
        """Return the probability of class 1 of each image, (1, m)."""
        views = [images, images[:, :, ::-1]] if self.recipe.average_mirror else [images]
        g = self.recipe.hidden_activation
        pairs = itertools.product(map(self.prepare, views), self.networks)
        alone = [network.predict_proba(X, of, g) for X, of in pairs]
        return sharpened(np.mean(alone, axis=0), self.recipe.sharpen)

    def predict(self, images):
        """Return the class of each image, (1, m) int64."""
        return (self.predict_proba(images) > 0.5).astype(np.int64)


def sharpened(probabilities, k):
    """Return the probabilities σ(k z) of networks whose mean is σ(z)."""
    return probabilities if k == 1 else special.expit(k * special.logit(probabilities))


def train(images, Y, recipe=PUBLISHED, progress=True):
    """Train a ``Model`` by ``recipe`` on ``images`` (m, h, w, 3) uint8 and ``Y`` (1, m) of 0 and 1.

    Raises ``ValueError`` and warns as ``training.L_layer_model`` does.
    """
    model, along, settings = _untrained(images, Y, recipe)
    settings |= {"num_iterations": recipe.num_iterations, "progress": progress}
    model.networks += [L_layer_model(*along, seed=seed, **settings)[0] for seed in recipe.seeds]
    return model


def train_along(images, Y, recipe, moments, caller=None):
    """Train once, as ``train`` does; return a dict, number of iterations in ``moments`` → ``Model``.

    What the recipe says of iterations is not read. The rest is as in ``training.film``.
    """
    model, along, settings = _untrained(images, Y, recipe)
    settings |= {"cost_every": COST_EVERY, "caller": caller}
    models = {moment: Model(recipe, model.mean, []) for moment in moments}
    for seed in recipe.seeds:
        _, kept, _ = film(*along, moments, seed=seed, **settings)
        for moment in moments:
            models[moment].networks.append(kept[moment])
    return models


def _untrained(images, Y, recipe):
    """Return a ``Model`` without networks; X, Y and the sizes to train them by; and the settings."""
    Y = fitting(images, Y, recipe)
    if recipe.mirror:
        images, Y = np.concatenate([images, images[:, :, ::-1]]), np.concatenate([Y, Y], axis=1)
    X = inputs(images, recipe)
    model = Model(recipe, X.mean(axis=1, keepdims=True) if recipe.center else 0.0, [])
    along = recipe.scale * (X - model.mean), Y, [len(X), *recipe.hidden, 1]
    fields = "learning_rate", "hidden_activation", "weight_decay"
    return model, along, {field: getattr(recipe, field) for field in fields}


def load_model(path):
    """Read the ``Model`` that ``save_model`` wrote; it predicts the same, on every machine.

    Raises ``DataError`` if the file is missing, damaged, something else, or of a later version.
    """
    return Model(*model_file.read_model(path))
