"""The reference of numbers and metrics: the facts with their sources, and what each metric declares of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from privacysim.facts import facts
from privacysim.metrics import METRICS


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """Two pages: facts and metrics."""
    rows = [
        f"| `{one.id}` | {one.value:.10g} | {one.low:.6g} – {one.high:.6g} | {_text(one.unit)} | {one.status} | "
        f"{_text(one.source)} |"
        for one in facts().values()
    ]
    yield "facts.md", (
        "# Facts\n\nEvery number that the model takes from the world. Status: R primary text read, S secondary source, "
        "D derived from such rows, measured, assumption, CALIBRATED (solved so that the model holds a datum; never "
        "counted as a validation).\n\n| id | value | range | unit | status | source |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows) + "\n"
    )  # fmt: skip
    made = ["# Metrics\n\nEach metric is one function that declares what a reader needs to judge it.\n"]
    for one in METRICS.values():
        made.append(f"## {one.name}\n\n{_text(one.title)} {one.arrow}\n")
        for name in ("unit", "family", "attacker", "panel", "equation", "source"):
            value = getattr(one, name, "")
            if value:
                made.append(f"- *{name}*: {_text(str(value))}")
        made.append("")
    yield "metrics.md", "\n".join(made)


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
