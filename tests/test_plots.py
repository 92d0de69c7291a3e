"""The figures: each says in its title what was passed in, and is shown once."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon

from helpers import plots, studies
from helpers.data import flatten
from helpers.evaluation import Activity, Bin, Cause
from helpers.model import Recipe
from helpers.widgets import Verdict

CLASSES = ["no sonríe", "sonríe"]
IMAGES = np.random.RandomState(0).randint(0, 256, (14, 64, 64, 3), dtype=np.uint8)
Y = np.arange(14).reshape(1, -1) % 2


def texts(figure):
    """What a figure says, once it is known to be legible: on its canvas, in letters large enough."""
    figure.draw_without_rendering()  # a figure that can't be drawn fails here
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip()]
    assert min((text.get_fontsize() for text in shown), default=10) >= 10
    whole = figure.get_tightbbox()
    assert whole.x1 <= figure.get_figwidth() + 0.06 and whole.x0 >= -0.06, "it is cut at the side"
    return "\n".join(text.get_text() for text in shown)


@pytest.fixture(autouse=True)
def _nothing_stays_open():
    yield
    assert not plt.get_fignums(), "Jupyter would show the figure a second time"


def test_image_to_vector_shows_the_pixels_own_numbers():
    image = IMAGES[0]
    said = texts(plots.image_to_vector(image))
    assert "R {}\nG {}\nB {}".format(*image[46, 31]) in said
    first = 3 * (44 * 64 + 28)  # of the patch's first pixel, counted from 0
    assert f"$x_{{{first + 2}}}$" in said
    assert f"{flatten(image[None])[first + 1, 0]:.3f}" in said
    assert "12,288" in said


def test_architecture_counts_units_and_parameters():
    said = texts(plots.architecture([12288, 20, 7, 5, 1], IMAGES[0], 0.73, CLASSES))
    assert "245,973 parámetros" in said  # 12288·20+20 + 20·7+7 + 7·5+5 + 5·1+1
    assert "sonríe\nŷ = 0.73" in said
    assert "20\nReLU\n7\nReLU\n5\nReLU\n1\nsigmoide\n" in said


@pytest.mark.parametrize("m", [0, 1, 6, 14])
def test_gallery_of_any_length(m):
    p = np.linspace(0, 1, 14)
    said = texts(plots.gallery(IMAGES[:m], Y[0, :m], p[:m], CLASSES, "Errores"))
    assert said.count("es: ") == m


def test_choosing_by_test_says_what_it_seems_to_gain():
    accuracies = np.array([[0.90, 0.94], [0.96, 0.94]])
    said = texts(plots.choosing_by_test([1500, 2700], accuracies, 2700))
    assert "Escoger con la prueba: 95.0 %; fijar de antemano: 94.0 %" in said


def test_decision_maps_stand_below_their_images():
    figure = plots.decision_maps(IMAGES[:3], np.zeros((3, 64, 64)), ["a", "b", "c"])
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["a", "b", "c"]
    texts(figure)


@pytest.mark.parametrize("published", [None, [0.72, 0.3]])
def test_cost_steps_count_the_steps_that_rose(published):
    costs = np.linspace(0.72, 0.09, 150)
    costs[60:80:2] += 0.1  # each is above the one before it
    figure = plots.cost_steps(costs, 0.0075, published)
    assert "De 0.72 a 0.09… pero el costo sube en 10 de 149 pasos" in texts(figure)
    assert len(figure.axes[0].lines) == (1 if published is None else 2)
    first, last = figure.axes[1].lines[0].get_xdata()[[0, -1]]
    assert first <= 60 and last >= 78  # where it zigzags


def test_cost_steps_of_a_run_that_overflowed_say_so():
    costs = np.r_[np.linspace(0.7, 2, 99), np.nan]
    assert "se desbordó" in texts(plots.cost_steps(costs, 9.0))


def test_learning_has_a_column_per_moment_and_counts_what_is_right():
    weights = [np.random.RandomState(i).randn(4, 8 * 8 * 3) for i in range(3)]
    answers = [np.full((1, 14), 0.4), np.full((1, 14), 0.6), np.where(Y, 0.9, 0.1)]
    figure = plots.learning([0, 50, 2700], weights, answers, Y, CLASSES, (8, 8, 3))
    said = texts(figure)
    assert "de 50 % a 100 % de aciertos" in said and "2,700 pasos" in said
    assert sum(len(axes.images) for axes in figure.axes) == 12
    heights = [patch.get_height() for patch in figure.axes[14].patches]
    assert sum(heights) == 14  # the last moment's answers, all of them


def test_scores_name_each_row_and_count_the_errors():
    rows = {"entrenamiento": (600, 600), "prueba": (141, 150), "logística": (138, 150)}
    said = texts(plots.scores(rows, np.array([[60, 6], [3, 81]]), CLASSES))
    assert "se equivoca en 9 de 150 imágenes" in said
    assert "94.0 %" in said and "92.0 %" in said and "logística" in said


def test_ranking_names_the_chosen_one():
    said = texts(plots.ranking({"una": (90, 100), "otra": (95, 100)}, "otra"))
    assert "La mejor en validación cruzada: otra" in said and "90.0 %" in said


def test_units_say_which_live_and_how_many_answers_are_equal():
    activity = Activity([np.array([0.0, 0.5, 1.0]), np.array([0.2, 0.0])], 0.1102, 9)
    said = texts(plots.units(activity, np.full((1, 14), 0.1102), Y, CLASSES))
    assert "9 de 14 imágenes reciben la misma respuesta" in said
    assert "capa 1: viven 2 de 3" in said and "capa 2: viven 1 de 2" in said
    assert "9 con ŷ = 0.1102" in said


def test_layers_compare_the_two_on_each_version():
    said = texts(plots.layers(["tal cual", "negativos"], [140, 138], [141, 75], 150, IMAGES[:2]))
    assert "Con negativos: la red 92 %, sin capas 50 %" in said
    assert "93 %" in said and "94 %" in said


def test_cause_draws_the_one_that_matters():
    flat = [Bin(0.5, 100, 3), Bin(1.5, 100, 3)]
    rising = [Bin(0.5, 100, 3), Bin(0.8, 100, 5), Bin(1.0, 100, 9), Bin(1.5, 100, 20)]
    measured = {
        "ruido (m)": [Cause(flat, "no apoyada")] * 2,
        "boca (0 a 1)": [Cause(rising, "apoyada"), Cause(flat, "no apoyada")],
    }
    said = texts(plots.cause(measured, CLASSES))
    assert "«no sonríe», según boca: errores de 3 % a 20 %" in said
    assert "no sonríe: apoyada" in said and "boca (0 a 1)" in said


def test_fragility_names_the_alteration_that_hurts_most():
    example = {"como son": IMAGES[0], "al revés": IMAGES[1]}
    said = texts(plots.fragility(example, {"como son": 144, "al revés": 6}, 150))
    assert "al revés, 4 %" in said and "96 %" in said


def test_the_courses_mislabeled_images_are_those_that_are_wrong():
    X, p = flatten(IMAGES), Y.copy()
    p[0, [2, 5]] = 1 - p[0, [2, 5]]
    figure = plots.print_mislabeled_images(np.array([b"non-cat", b"cat"]), X, Y, p)
    assert "Errores: 2 de 14 imágenes" in texts(figure)
    assert "es: non-cat\ndice: cat" in texts(figure)
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), IMAGES[5])


def score(right, n=100, diverged=False):
    return studies.Scores(np.zeros(n), np.arange(n) < right, diverged)


def hyper(scores, published=None, **grid):
    grid = studies.grid(Recipe(), **grid)
    recipes = [recipe for values in grid.values() for recipe in values]
    found = dict(zip(recipes, scores))
    return plots.hyperparameters(grid, found, Recipe(), published)


def test_hyperparameters_say_by_how_many_images_the_best_leads():
    figure = hyper(
        [score(95), score(97), score(50, diverged=True), score(96)],
        {"learning_rate": {"0.09": [0.5, 0.43]}},
        learning_rate=[0.0075, 0.005, 0.09],
        hidden=[(7,)],
    )
    said = texts(figure)
    assert "Lo mejor (tasa de aprendizaje, 0.005) gana por 2 de 100 imágenes" in said
    assert "50 %" in said  # too low for the axis
    assert "2\n7" in said and "no convergió" in said and "publicado en Happy House" in said


def test_hyperparameters_among_which_none_is_better_say_so():
    said = texts(hyper([score(95), score(93)], hidden_activation=["relu", "sigmoid"]))
    assert "Nada de lo que se probó gana a la receta publicada" in said
    assert "sigmoide" in said


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


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_photo_verdicts_frame_every_face(n):
    figure = plots.photo_verdicts(verdict_on(n), CLASSES)
    said = texts(figure)
    (whole,) = [axes for axes in figure.axes if any(type(p) is Polygon for p in axes.patches)]
    assert len(whole.patches) == 2 * n
    numbers = [text.get_text() for text in whole.texts]
    assert numbers == [str(i) for i in range(1, min(n, 8) + 1)][: 0 if n == 1 else 8]
    first, *_ = [line for line in said.splitlines() if "ŷ" in line]
    assert first == "1: " * (n > 1) + "no sonríe (ŷ = 0.10)"


def test_a_probability_is_never_certain_and_in_the_middle_it_is_doubt():
    for p, word, value in [
        (0.0, "no sonríe", "< 0.01"),
        (0.01, "no sonríe", "= 0.01"),
        (0.29, "no sonríe", "= 0.29"),
        (0.3, "dudosa", "= 0.30"),
        (0.7, "dudosa", "= 0.70"),
        (0.71, "sonríe", "= 0.71"),
        (0.9901, "sonríe", "> 0.99"),
        (1.0, "sonríe", "> 0.99"),
    ]:
        assert plots.says(p, CLASSES) == (word, f"(ŷ {value})")


def test_the_bar_is_as_long_as_the_probability_and_in_the_colour_of_what_is_said():
    for n, colors in [(2, plots.CLASS_COLORS), (3, (plots.BLUE, plots.GREY, plots.ORANGE))]:
        verdict = verdict_on(n)
        figure = plots.photo_verdicts(verdict, CLASSES)
        bars = [
            axes.patches[2] for axes in figure.axes if any("ŷ" in t.get_text() for t in axes.texts)
        ]
        assert [bar.get_width() for bar in bars] == list(verdict.probabilities)
        assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == list(colors)
