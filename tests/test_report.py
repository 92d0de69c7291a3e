"""The command line that executes the notebook, on small notebooks of its own."""

from pathlib import Path

import nbformat
import pytest

from tools import report


@pytest.fixture
def notebook_of(tmp_path, monkeypatch):
    """A function that puts cells into a notebook and points the report at it."""
    monkeypatch.setattr(report, "NOTEBOOK", tmp_path / "carpeta con acentos ñ" / "Prueba.ipynb")
    monkeypatch.setattr(report, "REPORT", tmp_path / "reporte" / "Prueba.html")
    monkeypatch.setattr(report, "PROJECT", tmp_path)

    def write(*sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        cells[-1].metadata["tags"] = ["resultados"]
        report.NOTEBOOK.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), report.NOTEBOOK)
        return report.NOTEBOOK.read_text(encoding="utf-8")

    return write


def test_it_prints_the_results_and_writes_the_html(notebook_of, capsys):
    before = notebook_of("x = 21", "print('exactitud', 2 * x)")
    report.main([])
    printed = capsys.readouterr().out
    assert printed == f"exactitud 42\nReporte: {report.REPORT}\n"
    assert "exactitud 42" in report.REPORT.read_text(encoding="utf-8")
    assert report.NOTEBOOK.read_text(encoding="utf-8") == before
    assert [path.name for path in report.REPORT.parent.iterdir()] == [report.REPORT.name]


def test_a_figures_caption_is_its_alternative_text(notebook_of):
    notebook = nbformat.reads(notebook_of("una_figura"), as_version=4)
    picture = nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="})
    notebook.cells[0].outputs = [picture]
    notebook.cells.append(
        nbformat.v4.new_markdown_cell("**Figura 1.** El «costo» <baja>.\n\nSigue.")
    )
    page = report.to_html(notebook)
    assert 'alt="Figura 1. El «costo» &lt;baja&gt;."' in page


def test_refresh_stores_the_outputs_of_caras_in_the_notebook(notebook_of, monkeypatch):
    monkeypatch.setenv("SMILE_DATASET", "otro")  # restored afterwards, whatever main does to it
    monkeypatch.setenv("SMILE_DATA_DIR", "/otra")
    notebook_of("import os", "print(os.environ['SMILE_DATASET'], os.environ['SMILE_DATA_DIR'])")
    report.main(["--refresh"])
    stored = nbformat.read(report.NOTEBOOK, as_version=4)
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    assert stored.cells[1].outputs[0]["text"] == "caras \n"
    assert not report.REPORT.exists()


def test_a_failing_cell_ends_in_a_sentence_and_leaves_everything_as_it_was(notebook_of):
    before = notebook_of("1 / 0", "print('nunca')")
    with pytest.raises(SystemExit, match="Una celda del cuaderno falló"):
        report.main(["--refresh"])
    assert report.NOTEBOOK.read_text(encoding="utf-8") == before
    assert not report.REPORT.exists()


def test_figures_of_tagged_cells_are_written_and_no_cell_is_changed(
    notebook_of, tmp_path, monkeypatch
):
    monkeypatch.setenv("SMILE_DATASET", "otro")
    monkeypatch.setenv("SMILE_DATA_DIR", "/otra")
    before = notebook_of("from helpers import plots; 1", "plots.cost_curve([0.7, 0.2], 100, 0.5)")
    stored = nbformat.reads(before, as_version=4)
    stored.cells[1].metadata["tags"] = ["images/costo.png", "images/costo.svg"]
    nbformat.write(stored, report.NOTEBOOK)
    monkeypatch.setenv("PYTHONPATH", str(Path(report.__file__).parents[1]))
    report.main(["--refresh"])
    after = nbformat.read(report.NOTEBOOK, as_version=4)
    assert [cell.source for cell in after.cells] == [cell.source for cell in stored.cells]
    assert [cell.execution_count for cell in after.cells] == [1, 2]
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [
        "costo.png",
        "costo.svg",
    ]
    assert "El costo baja de 0.70 a 0.20" in (tmp_path / "images/costo.svg").read_text()
