"""What figures are drawn on: the house's style, and two widths.

With SMILE_NARROW set, as tools.page does, figures are a phone's width, one panel below the other.
"""

import io
import os
import textwrap
from functools import wraps

import matplotlib.figure
from matplotlib import style as styles
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

WIDTH, NARROW = 7.2, 3.6  # inches
STYLE = {
    "figure.facecolor": "white",  # opaque: legible in a dark theme as well
    "figure.dpi": 100,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "lines.linewidth": 2,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "svg.hashsalt": "always the same",  # else the same drawing has other bytes each time
}


def style(**changes):
    """Draw in here as the house does, whatever the reader's own Matplotlib settings are."""
    return styles.context([STYLE, changes], after_reset=True)


class _Canvas(FigureCanvasAgg):
    print_figure = style()(FigureCanvasAgg.print_figure)  # Jupyter's way where pyplot is in use


class Figure(matplotlib.figure.Figure):
    """A figure that Jupyter shows once, as its cell's value, whatever MPLBACKEND names."""

    def __init__(self, width, height, layout="constrained"):
        super().__init__(figsize=(width, height), layout=layout)
        _Canvas(self)

    savefig = style()(matplotlib.figure.Figure.savefig)

    def _repr_png_(self):
        """Return what Jupyter shows; in a page (SMILE_PAGE) twice the pixels, and their size."""
        sharp = 2 if os.environ.get("SMILE_PAGE") else 1
        self.savefig(drawn := io.BytesIO(), format="png", bbox_inches="tight", dpi=sharp * self.dpi)
        width, height = (side // sharp for side in Image.open(drawn).size)
        size = {"width": width, "height": height}
        return drawn.getvalue() if sharp == 1 else (drawn.getvalue(), size)


def either(wide, narrow):
    """Return what is meant for the notebook or, with SMILE_NARROW, what is for a phone."""
    return narrow if os.environ.get("SMILE_NARROW") else wide


def panel(height, *grid, **options):
    """Return a figure, ``height`` in inches, and its axes: one, or a grid of rows and columns."""
    figure = Figure(either(WIDTH, NARROW), height)
    return figure, figure.subplots(*grid, **options)


def panels(widths, height, heights):
    """Return a figure, of ``height``, and its axes; on a phone each below the other, of ``heights``."""
    if either(False, True):
        return panel(sum(heights), len(heights), 1, height_ratios=heights)
    return panel(height, 1, len(widths), width_ratios=widths)


def drawing(draw):
    """Draw in the house's style; ``draw`` returns the figure and the sentence over it, or None."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with style():
            figure, title = draw(*args, **kwargs)
            if title:
                title = textwrap.fill(title, either(80, 33))
                figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
        return figure

    return drawn
