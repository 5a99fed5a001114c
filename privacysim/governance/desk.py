"""Desks: where a paper is approved, by somebody who has office hours and other papers on the table.

SimPy's `PriorityResource` sorts its whole queue at every request, which is quadratic under a backlog; this desk keeps
a heap on SimPy's events and gives the same log (its tests compare the two, and both with Erlang C).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from simpy import Environment, Event

from privacysim.units import DAY_TICKS

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
