"""report.html: the headline in words and numbers, two figures, and the provenance of the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from privacysim.figures import people_by_legality
from privacysim.metrics import METRICS, headline
from privacysim.report.report_model import (
    Block,
    Bullets,
    Paragraph,
    Picture,
    Report,
    Section,
    Subheading,
    Table,
    Text,
    drawn,
    html_page,
)
from privacysim.report.report_source import by_legality, capital
from privacysim.results import Comparison, Results
from privacysim.stats import interval_text, short

_RATIOS = "Ratios to the baseline with 95 % intervals; a hollow mark has none."
_LEGALITY = "People identified, by what the policy's camera rules call the viewing."
_CAMERAS = "cameras: "
"""First words of notes about mapped cameras; the first replicate's note is printed for all."""


def page(results: Results, baseline: str | None = None) -> str:
    """Return the self-contained page of a results folder (report.html), without scripts."""
    return html_page(study_report(results, baseline))


def study_report(results: Results, baseline: str | None = None) -> Report:
    """Build the report of a results folder, against its own baseline or another arm."""
    change, study = results.compare(baseline), results.manifest["study"]
    own = (name for name in change.declared if name not in METRICS)
    names = list(dict.fromkeys([change.primary, *headline(), *own]))
    ratios = Picture(partial(drawn, change.plot), _RATIOS, _RATIOS)
    legality = Picture(partial(drawn, people_by_legality, by_legality(change.rows), titles=change.titles), _LEGALITY,
                       _LEGALITY)  # fmt: skip
    sections = [
        Section("frame", "", tuple(Paragraph((line,)) for line in _frame_of_reference(results, change) if line)),
        Section("words", "In words", _list(change.words(by_title=True))),
        Section("numbers", "In numbers", tuple(_numbers(change, names))),
        *_cameras(results, change, names),
        Section("figures", "Figures", (ratios, legality)),
        Section("sources", "Sources", (_provenance(results),)),
        Section("notes", "Notes", _list(_notes(results))),
    ]
    return Report("en", study["title"] or f"Study {study['id']}", "", tuple(sections),
                  "A comparison of rules, not legal advice.", str(results.manifest["begun"]))  # fmt: skip


def start_in_words(start: str) -> str:
    """Explain how the start of a study affects its numbers."""
    if start == "transition":
        return ("start “transition”: all policies share the baseline's history up to day 0, so slow effects (streams "
                "stay listed for months) are understated")  # fmt: skip
    return "start “steady”: each policy was in force long before day 0"


def _frame_of_reference(results: Results, change: Comparison) -> list[str]:
    study, scenario = results.manifest["study"], results.manifest["scenario"]
    sample = "everybody" if study["sample"] == "all" else f"a sample of {study['sample']:,} people"
    readings = ", ".join(str(arm["id"]) for arm in results.manifest["arms"] if arm["reading"])
    return [
        f"{scenario['title']} ({scenario['id']}), {study['days']} days, {len(results.manifest['replicates'])} paired "
        f"replicates, {sample}, seed {study['seed']}; baseline {change.baseline}; general law of {study['law_date']}.",
        capital(start_in_words(change.start)) + ".",
        "Results use two branches of the identification curve, low and high. The two are not bounds: held-out rates of "
        "recognition lie below both. The intervals cover the noise of the sample, the cameras and the events in this "
        "city, but not the uncertainty of the facts.",
        f"Contested readings appear as separate arms; read them together as a band: {readings}." if readings else "",
        "" if scenario["calibrated"] else "Not calibrated: the constants were calibrated for another scenario.",
    ]  # fmt: skip


