"""What the notebook's reader can touch: a box that takes photographs and shows the answers."""

import base64
import html
import io
from contextlib import suppress
from pathlib import Path

from ipywidgets import HTML, FileUpload, VBox

from helpers import plots
from helpers.files import DataError
from helpers.verdict import FACES_NUMBERED, check_origin, judge_photo

MIME = "application/vnd.jupyter.widget-view+json"
MODEL_ID = "photo-box"  # in every run the same, so that a notebook's metadata can name it
_SHOWN = 20  # answers kept on the page; older ones make room
_NO_FACE = "no encontré ninguna cara. Ayuda acercarse, mirar de frente y derecho, y tener más luz."
_LIMIT = (
    "Elige menos de 10 MB a la vez: de más, Jupyter no entrega nada. Sin límite y con cámara: ejecuta "
    "«%pip install anywidget» en otra celda, reinicia el kernel y vuelve a cargar la página."
)


class PhotoBox(VBox):
    """Choose photographs, or take them with the computer's camera; each is judged in place.

    model: as for ``judge_photo``. other: one more model, whose answer to the same photo is shown at
    a click. Raises ValueError for a model without an origin.

    A photo without a face, or a file that is no photo, gets a sentence instead of an answer. Where
    there are no widgets, as in an exported page, a sentence stands in their place.
    """

    def __init__(self, model, other=None):
        for one in (model, other or model):
            check_origin(one)
        self._judge, self._other, self._answers = model, other, VBox()
        upload = FileUpload(accept="image/*", multiple=True, description="Elige fotos")
        upload.observe(self._uploaded, "value")
        plain = VBox([upload, HTML(_LIMIT)])
        plain.add_class("photo-box-plain")  # photo_box.js hides it, where it runs
        parts = [plain, self._answers]
        with suppress(ImportError):  # without it, the plain button says what to install
            from anywidget import AnyWidget

            script = Path(__file__).with_name("photo_box.js").read_text(encoding="utf-8")
            picker = type("Picker", (AnyWidget,), {"_esm": script})()
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
            answer = html.escape(problem) if problem else self._answer(name, photo)
        except DataError as error:
            answer = html.escape(str(error))
        except Exception as error:  # whatever it is, the other photos get their answers
            detail = html.escape(f"{type(error).__name__}: {error}")
            answer = f"no pude juzgar esta foto; prueba con otra. (Detalle: {detail})"
        new = HTML(f"<b>{html.escape(name)}</b>: {answer}")
        self._answers.children = (new, *self._answers.children)[:_SHOWN]

    def _answer(self, name, photo):
        verdict, picture, other = judge_photo(self._judge, photo), io.BytesIO(), ""
        says = _words(verdict, self._judge)
        if len(verdict.seen) == 0:
            return says
        plots.photo_verdicts(verdict, self._judge.classes).savefig(picture, format="jpeg", dpi=150)
        source = f"data:image/jpeg;base64,{base64.b64encode(picture.getvalue()).decode()}"
        if self._other is not None:
            also = _words(judge_photo(self._other, photo, explain=False), self._other)
            other = f"<details><summary>¿Y la red que entrenamos arriba?</summary>{also}</details>"
        return (
            f"{html.escape(verdict.note)}<br>"
            f'<img src="{source}" style="width: 720px; max-width: 100%" '
            f'alt="La foto, lo que recibe la red, en qué se fijó y su respuesta: {says}"><br>'
            f'<a class="jupyter-widgets jupyter-button" href="{source}" '
            f'download="respuesta, {html.escape(Path(name).stem)}.jpg">Guarda esta respuesta</a>{other}'
        )

    def _repr_mimebundle_(self, **kwargs):
        note = "[Aquí van los botones para tus fotos: aparecen al ejecutar esta celda en Jupyter.]"
        # In Colab a page learns from the output who draws anywidget's widgets, and from these only.
        of = getattr(self.children[0], "_esm", None) and self.children[0]._repr_mimebundle_()
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": note}, of[1] if of else {}


def _words(verdict, model):
    """A verdict in words, for those, too, who cannot see the picture; safe in HTML."""
    words = [" ".join(plots.says(p, model.classes)) for p in verdict.probabilities]
    if len(words) > 1:
        words = [f"cara {number}, {word}" for number, word in enumerate(words, start=1)]
    more = f"; y otras {len(words) - FACES_NUMBERED}" * (len(words) > FACES_NUMBERED)
    return html.escape("; ".join(words[:FACES_NUMBERED]) + more) or _NO_FACE
