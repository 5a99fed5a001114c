"""The work of a study: preparing its city, then one unit after another, here or in a worker process."""

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
"""The pilot world, outside every study: it knows how skewed the metrics are."""


class Runner:
    """Does the units of a study. A subclass may do them otherwise; it must be importable by worker processes."""

    def prepare(self, inputs: Inputs, workers: int) -> None:
        """Do once what all units need, so that a city that cannot be used is found before anything is written."""
        prepare_city(inputs, workers)

    def __call__(self, inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
        """All arms on one replicate and one block of people; on the pilot, what its root events bring."""
        with facts_replaced(inputs.facts):
            if unit != PILOT:
                return run_unit(inputs, wanted_tables, folder, unit)
            cost.collected()  # what this thread did before belongs to nobody
            cost.worker_started()
            compile_side_by_side(unit)
            whole = replicate_of(inputs, unit.replicate)
            seen = whole.seen(unit.block)
            with cost.stage("pilot"):
                sums = pilot_sums(whole, seen)
            return UnitParts(unit, sums, cost=cost.collected())
