"""The answer in short: one sentence a rule, both curves in it, each number traceable."""

from __future__ import annotations

from collections.abc import Sequence

from privacysim.report.memo_parts import Number, Text, plain
from privacysim.report.memo_source import Source
from privacysim.report.memo_words import Words
from privacysim.report.number_format import Row, change, number, there
from privacysim.vocabulary import CURVES

_TWICE = 2.0
"""From this ratio on a change is said as a multiple, not in per cent."""


def sentences(source: Source, words: Words, names: dict[str, str]) -> tuple[Text, ...]:
    """What the primary metric says of each rule against the baseline; rules with the same numbers share a sentence."""
    primary = source.change.primary
    rows = source.rows[source.rows["metric"] == primary]
    same: dict[str, list[str]] = {}
    for arm in source.results.arms:
        if arm != source.change.baseline:
            said = plain(_sentence(rows[rows["policy"] == arm].to_dict("records"), words, "", words.title(primary)))
            same.setdefault(said, []).append(arm)
    join = "、" if words.lang == "zh" else ", "
    return tuple(
        _sentence(rows[rows["policy"] == arms[0]].to_dict("records"), words, join.join(names[arm] for arm in arms),
                  words.title(primary))
        for arms in same.values()
    )  # fmt: skip


def _sentence(rows: Sequence[Row], words: Words, policy: str, primary: str) -> Text:
    notes = [str(row["note"]) for row in rows]
    if rows and all(note.startswith("identical") for note in notes):
        return (words("identical", policy=policy),)
    if rows and all(note.startswith("0 in") for note in notes):
        return (words("zero", policy=policy, primary=primary),)
    rows = [row for row in rows if there(row, "ratio")]
    if not rows:
        return (words("no_ratio", policy=policy, primary=primary),)
    kinds = {_kind(row) for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else "bare"
    text: list[str | Number] = [words(kind, policy=policy, primary=primary)]
    sizes = [_size(row, kind, words) for row in rows]
    if len(rows) > 1 and len({plain(tuple(size)) for size in sizes}) == 1:
        return (*text, *sizes[0], words("on_both"), words("stop"))
    for n, row in enumerate(rows):
        text += [words("join")] if n else []
        text += _size(row, kind, words)
        if len(rows) > 1 and row["curve"] in CURVES:
            text.append(words("on_curve", curve=words(row["curve"])))
    return (*text, words("stop"))


def _kind(row: Row) -> str:
    if not there(row, "ratio_low"):
        return "bare"
    p = float(row["p_holm"])
    low, high = float(row["ratio_low"]), float(row["ratio_high"])
    if low <= 1.0 <= high or p >= 0.05:
        return "undecided"
    if row["ratio"] >= _TWICE:
        return "multiplies"
    return "lowers" if row["ratio"] < 1.0 else "raises"


def _size(row: Row, kind: str, words: Words) -> list[str | Number]:
    bounded = there(row, "ratio_low")
    if row["ratio"] >= _TWICE:
        made: list[str | Number] = [number(row, "ratio")]
        made += [words("times")] if kind != "multiplies" or words.lang == "zh" else []
        if not bounded:
            return [*made, words("no_interval")]
        return [*made, " [", number(row, "ratio_low"), ", ", number(row, "ratio_high"), "]"]
    size_only = kind in ("lowers", "raises")
    first, last = ("ratio_high", "ratio_low") if kind == "lowers" else ("ratio_low", "ratio_high")
    made = [change(row, "ratio", size_only=size_only), " %"]
    if not bounded:
        return [*made, words("no_interval")]
    return [*made, " [", change(row, first, size_only=size_only), ", ", change(row, last, size_only=size_only), "]"]


def evidence_cost(source: Source, words: Words, names: dict[str, str], metric: str) -> tuple[Text, ...]:
    """What each rule costs or brings in cases with admissible evidence, in one sentence."""
    rows = source.rows[(source.rows["metric"] == metric) & (source.rows["policy"] != source.change.baseline)]
    rows = rows[rows["ratio"].notna()]
    if rows.empty:
        return ()
    text: list[str | Number] = [words("evidence_cost")]
    for n, row in enumerate(rows.to_dict("records")):
        text += [words("join")] if n else []
        text += [f"{names[str(row['policy'])]} ", *_size(row, "bare", words)]
    return ((*text, words("stop")),)
