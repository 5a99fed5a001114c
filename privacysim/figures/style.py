"""House style of all figures: colour-blind safe (Okabe and Ito 2008), thin axes, labels at the data, no legends.

Figures drawn within `house_style("zh")` are in Chinese, with a font of this machine and the translations of `wording`.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from privacysim.errors import InputError
from privacysim.wording import Words

P = ParamSpec("P")
R = TypeVar("R")
INK, FAINT, GRID, RED = "#222222", "#777777", "#dddddd", "#cc1111"
COLOURS = {"authorised": "#0072B2", "ungoverned": "#E69F00", "prohibited": "#D55E00", "low": "#0072B2",
           "high": "#CC79A7", "owner_broadcast_knowing": "#D55E00", "owner_broadcast_unaware": "#E69F00",
           "open_port": "#009E73", "default_password": "#56B4E9", "cracked_account": "#CC79A7"}
"""Colour of each word that figures distinguish."""
OKABE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Palette for arms, in order."""
CHINESE_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
                 "Microsoft YaHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC",
                 "Arial Unicode MS", "Noto Sans CJK JP", "Noto Serif CJK SC", "Droid Sans Fallback", "AR PL UMing CN")
"""Font families with Chinese characters, best first."""
_HAN = re.compile("[\u3400-\u9fff]")
_LANG: ContextVar[str] = ContextVar("language of figures", default="en")
_STYLE: Any = {  # matplotlib types its keys one by one
    "font.size": 9.0, "axes.titlesize": 10.0, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "axes.linewidth": 0.7, "xtick.color": FAINT, "ytick.color": INK, "text.color": INK, "figure.dpi": 110,
    "savefig.dpi": 300, "svg.hashsalt": "privacysim", "svg.fonttype": "path", "axes.axisbelow": True,
}  # fmt: skip
@lru_cache(maxsize=1)
def han_font() -> str | None:
    """Font family of this machine with Chinese characters, or None."""
    manager = font_manager.fontManager
    if not {entry.name for entry in manager.ttflist} & set(CHINESE_FONTS):
        for path in font_manager.findSystemFonts():  # fonts installed after matplotlib made its list
            if any(sign in Path(path).name for sign in ("CJK", "SourceHan", "wqy", "simhei", "msyh", "PingFang")):
                with suppress(RuntimeError, OSError):  # a broken file is not a font
                    manager.addfont(path)
    known = {entry.name for entry in manager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None)


def require_han_font(text: str, where: str) -> None:
    """Refuse Chinese characters if no font of this machine can draw them."""
    if _HAN.search(text) and han_font() is None:
        raise InputError(where, "a font with Chinese characters", "none is installed",
                         "install one, on Debian: apt-get install fonts-noto-cjk")  # fmt: skip


@contextmanager
def house_style(lang: str = "") -> Iterator[None]:
    """Apply the style within a `with` block, in English ("en") or Chinese ("zh"), by default as in the block around it.

    Chinese without a font that has its characters is an error that says what to install.
    """
    chosen = Words(lang or _LANG.get()).lang
    require_han_font("中" if chosen == "zh" else "", 'house_style("zh")')
    before = _LANG.set(chosen)
    try:
        with mpl.rc_context(_STYLE | ({"font.family": [han_font(), "DejaVu Sans"]} if chosen == "zh" else {})):
            yield
            interactive = mpl.is_interactive()
    finally:
        _LANG.reset(before)
    # the first figure loads the backend, and a notebook's backend turns interactive on: leaving the block must not undo
    # that, or later cells show no figure
    mpl.interactive(interactive)


def in_house_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorator: draw in the house style, and translate what was drawn within `house_style("zh")`."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with house_style():
            made = draw(*args, **kwargs)
            if isinstance(made, Axes | Figure):
                _in_words(made if isinstance(made, Figure) else made.get_figure(root=True), Words(_LANG.get()))
            return made

    return drawn


def _in_words(figure: Any, words: Words) -> None:
    """Translate the texts of a figure except tick labels, which are regenerated when it is drawn."""
    for text in figure.findobj(Text):
        text.set_text(words.text(text.get_text()))
        _in_its_font(text)


