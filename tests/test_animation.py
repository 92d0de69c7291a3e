"""README's animations: one of a short training, and the other as it is stored."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from helpers import data, model
from tools import animation


@pytest.fixture(scope="module")
def caras():
    return data.load_dataset("caras", data.DATASETS)


def test_it_shows_the_training_from_its_start_to_its_end(caras, tmp_path, monkeypatch, capsys):
    recipe = model.STORY._replace(num_iterations=100)
    film = moments, costs, answers, weights = animation.film(caras, 4, recipe)
    assert moments == [0, 11, 44, 100] and len(costs) == 101 and weights.shape == (4, 6, 64, 64)
    trained = model.train(caras.train_x, caras.train_y, recipe, progress=False)
    np.testing.assert_allclose(answers[-1:], trained.predict_proba(caras.train_x), atol=1e-9)

    monkeypatch.setattr(animation, "GIF", tmp_path / "a.gif")
    monkeypatch.setattr(animation, "film", lambda caras: film)
    monkeypatch.setattr(animation, "MIRROR", tmp_path / "b.gif")
    monkeypatch.setattr(animation, "reflected", lambda *_: [Image.new("RGB", (9, 9), "red")] * 5)
    animation.main()
    with Image.open(animation.GIF) as picture:
        assert picture.n_frames == 4 and picture.size == (800, 490) and picture.info["loop"] == 0
        frames = []
        for k in range(4):
            picture.seek(k)
            frames.append(np.asarray(picture.convert("RGB"), int))
    assert f"{animation.GIF.stat().st_size / 1e3:,.0f} kB" in capsys.readouterr().out
    tiles = [frame[90:310, :335] for frame in frames]
    assert (tiles[0] == 255).all()  # nothing is learnt yet
    assert (tiles[-1] < 255).mean() > 0.3
    assert all((a != b).any() for a, b in zip(frames, frames[1:]))


def test_the_stored_ones_are_light_and_whole():
    with Image.open(animation.GIF) as learning, Image.open(animation.MIRROR) as mirror:
        assert learning.n_frames == animation.FRAMES and learning.size == (800, 490)
        assert mirror.n_frames == animation.EACH * (1 + len(animation.PEOPLE))
    assert animation.GIF.stat().st_size + animation.MIRROR.stat().st_size < 1_500_000


def test_what_stands_before_the_mirror_has_a_cameras_size(caras, monkeypatch):
    monkeypatch.setattr(animation, "EACH", 3)
    judge = SimpleNamespace(predict_proba=lambda images: np.zeros((1, len(images))))
    scenes = list(animation.before_the_mirror(caras, judge))
    assert {scene.size for scene in scenes} == {(640, 480)} and len(scenes) == 9
