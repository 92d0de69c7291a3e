"""What the notebook's reader can touch: a box that takes photographs and shows the answers."""

import base64
import html
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ipywidgets import HTML, FileUpload, VBox

from helpers import faces, plots
from helpers.data import DataError, load_photo

MIME = "application/vnd.jupyter.widget-view+json"
MODEL_ID = "photo-box"  # always the same: of a box that is gone, the notebook's metadata say so
_SIDE, _SIZE = 1600, 64  # pixels: of the photo in which faces are looked for, of what is judged
_SHOWN = 20  # answers kept on the page; older ones make room
_NO_FACE = (
    "no encontré ninguna cara, así que la red no opina. Ayuda acercarse, mirar de frente con la "
    "cabeza derecha y tener más luz."
)
_LIMIT = (
    "Elige menos de 10 MB a la vez: si son más, Jupyter no entrega ninguna. Sin ese límite, y con "
    "cámara: ejecuta «%pip install anywidget» en una celda nueva, reinicia el kernel y vuelve a "
    "cargar la página."
)


class Verdict(NamedTuple):
    """What a model says of the n faces in a photo."""

    photo: np.ndarray  # (h, w, 3) uint8
    frames: np.ndarray  # (n, 4, 2): corners (x, y) in the photo of what the model was shown
    seen: np.ndarray  # (n, 64, 64, 3) uint8
    probabilities: np.ndarray  # (n,)
    note: str  # why the faces were not looked for, if there was no detector


def judge_photo(model, source):
    """Return a ``Verdict`` on each face of a photo, the largest first.

    source: path, bytes or binary file object. model: its ``predict_proba(images)`` returns (1, m);
    if not ``aligned``, or where no detector is installed, it judges the central square instead.

    Raises DataError as ``data.load_photo`` does.
    """
    photo, note = load_photo(source, _SIDE, crop=False), ""
    try:
        found = faces.find_faces(photo) if model.aligned else None
    except faces.NoDetector as problem:
        found, note = None, str(problem)
    if found is None:
        h, w, _ = photo.shape
        square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
        frames = [(np.array([w, h]) + min(h, w) * square) / 2]
        seen = [load_photo(source, _SIZE)]
    else:
        frames = [faces.corners(landmarks) for landmarks in found]
        seen = [faces.align(photo, landmarks, _SIZE) for landmarks in found]
    probabilities = model.predict_proba(np.array(seen))[0] if seen else np.array([])
    return Verdict(photo, np.array(frames), np.array(seen), probabilities, note)


class PhotoBox(VBox):
    """Choose photographs, or take them with the computer's camera; each is judged in place.

    model: as for ``judge_photo``, with two names as its ``classes``. other: one more model, whose
    answer to the same photo is shown at a click.

    A photo without a face, or a file that is no photo, gets a sentence instead of an answer. Where
    there are no widgets, as in an exported page, a sentence stands in their place.
    """

    def __init__(self, model, other=None):
        self._judge, self._other, self._answers = model, other, VBox()
        upload = FileUpload(accept="image/*", multiple=True, description="Elige fotos")
        upload.observe(self._uploaded, "value")
        picker = _picker()
        plain = VBox([upload, HTML(_LIMIT)])
        plain.add_class("photo-box-plain")  # photo_box.js hides it, where it runs
        parts = [plain, self._answers]
        if picker is not None:
            picker.on_msg(self._received)
            parts.insert(0, picker)
        super().__init__(parts, model_id=MODEL_ID)

    def _received(self, picker, content, buffers):
        """Take a photo, or the sentence why there is none, from photo_box.js."""
        self._show(content["name"], *map(bytes, buffers), problem=content.get("problem"))
        picker.send({"answered": content["id"]})

    def _uploaded(self, change):
        for file in change.new:
            self._show(file.name, bytes(file.content))
        change.owner.value = ()  # so that the same file can be chosen again

    def _show(self, name, photo=b"", problem=None):
        """Put the answer to a photo's bytes, or the ``problem``, above the other answers."""
        try:
            answer = html.escape(problem) if problem else self._answer(photo)
        except DataError as error:
            answer = html.escape(str(error))
        except Exception as error:  # whatever it is, the other photos get their answers
            detail = html.escape(f"{type(error).__name__}: {error}")
            answer = f"no pude juzgar esta foto; prueba con otra. (Detalle: {detail})"
        new = HTML(f"<b>{html.escape(name)}</b>: {answer}")
        self._answers.children = (new, *self._answers.children)[:_SHOWN]

    def _answer(self, photo):
        verdict, picture = judge_photo(self._judge, photo), io.BytesIO()
        says, other = _words(verdict, self._judge), ""
        if len(verdict.seen) == 0:
            return says
        figure = plots.photo_verdicts(*verdict[:4], self._judge.classes)
        figure.savefig(picture, format="jpeg", dpi=150)
        encoded = base64.b64encode(picture.getvalue()).decode()
        if self._other is not None:
            also = _words(judge_photo(self._other, photo), self._other)
            other = f"<details><summary>¿Y la red que entrenamos arriba?</summary>{also}</details>"
        return (
            f"{says}. {html.escape(verdict.note)}<br>"
            f'<img src="data:image/jpeg;base64,{encoded}" style="width: 720px; max-width: 100%" '
            f'alt="La foto, lo que ve la red y su respuesta: {says}">{other}'
        )

    def _repr_mimebundle_(self, **kwargs):
        note = "[Aquí van los botones para tus fotos: aparecen al ejecutar esta celda en Jupyter.]"
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": note}


def _words(verdict, model):
    """A verdict in words, for those, too, who cannot see the picture; safe in HTML."""
    words = [f"«{model.classes[int(p > 0.5)]}» (ŷ = {p:.2f})" for p in verdict.probabilities]
    if len(words) > 1:
        words = [f"cara {number}, {word}" for number, word in enumerate(words, start=1)]
    more = f"; y otras {len(words) - 8}" * (len(words) > 8)
    return html.escape("; ".join(words[:8]) + more) or _NO_FACE


def _picker():
    """The browser's half of a ``PhotoBox``, or None without anywidget."""
    try:
        from anywidget import AnyWidget
    except ImportError:
        return None
    code = Path(__file__).with_name("photo_box.js").read_text(encoding="utf-8")
    return type("Picker", (AnyWidget,), {"_esm": code})()
