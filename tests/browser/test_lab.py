"""The notebook in JupyterLab in a browser, as its reader has it, on photographs of their own."""

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from time import monotonic, sleep

import nbformat
import pytest
from PIL import Image

from tools import collect

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
pytest.importorskip("jupyterlab", reason="needs JupyterLab")

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOK = "Proyecto_Final.ipynb"
SHIPPED = [NOTEBOOK, "requirements.txt", "helpers/*.py", "images/*", "datasets/*caras.h5"]
SHIPPED += ["datasets/published.json"]
CHROMES = [
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "%PROGRAMFILES%/Google/Chrome/Application/chrome.exe",
    "%PROGRAMFILES(X86)%/Google/Chrome/Application/chrome.exe",
    "%LOCALAPPDATA%/Google/Chrome/Application/chrome.exe",
    "%PROGRAMFILES(X86)%/Microsoft/Edge/Application/msedge.exe",
]
QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
SECONDS = 400  # for the whole notebook, on a busy machine
CELL, OUTPUT = ".jp-Notebook .jp-CodeCell", ".jp-OutputArea-output"
ERROR = f"{OUTPUT}[data-mime-type$=stderr], {OUTPUT}[data-mime-type$=error]"


@pytest.fixture(scope="module")
def browser():
    installed = (shutil.which(os.path.expandvars(name)) for name in CHROMES)
    path = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    if path is None:
        pytest.skip("needs Chromium, Chrome or Edge: install one or put its path into CHROMIUM")
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    with playwright.sync_playwright() as tool:
        arguments = QUIET + ["--no-sandbox"] * is_root
        browser = tool.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project without its outputs, in a folder with a difficult name, and a set ``mias``."""
    copy = tmp_path_factory.mktemp("lab") / "copia con acentos ñ"
    for file in (file for pattern in SHIPPED for file in PROJECT.glob(pattern)):
        (copy / file.relative_to(PROJECT).parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy / file.relative_to(PROJECT))
    notebook = nbformat.read(copy / NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, copy / NOTEBOOK)

    images, labels, attributes = faces.draw_faces(140, faces.draw_people(5, seed=77), seed=78)
    for i, (image, y) in enumerate(zip(images, labels[0])):
        folder = copy.parent / "mis fotos" / ("no_sonrie", "sonrie")[y]
        folder /= f"persona {attributes['person'][i]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"foto {i}.jpg", quality=95)
    collect.build(copy.parent / "mis fotos", "mias", folder=copy / "datasets")
    return copy


@pytest.fixture(scope="module")
def lab(copy, tmp_path_factory):
    """The notebook's address in a JupyterLab that knows nothing of the user's settings."""
    home, token = tmp_path_factory.mktemp("jupyter"), secrets.token_hex(16)
    for name, values in SETTINGS.items():
        file = home / f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
    env |= {"SMILE_DATASET": "mias", "SMILE_DATA_DIR": "", "TQDM_DISABLE": "1"}
    env |= {
        f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    env |= {"IPYTHONDIR": str(home / "ipython")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.root_dir={copy}", f"--IdentityProvider.token={token}"]
    options += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--no-browser"]
    options += ["--allow-root"] * (os.name == "posix")
    url, log = f"http://127.0.0.1:{port}", home / "log.txt"
    with open(log, "wb") as stream:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, cwd=copy, env=env, stdout=stream, stderr=stream)
    try:
        limit = monotonic() + 60
        while not _answers(f"{url}/api?token={token}"):
            alive = server.poll() is None and monotonic() < limit
            assert alive, log.read_text(encoding="utf-8", errors="replace")
            sleep(0.2)
        yield f"{url}/lab/tree/{NOTEBOOK}?token={token}"
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def page(browser, lab, copy):
    """JupyterLab after Run > Run All Cells, when the last cell has its number or one has failed."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(lab)
    # Before there is a kernel the indicator already says that it is idle.
    page.locator(".jp-KernelName", has_text="Python").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    done = f"document.querySelector('{ERROR}') || {prompts}.every(p => /\\d/.test(p.textContent))"
    for _ in range(6):  # JupyterLab may look ready before its menu works
        choose(page, "Run", "Run All Cells")
        with contextlib.suppress(playwright.TimeoutError):
            page.wait_for_function(
                f"{prompts}.some(p => /[*\\d]/.test(p.textContent))", timeout=8000
            )
            break
    try:
        page.wait_for_function(done, timeout=SECONDS * 1000)
    except playwright.TimeoutError:
        prompts = page.locator(f"{CELL} .jp-InputPrompt").all_inner_texts()
        pytest.fail(f"after {SECONDS} s the cells stand at {' '.join(prompts)}")
    page.wait_for_timeout(1000)  # the last output, too, is drawn
    yield page
    page.close()


