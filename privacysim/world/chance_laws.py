"""Laws of chance as functions of marks: root events in time, lognormal times, the mean of a capped lognormal.

Root events are Poisson day by day: the number on day d is the quantile of that day's own mark, and event j of day d
has the id (d, j). So a longer study, a longer warm-up or another stream changes none of them. Rates are the fact's
`high`; thinning by a mark of the event makes a lower rate a subset (Lewis and Shedler 1979,
doi:10.1002/nav.3800260304).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, pdtr, pdtrik

from privacysim.draws import stream_key, uniform
from privacysim.units import DAY_TICKS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DAY_SHIFT = 4096
"""Days from −4096 on have ids."""
_PER_DAY = 1 << 20
_Z95, _Z99 = 1.6448536269514722, 2.3263478740408408


def poisson_quantile(u: Floats, mean: float) -> Ints:
    """Smallest n with P(N ≤ n) ≥ u for a Poisson number N.

    >>> poisson_quantile(np.array([0.01, 0.5, 0.99]), 185.0)
    array([154, 185, 217])
    """
    if mean <= 0:
        return np.zeros(u.size, dtype=np.int64)
    high = np.ceil(pdtrik(u, mean))
    below = np.maximum(high - 1, 0)
    return np.where(pdtr(below, mean) >= u, below, high).astype(np.int64)


def roots(seed: int, k: int, stream: str, per_day: float, days: range) -> tuple[Ints, Ints]:
    """Ids and ticks of Poisson root events at `per_day` on each of the days, in order of time.

    Marks of an event belong to its id (and any stream name); its time is the first mark of `{stream}.time`.
    """
    numbers = np.arange(days.start, days.stop, dtype=np.int64)
    counts = poisson_quantile(uniform(stream_key(seed, k, f"{stream}.count"), numbers + _DAY_SHIFT), per_day)
    day = np.repeat(numbers, counts)
    first = np.cumsum(counts) - counts
    ids = (day + _DAY_SHIFT) * _PER_DAY + np.arange(day.size) - np.repeat(first, counts)
    tick = day * DAY_TICKS + (uniform(stream_key(seed, k, f"{stream}.time"), ids) * DAY_TICKS).astype(np.int64)
    order = np.lexsort((ids, tick))
    return ids[order], tick[order]


def lognormal(u: Floats, median: float, p95: float) -> Floats:
    """Quantile of the lognormal with that median and 95 % point.

    >>> lognormal(np.array([0.5, 0.95]), 5.0, 28.0).round(6)
    array([ 5., 28.])
    """
    quantiles: Floats = median * np.exp(math.log(p95 / median) / _Z95 * ndtri(u))
    return quantiles


def capped_lognormal_mean(median: float, p99: float, cap: float) -> float:
    """E[min(X, cap)] of a lognormal X: `e^(μ+σ²/2)·Φ((ln cap−μ−σ²)/σ) + cap·(1 − Φ((ln cap−μ)/σ))`.

    >>> round(capped_lognormal_mean(1e3, 1e6, 1e6))
    31368
    """
    mu, sigma = math.log(median), math.log(p99 / median) / _Z99
    z = (math.log(cap) - mu) / sigma
    return float(math.exp(mu + sigma * sigma / 2) * ndtr(z - sigma) + cap * ndtr(-z))


def pick(shares: Floats, u: Floats) -> NDArray[np.intp]:
    """Which of several kinds, in proportion to `shares` (any positive scale), by mark.

    >>> pick(np.array([1.0, 3.0]), np.array([0.2, 0.3]))
    array([0, 1])
    """
    bounds = np.cumsum(shares)
    return np.searchsorted(bounds[:-1], u * bounds[-1], side="right")


def minutes(value: Floats) -> Ints:
    """Ticks of so many minutes, at least one."""
    return np.maximum(np.round(value * 600.0), 1).astype(np.int64)
