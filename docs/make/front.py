"""Sentences about the headline for the front page, from the saved results; the figure is docs/static/headline.svg."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from privacysim.report.answer import Answer
from privacysim.report.report_model import plain
from privacysim.report.report_source import source_of
from privacysim.results.results import load_results
from privacysim.wording import Words


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """A Markdown fragment that `index.md` includes."""
    results = load_results(docs.parent / "notebooks" / "saved" / "headline")
    change = results.compare()
    answer = Answer(source_of(results), Words("en"))
    said = "\n".join(f"- {plain(line)}" for line in answer.answer(answer.primary, answer.arms))
    study = results.manifest["study"]
    alt = f"Ratio to {change.baseline} with its interval, by policy and curve"
    yield "front.md", (
        f"```{{image}} static/headline.svg\n:alt: {alt}\n```\n\n{said}\n\n"
        f"{len(results.manifest['replicates'])} paired replicates of {study['days']} days, a sample of "
        f"{study['sample']:,} people, seed {study['seed']}, run `{results.run_id}`; ratios with paired 95 % intervals. "
        "Command: `python3 run.py study`. They cover the noise of sample, cameras and events, not the uncertainty of "
        "the facts: [how certain the answer is](made/notebooks/09_how_sure).\n"
    )
