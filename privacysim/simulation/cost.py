"""Cost of a run, measured by the run itself: CPU seconds, memory and bytes of each stage, in each unit of work.

A stage is measured by the CPU time of its thread. Compilation by numba is a stage of its own.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
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


class _Ledger(threading.local, event.Listener):
    """Cost of this thread; as a listener of numba, it charges compilations, nested ones once, to their own stage."""

    def __init__(self) -> None:
        self.cost: Cost = {}
        self.charged = self.begun = 0.0
        self.depth = 0

    def charge(self, name: str, spent: float) -> None:
        self.charged += spent
        add("cpu_s", name, spent)

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.begun = thread_time()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.charge(COMPILATION, thread_time() - self.begun)


_ledger = _Ledger()
event.register("numba:compile", _ledger)  # type: ignore[no-untyped-call]


def _enter(whole: Cost, kind: str, name: str, amount: float) -> None:
    kept = whole.setdefault(kind, {})
    kept[name] = kept.get(name, 0.0) + amount if kind in _ADDED else max(kept.get(name, 0.0), amount)


def add(kind: str, name: str, amount: float) -> None:
    """Add to this thread's ledger; bytes and resident memory keep the largest."""
    _enter(_ledger.cost, kind, name, amount)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Charge the work of a `with` block, or of a decorated function, to a stage; stages inside it are not counted."""
    begun, before = thread_time(), _ledger.charged
    try:
        yield
    finally:
        _ledger.charge(name, thread_time() - begun - (_ledger.charged - before))
        with suppress(OSError, ValueError, IndexError):  # only Linux reports the current resident memory
            add("resident_mb", name, int(_STATM.read_text().split()[1]) * _PAGE / 2**20)


@cache
def worker_started() -> None:
    """Charge a worker process's start (its imports) before its first unit, once."""
    if multiprocessing.parent_process() is not None:
        add("cpu_s", START, process_time())


def collected() -> Cost:
    """Return this thread's ledger and empty it."""
    found, _ledger.cost = _ledger.cost, {}
    return found


def bytes_of(*things: Any) -> int:
    """Count the bytes of the arrays in the fields of these objects."""
    return sum(int(getattr(getattr(thing, name), "nbytes", 0)) for thing in things
               for name in (*getattr(thing, "__slots__", ()), *getattr(thing, "__dict__", ())))


def total(costs: Iterable[Mapping[str, Mapping[str, float]]]) -> Cost:
    """Combine the costs of many units: sums of seconds and counts, the largest of bytes and memory."""
    whole: Cost = {}
    for kind, rows in (item for cost in costs for item in cost.items()):
        for name, amount in rows.items():
            _enter(whole, kind, name, amount)
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
    peak = manifest["peak_memory_mb_of_a_process"]  # unknown on Windows
    return (f"Cost:    {manifest['cpu_seconds']:.1f} CPU s in {manifest['seconds']:.1f} s with {manifest['workers']} "
            f"workers{'' if peak is None else f', at most {peak:.0f} MB a process'}\n         {stages}")
