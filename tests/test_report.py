"""The command line that executes the notebook, on small notebooks of its own."""

from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

from tools import report


@pytest.fixture
def notebook_of(tmp_path, monkeypatch):
    """A function that puts cells into a notebook and points the report at it."""
    story = tmp_path / "carpeta con acentos ñ" / "Prueba.ipynb"
    monkeypatch.setattr(report, "STORY", story)
    monkeypatch.setattr(report, "NOTEBOOKS", [story])
    monkeypatch.setattr(report, "drawn_network", plt.figure)
    monkeypatch.setenv("TQDM_DISABLE", "1")  # as main sets it, so that it is restored
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
    page = report.to_html(notebook)
    assert page.count("<math") == 2 and '<math xmlns="http://www.w3.org/1998/Math/MathML"' in page
    assert "<mfrac>" in page and "<msubsup>" in page and "<em>así</em>" in page
    assert "$" not in page[page.index("<math") : page.index("<em>así")]
    assert 'src="http' not in page and "url(http" not in page


def test_refresh_stores_the_outputs_of_caras_in_the_notebook(notebook_of, monkeypatch):
    monkeypatch.setenv("SMILE_DATASET", "otro")  # restored afterwards, whatever main does to it
    monkeypatch.setenv("SMILE_DATA_DIR", "/otra")
    notebook_of("import os", "print(os.environ['SMILE_DATASET'], os.environ['SMILE_DATA_DIR'])")
    report.main(["--refresh"])
    stored = nbformat.read(report.STORY, as_version=4)
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    assert stored.cells[1].outputs[0]["text"] == "caras \n"
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
