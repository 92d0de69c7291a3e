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

from helpers import network
from helpers.data import (
    DataError,
    check_total,
    damage_as_data_error,
    flatten,
    read_array,
    shown,
    whole_file,
)
from helpers.training import L_layer_model

_FORMAT, _VERSION = "Proyecto_Final: red de L capas", 1


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


class Origin(NamedTuple):
    """What a model was trained on, and how well it did there."""

    dataset: str
    classes: tuple  # the names of classes 0 and 1
    train_accuracy: float
    test_accuracy: float


class Model:
    """Trained networks and their preprocessing: uint8 images in, probabilities out.

    ``mean`` (n_0, 1) is subtracted from the flattened images, 0.0 where the recipe does not center;
    ``networks``: the parameters of each; ``origin``: an ``Origin``, of models read from a file.
    """

    def __init__(self, recipe, mean, networks, origin=None):
        self.recipe, self.mean, self.networks, self.origin = recipe, mean, networks, origin

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


# Models in files


def save_model(path, model, origin):
    """Write ``model`` and its ``origin`` to an HDF5 file, which is at every moment whole.

    Raises ``DataError`` if nothing can be written there, ``ValueError`` if the networks are not
    those of the model's recipe or have numbers that are not finite.
    """
    numbers = {
        key: np.stack([parameters[key] for parameters in model.networks]).astype(np.float64)
        for key in model.networks[0]
    }
    if model.recipe.center:
        numbers["mean"] = np.asarray(model.mean, np.float64)
    for key, values in numbers.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{key} tiene valores que no son números: este modelo no sirve.")
    L = len(model.networks[0]) // 2
    layers_dims = [numbers["W1"].shape[2], *(numbers[f"b{l}"].shape[1] for l in range(1, L + 1))]
    if layers_dims[1:] != [*model.recipe.hidden, 1] or len(model.networks) != len(
        model.recipe.seeds
    ):
        raise ValueError(
            f"Redes del modelo: {len(model.networks)}, con las capas {layers_dims}; no son las de su "
            f"receta, {model.recipe}. Entrena con train(…, receta), o cambia la receta por la suya."
        )
    about = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "layers_dims": layers_dims,
        "recipe": model.recipe._asdict(),
        "origin": origin._asdict(),
    }
    stream = io.BytesIO()  # not the disk: where that gets full, HDF5 crashes
    with h5py.File(stream, "w") as file:
        text = json.dumps(about, default=lambda number: number.item())  # NumPy's integers
        file["about"] = np.array([text.encode()])
        for key, values in numbers.items():
            file.create_dataset(key, data=values, fletcher32=True)  # a checksum, by chunk
    with whole_file(path) as unfinished:
        unfinished.write_bytes(stream.getvalue())


def load_model(path):
    """Read the ``Model`` that ``save_model`` wrote; it predicts bit for bit the same.

    Raises ``DataError`` if the file is missing, damaged, something else, or of a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No existe el modelo {shown(path)}: guárdalo antes con save_model.")
    with damage_as_data_error(path), open(path, "rb") as stream, h5py.File(stream, "r") as file:
        recipe, origin, layers_dims = _read_about(file, path)
        n_networks = len(recipe.seeds)
        numbers = {}
        for l, (n_prev, n) in enumerate(zip(layers_dims, layers_dims[1:]), start=1):
            numbers[f"W{l}"] = (n_networks, n, n_prev)
            numbers[f"b{l}"] = (n_networks, n, 1)
        if recipe.center:
            numbers["mean"] = (layers_dims[0], 1)
        check_total(path, 8 * sum(map(math.prod, numbers.values())))  # one array, many names
        for key, shape in numbers.items():
            expected = f"números float64 de forma {shape}"
            numbers[key] = read_array(file, path, key, shape, [np.float64], expected)
            if not np.isfinite(numbers[key]).all():
                raise DataError(f"{shown(path)}, «{key}»: tiene valores que no son números.")
    mean = numbers.pop("mean", 0.0)
    networks = [{key: values[i] for key, values in numbers.items()} for i in range(n_networks)]
    return Model(recipe, mean, networks, origin)


def _read_about(file, path):
    """The recipe, the origin and the layers of the model in an open file."""
    (text,) = read_array(file, path, "about", (1,), [np.bytes_], "la ficha de un modelo guardado")
    about = json.loads(text)
    if about["format"] != _FORMAT:
        raise DataError(
            f"{shown(path)}: no es un modelo de este proyecto; es {about['format']!r:.300}."
        )
    if about["format_version"] > _VERSION:
        raise DataError(
            f"{shown(path)}: es de la versión {about['format_version']} del formato y este programa "
            f"conoce hasta la {_VERSION}. Actualiza el proyecto para abrirlo."
        )
    recipe = _as_tuple(about["recipe"], Recipe())
    network.activation_functions(recipe.hidden_activation)
    sizes = about["layers_dims"]
    if sizes[1:] != [*recipe.hidden, 1] or any(type(n) is not int or n < 1 for n in sizes):
        raise ValueError(f"layers_dims = {sizes!r}")
    origin = _as_tuple(about["origin"], Origin("", (), 0.0, 0.0))
    kinds = [type(value) for value in (*origin.classes, *recipe.seeds)]
    if kinds != [str, str] + [int] * len(recipe.seeds):
        raise ValueError(f"classes = {origin.classes!r}, seeds = {recipe.seeds!r}")
    return recipe, origin, sizes


def _as_tuple(fields, example):
    """``fields``, as JSON gave them, as a named tuple like ``example``; raise if they don't fit."""
    result = type(example)(**{k: tuple(v) if type(v) is list else v for k, v in fields.items()})
    for name, value, like in zip(result._fields, result, example):
        if not isinstance(value, (int, float) if isinstance(like, float) else type(like)):
            raise TypeError(f"{name} = {value!r}")
        if isinstance(like, float) and not math.isfinite(value):
            raise ValueError(f"{name} = {value!r}")
    return result
