"""Approval desks: officers with office hours approve requests from a queue.

The rules name the approver (a head of the case-handling department for the Notice of Obtaining Evidence,
administrative-case rules art. 28; a judge for a warrant). The scenario's facts give the duration.

SimPy's `PriorityResource` sorts its whole queue at every request, which is quadratic under a backlog. This desk keeps
a heap on SimPy's events and gives the same log (its tests compare the two, and both with Erlang C).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil, log
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from simpy import Environment, Event

from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.scenario import Scenario

OVERLOAD = 0.95
"""Offered load above which a desk cannot keep up; reported in a note."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Daily office hours: open in [opens, closes), in ticks of 0.1 s after midnight.

    >>> hours = Hours(8 * 36_000, 18 * 36_000)
    >>> hours.is_open(7 * 36_000), hours.opening(19 * 36_000) == DAY_TICKS + 8 * 36_000
    (False, True)
    """

    opens: int = 0
    closes: int = DAY_TICKS

    def is_open(self, now: int) -> bool:
        """Return whether the desk is open at that tick."""
        return self.opens <= now % DAY_TICKS < self.closes

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


@dataclass(slots=True)
class Desk:
    """Queue with `officers` who each take one request at a time, most urgent first; expired requests leave.

    The order of waiting requests is fixed, so that a log never depends on chance: (priority, time of asking, number).
    Requests that arrive while the desk is closed wait for the opening and are taken in the same order. The event of a
    request has the value `True` when its turn comes, or `False` if its footage expired first.

    A desk draws nothing: the caller decides how long the work takes, between `ask` and `release`.
    """

    env: Environment
    officers: int
    hours: Hours = Hours()
    level: str = ""
    """Approver of this desk: a word of `vocabulary.APPROVERS`."""
    free: int = field(init=False)
    work_asked: int = field(init=False, default=0)
    """Ticks of office work requested so far, for the offered load."""
    _queue: list[tuple[int, int, int, int, Event]] = field(init=False, default_factory=list)
    _opening: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.free = self.officers

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62) -> Event:
        """Queue request `number`; yield the event, whose value says whether the turn came in time."""
        event = Event(self.env)
        now = int(self.env.now)
        heappush(self._queue, (priority, now, number, expires, event))
        self._serve(now)
        return event

    def release(self) -> None:
        """Free one officer, who takes the next request."""
        self.free += 1
        self._serve(int(self.env.now))

    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._queue)

    def offered_load(self, first: int, last: int) -> float:
        """Return work requested per office time in [first, last), over all officers; above 1 the queue grows."""
        days = (last - first) / DAY_TICKS
        return self.work_asked / (self.officers * days * (self.hours.closes - self.hours.opens))

    def _serve(self, now: int) -> None:
        if not self.hours.is_open(now):
            self._wake(now)
            return
        while self.free and self._queue:
            _, _, _, expires, event = heappop(self._queue)
            if expires > now:
                self.free -= 1
            event.succeed(expires > now)

    def _wake(self, now: int) -> None:
        opening = self.hours.opening(now)
        if opening != self._opening and self._queue:
            self._opening = opening
            wake = self.env.timeout(opening - now)
            wake.callbacks.append(self._open)

    def _open(self, _: Event) -> None:
        self._serve(int(self.env.now))

class ApprovalDesk(Protocol):
    """Interface of a desk for `Desks`. Pass another class to `simulate` as `desk=`, such as a subclass of `Desk`.

    It is created as `desk(env, officers, hours, level)` when the first request of a level arrives.
    """

    hours: Hours
    """Office hours; work is done within them."""
    work_asked: int
    """Ticks of work requested from day 0 on; `Desks` adds to it."""

    def __init__(self, env: Environment, officers: int, hours: Hours, level: str) -> None: ...

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62) -> Event:
        """Queue a request; the event fires when its turn comes (True) or when its footage expired (False)."""

    def release(self) -> None:
        """Free one officer after the work on a request."""

    def waiting(self) -> int:
        """Number of waiting requests."""

    def offered_load(self, first: int, last: int) -> float:
        """Return work requested per unit of office time in [first, last); above 0.95 the Log has a note."""


NO_DESK = frozenset({"none", "operator", "controller"})
"""Approvers who decide on the spot: nobody, or the custodian."""


@dataclass(slots=True)
class Desks:
    """Approval desks of a city, one for each level; each is created when its first request arrives."""

    env: Environment
    scenario: Scenario
    turnaround: dict[str, float] = field(default_factory=dict)
    """Median transit time to and from the approver in ticks, in addition to the work itself."""
    make: type[ApprovalDesk] = Desk
    _desks: dict[str, ApprovalDesk] = field(default_factory=dict)

    @property
    def hours(self) -> Hours:
        """Return the office hours."""
        access = self.scenario.access
        return Hours(round(access.desk_opens_h.number * HOUR_TICKS), round(access.desk_closes_h.number * HOUR_TICKS))

    def desk(self, approver: str) -> ApprovalDesk:
        """Return the desk of that level, created on first use."""
        if approver not in self._desks:
            officers = getattr(self.scenario.access, f"desk_officers_{approver}").number
            share = self.scenario.population.people.number / _GUANGZHOU
            self._desks[approver] = self.make(
                self.env, max(1, round(officers * min(share, 1.0))), self.hours, approver
            )
        return self._desks[approver]

    def mean_work(self, approver: str) -> float:
        """Return the mean ticks of work on one document at that level."""
        mean: float = getattr(self.scenario.access, f"desk_work_{approver}_min").number
        return mean * HOUR_TICKS / 60.0

    def approved(
        self, approver: str, number: int, *, papers: int, mark: float, way: float | None, priority: int = 0,
        expires: int = 1 << 62,
    ) -> Generator[Any, Any, bool]:
        """Have `papers` documents of one case signed; return False if the footage expired before their turn came.

        The work is exponential with the fact's mean per document, as the quantile at `mark`. `way` is the mark of the
        transit time, None if the documents are delivered at once.
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

    def confirmed(self, number: int, *, mark: float, priority: int, term: int) -> Generator[Any, Any, bool]:
        """Confirm an earlier act: return whether a judge signs by the tick `term`; otherwise it must be destroyed."""
        signed = yield from self.approved(
            "judge", number, papers=1, mark=mark, way=None, priority=priority, expires=term
        )
        return signed and self.env.now <= term

    def notes(self, days: int) -> tuple[str, ...]:
        """Report desks with an offered load in [0, D) above 0.95, which cannot keep up."""
        said = []
        for approver, desk in sorted(self._desks.items()):
            load = desk.offered_load(0, days * DAY_TICKS)
            if load > OVERLOAD:
                who = approver.replace("_", " ")
                said.append(f"the desk of the {who} cannot keep up: offered load {load:.2f}, {desk.waiting()} waiting")
        return tuple(said)


_GUANGZHOU = 18_700_000
"""Population of the city whose desks the facts count; smaller scenarios have a proportional number of officers."""


def delay(scenario: Scenario, median_ticks: float, marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return lognormal delays as quantiles: median · exp(σ Φ⁻¹(mark)), in whole ticks."""
    spread = scenario.access.delay_sigma.number
    return np.ceil(median_ticks * np.exp(spread * ndtri(marks))).astype(np.int64)
