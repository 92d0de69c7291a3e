"""Every figure of the notebook. Takes results, computes none; returns the matplotlib Figure.

The figures are closed before they are returned, so that Jupyter shows each one once: as the value
of its cell. Titles are in Spanish and say what is seen, with the numbers that were passed in.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, FancyArrowPatch, Rectangle

# Okabe & Ito (2008): told apart by colour-blind readers too. Class 0 blue, class 1 orange.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7A7A7A"
CLASS_COLORS = (BLUE, ORANGE)
STYLE = {
    "figure.facecolor": "white",  # opaque: legible in a dark theme as well
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "lines.linewidth": 2,
    "legend.frameon": False,
}
WIDTH = 9.5  # inches: the notebook's column


def examples(images, Y, classes, per_class=12):
    """Show the first ``per_class`` images of each class.

    ``images`` (m, h, w, 3) uint8, ``Y`` (1, m), ``classes`` their two names.
    """
    rows = -(-per_class // 6)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH, 1.75 * rows + 0.3))
        halves = figure.subfigures(1, 2, wspace=0.04)
        for label, half in enumerate(halves):
            members = np.flatnonzero(np.ravel(Y) == label)
            half.suptitle(
                f"y = {label}: {classes[label]} ({len(members)} de {np.size(Y)})",
                color=CLASS_COLORS[label],
                fontweight="bold",
            )
            cells = half.subplots(-(-per_class // 4), 4, squeeze=False).ravel()
            for cell in cells:
                cell.axis("off")
            for cell, i in zip(cells, members[:per_class]):
                cell.imshow(images[i])
    return _closed(figure)


def image_to_vector(image):
    """Show how ``image`` (h, w, 3) uint8 becomes a column: its pixels, their channels, x / 255."""
    h, w, _ = image.shape
    corner = image[:3, :4]
    with plt.rc_context(STYLE):
        figure, (photo, zoom, column) = plt.subplots(
            1, 3, figsize=(WIDTH, 3.9), width_ratios=[1.15, 1.5, 1.0]
        )
        photo.imshow(image)
        photo.add_patch(Rectangle((-0.5, -0.5), 4, 3, fill=False, edgecolor=RED, linewidth=2))
        photo.set_title(f"{w} × {h} píxeles")
        zoom.imshow(corner)
        for (row, col), _ in np.ndenumerate(corner[..., 0]):
            r, g, b = (int(v) for v in corner[row, col])
            ink = "black" if r + g + b > 380 else "white"
            zoom.text(
                col, row, f"R {r}\nG {g}\nB {b}", color=ink, ha="center", va="center", fontsize=10
            )
        zoom.set_title("tres números por píxel: 0 a 255")
        shown = np.ravel(image)[:9] / 255
        for i, value in enumerate(shown):
            color = [(0.80, 0.15, 0.10), (0.05, 0.50, 0.20), (0.05, 0.30, 0.75)][i % 3]
            column.add_patch(
                Rectangle((0, -i), 1, -1, facecolor=str(0.25 + 0.75 * value), edgecolor="white")
            )
            column.text(-0.15, -i - 0.5, "RGB"[i % 3], color=color, ha="right", va="center")
            column.text(
                0.5,
                -i - 0.5,
                f"{value:.3f}",
                ha="center",
                va="center",
                color="black" if value > 0.35 else "white",
            )
        column.text(0.5, -len(shown) - 0.6, "⋮", ha="center", va="center", fontsize=16)
        column.set(xlim=(-0.9, 1.9), ylim=(-len(shown) - 1.1, 0.1))
        column.set_title(f"÷ 255: {image.size:,} números")
        for axes in (photo, zoom, column):
            axes.axis("off")
        for y in (-0.5, 2.5):
            figure.add_artist(
                ConnectionPatch(
                    (3.5, y), (-0.5, y), photo.transData, zoom.transData, color=RED, linewidth=1
                )
            )
    return _closed(figure)


def architecture(layers_dims, image, probability, classes, hidden_activation="ReLU"):
    """Draw the network: ``image`` (h, w, 3) uint8 → vector → a circle per unit → probability."""
    *hidden, _ = layers_dims[1:]
    n_parameters = sum(n * (n_prev + 1) for n_prev, n in zip(layers_dims, layers_dims[1:]))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 4.6))
        axes.set(xlim=(0, 100), ylim=(-27, 27), aspect="equal")
        axes.axis("off")
        axes.imshow(image, extent=(0, 17, -8.5, 8.5), zorder=3)
        axes.set(xlim=(0, 100), ylim=(-27, 27))  # imshow moved them
        axes.add_artist(_arrow((17.8, 0), (21.2, 0)))
        strip = np.linspace(0, image.size - 1, 48).astype(int)
        axes.imshow(
            np.ravel(image)[strip].reshape(-1, 1),
            extent=(22, 24.4, -20, 20),
            cmap="gray",
            aspect="auto",
            zorder=3,
        )
        axes.set(xlim=(0, 100), ylim=(-27, 27))
        xs = np.linspace(38, 84, len(layers_dims) - 1)
        columns = [np.linspace(-18, 18, 13)]
        for n in layers_dims[1:]:
            height = min(21.0, 2.1 * (n - 1) * (1 if n > 10 else 1.5))
            columns.append(np.linspace(-height, height, n) if n > 1 else np.zeros(1))
        for l, (x, ys) in enumerate(zip(xs, columns[1:])):
            x_prev = 24.4 if l == 0 else xs[l - 1]
            for y in ys:
                for y_prev in columns[l]:
                    axes.plot([x_prev, x], [y_prev, y], color="#B8C4CC", linewidth=0.35, zorder=1)
            color = ORANGE if l == len(xs) - 1 else BLUE
            radius_points = 11 if len(ys) <= 10 else 7.5
            axes.plot(np.full(len(ys), x), ys, "o", color=color, markersize=radius_points, zorder=4)
            name = "sigmoide" if l == len(xs) - 1 else hidden_activation
            unit = "unidad" if len(ys) == 1 else "unidades"
            axes.text(x, -23.2, f"{len(ys)} {unit}", ha="center", va="top")
            axes.text(x, 23.6, name, ha="center", va="bottom", color=color, fontweight="bold")
        axes.text(8.5, -10, f"{image.shape[1]} × {image.shape[0]} × 3", ha="center", va="top")
        axes.text(23.2, -23.2, f"{layers_dims[0]:,}", ha="center", va="top")
        axes.text(23.2, 23.6, "x", ha="center", va="bottom", style="italic")
        verdict = classes[int(probability > 0.5)]
        axes.add_artist(_arrow((xs[-1] + 2, 0), (xs[-1] + 5, 0)))
        axes.text(
            xs[-1] + 5.6, 0, f"{verdict}\nŷ = {probability:.2f}", va="center", fontweight="bold"
        )
        sizes = "–".join(f"{n:,}" for n in layers_dims)
        axes.set_title(f"La red {sizes}: {n_parameters:,} parámetros")
    return _closed(figure)


def cost_curve(costs, every, learning_rate, published=None):
    """Plot ``costs``, one each ``every`` iterations, and the ``published`` ones where given."""
    iterations = every * np.arange(len(costs))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.8))
        if published is not None:
            axes.plot(
                every * np.arange(len(published)),
                published,
                "o",
                color=ORANGE,
                markersize=5,
                label="publicado",
            )
        axes.plot(iterations, costs, color=BLUE, label=f"α = {learning_rate:g}")
        for i, side in ((0, "left"), (np.flatnonzero(np.isfinite(costs))[-1], "right")):
            axes.annotate(
                f"{costs[i]:.2f}",
                (iterations[i], costs[i]),
                (6 if side == "left" else -2, 6),
                textcoords="offset points",
                ha=side,
                color=BLUE,
                fontweight="bold",
            )
        axes.set(xlabel="iteración", ylabel="costo J (entropía cruzada media)", ylim=(0, None))
        axes.set_title(_fall(costs, iterations))
        axes.legend()
    return _closed(figure)


def confusion(matrix, classes):
    """Draw a confusion matrix, (2, 2) counts with a row per true class."""
    wrong = int(matrix[0, 1] + matrix[1, 0])
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(5.2, 3.9))
        axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1.3 * matrix.max())
        for (row, col), count in np.ndenumerate(matrix):
            ink = "white" if count > 0.7 * matrix.max() else "black"
            axes.text(col, row, f"{count}", ha="center", va="center", fontsize=22, color=ink)
            if row != col:
                kind = "falsos positivos" if col else "falsos negativos"
                axes.text(col, row + 0.25, kind, ha="center", va="center", color=ink)
        axes.set_xticks([0, 1], classes)
        axes.set_yticks([0, 1], classes, rotation=90, va="center")
        axes.set(xlabel="lo que dice la red", ylabel="lo que es")
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        axes.set_title(f"{wrong} errores en {int(matrix.sum())} imágenes")
    return _closed(figure)


def gallery(images, Y, probabilities, classes, title, columns=6):
    """Show ``images`` (m, h, w, 3) with what each is, what the network said, and how surely.

    ``Y`` and ``probabilities`` (m,): labels and probabilities of class 1. A green frame is right,
    a red one wrong.
    """
    rows = max(1, -(-len(images) // columns))
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            rows, columns, figsize=(WIDTH, 2.15 * rows + 0.5), squeeze=False
        )
        figure.suptitle(title, fontsize=13, fontweight="bold", x=0.01, ha="left")
        for axes in grid.ravel():
            axes.axis("off")
        for axes, image, y, p in zip(grid.ravel(), images, Y, probabilities):
            says = int(p > 0.5)
            axes.imshow(image)
            axes.axis("on")
            axes.grid(False)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=GREEN if says == y else RED, linewidth=3)
            axes.set_title(
                f"es: {classes[y]}\ndice: {classes[says]}\nŷ = {p:.2f}",
                fontsize=10,
                fontweight="normal",
                loc="left",
            )
    return _closed(figure)


def photo_verdict(photo, probability, classes):
    """Show a photo (h, w, 3) as the network sees it, and its probability as a bar."""
    says = int(probability > 0.5)
    with plt.rc_context(STYLE):
        figure, (picture, bar) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), width_ratios=[1, 2.6])
        picture.imshow(photo)
        picture.set_title(f"{photo.shape[1]} × {photo.shape[0]} píxeles", fontweight="normal")
        picture.axis("off")
        bar.barh([0], [1], color="#EEEEEE", height=0.5)
        bar.barh([0], [probability], color=CLASS_COLORS[says], height=0.5)
        bar.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
        bar.set(xlim=(0, 1), ylim=(-0.6, 0.6), yticks=[], xlabel="ŷ, probabilidad de sonrisa")
        bar.grid(False)
        bar.spines["left"].set_visible(False)
        bar.set_title(f"La red dice: {classes[says]} (ŷ = {probability:.2f})")
    return _closed(figure)


def _fall(costs, iterations):
    if not np.isfinite(costs[-1]):
        return "El costo se desbordó: la tasa de aprendizaje es demasiado grande"
    verb = "baja" if costs[-1] < costs[0] else "sube"
    return f"El costo {verb} de {costs[0]:.2f} a {costs[-1]:.2f} en {iterations[-1]:,} iteraciones"


def _arrow(start, end):
    return FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, color=GREY, zorder=5)


def _closed(figure):
    plt.close(figure)
    return figure
