"""The box for the reader's own photos, in JupyterLab in a browser, with large files and a camera."""

import inspect
import json
import re
import urllib.request
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from PIL import Image

from helpers.verdict import judge_photo
from helpers.widgets import MIME, MODEL_ID

PROJECT = Path(__file__).resolve().parents[2]


class Judge:
    """Says how light a face is in its left half; mirrored, it is another."""

    aligned, classes, origin = True, ("oscura", "clara"), "la prueba"

    def given(self, images):
        return images

    def predict_proba(self, images):
        return images[:, :, :32].mean(axis=(1, 2, 3))[None] / 255


CELL = f"""
import sys

sys.path.insert(0, {str(PROJECT)!r})
from helpers.widgets import PhotoBox

{inspect.getsource(Judge)}
PhotoBox(Judge(), other=Judge())
"""
# What the notebook says of a box whose kernel is gone, instead of Jupyter's "model not found".
GONE = "Ejecuta esta celda y aquí aparecerán los botones para tus fotos."
WITHOUT = "import sys\nsys.modules['anywidget'] = None"
ANSWER = ".jp-OutputArea .widget-html-content b"


@pytest.fixture(scope="module")
def person():
    """A face whose right half, as we see it, is in the shade."""
    photo = np.array(Image.open(PROJECT / "images/ejemplo.jpg").convert("RGB"))
    photo[:, 165:] //= 3
    return Image.fromarray(photo)


@pytest.fixture(scope="module")
def album(person, tmp_path_factory):
    """Files as people have them, among them some of 12 MB and some that are no photo."""
    folder = tmp_path_factory.mktemp("fotos")
    large = np.array(person.resize((3200, 3200)))
    noise = np.random.RandomState(0).randint(-28, 29, large.shape, dtype=np.int16)
    large = Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8))
    large.save(folder / "uno.jpg", quality=100)
    exif = Image.Exif()
    exif[0x0112] = 6  # hold the camera turned: what is shown is turned by 90° to the right
    large.rotate(90).save(folder / "girada.jpg", quality=100, exif=exif)
    assert min(file.stat().st_size for file in folder.iterdir()) > 12e6
    (folder / "mala.jpg").write_text("no soy una foto")
    Image.new("RGB", (5000, 3)).save(folder / "raya.png")
    Image.new("RGB", (300, 200), "gray").save(folder / "pared.jpg")
    person.save(folder / "pequeña.tif")
    Image.new("RGB", (1800, 1800)).save(folder / "grande.tif")
    return folder


@pytest.fixture(scope="module")
def camera(person, tmp_path_factory):
    """A film for Chromium's camera: one picture, 640×480, the face in its left half."""
    picture = Image.new("RGB", (640, 480), "gray")
    picture.paste(person, (10, 75))
    luma, *chroma = picture.convert("YCbCr").split()
    planes = [luma, *(plane.resize((320, 240)) for plane in chroma)]
    frame = b"FRAME\n" + b"".join(plane.tobytes() for plane in planes)
    film = tmp_path_factory.mktemp("camera") / "film.y4m"
    film.write_bytes(b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n" + 2 * frame)
    picture.save(film.with_suffix(".png"))
    return film


@pytest.fixture(scope="module")
def browser(start_browser, camera):
    with start_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ) as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_notebook):
    """Two notebooks of one cell: where there is anywidget, and where there is none."""
    folder = tmp_path_factory.mktemp("cuaderno")
    for name, source in {"con": CELL, "sin": WITHOUT + CELL}.items():
        write_notebook(folder / f"{name}.ipynb", source, {MODEL_ID: GONE})
    return folder


@pytest.fixture(scope="module")
def address(start_jupyter, folder):
    with start_jupyter(folder) as address:
        yield address


def run(page, url):
    """Open a notebook of one cell and run it, until its box is there."""
    page.set_default_timeout(60_000)
    page.goto(url + "&reset")  # without the other notebook
    page.locator(".jp-KernelName", has_text="Python").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    page.locator(".jp-CodeCell .jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Elige fotos").locator("visible=true").wait_for()


@pytest.fixture(scope="module")
def page(browser, address):
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    run(page, address("con.ipynb"))
    yield page
    page.close()


def upload(page, *paths):
    """Choose files together and return their answers, in the order of the paths."""
    old = page.locator(ANSWER).count()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Elige fotos").locator("visible=true").click()
    chooser.value.set_files(paths)
    return answers(page, old, len(paths))


