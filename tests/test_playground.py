"""What is packed for the page, and what a notebook keeps of it. The page itself: tests/browser."""

import base64
import io
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers import inspection, model, network, training
from helpers.data import DATASETS, flatten, load_dataset
from helpers.page import playground

RECIPE = model.STORY._replace(num_iterations=40)
RATES = (0.0075, 0.5)
DIMS, (SEED,) = [12288, 20, 7, 5, 1], RECIPE.seeds


@pytest.fixture(scope="module")
def caras():
    return load_dataset("caras", DATASETS)


@pytest.fixture(scope="module")
def trained(caras):
    return model.train(caras.train_x, caras.train_y, RECIPE, progress=False)


@pytest.fixture(scope="module")
def touchable(trained, caras):
    return playground.touch(trained, caras)


@pytest.fixture(scope="module")
def film(caras):
    moments = training.moments_of(RECIPE)
    X = flatten(caras.train_x)
    return training.film(X, caras.train_y, DIMS, moments, RATES[0], seed=SEED)


@pytest.fixture(scope="module")
def watchable(caras, film):
    figure = plt.figure(figsize=(1, 1))
    plt.close(figure)
    return playground.watch(caras, film, figure, RECIPE, RATES[1:])


def content(made):
    """The numbers in the page, read again from its text."""
    packed = made.fragment[made.fragment.rindex("})\n(") + 4 : -len(");</script>")]
    return json.JSONDecoder().raw_decode(packed)[0]


def numbers(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


def test_the_network_in_the_page_is_the_one_that_was_given(touchable, trained, caras):
    packed = content(touchable)
    assert packed["dims"] == [12288, 20, 7, 5, 1]
    values, (parameters,) = numbers(packed["weights"], "<f4"), trained.networks
    expected = [parameters[f"{name}{l}"].ravel() for l in (1, 2, 3, 4) for name in "Wb"]
    np.testing.assert_allclose(values, np.concatenate(expected), rtol=1e-6, atol=1e-12)
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
        playground.touch(other, caras)
    with pytest.raises(ValueError, match="una sola red"):
        playground.touch(model.Model(RECIPE, 0.0, 2 * trained.networks), caras)


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


def test_the_film_is_the_training(watchable, caras):
    packed = content(watchable)
    X, Y, moments = flatten(caras.train_x), caras.train_y, packed["moments"]
    assert (moments[0], moments[-1], len(moments)) == (0, 40, 31) and packed["story"] == 0
    for rate, film in zip(RATES, packed["films"]):
        costs, kept, _ = training.film(X, Y, DIMS, moments, rate, seed=SEED)
        np.testing.assert_allclose(numbers(film["costs"], "<f4"), costs, rtol=1e-6)
        answers = numbers(film["answers"], "u1").reshape(31, -1)
        expected = np.vstack([network.predict_proba(X, kept[n]) for n in moments])
        assert np.abs((answers + 0.5) / 256 - expected).max() <= 0.5 / 256 + 1e-9
        assert ((answers > 127) == (expected > 0.5)).all()
        picture = Image.open(io.BytesIO(base64.b64decode(film["weights"])))
        pixels = (np.asarray(picture, float) - 128) / 127
        assert pixels.shape == (31 * 64, 6 * 64) and np.abs(pixels[:64]).max() < 0.03  # nothing yet
        for i, unit in enumerate(film["units"]):
            learnt = (kept[40]["W1"] - kept[0]["W1"])[unit - 1].reshape(64, 64, 3).mean(axis=2)
            seen = pixels[-64:, 64 * i : 64 * (i + 1)]
            W4, W3, W2 = (kept[40][f"W{l}"] for l in (4, 3, 2))
            sign = np.sign((W4 @ W3 @ W2)[0, unit - 1])  # orange pushes towards class 1
            if not learnt.any():  # of a step too long, units die before they learn
                assert rate == 0.5 and np.abs(seen).max() < 0.03
                continue
            assert np.corrcoef(seen.ravel(), sign * learnt.ravel())[0, 1] > 0.9


def test_a_training_that_overflows_is_packed_all_the_same(caras, film):
    packed = content(playground.watch(caras, film, recipe=RECIPE, others=(1e200,)))
    assert np.isnan(numbers(packed["films"][1]["costs"], "<f4")).any()


def test_a_notebook_keeps_a_figure_and_a_sentence_only(touchable, watchable):
    for made, keeps in ((touchable, False), (watchable, True)):
        for _ in range(2):
            bundle = made._repr_mimebundle_()
            assert ("image/png" in bundle) == keeps and "text/html" not in bundle
            assert "al ejecutar esta celda" in bundle["text/plain"]
            assert len(json.dumps(bundle)) < 20_000
    assert touchable.model_id == "playground-touch" and watchable.model_id == "playground-watch"


def test_the_report_gets_the_page_and_the_figure_for_where_no_script_runs(
    touchable, watchable, monkeypatch
):
    monkeypatch.setenv("SMILE_PAGE", "1")
    for made, without in ((touchable, r"<noscript>\["), (watchable, '<noscript><img alt="')):
        bundle = made._repr_mimebundle_()
        assert sorted(bundle) == ["text/html", "text/plain"]
        assert made.fragment in bundle["text/html"] and re.search(without, bundle["text/html"])


def test_the_page_is_one_script_that_asks_for_nothing(touchable, watchable):
    for made in (touchable, watchable):
        assert len(re.findall("</?script", made.fragment)) == 2  # what is packed ends it nowhere
        code = made.fragment[: made.fragment.rindex("})\n(")]
        assert not re.search(r"https?:|import\b|fetch\(|XMLHttp", code)
        assert len(made.fragment) < 2_000_000
        assert made.value.count("<iframe") == 1 and 'srcdoc="&lt;!doctype html&gt;' in made.value
