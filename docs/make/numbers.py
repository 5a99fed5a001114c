"""Reference of numbers: the facts with their sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from privacysim.facts import facts


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page: the facts."""
    rows = [
        f"| `{one.id}` | {_text(one.title)} | {one.value:.10g} | {one.low:.6g} – {one.high:.6g} | {_text(one.unit)} | "
        f"{one.status} | {_text(one.source)} |"
        for one in facts().values()
    ]
    yield "facts.md", (
        "# Facts\n\nEvery number that the model takes from the world. Status: R primary text read, S secondary source, "
        "D derived from such rows, measured, assumption, CALIBRATED (solved so that the model holds a datum; never "
        "counted as a validation).\n\n| id | title | value | range | unit | status | source |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )  # fmt: skip


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
