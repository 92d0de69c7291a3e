"""A course notebook runs with one line changed."""

import numpy as np

from helpers.data import DATASETS

COURSE = """
from helpers.dnn_app_utils_v3 import *

train_x_orig, train_y, test_x_orig, test_y, classes = load_data("caras")
train_x_flatten = train_x_orig.reshape(train_x_orig.shape[0], -1).T
test_x_flatten = test_x_orig.reshape(test_x_orig.shape[0], -1).T
train_x, test_x = train_x_flatten / 255., test_x_flatten / 255.
first_name = classes[train_y[0, 0]].decode("utf-8")

parameters, costs = L_layer_model(
    train_x, train_y, [12288, 20, 7, 5, 1], num_iterations=300, print_cost=True
)
pred_test = predict(test_x, test_y, parameters)
two, two_costs = two_layer_model(train_x, train_y, (12288, 7, 1), num_iterations=200)
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
    assert scope["pred_test"].shape == (1, 150)
    assert len(scope["costs"]) == 3 and len(scope["two_costs"]) == 2
    assert "Costo en la iteración    0" in capsys.readouterr().out
    wrong = int((scope["pred_test"] != scope["test_y"]).sum())
    (title,) = [t.get_text() for t in scope["figure"].texts] or [scope["figure"].get_suptitle()]
    assert title == f"Errores: {wrong} de 150 imágenes"
