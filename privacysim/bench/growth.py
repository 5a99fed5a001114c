"""Growth of cost: CPU seconds of one unit of work at several sizes, and the projection to a province and a country.

The projection assumes cities of the size of this run, without walks between them. Work on people (walks, passes,
exposure, metrics) is divided among any number of cores by blocks. Work on a city (its world, its policies) is repeated
by every worker that takes one of its blocks. So

    wall = people's CPU seconds / cores + ⌈cities / cores⌉ · a city's CPU seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from time import thread_time
from typing import Any, NamedTuple, TypeVar

import numpy as np

from privacysim.bench import crowd
from privacysim.errors import InputError
from privacysim.exposure import measure_exposure
from privacysim.files import Quantity
from privacysim.people import draw_sample
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import BLOCK, Replicate, blocks_of, forget_replicate, replicate_of
from privacysim.study import Study

Made = TypeVar("Made")
_POLICIES = ("notice_only", "guangzhou_draft", "order_799", "open_access", "guangzhou_2007", "edpb_72h")
_SCENARIO = "guangzhou_185"
PLACES = {"the city that was run": 0.0, "Guangdong province": 127e6, "the country": 1.41e9}
"""People; 0 = the number in the run. Guangdong 2023: 127.06 million; China 2023: 1 409.67 million (National Bureau of
Statistics, communiqué of 29 February 2024)."""
CORES = (2, 64, 1024)
_OF_PEOPLE = ("people", "passes", "exposure", "metrics")
_OF_CITY = ("world", "policies", "cameras")


def seconds(work: Callable[[], Made], repeats: int = 3) -> tuple[float, Made]:
    """Return the CPU seconds of the fastest run and the result of the last one."""
    best = np.inf
    for _ in range(max(repeats, 1)):
        begun = thread_time()
        made = work()
        best = min(best, thread_time() - begun)
    return float(best), made


@dataclass(frozen=True)
class Growth:
    """Cost at each size: CPU seconds, and megabytes of a block if measured."""

    of: str
    sizes: list[float]
    cpu_s: list[float]
    exponent: float
    block_mb: list[float]


def exponent(sizes: Sequence[float], spent: Sequence[float]) -> float:
    """Fit the exponent b of cost = a · size^b by least squares of the logarithms.

    >>> round(exponent([1, 2, 4], [3.0, 6.0, 12.0]), 6)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(spent), 1)[0])


def _inputs(policies: int = 3, days: int = 30, sample: int = 16_000, cameras: float = 1.0) -> Inputs:
    """Inputs of a study of whole Guangzhou; `cameras` multiplies the number per thousand people."""
    chosen = list(_POLICIES[:policies])
    # one reading each, so that policies and arms are equally many
    readings = {"guangzhou_draft": ["wide"]} if "guangzhou_draft" in chosen else {}
    found = Study(scenario=_SCENARIO, policies=chosen, readings=readings, days=days, sample=sample,
                  replicates=1).inputs()
    section = found.scenario.cameras
    more = Quantity(value=section.per_1000.number * cameras, assumption="growth of the cost")
    scenario = found.scenario.model_copy(update={"cameras": section.model_copy(update={"per_1000": more})})
    return Inputs(found.plan, scenario, found.arms, found.replicates, f"{found.run_id} × {cameras}")


def _unit(found: Inputs) -> tuple[float, float]:
    """CPU seconds of a replicate (world, policies, all blocks), and the megabytes of its largest block."""
    forget_replicate()
    begun = thread_time()
    whole = replicate_of(found, 0)
    held = max(_block_mb(whole, block) for block in range(blocks_of(found)))
    return thread_time() - begun, held


def _block_mb(whole: Replicate, block: int) -> float:
    seen = whole.seen(block)
    return cost.bytes_of(seen.block, seen.pieces, measure_exposure(seen.pieces, seen.block, whole.acts)) / 1e6


