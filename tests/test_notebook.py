"""The notebook on other data sets than the one whose outputs it stores (nbval tests that one)."""

import re

import h5py
import nbformat
import numpy as np
import pytest

from conftest import DATA_FOLDERS
from tools import report


def printed(notebook):
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs)


def run_on(monkeypatch, name, folder):
    monkeypatch.setenv("SMILE_DATASET", name)
    monkeypatch.setenv("SMILE_DATA_DIR", str(folder))
    notebook = nbformat.read(report.NOTEBOOK, as_version=4)
    (drawn,) = [cell for cell in notebook.cells if "personas = [2, 4, 8" in cell.source]
    drawn.source = drawn.source.replace("[2, 4, 8, 16, 32, 64]", "[2, 4]")  # the same on any set
    report.execute(notebook)
    assert f"Conjunto: {name}" in report.printed_results(notebook)
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    stored = nbformat.read(report.NOTEBOOK, as_version=4)
    expected = sum("plots." in cell.source for cell in stored.cells if cell.cell_type == "code")
    assert len(figures) >= expected - 1  # the imports' cell names plots, too
    return notebook


def test_it_runs_whole_on_a_set_in_the_shape_of_happy_house(monkeypatch, tmp_path):
    """Bare 0/1 classes and no attributes; fewer images than the real 600 and 150.

    Real faces where `smiles` is at hand, else noise with a brighter mouth.
    """
    random = np.random.RandomState(0)
    for split, m in (("train", 100), ("test", 40)):
        y = np.arange(m) % 2
        x = random.randint(0, 200, (m, 64, 64, 3))
        x[:, 40:50, 20:44] += 55 * y[:, None, None, None]
        for folder in DATA_FOLDERS:
            if (folder / f"{split}_smiles.h5").is_file():
                with h5py.File(folder / f"{split}_smiles.h5") as whole:
                    x, y = whole[f"{split}_set_x"][:m], whole[f"{split}_set_y"][:m]
        with h5py.File(tmp_path / f"{split}_happy.h5", "w") as file:
            file[f"{split}_set_x"] = x.astype(np.uint8)
            file[f"{split}_set_y"] = y
            file["list_classes"] = np.array([0, 1])
    notebook = run_on(monkeypatch, "happy", tmp_path)
    assert "no dice quién sale en cada imagen" in printed(notebook)


@pytest.fixture(scope="module")
def stored():
    return nbformat.read(report.NOTEBOOK, as_version=4)


def test_at_most_three_cells_are_excepted_from_comparison(stored):
    excepted = [
        cell
        for cell in stored.cells
        if {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
        or "NBVAL_" in cell.source
    ]
    assert len(excepted) <= 3


def test_cells_are_short_and_were_executed_in_order(stored):
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert max(len(cell.source.splitlines()) for cell in code) <= 14


def test_the_contents_are_the_headings_and_lead_to_them(stored):
    """A browser follows the links in tests/browser; an id of ours is found in any program."""
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    headings = re.findall(r'^<a id="(s\d+)"></a>\n\n## \d+\. (.*)$', prose, re.M)
    assert re.findall(r"^\d+\. \[(.*)\]\(#(s\d+)\)$", prose, re.M) == [
        (text, mark) for mark, text in headings
    ]
    assert len(headings) == prose.count("\n## ")


def test_figures_are_numbered_and_have_their_caption_below(stored):
    cells = stored.cells
    captions = [cell.source[:13] for cell in cells if cell.source.startswith("**Figura")]
    assert [text.split(".")[0] for text in captions] == [
        f"**Figura {i + 1}" for i in range(len(captions))
    ]
    for cell, below in zip(cells, cells[1:]):
        if "image/png" in {kind for out in cell.get("outputs", []) for kind in out.get("data", {})}:
            assert below.source.startswith("**Figura"), cell.source


def test_the_file_is_small_enough_to_open_quickly():
    assert report.NOTEBOOK.stat().st_size < 3_000_000
