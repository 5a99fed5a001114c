"""One house style: colour-blind safe (Okabe and Ito 2008), thin axes, labels at the data instead of legends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, FAINT, GRID, RED = "#222222", "#777777", "#dddddd", "#cc1111"
COLOURS = {
    "authorised": "#0072B2", "ungoverned": "#E69F00", "prohibited": "#D55E00", "low": "#0072B2", "high": "#CC79A7",
    "owner_broadcast_knowing": "#D55E00", "owner_broadcast_unaware": "#E69F00", "open_port": "#009E73",
    "default_password": "#56B4E9", "cracked_account": "#CC79A7",
}
"""Colour of each word that a figure tells apart."""

_STYLE: Any = {  # matplotlib types its keys one by one
    "font.size": 9.0, "axes.titlesize": 10.0, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "axes.linewidth": 0.7, "xtick.color": FAINT, "ytick.color": INK, "text.color": INK, "figure.dpi": 110,
    "savefig.dpi": 300, "svg.hashsalt": "privacysim", "svg.fonttype": "path", "axes.axisbelow": True,
}  # fmt: skip


@contextmanager
def house_style() -> Iterator[None]:
    """The style within a `with` block."""
    with mpl.rc_context(_STYLE):
        yield
        interactive = mpl.is_interactive()
    # the first figure loads the backend, and a notebook's switches interactive on: leaving the block must not undo it,
    # or no later cell shows its figure
    mpl.interactive(interactive)


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes given, or new ones of that size in inches."""
    return ax if ax is not None else plt.subplots(figsize=(width, height), layout="constrained")[1]


def arrow_note(ax: Axes, direction: str) -> None:
    """Say under the axis which way is better."""
    if direction in ("lower", "higher"):
        text = "← better" if direction == "lower" else "better →"
        ax.annotate(text, (0.0 if direction == "lower" else 1.0, 0), (0, -24), xycoords="axes fraction",
                    textcoords="offset points", ha="left" if direction == "lower" else "right", va="top",
                    color=FAINT, fontsize=8)  # fmt: skip


def svg_text(figure: Figure) -> str:
    """The figure as SVG text, equal for equal figures; the figure is closed."""
    with io.StringIO() as out, mpl.rc_context({"svg.hashsalt": "privacysim"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
        return out.getvalue()
