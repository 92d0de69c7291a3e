"""The wheel, installed where nothing else of the project is: what a cluster's machines work with."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec

import pytest

from conftest import PROJECT

PROGRAM = """
import nbformat, numpy as np
from helpers import check_packages, data, model, studies
from helpers.page import playground
from helpers.recipe import Recipe
from tools import report

check_packages()
x, Y = np.random.RandomState(0).randint(0, 256, (12, 64, 64, 3), np.uint8), np.arange(12)[None] % 2
recipe = Recipe(hidden=(3,), num_iterations=5)
print(studies.cross_validate(x, Y, [recipe], k=2)[recipe].accuracy)
caras = data.Dataset("caras", x, Y, x, Y, ["no", "sí"])
touched = playground.touch(model.train(x, Y, recipe), caras)
print(len(touched.fragment))
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Hola\\n\\n$x^2$")])
print(report.to_html(notebook, "."))
data.load_dataset("nadie")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of a copy, which stays as it was."""
    if not find_spec("setuptools"):  # imported here, it would change what others import
        pytest.skip("needs setuptools")
    home = tmp_path_factory.mktemp("wheel")
    for name in ("helpers", "tools", "tests", "benchmarks"):
        shutil.copytree(PROJECT / name, home / "source" / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, home / "source")
    pip("wheel", "--no-build-isolation", "--wheel-dir", home, home / "source")
    (built,) = home.glob("*.whl")
    return built


def pip(*arguments):
    command = [sys.executable, "-m", "pip", *arguments, "--no-deps", "--no-index", "--quiet"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_it_holds_all_that_the_programs_read_and_nothing_else(wheel):
    tracked = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("helpers", "tools")
        for path in (PROJECT / folder).rglob("*.*")
        if path.suffix != ".pyc"
    }
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == tracked
    assert {path.rpartition(".")[2] for path in inside} >= {"py", "js", "css", "j2"}


def test_a_study_and_a_page_run_from_it_in_an_empty_folder(wheel, tmp_path):
    pip("install", "--target", tmp_path / "site", wheel)
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path / "empty",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site"), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert "DataError: No encontré el conjunto «nadie»" in done.stderr  # its data are elsewhere
    packages, used, score, size, *page = done.stdout.splitlines()
    assert packages.startswith("Python 3.") and "numpy" in used
    assert 0 <= float(score) <= 1
    script = max((PROJECT / "helpers" / "page").glob("*.js"), key=lambda path: path.stat().st_size)
    assert int(size) > script.stat().st_size > 1000
    assert "<title>Hola</title>" in "".join(page) and "<msup>" in "".join(page)
    assert list((tmp_path / "empty").iterdir()) == []
