"""Wording of a report in English and Chinese: numbers with intervals, and sentences of change."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from privacysim.report.report_model import Number, Text, plain
from privacysim.stats import percent, short
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
    size, above = percent(abs(plainly.value - 1)), plainly.value > 1
    text = f"{'' if size == '0' else '+' if above else '−'}{size}" if signed else size
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
    for start, key in (("identical", "identical"), ("0 in", "zero")):
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
    if row["ratio_low"] <= 1.0 <= row["ratio_high"] or row["p_holm"] >= 0.05:
        return "undecided" if abs(_farthest(row)[1] - 1.0) < 1.0 else "untold"
    if row["ratio"] >= _TWICE:
        return "multiplies"
    return "lowers" if row["ratio"] < 1.0 else "raises"


def size(row: Row, kind: str, words: Words) -> Text:
    """Size of a change as a multiple or in per cent, with its interval; `kind` is the verb before it."""
    if kind == "undecided":
        return (change(row, _farthest(row)[0], signed=False), " %")
    columns = ("ratio", *(("ratio_high", "ratio_low") if kind == "lowers" else ("ratio_low", "ratio_high")))
    if row["ratio"] >= _TWICE:
        value, low, high = (number(row, column) for column in columns)
        text: Text = (value, words("times")) if kind != "multiplies" or words.lang == "zh" else (value,)
    else:
        value, low, high = (change(row, column, signed=kind not in ("lowers", "raises")) for column in columns)
        text = (value, " %")
    return (*text, " [", low, ", ", high, "]") if there(row, "ratio_low") else (*text, words("no_interval"))


def brief(row: Row | None, is_baseline: bool, words: Words) -> Text:
    """One change in a few characters, with its interval; the value itself of the baseline."""
    if row is None or not there(row, "mean"):
        return ("–",)
    mean, (ratio, low, high) = number(row, "mean"), (float(row[name]) for name in ("ratio", "ratio_low", "ratio_high"))
    if is_baseline:
        return (mean,) if mean.value == 0 or mean.value >= 0.01 else ("<0.01",)
    if mean.value == 0:
        return (words("cell_none"),)
    if str(row["note"]).startswith("identical"):
        return (words("cell_same"),)
    if math.isnan(ratio):
        return ("–",)
    change = _brief(row, "ratio", change_text(ratio))
    if math.isnan(low):
        return ("(", change, ")")
    if low <= 1.0 <= high:
        end, value = _farthest(row)
        most = abs(1.0 - value)
        return ("± ", _brief(row, end, f"{_size(most)} %")) if most < 1.0 else (words("cell_unclear"),)
    sizes = sorted((value if ratio >= _TWICE else abs(1.0 - value), column)
                   for value, column in ((low, "ratio_low"), (high, "ratio_high")))  # fmt: skip
    ends = [_brief(row, column, _size(size, of_ratio=ratio >= _TWICE)) for size, column in sizes]
    return (change, " [", ends[0], ", ", ends[1], "]") if ends[0].text != ends[1].text else (change,)


def _farthest(row: Row) -> tuple[str, float]:
    """The end of the ratio's interval that is farther from no change: its column and value."""
    return max(((name, float(row[name])) for name in ("ratio_low", "ratio_high")), key=lambda end: abs(end[1] - 1.0))


def _brief(row: Row, column: str, text: str) -> Number:
    plainly = number(row, column)
    return Number(text, plainly.value, plainly.key, "brief")


def change_text(ratio: float) -> str:
    """A ratio as a change in per cent, or from two times on as a factor.

    >>> change_text(0.761), change_text(1.0002), change_text(19.7), change_text(0.0007), change_text(3e6)
    ('−24 %', '<1 %', '× 20', '−99.9 %', '× >999')
    """
    if ratio >= _TWICE:
        return f"× {_size(ratio, of_ratio=True)}"
    size = _size(abs(1.0 - ratio))
    return f"{'' if size == '<1' else '−' if ratio < 1 else '+'}{size} %"


def _size(value: float, *, of_ratio: bool = False) -> str:
    if of_ratio:
        return ">999" if value >= 999.5 else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
    if value < 0.01:
        return "<1"
    return f"{min(100.0 * value, 99.9):.1f}" if 0.99 < value < 1.0 else f"{100.0 * value:.{0 if value >= 0.1 else 1}f}"


def on_one_row(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Rows of a metric under one rule with the name of their curve; curves with the same numbers are one row."""
    texts = {tuple(plain(with_interval(row, value, ends)) for value, ends in (
        ("mean", "ci"), ("ratio", "ratio"), ("delta", "delta"))) for row in rows}  # fmt: skip
    if len(rows) > 1 and len(texts) == 1:
        yield "both", rows[0]
    else:
        yield from ((str(row["curve"]), row) for row in rows)


def note_text(note: str, words: Words) -> str:
    """A note of summary.csv for readers: where all values agree, no difference was seen; of zeros, nothing more."""
    if note.startswith("0 in "):
        return ""
    same = re.match(r"identical in (?:all (\d+) replicates|the one replicate)", note)
    return words("none_seen", n=same[1] or 1) + note[same.end():] if same else words.text(note)


def by_legality(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean numbers of people identified, as `people_by_legality` draws them: policy, legality, low, high."""
    kinds = rows["metric"].map({metric: kind for kind, metric in IDENTIFIED.items()}).rename("legality")
    found = rows[kinds.notna() & rows["mean"].notna()].groupby(["policy", kinds], sort=False)["mean"]
    return found.agg(low="min", high="max").reset_index()
