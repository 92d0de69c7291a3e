"""The drawing of the network that opens README and the story: ``images/red.png`` and ``red.svg``."""

import numpy as np
from matplotlib.patches import FancyArrowPatch

from helpers import data, model
from helpers.canvas import drawing, panel
from helpers.files import PROJECT, whole_file
from helpers.plots import CLASS_COLORS, CLASS_INKS, GREY, says

STORED = {"bbox_inches": "tight", "dpi": 160, "metadata": {"Date": None}}  # in images/


def drawn_network():
    """Return the figure of the story's network, trained on caras, before a test face."""
    caras = data.load_dataset("caras", data.DATASETS)
    trained = model.train(caras.train_x, caras.train_y, model.STORY, progress=False)
    face = caras.test_x[data.SHOWN["cover"]]
    layers_dims = [caras.train_x[0].size, *model.STORY.hidden, 1]
    probability = trained.predict_proba(face[None])[0, 0]
    return architecture(layers_dims, face, probability, caras.classes)


@drawing
def architecture(layers_dims, image, probability, classes):
    """Draw the network: ``image`` (h, w, 3) uint8 → vector → a circle per unit → probability."""
    n_parameters = sum(n * (n_prev + 1) for n_prev, n in zip(layers_dims, layers_dims[1:]))
    figure, axes = panel(4.2)
    axes.imshow(image, extent=(0, 18, -9, 9), zorder=3)
    strip = np.ravel(image)[np.linspace(0, image.size - 1, 48).astype(int), np.newaxis]
    axes.imshow(strip, extent=(23, 25.4, -20, 20), cmap="gray", zorder=3)
    xs = np.linspace(38, 81, len(layers_dims) - 1)
    x_prev, ys_prev = 25.4, np.linspace(-18, 18, 6)
    for x, n in zip(xs, layers_dims[1:]):
        height = min(21.0, 2.1 * (n - 1) * (1 if n > 10 else 1.5))
        ys = np.linspace(-height, height, n) if n > 1 else np.zeros(1)
        for y, y_prev in np.broadcast(ys[:, np.newaxis], ys_prev):
            axes.plot([x_prev, x], [y_prev, y], color="#B8C4CC", linewidth=0.35, zorder=1)
        last = bool(x == xs[-1])
        size = 9 if n <= 10 else 6.5
        axes.plot(np.full(n, x), ys, "o", color=CLASS_COLORS[last], markersize=size, zorder=4)
        axes.text(x, -23.2, f"{n}", ha="center", va="top")
        name, ink = "sigmoide" if last else "ReLU", CLASS_INKS[last]
        axes.text(x, 23.6, name, ha="center", va="bottom", color=ink, fontweight="bold")
        x_prev, ys_prev = x, ys
    axes.text(9, -10.5, "{1} × {0} × {2}".format(*image.shape), ha="center", va="top")
    axes.text(24.2, -23.2, f"{layers_dims[0]:,}", ha="center", va="top")
    axes.text(24.2, 23.6, "x", ha="center", va="bottom", style="italic")
    for start, end in ((18.8, 22.2), (x + 2, x + 5)):
        look = {"arrowstyle": "-|>", "mutation_scale": 14, "color": GREY}
        axes.add_artist(FancyArrowPatch((start, 0), (end, 0), **look))
    word, value = says(probability, classes)
    axes.text(x + 5.6, 0, f"{word}\n{value[1:-1]}", va="center", fontweight="bold")
    axes.set(xlim=(0, 100), ylim=(-27, 27), aspect="equal")
    axes.axis("off")
    sizes = "–".join(f"{n:,}" for n in layers_dims)
    return figure, f"La red {sizes}: {n_parameters:,} parámetros"


def save(figure):
    """Write the figure to images/, the same bytes where nothing has changed."""
    for kind in ("png", "svg"):
        with whole_file(PROJECT / "images" / f"red.{kind}") as unfinished:
            figure.savefig(unfinished, format=kind, **STORED)
