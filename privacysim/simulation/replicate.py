"""What all blocks of a replicate share (world, Logs, acts), and one block of its people before the watched cameras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from privacysim.city import build_city
from privacysim.exposure import Acts, index_acts
from privacysim.facts import facts
from privacysim.governance import Log, simulate
from privacysim.people import Block, Sample, draw_block, draw_sample
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Pieces, passes
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.view_ends import NO_ENDS, Ends, ends_of
from privacysim.units import DAY_S
from privacysim.vocabulary import REGIMES
from privacysim.world.world_model import World, sample_world

BLOCK = 65_536
"""People in a block at most; small groups that are topped up share the room."""
_BLOCK_DAYS = 60
"""Days, footage before the study included, up to which a block is full."""


@dataclass(frozen=True, eq=False)
class Replicate:
    """What all blocks of a replicate share: the world, each arm's Log, the acts in which somebody looks."""

    world: World
    logs: tuple[Log, ...]
    acts: Acts
    coverage: Coverage
    sample: Sample | None
    """None: everybody, of whom no list is needed."""
    ends: Ends = NO_ENDS


@dataclass(frozen=True, eq=False)
class Seen:
    """One block of people and what the watched cameras see of them."""

    block: Block
    pieces: Pieces


def prepare_city(inputs: Inputs, workers: int) -> None:
    """Build the city once, before workers ask for it; it is kept in the cache."""
    build_city(inputs.scenario, workers=workers, **inputs.brought.keywords(build_city, "city"))


class _Key:
    """Inputs as a cache key: equal run ids are equal inputs."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.inputs.run_id == self.inputs.run_id

    def __hash__(self) -> int:
        return hash(self.inputs.run_id)


@lru_cache(maxsize=1)  # a worker keeps its replicate while that one's blocks last
def _replicate(key: _Key, k: int) -> Replicate:
    inputs = key.inputs
    plan, scenario, brought = inputs.plan, inputs.scenario, inputs.brought
    with cost.stage("city"):
        city = build_city(scenario, **brought.keywords(build_city, "city"))
    with cost.stage("world"):
        world = sample_world(
            city, scenario, plan.seed, k, days=plan.days, footage_days=footage_days(inputs),
            warmup_days=round(facts().value("warmup_d")), **brought.keywords(sample_world, "cameras"),
        )
    baseline = inputs.arm(plan.baseline)
    with cost.stage("policies"):
        logs = tuple(
            simulate(world, arm, baseline=baseline, start=plan.start,
                     **brought.keywords(simulate, "processes", "desk")) for arm in inputs.arms
        )  # fmt: skip
    with cost.stage("cameras"):
        acts = index_acts(logs)
        view = coverage(city, world.cameras, acts.watched)
        ends = ends_of(inputs, world, acts)
    cost.add("count", "worlds drawn", 1)
    cost.add("count", "acts looked at", len(acts))
    size = city.people if plan.sample == "all" else min(int(plan.sample), city.people)
    with cost.stage("people"):
        size = min(size, BLOCK) if k < 0 else size  # the pilot wants one block of people from all over the city
        people = None if size == city.people else draw_sample(
            city, scenario, plan.seed, k, size, **brought.keywords(draw_block, "people"))
    return Replicate(world, logs, acts, view, people, ends)


def replicate_of(inputs: Inputs, k: int) -> Replicate:
    """Replicate k: its world, each arm's Log and the sample; the last one asked for is kept."""
    return _replicate(_Key(inputs), k)


def forget_replicate() -> None:
    """Draw the next one anew, even if it was the last one asked for: for those who time it."""
    _replicate.cache_clear()


def footage_days(inputs: Inputs) -> int:
    """H: the longest retention of any arm, and a day; footage older than that is never delivered."""
    if inputs.footage_days is not None:
        return inputs.footage_days
    kept = [arm.retention_s(regime, listed)[0] for arm in inputs.arms for regime in REGIMES for listed in (False, True)]
    return math.ceil(max(kept) / DAY_S) + 1


def see_block(inputs: Inputs, whole: Replicate, block: int) -> Seen:
    """Draw one block of the sample and its passes in front of the watched cameras."""
    world, people = whole.world, whole.sample
    size = world.city.people if people is None else people.ids.size
    blocks = blocks_of(inputs) if world.k >= 0 else 1
    low, high = (round(n * size / blocks) for n in (block, block + 1))
    first = -world.footage_days
    with cost.stage("people"):
        ids = np.arange(low, high) if people is None else people.ids[low:high]
        weight = np.ones(ids.size) if people is None else people.weight[low:high]
        drawn = draw_block(world.city, world.scenario, world.seed, world.k, ids, weight, first, world.days,
                           **inputs.brought.keywords(draw_block, "people"))
    # the pilot wants the whole flow past each camera; a replicate only what somebody looks at
    with cost.stage("passes"):
        windows = whole.acts.windows() if world.k >= 0 else None
        pieces = passes(drawn, world.city, whole.coverage, first, world.days - first, windows)
    cost.add("bytes", "people", cost.bytes_of(drawn))
    cost.add("bytes", "passes", cost.bytes_of(pieces))
    for name, amount in (("people", ids.size), ("walks", drawn.walk_tour.size), ("pieces of passes", len(pieces))):
        cost.add("count", name, amount)
    return Seen(drawn, pieces)


def blocks_of(inputs: Inputs) -> int:
    """How many blocks a replicate has."""
    people = round(inputs.scenario.population.people.number)
    size = people if inputs.plan.sample == "all" else min(int(inputs.plan.sample), people)
    return max(1, math.ceil(size / block_size(inputs.plan.days)))


def block_size(days: int) -> int:
    """People in a block: a long study has smaller blocks, so that the memory of a worker does not grow with days.

    >>> block_size(30), block_size(365)
    (65536, 9954)
    """
    return min(BLOCK, BLOCK * _BLOCK_DAYS // (days + _BLOCK_DAYS // 2))
