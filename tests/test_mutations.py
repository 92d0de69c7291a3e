"""Files damaged at random load or are refused, and a loader that does otherwise is noticed."""

import os
import subprocess
import sys
import time
import zlib
from collections import Counter

import h5py
import numpy as np
import pytest

from benchmarks import damage, mutations
from conftest import PROJECT
from helpers.data import DataError
from helpers.model import load_model

CASES = dict(zip(mutations.KINDS, (250, 250, 150, 80, 30), strict=True))


@pytest.mark.parametrize("kind", CASES)
def test_damaged_files_load_or_are_refused(kind, tmp_path):
    put = mutations.KINDS[kind]
    found, _, _ = mutations.try_all(put, mutations.load, CASES[kind], 1, tmp_path)
    assert set(found) == {"accepted", "refused"}, (tmp_path / "stderr.txt").read_text()[-2000:]
    assert found.total() == CASES[kind]
    assert not [path for path in tmp_path.iterdir() if path.name != "stderr.txt"]


@pytest.mark.parametrize("kind", CASES)
def test_the_same_seed_damages_the_same(kind, tmp_path):
    put = mutations.KINDS[kind]
    files = []
    for seed in (5, 5, 6):
        folder = tmp_path / str(len(files))
        folder.mkdir()
        put(folder, mutations.random.Random(seed))
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files.append([(path.relative_to(folder), path.read_bytes()) for path in paths])
    assert files[0] == files[1] != files[2]


GOOD = "zlib.crc32(b''.join([*sum(damage.halves(), []), *damage.photos(), damage.saved_model()]))"


def test_the_good_files_are_the_same_in_another_process():
    """A second later: a profile of colours bears the time that it was made."""
    ours = eval(GOOD, {"zlib": zlib, "damage": damage})
    program = f"import zlib; from benchmarks import damage; print({GOOD})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == ours


@pytest.mark.parametrize("width", ["1e308", "99999999999999999999", "-1", "1e9"])
def test_a_model_that_looks_too_far_around_is_refused(tmp_path, width):
    """Found among 10,000 damaged ones: SciPy's filter would have failed when it predicted."""
    path = tmp_path / "modelo.h5"
    path.write_bytes(damage.saved_model())
    with h5py.File(path, "r+") as file:
        about = file["about"][0].replace(
            b'"local_contrast": 0.0', b'"local_contrast": ' + width.encode()
        )
        assert width.encode() in about
        del file["about"]
        file["about"] = np.array([about])
    with pytest.raises(DataError, match="modelo.h5"):
        load_model(path)


# What the watch must notice, in this order; after each, the next is loaded as if nothing was.
OUTCOMES = ["accepted", "refused", "undocumented", "crash", "hang", "memory", "memory", "hang"]
OUTCOMES += ["accepted"]


def put_outcome(folder, rng):
    (folder / "caso").write_text(folder.name)


def misbehave(folder):
    """A loader that does as the case says, in the other process."""
    case = (folder / "caso").read_text()
    if case == "1":
        raise DataError("malo")
    if case == "2":
        raise KeyError("malo")
    if case == "3":
        os.abort()
    if case == "4":
        time.sleep(60)
    if case == "5":
        b"\1" * (150 * 2**20)
    if case == "6":
        raise DataError("malo") from MemoryError()
    until = time.process_time() + 1.2
    while case == "7" and time.process_time() < until:
        pass


def test_the_watch_notices(tmp_path):
    found, slowest, _ = mutations.try_all(
        put_outcome, misbehave, len(OUTCOMES), 0, tmp_path, seconds=1, mib=100, patience=2
    )
    assert found == Counter(OUTCOMES)
    assert slowest == 2
    kept = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    bad = [i for i, outcome in enumerate(OUTCOMES) if outcome in mutations.OTHER]
    assert kept == [f"put_outcome-{i}-{OUTCOMES[i]}" for i in bad]
    assert [(tmp_path / name / "caso").read_text() for name in kept] == [str(i) for i in bad]
    said = (tmp_path / "stderr.txt").read_text()
    assert "KeyError: 'malo'" in said
    assert "Fatal Python error: Aborted" in said


def test_a_failure_is_told(tmp_path, monkeypatch, capsys):
    kinds = {"caso": put_outcome, "otro": None}
    monkeypatch.setattr(mutations, "KINDS", kinds)
    monkeypatch.setattr(mutations, "load", misbehave)
    monkeypatch.setattr(mutations.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["mutations", "--files", "3", "--only", "caso"])
    with pytest.raises(SystemExit, match=r"1 archivos .*mutations-") as caught:
        mutations.main()
    assert "| caso | 3 | 1 | 1 | 1 |" in capsys.readouterr().out
    assert list(tmp_path.glob("mutations-*/put_outcome-2-undocumented/caso"))
    assert caught.value.code  # a text: Python prints it and exits with 1
