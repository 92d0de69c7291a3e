"""What models/smiles.h5 answers of a mouth that it can't see, as a Markdown table.

    python -m benchmarks.masks

draws a surgical mask, from the bridge of the nose to under the chin, on the aligned faces of three
test halves, those of which SMILE_DATA_DIR or datasets/ has: `smiles`, `happy` and `caras`. The network
was trained on none. Everyone's cloth is the same, whatever is under it.
"""

import numpy as np
from joblib import Parallel, delayed
from PIL import Image, ImageChops, ImageDraw, ImageOps
from sklearn.metrics import roc_auc_score

from benchmarks.real_faces import aligned_face, faces_of, folder_of
from helpers.evaluation import percent
from helpers.model import load_model
from tools.train_smiles import MODEL

SETS = {"smiles": "test_smiles.h5", "Happy House": "test_happy.h5", "`caras`": "test_caras.h5"}
COLOURS = {"celeste": (158, 202, 225), "blanco": (236, 238, 240), "negro": (34, 34, 38)}

# Its right half, around helpers.faces.PLACES: the nose at (32, 36), the mouth from 24 to 40 at 47.
CLOTH = [(32, 31), (38, 33), (51, 38), (50, 50), (45, 57), (38, 62), (32, 63)]
BANDS = [[(51, 39), (57, 35)], [(50, 50), (57, 46)]]  # towards the ear
FOLDS, FINE = (42, 47, 52), 8  # and so many times finer than the image is it drawn


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
    faces = (Image.alpha_composite(Image.fromarray(i).convert("RGBA"), worn) for i in images)
    return np.stack([np.asarray(face.convert("RGB")) for face in faces])


def main():
    model = load_model(MODEL)
    print("| caras | cubrebocas | «sonríe», de las que sonríen | «sonríe», de las serias | AUC |")
    print("|:--|:--|--:|--:|--:|")
    for name, file in [(n, f) for n, f in SETS.items() if folder_of(f)]:
        images, Y, _, aligned = faces_of([file])
        done = [(image, True) for image in images]
        if not aligned:
            done = Parallel(n_jobs=-1)(delayed(aligned_face)(photo) for photo in images)
        images = np.stack([face for face, found in done if found])
        smile = Y[0, [found for _, found in done]] == 1
        who = f"{name}, {smile.sum()} sonrientes y {(~smile).sum()} serias"
        for worn, colour in {"ninguno": None, **COLOURS}.items():
            p = model.predict_proba(wear(images, mask(colour)) if colour else images)[0]
            says = [percent((p[k] > 0.5).mean()) for k in (smile, ~smile)]
            print(f"| {who} | {worn} | {' | '.join(says)} | {roc_auc_score(smile, p):.3f} |")


if __name__ == "__main__":
    main()
