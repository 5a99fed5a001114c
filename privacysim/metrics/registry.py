"""The declaration of a metric, and the list of all of them.

A new metric is one function. It gives sums for a block of people, or rows for the whole Log; sums of
blocks are added in block order, and `value` turns them into readings. So nothing needs all people at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.vocabulary import CURVES

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


def _not_here(*_: Any) -> Any:
    raise InputError("metric", "a metric that is installed here", "only its declaration", "bring it: metrics=[…]")


@dataclass(frozen=True, slots=True, repr=False)
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

    def __call__(self, seen: PeopleSeen | Records | Footage | Viewed) -> Any:
        """What the declared function itself gives."""
        return self.rows(seen)

    def __repr__(self) -> str:
        return f"Metric({self.name!r}: {self.title}, {self.unit}{', ' + self.arrow if self.arrow else ''})"

    def part(self, seen: PeopleSeen | Records | Footage | Viewed) -> Part:
        """The sums of a block of people, of the records of an arm, of footage, or of what was viewed."""
        found = self.rows(seen)
        if isinstance(found, Rows):
            return {"total": found.total.sum(), "n": found.n.sum()}
        if isinstance(found, Mapping):
            return found
        values, weight = np.asarray(found, dtype=np.float64), getattr(seen, "weight", None)
        if values.ndim != 1 or (weight is not None and values.size != weight.size):
            raise InputError(
                f"metric {self.name}", "an array with one number for each person or record, Rows, or a dict of sums",
                f"an array of shape {values.shape}", "return one number for each person or record, before any sum",
            )
        total = values.sum() if weight is None else (weight * values).sum()
        return {"total": float(total), "n": float(np.count_nonzero(values))}

    @property
    def declaration(self) -> dict[str, Any]:
        """Everything but the functions, as plain data: what results keep of a metric."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("rows", "value")}

    @staticmethod
    def declared(said: Mapping[str, Any]) -> Metric:
        """A metric as results keep it: it can be shown and compared, but not measured."""
        return Metric(**said, rows=_not_here, value=_not_here)

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
OWN = "own"
"""The family of metrics from outside the package that name none."""
OUTPUTS = (
    "uncertainty", "information gain", "data similarity", "indistinguishability", "success", "error", "time",
    "accuracy",
)  # fmt: skip
"""What a privacy metric can tell of an adversary: Wagner and Eckhoff 2018 (doi:10.1145/3168389), in their order."""
METRICS: dict[str, Metric] = {}
"""Every metric by name, by family, then in the order of declaration."""


def metric(
    *, of: Literal["people", "records", "footage", "viewed"], title: str = "", unit: str = "1",
    direction: Literal["lower", "higher", "either"] = "either", family: str = OWN, equation: str = "", source: str = "",
    value: Callable[[Part], list[Reading]] | None = None, attacker: str = "–",
    sample: Literal["exact", "consistent", "census"] = "exact", bounded: bool = True, name: str = "",
    monotone: bool = False, output: str = "", range: str = "0 …", default: bool = True, flow: str = "",
    viewers: str = "",
) -> Callable[[Callable[..., Any]], Metric]:
    """Declare the decorated function as a metric; its name is the function's unless `name` is given.

    `of` says what the function looks at: `people` (`PeopleSeen`), `records` (`Records`), `footage` (`Footage`) or
    `viewed` (`Viewed`). It returns one number for each person or record (they are weighted and added up), `Rows`, or
    a dict of sums that `value` turns into readings. Metrics of this package join `METRICS`; a metric of your own is
    handed to a study: `Study(…, metrics=[long_stays])`. A wrong declaration is an InputError.

    >>> import privacysim as ps
    >>> @ps.metric(of="people", title="people in view for an hour", unit="people", direction="lower")
    ... def long_stays(seen):
    ...     return seen.identifiable_s[:, :, 1].sum(axis=1) > 3_600
    >>> long_stays
    Metric('long_stays': people in view for an hour, people, ↓ lower is better)
    """

    def declare(rows: Callable[..., Any]) -> Metric:
        own = name or rows.__name__
        if own in METRICS or not re.fullmatch(r"[a-z][a-z0-9_]*", own):
            raise InputError("metric", "a name of small letters that no other metric has", own, "choose another name")
        for where, got, known in (("family", family, (*FAMILIES, OWN)), ("output", output, (*OUTPUTS, ""))):
            if got not in known:
                raise InputError(f"metric {own}, {where}", f"a known {where}", got, did_you_mean(got, known))
        said = (rows.__doc__ or "").strip().split("\n")[0]
        made = Metric(
            own, title or own.replace("_", " "), unit, direction, sample, family, attacker, equation or said or own,
            source or "own metric", of, bounded, rows, value or total, monotone, output, range, default, flow, viewers,
        )
        if rows.__module__.startswith(f"{__package__}.") and rows.__module__ != __name__:
            METRICS[own] = made
            for one in sorted(METRICS, key=lambda one: FAMILIES.index(METRICS[one].family)):
                METRICS[one] = METRICS.pop(one)
        return made

    return declare


def metric_named(name: str, known: Mapping[str, Metric] = METRICS) -> Metric:
    """The metric of that name; an unknown name is an error that names the nearest."""
    if name not in known:
        raise InputError("metrics", "a known metric", name, did_you_mean(name, known))
    return known[name]


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
