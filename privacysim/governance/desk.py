"""Desks: where a paper is approved, by somebody who has office hours and other papers on the table.

Who approves is the rule's business (a head of the case-handling department for the Notice of Obtaining Evidence,
administrative-case rules art. 28; a judge for a warrant); how long it takes is a fact of the scenario.

SimPy's `PriorityResource` sorts its whole queue at every request, which is quadratic under a backlog; this desk keeps
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
"""Offered load above which a desk cannot keep up: reported as a note."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Office hours, the same every day: open in [opens, closes), in ticks of 0.1 s after midnight.

    >>> hours = Hours(8 * 36_000, 18 * 36_000)
    >>> hours.is_open(7 * 36_000), hours.opening(19 * 36_000) == DAY_TICKS + 8 * 36_000
    (False, True)
    """

    opens: int = 0
    closes: int = DAY_TICKS

    def is_open(self, now: int) -> bool:
        """Whether the desk is open at that tick."""
        return self.opens <= now % DAY_TICKS < self.closes

    def opening(self, now: int) -> int:
        """The first tick from `now` on at which the desk is open."""
        day, time = divmod(now, DAY_TICKS)
        if time < self.opens:
            return day * DAY_TICKS + self.opens
        return now if time < self.closes else (day + 1) * DAY_TICKS + self.opens

    def after(self, now: int, work: int) -> int:
        """The tick at which `work` ticks of office time have passed since `now`; none pass while it is closed."""
        now = self.opening(now)
        left = self.closes - now % DAY_TICKS
        if work <= left:
            return now + work
        whole, rest = divmod(work - left, self.closes - self.opens)
        if rest == 0:  # it ends at a closing, not at the next opening
            whole, rest = whole - 1, self.closes - self.opens
        return (now // DAY_TICKS + 1 + whole) * DAY_TICKS + self.opens + rest


@dataclass(slots=True)
class Desk:
    """`officers` who each take one paper at a time, the most urgent first; papers whose footage expired leave.

    The order among waiting papers is documented, so that a log never depends on chance: (priority, time of asking,
    number of the paper). Papers that come in while the desk is closed wait for the opening and are taken in that
    same order. Whoever waits is told `True` when it is her turn, or `False` when her paper expired before it came up.

    A desk draws nothing: how long a paper takes is the caller's business, between `ask` and `release`.
    """

    env: Environment
    officers: int
    hours: Hours = Hours()
    level: str = ""
    """Who approves here: a word of `vocabulary.APPROVERS`."""
    free: int = field(init=False)
    work_asked: int = field(init=False, default=0)
    """Ticks of office work that were asked for so far, for the offered load."""
    _queue: list[tuple[int, int, int, int, Event]] = field(init=False, default_factory=list)
    _opening: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.free = self.officers

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62) -> Event:
        """Put paper `number` on the table; yield the event, whose value says whether the turn came in time."""
        event = Event(self.env)
        now = int(self.env.now)
        heappush(self._queue, (priority, now, number, expires, event))
        self._serve(now)
        return event

    def release(self) -> None:
        """One officer is done; the next paper is taken."""
        self.free += 1
        self._serve(int(self.env.now))

    def waiting(self) -> int:
        """How many papers lie on the table."""
        return len(self._queue)

    def offered_load(self, first: int, last: int) -> float:
        """Work asked for per unit of office time in [first, last), all officers together; above 1 the queue grows."""
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
    """What `Desks` asks of a desk. Give `simulate` another class, such as a subclass of `Desk`, as `desk=`.

    It is made as `desk(env, officers, hours, level)` when the first paper of a level comes in.
    """

    hours: Hours
    """Office hours; the work of a paper is done within them."""
    work_asked: int
    """Ticks of work asked for from day 0 on; `Desks` adds to it."""

    def __init__(self, env: Environment, officers: int, hours: Hours, level: str) -> None: ...

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62) -> Event:
        """Put a paper on the table; the event fires when its turn comes (True) or when its footage expired (False)."""

    def release(self) -> None:
        """The work on a paper is done: one officer is free again."""

    def waiting(self) -> int:
        """How many papers lie on the table."""

    def offered_load(self, first: int, last: int) -> float:
        """Work asked for per unit of office time in [first, last); above 0.95 the Log reports it in a note."""


NO_DESK = frozenset({"none", "operator", "controller"})
"""Approvers who decide on the spot: nobody, or the one who holds the footage."""


@dataclass(slots=True)
class Desks:
    """The desks of a city, one for each level of approval; each is opened when the first paper comes in."""

    env: Environment
    scenario: Scenario
    turnaround: dict[str, float] = field(default_factory=dict)
    """Median ticks that a paper is under way to and from the approver, beside the work itself."""
    make: type[ApprovalDesk] = Desk
    _desks: dict[str, ApprovalDesk] = field(default_factory=dict)

    @property
    def hours(self) -> Hours:
        """Office hours."""
        access = self.scenario.access
        return Hours(round(access.desk_opens_h.number * HOUR_TICKS), round(access.desk_closes_h.number * HOUR_TICKS))

    def desk(self, approver: str) -> ApprovalDesk:
        """The desk of that level."""
        if approver not in self._desks:
            officers = getattr(self.scenario.access, f"desk_officers_{approver}").number
            share = self.scenario.population.people.number / _GUANGZHOU
            self._desks[approver] = self.make(
                self.env, max(1, round(officers * min(share, 1.0))), self.hours, approver
            )
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

    def confirmed(self, number: int, *, mark: float, priority: int, term: int) -> Generator[Any, Any, bool]:
        """Something was done first: whether a judge confirms it by the tick `term`; else it must be destroyed."""
        signed = yield from self.approved(
            "judge", number, papers=1, mark=mark, way=None, priority=priority, expires=term
        )
        return signed and self.env.now <= term

    def notes(self, days: int) -> tuple[str, ...]:
        """What to report: desks whose offered load in [0, D) is above 0.95, which cannot keep up."""
        said = []
        for approver, desk in sorted(self._desks.items()):
            load = desk.offered_load(0, days * DAY_TICKS)
            if load > OVERLOAD:
                who = approver.replace("_", " ")
                said.append(f"the desk of the {who} cannot keep up: offered load {load:.2f}, {desk.waiting()} waiting")
        return tuple(said)


_GUANGZHOU = 18_700_000
"""People in the city whose desks the facts count; a smaller scenario has its share of officers."""


def delay(scenario: Scenario, median_ticks: float, marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Lognormal delays as quantiles: median · exp(σ Φ⁻¹(mark)), in whole ticks."""
    spread = scenario.access.delay_sigma.number
    return np.ceil(median_ticks * np.exp(spread * ndtri(marks))).astype(np.int64)
