"""One measured figure, its reference, and how time is taken.

CPU seconds of this thread, the best of a few runs: on a shared machine the wall clock says how busy the neighbours are.
Rates are of single-threaded work; ratios are of figures taken in the same run.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from time import thread_time
from typing import Any, TypeVar

import numpy as np

from privacysim.bench import ceilings_kernel as kernel
from privacysim.draws import stream_key, uniform
from privacysim.errors import ResultsError

Made = TypeVar("Made")
_WORDS = 1 << 25
"""256 MiB an array: eight times a large cache."""


@dataclass(frozen=True)
class Row:
    """One comparison: our rate, a reference's, and by how much it should be beaten.

    `equal` says in what the two results were compared before their times were; `target` is a ratio of the rates, or
    0 where none is set.
    """

    case: str
    what: str
    unit: str
    rate: float
    reference: str
    reference_rate: float
    target: float
    equal: str

    @property
    def ratio(self) -> float:
        """How many times the reference's rate."""
        return self.rate / self.reference_rate

    def as_json(self) -> dict[str, Any]:
        """Plain data, the ratio with it."""
        return asdict(self) | {"ratio": self.ratio, "holds": not self.target or self.ratio >= self.target}


@dataclass(frozen=True)
class Skipped:
    """A comparison that was not made: the peer is not installed here."""

    case: str
    peer: str
    why: str


def agree(holds: bool, case: str, said: object = "") -> None:
    """Before any time is taken: a quick wrong answer is no answer."""
    if not holds:
        raise ResultsError(f"bench {case}: the two sides do not give the same {said}.\n"
                           "  Fix: none here; an error of privacysim or of the peer, please report it.")  # fmt: skip


def seconds(work: Callable[[], Made], repeats: int = 3) -> tuple[float, Made]:
    """CPU seconds of the quickest of some runs, and what the last one made."""
    best = np.inf
    for _ in range(max(repeats, 1)):
        begun = thread_time()
        made = work()
        best = min(best, thread_time() - begun)
    return float(best), made


@dataclass(frozen=True)
class Ceilings:
    """What memory gives to one thread: bytes streamed and random fetches of eight bytes, a second.

    `gathers_s` is numpy's `values[where]`, which fetches, reads an index and stores; `bare_gathers_s` only fetches and
    adds. Random fetches are the unit in which look-ups are counted: targets set on another machine are scaled by
    `gathers_s`.
    """

    bytes_s: float
    gathers_s: float
    bare_gathers_s: float


def ceilings() -> Ceilings:
    """Measure them now: everything else is to be read against these."""
    a, b, c = np.zeros(_WORDS), np.ones(_WORDS), np.ones(_WORDS)
    kernel.triad(a[:8], b[:8], c[:8])
    streamed, _ = seconds(lambda: kernel.triad(a, b, c), 5)
    values = a.view(np.int64)
    where = (uniform(stream_key(0, 0, "gather"), np.arange(_WORDS)) * _WORDS).astype(np.int64)
    kernel.gather(values, where[:8])
    fetched, _ = seconds(lambda: values[where], 5)
    bare, _ = seconds(lambda: kernel.gather(values, where), 5)
    return Ceilings(24.0 * _WORDS / streamed, where.size / fetched, where.size / bare)


def machine() -> dict[str, Any]:
    """What runs here, and how busy it is: the load average of the last minute says how far to trust wall times."""
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as file:
        name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": name, "cores": os.cpu_count(), "python": platform.python_version(), "load_at_start": load}
