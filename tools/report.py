"""Execute the notebooks from the command line: ``python -m tools.report``.

Executes the story and writes it as an HTML page that needs no network, and prints the results. With
``--refresh``, stores the outputs in all notebooks instead: what nbval compares against, always
those of the data set ``caras``. The figures of cells that are tagged with file names,
``images/costo.png``, are then written there, and the network is drawn anew.
"""

import argparse
import base64
import copy
import io
import os
import re
import sys
from html import escape
from pathlib import Path
from urllib.parse import quote

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from PIL import Image
from tqdm import tqdm

from helpers.files import whole_file
from helpers.widgets import MIME as WIDGET_MIME
from tools import cover

PROJECT = Path(__file__).resolve().parent.parent
STORY = PROJECT / "Proyecto_Final.ipynb"
ROOMS = "A_fondo", "Desde_cero", "Desde_cero_soluciones"
NOTEBOOKS = [STORY, *(PROJECT / "cuadernos" / f"{name}.ipynb" for name in ROOMS)]
REPORT = PROJECT / "reporte" / "Proyecto_Final.html"
PAGE = """body.jp-Notebook { max-width: 60rem; margin: auto; }
.jp-RenderedMarkdown pre { font: 13px/1.4 monospace; white-space: pre; overflow-x: auto; }
.jp-RenderedMarkdown pre * { font-family: inherit; }
.jp-RenderedImage img { width: 100%; max-width: 46rem; }
summary { cursor: pointer; font-weight: bold; }
@media screen and (max-width: 700px) {
  body.jp-Notebook { padding: 4px; }
  .jp-RenderedImage { overflow-x: auto; }
  .jp-RenderedImage img { width: auto; min-width: 40rem; }
  .jp-InputArea-editor, .jp-RenderedMarkdown table, math[display=block] { overflow-x: auto; }
  .jp-RenderedMarkdown table, math[display=block] { display: block; }
}
@media print {
  pre, .jp-RenderedMarkdown pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
  .jp-InputArea-editor, .jp-OutputArea, .jp-OutputArea-output, .highlight { overflow: visible !important; }
  .jp-RenderedImage, table, math[display=block] { break-inside: avoid; }
}"""
SHARP = "--InlineBackend.figure_formats={'retina'}"  # twice the pixels
SAVE = """import matplotlib
matplotlib.rcParams["svg.hashsalt"] = "always the same"
_.savefig({!r}, format={!r}, bbox_inches="tight", dpi=160, metadata={{"Date": None}})"""
LANGUAGE = {  # what nbconvert and editors ask; without a version, which changes with the machine
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
STATE_MIME = "application/vnd.jupyter.widget-state+json"
RESULTS_TAG = "resultados"  # the cells whose printed lines are repeated at the end
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.S)
FOLD = re.compile(r"</?details>|<summary>.*?</summary>")  # nbconvert would close it where it opens
LINK = re.compile(r'(<a href=")(?![\w+.-]+:|[#/])([^"]+")')  # to a file, from the notebook


def execute(notebook, folder=PROJECT, save_figures=False, options=(), page=False):
    """Run all code cells of ``notebook`` (a NotebookNode) in a fresh kernel, in place.

    folder: where the kernel starts; save_figures: write the figures of tagged cells to the files
    that the tags name; options: more arguments for the kernel; page: put what can be touched into
    the outputs whole (``helpers.playground``), for a page without a kernel.
    Raises ``CellExecutionError`` at the first cell that fails.
    """
    client = NotebookClient(
        notebook,
        km=_kernel(),
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,  # what is printed in two parts is saved as one
        store_widget_state=False,
        # Errors only: the kernel's own warnings aren't ours.
        extra_arguments=["--IPKernelApp.log_level=40", *options],
    )
    env = os.environ | {"SMILE_PAGE": "1" if page else ""}
    with client.setup_kernel(cleanup_kc=True, env=env):  # ours, though it was given
        for index, cell in enumerate(tqdm(notebook.cells, desc="Ejecutando", unit="celda")):
            client.execute_cell(cell, index)
            for name in figure_tags(cell) if save_figures else ():
                (PROJECT / name).parent.mkdir(exist_ok=True)
                with whole_file(PROJECT / name) as unfinished:  # in the kernel, _ is the figure
                    code = SAVE.format(str(unfinished), name[-3:])
                    save = nbformat.v4.new_code_cell(code)
                    client.execute_cell(save, index, store_history=False)
                notebook.cells[index] = cell  # where nbclient has put the other
    gone = {}  # no kernel, no widget: what is left is the text in its place
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if widget := shown.pop(WIDGET_MIME, None):
                gone[widget["model_id"]] = shown["text/plain"].strip("[]")
            if "image/png" in shown:
                shown["image/png"] = _lighter(shown["image/png"])
    if gone:
        notebook.metadata.widgets = {STATE_MIME: sentences(gone)}


