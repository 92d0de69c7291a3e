"""What the browser tests share: one Chromium with a film for a camera, a network that has learnt."""

import base64
import io
import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers import model, training
from helpers.data import DATASETS, flatten, load_dataset
from helpers.files import PROJECT

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
PHONE, FETCHED = {"width": 390, "height": 844}, "^(?!file:|data:|blob:).*"
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="session")
def caras():
    """The story's data set, with a quarter of its training half: a network learns from it, too."""
    whole = load_dataset("caras", DATASETS)
    return replace(whole, train_x=whole.train_x[:150], train_y=whole.train_y[:, :150])


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


@pytest.fixture(scope="module")
def tabs(browser):
    """Tabs by how they were opened, and what went wrong in them.

    A document in a tab that is there costs a fifth of one in a tab of its own.
    """
    tabs, wrong = {}, []
    yield tabs, wrong
    for page in tabs.values():
        page.close()


@pytest.fixture
def opened(browser, tabs):
    """A function that opens a document; afterwards nothing may have failed or been fetched."""
    tabs, wrong = tabs

    def open_document(url, script="", scheme="light", motion="no-preference", **options):
        how = f"{script} {options}"
        if how not in tabs:
            page = tabs[how] = browser.new_page(**{"viewport": PHONE} | options)
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("request", lambda r: wrong.extend(re.findall(FETCHED, r.url)))
            page.add_init_script(script)
        tabs[how].emulate_media(color_scheme=scheme, reduced_motion=motion)
        tabs[how].goto(url)
        return tabs[how]

    wrong.clear()
    yield open_document
    assert wrong == []


@pytest.fixture(scope="session")
def seen(trained):
    """A function: the face on a page to touch (64, 64, 3), and its answer, the one of Python."""

    def look(page):
        touched = "document.querySelector('[data-kind=touch]').page"
        pixels = page.evaluate(f"btoa(String.fromCharCode(...{touched}.image()))")
        image = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(64, 64, 3)
        answer = page.evaluate(f"{touched}.answer()")
        assert answer == pytest.approx(trained.predict_proba(image[None])[0, 0], abs=1e-3)
        return image, answer

    return look
