"""What is packed for the page, what a notebook keeps of it, and the scripts that need no page.

The page itself: tests/browser.
"""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter, MarkdownExporter, SlidesExporter
from PIL import Image
from scipy import ndimage

from helpers import inspection, model, network, page, training
from helpers.data import DATASETS, flatten, load_dataset
from helpers.files import DataError
from helpers.page import base, playground, pocket
from helpers.page.base import MIME
from tools import report

RECIPE = model.STORY._replace(num_iterations=40)
RATES = (0.0075, 0.5)
DIMS, (SEED,) = [12288, 20, 7, 5, 1], RECIPE.seeds
HERE = Path(playground.__file__).parent
SCRIPTS = sorted([*HERE.glob("*.js"), *HERE.glob("*.css")])


@pytest.fixture(scope="module")
def caras():
    """The story's data set, with a quarter of its training half: enough for what is packed."""
    whole = load_dataset("caras", DATASETS)
    return replace(whole, train_x=whole.train_x[:150], train_y=whole.train_y[:, :150])


@pytest.fixture(scope="module")
def trained(caras):
    return model.train(caras.train_x, caras.train_y, RECIPE, progress=False)


@pytest.fixture(scope="module")
def touchable(trained, caras):
    return page.touch(trained, caras)


@pytest.fixture(scope="module")
def film(caras):
    moments = training.moments_of(RECIPE)
    X = flatten(caras.train_x)
    return training.film(X, caras.train_y, DIMS, moments, RATES[0], seed=SEED)


@pytest.fixture(scope="module")
def watchable(caras, film):
    figure = plt.figure(figsize=(1, 1))
    plt.close(figure)
    return page.watch(caras, film, figure, RECIPE, RATES[1:])


def content(made):
    """The numbers in the page, read again from its text."""
    packed = made.fragment[made.fragment.rindex("\n})(") + 4 : -len(");</script>")]
    return json.JSONDecoder().raw_decode(packed)[0]


