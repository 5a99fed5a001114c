"""Approval desks of a city, to which documents known before the run are submitted, most urgent first.

Most policies submit the same documents to the same desks and differ only in when footage expires. The outcomes are kept
for the next policy, and remain valid as long as the same documents are in time (`Signatures.holds`). Before the switch
all policies submit the same documents, so the next policy finds the desks as they were at the switch.
"""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import ceil, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event
from simpy.events import URGENT

from privacysim import vocabulary as words
from privacysim.draws import Bools, Floats, Ints
from privacysim.governance.desk import NO_DESK, Desk, Hours, Wait, delay
from privacysim.governance.desk_queue import Brought, work_through
from privacysim.governance.log import NEVER
from privacysim.scenario import Scenario
from privacysim.units import HOUR_TICKS

Places = NDArray[np.intp]
OVERLOAD = 0.95
"""Offered load above which a desk cannot keep up; reported in a note."""
_KEPT = 32
"""Most sets of documents whose course is kept; the oldest goes first."""
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
    """Outcomes of documents: ticks of their turn, of the signature, and from which the desk was finished with each.

    NEVER marks events that did not happen in the run.
    """

    documents: Documents
    turn: Ints
    signed: Ints
    freed: Ints
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(documents: Documents) -> "Signatures":
        """Return signatures of documents that no desk has handled yet."""
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
        """1 for documents signed before they expire, 0 for those that were not, −1 for undecided ones."""
        signed = self.signed < NEVER
        return np.where(signed, self.signed <= self.documents.expires, np.where(self.late, 0, -1))

    def holds(self, expires: Ints) -> bool:
        """Whether the outcomes of the documents would be the same if they expired at other times."""
        return bool((((expires <= self.turn) == self.late) | (self.turn >= NEVER)).all())

    def among(self, rows: Places) -> "Signatures":
        """Return the signatures of these rows alone."""
        columns: Any = (column[rows] for column in self.documents)
        return Signatures(Documents(*columns), self.turn[rows], self.signed[rows], self.freed[rows], self.notes)

    def take(self, rows: Places, other: "Signatures", of: Places) -> None:
        """Copy the outcomes of the rows `of` of other signatures to `rows`."""
        for mine, theirs in ((self.turn, other.turn), (self.signed, other.signed), (self.freed, other.freed)):
            mine[rows] = theirs[of]


@dataclass
class Courses:
    """Outcomes at the desks for the documents of one world, kept for its next policy.

    `known`: by digest of the documents that come from the switch on, or wait at it, except when they expire.
    `before`: all documents that came before the switch, by batch and number; None until a policy has been simulated.
    """

    known: dict[str, list[Signatures]] = field(default_factory=dict)
    before: tuple[dict[tuple[int, int], int], Signatures] | None = None


