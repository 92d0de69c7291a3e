"""Jupyter in a browser: the story as it is stored, in Notebook 7; its beginning, run in JupyterLab.

Its pages live in both. Its other cells are run by nbval, and on other data by test_twice.py, without
a browser.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from time import monotonic, sleep

import nbformat
import pytest

from conftest import PROJECT
from helpers.page.base import MIME
from tools import report

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")

NOTEBOOK, BEGINNING = "Proyecto_Final.ipynb", "Comienzo.ipynb"
SHIPPED = [NOTEBOOK, "requirements.txt", "helpers/**/*.*", "images/*", "datasets/*caras.h5"]
SHIPPED += ["models/*.h5"]
SECONDS = 200  # for the beginning, on a busy machine
BAR = """from pathlib import Path
from time import sleep

from helpers import progress

for _ in progress.progress_bar(range(600), True, desc="Prueba"):
    sleep(0.1)
    if Path("visto").exists():
        break"""
ALIVE = """import matplotlib.pyplot as plt
from helpers import model, page, training
from helpers.data import flatten, load_dataset

caras = load_dataset("caras")
recipe = model.STORY._replace(num_iterations=50)
film = training.film(flatten(caras.train_x), caras.train_y, [12288, 20, 7, 5, 1],
                     training.moments_of(recipe), seed=recipe.seeds[0])
