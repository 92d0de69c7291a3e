"""Execute the notebook from the command line: ``python -m helpers.report``.

Writes an HTML report and prints the results. With ``--refresh``, stores the outputs in the notebook
itself instead: what nbval compares against, always those of the data set ``caras``. The figures of
cells that are tagged with a file name, ``images/red.png``, are then written there.
"""

import argparse
import base64
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from tqdm import tqdm

from helpers.data import whole_file
from helpers.widgets import MIME as WIDGET_MIME

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOK = PROJECT / "Proyecto_Final.ipynb"
REPORT = PROJECT / "reporte" / "Proyecto_Final.html"
RESULTS_TAG = "resultados"  # the cells whose printed lines are repeated at the end


def execute(notebook):
    """Run all code cells of ``notebook`` (a NotebookNode) in a fresh kernel, in place.

    Raises ``CellExecutionError`` at the first cell that fails.
    """
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(PROJECT)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only: its warnings aren't ours
    )
    with client.setup_kernel():
        for index, cell in enumerate(tqdm(notebook.cells, desc="Ejecutando", unit="celda")):
            client.execute_cell(cell, index)
    for cell in notebook.cells:  # no kernel, no widget: what is left is the text in its place
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_MIME, None)


def printed_results(notebook):
    """Return what the cells tagged ``resultados`` printed."""
    return "".join(
        output["text"]
        for cell in notebook.cells
        if RESULTS_TAG in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.get("name") == "stdout"
    )


def tagged_figures(notebook):
    """Return file name → PNG bytes, for the cells tagged with a file name in images/."""
    return {
        tag: base64.b64decode(output["data"]["image/png"])
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("images/")
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m helpers.report", description=__doc__)
    parser.add_argument(
        "--refresh", action="store_true", help="guarda las salidas en el propio cuaderno"
    )
    refresh = parser.parse_args(arguments).refresh
    if refresh:
        os.environ.update(SMILE_DATASET="caras", SMILE_DATA_DIR="", TQDM_DISABLE="1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    try:
        execute(notebook)
    except CellExecutionError as error:
        sys.exit(f"Una celda del cuaderno falló:\n{error}")
    if refresh:
        _write(NOTEBOOK, (nbformat.writes(notebook) + "\n").encode())
        for name, png in tagged_figures(notebook).items():
            _write(PROJECT / name, png)
    else:
        html, _ = HTMLExporter().from_notebook_node(notebook)
        _write(REPORT, html.encode())
    print(printed_results(notebook), end="")
    print(f"{'Salidas guardadas en' if refresh else 'Reporte:'} {NOTEBOOK if refresh else REPORT}")


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


if __name__ == "__main__":
    main()
