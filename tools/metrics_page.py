"""Makes the reference page of all metrics from their declarations: `python -m tools.metrics_page`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from privacysim.metrics import DECLARED, FAMILIES, OUTPUTS, Metric

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
_HEAD = """# Metrics

One number is never evidence: report several families, each with its attacker. This page is made from the declarations
in `data/metrics.csv` and `measures.csv` (`python -m tools.metrics_page`); a test holds it to them.

*Sample* says what a sample of people can tell: **exact** (unbiased at any size), **consistent** (its bias shrinks
with the sample), **census** (only with everybody; a study refuses it with a sample). *Tells* is what it tells of an
adversary, by the families of Wagner and Eckhoff (2018, doi:10.1145/3168389).

## For your own data frames
"""


def measures() -> list[dict[str, str]]:
    """Rows of `measures.csv`: what each function of `privacysim.attacks` measures, and for which attacker."""
    with (REFERENCE / "measures.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def text() -> str:
    """Whole page as Markdown."""
    made = [_HEAD, _table(
        ("function", "measures", "tells", "attacker", "unit", "equation", "source", "sample"),
        [(f"`{m['name']}`", m["title"], m["output"] or "–", m["attacker"], m["unit"], m["equation"], m["source"],
          m["sample"]) for output in (*OUTPUTS, "") for m in measures() if m["output"] == output],
    )]  # fmt: skip
    made.append("\n## Of a study\n\nEvery study reports those marked *always*; the others, or a whole family of them, "
                'are named in the study: `metrics = ["equity", "acts[channel=request]"]`. A name with a heading in '
                "brackets declares one metric for each word; `acts[channel]` names all words.\n")  # fmt: skip
    for family in FAMILIES:
        rows = [
            (_names(m), f"{m.whole or m.title} {m.arrow[:1]}".strip(), m.output or "–", m.attacker, m.unit, m.range,
             m.equation, m.source, m.sample, "always" if m.default else "on request")
            for m in DECLARED.values() if m.family == family
        ]  # fmt: skip
        if not rows:
            continue
        head = ("metric", "what", "tells", "attacker", "unit", "range", "equation", "source", "sample", "reported")
        made.append(f"### {family}\n\n" + _table(head, rows))
    return "\n".join(made)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell if cell.startswith("`") else _plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _names(one: Metric) -> str:
    words = [f"{one.name}[{heading}=…]" for heading in one.by]
    return ", ".join(f"`{name}`" for name in ([one.name] if one.whole or not words else []) + words)


def _plain(cell: str) -> str:
    cell = cell.replace("{heading}", "…").replace("{word}", "…")
    for sign in "\\|<*_#[]":
        cell = cell.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return cell


if __name__ == "__main__":
    (REFERENCE / "metrics.md").write_text(text(), encoding="utf-8")
