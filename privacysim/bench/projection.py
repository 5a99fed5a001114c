"""From the cost of one whole city to a province and a country: what it would take, and which part would be in the way.

The projection is by cities of the size that was run. Two parts are told apart: what belongs to people (walks, passes,
exposure, metrics) is divided among any number of cores by blocks; what belongs to a city (its world, its policies)
is done once by every worker that takes one of its blocks, and no other worker helps. So

    wall = people's CPU seconds / cores + ⌈cities / cores⌉ · a city's CPU seconds.

Limits: walks between cities are left out; one desk for the whole country would be one queue, which SimPy serves in one
thread; a single street map for everybody is out of the question, since route trees take a byte per attraction and
street node, and both grow with the people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from privacysim.errors import InputError

PLACES = {"the city that was run": 0.0, "Guangdong province": 127e6, "the country": 1.41e9}
"""People; 0 = as many as were run. Guangdong 2023: 127.06 million; China 2023: 1 409.67 million (National Bureau of
Statistics, communiqué of 29 February 2024)."""
CORES = (2, 64, 1024)
_OF_PEOPLE = ("people", "passes", "exposure", "metrics")
_OF_CITY = ("world", "policies", "cameras")


@dataclass(frozen=True)
class Projected:
    """One place on one number of cores; `waits_for` is the part that takes longest there."""

    place: str
    people: float
    cities: int
    cores: int
    cpu_s: float
    wall_s: float
    waits_for: str


def project(manifest: Mapping[str, Any]) -> list[Projected]:
    """What the run of that manifest would take for a province and a country, on 2, 64 and 1 024 cores."""
    if "cost" not in manifest or manifest["study"]["sample"] != "all":
        raise InputError("bench --project", 'results of a run with --sample all',
                         f"sample {manifest['study']['sample']}",
                         "privacysim run headline --sample all --replicates 1 --out DIR")  # fmt: skip
    spent, count = manifest["cost"]["cpu_s"], manifest["cost"]["count"]
    replicates = len(manifest["replicates"])
    ran = count["people"] / replicates
    of_person = sum(spent.get(name, 0.0) for name in _OF_PEOPLE) / count["people"]
    of_city = sum(spent.get(name, 0.0) for name in _OF_CITY) / count["worlds drawn"]
    found = []
    for place, wanted in PLACES.items():
        people = wanted or ran
        cities = ceil(people / ran)
        for cores in CORES:
            drawn = max(cities, cores)
            parts = {"people": people * of_person / cores, "worlds and policies": ceil(cities / cores) * of_city}
            found.append(Projected(place, people, cities, cores, people * of_person + drawn * of_city,
                                   sum(parts.values()), max(parts, key=lambda name: parts[name])))  # fmt: skip
    return found


def projection_text(manifest: Mapping[str, Any]) -> str:
    """The projection as lines."""
    study = manifest["study"]
    lines = [f"From {study['id']}: {len(manifest['arms'])} arms, {study['days']} days, one replicate; no one else on "
             "the machine, walks between cities left out"]  # fmt: skip
    for one in project(manifest):
        lines.append(
            f"  {one.place:<22} {one.people / 1e6:7.1f} M people  {one.cities:3d} cities  {one.cores:5d} cores  "
            f"{one.cpu_s / 3600.0:7.2f} CPU h  {_duration(one.wall_s):>9}  waits for {one.waits_for}"
        )
    return "\n".join(lines)


def _duration(wall_s: float) -> str:
    return f"{wall_s / 3600.0:.1f} h" if wall_s > 5_400.0 else f"{wall_s / 60.0:.1f} min"