def choose(page, *path):
    """Click through the menu."""
    page.get_by_role("menubar").get_by_role("menuitem", name=path[0], exact=True).click()
    for name in path[1:]:
        page.locator(".lm-Menu-item", has_text=re.compile(f"^{name}$")).click()


def figure_cells(page, copy):
    cells = nbformat.read(copy / NOTEBOOK, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    assert page.locator(CELL).count() == len(sources)
    return [page.locator(CELL).nth(i) for i, text in enumerate(sources) if "plots." in text]


def photograph(page, theme):
    """Save each section as a picture, from its heading down to the next."""
    folder = Path(os.environ["SMILE_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    edges = page.locator(".jp-Notebook :is(h1, h2), .jp-Notebook-footer")
    for i in range(edges.count() - 1):
        top, bottom = (edges.nth(k).bounding_box()["y"] for k in (i, i + 1))
        page.set_viewport_size({"width": 1280, "height": int(bottom - top) + 200})
        edges.nth(i).evaluate("heading => heading.scrollIntoView()")
        box = page.locator(".jp-WindowedPanel-outer").bounding_box()
        box |= {"y": edges.nth(i).bounding_box()["y"], "height": bottom - top}
        page.screenshot(path=folder / f"{theme}-{i:02}.png", clip=box)
    page.set_viewport_size({"width": 1280, "height": 900})  # in a low one the toolbar hides figures


def test_every_cell_runs_without_error(page, copy):
    assert page.locator(ERROR).all_inner_texts() == []
    prompts = page.locator(f"{CELL} .jp-InputPrompt").all_inner_texts()
    assert prompts == [f"[{i}]:" for i in range(1, len(prompts) + 1)]
    assert "Conjunto: mias" in page.locator(".jp-Notebook").inner_text()


def test_every_figure_is_drawn(page, copy):
    figures = figure_cells(page, copy)
    widths = "images => images.map(image => image.naturalWidth)"
    drawn = [cell.locator(f"{OUTPUT} img").evaluate_all(widths) for cell in figures]
    (without,) = [cell for cell, found in zip(figures, drawn) if not found]
    assert "Este conjunto no dice quién sale en cada imagen" in without.inner_text()
    assert min(page.locator(".jp-Notebook img").evaluate_all(widths)) > 0


def test_every_formula_is_set(page):
    text = page.locator(".jp-Notebook").inner_text()
    assert page.locator("mjx-container").count() > 30
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


def upload(page, path):
    """Choose a file in section 13 and return the text of its answer, the newest."""
    answers = page.locator(".jp-OutputArea .widget-html-content")
    before = answers.count()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("Elige fotos")).click()
    assert chooser.value.element.get_attribute("accept") == "image/*"
    chooser.value.set_files(path)
    page.wait_for_function(
        "n => document.querySelectorAll('.jp-OutputArea .widget-html-content').length > n",
        arg=before,
    )
    return answers.first


def test_photos_get_verdicts_and_a_bad_file_a_sentence(page, copy):
    bad = copy.parent / "mala.jpg"
    bad.write_text("no soy una foto")
    good = copy / "images" / "ejemplo.jpg"
    for _ in range(2):
        answer = upload(page, good)
        assert "ejemplo.jpg: la red dice «" in answer.inner_text()
        assert answer.locator("img").evaluate("image => image.naturalWidth") > 0
        answer = upload(page, bad)
        assert "No reconozco una imagen" in answer.inner_text()
    assert page.locator(".widget-html-content").count() == 4


def test_each_section_can_be_looked_at(page):
    """Light and dark; whether it is good to look at is for somebody to say."""
    if not os.environ.get("SMILE_SCREENSHOTS"):
        pytest.skip("needs SMILE_SCREENSHOTS, a folder for the pictures")
    for theme in ("Light", "Dark"):
        choose(page, "Settings", "Theme", f"JupyterLab {theme}")
        page.wait_for_timeout(1000)
        photograph(page, theme.lower())


def test_every_figure_stays_on_white_in_the_dark_theme(page):
    choose(page, "Settings", "Theme", "JupyterLab Dark")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    for figure in page.locator(f"{CELL} {OUTPUT} img").all():
        seen = Image.open(io.BytesIO(figure.screenshot())).convert("RGB")
        assert seen.getpixel((3, 3)) == (255, 255, 255)
