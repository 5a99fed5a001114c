"""Approval desk: officers with office hours approve requests from a queue.

The rules name the approver (a head of the case-handling department for the Notice of Obtaining Evidence,
administrative-case rules art. 28; a judge for a warrant). The scenario's facts give the duration.

SimPy's `PriorityResource` sorts its whole queue at every request. This desk keeps a heap and gives the same log.
"""

from collections.abc import Generator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from simpy import Environment, Event

from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS

NO_DESK = frozenset({"none", "operator", "controller"})
"""Approvers who decide on the spot: nobody, or the custodian."""
Wait = Generator[Any, Any, None]
"""A generator of SimPy's events, for `env.process`."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Daily office hours: open in [opens, closes), in ticks of 0.1 s after midnight.

    >>> hours = Hours(8 * 36_000, 18 * 36_000)
    >>> hours.opening(9 * 36_000) == 9 * 36_000, hours.opening(19 * 36_000) == DAY_TICKS + 8 * 36_000
    (True, True)
    """

    opens: int = 0
    closes: int = DAY_TICKS

    def opening(self, now: int) -> int:
        """Return the first tick from `now` on at which the desk is open."""
        day, time = divmod(now, DAY_TICKS)
        if time < self.opens:
            return day * DAY_TICKS + self.opens
        return now if time < self.closes else (day + 1) * DAY_TICKS + self.opens

    def after(self, now: int, work: int) -> int:
        """Return the tick at which `work` ticks of office time have passed since `now`; none pass while closed."""
        now = self.opening(now)
        left = self.closes - now % DAY_TICKS
        if work <= left:
            return now + work
        whole, rest = divmod(work - left, self.closes - self.opens)
        if rest == 0:  # work ends at a closing, not at the next opening
            whole, rest = whole - 1, self.closes - self.opens
        return (now // DAY_TICKS + 1 + whole) * DAY_TICKS + self.opens + rest


class Desk:
    """Queue with `officers` who each handle one request at a time, most urgent first; expired requests leave.

    Waiting requests have a fixed order, so a log never depends on chance: (priority, time of the request, number).
    Requests that arrive while the desk is closed wait for the opening. The event of a request has the value `True` when
    its turn comes, or `False` if its footage expired first. The caller decides how long the work takes.

    `level`: approver of this desk (a word of `vocabulary.APPROVERS`). `work_asked`: ticks of office work requested so
    far, for the offered load. Your own desk is a subclass, given to `simulate` as `desk=`; it is created as
    `desk(env, officers, hours, level)` when the first request of a level arrives.
    """

    def __init__(self, env: Environment, officers: int, hours: Hours, level: str = "") -> None:
        self.env, self.officers, self.hours, self.level = env, officers, hours, level
        self.free, self.work_asked, self._opening = officers, 0, -1
        self.left = 0  # documents that still wait after a run without the clock
        self._queue: list[tuple[int, int, int, int, Event]] = []

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62, asked: int | None = None) -> Event:
        """Queue request `number`; yield the event, whose value states whether its turn came in time.

        `asked`: when it came, if that was before now.
        """
        event = Event(self.env)
        heappush(self._queue, (priority, int(self.env.now) if asked is None else asked, number, expires, event))
        self._serve()
        return event

    def release(self) -> None:
        """Free one officer, who takes the next request."""
        self.free += 1
        self._serve()

    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._queue) + self.left

    def offered_load(self, first: int, last: int) -> float:
        """Return work requested per office time in [first, last), over all officers; above 1 the queue grows."""
        days = (last - first) / DAY_TICKS
        return self.work_asked / (self.officers * days * (self.hours.closes - self.hours.opens))

    def _serve(self, _: Event | None = None) -> None:
        """Give the free officers their next requests, now or at the next opening."""
        now = int(self.env.now)
        opening = self.hours.opening(now)
        if opening > now:
            if self._queue and opening != self._opening:
                self._opening = opening
                self.env.timeout(opening - now).callbacks.append(self._serve)
            return
        while self.free and self._queue:
            *_place, expires, event = heappop(self._queue)
            if expires > now:
                self.free -= 1
            event.succeed(expires > now)


def delay(scenario: Scenario, median_ticks: float, marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return lognormal delays as quantiles: median · exp(σ Φ⁻¹(mark)), in whole ticks."""
    spread = scenario.access.delay_sigma.number
    return np.ceil(median_ticks * np.exp(spread * ndtri(marks))).astype(np.int64)
