"""Every figure of the notebook: takes results, returns the matplotlib Figure.

Of its own a figure computes no more than the means, the 95 % intervals and the words that it shows.
Titles are in Spanish and say what is seen, with the numbers that were passed in. All figures have
one width and no text below 10 points, so that they can be read in the notebook and on a phone.
"""

from functools import wraps

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, FancyArrowPatch, Rectangle
from matplotlib.ticker import PercentFormatter

from helpers.evaluation import percent, wilson_interval

# Okabe & Ito (2008): told apart by colour-blind readers too. Class 0 blue, class 1 orange.
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7A7A7A"
CLASS_COLORS = (BLUE, ORANGE)
CLASS_INKS = (BLUE, "#946200")  # as text: the orange is pale on white
WIDTH = 7.2  # inches
STYLE = {
    "figure.facecolor": "white",  # opaque: legible in a dark theme as well
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "lines.linewidth": 2,
    "legend.frameon": False,
    "legend.fontsize": 10,
}


def _figure(draw):
    """Draw in the house's style, and close: Jupyter shows the figure once, as its cell's value."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with plt.rc_context(STYLE):
            figure = draw(*args, **kwargs)
            plt.close(figure)
        return figure

    return drawn


@_figure
def examples(images, Y, classes, per_class):
    """Show the first ``per_class`` images of each class, a row per class.

    ``images`` (m, h, w, 3) uint8, ``Y`` (1, m), ``classes`` their two names.
    """
    figure = plt.figure(figsize=(WIDTH, 3.2))
    for label, half in enumerate(figure.subfigures(2)):
        members = np.flatnonzero(np.ravel(Y) == label)
        title = f"y = {label}: {classes[label]} ({len(members)} de {np.size(Y)})"
        _title(half, title, color=CLASS_INKS[label])
        _pictures(half.subplots(1, per_class, squeeze=False)[0], images[members[:per_class]])
    return figure


@_figure
def image_to_vector(image):
    """Show how ``image`` (h, w, 3) uint8 becomes a column: its pixels, their channels, x / 255."""
    h, w, _ = image.shape
    top, left = 11 * h // 16, 7 * w // 16  # in a portrait, the mouth
    patch = image[top : top + 3, left : left + 4]
    first = 3 * (top * w + left)  # where the patch begins in the vector
    figure, (photo, zoom, column) = plt.subplots(
        1, 3, figsize=(WIDTH, 3.3), width_ratios=[1.1, 1.5, 1.0]
    )
    photo.imshow(image)
    photo.add_patch(_frame((left - 0.5, top - 0.5), 4, 3))
    photo.set_title(f"{w} × {h} píxeles")
    zoom.imshow(patch)
    for row, col in np.ndindex(patch.shape[:2]):
        r, g, b = (int(v) for v in patch[row, col])
        ink = "black" if r + g + b > 380 else "white"
        channels = f"R {r}\nG {g}\nB {b}"
        zoom.text(col, row, channels, color=ink, ha="center", va="center", fontsize=10)
    zoom.set_title("3 números, 0 a 255")
    shown = np.ravel(image)[first : first + 9] / 255
    for i, value in enumerate(shown):
        letter, color = (("R", "#C22A1A"), ("G", "#0B7A33"), ("B", "#0B4DBF"))[i % 3]
        ink = "black" if value > 0.35 else "white"
        shade = str(0.25 + 0.75 * value)
        column.add_patch(Rectangle((0, -i), 1, -1, facecolor=shade, edgecolor="white"))
        column.text(-0.15, -i - 0.5, letter, color=color, ha="right", va="center")
        column.text(0.5, -i - 0.5, f"{value:.3f}", color=ink, ha="center", va="center")
        column.text(1.1, -i - 0.5, f"$x_{{{first + i + 1}}}$", va="center", fontsize=14)
    for y in (0.4, -len(shown) - 0.5):
        column.text(0.5, y, "⋮", ha="center", va="center", fontsize=16)
    column.set(xlim=(-0.6, 2.1), ylim=(-len(shown) - 1.0, 0.9))
    column.set_title(f"{image.size:,} de 0 a 1")
    for axes in (photo, zoom, column):
        axes.axis("off")
    for y, y_zoom in ((top - 0.5, -0.5), (top + 2.5, 2.5)):
        ends = (left + 3.5, y), (-0.5, y_zoom)
        figure.add_artist(ConnectionPatch(*ends, photo.transData, zoom.transData, color=VERMILION))
    return figure


@_figure
def architecture(layers_dims, image, probability, classes):
    """Draw the network: ``image`` (h, w, 3) uint8 → vector → a circle per unit → probability."""
    n_parameters = sum(n * (n_prev + 1) for n_prev, n in zip(layers_dims, layers_dims[1:]))
    figure, axes = plt.subplots(figsize=(WIDTH, 4.2))
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
        axes.add_artist(
            FancyArrowPatch((start, 0), (end, 0), arrowstyle="-|>", mutation_scale=14, color=GREY)
        )
    verdict = f"{classes[int(probability > 0.5)]}\nŷ = {probability:.2f}"
    axes.text(x + 5.6, 0, verdict, va="center", fontweight="bold")
    axes.set(xlim=(0, 100), ylim=(-27, 27), aspect="equal")
    axes.axis("off")
    sizes = "–".join(f"{n:,}" for n in layers_dims)
    axes.set_title(f"La red {sizes}: {n_parameters:,} parámetros")
    return figure


@_figure
def cost_curve(costs, every, learning_rate, published=None):
    """Plot ``costs``, one each ``every`` iterations, and the ``published`` ones where given."""
    iterations = every * np.arange(len(costs))
    figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
    if published is not None:
        its = every * np.arange(len(published))
        axes.plot(its, published, "o", color=ORANGE, markersize=5, label="publicado")
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
    axes.set(xlabel="iteración", ylabel="costo J (entropía cruzada)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(0, 1.12 * np.nanmax(costs))
    if not np.isfinite(costs[-1]):
        title = "El costo se desbordó: la tasa de aprendizaje es demasiado grande"
    else:
        rise = costs[-1] / costs[0]
        verb = "apenas cambia:" if 0.95 < rise < 1 else "baja" if rise < 1 else "sube"
        title = (
            f"El costo {verb} de {costs[0]:.2f} a {costs[-1]:.2f} en {iterations[-1]:,} iteraciones"
        )
    axes.set_title(title)
    axes.legend()
    return figure


@_figure
def confusion(matrix, classes, title=None):
    """Draw a confusion matrix, (2, 2) counts with a row per true class; by default count errors."""
    figure, axes = plt.subplots(figsize=(4.8, 3.8))
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
    axes.set_title(title or f"Errores: {matrix[0, 1] + matrix[1, 0]} de {matrix.sum()} imágenes")
    return figure


@_figure
def gallery(images, Y, probabilities, classes, title):
    """Show ``images`` (m, h, w, 3) with what each is, what the network said, and how surely.

    ``Y`` and ``probabilities`` (m,): labels and probabilities of class 1. A green frame is right,
    an orange one wrong.
    """
    columns = 4
    rows = max(1, -(-len(images) // columns))
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, 2.4 * rows + 0.4), squeeze=False)
    _title(figure, title)
    _pictures(grid.ravel(), images)
    for axes, y, p in zip(grid.ravel(), Y, probabilities):
        says = int(p > 0.5)
        axes.axis("on")
        axes.grid(False)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=GREEN if says == y else VERMILION, linewidth=3)
        words = f"es: {classes[y]}\ndice: {classes[says]}\nŷ = {p:.2f}"
        axes.set_title(words, fontsize=11, fontweight="normal")
    return figure


@_figure
def photo_verdict(whole, seen, probability, classes):
    """Show a photo, the square of it that the network sees, and its probability as a bar.

    ``whole`` (h, w, 3) and ``seen`` (size, size, 3) uint8, as ``data.load_photo`` returns them
    without crop and with it.
    """
    says = int(probability > 0.5)
    h, w = whole.shape[:2]
    side = min(h, w)
    figure, (photo, picture, bar) = plt.subplots(
        1, 3, figsize=(WIDTH, 2.9), width_ratios=[1, 1, 1.6]
    )
    _title(figure, f"La red dice: {classes[says]} (ŷ = {probability:.2f})")
    _pictures((photo, picture), (whole, seen))
    frame = _frame(((w - side) / 2 - 0.5, (h - side) / 2 - 0.5), side, side)
    photo.add_patch(frame).set_clip_on(False)  # whole where it lies on the rim
    photo.set_title("la foto", fontweight="normal")
    picture.set_title(f"{seen.shape[1]} × {seen.shape[0]} píxeles", fontweight="normal")
    bar.barh([0, 0], [1, probability], color=["#EEEEEE", CLASS_COLORS[says]], height=0.5)
    bar.axvline(0.5, color=GREY, linewidth=1, linestyle="--")
    bar.set(xlim=(0, 1), ylim=(-0.6, 0.6), yticks=[])
    bar.set_xlabel(f"ŷ, probabilidad de «{classes[1]}»")
    bar.grid(False)
    bar.spines["left"].set_visible(False)
    return figure


@_figure
def study(recipes, scores, field, xlabel, published=()):
    """Plot the cross-validated accuracies of ``recipes``, which differ in ``field``.

    ``scores``: recipe → ``studies.Scores``; ``published``: the setting, as text → its published
    train and test accuracy, of one run. What lies over 10 points below the best stands at the lower
    edge, with its number: the axis is for telling the others apart.
    """
    values = [getattr(recipe, field) for recipe in recipes]
    keys = [str(len(v) + 1) if field == "hidden" else str(v) for v in values]
    if field == "hidden":
        names = [f"{len(v) + 1} capas\n{'-'.join(map(str, v))}" for v in values]
    else:
        names = [
            f"{v:,}" if isinstance(v, int) else ACTIVATION_NAMES.get(v, str(v)) for v in values
        ]
    means = np.array([scores[recipe].accuracies.mean() for recipe in recipes])
    converged = [i for i in np.argsort(means, kind="stable") if not scores[recipes[i]].diverged]
    floor = means[converged or slice(None)].max() - 0.10
    seen = [scores[r].accuracies for r, mean in zip(recipes, means) if mean >= floor]
    seen = np.array([*np.ravel(seen), *(published[key][1] for key in keys if key in published)])
    bottom = seen[seen > floor].min() - 0.01
    figure, axes = plt.subplots(figsize=(WIDTH, 3.9))
    handles = {}

    def place(x, value, label, color, marker, spread=None, side="right"):
        if value < floor:
            (handle,) = axes.plot(x, bottom, "v", color=color, markersize=9, clip_on=False)
            where = {"textcoords": "offset points", "ha": side, "color": color}
            axes.annotate(percent(value, 0), (x, bottom), (0, 9), **where)
        else:
            handle = axes.errorbar(x, value, spread, fmt=marker, color=color, capsize=4)
        handles.setdefault(label, handle)

    for i, (recipe, mean, key) in enumerate(zip(recipes, means, keys)):
        folds = scores[recipe].accuracies
        if mean >= floor:
            axes.plot(np.full(len(folds), i), folds, "o", color=BLUE, alpha=0.35, markersize=4)
        if scores[recipe].diverged:
            place(i, mean, "no convergió", VERMILION, "X", folds.std(ddof=1))
        else:
            place(i, mean, "validación cruzada", BLUE, "o", folds.std(ddof=1))
        if key in published:
            one_run = published[key][1]
            place(i + 0.2, one_run, "publicado en Happy House", ORANGE, "D", side="left")
    axes.set_xticks(range(len(names)), names)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set(xlabel=xlabel, ylabel="exactitud", xlim=(-0.4, len(names) - 0.5))
    axes.set_ylim(bottom=bottom)
    if (most := scores[recipes[0]].baseline) > bottom:
        label = "siempre la clase más frecuente"
        handles[label] = axes.axhline(most, color=GREY, linestyle="--", linewidth=1)
    best = [names[i].partition("\n")[0] for i in converged[-2:]]
    if len(best) < 2:
        title = f"Solo {best[0]} convergió" if best else "Ninguna corrida convergió"
    else:
        m = scores[recipes[0]].probabilities.size
        lead = round(m * (means[converged[-1]] - means[converged[-2]]))
        title = f"Ventaja de {best[1]} sobre {best[0]}: {lead} de {m} imágenes"
        title = title if lead else f"Empate en lo más alto: {best[0]} y {best[1]}"
    axes.set_title(title)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower left",
        ncols=3 if len(handles) < 4 else 2,
    )
    return figure


@_figure
def choosing_by_test(iterations, accuracies, chosen):
    """Plot test accuracy along training, a line per seed, and what picking its best would add.

    ``accuracies`` (seeds, iterations); ``chosen``: the number of iterations fixed beforehand.
    """
    fixed, best = accuracies[:, list(iterations).index(chosen)].mean(), accuracies.max(axis=1)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.9))
    axes.plot(iterations, accuracies.T, color=GREY, alpha=0.35, linewidth=1)
    when = np.asarray(iterations)[accuracies.argmax(axis=1)]
    points, counts = np.unique([when, best], axis=1, return_counts=True)
    axes.scatter(*points, 30 * counts, color=ORANGE, zorder=3)
    axes.plot([], [], "o", color=ORANGE, label="lo mejor de cada semilla")
    axes.plot(iterations, accuracies.mean(axis=0), color=BLUE, label="media de las semillas")
    axes.axvline(chosen, color=GREEN, linestyle="--", label="fijadas de antemano")
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_xticks(iterations, [f"{n:,}" for n in iterations])
    axes.set(xlabel="iteraciones", ylabel="exactitud en prueba")
    floor = max(accuracies.min(), fixed - 0.08) - 0.01
    axes.set_ylim(bottom=floor)
    if below := (accuracies < floor).sum():
        axes.text(
            0.01,
            0.03,
            f"↓ más abajo: {below} de {accuracies.size} mediciones",
            transform=axes.transAxes,
        )
    axes.set_title(
        f"Escoger con la prueba: {percent(best.mean())}; fijar de antemano: {percent(fixed)}"
    )
    figure.legend(loc="outside lower left", ncols=3)
    return figure


@_figure
def seeds(accuracies, interval, n, published=None):
    """Show test accuracies of many seeds, one run's 95 % ``interval`` and the published figure.

    ``n``: how many test images there are, which makes accuracies come in steps of 1 / n.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.3))
    rights, counts = np.unique(np.round(n * np.asarray(accuracies)), return_counts=True)
    for right, count in zip(rights, counts):
        axes.plot(np.full(count, right / n), np.arange(count) + 1, "o", color=BLUE, markersize=9)
    axes.axvspan(*interval, color=BLUE, alpha=0.10, label="intervalo de Wilson de una corrida")
    if published is not None:
        label = "publicado en Happy House"
        axes.axvline(published, color=ORANGE, linestyle="--", label=label)
    axes.set(ylim=(0, max(counts) + 1), yticks=[], xlabel="exactitud en prueba")
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(PERCENT)
    seen, compatible = (
        f"{100 * min(ends):.1f} a {percent(max(ends))}" for ends in (accuracies, interval)
    )
    axes.set_title(f"{len(accuracies)} semillas: {seen}; exactitud verdadera: {compatible}")
    figure.legend(loc="outside lower left", ncols=2)
    return figure


