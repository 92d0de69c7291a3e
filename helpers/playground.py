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
from pathlib import Path

import numpy as np
from ipywidgets import HTML
from PIL import Image

from helpers import evaluation, network, training
from helpers.data import flatten
from helpers.model import STORY, Recipe

RATES = (0.0025, 0.0075, 0.09)
MOMENTS, UNITS = 30, 6  # of a training: points in time, units of the first layer
_PLAIN = ("grey", "local_contrast", "standardize", "mirror", "average_mirror")
_STYLE = "width: 100%; height: 760px; border: 0; display: block"


class Playground(HTML):
    """A page inside the notebook; ``figure`` (Matplotlib's), where given, stands where none runs.

    ``fragment``: the same as HTML to be put into any page.
    """

    def __init__(self, kind, title, content, figure=None):
        beside = Path(__file__)
        script = beside.with_suffix(".js").read_text(encoding="utf-8")
        arguments = {"kind": kind, "title": title} | content, beside.with_suffix(".css").read_text()
        packed = ", ".join(json.dumps(each).replace("<", "\\u003c") for each in arguments)
        self._title, self._figure = title, figure
        self.fragment = f'<div class="playground"></div><script>{script}({packed});</script>'
        page = f'<!doctype html><meta charset="utf-8"><body style="margin: 0">{self.fragment}'
        frame = f'<iframe title="{title}" style="{_STYLE}" srcdoc="{html.escape(page)}"></iframe>'
        super().__init__(frame, model_id=f"playground-{kind}")  # the metadata can name it

    def _repr_mimebundle_(self, **kwargs):
        text = f"[{self._title}: aparece al ejecutar esta celda en Jupyter, y en el reporte HTML.]"
        png = {"image/png": _figure_png(self._figure)} if self._figure else {}
        if os.environ.get("SMILE_PAGE"):
            picture = [f'<img alt="{text}" src="data:image/png;base64,{p}">' for p in png.values()]
            without = f"<noscript>{''.join(picture) or text}</noscript>"
            return {"text/plain": text, "text/html": self.fragment + without}
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": text} | png


def touch(model, data):
    """Return a ``Playground`` where a dozen of the test faces can be drawn on and moved.

    model: ``model.Model`` of one ReLU network on plain pixels; data: ``data.Dataset``.
    Raises ValueError where the model prepares its images in a way that the page doesn't know.
    """
    recipe = model.recipe
    odd = [name for name in _PLAIN if getattr(recipe, name) != getattr(Recipe(), name)]
    if odd or recipe.hidden_activation != "relu" or len(model.networks) != 1:
        raise ValueError(
            f"La página solo sabe de una red con ReLU y píxeles tal cual; {model!r} usa "
            f"{', '.join(odd) or 'otra activación o varias redes'}. Dale la red de la sección 4."
        )
    (parameters,), X = model.networks, model.prepare(data.test_x)
    AL, caches = network.L_model_forward(X, parameters)
    # The page multiplies pixels of 0 to 1 by W1: what the recipe does to them goes into W1 and b1.
    W1 = recipe.scale * parameters["W1"]
    b1 = parameters["b1"] - W1 @ np.broadcast_to(model.mean, (W1.shape[1], 1))
    layers = [W1, b1, *(parameters[f"{n}{l}"] for l in range(2, len(caches) + 1) for n in "Wb")]
    chosen = _dozen(AL, data.test_y)
    content = {
        "side": data.test_x.shape[1],
        "classes": list(data.classes),
        "dims": [W1.shape[1], *(len(b) for b in layers[1::2])],
        "weights": _packed(np.concatenate([np.ravel(a) for a in layers]), "<f4"),
        "brightest": [np.maximum(Z, 0).max(axis=1).tolist() for _, Z in caches[:-1]],
        "faces": _packed(data.test_x[chosen], "u1"),
        "labels": data.test_y[0, chosen].tolist(),
    }
    return Playground("touch", "Una red que se puede tocar", content)


def _dozen(probabilities, Y):
    """Three right answers of each class, sure and less so, and the six worst answers: indices."""
    order, Y = evaluation.worst_first(probabilities, Y), np.ravel(Y)
    right = (np.ravel(probabilities) > 0.5) == Y
    sure = []
    for label in (1, 0):
        mine = [i for i in order[::-1] if right[i] and Y[i] == label]
        sure += [mine[int(share * len(mine))] for share in (0.3, 0, 0.6) if mine]
    return list(dict.fromkeys([*sure, *order[:6]]))


def watch(data, figure=None, recipe=STORY, rates=RATES):
    """Return a ``Playground`` with a slider over trainings on ``data``, one for each of ``rates``.

    figure: what stands where the page doesn't run; recipe: ``model.Recipe``, its images plain.
    """
    X, Y, side = flatten(data.train_x), data.train_y, data.train_x.shape[1]
    n = recipe.num_iterations
    moments = [round(n * (k / (MOMENTS - 1)) ** 2) for k in range(MOMENTS)]
    films, dims = [], [len(X), *recipe.hidden, 1]
    start = network.initialize_parameters_deep(dims, recipe.seeds[0])
    for rate in rates:
        costs, answers, kept = [], [], []
        with np.errstate(over="ignore", invalid="ignore"):  # too long a step says so in its costs
            for i, (AL, now) in zip(range(n + 1), training.descend(X, Y, start, rate)):
                costs.append(network.compute_cost(AL, Y))
                if i in moments:
                    answers.append(AL[0])
                    kept.append(now())
        important = np.argsort(-np.abs(kept[-1]["W2"]).sum(axis=0))[:UNITS]
        learnt = np.array([p["W1"][important] - start["W1"][important] for p in kept])
        grey = learnt.reshape(*learnt.shape[:2], side, side, 3).mean(axis=4)
        limit = np.quantile(np.abs(grey), 0.995, axis=(2, 3), keepdims=True).max(axis=0)
        film = {"rate": rate, "costs": _packed(costs, "<f4"), "weights": _jpeg(grey / limit)}
        # In 8 bits, and over 127 just where the answer is over a half.
        film["answers"] = _packed(np.maximum(np.ceil(256 * np.array(answers)) - 1, 0), "u1")
        films.append(film | {"units": (1 + important).tolist()})
    content = {"side": side, "moments": moments, "classes": list(data.classes), "films": films}
    content |= {"labels": Y[0].tolist(), "story": list(rates).index(recipe.learning_rate)}
    return Playground("watch", "Mírala aprender", content, figure)


def _packed(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def _jpeg(tiles):
    """A picture of (rows, columns, h, w) tiles of -1 to 1, grey at 0, as base64."""
    pixels = np.clip(128 + 127 * np.nan_to_num(tiles), 0, 255).transpose(0, 2, 1, 3)
    rows, h, columns, w = pixels.shape
    picture, stream = (
        Image.fromarray(pixels.reshape(rows * h, columns * w).astype("u1")),
        io.BytesIO(),
    )
    picture.save(stream, "JPEG", quality=80)
    return base64.b64encode(stream.getvalue()).decode()


def _figure_png(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png", bbox_inches="tight")
    return base64.b64encode(stream.getvalue()).decode()
