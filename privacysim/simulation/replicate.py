"""One replicate of a study: city, world, logs and sample, each computed on first use and cached."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from privacysim.city import City, build_city
from privacysim.errors import one_line
from privacysim.exposure import Acts, Exposure, index_acts, measure_exposure
from privacysim.facts import facts
from privacysim.governance import Log, simulate
from privacysim.people import Block, Sample, draw_block, draw_sample
from privacysim.policy import Arm
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Pieces, passes
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.view_ends import Ends, ends_of
from privacysim.units import DAY_S
from privacysim.vocabulary import REGIMES
from privacysim.world.world_model import World, sample_world

BLOCK = 65_536
"""Largest number of people in a block, including those added to small groups."""
_BLOCK_DAYS = 60
"""Number of days, including footage before the study, up to which blocks have full size."""


@dataclass
class Choice:
    """Named acts, in the form that `index_acts` expects."""

    policy: str
    acts: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Seen:
    """One block of people and what the viewed cameras see of them."""

    __repr__ = one_line

    block: Block
    pieces: Pieces


class Replicate:
    """Replicate `k` of resolved inputs, whose blocks of people share the world, the logs and the acts.

    Each attribute is computed on first use: `city`, `world`, `logs` (arm → Log), `acts` (those in which somebody
    looks, indexed by camera), `coverage` (what the viewed cameras see), `sample` (None: all residents) and `ends`
    (the views that show fewest and most, in a city with mapped cameras).
    """

    def __init__(self, inputs: Inputs, k: int) -> None:
        self.inputs, self.k = inputs, k
        self.baseline: Arm = inputs.arm(inputs.plan.baseline)

    def changed(self, *, arms: Sequence[Arm] = (), acts: Acts | None = None, sample: Sample | None = None) -> Replicate:
        """Return a replicate with the same city and world, but other arms, acts or sample."""
        lost = {"acts", "coverage", "ends", *(("logs",) if arms else ())}
        made = object.__new__(Replicate)
        made.__dict__ |= {name: value for name, value in vars(self).items() if name not in lost}
        if arms:
            made.inputs = replace(self.inputs, arms=tuple(arms))
        made.__dict__ |= {} if acts is None else {"acts": acts}
        made.__dict__ |= {} if sample is None else {"sample": sample}
        return made

    @cached_property
    def city(self) -> City:
        """The city, from the cache if it was built before."""
        with cost.stage("city"):
            return build_city(self.inputs.scenario, **self.inputs.brought.keywords(build_city, "city"))

    @cached_property
    def world(self) -> World:
        """Cameras, cases and chances, the same under every policy."""
        inputs, city = self.inputs, self.city
        with cost.stage("world"):
            made = sample_world(
                city, inputs.scenario, inputs.plan.seed, self.k, days=inputs.plan.days,
                footage_days=footage_days(inputs), warmup_days=round(facts().value("warmup_d")),
                **inputs.brought.keywords(sample_world, "cameras"),
            )
        cost.add("count", "worlds drawn", 1)
        return made

    @cached_property
    def logs(self) -> Mapping[str, Log]:
        """Log of each arm: requests, acts, incidents, audits, custody."""
        inputs, world = self.inputs, self.world
        with cost.stage("policies"):
            return {
                arm.id: simulate(world, arm, baseline=self.baseline, start=inputs.plan.start,
                                 **inputs.brought.keywords(simulate, "processes", "desk"))
                for arm in inputs.arms
            }  # fmt: skip

    @cached_property
    def acts(self) -> Acts:
        """Acts of all arms in which somebody looks, indexed by camera."""
        logs = tuple(self.logs.values())
        with cost.stage("cameras"):
            made = index_acts(logs)
        cost.add("count", "acts looked at", len(made))
        return made

    @cached_property
    def coverage(self) -> Coverage:
        """What the viewed cameras can see."""
        world, acts = self.world, self.acts
        with cost.stage("cameras"):
            return coverage(world.city, world.cameras, acts.watched)

    @cached_property
    def ends(self) -> Ends:
        """The views that show fewest and most, if a map leaves headings and lenses open."""
        world, acts = self.world, self.acts
        with cost.stage("cameras"):
            return ends_of(self.inputs, world, acts)

    @cached_property
    def sample(self) -> Sample | None:
        """The sample with its weights; None means all residents."""
        inputs, city = self.inputs, self.city
        size = city.people if inputs.plan.sample == "all" else min(int(inputs.plan.sample), city.people)
        with cost.stage("people"):
            size = min(size, BLOCK) if self.k < 0 else size  # the pilot needs one block of people from the whole city
            own = inputs.brought.keywords(draw_sample, "people")
            if size == city.people and not own:
                return None
            return draw_sample(city, inputs.scenario, inputs.plan.seed, self.k, size, **own)

    @property
    def blocks(self) -> int:
        """Number of blocks of people; the pilot has one."""
        return blocks_of(self.inputs) if self.k >= 0 else 1

    def draw(self, block: int = 0) -> Block:
        """Draw one block of the sample: homes, tours and the days on which they are made."""
        world, people = self.world, self.sample
        size = world.city.people if people is None else people.ids.size
        low, high = (round(n * size / self.blocks) for n in (block, block + 1))
        with cost.stage("people"):
            ids = np.arange(low, high) if people is None else people.ids[low:high]
            weight = np.ones(ids.size) if people is None else people.weight[low:high]
            drawn = draw_block(world.city, world.scenario, world.seed, world.k, ids, weight, -world.footage_days,
                               world.days, **self.inputs.brought.keywords(draw_block, "people"))  # fmt: skip
        cost.add("bytes", "people", cost.bytes_of(drawn))
        for name, amount in (("people", ids.size), ("walks", drawn.walk_tour.size)):
            cost.add("count", name, amount)
        return drawn

    def see(self, drawn: Block, view: Coverage | None = None) -> Pieces:
        """Passes of these people at the viewed cameras, while somebody looks; the pilot keeps whole passes."""
        world, view, windows = self.world, view or self.coverage, self.acts.windows() if self.k >= 0 else None
        with cost.stage("passes"):
            pieces = passes(drawn, world.city, view, drawn.first_day, drawn.days, windows)
        cost.add("bytes", "passes", cost.bytes_of(pieces))
        cost.add("count", "pieces of passes", len(pieces))
        return pieces

    def seen(self, block: int = 0) -> Seen:
        """Draw one block of people with its passes."""
        drawn = self.draw(block)
        return Seen(drawn, self.see(drawn))

    def exposures(self) -> Iterator[tuple[Seen, Exposure]]:
        """Yield for each block the people with their passes, and what the acts reveal of them."""
        for block in range(self.blocks):
            found = self.seen(block)
            yield found, measure_exposure(found.pieces, found.block, self.acts)


class _Key:
    """Inputs as a cache key, equal for equal run ids."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.inputs.run_id == self.inputs.run_id

    def __hash__(self) -> int:
        return hash(self.inputs.run_id)


