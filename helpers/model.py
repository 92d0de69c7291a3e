"""A recipe, and the model trained by it: the preprocessing and the networks, kept together.

What the preprocessing learns from the training images, their mean, is applied by the same object to
whatever it predicts afterwards, so that nobody can forget it. A model can be kept in an HDF5 file.
"""

import io
import json
import math
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from scipy import ndimage, special

from helpers import network
from helpers.data import flatten
from helpers.files import (
    DataError,
    check_total,
    damage_as_data_error,
    read_array,
    shown,
    whole_file,
)
from helpers.training import L_layer_model, descend, descending

_FORMAT, _VERSION = "Proyecto_Final: red de L capas", 3


class Recipe(NamedTuple):
    """Everything that decides a training but the data; the defaults are the published recipe."""

    hidden: tuple = (20, 7, 5)  # units of the hidden layers
    learning_rate: float = 0.0075
    num_iterations: int = 2700
    hidden_activation: str = "relu"
    grey: bool = False  # the three channels of each pixel become its luminance
    local_contrast: float = 0.0  # each pixel against the mean and spread of so many around it
    directions: float = 0.0  # two channels say which way the grey slopes, blurred by so many pixels
    standardize: bool = False  # each image's (with directions, each channel's) mean 0, spread 1
    center: bool = False  # subtract the mean training image
    scale: float = 1.0  # multiply what is left
    mirror: bool = False  # train on each image's mirror image as well
    weight_decay: float = 0.0
    seeds: tuple = (1,)  # a network each; the model's probability is their mean
    average_mirror: bool = False  # ... and that of the answers to the image and its mirror image
    sharpen: float = 1.0  # multiply that mean's log-odds: 2 for a model that doubts twice too much


PUBLISHED = Recipe()
# The notebooks' own start on caras: of the first ten seeds, the one whose last cost on the training
# images changes least from one family of processors to another (python -m benchmarks.caras --starts).
STORY = PUBLISHED._replace(seeds=(5,))
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of R, G, B: ITU-R BT.601
FLAT = 0.03  # of 1: where the surroundings spread less, there is more noise than face


class Origin(NamedTuple):
    """What a model was trained on, and how well it did there."""

    dataset: str
    classes: tuple  # the names of classes 0 and 1
    train_accuracy: float
    test_accuracy: float  # on images that it was not trained on
    aligned: bool  # whether each face had been put in its place


