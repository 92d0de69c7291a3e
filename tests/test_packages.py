"""The check in the notebook's first cell."""

import sys

import pytest

import helpers
from helpers import check_packages


def test_it_prints_the_versions_in_use(capsys):
    check_packages()
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    for name in helpers.USED_BY_CELLS:
        assert f"{name} " in printed.splitlines()[1]


def test_an_old_package_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(helpers, "version", lambda package: "1.9.3" if package == "numpy" else "99")
    with pytest.raises(ImportError, match=r"numpy 1\.9\.3 es anterior a .*%pip install -r"):
        check_packages()


def test_a_missing_package_is_named(monkeypatch):
    def version(package):
        if package == "h5py":
            raise helpers.PackageNotFoundError
        return "99"

    monkeypatch.setattr(helpers, "version", version)
    with pytest.raises(ImportError, match="falta h5py"):
        check_packages()


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    with pytest.raises(ImportError, match=r"Python 3\.10"):
        check_packages()


def test_releases_are_compared_as_numbers():
    assert helpers._numbers("1.26.4") > helpers._numbers("1.9rc1") == helpers._numbers("1.9")
