"""The figures: each says in its title what was passed in, and is shown once, whatever the settings."""

import io
import itertools
import os
import subprocess
import sys

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib._pylab_helpers import Gcf
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Polygon
from PIL import Image

from helpers import plots, studies
from helpers.data import flatten
from helpers.evaluation import Group, wilson_interval
from helpers.files import PROJECT
from helpers.inspection import Activity
from helpers.model import Recipe
from helpers.verdict import Verdict

CLASSES = ["no sonríe", "sonríe"]
IMAGES = np.random.RandomState(0).randint(0, 256, (14, 64, 64, 3), dtype=np.uint8)
Y = np.arange(14).reshape(1, -1) % 2
ROWS = {"entrenamiento": (600, 600), "prueba": (141, 150), "logística": (138, 150)}
MATRIX = np.array([[60, 6], [3, 81]])


def texts(figure):
    """What a figure says, once it is known to be legible."""
    figure.draw_without_rendering()  # a figure that can't be drawn fails here
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip()]
    assert min((text.get_fontsize() for text in shown), default=10) >= 10
    whole = figure.get_tightbbox()
    assert whole.x1 <= figure.get_figwidth() + 0.06 and whole.x0 >= -0.06, "it is cut at the side"
    title = figure.get_suptitle()  # where it is broken does not matter
    return "\n".join(t.get_text() for t in shown).replace(title, " ".join(title.split()))


@pytest.fixture(autouse=True, params=["", "1"], ids=["wide", "narrow"])
def narrow(request, monkeypatch):
    """Each figure in its form for the notebook, and in that for a phone."""
    monkeypatch.setenv("SMILE_NARROW", request.param)


wide = pytest.mark.parametrize("narrow", [""], indirect=True, ids=["wide"])


def test_image_to_vector_shows_the_pixels_own_numbers():
    said = texts(plots.image_to_vector(IMAGES[0]))
    assert "R {}\nG {}\nB {}".format(*IMAGES[0, 46, 31]) in said
    first = 3 * (44 * 64 + 28)  # of the patch's first pixel, counted from 0
    assert f"$x_{{{first + 2}}}$" in said and "12,288" in said
    assert f"{flatten(IMAGES)[first + 1, 0]:.3f}" in said


@pytest.mark.parametrize("published", [None, [0.72, 0.3]])
def test_cost_steps_count_the_steps_that_rose(published):
    costs = np.linspace(0.72, 0.09, 150)
    costs[60:80:2] += 0.1  # each is above the one before it
    figure = plots.cost_steps(costs, 0.0075, published)
    assert "De 0.72 a 0.09… pero el costo sube en 10 de 149 pasos" in texts(figure)
    assert len(figure.axes[0].lines) == (1 if published is None else 2)
    first, last = figure.axes[1].lines[0].get_xdata()[[0, -1]]
    assert first <= 60 and last >= 78  # where it zigzags


@pytest.mark.parametrize("last, says", [(0.0049, "De 0.72 a 0.005… pero"), (np.nan, "se desbordó")])
def test_cost_steps_say_where_they_end_be_it_near_nothing_or_nowhere(last, says):
    assert says in texts(plots.cost_steps(np.append(np.linspace(0.72, 0.09, 150), last), 0.0075))


def test_learning_has_a_column_per_moment_and_counts_what_is_right():
    weights = np.random.RandomState(0).randn(3, 4, 8, 8)
    answers = [np.full((1, 14), 0.4), np.full((1, 14), 0.6), np.where(Y, 0.9, 0.1)]
    figure = plots.learning([0, 50, 2700], weights, answers, Y, CLASSES)
    said = texts(figure)
    assert "de 50 % a 100 % de aciertos" in said and "2,700" in said
    assert sum(len(axes.images) for axes in figure.axes) == 12
    heights = [patch.get_height() for patch in figure.axes[14].patches]
    assert sum(heights) == 14  # the last moment's answers, all of them