class Desks:
    """Approval desks of a city, one for each level; each is created when its first request arrives.

    `turnarounds`: median transit time of documents to and from the judge in ticks, in addition to the work itself, for
    those submitted before and after the tick `switch`. `end`: the tick at which the run ends. `alone`: nobody comes to
    the desks during the run, so they need no clock.
    """

    def __init__(self, env: Environment, scenario: Scenario, turnarounds: tuple[float, float], switch: int, end: int,
                 make: type[Desk] = Desk, *, alone: bool = False) -> None:
        self.env, self.scenario, self.turnarounds, self.switch = env, scenario, turnarounds, switch
        self.end, self.make, self.alone, self._begin = end, make, alone, int(env.now)
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
        """Submit documents that are known before the run; their outcomes can be read after it."""
        self._filed.append(Signatures.of(documents))
        return self._filed[-1]

    def run(self, courses: Courses) -> tuple[str, ...]:
        """Run the simulation until its end; return notes on desks that cannot keep up.

        The filed documents are submitted to the desks, unless `courses` states their outcomes.
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
        resumes = courses.before is not None
        if found is None and self.alone:
            self._work_through(course, live, resumes=resumes)
        elif found is None:
            self.env.process(self._arrivals(course, live, resumes=resumes))
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
            while len(courses.known) > _KEPT:
                courses.known.pop(next(iter(courses.known)))
        last = np.cumsum(sizes)
        for one, low, high in zip(self._filed, [0, *last], last, strict=False):
            one.take(np.arange(high - low), course, np.arange(low, high))
        return course.notes

    def _live(self, course: Signatures) -> tuple[Places, str]:
        """Find the documents that the desks have not finished before the switch, and their digest."""
        live = np.flatnonzero((course.documents.asked >= self.switch) | (course.freed >= self.switch))
        mixed = hashlib.sha256(repr(self.turnarounds).encode())
        for column in course.documents[:-1]:
            mixed.update(column[live].tobytes())
        return live, mixed.hexdigest()

    def _brought(self, course: Signatures, live: Places, *, resumes: bool) -> Iterator[tuple[str, Brought]]:
        """Yield the documents in the order of time, each with the level of its desk.

        If the outcomes before the switch are known (`resumes`), the documents then at the desks come first, as they
        were.
        """
        documents = course.documents
        order = live[np.lexsort((documents.asked[live], course.turn[live]))]  # without a turn: NEVER
        transit = np.zeros(order.size, dtype=np.int64)
        judge = (documents.approver[order] == words.APPROVERS.index("judge")) & ~np.isnan(documents.way[order])
        for early, median in zip((True, False), self.turnarounds, strict=True):
            sent = judge & ((documents.asked[order] < self.switch) == early)
            transit[sent] = delay(self.scenario, median, documents.way[order][sent])
        rows = zip(order.tolist(), *(column[order].tolist() for column in documents), transit.tolist(),
                   course.turn[order].tolist(), course.freed[order].tolist(), strict=True)
        for row, asked, approver, number, papers, mark, _, priority, expires, way, turn, freed in rows:
            begun = resumes and asked < self.switch
            level, at = words.APPROVERS[approver], self.switch if begun else max(asked, self._begin)
            yield level, Brought(at, priority, asked if begun else at, number, expires, row,
                                 self.work(level, mark, papers), way, freed if begun and turn < self.switch else -1)

    def _work_through(self, course: Signatures, live: Places, *, resumes: bool) -> None:
        """Work through the documents desk by desk, because nobody else comes to one."""
        by_level: dict[str, list[Brought]] = {}
        for level, one in self._brought(course, live, resumes=resumes):
            by_level.setdefault(level, []).append(one)
            if one.at < self.end and one.freed < 0 and one.asked >= 0:
                self._desk(level).work_asked += one.work
        for level, brought in by_level.items():
            desk = self._desk(level)
            desk.left = work_through(brought, desk.officers, desk.hours, self.end, course.turn, course.signed,
                                     course.freed)

    def _arrivals(self, course: Signatures, live: Places, *, resumes: bool) -> Wait:
        """Submit the documents to desks on SimPy's clock; in one tick, before an officer becomes free."""
        for level, one in self._brought(course, live, resumes=resumes):
            if one.at > self.env.now:
                comes = self.env.event()
                comes._ok, comes._value = True, None  # a timeout that is urgent
                self.env.schedule(comes, URGENT, one.at - int(self.env.now))
                yield comes
            desk = self._desk(level)
            if one.freed >= 0:  # an officer is at work on it
                desk.free -= 1
                done = self.env.timeout(one.freed - one.at)
                done.callbacks.append(partial(self._done, course, one.row, desk, one.way))
                continue
            if one.asked >= 0:
                desk.work_asked += one.work
            begun = {"asked": one.asked} if one.asked < one.at else {}
            turn = desk.ask(one.number, priority=one.priority, expires=one.expires, **begun)
            assert turn.callbacks is not None
            turn.callbacks.append(partial(self._taken, course, one.row, desk, one.work, one.way))

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
