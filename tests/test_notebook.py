"""The notebooks: their form, and what is in their folds."""

import io
import re
from base64 import b64decode

import nbformat
import pytest
from PIL import Image

from conftest import figures
from helpers import data, evaluation, network, training
from helpers.lesson import exercises
from tests.test_twice import drawn
from tools import report


@pytest.fixture(scope="module", params=report.NOTEBOOKS, ids=lambda path: path.stem)
def stored(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_alone_in_a_folder_each_says_how_to_bring_the_rest(tmp_path):
    sources = [code(nbformat.read(path, as_version=4))[0].source for path in report.NOTEBOOKS]
    goes_on = {"tags": ["raises-exception"]}
    cells = [nbformat.v4.new_code_cell(source, metadata=goes_on) for source in sources]
    report.execute(nbformat.v4.new_notebook(cells=cells), tmp_path)
    for cell in cells:
        (failed,) = [output for output in cell.outputs if output.output_type == "error"]
        assert "GitHub: Code → Download ZIP" in failed.evalue
        assert "No module named" not in str(cell.outputs)


IGNORED = {  # in the source of a cell whose numbers nbval may not compare → why
    "check_packages()": "the versions that are installed",
    "perf_counter()": "seconds",
    "1 + 1e-12": "what the last digit of a processor makes of a training",
}


def test_what_nbval_ignores_has_a_reason(stored):
    """Their words it does compare, and their figures (conftest)."""
    for cell in code(stored):
        tags = set(cell.metadata.get("tags", []))
        assert not tags & {"nbval-skip", "raises-exception"} and "NBVAL_" not in cell.source
        if "nbval-ignore-output" in tags:
            assert any(mark in cell.source for mark in IGNORED), cell.source


def test_cells_are_short_and_were_executed_in_order(stored):
    assert [cell.execution_count for cell in code(stored)] == list(range(1, len(code(stored)) + 1))
    assert max(len([line for line in c.source.splitlines() if line]) for c in code(stored)) <= 15


def test_every_figure_is_on_white_of_its_own_for_who_reads_in_the_dark(stored):
    shown = [b64decode(picture) for cell in code(stored) for picture in figures(cell.outputs)]
    drawn = re.findall(r"!\[.*?\]\((.*?\.png)\)", "\n".join(cell.source for cell in stored.cells))
    shown += [(report.PROJECT / name).read_bytes() for name in drawn]
    for picture in map(Image.open, map(io.BytesIO, shown)):
        assert picture.convert("RGBA").getpixel((1, 1)) == (255, 255, 255, 255)


def test_no_cell_warns_or_fails(stored):
    for cell in code(stored):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


def test_the_contents_are_the_headings_and_lead_to_them(stored):
    """A browser follows the links in tests/browser; an id of ours is found in any program."""
    prose = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    headings = re.findall(r'^<a id="(s\d+)"></a>\n\n## \d+\. (.*)$', prose, re.M)
    assert re.findall(r"\d+\. \[([^\]]*)\]\(#(s\d+)\)", prose) == [
        (text, mark) for mark, text in headings
    ]
    assert len(headings) == prose.count("\n## ")


def test_figures_are_numbered_and_have_their_caption_below(stored):
    captions = [cell.source[:13] for cell in stored.cells if cell.source.startswith("**Figura")]
    assert [text.split(".")[0] for text in captions] == [
        f"**Figura {i + 1}" for i in range(len(captions))
    ]
    for cell, below in zip(stored.cells, stored.cells[1:]):
        if figures(cell.get("outputs", [])):
            assert below.source.startswith("**Figura"), cell.source


def test_it_is_one_story_that_opens_quickly():
    story = nbformat.read(report.STORY, as_version=4)
    assert len(story.cells) <= 50
    assert sum(drawn(story)) <= 12
    assert all(path.stat().st_size < 2_000_000 for path in report.NOTEBOOKS)


def test_the_answers_in_the_folds_are_right(capsys):
    story = nbformat.read(report.STORY, as_version=4)
    folds = "\n".join(cell.source for cell in story.cells if "<details>" in cell.source)
    lines = [line for cell in code(story) for line in cell.source.splitlines()]
    datos = data.load_dataset("caras", data.DATASETS)
    X, Y, dims = data.flatten(datos.train_x), datos.train_y, [12288, 20, 7, 5, 1]
    scope = vars(network) | {"evaluation": evaluation, "exercises": exercises, "datos": datos}
    scope |= {"pelicula": training.film(X, Y, dims, [300])[1], "layers_dims": dims}
    scope |= {"X_test": data.flatten(datos.test_x), "Y_test": datos.test_y}
    exec("\n\n".join(re.findall(r"```python\n(.*?)```", folds, re.S)), scope)
    capsys.readouterr()
    exec("\n".join(line for line in lines if line.startswith("exercises.check(")), scope)
    right = [f"Ejercicio {number}: ¡correcto!" for number in exercises.EXERCISES]
    assert capsys.readouterr().out.splitlines() == right