def numbers(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


def test_the_network_in_the_page_is_the_one_that_was_given(touchable, trained, caras):
    packed = content(touchable)
    net, (parameters,) = packed["network"], trained.networks
    assert net["dims"] == [12288, 20, 7, 5, 1]
    values = np.concatenate([numbers(net[part], "<f2") for part in ("first", "rest")])
    expected = [parameters[f"{name}{l}"].ravel() for l in (1, 2, 3, 4) for name in "Wb"]
    np.testing.assert_allclose(values, np.concatenate(expected), rtol=1e-3, atol=1e-7)
    for face, label in zip(numbers(packed["faces"], "u1").reshape(-1, 64, 64, 3), packed["labels"]):
        (index,) = np.flatnonzero((caras.test_x == face).all(axis=(1, 2, 3)))
        assert caras.test_y[0, index] == label


def test_the_faces_are_right_ones_of_both_classes_then_the_worst():
    Y = np.arange(40)[None] % 2
    p = np.where(Y == 1, 0.9, 0.1) + np.linspace(0, 0.05, 40)
    p[0, [4, 7, 8]] = 0.99, 0.01, 0.51
    chosen = playground._dozen(p, Y)
    assert len(chosen) == len(set(chosen)) == 12
    assert Y[0, chosen[:6]].tolist() == [1, 1, 1, 0, 0, 0]
    assert ((p > 0.5) == Y)[0, chosen[:6]].all()
    assert chosen[6:9] == [4, 7, 8] or chosen[6:9] == [7, 4, 8]
    assert playground._dozen(np.full((1, 4), 0.9), np.zeros((1, 4))) == [0, 1, 2, 3]  # all wrong


@pytest.mark.parametrize(
    "change",
    [{"grey": True}, {"scale": 2.0}, {"hidden_activation": "tanh"}, {"average_mirror": True}],
)
def test_a_network_that_the_page_does_not_know_is_refused(trained, caras, change):
    other = model.Model(RECIPE._replace(**change), 0.0, trained.networks)
    with pytest.raises(ValueError, match="píxeles tal cual"):
        page.touch(other, caras)
    with pytest.raises(ValueError, match="una sola red"):
        page.touch(model.Model(RECIPE, 0.0, 2 * trained.networks), caras)


def test_the_units_to_look_at_are_those_that_move_the_answer_and_say_where_to():
    """Moving what a unit says moves the answer to the side of its sign."""
    X = np.random.RandomState(0).rand(27, 50)
    parameters = network.initialize_parameters_deep([27, 6, 4, 1], seed=3)
    parameters["b1"] += 2  # all on, so that the sign holds everywhere
    parameters["b2"] += 5
    start = parameters | {"W1": parameters["W1"] - 1}  # so what was learnt is the sign alone
    before = network.predict_proba(X, parameters).mean()
    units, learnt = inspection.look(X, [start, parameters], 3)
    assert learnt.shape == (2, 3, 3, 3) and not learnt[0].any()
    for unit, sign in zip(units, learnt[1, :, 0, 0]):
        moved = parameters | {"b1": parameters["b1"] + 0.1 * (np.arange(6) == unit)[:, None]}
        assert np.sign(network.predict_proba(X, moved).mean() - before) == round(sign)
    begun = inspection.look(X, [start, parameters], 3, with_start=True)[1]
    expected = learnt[1] * start["W1"][units].reshape(3, 3, 3, 3).mean(axis=3)
    np.testing.assert_allclose(begun, [expected, learnt[1]])
    parameters["W2"][:, units[0]] = 0
    assert units[0] not in inspection.look(X, [start, parameters], 5)[0]


def test_the_film_is_the_training(watchable, caras, film):
    packed = content(watchable)
    X, Y, moments = flatten(caras.train_x), caras.train_y, packed["moments"]
    assert (moments[0], moments[-1], len(moments)) == (0, 40, 31) and packed["story"] == 0
    fast = training.film(X, Y, DIMS, moments, RATES[1], seed=SEED)
    for rate, (costs, kept, said), shown in zip(RATES, (film, fast), packed["films"]):
        np.testing.assert_allclose(numbers(shown["costs"], "<f4"), costs, rtol=1e-6)
        answers = numbers(shown["answers"], "u1").reshape(31, -1)
        expected = np.vstack([said[n] for n in moments])
        assert np.abs((answers + 0.5) / 256 - expected).max() <= 0.5 / 256 + 1e-9
        assert ((answers > 127) == (expected > 0.5)).all()
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["weights"]))), float)
        pixels = (picture[..., 0] - picture[..., 2]) / 255  # orange has no blue, and blue no red
        assert pixels.shape == (31 * 64, 6 * 64) and np.abs(pixels[:64]).max() < 0.03  # nothing yet
        for i, unit in enumerate(shown["units"]):
            learnt = (kept[40]["W1"] - kept[0]["W1"])[unit - 1].reshape(64, 64, 3).mean(axis=2)
            seen = pixels[-64:, 64 * i : 64 * (i + 1)]
            W4, W3, W2 = (kept[40][f"W{l}"] for l in (4, 3, 2))
            sign = np.sign((W4 @ W3 @ W2)[0, unit - 1])  # orange pushes towards class 1
            if not learnt.any():  # of a step too long, units die before they learn
                assert rate == 0.5 and np.abs(seen).max() < 0.03
                continue
            assert np.corrcoef(seen.ravel(), sign * learnt.ravel())[0, 1] > 0.9


def test_a_training_that_overflows_is_packed_all_the_same(caras, film):
    packed = content(page.watch(caras, film, recipe=RECIPE, others=(1e200,)))
    assert np.isnan(numbers(packed["films"][1]["costs"], "<f4")).any()


def test_a_notebook_keeps_a_figure_and_a_sentence_only(touchable, watchable):
    for made, kept in ((touchable, [False]), (watchable, [False, True])):
        for _ in range(2):
            outputs = made.outputs()
            assert ["image/png" in output for output in outputs] == kept
            assert MIME in outputs[0] and "al ejecutar esta celda" in outputs[0]["text/plain"]
            assert len(json.dumps(outputs)) < 20_000
    assert touchable.model_id == "page-touch" and watchable.model_id == "page-watch"


