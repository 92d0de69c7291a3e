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

_FRAME = "width: 100%; height: 760px; border: 0; display: block"
# In a notebook the page hides the figure, which is an output of its own; without it, it is seen.
_INSTEAD = ".jp-OutputArea-child:has(.smile-{0}) + .jp-OutputArea-child {{ display: none }}"


class Page(HTML):
    """A page inside the notebook, made of ``scripts`` and ``styles``, names of files beside this one.

    kind: names it in a notebook's metadata. title: what it is, in Spanish. content: what the scripts
    find as ``data``, for JSON. figure: Matplotlib's, stands where no page runs.

    It travels by the widgets' channel: a notebook keeps a sentence, and the figure. Where the
    variable ``SMILE_PAGE`` is set, as tools.report does, the output is the page itself.
    ``fragment``: the same as HTML to be put into any page.
    """

    def __init__(self, kind, title, scripts, styles, content, figure=None):
        script, style = _joined("js", "kit", *scripts), _joined("css", "page", *styles)
        given = (content | {"title": title}, style)
        data, style = (json.dumps(part).replace("<", "\\u003c") for part in given)
        self.fragment = (
            '<div class="smile-page"></div><script>(function (data, style) {\n"use strict";\n'
            f"{script}}})({data}, {style});</script>"
        )
        self._text = f"[{title}: aparece al ejecutar esta celda en Jupyter, y en el reporte HTML.]"
        self._figure = figure
        hide = f"<style>{_INSTEAD.format(kind)}</style>" if figure else ""
        page = html.escape(document(title, self.fragment))
        frame = f'<iframe class="smile-{kind}" title="{html.escape(title)}" allow="camera"'
        super().__init__(
            f'{hide}{frame} style="{_FRAME}" srcdoc="{page}"></iframe>', model_id=f"page-{kind}"
        )

    def outputs(self):
        """Return what a notebook shows, a list of dicts: kind of data → data.

        A widget has a figure beside it, not as another form of it: of one output Jupyter and
        nbconvert show the widget, even where nothing is left of it.
        """
        text = {"text/plain": self._text}
        if os.environ.get("SMILE_PAGE"):
            instead = self._text
            if self._figure:
                picture = f"data:image/jpeg;base64,{_drawn(self._figure, 'jpeg')}"
                instead = f'<img alt="{html.escape(self._text)}" src="{picture}">'
            return [text | {"text/html": f"{self.fragment}<noscript>{instead}</noscript>"}]
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


def _joined(kind, *names):
    here = Path(__file__).parent
    return "\n".join((here / f"{name}.{kind}").read_text("utf-8") for name in names)


def _drawn(figure, kind):
    figure.savefig(stream := io.BytesIO(), format=kind, bbox_inches="tight")
    return base64.b64encode(stream.getvalue()).decode()