class Model:
    """Trained networks and their preprocessing: uint8 images in, probabilities out.

    ``mean`` (n_0, 1) is subtracted from the flattened images, 0.0 where the recipe does not center;
    ``networks``: the parameters of each; ``origin``: an ``Origin``, where it has been said.
    """

    def __init__(self, recipe, mean, networks, origin=None):
        self.recipe, self.mean, self.networks, self.origin = recipe, mean, networks, origin

    def __repr__(self):
        sizes = "-".join(str(n) for n in (*self.recipe.hidden, 1))
        of = f", entrenado con «{self.origin.dataset}»" if self.origin else ""
        return f"Modelo de {len(self.networks)} redes de capas {sizes}{of}"

    @property
    def classes(self):
        """The names of classes 0 and 1."""
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

        The channels as ``inputs`` prepares them, before the mean image is subtracted: colours where
        nothing is prepared, grey where all channels are one, else each channel about 128, which is
        0, with three of its spreads up to black and white.
        """
        X = inputs(images, self.recipe).T.reshape(images.shape)
        if X.min() >= 0:  # still light, between 0 and 1
            return np.rint(255 * X).astype(np.uint8)
        spread = np.maximum(X.std(axis=(1, 2), keepdims=True), 1e-6)
        return np.rint(np.clip(128 + 127 / 3 * X / spread, 0, 255)).astype(np.uint8)

    def predict_proba(self, images):
        """Return the probability of class 1 of each image, (1, m)."""
        views = [images, images[:, :, ::-1]] if self.recipe.average_mirror else [images]
        answers = [
            network.predict_proba(X, parameters, self.recipe.hidden_activation)
            for X in map(self.prepare, views)
            for parameters in self.networks
        ]
        mean, k = np.mean(answers, axis=0), self.recipe.sharpen
        return mean if k == 1 else special.expit(k * special.logit(mean))

    def predict(self, images):
        """Return the class of each image, (1, m) int64."""
        return (self.predict_proba(images) > 0.5).astype(np.int64)


def inputs(images, recipe):
    """Return ``images`` (m, h, w, 3) uint8 as columns (n_0, m), each prepared by itself alone."""
    X = flatten(images).T.reshape(images.shape)
    if recipe.grey or recipe.directions:
        X = (X @ LUMINANCE)[..., np.newaxis]
    if recipe.local_contrast:
        sigma = (0, recipe.local_contrast, recipe.local_contrast, 0)
        X = X - ndimage.gaussian_filter(X, sigma)
        X /= np.sqrt(ndimage.gaussian_filter(X**2, sigma)) + FLAT
    if recipe.directions:
        X = np.concatenate([X, _directions(X, recipe.directions)], axis=3)
    if recipe.standardize:
        axes = (1, 2) if recipe.directions else (1, 2, 3)
        X = X - X.mean(axes, keepdims=True)
        X /= np.maximum(X.std(axes, keepdims=True), 1e-6)  # of one plain colour: zeros
    return np.broadcast_to(X, images.shape).reshape(len(images), -1).T


def _directions(X, sigma):
    """Return which way the grey images ``X`` (m, h, w, 1) slope, as two channels (m, h, w, 2).

    A slope of strength g at angle a gives g cos 2a and g sin 2a: with the angle doubled, a dark line
    on light and a light one on dark lean the same way. Blurred by ``sigma`` pixels, so that it
    matters little where exactly. The idea is that of Dalal & Triggs (2005), "Histograms of oriented
    gradients for human detection".
    """
    gy, gx = np.gradient(X, axis=(1, 2))
    g = np.maximum(np.hypot(gx, gy), 1e-9)
    lean = np.concatenate([(gx**2 - gy**2) / g, 2 * gx * gy / g], axis=3)
    return ndimage.gaussian_filter(lean, (0, sigma, sigma, 0))


def train(images, Y, recipe=PUBLISHED, progress=True):
    """Train a ``Model`` by ``recipe`` on ``images`` (m, h, w, 3) uint8 and ``Y`` (1, m) of 0 and 1.

    Raises ``ValueError`` and warns as ``training.L_layer_model`` does.
    """
    model, X, Y = _untrained(images, Y, recipe)
    for seed in recipe.seeds:
        parameters, _ = L_layer_model(
            X, Y, [len(X), *recipe.hidden, 1], recipe.learning_rate, recipe.num_iterations,
            hidden_activation=recipe.hidden_activation, weight_decay=recipe.weight_decay,
            seed=seed, progress=progress,
        )  # fmt: skip
        model.networks.append(parameters)
    return model


def train_along(images, Y, recipe, moments):
    """Train once, as ``train`` does; return a dict, number of iterations in ``moments`` → ``Model``.

    What the recipe says of iterations is not read. After an overflow the numbers are NaN, no warning.
    """
    model, X, Y = _untrained(images, Y, recipe)
    models = {moment: Model(recipe, model.mean, []) for moment in moments}
    dims = [len(X), *recipe.hidden, 1]
    with descending(X.shape[1]):
        for seed in recipe.seeds:
            start = network.initialize_parameters_deep(dims, seed)
            settings = recipe.learning_rate, recipe.hidden_activation, recipe.weight_decay
            for i, (_, now) in zip(range(max(moments) + 1), descend(X, Y, start, *settings)):
                if i in moments:
                    models[i].networks.append(now())
    return models


def _untrained(images, Y, recipe):
    """Return a ``Model`` without networks, and the X and Y to train them on."""
    if recipe.mirror:
        images, Y = np.concatenate([images, images[:, :, ::-1]]), np.concatenate([Y, Y], axis=1)
    X = inputs(images, recipe)
    model = Model(recipe, X.mean(axis=1, keepdims=True) if recipe.center else 0.0, [])
    return model, recipe.scale * (X - model.mean), Y


# Models in files


def save_model(path, model, origin, dtype=np.float64):
    """Write ``model`` and its ``origin`` to an HDF5 file, which is at every moment whole.

    ``dtype``: of the stored numbers; read again, float64 predicts bit for bit the same.
    Raises ``DataError`` if nothing can be written there, ``ValueError`` for what ``load_model`` would
    refuse: an incomplete origin, numbers that are not finite, networks of another recipe.
    """
    about = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "inputs": int(model.networks[0]["W1"].shape[1]),
        "recipe": model.recipe._asdict(),
        "origin": origin._asdict(),
    }
    text = json.dumps(about, default=lambda number: number.item())  # NumPy's integers
    recipe, _, shapes = _understood(json.loads(text))
    if len(model.networks) != len(recipe.seeds):
        raise ValueError(
            f"El modelo tiene {len(model.networks)} redes y su receta {len(recipe.seeds)} semillas: "
            "guarda lo que train(…, receta) regresó, sin cambiarle la receta."
        )
    stream = io.BytesIO()  # not the disk: where that gets full, HDF5 crashes
    with h5py.File(stream, "w") as file:
        file["about"] = np.array([text.encode()])
        for key, shape in shapes.items():
            values = np.asarray(
                model.mean if key == "mean" else [parameters[key] for parameters in model.networks]
            )
            if values.shape != shape or not np.isfinite(values.astype(dtype)).all():
                raise ValueError(
                    f"{key}: encontré forma {values.shape}; esperaba {shape}, como dice la receta, y "
                    "solo números finitos. Guarda lo que train(…, receta) regresó."
                )
            # fletcher32: a checksum, by chunk
            file.create_dataset(key, data=values.astype(dtype), fletcher32=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(stream.getvalue())


def load_model(path):
    """Read the ``Model`` that ``save_model`` wrote; it predicts the same, on every machine.

    Raises ``DataError`` if the file is missing, damaged, something else, or of a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No existe el modelo {shown(path)}: guárdalo antes con save_model.")
    with damage_as_data_error(path), open(path, "rb") as stream, h5py.File(stream, "r") as file:
        kinds, expected = [np.bytes_], "la ficha de un modelo guardado"
        (text,) = read_array(file, path, "about", (1,), kinds, expected)
        about = json.loads(text)
        if about["format"] != _FORMAT or about["format_version"] > _VERSION:
            raise DataError(
                f"{shown(path)}: encontré {about['format']!r:.300}, versión "
                f"{about['format_version']}; esperaba {_FORMAT!r}, hasta la {_VERSION}. Si es de un "
                "programa más nuevo, actualiza el proyecto para abrirlo."
            )
        if about["format_version"] == 1:  # it named all layers, and knew of no faces in their place
            about["inputs"], about["origin"]["aligned"] = about["layers_dims"][0], False
        recipe, origin, shapes = _understood(about)
        check_total(path, 8 * sum(map(math.prod, shapes.values())))  # one array, many names
        numbers = {}
        for key, shape in shapes.items():
            expected = f"números finitos de forma {shape}"
            values = read_array(file, path, key, shape, [np.floating], expected)
            numbers[key] = values.astype(np.float64)
            if not np.isfinite(numbers[key]).all():
                raise DataError(f"{shown(path)}, «{key}»: tiene valores que no son números.")
    mean = numbers.pop("mean", 0.0)
    networks = ({key: of[i] for key, of in numbers.items()} for i in range(len(recipe.seeds)))
    return Model(recipe, mean, list(networks), origin)


