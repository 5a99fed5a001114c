"""A desk to which nobody comes during the run, worked through document by document without a clock.

All documents are known before the run, and no other event depends on a desk until it ends. So the queue of `Desk` can
be followed by itself, in the same order: in one tick, documents come before an officer becomes free or the desk opens.
A test holds that SimPy's clock gives the same.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from privacysim.draws import Ints
from privacysim.governance.desk import Hours

_NEVER = 1 << 62


class Brought(NamedTuple):
    """A document at a desk: ticks at which it comes and was asked for, its place in the queue, and what it takes.

    `row`: its row in the arrays of results. `work`: ticks of office time; `way`: ticks from the desk to whoever asked.
    `freed`: for one that an officer works on when the desk begins, the tick at which that ends, else −1.
    """

    at: int
    priority: int
    asked: int
    number: int
    expires: int
    row: int
    work: int
    way: int
    freed: int = -1


def work_through(brought: Iterable[Brought], officers: int, hours: Hours, end: int, turn: Ints, signed: Ints,
                 freed: Ints) -> int:
    """Serve documents in the order of time until `end`; write the ticks of each row, and return how many still wait."""
    queue: list[tuple[int, int, int, int, int, int, int]] = []
    busy: list[tuple[int, int, int]] = []  # when an officer becomes free, of which row
    free, opening = officers, _NEVER

    def serve(now: int) -> None:
        nonlocal free, opening
        opens = hours.opening(now)
        if opens > now:
            opening = opens if queue else opening
            return
        while free and queue:
            *_, expires, row, work, way = heappop(queue)
            turn[row] = now
            if expires > now:
                free -= 1
                heappush(busy, (hours.after(now, work), row, way))
            else:
                freed[row] = now

    def until(tick: int) -> None:
        nonlocal free, opening
        while (now := min(opening, busy[0][0] if busy else _NEVER)) < tick:
            if now == opening:
                opening = _NEVER
            else:
                _, row, way = heappop(busy)
                free, freed[row] = free + 1, now
                if now + way < end:
                    signed[row] = now + way
            serve(now)

    for one in brought:
        if one.at >= end:
            break
        until(one.at)
        if one.freed >= 0:
            free -= 1
            heappush(busy, (one.freed, one.row, one.way))
        else:
            heappush(queue, (one.priority, one.asked, one.number, one.expires, one.row, one.work, one.way))
            serve(one.at)
    until(end)
    return len(queue)
