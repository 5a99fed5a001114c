"""Wording of a report in English and Chinese: numbers with intervals, and sentences of change."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from privacysim.report.report_model import Number, Text, plain
from privacysim.results.summary_rows import NONE, SAME
from privacysim.stats import short
from privacysim.vocabulary import CURVES, LEGALITIES
from privacysim.wording import Words

Row = Mapping[Any, Any]
"""A row of summary.csv, by column."""
IDENTIFIED = {kind: f"people_identified[legality={kind}]" for kind in LEGALITIES}
"""Legality of a viewing under the camera rules → metric of the people it identifies."""
_TWICE = 2.0
"""Changes at or above this ratio are given as a multiple, not in per cent."""


def capital(text: str) -> str:
    """Capitalise the first letter of the text.

    >>> capital("people identified"), capital("CO₂")
    ('People identified', 'CO₂')
    """
    return text[:1].upper() + text[1:]


def there(row: Row, column: str) -> bool:
    """Whether the cell holds a number."""
    return not math.isnan(float(row[column]))


def number(row: Row, column: str, *, share: bool = False) -> Number:
    """One cell of a row of summary.csv, as a plain value or as a share in per cent."""
    value = float(row[column])
    key = (str(row["policy"]), str(row["metric"]), str(row["curve"]), column)
    return Number(f"{short(100 * value)} %" if share else short(value), value, key, "share" if share else "value")


def change(row: Row, column: str, *, signed: bool = True) -> Number:
    """A ratio as a change in per cent; `signed=False` omits the sign if the sentence gives the direction."""
    plainly = number(row, column)
    percent = 100 * (plainly.value - 1)
    text = f"{'+' if percent > 0 else ''}{short(percent)}" if signed else short(abs(percent))
    return Number(text, plainly.value, plainly.key, "change")


def with_interval(row: Row, column: str, ends: str, *, share: bool = False) -> Text:
    """A value with its interval, if any (columns `ends`_low and `ends`_high); a dash if there is no value."""
    if not there(row, column):
        return ("–",)
    value, low, high = (number(row, name, share=share) for name in (column, f"{ends}_low", f"{ends}_high"))
    return (value,) if math.isnan(low.value) or math.isnan(high.value) else (value, " [", low, ", ", high, "]")


def sentence(rows: Sequence[Row], words: Words, policy: str, primary: str) -> Text:
    """Compare one rule with the baseline on the metric titled `primary`; `rows` has one row per curve."""
    notes, known = [str(row["note"]) for row in rows], [row for row in rows if there(row, "ratio")]
    for start, key in ((SAME, "identical"), (NONE, "zero")):
        if rows and all(note.startswith(start) for note in notes):
            return (words(key, policy=policy, primary=primary),)
    if not known:
        return (words("no_ratio", policy=policy, primary=primary),)
    kinds = {_kind(row) for row in known}
    kind = kinds.pop() if len(kinds) == 1 else "bare"
    text: list[str | Number] = [words(kind, policy=policy, primary=primary)]
    sizes = [size(row, kind, words) for row in known]
    if len(sizes) > 1 and len({plain(one) for one in sizes}) == 1:
        return (*text, *sizes[0], words("on_both"), words("stop"))
    for n, (row, said) in enumerate(zip(known, sizes, strict=True)):
        text += [words("join"), *said] if n else said
        if len(sizes) > 1 and row["curve"] in CURVES:
            text.append(words("on_curve", curve=words(row["curve"])))
    return (*text, words("stop"))


def _kind(row: Row) -> str:
    if not there(row, "ratio_low"):
        return "bare"
    if row["ratio_low"] <= 1.0 <= row["ratio_high"]:
        return "undecided"
    if row["ratio"] >= _TWICE:
        return "multiplies"
    return "lowers" if row["ratio"] < 1.0 else "raises"


def size(row: Row, kind: str, words: Words) -> Text:
    """Size of a change as a multiple or in per cent, with its interval; `kind` is the verb before it."""
    columns = ("ratio", *(("ratio_high", "ratio_low") if kind == "lowers" else ("ratio_low", "ratio_high")))
    if row["ratio"] >= _TWICE:
        value, low, high = (number(row, column) for column in columns)
        text: Text = (value, words("times")) if kind != "multiplies" or words.lang == "zh" else (value,)
    else:
        value, low, high = (change(row, column, signed=kind not in ("lowers", "raises")) for column in columns)
        text = (value, " %")
    return (*text, " [", low, ", ", high, "]") if there(row, "ratio_low") else (*text, words("no_interval"))


def by_legality(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean numbers of people identified, as `people_by_legality` draws them: policy, legality, low, high."""
    kinds = rows["metric"].map({metric: kind for kind, metric in IDENTIFIED.items()}).rename("legality")
    found = rows[kinds.notna() & rows["mean"].notna()].groupby(["policy", kinds], sort=False)["mean"]
    return found.agg(low="min", high="max").reset_index()
