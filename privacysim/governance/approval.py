"""Approval: the paper is drafted, lies on the desk of whom the rule names, and is signed or expires.

Who approves is the rule's business (a head of the case-handling department for the Notice of Obtaining Evidence,
administrative-case rules art. 28; a judge for a warrant); how long it takes is a fact of the scenario.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from simpy import Environment

from privacysim.governance.desk import OVERLOAD, Desk, Hours
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.scenario import Scenario

NO_DESK = frozenset({"none", "operator", "controller"})
"""Approvers who decide on the spot: nobody, or the one who holds the footage."""


@dataclass(slots=True)
class Desks:
    """The desks of a city, one for each level of approval; each is opened when the first paper comes in."""

    env: Environment
    scenario: Scenario
    turnaround: dict[str, float] = field(default_factory=dict)
    """Median ticks that a paper is under way to and from the approver, beside the work itself."""
    _desks: dict[str, Desk] = field(default_factory=dict)

    @property
    def hours(self) -> Hours:
        """Office hours."""
        access = self.scenario.access
        return Hours(round(access.desk_opens_h.number * HOUR_TICKS), round(access.desk_closes_h.number * HOUR_TICKS))

    def desk(self, approver: str) -> Desk:
        """The desk of that level."""
        if approver not in self._desks:
            officers = getattr(self.scenario.access, f"desk_officers_{approver}").number
            share = self.scenario.population.people.number / _GUANGZHOU
            self._desks[approver] = Desk(self.env, max(1, round(officers * min(share, 1.0))), self.hours)
        return self._desks[approver]

    def mean_work(self, approver: str) -> float:
        """Mean ticks of work on one paper at that level."""
        mean: float = getattr(self.scenario.access, f"desk_work_{approver}_min").number
        return mean * HOUR_TICKS / 60.0

    def approved(
        self, approver: str, number: int, *, papers: int, mark: float, way: float | None, priority: int = 0,
        expires: int = 1 << 62,
    ) -> Generator[Any, Any, bool]:
        """Have `papers` papers of one case signed; False when the footage expired before their turn came.

        The work is exponential with the fact's mean per paper, as the quantile at `mark`; `way` is the mark of the
        time under way, None for a paper that is carried there at once.
        """
        if approver in NO_DESK:
            return True
        desk = self.desk(approver)
        work = max(1, ceil(-log(mark) * self.mean_work(approver) * papers))
        if self.env.now >= 0:
            desk.work_asked += work
        if not (yield desk.ask(number, priority=priority, expires=expires)):
            return False
        now = int(self.env.now)
        yield self.env.timeout(desk.hours.after(now, work) - now)
        desk.release()
        if way is not None and approver in self.turnaround:
            yield self.env.timeout(int(delay(self.scenario, self.turnaround[approver], np.array([way]))[0]))
        return True

    def notes(self, days: int) -> tuple[str, ...]:
        """What to report: desks whose offered load in [0, D) is above 0.95, which cannot keep up."""
        said = []
        for approver, desk in sorted(self._desks.items()):
            load = desk.offered_load(0, days * DAY_TICKS)
            if load > OVERLOAD:
                who = approver.replace("_", " ")
                said.append(f"the desk of the {who} cannot keep up: offered load {load:.2f}, {desk.waiting()} waiting")
        return tuple(said)

    def loads(self, days: int) -> dict[str, float]:
        """Offered load of each desk in [0, D)."""
        return {approver: desk.offered_load(0, days * DAY_TICKS) for approver, desk in sorted(self._desks.items())}


_GUANGZHOU = 18_700_000
"""People in the city whose desks the facts count; a smaller scenario has its share of officers."""


def delay(scenario: Scenario, median_ticks: float, marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Lognormal delays as quantiles: median · exp(σ Φ⁻¹(mark)), in whole ticks."""
    spread = scenario.access.delay_sigma.number
    return np.ceil(median_ticks * np.exp(spread * ndtri(marks))).astype(np.int64)
