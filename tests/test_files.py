"""What every writer needs: the file is the old one or the new one, never half of one."""

import errno
import os
import signal
import time
from unittest.mock import Mock

import pytest

from helpers import files
from helpers.files import DataError, environment, opened, reason, whole_file
from tests.on_disk import contents, unchanged


def test_a_failed_writer_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("antes")
    with unchanged(tmp_path, KeyError, "interrupted"), whole_file(path) as unfinished:
        unfinished.write_text("a medi")
        assert path.read_text() == "antes"
        raise KeyError("interrupted")
    with whole_file(path) as unfinished:
        unfinished.write_text("luego")
    assert contents(tmp_path) == {"a.txt": b"luego"}


def test_two_writers_at_once_do_not_share_what_is_unfinished(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("uno")
        other.write_text("otro")
    assert contents(tmp_path) == {"a.txt": b"uno"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: Linux or macOS")
@pytest.mark.parametrize("before_the_rename", [False, True])
def test_a_killed_writer_leaves_a_whole_file(tmp_path, before_the_rename):
    path = tmp_path / "a.txt"
    path.write_text("antes")
    if (child := os.fork()) == 0:
        try:
            if before_the_rename:
                os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            with whole_file(path) as unfinished:
                unfinished.write_text("a medi")
                if not before_the_rename:
                    os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "antes"
    (left,) = set(tmp_path.iterdir()) - {path}
    for age, remain in ((60, [path, left]), (2 * 3600, [path])):  # of another writer; abandoned
        os.utime(left, (time.time() - age,) * 2)
        with whole_file(path) as unfinished:
            unfinished.write_text("después")
        assert sorted(tmp_path.iterdir()) == remain
    assert path.read_text() == "después"


def test_says_where_nothing_can_be_written(tmp_path):
    path = tmp_path / "no existe" / "a.txt"
    with pytest.raises(DataError, match=r"No pude escribir .*a\.txt"), whole_file(path) as new:
        new.write_text("x")


REASONS = {
    errno.EACCES: "no tengo permiso",
    errno.ENOSPC: "el disco está lleno",
    errno.EDQUOT: "el disco está lleno",
    errno.EROFS: "ahí solo se puede leer",
    errno.EDEADLK: "solo en la nube; descárgalo antes",  # macOS, of a file in iCloud
    errno.ENOTDIR: "es un archivo; esperaba una carpeta",
    errno.EISDIR: "es una carpeta; esperaba un archivo",
    errno.EIO: "no se pudo",
}


@pytest.mark.parametrize(("code", "words"), REASONS.items())
def test_the_systems_reason_is_told(code, words):
    assert words in reason(error := OSError(code, os.strerror(code), "a.jpg"))
    assert reason(error).endswith(f"(Detalle: {type(error).__name__}: {error})")


MEANT = {"mias ": "mias", '"C/x y"': "C/x y", "~/a": "{home}/a", "a: ~:b": "a:{home}:b", None: ""}


@pytest.mark.parametrize(("value", "meant"), MEANT.items())
def test_variables_are_read_as_they_were_meant(monkeypatch, tmp_path, value, meant):
    monkeypatch.setattr("os.pathsep", ":")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("X", raising=False) if value is None else monkeypatch.setenv("X", value)
    assert environment("X") == meant.format(home=tmp_path)


def test_a_file_that_may_not_be_read_is_not_called_damaged(monkeypatch, tmp_path):
    refused = Mock(side_effect=PermissionError(errno.EACCES, "Permission denied"))
    path = tmp_path / "a.h5"
    path.write_bytes(b"whatever")
    with pytest.raises(DataError, match="no lo pude leer; esperaba un archivo HDF5"), opened(path):
        pass
    monkeypatch.setattr(files, "open", refused, raising=False)
    with pytest.raises(DataError, match="No pude abrir .*no tengo permiso") as caught, opened(path):
        pass
    assert "descárgalo" not in str(caught.value)
