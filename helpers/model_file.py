"""How a model is kept: an HDF5 file of its recipe, its numbers and where they come from."""

import io
import json
import math
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from helpers.files import DataError, check_total, opened, read_array, shown, whole_file
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
    about = {"format": _FORMAT, "format_version": _VERSION}
    about |= {"recipe": model.recipe._asdict(), "origin": origin._asdict()}
    about["inputs"] = int(model.networks[0]["W1"].shape[1])
    text = json.dumps(about, default=lambda number: number.item())  # NumPy's integers
    recipe, _, shapes = _understood(json.loads(text))
    advice = "Guarda lo que train(…, receta) regresó, sin cambiarle la receta."
    n, n_seeds = len(model.networks), len(recipe.seeds)
    if n != n_seeds:
        raise ValueError(f"El modelo tiene {n} redes y su receta {n_seeds} semillas. {advice}")
    stream = io.BytesIO()  # not the disk: where that gets full, HDF5 crashes
    with h5py.File(stream, "w") as file:
        file["about"] = np.array([text.encode()])
        for key, shape in shapes.items():
            of = model.mean if key == "mean" else [network[key] for network in model.networks]
            values = np.asarray(of)
            if values.shape != shape or not np.isfinite(values.astype(dtype)).all():
                expected = f"{shape}, como dice la receta, y solo números finitos"
                found = f"forma {values.shape}"
                raise ValueError(f"{key}: encontré {found}; esperaba {expected}. {advice}")
            file.create_dataset(key, data=values.astype(dtype), fletcher32=True)  # a checksum
    with whole_file(path) as unfinished:
        unfinished.write_bytes(stream.getvalue())


def read_model(path):
    """Return the recipe, mean, networks and origin that ``save_model`` wrote; see ``load_model``."""
    path = Path(path)
    with opened(path) as file:
        expected = "la ficha de un modelo guardado"
        about = json.loads(read_array(file, path, "about", (1,), [np.bytes_], expected)[0])
        if about["format"] != _FORMAT or about["format_version"] > _VERSION:
            found = f"{about['format']!r:.300}, versión {about['format_version']}"
            raise DataError(
                f"{shown(path)}: encontré {found}; esperaba {_FORMAT!r}, hasta la {_VERSION}. Si es más "
                "nuevo, actualiza el proyecto para abrirlo."
            )
        if about["format_version"] == 1:  # it named all layers, and knew of no faces in their place
            about["inputs"], about["origin"]["aligned"] = about["layers_dims"][0], False
        recipe, origin, shapes = _understood(about)
        check_total(path, 8 * sum(map(math.prod, shapes.values())))  # one array, many names
        numbers = {}
        for key, shape in shapes.items():
            expected = f"números finitos de forma {shape}"
            numbers[key] = read_array(file, path, key, shape, [np.floating], expected).astype(float)
            if not np.isfinite(numbers[key]).all():
                raise DataError(f"{shown(path)}, «{key}»: tiene valores que no son números.")
    mean = numbers.pop("mean", 0.0)
    networks = ({key: of[i] for key, of in numbers.items()} for i in range(len(recipe.seeds)))
    return recipe, mean, list(networks), origin


def _understood(about):
    """Return the recipe, the origin and the shape of each array, from what JSON gave of them.

    Raises ``ValueError`` or ``TypeError`` for what no ``save_model`` should write.
    """
    recipe, origin = Recipe(**about["recipe"]), Origin(**about["origin"])
    origin = origin._replace(classes=tuple(origin.classes))
    texts, accuracies = (origin.dataset, *origin.classes), origin[2:4]
    fits = len(texts) == 3 and all(isinstance(text, str) for text in texts)
    fits = fits and all(isinstance(value, Real) and 0 <= value <= 1 for value in accuracies)
    if not fits or not isinstance(origin.aligned, bool):
        expected = "textos, dos clases, exactitudes de 0 a 1, y aligned verdadero o falso"
        raise ValueError(f"{origin!r:.300}: esperaba {expected}.")
    n, sizes, shapes = len(recipe.seeds), [about["inputs"], *recipe.hidden, 1], {}
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ValueError(f"capas = {sizes!r}: esperaba enteros positivos.")
    for l, (n_prev, n_l) in enumerate(zip(sizes, sizes[1:]), start=1):
        shapes[f"W{l}"], shapes[f"b{l}"] = (n, n_l, n_prev), (n, n_l, 1)
    if recipe.center:
        shapes["mean"] = (sizes[0], 1)
    return recipe, origin, shapes
