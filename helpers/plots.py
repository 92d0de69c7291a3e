"""Every figure of the notebook: takes results, returns the matplotlib Figure, its title in Spanish.

Of its own a figure computes no more than the means, the 95 % intervals and the words that it shows.
No text is below 10 points, in either of its widths (helpers.canvas).
"""

import textwrap

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import ConnectionPatch, Polygon, Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator

from helpers.canvas import NARROW, WIDTH, Figure, drawing, either, panel, panels
from helpers.evaluation import percent, wilson_interval

# One colour, one meaning, in every figure. Okabe & Ito (2008): told apart by colour-blind readers too.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#7A7A7A"
ERROR = "#A0246E"  # what is wrong or has failed
CLASS_COLORS = (BLUE, ORANGE)  # class 0, class 1, and what pushes towards each
CLASS_INKS = (BLUE, "#946200")  # as text: the orange is pale on white
NETWORK, SHALLOW, LOGISTIC = "#5B3A8C", "#A98BCB", "#4D4D4D"  # four layers, two, one
TOWARDS = LinearSegmentedColormap.from_list(  # of few colours: noise makes a heavy file
    "towards", ["#00436B", BLUE, "white", ORANGE, "#8A5A00"], 17
)


@drawing
def image_to_vector(image):
    """Show how ``image`` (h, w, 3) uint8 becomes a column: its pixels, their channels, x / 255."""
    h, w, _ = image.shape
    top, left = 11 * h // 16, 7 * w // 16  # in a portrait, the mouth
    patch, first = image[top : top + 3, left : left + 4], 3 * (top * w + left)
    figure, (photo, zoom, column) = panels([1.1, 1.5, 1.0], 3.3, [2.2, 2.9, 2.9])
    _pictures([photo, zoom, column], [image, patch])
    photo.add_patch(Rectangle((left - 0.5, top - 0.5), 4, 3, fill=False, edgecolor="black", lw=2))
    photo.set_title(f"{w} × {h} píxeles")
    for row, col in np.ndindex(patch.shape[:2]):
        r, g, b = (int(v) for v in patch[row, col])
        ink = "black" if r + g + b > 380 else "white"
        zoom.text(col, row, f"R {r}\nG {g}\nB {b}", color=ink, ha="center", va="center", size=10)
    zoom.set_title("3 números, 0 a 255", loc=either("left", "center"))
    shown = np.ravel(image)[first : first + 9] / 255
    for i, value in enumerate(shown):
        letter, color = (("R", "#C22A1A"), ("G", "#0B7A33"), ("B", "#0B4DBF"))[i % 3]
        ink = "black" if value > 0.35 else "white"
        column.add_patch(Rectangle((0, -i), 1, -1, fc=str(0.25 + 0.75 * value), ec="white"))
        column.text(-0.15, -i - 0.5, letter, color=color, ha="right", va="center")
        column.text(0.5, -i - 0.5, f"{value:.3f}", color=ink, ha="center", va="center")
        column.text(1.1, -i - 0.5, f"$x_{{{first + i + 1}}}$", va="center", fontsize=14)
    for y in (0.4, -len(shown) - 0.5):
        column.text(0.5, y, "⋮", ha="center", va="center", fontsize=16)
    column.set(xlim=(-0.6, 2.1), ylim=(-len(shown) - 1.0, 0.9), title=f"{image.size:,} de 0 a 1")
    # From the side of the patch that looks at what is seen of it from near: right, or below.
    for x, y in either([(3.5, -0.5), (3.5, 2.5)], [(-0.5, 2.5), (3.5, 2.5)]):
        ends = (left + x, top + y), either((-0.5, y), (x, -0.5))
        figure.add_artist(ConnectionPatch(*ends, photo.transData, zoom.transData, color="black"))
    return figure, None