def test_scores_and_ranking_name_each_row():
    said = texts(plots.scores(ROWS, MATRIX, CLASSES))
    assert "se equivoca en 9 de 150 imágenes" in said
    assert "94.0 %" in said and "92.0 %" in said and "logística" in said
    said = texts(figure := plots.ranking(ROWS, "prueba"))
    assert "La mejor en validación cruzada: prueba" in said and "94.0 %" in said
    ends = figure.axes[0].collections[1].get_segments()[0][:, 0]  # of the second row's interval
    np.testing.assert_allclose(ends, 100 * np.array(wilson_interval(141, 150)))


@pytest.mark.parametrize("rights", [(412, 430), (0, 450)])
def test_ticks_say_where_they_stand_and_are_no_finer_than_a_percent(rights):
    """92.5 % was once told as 92 %."""
    figure = plots.ranking({"una": (rights[0], 450), "otra": (rights[1], 450)}, "otra")
    figure.canvas.draw()
    axis = figure.axes[0].xaxis
    told = [float(label.get_text().removesuffix(" %")) for label in axis.get_majorticklabels()]
    np.testing.assert_allclose(told, axis.get_majorticklocs(), rtol=0, atol=1e-9)
    low, high = axis.get_view_interval()
    assert 1 <= sum(low <= value <= high for value in told) < 8
    assert not any(value % 1 for value in told)


def test_units_say_which_live_and_how_many_answers_are_equal():
    activity = Activity([np.array([0.0, 0.5, 1.0]), np.array([0.2, 0.0])], 0.1102, 9)
    said = texts(plots.units(activity, np.full((1, 14), 0.1102), Y, CLASSES))
    assert "9 de 14 imágenes reciben la misma respuesta" in said
    assert "capa 1: viven 2 de 3" in said and "capa 2: viven 1 de 2" in said
    assert "9 con ŷ = 0.1102" in said


def test_layers_compare_each_depth():
    rights = {"logística": [75], "20": [132, 138], "20-7": [150], "20-7-5": [141]}
    said = texts(plots.layers(rights, 150, IMAGES[:2]))
    assert "Con negativos: sin capas ocultas, 50 %; con ellas, 90 % o más" in said
    assert "sonrisa en\nnegativo" in said and "100 %" in said


def test_error_groups_are_named_and_counted():
    groups = [("bostezando", 20, 5, 0), ("risa", 100, 3, 1), ("de lado", 50, 1, None)]
    figure = plots.error_groups([Group(*group) for group in groups], CLASSES)
    said = texts(figure)
    assert "«bostezando»: se equivoca en 25 %; «de lado»: 2 %" in said
    assert "risa (3\xa0de\xa0100)" in said
    rows = [line.get_color() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert rows[:3] == [*plots.CLASS_COLORS, plots.GREY]


def test_fragility_tells_the_headline_it_is_given():
    example = {"como son": IMAGES[0], "al revés": IMAGES[1], "de lado": IMAGES[2]}
    rights = {"como son": 144, "al revés": 6, "de lado": 75}
    said = texts(plots.fragility(example, rights, 150, "de lado"))
    assert "de lado, de 96 % a 50 %" in said and "4 %" in said


def test_seeds_are_placed_by_their_last_cost():
    costs, piles = {1: 0.06, 2: 0.02, 3: 0.03}, {1: 40, 2: 2, 3: 1}
    rights = {1: 138, 2: 145, 3: 144}
    said = texts(plots.seeds(costs, rights, piles, 150, named={1, 2}))
    assert "3 semillas, la misma receta: de 138 a 145 aciertos de 150" in said
    assert "semilla 1" in said and "semilla 3" not in said
    figure = plots.seeds(costs, {1: 146, 2: 147, 3: 146}, piles, 150, named=())
    figure.canvas.draw()
    ticks = figure.axes[0].get_yticks()
    assert len(ticks) and not (ticks % 1).any()  # there are no images between 146 and 147


def test_the_courses_mislabeled_images_are_those_that_are_wrong():
    X, p = flatten(IMAGES), Y.copy()
    p[0, ::3] = 1 - p[0, ::3]
    figure = plots.print_mislabeled_images(np.array([b"non-cat", b"cat"]), X, Y, p)
    said = texts(figure)
    assert "Errores: 5 de 14 imágenes" in said and said.count("dice: ") == 5
    assert said.count("es: non-cat\ndice: cat") == 3  # 0, 6 and 12
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), IMAGES[12])
    said = texts(plots.print_mislabeled_images(CLASSES, X, Y, Y))
    assert "Errores: 0 de 14 imágenes" in said and "dice: " not in said


