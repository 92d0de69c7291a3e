"""A model in a file: it comes back whole or not at all."""

import errno
import json
import os
from functools import cache
from unittest.mock import Mock

import h5py
import numpy as np
import pytest

from helpers import model
from helpers.data import DataError
from tests.on_disk import unchanged

SMALL = model.Recipe(hidden=(4, 3), num_iterations=30)
ORIGIN = model.Origin("dibujos", ("no sonríe", "sonríe"), 0.95, 2 / 3, True)
LUMINANCE = [0.299, 0.587, 0.114]
PLAIN = np.full((1, 8, 8, 3), 9, np.uint8)


def images(m=12, side=6):
    return np.random.RandomState(m).randint(0, 256, (m, side, side, 3), np.uint8)


@cache
def trained(recipe=SMALL):
    return model.train(images(), np.arange(12).reshape(1, -1) % 2, recipe, progress=False)


def channels(images, **fields):
    """The images as a network of such a recipe is given them, (m, h, w, 3)."""
    return model.inputs(images, model.Recipe(**fields)).T.reshape(images.shape)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "modelo con ñ.h5"


@pytest.fixture
def saved(path):
    model.save_model(path, trained(), ORIGIN)
    return path


def put(file, key, value=None, **options):
    """Store something else in place of what an open file has by that name."""
    del file[key]
    file.create_dataset(key, data=value, **options)


def alter(path, **changes):
    """Rewrite fields of the saved model's description."""
    with h5py.File(path, "r+") as file:
        about = json.loads(file["about"][0]) | changes
        put(file, "about", np.array([json.dumps(about).encode()]))