@_figure
def recipes(ideas, scores, chosen):
    """Compare recipes: ``ideas`` name → recipe, ``scores`` recipe → ``studies.Scores``."""
    names, tried = list(ideas), list(ideas.values())
    base = scores[tried[0]].accuracies.mean()
    figure, axes = plt.subplots(figsize=(WIDTH, 0.48 * len(names) + 1.4))
    rows, results = np.arange(len(names))[::-1], []
    for row, recipe in zip(rows, tried):
        folds = scores[recipe].accuracies
        color = GREEN if recipe == chosen else BLUE
        axes.plot(folds, np.full(len(folds), row), "o", color=color, alpha=0.35, markersize=5)
        axes.plot(folds.mean(), row, "o", color=color, markersize=10)
        gain = f" ({100 * (folds.mean() - base):+.1f})".replace("-", "−") * (recipe != tried[0])
        results.append(f"{percent(folds.mean())}{gain}")
    axes.axvline(base, color=GREY, linestyle="--", linewidth=1)
    axes.set_yticks(rows, names)
    right = axes.secondary_yaxis("right")
    right.set_yticks(rows, results)
    right.spines[:].set_visible(False)
    right.tick_params(length=0)
    right.get_yticklabels()[tried.index(chosen)].set(color=GREEN, fontweight="bold")
    axes.xaxis.set_major_formatter(PERCENT)
    axes.locator_params(axis="x", nbins=5)
    axes.set(xlabel="exactitud en validación cruzada", ylim=(-0.6, len(names) - 0.4))
    axes.set_title(f"La mejor en validación cruzada: {names[tried.index(chosen)]}")
    return figure


