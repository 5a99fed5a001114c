"""Growth of cost: CPU seconds of one unit of work at several sizes, and the projection to a province and a country.

A growth is the exponent of the power law fitted to the costs. The projection assumes cities of the size that was run.
Work on people (walks, passes, exposure, metrics) is divided among any number of cores by blocks. Work on a city (its
world, its policies) is repeated by every worker that takes one of its blocks. So

    wall = people's CPU seconds / cores + ⌈cities / cores⌉ · a city's CPU seconds.

Limits: walks between cities are left out. One desk for the whole country would be one queue, which SimPy serves in one
thread. One street map for all is impossible, since route trees take a byte per attraction and street node, and both
grow with the number of people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from time import thread_time
from typing import Any

import numpy as np

from privacysim.bench import crowd
from privacysim.bench.measured import seconds
from privacysim.errors import InputError
from privacysim.exposure import measure_exposure
from privacysim.files import Quantity
from privacysim.people import draw_sample
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import BLOCK, Replicate, Seen, blocks_of, forget_replicate, replicate_of
from privacysim.study import Study

_POLICIES = ("notice_only", "guangzhou_draft", "order_799", "open_access", "guangzhou_2007", "edpb_72h")
_READINGS = {"guangzhou_draft": ["wide"]}
"""Policies with one reading each, so that policies and arms are equally many."""
_SCENARIO = "guangzhou_185"


@dataclass(frozen=True)
class Growth:
    """Cost at each size: CPU seconds, and megabytes of a block if measured."""

    of: str
    sizes: tuple[float, ...]
    cpu_s: tuple[float, ...]
    exponent: float
    block_mb: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"of": self.of, "sizes": list(self.sizes), "cpu_s": list(self.cpu_s), "exponent": self.exponent,
                "block_mb": list(self.block_mb)}  # fmt: skip


def exponent(sizes: Sequence[float], spent: Sequence[float]) -> float:
    """Fit the exponent b of cost = a · size^b by least squares of the logarithms.

    >>> round(exponent([1, 2, 4], [3.0, 6.0, 12.0]), 6)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(spent), 1)[0])


def _inputs(policies: int = 3, days: int = 30, sample: int = 20_000, cameras: float = 1.0) -> Inputs:
    """Inputs of a study of whole Guangzhou; `cameras` multiplies the number per thousand people."""
    chosen = list(_POLICIES[:policies])
    readings = {name: read for name, read in _READINGS.items() if name in chosen}
    study = Study(scenario=_SCENARIO, policies=chosen, readings=readings, days=days, sample=sample, replicates=1)
    found = study.inputs()
    section = found.scenario.cameras
    more = Quantity(value=section.per_1000.number * cameras, assumption="growth of the cost")
    scenario = found.scenario.model_copy(update={"cameras": section.model_copy(update={"per_1000": more})})
    return Inputs(found.plan, scenario, found.arms, found.replicates, f"{found.run_id} × {cameras}")


def _unit(found: Inputs) -> tuple[float, float, Replicate, Seen]:
    """CPU seconds of a replicate's first unit (world, policies, one block), and its block's megabytes."""
    forget_replicate()
    begun = thread_time()
    whole = replicate_of(found, 0)
    seen = whole.seen(0)
    made = measure_exposure(seen.pieces, seen.block, whole.acts)
    return thread_time() - begun, cost.bytes_of(seen.block, seen.pieces, made) / 1e6, whole, seen


def _grown(of: str, sizes: Sequence[float], at: Callable[[float], Inputs]) -> Growth:
    _unit(at(sizes[0]))  # compile, open the city
    spent, held = zip(*[_unit(at(size))[:2] for size in sizes], strict=True)
    return Growth(of, tuple(sizes), spent, exponent(sizes, spent), held)