@drawing
def cost_steps(costs, learning_rate, published=None):
    """Plot ``costs`` (n,), one for each step, and from near the most restless 60 of them.

    ``published``: costs of another run, one for each 100 steps, where given.
    """
    figure, (whole, near) = panels([1.7, 1], 3.6, [3.2, 2.6])
    rises, zoom = np.diff(costs) > 0, 60
    first = int(np.convolve(np.abs(np.diff(costs, 2)), np.ones(zoom), "valid").argmax())
    seen = slice(first, first + zoom)
    whole.plot(costs, color=NETWORK, linewidth=1, label=f"α = {learning_rate:g}, cada paso")
    whole.axvspan(first, first + zoom, color=GREY, alpha=0.35, label="lo que se ve de cerca")
    if published is not None:
        at = 100 * np.arange(len(published))
        whole.plot(at, published, ".", color="black", label="publicado")
    whole.set(xlabel="paso", ylabel="costo J (entropía cruzada)", ylim=(0, 1.1 * np.nanmax(costs)))
    whole.xaxis.set_major_formatter("{x:,.0f}")
    figure.legend(loc="outside lower left", ncols=either(3, 1))
    near.plot(np.arange(len(costs))[seen], costs[seen], ".-", color=NETWORK, linewidth=1)
    near.set(xlabel="paso")
    near.locator_params(nbins=4)
    near.set_title(f"{zoom} pasos de cerca", fontweight="normal")
    if not np.isfinite(costs[-1]):
        return figure, "El costo se desbordó: la tasa de aprendizaje es demasiado grande"
    often = f"el costo sube en {rises.sum():,} de {len(rises):,} pasos"
    digits = ".2f" if costs[-1] > 0.01 else ".1g"  # never 0.00
    return figure, f"De {costs[0]:.2f} a {costs[-1]:{digits}}… pero {often}"


@drawing
def learning(moments, weights, answers, Y, classes):
    """Watch a network learn, a column per moment: its first layer above, its answers below.

    For each of ``moments``, numbers of steps: ``weights``, (units, h, w) as from ``inspection.look``,
    and ``answers``, (1, m) probabilities of the images whose labels are ``Y`` (1, m).
    """
    units = len(weights[0])
    height, ratios = either(1.35, 0.7) * units + 2.1, [1] * units + [1.1]
    figure, grid = panel(height, units + 1, len(moments), height_ratios=ratios)
    for column, moment, learnt, AL in zip(grid.T, moments, weights, answers):
        column[0].set_title(f"{moment:,}{either(' ', chr(10))}pasos", fontweight="normal")
        for axes, unit in zip(column, learnt):
            limit = np.quantile(np.abs(unit), 0.995)
            axes.imshow(unit, cmap=TOWARDS, vmin=-limit, vmax=limit)
            axes.axis("off")
        for label, color in enumerate(CLASS_COLORS):
            column[-1].hist(AL[label == Y], np.linspace(0, 1, 11), color=color, alpha=0.7)
        column[-1].set(xticks=[0, 1], yticks=[], xlabel="ŷ")
        column[-1].grid(False)
    handles = [Rectangle((0, 0), 1, 1, color=color, alpha=0.7) for color in CLASS_COLORS]
    figure.legend(handles, classes, loc="outside lower left", ncols=2)
    first, last = (percent(np.mean((answers[i] > 0.5) == Y), 0) for i in (0, -1))
    return figure, f"La red aprende: de {first} a {last} de aciertos"


@drawing
def scores(rows, matrix, classes):
    """Compare accuracies, ``rows`` name → (right, n); ``matrix``: (2, 2) counts, a row a true class."""
    figure, (forest, table) = panels([1.5, 1], 3.4, [0.5 * len(rows) + 0.9, 2.8])
    _forest(forest, rows, [GREY, *[NETWORK] * (len(rows) - 2), LOGISTIC])  # studied, tested, rival
    table.imshow(matrix, cmap="Purples", vmin=0, vmax=1.3 * matrix.max())
    for (row, col), count in np.ndenumerate(matrix):
        ink = "white" if count > 0.7 * matrix.max() else "black" if row == col else ERROR
        table.text(col, row, f"{count}", ha="center", va="center", fontsize=20, color=ink)
    table.set_xticks([0, 1], classes)
    table.set_yticks([0, 1], classes, rotation=90, va="center")
    table.set(xlabel="lo que dice la red", ylabel="lo que es", frame_on=False)
    table.grid(False)
    table.tick_params(length=0)
    wrong = matrix.sum() - matrix.trace()
    return figure, f"En prueba se equivoca en {wrong} de {matrix.sum()} imágenes"


