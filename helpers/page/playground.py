"""A network to touch, and its training to watch. The scripts draw; this finds what they show."""

import base64
import io

import numpy as np
from joblib import Parallel, delayed
from matplotlib.colors import to_rgb
from PIL import Image

from helpers import data, evaluation, inspection, network, plots, training
from helpers.model import Model
from helpers.page.base import Page, packed, packed_network
from helpers.recipe import STORY

UNITS = 6  # of the first layer, those shown of a training
# What a recipe says of the training alone: the network that comes of it takes plain pixels still.
_TRAINING = ("hidden", "learning_rate", "num_iterations", "mirror", "weight_decay", "seeds")


def touch(model, dataset):
    """Return a ``Page`` where a dozen faces of the test half can be drawn on and moved.

    model: ``model.Model``. Raises ValueError unless it is one ReLU network on plain pixels.
    """
    if not isinstance(model, Model):
        raise ValueError(f"Recibí {type(model).__name__}; esperaba un model.Model, con su receta.")
    allowed = {part: getattr(model.recipe, part) for part in _TRAINING}
    if len(model.networks) != 1 or model.recipe != STORY._replace(**allowed):
        raise ValueError(
            f"{model!r} prepara sus imágenes, o no es una sola red con ReLU: la página solo sabe de "
            "una como la de la sección 4, que mira los píxeles tal cual."
        )
    (parameters,), X = model.networks, model.prepare(dataset.test_x)
    AL, caches = network.L_model_forward(X, parameters)
    chosen = _dozen(AL, dataset.test_y)
    content = {
        "side": dataset.test_x.shape[1],
        "classes": list(dataset.classes),
        "network": packed_network(parameters),
        "brightest": [np.maximum(Z, 0).max(axis=1).tolist() for _, Z in caches[:-1]],
        "faces": packed(dataset.test_x[chosen], "u1"),
        "labels": dataset.test_y[0, chosen].tolist(),
    }
    scripts = ("network", "easel", "units", "touch")
    return Page("touch", "Una red que se puede tocar", scripts, ["touch"], content)


def _dozen(probabilities, Y):
    """Three right answers of each class, sure and less so, and the six worst answers: indices."""
    order, Y, sure = evaluation.worst_first(probabilities, Y), np.ravel(Y), []
    right = (np.ravel(probabilities) > 0.5) == Y
    for label in (1, 0):
        mine = [i for i in order[::-1] if right[i] and Y[i] == label]
        sure += [mine[int(share * len(mine))] for share in (0.3, 0, 0.6) if mine]
    return list(dict.fromkeys([*sure, *order[:6]]))


def watch(dataset, film, figure=None, recipe=STORY, others=(0.0025, 0.09)):
    """Return a ``Page`` with a slider over a training, and over what other rates make of it.

    film: what ``training.film`` returned for ``training.moments_of(recipe)``; figure: what stands
    where the page doesn't run; recipe: ``model.Recipe``, its images plain.
    """
    X, Y, moments = data.flatten(dataset.train_x), dataset.train_y, training.moments_of(recipe)
    films = {recipe.learning_rate: film} | _films(X, Y, moments, recipe, others)
    content = {
        "side": dataset.train_x.shape[1],
        "moments": moments,
        "classes": list(dataset.classes),
        "labels": Y[0].tolist(),
        "films": [{"rate": rate} | _shown(X, moments, *films[rate]) for rate in sorted(films)],
        "story": sorted(films).index(recipe.learning_rate),
    }
    return Page("watch", "Mírala aprender", ["watch"], ["watch"], content, figure)


def _films(X, Y, moments, recipe, rates):
    """Train at each of ``rates``, one a thread: rate → what ``training.film`` returns."""
    given = X, Y, [len(X), *recipe.hidden, 1], moments
    if not rates:
        return {}
    with training.descending(X.shape[1]), training.Caller() as caller:
        settings = {"seed": recipe.seeds[0], "caller": caller}
        jobs = (delayed(training.film)(*given, rate, **settings) for rate in rates)
        return dict(zip(rates, Parallel(n_jobs=len(rates), prefer="threads")(jobs)))


def _shown(X, moments, costs, kept, answers):
    """Pack a training: its costs; answers and weights of the leading units at the moments."""
    units, learnt = inspection.look(X, [kept[i] for i in moments], UNITS)
    answers = np.vstack([answers[i] for i in moments])
    answers, learnt = np.nan_to_num(answers), np.nan_to_num(learnt)  # of too long a step, NaN
    limit = np.quantile(np.abs(learnt), 0.995, axis=(2, 3), keepdims=True).max(axis=0) + 1e-12
    return {
        "units": (1 + units).tolist(),
        "costs": packed(costs, "<f4"),
        # In 8 bits, and over 127 just where the answer is over a half.
        "answers": packed(np.maximum(np.ceil(256 * answers) - 1, 0), "u1"),
        "weights": _jpeg(learnt / limit),
    }


def _jpeg(tiles):
    """A picture of (rows, columns, h, w) tiles of -1 to 1, white and the colours of the classes."""
    rows, columns, h, w = tiles.shape
    values = np.clip(tiles, -1, 1).transpose(0, 2, 1, 3).reshape(rows * h, columns * w, 1)
    towards = np.where(values > 0, *(255 * np.array(to_rgb(c)) for c in plots.CLASS_COLORS[::-1]))
    pixels = 255 + np.abs(values) * (towards - 255)
    Image.fromarray(pixels.astype("u1")).save(stream := io.BytesIO(), "JPEG", quality=80)
    return base64.b64encode(stream.getvalue()).decode()
