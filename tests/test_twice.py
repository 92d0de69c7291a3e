"""Cells that are run again, at once or when all is done, as readers do, print the same again.

The story on other data than those whose outputs it stores: a set in the shape of Happy House.
"""

import re

import h5py
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from conftest import DATA_FOLDERS, figures
from helpers import data
from tools import report

# Notebook → what to write otherwise in its code, so that it is done soon
SHORTER = {path.stem: {} for path in report.NOTEBOOKS}
SHORTER["Desde_cero_soluciones"] = {"0.0075, 300,": "0.0075, 20,", "2400": "40"}
SHORTER["A_fondo"] = {"range(100)": "range(3)", "0.0075, 100,": "0.0075, 3,"}
# After the first cell: in all that the notebooks call each training soon stands still, and a figure is
# blank where a cell is run again, when nobody looks at its pixels
SHORT = """

from itertools import islice, repeat

from helpers import canvas, training


def stands_still(*start, descend=training.descend):
    steps = list(islice(descend(*start), 20))
    yield from steps
    yield from repeat(steps[-1])


def draws_once(figure, *given, draw=canvas.Figure.savefig, **options):
    draw(figure if In.count(In[-1]) == 1 else canvas.Figure(1, 1), *given, **options)


training.descend, canvas.Figure.savefig = stands_still, draws_once"""


def printed(cell):
    """What a cell's outputs say; of figures and widgets, that they are there."""
    texts = [output.get("text") or output.data.get("text/plain", "") for output in cell.outputs]
    return [re.sub(r" at 0x\w+", "", text) for text in texts]


def drawn(notebook):
    """How many figures each cell of a notebook shows."""
    return [len(figures(cell.get("outputs", []))) for cell in notebook.cells]


def again(notebook, folder):
    """For each code cell of a notebook: its id, and what it said, said at once again, and in the end."""
    cells = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    cells[0][1].source += SHORT
    where = {"metadata": {"path": str(folder)}}
    kernel = report._kernel()
    client = NotebookClient(notebook, kernel, timeout=600, resources=where, coalesce_streams=True)
    with client.setup_kernel(cleanup_kc=True):
        said = [[printed(client.execute_cell(cell, i)) for _ in range(2)] for i, cell in cells]
        for (i, cell), texts in zip(cells, said, strict=True):
            texts.append(printed(client.execute_cell(cell, i)))
            if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                yield cell.id, *texts


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A folder with each tenth of the images of caras, and with a set like Happy House.

    That has bare 0/1 classes, no attributes, faces not in their place: real ones where `smiles` is at
    hand, else noise with a brighter mouth.
    """
    folder, random = tmp_path_factory.mktemp("few"), np.random.RandomState(0)
    for file in data.files_of("caras"):
        with h5py.File(data.DATASETS / file) as whole, h5py.File(folder / file, "w") as part:
            for key, values in whole.items():
                some = values[::10] if "_set_" in key else values[:]
                part.create_dataset(key, data=some, dtype=values.dtype).attrs.update(values.attrs)
    for split, m in (("train", 60), ("test", 24)):
        y = np.arange(m) % 2
        x = random.randint(0, 200, (m, 64, 64, 3))
        x[:, 40:50, 20:44] += 55 * y[:, None, None, None]
        for home in DATA_FOLDERS:
            if (home / f"{split}_smiles.h5").is_file():
                x, y, _ = data.load_half("smiles", split, home)
        with h5py.File(folder / f"{split}_happy.h5", "w") as file:
            file[f"{split}_set_x"] = x[:m].astype(np.uint8)
            file[f"{split}_set_y"] = np.ravel(y)[:m]
            file["list_classes"] = np.array([0, 1])
    return folder


@pytest.mark.parametrize("name", SHORTER)
def test_a_cell_that_is_run_twice_says_the_same(name, few, monkeypatch):
    dataset = "happy" if name == "Proyecto_Final" else "caras"
    monkeypatch.setenv("SMILE_DATASET", dataset)
    monkeypatch.setenv("SMILE_DATA_DIR", str(few))
    (path,) = [path for path in report.NOTEBOOKS if path.stem == name]
    notebook = nbformat.read(path, as_version=4)
    expected = drawn(notebook)
    for cell in notebook.cells:
        for whole, part in SHORTER[name].items():
            cell.source = cell.source.replace(whole, part)
    said = list(again(notebook, path.parent))
    assert len(said) > 6 and any(first for _, first, *_ in said)
    assert [(cell, first) for cell, first, *more in said if more != [first, first]] == []
    if dataset == "happy":  # whole, not a cell of it said twice that it can't
        assert drawn(notebook) == expected
        assert "Conjunto: happy" in report.printed_results(notebook)
