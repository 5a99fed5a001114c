"""Notebook displays of studies, results and comparisons: one explanatory sentence, then the content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from privacysim.simulation.inputs import StudyFile


def study_page(plan: StudyFile) -> str:
    """Page of a study: what is compared, where, for how long."""
    people = "everybody" if plan.sample == "all" else f"a sample of {plan.sample:,} people"
    rules = "".join(f"<li>{escape(name)}{_readings(plan.readings.get(name, ()))}</li>" for name in plan.policies)
    return (f"<p><b>{escape(plan.title or plan.id)}</b>: {len(plan.policies)} sets of rules in "
            f"{escape(plan.scenario)}, {plan.days} days, {plan.replicates} paired replicates, {people}, "
            f"seed {plan.seed}; the baseline is <b>{escape(plan.baseline)}</b>.</p><ul>{rules}</ul>")  # fmt: skip


def _readings(words: tuple[str, ...]) -> str:
    return f" <i>({escape(', '.join(words))})</i>" if words else ""


def results_page(manifest: Mapping[str, Any], run_id: str) -> str:
    """Page of results: what was run, and how to read them."""
    study = manifest["study"]
    rules = ", ".join(escape(str(arm["title"])) for arm in manifest["arms"])
    return (f"<p><b>Results of {escape(str(study['title'] or study['id']))}</b>: {rules}; {study['days']} days, "
            f"{len(manifest['replicates'])} replicates, seed {study['seed']}, run {escape(run_id)}. "
            "<code>.compare()</code> says what differs.</p>")  # fmt: skip


def comparison_page(baseline: str, lines: Sequence[str], table: pd.DataFrame) -> str:
    """Page of a comparison with the policy titled `baseline`: the primary metric in words, then in numbers."""
    words = "".join(f"<li>{escape(line)}</li>" for line in lines)
    table = table[["policy", "curve", "mean", "ratio", "difference", "n"]]
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in table.to_numpy()
    )
    return (f"<p><b>Against {escape(baseline)}</b></p><ul>{words}</ul>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")  # fmt: skip