@_figure
def causes(measured, classes):
    """Plot error rates with 95 % intervals: ``measured`` is name → a ``Cause`` for each class."""
    rows = -(-len(measured) // 2)
    figure, grid = plt.subplots(rows, 2, figsize=(WIDTH, 3.4 * rows), squeeze=False, sharey=True)
    for axes, (name, pair) in zip(grid.ravel(), measured.items()):
        for cause, color, of in zip(pair, CLASS_COLORS, classes):
            counts = [(b.errors, b.n) for b in cause.bins]
            bars = _rates(axes, [b.median for b in cause.bins], counts, color)
            bars.set_label(f"{of}: {cause.verdict}")
        axes.set(ylim=(0, None), xlabel=name)
        axes.locator_params(axis="x", nbins=5)
        what = name.partition(" (")[0]
        axes.set_title(f"{what[0].upper()}{what[1:]}", pad=42)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.03, 1), borderaxespad=0)
    for axes in grid[:, 0]:
        axes.set_ylabel("tasa de error")
    return figure


@_figure
def first_layer(W1, shape):
    """Show each unit's weights as an image of ``shape`` (h, w, 3): red adds, blue subtracts."""
    units = W1.reshape(-1, *shape).mean(axis=3)
    colors = plt.get_cmap("RdBu_r", 15)  # a few: noise in many colours makes a heavy file
    columns = 7
    rows = -(-len(units) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, 1.05 * rows + 0.4), squeeze=False)
    _title(figure, f"Lo que pesa cada píxel en las {len(units)} unidades de la primera capa")
    for axes in grid.ravel():
        axes.axis("off")
    for axes, unit in zip(grid.ravel(), units):
        limit = np.quantile(np.abs(unit), 0.995)
        axes.imshow(unit, cmap=colors, vmin=-limit, vmax=limit, interpolation="nearest")
    return figure


