"""Execute the notebook from the command line: ``python -m tools.report``.

Writes an HTML report and prints the results. With ``--refresh``, stores the outputs in the notebook
itself instead: what nbval compares against, always those of the data set ``caras``. The figures of
cells that are tagged with file names, ``images/red.svg``, are then written there.
"""

import argparse
import base64
import io
import os
import re
import sys
from html import escape
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from PIL import Image
from tqdm import tqdm

from helpers.data import whole_file
from helpers.widgets import MIME as WIDGET_MIME

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOK = PROJECT / "Proyecto_Final.ipynb"
REPORT = PROJECT / "reporte" / "Proyecto_Final.html"
PAGE = """body.jp-Notebook { max-width: 60rem; margin: auto; }
@media (max-width: 700px) {
  body.jp-Notebook { padding: 4px; }
  .jp-InputArea-editor, .jp-RenderedMarkdown table, mjx-container { overflow-x: auto; }
  .jp-RenderedMarkdown table { display: block; }
}"""
SAVE = """import matplotlib
matplotlib.rcParams["svg.hashsalt"] = "always the same"
_.savefig({!r}, format={!r}, bbox_inches="tight", dpi=160, metadata={{"Date": None}})"""
RESULTS_TAG = "resultados"  # the cells whose printed lines are repeated at the end


def execute(notebook, save_figures=False):
    """Run all code cells of ``notebook`` (a NotebookNode) in a fresh kernel, in place.

    save_figures: write the figures of tagged cells to the files that the tags name.
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
            for name in figure_tags(cell) if save_figures else ():
                (PROJECT / name).parent.mkdir(exist_ok=True)
                with whole_file(PROJECT / name) as unfinished:  # in the kernel, _ is the figure
                    code = SAVE.format(str(unfinished), name[-3:])
                    save = nbformat.v4.new_code_cell(code)
                    client.execute_cell(save, index, store_history=False)
                notebook.cells[index] = cell  # where nbclient has put the other
    for cell in notebook.cells:  # no kernel, no widget: what is left is the text in its place
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(WIDGET_MIME, None)
            if "image/png" in data:
                data["image/png"] = _lighter(data["image/png"])


def _lighter(encoded):
    """The same picture in fewer bytes: without the opacity, which our figures don't use."""
    picture = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB").save(
        picture, "PNG", optimize=True
    )
    return base64.b64encode(picture.getvalue()).decode()


def to_html(notebook):
    """Return ``notebook`` as a page for any screen; a figure's caption is its alternative text."""
    exporter = HTMLExporter(
        exclude_input_prompt=True, exclude_output_prompt=True, embed_images=True
    )
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"path": str(PROJECT)}})
    captions = []
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], {"source": ""}]):
        pictures = sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        captions += pictures * [" ".join(below["source"].split("\n\n")[0].replace("*", "").split())]
    texts = iter(captions)
    return re.sub(
        'alt="No description[^"]*"', lambda _: f'alt="{escape(next(texts, ""))}"', page
    ).replace("</head>", f"<style>{PAGE}</style></head>")


def printed_results(notebook):
    """Return what the cells tagged ``resultados`` printed."""
    return "".join(
        output["text"]
        for cell in notebook.cells
        if RESULTS_TAG in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.get("name") == "stdout"
    )


def figure_tags(cell):
    """Return the files in images/ that a cell's figure is to be written to."""
    return [tag for tag in cell.metadata.get("tags", []) if tag.startswith("images/")]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.report", description=__doc__)
    parser.add_argument(
        "--refresh", action="store_true", help="guarda las salidas en el propio cuaderno"
    )
    refresh = parser.parse_args(arguments).refresh
    if refresh:
        os.environ.update(SMILE_DATASET="caras", SMILE_DATA_DIR="", TQDM_DISABLE="1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    try:
        execute(notebook, save_figures=refresh)
    except CellExecutionError as error:
        sys.exit(f"Una celda del cuaderno falló:\n{error}")
    if refresh:
        _write(NOTEBOOK, (nbformat.writes(notebook) + "\n").encode())
    else:
        _write(REPORT, to_html(notebook).encode())
    print(printed_results(notebook), end="")
    print(f"{'Salidas guardadas en' if refresh else 'Reporte:'} {NOTEBOOK if refresh else REPORT}")


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


if __name__ == "__main__":
    main()
