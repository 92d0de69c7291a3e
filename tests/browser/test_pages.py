"""What one sends, the page, the report and the reader's own network: asks for nothing, is open to all."""

import re

import nbformat
import numpy as np
import pytest

from helpers import page as pages
from helpers.files import PROJECT
from tools import page as tool
from tools import report

# In code a word looks like any other of its class: of each, axe is shown the first.
ONCE = """() => {
    const seen = new Set();
    for (const word of document.querySelectorAll(".highlight span")) {
        if (seen.has(word.className)) word.replaceWith(word.textContent);
        seen.add(word.className);
    }
}"""


@pytest.fixture(scope="module")
def sent(trained, caras, film, real, tmp_path_factory):
    """The addresses of page, report and mi_red.html: of the story as it is stored, and of a training."""
    folder = tmp_path_factory.mktemp("sent")
    pages.save(folder / "mi_red.html", trained, caras, film, "Ana <3", real)
    recipe = trained.recipe._replace(num_iterations=700)
    runs = {
        "mirror": pages.mirror(real, trained),
        "touch": pages.touch(trained, caras),
        "watch": pages.watch(caras, film, recipe=recipe, others=()),
    }
    story = nbformat.read(report.STORY, as_version=4)
    for cell in story.cells:
        for kind in re.findall(r"^page\.(\w+)\(", cell.source * (cell.cell_type == "code"), re.M):
            html = {"text/html": runs[kind].fragment}
            cell.outputs = [nbformat.v4.new_output("display_data", html)]
    (folder / "page.html").write_text(tool.published(story), encoding="utf-8")
    (folder / "report.html").write_text(report.to_html(story), encoding="utf-8")
    return {path.stem: path.as_uri() for path in folder.glob("*.html")}


def test_the_page_shows_first_what_runs_and_then_the_story(opened, sent):
    page = opened(sent["page"])
    kinds = page.locator(".smile-page").evaluate_all("all => all.map(one => one.dataset.kind)")
    assert kinds == ["mirror", "watch", "touch"]
    assert page.get_by_role("button", name="Enciende el espejo").bounding_box()["y"] < 400
    assert "exercises.check" not in page.locator("main").text_content()
    assert page.locator("details.code[open]").count() == 0 < page.locator("details.code").count()
    links = page.locator("a[href^='#']").evaluate_all("all => all.map(one => one.hash.slice(1))")
    assert {"mirror", "watch", "touch", "s1"} <= set(links)
    places = page.evaluate("links => links.map(id => !!document.getElementById(id))", links)
    assert all(places)


def test_where_no_script_runs_a_picture_says_how_to_open_it(opened, sent):
    for name in ("page", "mi_red"):
        page = opened(sent[name], java_script_enabled=False)
        left = page.locator("[data-kind=mirror]")
        assert left.locator("img").bounding_box()["width"] > 250
        assert "abre el archivo en un navegador" in left.inner_text()


def test_the_readers_network_gets_a_dozen_faces_and_answers_offline(opened, sent, seen, caras):
    page = opened(sent["mi_red"], offline=True)
    assert page.title() == "La red de Ana <3"
    faces, chosen = page.get_by_role("radio", name=re.compile(r"^Cara \d+: ")), []
    for face in faces.all():
        face.check()
        image, answer = seen(page)
        (index,) = np.flatnonzero((caras.test_x == image).all(axis=(1, 2, 3)))
        label = caras.test_y[0, index]
        is_right = (answer > 0.5) == label
        assert ("acierta" in face.evaluate("face => face.parentNode.textContent")) == is_right
        chosen.append((is_right, label))
    assert len(chosen) == 12 and chosen[:6] == [(True, 1)] * 3 + [(True, 0)] * 3
    assert any(not is_right for is_right, _ in chosen)


@pytest.mark.parametrize("name", ["page", "report", "mi_red"])
def test_axe_finds_nothing_and_nothing_is_asked_or_wider_than_a_phone(opened, sent, name):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core")
    page = opened(sent[name])
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    mirror = page.locator(".card.mirror")
    mirror.locator("input[multiple]").set_input_files(PROJECT / "images/ejemplo.jpg")
    mirror.locator("article .verdict").first.wait_for()
    page.get_by_label("Ver encima").select_option("los píxeles que cuentan")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(ONCE)
    page.evaluate(axe.Axe().axe_script)
    # In the dark nothing is other than the colours.
    for scheme, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)
        is_dark = "dark => !!document.querySelector('.smile-page.dark') === dark"
        page.wait_for_function(is_dark, arg=scheme == "dark")
        options = {"resultTypes": ["violations"]} | only  # the others cost more than they say
        found = page.evaluate("options => axe.run(options).then(all => all.violations)", options)
        assert found == []
