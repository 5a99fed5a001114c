"""The part of a pilot in which everything has the same skewness: metrics, ratios and differences."""

from __future__ import annotations

from collections.abc import Iterable

from privacysim.results.summary_rows import difference_of, ratio_of
from privacysim.simulation.unit_parts import Unit, UnitParts


def equally_skewed(unit: Unit, arms: Iterable[str], metrics: Iterable[str], gamma: float = 0.4) -> UnitParts:
    """Skewness `gamma` of each metric under each arm, and of each comparison of two arms, on every curve."""
    arms, metrics = list(arms), list(metrics)
    return UnitParts(unit, {
        arm: {"skewness": {f"{which}|{name}|{curve}": gamma
                           for which in (arm, *(of(arm, other) for other in arms if other != arm
                                                for of in (ratio_of, difference_of)))
                           for name in metrics for curve in ("", "low", "high")}}
        for arm in arms})  # fmt: skip