def _numbers(change: Comparison, names: Sequence[str]) -> Iterator[Block]:
    """Yield one table per metric: one row per policy and curve, with the verdict in words beside its numbers."""
    yield Paragraph((
        f"Ratio and difference to {change.baseline}, 95 % intervals (paired jackknife t for the ratio), "
        f"{start_in_words(change.start).split(':')[0]}. Holm over arms for the primary metric; the others are "
        "exploratory.",
    ), quiet=True)  # fmt: skip
    for name in names:
        mine = change.rows[change.rows["metric"] == name]
        if mine.empty:
            continue
        title, curved = change.declared[name].title, bool((mine["curve"] != "").any())
        rows: list[tuple[Text, ...]] = []
        for row in sorted(mine.to_dict("records"), key=lambda row: list(change.titles).index(row["policy"])):
            cells = [change.titles[row["policy"]], *([row["curve"]] if curved else [])]
            cells += [interval_text(row[value], row[f"{ends}_low"], row[f"{ends}_high"])
                      for value, ends in (("mean", "ci"), ("ratio", "ratio"), ("delta", "delta"))]  # fmt: skip
            rows.append(tuple((cell,) for cell in (*cells, _verdict(change.sentence(row), title))))
        head = ("policy", *(["curve"] if curved else []), "mean", "ratio", "difference", "in words")
        last = len(head) - 1
        yield Subheading(capital(title), change.declared[name].arrow)
        yield Table(name, "", head, tuple(rows), numeric=(last - 3, last - 2, last - 1), once=(0, last))


def _verdict(words: str, metric: str) -> str:
    """Drop the metric's title from the sentence, since it is printed above the table."""
    for mention in (f"{metric}: ", f" the {metric}", f" in {metric}", f" {metric}"):
        words = words.replace(mention, "")
    return " ".join(words.split())


def _cameras(results: Results, change: Comparison, names: Sequence[str]) -> list[Section]:
    """State what the map omits about mapped cameras and the resulting range; empty if nothing was mapped."""
    said = [text.removeprefix(_CAMERAS) for text in dict.fromkeys(results.notes["note"]) if text.startswith(_CAMERAS)]
    if not said:
        return []
    shown = results.band[results.band["metric"].isin(names) & (results.band["note"] == "")]
    blocks: list[Block] = [*_list(said)]
    if len(shown):
        blocks.append(Paragraph((
            "The map leaves the views open, so each number is a band: each camera with the view that shows fewest "
            "people, as drawn (the mean of the replicates), and with the view that shows most. Who looked stays as "
            "drawn. Metrics that more passes may raise or lower have no band.",
        ), quiet=True))  # fmt: skip
    for name in names:
        rows = tuple(
            ((change.titles[row["policy"]],), (row["curve"],),
             *((short(row[end]),) for end in ("fewest", "drawn", "most")))
            for row in shown[shown["metric"] == name].to_dict("records")
        )  # fmt: skip
        if rows:
            head = ("policy", "curve", "fewest", "as drawn", "most")
            blocks.append(Subheading(capital(f"{change.declared[name].title}, {change.declared[name].unit}")))
            blocks.append(Table(f"band-{name}", "", head, rows, numeric=(2, 3, 4), once=(0,)))
    return [Section("cameras", "The cameras, and what nobody mapped about them", tuple(blocks))]


def _list(lines: Sequence[str]) -> tuple[Block, ...]:
    return (Bullets(tuple((line,) for line in lines)),) if lines else (Paragraph(("None.",), quiet=True),)


def _provenance(results: Results) -> Table:
    manifest = results.manifest
    lines = {
        "run id": results.run_id, "privacysim": manifest["privacysim"], "commit": manifest["commit"] or "unknown",
        "source": manifest["source"][:16], "Python": manifest["python"], "platform": manifest["platform"],
        "libraries": ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items()),
        "facts": manifest["data"].get("facts.csv", "")[:16], "begun": manifest["begun"],
        "took": f"{manifest['seconds']} s, {manifest['cpu_seconds']} CPU s, {manifest['workers']} workers",
        "arms": "; ".join(f"{arm['id']}: {arm['title']}" for arm in manifest["arms"]),
        "again": f"in the folder inputs/: privacysim run {manifest['study']['id']}",
    }  # fmt: skip
    return Table("sources", "", ("", ""), tuple(((name,), (str(value),)) for name, value in lines.items()))


def _notes(results: Results) -> list[str]:
    said = results.notes
    general = said[(said["metric"] == "") & ~said["note"].str.startswith(_CAMERAS)].groupby("note", sort=False).size()
    return [f"{text} ({count} of {len(results.manifest['replicates'])} replicates)" for text, count in general.items()]
