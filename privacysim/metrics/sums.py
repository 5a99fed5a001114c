"""Parts of metrics: taken per block, added in block order, read at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable

from privacysim.metrics.registry import METRICS, Metric, Reading
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed

Sums = dict[str, dict[str, float]]
"""Metric → name of a sum → its value so far."""


def parts(
    people: PeopleSeen | None, records: Records | None, footage: Footage | None = None,
    names: Iterable[str | Metric] | None = None, viewed: Viewed | None = None,
) -> Sums:
    """The parts of the metrics `names` (names or metrics, all by default) that look at what is given."""
    made: Sums = {}
    looked_at: dict[str, PeopleSeen | Records | Footage | Viewed | None] = {
        "people": people, "records": records, "footage": footage, "viewed": viewed,
    }  # fmt: skip
    for named in METRICS if names is None else names:
        one = METRICS[named] if isinstance(named, str) else named
        name, given = one.name, looked_at[one.of]
        if given is None:
            continue
        made[name] = {key: float(value) for key, value in one.part(given).items()}
        if not all(math.isfinite(value) for value in made[name].values()):
            raise ArithmeticError(f"metric {name} gave a sum that is not finite: {made[name]}")
    return made


def add(blocks: Iterable[Sums]) -> Sums:
    """Sum the parts of the blocks in the order given: floating-point sums depend on it, so it is always the same.

    >>> add([{"m": {"total": 1.0}}, {"m": {"total": 2.5}}])
    {'m': {'total': 3.5}}
    """
    whole: Sums = {}
    for block in blocks:
        for name, sums in block.items():
            mine = whole.setdefault(name, {})
            for key, value in sums.items():
                mine[key] = mine.get(key, 0.0) + value
    return whole


def readings(sums: Sums, metrics: Iterable[Metric] | None = None) -> list[tuple[str, Reading]]:
    """The readings of every metric (of all declared ones by default), from its sums, in their order."""
    known = METRICS.values() if metrics is None else metrics
    return [(one.name, reading) for one in known if one.name in sums for reading in one.value(sums[one.name])]
