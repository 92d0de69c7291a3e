"""A recipe as people write it: made of its types, or refused by name."""

import pickle

import numpy as np
import pytest

from helpers import model, studies
from helpers.recipe import PUBLISHED, STORY, Recipe


def test_lists_single_numbers_and_whole_floats_are_understood():
    recipe = Recipe(hidden=[20, 7], seeds=3, num_iterations=1e3, learning_rate=np.float32(0.5))
    assert recipe == PUBLISHED._replace(
        hidden=(20, 7), seeds=(3,), num_iterations=1000, learning_rate=0.5
    )
    assert PUBLISHED._replace(hidden=20).hidden == (20,)
    assert {recipe: 1}[pickle.loads(pickle.dumps(recipe))] == 1
    assert recipe._fields == PUBLISHED._fields and STORY.seeds == (5,)


@pytest.mark.parametrize(
    "field, value",
    [
        ("learning_rate", 0),
        ("learning_rate", "0.1"),
        ("learning_rate", float("nan")),
        ("learning_rate", True),
        ("num_iterations", 0.5),
        ("num_iterations", 0),
        ("hidden", [20, 0]),
        ("hidden", "20"),
        ("hidden", None),
        ("seeds", []),
        ("seeds", [-1]),
        ("mirror", 1),
        ("weight_decay", -0.1),
        ("scale", 10**400),
        ("directions", 1e9),
        ("hidden_activation", "gelu"),
        ("momentum", 0.9),
    ],
)
def test_what_no_recipe_can_have_is_named(field, value):
    for make in (Recipe, PUBLISHED._replace):
        with pytest.raises(ValueError, match=field if field[0] != "h" else "hidden|gelu"):
            make(**{field: value})


@pytest.mark.parametrize("values", [0.004, "relu", [], 20])
def test_a_grid_takes_lists(values):
    with pytest.raises(ValueError, match="learning_rate=.*esperaba una lista"):
        studies.grid(PUBLISHED, learning_rate=values)


def test_a_grid_of_one_architecture_is_not_taken_for_several():
    with pytest.raises(ValueError, match=r"por ejemplo hidden=\[\(7,\), \(20, 7\)\]"):
        studies.grid(PUBLISHED, hidden=(20, 7, 5))


def test_labels_of_one_dimension_are_refused_before_any_training():
    images, y = np.zeros((4, 2, 2, 3), np.uint8), np.array([0, 1, 0, 1])
    split = [(np.arange(3), np.arange(3, 4))]
    for call in (
        lambda: model.train(images, y),
        lambda: model.train(images, y, PUBLISHED._replace(mirror=True)),
        lambda: studies.held_out(images, y, split, [PUBLISHED]),
        lambda: studies.cross_validate(images, y, [PUBLISHED], k=2),
    ):
        with pytest.raises(ValueError, match=r"Y tiene forma \(4,\).*reshape"):
            call()
