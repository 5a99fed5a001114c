"""report.html: the headline in words and numbers, two figures, and where everything comes from.

Self-contained and without scripts; every text that came from a file is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from privacysim.figures import people_by_legality, svg_text
from privacysim.metrics import METRICS, headline
from privacysim.results import Comparison, Results
from privacysim.vocabulary import LEGALITIES

_CSS = """body{font:15px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
h3{font-size:1rem;margin:1.4rem 0 .3rem}table{border-collapse:collapse;font-size:.79rem;width:100%}
th,td{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #eee;vertical-align:top}
thead th{color:#666;font-weight:normal}tbody th{font-weight:normal}
table.m{table-layout:fixed}.p{width:18%}.c{width:5%}.n{text-align:right;width:19%;white-space:nowrap;font-variant-numeric:tabular-nums}

img{max-width:100%}.quiet{color:#666;font-weight:normal}li{margin:.2rem 0}"""

_CAMERAS = "cameras: "
"""How notes about mapped cameras begin: they are said of the first replicate for all."""


def page(results: Results, baseline: str | None = None) -> str:
    """The whole page as text."""
    change = results.compare(baseline)
    study = results.manifest["study"]
    title = study["title"] or f"Study {study['id']}"
    names = list(dict.fromkeys([change.primary, *headline()]))
    return "\n".join([
        "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_CSS}</style></head><body>",
        f"<h1>{escape(title)}</h1>", _frame_of_reference(results, change),
        "<h2>In words</h2>", _list(change.words(by_title=True)),
        "<h2>In numbers</h2>", _tables(change.table(names), change.titles, _caption(results, change)),
        *_cameras(results, change, names),
        "<h2>Figures</h2>",
        _figure(_forest(change), "Ratios to the baseline with 95 % intervals; a hollow mark has none."),
        _figure(_legality(change.rows), "People identified, by what the policy's camera rules call the viewing."),
        "<h2>Where it comes from</h2>", _provenance(results),
        "<h2>Notes</h2>", _list(_notes(results)),
        '<p class="quiet">A comparison of rules, not legal advice.</p>', "</body></html>", "",
    ])  # fmt: skip


def start_in_words(start: str) -> str:
    """What the start of a study means for its numbers."""
    if start == "transition":
        return ("start “transition”: all policies share the baseline's history up to day 0, so slow effects (streams "
                "stay listed for months) are understated")  # fmt: skip
    return "start “steady”: each policy was in force long before day 0"


def _frame_of_reference(results: Results, change: Comparison) -> str:
    study, scenario = results.manifest["study"], results.manifest["scenario"]
    sample = "everybody" if study["sample"] == "all" else f"a sample of {study['sample']:,} people"
    readings = [str(arm["id"]) for arm in results.manifest["arms"] if arm["reading"]]
    lines = [
        f"{scenario['title']} ({scenario['id']}), {study['days']} days, {len(results.manifest['replicates'])} paired "
        f"replicates, {sample}, seed {study['seed']}; baseline {change.baseline}; general law of {study['law_date']}.",
        start_in_words(change.start).capitalize() + ".",
        "Two branches of the identification curve are given, low and high: the truth is thought to lie between them. "
        "The intervals hold the noise of sample, cameras and events in this city; not the uncertainty of the facts.",
    ]
    if readings:
        lines.append(f"Contested readings are shown as arms of their own, to be read as a band: {', '.join(readings)}.")
    if not scenario["calibrated"]:
        lines.append("Not calibrated: the solved constants were not solved for this scenario.")
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _caption(results: Results, change: Comparison) -> str:
    return (f"Ratio and difference to {change.baseline}, 95 % intervals (paired jackknife t for the ratio), "
            f"{start_in_words(change.start).split(':')[0]}. Holm over arms for the primary metric; the others are "
            "exploratory.")  # fmt: skip


_COLUMNS = {"policy": "p", "curve": "c", "mean": "n", "ratio": "n", "difference": "n", "in words": "w"}
"""Style of each column of a metric's table: policy, curve, number, words."""


def _tables(table: pd.DataFrame, titles: Mapping[str, str], caption: str) -> str:
    """One table per metric: policies by their titles, one row per curve, the verdict in words beside its numbers."""
    blocks = [f'<p class="quiet">{escape(caption)}</p>']
    for metric, rows in table.groupby("metric", sort=False):
        arrow = f"<span class=quiet>{escape(rows['direction'].iloc[0])}</span>"
        heading = f"{escape(str(metric)[:1].upper() + str(metric)[1:])} {arrow}"
        curved = bool((rows["curve"] != "").any())
        names = ["policy", *(["curve"] if curved else []), "mean", "ratio", "difference", "in words"]
        head = "".join(f'<th class="{_COLUMNS[name]}">{name}</th>' for name in names)
        body = "".join(
            _policy_rows(titles.get(str(policy), str(policy)), str(metric), mine, curved)
            for policy, mine in rows.groupby("policy", sort=False)
        )  # fmt: skip
        blocks.append(f"<h3>{heading}</h3><table class=m><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return "\n".join(blocks)


def _policy_rows(title: str, metric: str, rows: pd.DataFrame, curved: bool) -> str:
    """The rows of one policy; its name, and a verdict that both curves share, stand once beside them."""
    said = [_verdict(str(row["in words"]), metric) for row in rows.to_dict("records")]
    once = len(set(said)) == 1
    made = []
    for n, row in enumerate(rows.to_dict("records")):
        cells = [f"<th scope=row rowspan={len(rows)}>{escape(title)}</th>"] if n == 0 else []
        cells += [f"<td>{escape(str(row['curve']))}</td>"] if curved else []
        cells += [f"<td class=n>{escape(str(row[name]))}</td>" for name in ("mean", "ratio", "difference")]
        if n == 0 or not once:
            cells.append(f"<td rowspan={len(rows) if once else 1}>{escape(said[n])}</td>")
        made.append(f"<tr>{''.join(cells)}</tr>")
    return "".join(made)


def _verdict(words: str, metric: str) -> str:
    """The sentence without the metric's title, which stands above the table."""
    return " ".join(words.replace(f"{metric}: ", "").replace(f" the {metric}", "").replace(f" in {metric}", "")
                    .replace(f" {metric}", "").split())  # fmt: skip


def _cameras(results: Results, change: Comparison, metrics: Sequence[str]) -> list[str]:
    """Of cameras that somebody mapped: what the map does not say, and the band that this leaves; else nothing."""
    said = [text.removeprefix(_CAMERAS) for text in dict.fromkeys(results.notes["note"]) if text.startswith(_CAMERAS)]
    if not said:
        return []
    band = results.band
    shown = band[band["metric"].isin(metrics) & (band["note"] == "")]
    blocks = ["<h2>The cameras, and what nobody mapped about them</h2>", _list(said)]
    if len(shown):
        blocks.append('<p class="quiet">What the map leaves open is a band: each camera with the view that shows least '
                      "people, as drawn (the mean of the replicates), and with the view that shows most. Who looked is "
                      "as drawn. A metric that more passes may raise or lower has none.</p>")  # fmt: skip
    head = "".join(f'<th class="{style}">{name}</th>' for name, style in (
        ("policy", "p"), ("curve", "c"), ("fewest", "n"), ("as drawn", "n"), ("most", "n")))  # fmt: skip
    for metric in metrics:
        if (rows := shown[shown["metric"] == metric]).empty:
            continue
        body = "".join(
            f"<tr><th scope=row>{escape(change.titles.get(str(row['policy']), str(row['policy'])))}</th>"
            f"<td>{escape(str(row['curve']))}</td>"
            + "".join(f"<td class=n>{row[name]:.3g}</td>" for name in ("fewest", "drawn", "most")) + "</tr>"
            for row in rows.to_dict("records")
        )  # fmt: skip
        title = f"{METRICS[metric].title}, {METRICS[metric].unit}"
        blocks.append(f"<h3>{escape(title[:1].upper() + title[1:])}</h3><table class=m><thead><tr>{head}</tr></thead>"
                      f"<tbody>{body}</tbody></table>")  # fmt: skip
    return blocks


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else '<p class="quiet">None.</p>'


def _figure(svg: str, caption: str) -> str:
    # as an image, not inline: ids of two inline SVGs would clash, and an image cannot run anything
    data = base64.b64encode(svg.encode()).decode()
    return (f'<figure><img alt="{escape(caption, quote=True)}" src="data:image/svg+xml;base64,{data}">'
            f'<figcaption class="quiet">{escape(caption)}</figcaption></figure>')  # fmt: skip


def _forest(change: Comparison) -> str:
    return svg_text(_whole(change.plot().figure))


def _legality(rows: pd.DataFrame) -> str:
    found: list[dict[str, Any]] = []
    for legality in LEGALITIES:
        mine = rows[rows["metric"] == f"people_identified[legality={legality}]"]
        wide = mine.pivot_table(index="policy", columns="curve", values="mean", sort=False)
        for policy, row in wide.iterrows():
            low = float(row.get("low", row.get("high", 0.0)))
            found.append({"policy": policy, "legality": legality, "low": low, "high": float(row.get("high", low))})
    frame = pd.DataFrame(found, columns=["policy", "legality", "low", "high"])
    order = list(dict.fromkeys(rows["policy"]))
    frame = frame.sort_values("policy", key=lambda column: column.map(order.index), kind="stable")
    return svg_text(_whole(people_by_legality(frame).figure))


def _whole(figure: object) -> Figure:
    assert isinstance(figure, Figure)
    return figure


def _provenance(results: Results) -> str:
    manifest = results.manifest
    lines: Sequence[tuple[str, object]] = [
        ("run id", results.run_id), ("privacysim", manifest["privacysim"]), ("commit", manifest["commit"] or "unknown"),
        ("source", manifest["source"][:16]), ("Python", manifest["python"]), ("platform", manifest["platform"]),
        ("libraries", ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items())),
        ("facts", manifest["data"].get("facts.csv", "")[:16]), ("begun", manifest["begun"]),
        ("took", f"{manifest['seconds']} s, {manifest['cpu_seconds']} CPU s, {manifest['workers']} workers"),
        ("arms", "; ".join(f"{arm['id']}: {arm['title']}" for arm in manifest["arms"])),
        ("again", f"in the folder inputs/: privacysim run {manifest['study']['id']}"),
    ]
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in lines)
    return f"<table>{rows}</table>"


def _notes(results: Results) -> list[str]:
    said = results.notes
    general = said[(said["metric"] == "") & ~said["note"].str.startswith(_CAMERAS)].groupby("note", sort=False).size()
    return [f"{text} ({count} of {len(results.manifest['replicates'])} replicates)" for text, count in general.items()]
