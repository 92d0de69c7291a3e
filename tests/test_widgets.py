"""The upload button's answers; the browser's side of it is tested in tests/browser/."""

import io

import numpy as np
import pytest
from PIL import Image

from helpers import widgets
from helpers.data import load_photo

CLASSES = ["no sonríe", "sonríe"]


def file(name, color, size=(90, 60)):
    """A photograph as the browser sends it."""
    raw = io.BytesIO()
    Image.new("RGB", size, color).save(raw, "PNG")
    content = raw.getvalue()
    return {
        "name": name,
        "type": "image/png",
        "size": len(content),
        "last_modified": 1_700_000_000_000,
        "content": memoryview(content),
    }


@pytest.fixture
def box():
    """A button whose judge finds the smile in the red."""
    seen = []

    def judge(images):
        seen.append(images)
        return images[:, :1, 0, 0].T / 255

    result = widgets.PhotoBox(judge, CLASSES, size=8)
    result.seen = seen
    return result


def upload(box, *files):
    """Let the browser's message arrive."""
    button = box.children[0]
    with button.hold_trait_notifications():
        button.set_state({"value": list(files)})


def answers(box):
    return [answer.value for answer in box.children[1].children]


def test_several_photos_one_after_another_newest_first(box):
    upload(box, file("a.png", (204, 0, 0)))
    upload(box, file("b.png", (51, 0, 0)), file("c.png", (255, 0, 0)))
    b, c, a = answers(box)
    assert "a.png" in a and "la red dice «sonríe» (ŷ = 0.80)" in a
    assert "b.png" in b and "la red dice «no sonríe» (ŷ = 0.20)" in b
    assert "c.png" in c and "ŷ = 1.00" in c
    assert all(
        '<img src="data:image/png;base64,' in answer and "alt=" in answer for answer in (a, b)
    )


def test_the_judge_sees_what_load_photo_returns(box):
    photo = file("a.png", (10, 20, 30))
    upload(box, photo)
    expected = load_photo(bytes(photo["content"]), 8)[np.newaxis]
    np.testing.assert_array_equal(box.seen[0], expected)


def test_a_bad_file_gets_a_sentence_and_the_next_photo_an_answer(box):
    bad = file("<b>malo</b>.jpg", "red") | {"content": memoryview(b"no soy una foto")}
    upload(box, bad)
    upload(box, file("buena.png", (255, 0, 0)))
    good, refused = answers(box)
    assert "No reconozco una imagen" in refused and "<img" not in refused
    assert "&lt;b&gt;malo" in refused  # a file's name is not ours to run
    assert "sonríe" in good


def test_the_same_file_can_be_chosen_again(box):
    for _ in range(2):
        upload(box, file("a.png", (255, 0, 0)))
    assert len(answers(box)) == 2
    assert box.children[0].value == ()


def test_old_answers_make_room(box, monkeypatch):
    monkeypatch.setattr(widgets, "_SHOWN", 2)
    for i in range(4):
        upload(box, file(f"{i}.png", (i, 0, 0)))
    assert len(answers(box)) == 2
    assert "3.png" in answers(box)[0]


def test_the_browser_may_offer_its_camera_and_without_widgets_a_sentence_stands(box):
    assert box.children[0].accept == "image/*"
    bundle = box._repr_mimebundle_()
    assert widgets.MIME in bundle
    assert "al ejecutar esta celda en Jupyter" in bundle["text/plain"]