@pytest.fixture(scope="module")
def saved(watchable):
    """A notebook that its reader has run and saved, with what it shows where no kernel is left."""
    shown = [nbformat.v4.new_output("display_data", data=each) for each in watchable.outputs()]
    cell = nbformat.v4.new_code_cell("page.watch(...)", outputs=shown)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.widgets = {report.STATE_MIME: report.sentences({"page-watch": "Ejecútala."})}
    return notebook


@pytest.mark.parametrize("exporter", [HTMLExporter, SlidesExporter, MarkdownExporter])
def test_no_widget_hides_the_figure_where_a_saved_notebook_is_exported(saved, exporter):
    text, resources = exporter().from_notebook_node(saved)
    drawn = saved.cells[0].outputs[1].data["image/png"]
    if exporter is MarkdownExporter:
        assert "![png]" in text and [*resources["outputs"].values()][0].startswith(b"\x89PNG")
    else:
        assert drawn.strip() in text


def test_the_report_gets_the_page_and_the_figure_for_where_no_script_runs(
    touchable, watchable, monkeypatch
):
    monkeypatch.setenv("SMILE_PAGE", "1")
    for made, without in (
        (touchable, r"page\" data-kind=\"touch\">\["),
        (watchable, '<div [^>]*><img alt="'),
    ):
        (output,) = made.outputs()
        assert sorted(output) == ["text/html", "text/plain"]
        assert made.fragment in output["text/html"] and re.search(without, output["text/html"])


def test_the_page_is_one_script_that_asks_for_nothing_and_carries_its_own_parts_only(
    touchable, watchable
):
    for made, other in ((touchable, "watch"), (watchable, "easel")):
        assert len(re.findall("</?script", made.fragment)) == 2  # what is packed ends it nowhere
        code = made.fragment[: made.fragment.rindex("\n})(")]
        assert not re.search(r"https?:|import\b|fetch\(|XMLHttp", code)
        assert (HERE / f"{other}.js").read_text("utf-8") not in code
        assert len(made.fragment) < 2_000_000
        assert made.value.count("<iframe") == 1 and 'srcdoc="&lt;!doctype html&gt;' in made.value


def test_the_readers_network_is_one_file_that_can_be_sent(trained, caras, film, tmp_path):
    """Of parameters, without more: its name is words, its weight is that of a large photo."""
    real = model.load_model(DATASETS.parent / "models" / "smiles.h5")
    path = tmp_path / "mi red.html"
    saved = page.save(path, trained.networks[0], caras, film, " Ana <b> ", real)
    text = path.read_text("utf-8")
    assert "<title>La red de Ana &lt;b&gt;</title>" in text and '<html lang="es">' in text
    kinds = re.findall('<div class="smile-page" data-kind="(.*?)">', text)
    assert kinds == ["mirror", "touch", "watch"] and path.stat().st_size < 4_000_000
    assert (
        str(path.as_posix()) in repr(saved)
        and 'href="mi%20red.html" download' in saved._repr_html_()
    )
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(DataError, match="No pude escribir"):
        page.save(tmp_path / "no" / "hay.html", trained.networks[0], caras)


def test_without_a_network_nothing_is_saved_and_nothing_fails(caras, tmp_path):
    saved = page.save(tmp_path / "mi_red.html", None, caras)
    assert "primero, que aprenda" in repr(saved) and "primero, que aprenda" in saved._repr_html_()
    assert not list(tmp_path.iterdir())


def test_in_colab_a_button_downloads_it(monkeypatch):
    called, got = {}, []
    files = SimpleNamespace(download=got.append)
    output = SimpleNamespace(register_callback=called.__setitem__)
    monkeypatch.setitem(sys.modules, "google", SimpleNamespace())
    colab = SimpleNamespace(files=files, output=output)
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert "invokeFunction('smile.download'" in pocket.Saved("mi_red.html")._repr_html_()
    called["smile.download"]()
    assert got == ["mi_red.html"]


def test_the_scripts_can_be_read():
    """Few lines, of a length that fits; a formatter for them is not installed."""
    lines = {script.name: script.read_text("utf-8").splitlines() for script in SCRIPTS}
    assert max(map(len, lines.values())) <= 300
    assert [f"{name}: {line}" for name in lines for line in lines[name] if len(line) > 100] == []


