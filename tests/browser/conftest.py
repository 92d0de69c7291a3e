"""What the browser tests share: one Chromium with a film for a camera, a network that has learnt,
and a Jupyter that knows nothing of the user's settings."""

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
from time import monotonic, sleep

import nbformat
import numpy as np
import pytest
from PIL import Image

from helpers import model, training
from helpers.data import DATASETS, flatten, load_dataset
from helpers.files import PROJECT
from tools import report

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")

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
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="session")
def caras():
    return load_dataset("caras", DATASETS)


@pytest.fixture(scope="session")
def real():
    return model.load_model(PROJECT / "models/smiles.h5")


@pytest.fixture(scope="session")
def film(caras):
    """The story's training, for a while: what its network answers is not all of one sort."""
    recipe = model.STORY._replace(num_iterations=700)
    X, dims = flatten(caras.train_x), [12288, *recipe.hidden, 1]
    moments = training.moments_of(recipe)
    return training.film(X, caras.train_y, dims, moments, seed=recipe.seeds[0])


@pytest.fixture(scope="session")
def trained(caras, film):
    origin = model.Origin("caras", tuple(caras.classes), 0.0, 0.0, caras.aligned)
    return model.Model(model.STORY, 0.0, [film[1][700]], origin)


@pytest.fixture(scope="session")
def people(caras, real):
    """Two pictures as of a camera, 640×480, of drawn faces: one smiles to the model, one doesn't."""
    order = np.argsort(real.predict_proba(caras.test_x)[0])
    pictures = [Image.new("RGB", (640, 480), "gray") for _ in range(2)]
    for picture, i in zip(pictures, order[[-1, 3]]):
        picture.paste(Image.fromarray(caras.test_x[i]).resize((300, 300)), (170, 90))
    return pictures


@pytest.fixture(scope="session")
def browser(people, tmp_path_factory):
    """Chromium with a film for a camera: two seconds of one, two seconds of the other."""
    installed = (shutil.which(os.path.expandvars(name)) for name in CHROMES)
    path = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    if path is None:
        pytest.skip("needs Chromium, Chrome or Edge: install one or put its path into CHROMIUM")
    camera, frames = tmp_path_factory.mktemp("camera") / "film.mjpeg", []
    for picture in people:
        picture.save(stream := io.BytesIO(), "JPEG", quality=92)
        frames.append(60 * stream.getvalue())
    camera.write_bytes(b"".join(frames))
    arguments = [*QUIET, *CAMERA, f"--use-file-for-fake-video-capture={camera}"]
    arguments += ["--no-sandbox"] * (getattr(os, "geteuid", lambda: 1)() == 0)
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """A function that opens a page; afterwards nothing may have failed or been fetched."""
    pages, wrong = [], []

    def open_page(url, script=None, **options):
        page = browser.new_page(**{"viewport": {"width": 390, "height": 844}} | options)
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda r: wrong.extend(re.findall("^(?!file:|data:|blob:).*", r.url)))
        if script:
            page.add_init_script(script)
        page.goto(url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []


@pytest.fixture(scope="session")
def start_jupyter(tmp_path_factory):
    """A context manager that takes a folder, and variables for the kernel; gives a function.

    The function returns the address of a notebook in the folder, in JupyterLab ("lab/tree") or
    Notebook 7 ("notebooks").
    """
    pytest.importorskip("jupyterlab", reason="needs JupyterLab")

    @contextlib.contextmanager
    def start(folder, **variables):
        home, token = tmp_path_factory.mktemp("jupyter"), secrets.token_hex(16)
        for name, values in SETTINGS.items():
            file = home / f"config/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        env = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            env[f"JUPYTER_{name}_DIR"] = str(home / name.lower())
        env |= {"IPYTHONDIR": str(home / "ipython"), **variables}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
        options += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        options += ["--no-browser"] + ["--allow-root"] * (os.name == "posix")
        url, log = f"http://127.0.0.1:{port}", home / "log.txt"
        with open(log, "wb") as stream:
            command = [sys.executable, "-m", "jupyterlab", *options]
            server = subprocess.Popen(command, cwd=folder, env=env, stdout=stream, stderr=stream)
        try:
            limit = monotonic() + 60
            while not _answers(f"{url}/api?token={token}"):
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

    return start


@pytest.fixture(scope="session")
def write_notebook():
    """A function: a notebook of one cell into a file; ``gone`` as for ``report.sentences``."""

    def write(path, source, gone):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        notebook.metadata.widgets = {report.STATE_MIME: report.sentences(gone)}
        nbformat.write(notebook, path)

    return write


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
