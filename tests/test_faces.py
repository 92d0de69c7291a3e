"""The drawn data set: the files as they should be, and the code that draws them."""

import h5py
import numpy as np
import pytest

from conftest import PROJECT
from helpers import faces

ATTRIBUTES = {"mouth_opening", "yaw", "darkness", "tilt", "shift_x", "shift_y"}
FOLDER = PROJECT / "datasets"


def read(folder, split):
    with h5py.File(folder / f"{split}_caras.h5") as file:
        return {key.removeprefix(f"{split}_set_"): file[key][()] for key in file}


@pytest.fixture(scope="module")
def stored():
    return {split: read(FOLDER, split) for split in faces.FILES}


@pytest.fixture(scope="module")
def people():
    return faces.draw_people(3, seed=7)


# ------------------------------------------------------------------ the files


@pytest.mark.parametrize("split", faces.FILES)
def test_the_files_have_the_layout_of_happy_house(stored, split):
    file, (m, _) = stored[split], faces.FILES[split]
    assert set(file) == {"x", "y", "list_classes", "person"} | ATTRIBUTES
    assert file["x"].shape == (m, 64, 64, 3)
    assert file["x"].dtype == np.uint8
    assert file["y"].shape == (m,)
    assert file["y"].dtype == np.int64
    assert file["list_classes"].tolist() == [0, 1]
    assert file["list_classes"].dtype == np.int64
    assert file["person"].dtype == np.int64
    assert all(file[name].shape == (m,) for name in ATTRIBUTES)
    assert all(file[name].dtype == np.float64 for name in ATTRIBUTES)


def test_the_files_are_small():
    assert sum((FOLDER / f"{split}_caras.h5").stat().st_size for split in faces.FILES) <= 8e6


@pytest.mark.parametrize("split", faces.FILES)
def test_the_code_draws_the_stored_files(stored, split):
    m, seed = faces.FILES[split]
    cast = faces.draw_people(faces.N_PEOPLE, faces.PEOPLE_SEED)
    images, labels, attributes = faces.draw_faces(m, cast, seed)
    assert np.array_equal(labels[0], stored[split]["y"])
    assert np.array_equal(attributes["person"], stored[split]["person"])
    for name in ATTRIBUTES:
        np.testing.assert_allclose(attributes[name], stored[split][name], atol=1e-9)
    # Other versions of NumPy and Pillow may round a pixel differently.
    difference = np.abs(images.astype(int) - stored[split]["x"])
    assert (difference > 2).mean() <= 0.01


@pytest.mark.parametrize("split", faces.FILES)
def test_everybody_is_in_both_halves_smiling_or_not(stored, split):
    file = stored[split]
    assert 0.48 <= file["y"].mean() <= 0.56
    for person in range(6):
        assert set(file["y"][file["person"] == person]) == {0, 1}
    assert set(file["person"]) == set(range(6))


@pytest.mark.parametrize("split", faces.FILES)
def test_the_mouth_s_opening_is_not_the_label(stored, split):
    opening, smiles = stored[split]["mouth_opening"], stored[split]["y"] == 1
    assert (opening[~smiles] > 0.3).mean() > 0.2  # they talk, wonder, yawn
    assert (opening[smiles] < 0.1).mean() > 0.02  # with closed lips
    assert opening.min() >= 0
    assert opening.max() <= 1
    thresholds = np.unique(opening)[:, None]
    assert ((opening > thresholds) == smiles).mean(axis=1).max() < 0.85


@pytest.mark.parametrize("split", faces.FILES)
def test_heads_turn_and_light_varies(stored, split):
    file = stored[split]
    assert np.abs(file["yaw"]).max() > 20
    assert np.abs(file["yaw"]).max() < 60
    assert file["darkness"].min() >= 0
    assert file["darkness"].max() <= 1
    assert np.ptp(file["darkness"]) > 0.7
    # What is called dark is dark.
    brightness = file["x"].mean(axis=(1, 2, 3))
    assert np.corrcoef(file["darkness"], brightness)[0, 1] < -0.6


def test_no_photograph_is_in_both_halves(stored):
    seen = {image.tobytes() for image in stored["train"]["x"]}
    assert len(seen) == 600
    assert not seen & {image.tobytes() for image in stored["test"]["x"]}


# ------------------------------------------------------------------ the code


def test_the_same_seeds_draw_the_same_and_others_others(people):
    def draw(seed):
        return faces.draw_faces(4, people, seed)

    first, again, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert all(np.array_equal(first[2][name], again[2][name]) for name in first[2])
    assert not np.array_equal(first[0], other[0])


def test_drawing_leaves_the_global_random_state_alone(people):
    np.random.seed(0)
    expected = np.random.RandomState(0).rand()
    faces.draw_faces(1, people, seed=1)
    assert np.random.rand() == expected


def test_more_people_begin_with_the_same_people():
    few, many = faces.draw_people(2, seed=3), faces.draw_people(70, seed=3)
    assert [p.texture_seed for p in few] == [p.texture_seed for p in many[:2]]
    # Nobody looks like anybody else, even only nearly: looks are drawn from continuous ranges.
    lower, upper = np.array(list(faces.LOOKS.values())).T
    looks = np.array([[getattr(p, name) for name in faces.LOOKS] for p in many])
    looks = (looks - lower) / (upper - lower)
    distance = np.abs(looks[:, None] - looks).mean(axis=2)[~np.eye(len(many), dtype=bool)]
    assert distance.min() > 0.1


def test_strangers_look_different():
    strangers = faces.draw_people(2, seed=4)
    a, b = (faces.draw_faces(8, [p], seed=1)[0].astype(int) for p in strangers)
    assert np.abs(a.mean(0) - b.mean(0)).mean() > 8


def test_labels_and_people_are_balanced(people):
    _, labels, attributes = faces.draw_faces(12, people, seed=1)
    assert labels.shape == (1, 12)
    assert labels.sum() == 6
    assert np.bincount(attributes["person"]).tolist() == [4, 4, 4]


def test_more_people_than_photographs(people):
    images, _, attributes = faces.draw_faces(2, people, seed=1)
    assert len(images) == 2
    assert attributes["person"].max() < 3


def test_files_are_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "FILES", {"train": (4, 1), "test": (2, 2)})
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        faces.write_files(tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        assert [file.name for file in files] == ["test_caras.h5", "train_caras.h5"]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert read(tmp_path / "one", "train")["x"].shape == (4, 64, 64, 3)


@pytest.mark.parametrize("bad", [0, -1, 2.5, "3", None, True])
def test_bad_counts_are_named(people, bad):
    with pytest.raises(ValueError, match=r"^n_people: se esperaba un entero"):
        faces.draw_people(bad, seed=1)
    with pytest.raises(ValueError, match=r"^m: se esperaba un entero"):
        faces.draw_faces(bad, people, seed=1)


def test_nobody_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"^people: se recibió una lista vacía"):
        faces.draw_faces(3, [], seed=1)