RECIPES = [
    SMALL,
    SMALL._replace(center=True, mirror=True, weight_decay=0.03, seeds=(1, 2, 3)),
    SMALL._replace(hidden=(), hidden_activation="tanh"),
    SMALL._replace(grey=True, standardize=True, average_mirror=True),
    SMALL._replace(local_contrast=2.0, directions=1.5, standardize=True, sharpen=2.5),
    SMALL._replace(hidden=(7,), hidden_activation="leaky_relu", scale=1, seeds=(np.int64(4),)),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_saved_model_predicts_bit_for_bit_the_same(path, recipe):
    original = trained(recipe)
    model.save_model(path, original, ORIGIN)
    again = model.load_model(str(path))
    new = images(50)
    assert again.predict_proba(new).tobytes() == original.predict_proba(new).tobytes()
    assert again.recipe == recipe
    assert again.origin == ORIGIN
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_parameters_of_the_courses_loop_can_be_saved(path):
    parameters = trained().networks[0]
    wrapped = model.Model(SMALL, 0.0, [{k: np.asfortranarray(v) for k, v in parameters.items()}])
    model.save_model(path, wrapped, ORIGIN)
    stored = model.load_model(path).networks[0]
    assert all(np.array_equal(stored[key], parameters[key]) for key in parameters)


def test_it_is_refused_what_its_recipe_does_not_describe(path):
    for recipe, says in [
        (model.PUBLISHED, r"W1: encontré forma \(1, 4, 108\); esperaba \(1, 20, 108\)"),
        (SMALL._replace(seeds=(1, 2)), "1 redes y su receta 2 semillas"),
    ]:
        with pytest.raises(ValueError, match=says):
            model.save_model(path, model.Model(recipe, 0.0, trained().networks), ORIGIN)
    for field, value in [
        *[("dataset", None), ("classes", ("sonríe",)), ("classes", ("no", None)), ("aligned", 1)],
        *[("train_accuracy", None), ("test_accuracy", float("nan"))],
    ]:
        with pytest.raises(ValueError, match=field):
            model.save_model(path, trained(), ORIGIN._replace(**{field: value}))
    broken = model.Model(SMALL, 0.0, [trained().networks[0] | {"W2": np.full((3, 4), np.nan)}])
    with pytest.raises(ValueError, match="W2: .* solo números finitos"):
        model.save_model(path, broken, ORIGIN)
    assert not list(path.parent.iterdir())


def test_a_full_disk_ends_in_a_sentence_and_keeps_the_old_model(saved, monkeypatch):
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(os, "replace", full)  # test_build fills a disk
    with unchanged(saved.parent, DataError, "No pude escribir .*: el disco está lleno"):
        model.save_model(saved, trained(), ORIGIN)


def test_no_file_and_other_files_are_refused(tmp_path, path):
    for nothing, says in {path: "no hay nada con ese nombre", tmp_path: "es una carpeta"}.items():
        with pytest.raises(DataError, match=f"No pude abrir .*{says}"):
            model.load_model(nothing)
    path.write_text("hola")
    with pytest.raises(DataError, match="no lo pude leer"):
        model.load_model(path)
    with h5py.File(path, "w") as file:
        file["train_set_x"] = [1]
    with pytest.raises(DataError, match="la ficha de un modelo"):
        model.load_model(path)


RECIPE = json.loads(json.dumps(SMALL._asdict()))
FIELDS = [  # of the recipe; the others are in test_recipe
    *[{"momentum": 0.9}, {"scale": "x"}, {"hidden": [4]}, {"hidden": [4] * 1000}],
    *[{"seeds": [1, 2]}, {"center": True}],
]
ORIGINS = [{"classes": ["a", "b", "c"]}, {"classes": [0, 1]}, {"aligned": "yes"}]
DAMAGE = [
    *[{"recipe": None}, *[{"recipe": RECIPE | field} for field in FIELDS]],
    *[{"origin": {}}, *[{"origin": ORIGIN._asdict() | field} for field in ORIGINS]],
    *[{"inputs": inputs} for inputs in (10**12, -108, None)],
]
VERSIONS = [
    ({"format_version": 4}, r"versión 4; .* hasta la 3\. .*actualiza el proyecto"),
    ({"format": "otro"}, "encontré 'otro'"),
]


@pytest.mark.parametrize("changes, says", [*VERSIONS, *[(changes, "con ñ") for changes in DAMAGE]])
def test_a_description_that_does_not_fit_is_refused(saved, changes, says):
    alter(saved, **changes)
    with pytest.raises(DataError, match=says):
        model.load_model(saved)


TRAPS = {
    "other shape": lambda f: put(f, "W1", np.zeros((1, 4, 99))),
    "whole numbers": lambda f: put(f, "W1", np.zeros((1, 4, 108), np.int64)),
    "endless": lambda f: put(f, "W1", np.full((1, 4, 108), np.inf)),
    "linked": lambda f: (f.move("W1", "other"), f.update({"W1": h5py.SoftLink("/other")})),
    "nothing stored": lambda f: put(f, "W1", shape=(1, 4, 108), dtype="f8"),
    "about is long": lambda f: put(f, "about", [b"[" * 10**6]),
    "about is text": lambda f: put(f, "about", ["{}"]),
}


@pytest.mark.parametrize("spoil", TRAPS.values(), ids=TRAPS.keys())
def test_traps_are_refused(saved, spoil):
    with h5py.File(saved, "r+") as file:
        spoil(file)
    with pytest.raises(DataError) as caught:
        model.load_model(saved)
    assert len(str(caught.value)) < 1500


def test_one_array_under_many_names_is_refused(saved):
    alter(saved, inputs=500, recipe=RECIPE | {"hidden": [500] * 40})
    with h5py.File(saved, "r+") as file:
        put(file, "W1", np.zeros((1, 500, 500)), compression="gzip")
        for l in range(2, 41):
            file.pop(f"W{l}", None)
            file[f"W{l}"] = file["W1"]
    with pytest.raises(DataError, match=r"encontré [\d,]+ bytes de datos"):
        model.load_model(saved)


def test_a_flipped_bit_in_the_numbers_is_noticed(saved):
    raw = bytearray(saved.read_bytes())
    number = model.load_model(saved).networks[0]["W1"].tobytes()[:64]
    raw[raw.index(number)] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(DataError, match="W1"):
        model.load_model(saved)


def test_each_image_is_prepared_by_itself_with_its_own_mean_and_spread():
    new = images(9)
    for x, image in zip(channels(new, grey=True, standardize=True), new):
        grey = image @ LUMINANCE
        expected = np.dstack(3 * [(grey - grey.mean()) / grey.std()])
        np.testing.assert_allclose(x, expected, atol=1e-12)
    assert np.abs(channels(PLAIN, standardize=True)).max() < 1e-6


def test_local_contrast_forgets_the_light_and_its_slope():
    face = np.random.RandomState(0).randint(60, 120, (1, 32, 32, 3))
    slope = np.linspace(0, 60, 32).astype(int)[None, None, :, None]  # lit from one side
    pair = np.concatenate([face, face + slope]).astype(np.uint8)
    before, after = (
        np.corrcoef(channels(pair, grey=True, local_contrast=width).reshape(2, -1))[0, 1]
        for width in (0, 4)
    )
    assert after > 0.98 > before
    assert not channels(PLAIN, grey=True, local_contrast=4, standardize=True).any()


def edge(degrees, light, dark, side=33):
    """A picture (1, side, side, 3) of a soft line, 3 pixels wide, that rises at so many degrees."""
    y, x = np.mgrid[:side, :side] - side // 2
    away = x * np.sin(np.radians(degrees)) + y * np.cos(np.radians(degrees))
    grey = dark + (light - dark) * np.exp(-((away / 2) ** 2))
    return np.repeat(np.rint(grey)[None, :, :, None], 3, axis=3).astype(np.uint8)


def test_directions_are_those_of_the_slopes_with_the_angle_doubled():
    for degrees in (0, 30, 45, 90, 120, 135):
        across = np.radians(90 - degrees)  # where the light grows: across the line, y downwards
        for light, dark in [(200, 50), (50, 200)]:  # a dark line leans as a light one does
            lean = channels(edge(degrees, light, dark), directions=1.5)[0, ..., 1:]
            found = lean[8:-8, 8:-8].mean(axis=(0, 1))
            assert np.hypot(*found) > 0.02
            expected = np.cos(2 * across), np.sin(2 * across)
            np.testing.assert_allclose(found / np.hypot(*found), expected, atol=0.04)


def test_the_first_channel_of_three_is_the_grey_and_a_mirror_turns_the_last_ones_sign():
    new, fields = images(9, 16), {"local_contrast": 3, "directions": 1}
    X, mirrored = channels(new, **fields), channels(new[:, :, ::-1], **fields)
    grey = channels(new, grey=True, local_contrast=3)
    np.testing.assert_array_equal(X[..., 0], grey[..., 0])
    np.testing.assert_allclose(mirrored[:, :, ::-1], X * (1, 1, -1), atol=1e-12)
    spread = channels(new, standardize=True, **fields).std(axis=(1, 2))
    np.testing.assert_allclose(spread, 1, rtol=1e-9)  # each channel by itself
    assert not channels(PLAIN, **fields).any()


def test_what_a_network_is_given_can_be_looked_at():
    new = images(4, 16)

    def given(**fields):
        pictures = model.Model(SMALL._replace(**fields), 0.0, []).given(new)
        assert pictures.shape == new.shape and pictures.dtype == np.uint8
        return pictures

    np.testing.assert_array_equal(given(center=True), new)
    grey = given(grey=True)
    np.testing.assert_allclose(grey[..., 0], new @ LUMINANCE, atol=0.501)
    local = given(grey=True, local_contrast=3.0)
    for pictures in (grey, local):
        assert (pictures == pictures[..., :1]).all()
    lean = given(local_contrast=3.0, directions=1.5)
    np.testing.assert_array_equal(lean[..., 0], local[..., 0])
    X = channels(new, local_contrast=3.0, directions=1.5)
    assert ((lean > 128) <= (X > 0)).all() and ((lean < 128) <= (X < 0)).all()
    assert (np.abs(lean.std(axis=(1, 2)) - 127 / 3) < 3).all()


def test_an_image_and_its_mirror_image_get_one_answer():
    both = trained(SMALL._replace(average_mirror=True, seeds=(1, 2)))
    new = images(20)
    one = model.Model(both.recipe._replace(average_mirror=False), both.mean, both.networks)
    expected = (one.predict_proba(new) + one.predict_proba(new[:, :, ::-1])) / 2
    np.testing.assert_allclose(both.predict_proba(new), expected, rtol=1e-12)


def test_sharpened_answers_are_as_many_times_surer_and_of_the_same_class():
    one = trained(SMALL._replace(seeds=(1, 2)))
    sharp = model.Model(one.recipe._replace(sharpen=2.0), one.mean, one.networks)
    p, sharpened = one.predict_proba(images(40)), sharp.predict_proba(images(40))
    np.testing.assert_allclose(sharpened / (1 - sharpened), (p / (1 - p)) ** 2, rtol=1e-9)
    np.testing.assert_array_equal(one.predict(images(40)), sharp.predict(images(40)))


def test_training_along_passes_through_the_models_that_training_ends_in():
    recipe = SMALL._replace(center=True, mirror=True, weight_decay=0.01, seeds=(1, 2))
    Y = np.arange(12).reshape(1, -1) % 2
    along = model.train_along(images(), Y, recipe, [10, 30])
    for moment, passed in along.items():
        ended = trained(recipe._replace(num_iterations=moment)).predict_proba(images(5))
        np.testing.assert_allclose(passed.predict_proba(images(5)), ended, rtol=1e-10)


@pytest.mark.parametrize("dtype, error", [(np.float32, 1e-6), (np.float16, 2e-3)])
def test_fewer_digits_in_the_file_move_the_answers_by_little(path, dtype, error):
    original = trained()
    model.save_model(path, original, ORIGIN, dtype)
    with h5py.File(path) as file:
        assert file["W1"].dtype == dtype
    moved = model.load_model(path).predict_proba(images()) - original.predict_proba(images())
    assert 0 < np.abs(moved).max() < error
