"""Train the network that comes with the project, on the faces of real people.

    python -m tools.train_smiles [--data PATH]

PATH is GENKI-4K as ``tools.download genki`` takes it, a folder, zip or tar; without it the faces
are those of train_genki.h5. Only the 3,000 photos for training are used, for choosing too. Prints
what cross-validation says of the recipe, then writes models/smiles.h5 and the figure of its model
card: ten minutes on two cores.
"""

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss, roc_auc_score

from helpers import canvas, plots, studies
from helpers.data import load_half
from helpers.evaluation import error_bins, paired, percent, suspected_causes, wilson_interval
from helpers.files import PROJECT, shown, whole_file
from helpers.model import PUBLISHED, Origin, load_model, save_model, train
from tools import command, download

MODEL = PROJECT / "models" / "smiles.h5"
FIGURE = PROJECT / "images" / "calibracion.png"
CLASSES = ("no sonríe", "sonríe")
PARTS = 4  # of cross-validation: three to train on, one to judge
ANGLES = download.ANGLES

# The published network and its optimiser; what stands around them was chosen by cross-validation.
RECIPE = PUBLISHED._replace(
    learning_rate=0.03,
    num_iterations=450,
    local_contrast=6.0,
    directions=1.5,
    standardize=True,
    center=True,
    scale=0.7,
    mirror=True,
    weight_decay=0.1,
    seeds=(1, 2, 3),
    average_mirror=True,
    sharpen=2.0,  # so much decay leaves it in more doubt than its errors ask for
)
# Logistic regression: its cost has one minimum, and its doubts are right as they are.
# It takes longer to reach it.
BESIDE = RECIPE._replace(hidden=(), num_iterations=1500, seeds=(1,), sharpen=1.0)


def photographs(source=None):
    """Return images (m, 64, 64, 3) uint8, Y (1, m) and name → angle (m,), those to train on.

    source: str or Path of GENKI-4K; without it train_genki.h5, in SMILE_DATA_DIR or datasets/.
    Raises DataError, with what to do in Spanish.
    """
    found = load_half("genki", "train") if source is None else download.genki_faces(source)
    (images, Y, angles), part = found, slice(download.GENKI_TRAIN)
    return images[part], Y[:, part], {angle: angles[angle][part] for angle in ANGLES}


def cross_validate(images, Y, angles, recipes):
    """Print a Markdown table of ``recipes``, name → Recipe, and of where the first one errs.

    The last one is set beside the first, in pairs. Returns the first recipe's ``studies.Scores``.
    """
    found = studies.cross_validate(images, Y, list(recipes.values()), k=PARTS)
    print(
        f"\nValidación cruzada en {PARTS} partes de {len(images):,} fotos:\n\n"
        "| receta | exactitud | intervalo de 95 % | AUC | entropía cruzada |\n|:--|--:|--:|--:|--:|"
    )
    for name, recipe in recipes.items():
        scores = found[recipe]
        low, high = wilson_interval(scores.right.sum(), len(images))
        print(
            f"| {name} | {percent(scores.accuracy)} | {percent(low)} a {percent(high)} "
            f"| {roc_auc_score(Y[0], scores.probabilities):.3f} "
            f"| {log_loss(Y[0], scores.probabilities):.3f} |"
        )
    scores, *_, last = found.values()
    print_pairs(scores.right, last.right)
    print("\nExactitud por cuartos, de menos a más (entre paréntesis, la mediana de cada uno):\n")
    print("| qué cambia | 1.º | 2.º | 3.º | 4.º |\n|:--|--:|--:|--:|--:|")
    print_quarters(suspected_causes(images, angles), ~scores.right)
    return scores


def print_pairs(right, other):
    """Print how much oftener the network is right than logistic regression, (m,) bool each.

    By McNemar's exact test (1947): of the photos that only one of them judges right, is it half?
    """
    (won, lost, p), m = paired(right, other), len(right)
    margin = 1.96 * np.sqrt(won + lost - (won - lost) ** 2 / m)
    low, high = (100 * (won - lost + side * margin) / m for side in (-1, 1))
    print(
        f"\nLas mismas fotos, en parejas: {won} las acierta solo la red, y {lost} solo la regresión "
        f"logística. Diferencia: {100 * (won - lost) / m:+.2f} puntos (intervalo de 95 %: {low:+.2f} a "
        f"{high:+.2f}; McNemar, p = {p:.2g})."
    )


def print_quarters(causes, wrong):
    """Print a row per cause, name → values (m,): the accuracy in each quarter of the images."""
    for name, values in causes.items():
        parts = error_bins(values, wrong)
        cells = [f"{percent(1 - part.errors / part.n)} ({part.median:.3g})" for part in parts]
        print(f"| {name} | {' | '.join(cells)} |")


def draw_calibration(probabilities, Y, path):
    """Draw how often those smile of whom the network says so with each probability."""
    smile, said = calibration_curve(Y[0], probabilities, n_bins=10)
    n = np.histogram(probabilities, bins=np.linspace(0, 1, 11))[0]
    low, high = np.transpose([wilson_interval(s * k, k) for s, k in zip(smile, n[n > 0])])
    with canvas.style():
        figure, axes = canvas.panel(4)
        axes.plot([0, 1], [0, 1], color=plots.GREY, linestyle="--", label="lo ideal")
        look = {"fmt": "o-", "color": plots.BLUE, "label": "10 grupos, intervalo de 95 %"}
        axes.errorbar(said, smile, [smile - low, high - smile], **look)
        axes.set(
            xlabel="probabilidad de sonrisa según la red",
            ylabel="proporción que sonríe",
            title=f"¿Se le puede creer su duda? {len(probabilities):,} fotos que no vio al entrenar",
        )
        axes.legend(loc="upper left")
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, format="png", dpi=110, metadata={"Software": None})


def main(arguments=None):
    """Run the command line."""
    parser = command.parser("tools.train_smiles", "Entrena models/smiles.h5 con GENKI-4K.")
    parser.add_argument("--data", metavar="RUTA", help="GENKI-4K: carpeta, zip o tar que ya tienes")
    options = parser.parse_args(arguments)
    command.writable(MODEL, FIGURE)
    images, Y, angles = photographs(options.data)
    recipes = {"la de la red": RECIPE, "la misma, regresión logística": BESIDE}
    scores = cross_validate(images, Y, angles, recipes)
    draw_calibration(scores.probabilities, Y, FIGURE)
    model = train(images, Y, RECIPE)
    right = float((model.predict(images) == Y).mean())
    origin = Origin("genki", CLASSES, right, scores.accuracy, aligned=True)
    save_model(MODEL, model, origin, np.float16)
    change = np.abs(load_model(MODEL).predict_proba(images) - model.predict_proba(images)).max()
    print(
        f"\n{shown(MODEL)}: {MODEL.stat().st_size / 1e6:.2f} MB; acierta el {percent(right)} de las "
        f"fotos con que se entrenó. Los 16 bits movieron una probabilidad a lo más {change:.4f}."
    )


if __name__ == "__main__":
    command.run(main)
