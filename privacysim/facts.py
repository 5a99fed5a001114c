"""Facts: every number that the model takes from the world, with its source, from `data/facts.csv`.

Status: R primary text read, S secondary source, D derived from such rows, measured, assumption, CALIBRATED.
A CALIBRATED value was solved so that the model reproduces a datum; it never counts as a validation.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from privacysim.errors import InputError, did_you_mean
from privacysim.resources import shipped

STATUSES = ("R", "S", "D", "measured", "assumption", "CALIBRATED")
_COLUMNS = ["id", "value", "low", "high", "unit", "source", "status"]


@dataclass(frozen=True)
class Fact:
    """One number with its range, unit, source and status."""

    id: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    status: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.low <= self.value <= self.high):
            raise InputError(
                f"data/facts.csv, {self.id}", "low ≤ value ≤ high, all finite",
                f"{self.low}, {self.value}, {self.high}", "mend the row",
            )
        if self.status not in STATUSES or not self.source.strip():
            raise InputError(
                f"data/facts.csv, {self.id}", f"a source and a status of {', '.join(STATUSES)}",
                f"{self.status!r}, {self.source!r}", "mend the row",
            )


class Facts(Mapping[str, Fact]):
    """All facts by id; an unknown id is an error that names the nearest one."""

    def __init__(self, rows: Mapping[str, Fact]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, fact_id: str) -> Fact:
        if fact_id not in self._rows:
            raise InputError("data/facts.csv", "a known fact", fact_id, did_you_mean(fact_id, self._rows))
        return self._rows[fact_id]

    def __contains__(self, fact_id: object) -> bool:
        return fact_id in self._rows  # Mapping's own asks for the item and would meet the InputError

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def value(self, fact_id: str) -> float:
        """The value alone."""
        return self[fact_id].value


def read_facts(path: Path) -> Facts:
    """Read a facts file; a missing column, a repeated id or a bad number is an InputError with its line."""
    if not path.is_file():
        raise InputError(str(path), "a facts file", "no such file", "name an existing CSV file")
    rows: dict[str, Fact] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != _COLUMNS:
            raise InputError(str(path), "the columns " + ", ".join(_COLUMNS), reader.fieldnames, "mend the first line")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if row["id"] in rows:
                raise InputError(where, "an id of its own", row["id"], "remove one of the two rows")
            try:
                value = float(row["value"])
                low, high = (float(row[side]) if row[side] else value for side in ("low", "high"))
            except ValueError as error:
                raise InputError(where, "numbers in value, low and high", error, "mend the row") from None
            rows[row["id"]] = Fact(row["id"], value, low, high, row["unit"], row["source"], row["status"])
    return Facts(rows)


@lru_cache(maxsize=1)
def facts() -> Facts:
    """The shipped facts.

    >>> from privacysim.facts import facts
    >>> facts()["cameras_per_1000"].value
    52.75
    """
    return read_facts(shipped("data/facts.csv"))
