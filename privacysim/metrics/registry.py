"""Declaration of a metric: one function with all that a table or a reviewer needs to know about it.

It returns sums for a block of people, or rows for the whole Log; `value` turns the added sums into the metric's values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Floats
from privacysim.errors import InputError, refuse_unknown
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.resources import shipped_rows
from privacysim.stats import effective
from privacysim.vocabulary import CURVES
from privacysim.wording import Words

Part = Mapping[str, float]
Choice = Mapping[str, str] | Sequence[str]
FAMILIES = ("exposure", "re-identification", "inference", "equity", "leaks", "secrets", "voyeurism", "gap", "legality",
            "access", "usefulness", "own")
"""Families, in the order of a table; `own` holds a researcher's metrics without a family."""
OUTPUTS = ("uncertainty", "information gain", "data similarity", "indistinguishability", "success", "error", "time",
           "accuracy")
"""What a privacy metric can tell about an adversary: Wagner and Eckhoff 2018 (doi:10.1145/3168389), in their order."""
ARROWS = {"lower": "↓ lower is better", "higher": "↑ higher is better", "either": ""}
_KNOWN = {"family": FAMILIES, "output": ("", *OUTPUTS), "of": ("people", "records", "footage", "viewed"),
          "direction": tuple(ARROWS), "sample": ("exact", "consistent", "census")}


@dataclass(frozen=True, slots=True)
class Rows:
    """Contributions of single rows of the records to a metric: their root event, a sum and a count (default 1).

    Root events happen independently of one another, so they determine the uncertainty of a figure.
    """

    root: Any
    total: Any = 1.0
    n: Any = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", np.asarray(self.root))
        for name in ("total", "n"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, np.broadcast_to(values, self.root.shape))


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One value of a metric (None if undefined, with the reason in `note`); `curve` may be empty.

    `contributors`: people or events behind it; for totals over people their effective number (`stats.effective`),
    because a thousand small contributions beside one large one carry no more information than the large one.
    """

    curve: str
    value: float | None
    contributors: int
    note: str = ""


def total(sums: Part) -> list[MetricValue]:
    """Value = the summed `total`; contributors = the summed `n`, or of people the effective ones (`squares`)."""
    found = effective(sums["total"], sums["squares"]) if "squares" in sums else sums["n"]
    return [MetricValue("", sums["total"], round(found))]


def total_of(weight: Floats, per_person: NDArray[Any]) -> Part:
    """Weighted total, sum of squares, and number of people above 0, of one number per person."""
    each = weight * per_person
    return {"total": float(each.sum()), "n": float(np.count_nonzero(per_person)), "squares": float((each * each).sum())}


def totals_by_curve(sums: Part) -> list[MetricValue]:
    """One total per branch of the identification curve, with its effective contributors."""
    return [MetricValue(curve, sums[curve], round(effective(sums[curve], sums[f"squares_{curve}"])))
            for curve in CURVES]  # fmt: skip


def ratio(what: str, below: str = "n") -> Callable[[Part], list[MetricValue]]:
    """Value = `total` over the sum named `below`; undefined if there are no `what`."""

    def value(sums: Part) -> list[MetricValue]:
        if sums[below] == 0:
            return [MetricValue("", None, 0, f"undefined: there are no {what}")]
        return [MetricValue("", sums["total"] / sums[below], round(sums["n"]))]

    return value


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, or with `by` one for each word of each heading: `acts[regime=public_state]`.

    Texts may contain `{heading}` and `{word}`. A metric is named like its function; `part` returns the sums of what it
    looked at, and `value` the readings of these sums. `output`: what it tells about the adversary (`OUTPUTS`).
    `bounded`: a crowd of viewers cannot multiply it without bound. `default`: every study reports it; others are named
    in the study's `metrics`. `headline`: position among the metrics that a report shows first, or 0. `neutral`: words
    whose metric has no better direction. `whole`: with `by`, title of the metric over all words, reported under the
    plain name. Of people: `monotone`: no further pass in front of a watched camera can lower it; `viewers`: whose acts
    count, outsiders or a legality; `flow`: its substitute in a pilot, a flow past cameras (seconds, viewer_seconds,
    passes, sensitive), or searched, the camera-days that searches by face cover.
    """

    name: str
    rows: Callable[..., Any]
    title: str
    unit: str
    of: str
    value: Callable[[Part], list[MetricValue]]
    direction: str
    family: str
    sample: str
    attacker: str
    equation: str
    source: str
    range: str
    output: str
    bounded: bool
    monotone: bool
    default: bool
    headline: int
    flow: str
    viewers: str
    by: Mapping[str, Choice] = field(default_factory=dict)
    neutral: tuple[str, ...] = ()
    whole: str = ""
    heading: str = ""
    word: str = ""

    def __call__(self, *seen: Any) -> Any:
        """Call the declared function."""
        return self.rows(*seen)

    def each(self) -> tuple[Metric, ...]:
        """Single metrics that it declares: itself, or one for each word."""
        whole = (replace(self, by={}, title=self.whole),) if self.whole else ()
        made = tuple(self._of(heading, word) for heading, words in self.by.items() for word in words)
        return (*whole, *made) if self.by else (self,)

    def _of(self, heading: str, word: str) -> Metric:
        words = self.by[heading]
        said = Words("en")
        plain = words[word] if isinstance(words, Mapping) else said.plain(word)
        texts = {name: getattr(self, name).replace("{heading}", said.plain(heading, "heading")).replace("{word}", plain)
                 for name in ("title", "attacker", "equation")}  # fmt: skip
        return replace(self, **texts, name=f"{self.name}[{heading}={word}]", by={}, heading=heading, word=word,
                       whole="", direction="either" if word in self.neutral else self.direction,
                       headline=0 if self.whole else self.headline, viewers=self.viewers.replace("{word}", word))

    def part(self, seen: PeopleSeen | Records | Footage | Viewed) -> Part:
        """Sums of a block of people, of the records of an arm, of footage, or of what was viewed.

        If the function returns one number per person, their weighted total counts.
        """
        found = self.found(seen)
        if isinstance(found, Rows):
            return {"total": found.total.sum(), "n": found.n.sum()}
        if isinstance(found, Mapping):
            return found
        values = np.asarray(found, dtype=np.float64)
        if isinstance(seen, Records) or values.shape != seen.weight.shape:
            expected = "Rows or sums" if isinstance(seen, Records) else "one number per person, or sums"
            raise InputError(f"metric {self.name}", expected, f"an array of shape {values.shape}", "return these")
        return total_of(seen.weight, values)

    def found(self, seen: PeopleSeen | Records | Footage | Viewed) -> Any:
        """Result of its function for this heading and word."""
        return self.rows(seen, self.heading, self.word) if self.heading or self.whole else self.rows(seen)

    def __repr__(self) -> str:
        return f"Metric({self.name}: {self.title}, {self.unit})"

    def _repr_html_(self) -> str:
        return (f"<p><b>{escape(self.title)}</b> ({escape(self.unit)}){' ' + self.arrow if self.arrow else ''}: "
                f"{escape(self.equation)}. Seen by: {escape(self.attacker)}. {escape(self.source)}.</p>")  # fmt: skip

    @property
    def arrow(self) -> str:
        """Direction that is better for the people filmed or for the use named."""
        return ARROWS[self.direction]


