"""What runs in the page without a kernel: a network to touch, and its training to watch.

This packs the numbers; playground.js computes and draws. In a notebook the page travels by the
widgets' channel, so that what is saved is a figure or a sentence; where the variable ``SMILE_PAGE``
is set, as tools.report does, the output is the page itself.
"""

import base64
import html
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from ipywidgets import HTML
from joblib import Parallel, delayed
from PIL import Image

from helpers import data, evaluation, inspection, network, training
from helpers.recipe import STORY

UNITS = 6  # of the first layer, those shown of a training
_STYLE = "width: 100%; height: 760px; border: 0; display: block"


class Playground(HTML):
    """A page inside the notebook; ``figure`` (Matplotlib's), where given, stands where none runs.

    ``fragment``: the same as HTML to be put into any page.
    """

    def __init__(self, kind, title, content, figure=None):
        script, style = (Path(__file__).with_suffix(s).read_text("utf-8") for s in (".js", ".css"))
        arguments = {"kind": kind, "title": title} | content, style
        packed = ", ".join(json.dumps(each).replace("<", "\\u003c") for each in arguments)
        self._title, self._figure = title, figure
        self.fragment = f'<div class="playground"></div><script>{script}({packed});</script>'
        page = f'<!doctype html><meta charset="utf-8"><body style="margin: 0">{self.fragment}'
        frame = f'<iframe title="{title}" style="{_STYLE}" srcdoc="{html.escape(page)}"></iframe>'
        super().__init__(frame, model_id=f"playground-{kind}")  # the metadata can name it

    def _repr_mimebundle_(self, **kwargs):
        text = f"[{self._title}: aparece al ejecutar esta celda en Jupyter, y en el reporte HTML.]"
        bundle, picture = {"text/plain": text}, ""
        if os.environ.get("SMILE_PAGE"):
            if self._figure:
                data = f"data:image/jpeg;base64,{_drawn(self._figure, 'jpeg')}"
                picture = f'<img alt="{text}" src="{data}">'
            return bundle | {"text/html": f"{self.fragment}<noscript>{picture or text}</noscript>"}
        if "google.colab" in sys.modules:  # shows HTML in a frame of its own; its widgets are old
            return bundle | {"text/html": self.value}
        if self._figure:
            bundle["image/png"] = _drawn(self._figure, "png")
        return super()._repr_mimebundle_(**kwargs) | bundle


def touch(model, dataset):
    """Return a ``Playground`` where a dozen faces of the test half can be drawn on and moved.

    model: ``model.Model``. Raises ValueError unless it is one ReLU network on plain pixels.
    """
    if len(model.networks) != 1 or model.recipe != STORY._replace(
        **{part: getattr(model.recipe, part) for part in _TRAINING}
    ):
        raise ValueError(
            f"{model!r} prepara sus imágenes, o no es una sola red con ReLU: la página solo sabe de "
            "una como la de la sección 4, que mira los píxeles tal cual."
        )
    (parameters,), X = model.networks, model.prepare(dataset.test_x)
    AL, caches = network.L_model_forward(X, parameters)
    layers = [parameters[f"{name}{l + 1}"] for l in range(len(caches)) for name in "Wb"]
    chosen = _dozen(AL, dataset.test_y)
    content = {
        "side": dataset.test_x.shape[1],
        "classes": list(dataset.classes),
        "dims": [len(X), *(len(b) for b in layers[1::2])],
        "weights": _packed(np.concatenate([np.ravel(layer) for layer in layers]), "<f4"),
        "brightest": [np.maximum(Z, 0).max(axis=1).tolist() for _, Z in caches[:-1]],
        "faces": _packed(dataset.test_x[chosen], "u1"),
        "labels": dataset.test_y[0, chosen].tolist(),
    }
    return Playground("touch", "Una red que se puede tocar", content)


# What a recipe says of the training alone: the network that comes of it takes plain pixels still.
_TRAINING = ("hidden", "learning_rate", "num_iterations", "mirror", "weight_decay", "seeds")


def _dozen(probabilities, Y):
    """Three right answers of each class, sure and less so, and the six worst answers: indices."""
    order, Y, sure = evaluation.worst_first(probabilities, Y), np.ravel(Y), []
    right = (np.ravel(probabilities) > 0.5) == Y
    for label in (1, 0):
        mine = [i for i in order[::-1] if right[i] and Y[i] == label]
        sure += [mine[int(share * len(mine))] for share in (0.3, 0, 0.6) if mine]
    return list(dict.fromkeys([*sure, *order[:6]]))


def watch(dataset, film, figure=None, recipe=STORY, others=(0.0025, 0.09)):
    """Return a ``Playground`` with a slider over a training, and over what other rates make of it.

    film: what ``training.film`` returned for ``training.moments_of(recipe)``; figure: what stands where the
    page doesn't run; recipe: ``model.Recipe``, its images plain.
    """
    X, Y, moments = data.flatten(dataset.train_x), dataset.train_y, training.moments_of(recipe)
    given = X, Y, [len(X), *recipe.hidden, 1], moments
    jobs = (delayed(training.film)(*given, rate, seed=recipe.seeds[0]) for rate in others)
    with training.descending(X.shape[1]):
        films = dict(zip(others, Parallel(n_jobs=len(others), prefer="threads")(jobs)))
    films = sorted((films | {recipe.learning_rate: film}).items())
    content = {
        "side": dataset.train_x.shape[1],
        "moments": moments,
        "classes": list(dataset.classes),
        "labels": Y[0].tolist(),
        "films": [_shown(X, moments, rate, *of) for rate, of in films],
        "story": [rate for rate, _ in films].index(recipe.learning_rate),
    }
    return Playground("watch", "Mírala aprender", content, figure)


def _shown(X, moments, rate, costs, kept, answers):
    """Pack a training: its costs; answers and weights of the leading units at the moments."""
    units, learnt = inspection.look(X, [kept[i] for i in moments], UNITS)
    answers = np.vstack([answers[i] for i in moments])
    answers, learnt = np.nan_to_num(answers), np.nan_to_num(learnt)  # of too long a step, NaN
    limit = np.quantile(np.abs(learnt), 0.995, axis=(2, 3), keepdims=True).max(axis=0) + 1e-12
    return {
        "rate": rate,
        "units": (1 + units).tolist(),
        "costs": _packed(costs, "<f4"),
        # In 8 bits, and over 127 just where the answer is over a half.
        "answers": _packed(np.maximum(np.ceil(256 * answers) - 1, 0), "u1"),
        "weights": _jpeg(learnt / limit),
    }


def _packed(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def _jpeg(tiles):
    """A picture of (rows, columns, h, w) tiles of -1 to 1, grey at 0, as base64."""
    rows, columns, h, w = tiles.shape
    pixels = np.clip(128 + 127 * tiles, 0, 255).transpose(0, 2, 1, 3).reshape(rows * h, columns * w)
    Image.fromarray(pixels.astype("u1")).save(stream := io.BytesIO(), "JPEG", quality=80)
    return base64.b64encode(stream.getvalue()).decode()


def _drawn(figure, kind):
    figure.savefig(stream := io.BytesIO(), format=kind, bbox_inches="tight")
    return base64.b64encode(stream.getvalue()).decode()
