"""What every writer needs: the file is the old one or the new one, never half of one."""

import pytest

from helpers.files import DataError, whole_file


def test_a_failed_writer_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("antes")
    with pytest.raises(KeyError), whole_file(path) as unfinished:
        unfinished.write_text("a medi")
        assert path.read_text() == "antes"
        raise KeyError
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "antes"
    with whole_file(path) as unfinished:
        unfinished.write_text("después")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "después"


def test_says_where_nothing_can_be_written(tmp_path):
    path = tmp_path / "no existe" / "a.txt"
    with (
        pytest.raises(DataError, match=r"No pude escribir .*no existe/a\.txt"),
        whole_file(path) as new,
    ):
        new.write_text("x")
