"""The sections of a scenario: city, people, cameras, access, leaks. Their numbers stand in `data/scenario.csv`.

Each row of that table is one key of a section: the fact that is its default (the key itself if empty), and what it must
be: `amount` (at least 0), `positive`, `share` (at most 1), `positive share`, `recall` (0.01 to 1), or `modes` (shares
of the ways to travel). The check holds for the value and for its whole range.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo, create_model, model_validator

from privacysim.facts import facts
from privacysim.files import Quantity, Strict
from privacysim.parts import known_names
from privacysim.resources import shipped
from privacysim.vocabulary import CATEGORIES

_CHECKS = {
    "amount": (0.0, None), "positive": (0.0, None), "share": (0.0, 1.0), "positive share": (0.0, 1.0),
    "recall": (0.01, 1.0),
}  # fmt: skip
_WAYS = ("walk", "cycle", "ebike", "transit")


def _checked(check: str) -> Any:
    """A quantity whose whole range meets a check of the table."""
    least, most = _CHECKS[check]
    above = check.startswith("positive")

    def meets(quantity: Quantity, info: ValidationInfo) -> Quantity:
        low, high = quantity.range
        if low < least or (above and low == least):
            raise ValueError(f"{info.field_name} {'above' if above else 'of at least'} {least:g}"
                             f"{', a share between 0 and 1' if most else ''}, not {low:g}")  # fmt: skip
        if most is not None and high > most:
            raise ValueError(f"{info.field_name} of at most 1, a share between 0 and 1, not {high:g}")
        return quantity

    return Annotated[Quantity, AfterValidator(meets)]


class ModeShares(Strict):
    """Shares of the ways to travel in one band of distance; the car has the rest."""

    walk: Quantity
    cycle: Quantity
    ebike: Quantity
    transit: Quantity

    @model_validator(mode="after")
    def _at_most_all(self) -> ModeShares:
        if not (min(self.numbers) >= 0 and sum(self.numbers) <= 1.0 + 1e-9):
            raise ValueError("shares of at least 0 that sum to at most 1 (the car has the rest)")
        return self

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """Shares of walk, cycle, e-bike, transit."""
        return self.walk.number, self.cycle.number, self.ebike.number, self.transit.number


@cache
def _table() -> tuple[dict[str, str], ...]:
    with shipped("data/scenario.csv").open(newline="", encoding="utf-8") as stream:
        return tuple(csv.DictReader(stream))


def _numbers(section: str) -> Any:
    """The base of a section: one field for each of its rows in the table."""
    fields: dict[str, Any] = {}
    for row in (row for row in _table() if row["section"] == section):
        key, fact = row["key"], row["fact"] or row["key"]
        if row["check"] == "modes":
            ways = {way: Quantity(fact=f"mode_{way}_{fact}") for way in _WAYS}
            fields[key] = (ModeShares, ModeShares(**ways))
        else:
            fields[key] = (_checked(row["check"]), Quantity(fact=fact))
    return create_model(f"{section.title()}Numbers", __base__=Strict, **fields)


def _by_category(prefix: str) -> Any:
    """One number per category of place: the fact `{prefix}_{category}` where there is one, else 0."""
    none = Quantity(value=0.0, assumption="no such attraction")
    names = [*(name for name in CATEGORIES if name not in ("road", "housing_compound", "home")), "home"]
    known = {name: f"{prefix}_{name}" for name in names}
    fields: dict[str, Any] = {name: (_checked("amount"), Quantity(fact=fact) if fact in facts() else none)
                              for name, fact in known.items()}  # fmt: skip
    return create_model("CategoryNumbers", __base__=_ByCategory, **fields)


class _ByCategory(Strict):
    def number(self, category: str) -> float:
        """The number of one category; 0 for `road` and `housing_compound`, which follow the streets and the people."""
        assert category in CATEGORIES, category
        return getattr(self, category).number if category in type(self).model_fields else 0.0


class PlacesPer1000(_by_category("places_per_1000")):  # type: ignore[misc]
    """Places per 1 000 people."""


class PlaceJobs(_by_category("place_jobs")):  # type: ignore[misc]
    """Mean jobs at a place; only their ratios matter."""


class PlaceVisits(_by_category("place_visits")):  # type: ignore[misc]
    """Relative attraction of a place for visits."""


class CitySection(_numbers("city")):  # type: ignore[misc]
    """Where: a synthetic city, or an OpenStreetMap extract (`osm = "path.osm.pbf"`)."""

    kind: str = "synthetic"
    """`synthetic`, `osm`, or the name of an entry point of the group `privacysim.cities`."""
    osm: str | None = None
    seed: int = 1
    places_per_1000: PlacesPer1000 = PlacesPer1000()
    place_jobs: PlaceJobs = PlaceJobs()
    place_visits: PlaceVisits = PlaceVisits()

    @model_validator(mode="after")
    def _one_source(self) -> CitySection:
        ours = ("synthetic", "osm")
        if self.kind not in ours and self.kind not in (others := known_names("cities")):
            raise ValueError(f"kind as one of {', '.join((*ours, *others))}, not {self.kind}")
        if (self.kind == "osm") != (self.osm is not None):
            raise ValueError('osm = "path.osm.pbf" with kind = "osm", and neither without the other')
        if self.node_perturbation.number >= 0.5:
            raise ValueError("node_perturbation below 0.5 (crossings would change places)")
        return self


class PopulationSection(_numbers("population")):  # type: ignore[misc]
    """Who walks: groups, work, other places, times, ways to travel."""

    @model_validator(mode="after")
    def _sound(self) -> PopulationSection:
        if not (1 <= self.people.number <= 2**31):
            raise ValueError("people of at least 1")
        if not sum(self.group_shares) > 0:
            raise ValueError("group shares that are not all 0")
        if self.speed_spread.number >= 1:
            raise ValueError("speed_spread below 1")
        if not 0 <= self.other_places.number <= 5:
            raise ValueError("other_places from 0 to 5 (with work at most 12 directed routes)")
        return self

    @property
    def group_shares(self) -> tuple[float, ...]:
        """Shares in the order of `vocabulary.GROUPS`, as given."""
        return tuple(q.number for q in (self.resident_share, self.migrant_share, self.student_share, self.older_share))

    @property
    def work_shares(self) -> tuple[float, ...]:
        """Shares who go to work or study, in the order of `vocabulary.GROUPS`."""
        return tuple(q.number for q in (self.resident_work, self.migrant_work, self.student_work, self.older_work))


class CamerasSection(_numbers("cameras")):  # type: ignore[misc]
    """Which cameras there are, who runs them, and what is true of their keeping whatever the rules.

    `public_share` is the state's part (the rest is social), `other_state_share` what of it is not public security's,
    `junction_share` what of public security's stands at junctions (the rest along main roads).
    """

    file: str | None = None
    """Mapped cameras of an OpenStreetMap city from a file of their own (CSV, GeoJSON, KML, GeoPackage, .osm.pbf)."""
    recall: _checked("recall") | None = None  # type: ignore[valid-type]
    """Of the street cameras that stand in a mapped city, the share that is mapped; without it none is added."""


class AccessSection(_numbers("access")):  # type: ignore[misc]
    """Who asks for footage, how often, how they look at it, and how long each step of a request takes.

    `cases_per_month` holds for a city as populous as Guangzhou and is scaled by people. What is allowed is the policy's
    business, never a scenario's.
    """


class LeaksSection(_numbers("leaks")):  # type: ignore[misc]
    """What leaks and how it is found: insiders, break-ins, resale, publication, the live-video website, takedown."""
