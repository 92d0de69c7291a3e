"""A course notebook runs with one line changed."""

import re

import h5py
import numpy as np
import pytest

from helpers import dnn_app_utils_v3, network
from helpers.data import DATASETS

COURSE = """
from helpers.dnn_app_utils_v3 import *

train_x_orig, train_y, test_x_orig, test_y, classes = load_data("caras")
train_x_flatten = train_x_orig.reshape(train_x_orig.shape[0], -1).T
test_x_flatten = test_x_orig.reshape(test_x_orig.shape[0], -1).T
train_x, test_x = train_x_flatten / 255., test_x_flatten / 255.
first_name = classes[train_y[0, 0]].decode("utf-8")

parameters, costs = L_layer_model(
    train_x, train_y, [12288, 20, 7, 5, 1], num_iterations=201, print_cost=True
)
pred_test = predict(test_x, test_y, parameters)
two, two_costs = two_layer_model(train_x, train_y, (12288, 7, 1), num_iterations=101)
figure = print_mislabeled_images(classes, test_x, test_y, pred_test)

A, cache = linear_activation_forward(train_x, parameters["W1"], parameters["b1"], "relu")
dA, Z = np.ones((1, 3)), np.zeros((1, 3))
slopes = relu_backward(dA, Z), sigmoid_backward(dA, Z)
"""


def test_a_course_notebook_runs_with_one_line_changed(monkeypatch, capsys):
    monkeypatch.setenv("SMILE_DATA_DIR", str(DATASETS))
    scope = {"np": np}
    exec(COURSE, scope)
    assert scope["train_y"].shape == (1, 600) and scope["test_x_orig"].shape == (150, 64, 64, 3)
    assert scope["first_name"] in ("sonríe", "no sonríe")
    assert len(scope["costs"]) == 3 and len(scope["two_costs"]) == 2
    said = capsys.readouterr().out
    assert "Costo en la iteración    0" in said
    p = network.predict(scope["test_x"], scope["parameters"])
    accuracy = np.sum((p == scope["test_y"]) / 150)  # as the course's own predict says it
    assert re.findall("^Accuracy.*", said, re.M) == [f"Accuracy: {accuracy}"]
    np.testing.assert_array_equal(scope["pred_test"], p)
    assert capsys.readouterr().out == ""
    wrong = int((scope["pred_test"] != scope["test_y"]).sum())
    assert scope["figure"].get_suptitle() == f"Errores: {wrong} de 150 imágenes"


WEEK_2 = """
from helpers.lr_utils import load_dataset

train_set_x_orig, train_set_y, test_set_x_orig, test_set_y, classes = load_dataset()
m_train, num_px = train_set_x_orig.shape[0], train_set_x_orig.shape[1]
name = classes[np.squeeze(train_set_y[:, 1])].decode("utf-8")
"""


@pytest.mark.parametrize("module", ["lr_utils", "dnn_app_utils_v3"])
def test_the_second_weeks_notebook_loads_its_cats(monkeypatch, tmp_path, capsys, module):
    week = WEEK_2.replace("lr_utils", module)
    monkeypatch.delenv("SMILE_DATASET", raising=False)
    monkeypatch.setenv("SMILE_DATA_DIR", str(tmp_path))
    cats = np.random.RandomState(0).randint(0, 256, (6, 64, 64, 3), np.uint8)
    for name, side in (("happy", 9), ("catvnoncat", 64)):
        for split in ("train", "test"):
            with h5py.File(tmp_path / f"{split}_{name}.h5", "w") as file:
                file[f"{split}_set_x"] = cats[:, :side, :side]
                file[f"{split}_set_y"] = np.arange(6) % 2
                file["list_classes"] = np.array([b"non-cat", b"cat"])
    scope = {"np": np}
    exec(week, scope)
    assert (scope["m_train"], scope["num_px"], scope["name"]) == (6, 64, "cat")
    np.testing.assert_array_equal(scope["test_set_x_orig"], cats)
    assert scope["test_set_y"].tolist() == [[0, 1] * 3]
    assert dnn_app_utils_v3.load_data()[0].shape[1] == 64  # week 4's are the same cats
    monkeypatch.setenv("SMILE_DATASET", "happy")
    assert dnn_app_utils_v3.load_data()[0].shape[1] == 9
    monkeypatch.delenv("SMILE_DATASET")
    (tmp_path / "test_catvnoncat.h5").unlink()
    capsys.readouterr()
    exec(week, scope)  # without them what is at hand, which is said
    assert scope["num_px"] == 9
    assert "Conjunto «happy»" in capsys.readouterr().out


def test_L_model_backward_differentiates_the_AL_that_it_is_given():
    """As in the course's own test case, where AL is not the sigmoid of the cached Z."""
    random = np.random.RandomState(3)
    AL, Y = random.rand(1, 6), np.array([[1, 0, 1, 1, 0, 0]])
    W, A_prev, Z = random.randn(1, 3), random.randn(3, 6), random.randn(1, 6)
    grads = dnn_app_utils_v3.L_model_backward(AL, Y, [((A_prev, W, np.zeros((1, 1))), Z)])
    s = 1 / (1 + np.exp(-Z))
    dZ = -(Y / AL - (1 - Y) / (1 - AL)) * s * (1 - s)
    np.testing.assert_allclose(grads["dA0"], W.T @ dZ, rtol=1e-12)
    np.testing.assert_allclose(grads["dW1"], dZ @ A_prev.T / 6, rtol=1e-12)
