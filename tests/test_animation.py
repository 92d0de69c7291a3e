"""README's animation, of a short training."""

import numpy as np
from PIL import Image

from helpers import data, model
from tools import animation


def test_it_shows_the_training_from_its_start_to_its_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(animation, "FRAMES", 4)
    monkeypatch.setattr(animation, "GIF", tmp_path / "a.gif")
    recipe = model.STORY._replace(num_iterations=300)
    film = animation.film
    monkeypatch.setattr(animation, "film", lambda caras: film(caras, 4, recipe))
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


def test_the_mirror_is_photographed_in_a_browser_and_both_are_light():
    path = animation.PROJECT / "images" / "espejo.gif"
    with Image.open(path) as picture:
        assert picture.n_frames == animation.EACH * (1 + len(animation.PEOPLE))
    assert path.stat().st_size + animation.GIF.stat().st_size < 1_500_000


def test_what_stands_before_the_mirror_has_a_cameras_size():
    caras = data.load_dataset("caras", data.DATASETS)
    judge = model.load_model(animation.PROJECT / "models" / "smiles.h5")
    scenes = list(animation.before_the_mirror(caras, judge))
    assert {scene.size for scene in scenes} == {(640, 480)}


def test_the_stored_one_is_light_and_of_this_size():
    path = animation.PROJECT / "images" / "aprender.gif"
    assert path.stat().st_size < 1_500_000
    with Image.open(path) as picture:
        assert picture.n_frames == animation.FRAMES and picture.size == (800, 490)


def test_its_numbers_are_the_trainings():
    caras = data.load_dataset("caras", data.DATASETS)
    recipe = model.STORY._replace(num_iterations=30)
    moments, costs, answers, weights = animation.film(caras, 3, recipe)
    assert moments == [0, 8, 30] and len(costs) == 31 and weights.shape == (3, 6, 64, 64)
    trained = model.train(caras.train_x, caras.train_y, recipe, progress=False)
    np.testing.assert_allclose(answers[-1:], trained.predict_proba(caras.train_x), atol=1e-9)
