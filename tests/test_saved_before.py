"""What earlier versions of this project saved is read: small files of each format ever released.

Their own code wrote them: the data sets in the folder of their day, model_1.h5 that of commit
8ea842b, model_2.h5 that of 27a03c9; beside, what it then predicted.
"""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers import model
from helpers.data import DataError, load_dataset
from tests.test_model import alter

FOLDER = Path(__file__).with_name("saved_before")
NEW = np.random.RandomState(5).randint(0, 256, (5, 6, 6, 3), np.uint8)
PREDICTED = {
    1: [0.4988255095562226, 0.49977744123722, 0.5024784677774732, 0.46358520319626795, 0.4875436311806526],
    2: [0.4981583732929695, 0.49018703987063705, 0.4956272791750971, 0.4209495836132699, 0.4867981960536816],
}  # fmt: skip


@pytest.mark.parametrize("version", PREDICTED)
def test_a_model_of_an_earlier_version_predicts_what_it_did(version):
    old = model.load_model(FOLDER / f"model_{version}.h5")
    np.testing.assert_allclose(old.predict_proba(NEW)[0], PREDICTED[version], rtol=1e-12)
    assert old.recipe.center and old.recipe.mirror and old.recipe.seeds == (1, 2)
    assert old.classes == ("no sonríe", "sonríe") and old.aligned == (version > 1)


def test_a_model_of_an_earlier_version_can_be_saved_again(tmp_path):
    old = model.load_model(FOLDER / "model_1.h5")
    model.save_model(tmp_path / "again.h5", old, old.origin)
    again = model.load_model(tmp_path / "again.h5")
    assert again.origin == old.origin
    assert again.predict_proba(NEW).tobytes() == old.predict_proba(NEW).tobytes()


def test_an_old_model_that_is_damaged_is_refused(tmp_path):
    path = tmp_path / "model.h5"
    for changes in ({"layers_dims": []}, {"layers_dims": [99, 4, 3, 1]}, {"origin": None}):
        path.write_bytes((FOLDER / "model_1.h5").read_bytes())
        alter(path, **changes)
        with pytest.raises(DataError):
            model.load_model(path)


SMILES, OWN = ["no sonríe", "sonríe"], ["no_sonrie", "sonrie"]  # these as the folders were named
SETS = [  # day, name, classes, whether the faces are in their place
    ("2026-11-22", "caras", SMILES, False),
    ("2026-11-23", "mias", OWN, False),
    ("2026-11-25", "mias", SMILES, False),
    ("2026-11-25", "genki", SMILES, True),
    ("2026-11-25", "caras", SMILES, True),
]


@pytest.mark.parametrize(("day", "name", "classes", "aligned"), SETS)
def test_a_data_set_of_an_earlier_version_is_read(day, name, classes, aligned):
    dataset = load_dataset(name, FOLDER / day)
    assert (dataset.classes, dataset.aligned) == (classes, aligned)
    for split in ("train", "test"):
        x, y, attributes = (getattr(dataset, f"{split}_{of}") for of in ("x", "y", "attributes"))
        with h5py.File(FOLDER / day / f"{split}_{name}.h5") as file:
            stored = {key: file[key][()] for key in file if key.startswith(f"{split}_set_")}
        read = {f"{split}_set_{key}": of for key, of in {"x": x, "y": y[0], **attributes}.items()}
        np.testing.assert_equal(read, stored)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("day", "name"), [("2026-11-22", "caras"), ("2026-11-23", "mias")])
def test_halves_of_two_ages_are_said_to_be(tmp_path, day, name, split):
    for half in ("train", "test"):
        age = day if half == split else "2026-11-25"
        shutil.copy(FOLDER / age / f"{half}_{name}.h5", tmp_path)
    with pytest.raises(DataError, match="«split_id».*hecha a la vez y por la misma versión"):
        load_dataset(name, tmp_path)
