"""Investigators: from an opened case to evidence, or to the reason why there is none.

The Notice of Obtaining Evidence (Criminal Procedure Law arts. 54, 137; criminal-case rules art. 62;
administrative-case rules art. 28): the case is filed, the investigator drafts a notice for each custodian whose
camera may hold something, the level that the rule names approves it at a desk, it is served, the custodian checks
it, and gives what retention has left (Order 799 arts. 17, 20). Police look at their own consoles without any paper.

Only the desk is shared between cases, so only it is simulated event by event; what then happens to each notice is
the same arithmetic for all of them and is done in arrays.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.governance import notices
from privacysim.governance.desk import NO_DESK, delay
from privacysim.governance.log import NEVER, Book, Books, code_of
from privacysim.governance.notices import POLICE, Given, Times
from privacysim.governance.processes import Context, Process
from privacysim.governance.publication import wanted_notices
from privacysim.governance.rules_in_force import taking
from privacysim.governance.searches import search
from privacysim.governance.seizure import recorders, write_seized
from privacysim.governance.viewers import galleries, viewer_ids
from privacysim.units import DAY_TICKS, HOUR_TICKS, ticks

Ints = NDArray[np.int64]
_FIRST = [words.PURPOSES.index(word) for word in ("criminal_case", "pre_filing_check")]


class Investigators(Process):
    """All cases that ask for footage, and their requests: one per case and custodian; and their searches by machine."""

    def start(self, context: Context) -> None:
        """One process for each case that needs a signature, in the order in which the papers are drafted."""
        self.world, self.rules, self.kept, self.desks = context.world, context.rules, context.kept, context.desks
        cases = self.world.cases
        self.asking = np.flatnonzero(cases.asks)
        """Rows of the cases that ask."""
        self.approved = np.full(len(cases), NEVER)
        """By case row: when the papers were signed; NEVER until then."""
        self.left = np.full(len(cases), NEVER)
        """By case row: when it left the desk without a signature."""
        self.gone = np.zeros(len(cases), dtype=bool)
        """By case row: the footage was erased before the papers were drafted."""
        self.requests = notices.requests_of(self.world, self.rules)
        cases, scenario, requests = self.world.cases, self.world.scenario, self.requests
        withdrawn, marks = self._withdrawn(), cases.marks
        ready = cases.asked + delay(scenario, scenario.access.notice_draft_h.number * HOUR_TICKS, marks[:, 0])
        expires = np.minimum(notices.last_footage(self.world, self.kept, requests), withdrawn)
        papers = np.bincount(requests.case[requests.needs_paper], minlength=len(cases))
        unknown = np.diff(self.world.clues.start) == 0  # cases of the warm-up: only their load matters
        papers[unknown] = cases.custodians[unknown]
        approvers = self._approvers()
        waiting = []
        for row in self.asking[np.lexsort((cases.case_id[self.asking], ready[self.asking]))].tolist():
            approver, per_custodian = approvers[row]
            if approver is not None and approver not in NO_DESK and papers[row]:
                if expires[row] <= ready[row]:
                    self.left[row], self.gone[row] = ready[row], True
                    continue
                number = int(papers[row]) if per_custodian else 1
                waiting.append((row, int(ready[row]), approver, number, int(expires[row])))
        self.desks.env.process(self._arrivals(waiting))

    def _arrivals(self, waiting: list[tuple[int, int, str, int, int]]) -> Generator[Any, Any, None]:
        """Papers come to the desks as they are drafted."""
        env = self.desks.env
        for row, ready, approver, papers, expires in waiting:
            if ready > env.now:
                yield env.timeout(ready - int(env.now))
            env.process(self._case(row, approver, papers, expires))

    def _case(self, row: int, approver: str, papers: int, expires: int) -> Generator[Any, Any, None]:
        """On the desk → signed, or expired and gone."""
        cases, marks = self.world.cases, self.world.cases.marks[row]
        signed = yield from self.desks.approved(
            approver, int(cases.case_id[row]), papers=papers, mark=float(marks[1]), way=float(marks[2]),
            priority=0 if cases.purpose[row] in _FIRST else 1, expires=expires,
        )
        if signed:
            self.approved[row] = int(self.desks.env.now)
        else:
            self.left[row] = expires

    def _withdrawn(self) -> Ints:
        per_tick = self.world.scenario.access.case_withdrawn_per_day.number / DAY_TICKS
        if per_tick == 0:
            return np.full(len(self.world.cases), NEVER)
        stays = -np.log(self.world.cases.marks[:, 3]) / per_tick
        return self.world.cases.asked + np.ceil(stays).astype(np.int64)

    def _approvers(self) -> dict[int, tuple[str | None, bool]]:
        """For each asking case the level that signs, and whether each custodian needs a paper of its own.

        A notice names one custodian; a warrant names all cameras. The first request of a case that needs one decides.
        """
        cases, requests = self.world.cases, self.requests
        era = self.rules.eras(cases.asked)
        found: dict[int, tuple[str | None, bool]] = {}
        written = np.flatnonzero(requests.needs_paper)
        first, index = np.unique(requests.case[written], return_index=True)
        known = dict(zip(first.tolist(), written[index].tolist(), strict=True))
        for row in self.asking.tolist():
            if row in known:
                route = requests.routes[requests.paper[known[row]]]
            else:
                purpose = words.PURPOSES[cases.purpose[row]]
                route = self.rules.route(
                    int(era[row]), "public_security", purpose, "request", "commercial", "public_other"
                )
            found[row] = (None, True) if route is None else (route.approver, route.document != "warrant")
        return found

    def write(self, books: Books) -> None:
        """After the run: what became of each request, and the acts of those that were met in [0, D)."""
        world, requests = self.world, self.requests
        times = notices.times_of(world, self.rules, requests, self.approved, self.left, self._withdrawn(), self.gone)
        given = notices.given_by(world, self.kept, requests, times)
        ending = notices.endings(world, requests, times, given)
        met = ending >= notices.GIVEN
        outcome = np.array([code_of("outcome", what) for what, _ in notices.WHY], dtype=np.uint8)[ending]
        reason = np.array([why for _, why in notices.WHY], dtype=object)[ending]
        proof = met & given.proves
        delivered = np.where(proof, np.maximum(times.delivered, times.taken), np.where(met, times.delivered, NEVER))
        decided = np.select(
            [ending == notices.NO_RULE, np.isin(ending, (notices.WITHDRAWN, notices.SETTLED)),
             (ending == notices.EXPIRED) | times.gone, np.isin(ending, (notices.AT_DESK, notices.ON_ITS_WAY))],
            [times.asked, times.withdrawn, times.left, NEVER], default=times.served,
        )
        alive = (np.maximum(times.asked, np.where(decided < NEVER, decided, world.days * DAY_TICKS)) >= 0) | (
            met & (delivered >= 0)
        )
        begun = times.asked < world.days * DAY_TICKS
        keep = begun & np.isin(requests.case, requests.case[alive])
        cases = world.cases
        seized = ending == notices.SEIZED
        kind = np.where(seized, requests.seizure, requests.kind)
        documents, approvers, rules = notices.papers_of(requests, kind)
        recorder = recorders(world, self.kept, requests, times, seized)
        footage, held = given.footage.copy(), given.cameras.copy()
        for row, cameras, begin, end in recorder:
            footage[row], held[row] = int((end - begin).sum()), cameras.size
        notice = [self.rules.of(era).policy.oversight for era in (0, 1)]
        waits = [one.notice_to_filmed if one else None for one in notice]
        term = np.array([int(NEVER) if wait is None else ticks(wait) for wait in waits])[times.era]
        books.requests.add(
            int(keep.sum()), request_id=requests.request_id[keep], case_id=cases.case_id[requests.case[keep]],
            custodian_id=requests.custodian[keep], requester=POLICE, purpose=cases.purpose[requests.case[keep]],
            channel=np.where(seized, code_of("channel", "seizure"), requests.channel)[keep],
            operator=requests.operator[keep], document=documents[keep],
            approver=approvers[keep], rule=rules[keep],
            legality=np.where(requests.has_route, 0, notices.unruled_legality(self.rules, world, requests))[keep],
            submitted_t=times.asked[keep], decided_t=decided[keep], delivered_t=delivered[keep],
            granted_on_merit=requests.has_route[keep], outcome=outcome[keep], reason=reason[keep],
            cameras_n=np.where(met, held, 0)[keep], footage_t=np.where(met, footage, 0)[keep],
            needed_t=np.where(met, given.needed, 0)[keep],
            told_t=np.where(met & (term < NEVER), delivered + np.minimum(term, NEVER // 2), NEVER)[keep],
            evidence=np.where(met, np.where(proof, 2, 1), 0)[keep],
        )
        self._write_acts(books.acts, given, met, times, seized)
        write_seized(books.acts, world, requests, times, recorder)
        wanted_notices(books.acts, world, self.rules, requests, given, proof, delivered)
        search(world, self.rules, self.kept, self.approved, books.requests, books.acts)

    def _write_acts(
        self, book: Book, given: Given, met: NDArray[np.bool_], times: Times, seized: NDArray[np.bool_]
    ) -> None:
        """Each camera's footage is looked at once, and taken over (or copied from one's own console) under a paper."""
        requests, world = self.requests, self.world
        end = world.days * DAY_TICKS
        looked = np.where(met, times.delivered, NEVER)
        taken = np.where(met & ~seized, times.taken, NEVER)  # a seized recorder is taken whole
        way = np.where(seized, requests.seizure, requests.kind)
        channel = np.where(seized, code_of("channel", "seizure"), requests.channel)
        police = galleries(world.scenario)[POLICE]
        unmask = np.array([route is not None and route.unmask for route in requests.routes], dtype=bool)
        act = np.array([code_of("act", taking(route) or "copy") for route in requests.routes], dtype=np.uint8)

        def rows(at: Ints, of: NDArray[np.intp]) -> tuple[int, NDArray[np.intp], dict[str, object]]:
            clue = np.flatnonzero(given.given & ((at >= 0) & (at < end))[requests.of_clue])
            request = requests.of_clue[clue]
            document, approver, _ = notices.papers_of(requests, of)
            return clue.size, request, {
                "source": "request", "source_id": requests.request_id[request],
                "camera_id": world.clues.camera[clue], "from_t": given.begin[clue], "to_t": given.end[clue],
                "at_t": at[request], "actor": POLICE,
                "viewer": viewer_ids("case", world.cases.case_id[requests.case[request]]),
                "purpose": world.cases.purpose[requests.case[request]],
                "channel": np.where(of == way, channel, code_of("channel", "request"))[request],
                "document": document[request], "approver": approver[request], "own": requests.own[request],
                "before": times.era[request] == 0, "unmask": unmask[of[request]],
                "gallery": police.people, "known": police.known,
            }

        size, request, common = rows(taken, requests.paper)
        book.add(size, act=act[requests.paper[request]], technique="copy", **common)
        size, _, common = rows(looked, way)
        book.add(size, act="view", audience=float(world.scenario.access.investigators.number), **common)
