"""What all pages share: scripts without a kernel, a library or a server, in whatever shows them."""

import base64
import html
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
from IPython.display import display
from ipywidgets import HTML

MIME = "application/vnd.jupyter.widget-view+json"  # how a notebook stores a widget
_FRAME = "width: 100%; height: 760px; border: 0; display: block"
# In a notebook the page hides the figure, which is an output of its own; without it, it is seen.
_INSTEAD = ".jp-OutputArea-child:has(.smile-{0}) + .jp-OutputArea-child {{ display: none }}"


class Page(HTML):
    """A page inside the notebook, made of ``scripts`` and ``styles``, names of files beside this one.

    kind: names it in a notebook's metadata. title: what it is, in Spanish. content: what the scripts
    find as ``data``, for JSON. figure: Matplotlib's, stands where no page runs; without one, HTML
    ``shown``, or a sentence. worker: names of the scripts that a worker runs; the others find them
    as a function, ``engine``.

    It travels by the widgets' channel: a notebook keeps a sentence, and the figure. Where the
    variable ``SMILE_PAGE`` is set, as tools.report does, the output is the page itself.
    """

    def __init__(self, kind, title, scripts, styles, content, figure=None, worker=(), shown=""):
        self.kind, self._figure, self._shown = kind, figure, shown
        script, style = joined("js", "numbers", "kit", *scripts), joined("css", "page", *styles)
        if worker:
            script = f"const engine = {engine(*worker)};\n{script}"
        given = (content | {"title": title}, style)
        data, style = (json.dumps(part).replace("<", "\\u003c") for part in given)
        self._script = (
            '<script>(function (data, style) {\n"use strict";\n'
            f"{script}}})({data}, {style});</script>"
        )
        self._text = f"[{title}: aparece al ejecutar esta celda en Jupyter, y en el reporte HTML.]"
        hide = f"<style>{_INSTEAD.format(kind)}</style>" if figure else ""
        page = html.escape(document(title, self.fragment))
        frame = f'<iframe class="smile-{kind}" title="{html.escape(title)}" allow="camera"'
        super().__init__(
            f'{hide}{frame} style="{_FRAME}" srcdoc="{page}"></iframe>', model_id=f"page-{kind}"
        )

    @property
    def fragment(self):
        """The page as HTML to be put into any other."""
        shown = self._shown or html.escape(self._text)
        if self._figure:
            picture = f"data:image/jpeg;base64,{_drawn(self._figure, 'jpeg')}"
            shown = f'<img alt="{shown}" src="{picture}" style="max-width: 100%">'
        return f'<div class="smile-page" data-kind="{self.kind}">{shown}</div>{self._script}'

    def outputs(self):
        """Return what a notebook shows, a list of dicts: kind of data → data.

        A widget has a figure beside it, not as another form of it: of one output Jupyter and
        nbconvert show the widget, even where nothing is left of it.
        """
        text = {"text/plain": self._text}
        if os.environ.get("SMILE_PAGE"):
            return [text | {"text/html": self.fragment}]
        if "google.colab" in sys.modules:  # shows HTML in a frame of its own; its widgets are old
            return [text | {"text/html": self.value}]
        shown = [super()._repr_mimebundle_() | text]
        if self._figure:
            shown.append({"text/plain": repr(self._figure)})
            shown[1]["image/png"] = _drawn(self._figure, "png")
        return shown

    def _ipython_display_(self):
        for output in self.outputs():
            display(output, raw=True)


def document(title, *fragments):
    """Return fragments as a whole page in Spanish, HTML."""
    return (
        f'<!doctype html><html lang="es"><head><meta charset="utf-8"><title>{html.escape(title)}'
        '</title><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"></head>'
        f'<body style="margin: 0"><main>{"".join(fragments)}</main></body></html>'
    )


def packed(array, dtype):
    """Return the numbers of an array as base64: row by row, little end first."""
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def packed_network(parameters, exactly=True):
    """Pack a network's numbers in 16 bits; unless ``exactly``, W1 in 8, each unit with its scale.

    What is rounded off at a pixel is made up for at the next: in pictures the two differ little.
    """
    W1, L = parameters["W1"], len(parameters) // 2
    layers = [parameters[f"{name}{l}"] for l in range(1, L + 1) for name in "Wb"]
    numbers = {
        "dims": [W1.shape[1], *(len(b) for b in layers[1::2])],
        "first": packed(W1, "<f2"),
        "rest": packed(np.concatenate([np.ravel(layer) for layer in layers[1:]]), "<f2"),
    }
    if exactly:
        return numbers
    # So rounded a weight may come out a whole step larger.
    scales = np.maximum(np.abs(W1).max(axis=1) / 126, 1e-7).astype("<f2").astype(float)
    pixels = (W1 / scales[:, np.newaxis]).reshape(len(W1), -1, 3)
    rounded = np.diff(np.rint(np.cumsum(pixels, axis=1)), axis=1, prepend=0).reshape(W1.shape)
    return numbers | {"first": packed(rounded, "i1"), "scales": packed(scales, "<f2")}


def engine(*scripts):
    """Return scripts that need no page as the source of one JavaScript function."""
    return (
        f'function () {{\n"use strict";\n{joined("js", "numbers", *scripts)}\n'
        "return { answering, serve };\n}"
    )


def joined(kind, *names):
    """Return the scripts (kind: js) or style sheets (css) of these names as one, a str."""
    here = Path(__file__).parent
    return "\n".join((here / f"{name}.{kind}").read_text("utf-8") for name in names)


def _drawn(figure, kind):
    figure.savefig(stream := io.BytesIO(), format=kind, bbox_inches="tight")
    return base64.b64encode(stream.getvalue()).decode()