def node(expression, given, *scripts):
    """What ``expression`` is in JavaScript after the scripts, of ``given``."""
    if not shutil.which("node"):
        pytest.skip("needs node, to run scripts without a page")
    code = "\n".join((HERE / f"{name}.js").read_text("utf-8") for name in scripts)
    read = "const given = JSON.parse(require('fs').readFileSync(0, 'utf-8'));"
    write = f"console.log(JSON.stringify({expression}));"
    ran = subprocess.run(
        ["node", "-e", f"'use strict'; {read}\n{code}\n{write}"],
        input=json.dumps(given), capture_output=True, encoding="utf-8", env=os.environ,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_without_a_page_the_network_answers_as_pythons_does():
    dims, random = [48, 6, 4, 1], np.random.RandomState(0)
    parameters = network.initialize_parameters_deep(dims, seed=7)
    pixels = random.randint(0, 256, 48)
    parameters = {name: value.astype("f2").astype(float) for name, value in parameters.items()}
    X = pixels[:, None] / 255
    given = {"net": base.packed_network(parameters), "x": X.ravel().tolist()}
    does = "(n => (p => [p.A.map(a => [...a]), [...grey(n.backward(p))]])(n.forward(given.x)))"
    A, slope = node(f"{does}(network(given.net))", given, "numbers", "network", "units")
    AL, caches = network.L_model_forward(X, parameters)
    for told, (_, Z) in zip(A[1:-1], caches):
        np.testing.assert_allclose(told, np.maximum(Z, 0).ravel())
    assert A[-1] == pytest.approx(AL.ravel())
    assert np.abs(slope).min() > 1e-3
    for pixel in (0, 7, 15):  # against a small step of its three channels
        step = np.zeros_like(X)
        step[3 * pixel : 3 * pixel + 3] = 1e-6
        ends = [network.L_model_forward(X + way * step, parameters)[1][-1][1] for way in (1, -1)]
        assert slope[pixel] == pytest.approx((ends[0] - ends[1]).item() / 2e-6, rel=1e-5)


def test_without_a_page_smoothing_is_a_filter_of_1_2_1_twice_each_way():
    image = np.random.RandomState(0).rand(8, 8)
    expected = image
    for axis in (0, 1, 0, 1):
        expected = ndimage.correlate1d(expected, [0.25, 0.5, 0.25], axis, mode="nearest")
    smoothed = node("[...smooth(Float64Array.from(given), 8)]", image.ravel().tolist(), "units")
    np.testing.assert_allclose(np.reshape(smoothed, (8, 8)), expected)


def test_without_a_page_a_face_is_moved_and_painted_on_and_put_back():
    face = np.random.RandomState(0).randint(30, 220, (16, 16, 3))
    does = """(board => {
      const out = {}, at = (x, y) => ({ x, y });
      Object.assign(board.moves, { dx: 3, dy: -2, mirror: true });
      out.moved = [...board.seen()];
      board.put(0);
      board.stroke(at(4, 8), at(10, 8), { tool: "light", radius: 2 });
      out.light = [...board.seen()];
      board.put(0);
      board.stroke(at(4, 8), at(10, 8), { tool: "smudge", radius: 2 });
      out.smudge = [...board.seen()];
      board.put(0);
      for (let i = 0; i < 100; i++) board.undo();
      out.back = [...board.seen()];
      return out;
    })(easel(16, [Uint8Array.from(given)]))"""
    told = {
        name: np.reshape(pixels, (16, 16, 3))
        for name, pixels in node(does, face.ravel().tolist(), "easel").items()
    }
    moved = np.pad(face[:, ::-1], ((0, 2), (3, 0), (0, 0)), mode="edge")[2:, :-3]
    assert (told["moved"] == moved).all() and (told["back"] == moved).all()
    changed = told["light"] - face
    assert (changed >= 0).all() and changed[8, 5:10].min() > 0
    assert not changed[:5].any() and not changed[12:].any()
    smear = told["smudge"][8, 9] - face[8, 4]  # the finger carries on what lay where it began
    assert np.abs(smear).mean() < np.abs(face[8, 9] - face[8, 4]).mean()
