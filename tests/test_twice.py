"""Cells that are run twice in a row, as readers do, print the same again."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from tools import report

# Notebook → what to write otherwise in its code, so that it is done soon
SHORTER = {"Desde_cero": {}, "Desde_cero_soluciones": {"0.0075, 300,": "0.0075, 20,", "2400": "40"}}


def printed(cell):
    """What a cell's outputs say; of figures and widgets, that they are there."""
    texts = [output.get("text") or output.data.get("text/plain", "") for output in cell.outputs]
    return [re.sub(r" at 0x\w+", "", text) for text in texts]


def again(path, shorter):
    """For each code cell of a notebook, run twice in a row: its id, what it said, and then again."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    kernel = report._kernel()
    client = NotebookClient(notebook, kernel, timeout=600, resources=where, coalesce_streams=True)
    with client.setup_kernel(cleanup_kc=True):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                for whole, part in shorter.items():
                    cell.source = cell.source.replace(whole, part)
                said = [printed(client.execute_cell(cell, index)) for _ in range(2)]
                if "nbval-ignore-output" not in cell.metadata.get("tags", []):
                    yield cell.id, *said


@pytest.mark.parametrize("name", SHORTER)
def test_a_cell_that_is_run_twice_says_the_same(name, monkeypatch):
    monkeypatch.setenv("SMILE_DATASET", "caras")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    path = report.PROJECT / "cuadernos" / f"{name}.ipynb"
    said = list(again(path, SHORTER[name]))
    assert len(said) > 20 and any(first for _, first, _ in said)
    assert [cell for cell, first, second in said if first != second] == []
