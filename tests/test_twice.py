"""Cells that are run again, at once or when all is done, as readers do, print the same again."""

import re

import h5py
import nbformat
import pytest
from nbclient import NotebookClient

from helpers import data
from tools import report

# Notebook → what to write otherwise in its code, so that it is done soon
SHORTER = {path.stem: {} for path in report.NOTEBOOKS}
SHORTER["Desde_cero_soluciones"] = {"0.0075, 300,": "0.0075, 20,", "2400": "40"}
SHORTER["A_fondo"] = {"range(100)": "range(3)", "0.0075, 100,": "0.0075, 3,"}
# After so few steps each training stands still, in all that the notebooks call
SHORT = """from itertools import islice, repeat

from helpers import training


def stands_still(*start, steps={steps}, descend=training.descend):
    steps = list(islice(descend(*start), steps))
    yield from steps
    yield from repeat(steps[-1])


training.descend = stands_still"""


def printed(cell):
    """What a cell's outputs say; of figures and widgets, that they are there."""
    texts = [output.get("text") or output.data.get("text/plain", "") for output in cell.outputs]
    return [re.sub(r" at 0x\w+", "", text) for text in texts]


def again(path, shorter):
    """For each code cell of a notebook: its id, and what it said, said at once again, and in the end."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for whole, part in shorter.items():
            cell.source = cell.source.replace(whole, part)
    cells = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    where = {"metadata": {"path": str(path.parent)}}
    kernel = report._kernel()
    client = NotebookClient(notebook, kernel, timeout=600, resources=where, coalesce_streams=True)
    with client.setup_kernel(cleanup_kc=True):
        said = [[printed(client.execute_cell(cell, i)) for _ in range(2)] for i, cell in cells[:1]]
        short = nbformat.v4.new_code_cell(SHORT.format(steps=20))
        notebook.cells.append(short)
        client.execute_cell(short, len(notebook.cells) - 1)
        said += [[printed(client.execute_cell(cell, i)) for _ in range(2)] for i, cell in cells[1:]]
        for (i, cell), texts in zip(cells, said, strict=True):
            texts.append(printed(client.execute_cell(cell, i)))
            if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                yield cell.id, *texts


@pytest.fixture(scope="module")
def few_caras(tmp_path_factory):
    """A folder with each tenth of the images of caras."""
    folder = tmp_path_factory.mktemp("caras")
    for file in data.files_of("caras"):
        with h5py.File(data.DATASETS / file) as whole, h5py.File(folder / file, "w") as few:
            for key, values in whole.items():
                part = values[::10] if "_set_" in key else values[:]
                few.create_dataset(key, data=part, dtype=values.dtype).attrs.update(values.attrs)
    return folder


@pytest.mark.parametrize("name", SHORTER)
def test_a_cell_that_is_run_twice_says_the_same(name, few_caras, monkeypatch):
    monkeypatch.setenv("SMILE_DATASET", "caras")
    monkeypatch.setenv("SMILE_DATA_DIR", str(few_caras))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    (path,) = [path for path in report.NOTEBOOKS if path.stem == name]
    said = list(again(path, SHORTER[name]))
    assert len(said) > 6 and any(first for _, first, *_ in said)
    assert [(cell, first) for cell, first, *more in said if more != [first, first]] == []
