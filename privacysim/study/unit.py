"""One unit of work: all arms on one replicate and one block of people. The only file that touches every room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.city import build_city
from privacysim.exposure import Acts, Exposure, index_acts, measure_exposure
from privacysim.facts import facts
from privacysim.governance import Log, simulate
from privacysim.metrics import PeopleSeen, Records, Sums, parts
from privacysim.people import Block, Panel, draw_block, panel
from privacysim.scenario import Scenario
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

    def as_json(self) -> dict[str, Any]:
        """Plain data for a part file; floats keep every bit."""
        return {"unit": list(self.unit), "arms": self.arms, "notes": list(self.notes), "rows": dict(self.rows)}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> UnitParts:
        """Back from a part file."""
        return UnitParts(Unit(*raw["unit"]), raw["arms"], tuple(raw["notes"]), raw["rows"])


@dataclass(frozen=True, eq=False)
class Replicate:
    """What all blocks of a replicate share: the world, each arm's Log, the acts in which somebody looks."""

    world: World
    logs: tuple[Log, ...]
    acts: Acts
    coverage: Coverage
    panel: Panel
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
    from privacysim.study.pilot_world import pilot_sums

    whole = replicate_of(inputs, unit.replicate)
    seen = see_block(inputs, whole, unit.block)
    if unit.replicate < 0:
        return UnitParts(unit, pilot_sums(inputs.arm_ids, whole, seen))
    exposure = measure_exposure(seen.pieces, seen.block, whole.acts)
    arms = {
        log.policy: parts(people_seen(exposure, n), records(whole.world, log) if unit.block == 0 else None)
        for n, log in enumerate(whole.logs)
    }  # fmt: skip
    for end, view in whole.ends.views.items():
        shown = passes(seen.block, whole.world.city, view, seen.block.first_day, seen.block.days, whole.acts.windows())
        at_end = measure_exposure(shown, seen.block, whole.acts)
        arms |= {arm_at(log.policy, end): parts(people_seen(at_end, n), None) for n, log in enumerate(whole.logs)}
    notes = tuple(f"{log.policy}: {note}" for log in whole.logs for note in log.notes) if unit.block == 0 else ()
    notes = (*whole.ends.notes, *notes) if unit.block == 0 else ()
    rows = _tables(inputs, whole, seen, unit, wanted_tables, folder) if wanted_tables and folder is not None else {}
    return UnitParts(unit, arms, notes, rows)


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
    city = build_city(scenario)
    world = sample_world(
        city, scenario, plan.seed, k, days=plan.days, footage_days=footage_days(inputs),
        warmup_days=round(facts().value("warmup_d")),
    )
    baseline = inputs.arm(plan.baseline)
    logs = tuple(simulate(world, arm, baseline=baseline, start=plan.start) for arm in inputs.arms)
    acts = index_acts(logs)
    size: int | Literal["all"] = "all" if plan.panel == "all" else min(int(plan.panel), city.people)
    people = panel(city, scenario, plan.seed, k, size)
    view = coverage(city, world.cameras, acts.watched)
    return Replicate(world, logs, acts, view, people, ends_of(inputs, world, acts))


def replicate_of(inputs: Inputs, k: int) -> Replicate:
    """Replicate k: its world, each arm's Log and the panel; the last one asked for is kept."""
    return _replicate(_Key(inputs), k)


def footage_days(inputs: Inputs) -> int:
    """H: the longest retention of any arm, and a day; footage older than that is never delivered."""
    kept = [arm.retention_s(regime, listed)[0] for arm in inputs.arms for regime in REGIMES for listed in (False, True)]
    return math.ceil(max(kept) / DAY_S) + 1


def see_block(inputs: Inputs, whole: Replicate, block: int) -> Seen:
    """Draw one block of the panel and its passes in front of the watched cameras."""
    world, people = whole.world, whole.panel
    blocks = blocks_of(inputs)
    ends = [round(n * people.ids.size / blocks) for n in (block, block + 1)]
    mine = slice(*ends)
    first = -world.footage_days
    drawn = draw_block(
        world.city, world.scenario, world.seed, world.k, people.ids[mine], people.weight[mine], first, world.days
    )
    # the pilot wants the whole flow past each camera; a replicate only what somebody looks at
    windows = whole.acts.windows() if world.k >= 0 else None
    return Seen(drawn, passes(drawn, world.city, whole.coverage, first, world.days - first, windows))


def blocks_of(inputs: Inputs) -> int:
    """How many blocks a replicate has."""
    people = round(inputs.scenario.population.people.number)
    size = people if inputs.plan.panel == "all" else min(int(inputs.plan.panel), people)
    return max(1, math.ceil(size / BLOCK))


def people_seen(exposure: Exposure, arm: int) -> PeopleSeen:
    """One arm of an exposure, as metrics see it."""
    return PeopleSeen(
        exposure.weight, exposure.identifiable_s[:, arm], exposure.viewer_identifiable_s[:, arm],
        exposure.p_identified[:, arm], exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
        exposure.revealed_to_outsiders[:, arm],
    )


def records(world: World, log: Log) -> Records:
    """One arm's Log, as metrics see it."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    return Records(world.days, log.requests, log.acts, log.incidents, opened)


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
