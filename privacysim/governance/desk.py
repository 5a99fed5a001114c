"""Approval desks: officers with office hours approve requests from a queue.

The rules name the approver (a head of the case-handling department for the Notice of Obtaining Evidence,
administrative-case rules art. 28; a judge for a warrant). The scenario's facts give the duration.

SimPy's `PriorityResource` sorts its whole queue at every request. This desk keeps a heap and gives the same log.

Most policies bring the same documents to the same desks, and differ in when footage expires. What the desks did with
them is kept for the next policy, and holds as long as the same documents are in time (`Signatures.holds`). Before the
switch all policies bring the same documents, so the next policy finds the desks as they were at the switch.
"""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from math import ceil, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from simpy import Environment, Event
from simpy.events import URGENT

from privacysim import vocabulary as words
from privacysim.draws import Bools, Floats, Ints
from privacysim.governance.log import NEVER
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS

NO_DESK = frozenset({"none", "operator", "controller"})
"""Approvers who decide on the spot: nobody, or the custodian."""
Places = NDArray[np.intp]
Wait = Generator[Any, Any, None]
"""A generator of SimPy's events, for `env.process`."""
OVERLOAD = 0.95
"""Offered load above which a desk cannot keep up; reported in a note."""


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
    """Queue with `officers` who each take one request at a time, most urgent first; expired requests leave.

    The order of waiting requests is fixed, so that a log never depends on chance: (priority, time of asking, number).
    Requests that arrive while the desk is closed wait for the opening. The event of a request has the value `True` when
    its turn comes, or `False` if its footage expired first. The caller decides how long the work takes.

    `level`: approver of this desk (a word of `vocabulary.APPROVERS`). `work_asked`: ticks of office work requested so
    far, for the offered load. Your own desk is a subclass, given to `simulate` as `desk=`; it is created as
    `desk(env, officers, hours, level)` when the first request of a level arrives.
    """

    def __init__(self, env: Environment, officers: int, hours: Hours, level: str = "") -> None:
        self.env, self.officers, self.hours, self.level = env, officers, hours, level
        self.free, self.work_asked, self._opening = officers, 0, -1
        self._queue: list[tuple[int, int, int, int, Event]] = []

    def ask(self, number: int, *, priority: int = 0, expires: int = 1 << 62, asked: int | None = None) -> Event:
        """Queue request `number`; yield the event, whose value says whether the turn came in time.

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
        return len(self._queue)

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


_GUANGZHOU = 18_700_000
"""Population of the city whose desks the facts count; smaller scenarios have a proportional number of officers."""


class Documents(NamedTuple):
    """Documents to be signed that are known before the run, one row each.

    `asked`: tick of submission. `approver`: code in APPROVERS. `papers`: sheets of one case. `mark` of the work; `way`:
    that of the transit time to and from a judge, NaN if handed over at once. `expires`: tick from which no signature is
    of use.
    """

    asked: Ints
    approver: Ints
    number: Ints
    papers: Ints
    mark: Floats
    way: Floats
    priority: Ints
    expires: Ints


def confirmation(asked: Ints, number: Ints, mark: Floats, priority: int, term: Ints) -> Documents:
    """Documents by which a judge confirms by the tick `term` what was done first, or the footage must be destroyed."""
    ones = np.ones(asked.size, dtype=np.int64)
    return Documents(asked, words.APPROVERS.index("judge") * ones, number, ones, mark, np.full(asked.size, np.nan),
                     priority * ones, term)


@dataclass(slots=True)
class Signatures:
    """What became of documents: ticks of their turn, of the signature, and from which the desk had done with each.

    NEVER stands for what did not happen in the run.
    """

    documents: Documents
    turn: Ints
    signed: Ints
    freed: Ints
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(documents: Documents) -> "Signatures":
        """Return signatures of documents with which nothing has happened yet."""
        turn, signed, freed = np.full((3, documents.asked.size), NEVER)
        return Signatures(documents, turn, signed, freed)

    @property
    def late(self) -> Bools:
        """Which documents had expired when their turn came, so that they were not signed."""
        return np.asarray(self.documents.expires <= self.turn) & (self.turn < NEVER)

    @property
    def left(self) -> Ints:
        """When each document left without a signature; NEVER for the others."""
        return np.where(self.late, np.maximum(self.documents.expires, self.documents.asked), NEVER)

    @property
    def confirmed(self) -> Ints:
        """1 for what was signed by the time it expires, 0 for what was not, −1 for what is undecided."""
        signed = self.signed < NEVER
        return np.where(signed, self.signed <= self.documents.expires, np.where(self.late, 0, -1))

    def holds(self, expires: Ints) -> bool:
        """Whether the same would become of the documents if they expired at other times."""
        return bool((((expires <= self.turn) == self.late) | (self.turn >= NEVER)).all())

    def among(self, rows: Places) -> "Signatures":
        """Return the signatures of these rows alone."""
        columns: Any = (column[rows] for column in self.documents)
        return Signatures(Documents(*columns), self.turn[rows], self.signed[rows], self.freed[rows], self.notes)

    def take(self, rows: Places, other: "Signatures", of: Places) -> None:
        """Let the same have become of `rows` as of the rows `of` of other signatures."""
        for mine, theirs in ((self.turn, other.turn), (self.signed, other.signed), (self.freed, other.freed)):
            mine[rows] = theirs[of]


@dataclass
class Courses:
    """What desks did with documents of one world, kept for its next policy.

    `known`: by digest of the documents that come from the switch on, or wait at it, except when they expire.
    `before`: all documents that came before the switch, by batch and number; None until a policy has been simulated.
    """

    known: dict[str, list[Signatures]] = field(default_factory=dict)
    before: tuple[dict[tuple[int, int], int], Signatures] | None = None


class Desks:
    """Approval desks of a city, one for each level; each is created when its first request arrives.

    `turnarounds`: median transit time of documents to and from the judge in ticks, in addition to the work itself, for
    those submitted before and after the tick `switch`. `end`: the tick at which the run ends.
    """

    def __init__(self, env: Environment, scenario: Scenario, turnarounds: tuple[float, float], switch: int, end: int,
                 make: type[Desk] = Desk) -> None:
        self.env, self.scenario, self.turnarounds, self.switch = env, scenario, turnarounds, switch
        self.end, self.make = end, make
        self._desks: dict[str, Desk] = {}
        self._means: dict[str, float] = {}  # ticks of work on a document, by level
        self._filed: list[Signatures] = []

    def work(self, approver: str, mark: float, papers: int = 1) -> int:
        """Return the ticks of work on `papers` documents: exponential with the fact's mean, the quantile at `mark`."""
        if approver not in self._means:
            of = getattr(self.scenario.access, f"desk_work_{approver}_min")
            self._means[approver] = of.number * HOUR_TICKS / 60.0
        return max(1, ceil(-log(mark) * self._means[approver] * papers))

    def file(self, documents: Documents) -> Signatures:
        """Submit documents that are known before the run; what became of them can be read after it."""
        self._filed.append(Signatures.of(documents))
        return self._filed[-1]

    def run(self, courses: Courses) -> tuple[str, ...]:
        """Run the simulation until its end; return notes on desks that cannot keep up.

        The filed documents are brought to the desks, unless `courses` tells what becomes of them.
        """
        none = np.zeros(0, dtype=np.int64)
        self.file(confirmation(none, none, none.astype(np.float64), 0, none))  # so that there is a batch
        course = Signatures.of(Documents(*map(np.concatenate, zip(*(one.documents for one in self._filed),
                                                                  strict=True))))  # fmt: skip
        sizes = [one.documents.asked.size for one in self._filed]
        batch, early = np.repeat(np.arange(len(sizes)), sizes), np.flatnonzero(course.documents.asked < self.switch)
        keys = list(zip(batch[early].tolist(), course.documents.number[early].tolist(), strict=True))
        if courses.before is not None:
            places, past = courses.before
            course.take(early, past, np.array([places[key] for key in keys], dtype=np.intp))
            waits = early[course.turn[early] >= self.switch]
            course.take(waits, Signatures.of(course.documents), waits)  # their turn depends on who comes later
        live, digest = self._live(course)
        found = next((one for one in courses.known.get(digest, ())
                      if one.holds(course.documents.expires[live])), None)  # fmt: skip
        if found is None:
            self.env.process(self._arrivals(course, live, resumes=courses.before is not None))
        self.env.run(until=self.end)
        if found is not None:
            course.take(live, found, np.arange(live.size))
            course.notes = found.notes
        else:
            course.notes = self._notes()
            if courses.before is None:
                courses.before = dict(zip(keys, range(early.size), strict=True)), course.among(early)
                live, digest = self._live(course)
            courses.known.setdefault(digest, []).append(course.among(live))
        last = np.cumsum(sizes)
        for one, low, high in zip(self._filed, [0, *last], last, strict=False):
            one.take(np.arange(high - low), course, np.arange(low, high))
        return course.notes

    def _live(self, course: Signatures) -> tuple[Places, str]:
        """Find the documents with which the desks have not done before the switch, and the digest of them."""
        live = np.flatnonzero((course.documents.asked >= self.switch) | (course.freed >= self.switch))
        mixed = hashlib.sha256(repr(self.turnarounds).encode())
        for column in course.documents[:-1]:
            mixed.update(column[live].tobytes())
        return live, mixed.hexdigest()

    def _arrivals(self, course: Signatures, live: Places, *, resumes: bool) -> Wait:
        """Submit documents in the order of time; in one tick, before an officer becomes free.

        If it is known what was done before the switch (`resumes`), those at the desks then come first, as they were.
        """
        documents = course.documents
        order = live[np.lexsort((documents.asked[live], course.turn[live]))]  # without a turn: NEVER
        transit = np.zeros(order.size, dtype=np.int64)
        judge = (documents.approver[order] == words.APPROVERS.index("judge")) & ~np.isnan(documents.way[order])
        for early, median in zip((True, False), self.turnarounds, strict=True):
            sent = judge & ((documents.asked[order] < self.switch) == early)
            transit[sent] = delay(self.scenario, median, documents.way[order][sent])
        rows = zip(order.tolist(), *(column[order].tolist() for column in documents), transit.tolist(), strict=True)
        for row, asked, approver, number, papers, mark, _, priority, expires, way in rows:
            begun = resumes and asked < self.switch
            at = self.switch if begun else asked
            if at > self.env.now:
                comes = self.env.event()
                comes._ok, comes._value = True, None  # a timeout that is urgent
                self.env.schedule(comes, URGENT, at - int(self.env.now))
                yield comes
            level = words.APPROVERS[approver]
            desk, work = self._desk(level), self.work(level, mark, papers)
            if begun and course.turn[row] < self.switch:  # an officer is at work on it
                desk.free -= 1
                done = self.env.timeout(int(course.freed[row]) - at)
                done.callbacks.append(partial(self._done, course, row, desk, way))
                continue
            if asked >= 0:
                desk.work_asked += work
            turn = desk.ask(number, priority=priority, expires=expires, **({"asked": asked} if begun else {}))
            assert turn.callbacks is not None
            turn.callbacks.append(partial(self._taken, course, row, desk, work, way))

    def _taken(self, course: Signatures, row: int, desk: Desk, work: int, way: int, turn: Event) -> None:
        """Let an officer work on the document whose turn has come, unless it has expired."""
        now = course.turn[row] = int(self.env.now)
        if not turn.value:
            course.freed[row] = now
            return
        done = self.env.timeout(desk.hours.after(now, work) - now)
        done.callbacks.append(partial(self._done, course, row, desk, way))

    def _done(self, course: Signatures, row: int, desk: Desk, way: int, _: Event) -> None:
        desk.release()
        course.freed[row] = self.env.now
        signed = int(self.env.now) + way
        course.signed[row] = signed if signed < self.end else NEVER

    def _desk(self, approver: str) -> Desk:
        if approver not in self._desks:
            access = self.scenario.access
            hours = Hours(*(round(one.number * HOUR_TICKS) for one in (access.desk_opens_h, access.desk_closes_h)))
            share = min(self.scenario.population.people.number / _GUANGZHOU, 1.0)
            officers = max(1, round(getattr(access, f"desk_officers_{approver}").number * share))
            self._desks[approver] = self.make(self.env, officers, hours, approver)
        return self._desks[approver]

    def approved(self, approver: str, number: int, *, papers: int, mark: float, way: float | None, priority: int = 0,
                 expires: int = 1 << 62) -> Generator[Any, Any, bool]:
        """Have `papers` documents of one case signed; return False if the footage expired before their turn came.

        `mark` is that of the work, `way` that of the transit time, None if the documents are delivered at once.
        """
        if approver in NO_DESK:
            return True
        desk, work = self._desk(approver), self.work(approver, mark, papers)
        if self.env.now >= 0:
            desk.work_asked += work
        if not (yield desk.ask(number, priority=priority, expires=expires)):
            return False
        now = int(self.env.now)
        yield self.env.timeout(desk.hours.after(now, work) - now)
        desk.release()
        if way is not None and approver == "judge":
            yield self.env.timeout(int(delay(self.scenario, self.turnarounds[now >= self.switch], np.array([way]))[0]))
        return True

    def _notes(self) -> tuple[str, ...]:
        """Report desks with an offered load in [0, D) above 0.95, which cannot keep up."""
        loads = {approver: desk.offered_load(0, self.end) for approver, desk in sorted(self._desks.items())}
        return tuple(f"the desk of the {name.replace('_', ' ')} cannot keep up: offered load {load:.2f}, "
                     f"{self._desks[name].waiting()} waiting" for name, load in loads.items() if load > OVERLOAD)


def delay(scenario: Scenario, median_ticks: float, marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return lognormal delays as quantiles: median · exp(σ Φ⁻¹(mark)), in whole ticks."""
    spread = scenario.access.delay_sigma.number
    return np.ceil(median_ticks * np.exp(spread * ndtri(marks))).astype(np.int64)
