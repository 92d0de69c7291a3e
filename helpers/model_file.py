"""How a model is kept: an HDF5 file of its recipe, its numbers and where they come from."""

import io
import json
import math
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from helpers.files import (
    DataError,
    check_total,
    damage_as_data_error,
    read_array,
    shown,
    whole_file,
)
from helpers.recipe import Recipe

_FORMAT, _VERSION = "Proyecto_Final: red de L capas", 3


class Origin(NamedTuple):
    """What a model was trained on, and how well it did there."""

    dataset: str
    classes: tuple  # the names of classes 0 and 1
    train_accuracy: float
    test_accuracy: float  # on images that it was not trained on
    aligned: bool  # whether each face had been put in its place


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


def read_model(path):
    """Read what ``save_model`` wrote: the recipe, the mean, the networks and the origin of a ``Model``.

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
    return recipe, mean, list(networks), origin


def _understood(about):
    """Return the recipe, the origin and the shape of each array, from what JSON gave of them.

    Raises ``ValueError`` or ``TypeError`` for what no ``save_model`` should write.
    """
    recipe, origin = Recipe(**about["recipe"]), _origin(about["origin"])
    n, sizes = len(recipe.seeds), [about["inputs"], *recipe.hidden, 1]
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"capas = {sizes!r}: esperaba enteros positivos.")
    shapes = {}
    for l, (n_prev, n_l) in enumerate(zip(sizes, sizes[1:]), start=1):
        shapes[f"W{l}"], shapes[f"b{l}"] = (n, n_l, n_prev), (n, n_l, 1)
    if recipe.center:
        shapes["mean"] = (sizes[0], 1)
    return recipe, origin, shapes


def _origin(fields):
    """``fields``, as JSON gave them, as an ``Origin``; ValueError or TypeError if they don't fit."""
    origin = Origin(**fields)._replace(classes=tuple(fields["classes"]))
    accuracies = origin.train_accuracy, origin.test_accuracy
    if not isinstance(origin.dataset, str) or not isinstance(origin.aligned, bool):
        raise ValueError(
            f"dataset = {origin.dataset!r}, aligned = {origin.aligned!r}: no son de su tipo."
        )
    if not all(isinstance(value, Real) and 0 <= value <= 1 for value in accuracies):
        raise ValueError(
            f"train_accuracy, test_accuracy = {accuracies}: esperaba números de 0 a 1."
        )
    if len(origin.classes) != 2 or not all(type(name) is str for name in origin.classes):
        raise ValueError(f"classes = {origin.classes!r}: esperaba los nombres de las dos clases.")
    return origin
