"""What the notebook's reader can touch: a button that takes photographs and shows the answers."""

import base64
import html
import io

import numpy as np
from ipywidgets import HTML, FileUpload, Layout, VBox

from helpers import plots
from helpers.data import DataError, load_photo

MIME = "application/vnd.jupyter.widget-view+json"
_SHOWN = 20  # answers kept on the page; older ones make room


class PhotoBox(VBox):
    """Upload photographs, or take them where the browser has a camera; each is judged in place.

    judge: function of images (m, h, w, 3) uint8 that returns probabilities (1, m).
    classes: the two names of the classes; size: int, the side of the images that judge takes.

    A file that is no photo gets a sentence instead of an answer. Where there are no widgets, as in
    an exported page, a sentence stands in their place.
    """

    def __init__(self, judge, classes, size=64):
        self._judge, self._classes, self._size = judge, classes, size
        self._button = FileUpload(
            accept="image/*", multiple=True, description="Elige fotos", layout=Layout(width="14em")
        )
        self._answers = VBox()
        self._button.observe(self._take, "value")
        super().__init__([self._button, self._answers])

    def _take(self, change):
        if not change.new:
            return
        new = [HTML(self._answer(file.name, bytes(file.content))) for file in change.new]
        self._answers.children = (*new, *self._answers.children)[:_SHOWN]
        self._button.value = ()  # so that the same file can be chosen again

    def _answer(self, name, content):
        name = html.escape(name)
        try:
            seen = load_photo(content, self._size)
            whole = load_photo(content, 400, crop=False)
        except DataError as error:
            return f'<p role="alert"><b>{name}</b>: {html.escape(str(error))}</p>'
        probability = self._judge(seen[np.newaxis])[0, 0]
        verdict = html.escape(self._classes[int(probability > 0.5)])
        picture = io.BytesIO()
        plots.photo_verdict(whole, seen, probability, self._classes).savefig(picture, format="png")
        encoded = base64.b64encode(picture.getvalue()).decode()
        return (
            f"<p><b>{name}</b>: la red dice «{verdict}» (ŷ = {probability:.2f})</p>"
            f'<img src="data:image/png;base64,{encoded}" style="max-width: 100%" '
            f'alt="La foto {name}, lo que ve la red y su respuesta: {verdict}">'
        )

    def _repr_mimebundle_(self, **kwargs):
        note = "[Aquí va un botón para subir tus fotos: aparece al ejecutar esta celda en Jupyter.]"
        return super()._repr_mimebundle_(**kwargs) | {"text/plain": note}
