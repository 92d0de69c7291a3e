"""The reader's own network in one file, to take along and to send."""

import html
import sys
from pathlib import Path
from urllib.parse import quote

import numpy as np

from helpers import evaluation
from helpers.files import whole_file
from helpers.model import Model, Origin
from helpers.page.base import document, joined
from helpers.page.playground import touch, watch
from helpers.page.reflection import TITLES, mirror
from helpers.recipe import STORY

_YET = "Todavía no hay red que guardar: primero, que aprenda."


class Saved:
    """Where ``save`` has put the reader's network; a notebook shows a link to download it."""

    def __init__(self, path):
        self.path = path

    def __repr__(self):
        if self.path is None:
            return _YET
        return (
            f"Tu red está en {self.path}: un solo archivo, que se abre con doble clic en cualquier "
            "navegador, sin internet, y que puedes mandar a quien quieras."
        )

    def _repr_html_(self):
        if self.path is None:
            return f"<p>{_YET}</p>"
        beside = quote(Path(self.path).name)  # as a notebook finds it that lies in the same folder
        link = f'<a href="{beside}" download>Descárgala</a>'
        if "google.colab" in sys.modules:  # where no link reaches the kernel's files
            from google.colab import files, output

            output.register_callback("smile.download", lambda: files.download(self.path))
            call = "google.colab.kernel.invokeFunction('smile.download', [], {})"
            link = f'<button onclick="{call}">Descárgala</button>'
        return f"<p>{html.escape(repr(self))} {link}.</p>"


def save(path, network, dataset, film=None, name="", real=None):
    """Write a network as one page: in a mirror, to touch, and while it learnt; return a ``Saved``.

    network: parameters, plain pixels in, or a ``model.Model`` with an origin; None writes nothing.
    dataset: ``data.Dataset`` that it learnt; film: what ``training.film`` returned of its training;
    name: its author's; real: one more ``model.Model``, to answer beside it. The file needs nothing
    from outside. Raises DataError where it can't be written, ValueError as ``touch`` and ``mirror`` do.
    """
    if network is None:
        return Saved(None)
    red = network if isinstance(network, Model) else _model(network, dataset)
    whose = f"La red de {name.strip()}" if name.strip() else "Mi red"
    tests = np.ravel(red.predict(dataset.test_x) == dataset.test_y)
    seen = mirror(red) if real is None else mirror(red, real, (whose, TITLES[0]))
    sizes = "-".join(str(n) for n in (*red.recipe.hidden, 1))
    parts = [
        f"<style>{joined('css', 'pocket')}</style><h1>{html.escape(whose)}</h1>",
        f"<p>Una red neuronal de capas {sizes}, escrita desde cero. Aprendió de "
        f"{len(dataset.train_x):,} caras, y de {len(tests):,} que no había visto acierta "
        f"{evaluation.percent(tests.mean(), 0)}. Ahora te mira a ti: <b>¡sonríe!</b></p>",
        seen.fragment,
        "<h2>Tócala</h2><p>Dibuja sobre una cara, muévela, y mira cómo cambia de opinión.</p>",
        touch(red, dataset).fragment,
    ]
    if film is not None:
        recipe = red.recipe._replace(num_iterations=max(film[1]))
        parts.append("<h2>Así aprendió</h2><p>Seis de sus unidades, sus respuestas y su costo.</p>")
        parts.append(watch(dataset, film, recipe=recipe, others=()).fragment)
    parts.append(
        "<footer>Hecha con NumPy en un cuaderno de Jupyter. Lo que ve la cámara no sale de tu "
        "aparato: este archivo no le pide nada a nadie.</footer>"
    )
    with whole_file(path) as unfinished:
        unfinished.write_text(document(whose, *parts), encoding="utf-8")
    return Saved(Path(path).as_posix())


def _model(parameters, dataset):
    hidden = tuple(len(parameters[f"b{l}"]) for l in range(1, len(parameters) // 2))
    origin = Origin(dataset.name, tuple(dataset.classes), 0.0, 0.0, dataset.aligned)
    return Model(STORY._replace(hidden=hidden), 0.0, [parameters], origin)
