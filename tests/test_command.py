"""What every program does around its work: a sentence at the end, and the question before it."""

import errno
import sys
import tempfile
from pathlib import Path

import pytest

from helpers.files import DataError
from tools import animation, command, page, report, train_smiles, workbook


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


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC])
def test_what_cannot_be_written_is_said_before(tmp_path, monkeypatch, code):
    def refuse(dir):
        assert dir == tmp_path
        raise OSError(code, "no")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(DataError, match="No pude escribir .*a.h5"):
        command.writable(tmp_path / "nueva" / "a.h5")


WRITTEN = [  # a program, and what it writes
    *[(report, "REPORT"), (page, "PAGE"), (workbook, "STUDENT")],
    *[(animation, "GIF"), (animation, "MIRROR"), (train_smiles, "MODEL"), (train_smiles, "FIGURE")],
]


@pytest.mark.parametrize(("program", "name"), WRITTEN)
def test_whether_it_can_be_written_is_asked_before_the_work(tmp_path, monkeypatch, program, name):
    for module, work in (report, "execute"), (animation, "film"), (train_smiles, "photographs"):
        monkeypatch.setattr(module, work, pytest.fail)
    monkeypatch.setattr(sys, "argv", ["python"])
    (tmp_path / "archivo").write_text("donde va la carpeta")
    monkeypatch.setattr(program, name, tmp_path / "archivo" / "a.b")
    with pytest.raises(DataError, match="No pude escribir .*a.b"):
        program.main()
