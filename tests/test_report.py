"""The command line that executes the notebook, on small notebooks of its own."""

import json
import re
import sys
from urllib.parse import unquote

import matplotlib.pyplot as plt
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter, MarkdownExporter, ScriptExporter, SlidesExporter
from on_disk import put

from conftest import PROJECT
from tools import command, report

NOTEBOOKS = report.NOTEBOOKS
CURVE = "plots.cost_steps([0.7 - i / 200 for i in range(100)], 0.5)"


@pytest.fixture
def notebook_of(tmp_path, monkeypatch):
    """A function that puts cells into a notebook and points the report at it."""
    story = tmp_path / "carpeta con acentos ñ" / "Prueba.ipynb"
    monkeypatch.setattr(report, "STORY", story)
    monkeypatch.setattr(report, "NOTEBOOKS", [story])
    monkeypatch.setattr(report.cover, "drawn_network", plt.figure)
    monkeypatch.setattr(report.cover, "PROJECT", tmp_path)
    (tmp_path / "images").mkdir()
    for name in ("SMILE_DATASET", "SMILE_DATA_DIR"):
        monkeypatch.setenv(name, "otro")
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setattr(report, "REPORT", tmp_path / "reporte" / "Prueba.html")
    monkeypatch.setattr(report, "PROJECT", tmp_path)

    def write(*sources, tags=("resultados",)):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[-1].metadata["tags"] = list(tags)
        report.STORY.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), report.STORY)
        return report.STORY.read_text(encoding="utf-8")

    return write


def test_it_prints_the_results_and_writes_the_html(notebook_of, capsys, monkeypatch, tmp_path):
    """In this very Python, whatever another kernel calls itself."""
    argv = [str(tmp_path / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Otro", "language": "python"}
    put(tmp_path / "jupyter/kernels/python3", {"kernel.json": json.dumps(spec).encode()})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    before = notebook_of("import sys", "print('exactitud', sys.executable)")
    report.main([])
    printed = capsys.readouterr().out
    assert printed == f"exactitud {sys.executable}\nReporte: {report.REPORT}\n"
    assert f"exactitud {sys.executable}" in report.REPORT.read_text(encoding="utf-8")
    assert report.STORY.read_text(encoding="utf-8") == before
    assert [path.name for path in report.REPORT.parent.iterdir()] == [report.REPORT.name]


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP6DwABBQECz6AuzQAAAABJRU5ErkJggg=="
)


def page_of(*sources, outputs=(), **options):
    """The page, as a browser would read it, of these texts; the first is a cell's with ``outputs``."""
    first, *texts = [*sources, ""]
    cells = [nbformat.v4.new_code_cell(first, outputs=list(outputs))]
    cells += [nbformat.v4.new_markdown_cell(text) for text in texts]
    notebook = nbformat.v4.new_notebook(cells=cells)
    return BeautifulSoup(report.to_html(notebook, report.STORY.parent, **options), "html.parser")


def shown(**data):
    return nbformat.v4.new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})


def test_the_page_says_its_language_its_title_and_what_its_figures_show():
    texts = "**Figura 1.** El «costo» <baja> si $z > 0$.\n\nSigue.", "# ¿Sonríe?\n\n## No"
    says = {"about": "De «caras».", "preview": "v.jpg"}
    page = page_of("figura()", *texts, outputs=[shown(image_png=PIXEL)], **says)
    assert page.html["lang"] == "es" and page.title.text == "¿Sonríe?"
    assert page.find("meta", attrs={"name": "description"})["content"] == "De «caras»."
    told = {meta["property"]: meta["content"] for meta in page.find_all("meta", property=True)}
    assert told["og:title"] == "¿Sonríe?" and told["og:description"] == "De «caras»."
    assert told["og:image"] == "v.jpg"
    assert page.img["alt"] == "Figura 1. El «costo» <baja> si z > 0."


def test_the_page_needs_nothing_from_outside():
    formula = r"$$J = -\frac1m \sum_i y^{(i)} * \log y$$ y aquí $W^{[l]}_0 * x_1$, *así*."
    shows = shown(text_markdown=r"$$\sigma_1 * z_1$$")  # as a cell shows a formula above its code
    page = page_of("1", formula, outputs=[shows])
    first, block, inline = page.find_all("math")
    assert "σ" in first.text and block["display"] == first["display"] == "block"
    assert block.mfrac and inline.msubsup and page.em.text == "así" and "$" not in page.body.text
    assert not page.find_all("script", src=True) and not page.find_all("link", href=True)
    assert "url(http" not in str(page)


