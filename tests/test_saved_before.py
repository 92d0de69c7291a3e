"""What earlier versions of this project saved is read: a small file of each format ever released.

Their own code wrote them: model_1.h5 and the set «antes» that of commit 8ea842b, whose files said
nothing of faces in their place, model_2.h5 that of 27a03c9; beside, what it then predicted.
"""

from pathlib import Path

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


def test_a_data_set_of_an_earlier_version_is_read():
    old = load_dataset("antes", FOLDER)
    assert old.train_x.shape == (10, 64, 64, 3) and old.test_x.shape == (2, 64, 64, 3)
    assert old.classes == ["triste", "feliz"] and not old.aligned
    assert old.train_y.sum() == 5 and sorted(old.test_y[0]) == [0, 1]
