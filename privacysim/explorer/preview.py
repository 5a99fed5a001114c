"""Small version of a study for the explorer: a district, few days, many replicates, one arm at a time.

Worlds, people and all baseline results do not depend on the levers, so they are computed once and kept; so are passes
at footage that other rules showed before. Moving a lever costs one `simulate` and one pass over the viewed pieces.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from privacysim.city import City, build_city
from privacysim.draws import Floats, Ints
from privacysim.explorer.passes_so_far import PassesSoFar
from privacysim.exposure import index_acts, is_outsider, measure_exposure, targeted
from privacysim.facts import facts_replaced
from privacysim.metrics import METRICS, parts, readings
from privacysim.people import Block
from privacysim.policy import Arm, load_arms
from privacysim.results import Comparison
from privacysim.results.summary_rows import SAME, compare
from privacysim.scenario import Scenario, load_scenario
from privacysim.simulation.fact_worlds import facts_of_world
from privacysim.simulation.replicate import Replicate, Seen
from privacysim.simulation.unit import people_seen, records
from privacysim.simulation.unit_parts import WORLD, UnitParts
from privacysim.study import Study
from privacysim.study.pilots import Skewness, pilot_skewness, pilot_sums
from privacysim.study.running import PILOT
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES, GROUPS

SHOWN = ("people_identified_by_outsiders", "sensitive_visits_revealed", "cameras_listed", "views_without_document",
         "gap_hard", "cases_with_admissible_evidence", "hours_to_evidence", "requests_lost_to_retention")
"""Metrics that the explorer shows, in order."""
DISTRICT, LARGEST = "guangzhou_part", 1_000_000
"""District used for the preview of studies with more people."""
DAYS, FOOTAGE_DAYS, SAMPLE, REPLICATES, WORLDS = 30, 91, 2_000, 20, 20



@dataclass(frozen=True, eq=False)
class Look:
    """Results of one arm in one replicate.

    `values`: (metric, curve) → value and contributors. `chance` (people, curve, [insiders, outsiders]): P(identified).
    `views`: acts of viewing, with `outsider`. `listed`: cameras on the website per day.
    `pairs`: mask, gallery and recogniser of each kind of look.
    """

    values: dict[tuple[str, str], tuple[float, int]]
    notes: list[tuple[str, str, str]]
    chance: Floats
    views: pd.DataFrame
    listed: Floats
    pairs: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Random draws of one replicate: its facts, world and people, and their results under the baseline."""

    facts: dict[str, float]
    whole: Replicate
    block: Block
    passes: PassesSoFar
    baseline: Look


