"""The facts of a case: the city, people, cameras, access requests and leaks. `data/scenario.csv` lists the numbers.

A scenario file names facts (`{fact = "id"}`) or overrides them with an assumption. Omitted keys keep their defaults,
and every default is a fact. A scenario contains no rules; those belong to the policy.

Each row of that table is one key of a section, with the fact that is its default (the key itself if empty) and a check:
`amount` (at least 0), `positive`, `positive area` (at most a million km²), `share` (at most 1), `positive share`,
`recall` (0.01 to 1), or `modes` (shares of the modes of travel). The check applies to the value and to its whole range.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo, create_model, model_validator

from privacysim.facts import facts
from privacysim.files import Name, Quantity, Strict, given_data, validate
from privacysim.parts import known_names
from privacysim.resources import shipped_rows
from privacysim.vocabulary import CATEGORIES

_CHECKS = {"amount": (0.0, 1e12), "positive": (0.0, 1e12), "positive area": (0.0, 1e6), "share": (0.0, 1.0),
           "positive share": (0.0, 1.0), "recall": (0.01, 1.0)}  # fmt: skip
"""Smallest and largest value by check; nothing that is counted or measured here comes close to the largest."""


def _checked(check: str) -> Any:
    """Type of a quantity whose whole range must pass a check of the table."""
    least, most = _CHECKS[check]
    above = check.startswith("positive")

    def meets(quantity: Quantity, info: ValidationInfo) -> Quantity:
        low, high = quantity.range
        if low < least or (above and low == least) or high > most:
            if check == "share":
                raise ValueError("a share between 0 and 1")
            bound = f"{info.field_name} {'above' if above else 'of at least'} {least:g}"
            raise ValueError(f"{bound} and of at most {most:g}, not {low:g} to {high:g}")
        return quantity

    return Annotated[Quantity, AfterValidator(meets)]


class ModeShares(Strict):
    """Shares of the modes of travel in one distance band; the car has the rest."""

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
        """Shares of walking, cycling, e-bike and transit."""
        return self.walk.number, self.cycle.number, self.ebike.number, self.transit.number


def _numbers(section: str) -> Any:
    """Base class of a section, with one field for each of its rows in the table."""
    fields: dict[str, Any] = {}
    for row in (row for row in shipped_rows("data/scenario.csv") if row["section"] == section):
        key, fact = row["key"], row["fact"] or row["key"]
        if row["check"] == "modes":
            ways = {way: Quantity(fact=f"mode_{way}_{fact}") for way in ModeShares.model_fields}
            fields[key] = (ModeShares, ModeShares(**ways))
        else:
            fields[key] = (_checked(row["check"]), Quantity(fact=fact))
    return create_model(f"{section.title()}Numbers", __base__=Strict, **fields)


def _by_category(prefix: str) -> Any:
    """Model with one number per category of place: the fact `{prefix}_{category}` if it exists, else 0."""
    none = Quantity(value=0.0, assumption="no such attraction")
    names = [*(name for name in CATEGORIES if name not in ("road", "housing_compound", "home")), "home"]
    fields: dict[str, Any] = {
        name: (_checked("amount"), Quantity(fact=f"{prefix}_{name}") if f"{prefix}_{name}" in facts() else none)
        for name in names
    }
    return create_model("CategoryNumbers", __base__=_ByCategory, **fields)


class _ByCategory(Strict):
    def number(self, category: str) -> float:
        """The number of one category; 0 for `road` and `housing_compound`, which depend on streets and people."""
        assert category in CATEGORIES, category
        return getattr(self, category).number if category in type(self).model_fields else 0.0


class PlacesPer1000(_by_category("places_per_1000")):  # type: ignore[misc]
    """Places per 1 000 people."""


class PlaceJobs(_by_category("place_jobs")):  # type: ignore[misc]
    """Mean jobs at a place; only their ratios matter."""


class PlaceVisits(_by_category("place_visits")):  # type: ignore[misc]
    """Relative attraction of a place for visits."""


class CitySection(_numbers("city")):  # type: ignore[misc]
    """The city: synthetic, or from an OpenStreetMap extract (`osm = "path.osm.pbf"`)."""

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
    """The people: groups, work, other places, times, modes of travel."""

    @model_validator(mode="after")
    def _sound(self) -> PopulationSection:
        if not (1 <= self.people.number <= 2**31):
            raise ValueError("people of at least 1")
        if not sum(self.group_shares) > 0:
            raise ValueError("group shares that are not all 0")
        if self.speed_spread.number >= 1:
            raise ValueError("speed_spread below 1")
        if not self.rank_gamma.number > 0:
            raise ValueError("rank_gamma above 0 (else the law of ranks has no sum)")
        return self

    @property
    def group_shares(self) -> tuple[float, ...]:
        """Shares as given, in the order of `vocabulary.GROUPS`."""
        return tuple(q.number for q in (self.resident_share, self.migrant_share, self.student_share, self.older_share))

    @property
    def work_shares(self) -> tuple[float, ...]:
        """Shares who go to work or study, in the order of `vocabulary.GROUPS`."""
        return tuple(q.number for q in (self.resident_work, self.migrant_work, self.student_work, self.older_work))


class CamerasSection(_numbers("cameras")):  # type: ignore[misc]
    """The cameras: how many, who runs them, and how they are kept regardless of the rules.

    `public_share` is the share of state cameras (the rest are social). `other_state_share` is the share of those that
    public security does not run. `junction_share` is the share of public security's at junctions, not along main roads.
    """

    file: str | None = None
    """Mapped cameras of an OpenStreetMap city, from a separate file (CSV, GeoJSON, KML, GeoPackage, .osm.pbf)."""
    recall: _checked("recall") | None = None  # type: ignore[valid-type]
    """Share of a mapped city's street cameras that are on the map; without it, no unmapped cameras are added."""


