"""That a figure which shows something else is noticed, where nbval alone would see nothing."""

import io
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import pytest

from conftest import PROJECT
from tests.pictures import SAME, apart
from tools import report

BARS = """import matplotlib.pyplot as plt
figure, axes = plt.subplots(figsize=(7.2, 4), layout="constrained")
axes.bar(["la red", "dos capas", "logística"], {}, color=["#5B3A8C", "#A98BCB", "#4D4D4D"])
axes.set(title="La red acierta el 98.0 %", ylabel="exactitud")
plt.close(figure)"""


def drawn(code, **style):
    scope = {}
    with plt.rc_context(style):
        exec(code, scope)
        scope["figure"].savefig(stream := io.BytesIO(), dpi=style.pop("savefig.dpi", 72))
    return stream.getvalue()


GOOD = BARS.format([98, 96, 94])


@pytest.mark.parametrize(
    "style",
    [
        {"font.size": 10.2},
        {"text.hinting": "none"},
        {"text.antialiased": False},
        {"savefig.dpi": 160},
    ],
    ids=str,
)
def test_other_letters_and_pixels_make_no_other_figure(style):
    assert apart(drawn(GOOD), drawn(GOOD, **style)) < SAME / 2


@pytest.mark.parametrize(
    "code",
    [
        BARS.format([98, 96, 90]),
        BARS.format([98, 96, 0]),
        GOOD.replace("#A98BCB", "#E69F00"),
        GOOD.replace(", ylabel=", ", ylim=(0, 110), ylabel="),
    ],
    ids=["a bar", "no bar", "a colour", "a scale"],
)
def test_another_bar_colour_or_scale_does(code):
    assert apart(drawn(GOOD), drawn(code)) > 2 * SAME


def test_in_the_notebooks_it_is_noticed(tmp_path):
    """By nbval as it runs here: the right figure, a wrong bar; other seconds, other words."""
    show = "\nfrom IPython.display import display\ndisplay(figure)"
    say = "print('{} segundos: 3.1')"
    sources = [GOOD + show, GOOD + show, say.format("estos"), say.format("estos")]
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, sources)])
    report.execute(notebook, tmp_path)
    right, wrong, seconds, words = notebook.cells
    wrong.source = BARS.format([98, 96, 90]) + show
    seconds.source, words.source = "print('estos segundos: 12')", say.format("otros")
    for cell in (seconds, words):
        cell.metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, tmp_path / "cuaderno.ipynb")
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "conftest"]
    command += ["-c", PROJECT / "pyproject.toml", tmp_path / "cuaderno.ipynb"]
    done = subprocess.run(
        list(map(str, command)), cwd=PROJECT, capture_output=True, encoding="utf-8", timeout=120
    )
    assert "a figure is not the stored one" in done.stdout
    assert "2 failed, 2 passed" in done.stdout, done.stdout