def _understood(about):
    """Return the recipe, the origin and the shape of each array, from what JSON gave of them.

    Raises ``ValueError`` or ``TypeError`` for what no ``save_model`` should write.
    """
    recipe = _as_tuple(about["recipe"], Recipe())
    origin = _as_tuple(about["origin"], Origin("caras", ("no sonríe", "sonríe"), 0.0, 0.0, False))
    network.activation_functions(recipe.hidden_activation)
    if len(origin.classes) != 2 or not recipe.seeds:
        raise ValueError(
            f"classes = {origin.classes!r}, seeds = {recipe.seeds!r}: esperaba los nombres de las "
            "dos clases y al menos una semilla."
        )
    for name in ("local_contrast", "directions"):
        if not 0 <= getattr(recipe, name) <= 1000:
            raise ValueError(f"{name} = {getattr(recipe, name)!r}: esperaba de 0 a 1000 píxeles.")
    n, sizes = len(recipe.seeds), [about["inputs"], *recipe.hidden, 1]
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"capas = {sizes!r}: esperaba enteros positivos.")
    shapes = {}
    for l, (n_prev, n_l) in enumerate(zip(sizes, sizes[1:]), start=1):
        shapes[f"W{l}"], shapes[f"b{l}"] = (n, n_l, n_prev), (n, n_l, 1)
    if recipe.center:
        shapes["mean"] = (sizes[0], 1)
    return recipe, origin, shapes


def _as_tuple(fields, example):
    """``fields``, as JSON gave them, as a named tuple like ``example``; raise if they don't fit."""
    result = type(example)(**{k: tuple(v) if type(v) is list else v for k, v in fields.items()})
    for name, value, like in zip(result._fields, result, example):
        fits = type(value) in ((int, float) if type(like) is float else (type(like),))
        if type(like) is tuple:  # of any length, of one type
            fits = fits and all(type(one) is type(like[0]) for one in value)
        if not fits or (type(like) is float and not math.isfinite(value)):
            raise ValueError(f"{name} = {value!r}: esperaba un valor como {like!r}.")
    return result
