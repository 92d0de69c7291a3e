"""Execute the notebooks from the command line: ``python -m tools.report``.

Executes the story and writes it as an HTML page that needs no network, and prints the results. With
``--refresh``, stores the outputs in all notebooks instead: what nbval compares against, always
those of the data set ``caras``. The figures of cells that are tagged with file names,
``images/costo.png``, are then written there, and the network is drawn anew.
"""

import base64
import copy
import io
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

import latex2mathml.converter
import nbformat
from jinja2 import FileSystemLoader, pass_context
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image
from tqdm import tqdm

from helpers.files import PROJECT, whole_file
from helpers.page.base import MIME as WIDGET_MIME
from tools import command, cover

STORY = PROJECT / "Proyecto_Final.ipynb"
ROOMS = "A_fondo", "Desde_cero", "Desde_cero_soluciones"
NOTEBOOKS = [STORY, *(PROJECT / "cuadernos" / f"{name}.ipynb" for name in ROOMS)]
REPORT = PROJECT / "reporte" / "Proyecto_Final.html"
LANGUAGE = {  # what nbconvert and editors ask; without a version, which changes with the machine
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
LOOK = {
    "extra_loaders": [FileSystemLoader(Path(__file__).parent)],
    "template_file": "report.html.j2",
    "exclude_input_prompt": True,
    "exclude_output_prompt": True,
    "language_code": "es",
}
STATE_MIME = "application/vnd.jupyter.widget-state+json"
CARAS = {"SMILE_DATASET": "caras", "SMILE_DATA_DIR": ""}  # what is published is of no living person
RESULTS_TAG = "resultados"  # the cells whose printed lines are repeated at the end


def execute(notebook, folder=PROJECT, save_figures=False, page=False, **variables):
    """Run all code cells of ``notebook`` (a NotebookNode) in a fresh kernel, in place.

    folder: where the kernel starts; save_figures: write the figures of tagged cells to the files
    that the tags name; page: put what can be touched into the outputs whole (``helpers.page``), for
    a page without a kernel; variables: of the kernel's environment.
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
        # The kernel itself says nothing: after Ctrl-C that would be a traceback.
        extra_arguments=["--IPKernelApp.log_level=50"],
    )
    # A bar that has stopped says nothing.
    env = os.environ | {"SMILE_PAGE": "1" if page else "", "TQDM_DISABLE": "1"} | variables
    env.pop("MPLBACKEND", None)  # the kernel's own shows the figures
    with client.setup_kernel(cleanup_kc=True, env=env):  # ours, though it was given
        for index, cell in enumerate(tqdm(notebook.cells, desc="Ejecutando", unit="celda")):
            client.execute_cell(cell, index)
            for name in figure_tags(cell) if save_figures else ():
                (PROJECT / name).parent.mkdir(exist_ok=True)
                with whole_file(PROJECT / name) as unfinished:  # in the kernel, _ is the figure
                    options = cover.STORED | {"format": name[-3:]}
                    save = nbformat.v4.new_code_cell(f"_.savefig({str(unfinished)!r}, **{options})")
                    client.execute_cell(save, index, store_history=False)
                notebook.cells[index] = cell  # where nbclient has put the other
    gone = {}  # no kernel, no widget: what is left is the text in its place
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            widget = shown.pop(WIDGET_MIME, None)
            if widget and "image/png" not in shown:  # a sentence would hide the picture
                gone[widget["model_id"]] = shown["text/plain"].strip("[]")
            if "image/png" in shown:
                shown["image/png"] = _lighter(shown["image/png"], 256 if page else None)
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


def _lighter(encoded, colors=None):
    """The same picture in fewer bytes: without the opacity, which our figures don't use, and in so
    many colours, where they are said."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    if colors:
        picture = picture.quantize(colors, dither=Image.Dither.NONE)
    picture.save(stream := io.BytesIO(), "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


class Renderer(IPythonRenderer):
    """Markdown of a notebook as HTML that needs no script; ``lead`` as for ``to_html``."""

    def __init__(self, lead, **options):
        super().__init__(escape=False, embed_images=True, **options)
        self.lead = lead

    def block_math(self, body):
        return self.wide(latex2mathml.converter.convert(body, display="block"))

    def table(self, text):
        return self.wide(super().table(text))

    @staticmethod
    def wide(html):
        """What may be wider than a phone scrolls by itself, by keys as well."""
        return f'<div class="wide" tabindex="0">{html}</div>'

    def inline_math(self, body):
        return latex2mathml.converter.convert(body)

    def block_html(self, html):
        return html  # the library's would close a <details> where it opens

    def link(self, text, url, title=None):
        if not re.match(r"[\w+.-]+:|[#/]", url):  # to a file, from the notebook
            url = self.lead(url)
        return super().link(text, url, title) if url else text


class Exporter(HTMLExporter):
    """nbconvert's, with our renderer."""

    @pass_context
    def markdown2html(self, context, source):
        resources = context["resources"]
        renderer = Renderer(resources["lead"], path=resources["metadata"]["path"])
        return MarkdownWithMath(renderer).render(source)


def to_html(notebook, folder=PROJECT, lead=None, fold=False, **says):
    """Return ``notebook`` as a page for any screen, which needs nothing from outside.

    Formulas become MathML, pictures are embedded; a figure's caption is its alternative text.
    folder: the notebook's own; lead: a function, link to a file in it → link of the page, or None
    where only its words are to stay, without it to where REPORT finds the file; fold: hide the code
    until it is asked for; says: ``about``, a description, and ``preview``, a picture's address.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)  # a page has none
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], {"source": ""}]):
        caption = " ".join(re.sub("[*$]", "", below["source"].split("\n\n")[0]).split())
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata.setdefault("image/png", {})["alt"] = caption
    titles = (re.match("# (.+)", cell.source) for cell in notebook.cells)
    title = next((found[1] for found in titles if found), "Cuaderno")
    way = quote(Path(os.path.relpath(folder, REPORT.parent)).as_posix())
    says |= {"metadata": {"path": str(folder), "name": title}, "fold": fold}
    says["lead"] = lead or (lambda link: f"{way}/{link}")
    page, _ = Exporter(**LOOK).from_notebook_node(notebook, says)
    return page


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
    purpose = "Ejecuta el cuaderno y escribe un reporte HTML que se lee sin internet."
    parser = command.parser("tools.report", purpose)
    stored = "guarda las salidas en los propios cuadernos"
    parser.add_argument("--refresh", action="store_true", help=stored)
    refresh = parser.parse_args(arguments).refresh
    command.writable(*[*NOTEBOOKS, PROJECT / "images" / "red.png"] if refresh else [REPORT])
    variables = CARAS if refresh else {}
    for path in NOTEBOOKS if refresh else [STORY]:
        notebook = nbformat.read(path, as_version=4)
        try:
            execute(notebook, path.parent, refresh, page=not refresh, **variables)
        except CellExecutionError as error:
            sys.exit(f"Una celda de {path.name} falló:\n{error}")
        if refresh:
            notebook.metadata.language_info = LANGUAGE
            write(path, nbformat.writes(notebook) + "\n")
        else:
            write(REPORT, to_html(notebook, path.parent))
        print(printed_results(notebook), end="")
        print(f"{'Salidas guardadas en' if refresh else 'Reporte:'} {path if refresh else REPORT}")
    if refresh:
        cover.save(cover.drawn_network())


def write(path, text):
    """Put a text into a whole file, in UTF-8 and with the same line ends on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        unfinished.write_bytes(text.encode())


if __name__ == "__main__":
    command.run(main)
