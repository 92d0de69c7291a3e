"""Where a console has not all of Spanish's letters, what it lacks is replaced and nothing stops."""

import io
import sys

import pytest
from PIL import Image

from helpers.data import load_dataset
from tests.on_disk import put, run
from tools import command


@pytest.mark.parametrize(("encoding", "said"), [("cp437", "¿ñ ? ?"), ("utf-8", "¿ñ 日 \\udced")])
def test_what_a_console_lacks_is_replaced(monkeypatch, encoding, said):
    """One of Windows in America, and one that has all letters, but not what is none."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream := io.BytesIO(), encoding))
    command.run(lambda: print("¿ñ 日 \udced", end="", flush=True))
    assert stream.getvalue().decode(encoding) == said


def test_building(tmp_path):
    """Where no language is set, of folders and photos whose names no console can show."""
    if not sys.prefix.isascii():
        pytest.skip("needs packages in a folder without accents: scikit-learn can't read others so")
    names = "no_sonrie", "niños ŷ" if sys.platform != "linux" else "sonr\udced"
    for i, name in enumerate(names):
        (tmp_path / "日" / name).mkdir(parents=True)
        for k in range(3):
            photo = Image.new("RGB", (9, 9), (40 * k, 200 * i, 90))
            photo.save(tmp_path / "日" / name / f"ñ{k}.png")
    put(tmp_path / "日", [("no_sonrie/日.jpg", b"")])
    arguments = tmp_path / "日", "--name", "mias", "--smiling", names[1]
    console = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    said = run("tools.build", *arguments, "--folder", tmp_path / "aqui", **console)
    assert "Archivos que dej" in said and "No reconozco" in said
    assert ": datos = data.load_dataset(" in said
    assert load_dataset("mias", tmp_path / "aqui").classes[0] == "no sonríe"