@drawing
def ranking(rows, chosen):
    """Compare accuracies: ``rows`` name → (right, n); ``chosen``: the name of the one in green."""
    figure, axes = panel(0.55 * len(rows) + 1.2)
    _forest(axes, rows, [GREEN if name == chosen else NETWORK for name in rows])
    return figure, f"La mejor en validación cruzada: {chosen}"


@drawing
def units(activity, answers, Y, classes):
    """Show an ``inspection.Activity``, and the ``answers`` (1, m) by the labels ``Y`` (1, m)."""
    figure, (lights, piles) = panels([1.2, 1], 3.5, [0.95 * len(activity.on), 2.8])
    for row, on in enumerate(activity.on):
        xs, y, size = np.linspace(0, 1, len(on) + 2)[1:-1], np.full(len(on), -row), either(190, 130)
        lights.scatter(xs, y, size, c=on, cmap="Purples", vmin=0, vmax=1, edgecolors=GREY)
        dead = on == 0
        lights.plot(xs[dead], y[dead], "x", color=ERROR, markersize=9)
        text = f"capa {row + 1}: viven {np.sum(~dead)} de {len(on)}"
        lights.text(0.03, -row + 0.36, text, fontsize=10)
    lights.set(xlim=(0, 1), ylim=(-len(activity.on) + 0.6, 0.75))
    lights.axis("off")
    meaning = textwrap.fill("Más oscura, más veces encendida; ×: nunca", either(80, 33))
    lights.set_title(meaning, fontweight="normal", fontsize=10)
    for_each, bins = [answers[label == Y] for label in (0, 1)], np.linspace(0, 1, 21)
    piles.hist(for_each, bins, stacked=True, color=list(CLASS_COLORS), label=classes)
    if activity.n_pile > 2:
        text = f"{activity.n_pile} con ŷ = {activity.pile:.4f}"
        at = activity.pile, activity.n_pile
        arrow = {"textcoords": "axes fraction", "arrowprops": {"arrowstyle": "->"}}
        piles.annotate(text, at, (0.32, 0.72), **arrow)
    piles.set(xlabel="ŷ", ylabel="imágenes de prueba")
    piles.legend(loc="upper center")
    return figure, f"{activity.n_pile} de {np.size(Y)} imágenes reciben la misma respuesta"


