"""Where a console has not all of Spanish's letters, what it lacks is replaced and nothing stops."""

import os
import subprocess
import sys

import numpy as np
import pytest
from on_disk import PROJECT
from PIL import Image

from tools import staging

CONSOLES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "Windows in Spain": {"PYTHONIOENCODING": "cp1252"},
    "Windows in America": {"PYTHONIOENCODING": "cp437"},
    "no language": {"LC_ALL": "C", "PYTHONUTF8": "0"},
}
in_every_console = pytest.mark.parametrize("console", CONSOLES.values(), ids=CONSOLES)


def said(arguments, console, **variables):
    """What a program prints; it must end well."""
    if "LC_ALL" in console and not sys.prefix.isascii():
        pytest.skip("needs packages in a folder without accents: scikit-learn can't read others so")
    hidden = "PYTHONIOENCODING", "PYTHONUTF8", "SMILE_DATASET"
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=PROJECT,
        env={**env, **console, **variables},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode("ascii", "replace")
    return done.stdout.decode("ascii", "replace")


@in_every_console
def test_a_script_of_the_readers(tmp_path, console):
    for split in ("train", "test"):
        x = np.random.RandomState(0).randint(0, 256, (6, 64, 64, 3), np.uint8)
        labels = np.arange(6) % 2
        staging.write_half(tmp_path / f"{split}_caras.h5", x, labels, ["no sonríe", "ŷ 日"], "1")
    script = """
from helpers.data import flatten, load_dataset
from helpers.training import L_layer_model
datos = load_dataset("caras")
print(datos)
L_layer_model(flatten(datos.train_x), datos.train_y, [12288, 2, 1], num_iterations=1, print_cost=True)
print("Aún no: «ŷ» … 64×64 → ✓")
"""
    (tmp_path / "guion.py").write_text(script, encoding="utf-8")
    variables = {"SMILE_DATA_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    printed = said([tmp_path / "guion.py"], console, **variables)
    assert printed.count("64 p") == 2
    assert "Costo en la iter" in printed
    assert printed.splitlines()[-1].startswith("A")


@pytest.mark.parametrize("console", ["Windows in America", "no language"])
def test_building(tmp_path, console):
    for i, name in enumerate(("no_sonrie", "sonrie")):
        (tmp_path / "niños ŷ" / name).mkdir(parents=True)
        for k in range(3):
            color = 40 * k, 200 * i, 90
            Image.new("RGB", (9, 9), color).save(tmp_path / "niños ŷ" / name / f"ñ{k}.png")
    (tmp_path / "niños ŷ" / "sonrie" / "日.jpg").write_bytes(b"")
    arguments = tmp_path / "niños ŷ", "--name", "mias", "--folder", tmp_path / "aquí"
    printed = said(["-m", "tools.build", *arguments], CONSOLES[console])
    assert "Archivos que dej" in printed
    assert ': datos = data.load_dataset("mias"' in printed


@pytest.mark.parametrize(
    "module", ["tools.build", "tools.download", "tools.train_smiles", "benchmarks.mutations"]
)
def test_every_programs_help(module):
    assert said(["-m", module, "--help"], CONSOLES["ascii"]).startswith(
        f"usage: python -m {module}"
    )


def test_the_report(tmp_path):
    """All of it but the notebook's execution."""
    script = f"""
from pathlib import Path
from tools import report
report.execute = lambda *_, **__: None
report.to_html = lambda *_: "ŷ"
report.printed_results = lambda notebook: "Exactitud de ŷ: «94 %»…"
report.REPORT = Path({str(tmp_path)!r}) / "reporte ŷ" / "a.html"
report.main([])
"""
    assert "Exactitud de ?" in said(["-c", script], CONSOLES["ascii"])


def test_what_the_reader_asked_for_stays():
    script = "import helpers; print(chr(0x177))"
    chosen = {"PYTHONIOENCODING": "ascii:xmlcharrefreplace"}
    assert said(["-c", script], chosen).strip() == "&#375;"