@lru_cache(maxsize=1)  # a worker keeps its replicate for all its blocks
def _replicate(key: _Key, k: int) -> Replicate:
    return Replicate(key.inputs, k)


def replicate_of(inputs: Inputs, k: int) -> Replicate:
    """Return replicate k; the last one requested is cached."""
    return _replicate(_Key(inputs), k)


def forget_replicate() -> None:
    """Clear the cached replicate, so that the next one is drawn anew, for example to time it."""
    _replicate.cache_clear()


def prepare_city(inputs: Inputs, workers: int) -> None:
    """Build the city once and cache it, before workers need it."""
    build_city(inputs.scenario, workers=workers, **inputs.brought.keywords(build_city, "city"))


def footage_days(inputs: Inputs) -> int:
    """H, the longest retention of any arm plus a day; older footage is never delivered."""
    if inputs.footage_days is not None:
        return inputs.footage_days
    kept = [arm.retention_s(regime, listed)[0] for arm in inputs.arms for regime in REGIMES for listed in (False, True)]
    return math.ceil(max(kept) / DAY_S) + 1


def blocks_of(inputs: Inputs) -> int:
    """Number of blocks of a replicate."""
    people = round(inputs.scenario.population.people.number)
    size = people if inputs.plan.sample == "all" else min(int(inputs.plan.sample), people)
    return max(1, math.ceil(size / block_size(inputs.plan.days)))


def block_size(days: int) -> int:
    """People in a block; smaller in long studies, so that the memory of a worker does not grow with days.

    >>> block_size(30), block_size(365)
    (65536, 9954)
    """
    return min(BLOCK, BLOCK * _BLOCK_DAYS // (days + _BLOCK_DAYS // 2))
