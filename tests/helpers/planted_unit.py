"""A unit of work whose answers are planted: what a search or a sensitivity run must find again is known beforehand.

`plant` puts it in the place of the model for the points of `privacysim.robustness`; everything around the model (facts
and scenarios varied, the list held, parts, executors, comparisons) is the real thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.stats import wilson
from privacysim.study import Study
from privacysim.study.work import PILOT, Runner

EXPOSURE, USEFULNESS = "people_identified_by_outsiders", "cases_with_admissible_evidence"
Answers = Callable[[Inputs, str], Mapping[str, float]]
"""The study at a point, and one of its arms → each metric as a multiple of what the replicate brings to all arms."""


def size(unit: Unit) -> float:
    """What a replicate brings to all arms alike, block by block."""
    return 1000.0 * (1 + unit.replicate % 7) + unit.block


def plant(monkeypatch, answers: Answers, fails: Callable[[Inputs, Unit], bool] = lambda inputs, unit: False):
    """Put the answers in the model's place; returns the list of (inputs, unit) that will have been asked for.

    On the high curve a multiple m is m². A unit for which `fails` holds meets a bug of the model's: a room refuses.
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
                known = {f"{name}|{curve}": 0.4 for name in (EXPOSURE, USEFULNESS) for curve in ("", "low", "high")}
                return UnitParts(unit, {arm: {"skewness": known} for arm in inputs.arm_ids})
            return UnitParts(unit, {arm: _sums(answers(inputs, arm), size(unit)) for arm in inputs.arm_ids})

    monkeypatch.setattr(Study, "runner", Planted())
    return asked


def _sums(multiples: Mapping[str, float], whole: float) -> dict[str, dict[str, float]]:
    return {
        name: {"low": whole * m, "high": whole * m * m, "n_low": 200, "n_high": 200, "total": whole * m, "n": 200}
        for name, m in multiples.items()
    }