def score(right, n=100, diverged=False):
    return studies.Scores(np.zeros(n), np.arange(n) < right, diverged)


def hyper(scores, published=None, **grid):
    grid = studies.grid(Recipe(), **grid)
    recipes = [recipe for values in grid.values() for recipe in values]
    found = dict(zip(recipes, scores))
    return plots.hyperparameters(grid, found, Recipe(), published)


def test_hyperparameters_say_by_how_many_images_the_best_leads():
    scores = [score(95), score(97), score(50, diverged=True), score(96)]
    published = {"learning_rate": {"0.09": [0.5, 0.43]}}
    figure = hyper(scores, published, learning_rate=[0.0075, 0.005, 0.09], hidden=[(7,)])
    said = texts(figure)
    assert "Lo mejor (tasa de aprendizaje, 0.005) gana por 2 de 100 imágenes" in said
    assert "50 %" in said  # too low for the axis
    assert "2\n7" in said and "no convergió" in said and "publicado en Happy House" in said


def test_hyperparameters_among_which_none_is_better_say_so():
    said = texts(hyper([score(95), score(93)], hidden_activation=["relu", "sigmoid"]))
    assert "Nada de lo que se probó gana a la receta en uso" in said and "sigmoide" in said


def verdict_on(n):
    return Verdict(
        photo=np.zeros((300, 400, 3), np.uint8),
        frames=np.array([np.array([(0, 0), (20, 0), (20, 20), (0, 20)]) + 8 * i for i in range(n)]),
        seen=IMAGES[np.arange(n) % 14],
        probabilities=np.linspace(0.1, 0.999, n),
        given=IMAGES[np.arange(min(n, 8)) % 14],
        reasons=np.zeros((min(n, 8), *IMAGES.shape[1:3])),
        note="",
    )


INITIALS = {plots.BLUE: "b", plots.GREY: "g", plots.ORANGE: "o"}


# a network is shown at most 8
@pytest.mark.parametrize("n, colors", [(1, "b"), (2, "bo"), (9, "bbggggoo")])
def test_photo_verdicts_frame_every_face_and_show_its_probability_as_a_bar(n, colors):
    verdict = verdict_on(n)
    figure = plots.photo_verdicts(verdict, CLASSES)
    said = texts(figure)
    (whole,) = [axes for axes in figure.axes if any(type(p) is Polygon for p in axes.patches)]
    assert len(whole.patches) == 2 * n
    numbers = [text.get_text() for text in whole.texts]
    assert numbers == [str(i) for i in range(1, min(n, 8) + 1)][: 0 if n == 1 else 8]
    first, *_ = [line for line in said.splitlines() if "ŷ" in line]
    assert first == "1: " * (n > 1) + "no sonríe (ŷ = 0.10)"
    rows = [axes for axes in figure.axes if any("ŷ" in text.get_text() for text in axes.texts)]
    bars = [axes.patches[2] for axes in rows]
    assert [bar.get_width() for bar in bars] == list(verdict.probabilities[:8])
    assert [INITIALS[to_hex(bar.get_facecolor()).upper()] for bar in bars] == list(colors)


def test_a_probability_is_never_certain_and_in_the_middle_it_is_doubt():
    no, yes = CLASSES
    told = {0.0: (no, "< 0.01"), 0.29: (no, "= 0.29"), 0.3: ("dudosa", "= 0.30")}
    for p, (word, value) in (told | {0.7: ("dudosa", "= 0.70"), 0.9901: (yes, "> 0.99")}).items():
        assert plots.says(p, CLASSES) == (word, f"(ŷ {value})")


