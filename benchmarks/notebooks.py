"""How many trainings of its own network a notebook takes, and which of its cells take longest.

    python -m benchmarks.notebooks

Both are timed in one run and one kernel, so that the ratio says the same on a slow machine and on
a fast one. Aims: the story 20, A fondo 32.
"""

import os
from time import perf_counter

import nbformat
from nbclient import NotebookClient

from tools.report import NOTEBOOKS, _kernel

TRAIN = """
import os, sys
sys.path.insert(0, {project!r})
from time import perf_counter
from helpers import data, training
from helpers.recipe import STORY
caras = data.load_dataset("caras")
X, times = data.flatten(caras.train_x), []
for _ in range(3):
    start = perf_counter()
    training.L_layer_model(X, caras.train_y, [len(X), *STORY.hidden, 1], seed=STORY.seeds[0])
    times.append(perf_counter() - start)
print(min(times))
"""


def timed(path):
    """Seconds of one training, and of each code cell with its first line."""
    notebook = nbformat.read(path, 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    train = nbformat.v4.new_code_cell(TRAIN.format(project=str(NOTEBOOKS[0].parent)))
    notebook.cells, spent = [train, *cells], []
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, km=_kernel(), resources=where)
    with client.setup_kernel():
        for i, cell in enumerate(notebook.cells):
            start = perf_counter()
            client.execute_cell(cell, i)
            spent.append((perf_counter() - start, cell.source.splitlines()[0]))
    return float(train.outputs[-1]["text"].split()[-1]), spent[1:]


def main():
    os.environ |= {"SMILE_DATASET": "caras", "SMILE_DATA_DIR": "", "TQDM_DISABLE": "1"}
    print("| notebook | one training, s | all cells, s | trainings |\n|:--|--:|--:|--:|")
    slowest = []
    for path in NOTEBOOKS[:2]:
        one, spent = timed(path)
        total = sum(seconds for seconds, _ in spent)
        print(f"| {path.name} | {one:.2f} | {total:.1f} | {total / one:.1f} |", flush=True)
        slowest += [(s / one, f"{path.stem}: {line:.60}") for s, line in sorted(spent)[:-7:-1]]
    print("\n| cell | trainings |\n|:--|--:|")
    for ratio, line in slowest:
        print(f"| `{line}` | {ratio:.1f} |")


if __name__ == "__main__":
    main()
