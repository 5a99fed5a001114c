"""Funnel of sanctions: the fate of a breach that was found and can be punished, by one mark.

    found → taken up (t) or not → if it is a crime, charged (c) or not → convicted (v) or acquitted
                                → if not charged, staff lose their post (d), or a lesser step follows

So the shares are t·c·v convicted, t·c·(1 − v) acquitted, t·(1 − c)·d dismissed, t·(1 − c)·(1 − d) lesser, 1 − t none.
`Oversight` uses the same shares for consequences (`fate`) and for deterrence (`shares`). A mark is compared with their
sums in that order, so a breach that is charged at some t is charged at every higher t.
"""

from dataclasses import dataclass

from privacysim.scenario import Scenario

STAFF = frozenset({"public_security", "own_staff_on_duty", "own_staff_off_purpose", "contractor", "vendor_platform"})
"""Actors who can lose their post, and whose employer may settle what would be a crime."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Chances of the gates for one kind of breach.

    >>> Funnel(taken_up=0.5, charged=0.2, convicted=0.9, dismissed=0.1).fate(0.05)
    'convicted'
    """

    taken_up: float
    charged: float
    convicted: float
    dismissed: float

    def shares(self) -> dict[str, float]:
        """Probability of each fate; they sum to one."""
        tried, settled = self.taken_up * self.charged, self.taken_up * (1.0 - self.charged)
        return {"convicted": tried * self.convicted, "acquitted": tried * (1.0 - self.convicted),
                "dismissed": settled * self.dismissed, "lesser": settled * (1.0 - self.dismissed),
                "none": 1.0 - self.taken_up}  # fmt: skip

    def fate(self, mark: float) -> str:
        """Return the fate of the breach with this mark."""
        total = 0.0
        for name, share in self.shares().items():
            total += share
            if mark < total:
                return name
        return "none"


def funnel(scenario: Scenario, actor: str, crime: bool) -> Funnel:
    """Return the gates for a breach by this actor; only a crime is charged, and only staff are dismissed."""
    leaks, staff = scenario.leaks, actor in STAFF
    charged = (leaks.charged_staff if staff else leaks.charged_others).number if crime else 0.0
    return Funnel(leaks.sanction_taken_up.number, charged, leaks.conviction.number,
                  leaks.dismissed.number if staff else 0.0)  # fmt: skip