@_figure
def decision_maps(images, maps, texts):
    """Show images, each above its map (h, w) of which pixels moved the decision to class 1."""
    figure, grid = plt.subplots(2, len(images), figsize=(WIDTH, 4.6), squeeze=False)
    _title(figure, "Tapar lo rojo baja ŷ; tapar lo azul la sube")
    _pictures(grid[0], images)
    for (picture, heat), image, of_image, text in zip(grid.T, images, maps, texts):
        picture.set_title(text, fontweight="normal", fontsize=11)
        limit = np.abs(of_image).max()
        heat.imshow(image.mean(axis=2), cmap="gray", vmin=0, vmax=255)
        heat.axis("off")
        if limit < 1e-6:
            heat.set_title("nada la mueve", fontweight="normal", fontsize=11)
        else:
            heat.imshow(of_image, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.6)
    return figure


@_figure
def people(names, known, new, n):
    """Compare, per person, accuracy when the network knows them and when it doesn't.

    ``known`` and ``new`` (p,), each of ``n`` (p,) images; shown with their 95 % intervals.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.7))
    x = np.arange(len(names))
    for shift, rates, color, label in (
        (-0.1, known, BLUE, "la red la conocía"),
        (+0.1, new, ORANGE, "nunca la había visto"),
    ):
        _rates(axes, x + shift, zip(np.round(rates * n), n), color).set_label(label)
    axes.set_xticks(x, names)
    axes.set_ylabel("exactitud")
    known, new = (percent(np.mean(values)) for values in (known, new))
    axes.set_title(f"Conocidas: {known} en promedio; nunca vistas: {new}")
    figure.legend(loc="outside lower left", ncols=2)
    return figure


@_figure
def people_curve(counts, right, n, n_images):
    """Plot accuracy on strangers against how many people the ``n_images`` training images show.

    ``right``: of ``n`` images of strangers, how many were judged well; one per count.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    _rates(axes, counts, [(r, n) for r in right], BLUE)
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, counts)
    axes.set(
        xlabel=f"personas en las {n_images} imágenes de entrenamiento",
        ylabel="exactitud con desconocidas",
    )
    first, last = (percent(right[i] / n, 0) for i in (0, -1))
    axes.set_title(f"Con {counts[0]} personas, {first}; con {counts[-1]}, {last}")
    return figure


