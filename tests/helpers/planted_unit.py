"""A unit of work with planted answers, so that the correct result of a search is known in advance.

`plant` replaces the model with it for the points of `privacysim.robustness`. Everything around the model is real:
varied facts and scenarios, the fixed list of cameras, parts, executors and comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.stats import wilson
from privacysim.study import Study
from privacysim.study.running import PILOT, Runner
from tests.helpers.pilot_parts import equally_skewed

EXPOSURE, USEFULNESS = "people_identified_by_outsiders", "cases_with_admissible_evidence"
Answers = Callable[[Inputs, str], Mapping[str, float]]
"""Function of the study at a point and one arm: each metric as a multiple of the replicate's size (see `size`)."""


def size(unit: Unit) -> float:
    """Contribution of a replicate's block, the same for all arms."""
    return 1000.0 * (1 + unit.replicate % 7) + unit.block


def plant(monkeypatch, answers: Answers, fails: Callable[[Inputs, Unit], bool] = lambda inputs, unit: False):
    """Replace the model with the answers; returns a list that will contain the requested (inputs, unit) pairs.

    On the high curve a multiple m becomes m². A unit for which `fails` is true raises an error, as a model bug would.
    """
    asked: list[tuple[Inputs, Unit]] = []

    class Planted(Runner):
        def prepare(self, inputs: Inputs, workers: int) -> None:
            pass

        def __call__(self, inputs: Inputs, wanted_tables: str, folder: object, unit: Unit) -> UnitParts:
            asked.append((inputs, unit))
            if fails(inputs, unit):
                wilson(0, 0)
            if unit == PILOT:
                return equally_skewed(unit, inputs.arm_ids, (EXPOSURE, USEFULNESS))
            return UnitParts(unit, {arm: _sums(answers(inputs, arm), size(unit)) for arm in inputs.arm_ids})

    monkeypatch.setattr(Study, "runner", Planted())
    return asked


def _sums(multiples: Mapping[str, float], whole: float) -> dict[str, dict[str, float]]:
    return {
        name: {"low": whole * m, "high": whole * m * m, "squares_low": 1e-9, "squares_high": 1e-9, "total": whole * m,
               "n": 200}
        for name, m in multiples.items()
    }
