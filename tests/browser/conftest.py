"""What the browser tests share: Chromium, and a Jupyter that knows nothing of the user's settings."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.request
from time import monotonic, sleep

import nbformat
import pytest

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
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="session")
def start_browser():
    """A context manager that takes Chromium's arguments and gives a playwright Browser."""
    installed = (shutil.which(os.path.expandvars(name)) for name in CHROMES)
    path = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    if path is None:
        pytest.skip("needs Chromium, Chrome or Edge: install one or put its path into CHROMIUM")
    is_root = getattr(os, "geteuid", lambda: 1)() == 0

    @contextlib.contextmanager
    def start(*arguments):
        arguments = [*QUIET, *["--no-sandbox"] * is_root, *arguments]
        with playwright.sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=path, args=arguments)
            yield browser
            browser.close()

    return start


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
