"""One line of the register of validation: what somebody observed, what the model says, and whether the two meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from privacysim.facts import facts
from privacysim.stats import mean as mean_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `low`, `high`: 95 % interval of the model's value, equal where it is a closed form.

    >>> Row("x", "", 2.0, (2.0, 3.0), "a source", 1.5, 1.0, 2.0, "m").verdict
    'within'
    """

    what: str
    fact: str
    """Id of the fact, empty where nobody observed it."""
    observed: float | None
    observed_range: tuple[float, float] | None
    source: str
    model: float
    low: float
    high: float
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        """`within` where the two ranges meet, `miss` where they do not, `–` where nobody observed it."""
        if self.observed_range is None:
            return "–"
        first, last = self.observed_range
        return "within" if self.low <= last and first <= self.high else "miss"


def row_of(
    what: str, fact: str, values: Sequence[float], unit: str, *, note: str = "", band: tuple[float, float] | None = None
) -> Row:
    """A row about a fact, its own range or `band`, and the model's mean with a t interval over replicates."""
    known = facts()[fact]
    seen = band or (known.low, known.high)
    return Row(what, fact, known.value, seen, known.source, float(np.mean(values)), *spread(values), unit, note)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """95 % t interval over replicates; a single value is its own interval."""
    found = mean_of(values)
    return (found.value, found.value) if found.low is None or found.high is None else (found.low, found.high)
