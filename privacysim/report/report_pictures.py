"""Figures of a report, each with an alt text that states the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from privacysim.figures import forest, frontier, han_font, house_style, people_by_legality
from privacysim.report.report_model import Picture
from privacysim.report.report_source import Source
from privacysim.report.report_words import IDENTIFIED, Row, Words, capital, there
from privacysim.stats import short
from privacysim.vocabulary import CURVES

_WIDE = 4.6
"""Figure width in inches; two fit side by side on a page."""


def drawn(draw: Any, *given: Any, rows: int = 0, **how: Any) -> Figure:
    """Figure of the axes that `draw` returns; `rows` makes it half a page wide and as high as they need."""
    with house_style(how.get("lang", "en")):
        if rows:
            how["ax"] = plt.subplots(figsize=(_WIDE, max(2.3, 0.8 + 0.33 * rows)), layout="constrained")[1]
        figure = draw(*given, **how).get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


class _Labels:
    """Language and arm names of a figure; English if no installed font has the Chinese characters."""

    def __init__(self, source: Source, words: Words) -> None:
        self.note = f" {words('no_font')}" if words.lang == "zh" and han_font() is None else ""
        self.words = Words("en", words.metrics) if self.note else words
        self.names = source.names(words)
        self.titles = {arm: broken(name) for arm, name in source.names(self.words).items()}


def broken(name: str, limit: int = 26) -> str:
    """Break a long title into two lines, without control characters; $ is a plain character, not mathematics.

    >>> broken("Guangzhou, revised draft (narrow)")
    'Guangzhou, revised\\ndraft (narrow)'
    """
    name = "".join(sign for sign in name if sign.isprintable()).replace("$", "\\$")
    if not name.isascii() and len(name) > 14:
        return name[:13] + "\n" + name[13:]
    if len(name) <= limit or " " not in name:
        return name
    half = min((n for n, sign in enumerate(name) if sign == " "), key=lambda n: abs(n - len(name) / 2))
    return name[:half] + "\n" + name[half + 1:]


def _said(rows: Sequence[Row], names: Mapping[str, str], columns: Sequence[str]) -> str:
    said = []
    for row in rows:
        curve = f" ({row['curve']})" if row["curve"] in CURVES else ""
        numbers = ", ".join(short(float(row[column])) for column in columns if there(row, column))
        said.append(f"{names[row['policy']]}{curve}: {numbers or '–'}")
    return "; ".join(said)


def ratio_picture(source: Source, words: Words) -> Picture:
    """Figure of the primary metric's ratios to the baseline, with their intervals."""
    labels, primary, base = _Labels(source, words), source.change.primary, source.change.baseline
    rows = source.rows[(source.rows["metric"] == primary) & source.rows["ratio"].notna()]
    draw = partial(drawn, forest, rows.assign(note=""), title="", direction="either", baseline=base,
                   titles=labels.titles, rows=rows["policy"].nunique(), lang=labels.words.lang)  # fmt: skip
    caption = words("figure_forest", primary=capital(words.title(primary)), baseline=labels.names[base])
    said = _said(rows.to_dict("records"), labels.names, ("ratio", "ratio_low", "ratio_high"))
    return Picture(draw, words("alt_forest", values=said), caption + labels.note)


def tradeoff_picture(source: Source, words: Words, evidence: str) -> Picture:
    """Figure of the primary metric against cases with admissible evidence; the bottom right corner is best."""
    labels, primary, rows = _Labels(source, words), source.change.primary, source.rows[source.rows["mean"].notna()]
    across = rows[rows["metric"] == evidence].set_index("policy")["mean"]
    means = rows[rows["metric"] == primary].groupby("policy")["mean"].agg(["min", "max"])
    arms = [arm for arm in source.results.arms if arm in means.index and arm in across.index]
    points = pd.DataFrame({"policy": arms, "x": across[arms].to_numpy(), "y": means.loc[arms, "min"].to_numpy(),
                           "y_low": means.loc[arms, "min"].to_numpy(), "y_high": means.loc[arms, "max"].to_numpy()})
    points = points[(points["x"] > 0) | (points["y_high"] > 0)]  # omit rules with neither
    draw = partial(drawn, frontier, points, x_label=capital(labels.words.title(evidence)), x_better="higher",
                   y_label=capital(labels.words.title(primary)), y_better="lower", title="", titles=labels.titles,
                   rows=len(points) + 1, lang=labels.words.lang)  # fmt: skip
    said = "; ".join(
        f"{labels.names[row['policy']]}: {short(row['x'])}, {short(row['y'])}"
        + (f"–{short(row['y_high'])}" if row["y_high"] != row["y"] else "")
        for row in points.to_dict("records")
    )
    caption = words("figure_tradeoff", primary=capital(words.title(primary)), evidence=words.title(evidence))
    return Picture(draw, words("alt_tradeoff", values=said), caption + labels.note)


def legality_picture(source: Source, words: Words) -> Picture:
    """Figure of people identified per rule, by the legality of the viewing under its camera rules."""
    labels = _Labels(source, words)
    said = ". ".join(
        f"{words.word('legality', kind)}: {_said(source.of(metric), labels.names, ('mean',))}"
        for kind, metric in IDENTIFIED.items()
    )
    draw = partial(drawn, people_by_legality, by_legality(source.rows), title="", titles=labels.titles,
                   rows=len(labels.names), lang=labels.words.lang)  # fmt: skip
    return Picture(draw, words("alt_legality", values=said), words("figure_legality") + labels.note)


def by_legality(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean numbers of people identified, as `people_by_legality` draws them: policy, legality, low, high."""
    kinds = rows["metric"].map({metric: kind for kind, metric in IDENTIFIED.items()}).rename("legality")
    found = rows[kinds.notna() & rows["mean"].notna()].groupby(["policy", kinds], sort=False)["mean"]
    return found.agg(low="min", high="max").reset_index()
