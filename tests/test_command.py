"""What every program does around its work: a sentence at the end, and the question before it."""

import errno
import tempfile
from pathlib import Path

import pytest

from helpers.files import DataError
from tools import command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DataError("malo"), "malo", ""),
        (ImportError("instala"), "instala", ""),
        (KeyboardInterrupt(), 130, "\nInterrumpido. Ningún archivo quedó a medias.\n"),
    ],
)
def test_a_program_ends_with_a_sentence(capsys, error, code, said):
    def main():
        raise error

    with pytest.raises(SystemExit) as ended:
        command.run(main)
    assert ended.value.code == code
    assert capsys.readouterr().err == said


def test_the_systems_own_reason_is_a_sentence():
    with pytest.raises(SystemExit, match=r"No pude .* no\.h5: .*\(Detalle: FileNotFoundError"):
        command.run(Path("no.h5").read_bytes)


def test_what_can_be_written_leaves_no_trace(tmp_path):
    command.writable(tmp_path / "a.h5")
    command.writable(tmp_path / "nueva" / "otra" / "a.h5")
    assert not any(tmp_path.iterdir())
    with pytest.raises(DataError, match="es una carpeta"):
        command.writable(tmp_path)


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EACCES, "no tengo permiso"), (errno.ENOSPC, "está lleno")]
)
def test_what_cannot_be_written_is_said_before(tmp_path, monkeypatch, code, words):
    def refuse(dir):
        assert dir == tmp_path
        raise OSError(code, "no")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(DataError, match=f"No pude escribir .*a.h5.*{words}"):
        command.writable(tmp_path / "nueva" / "a.h5")


@pytest.mark.parametrize(
    ("value", "meant"),
    [(None, ""), ("mias ", "mias"), ('"C/x y"', "C/x y"), ("~/a", "{home}/a"), ("a: ~:b", "a:{home}:b")],
)  # fmt: skip
def test_variables_are_read_as_they_were_meant(monkeypatch, tmp_path, value, meant):
    monkeypatch.setattr("os.pathsep", ":")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("X", raising=False) if value is None else monkeypatch.setenv("X", value)
    assert command.environment("X") == meant.format(home=tmp_path)
