"""One replicate of a case as an object whose steps can be inspected and run on first use."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.errors import InputError
from privacysim.exposure import index_acts, measure_exposure, targeted
from privacysim.files import validate
from privacysim.metrics import Metric
from privacysim.policy import Policy, Reform
from privacysim.scenario import Scenario
from privacysim.sight.passes import passes, sightings
from privacysim.simulation.brought import bring
from privacysim.simulation.inputs import Inputs, StudyFile, from_parts, hashed, resolve
from privacysim.simulation.replicate import Choice, Replicate
from privacysim.simulation.unit import measured, people_table
from privacysim.simulation.unit_parts import Unit
from privacysim.simulation.unit_tables import to_frames
from privacysim.vocabulary import CURVES


class Simulation(Replicate):
    """One replicate of a case under its policies.

    Parameters: `scenario` and `policies` are names, paths, objects or dicts. `city`, `people`, `cameras`, `processes`,
    `desk`, `packs` and `metrics` replace shipped parts with your own (see `Study`). `days` of the study;
    `sample` people or "all"; `seed` of all draws; `replicate` counts from 0; `start` is "transition" (all policies
    share the baseline's history up to day 0) or "steady"; `law_date` fixes the general law; `footage_days` before
    day 0 may still be kept (default: the longest retention and a day).

    Steps, each computed on first use and then cached:

    - `city`: streets, places and homes (`city.places()` is a table); `world`: cameras, cases and chances;
    - `logs[policy]`: `requests`, `acts`, `incidents`, `audits` and `custody`, each a DataFrame;
    - `people`, `passes` and `exposure`: DataFrames of the tables `people`, `sightings` and `exposure`;
    - `metrics`: the table `metrics`, with the same numbers as a study's replicate; `notes` says what is undefined.

    The same steps are plain functions: `build_city`, `sample_world`, `simulate`, `index_acts`, `coverage`,
    `draw_sample`, `draw_block`, `passes` and `measure_exposure`, each called with the results of earlier steps.

    >>> import privacysim as ps
    >>> sim = ps.Simulation("guangzhou_part", ["notice_only", "order_799"], days=1, sample=500)
    >>> sim
    Simulation('guangzhou_part', replicate 0: notice_only, order_799; 1 day, sample 500, seed 185)
    >>> sorted(sim.logs)
    ['notice_only', 'order_799']
    """

    def __init__(self, scenario: Scenario | Mapping[str, Any] | str | Path,
                 policies: Sequence[Policy | Mapping[str, Any] | Reform | str | Path], *,
                 readings: Mapping[str, Sequence[str]] | None = None, baseline: Policy | str | None = None,
                 metrics: Sequence[Metric | str] | None = None, days: int = 7, sample: int | str = 4_000,
                 seed: int = 185, replicate: int = 0, start: str = "transition", law_date: date | str | None = None,
                 city: Any = None, people: Any = None, cameras: Any = None, processes: Sequence[Any] | None = None,
                 desk: Any = None, packs: Sequence[Any] | None = None, footage_days: int | None = None) -> None:
        plain, brought = bring({key: value for key, value in locals().items()
                                if key not in ("self", "replicate", "footage_days")})
        plan = validate(StudyFile, from_parts(plain | {"replicates": 1}), "simulation")
        inputs = resolve(plan, replicate, brought)
        inputs = hashed(replace(inputs, footage_days=footage_days)) if footage_days else inputs
        Replicate.__init__(self, inputs, replicate)

    @classmethod
    def of(cls, inputs: Inputs, k: int) -> Self:
        """Create replicate `k` (from 0) of a study's inputs."""
        made = object.__new__(cls)
        Replicate.__init__(made, inputs.among([k]), k)
        return made

    def __repr__(self) -> str:
        plan = self.inputs.plan
        return (f"Simulation({self.inputs.scenario.id!r}, replicate {self.k}: {', '.join(self.inputs.arm_ids)}; "
                f"{plan.days} day{'s' if plan.days > 1 else ''}, sample {plan.sample}, seed {plan.seed})")  # fmt: skip

    @cached_property
    def people(self) -> pd.DataFrame:
        """People of the sample: person_id, group, home_place, work_place, weight (residents represented)."""
        return tables.concat("people", (people_table(self.draw(n), self.k) for n in range(self.blocks)))

    @cached_property
    def passes(self) -> pd.DataFrame:
        """The table `sightings`: who passes a viewed camera on which day, from when to when, and how large."""
        view = self.coverage
        return tables.concat("sightings", (
            sightings(passes(drawn, self.city, view, drawn.first_day, drawn.days), drawn, view, self.k)
            for drawn in map(self.draw, range(self.blocks))
        ))

    @cached_property
    def exposure(self) -> pd.DataFrame:
        """The table `exposure`: one row per policy, person, legality and curve with any exposure."""
        acts = self.acts.whoever()
        return tables.concat("exposure", (measure_exposure(found.pieces, found.block, acts).frame(self.k)
                                          for found in map(self.seen, range(self.blocks))))

    @cached_property
    def _measured(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        parts = {Unit(self.k, block): measured(self, block) for block in range(self.blocks)}
        return to_frames(parts, self.inputs.arm_ids, self.inputs.declared)

    @property
    def metrics(self) -> pd.DataFrame:
        """The table `metrics`: policy, replicate, metric, curve, value, unit, contributors."""
        return self._measured[0]

    @property
    def notes(self) -> pd.DataFrame:
        """Notes on undefined values and their reasons: policy, replicate, metric, curve, note."""
        return self._measured[1]

    def seen_by(self, acts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Measure what each named choice of acts alone reveals about the sample's people (weighted to the city).

        `acts` maps a name to rows of a policy's `log.acts`. One row per name and curve: `people_identified`
        (expected, 1 − Π over trials (1 − q), people looked for included), `identifiable_hours` (Σ t·a·κ·P),
        `people_in_view` (people filmed while somebody looked) and `contributors`, people of the sample who are in view.
        Rows do not sum to a total.
        """
        if not acts:
            raise InputError("seen_by", "at least one named choice of acts", "none", 'write {"all": log.acts}')
        chosen = self.changed(acts=index_acts([Choice(name, rows) for name, rows in acts.items()]))
        sums = np.zeros((len(acts), len(CURVES), 4))
        for n, rows in enumerate(acts.values()):
            named = targeted(rows, chosen.world, chosen.coverage)
            sums[n, :, 0] = (1.0 - np.prod(1.0 - named, axis=1)).sum(axis=0)
        for looked in map(chosen.seen, range(chosen.blocks)):
            found = measure_exposure(looked.pieces, looked.block, chosen.acts)
            seen = np.asarray(found.sightings_seen.any(axis=2))
            chance, seconds = 1.0 - np.prod(1.0 - found.p_identified, axis=2), found.identifiable_s.sum(axis=2)
            sums[:, :, 0] += np.einsum("n,nac->ac", found.weight, chance)
            sums[:, :, 1] += np.einsum("n,nac->ac", found.weight, seconds) / 3600.0
            sums[:, :, 2] += (found.weight @ seen)[:, None]
            sums[:, :, 3] += seen.sum(axis=0)[:, None]
        names = [(name, curve) for name in acts for curve in CURVES]
        columns = ["people_identified", "identifiable_hours", "people_in_view", "contributors"]
        frame = pd.DataFrame(sums.reshape(-1, 4), columns=columns).astype({"contributors": "int64"})
        return pd.concat([pd.DataFrame(names, columns=["acts", "curve"]), frame], axis=1)
