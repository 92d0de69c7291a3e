"""The story in JupyterLab in a browser: as it is stored, and its first sections run and saved.

Its other cells are run by nbval, and on other data by test_notebook.py, without a browser.
"""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path
from time import monotonic

import nbformat
import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOK, BEGINNING = "Proyecto_Final.ipynb", "Comienzo.ipynb"
SHIPPED = [NOTEBOOK, "requirements.txt", "helpers/**/*.*", "images/*", "datasets/*caras.h5"]
SHIPPED += ["models/*.h5"]
SECONDS = 200  # for the beginning, on a busy machine
BAR = """from pathlib import Path
from time import sleep

for _ in progress.progress_bar(range(600), True, desc="Prueba"):
    sleep(0.1)
    if Path("visto").exists():
        break"""
CELL, OUTPUT = ".jp-Notebook .jp-CodeCell", ".jp-OutputArea-output"
ERROR = f"{OUTPUT}[data-mime-type$=stderr], {OUTPUT}[data-mime-type$=error]"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project in a folder with a difficult name, and the story's beginning, not yet run."""
    copy = tmp_path_factory.mktemp("lab") / "copia con acentos ñ"
    for file in (file for pattern in SHIPPED for file in PROJECT.glob(pattern)):
        (copy / file.relative_to(PROJECT).parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy / file.relative_to(PROJECT))
    notebook = nbformat.read(copy / NOTEBOOK, as_version=4)
    (end,) = (i for i, cell in enumerate(notebook.cells) if '<a id="s4">' in cell.source)
    notebook.cells[end:] = [nbformat.v4.new_code_cell(BAR)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, copy / BEGINNING)
    return copy


@pytest.fixture(scope="module")
def lab(copy, start_jupyter):
    with start_jupyter(copy, TQDM_DISABLE="") as address:
        yield address


@pytest.fixture(scope="module")
def page(browser, lab):
    """JupyterLab with the story as it is stored."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    opened(page, lab(NOTEBOOK))
    yield page
    page.close()


@pytest.fixture(scope="module")
def beginning(browser, lab):
    """JupyterLab after Run > Run All Cells, when the bar is there or a cell has failed."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    opened(page, lab(BEGINNING))
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    for _ in range(6):  # JupyterLab may look ready before its menu works
        choose(page, "Run", "Run All Cells")
        with contextlib.suppress(playwright.TimeoutError):
            page.wait_for_function(
                f"{prompts}.some(p => /[*\\d]/.test(p.textContent))", timeout=8000
            )
            break
    page.locator(f"{OUTPUT}:has-text('Prueba: '), {ERROR}").wait_for(timeout=SECONDS * 1000)
    yield page
    page.close()


def opened(page, url):
    page.set_default_timeout(60_000)
    page.goto(url + "&reset")  # without the other notebook
    # Before there is a kernel the indicator already says that it is idle.
    page.locator(".jp-KernelName", has_text="Python").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()


def choose(page, *path):
    """Click through the menu."""
    page.get_by_role("menubar").get_by_role("menuitem", name=path[0], exact=True).click()
    for name in path[1:]:
        page.locator(".lm-Menu-item", has_text=re.compile(f"^{name}$")).click()


def figure_cells(page, copy):
    cells = nbformat.read(copy / NOTEBOOK, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    assert page.locator(CELL).count() == len(sources)
    draws = re.compile(r"^plots\.", re.M)
    return [page.locator(CELL).nth(i) for i, text in enumerate(sources) if draws.search(text)]


def test_every_cell_runs_without_error_and_no_bar_is_left_on_the_page_or_in_the_file(
    beginning, copy
):
    assert beginning.locator(ERROR).all_inner_texts() == []
    last = beginning.locator(CELL).last
    (copy / "visto").touch()
    last.locator(OUTPUT, has_text="Prueba: ").wait_for(state="detached")
    prompts = beginning.locator(f"{CELL} .jp-InputPrompt")
    last.locator(".jp-InputPrompt", has_text=re.compile(r"\d")).wait_for()
    numbers = prompts.all_inner_texts()
    assert numbers == [f"[{i}]:" for i in range(1, len(numbers) + 1)]
    assert beginning.locator(f"{OUTPUT} img").count() >= 2
    last.locator(".jp-InputArea-editor").click()
    beginning.keyboard.press("Control+s")
    limit = monotonic() + 60
    while not (cells := json.loads((copy / BEGINNING).read_text("utf-8"))["cells"])[-1]["outputs"]:
        assert monotonic() < limit, "JupyterLab didn't save the notebook"
        beginning.wait_for_timeout(200)
    assert [output["data"] for output in cells[-1]["outputs"]] == [{}]


def test_every_figure_is_drawn(page, copy):
    figures = figure_cells(page, copy)
    widths = "images => images.map(image => image.naturalWidth)"
    drawn = [cell.locator(f"{OUTPUT} img").evaluate_all(widths) for cell in figures]
    assert all(drawn)
    assert min(page.locator(".jp-Notebook img").evaluate_all(widths)) > 0


def test_every_formula_is_set(page):
    text = page.locator(".jp-Notebook").inner_text()
    assert page.locator("mjx-container").count() > 15
    assert page.locator("mjx-merror").count() == 0 and "$" not in text, text


def test_the_contents_lead_to_their_sections(page):
    entries = page.locator(".jp-Notebook a[href^='#s']")
    assert entries.count() == page.locator(".jp-Notebook h2").count()
    for i in range(entries.count()):
        name = entries.nth(i).inner_text()
        entries.nth(i).click()
        heading = page.locator(".jp-Notebook h2", has_text=name)
        page.wait_for_timeout(300)
        assert 0 <= heading.bounding_box()["y"] < 900, name


def test_every_figure_stays_on_white_in_the_dark_theme(page):
    choose(page, "Settings", "Theme", "JupyterLab Dark")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    for figure in page.locator(f"{CELL} {OUTPUT} img").all():
        seen = Image.open(io.BytesIO(figure.screenshot())).convert("RGB")
        assert seen.getpixel((3, 3)) == (255, 255, 255)
