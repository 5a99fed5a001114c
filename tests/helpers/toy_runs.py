"""Runs of the toy study in separate processes: starting them, and observing them from outside."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CODE = ("import sys; from tests.helpers import toy_study; toy_study.put(); "
        "from privacysim.cli.main import main; sys.exit(main(sys.argv[1:]))")  # fmt: skip


def environment(cache: Path, **more: str) -> dict[str, str]:
    """Environment of a run, which finds the toy study and has a separate cache."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
            "PRIVACYSIM_CACHE": str(cache), **more}  # fmt: skip


def children(pid: int) -> list[int]:
    """Worker processes of a run, from the operating system's list."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def parts(cwd: Path) -> set[str]:
    """Names of the part files of the run that writes its results to `r`."""
    return {path.name for path in (cwd / "r").rglob("r*-b*.json")}
