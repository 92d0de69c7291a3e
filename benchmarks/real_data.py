"""What each recipe is worth on real photographs, as a Markdown table.

    python -m benchmarks.real_data

Takes what is there in SMILE_DATA_DIR or datasets/: `catvnoncat` (trained on its 209, judged on its
50), the 150 images of `test_happy.h5` (5-fold cross-validation, twice) and `smiles` (two trainings
on 600, each judged on 2,000 others). Nothing here was used to choose a recipe.
"""

import os
from pathlib import Path

import h5py
import numpy as np
from sklearn.model_selection import StratifiedKFold

from helpers import data, studies
from helpers.evaluation import percent
from helpers.model import PUBLISHED

RECIPES = {
    "la publicada": PUBLISHED,
    "regresión logística": PUBLISHED._replace(hidden=()),
    "restar la media": PUBLISHED._replace(center=True),
    "media, escala ½": PUBLISHED._replace(center=True, scale=0.5),
    "media, espejo": PUBLISHED._replace(center=True, mirror=True),
    "media, decaimiento": PUBLISHED._replace(center=True, weight_decay=0.03),
    "5 semillas": PUBLISHED._replace(seeds=(1, 2, 3, 4, 5)),
    "media, 5 semillas": PUBLISHED._replace(center=True, seeds=(1, 2, 3, 4, 5)),
    "media, decaimiento, 5 semillas": PUBLISHED._replace(
        center=True, weight_decay=0.03, seeds=(1, 2, 3, 4, 5)
    ),
}


def whole(name):
    """Return all images and labels of a data set, and where its test half begins."""
    found = data.load_dataset(name)
    images = np.concatenate([found.train_x, found.test_x])
    return images, np.hstack([found.train_y, found.test_y]), len(found.train_x)


def cats():
    images, Y, m = whole("catvnoncat")
    return images, Y, [(np.arange(m), np.arange(m, len(images)))]


def happy():
    folders = [*os.environ.get("SMILE_DATA_DIR", "").split(os.pathsep), "datasets"]
    paths = [Path(folder) / "test_happy.h5" for folder in folders if folder]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise data.DataError("No encontré test_happy.h5.")
    with h5py.File(found[0]) as file:
        images, Y = file["test_set_x"][:], file["test_set_y"][:].reshape(1, -1)
    folds = [StratifiedKFold(5, shuffle=True, random_state=seed) for seed in (1, 2)]
    return images, Y, [split for fold in folds for split in fold.split(images, Y[0])]


def smiles():
    images, Y, _ = whole("smiles")
    order = np.random.RandomState(0).permutation(len(images))
    return images, Y, [(order[:600], order[600:2600]), (order[2600:3200], order[:2000])]


def main():
    columns = {}
    for load in (cats, happy, smiles):
        try:
            images, Y, splits = load()
        except data.DataError as error:
            print(str(error).splitlines()[0])
            continue
        found = studies.held_out(images, Y, splits, list(RECIPES.values()))
        columns[load.__name__] = [
            np.mean([np.mean((p > 0.5) == Y[0, j]) for p, (_, j) in zip(found[r], splits)])
            for r in RECIPES.values()
        ]
    print(f"\n| receta | {' | '.join(columns)} |\n|:--|{'--:|' * len(columns)}")
    for i, name in enumerate(RECIPES):
        print(f"| {name} | {' | '.join(percent(column[i]) for column in columns.values())} |")


if __name__ == "__main__":
    main()
