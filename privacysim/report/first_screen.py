"""The first screen of a study: its question, the verdict, and one table, in 22 lines of 80 columns."""

from math import isnan
from textwrap import wrap
from typing import Any

from privacysim import stats
from privacysim.results.summary_rows import SAME
from privacysim.study.precision import in_words as precision_in_words
from privacysim.world.placed import NO_CAMERA

WIDTH, LINES = 80, 22
_BESIDE = {"people_watched_by_outsiders": ("people", "seen"),
           "people_seen_twice_by_outsiders": ("seen", "twice"),
           "flows_breaking_norms": ("bad", "flows"),
           "cases_with_admissible_evidence": ("cases",)}
"""Measures beside the primary one, with their heads; the last is what a rule may cost."""
_SIZES = (15, 8, 8, 8, 8)


def first_screen(results: Any, baseline: str | None = None) -> str:
    """What a reader needs first: the question, what is compared, the verdict, policies by measures, where more is.

    Each cell is the change relative to the baseline on the low curve, in two or three digits. Replicates that failed,
    an own stopping rule and a city without cameras add a line each.
    """
    change, manifest = results.compare(baseline), results.manifest
    study, scenario = manifest["study"], manifest["scenario"]
    runs = f"{len(manifest['replicates'])} replicates at the best guesses" * bool(manifest["replicates"])
    worlds = f"{study['worlds']} worlds" * bool(study["worlds"])
    about = (f"{scenario['title']}: {scenario['people']:,.0f} people, {study['days']} days, "
             f"{' and '.join(one for one in (runs, worlds) if one)}. "
             f"Compared with: {change.titles[change.baseline]}.")
    verdicts = _verdict(change, next(iter(study["readings"]), study["policies"][-1]))
    nobody = results.notes.loc[results.notes["note"].str.startswith(f"cameras: {NO_CAMERA}"), "note"]
    first = [line for text in nobody[:1] for line in wrap(text.removeprefix("cameras: "), WIDTH)]
    band = results.band
    band = band[(band["metric"] == change.primary) & (band["policy"] == change.baseline) & (band["curve"] != "high")]
    said = [*results.failures, *verdicts,
            *(f"The map leaves views open: {stats.short(row['fewest'])} to {stats.short(row['most'])} "
              f"{change.declared[change.primary].title} under {change.titles[change.baseline]}."
              for row in band[band["note"] == ""].to_dict("records")),
            precision_in_words(manifest.get("precision")),
            "" if scenario["calibrated"] else "Not calibrated: the constants were solved for another scenario."]
    unknown = ", not what is unknown about the city" * (not worlds)
    return "\n".join([
        *first, *wrap(study["title"], WIDTH), *wrap(about, WIDTH), "",
        *(line for one in said for line in wrap(one, WIDTH)), "", *_table(change), "",
        *wrap(f"Lower curve of recognition. [ ]: what chance alone does in 95 % of studies{unknown}; ±: no difference "
              "shown, at most this; ( ): too few replicates to say. Not legal advice.", WIDTH),
    ])


def _verdict(change: Any, asked: str) -> list[str]:
    """Sentences on the policy that the study asks about; one over all its readings, if it has several."""
    if asked == change.baseline:
        return []
    for row in change.bands().to_dict("records"):
        if row["policy"] == asked and row["readings"] > 1:
            least, most = _change(row["ratio_least"]), _change(row["ratio_most"])
            title = next(title for arm, title in change.titles.items() if arm.startswith(f"{asked}:"))
            return [f"{title.rpartition(' (')[0]}: {least} to {most} in {change.declared[change.primary].title}, "
                    f"over its {row['readings']} readings and both curves."]
    return [f"{change.titles[row['policy']]}: {change.sentence(row)}."
            for row in _low(change, change.primary).to_dict("records") if row["policy"] == asked]


def _low(change: Any, metric: str) -> Any:
    rows = change.of(metric)
    return rows[rows["curve"] != "high"]


def _table(change: Any) -> list[str]:
    """Policies by measures: the primary one with its interval, and those beside it."""
    heads = {change.primary: wrap(change.declared[change.primary].title, _SIZES[0] - 1)}
    heads |= {name: [*head] for name, head in _BESIDE.items() if name in change.declared and name != change.primary}
    sizes, tall = _SIZES[: len(heads)], max(map(len, heads.values()))
    left = WIDTH - sum(_SIZES)
    for name, head in heads.items():
        head[-1] += f" {change.declared[name].arrow[:1]}".rstrip()
        head[:0] = [""] * (tall - len(head))
    rows = {name: _low(change, name).set_index("policy") for name in heads}
    lines = [("", [head[n] for head in heads.values()]) for n in range(tall)]
    lines += [(title if len(title) <= left else f"{title[: left - 1]}…",
               [_cell(rows[name].loc[policy], policy == change.baseline, name == change.primary) for name in heads])
              for policy, title in change.titles.items()]  # fmt: skip
    return [(f"{name:<{left}}" + "".join(f"{cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))).rstrip()
            for name, cells in lines]


def _cell(row: Any, is_baseline: bool, wide: bool) -> str:
    """One change in a few characters; with its interval if `wide`."""
    note, ratio, low, high = (row[name] for name in ("note", "ratio", "ratio_low", "ratio_high"))
    if isnan(row["mean"]):
        return "–"
    if is_baseline:
        return stats.short(row["mean"])
    if row["mean"] == 0:
        return "none"
    if note.startswith(SAME):
        return "same"
    if isnan(ratio):
        return "–"
    if isnan(low):
        return f"({_change(ratio, digits=0)})"
    if low <= 1.0 <= high:
        most = max(1.0 - low, high - 1.0)
        return f"± {_size(most)} %" if most < 1.0 else "unclear"
    sizes = sorted((low, high) if ratio >= 2.0 else (abs(1.0 - low), abs(1.0 - high)))
    ends = [_size(size, of_ratio=ratio >= 2.0) for size in sizes]
    return _change(ratio, digits=1 if wide else 0) + (f" [{', '.join(ends)}]" if wide and ends[0] != ends[1] else "")


def _change(ratio: float, digits: int = 1) -> str:
    """A ratio as a change in per cent, or from two times on as a factor.

    >>> _change(0.761), _change(1.0002), _change(19.7), _change(0.0007)
    ('−24 %', '<1 %', '× 20', '−99.9 %')
    """
    if ratio >= 2.0:
        return f"× {_size(ratio, of_ratio=True)}"
    size = _size(abs(1.0 - ratio), digits=digits)
    return f"{'' if size == '<1' else '−' if ratio < 1 else '+'}{size} %"


def _size(value: float, *, of_ratio: bool = False, digits: int = 1) -> str:
    if of_ratio:
        return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
    percent = 100.0 * value
    if percent < 1.0:
        return "<1"
    return f"{min(percent, 99.9):.1f}" if 99.0 < percent < 100.0 else f"{percent:.{0 if percent >= 10 else digits}f}"