def answers(page, old, new):
    """The texts of as many ``new`` answers, oldest first, once they are there."""
    page.wait_for_function(f"n => document.querySelectorAll('{ANSWER}').length >= n", arg=old + new)
    texts = page.locator(".jp-OutputArea .widget-html-content", has=page.locator("b"))
    assert texts.count() == old + new
    heard = "all => all.map(one => one.innerText + (one.querySelector('img')?.alt ?? ''))"
    return texts.evaluate_all(heard)[:new][::-1]


def probability(text):
    return float(re.search(r"ŷ = (\d\.\d\d)", text)[1])


def expected(path, tolerance=0.02):
    (probability,) = judge_photo(Judge(), path, explain=False).probabilities
    return pytest.approx(probability, abs=tolerance)


def test_large_photos_at_once_all_get_answers_the_bad_ones_a_sentence(page, album):
    names = ["uno.jpg", "mala.jpg", "raya.png", "pared.jpg", "girada.jpg"]
    texts = upload(page, *(album / name for name in names))
    assert all(text.startswith(f"{name}:") for name, text in zip(names, texts)), texts
    for i in (0, 4):
        assert probability(texts[i]) == expected(album / names[i])
    assert "No reconozco una imagen" in texts[1]
    assert all(": no " in texts[i] for i in (2, 3)), texts  # a sentence, and no verdict on a wall
    images = page.locator(".jp-OutputArea .widget-html-content img")
    assert images.evaluate_all("all => all.map(image => image.naturalWidth)") == [1080] * 2


def test_what_the_browser_cannot_open_goes_whole_or_gets_a_sentence(page, album):
    small, large = upload(page, album / "pequeña.tif", album / "grande.tif")
    assert probability(small) == expected(album / "pequeña.tif")
    assert "Guárdala como JPG" in large


def test_the_camera_shows_a_mirror_and_takes_the_picture_as_others_see_it(page, camera, tmp_path):
    old = page.locator(ANSWER).count()
    page.get_by_role("button", name="Usa la cámara").click()
    smile = page.get_by_role("button", name="¡Sonríe!")
    smile.wait_for()
    video = page.locator("video")
    assert video.evaluate("video => getComputedStyle(video).transform.startsWith('matrix(-1')")
    smile.click()
    (text,) = answers(page, old, 1)
    assert text.startswith("cámara, foto 1:")
    assert probability(text) == expected(camera.with_suffix(".png"), 0.06)  # YUV has less range
    page.get_by_role("button", name="Cierra la cámara").click()
    page.get_by_role("button", name="Usa la cámara").wait_for()
    assert video.count() == 0
    with page.expect_download() as download:
        page.get_by_role("link", name="Guarda esta respuesta").first.click()
    assert download.value.suggested_filename == "respuesta, cámara, foto 1.jpg"
    download.value.save_as(tmp_path / "respuesta.jpg")
    assert Image.open(tmp_path / "respuesta.jpg").width == 1080


# The script alone, in an empty page

ALONE = """async ([script, lend]) => {
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = eval(lend);
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const box = (await import(url)).default;
  const model = { send() {}, on() {}, off() {} };
  window.remove = box.render({ model, el: document.body });
}"""
LENT = """async () => {
  await new Promise((done) => setTimeout(done, 100));
  const canvas = document.createElement("canvas");
  const stream = canvas.captureStream();
  setInterval(() => canvas.getContext("2d").fillRect(0, 0, 300 * Math.random(), 100), 50);
  tracks.push(...stream.getTracks());
  return stream;
}"""
ON = "tracks.filter((track) => track.readyState === 'live').length"


