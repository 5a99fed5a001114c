"""Facts: every empirical number of the model with its source, from `data/facts.csv`.

Status: R primary text read, S secondary source, D derived from such rows, measured, assumption, CALIBRATED.
A CALIBRATED value was solved so that the model reproduces a datum, so it never counts as validation.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from privacysim.errors import InputError, did_you_mean
from privacysim.resources import shipped, shipped_rows

STATUSES = ("R", "S", "D", "measured", "assumption", "CALIBRATED")
DRAWN = ("normal", "lognormal", "logit", "dirichlet")
"""Laws from which a world draws (`privacysim.fact_laws`); the others are `fixed`, `arm` and `solved`."""
LAWS = (*DRAWN, "fixed", "arm", "solved")
_COLUMNS = ["id", "value", "low", "high", "unit", "law", "group", "source", "status"]


@dataclass(frozen=True)
class Fact:
    """One number with its range, unit, source and status, and the law by which a world draws it."""

    id: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    status: str
    law: str = "fixed"
    group: str = ""
    """Facts of one group share one draw; the shares of a `dirichlet` law sum to one within their group."""

    @property
    def title(self) -> str:
        """What the number is, in a few words."""
        return fact_titles().get(self.id, self.id)

    def __post_init__(self) -> None:
        least = 0.0 if self.law in ("lognormal", "logit") else -math.inf
        most = 1.0 if self.law == "logit" else math.inf
        span, origin = f"{self.low}, {self.value}, {self.high}", f"{self.status!r}, {self.source!r}"
        sourced = self.status in STATUSES and self.source.strip()
        ordered = math.isfinite(self.value) and self.low <= self.value <= self.high
        for holds, key, expected, got in (
            (ordered, "", "low ≤ value ≤ high, all finite", span),
            (sourced, "", f"a source and a status of {', '.join(STATUSES)}", origin),
            (self.law in LAWS, ", law", f"a law of {', '.join(LAWS)}", self.law),
            (self.law not in DRAWN or self.low < self.high, ", law", "`fixed` where low = high", self.law),
            (least < self.low and self.high < most, ", law", f"a range within {least:g} and {most:g}", span),
            (self.law != "dirichlet" or self.group, ", law", "the group of shares that sum to one", "no group"),
        ):
            if not holds:
                raise InputError(f"data/facts.csv, {self.id}{key}", expected, got, "correct the row")


@lru_cache(maxsize=1)
def fact_titles() -> dict[str, str]:
    """Titles of the facts by their ids."""
    return {row["id"]: row["en"] for row in shipped_rows("data/fact_titles.csv")}


class Facts(Mapping[str, Fact]):
    """All facts by id; the error for an unknown id suggests the nearest one. Ids that are read are added to `heard`."""

    def __init__(self, rows: Mapping[str, Fact], heard: set[str] | None = None) -> None:
        self._rows, self.heard = dict(rows), heard

    def __getitem__(self, fact_id: str) -> Fact:
        if fact_id not in self._rows:
            raise InputError("data/facts.csv", "a known fact", fact_id, did_you_mean(fact_id, self._rows))
        if self.heard is not None:
            self.heard.add(fact_id)
        return self._rows[fact_id]

    def __contains__(self, fact_id: object) -> bool:
        return fact_id in self._rows  # Mapping's default looks the item up, which raises InputError

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def value(self, fact_id: str) -> float:
        """The value of a fact."""
        return self[fact_id].value

    def unheard(self) -> "Facts":
        """The same facts, without a record of which are read."""
        return Facts(self._rows)


def read_facts(path: Path) -> Facts:
    """Read a facts file; a missing column, repeated id or bad number raises an InputError with its line."""
    if not path.is_file():
        raise InputError(str(path), "a facts file", "no such file", "name an existing CSV file")
    rows: dict[str, Fact] = {}
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        if reader.fieldnames != _COLUMNS:
            raise InputError(str(path), "the columns " + ", ".join(_COLUMNS), reader.fieldnames, "correct line 1")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():  # more cells than columns, or fewer
                raise InputError(where, f"{len(_COLUMNS)} cells", list(row.values()), "quote a text with a comma")
            if row["id"] in rows:
                raise InputError(where, "a unique id", row["id"], "remove one of the two rows")
            try:
                value = float(row["value"])
                low, high = (float(row[side]) if row[side] else value for side in ("low", "high"))
            except ValueError as error:
                raise InputError(where, "numbers in value, low and high", error, "correct the row") from None
            rows[row["id"]] = Fact(row["id"], value, low, high, *(row[name] for name in (
                "unit", "source", "status", "law", "group")))  # fmt: skip
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(str(path), "a facts file in UTF-8", error, "correct the file") from None
    return Facts(rows)


@lru_cache(maxsize=1)
def shipped_facts() -> Facts:
    """The facts of `data/facts.csv`, ignoring replacements."""
    return read_facts(shipped("data/facts.csv"))


_IN_FORCE: ContextVar[Facts | None] = ContextVar("facts in force", default=None)


def facts() -> Facts:
    """The facts in force: the shipped ones, with replacements by a world or a design of reforms."""
    return _IN_FORCE.get() or shipped_facts()


@contextmanager
def facts_replaced(values: Mapping[str, float]) -> Iterator[None]:
    """Replace some facts within a `with` block, in this thread only; ranges widen, and no world draws them."""
    now = facts()
    rows = dict(known := now.unheard())
    for name, value in values.items():
        fact = known[name]
        low, high = min(fact.low, value), max(fact.high, value)
        rows[name] = replace(fact, value=float(value), low=low, high=high, law="fixed")
    with _in_force(Facts(rows, now.heard)):
        yield


@contextmanager
def _in_force(known: Facts) -> Iterator[None]:
    before = _IN_FORCE.set(known)
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


@contextmanager
def facts_heard() -> Iterator[set[str]]:
    """Record the ids of the facts that are read within a `with` block, on which a study depends."""
    heard: set[str] = set()
    with _in_force(Facts(facts().unheard(), heard)):
        yield heard
