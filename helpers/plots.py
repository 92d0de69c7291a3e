"""Every figure of the notebook. Takes results, computes none; returns the matplotlib Figure.

The figures are closed before they are returned, so that Jupyter shows each one once: as the value
of its cell. Titles are in Spanish and say what is seen, with the numbers that were passed in.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, FancyArrowPatch, Rectangle
from matplotlib.ticker import PercentFormatter

from helpers.evaluation import wilson_interval

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


def examples(images, Y, classes, per_class):
    """Show the first ``per_class`` images of each class.

    ``images`` (m, h, w, 3) uint8, ``Y`` (1, m), ``classes`` their two names.
    """
    rows = -(-per_class // 4)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH, 1.2 * rows + 0.4))
        halves = figure.subfigures(1, 2, wspace=0.04)
        for label, half in enumerate(halves):
            members = np.flatnonzero(np.ravel(Y) == label)
            half.suptitle(
                f"y = {label}: {classes[label]} ({len(members)} de {np.size(Y)})",
                color=CLASS_COLORS[label],
                fontweight="bold",
            )
            cells = half.subplots(rows, 4, squeeze=False).ravel()
            for cell in cells:
                cell.axis("off")
            for cell, i in zip(cells, members[:per_class]):
                cell.imshow(images[i])
    return _closed(figure)


def image_to_vector(image):
    """Show how ``image`` (h, w, 3) uint8 becomes a column: its pixels, their channels, x / 255."""
    h, w, _ = image.shape
    top, left = 11 * h // 16, 7 * w // 16  # in a portrait, the mouth
    patch = image[top : top + 3, left : left + 4]
    first = 3 * (top * w + left)  # where the patch begins in the vector
    with plt.rc_context(STYLE):
        figure, (photo, zoom, column) = plt.subplots(
            1, 3, figsize=(WIDTH, 3.9), width_ratios=[1.15, 1.5, 1.0]
        )
        photo.imshow(image)
        frame = Rectangle((left - 0.5, top - 0.5), 4, 3, fill=False, edgecolor=RED, linewidth=2)
        photo.add_patch(frame)
        photo.set_title(f"{w} × {h} píxeles")
        zoom.imshow(patch)
        for row, col in np.ndindex(patch.shape[:2]):
            r, g, b = (int(v) for v in patch[row, col])
            ink = "black" if r + g + b > 380 else "white"
            zoom.text(
                col, row, f"R {r}\nG {g}\nB {b}", color=ink, ha="center", va="center", fontsize=10
            )
        zoom.set_title("tres números por píxel: 0 a 255")
        shown = np.ravel(image)[first : first + 9] / 255
        channels = (("R", "#C22A1A"), ("G", "#0B7A33"), ("B", "#0B4DBF"))
        for i, value in enumerate(shown):
            letter, color = channels[i % 3]
            ink = "black" if value > 0.35 else "white"
            shade = str(0.25 + 0.75 * value)
            column.add_patch(Rectangle((0, -i), 1, -1, facecolor=shade, edgecolor="white"))
            column.text(-0.15, -i - 0.5, letter, color=color, ha="right", va="center")
            column.text(0.5, -i - 0.5, f"{value:.3f}", color=ink, ha="center", va="center")
            column.text(
                1.1, -i - 0.5, f"$x_{{{first + i + 1}}}$", color=GREY, va="center", fontsize=10
            )
        for y in (0.4, -len(shown) - 0.5):
            column.text(0.5, y, "⋮", ha="center", va="center", fontsize=16)
        column.set(xlim=(-0.9, 2.1), ylim=(-len(shown) - 1.0, 0.9))
        column.set_title(f"÷ 255: {image.size:,} números")
        for axes in (photo, zoom, column):
            axes.axis("off")
        for y, y_zoom in ((top - 0.5, -0.5), (top + 2.5, 2.5)):
            line = ConnectionPatch(
                (left + 3.5, y), (-0.5, y_zoom), photo.transData, zoom.transData, color=RED
            )
            figure.add_artist(line)
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
        columns = [np.linspace(-18, 18, 6)]
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
        axes.set(xlabel="iteración", ylabel="costo J (entropía cruzada media)")
        axes.set_ylim(0, 1.12 * np.nanmax(costs))
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


def photo_verdict(whole, seen, probability, classes):
    """Show a photo, the square of it that the network sees, and its probability as a bar.

    ``whole`` (h, w, 3) and ``seen`` (size, size, 3) uint8, as ``data.load_preview`` and
    ``data.load_photo`` return them.
    """
    says = int(probability > 0.5)
    h, w = whole.shape[:2]
    side = min(h, w)
    with plt.rc_context(STYLE):
        figure, (photo, picture, bar) = plt.subplots(
            1, 3, figsize=(WIDTH, 2.9), width_ratios=[1, 1, 2.2]
        )
        photo.imshow(whole)
        corner = ((w - side) / 2 - 0.5, (h - side) / 2 - 0.5)
        frame = Rectangle(corner, side, side, fill=False, edgecolor=RED, linewidth=2)
        photo.add_patch(frame).set_clip_on(False)  # whole where it lies on the rim
        photo.set_title("la foto", fontweight="normal")
        picture.imshow(seen)
        picture.set_title(f"{seen.shape[1]} × {seen.shape[0]} píxeles", fontweight="normal")
        for axes in (photo, picture):
            axes.axis("off")
        bar.barh([0], [1], color="#EEEEEE", height=0.5)
        bar.barh([0], [probability], color=CLASS_COLORS[says], height=0.5)
        bar.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
        bar.set(xlim=(0, 1), ylim=(-0.6, 0.6), yticks=[])
        bar.set_xlabel(f"ŷ, probabilidad de «{classes[1]}»")
        bar.grid(False)
        bar.spines["left"].set_visible(False)
        bar.set_title(f"La red dice: {classes[says]} (ŷ = {probability:.2f})")
    return _closed(figure)


def study(recipes, scores, field, xlabel, published=None):
    """Plot the cross-validated accuracies of ``recipes``, which differ in ``field``.

    ``scores``: recipe → ``studies.Scores``; ``published``: the setting, as text → its published
    train and test accuracy, of one run.
    """
    values = [getattr(recipe, field) for recipe in recipes]
    keys = [str(len(v) + 1) if field == "hidden" else str(v) for v in values]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.7))
        handles = {}
        for i, (recipe, key) in enumerate(zip(recipes, keys)):
            folds, diverged = scores[recipe].accuracies, scores[recipe].diverged
            mean, color = folds.mean(), RED if diverged else BLUE
            axes.plot(np.full(len(folds), i), folds, "o", color=color, alpha=0.35, markersize=5)
            marker = "X" if diverged else "o"
            bar = axes.errorbar(
                i, mean, folds.std(ddof=1), fmt=marker, color=color, markersize=9, capsize=4
            )
            handles.setdefault("no convergió" if diverged else "validación cruzada", bar)
            if published and published.get(key):
                (point,) = axes.plot(i + 0.18, published[key][1], "D", color=ORANGE, markersize=7)
                handles["publicado: una corrida, en prueba"] = point
        if field == "hidden":
            keys = [f"{k} capas\n{'-'.join(map(str, v))}" for k, v in zip(keys, values)]
        axes.set_xticks(range(len(keys)), keys)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set(xlabel=xlabel, ylabel="exactitud", xlim=(-0.6, len(keys) - 0.4))
        means = [scores[recipe].accuracies.mean() for recipe in recipes]
        best = keys[int(np.argmax(means))].split("\n")[0]
        axes.set_title(f"La mejor media es {max(means):.1%}, con {best}")
        axes.legend(handles.values(), handles.keys(), loc="lower left", fontsize=10)
    return _closed(figure)


def choosing_by_test(iterations, accuracies, chosen):
    """Plot test accuracy along training, a line per seed, and what picking its best would add.

    ``accuracies`` (seeds, iterations); ``chosen``: the number of iterations fixed beforehand.
    """
    fixed = accuracies[:, list(iterations).index(chosen)].mean()
    optimism = 100 * (accuracies.max(axis=1).mean() - fixed)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.5))
        axes.plot(iterations, accuracies.T, color=GREY, alpha=0.35, linewidth=1)
        best = accuracies.argmax(axis=1)
        axes.plot(
            np.asarray(iterations)[best],
            accuracies.max(axis=1),
            "o",
            color=ORANGE,
            label=f"lo mejor de cada semilla: media {accuracies.max(axis=1).mean():.1%}",
        )
        axes.plot(iterations, accuracies.mean(axis=0), color=BLUE, label="media de las semillas")
        axes.axvline(
            chosen, color=GREEN, linestyle="--", label=f"fijado de antemano: media {fixed:.1%}"
        )
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set(xlabel="iteraciones", ylabel="exactitud en prueba")
        axes.set_ylim(bottom=max(accuracies.min(), fixed - 0.08) - 0.01)  # a crash runs off below
        axes.set_title(f"Escoger con la prueba «gana» {optimism:.1f} puntos que no existen")
        axes.legend(loc="lower right", fontsize=10)
    return _closed(figure)


def seeds(accuracies, interval, published, n):
    """Show test accuracies of many seeds, one run's 95 % ``interval`` and the published figure.

    ``n``: how many test images there are, which makes accuracies come in steps of 1 / n.
    """
    mean, spread = np.mean(accuracies), np.std(accuracies, ddof=1)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 2.9))
        values, counts = np.unique(
            np.round(n * np.asarray(accuracies)).astype(int), return_counts=True
        )
        for value, count in zip(values, counts):
            axes.plot(
                np.full(count, value / n), np.arange(count) + 1, "o", color=BLUE, markersize=9
            )
        axes.axvspan(
            *interval, ymax=0.96, color=BLUE, alpha=0.10, label="intervalo de Wilson de una corrida"
        )
        axes.axvline(
            published,
            color=ORANGE,
            linestyle="--",
            label=f"publicado en Happy House: {published:.1%}",
        )
        axes.set(ylim=(0, max(counts) + 2.2), yticks=[], xlabel="exactitud en prueba")
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set_title(f"{len(accuracies)} semillas: {mean:.1%} ± {spread:.1%}")
        axes.legend(loc="upper left", fontsize=10)
    return _closed(figure)


def recipes(ideas, scores, chosen):
    """Compare recipes: ``ideas`` name → recipe, ``scores`` recipe → ``studies.Scores``."""
    names, tried = list(ideas), list(ideas.values())
    base = scores[tried[0]].accuracies.mean()
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 0.48 * len(names) + 1.4))
        rows = np.arange(len(names))[::-1]
        for row, recipe in zip(rows, tried):
            folds = scores[recipe].accuracies
            color = GREEN if recipe == chosen else BLUE
            axes.plot(folds, np.full(len(folds), row), "o", color=color, alpha=0.35, markersize=5)
            axes.plot(folds.mean(), row, "o", color=color, markersize=10)
            gain = "" if recipe == tried[0] else f"  ({100 * (folds.mean() - base):+.1f})"
            axes.annotate(
                f"{folds.mean():.1%}{gain}",
                (1.01, row),
                xycoords=("axes fraction", "data"),
                va="center",
                color=color,
                fontweight="bold" if recipe == chosen else "normal",
            )
        axes.axvline(base, color=GREY, linestyle="--", linewidth=1)
        axes.set_yticks(rows, names)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set(xlabel="exactitud en validación cruzada", ylim=(-0.6, len(names) - 0.4))
        axes.set_title(f"La mejor receta: {names[tried.index(chosen)]}")
    return _closed(figure)


def causes(measured):
    """Plot error rates with 95 % intervals: ``measured`` is name → ``evaluation.Cause``."""
    rows = -(-len(measured) // 2)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            rows, 2, figsize=(WIDTH, 2.9 * rows), squeeze=False, sharey=True
        )
        for axes, (name, cause) in zip(grid.ravel(), measured.items()):
            rates = np.array([b.errors / b.n for b in cause.bins])
            margins = np.array([wilson_interval(b.errors, b.n) for b in cause.bins]).T
            color = RED if cause.verdict == "apoyada" else BLUE
            axes.errorbar(
                range(len(rates)),
                rates,
                np.abs(margins - rates),
                fmt="o",
                color=color,
                markersize=8,
                capsize=4,
            )
            ranges = [
                f"{round(b.low, 2):.3g} a {round(b.high, 2):.3g}\n{b.errors} de {b.n}"
                for b in cause.bins
            ]
            axes.set_xticks(range(len(rates)), ranges)
            axes.set(xlim=(-0.5, len(rates) - 0.5), ylim=(0, None), xlabel=name)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
            axes.set_title(cause.verdict, color=color)
        for axes in grid[:, 0]:
            axes.set_ylabel("tasa de error")
    return _closed(figure)


def first_layer(W1, shape):
    """Show each unit's weights as an image of ``shape`` (h, w, 3): red adds, blue subtracts."""
    units = W1.reshape(-1, *shape).mean(axis=3)
    colors = plt.get_cmap("RdBu_r", 15)  # a few: noise in many colours makes a heavy file
    rows = -(-len(units) // 10)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(rows, 10, figsize=(WIDTH, 1.05 * rows + 0.4), squeeze=False)
        figure.suptitle(
            "Los pesos de la primera capa, vistos como imágenes",
            fontsize=13,
            fontweight="bold",
            x=0.01,
            ha="left",
        )
        for axes in grid.ravel():
            axes.axis("off")
        for axes, unit in zip(grid.ravel(), units):
            limit = np.quantile(np.abs(unit), 0.995)
            axes.imshow(unit, cmap=colors, vmin=-limit, vmax=limit, interpolation="nearest")
    return _closed(figure)


def decision_maps(images, maps, texts):
    """Show images, each beside its map (h, w) of which pixels moved the decision to class 1."""
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(2, len(images), figsize=(0.8 * WIDTH, 3.9), squeeze=False)
        for (picture, heat), image, of_image, text in zip(grid.T, images, maps, texts):
            limit = max(np.abs(of_image).max(), 1e-9)
            picture.imshow(image)
            picture.set_title(text, fontsize=10, fontweight="normal")
            heat.imshow(image.mean(axis=2), cmap="gray", vmin=0, vmax=255)
            heat.imshow(of_image, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.6)
            picture.axis("off")
            heat.axis("off")
    return _closed(figure)


def people(names, known, new):
    """Compare, per person, accuracy when the network knows them and when it doesn't; both (p,)."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
        for i, (a, b) in enumerate(zip(known, new)):
            axes.plot([i, i], [a, b], color="#BBBBBB", zorder=1)
        axes.plot(
            range(len(known)),
            known,
            "o",
            color=BLUE,
            markersize=10,
            label=f"conocida: media {np.mean(known):.0%}",
        )
        axes.plot(
            range(len(new)),
            new,
            "o",
            color=ORANGE,
            markersize=10,
            label=f"nunca vista: media {np.mean(new):.0%}",
        )
        axes.axhline(0.5, color=GREY, linestyle="--", linewidth=1, label="echar un volado")
        axes.set_xticks(range(len(names)), names)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.set(ylabel="exactitud", ylim=(min(0.45, *new) - 0.03, 1.02))
        points = 100 * (np.mean(known) - np.mean(new))
        axes.set_title(f"Con alguien que nunca ha visto, la red pierde {points:.0f} puntos")
        axes.legend(loc="lower left", ncols=3, fontsize=10)
    return _closed(figure)


def people_curve(counts, right, n, n_images):
    """Plot accuracy on strangers against how many people the ``n_images`` training images show.

    ``right``: of ``n`` images of strangers, how many were judged well; one per count.
    """
    rates = np.asarray(right) / n
    margins = np.array([wilson_interval(r, n) for r in right]).T
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
        axes.errorbar(
            counts, rates, np.abs(margins - rates), fmt="o-", color=BLUE, markersize=8, capsize=4
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, counts)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set(
            xlabel=f"personas en las {n_images} imágenes de entrenamiento",
            ylabel="exactitud con desconocidos",
        )
        axes.set_title(
            f"Con desconocidos: {rates[0]:.0%} si estudió a {counts[0]} personas, "
            f"{rates[-1]:.0%} si estudió a {counts[-1]}"
        )
    return _closed(figure)


def last_bit(pairs, every):
    """Plot how far two runs drift apart: ``pairs`` is name → the costs of both, one per ``every``."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.3))
        for (name, (costs, moved)), color in zip(pairs.items(), (BLUE, ORANGE)):
            apart = np.maximum(np.abs(np.subtract(costs, moved)), 1e-17)
            iterations = every * np.arange(len(apart))
            axes.semilogy(iterations, apart, "o-", color=color, markersize=5, label=name)
        axes.set(xlabel="iteración", ylabel="diferencia entre los costos")
        axes.set_title("Dos corridas que empiezan a un pelo de distancia")
        axes.legend(loc="upper left")
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
