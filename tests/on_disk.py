"""What the tests of tools share: folders as they are, and programs in a process of their own."""

import ast
import errno
import gc
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from PIL import Image

from helpers.files import PROJECT
from tools import report


def datasets_folder(tmp_path):
    """In place of datasets/, with something in it; for ``pytest.fixture``."""
    return put(tmp_path / "carpeta con acentos ñ", {"README.md": b"de otros"})


def contents(folder):
    """Everything below a folder, hidden or not: path → bytes, of folders None."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@contextmanager
def unchanged(folder, error, match):
    """What fails in it, with such an error, leaves the folder as it was."""
    before = contents(folder)
    with pytest.raises(error, match=match):
        yield
    assert contents(folder) == before


def put(home, what):
    """Write what a student may have: one file's bytes, or name → bytes in a folder; return where."""
    files = {"": what} if isinstance(what, bytes) else dict(what)
    for name, raw in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(raw)
    return home


def archived(files, kind="zip"):
    """The bytes of an archive, "zip", "tar" or "gztar", of files, name → bytes."""
    with TemporaryDirectory() as home:
        files = put(Path(home) / "files", files)
        return Path(shutil.make_archive(f"{home}/packed", kind, files)).read_bytes()


def locked(monkeypatch, place):
    """Let the system refuse whoever looks into a folder, or a photograph."""

    def refused(function, path):
        if str(path) == str(place):
            raise PermissionError(errno.EACCES, "denied", str(path))
        return function(path)

    monkeypatch.setattr(os, "scandir", partial(refused, os.scandir))
    monkeypatch.setattr(Image, "open", partial(refused, Image.open))


def run(module, *arguments, **variables):
    """What a program, in a process of its own, says on both streams; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    return said


def imported():
    """The names that each notebook has after its cells that import: what a reader can paste uses."""
    for path in report.NOTEBOOKS:
        exec(_imports(path), scope := {})
        yield scope


@cache
def _imports(path):
    cells = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    body = parsed("\n".join(re.sub("^[%!].*", "", cell, flags=re.M) for cell in cells)).body
    return "\n".join(ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom))


@cache
def parsed(source):
    """The tree of a source, parsed once, with nothing finalized meanwhile.

    What is finalized with a warning is parsed, too, and Python 3.11 can't do both.
    """
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()
