"""What all tests share, the notebook's too: pinned data, a silent bar, the published figures."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import settings
from nbval.plugin import IPyNbCell
from threadpoolctl import threadpool_info

from helpers import data, files

settings.register_profile("the same examples every time", derandomize=True, deadline=None)
settings.load_profile("the same examples every time")

PROJECT = Path(__file__).resolve().parent
# The folders to look for real data in, read before the environment is pinned below; xdist's workers
# inherit the pinned one, so they are told in another variable.
_LISTED = os.environ.setdefault("SMILE_TEST_DATA", files.environment("SMILE_DATA_DIR"))
DATA_FOLDERS = [Path(folder) for folder in [*_LISTED.split(os.pathsep), data.DATASETS] if folder]
# The stored outputs of the notebook are those of `caras`, whatever the user has at hand; nbval's
# kernel inherits this environment.
os.environ["SMILE_DATA_DIR"] = ""
os.environ["SMILE_DATASET"] = "caras"
os.environ["TQDM_DISABLE"] = "1"
# The workers of pytest share the cores already: a notebook's kernel, or a program, takes one.
for threads in ("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ[threads] = "1"


# What takes longest comes first, so that the workers, who take a file at a time, end together.
LONGEST = [
    "cuadernos/A_fondo.ipynb",
    "cuadernos",
    "Proyecto_Final.ipynb",
    "tests/browser",
    "tests/test_twice.py",
    "tests/test_plots.py",
    "tests/test_train_smiles.py",
    "tests/test_training.py",
]


def pytest_collection_modifyitems(items):
    def place(item):
        path = Path(os.path.relpath(item.path, PROJECT)).as_posix()
        return next((i for i, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=place)


# Figures of trainings that hinge on the last digit: another processor or NumPy draws others.
UNSTEADY = {"images/unidades.png", "images/capas.png"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Hold against the stored what nbval leaves out: a figure, and all but the numbers of a cell
    whose output it is told to ignore."""
    yield
    if isinstance(item, IPyNbCell) and not UNSTEADY & set(item.cell.metadata.get("tags", [])):
        from tests.pictures import SAME, apart

        for fresh, stored in zip(
            figures(item.test_outputs), figures(item.cell.outputs), strict=True
        ):
            far = apart(stored, fresh)
            assert far < SAME, f"a figure is not the stored one (apart: {far:.0f})"
        if not item.options["check"]:
            assert words(item.test_outputs) == words(item.cell.outputs)


def figures(outputs):
    """Return the pictures of a cell's outputs, in base64."""
    shown = (output.get("data", {}) for output in outputs)
    return [data["image/png"] for data in shown if "image/png" in data]


def words(outputs):
    """Return what a cell's outputs say, but for the numbers: versions, seconds."""
    return re.sub(r"\d[\w.,+-]*", "#", "".join(output.get("text", "") for output in outputs))


@pytest.fixture(scope="session")
def published():
    """The figures that others published, with their sources."""
    return data.load_published()


@pytest.fixture(scope="session")
def real_folder():
    """A function: the folder that holds the named data set; skips the test where there is none."""

    def find(name, splits=("train", "test")):
        files = [f"{split}_{name}.h5" for split in splits]
        for folder in DATA_FOLDERS:
            if all((folder / file).is_file() for file in files):
                return folder
        pytest.skip(f"needs {' and '.join(files)}: put their folder into SMILE_DATA_DIR")

    return find


def blas_threads():
    """How many threads each BLAS that computes here may use, as a set.

    Not OpenCV's own, which comes with it in a build of one thread and says so whatever is asked.
    """
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools if "opencv" not in pool["filepath"]}
