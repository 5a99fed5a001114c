"""One house style: colour-blind safe (Okabe and Ito 2008), thin axes, labels at the data instead of legends."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.figures.figure_words import han_font, say

INK, FAINT, GRID, RED = "#222222", "#777777", "#dddddd", "#cc1111"
COLOURS = {
    "authorised": "#0072B2", "ungoverned": "#E69F00", "prohibited": "#D55E00", "low": "#0072B2", "high": "#CC79A7",
    "owner_broadcast_knowing": "#D55E00", "owner_broadcast_unaware": "#E69F00", "open_port": "#009E73",
    "default_password": "#56B4E9", "cracked_account": "#CC79A7",
}
"""Colour of each word that a figure tells apart."""
OKABE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The palette for arms, in order."""

_STYLE: Any = {  # matplotlib types its keys one by one
    "font.size": 9.0, "axes.titlesize": 10.0, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "axes.linewidth": 0.7, "xtick.color": FAINT, "ytick.color": INK, "text.color": INK, "figure.dpi": 110,
    "savefig.dpi": 300, "svg.hashsalt": "privacysim", "svg.fonttype": "path", "axes.axisbelow": True,
}  # fmt: skip


@contextmanager
def house_style(lang: str = "en") -> Iterator[None]:
    """The style within a `with` block; Chinese needs a font of this machine, and says so where there is none."""
    font: Any = {} if lang == "en" else {"font.family": [han_font(lang), "DejaVu Sans"]}
    with mpl.rc_context({**_STYLE, **font}):
        yield
        interactive = mpl.is_interactive()
    # the first figure loads the backend, and a notebook's switches interactive on: leaving the block must not undo it,
    # or no later cell shows its figure
    mpl.interactive(interactive)


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes given, or new ones of that size in inches."""
    return ax if ax is not None else plt.subplots(figsize=(width, height), layout="constrained")[1]


def labels_above(ax: Axes, words: Sequence[tuple[str, str]], size: float = 8.5, up: float = 3.0) -> None:
    """Coloured words in a row `up` points above the axes, in place of a legend: (text, colour)."""
    before: Any = None
    for text, colour in words:
        place: Any = (0, 1) if before is None else (1, 0)
        before = ax.annotate(
            text, place, (0, up) if before is None else (1.2 * size, 0), textcoords="offset points", color=colour,
            xycoords="axes fraction" if before is None else before, fontsize=size, fontweight="bold", va="bottom",
        )  # fmt: skip


def arrow_note(ax: Axes, direction: str, lang: str = "en") -> None:
    """Say under the axis which way is better."""
    if direction in ("lower", "higher"):
        text = f"← {say('better', lang)}" if direction == "lower" else f"{say('better', lang)} →"
        ax.annotate(text, (0.0 if direction == "lower" else 1.0, 0), (0, -24), xycoords="axes fraction",
                    textcoords="offset points", ha="left" if direction == "lower" else "right", va="top",
                    color=FAINT, fontsize=8)  # fmt: skip


def scale_bar(ax: Axes) -> None:
    """A bar of a round length in the lower left of a map in metres."""
    low, high = ax.get_xlim()
    length = 10 ** np.floor(np.log10((high - low) / 3))
    y = ax.get_ylim()[0]
    ax.plot([low, low + length], [y, y], color=INK, linewidth=2, clip_on=False)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ax.annotate(text, (low, y), (0, 4), textcoords="offset points", fontsize=8)


def svg_text(figure: Figure) -> str:
    """The figure as SVG text, equal for equal figures; the figure is closed."""
    with io.StringIO() as out, mpl.rc_context({"svg.hashsalt": "privacysim"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
        return out.getvalue()