figure, _ = plt.subplots()
plt.close(figure)
display(page.mirror(model.load_model("models/smiles.h5")))
display(page.touch(model.Model(recipe, 0.0, [film[1][50]]), caras))
display(page.watch(caras, film, figure, recipe, [0.09]))"""
GONE = {"page-mirror": "Ejecútala y sonríe.", "page-touch": "Ejecuta esta celda y dibuja."}
GONE |= {"page-watch": "Ejecútala y mira."}
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
CELL, OUTPUT = ".jp-Notebook .jp-CodeCell", ".jp-OutputArea-output"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
ERROR = f"{OUTPUT}[data-mime-type$=stderr], {OUTPUT}[data-mime-type$=error]"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project in a folder with a difficult name; its story and, not run, the story's beginning.

    Both end with a cell that shows the pages.
    """
    copy = tmp_path_factory.mktemp("lab") / "copia con acentos ñ"
    for file in (file for pattern in SHIPPED for file in PROJECT.glob(pattern)):
        (copy / file.relative_to(PROJECT).parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy / file.relative_to(PROJECT))
    notebook = nbformat.read(copy / NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ALIVE))
    nbformat.write(notebook, copy / NOTEBOOK)
    (end,) = (i for i, cell in enumerate(notebook.cells) if '<a id="s4">' in cell.source)
    notebook.cells[end:-1] = [nbformat.v4.new_code_cell(BAR)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.widgets = {report.STATE_MIME: report.sentences(GONE)}
    nbformat.write(notebook, copy / BEGINNING)
    return copy


@pytest.fixture(scope="module")
def address(copy, tmp_path_factory):
    """A function: where a notebook is, in JupyterLab ("lab/tree") or Notebook 7 ("notebooks").

    The server is one for all, and knows nothing of the user's settings.
    """
    pytest.importorskip("jupyterlab", reason="needs JupyterLab")
    home, token = tmp_path_factory.mktemp("jupyter"), secrets.token_hex(16)
    for name, values in SETTINGS.items():
        file = home / f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        env[f"JUPYTER_{name}_DIR"] = str(home / name.lower())
    env |= {"IPYTHONDIR": str(home / "ipython"), "TQDM_DISABLE": ""}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.root_dir={copy}", f"--IdentityProvider.token={token}"]
    options += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--no-browser"] + ["--allow-root"] * (os.name == "posix")
    url, log = f"http://127.0.0.1:{port}", home / "log.txt"
    with open(log, "wb") as stream:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, cwd=copy, env=env, stdout=stream, stderr=stream)
    try:
        limit = monotonic() + 60
        while not answers(f"{url}/api?token={token}"):
            alive = server.poll() is None and monotonic() < limit
            assert alive, log.read_text(encoding="utf-8", errors="replace")
            sleep(0.2)
        yield lambda name, app="lab/tree": f"{url}/{app}/{name}".rstrip("/") + f"?token={token}"
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def opened(browser, address):
    """A function that opens a notebook; what a page tells its kernel comes in ``page.told``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    context.set_default_timeout(60_000)

    def open_notebook(*where):
        page = context.new_page()
        page.told = []
        page.on("websocket", lambda ws: ws.on("framesent", lambda f: page.told.append(str(f))))
        page.goto(address(*where) + "&reset")  # without the other notebook
        # Before there is a kernel the indicator already says that it is idle.
        page.locator(".jp-KernelName", has_text="Python").wait_for()
        page.locator(IDLE).wait_for()
        return page

    yield open_notebook
    context.close()


@pytest.fixture(scope="module")
def page(opened):
    """Notebook 7 with the story as it is stored."""
    return opened(NOTEBOOK, "notebooks")


@pytest.fixture(scope="module")
def beginning(opened):
    """JupyterLab after Run > Run All Cells, when the bar is there or a cell has failed."""
    page = opened(BEGINNING)
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    for _ in range(6):  # JupyterLab may look ready before its menu works
        choose(page, "Run", "Run All Cells")
        with contextlib.suppress(playwright.TimeoutError):
            page.wait_for_function(
                f"{prompts}.some(p => /[*\\d]/.test(p.textContent))", timeout=8000
            )
            break
    page.locator(f"{OUTPUT}:has-text('Prueba: '), {ERROR}").wait_for(timeout=SECONDS * 1000)
    return page


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


def saved(page, path):
    """The cells of a notebook and what else is in it, after Control+s."""
    page.locator(CELL).last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+s")
    limit = monotonic() + 60
    while not (notebook := json.loads(path.read_text("utf-8")))["cells"][-1]["outputs"]:
        assert monotonic() < limit, "JupyterLab didn't save the notebook"
        page.wait_for_timeout(200)
    return notebook.pop("cells"), notebook


def test_every_cell_runs_without_error_and_no_bar_is_left_on_the_page_or_in_the_file(
    beginning, copy
):
    bar, last = beginning.locator(CELL).nth(-2), beginning.locator(CELL).last
    assert beginning.locator(ERROR).all_inner_texts() == []
    (copy / "visto").touch()
    bar.locator(OUTPUT, has_text="Prueba: ").wait_for(state="detached")
    last.locator(".jp-InputPrompt", has_text=re.compile(r"\d")).wait_for()
    assert beginning.locator(ERROR).all_inner_texts() == []
    numbers = beginning.locator(f"{CELL} .jp-InputPrompt").all_inner_texts()
    assert numbers == [f"[{i}]:" for i in range(1, len(numbers) + 1)]
    assert beginning.locator(f"{OUTPUT} img").count() >= 2
    cells, _ = saved(beginning, copy / BEGINNING)
    assert [output["data"] for output in cells[-2]["outputs"]] == [{}]


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
        playwright.expect(heading, name).to_be_in_viewport()


def reaches_no_kernel(page):
    """The pages of the last cell, which has run, answer by themselves."""
    inside, mirror = (page.frame_locator(f"iframe.smile-{kind}") for kind in ("touch", "mirror"))
    inside.get_by_role("checkbox", name="En negativo").check()
    inside.get_by_role("status").get_by_text("La red dice: ").wait_for(state="attached")
    page.locator(IDLE).wait_for()
    assert any("execute_request" in frame for frame in page.told)
    page.told.clear()
    mirror.locator("input[multiple]").set_input_files(PROJECT / "images/ejemplo.jpg")
    mirror.get_by_role("article").locator(".verdict", has_text="sonríe").wait_for()
    mirror.get_by_role("button", name="Enciende el espejo").click()
    mirror.locator(".live .verdict").wait_for()
    mirror.get_by_role("button", name="Apaga").click()
    assert not [frame for frame in page.told if "comm_msg" in frame or "execute" in frame]


def test_the_pages_run_in_notebook_7_and_tell_the_kernel_nothing(page):
    page.locator(CELL).last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    reaches_no_kernel(page)


def test_the_pages_run_in_jupyterlab_and_leave_a_sentence_and_the_figure(beginning, address, copy):
    (copy / "visto").touch()
    reaches_no_kernel(beginning)
    inside = beginning.frame_locator("iframe.smile-touch")
    heights = beginning.locator("iframe.smile-touch").evaluate(
        "frame => [frame.offsetHeight, frame.contentDocument.documentElement.scrollHeight]"
    )
    assert heights[0] > 500 and heights[0] >= heights[1]  # no second scroll bar
    card = inside.locator(".card").evaluate("card => getComputedStyle(card).backgroundColor")
    assert card == "rgb(255, 255, 255)"  # as Jupyter's theme, not as the system
    film = beginning.frame_locator("iframe.smile-watch")
    film.locator(".legend", has_text="Costo J: ").wait_for()
    outputs = beginning.locator(CELL).last.locator(OUTPUT)
    figure = outputs.locator("img")
    figure.wait_for(state="hidden")  # the film is there instead of it
    assert figure.count() == 1
    beginning.locator("body").evaluate("body => { body.dataset.jpThemeLight = false; }")
    inside.locator(".smile-page.dark").wait_for()
    cells, others = saved(beginning, copy / BEGINNING)
    stored = json.dumps([cells[-1], others])
    assert MIME in stored and len(stored) < 40_000
    # Without its kernel, and opened again.
    sessions = json.load(urllib.request.urlopen(address("", "api/sessions")))
    for session in (one for one in sessions if one["path"] == BEGINNING):
        url = address(session["id"], "api/sessions")
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"))
    beginning.reload()
    outputs.filter(has_text=re.compile("not found|Ejecuta")).first.wait_for()
    figure.wait_for()
    texts = [text for text in outputs.all_inner_texts() if text]
    assert texts[-3:] == [*GONE.values()]
