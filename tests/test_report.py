"""The command line that executes the notebook, on small notebooks of its own."""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import matplotlib.pyplot as plt
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import ScriptExporter

from tools import report

NOTEBOOKS = report.NOTEBOOKS


@pytest.fixture
def notebook_of(tmp_path, monkeypatch):
    """A function that puts cells into a notebook and points the report at it."""
    story = tmp_path / "carpeta con acentos ñ" / "Prueba.ipynb"
    monkeypatch.setattr(report, "STORY", story)
    monkeypatch.setattr(report, "NOTEBOOKS", [story])
    monkeypatch.setattr(report.cover, "drawn_network", plt.figure)
    monkeypatch.setattr(report.cover, "PROJECT", tmp_path)
    (tmp_path / "images").mkdir()
    monkeypatch.setenv("TQDM_DISABLE", "1")  # as main sets it, so that it is restored
    monkeypatch.setenv("MPLBACKEND", "Agg")  # as main deletes it
    monkeypatch.setattr(report, "REPORT", tmp_path / "reporte" / "Prueba.html")
    monkeypatch.setattr(report, "PROJECT", tmp_path)

    def write(*sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[-1].metadata["tags"] = ["resultados"]
        report.STORY.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), report.STORY)
        return report.STORY.read_text(encoding="utf-8")

    return write


def test_it_prints_the_results_and_writes_the_html(notebook_of, capsys):
    before = notebook_of("x = 21", "print('exactitud', 2 * x)")
    report.main([])
    printed = capsys.readouterr().out
    assert printed == f"exactitud 42\nReporte: {report.REPORT}\n"
    assert "exactitud 42" in report.REPORT.read_text(encoding="utf-8")
    assert report.STORY.read_text(encoding="utf-8") == before
    assert [path.name for path in report.REPORT.parent.iterdir()] == [report.REPORT.name]


def test_a_figures_caption_is_its_alternative_text(notebook_of):
    notebook = nbformat.reads(notebook_of("una_figura"), as_version=4)
    picture = nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="})
    notebook.cells[0].outputs = [picture]
    notebook.cells.append(
        nbformat.v4.new_markdown_cell("**Figura 1.** El «costo» <baja> si $z > 0$.\n\nSigue.")
    )
    page = report.to_html(notebook)
    assert 'alt="Figura 1. El «costo» &lt;baja&gt; si z &gt; 0."' in page


def test_the_page_needs_nothing_from_outside(notebook_of):
    notebook = nbformat.reads(notebook_of("1"), as_version=4)
    formula = (
        r"$$J = -\frac1m \sum_i y^{(i)} * \log \hat y^{(i)}$$ y aquí $W^{[l]}_0 * x_1$, *así*."
    )
    notebook.cells.append(nbformat.v4.new_markdown_cell(formula))
    shown = nbformat.v4.new_output("display_data", {"text/markdown": r"$$\sigma_1 * z_1$$"})
    notebook.cells[0].outputs = [shown]  # as a cell shows a formula above its code
    page = report.to_html(notebook)
    assert "&#x003C3;" in page[page.index("<math") :][:300]  # sigma
    assert page.count("<math") == 3 and '<math xmlns="http://www.w3.org/1998/Math/MathML"' in page
    assert "<mfrac>" in page and "<msubsup>" in page and "<em>así</em>" in page
    assert "$" not in page[page.index("<math") : page.index("<em>así")]
    assert 'src="http' not in page and "url(http" not in page


def page_of(notebook_of, markdown):
    """The page, as a browser would read it, of a notebook with this cell."""
    notebook = nbformat.reads(notebook_of("1"), as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(markdown))
    return BeautifulSoup(report.to_html(notebook, report.STORY.parent), "html.parser")


def test_answers_stay_folded_with_all_that_belongs_to_them(notebook_of):
    answer = "```python\nrespuesta = 1\n```\n\nEs $x^2$ y *nada* más."
    fold = f"<details><summary>Respuestas</summary>\n\n{answer}\n\n</details>\n\nSigue."
    page = page_of(notebook_of, fold)
    (details,) = page.find_all("details")
    assert not details.has_attr("open") and details.summary.text == "Respuestas"
    assert "respuesta" in details.pre.text and details.math and details.em.text == "nada"
    assert "Sigue" not in details.text and "Sigue" in page.text