class Preview:
    """Small version of a study: `look` computes an arm in a replicate, `comparison` compares the results so far.

    Each arm's rules apply from the start (`steady`), so that levers show effects within days. It uses the study's
    scenario if that has at most a million people (`LARGEST`), else the district.
    """

    def __init__(self, study: Study, replicates: int = REPLICATES, sample: int = SAMPLE) -> None:
        inputs = study.inputs()
        small = inputs.scenario.population.people.number <= LARGEST
        self.study, self.replicates = study, replicates
        self.scenario: Scenario = inputs.scenario if small else load_scenario(DISTRICT)
        self.days = min(inputs.plan.days, DAYS) if small else DAYS
        self.sample = min(sample, round(self.scenario.population.people.number))
        plan = inputs.plan.model_copy(update={"days": self.days, "sample": self.sample, "start": "steady"})
        self._inputs = replace(inputs, plan=plan, scenario=self.scenario, footage_days=FOOTAGE_DAYS)
        self.arms: list[Arm] = list(inputs.arms)
        self.baseline: Arm = inputs.arm(plan.baseline)
        self.city: City = build_city(self.scenario)
        self._drawn: dict[int, Drawn] = {}
        self._known: dict[str, Arm] = {}
        self._skewness: dict[str, Skewness] = {}

    @property
    def says(self) -> str:
        """Description of the preview, for the screen."""
        people = round(self.scenario.population.people.number)
        calibrated = "" if self.scenario.calibrated else "; not calibrated"
        return (f"Preview: {self.scenario.title}, {people:,} people (a sample of {self.sample:,}), {self.days} days, "
                f"rules in force from the start, seed {self.study.plan.seed}{calibrated}")  # fmt: skip

    def arm(self, path: str) -> Arm:
        """The arm of a policy file (its only reading), under the study's general law."""
        return load_arms([path], {}, self.study.plan.law_date, pack=self.scenario.law)[0].knowing(self._known)

    def drawn(self, k: int) -> Drawn:
        """Replicate k, drawn on first use; from `WORLD` on, the one of world k − `WORLD`, with facts of its own."""
        if k not in self._drawn:
            facts = facts_of_world(self.scenario, self.city, self.study.plan.seed, k - WORLD) if k >= WORLD else {}
            with facts_replaced(facts):
                whole = Replicate(self._inputs, k)
                block = whole.draw()
                shared = PassesSoFar(whole, block)
                self._drawn[k] = Drawn(facts, whole, block, shared, self._look(self.baseline, whole, block, shared))
        return self._drawn[k]

    def look(self, arm: Arm, k: int) -> Look:
        """Results of one arm in replicate k."""
        drawn = self.drawn(k)
        with facts_replaced(drawn.facts):
            return self._look(arm, drawn.whole, drawn.block, drawn.passes)

    def _look(self, arm: Arm, replicate: Replicate, block: Block, shared: PassesSoFar) -> Look:
        whole = replicate.changed(arms=[arm])
        log = whole.logs[arm.id]
        pieces, view, acts = shared.at(index_acts([log]))
        exposure = measure_exposure(pieces, block, acts)
        sought = targeted(log.acts, whole.world, view)
        found = readings(parts(people_seen(exposure, 0, block, sought=sought), records(whole.world, log), names=SHOWN))
        values = {(name, one.curve): (one.value, one.contributors) for name, one in found if one.value is not None}
        notes = [(name, one.curve, one.note) for name, one in found if one.value is None]
        missed = 1.0 - exposure.p_identified[:, 0]
        chance = np.stack([1.0 - missed[:, :3].prod(axis=1), 1.0 - missed[:, 3:].prod(axis=1)], axis=-1)
        looks = log.acts[log.acts["audience"].to_numpy() > 0]
        views = looks[["camera_id", "at_s", "source", "actor", "legality"]].assign(outsider=is_outsider(looks))
        return Look(values, notes, chance, views, _listed(log.incidents, self.days), acts.pairs)

    @cached_property
    def home_cells(self) -> tuple[Ints, Ints, int]:
        """Home cell of each member of replicate 0's sample on a square grid: column, row, cells per side."""
        block, side = self.drawn(0).block, 14
        x, y = self.city.place_x[block.home_place], self.city.place_y[block.home_place]
        left, low, size = self.frame
        column, row = (np.clip((v - v0) / size * side, 0, side - 1).astype(np.int64) for v, v0 in ((x, left), (y, low)))
        return column, row, side

    @cached_property
    def frame(self) -> tuple[float, float, float]:
        """Square that bounds the city: left, bottom, size in metres."""
        x, y = self.city.node_x, self.city.node_y
        size = float(max(np.ptp(x), np.ptp(y))) * 1.02 or 1.0
        return float(x.mean() - size / 2), float(y.mean() - size / 2), size

    def by_group(self, look: Look) -> dict[str, Floats]:
        """Group → people identified per 100 000 of the group, [curve, insiders or outsiders], in replicate 0."""
        block = self.drawn(0).block
        found = {}
        for code, name in enumerate(GROUPS):
            mine = block.group == code
            weight = block.weight[mine]
            if weight.size:
                found[name] = 1e5 * (weight[:, None, None] * look.chance[mine]).sum(axis=0) / weight.sum()
        return found

    def means(self, looks: Sequence[Look]) -> pd.DataFrame:
        """Means as in `comparison`, without intervals, for an immediate answer."""
        rows: list[dict[str, Any]] = []
        before = self._baselines(looks)
        keys = {key for look in (*looks, *before) for key in look.values}
        for key in sorted(keys, key=lambda key: (SHOWN.index(key[0]), ("", *CURVES).index(key[1]))):
            a, b = (float(np.mean([look.values[key][0] for look in series if key in look.values] or [math.nan]))
                    for series in (looks, before))  # fmt: skip
            same = all(x.values.get(key) == y.values.get(key) for x, y in zip(looks, before, strict=True))
            rows += [{"policy": policy, "metric": key[0], "curve": key[1], "mean": value,
                      "ratio": a / b if b else math.nan, "ratio_low": math.nan, "ratio_high": math.nan,
                      "note": f"{SAME} so far" if same else ""}
                     for policy, value in ((self.baseline.id, b), ("explored", a))]  # fmt: skip
        return pd.DataFrame(rows)

    def comparison(self, arm: Arm, looks: Sequence[Look]) -> Comparison:
        """Compare the arm with the baseline over the replicates so far, by the usual rules for intervals."""
        arms = {self.baseline.id: self._baselines(looks), "explored": looks}
        both = [(policy, k, look) for policy, series in arms.items() for k, look in enumerate(series)]
        values = [(policy, k, name, curve, value, METRICS[name].unit, n)
                  for policy, k, look in both for (name, curve), (value, n) in look.values.items()]  # fmt: skip
        notes = [(policy, k, *note) for policy, k, look in both for note in look.notes]
        key = ["policy", "replicate", "metric", "curve"]
        table = compare(pd.DataFrame(values, columns=[*key, "value", "unit", "contributors"]),
                        pd.DataFrame(notes, columns=[*key, "note"]), self._skewness_of(arm),
                        [self.baseline.id, "explored"], self.baseline.id, SHOWN[:1], len(looks), False)
        titles = {self.baseline.id: self.baseline.title, "explored": arm.title}
        return Comparison(table, self.baseline.id, SHOWN[0], "steady", titles)

    def _baselines(self, looks: Sequence[Look]) -> list[Look]:
        return [self.drawn(k).baseline for k in range(len(looks))]

    def _skewness_of(self, arm: Arm) -> Skewness:
        """Skewness of the baseline, the arm ("explored") and their comparison, in a pilot that is not a replicate."""
        if arm.id not in self._skewness:
            pilot, block = self._pilot
            explored = replace(arm, id="explored")
            whole = pilot.changed(arms=[self.baseline, explored])
            sums = pilot_sums(whole, Seen(block, whole.see(block)))
            self._skewness[arm.id] = pilot_skewness(UnitParts(PILOT, sums))
        return self._skewness[arm.id]

    @cached_property
    def _pilot(self) -> tuple[Replicate, Block]:
        whole = Replicate(self._inputs, -1)
        return whole, whole.draw()


def _listed(incidents: pd.DataFrame, days: int) -> Floats:
    """Cameras on the website at noon of each day."""
    streams = incidents[incidents["kind"] == "stream"]
    noon = (np.arange(days) + 0.5) * DAY_S
    opened = streams["opened_s"].to_numpy(dtype=np.float64)
    closed = streams["closed_s"].fillna(np.inf).to_numpy(dtype=np.float64)
    return ((opened[None, :] <= noon[:, None]) & (closed[None, :] > noon[:, None])).sum(axis=1).astype(np.float64)
