"""The helpers behind Proyecto_Final.ipynb; importing this package needs nothing but Python."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OLDEST_PYTHON = (3, 10)
USED_BY_CELLS = (
    "numpy",
    "scipy",
    "scikit-learn",
    "joblib",
    "h5py",
    "matplotlib",
    "Pillow",
    "ipywidgets",
    "tqdm",
)

# A console may lack some of our letters, and a photo's name may have what no console can show: what
# is not there is replaced, and the program goes on. Jupyter's streams have them all.
if hasattr(sys.stdout, "reconfigure") and sys.stdout.errors in ("strict", "surrogateescape"):
    _is_unicode = sys.stdout.encoding.lower().startswith("utf")
    sys.stdout.reconfigure(errors="backslashreplace" if _is_unicode else "replace")


def check_packages():
    """Print the versions in use, or say what to install.

    Raises ``ImportError``, with what to do in Spanish, if Python or a package that the cells use is
    missing or older than the one that requirements.txt names.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise ImportError(
            f"Este cuaderno necesita Python 3.10 o más nuevo y este es {platform.python_version()}: "
            "instala una versión reciente de Anaconda o de python.org."
        )
    found, problems = {}, []
    requirements = Path(__file__).resolve().parent.parent / "requirements.txt"
    for line in requirements.read_text(encoding="utf-8").splitlines():
        package, _, oldest = line.partition(">=")
        if package not in USED_BY_CELLS:
            continue
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            problems.append(f"falta {package}")
        else:
            if _numbers(found[package]) < _numbers(oldest):
                problems.append(f"{package} {found[package]} es anterior a {oldest}")
    if problems:
        raise ImportError(
            f"Antes de seguir: {'; '.join(problems)}. Ejecuta en una celda nueva "
            "«%pip install -r requirements.txt» y reinicia el kernel (menú Kernel → Restart Kernel)."
        )
    print(f"Python {platform.python_version()}")
    print(" · ".join(f"{name} {number}" for name, number in found.items()))


def _numbers(release):
    """Return the first two numbers of a release, '1.26.4' → [1, 26], to compare by."""
    return [int(number) for number in re.findall(r"\d+", release)[:2]]