def test_answers_stay_folded_with_all_that_belongs_to_them():
    answer = "```python\nrespuesta = 1\n```\n\nEs $x^2$ y *nada* más.\n\n</details>\n\nSigue."
    page = page_of("1", f"<details><summary>Respuestas</summary>\n\n{answer}")
    (details,) = page.find_all("details")
    assert not details.has_attr("open") and details.summary.text == "Respuestas"
    assert "respuesta" in details.pre.text and details.math and details.em.text == "nada"
    assert "Sigue" not in details.text and "Sigue" in page.text


def test_links_lead_from_the_page_to_the_files(notebook_of):
    links = "[a](datos/una%20ficha.md) [b](../Otro.ipynb) [c](https://x.org) [d](#aqui) [e](ñ.md)"
    found = [link["href"] for link in page_of("1", links).find_all("a")]
    assert "https://x.org" in found and "#aqui" in found
    files = [unquote(link) for link in found if link.endswith(("md", "ipynb"))]
    assert [(report.REPORT.parent / file).resolve() for file in files] == [
        report.STORY.parent / "datos" / "una ficha.md",
        report.STORY.parents[1] / "Otro.ipynb",
        report.STORY.parent / "ñ.md",
    ]


def test_code_is_wrapped_and_figures_fit_a_phone_and_the_dark():
    style = re.sub(r"\s+", " ", "".join(style.text for style in page_of("a").find_all("style")))
    assert re.search(r"pre \{ [^}]*white-space: pre-wrap", style)
    assert re.search(r"img \{ max-width: 100%; height: auto", style)
    assert "prefers-color-scheme: dark" in style


def test_code_is_folded_where_it_is_asked_for():
    (details,) = page_of("secreto()", fold=True).find_all("details")
    assert details.summary.text == "ver el código" and "secreto" in details.pre.text
    assert page_of("secreto()").find("details") is None


def test_the_stored_notebooks_say_what_language_they_are_in():
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        assert notebook.metadata.language_info == report.LANGUAGE, f"{path}: run make notebook"


def test_refresh_stores_outputs_and_figures_of_caras_and_changes_no_cell(notebook_of, tmp_path):
    look = "import os; print(os.environ['SMILE_DATASET'], os.environ['SMILE_DATA_DIR'])"
    view = {report.WIDGET_MIME: {"model_id": "page-watch"}, "image/png": PIXEL}
    alone = {report.WIDGET_MIME: {"model_id": "page-mirror"}, "text/plain": "[El espejo.]"}
    displays = [f"display({shown!r}, raw=True)" for shown in (view | {"text/plain": "[M.]"}, alone)]
    names = ["images/costo.png", "images/costo.svg"]
    notebook_of(look, *displays, f"from helpers import plots\n{CURVE}", tags=names)
    before = nbformat.read(report.STORY, as_version=4)
    report.main(["--refresh"])
    stored = nbformat.read(report.STORY, as_version=4)
    assert [cell.source for cell in stored.cells] == [cell.source for cell in before.cells]
    assert [cell.execution_count for cell in stored.cells] == [1, 2, 3, 4]
    assert stored.cells[0].outputs[0]["text"] == "caras \n"
    assert "image/png" in stored.cells[3].outputs[0]["data"]  # whatever Matplotlib's backend
    assert ScriptExporter().from_notebook_node(stored)[1]["output_extension"] == ".py"
    assert not report.REPORT.exists()
    drawn = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("images/*"))
    assert drawn == [*names, "images/red.png", "images/red.svg"]
    assert "De 0.70 a 0.20" in (tmp_path / "images/costo.svg").read_text()

    # Of a widget whose kernel is gone, no sentence hides a picture.
    state = stored.metadata.widgets[report.STATE_MIME]["state"]
    assert [name for name in state if "layout" not in name] == ["page-mirror"]
    stored.cells[1].outputs[0].data.update(view)  # run by the reader, and saved
    for exporter in (HTMLExporter, SlidesExporter):
        page, _ = exporter().from_notebook_node(stored)
        assert PIXEL in page, exporter
    _, resources = MarkdownExporter().from_notebook_node(stored)
    assert len(resources["outputs"]) == 2


def test_a_failing_cell_ends_in_a_sentence_and_leaves_everything_as_it_was(notebook_of):
    before = notebook_of("1 / 0", "print('nunca')")
    with pytest.raises(SystemExit, match="Una celda de Prueba.ipynb falló"):
        report.main(["--refresh"])
    assert report.STORY.read_text(encoding="utf-8") == before
    assert not report.REPORT.exists()


def test_an_interrupt_ends_in_a_sentence(notebook_of, monkeypatch, capfd):
    """The kernel, too, says nothing in English."""
    notebook_of("import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(30)")
    with pytest.raises(SystemExit) as end:
        command.run(lambda: report.main([]))
    assert end.value.code == 130
    said = capfd.readouterr().err
    assert "Interrumpido" in said and "Traceback" not in said
    assert not report.REPORT.exists()