def _people(whole: Replicate, sample: int) -> tuple[float, float]:
    """Cost of a block of that many people, for the same acts."""
    world = whole.world
    part = whole.changed(sample=draw_sample(world.city, world.scenario, world.seed, 0, sample), acts=whole.acts)
    begun = thread_time()
    held = _block_mb(part, 0)
    return thread_time() - begun, held


def _acts(per_camera: float, passes: int) -> tuple[float]:
    """Cost of the kernel alone, for the same passes."""
    made = crowd.crowd(per_camera, passes)
    return (seconds(lambda: measure_exposure(made.pieces, made.block, made.acts))[0],)


_SIZES: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "people": ((5_000, 10_000), (8_192, 16_384, 32_768, 65_536)), "days": ((7, 14), (15, 30, 60, 120)),
    "policies": ((1, 2), (1, 2, 4, 6)), "cameras": ((0.5, 1.0), (0.5, 1.0, 2.0, 4.0)),
    "acts per camera": ((0.375, 0.75), (0.375, 0.75, 1.5, 3.0)),
}
"""What grows → quick sizes, full sizes. Blocks of long studies are smaller, so that memory does not grow with days."""
GROWTHS = tuple(_SIZES)


def _work(of: str, first: float, quick: bool) -> Callable[[float], tuple[float, ...]]:
    """Function that measures CPU seconds, and megabytes of a block, at one size."""
    if of == "people":
        whole = replicate_of(_inputs(sample=int(first)), 0)
        return lambda size: _people(whole, int(size))
    if of == "acts per camera":
        return lambda size: _acts(size, 50_000 if quick else 400_000)
    fixed: dict[str, Any] = {"sample": 5_000 if quick else BLOCK} if of == "days" else {}
    return lambda size: _unit(_inputs(**fixed | {of: size}))


def growth(of: str, quick: bool) -> Growth:
    """Cost at each size of one of `GROWTHS`; the first size is also run before, to compile."""
    sizes = list(_SIZES[of][0 if quick else 1])
    work = _work(of, sizes[0], quick)
    work(sizes[0])
    spent, *held = (list(column) for column in zip(*map(work, sizes), strict=True))
    return Growth(of, sizes, spent, exponent(sizes, spent), held[0] if held else [])


class Projected(NamedTuple):
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
        fix = "privacysim run headline --sample all --replicates 1 --out DIR"
        got = f"sample {manifest['study']['sample']}"
        raise InputError("bench --project", "results of a run with --sample all", got, fix)
    spent, count = manifest["cost"]["cpu_s"], manifest["cost"]["count"]
    ran = count["people"] / len(manifest["replicates"])
    of_person = sum(spent.get(name, 0.0) for name in _OF_PEOPLE) / count["people"]
    of_city = sum(spent.get(name, 0.0) for name in _OF_CITY) / count["worlds drawn"]
    found = []
    for place, wanted in PLACES.items():
        people = wanted or ran
        cities = ceil(people / ran)
        for cores in CORES:
            parts = {"people": people * of_person / cores, "worlds and policies": ceil(cities / cores) * of_city}
            found.append(Projected(place, people, cities, cores, people * of_person + max(cities, cores) * of_city,
                                   sum(parts.values()), max(parts, key=lambda name: parts[name])))  # fmt: skip
    return found


def projection_text(manifest: Mapping[str, Any]) -> str:
    """Format the projection as lines of text."""
    study = manifest["study"]
    lines = [f"From {study['id']}: {len(manifest['arms'])} arms, {study['days']} days, one replicate; no one else on "
             "the machine, walks between cities left out"]  # fmt: skip
    for one in project(manifest):
        wall = f"{one.wall_s / 3600.0:.1f} h" if one.wall_s > 5_400.0 else f"{one.wall_s / 60.0:.1f} min"
        lines.append(
            f"  {one.place:<22} {one.people / 1e6:7.1f} M people  {one.cities:3d} cities  {one.cores:5d} cores  "
            f"{one.cpu_s / 3600.0:7.2f} CPU h  {wall:>9}  waits for {one.waits_for}"
        )
    return "\n".join(lines)
