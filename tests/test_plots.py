"""The figures: each says in its title what was passed in, and is shown once."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import plots
from helpers.data import flatten

CLASSES = ["no sonríe", "sonríe"]
IMAGES = np.random.RandomState(0).randint(0, 256, (14, 64, 64, 3), dtype=np.uint8)
Y = np.arange(14).reshape(1, -1) % 2


def texts(figure):
    figure.canvas.draw()  # a figure that can't be drawn fails here
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


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
    for units in ("20 unidades", "7 unidades", "5 unidades", "1 unidad"):
        assert units in said


@pytest.mark.parametrize("published", [None, [0.7, 0.3]])
def test_cost_curve_says_where_it_began_and_ended(published):
    figure = plots.cost_curve([0.72, 0.5, 0.09], 100, 0.0075, published)
    assert "El costo baja de 0.72 a 0.09 en 200 iteraciones" in texts(figure)
    assert len(figure.axes[0].lines) == (1 if published is None else 2)


def test_cost_curve_of_a_run_that_rose_does_not_say_it_fell():
    assert "sube de 0.69 a 1.20" in texts(plots.cost_curve([0.69, 1.2], 100, 0.09))


def test_cost_curve_of_a_run_that_overflowed_says_so():
    assert "se desbordó" in texts(plots.cost_curve([0.7, 2.0, np.nan, np.nan], 100, 9.0))


def test_confusion_counts_the_errors():
    said = texts(plots.confusion(np.array([[60, 6], [3, 81]]), CLASSES))
    assert "9 errores en 150 imágenes" in said


@pytest.mark.parametrize("m", [0, 1, 6, 14])
def test_gallery_of_any_length(m):
    p = np.linspace(0, 1, 14)
    said = texts(plots.gallery(IMAGES[:m], Y[0, :m], p[:m], CLASSES, "Errores"))
    assert said.count("es: ") == m


def test_photo_verdict_names_the_class_and_the_probability():
    assert "La red dice: no sonríe (ŷ = 0.31)" in texts(
        plots.photo_verdict(IMAGES[0], 0.31, CLASSES)
    )
