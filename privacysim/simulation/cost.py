"""Cost of a run, measured by itself: CPU seconds, memory and bytes of each stage, in each unit of work.

A stage is measured by the CPU time of its thread, so that other load on the machine does not count. Compilation (by
numba, only with an empty cache) is subtracted from the stage in which it happens and reported as its own stage.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import process_time, thread_time
from typing import Any

from numba.core import event

Cost = dict[str, dict[str, float]]
"""Quantity ("cpu_s", "count", "bytes", "resident_mb") → stage or item → number."""

_ADDED = ("cpu_s", "count")
"""Quantities summed over units; of the others the largest is kept."""
COMPILATION, START = "compilation", "start of a worker"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_STATM = Path("/proc/self/statm")


class _Ledger(threading.local):
    def __init__(self) -> None:
        self.cost: Cost = {}
        self.compiled_s = 0.0


class _Compilations(event.Listener):
    """Adds up the CPU time of compilations; nested ones count as part of the outer one."""

    def __init__(self) -> None:
        self._local = threading.local()

    def on_start(self, event: Any) -> None:
        depth = getattr(self._local, "depth", 0)
        if depth == 0:
            self._local.begun = thread_time()
        self._local.depth = depth + 1

    def on_end(self, event: Any) -> None:
        self._local.depth -= 1
        if self._local.depth == 0:
            _ledger.compiled_s += thread_time() - self._local.begun


_ledger = _Ledger()
_started = False
event.register("numba:compile", _Compilations())  # type: ignore[no-untyped-call]


def add(kind: str, name: str, amount: float) -> None:
    """Add to this thread's ledger; bytes and resident memory keep the largest."""
    kept = _ledger.cost.setdefault(kind, {})
    kept[name] = kept.get(name, 0.0) + amount if kind in _ADDED else max(kept.get(name, 0.0), amount)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Charge the work inside the `with` block to a stage."""
    begun, compiled = thread_time(), _ledger.compiled_s
    try:
        yield
    finally:
        compiled = _ledger.compiled_s - compiled
        add("cpu_s", name, thread_time() - begun - compiled)
        if compiled > 0.0:
            add("cpu_s", COMPILATION, compiled)
        with suppress(OSError, ValueError, IndexError):  # only Linux reports the current resident memory
            add("resident_mb", name, int(_STATM.read_text().split()[1]) * _PAGE / 2**20)


def worker_started() -> None:
    """Charge the work of a worker process before its first unit: its imports."""
    global _started
    if not _started and multiprocessing.parent_process() is not None:
        add("cpu_s", START, process_time())
    _started = True


def collected() -> Cost:
    """Return this thread's ledger and empty it."""
    found, _ledger.cost = _ledger.cost, {}
    return found


def bytes_of(*things: Any) -> int:
    """Count the bytes of the arrays in the fields of these objects."""
    return sum(
        int(getattr(getattr(thing, name), "nbytes", 0)) for thing in things
        for name in (*getattr(thing, "__slots__", ()), *getattr(thing, "__dict__", ()))
    )  # fmt: skip


def total(costs: Iterable[Mapping[str, Mapping[str, float]]]) -> Cost:
    """Combine the costs of many units: sums of seconds and counts, the largest of bytes and memory.

    >>> total([{"cpu_s": {"people": 1.0}, "bytes": {"pieces": 8}}, {"cpu_s": {"people": 2.0}, "bytes": {"pieces": 5}}])
    {'cpu_s': {'people': 3.0}, 'bytes': {'pieces': 8}}
    """
    whole: Cost = {}
    for cost in costs:
        for kind, rows in cost.items():
            kept = whole.setdefault(kind, {})
            for name, amount in rows.items():
                kept[name] = kept.get(name, 0.0) + amount if kind in _ADDED else max(kept.get(name, 0.0), amount)
    return whole


def in_words(manifest: Mapping[str, Any]) -> str:
    """Describe a run's cost from its manifest in one paragraph: stages by CPU seconds, largest first.

    >>> print(in_words({"cpu_seconds": 9.0, "seconds": 5.0, "workers": 2, "peak_memory_mb_of_a_process": 900.0,
    ...                 "cost": {"cpu_s": {"people": 3.0, "exposure": 4.0}}}))
    Cost:    9.0 CPU s in 5.0 s with 2 workers, at most 900 MB a process
             exposure 4.0 · people 3.0 · everything else 2.0
    """
    seconds = dict(manifest["cost"].get("cpu_s", {}))
    rest = max(manifest["cpu_seconds"] - sum(seconds.values()), 0.0)
    ranked = sorted(seconds.items(), key=lambda row: -row[1])
    stages = " · ".join(f"{name} {spent:.1f}" for name, spent in [*ranked, ("everything else", rest)])
    return (
        f"Cost:    {manifest['cpu_seconds']:.1f} CPU s in {manifest['seconds']:.1f} s with {manifest['workers']} "
        f"workers, at most {manifest['peak_memory_mb_of_a_process']:.0f} MB a process\n         {stages}"
    )
