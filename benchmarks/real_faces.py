"""What models/smiles.h5 is worth on real faces from elsewhere, as Markdown tables.

    python -m benchmarks.real_faces

Takes what is there in SMILE_DATA_DIR or datasets/: `smiles` (both halves: it was trained on
neither), the 150 images of `test_happy.h5` and, never seen either, `test_genki.h5`. Then what it says
of three test halves behind a drawn mask, from the bridge of the nose to under the chin.
"""

import numpy as np
from joblib import Parallel, delayed
from PIL import Image, ImageChops, ImageDraw, ImageOps
from sklearn.metrics import roc_auc_score

from helpers import faces
from helpers.data import load_half
from helpers.evaluation import percent, suspected_causes, with_interval
from helpers.files import DataError
from helpers.model import load_model
from helpers.photos import load_photo
from tools.train_smiles import ANGLES, MODEL, print_quarters

SETS = {  # as told → as in the file's name, and which halves
    "smiles": ("smiles", ("train", "test")),
    "Happy House": ("happy", ("test",)),
    "GENKI-4K": ("genki", ("test",)),
}
MASKED = {"smiles": "smiles", "Happy House": "happy", "`caras`": "caras"}
ALIGNED = ("genki", "caras")  # where they were made
COLOURS = {"celeste": (158, 202, 225), "blanco": (236, 238, 240), "negro": (34, 34, 38)}
# The cloth's right half, around helpers.faces.PLACES: the nose at (32, 36), the mouth at 47.
CLOTH = [(32, 31), (38, 33), (51, 38), (50, 50), (45, 57), (38, 62), (32, 63)]
BANDS = [[(51, 39), (57, 35)], [(50, 50), (57, 46)]]  # towards the ear
FOLDS, FINE = (42, 47, 52), 8  # and so many times finer than the image is it drawn


def faces_of(name, split="test"):
    """Return aligned faces (m, 64, 64, 3), labels (m,), name → angle (m,), where one was found (m,).

    Raises DataError where the file is not there.
    """
    images, Y, attributes = load_half(name, split)
    found = np.ones(len(images), bool)
    if name not in ALIGNED:
        done = Parallel(n_jobs=-1)(delayed(aligned_face)(photo) for photo in images)
        images, found = map(np.array, zip(*done))
    return images, Y[0], {a: attributes[a] for a in ANGLES if a in attributes}, found


def aligned_face(photo):
    """Return the largest face (64, 64, 3) of a photo, or the photo where none is found; whether."""
    found = faces.find_faces(photo)
    return (faces.align(photo, found[0]), True) if found else (load_photo(photo), False)


def mask(colour):
    """Return a mask of ``colour`` (r, g, b), an RGBA image of 64×64, clear but for the cloth."""
    y, x = np.mgrid[: 64 * FINE, : 64 * FINE] / FINE
    light = 1 - 0.35 * np.abs((x - 32) / 22) ** 2.5 - 0.12 * np.clip((y - 47) / 16, 0, 1)
    for fold in FOLDS:  # a lit edge, and the shadow below
        below = y - fold - 0.005 * (x - 32) ** 2
        light += 0.05 * np.exp(-((below + 0.7) ** 2)) - 0.13 * np.exp(-((below - 0.5) ** 2))
    draw = ImageDraw.Draw(half := Image.new("L", light.shape))
    draw.polygon(np.multiply(CLOTH, FINE).ravel().tolist(), fill=255)
    for band in BANDS:
        draw.line(np.multiply(band, FINE).ravel().tolist(), fill=255, width=FINE)
    cloth = Image.fromarray(np.clip(np.multiply.outer(light, colour), 0, 255).astype(np.uint8))
    cloth.putalpha(ImageChops.lighter(half, ImageOps.mirror(half)))
    return cloth.resize((64, 64), Image.Resampling.BOX)


def wear(images, worn):
    """Return aligned faces (m, 64, 64, 3) uint8 behind a mask."""
    behind = (Image.alpha_composite(Image.fromarray(i).convert("RGBA"), worn) for i in images)
    return np.stack([np.asarray(face.convert("RGB")) for face in behind])


def print_worth(model):
    quarters = {}
    print("| fotos | cuántas | caras | exactitud | AUC | sonríen | la red dice que sonríen |")
    print("|:--|--:|--:|:--|--:|--:|--:|")
    for name, (file, splits) in SETS.items():
        try:
            images, y, angles, found = zip(*(faces_of(file, split) for split in splits))
        except DataError:
            print(f"| {name}: falta | | | | | | |")
            continue
        images, y, found = map(np.concatenate, (images, y, found))
        p = model.predict_proba(images)[0]
        right, shares = (p > 0.5) == y, f"{percent(y.mean())} | {percent((p > 0.5).mean())}"
        auc = f"{roc_auc_score(y, p):.3f}"
        print(
            f"| {name} | {len(y):,} | {found.sum():,} | {with_interval(right)} | {auc} | {shares} |"
        )
        quarters[name] = suspected_causes(images, angles[-1]), ~right
    print("\nExactitud por cuartos (entre paréntesis, la mediana de cada cuarto):\n")
    print("| qué cambia | 1.º | 2.º | 3.º | 4.º |\n|:--|--:|--:|--:|--:|")
    for name, (causes, wrong) in quarters.items():
        print_quarters({f"{name}: {cause}": values for cause, values in causes.items()}, wrong)


def print_masks(model):
    print("\n| caras | cubrebocas | «sonríe», de las que sonríen | «sonríe», de las serias | AUC |")
    print("|:--|:--|--:|--:|--:|")
    for name, file in MASKED.items():
        try:
            images, y, _, found = faces_of(file)
        except DataError:
            continue
        images, smile = images[found], y[found] == 1
        who = f"{name}, {smile.sum()} sonrientes y {(~smile).sum()} serias"
        for worn, colour in {"ninguno": None, **COLOURS}.items():
            p = model.predict_proba(wear(images, mask(colour)) if colour else images)[0]
            says = [percent((p[k] > 0.5).mean()) for k in (smile, ~smile)]
            print(f"| {who} | {worn} | {' | '.join(says)} | {roc_auc_score(smile, p):.3f} |")


def main():
    model = load_model(MODEL)
    print_worth(model)
    print_masks(model)


if __name__ == "__main__":
    main()
