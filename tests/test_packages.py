"""The check in the notebook's first cell."""

import re
import sys
from importlib.metadata import version

import pytest

from conftest import PROJECT
from helpers import check_packages, packages


def test_it_prints_the_versions_in_use(capsys):
    check_packages()
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    for name in packages.USED_BY_CELLS:
        assert f"{name} " in printed.splitlines()[1]


def test_an_old_python_or_package_is_named_with_what_to_do(monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(ImportError, match=r"Python 3\.10"):
        patch.setattr(sys, "version_info", (3, 8, 1))
        check_packages()
    monkeypatch.setattr(packages, "version", lambda name: "1.9rc1" if name == "numpy" else "99")
    with pytest.raises(ImportError, match=r"numpy 1\.9rc1 es anterior a .*un entorno aparte"):
        check_packages()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(packages.USED_BY_CELLS, "nothing-here", ("3.10", "nothing_here"))
    with pytest.raises(ImportError, match="falta nothing-here") as caught:
        check_packages()
    assert f'«%pip install "nothing-here>=3.10" "numpy=={version("numpy")}"»' in str(caught.value)
    assert sys.executable in str(caught.value)


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A function that makes of a package one which raises when it is imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def breaks(package, line):
        monkeypatch.setitem(packages.USED_BY_CELLS, package, ("1", f"broken_{package}"))
        (tmp_path / f"broken_{package}.py").write_text(f"import sys\n{line}\n")

    monkeypatch.setattr(packages, "version", lambda package: "99")
    return breaks


OTHER_NUMPY = [
    "sys.stderr.write('A page in English'); raise ImportError('numpy.core.multiarray failed')",
    "raise ValueError('numpy.dtype size changed, may indicate binary incompatibility')",
    "raise AttributeError('_ARRAY_API not found')",
]


@pytest.mark.parametrize("line", OTHER_NUMPY)
def test_a_package_compiled_for_another_numpy_is_named_with_the_way_back(broken, capsys, line):
    broken("h5py", line)
    says = "pero no se puede abrir: h5py 99 .se compiló para otro NumPy"
    with pytest.raises(ImportError, match=says) as caught:
        check_packages()
    assert '«%pip install "numpy<2" "opencv-python-headless<4.12"»' in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_a_package_broken_otherwise_says_how_and_asks_for_another_environment(broken):
    broken("h5py", "raise ImportError('DLL load failed')")
    broken("joblib", "raise ImportError('numpy.core.multiarray failed')")
    says = "h5py 99 .ImportError: DLL load failed.*aparte"
    with pytest.raises(ImportError, match=says) as caught:
        check_packages()
    assert "%pip" not in str(caught.value)


def test_the_three_lists_of_what_is_needed_agree():
    """The notebook's check, requirements.txt and the wheel's metadata, down to the versions."""
    needed = {f"{name}>={oldest}" for name, (oldest, _) in packages.USED_BY_CELLS.items()}
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    metadata = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    wheel = re.search(r"^dependencies = \[(.*?)\]", metadata, re.S | re.M)
    assert needed < set(lines) and needed < set(re.findall(r'"(.+?)"', wheel[1]))
    # OpenCV from 4.12 on wants NumPy 2, and pip would replace the one all else was compiled for.
    assert 'opencv-python-headless<4.12; python_version < "3.13"' in lines
