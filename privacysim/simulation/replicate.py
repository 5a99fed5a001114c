"""One replicate of a study: city, world, logs and sample, each computed on first use and cached."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.city import City, build_city
from privacysim.errors import one_line
from privacysim.exposure import Acts, FaceSearches, index_acts
from privacysim.facts import facts
from privacysim.governance import History, Log, simulate
from privacysim.people import Block, Sample, draw_block, draw_sample
from privacysim.people.rounds import Looked
from privacysim.policy import Arm
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Passing, Pieces, Windows, looked_at, passes
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.view_ends import Ends, ends_of
from privacysim.units import DAY_S
from privacysim.vocabulary import REGIMES
from privacysim.world.world_model import World, sample_world

BLOCK = 16_384
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
        lost = {"acts", "searches", "windows", "looked", "coverage", "ends", *(("logs",) if arms else ())}
        given = {"inputs": replace(self.inputs, arms=tuple(arms)) if arms else None, "acts": acts, "sample": sample}
        made, known = object.__new__(Replicate), {"history": self.history, **vars(self)}
        made.__dict__ |= {name: value for name, value in known.items() if name not in lost}
        made.__dict__ |= {name: value for name, value in given.items() if value is not None}
        return made

    @cached_property
    @cost.stage("city")
    def city(self) -> City:
        """The city, from the cache if it was built before."""
        return build_city(self.inputs.scenario, **self.inputs.brought.keywords("city"))

    @cached_property
    @cost.stage("world")
    def world(self) -> World:
        """Cameras, cases and chances, the same under every policy."""
        inputs = self.inputs
        cost.add("count", "worlds drawn", 1)
        return sample_world(self.city, inputs.scenario, inputs.plan.seed, self.k, days=inputs.plan.days,
                            footage_days=footage_days(inputs), warmup_days=round(facts().value("warmup_d")),
                            **inputs.brought.keywords("cameras"))

    @cached_property
    def history(self) -> History:
        """History that the policies of this replicate share; replicates `changed` from it share it, too."""
        return History()

    @cached_property
    @cost.stage("policies")
    def logs(self) -> Mapping[str, Log]:
        """Log of each arm: requests, acts, incidents, audits, custody."""
        plan, brought = self.inputs.plan, self.inputs.brought
        return {arm.id: simulate(self.world, arm, baseline=self.baseline, start=plan.start, history=self.history,
                                 **brought.keywords("processes", "desk")) for arm in self.inputs.arms}

    @cached_property
    @cost.stage("cameras")
    def acts(self) -> Acts:
        """Acts of all arms in which somebody looks, indexed by camera."""
        made = index_acts(tuple(self.logs.values()))
        cost.add("count", "acts looked at", len(made))
        return made

    @cached_property
    @cost.stage("cameras")
    def searches(self) -> FaceSearches:
        """Those of the acts that search by face."""
        return FaceSearches.of(self.acts, tuple(self.logs.values()))

    @cached_property
    @cost.stage("cameras")
    def windows(self) -> Windows:
        """Footage that somebody looks at."""
        return self.acts.windows()

    @cached_property
    @cost.stage("cameras")
    def looked(self) -> Looked | None:
        """Where and when somebody looks; the pilot and other views of mapped cameras need all tours."""
        if self.k < 0 or self.ends.views:
            return None
        return looked_at(self.world.city, self.coverage, self.windows)

    @cached_property
    @cost.stage("cameras")
    def coverage(self) -> Coverage:
        """What the viewed cameras can see."""
        return coverage(self.world.city, self.world.cameras, self.acts.watched)

    @cached_property
    @cost.stage("cameras")
    def ends(self) -> Ends:
        """The views that show fewest and most people, if a map leaves headings and lenses open."""
        return ends_of(self.inputs, self.world, self.acts)

    @cached_property
    @cost.stage("people")
    def sample(self) -> Sample | None:
        """The sample with its weights; None means all residents."""
        inputs, city, own = self.inputs, self.city, self.inputs.brought.keywords("people")
        size = city.people if inputs.plan.sample == "all" else min(int(inputs.plan.sample), city.people)
        size = min(size, BLOCK) if self.k < 0 else size  # the pilot needs one block of people from the whole city
        if size == city.people and not own:
            return None
        return draw_sample(city, inputs.scenario, inputs.plan.seed, self.k, size, **own)

    @property
    def blocks(self) -> int:
        """Number of blocks of people; the pilot has one."""
        return blocks_of(self.inputs) if self.k >= 0 else 1

    @cost.stage("people")
    def draw(self, block: int = 0, looked: Looked | None = None) -> Block:
        """Draw one block of the sample: homes, tours and their days; with `looked`, without tours that nobody sees."""
        world, people = self.world, self.sample
        size = world.city.people if people is None else people.ids.size
        low, high = (round(n * size / self.blocks) for n in (block, block + 1))
        ids = np.arange(low, high) if people is None else people.ids[low:high]
        weight = np.ones(ids.size) if people is None else people.weight[low:high]
        first = 0 if self.k < 0 else -world.footage_days  # the pilot needs a daily flow, not the days of old footage
        drawn = draw_block(world.city, world.scenario, world.seed, world.k, ids, weight, first, world.days,
                           looked=looked, **self.inputs.brought.keywords("people"))
        cost.add("bytes", "people", cost.bytes_of(drawn))
        cost.add("count", "people", ids.size)
        cost.add("count", "walks", drawn.walk_tour.size)
        return drawn

    @cost.stage("passes")
    def see(self, drawn: Block, view: Coverage | None = None) -> Pieces:
        """Passes of these people at the viewed cameras, while somebody looks; the pilot keeps whole passes."""
        windows = self.windows if self.k >= 0 else None
        return _counted(passes(drawn, self.world.city, view or self.coverage, drawn.first_day, drawn.days, windows))

    def see_in_portions(self, drawn: Block, view: Coverage | None = None) -> Iterator[Pieces]:
        """The same passes, in portions of people: where many cameras are watched, all of them would fill the memory."""
        with cost.stage("passes"):
            portions = Passing(drawn, self.world.city, view or self.coverage, self.windows).portions()
        while True:
            with cost.stage("passes"):
                pieces = next(portions, None)
            if pieces is None:
                return
            yield _counted(pieces)

    def seen(self, block: int = 0) -> Seen:
        """Draw one block of people with its passes; it holds only tours that somebody can look at."""
        drawn = self.draw(block, self.looked)
        return Seen(drawn, self.see(drawn))


def _counted(pieces: Pieces) -> Pieces:
    cost.add("bytes", "passes", cost.bytes_of(pieces))
    cost.add("count", "pieces of passes", len(pieces))
    return pieces


_LAST: dict[tuple[str, int], Replicate] = {}
"""The last replicate by run id and number, since a worker keeps it for all its blocks."""


def replicate_of(inputs: Inputs, k: int) -> Replicate:
    """Return replicate k; the last one requested is cached."""
    found = _LAST.get((inputs.run_id, k))
    if found is None:
        # a worker gets the inputs anew with every unit; its policies keep what they answered before
        known = (one.inputs.arms for (run_id, _), one in _LAST.items() if run_id == inputs.run_id)
        found = Replicate(replace(inputs, arms=next(known, inputs.arms)), k)
        _LAST.clear()
        _LAST[inputs.run_id, k] = found
    return found


def forget_replicate() -> None:
    """Clear the cached replicate, so that the next one is drawn anew, for example to time it."""
    _LAST.clear()


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
    """People in a block; smaller in long studies, so that the memory of a worker does not grow with days."""
    return min(BLOCK, BLOCK * _BLOCK_DAYS // (days + _BLOCK_DAYS // 2))


def pass_starts(pieces: Pieces) -> NDArray[np.intp]:
    """Rows at which a new pass begins; the pieces of a pass are adjacent."""
    if len(pieces) == 0:
        return np.zeros(0, dtype=np.intp)
    return np.concatenate([[0], 1 + np.flatnonzero((np.diff(pieces.person) != 0) | (np.diff(pieces.pass_no) != 0))])