def metric(rows: Callable[..., Any] | None = None, *, name: str = "", title: str = "", unit: str = "–",
           of: str = "records", value: Callable[[Part], list[MetricValue]] = total, direction: str = "either",
           family: str = "own", sample: str = "exact", attacker: str = "–", equation: str = "–", source: str = "–",
           range: str = "0 …", output: str = "", bounded: bool = True, monotone: bool = False, default: bool = True,
           headline: int = 0, flow: str = "", viewers: str = "", by: Mapping[str, Choice] | None = None,
           neutral: tuple[str, ...] = (), whole: str = "") -> Any:
    """Declare the decorated function as a metric, named like the function unless `name` is given.

    The function takes what it looks at: `PeopleSeen` (people), `Records` (records), `Footage`, or `Viewed` (what was
    viewed). It returns `Rows`, sums by name, or (except for records) one number per person. With `by`, a mapping from
    headings to words, it also takes the heading and the word (both empty for the whole), and one declaration makes one
    metric for each word. The other fields are those of `Metric`. Raises InputError for an unknown family, output,
    direction or kind.

    >>> @metric(unit="acts", title="acts by night")
    ... def night_acts(seen):
    ...     return Rows(seen.act_root[seen.acts["at_s"] % 86_400 < 21_600])
    >>> night_acts
    Metric(night_acts: acts by night, acts)
    """
    said = {key: given for key, given in locals().items() if key != "rows"}
    if rows is None:
        return lambda function: metric(function, **said)
    own = name or rows.__name__
    for key, known in _KNOWN.items():
        refuse_unknown(said[key], known, f"metric {own}", f"a known {key}")
    return Metric(rows=rows, **said | {"name": own, "title": title or own.replace("_", " "), "by": by or {}})


_READ: dict[str, Callable[[str], Any]] = {"headline": int}
_READ |= dict.fromkeys(("bounded", "monotone", "default"), "true".__eq__)
_DECLARED = {row["name"]: {key: _READ.get(key, str)(text) for key, text in row.items() if text}
             for row in shipped_rows("data/metrics.csv")}
"""Rows of `data/metrics.csv` by name; an empty cell means the default of `metric`."""


def shipped_metric(value: Callable[[Part], list[MetricValue]] = total, **code: Any) -> Callable[..., Metric]:
    """Declare a shipped metric, whose texts are in its row of `data/metrics.csv`; `code`: other fields of `Metric`."""
    return lambda function: metric(function, value=value, **_DECLARED[function.__name__], **code)