@drawing
def layers(rights, n, example):
    """Compare networks of several depths on a set half in negative; beside, why one layer can't.

    ``rights``: label → (seeds,) right answers of ``n``, one layer first; ``example``: an image
    (h, w, 3) as it is, and a negative, above the bars.
    """
    figure, (toy, axes) = panels([1, 1.7], 4.1, [3.6, 4.1])
    x, colors = np.linspace(-1.5, 1.5, 301), (LOGISTIC, SHALLOW, "#8262AB", NETWORK)
    toy.plot(x, 0.42 + 0.3 * np.tanh(x), color=LOGISTIC, label="una capa: sube o baja")
    toy.plot(x, np.minimum(np.abs(x), 1.2) / 1.1, color=SHALLOW, label="con una oculta: |x|")
    for at, label, words in ((-1, 1, "sonrisa en\nnegativo"), (0, 0, "seria"), (1, 1, "sonrisa")):
        toy.plot(at, label, "o", color=CLASS_COLORS[label], markersize=12, zorder=3)
        toy.text(at, label + (0.12 if label else -0.13), words, ha="center",
                 va="bottom" if label else "top", color=CLASS_INKS[label], fontsize=10)  # fmt: skip
    toy.set(xlim=(-1.7, 1.7), ylim=(-0.4, 1.5), xticks=[-1, 0, 1], yticks=[0, 1])
    toy.set(xlabel="la boca: más oscura o más clara", ylabel="debe decir")
    toy.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2))
    means = [np.mean(of) / n for of in rights.values()]
    axes.bar(list(rights), means, color=colors)
    for place, (mean, of) in enumerate(zip(means, rights.values())):
        axes.plot(np.full(len(of), place), np.divide(of, n), "_", color="black", markersize=14)
        axes.text(place, 0.04, percent(mean, 0), ha="center", color="white", weight="bold")
    axes.axhline(0.5, color=GREY, linestyle="--", label="echar un volado")
    for place, image in zip((0.5, 2.5), example):
        inset = axes.inset_axes((place - 0.4, 1.03, 0.8, 0.28), transform=axes.transData)
        _pictures([inset], [image])
    axes.set(ylim=(0, 1.32), ylabel="exactitud en prueba", **HALVES)
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.1))
    none, some = percent(means[0], 0), percent(min(means[1:]), 0)
    return figure, f"Con negativos: sin capas ocultas, {none}; con ellas, {some} o más"


