"""A recipe as people write it: made of its types, or refused by name."""

import pickle

import numpy as np
import pytest

from helpers.recipe import PUBLISHED, STORY, Recipe


def test_lists_single_numbers_and_whole_floats_are_understood():
    recipe = Recipe(hidden=[20, 7], seeds=3, num_iterations=1e3, learning_rate=np.float32(0.5))
    assert recipe == PUBLISHED._replace(
        hidden=(20, 7), seeds=(3,), num_iterations=1000, learning_rate=0.5
    )
    assert PUBLISHED._replace(hidden=20).hidden == (20,)
    assert {recipe: 1}[pickle.loads(pickle.dumps(recipe))] == 1
    assert recipe._fields == PUBLISHED._fields and STORY.seeds == (5,)


BAD = {
    "learning_rate": [0, "0.1", float("nan"), True],
    "num_iterations": [0.5, 0],
    "hidden": [[20, 0], "20", None],
    "seeds": [[], [-1]],
    "mirror": [1],
    "weight_decay": [-0.1],
    "scale": [10**400],
    "local_contrast": [1e308, 10**20 - 1, -1, 1e9],  # SciPy's filter would fail when it predicts
    "directions": [1e9],
    "hidden_activation": ["gelu"],
    "momentum": [0.9],
}


@pytest.mark.parametrize("field, value", [(name, value) for name in BAD for value in BAD[name]])
def test_what_no_recipe_can_have_is_named(field, value):
    for make in (Recipe, PUBLISHED._replace):
        with pytest.raises(ValueError, match=field if field[0] != "h" else "hidden|gelu"):
            make(**{field: value})
