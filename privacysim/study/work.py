"""Work of a study: prepares its city, then runs its units, here or in a worker process."""

from __future__ import annotations

from pathlib import Path

from privacysim.facts import facts_replaced
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import prepare_city, replicate_of
from privacysim.simulation.unit import compile_side_by_side, run_unit
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.study.pilots import pilot_sums

PILOT = Unit(-1, 0)
"""The pilot world, outside every study, from which the metrics' skewness is computed."""


class Runner:
    """Runs the units of a study; a subclass must be importable by worker processes."""

    def prepare(self, inputs: Inputs, workers: int) -> None:
        """Do work that all units need once, so that an unusable city is reported before anything is written."""
        prepare_city(inputs, workers)

    def __call__(self, inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
        """Run all arms on one replicate and one block of people; for the pilot, sum contributions of root events."""
        with facts_replaced(inputs.facts):
            if unit != PILOT:
                return run_unit(inputs, wanted_tables, folder, unit)
            cost.collected()  # discard the costs of this thread's earlier work
            cost.worker_started()
            compile_side_by_side(unit)
            whole = replicate_of(inputs, unit.replicate)
            seen = whole.seen(unit.block)
            with cost.stage("pilot"):
                sums = pilot_sums(whole, seen)
            return UnitParts(unit, sums, cost=cost.collected())
