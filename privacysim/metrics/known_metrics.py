"""All metrics by name, those that a study reports, and their sums: per block, added in block order, read at the end."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean
from privacysim.metrics import people_metrics, record_metrics, request_metrics
from privacysim.metrics.registry import FAMILIES, Metric, MetricValue, Rows, total
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.parts import known_names, named

Sums = dict[str, dict[str, float]]
"""Metric → name of a sum → its value so far."""
_SHIPPED = [one for file in (people_metrics, record_metrics, request_metrics) for one in vars(file).values()
            if isinstance(one, Metric)]
_SHIPPED.sort(key=lambda one: FAMILIES.index(one.family))
DECLARED = {one.name: one for one in _SHIPPED}
"""Shipped metrics as declared, ordered by family: one entry for all words of a heading."""
METRICS = {single.name: single for one in _SHIPPED for single in one.each()}
"""Shipped metrics by name, in the same order."""


def headline(first: int | None = None) -> tuple[str, ...]:
    """Names of the metrics that a report shows first, in their declared order; the `first` of them if given."""
    names = sorted((name for name, one in METRICS.items() if one.headline), key=lambda name: METRICS[name].headline)
    return tuple(names[:first])


def metric_named(name: str) -> Metric:
    """Metric of that name, shipped or from an installed package; raises InputError for an unknown name."""
    if name in METRICS:
        return METRICS[name]
    base = name.partition("[")[0]
    if base in known_names("metrics"):
        found = named("metrics", base)
        if not isinstance(found, Metric) or found.name != base:
            raise InputError(f"metrics, {base}", f"a Metric called {base}", found, "declare the function with @metric")
        for one in found.each():
            if one.name == name:
                return one
    raise InputError("metrics", "a known metric, or the Metric object of one of yours", name,
                     did_you_mean(name, [*METRICS, *FAMILIES, *known_names("metrics")]))  # fmt: skip


def chosen(asked: Iterable[str | Metric], *, everybody: bool) -> dict[str, Metric]:
    """Metrics of a study by name, in table order: those that every study reports, and those requested.

    `asked` holds `Metric` objects, names, whole families (`equity`), declared names (`acts`) or headings
    (`acts[regime]`, with all their words). A census metric needs everybody (`sample = "all"`): with a sample,
    requesting one raises InputError, and a family includes only its other metrics.
    """
    found = {name: one for name, one in METRICS.items() if one.default}
    for given in asked:
        if isinstance(given, str) and given in FAMILIES:
            found |= {name: one for name, one in METRICS.items()
                      if one.family == given and (everybody or one.sample != "census")}  # fmt: skip
            continue
        for one in given.each() if isinstance(given, Metric) else _singles(given):
            if METRICS.get(one.name, one) is not one and METRICS[one.name].rows is not one.rows:
                raise InputError(f"metrics, {one.name}", "a unique name", "the name of a shipped metric",
                                 "call your function, or its name=, something else")  # fmt: skip
            if one.sample == "census" and not everybody:
                raise InputError(f"metrics, {one.name}", "everybody: it cannot be told from a sample", "a sample",
                                 'write sample = "all" (--sample all), in a district, or leave it out')  # fmt: skip
            found[one.name] = one
    order = [*METRICS, *found]
    return {one.name: one for one in sorted(
        found.values(), key=lambda one: (FAMILIES.index(one.family), order.index(one.name)))}  # fmt: skip


def _singles(name: Any) -> tuple[Metric, ...]:
    if not isinstance(name, str):
        raise InputError("metrics", "names or Metric objects", type(name).__name__, "declare the function with @metric")
    words = tuple(one for key, one in METRICS.items()
                  if key.startswith((f"{name}[", f"{name[:-1]}=")) and name not in METRICS)  # fmt: skip
    return words or (metric_named(name),)


def parts(people: PeopleSeen | None, records: Records | None, footage: Footage | None = None,
          names: Iterable[str | Metric] | None = None, viewed: Viewed | None = None) -> Sums:
    """Sums of the metrics `names` (names or objects; default: all shipped ones) that use what is given."""
    made: Sums = {}
    given = {"people": people, "records": records, "footage": footage, "viewed": viewed}
    for name in METRICS if names is None else names:
        one = metric_named(name) if isinstance(name, str) else name
        seen: Any = given[one.of]
        if seen is None:
            continue
        made[one.name] = {key: float(value) for key, value in one.part(seen).items()}
        if not all(math.isfinite(value) for value in made[one.name].values()):
            raise ArithmeticError(f"metric {one.name} gave a sum that is not finite: {made[one.name]}")
    return made


def add(blocks: Iterable[Sums]) -> Sums:
    """Add the parts of the blocks in the given order, which is always the same because floating-point sums depend on
    it.

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


def readings(sums: Sums, metrics: Mapping[str, Metric] = METRICS) -> list[tuple[str, MetricValue]]:
    """Values of every metric of `metrics` from its sums, in the order of declaration."""
    return [(name, reading) for name, one in metrics.items() if name in sums for reading in one.value(sums[name])]


class Contributions(NamedTuple):
    """Contributions of single root events to a metric: their ids, ascending, their amounts, and the metric's value."""

    root: NDArray[np.int64]
    amount: NDArray[np.float64]
    value: float


def contributions(seen: Records, metrics: Mapping[str, Metric] = METRICS) -> dict[str, Contributions]:
    """Contribution of each root event to each metric of records; a pilot estimates from it how skewed the metric is.

    A total is a sum over root events. A ratio T/N moves, to first order, by (tᵢ − (T/N)·nᵢ)/N if root event i is added
    or left out. A metric whose function returns sums has no rows and is omitted.
    """
    made = {}
    for name, one in metrics.items():
        rows = one.found(seen) if one.of == "records" else None
        if not isinstance(rows, Rows):
            continue
        root, code = np.unique(rows.root, return_inverse=True)
        sums, count = (np.bincount(code.reshape(-1), weights=each).astype(np.float64) for each in (rows.total, rows.n))
        whole, of = float(sums.sum()), float(count.sum())
        plain = one.value is total or of == 0
        made[name] = Contributions(root.astype(np.int64), sums, whole) if plain else Contributions(
            root.astype(np.int64), (sums - whole / of * count) / of, whole / of)  # fmt: skip
    return made
