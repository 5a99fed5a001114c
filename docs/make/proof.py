"""Page on coverage and mutation testing, from the tables written by `tools/cover.py` and `tools/mutate.py`."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from pathlib import Path


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page: what the tests run, and which errors they notice."""
    kept = docs / "evidence"
    yield "coverage.md", "\n\n".join(
        [
            "# Coverage of the tests, and errors that they notice",
            *_coverage(_rows(kept / "coverage.csv")),
            *_mutants(_rows(kept / "mutation.csv"), _rows(kept / "mutation_survivors.csv")),
            *_long_set(docs.parent / "tests"),
        ]
    ) + "\n"  # fmt: skip


def _coverage(rows: list[dict[str, str]]) -> Iterator[str]:
    yield (
        "## Lines and branches\n\n`python tools/cover.py` counts the lines and branches of `privacysim/` that tests "
        "run, in every process they start. Compiled code cannot be traced, so the tests of the kernels run once more "
        "with numba switched off: the same functions as plain Python, against the same oracles."
    )
    lines = [
        f"| {row['room']} | {row['lines']} | {row['run']} | {row['branches']} | {row['taken']} | {row['percent']} |"
        for row in rows
    ]
    yield "| room | lines | run | branches | taken | % |\n|---|---|---|---|---|---|\n" + "\n".join(lines)


def _mutants(rows: list[dict[str, str]], survivors: list[dict[str, str]]) -> Iterator[str]:
    yield (
        "## Mutants\n\n`python tools/mutate.py` changes one operator, constant, condition or name at a time and runs "
        "the area's tests. A mutant without an observable effect is explained and not counted; the "
        "interval is Wilson's."
    )
    lines = [
        f"| {row['area']} | {row['mutants']} | {row['drawn']} (seed {row['seed']}) | {row['killed']} | "
        f"{row['explained']} | {row['score_percent']} | {row['low']} to {row['high']} |"
        for row in rows
    ]
    head = ("area", "mutants", "drawn", "noticed", "explained", "% noticed of the rest", "95 %")
    yield f"| {' | '.join(head)} |\n{'|---' * len(head)}|\n" + "\n".join(lines)
    lines = [
        f"| `{row['file'].removeprefix('privacysim/')}` | {_code(row['code'])} | {_text(row['change'])} | "
        f"{_text(row['why']) or '**not noticed**'} |"
        for row in survivors
    ]
    if lines:
        yield "Those that no test noticed:\n\n| file | line | change | why |\n|---|---|---|---|\n" + "\n".join(lines)


def _long_set(tests: Path) -> Iterator[str]:
    yield (
        "## The long set\n\n`python3 run.py test --slow` runs these on top of the plain run; what they cost and found "
        "stands in [figures](../evidence/figures.md) and [statistics](../evidence/statistics.md)."
    )
    lines = []
    for path in sorted(tests.glob("*/test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            marks = [ast.unparse(one) for one in getattr(node, "decorator_list", [])]
            if isinstance(node, ast.FunctionDef) and "pytest.mark.slow" in marks:
                says = node.name.removeprefix("test_").replace("_", " ")
                lines.append(f"| {says} | `{path.relative_to(tests)}` |")
    yield "| what | in |\n|---|---|\n" + "\n".join(lines)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _code(text: str) -> str:
    return f"`{text[:80]}`".replace("|", "\\|")


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")
