"""The memo's three figures, each with a text that says the same numbers to those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from privacysim.figures import COLOURS, house_style
from privacysim.report.memo_parts import Picture
from privacysim.report.memo_source import Source, titles
from privacysim.report.memo_words import Words
from privacysim.report.number_format import Row, short, there
from privacysim.vocabulary import CURVES, LEGALITIES

CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Noto Sans CJK JP", "Droid Sans Fallback",
)
"""Families that have the Chinese characters, the best first."""
_WIDE, _MOST = 4.6, 3.0
_GRID, _FAINT, _INK = "#dddddd", "#777777", "#222222"


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """A family of this machine that can draw Chinese, None where there is none."""
    manager = font_manager.fontManager
    known = {entry.name for entry in manager.ttflist}
    if not known & set(CHINESE_FONTS):  # fonts that were installed after matplotlib made its list
        for path in font_manager.findSystemFonts():
            if any(sign in Path(path).name for sign in ("CJK", "SourceHan", "wqy", "simhei", "msyh", "PingFang")):
                with suppress(RuntimeError, OSError):  # a file that is no font that can be read is no font for us
                    manager.addfont(path)
        known = {entry.name for entry in manager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None)


class _Labels:
    """The words of a figure: in Chinese where the machine has a font for it, else in English."""

    def __init__(self, source: Source, words: Words, names: dict[str, str]) -> None:
        self.font = chinese_font() if words.lang == "zh" else None
        self.fallen_back = words.lang == "zh" and self.font is None
        self.words = Words("en") if self.fallen_back else words
        shown = titles(source, Words("en")) if self.fallen_back else names
        self.names = {arm: _broken(name) for arm, name in shown.items()}

    @contextmanager
    def style(self) -> Iterator[None]:
        family: Any = {"font.family": [self.font, "DejaVu Sans"]} if self.font else {}
        with house_style(), mpl.rc_context(family):
            yield


def _broken(name: str, limit: int = 26) -> str:
    """A long title on two lines; $ is a character here, not mathematics, and control characters are left out."""
    name = "".join(sign for sign in name if sign.isprintable()).replace("$", "\\$")
    if len(name) <= limit or " " not in name:
        return name if len(name) <= 14 or name.isascii() else name[:13] + "\n" + name[13:]
    half = min((n for n, sign in enumerate(name) if sign == " "), key=lambda n: abs(n - len(name) / 2))
    return name[:half] + "\n" + name[half + 1:]


def _picture(draw: Callable[[], Axes], alt: str, caption: str, labels: _Labels) -> Picture:
    def figure() -> Figure:
        with labels.style():
            made = draw().figure
        assert isinstance(made, Figure)
        return made

    note = f" {Words('zh')('no_font')}" if labels.fallen_back else ""
    return Picture(figure, alt, caption + note)


def _axes(height: float) -> Axes:
    return plt.subplots(figsize=(_WIDE, height), layout="constrained")[1]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _named_rows(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.grid(axis="x", color=_GRID, linewidth=0.5)
    ax.tick_params(axis="y", length=0)


def _curve_legend(ax: Axes, labels: _Labels, curves: list[str]) -> None:
    last: Any = ax.transAxes
    for n, curve in enumerate(curves):
        text = f"{labels.words(curve)} {labels.words('curve')}" if labels.words.lang == "en" else (
            f"{labels.words(curve)}{labels.words('curve')}")  # fmt: skip
        last = _word_above(ax, text, COLOURS[curve], last, first=n == 0)


def _word_above(ax: Axes, text: str, colour: str, after: Any, *, first: bool) -> Annotation:
    """A coloured word above the axes, to the right of the one before it."""
    if first:
        place: dict[str, Any] = {"xy": (0.0, 1.0), "xycoords": "axes fraction", "xytext": (0, 3), "va": "bottom"}
    else:
        place = {"xy": (1.0, 0.0), "xycoords": after, "xytext": (9, 0), "va": "bottom"}
    return ax.annotate(text, **place, textcoords="offset points", color=colour, fontsize=8.5, fontweight="bold")


def _values(rows: Sequence[Row], names: dict[str, str], columns: tuple[str, ...]) -> str:
    said = []
    for row in rows:
        curve = f" ({row['curve']})" if row["curve"] in CURVES else ""
        numbers = ", ".join(short(float(row[column])) for column in columns if there(row, column))
        said.append(f"{names[row['policy']]}{curve}: {numbers or '–'}")
    return "; ".join(said)


def ratio_picture(source: Source, words: Words, names: dict[str, str]) -> Picture:
    """Ratios of the primary metric to the baseline, with their intervals."""
    labels, primary = _Labels(source, words, names), source.change.primary
    chosen = source.rows[(source.rows["metric"] == primary) & source.rows["ratio"].notna()]
    rows: Sequence[Row] = chosen.to_dict("records")
    arms = [arm for arm in source.results.arms if arm in set(chosen["policy"])]
    title = _capital(words.title(primary))
    caption = words("figure_forest", primary=title, baseline=names[source.change.baseline])
    alt = words("alt_forest", values=_values(rows, names, ("ratio", "ratio_low", "ratio_high")))
    base = labels.names[source.change.baseline].replace("\n", " ")
    return _picture(partial(_draw_ratios, rows, arms, base, labels), alt, caption, labels)


def _draw_ratios(rows: Sequence[Row], arms: list[str], base: str, labels: _Labels) -> Axes:
    curves = [curve for curve in CURVES if any(row["curve"] == curve for row in rows)]
    ax = _axes(max(2.3, 0.8 + 0.33 * len(arms)))
    top = max([1.0, *(float(row[c]) for row in rows for c in ("ratio", "ratio_high") if there(row, c))])
    logarithmic = top > _MOST
    least = min([1.0, *(float(row[c]) for row in rows for c in ("ratio", "ratio_low") if there(row, c) and row[c] > 0)])
    left = 0.5 * least if logarithmic else 0.0
    ax.axvline(1.0, color=_FAINT, linewidth=0.8)
    for row in rows:
        beside = 0.34 * (curves.index(row["curve"]) - (len(curves) - 1) / 2) if row["curve"] in curves else 0.0
        _mark(ax, row, arms.index(row["policy"]) + beside, left)
    _named_rows(ax, [labels.names[arm] for arm in arms])
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(left * 0.8, top * 1.3)
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.set_xlim(-0.02, top * 1.06)
    _curve_legend(ax, labels, curves)
    ax.set_xlabel(labels.words("figure_ratio_axis", baseline=base))
    return ax


def _mark(ax: Axes, row: Row, y: float, left: float) -> None:
    colour = COLOURS.get(str(row["curve"]), _INK)
    ratio, bare = float(row["ratio"]), not there(row, "ratio_low")
    if not bare:
        ends = [max(float(row["ratio_low"]), left), float(row["ratio_high"])]
        ax.plot(ends, [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    ax.plot([max(ratio, left)], [y], "<" if ratio < left else "o", color=colour, markersize=5.5,
            markerfacecolor="white" if bare else colour)  # fmt: skip
    text = short(ratio) if bare else f"{short(ratio)} [{short(row['ratio_low'])}, {short(row['ratio_high'])}]"
    ax.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5, color=colour)


Point = tuple[str, float, float, float]
"""(arm, mean across, lower and upper mean upwards)."""


def tradeoff_picture(source: Source, words: Words, names: dict[str, str], evidence: str) -> Picture:
    """The primary metric against cases with admissible evidence: the corner at the bottom right is the best."""
    labels, primary = _Labels(source, words, names), source.change.primary
    rows: Sequence[Row] = source.rows[source.rows["metric"] == primary].to_dict("records")
    other: Sequence[Row] = source.rows[source.rows["metric"] == evidence].to_dict("records")
    across = {row["policy"]: float(row["mean"]) for row in other if there(row, "mean")}
    points: list[Point] = []
    for arm in source.results.arms:
        means = [float(row["mean"]) for row in rows if row["policy"] == arm and there(row, "mean")]
        if means and arm in across and (max(means) > 0 or across[arm] > 0):  # a rule with neither says nothing here
            points.append((arm, across[arm], min(means), max(means)))
    said = "; ".join(
        f"{names[arm]}: {short(x)}, {short(low)}" + (f"–{short(high)}" if high != low else "")
        for arm, x, low, high in points
    )
    caption = words("figure_tradeoff", primary=_capital(words.title(primary)), evidence=words.title(evidence))
    draw = partial(_draw_tradeoff, points, primary, evidence, labels)
    return _picture(draw, words("alt_tradeoff", values=said), caption, labels)


def _draw_tradeoff(points: list[Point], primary: str, evidence: str, labels: _Labels) -> Axes:
    places: dict[tuple[float, float], list[str]] = {}
    ax = _axes(max(2.3, 0.8 + 0.33 * len(points)))
    for n, (arm, x, low, high) in enumerate(points, 1):
        ax.plot([x, x], [low, high], color=COLOURS["high"], linewidth=2.0, solid_capstyle="round")
        ax.plot([x], [low], "o", color=COLOURS["low"], markersize=5.5)
        places.setdefault((x, low), []).append(str(n))
        ax.annotate(f"{n}  {labels.names[arm]}", (1.02, 1.0 - (n - 0.5) / len(points)), xycoords="axes fraction",
                    va="center", fontsize=7.5, linespacing=0.95)  # fmt: skip
    top = max([high for *_, high in points], default=1.0)
    floor = min([low for _, _, low, _ in points if low > 0], default=1.0)
    if top > 10 * floor and all(low > 0 for _, _, low, _ in points):
        ax.set_yscale("log")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.margins(x=0.12, y=0.16)
    _name_points(ax, places)
    ax.grid(color=_GRID, linewidth=0.5)
    ax.set_xlabel(f"{_capital(labels.words.title(evidence))} →")
    ax.set_ylabel(f"← {_capital(labels.words.title(primary))}", fontsize=8)
    return ax


def _name_points(ax: Axes, places: dict[tuple[float, float], list[str]]) -> None:
    """Numbers above their points; rules at one point share a label, labels of near points are spread."""
    ax.figure.canvas.draw()
    taken: list[tuple[float, float]] = []
    for (x, y), found in sorted(places.items(), key=lambda item: item[0][1]):
        spot = ax.transData.transform((x, y))
        lift = 0.0
        while any(abs(spot[1] + lift - other[1]) < 12 and abs(spot[0] - other[0]) < 40 for other in taken):
            lift += 3
        taken.append((spot[0], spot[1] + lift))
        ax.annotate(", ".join(found), (x, y), (7, 1 + lift * 72 / ax.figure.dpi), va="bottom", ha="left", fontsize=8,
                    textcoords="offset points", fontweight="bold")  # fmt: skip


def legality_picture(source: Source, words: Words, names: dict[str, str]) -> Picture:
    """People identified per rule, by what its camera rules call the viewing."""
    labels = _Labels(source, words, names)
    found: dict[str, Sequence[Row]] = {
        legality: source.rows[source.rows["metric"] == f"people_identified[legality={legality}]"].to_dict("records")
        for legality in LEGALITIES
    }
    said = [f"{words.word('legality', kind)}: {_values(rows, names, ('mean',))}" for kind, rows in found.items()]
    draw = partial(_draw_legality, found, source.results.arms, labels)
    return _picture(draw, words("alt_legality", values=". ".join(said)), words("figure_legality"), labels)


def _draw_legality(found: Mapping[str, Sequence[Row]], arms: list[str], labels: _Labels) -> Axes:
    ax, last = _axes(0.8 + 0.32 * len(arms)), None
    anything = False
    for n, (legality, rows) in enumerate(found.items()):
        colour = COLOURS[legality]
        for arm in arms:
            means = [float(row["mean"]) for row in rows if row["policy"] == arm and there(row, "mean")]
            means = [value for value in means if value > 0]
            if means:
                anything = True
                y = arms.index(arm) + 0.22 * (n - 1)
                ax.plot([min(means), max(means)], [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
                ax.plot([min(means)], [y], "o", color=colour, markersize=4.5)
        last = _word_above(ax, labels.words.word("legality", legality), colour, last, first=n == 0)
    ax.set_xscale("log")
    if not anything:
        ax.set_xlim(1, 10)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    _named_rows(ax, [labels.names[arm] for arm in arms])
    ax.set_xlabel(labels.words("figure_people_axis"))
    return ax
