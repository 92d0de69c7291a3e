"""What models/smiles.h5 is worth on real faces from elsewhere, as Markdown tables.

    python -m benchmarks.real_faces

Takes what is there in SMILE_DATA_DIR or datasets/: `smiles` (both halves: it was trained on
neither), the 150 images of `test_happy.h5` and, never seen either, `test_genki.h5`. Then the
seconds that a photo of 12 megapixels takes, on one core.
"""

import os
import time
from pathlib import Path

import h5py
import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from sklearn.metrics import roc_auc_score

from helpers import faces
from helpers.data import DATASETS
from helpers.evaluation import percent, suspected_causes, with_interval
from helpers.model import load_model
from helpers.photos import load_photo
from tools.train_smiles import ANGLES, MODEL, PROJECT, print_quarters

SETS = {
    "smiles": ("train_smiles.h5", "test_smiles.h5"),
    "Happy House": ("test_happy.h5",),
    "GENKI-4K": ("test_genki.h5",),
}


def folder_of(file):
    """Return the first folder that holds a data file, or None."""
    listed = filter(None, os.environ.get("SMILE_DATA_DIR", "").split(os.pathsep))
    return next((f for f in [*listed, DATASETS] if Path(f, file).is_file()), None)


def faces_of(files):
    """Return images (m, h, w, 3), Y (1, m), name → angle (m,) and whether the faces are aligned."""
    images, Y, angles = [], [], {}
    for file in files:
        with h5py.File(Path(folder_of(file), file)) as half:
            split = file.partition("_")[0]
            x = half[f"{split}_set_x"]
            images.append(x[:])
            Y.append(half[f"{split}_set_y"][:].reshape(1, -1))
            keys = [angle for angle in ANGLES if f"{split}_set_{angle}" in half]
            angles = {key: half[f"{split}_set_{key}"][:] for key in keys}
            aligned = bool(x.attrs.get("aligned", False))
    return np.concatenate(images), np.hstack(Y), angles, aligned


def aligned_face(photo):
    """Return the largest face (64, 64, 3) of a photo, or the photo where none is found; whether."""
    found = faces.find_faces(photo)
    return (faces.align(photo, found[0]), True) if found else (load_photo(photo), False)


def seconds_per_photo(model):
    """Time a photo of 12 megapixels, from its bytes on disk: reading, finding, aligning, judging."""
    large = Image.open(PROJECT / "images" / "ejemplo.jpg").resize((4000, 3000))
    path = Path(os.environ.get("TMPDIR", "/tmp"), "real_faces_12_megapixels.jpg")
    large.save(path)
    times = {}
    for side, what in [(4000, "entera"), (1600, "reducida al leerla, como en el cuaderno")]:
        for _ in range(2):  # the first one loads the detector
            start = time.perf_counter()
            photo = load_photo(path, side, crop=False)
            images = np.stack([faces.align(photo, found) for found in faces.find_faces(photo)])
            model.predict_proba(images)
            times[what] = time.perf_counter() - start
    path.unlink()
    return times


def main():
    model = load_model(MODEL)
    rows, quarters = [], {}
    for name, files in SETS.items():
        if missing := [file for file in files if folder_of(file) is None]:
            print(f"Falta {' y '.join(missing)}: sin «{name}».")
            continue
        images, Y, angles, aligned = faces_of(files)
        n_found = len(images)
        if not aligned:
            done = Parallel(n_jobs=-1)(delayed(aligned_face)(photo) for photo in images)
            images, n_found = np.stack([face for face, _ in done]), sum(found for _, found in done)
        probabilities = model.predict_proba(images)
        right = ((probabilities > 0.5) == Y)[0]
        auc = roc_auc_score(Y[0], probabilities[0])
        says = percent(float((probabilities > 0.5).mean()))
        rows.append(
            f"| {name} | {len(images):,} | {n_found:,} | {with_interval(right)} | {auc:.3f} "
            f"| {percent(Y.mean())} | {says} |"
        )
        quarters[name] = suspected_causes(images, angles), ~right
    print(
        "\n| fotos | cuántas | caras halladas | exactitud | AUC | sonríen | la red dice que sonríen |"
    )
    print("|:--|--:|--:|:--|--:|--:|--:|", *rows, sep="\n")
    print("\nExactitud por cuartos (entre paréntesis, la mediana de cada cuarto):\n")
    print("| qué cambia | 1.º | 2.º | 3.º | 4.º |\n|:--|--:|--:|--:|--:|")
    for name, (causes, wrong) in quarters.items():
        print_quarters({f"{name}: {cause}": values for cause, values in causes.items()}, wrong)
    print("\n| foto de 12 megapíxeles | segundos |\n|:--|--:|")
    for what, seconds in seconds_per_photo(model).items():
        print(f"| {what} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
