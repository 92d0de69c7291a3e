"""Whether more than one hidden layer pays where one does, as a Markdown table.

    python -m benchmarks.depth

changes the training images of `caras` as figure 7 of the story does, in other ways as simple to say,
and compares by cross-validation one hidden layer of 20 with the published 20-7-5, which has as many
parameters but for 188, over three seeds. A few minutes on two cores.
"""

import numpy as np

from helpers import studies
from helpers.data import load_dataset
from helpers.evaluation import percent
from helpers.model import STORY

SEEDS = (2, 3, 4)
LAYERS = {"una oculta, 20": (20,), "20-7": (20, 7), "20-7-5": (20, 7, 5)}


def changed(images, regions, quarter_turns=(0,)):
    """Return ``images`` (m, h, w, 3): each of ``regions`` (h, w) bool of half of them as a negative.

    Then each image is turned by one of the ``quarter_turns``. Drawn anew for each region.
    """
    random, images = np.random.RandomState(0), images.copy()
    for region in regions:
        chosen = random.permutation(len(images)) % 2 == 1
        negative = chosen[:, None, None] & region
        images[negative] = 255 - images[negative]
    turns = random.permutation(len(images)) % len(quarter_turns)
    return np.array([np.rot90(image, quarter_turns[k]) for image, k in zip(images, turns)])


def versions(images):
    """Yield a name and the images changed that way."""
    row, column = np.mgrid[0:64, 0:64]
    whole, half = [row >= 0], column < 32
    yield "tal cual", images
    yield "mitad en negativo", changed(images, whole)
    yield "cada mitad, izquierda y derecha", changed(images, [half, ~half])
    quarters = [half & (row < 32), half & (row >= 32), ~half & (row < 32), ~half & (row >= 32)]
    yield "cada cuarto", changed(images, quarters)
    yield "cada una de cuatro franjas", changed(images, [row // 16 == k for k in range(4)])
    yield "mitad de cabeza", changed(images, [], (0, 2))
    yield "giradas a los cuatro lados", changed(images, [], range(4))
    yield "negativo y de cabeza", changed(images, whole, (0, 2))


def main():
    data = load_dataset("caras")
    print(f"| negativo al azar de… | {' | '.join(LAYERS)} |\n|:--|{'--:|' * len(LAYERS)}")
    for name, images in versions(data.train_x):
        recipes = {
            label: [STORY._replace(hidden=hidden, seeds=(seed,)) for seed in SEEDS]
            for label, hidden in LAYERS.items()
        }
        found = studies.cross_validate(images, data.train_y, sum(recipes.values(), []), k=3)
        cells = []
        for of in recipes.values():
            rates = [found[recipe].accuracy for recipe in of]
            cells.append(f"{percent(np.mean(rates))} ({', '.join(percent(r, 0) for r in rates)})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
