"""The figures: each says in its title what was passed in, and is shown once."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import plots, studies
from helpers.data import flatten
from helpers.evaluation import Bin, Cause
from helpers.model import Recipe

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


def test_examples_count_each_class():
    said = texts(plots.examples(IMAGES, Y, CLASSES, 8))
    assert "no sonríe (7 de 14)" in said
    assert "y = 1: sonríe (7 de 14)" in said


def test_examples_of_a_set_with_one_class_only():
    assert "(0 de 14)" in texts(plots.examples(IMAGES, np.zeros((1, 14)), CLASSES, 8))


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


@pytest.mark.parametrize("published", [None, [0.7, 0.3]])
def test_cost_curve_says_where_it_began_and_ended(published):
    figure = plots.cost_curve([0.72, 0.5, 0.09], 100, 0.0075, published)
    assert "El costo baja de 0.72 a 0.09 en 200 iteraciones" in texts(figure)
    assert len(figure.axes[0].lines) == (1 if published is None else 2)


def test_cost_curve_of_a_run_that_rose_does_not_say_it_fell():
    assert "sube de 0.69 a 1.20" in texts(plots.cost_curve([0.69, 1.2], 100, 0.09))


def test_cost_curve_of_a_run_that_learnt_nothing_does_not_say_it_fell():
    assert "apenas cambia: de 0.71 a 0.69" in texts(plots.cost_curve([0.71, 0.83, 0.69], 100, 0.02))


def test_cost_curve_of_a_run_that_overflowed_says_so():
    assert "se desbordó" in texts(plots.cost_curve([0.7, 2.0, np.nan, np.nan], 100, 9.0))


def test_confusion_counts_the_errors():
    said = texts(plots.confusion(np.array([[60, 6], [3, 81]]), CLASSES))
    assert "Errores: 9 de 150 imágenes" in said


@pytest.mark.parametrize("m", [0, 1, 6, 14])
def test_gallery_of_any_length(m):
    p = np.linspace(0, 1, 14)
    said = texts(plots.gallery(IMAGES[:m], Y[0, :m], p[:m], CLASSES, "Errores"))
    assert said.count("es: ") == m


def test_photo_verdict_names_the_class_and_the_probability():
    whole = np.zeros((30, 40, 3), np.uint8)
    figure = plots.photo_verdict(whole, IMAGES[0], 0.31, CLASSES)
    assert "La red dice: no sonríe (ŷ = 0.31)" in texts(figure)
    (square,) = figure.axes[0].patches
    assert square.get_bbox().bounds == (4.5, -0.5, 30, 30)  # the middle, where load_photo cuts


def scores(*accuracies, diverged=False):
    return studies.Scores(np.array(accuracies), np.zeros(100), diverged, 0.5)


def test_study_names_the_best_setting_and_shows_what_diverged():
    slow, fast = Recipe(learning_rate=0.0075), Recipe(learning_rate=0.09)
    found = {slow: scores(0.9, 0.96), fast: scores(0.5, 0.5, diverged=True)}
    published = {"0.0075": [0.99, 0.96], "0.09": [0.5, 0.43]}
    said = texts(plots.study([slow, fast], found, "learning_rate", "tasa", published))
    assert "Solo 0.0075 convergió" in said
    assert "no convergió" in said and "publicado en Happy House" in said
    assert "50 %" in said and "43 %" in said  # too low for the axis


def test_study_says_by_how_many_images_the_best_leads_and_what_is_trivial():
    slow, fast, wild = (Recipe(learning_rate=rate) for rate in (0.0025, 0.0075, 0.09))
    found = {
        slow: scores(0.5, 0.5),
        fast: scores(0.51, 0.53),
        wild: scores(0.6, 0.6, diverged=True),
    }
    said = texts(plots.study(list(found), found, "learning_rate", "tasa"))
    assert "Ventaja de 0.0075 sobre 0.0025: 2 de 100 imágenes" in said
    assert "siempre la clase más frecuente" in said


def test_study_names_networks_by_their_layers():
    shallow, deep = Recipe(hidden=(7,)), Recipe(hidden=(20, 7, 5))
    found = {shallow: scores(0.94, 0.92), deep: scores(0.9, 0.96)}
    said = texts(plots.study([shallow, deep], found, "hidden", "capas", {"3": [None, 0.93]}))
    assert "4 capas\n20-7-5" in said
    assert "Empate en lo más alto: 2 capas y 4 capas" in said


def test_choosing_by_test_says_what_it_seems_to_gain():
    accuracies = np.array([[0.90, 0.94], [0.96, 0.94]])
    said = texts(plots.choosing_by_test([1500, 2700], accuracies, 2700))
    assert "Escoger con la prueba: 95.0 %; fijar de antemano: 94.0 %" in said


def test_seeds_show_a_point_each():
    figure = plots.seeds([0.96, 0.96, 0.98], (0.92, 0.99), 50, 0.9733)
    assert "3 semillas: 96.0 a 98.0 %; exactitud verdadera: 92.0 a 99.0 %" in texts(figure)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in points) == 3


def test_recipes_are_compared_with_the_first():
    ideas = {"la publicada": Recipe(), "media": Recipe(center=True)}
    found = {ideas["la publicada"]: scores(0.9, 0.9), ideas["media"]: scores(0.92, 0.94)}
    said = texts(plots.recipes(ideas, found, ideas["media"]))
    assert "La mejor en validación cruzada: media" in said
    assert "93.0 % (+3.0)" in said


@pytest.mark.parametrize("n_causes", [2, 4])
def test_causes_have_a_panel_and_a_verdict_each(n_causes):
    bins = [Bin(0.5, 100, 3), Bin(1.5, 100, 20)]
    pair = [Cause(bins, "apoyada"), Cause(bins[::-1], "al revés")]
    figure = plots.causes({f"causa {i} (m)": pair for i in range(n_causes)}, CLASSES)
    said = texts(figure)
    assert said.count("no sonríe: apoyada") == said.count("\nsonríe: al revés") == n_causes
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"Causa {i}" for i in range(n_causes)
    ]


def test_the_first_layer_has_an_image_per_unit():
    W1 = np.random.RandomState(0).randn(20, 8 * 8 * 3)
    figure = plots.first_layer(W1, (8, 8, 3))
    texts(figure)
    assert sum(len(axes.images) for axes in figure.axes) == 20


def test_decision_maps_stand_below_their_images():
    figure = plots.decision_maps(IMAGES[:3], np.zeros((3, 64, 64)), ["a", "b", "c"])
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["a", "b", "c"]
    texts(figure)


def test_people_say_how_much_is_lost():
    said = texts(
        plots.people(["p0", "p1"], np.array([0.9, 1.0]), np.array([0.8, 0.9]), np.array([10, 20]))
    )
    assert "Conocidas: 95.0 % en promedio; nunca vistas: 85.0 %" in said


def test_people_curve_names_both_ends():
    said = texts(plots.people_curve([2, 64], [120, 141], 150, 600))
    assert "Con 2 personas, 80 %; con 64, 94 %" in said


def test_last_bit_draws_a_line_per_pair():
    figure = plots.last_bit({"a": ([0.7, 0.5], [0.7, 0.5]), "b": ([0.7, 0.5], [0.7, 0.6])}, 100)
    assert "Al final difieren en 1e-17 (a) y 1e-01 (b)" in texts(figure)
    assert len(figure.axes[0].lines) == 2