def sentences(gone):
    """Return the state of widgets that are sentences, ``gone``: id → text.

    In a notebook's metadata it is what Jupyter shows of a box whose kernel is gone, after the
    reader has run and saved the notebook, instead of «model not found».
    """
    state = {}
    for name, text in gone.items():
        html = {"value": text, "layout": f"IPY_MODEL_{name}-layout"}
        for key, kind, module, values in (
            (name, "HTMLModel", "controls", html),
            (f"{name}-layout", "LayoutModel", "base", {}),
        ):
            state[key] = {
                "model_name": kind,
                "model_module": f"@jupyter-widgets/{module}",
                "model_module_version": "2.0.0",
                "state": values,
            }
    return {"version_major": 2, "version_minor": 0, "state": state}


def _kernel():
    """The manager of a kernel of this very Python, whatever the others call theirs."""
    specs = KernelSpecManager(kernel_dirs=[])  # none that is installed: ipykernel's own
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)


def _lighter(encoded):
    """The same picture in fewer bytes: without the opacity, which our figures don't use."""
    picture = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB").save(
        picture, "PNG", optimize=True
    )
    return base64.b64encode(picture.getvalue()).decode()


def to_html(notebook, folder=PROJECT, place=None):
    """Return ``notebook`` as a page for any screen, which needs nothing from outside.

    Formulas become MathML, pictures are embedded; a figure's caption is its alternative text. Links
    to files in ``folder``, the notebook's own, lead there from ``place``, without it REPORT's.
    """
    captions, kept = _captions(notebook), []
    notebook = copy.deepcopy(notebook)

    def keep(html, word="kept"):
        """Note HTML, and leave in its place a word that Markdown doesn't touch."""
        kept.append(html)
        return f"{word}{len(kept) - 1}{word}"

    def safe(text):
        """Markdown without what it would spoil: formulas and folds."""
        text = FORMULA.sub(lambda formula: keep(_mathml(formula)), text)
        return FOLD.sub(lambda tag: keep(tag[0], "fold"), text)

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = safe(cell.source)
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = safe(output.data["text/markdown"])
    exporter = HTMLExporter(
        exclude_input_prompt=True, exclude_output_prompt=True, embed_images=True
    )
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"path": str(folder)}})
    texts = iter(captions)
    page = re.sub('alt="No description[^"]*"', lambda _: f'alt="{escape(next(texts, ""))}"', page)
    way = quote(Path(os.path.relpath(folder, place or REPORT.parent)).as_posix())
    page = LINK.sub(lambda link: f"{link[1]}{way}/{link[2]}".replace('"./', '"'), page)
    page = re.sub(r"<p>((?:fold\d+fold)+)</p>", r"\1", page)
    page = re.sub(r"(?:kept|fold)(\d+)(?:kept|fold)", lambda word: kept[int(word[1])], page)
    page = re.sub(r'<script[^>]*src="https:[^>]*>\s*</script>', "", page)  # MathJax and RequireJS
    return page.replace("</head>", f"<style>{PAGE}</style></head>")


def _captions(notebook):
    """Return, for each picture, the first paragraph below it, as plain text."""
    captions = []
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], {"source": ""}]):
        pictures = sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        plain = re.sub("[*$]", "", below["source"].split("\n\n")[0])
        captions += pictures * [" ".join(plain.split())]
    return captions


def _mathml(formula):
    from latex2mathml.converter import convert

    return convert(formula[1] or formula[2], display="block" if formula[1] else "inline")


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
    """Run the command line; exit with a sentence where a cell fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.report",
        description="Ejecuta el cuaderno y escribe un reporte HTML que se lee sin internet.",
    )
    parser.add_argument(
        "--refresh", action="store_true", help="guarda las salidas en los propios cuadernos"
    )
    refresh = parser.parse_args(arguments).refresh
    os.environ["TQDM_DISABLE"] = "1"  # a bar that has stopped says nothing
    os.environ.pop("MPLBACKEND", None)  # the kernel's own shows the figures
    if refresh:
        os.environ.update(SMILE_DATASET="caras", SMILE_DATA_DIR="")
    for path in NOTEBOOKS if refresh else [STORY]:
        notebook = nbformat.read(path, as_version=4)
        try:
            execute(notebook, path.parent, refresh, () if refresh else [SHARP], page=not refresh)
        except CellExecutionError as error:
            sys.exit(f"Una celda de {path.name} falló:\n{error}")
        if refresh:
            notebook.metadata.language_info = LANGUAGE
            _write(path, (nbformat.writes(notebook) + "\n").encode())
        else:
            _write(REPORT, to_html(notebook, path.parent).encode())
        print(printed_results(notebook), end="")
        print(f"{'Salidas guardadas en' if refresh else 'Reporte:'} {path if refresh else REPORT}")
    if refresh:
        cover.save(cover.drawn_network())


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


if __name__ == "__main__":
    main()
