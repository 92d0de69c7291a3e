"""That a figure which shows something else is noticed, where nbval alone would see nothing."""

import io
from base64 import b64encode

import matplotlib.pyplot as plt
import pytest
from nbformat import v4, write

from conftest import PROJECT
from tests.pictures import SAME, apart

BARS = """figure, axes = plt.subplots(figsize=(7.2, 4), layout="constrained")
axes.bar(["la red", "dos capas", "logística"], {}, color=["#5B3A8C", "#A98BCB", "#4D4D4D"])
axes.set(title="La red acierta el 98.0 %", ylabel="exactitud")
plt.close(figure)"""

GOOD, LOWER = BARS.format([98, 96, 94]), BARS.format([98, 96, 90])


def drawn(code, **style):
    scope = {"plt": plt}
    with plt.rc_context(style):
        exec(code, scope)
        scope["figure"].savefig(stream := io.BytesIO(), dpi=style.pop("savefig.dpi", 72))
    return stream.getvalue()


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
        LOWER,
        BARS.format([98, 96, 0]),
        GOOD.replace("#A98BCB", "#E69F00"),
        GOOD.replace(", ylabel=", ", ylim=(0, 110), ylabel="),
    ],
    ids=["a bar", "no bar", "a colour", "a scale"],
)
def test_another_bar_colour_or_scale_does(code):
    assert apart(drawn(GOOD), drawn(code)) > 2 * SAME


def test_in_the_notebooks_it_is_noticed(tmp_path, capsys):
    """By nbval as it runs here: the right figure, a wrong bar; other seconds, other words."""
    (tmp_path / "right.png").write_bytes(drawn(GOOD))
    (tmp_path / "wrong.png").write_bytes(drawn(LOWER))
    shown = {"text/plain": "<IPython.core.display.Image object>"}
    shown["image/png"] = b64encode(drawn(GOOD)).decode()
    figure = v4.new_output("execute_result", shown, execution_count=1)
    said = v4.new_output("stream", text="estos segundos: 3.1\n")
    cells = [
        v4.new_code_cell(source, outputs=[output], execution_count=1, metadata={"tags": tags})
        for source, output, tags in [
            ("from IPython.display import Image\nImage('right.png')", figure, []),
            ("Image('wrong.png')", figure, []),
            ("print('estos segundos: 12')", said, ["nbval-ignore-output"]),
            ("print('otros segundos: 3.1')", said, ["nbval-ignore-output"]),
        ]
    ]
    write(v4.new_notebook(cells=cells), tmp_path / "cuaderno.ipynb")
    options = "-n0", "-q", "-p", "conftest", "-c", str(PROJECT / "pyproject.toml")
    pytest.main([*options, str(tmp_path / "cuaderno.ipynb")])
    done = capsys.readouterr().out
    assert "a figure is not the stored one" in done
    assert "2 failed, 2 passed" in done, done
