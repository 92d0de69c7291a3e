"""The network in the page: its numbers are Python's, and it answers to mouse, finger and keys."""

import io
import re
from functools import partial

import numpy as np
import pytest
from PIL import Image

from helpers import model
from helpers.network import L_model_forward
from helpers.page import base, touch, watch

FACE = "document.querySelector('.smile-page').page"


@pytest.fixture(scope="module")
def touchable(trained, caras, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "touch.html"
    path.write_text(base.document("Prueba", touch(trained, caras).fragment), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def watchable(caras, film, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "watch.html"
    recipe = model.STORY._replace(num_iterations=700)
    made = watch(caras, film, recipe=recipe, others=(0.09,))
    path.write_text(base.document("Prueba", made.fragment), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(opened):
    return partial(opened, viewport={"width": 1000, "height": 950})


def slide(page, name, value):
    page.get_by_role("slider", name=name, exact=True).fill(str(value))


def test_what_is_done_to_a_face_is_what_its_name_says(opened, touchable, seen):
    page = opened(touchable)
    face, _ = seen(page)
    slide(page, "A los lados", 5)
    shifted, _ = seen(page)
    assert (shifted == np.pad(face, ((0, 0), (5, 0), (0, 0)), mode="edge")[:, :-5]).all()
    slide(page, "Arriba, abajo", -2)
    slide(page, "Girar", 15)
    turned, _ = seen(page)
    assert (turned != shifted).mean() > 0.5
    page.get_by_role("button", name="Como estaba").click()
    assert (seen(page)[0] == face).all()
    page.get_by_role("checkbox", name="En espejo").check()
    assert (seen(page)[0] == face[:, ::-1]).all()
    page.get_by_role("checkbox", name="En negativo").check()
    assert (seen(page)[0] == 255 - face[:, ::-1]).all()
    slide(page, "Luz", 50)
    dark, _ = seen(page)
    assert np.abs(255 - dark.astype(float) - face[:, ::-1] / 2).max() <= 0.5
    for _ in range(3):
        page.get_by_role("button", name="Deshacer").click()
    assert (seen(page)[0] == face).all()


@pytest.mark.parametrize(("tool", "sign"), [("Luz", 1), ("Sombra", -1), ("Difuminar", 0)])
def test_the_mouse_draws_and_undo_takes_it_back(opened, touchable, seen, tool, sign):
    page = opened(touchable)
    face, before = seen(page)
    page.get_by_role("radio", name=tool).check()
    box = page.get_by_role("application").bounding_box()
    at = [(box["x"] + box["width"] * x / 64, box["y"] + box["height"] * 46 / 64) for x in (20, 44)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=8)
    page.mouse.up()
    drawn, after = seen(page)
    change = drawn.astype(int) - face
    assert np.abs(change[:40]).max() == 0 and np.abs(change[44:47, 18:46]).max() > 5
    assert after != before
    if sign:
        assert (sign * change >= 0).all()
    page.get_by_role("button", name="Deshacer").click()
    assert seen(page) == (pytest.approx(face), before)


def test_keys_draw_and_the_answer_is_said(opened, touchable, seen):
    page = opened(touchable)
    face, _ = seen(page)
    page.get_by_role("application").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.down(" ")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.keyboard.up(" ")
    drawn, probability = seen(page)
    columns = np.flatnonzero((drawn != face).any(axis=(0, 2)))
    assert len(columns) >= 15 and columns.max() <= 36  # a line to the left, not a dot
    page.keyboard.press("ArrowLeft")  # moves, and draws no more
    assert (seen(page)[0] == drawn).all()
    page.get_by_role("status").get_by_text("La red dice: ").wait_for(state="attached")
    word = "sonríe" if probability > 0.7 else "dudosa" if probability >= 0.3 else "no sonríe"
    assert page.locator(".verdict").inner_text() == word
    page.keyboard.press("Control+z")
    assert (seen(page)[0] == face).all()


def test_a_finger_draws_on_a_small_screen(opened, touchable, seen):
    page = opened(touchable, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    face, _ = seen(page)
    stage = page.get_by_role("application")
    assert stage.evaluate("stage => getComputedStyle(stage).touchAction") == "none"
    stage.tap()
    assert (seen(page)[0] != face).any()
    sizes = "all => Math.min(...all.map(e => e.getBoundingClientRect().height))"
    assert page.locator("button, select, .choice").evaluate_all(sizes) >= 36


def test_the_pixels_that_count_are_the_slope_of_the_log_odds(opened, touchable, seen, trained):
    """Each unit's weights, times the slopes of what follows: against small steps in Python."""
    page = opened(touchable)
    image, _ = seen(page)
    slope = np.array(page.evaluate(f"[...{FACE}.slope()]"))
    (p,), X = trained.networks, trained.prepare(image[None])

    def log_odds(X):
        return L_model_forward(X, p)[1][-1][1][0]

    for pixel in (64 * 44 + 32, 64 * 30 + 20, 5):
        step = np.zeros_like(X)
        step[3 * pixel : 3 * pixel + 3] = 1e-5
        expected = (log_odds(X + step) - log_odds(X - step)) / 2e-5
        assert slope[pixel] == pytest.approx(expected[0], rel=0.01, abs=1e-4)


def test_the_training_moves_by_slider_and_by_itself(opened, watchable):
    page = opened(watchable)
    slider = page.get_by_role("slider", name="Momento del entrenamiento")
    page.locator("[aria-valuetext='paso 700 de 700']").wait_for()
    cost = page.locator(".legend", has_text="Costo").inner_text()
    slider.focus()
    page.keyboard.press("Home")
    page.locator(".legend", has_text="Costo J: 0.69").wait_for()
    assert slider.get_attribute("aria-valuetext") == "paso 0 de 700"
    page.keyboard.press("End")
    page.get_by_role("radio", name="0.09").check()
    page.locator(".legend", has_text="Costo").filter(has_not_text=cost).wait_for()
    slider.fill("0")
    page.get_by_role("button", name="Mírala aprender").click()
    page.get_by_role("button", name="Pausa").wait_for()
    page.wait_for_function("slider => slider.value > 0", arg=slider.element_handle())
    page.get_by_role("button", name="Pausa").click()
    assert 0 < int(slider.input_value()) < 29
    page.get_by_role("status").get_by_text(re.compile(r"paso \d+: Acierta")).wait_for(
        state="attached"
    )


def test_where_motion_is_unwelcome_it_goes_step_by_step(opened, watchable):
    page = opened(watchable, motion="reduce")
    page.get_by_role("button", name="Mírala aprender").click()
    page.wait_for_timeout(900)
    assert page.get_by_role("slider").input_value() == "1"


def test_it_is_dark_where_the_system_is(opened, touchable):
    page = opened(touchable, scheme="dark")
    for scheme, low, high in (("dark", 0, 60), ("light", 200, 256)):
        page.emulate_media(color_scheme=scheme)
        page.locator(".dark").wait_for(state="visible" if scheme == "dark" else "detached")
        color = page.locator(".card").evaluate("card => getComputedStyle(card).backgroundColor")
        assert all(low <= int(part) < high for part in re.findall(r"\d+", color)[:3])


def test_nothing_lies_over_the_first_face_and_a_unit_answers_to_a_click(opened, touchable, seen):
    page = opened(touchable)
    stage, layer = page.get_by_role("application"), page.get_by_role("combobox")
    page.mouse.move(1, 1)
    clean = picture(stage)
    face = Image.fromarray(seen(page)[0]).resize(clean.shape[1::-1], Image.Resampling.NEAREST)
    rows = int(0.8 * len(clean))  # the hint lies over the last
    assert layer.input_value() == "none"
    assert np.abs(clean - np.asarray(face, float))[20:rows, 20:-20].mean() < 3
    unit = page.locator("g:has(image)").nth(5)
    unit.click()
    assert layer.input_value() == "5" and "chosen" in unit.get_attribute("class")
    page.mouse.move(1, 1)
    assert np.abs(picture(stage) - clean).mean() > 2
    unit.click()
    page.mouse.move(1, 1)
    assert layer.input_value() == "none" and (picture(stage) == clean).all()


def picture(locator):
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), float)
