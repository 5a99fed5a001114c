"""The facts of a case: the city, people, cameras, access requests and leaks.

A scenario file names facts (`{fact = "id"}`) or overrides them with an assumption. Omitted keys keep their defaults,
and every default is a fact. A scenario contains no rules; those belong to the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacysim.errors import InputError
from privacysim.files import Strict, given_data, validate
from privacysim.scenario.sections import AccessSection, CamerasSection, CitySection, LeaksSection, PopulationSection


class Scenario(Strict):
    """The facts of one case. It is immutable; change it with `model_copy(update=…)`."""

    id: str
    title: str
    calibrated: bool = False
    """Whether the CALIBRATED facts were solved for this scenario; results state if they were not."""
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
    name = str(scenario)
    if path and not name.endswith(".toml") and found.id != name:
        raise InputError(f"{where}, id", f'the file\'s own name, "{name}"', found.id, "make the two equal")
    return _with_paths(found, path.parent if path else Path())


def _with_paths(scenario: Scenario, folder: Path) -> Scenario:
    """Resolve the files that a scenario names: in the working folder first, then in the scenario's folder."""
    city, cameras = scenario.city, scenario.cameras
    if city.osm is not None:
        city = city.model_copy(update={"osm": _found(city.osm, folder)})
    if cameras.file is not None:
        cameras = cameras.model_copy(update={"file": _found(cameras.file, folder)})
    return scenario.model_copy(update={"city": city, "cameras": cameras})


def _found(name: str, folder: Path) -> str:
    for path in (Path(name), folder / name):
        if path.is_file():
            return str(path.resolve())
    return name
