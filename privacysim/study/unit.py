"""One unit of work: all arms on one replicate and one block of people. The only file that touches every room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.city import build_city
from privacysim.exposure import Acts, Exposure, faces_searched, index_acts, measure_exposure
from privacysim.facts import facts
from privacysim.governance import Log, simulate
from privacysim.metrics import METRICS, PeopleSeen, Records, Sums, parts
from privacysim.people import Block, Panel, draw_block, panel
from privacysim.scenario import Scenario
from privacysim.study import cost
from privacysim.study.footage import footage_seen
from privacysim.study.inputs import Inputs
from privacysim.study.tables_out import check_rows, write_unit_tables
from privacysim.study.unknowns import NO_ENDS, Ends, arm_at, ends_of
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.vocabulary import REGIMES
from privacysim.world.coverage import Coverage, coverage
from privacysim.world.passes import Pieces, passes, sightings, sightings_count
from privacysim.world.world import World, sample_world

BLOCK = 65_536
"""People in a block at most; small groups that are topped up share the room."""
_BLOCK_DAYS = 60
"""Days, footage before the study included, up to which a block is full."""


class Unit(NamedTuple):
    """Replicate and block, both from 0; replicate −1 is the pilot."""

    replicate: int
    block: int

    def __str__(self) -> str:
        return f"replicate {self.replicate}, block {self.block}"


@dataclass(frozen=True)
class UnitParts:
    """Sums of every metric by arm, and what there is to say; all of it survives a trip through JSON."""

    unit: Unit
    arms: Mapping[str, Sums]
    notes: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    cost: cost.Cost = field(default_factory=dict)
    """What it cost (`study.cost`): not a result, so it differs from run to run."""

    def as_json(self) -> dict[str, Any]:
        """Plain data for a part file; floats keep every bit."""
        return {"unit": list(self.unit), "arms": self.arms, "notes": list(self.notes), "rows": dict(self.rows),
                "cost": self.cost}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> UnitParts:
        """Back from a part file."""
        return UnitParts(Unit(*raw["unit"]), raw["arms"], tuple(raw["notes"]), raw["rows"], raw["cost"])


@dataclass(frozen=True, eq=False)
class Replicate:
    """What all blocks of a replicate share: the world, each arm's Log, the acts in which somebody looks."""

    world: World
    logs: tuple[Log, ...]
    acts: Acts
    coverage: Coverage
    panel: Panel | None
    """None: everybody, of whom no list is needed."""
    ends: Ends = NO_ENDS


@dataclass(frozen=True, eq=False)
class Seen:
    """One block of people and what the watched cameras see of them."""

    block: Block
    pieces: Pieces


def prepare_city(scenario: Scenario, workers: int) -> None:
    """Build the city once, before workers ask for it; it is kept in the cache."""
    build_city(scenario, workers=workers)


