"""Runs of the toy study in processes of their own: how to start one, and what to see of it from outside."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CODE = ("import sys; from tests.helpers import toy_study; toy_study.put(); "
        "from privacysim.cli.main import main; sys.exit(main(sys.argv[1:]))")  # fmt: skip


def environment(cache: Path, **more: str) -> dict[str, str]:
    """The environment of a run: it finds the toy study, and has a cache of its own."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
            "PRIVACYSIM_CACHE": str(cache), **more}  # fmt: skip


def children(pid: int) -> list[int]:
    """Worker processes of a run, by the kernel's own list."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def parts(cwd: Path) -> set[str]:
    """Names of the part files of the run whose results go to `r`."""
    return {path.name for path in (cwd / "r").rglob("r*-b*.json")}
