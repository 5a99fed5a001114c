"""A unit of work by name, and what it leaves: sums that survive a trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from privacysim.metrics import Sums
from privacysim.simulation import cost


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