class AccessSection(_numbers("access")):  # type: ignore[misc]
    """Access requests: who asks for footage, how often, how they view it, and how long each step takes.

    `cases_per_month` refers to a city with the population of Guangzhou and is scaled by population. Policies, not
    scenarios, state what is allowed.
    """


class LeaksSection(_numbers("leaks")):  # type: ignore[misc]
    """Leaks and their discovery: insiders, break-ins, resale, publication, the live-video website, takedown."""

    case: Literal["broadcast", "directory"] = "broadcast"
    """Reading of the founding case: owners broadcast on a vendor's platform, or somebody keeps a directory of cameras
    that ask for a factory password or for none."""

    @property
    def listing_key(self) -> str:
        """Key, and fact, of the probability per scan that an exposable camera comes to be listed: solved by reading."""
        return "p_listed_directory" if self.case == "directory" else "p_listed"

    @property
    def listing(self) -> Quantity:
        """The probability that `listing_key` names."""
        found: Quantity = getattr(self, self.listing_key)
        return found


class Scenario(Strict):
    """The facts of one case. It is immutable; use `model_copy(update=…)` for a changed copy."""

    id: Name
    title: str
    calibrated: bool = False
    """Whether the CALIBRATED facts were solved for this scenario; results state if they were not."""
    law: Name = "cn"
    """Law pack whose general law judges the acts: a folder of `data/law` or `sim/law`, or an installed pack."""
    city: CitySection
    population: PopulationSection = PopulationSection()
    cameras: CamerasSection = CamerasSection()
    access: AccessSection = AccessSection()
    leaks: LeaksSection = LeaksSection()

    def __repr__(self) -> str:
        return f"Scenario({self.id}: {self.title})"


GivenScenario = str | Path | Mapping[str, Any] | Scenario
"""A scenario: its name or path, a dict with the content of its file, or a `Scenario`."""


def load_scenario(scenario: GivenScenario) -> Scenario:
    """Load a scenario from its name or path, a dict with the content of its file, or a `Scenario`.

    A mistake raises a three-line error. Files that it names are looked up in the working folder, then in its folder.

    >>> load_scenario({"id": "small", "title": "Small", "city": {"kind": "synthetic"},
    ...                "population": {"people": {"value": 5000, "assumption": "a village"}}}).population.people.number
    5000.0
    """
    raw, where, path = given_data(Scenario, "scenarios", scenario)
    found = validate(Scenario, raw, where)
    city, cameras, folder = found.city, found.cameras, path.parent if path else Path()
    if city.osm is not None:
        city = city.model_copy(update={"osm": _resolved(city.osm, folder)})
    if cameras.file is not None:
        cameras = cameras.model_copy(update={"file": _resolved(cameras.file, folder)})
    return found.model_copy(update={"city": city, "cameras": cameras})


def _resolved(name: str, folder: Path) -> str:
    """A file that a scenario names: in the working folder, else in the scenario's folder."""
    return next((str(path.resolve()) for path in (Path(name), folder / name) if path.is_file()), name)
