"""The facts of a case: which city, which people, which cameras, who asks, what leaks.

A scenario file names facts (`{fact = "id"}`) or overrides them with an assumption; what it leaves out keeps the
default, and every default is a fact. A scenario never says anything about rules: those are the policy's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from privacysim.errors import InputError
from privacysim.files import Strict, display, find_file, read_toml, validate
from privacysim.scenario.events import AccessSection, CamerasSection, LeaksSection
from privacysim.scenario.town import CitySection, PopulationSection


class Scenario(Strict):
    """One case: immutable; change it with `model_copy(update=…)`."""

    id: str
    title: str
    calibrated: bool = False
    """Whether the CALIBRATED facts were solved for this scenario; results say so where not."""
    city: CitySection
    population: PopulationSection = PopulationSection()
    cameras: CamerasSection = CamerasSection()
    access: AccessSection = AccessSection()
    leaks: LeaksSection = LeaksSection()


def load_scenario(name: str, where: Path | None = None) -> Scenario:
    """Read a scenario by name or path; what is wrong becomes a three-line error."""
    path = where or find_file("scenarios", name)
    raw: dict[str, Any] = read_toml(path)
    scenario = validate(Scenario, raw, display(path))
    if where is None and not name.endswith(".toml") and scenario.id != name:
        raise InputError(f"{display(path)}, id", f'the file\'s own name, "{name}"', scenario.id, "make the two equal")
    return scenario
