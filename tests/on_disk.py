"""What the tests of tools share: folders as they are, and programs that are killed or alone."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from tools import report

PROJECT = Path(__file__).resolve().parents[1]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: Linux or macOS")


def datasets_folder(tmp_path):
    """In place of datasets/, with something in it; for ``pytest.fixture``."""
    path = tmp_path / "carpeta con acentos ñ"
    path.mkdir()
    (path / "README.md").write_text("de otros")
    return path


def contents(folder):
    """Everything below a folder, hidden or not: path → bytes, of folders None."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def put(home, what):
    """Write what a student may have: one file's bytes, or (name, bytes) in a subfolder each."""
    if isinstance(what, bytes):
        home.write_bytes(what)
    for i, (name, raw) in enumerate(what if isinstance(what, list) else []):
        (home / str(i)).mkdir(parents=True)
        (home / str(i) / name).write_bytes(raw)
    return home


def killed(job, seconds=None, renames=None):
    """Run job in a child that is killed after some seconds, or renames; return whether it was."""
    child, done, rename = os.fork(), [], os.replace
    if child == 0:

        def replace(*paths):
            if len(done) == renames:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(rename(*paths))

        try:
            os.replace = replace
            job()
            os._exit(0)
        finally:
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def deaths(job, n=12):
    """How a run of job may die: before each rename, and at n moments spread over all its time."""
    start, chance = time.perf_counter(), random.Random(1)
    assert not killed(job)
    whole = time.perf_counter() - start
    moments = [{"seconds": whole * (i + chance.random()) / n} for i in range(n)]
    return [{"renames": 0}, {"renames": 1}, *moments]


def run(module, *arguments, prelude=None):
    """A command in a process of its own: its exit code, and what it said on both streams."""
    code = f"import sys\n{prelude}\nfrom {module} import main\nmain(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, *(["-c", code] if prelude else ["-m", module]), *arguments],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=60,
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def imported():
    """The names that each notebook has after its cells that import: what a reader can paste uses."""
    for path in report.NOTEBOOKS:
        cells = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
        lines = [line for cell in cells for line in cell.splitlines()]
        scope = {}
        exec("\n".join(line for line in lines if re.match("(from|import) ", line)), scope)
        yield scope