def _in_its_font(text: Text) -> None:
    if _HAN.search(text.get_text()):
        require_han_font(text.get_text(), "figure")
        text.set_fontfamily([str(han_font()), "DejaVu Sans"])


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the given axes, or new ones of that size in inches."""
    return ax if ax is not None else plt.subplots(figsize=(width, height), layout="constrained")[1]


def named_rows(ax: Axes, names: Sequence[str], above: float = 0.5, below: float = 0.5) -> None:
    """Set up one labelled row per name, translated, from the top down, with a grid across."""
    ax.set_yticks(range(len(names)), list(map(Words(_LANG.get()).text, names)))
    for label in ax.get_yticklabels():
        _in_its_font(label)
    ax.set_ylim(max(len(names), 1) - 1 + below, -above)
    ax.grid(axis="x", color=GRID, linewidth=0.5)
    ax.tick_params(axis="y", length=0)


def log_axis(ax: Axes, axis: str = "x", wide: bool = False) -> None:
    """Make an axis logarithmic, with plain numbers at 1, 2 and 5; only at 1 if it spans several powers of ten."""
    getattr(ax, f"set_{axis}scale")("log")
    line = getattr(ax, f"{axis}axis")
    line.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=5 if wide else 12))
    line.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    line.set_minor_locator(NullLocator())


def note(ax: Axes, text: str, at: tuple[float, float], away: tuple[float, float] = (0, 0), **look: Any) -> Annotation:
    """Write a text `away` points from a place, given in data coordinates unless `look` names other `xycoords`."""
    return ax.annotate(text, at, away, textcoords="offset points", **({"fontsize": 7.5} | look))


def estimate(ax: Axes, y: float, value: float, low: float, high: float, colour: str, mark: str = "o") -> None:
    """Draw a value with its interval on one row; the mark is hollow without an interval."""
    bare = bool(np.isnan(low))
    if not bare:
        ax.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    ax.plot([value], [y], mark, color=colour, markersize=5, markerfacecolor="white" if bare else colour)


def cross(ax: Axes, row: Mapping[Any, Any], x: str, y: str, at: tuple[float, float], **look: Any) -> None:
    """Draw the intervals of a point across and up, where the row has their ends (`x`_low, `x`_high …)."""
    if not np.isnan(row.get(f"{x}_low", np.nan)):
        ax.plot([row[f"{x}_low"], row[f"{x}_high"]], [at[1]] * 2, **look)
    if not np.isnan(row.get(f"{y}_low", np.nan)):
        ax.plot([at[0]] * 2, [row[f"{y}_low"], row[f"{y}_high"]], **look)


def beside(ax: Axes, y: float, text: str, colour: str, size: float = 7.5) -> None:
    """Write a text to the right of the axes, at height `y`."""
    ax.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=size, color=colour)


def labels_above(ax: Axes, words: Iterable[tuple[str, str]], title: str = "", size: float = 8.5, up: float = 3) -> None:
    """Write coloured words (text, colour) in a row above the axes, in place of a legend, with the title above them."""
    place: dict[str, Any] = {"at": (0, 1), "away": (0, up), "xycoords": "axes fraction"}
    for text, colour in words:
        before = note(ax, text, **place, color=colour, fontsize=size, fontweight="bold", va="bottom")
        place = {"at": (1, 0), "away": (1.2 * size, 0), "xycoords": before}
    ax.set_title(title or ax.get_title(loc="left"), pad=15.0 + up)


def better(label: str, direction: str) -> str:
    """The label of a horizontal axis, with the direction that is better."""
    arrow = {"lower": "←", "higher": "→"}.get(direction)
    return f"{label}  ({arrow} better)" if arrow else label


def street_lines(streets: pd.DataFrame, **look: Any) -> LineCollection:
    """Lines for the streets of a frame with x0_m, y0_m, x1_m and y1_m, to add to axes."""
    ends = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2, 2)
    return LineCollection(list(ends), **look)


def as_map(ax: Axes) -> None:
    """Format the axes as a map in metres: to scale, without ticks, with a scale bar in the lower left."""
    ax.set_aspect("equal")
    low, high = ax.get_xlim()
    length = 10 ** np.floor(np.log10((high - low) / 2))
    length *= 2 if 2 * length < (high - low) / 2 else 1
    y = ax.get_ylim()[0]
    ax.plot([low, low + length], [y, y], color=INK, linewidth=2, clip_on=False, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    note(ax, text, (low, y), (0, 4), fontsize=8)
    ax.set_axis_off()


_MOST_POINTS = 400_000  # coordinates
"""About 10 MB of SVG."""


def _points(mark: Artist) -> int:
    if isinstance(mark, Collection):
        return sum(np.size(path.vertices) for path in mark.get_paths()) * max(1, np.shape(mark.get_offsets())[0])
    return np.size(mark.get_path().vertices) if isinstance(mark, Line2D | Patch) else 0


def bounded(figure: Figure) -> Figure:
    """The figure; in vector formats, too many marks become one bitmap."""
    marks = [one for one in figure.findobj()
             if isinstance(one, Collection | Line2D | Patch) and not isinstance(one, Spine)]  # fmt: skip
    if sum(map(_points, marks)) > _MOST_POINTS:
        for one in marks:
            one.set_rasterized(True)
    return figure


def svg_text(figure: Figure) -> str:
    """Return the figure as reproducible SVG text and close it; too many marks become one bitmap."""
    bounded(figure)
    with io.StringIO() as out, mpl.rc_context({"svg.hashsalt": "privacysim"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
        plt.close(figure)
        return out.getvalue()