DRAW = """
import sys
import matplotlib
from tests.test_plots import NASTY, pixels, some

matplotlib.rcParams.update(NASTY)
before = dict(matplotlib.rcParams)
sys.stdout.buffer.write(pixels(some()).tobytes())
assert dict(matplotlib.rcParams) == before  # ours don't stay with the reader
"""


def some():
    """Figures of text, marks, ticks, images and formulas."""
    return plots.image_to_vector(IMAGES[0]), plots.scores(ROWS, MATRIX, CLASSES)


def pixels(figures):
    """What a reader sees of the figures, by Jupyter's two ways and saved."""
    drawn = []
    for figure in figures:
        figure.savefig(saved := io.BytesIO(), format="png", dpi=50)
        for png in (figure._repr_png_(), print_figure(figure), saved.getvalue()):
            with Image.open(io.BytesIO(png)) as image:
                drawn.append(np.asarray(image.convert("RGBA")).ravel())
    return np.concatenate(drawn)


NASTY = (
    matplotlib.style.library["dark_background"]
    | {"image.origin": "lower", "image.cmap": "jet", "image.interpolation": "bicubic"}
    | {"font.size": 30, "xtick.labelsize": 40, "mathtext.fontset": "cm", "figure.dpi": 33}
    | {"font.family": ["monospace"], "path.sketch": (1, 100, 2), "axes.unicode_minus": False}
    | {"savefig.facecolor": "black", "savefig.transparent": True, "savefig.pad_inches": 2}
    | {"figure.autolayout": True, "savefig.bbox": "tight", "savefig.dpi": 10}
    | {"text.usetex": True}  # which is not installed
)


@wide
def test_the_readers_settings_move_no_pixel_nor_does_a_backend_without_a_screen(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.facecolor: black\nbackend: svg\n")
    env = os.environ | {"MATPLOTLIBRC": str(tmp_path), "MPLBACKEND": "TkAgg"}
    done = subprocess.run([sys.executable, "-c", DRAW], env=env, cwd=PROJECT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == pixels(some()).tobytes()


@wide
def test_jupyter_shows_a_figure_once_and_a_page_shows_it_sharper(monkeypatch):
    figure = plots.scores(ROWS, MATRIX, CLASSES)
    shown, metadata = DisplayFormatter().format(figure)
    assert shown["text/plain"] == "<Figure size 720x340 with 2 Axes>"
    assert shown.keys() == {"text/plain", "image/png"} and not metadata
    assert not Gcf.get_all_fig_managers()  # nothing that a backend would show a second time
    monkeypatch.setenv("SMILE_PAGE", "1")
    sharp, metadata = DisplayFormatter().format(figure)
    sizes = [Image.open(io.BytesIO(png["image/png"])).size for png in (shown, sharp)]
    assert np.abs(np.subtract(sizes[1], np.multiply(2, sizes[0]))).max() <= 2
    assert metadata["image/png"] == {"width": sizes[1][0] // 2, "height": sizes[1][1] // 2}


# Machado, Oliveira & Fernandes (2009), table 1, severity 1, of linear RGB
BLIND = [
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
]  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color):
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB."""
    x, y, z = np.cbrt(TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@wide
def test_an_error_is_told_from_both_classes_and_from_right_and_inks_are_read_on_white():
    for seen, other in itertools.product(BLIND, (plots.BLUE, plots.ORANGE, plots.GREEN)):
        found = [lab(np.array(seen) @ linear(color)) for color in (plots.ERROR, other)]
        assert np.linalg.norm(np.subtract(*found)) > 20, other  # 2.3 is just noticeable
    for ink in (plots.ERROR, *plots.CLASS_INKS, plots.NETWORK):
        assert 1.05 / (TO_XYZ[1] @ linear(ink) + 0.05) >= 4.5  # WCAG 2.2, 1.4.3
