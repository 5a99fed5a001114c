"""Benchmark rows with their references, and the timing method.

Times are CPU seconds of this thread, the best of a few runs, because wall time on a shared machine depends on its load.
Rates are for single-threaded work; ratios compare values of the same run.
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

from privacysim.draws import stream_key, uniform
from privacysim.errors import ResultsError

Made = TypeVar("Made")
_WORDS = 1 << 25
"""Elements per array: 256 MiB, eight times a large cache."""


@dataclass(frozen=True)
class Row:
    """One comparison: our rate, the reference's rate, and the target ratio.

    `equal` says how the two results were compared before timing; `target` is a ratio of the rates, or 0 for none.
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
        """Our rate divided by the reference's."""
        return self.rate / self.reference_rate

    def as_json(self) -> dict[str, Any]:
        """Return plain data for JSON, including the ratio."""
        return asdict(self) | {"ratio": self.ratio, "holds": not self.target or self.ratio >= self.target}


@dataclass(frozen=True)
class Skipped:
    """A comparison that was skipped because the peer is not installed."""

    case: str
    peer: str


def agree(holds: bool, case: str, said: object = "") -> None:
    """Raise an error if the two results differ; called before timing."""
    if not holds:
        raise ResultsError(f"bench {case}: the two sides do not give the same {said}.\n"
                           "  Fix: none here; an error of privacysim or of the peer, please report it.")  # fmt: skip


def seconds(work: Callable[[], Made], repeats: int = 3) -> tuple[float, Made]:
    """Return the CPU seconds of the fastest run and the result of the last one."""
    best = np.inf
    for _ in range(max(repeats, 1)):
        begun = thread_time()
        made = work()
        best = min(best, thread_time() - begun)
    return float(best), made


@dataclass(frozen=True)
class Ceilings:
    """Memory speed of one thread: bytes streamed, and random fetches of eight bytes, per second.

    `bytes_s` is for numpy's a = b + c (three transfers), `gathers_s` for its `values[where]`, which fetches, reads an
    index and stores. Look-ups are counted in random fetches, so targets set on another machine are scaled by it.
    """

    bytes_s: float
    gathers_s: float


def ceilings() -> Ceilings:
    """Measure the ceilings of this machine, to which all rates relate."""
    a, b, c = np.zeros(_WORDS), np.ones(_WORDS), np.ones(_WORDS)
    streamed, _ = seconds(lambda: np.add(b, c, out=a), 5)
    where = (uniform(stream_key(0, 0, "gather"), np.arange(_WORDS)) * _WORDS).astype(np.int64)
    fetched, _ = seconds(lambda: a[where], 5)
    return Ceilings(24.0 * _WORDS / streamed, _WORDS / fetched)


def machine() -> dict[str, Any]:
    """Describe this machine and its load average of the last minute, which shows how reliable wall times are."""
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as file:
        name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": name, "cores": os.cpu_count(), "python": platform.python_version(), "load_at_start": load}