@drawing
def gallery(images, Y, probabilities, classes, title):
    """Show ``images`` (m, h, w, 3) in a green frame where the network is right, else in a purple one.

    ``Y`` and ``probabilities`` (m,): labels and probabilities of class 1.
    """
    columns = either(4, 3)
    rows = max(1, -(-len(images) // columns))
    figure, grid = panel(either(2.4, 1.9) * rows + 0.4, rows, columns, squeeze=False)
    _pictures(grid.ravel(), images)
    for axes, y, p in zip(grid.ravel(), Y, probabilities):
        says = int(p > 0.5)
        axes.axis("on")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=GREEN if says == y else ERROR, linewidth=3)
        words = f"es: {classes[y]}\ndice: {classes[says]}\nŷ = {p:.2f}"
        axes.set_title(words, fontsize=either(11, 10), fontweight="normal")
    return figure, title


def print_mislabeled_images(classes, X, y, p):
    """Return the course's figure: the images in the columns of ``X`` (n_0, m) that ``p`` gets wrong.

    ``classes``: their two names, text or bytes; ``y`` and ``p``: (1, m) labels and predictions.
    """
    wrong = np.flatnonzero(np.ravel(y) != np.ravel(p))
    side = int(np.sqrt(len(X) / 3))
    images = np.rint(255 * X[:, wrong]).astype(np.uint8).T.reshape(-1, side, side, 3)
    names = [c.decode("utf-8") if isinstance(c, bytes) else str(c) for c in classes]
    labels, said = (np.ravel(of)[wrong].astype(int) for of in (y, p))
    return gallery(images, labels, said, names, f"Errores: {len(wrong)} de {np.size(y)} imágenes")


@drawing
def error_groups(groups, classes):
    """Plot the error rate of each ``evaluation.Group``, the highest first, with 95 % intervals."""
    figure, axes = panel(either(0.36, 0.5) * len(groups) + 1.5)
    rows = {f"{of.name} ({of.errors}\xa0de\xa0{of.n})": (of.errors, of.n) for of in groups}
    colors = [GREY if of.label is None else CLASS_COLORS[of.label] for of in groups]
    _forest(axes, rows, colors, digits=False)
    axes.set(ylim=(0.6 - len(rows), 0.6), xlim=(-1, None), xlabel="imágenes mal clasificadas")
    if set(colors) != {GREY}:
        for color, name in zip(CLASS_COLORS, classes):
            axes.plot([], [], "o", color=color, label=name)
        figure.legend(loc="outside lower left", ncols=2)
    first, last = (percent(of.errors / of.n, 0) for of in (groups[0], groups[-1]))
    return figure, f"«{groups[0].name}»: se equivoca en {first}; «{groups[-1].name}»: {last}"


@drawing
def fragility(example, rights, n, headline):
    """Show the accuracy on altered images: ``example`` name → (h, w, 3), ``rights`` name → right of n.

    ``headline``: the name of the alteration that the title tells.
    """
    names = list(rights)
    columns = either(len(names), 4)
    bands = -(-len(names) // columns)
    options = {"height_ratios": [1, 1.7] * bands, "sharey": "row"}
    figure, grid = panel(either(3.9, 3) * bands, 2 * bands, columns, **options)
    _pictures(grid[::2].ravel(), [example[name] for name in names])
    for axes in grid[1::2].ravel()[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(grid[1::2].ravel(), names):
        rate = rights[name] / n
        axes.bar(0, rate, color=GREY if name == names[0] else NETWORK)
        axes.text(0, rate + 0.03, percent(rate, 0), ha="center", fontweight="bold")
        axes.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
        axes.set(xticks=[], xlim=(-0.7, 0.7), ylim=(0, 1.15), **HALVES)
        axes.set_xlabel(textwrap.fill(name, either(11, 9)), fontsize=either(11, 10))
    before, after = (percent(rights[name] / n, 0) for name in (names[0], headline))
    return figure, f"La misma red, las mismas caras: {headline}, de {before} a {after}"


@drawing
def hyperparameters(studies, scores, chosen, published=None):
    """Plot cross-validated accuracy along several hyperparameters, a panel each.

    ``studies``: name of the field → list of recipes; ``scores``: recipe → ``studies.Scores``;
    ``chosen``: the recipe in use; ``published``: field → value as text → (train, test) accuracy.
    """
    figure, grid = panel(either(5.6, 8), *either((2, 2), (4, 1)), sharey=True)
    winner = max(scores, key=lambda recipe: scores[recipe].accuracy)
    floor = 100 * scores[winner].accuracy - 16
    for axes, (field, recipes) in zip(grid.ravel(), studies.items()):
        for i, recipe in enumerate(recipes):
            score = scores[recipe]
            color = ERROR if score.diverged else GREEN if recipe == chosen else NETWORK
            if 100 * score.accuracy < floor:
                sign = "X" if score.diverged else "v"
                axes.plot(i, floor, sign, color=color, markersize=9, clip_on=False)
                axes.text(i, floor + 1, percent(score.accuracy, 0), ha="center", color=color)
            else:
                _rate(axes, i, score.right.sum(), len(score.right), color)
            value = getattr(recipe, field)
            key = f"{len(value) + 1}" if field == "hidden" else f"{value}"
            if key in (published or {}).get(field, ()):
                axes.plot(i + 0.2, 100 * published[field][key][1], "D", color=GREY)
        axes.set_xticks(range(len(recipes)), [_setting(field, recipe) for recipe in recipes])
        axes.set_xlim(-0.5, len(recipes) - 0.5)
        axes.set_title(FIELDS[field], fontweight="normal")
    axes.set_ylim(bottom=floor - 1)
    marks = [("o", GREEN, "la receta en uso"), ("o", NETWORK, "otros valores")]
    marks += [("X", ERROR, "no convergió"), ("D", GREY, "publicado en Happy House")]
    for mark, color, label in marks if published else marks[:3]:
        axes.plot([], [], mark, color=color, label=label)
    figure.legend(loc="outside lower left", ncols=either(2 if published else 3, 1))
    lead = scores[winner].right.sum() - scores[chosen].right.sum()
    if not lead:
        return figure, "Nada de lo que se probó gana a la receta en uso"
    changed = next(field for field, recipes in studies.items() if winner in recipes)
    what = f"{FIELDS[changed]}, {_setting(changed, winner)}".partition("\n")[0]
    return figure, f"Lo mejor ({what}) gana por {lead} de {len(scores[chosen].right)} imágenes"


@drawing
def seeds(costs, rights, piles, n, named):
    """Plot, by seed, the last of the training's ``costs``, the ``rights`` of ``n`` test images, ``piles``.

    These are training images with one and the same answer. ``named``: seeds to be pointed at.
    """
    figure, axes = panel(3.8)
    xs, ys, dead = (list(of.values()) for of in (costs, rights, piles))
    dots = axes.scatter(xs, ys, 60, c=dead, cmap="Purples", edgecolors=GREY)
    figure.colorbar(dots, label="respuestas idénticas", pad=0.02)
    for seed in named:
        place, line = (costs[seed], rights[seed]), {"arrowprops": {"arrowstyle": "-"}}
        text = {"ha": "center", "weight": "bold", "textcoords": "offset points"}
        axes.annotate(f"semilla {seed}", place, (0, -26), **text, **line)
    axes.set(xscale="log", xlabel="último costo, en entrenamiento")
    axes.set_ylabel(f"aciertos en prueba, de {n:,}")
    axes.margins(either(0.1, 0.25), 0.25)
    axes.xaxis.set_major_locator(LogLocator(subs=either((1, 2, 5), (1,))))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    n_seeds, low, high = len(xs), min(ys), max(ys)
    return figure, f"{n_seeds} semillas, la misma receta: de {low} a {high} aciertos de {n:,}"


def says(probability, classes):
    """Return the verdict and the probability in words: what is neither is doubt, nothing is sure."""
    value = f"= {probability:.2f}" if 0.01 <= probability <= 0.99 else "> 0.99"
    value = "< 0.01" if probability < 0.01 else value
    word = "dudosa" if 0.3 <= probability <= 0.7 else classes[int(probability > 0.5)]
    return word, f"(ŷ {value})"


@drawing
def photo_verdicts(verdict, classes):
    """Frame and number the faces of ``verdict.photo``, and show how the network came to its answers.

    ``verdict``: a ``verdict.Verdict``. A row a face: itself, what the networks are given, what moved
    the answer (orange towards class 1, blue towards class 0), the probability.
    """
    photo, (h, w), n = verdict.photo, verdict.photo.shape[:2], len(verdict.seen)
    words = [says(p, classes) for p in verdict.probabilities]
    colors = [GREY if word == "dudosa" else CLASS_COLORS[word == classes[1]] for word, _ in words]
    shown = len(verdict.given)
    width, one_wide = either(WIDTH, NARROW), either(n == 1, False)
    heights = [min(width * h / w, 4.6), 0.3 + either(1.4, 2.1) * shown]
    figure = Figure(width, 2.9 if one_wide else sum(heights))
    ratios = {"width_ratios": [1, 1.4]} if one_wide else {"height_ratios": heights}
    above, below = figure.subfigures(*((1, 2) if one_wide else (2, 1)), **ratios)
    if either(one_wide, True):  # the bar over the pictures
        parts = np.ravel(below.subfigures(shown, 1))
        mosaics = [part.subplot_mosaic("ppp;sgr", height_ratios=[1, 1.25]) for part in parts]
        rows = [[mosaic[name] for name in "sgrp"] for mosaic in mosaics]
    else:
        rows = below.subplots(shown, 4, squeeze=False, width_ratios=[1, 1, 1, 1.9])
    for i, (*pictures, bar) in enumerate(rows):
        seen, given, reasons = verdict.seen[i], verdict.given[i], verdict.reasons[i]
        _pictures(pictures, [seen, given, np.uint8(0.4 * seen + 130)])
        tint = np.where(reasons[..., None] > 0, *map(to_rgb, CLASS_COLORS[::-1]))
        pictures[2].imshow(np.dstack([tint, np.abs(reasons) / max(np.abs(reasons).max(), 0.5)]))
        _bar(bar, verdict.probabilities[i], colors[i], classes)
        bar.text(0, 1, f"{i + 1}: " * (n > 1) + " ".join(words[i]), fontsize=14, fontweight="bold")
    for axes, title in zip(rows[0], ("la cara", "lo que recibe", "en qué se fijó")):
        axes.set_title(textwrap.fill(title, either(20, 9)), fontweight="normal")

    whole = above.subplots()
    _pictures([whole], [photo])
    for number, (corners, color) in enumerate(zip(verdict.frames, colors), start=1):
        for ink, width in (("white", 4), (color, 2)):
            whole.add_patch(Polygon(corners, fill=False, edgecolor=ink, linewidth=width))
        if n > 1 and number <= shown:
            x, y = np.clip(corners.min(axis=0), 0, [w, h])
            box = {"facecolor": color, "edgecolor": "none", "pad": 1.5}
            whole.text(x, y, f"{number}", color="white", fontsize=13, va="top", bbox=box)
    whole.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))  # a frame may reach over the rim
    return figure, None


def _bar(axes, probability, color, classes):
    """Draw a probability as a bar from class 0 to class 1, the doubt between them shaded."""
    axes.add_patch(Rectangle((0, 0), 1, 0.7, color="#EEEEEE"))
    axes.add_patch(Rectangle((0.3, 0), 0.4, 0.7, color="#D5D5D5"))
    axes.add_patch(Rectangle((0, 0.12), probability, 0.46, color=color))
    names, inks = (classes[0], "duda", classes[1]), (CLASS_INKS[0], "#555555", CLASS_INKS[1])
    for x, name, ink, ha in zip((0, 0.5, 1), names, inks, ("left", "center", "right")):
        axes.text(x, -0.1, name, color=ink, ha=ha, va="top", fontsize=12)
    axes.set(xlim=(0, 1), ylim=(-0.7, 1.6))
    axes.axis("off")


FIELDS = {"learning_rate": "tasa de aprendizaje", "num_iterations": "iteraciones"}
FIELDS |= {"hidden": "capas", "hidden_activation": "activación de las capas ocultas"}
HALVES = {"yticks": [0, 0.5, 1], "yticklabels": ["0 %", "50 %", "100 %"]}
ACTIVATION_NAMES = {"linear": "lineal", "relu": "ReLU", "leaky_relu": "ReLU con fuga"}
ACTIVATION_NAMES |= {"sigmoid": "sigmoide"}


def _pictures(grid, images):
    """Show each of ``images`` in one of the axes of ``grid``, and no scales in any of them."""
    for axes in grid:
        axes.axis("off")
    for axes, image in zip(grid, images):
        axes.imshow(image)


def _setting(field, recipe):
    value = getattr(recipe, field)
    if field == "hidden":
        return f"{len(value) + 1}\n{'-'.join(map(str, value)) or 'logística'}"
    return f"{value:,}" if isinstance(value, int) else ACTIVATION_NAMES.get(value, f"{value}")


def _forest(axes, rows, colors, digits=True):
    """Plot an accuracy below the other, from name → (right, n), with their 95 % intervals."""
    for i, ((k, n), color) in enumerate(zip(rows.values(), colors)):
        _rate(axes, -i, k, n, color, horizontal=True)
        if digits:
            axes.text(100 * k / n, -i + 0.18, percent(k / n), ha="center", color=color, fontsize=10)
    names = [textwrap.fill(name, either(80, 20)) for name in rows]
    axes.set_yticks(-np.arange(len(rows)), names)
    axes.set(ylim=(0.6 - len(rows), 0.7), xlabel="exactitud")


def _rate(axes, position, k, n, color, horizontal=False):
    """Plot a proportion, ``k`` of ``n``, in percent, with its 95 % interval."""
    rate = 100 * k / n
    margins = np.abs(100 * np.array(wilson_interval(k, n)) - rate)[:, np.newaxis]
    axis = axes.xaxis if horizontal else axes.yaxis
    axis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))  # of 150, one is 0.67 %
    axis.set_major_formatter(lambda place, _: f"{place:.4g} %")
    x, y, which = (rate, position, "xerr") if horizontal else (position, rate, "yerr")
    axes.errorbar(x, y, **{which: margins}, fmt="o", color=color, markersize=7, capsize=4)
