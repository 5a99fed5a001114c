"""report.html: the headline in words and numbers, two figures, and the provenance of the results."""

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from privacysim.figures import people_by_legality
from privacysim.metrics import METRICS, headline
from privacysim.report import report_model
from privacysim.report.report_model import Block, Bullets, Paragraph, Picture, Report, Section, Subheading, Table
from privacysim.report.sentences import by_legality, capital
from privacysim.results import Comparison, Results
from privacysim.stats import short
from privacysim.wording import Words

_WORDS = Words("en")
_RATIOS = "Ratios to the baseline with 95 % intervals; a hollow mark has none."
_LEGALITY = "People identified, by what the policy's camera rules call the viewing."
_CAMERAS = "cameras: "
"""First words of notes about mapped cameras; the first replicate's note is printed for all."""


def page(results: Results, baseline: str | None = None) -> str:
    """Return the self-contained page of a results folder (report.html), without scripts."""
    return report_model.html_page(study_report(results, baseline))


def study_report(results: Results, baseline: str | None = None) -> Report:
    """Build the report of a results folder, against its own baseline or another arm."""
    change, study = results.compare(baseline), results.manifest["study"]
    own = (name for name in change.declared if name not in METRICS)
    names = list(dict.fromkeys([change.primary, *headline(), *own]))
    ratios = Picture(partial(report_model.drawn, change.plot), _RATIOS, _RATIOS)
    drawn = partial(report_model.drawn, people_by_legality, by_legality(change.rows), titles=change.titles)
    legality = Picture(drawn, _LEGALITY, _LEGALITY)
    sections = [
        Section("frame", "", tuple(Paragraph((line,)) for line in _frame_of_reference(results, change))),
        Section("words", "In words", _list(change.words(by_title=True))),
        Section("numbers", "In numbers", tuple(_numbers(change, names))), *_cameras(results, change, names),
        Section("figures", "Figures", (ratios, legality)), Section("sources", "Sources", (_provenance(results),)),
        Section("notes", "Notes", _list(_notes(results)))
    ]
    return Report("en", study["title"] or f"Study {study['id']}", "", tuple(sections),
                  _WORDS("not_advice"), str(results.manifest["begun"]))  # fmt: skip


def start_in_words(start: str) -> str:
    """Explain how the start of a study affects its numbers."""
    return _WORDS(f"start_{start}")


def _frame_of_reference(results: Results, change: Comparison) -> Iterator[str]:
    study, scenario = results.manifest["study"], results.manifest["scenario"]
    everybody = study["sample"] == "all"
    yield _WORDS("frame_study", title=scenario["title"], scenario=scenario["id"], days=study["days"],
                 n=len(results.manifest["replicates"]), seed=study["seed"], baseline=change.baseline,
                 sample=_WORDS("everybody") if everybody else _WORDS("frame_sample", n=f"{study['sample']:,}"),
                 law=_WORDS("frame_law_own" if study["law_date"] == "own" else "frame_law", date=study["law_date"]))
    yield capital(start_in_words(change.start)) + "."
    yield _WORDS("frame_curves")
    if readings := [str(arm["id"]) for arm in results.manifest["arms"] if arm["reading"]]:
        yield _WORDS("frame_readings", readings=", ".join(readings))
    if not scenario["calibrated"]:
        yield _WORDS("frame_uncalibrated")


def _numbers(change: Comparison, names: Sequence[str]) -> Iterator[Block]:
    """Yield one table per metric: one row per policy and curve, with the verdict in words beside its numbers."""
    start = start_in_words(change.start).split(":")[0]
    yield Paragraph((_WORDS("numbers_quiet", baseline=change.baseline, start=start),), quiet=True)
    for name in names:
        table = change.table([name], text=True)
        if table.empty:
            continue
        table = table.sort_values("policy", key=lambda ids: ids.map(list(change.titles).index), kind="stable")
        title = change.declared[name].title
        table["policy"] = table["policy"].map(change.titles)
        table["in words"] = [_verdict(words, title) for words in table["in words"]]
        curve = ["curve"] if (table["curve"] != "").any() else []
        yield Subheading(capital(title), change.declared[name].arrow)
        yield _table(name, table[["policy", *curve, "mean", "ratio", "difference", "in words"]], "in words")


def _table(name: str, frame: pd.DataFrame, *once: str) -> Table:
    """A table of a frame of texts; the texts of the policy and of the `once` columns are printed once."""
    head, numbers = tuple(frame.columns), ("mean", "ratio", "difference", "fewest", "as drawn", "most")
    numeric = tuple(n for n, column in enumerate(head) if column in numbers)
    rows = tuple(tuple((str(cell),) for cell in row) for row in frame.itertuples(index=False))
    return Table(name, "", head, rows, numeric, (0, *(head.index(column) for column in once)))


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
        blocks.append(Paragraph((_WORDS("cameras_band"),), quiet=True))
    for name in names:
        mine = shown[shown["metric"] == name]
        if len(mine):
            texts = {"policy": mine["policy"].map(change.titles), "curve": mine["curve"]}
            texts |= {head: mine[end].map(short) for head, end in
                      (("fewest", "fewest"), ("as drawn", "drawn"), ("most", "most"))}  # fmt: skip
            blocks.append(Subheading(capital(f"{change.declared[name].title}, {change.declared[name].unit}")))
            blocks.append(_table(f"band-{name}", pd.DataFrame(texts)))
    return [Section("cameras", "The cameras, and what nobody mapped about them", tuple(blocks))]


def _list(lines: Sequence[str]) -> tuple[Block, ...]:
    return (Bullets(tuple((line,) for line in lines)),) if lines else (Paragraph(("None.",), quiet=True),)


def _provenance(results: Results) -> Table:
    manifest = results.manifest
    lines = {"run id": results.run_id, "privacysim": manifest["privacysim"], "commit": manifest["commit"] or "unknown",
             "source": manifest["source"][:16], "Python": manifest["python"], "platform": manifest["platform"],
             "libraries": ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items()),
             "facts": manifest["data"].get("facts.csv", "")[:16], "begun": manifest["begun"],
             "took": f"{manifest['seconds']} s, {manifest['cpu_seconds']} CPU s, {manifest['workers']} workers",
             "arms": "; ".join(f"{arm['id']}: {arm['title']}" for arm in manifest["arms"]),
             "again": f"in the folder inputs/: privacysim run {manifest['study']['id']}"}
    return Table("sources", "", ("", ""), tuple(((name,), (str(value),)) for name, value in lines.items()))


def _notes(results: Results) -> list[str]:
    said = results.notes
    general = said[(said["metric"] == "") & ~said["note"].str.startswith(_CAMERAS)].groupby("note", sort=False).size()
    return [f"{text} ({count} of {len(results.manifest['replicates'])} replicates)" for text, count in general.items()]
