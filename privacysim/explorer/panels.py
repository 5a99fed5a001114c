"""Explorer displays as HTML and SVG text, without scripts; every picture has a caption in words.

Kinds differ in shape and shade as well as in colour (Okabe and Ito 2008), so grey prints and colour-blind readers
lose nothing. Every SVG has a title that says what it shows.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.draws import Floats, Ints
from privacysim.metrics import METRICS
from privacysim.results.summary_rows import SAME
from privacysim.results.world_ranges import Spread, world_range
from privacysim.stats import Estimate, change_in_words, interval_text, percent, short, wilson
from privacysim.units import DAY_S

INSIDE, OUTSIDE, INK, FAINT, GRID = "#0072B2", "#D55E00", "#222222", "#666666", "#dddddd"
STYLE = f"""<style>
.ps-explorer{{font:14px/1.45 system-ui,sans-serif;color:{INK};background:#fff}}
.ps-explorer table{{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}}
.ps-explorer th,.ps-explorer td{{text-align:left;padding:2px 8px 2px 0;border-bottom:1px solid #eee;
vertical-align:top;background:#fff}}
.ps-explorer td.n,.ps-explorer th.n{{text-align:right}}.ps-explorer td.n{{white-space:nowrap}}
.ps-explorer .quiet{{color:{FAINT};font-size:12px}}
.ps-explorer .error{{border-left:4px solid {OUTSIDE};padding:4px 8px;white-space:pre-wrap}}
.ps-explorer .verdict{{font-size:18px;line-height:1.35;margin:4px 0 10px}}
.ps-explorer h3{{margin:0 0 2px;font-size:16px}}
.ps-explorer .row{{display:flex;flex-wrap:wrap;gap:0 24px}}.ps-explorer .row>div{{flex:1 1 330px;min-width:0}}
.ps-explorer .row td.n{{white-space:normal}}
.ps-explorer svg{{max-width:100%;height:auto}}
.ps-explorer h4{{margin:10px 0 2px;font-size:14px}}
@media print{{.ps-explorer{{font-size:10pt}}}}
</style>"""


def verdict(rows: pd.DataFrame, baseline: str, name: str, people: int) -> str:
    """The answer in two sentences: how many people under the explored rules, of how many, and the change."""
    mine = _by_metric(rows).get((name, "explored"))
    if mine is None:
        return ""
    what, several = METRICS[name].title, _ends(row["mean"] for row in mine).replace("–", " to ")
    told = _told_apart(mine)
    early = [f"{percent(row['ratio'])} %" for row in told if math.isfinite(row["ratio"]) and _early(row)]
    change = (f"So far {' to '.join(early)} of the baseline’s" if len(early) == len(told) else
              "; ".join(dict.fromkeys(_change(row, what) for row in told)))
    return (f'<p class="verdict"><strong>{several} {escape(what)}</strong> of {people:,} residents. {escape(change)}. '
            f'<span class="quiet">Baseline: {escape(baseline)}.</span></p>')


def _by_metric(rows: pd.DataFrame) -> dict[tuple[str, str], list[dict[Any, Any]]]:
    """Rows of a comparison, one per curve, by metric and policy."""
    found: dict[tuple[str, str], list[dict[Any, Any]]] = {}
    for row in rows.to_dict("records"):
        found.setdefault((row["metric"], row["policy"]), []).append(row)
    return found


def _told_apart(rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    """Rows of the curves, only the first if their ratios agree within a tenth."""
    ratios = np.array([row["ratio"] for row in rows], dtype=np.float64)
    agree = bool(np.isnan(ratios).any() or ratios.max() <= 1.1 * ratios.min())
    return rows[: 1 if agree else None]


def _early(row: Mapping[Any, Any]) -> bool:
    """Whether the change of a curve has no interval yet."""
    return not all(map(math.isfinite, _interval(row)[1:])) and not str(row["note"]).startswith(SAME)


def _change(row: Mapping[Any, Any], what: str) -> str:
    """The change of one curve to the baseline, in words."""
    ratio, low, high = _interval(row)
    if str(row["note"]).startswith(SAME):
        return "No change from the baseline"
    if _early(row):
        return f"{percent(ratio)} % of the baseline’s" if math.isfinite(ratio) else "The baseline has none"
    said = change_in_words(what, Estimate(ratio, low, high))
    return f"{said[:1].upper()}{said[1:]}" if low <= 1.0 <= high else f"The change {said}, by chance alone"


def range_line(ratios: Sequence[float], name: str) -> str:
    """The range of the change over worlds that draw the uncertain facts; nothing below three worlds."""
    found = np.array([one for one in ratios if math.isfinite(one)])
    if found.size < 3:
        return ""
    lower = wilson(int((found < 1.0).sum()), found.size)
    said = Spread(found.size, *world_range(found), lower, None, (), 0).words()
    return f"<p>{escape(METRICS[name].title.capitalize())}, {escape(said)}, each with its own facts and chances.</p>"


def policy_table(means: Mapping[str, Mapping[str, float]], names: Sequence[str], done: int) -> str:
    """Table of policies side by side, a row each: title → metric → mean."""
    lines = ["<tr><td>" + escape(title) + "</td>" + "".join(f'<td class="n">{short(found.get(name, math.nan))}</td>'
             for name in names) + "</tr>" for title, found in means.items()]  # fmt: skip
    heads = ("", *(METRICS[name].title for name in names))
    return (_table("Policies side by side", heads, range(1, len(heads)), lines)
            + f'<p class="quiet">Means over {done} replicates, low curve.</p>')


def change_table(rows: pd.DataFrame, baseline: str, names: Sequence[str], done: int, wanted: int) -> str:
    """Table with one row per metric: baseline and explored rules, and their ratio with its interval and direction.

    Where the low and the high curve differ, a cell shows both means, and both ratios if they differ by over a tenth.
    """
    lines, found = [], _by_metric(rows)
    for name in names:
        explored = found.get((name, "explored"))
        if explored is None:
            continue
        change = "; ".join(" ".join(filter(None, (_ratio(row), _verdict(row, METRICS[name].direction))))
                           for row in _told_apart(explored))  # fmt: skip
        means = (_ends(row["mean"] for row in found.get((name, policy), ())) for policy in (baseline, "explored"))
        lines.append(f'<tr data-metric="{escape(name)}"><td>{escape(METRICS[name].title)}</td>'
                     + "".join(f'<td class="n">{text}</td>' for text in means) + f"<td>{escape(change)}</td></tr>")
    follow = "" if done >= wanted else " Intervals follow."
    return (_table("Change to the baseline", ("", "baseline", "explored", "ratio [95 % interval]"), (1, 2), lines)
            + f'<p class="quiet" aria-live="polite">Means over {done} of {wanted} replicates, paired.{follow}</p>')


def _ratio(row: Mapping[Any, Any]) -> str:
    return "" if row["ratio"] == 1.0 and str(row["note"]).startswith(SAME) else interval_text(*_interval(row))


def _interval(row: Mapping[Any, Any]) -> tuple[float, float, float]:
    """Ratio to the baseline, and the ends of its interval."""
    return float(row["ratio"]), float(row["ratio_low"]), float(row["ratio_high"])


def _ends(values: Iterable[float]) -> str:
    """The means of the curves, once if they agree."""
    return "–".join(dict.fromkeys(short(float(value)) for value in values)) or "–"


def _table(label: str, head: Sequence[str], numeric: Sequence[int], lines: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col"{" class=n" if n in numeric else ""}>{escape(text)}</th>'
                    for n, text in enumerate(head))
    return f'<table aria-label="{label}"><thead><tr>{cells}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _verdict(row: Mapping[Any, Any], direction: str) -> str:
    ratio, low, high = _interval(row)
    note = str(row["note"]).split(";")[0]
    if note.startswith(SAME):
        return "= the same"
    if math.isnan(ratio) or math.isnan(low):
        return note
    if low <= 1.0 <= high:
        return "≈ no difference shown"
    arrow = "▼ lower" if high < 1.0 else "▲ higher"
    if direction == "either":
        return arrow
    return f"{arrow}: {'better' if (direction == 'lower') == (high < 1.0) else 'worse'}"


def people_map(streets: str, cells: tuple[Ints, Ints, int], chance: Floats,
               cameras: pd.DataFrame, frame: tuple[float, float, float], size: int = 330) -> str:
    """Map of the city: homes shaded by probability of identification by outsiders, and cameras that were viewed.

    `streets` is an SVG path in map coordinates; `chance` (people,) is placed on home cells; `cameras` has x_m,
    y_m, outsider. A triangle is a camera viewed by an outsider; a dot is one viewed only by insiders.
    """
    column, row, side = cells
    total, count = np.zeros((side, side)), np.zeros((side, side))
    np.add.at(total, (row, column), chance)
    np.add.at(count, (row, column), 1.0)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    step, parts = size / side, []
    for r, c in np.argwhere(mean > 0):
        shade = min(1.0, 0.15 + 0.2 * math.log10(1.0 + 1e5 * float(mean[r, c])))
        parts.append(f'<rect x="{c * step:.0f}" y="{size - (r + 1) * step:.0f}" width="{step:.0f}" height="{step:.0f}" '
                     f'fill="#888" fill-opacity="{0.6 * shade:.2f}"/>')  # fmt: skip
    parts.append(f'<path d="{streets}" stroke="#bbb" stroke-width="0.6" fill="none"/>')
    left, low, whole = frame
    px = (cameras["x_m"].to_numpy(dtype=float) - left) / whole * size
    py = size - (cameras["y_m"].to_numpy(dtype=float) - low) / whole * size
    outside = cameras["outsider"].to_numpy(dtype=bool)
    # one element for all marks of a kind: a browser takes its time over thousands
    dots = "".join(f"M{x:.1f},{y:.1f}h0" for x, y in zip(px[~outside], py[~outside], strict=True))
    marks = "".join(f"M{x:.1f},{y - 5:.1f}l4.5,8h-9z" for x, y in zip(px[outside], py[outside], strict=True))
    parts.append(f'<path d="{dots}" stroke="{INSIDE}" stroke-width="3" stroke-linecap="round" data-by="insiders"/>')
    parts.append(f'<path d="{marks}" fill="{OUTSIDE}" stroke="#fff" stroke-width="0.7" data-by="outsiders"/>')
    n_out = int(cameras["outsider"].sum()) if len(cameras) else 0
    words = f"{len(cameras)} cameras at which somebody looked, {n_out} of them watched by outsiders"
    return (f'<svg role="img" viewBox="0 0 {size} {size}" width="{size}" height="{size}"><title>Map: {words}</title>'
            f'{"".join(parts)}</svg><p class="quiet">▲ watched by outsiders ({n_out:,}), ● by insiders only '
            f"({len(cameras) - n_out:,}); shade: homes whose people outsiders identify. The square is "
            f"{whole / 1000:.1f} km wide.</p>")  # fmt: skip


def street_path(x: Floats, y: Floats, u: NDArray[np.int32], v: NDArray[np.int32], frame: tuple[float, float, float],
                size: int = 330) -> str:  # fmt: skip
    """Convert segments u–v to one SVG path on the map's square."""
    left, low, whole = frame
    px, py = np.rint((x - left) / whole * size).astype(int), np.rint(size - (y - low) / whole * size).astype(int)
    return "".join(f"M{px[a]},{py[a]}L{px[b]},{py[b]}" for a, b in zip(u.tolist(), v.tolist(), strict=True))


def timeline(views: pd.DataFrame, listed: Floats, before: Floats, width: int = 330, height: int = 120) -> str:
    """Chart of views per day by insiders (below) and outsiders (hatched), with listed cameras as a line.

    The baseline is dashed. Live monitoring is one row for the whole period, so only the caption mentions it.
    """
    days, standing = len(listed), int((views["source"] == "monitor").sum())
    views = views[views["source"] != "monitor"]
    day = np.clip((views["at_s"].to_numpy() / DAY_S).astype(np.int64), 0, days - 1)
    outside = views["outsider"].to_numpy(dtype=bool)
    inner, outer = (np.bincount(day[chosen], minlength=days).astype(float) for chosen in (~outside, outside))
    top = max(1.0, float((inner + outer).max(initial=0.0)))
    most = max(1.0, float(listed.max(initial=0.0)), float(before.max(initial=0.0)))
    step, base = width / days, height - 16
    parts = [
        '<defs><pattern id="ps-hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="4" height="4" fill="{OUTSIDE}"/><line x1="0" y1="0" x2="0" y2="4" stroke="#fff" '
        'stroke-width="1.4"/></pattern></defs>'
    ]
    for n in range(days):
        low, high = inner[n] / top * (base - 10), outer[n] / top * (base - 10)
        x, wide = n * step + 0.5, step - 1
        parts.append(f'<rect x="{x:.1f}" y="{base - low:.1f}" width="{wide:.1f}" height="{low:.1f}" fill="{INSIDE}"/>'
                     f'<rect x="{x:.1f}" y="{base - low - high:.1f}" width="{wide:.1f}" height="{high:.1f}" '
                     'fill="url(#ps-hatch)"/>')  # fmt: skip
    for series, dash in ((before, ' stroke-dasharray="4 3"'), (listed, "")):
        line = " ".join(f"{(n + 0.5) * step:.1f},{base - 4 - v / most * (base - 14):.1f}" for n, v in enumerate(series))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{INK}" stroke-width="1.5"{dash}/>')
    words = f"{inner.sum():.0f} looks by insiders and {outer.sum():.0f} by outsiders in {days} days"
    return (f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}"><title>Timeline: {words}'
            f'</title>{"".join(parts)}<text x="0" y="{height - 3}" font-size="10" fill="{FAINT}">day 0</text>'
            f'<text x="{width}" y="{height - 3}" font-size="10" text-anchor="end" fill="{FAINT}">day {days - 1}</text>'
            f'</svg><p class="quiet">Looks a day, top {top:.0f}: insiders plain, outsiders hatched. Line: cameras on '
            f"the website, top {most:.0f} (baseline dashed). Besides, {standing} cameras are watched live.</p>")


def group_table(now: Mapping[str, Floats], before: Mapping[str, Floats]) -> str:
    """Table of people identified per 100 000 of each group, by outsiders and insiders (low–high, [baseline])."""
    largest = max([1e-9, *(float(found[:, 1].max()) for found in (*now.values(), *before.values()))])
    lines = []
    for name, found in now.items():
        bar, mark = (100 * float(each[name][1, 1]) / largest for each in (now, before))
        inside, outside = (f"{_ends(found[:, who])} ({_ends(before[name][:, who])})" for who in (0, 1))
        lines.append(
            f'<tr data-group="{escape(name)}"><td>{escape(name)}</td><td class="n">{outside}</td>'
            f'<td><svg role="img" width="104" height="12"><title>{_ends(found[:, 1])} per 100 000</title>'
            f'<rect x="1" y="2" width="{bar:.1f}" height="8" fill="{OUTSIDE}"/>'
            f'<line x1="{1 + mark:.1f}" x2="{1 + mark:.1f}" y1="0" y2="12" stroke="{INK}" stroke-width="2"/></svg></td>'
            f'<td class="n">{inside}</td></tr>'
        )
    head = ("group", "by outsiders", "", "by insiders")
    return (_table("People identified per 100 000, by group", head, (1, 3), lines)
            + '<p class="quiet">People identified at least once per 100 000, low to high curve, in one replicate; in '
              "brackets, and as a black line, the baseline.</p>")  # fmt: skip
