"""The declaration of a metric, and the list of all of them.

A new metric is one function in one file. It gives sums for a block of people, or rows for the whole Log; sums of
blocks are added in block order, and `value` turns them into readings. So nothing needs all people at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.vocabulary import CURVES

Function = TypeVar("Function", bound=Callable[..., Any])
Part = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """What single rows of the records bring to a metric: their root event, a sum and a count."""

    root: NDArray[np.int64] | NDArray[np.uint64]
    total: NDArray[np.float64]
    n: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a metric (None where it is undefined, with the reason in `note`); `curve` may be empty."""

    curve: str
    value: float | None
    contributors: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with everything that a table or a referee asks about it."""

    name: str
    title: str
    unit: str
    direction: Literal["lower", "higher", "either"]
    sample: Literal["exact", "consistent", "census"]
    family: str
    attacker: str
    equation: str
    source: str
    of: Literal["people", "records", "footage", "viewed"]
    bounded: bool
    rows: Callable[..., Any]
    value: Callable[[Part], list[Reading]]
    monotone: bool = False
    """Of people: whether no further pass in front of a watched camera can lower it."""
    output: str = ""
    """What it tells of the adversary, in the words of Wagner and Eckhoff's survey (`OUTPUTS`); empty: of none."""
    range: str = "0 …"
    default: bool = True
    """Whether every study reports it; the others are named in the study's `metrics`."""
    flow: str = ""
    """Of people: what stands in for it in a pilot: a flow past cameras (seconds, viewer_seconds, passes, sensitive), or
    searched, the camera-days that searches by face cover."""
    viewers: str = ""
    """Of people: whose acts count: outsiders, or a legality."""

    def part(self, seen: PeopleSeen | Records | Footage | Viewed) -> Part:
        """The sums of a block of people, of the records of an arm, of footage, or of what was viewed."""
        found = self.rows(seen)
        return {"total": found.total.sum(), "n": found.n.sum()} if isinstance(found, Rows) else found

    def _repr_html_(self) -> str:
        return (f"<p><b>{escape(self.title)}</b> ({escape(self.unit)}){' ' + self.arrow if self.arrow else ''}: "
                f"{escape(self.equation)}. Seen by: {escape(self.attacker)}. {escape(self.source)}.</p>")  # fmt: skip

    @property
    def arrow(self) -> str:
        """Which way is better for the people filmed or for the use named."""
        return {"lower": "↓ lower is better", "higher": "↑ higher is better", "either": ""}[self.direction]


FAMILIES = (
    "exposure", "re-identification", "inference", "equity", "leaks", "secrets", "voyeurism", "gap", "legality",
    "access", "usefulness",
)  # fmt: skip
"""The families, in the order of a table."""
OUTPUTS = (
    "uncertainty", "information gain", "data similarity", "indistinguishability", "success", "error", "time",
    "accuracy",
)  # fmt: skip
"""What a privacy metric can tell of an adversary: Wagner and Eckhoff 2018 (doi:10.1145/3168389), in their order."""
METRICS: dict[str, Metric] = {}
"""Every metric by name, by family, then in the order of declaration."""


def metric(
    *, title: str, unit: str, direction: Literal["lower", "higher", "either"], family: str, equation: str, source: str,
    of: Literal["people", "records", "footage", "viewed"], value: Callable[[Part], list[Reading]], attacker: str = "–",
    sample: Literal["exact", "consistent", "census"] = "exact", bounded: bool = True, name: str = "",
    monotone: bool = False, output: str = "", range: str = "0 …", default: bool = True, flow: str = "",
    viewers: str = "",
) -> Callable[[Function], Function]:
    """Declare the decorated function as a metric; its name is the function's unless `name` is given.

    Of people it takes `PeopleSeen` and gives sums; of records it takes `Records` and gives `Rows`; of footage it takes
    `Footage` and gives sums; of what was viewed `Viewed`, and sums.
    """

    def declare(rows: Function) -> Function:
        own = name or rows.__name__
        if own in METRICS:
            raise ValueError(f"two metrics are called {own}")
        if family not in FAMILIES or (output and output not in OUTPUTS):
            raise ValueError(f"{own}: an unknown family or output: {family}, {output}")
        METRICS[own] = Metric(
            own, title, unit, direction, sample, family, attacker, equation, source, of, bounded, rows, value,
            monotone, output, range, default, flow, viewers,
        )
        for known in sorted(METRICS, key=lambda known: FAMILIES.index(METRICS[known].family)):
            METRICS[known] = METRICS.pop(known)
        return rows

    return declare


def metric_named(name: str) -> Metric:
    """The metric of that name; an unknown name is an error that names the nearest."""
    if name not in METRICS:
        raise InputError("metrics", "a known metric", name, did_you_mean(name, METRICS))
    return METRICS[name]


def wanted_metrics(named: Iterable[str], *, everybody: bool) -> tuple[str, ...]:
    """The metrics of a study: those that every study reports, and those named (metrics or whole families).

    A census metric cannot be told from a sample: without everybody (`sample = "all"`) naming one is an InputError, and
    a family brings only its others.
    """
    chosen = {name for name, one in METRICS.items() if one.default}
    for name in named:
        if name in FAMILIES:
            of_it = {n for n, one in METRICS.items() if one.family == name}
            chosen |= {n for n in of_it if everybody or METRICS[n].sample != "census"}
            continue
        if name not in METRICS:
            raise InputError("metrics", "a metric or a family of metrics", name,
                             did_you_mean(name, [*METRICS, *FAMILIES]))  # fmt: skip
        if METRICS[name].sample == "census" and not everybody:
            raise InputError(f"metrics, {name}", "everybody: it cannot be told from a sample", "a sample",
                             'write sample = "all" (--sample all), in a district, or leave it out')  # fmt: skip
        chosen.add(name)
    return tuple(name for name in METRICS if name in chosen)


def total(sums: Part) -> list[Reading]:
    """Value = the summed `total`; contributors = the summed `n`."""
    return [Reading("", sums["total"], round(sums["n"]))]


def totals_by_curve(sums: Part) -> list[Reading]:
    """One total per branch of the identification curve."""
    return [Reading(curve, sums[curve], round(sums[f"n_{curve}"])) for curve in CURVES]


def ratio(what: str) -> Callable[[Part], list[Reading]]:
    """Value = `total` over `n`; undefined where there are no `what`."""

    def value(sums: Part) -> list[Reading]:
        if sums["n"] == 0:
            return [Reading("", None, 0, f"undefined: there are no {what}")]
        return [Reading("", sums["total"] / sums["n"], round(sums["n"]))]

    return value