def test_links_lead_from_the_page_to_the_files(notebook_of):
    links = "[a](datos/una%20ficha.md) [b](../Otro.ipynb) [c](https://x.org) [d](#aqui) [e](ñ.md)"
    found = [link["href"] for link in page_of(notebook_of, links).find_all("a")]
    assert "https://x.org" in found and "#aqui" in found
    files = [unquote(link) for link in found if link.endswith(("md", "ipynb"))]
    assert [(report.REPORT.parent / file).resolve() for file in files] == [
        report.STORY.parent / "datos" / "una ficha.md",
        report.STORY.parents[1] / "Otro.ipynb",
        report.STORY.parent / "ñ.md",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("[a](datos/una.md)")])
    page = report.to_html(notebook, report.STORY.parent, place=report.STORY.parent)
    assert '<a href="datos/una.md">' in page  # a page that is written beside the notebook


def test_on_paper_code_is_wrapped_and_on_a_phone_wide_figures_scroll(notebook_of):
    style = re.sub(
        r"\s+", " ", "".join(s.text for s in page_of(notebook_of, "a").find_all("style"))
    )
    assert re.search(r"@media print \{ pre, [^}]*white-space: pre-wrap !important", style)
    assert re.search(r"max-width: 700px[^@]*jp-RenderedImage \{ overflow-x: auto", style)


def test_the_kernel_is_this_python_whatever_another_calls_its_own(
    notebook_of, tmp_path, monkeypatch, capsys
):
    other = tmp_path / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    argv = [
        str(tmp_path / "otro" / "python"),
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    spec = {"argv": argv, "display_name": "Otro", "language": "python"}
    (other / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    notebook_of("import sys", "print(sys.executable)")
    report.main([])
    assert capsys.readouterr().out.startswith(f"{sys.executable}\n")


def test_figures_are_shown_whatever_matplotlibs_backend(notebook_of, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(report.__file__).parents[1]))
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    notebook_of("from helpers import plots", "plots.cost_steps([0.7, 0.6, 0.5] * 40, 0.5)")
    notebook = nbformat.read(report.STORY, as_version=4)
    report.execute(notebook, report.STORY.parent)
    assert "image/png" in notebook.cells[1].outputs[0]["data"]


def test_the_stored_notebooks_say_what_language_they_are_in():
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        assert notebook.metadata.language_info == report.LANGUAGE, f"{path}: run make notebook"


def test_refresh_stores_the_outputs_of_caras_in_the_notebook(notebook_of, monkeypatch):
    monkeypatch.setenv("SMILE_DATASET", "otro")  # restored afterwards, whatever main does to it
    monkeypatch.setenv("SMILE_DATA_DIR", "/otra")
    notebook_of("import os", "print(os.environ['SMILE_DATASET'], os.environ['SMILE_DATA_DIR'])")
    report.main(["--refresh"])
    stored = nbformat.read(report.STORY, as_version=4)
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    assert stored.cells[1].outputs[0]["text"] == "caras \n"
    assert ScriptExporter().from_notebook_node(stored)[1]["output_extension"] == ".py"
    assert not report.REPORT.exists()


def test_a_failing_cell_ends_in_a_sentence_and_leaves_everything_as_it_was(notebook_of):
    before = notebook_of("1 / 0", "print('nunca')")
    with pytest.raises(SystemExit, match="Una celda de Prueba.ipynb falló"):
        report.main(["--refresh"])
    assert report.STORY.read_text(encoding="utf-8") == before
    assert not report.REPORT.exists()


def test_figures_of_tagged_cells_are_written_and_no_cell_is_changed(
    notebook_of, tmp_path, monkeypatch
):
    monkeypatch.setenv("SMILE_DATASET", "otro")
    monkeypatch.setenv("SMILE_DATA_DIR", "/otra")
    before = notebook_of(
        "from helpers import plots; 1", "plots.cost_steps([0.7 - i / 200 for i in range(100)], 0.5)"
    )
    stored = nbformat.reads(before, as_version=4)
    stored.cells[1].metadata["tags"] = ["images/costo.png", "images/costo.svg"]
    nbformat.write(stored, report.STORY)
    monkeypatch.setenv("PYTHONPATH", str(Path(report.__file__).parents[1]))
    report.main(["--refresh"])
    after = nbformat.read(report.STORY, as_version=4)
    assert [cell.source for cell in after.cells] == [cell.source for cell in stored.cells]
    assert [cell.execution_count for cell in after.cells] == [1, 2]
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "costo.png",
        "costo.svg",
        "red.png",
        "red.svg",
    ]
    assert "De 0.70 a 0.20" in (tmp_path / "images/costo.svg").read_text()
