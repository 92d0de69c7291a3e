"""The bar over what takes long."""

import os
import sys

from tqdm import tqdm


def progress_bar(iterable, show, **options):
    """Return ``iterable`` under a bar that goes when it ends; as it is unless ``show``, or TQDM_DISABLE.

    In a notebook it is text, not tqdm's widget, of which a saved notebook keeps a complaint.
    """
    if not show or os.environ.get("TQDM_DISABLE"):
        return iterable
    if "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel"):
        options |= {"file": _CellOutput(), "ncols": 80, "ascii": False}
    return tqdm(iterable, leave=False, **options)


class _CellOutput:
    """A file for tqdm: an output of the cell with the last line written, or without data."""

    shown = None

    def write(self, text):
        from IPython.display import display

        line = {"text/plain": text.strip()} if text.strip() else {}
        if self.shown:
            self.shown.update(line, raw=True)
        else:
            self.shown = display(line, raw=True, display_id=True)
