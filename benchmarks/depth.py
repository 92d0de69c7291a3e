"""What a second and a third hidden layer do, as a Markdown table.

    python -m benchmarks.depth

changes the training images of `caras` as figure 7 of the story does, and in other ways as simple to
say, and cross-validates logistic regression and one, two and three hidden layers at the calm rate.
In run r all start from seed r and judge the same folds, drawn by r: so runs are compared in pairs. A
quarter of an hour on two cores.
"""

import numpy as np
from scipy import stats

from helpers import studies
from helpers.data import load_dataset
from helpers.evaluation import percent
from helpers.recipe import RIVAL, STORY

RUNS = range(1, 11)
CALM = STORY._replace(learning_rate=0.004)
LAYERS = {"logística": RIVAL, "20": CALM._replace(hidden=(20,))}
LAYERS |= {"20-7": CALM._replace(hidden=(20, 7)), "20-7-5": CALM}
PAIRS = [("20-7", "20"), ("20-7-5", "20-7"), ("20-7-5", "20")]


def changed(images, regions, quarter_turns=(0,)):
    """Return ``images`` (m, h, w, 3), each of ``regions`` (h, w) of half of them negative, turned."""
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


def difference(these, those):
    """Say how much better ``these`` accuracies (runs,) are than ``those``, by Student's paired t."""
    apart = 100 * (these - those)
    low, high = stats.ttest_1samp(apart, 0).confidence_interval()
    says = f"{apart.mean():+.1f} ({low:+.1f} a {high:+.1f}); {np.sum(apart > 0)} de {len(apart)}"
    return says.replace("-", "−")


def main():
    data = load_dataset("caras")
    columns = [*LAYERS, *(f"{deep} − {flat}: puntos; gana" for deep, flat in PAIRS)]
    print(f"| imágenes | {' | '.join(columns)} |\n|:--|{'--:|' * len(columns)}")
    for name, images in versions(data.train_x):
        rates = {label: [] for label in LAYERS}
        for run in RUNS:
            recipes = {label: of._replace(seeds=(run,)) for label, of in LAYERS.items()}
            found = studies.cross_validate(images, data.train_y, [*recipes.values()], 3, seed=run)
            for label, recipe in recipes.items():
                rates[label].append(found[recipe].accuracy)
        cells = [percent(np.mean(of)) for of in rates.values()]
        cells += [difference(np.array(rates[a]), np.array(rates[b])) for a, b in PAIRS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