@_figure
def last_bit(pairs, every):
    """Plot how far two runs drift apart: ``pairs`` is name → the costs of both, one per ``every``."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.5))
    final = []
    for (name, (costs, moved)), color in zip(pairs.items(), (BLUE, ORANGE)):
        apart = np.maximum(np.abs(np.subtract(costs, moved)), 1e-17)
        final.append(f"{apart[-1]:.0e} ({name})")
        iterations = every * np.arange(len(apart))
        axes.semilogy(iterations, apart, "o-", color=color, markersize=5, label=name)
    axes.set(xlabel="iteración", ylabel="diferencia entre los costos")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:.0e}")
    axes.set_title(f"Al final difieren en {' y '.join(final)}")
    figure.legend(loc="outside lower left", ncols=2)
    return figure


# -- What several figures share --------------------------------------------------------------------

PERCENT = PercentFormatter(1, decimals=1, symbol=" %")
ACTIVATION_NAMES = {
    "linear": "lineal",
    "relu": "ReLU",
    "leaky_relu": "ReLU con fuga",
    "sigmoid": "sigmoide",
}


def _title(figure, text, color="black"):
    figure.suptitle(text, fontsize=12, fontweight="bold", x=0.01, ha="left", color=color)


def _pictures(grid, images):
    """Show an image in each axes of ``grid``, as far as there are any."""
    for axes in grid:
        axes.axis("off")
    for axes, image in zip(grid, images):
        axes.imshow(image)


def _frame(corner, width, height):
    return Rectangle(corner, width, height, fill=False, edgecolor=VERMILION, linewidth=2)


def _rates(axes, xs, counts, color):
    """Plot proportions, from pairs (successes, n), with their 95 % intervals."""
    counts = list(counts)
    rates = np.array([successes / n for successes, n in counts])
    margins = np.abs(np.array([wilson_interval(*pair) for pair in counts]).T - rates)
    axes.yaxis.set_major_formatter(PERCENT)
    return axes.errorbar(xs, rates, margins, fmt="o", color=color, markersize=8, capsize=4)