def alone(browser, lend, url="http://localhost/", **headers):
    """A page with the box alone, whose camera is lent by the JavaScript function ``lend``."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.route(url, lambda route: route.fulfill(body="<body>", content_type="text/html", **headers))
    page.goto(url)
    script = (PROJECT / "helpers/photo_box.js").read_text(encoding="utf-8")
    page.evaluate(ALONE, [script, lend])
    return page


def test_with_two_clicks_one_camera_is_on_and_closing_leaves_none(browser):
    page = alone(browser, LENT)
    page.evaluate(
        "() => { for (let i = 0; i < 3; i++) document.querySelectorAll('button')[1].click() }"
    )
    page.get_by_role("button", name="¡Sonríe!").wait_for()
    page.wait_for_function("tracks.length === 3")
    assert page.evaluate(ON) == 1
    page.get_by_role("button", name="Cierra la cámara").click()
    assert page.evaluate(ON) == 0
    page.close()


@pytest.mark.parametrize("wait", [0, 300])
def test_removed_the_box_leaves_no_camera_on_not_even_one_still_asked_for(browser, wait):
    page = alone(browser, LENT)
    page.get_by_role("button", name="Usa la cámara").click()
    page.wait_for_timeout(wait)
    page.evaluate("remove()")
    page.wait_for_function("tracks.length === 1")
    page.wait_for_timeout(50)
    assert page.evaluate(ON) == 0 and page.locator("video").count() == 0
    page.close()


@pytest.mark.parametrize(
    "name, says",
    [
        ("NotAllowedError", "junto a la dirección"),
        ("NotFoundError", "Conéctala"),
        ("NotReadableError", "Ciérralo"),
        ("AbortError", "AbortError: porque sí"),
    ],
)
def test_each_refusal_has_its_way_out(browser, name, says):
    page = alone(browser, f"async () => {{ throw new DOMException('porque sí', '{name}') }}")
    page.get_by_role("button", name="Usa la cámara").click()
    status = page.get_by_role("status").filter(has_text=says)
    status.wait_for()
    assert "elegir una foto ya tomada" in status.inner_text()
    assert "candado" not in status.inner_text()
    assert page.get_by_role("button", name="Usa la cámara").is_visible()
    page.close()


def test_where_a_page_may_have_no_camera_at_all_it_says_where_one_may(browser):
    """As in VS Code, whose pages lack the permission that a browser's have."""
    denied = {"headers": {"Permissions-Policy": "camera=()"}}
    page = alone(browser, LENT, **denied)
    page.get_by_role("button", name="Usa la cámara").click()
    page.get_by_role("status").filter(has_text="VS Code").wait_for()
    assert "en tu navegador" in page.get_by_role("status").inner_text()
    assert page.evaluate("tracks.length") == 0
    page.close()


def test_an_insecure_page_says_which_are_lent_a_camera(browser):
    page = browser.new_page()
    url = "http://una.escuela.mx/"
    page.route(url, lambda route: route.fulfill(body="<body>", content_type="text/html"))
    page.goto(url)
    script = (PROJECT / "helpers/photo_box.js").read_text(encoding="utf-8")
    page.evaluate(
        ALONE.replace("navigator.mediaDevices.getUserMedia = eval(lend);", ""), [script, ""]
    )
    page.get_by_role("button", name="Usa la cámara").click()
    page.get_by_role("status").filter(has_text="https").wait_for()
    page.close()


def test_without_anywidget_the_plain_button_says_its_limit(browser, address, album):
    page = browser.new_page()
    run(page, address("sin.ipynb"))
    text = page.locator(".jp-OutputArea").inner_text()
    assert "menos de 10 MB" in text and "%pip install anywidget" in text
    small, bad = upload(page, album / "pequeña.tif", album / "mala.jpg")
    assert probability(small) == expected(album / "pequeña.tif")
    assert "No reconozco una imagen" in bad
    page.close()


def test_where_the_page_cannot_load_the_widget_the_plain_button_stands_in(browser, address, album):
    page = browser.new_page()
    page.route(re.compile("anywidget"), lambda route: route.abort())
    run(page, address("con.ipynb"))
    (small,) = upload(page, album / "pequeña.tif")
    assert probability(small) == expected(album / "pequeña.tif")
    page.close()


def test_saved_and_opened_again_there_is_a_sentence_instead_of_the_box(page, address, folder):
    page.locator(".jp-CodeCell .jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")  # a second time in one kernel
    page.locator(".jp-InputPrompt", has_text=re.compile(r"\[[2-9]\]:")).wait_for()
    assert page.get_by_role("button", name="Elige fotos").locator("visible=true").count() == 1
    page.keyboard.press("Control+s")
    limit = monotonic() + 30
    while MIME not in (folder / "con.ipynb").read_text(encoding="utf-8"):
        assert monotonic() < limit, "JupyterLab didn't save the notebook"
        page.wait_for_timeout(200)
    for session in json.load(urllib.request.urlopen(address("", "api/sessions"))):
        url = address(session["id"], "api/sessions")
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"))
    page.reload()
    output = page.locator(".jp-CodeCell .jp-OutputArea-output")
    output.get_by_text(re.compile("model not found|" + GONE)).wait_for()
    assert output.inner_text() == GONE