def people(quick: bool) -> Growth:
    """Growth with the number of people in a block, for the same acts."""
    sizes = (5_000, 10_000) if quick else (8_192, 16_384, 32_768, 65_536)
    whole = replicate_of(_inputs(sample=sizes[0]), 0)
    world, spent, held = whole.world, [], []
    for size in (sizes[0], *sizes):
        chosen = draw_sample(world.city, world.scenario, world.seed, 0, size)
        part = whole.changed(sample=chosen, acts=whole.acts)
        begun = thread_time()
        seen = part.seen(0)
        made = measure_exposure(seen.pieces, seen.block, whole.acts)
        spent.append(thread_time() - begun)
        held.append(cost.bytes_of(seen.block, seen.pieces, made) / 1e6)
    return Growth("people", sizes, tuple(spent[1:]), exponent(sizes, spent[1:]), tuple(held[1:]))


def days(quick: bool) -> Growth:
    """Growth with days for the same people; block memory must not grow, since long studies have smaller blocks."""
    sizes = (7, 14) if quick else (15, 30, 60, 120)
    spent, held = [], []
    for size in (sizes[0], *sizes):
        found = _inputs(days=size, sample=5_000 if quick else BLOCK)
        seconds_, largest, whole, _ = _unit(found)
        for block in range(1, blocks_of(found)):
            begun = thread_time()
            seen = whole.seen(block)
            made = measure_exposure(seen.pieces, seen.block, whole.acts)
            seconds_ += thread_time() - begun
            largest = max(largest, cost.bytes_of(seen.block, seen.pieces, made) / 1e6)
        spent.append(seconds_)
        held.append(largest)
    return Growth("days", sizes, tuple(spent[1:]), exponent(sizes, spent[1:]), tuple(held[1:]))


def policies(quick: bool) -> Growth:
    """Growth with the number of policies on the same world and people."""
    sizes = (1, 2) if quick else (1, 2, 4, 6)
    return _grown("policies", sizes, lambda size: _inputs(policies=int(size)))


def cameras(quick: bool) -> Growth:
    """Growth with cameras, from half to four times as many, and with all events at cameras."""
    sizes = (0.5, 1.0) if quick else (0.5, 1.0, 2.0, 4.0)
    return _grown("cameras", sizes, lambda size: _inputs(cameras=size))


def acts(quick: bool) -> Growth:
    """Growth of the kernel alone with the number of acts at the cameras, for the same passes."""
    sizes = (0.375, 0.75) if quick else (0.375, 0.75, 1.5, 3.0)
    spent = []
    for size in sizes:
        made = crowd.crowd(size, 50_000 if quick else 400_000)
        measure_exposure(made.pieces, made.block, made.acts)
        spent.append(seconds(partial(measure_exposure, made.pieces, made.block, made.acts))[0])
    return Growth("acts per camera", sizes, tuple(spent), exponent(sizes, spent))


GROWTHS: dict[str, Callable[[bool], Growth]] = {
    "people": people, "days": days, "policies": policies, "cameras": cameras, "acts": acts,
}
"""Growth measurements by the quantity that grows."""


PLACES = {"the city that was run": 0.0, "Guangdong province": 127e6, "the country": 1.41e9}
"""People; 0 = the number in the run. Guangdong 2023: 127.06 million; China 2023: 1 409.67 million (National Bureau of
Statistics, communiqué of 29 February 2024)."""
CORES = (2, 64, 1024)
_OF_PEOPLE = ("people", "passes", "exposure", "metrics")
_OF_CITY = ("world", "policies", "cameras")


@dataclass(frozen=True)
class Projected:
    """Projection for one place and number of cores; `waits_for` is the slowest part."""

    place: str
    people: float
    cities: int
    cores: int
    cpu_s: float
    wall_s: float
    waits_for: str


def project(manifest: Mapping[str, Any]) -> list[Projected]:
    """Project the run of a manifest to a province and a country, on 2, 64 and 1 024 cores."""
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
    """Format the projection as lines of text."""
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