def run_unit(inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
    """All arms on one replicate and one block of people: sums of every metric; tables on request."""
    cost.collected()  # what this thread did before belongs to nobody
    cost.worker_started()
    compile_side_by_side(inputs, unit)
    whole = replicate_of(inputs, unit.replicate)
    seen = see_block(inputs, whole, unit.block)
    with cost.stage("exposure"):
        exposure = measure_exposure(seen.pieces, seen.block, whole.acts)
        faces = faces_searched(seen.pieces, seen.block, whole.acts, whole.logs)
    cost.add("bytes", "exposure", cost.bytes_of(exposure))
    names = inputs.wanted
    with cost.stage("metrics"):
        filmed = footage_seen(whole, seen) if any(METRICS[name].of == "footage" for name in names) else []
        arms = {
            log.policy: parts(
                people_seen(exposure, n, seen.block, faces), records(whole.world, log) if unit.block == 0 else None,
                filmed[n] if filmed else None, names,
            )
            for n, log in enumerate(whole.logs)
        }  # fmt: skip
    for end, view in whole.ends.views.items():
        with cost.stage("passes"):
            windows = whole.acts.windows()
            shown = passes(seen.block, whole.world.city, view, seen.block.first_day, seen.block.days, windows)
        with cost.stage("exposure"):
            at_end = measure_exposure(shown, seen.block, whole.acts)
            at_faces = faces_searched(shown, seen.block, whole.acts, whole.logs)
        with cost.stage("metrics"):
            arms |= {
                arm_at(log.policy, end): parts(people_seen(at_end, n, seen.block, at_faces), None, names=names)
                for n, log in enumerate(whole.logs)
            }  # fmt: skip
    notes = tuple(f"{log.policy}: {note}" for log in whole.logs for note in log.notes) if unit.block == 0 else ()
    notes = (*whole.ends.notes, *notes) if unit.block == 0 else ()
    rows = {}
    if wanted_tables and folder is not None:
        with cost.stage("tables"):
            rows = _tables(inputs, whole, seen, unit, wanted_tables, folder)
    return UnitParts(unit, arms, notes, rows, cost.collected())


@lru_cache(maxsize=1)  # once in a process
def _compiled() -> None:
    """Compile the kernel of the exposure, or load it from numba's cache, by letting it look at nobody."""
    nobody = np.zeros(0, dtype=np.int32)
    pieces = Pieces(nobody, nobody.astype(np.int64), nobody, nobody, nobody, nobody, nobody.astype(np.uint16),
                    nobody.astype(bool), nobody.astype(np.int64), nobody.astype(bool))
    block = SimpleNamespace(
        person_id=nobody.astype(np.int64), weight=np.zeros(0), first_day=0, tour_mask=np.zeros((0, 1), np.uint64),
        tour_jitter=np.zeros((0, 1), np.int16),
    )
    measure_exposure(pieces, cast(Block, block), index_acts([]), np.zeros((0, 2, 2, 1)))


def compile_side_by_side(inputs: Inputs, unit: Unit) -> None:
    """With an empty cache two workers would compile the same kernels at once: every second one begins at the end."""
    if (unit.replicate + unit.block) % 2:
        with cost.stage("exposure"):
            _compiled()


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
    plan, scenario = inputs.plan, inputs.scenario
    with cost.stage("city"):
        city = build_city(scenario)
    with cost.stage("world"):
        world = sample_world(
            city, scenario, plan.seed, k, days=plan.days, footage_days=footage_days(inputs),
            warmup_days=round(facts().value("warmup_d")),
        )
    baseline = inputs.arm(plan.baseline)
    with cost.stage("policies"):
        logs = tuple(simulate(world, arm, baseline=baseline, start=plan.start) for arm in inputs.arms)
    with cost.stage("cameras"):
        acts = index_acts(logs)
        view = coverage(city, world.cameras, acts.watched)
        ends = ends_of(inputs, world, acts)
    cost.add("count", "worlds drawn", 1)
    cost.add("count", "acts looked at", len(acts))
    size = city.people if plan.panel == "all" else min(int(plan.panel), city.people)
    with cost.stage("people"):
        size = min(size, BLOCK) if k < 0 else size  # the pilot wants one block of people from all over the city
        people = None if size == city.people else panel(city, scenario, plan.seed, k, size)
    return Replicate(world, logs, acts, view, people, ends)


def replicate_of(inputs: Inputs, k: int) -> Replicate:
    """Replicate k: its world, each arm's Log and the panel; the last one asked for is kept."""
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
    """Draw one block of the panel and its passes in front of the watched cameras."""
    world, people = whole.world, whole.panel
    size = world.city.people if people is None else people.ids.size
    blocks = blocks_of(inputs) if world.k >= 0 else 1
    low, high = (round(n * size / blocks) for n in (block, block + 1))
    first = -world.footage_days
    with cost.stage("people"):
        ids = np.arange(low, high) if people is None else people.ids[low:high]
        weight = np.ones(ids.size) if people is None else people.weight[low:high]
        drawn = draw_block(world.city, world.scenario, world.seed, world.k, ids, weight, first, world.days)
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
    size = people if inputs.plan.panel == "all" else min(int(inputs.plan.panel), people)
    return max(1, math.ceil(size / block_size(inputs.plan.days)))


def block_size(days: int) -> int:
    """People in a block: a long study has smaller blocks, so that the memory of a worker does not grow with days.

    >>> block_size(30), block_size(365)
    (65536, 9954)
    """
    return min(BLOCK, BLOCK * _BLOCK_DAYS // (days + _BLOCK_DAYS // 2))


def people_seen(
    exposure: Exposure, arm: int, block: Block, faces: NDArray[np.float64] | None = None
) -> PeopleSeen:
    """One arm of an exposure, as metrics see it; `faces` is (people, arms), passes compared by machine."""
    return PeopleSeen(
        exposure.weight, block.group, exposure.identifiable_s[:, arm], exposure.viewer_identifiable_s[:, arm],
        exposure.p_identified[:, arm], exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
        exposure.revealed_to_outsiders[:, arm], np.empty(0) if faces is None else faces[:, arm],
    )


def records(world: World, log: Log) -> Records:
    """One arm's Log, as metrics see it."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    cameras = world.cameras
    return Records(world.days, log.requests, log.acts, log.incidents, opened, log.audits, cameras.secret,
                   cameras.operator, cameras.regime)


def _tables(inputs: Inputs, whole: Replicate, seen: Seen, unit: Unit, wanted: str, folder: Path) -> dict[str, int]:
    """Write this unit's tables; those of the world and the Logs come with block 0, the places once."""
    world, block, k = whole.world, seen.block, unit.replicate
    whoever = measure_exposure(seen.pieces, block, whole.acts.whoever())
    view = whole.coverage
    if wanted == "all":
        view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    pieces = passes(block, world.city, view, block.first_day, block.days)
    units = blocks_of(inputs) * len(inputs.replicates)
    check_rows({"sightings": sightings_count(pieces, block)}, units)  # before they fill the memory
    frames = {
        "sightings": sightings(pieces, block, view, k), "exposure": whoever.frame(k), "people": _people(block, k),
    }
    if unit.block == 0:
        frames |= {"cameras": world.cameras.frame(k), "cases": world.cases_frame()}
        for name in ("requests", "acts", "incidents", "audits", "custody"):
            frames[name] = tables.concat(name, (getattr(log, name) for log in whole.logs))
        if k == inputs.replicates[0]:
            frames["places"] = world.city.places()
    check_rows({name: len(frame) for name, frame in frames.items()}, units)
    return write_unit_tables(frames, folder, unit)


def _people(block: Block, replicate: int) -> pd.DataFrame:
    return tables.frame("people", {
        "replicate": np.full(block.person_id.size, replicate), "person_id": block.person_id, "group": block.group,
        "home_place": block.home_place, "work_place": block.work_place, "weight": block.weight,
    })  # fmt: skip
