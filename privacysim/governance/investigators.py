"""Investigators: from an opened case to evidence, or to the reason for having none.

The Notice of Obtaining Evidence (Criminal Procedure Law arts. 54, 137; criminal-case rules art. 62; administrative-case
rules art. 28) has these steps. The case is filed. The investigator drafts a notice for each custodian whose camera may
have relevant footage. The level named by the rule approves it at a desk. It is served. The custodian checks it, and
gives what retention has left (Order 799 arts. 17, 20). Police view their own consoles without any document.

If a custodian refuses what they must give, the recorder may be seized (Criminal Procedure Law art. 141, 139 before
2018). A recorder cannot be divided, so all footage of its cameras is taken: the largest over-delivery of a request.
Only the investigator of the case views more than what was wanted.

Some pictures of wanted persons are published. Order 799 art. 22 allows it with strict protection of everybody else in
the picture. Without such a rule it is prohibited or a gap, and nobody is masked.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import child_id, stream_key, uniforms
from privacysim.governance.desk import NO_DESK, delay
from privacysim.governance.log import NEVER, Books, act_ids
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import Bools, Course, Ints, Requests
from privacysim.governance.rules_in_force import taking
from privacysim.governance.searches import write_searches
from privacysim.governance.viewers import viewer_ids, visitors
from privacysim.units import DAY_TICKS, HOUR_TICKS, ticks

_FIRST = [words.PURPOSES.index(word) for word in ("criminal_case", "pre_filing_check")]
_OWN, _STATE, _COMMERCIAL = (words.OPERATORS.index(word) for word in ("public_security", "other_state", "commercial"))
_OTHER, _WARRANT = words.REGIMES.index("public_other"), words.DOCUMENTS.index("warrant")
_SEIZURE, _REQUEST = words.CHANNELS.index("seizure"), words.CHANNELS.index("request")


class Investigators(Process):
    """All cases that ask for footage: one request per case and custodian, searches by machine, wanted notices."""

    def start(self, context: Context) -> None:
        """Start one process for each case that needs a signature, in the order of drafting."""
        self.context, self.world, cases = context, context.world, context.world.cases
        scenario, marks = self.world.scenario, cases.marks
        self.approved, self.left = np.full(len(cases), NEVER), np.full(len(cases), NEVER)
        """By case row: when the documents were signed, and when they left the desk without a signature."""
        self.gone = np.zeros(len(cases), dtype=bool)
        """By case row: whether the footage was erased before the documents were drafted."""
        self._group_clues()
        per_tick = scenario.access.case_withdrawn_per_day.number / DAY_TICKS
        stays = np.ceil(-np.log(marks[:, 3]) / per_tick).astype(np.int64) if per_tick else NEVER - cases.asked
        self.withdrawn = cases.asked + stays
        ready = cases.asked + delay(scenario, scenario.access.notice_draft_h.number * HOUR_TICKS, marks[:, 0])
        # when the last of the wanted footage will have been erased
        last = np.full(len(cases), -NEVER)
        np.maximum.at(last, self.case[self.of_clue],
                      context.kept.erased(self.world.clues.camera, self.world.clues.to_tick))
        expires = np.minimum(np.where(last == -NEVER, NEVER, last), self.withdrawn)
        signs = self._signs(self.paper)
        papers = np.bincount(self.case[signs], minlength=len(cases))
        unknown = np.diff(self.world.clues.start) == 0  # cases of the warm-up: only their load counts
        papers[unknown] = cases.custodians[unknown]
        way = self._way_of_case(signs)
        paper = context.rules.paper(way)
        waits = cases.asks & self._signs(way) & (papers > 0)
        self.gone = waits & (expires <= ready)
        self.left[self.gone] = ready[self.gone]
        # a notice names one custodian; a warrant names all cameras
        papers = np.where(paper["document"] == _WARRANT, 1, papers)
        row = np.flatnonzero(waits & ~self.gone)
        row = row[np.lexsort((cases.case_id[row], ready[row]))]
        approver = [words.APPROVERS[code] for code in paper["approver"][row]]
        numbers = (one[row].tolist() for one in (ready, papers, expires))
        context.env.process(self._arrivals(list(zip(row.tolist(), approver, *numbers, strict=True))))

    def _arrivals(self, waiting: list[tuple[int, str, int, int, int]]) -> Generator[Any, Any, None]:
        """Send documents to the desks as they are drafted."""
        env = self.context.env
        for row, approver, ready, papers, expires in waiting:
            if ready > env.now:
                yield env.timeout(ready - int(env.now))
            env.process(self._paper(row, approver, papers, expires))

    def _paper(self, row: int, approver: str, papers: int, expires: int) -> Generator[Any, Any, None]:
        """Wait at the desk until the documents are signed, or the footage has expired."""
        cases, marks = self.world.cases, self.world.cases.marks[row]
        signed = yield from self.context.desks.approved(
            approver, int(cases.case_id[row]), papers=papers, mark=float(marks[1]), way=float(marks[2]),
            priority=0 if cases.purpose[row] in _FIRST else 1, expires=expires,
        )
        if signed:
            self.approved[row] = int(self.context.env.now)
        else:
            self.left[row] = expires

    def _group_clues(self) -> None:
        """Group the clues by case and custodian, and find each request's route in the rules.

        The police view their own cameras from their own consoles. They view those of other organs on shared state
        platforms, if a rule allows it. In both cases nobody is served. All other footage needs a request.
        """
        cases, clues, cameras, rules = self.world.cases, self.world.clues, self.world.cameras, self.context.rules
        row = np.repeat(np.arange(len(cases)), np.diff(clues.start))
        holder = cameras.custodian_id[clues.camera]
        order = np.lexsort((np.arange(row.size), holder, row))
        new = np.ones(row.size, dtype=bool)
        new[1:] = (np.diff(row[order]) != 0) | (np.diff(holder[order]) != 0)
        self.of_clue = np.empty(row.size, dtype=np.intp)
        """By clue: row of its request."""
        self.of_clue[order] = np.cumsum(new) - 1
        first = order[new]
        self.case, camera = row[first], clues.camera[first]
        """By request: row of its case."""
        rank = np.arange(first.size) - np.searchsorted(self.case, self.case)
        operator, regime, purpose = cameras.operator[camera], cameras.regime[camera], cases.purpose[self.case]
        era = rules.eras(cases.asked[self.case])
        asked_for = rules.ways(era, 0, purpose, "request", operator, regime)
        channels = {"own_console": operator == _OWN, "shared_platform": operator == _STATE, "request": True}
        way, channel = rules.first_way(channels, era, 0, purpose, operator, regime)
        self.seizure = rules.ways(era, 0, purpose, "seizure", operator, regime)
        """By request: the route by which the recorder may be seized if an obliged custodian refuses."""
        self.direct = channel != _REQUEST
        """By request: viewed at once, so nobody is served."""
        # footage on a console may be viewed; to take it along as evidence the police also need their own document
        self.paper = np.where(self.direct & rules.told(way, lambda route: bool(taking(route)), False), way, asked_for)
        """By request: the route under which footage is taken along as evidence."""
        obliged = [rules.told(one, lambda route: route.duty_to_give, False) for one in (asked_for, self.seizure)]
        self.may_seize = obliged[0] & obliged[1] & ~self.direct
        self.requests = Requests(
            self.world, rules, cases.case_id[self.case] * 256 + rank, cases.asked[self.case],
            np.zeros(first.size, dtype=np.uint8), purpose, camera,
            viewer_ids("case", cases.case_id[self.case]), way, channel,
        )

    def _signs(self, way: Ints) -> Bools:
        """Return which routes need a signature from a desk."""
        return self.context.rules.told(way, lambda route: route.approver not in NO_DESK, False)

    def _way_of_case(self, signs: Bools) -> Ints:
        """By case row: the route whose approver signs, taken from the first request that needs a signature.

        If there is none, or no request is known, it is the route for a commercial camera.
        """
        cases, rules = self.world.cases, self.context.rules
        way = rules.ways(rules.eras(cases.asked), 0, cases.purpose, "request", _COMMERCIAL, _OTHER)
        written = np.flatnonzero(signs)[::-1]
        way[self.case[written]] = self.paper[written]
        return way

    def write(self, books: Books) -> None:
        """After the run, write the result of each request, and the acts of those granted in [0, D)."""
        world, requests, clues, end = self.world, self.requests, self.world.clues, self.context.end
        rules, kept = self.context.rules, self.context.kept
        course, taken, secured = self._course()
        count, of = len(requests), self.of_clue

        # custodians secure what they still have at service; retention and broken cameras leave gaps
        begin, until = kept.remains(clues.camera, clues.from_tick, clues.to_tick, np.minimum(secured[of], end))
        given = (until > begin) & clues.working
        shows = given & clues.found & (clues.seen_from >= begin) & (taken < end)[of]
        cameras, proves = np.bincount(of, given, count), np.bincount(of, shows, count) > 0
        held = np.maximum(np.minimum(clues.seen_to, until) - np.maximum(clues.seen_from, begin), 0)
        course.ends["erased"] = (cameras == 0) & (np.bincount(of, until <= begin, count) > 0)
        course.ends["blind"] = cameras == 0
        met, decided, seized = course.met, course.decided, course.ended("seized")
        proof = met & proves
        delivered = np.where(proof, np.maximum(course.delivered, taken), np.where(met, course.delivered, NEVER))
        alive = (np.maximum(requests.asked, np.where(decided < NEVER, decided, end)) >= 0) | (met & (delivered >= 0))
        keep = (requests.asked < end) & np.isin(self.case, self.case[alive])
        way, channel = np.where(seized, self.seizure, requests.way), np.where(seized, _SEIZURE, requests.channel)
        recorders = self._recorders(np.flatnonzero(seized), secured)
        footage = np.bincount(of, np.where(given, until - begin, 0), count)
        for one, camera, since in recorders:
            footage[one], cameras[one] = (secured[one] - since).sum(), camera.size
        notice = [rules.of(era).policy.oversight for era in (0, 1)]
        waits = [one.notice_to_filmed if one else None for one in notice]
        term = np.array([int(NEVER) if wait is None else ticks(wait) for wait in waits])[requests.era]
        unruled = rules.unruled(
            requests.era, 0, words.PURPOSES.index("curiosity"), world.cameras.operator[requests.camera],
            world.cameras.regime[requests.camera],
        )
        requests.write(
            books.requests, course, keep, case_id=world.cases.case_id[self.case], channel=channel,
            **rules.paper(way), rule=rules.told(way, lambda route: route.rule, ""),
            legality=np.where(requests.way > 0, 0, np.maximum(unruled, 1)), delivered_t=delivered, cameras_n=cameras,
            footage_t=footage, needed_t=np.bincount(of, np.where(given & clues.seen, held, 0), count),
            told_t=np.where(met & (term < NEVER), delivered + np.minimum(term, NEVER // 2), NEVER),
            evidence=np.where(proof, 2, 1),
        )

        # each camera's footage is viewed once, and taken over (or copied from one's own console) under a document
        takes = rules.told(self.paper, lambda route: taking(route) or "copy", "copy")
        looking = {"act": "view", "audience": float(world.scenario.access.investigators.number)}
        for at, by, more in (
            (np.where(met & ~seized, taken, NEVER), self.paper, {"technique": "copy"}),
            (np.where(met, course.delivered, NEVER), way, looking),
        ):
            clue = np.flatnonzero(given & ((at >= 0) & (at < end))[of])
            row = of[clue]
            books.acts.add(clue.size, **{"act": takes[row]} | requests.act(row, by[row]) | {
                "camera_id": clues.camera[clue], "from_t": begin[clue], "to_t": until[clue], "at_t": at[row],
                "channel": np.where(by == way, channel, _REQUEST)[row],
                "own": requests.channel[row] == words.CHANNELS.index("own_console"),
                "unmask": rules.told(by[row], lambda route: route.unmask, False), **more,
            })
        for one, camera, since in recorders:  # a seized recorder is taken whole
            if 0 <= secured[one] < end:
                several = np.full(camera.size, one)
                books.acts.add(camera.size, **requests.act(several, self.seizure[several]) | {
                    "camera_id": camera, "from_t": since, "to_t": secured[one], "at_t": secured[one], "act": "acquire",
                    "technique": "copy", "channel": "seizure", "gallery": 2, "known": 0.0,
                })
        self._wanted(books, np.flatnonzero(shows & proof[of]), begin, until, delivered)
        write_searches(self.context, self.approved, books)

    def _course(self) -> tuple[Course, Ints, Ints]:
        """Compute when each request was signed, served and answered, when a copy was taken, and the rest secured."""
        scenario, requests, rules = self.world.scenario, self.requests, self.context.rules
        access, asked = scenario.access, requests.asked
        marks = uniforms(stream_key(self.world.seed, self.world.k, "requests"), requests.number, 8)

        def waits(hours: float, mark: int) -> Ints:
            return delay(scenario, hours * HOUR_TICKS, marks[:, mark])

        at_desk = ~self.direct & ((requests.way == 0) | self._signs(requests.way))
        signed = np.where(at_desk, self.approved[self.case], asked)
        term = rules.told(
            requests.way, lambda route: round(route.deadline_s * 10) if route.deadline_s else int(NEVER), int(NEVER)
        )
        defect = ~self.direct & (marks[:, 3] < access.paper_defect_share.number)
        cured = defect & (marks[:, 4] < access.paper_defect_curable.number)
        way = waits(access.notice_serve_h.number, 0) + np.where(cured, waits(access.notice_serve_h.number, 5), 0)
        served = np.where(signed >= NEVER, NEVER, np.where(self.direct, signed, signed + way))
        search = np.minimum(waits(access.custodian_search_h.number, 1), term)
        delivered = np.where(served >= NEVER, NEVER, served + search)
        # a document for what the police can view anyway is signed with the others; nobody has to be served
        no_desk = (self.paper > 0) & ~self._signs(self.paper)
        with_paper = np.maximum(delivered, np.where(no_desk, asked, self.approved[self.case]))
        refuses = ~self.direct & (marks[:, 2] < access.custodian_refuses.number)
        seized = refuses & self.may_seize & (marks[:, 6] < access.refusal_seized.number) & (served < NEVER)
        secured = np.where(seized, served + waits(access.seizure_delay_h.number, 7), served)
        takes = rules.told(self.paper, lambda route: bool(taking(route)), False)
        taken = np.where(takes, np.where(self.direct, with_paper, delivered), NEVER)
        course = Course(
            self.context.end, asked, signed, served, np.where(seized, secured, delivered),
            np.where(at_desk, self.left[self.case], NEVER), self.withdrawn[self.case],
            {"no_rule": requests.way == 0, "gone": at_desk & self.gone[self.case], "defect": defect & ~cured,
             "refuses": refuses & ~seized, "seized": seized},
        )
        return course, np.where(seized, secured, taken), secured

    def _recorders(self, rows: NDArray[np.intp], secured: Ints) -> list[tuple[int, NDArray[np.intp], Ints]]:
        """List contents of seized recorders: request row, its custodian's recording cameras, start of their footage."""
        kept, holder = self.context.kept, self.world.cameras.custodian_id
        whose = holder[self.requests.camera]
        candidates = np.flatnonzero(np.isin(holder, whose[rows]) & kept.recording)
        found = []
        for row in rows.tolist():
            camera = candidates[holder[candidates] == whose[row]]
            found.append((row, camera, kept.oldest(camera, np.full(camera.size, secured[row]))))
        return found

    def _wanted(self, books: Books, clue: NDArray[np.intp], begin: Ints, until: Ints, delivered: Ints) -> None:
        """Write wanted notices: in some cases with evidence, a clip of the offender is published to many viewers."""
        world, access, requests, cases = self.world, self.world.scenario.access, self.requests, self.world.cases
        clues, rules, end = world.clues, self.context.rules, self.context.end
        row, first = np.unique(self.case[self.of_clue[clue]], return_index=True)
        chosen = cases.marks[row, 6] < access.wanted_notice_share.number
        row, clue = row[chosen], clue[first][chosen]
        request = self.of_clue[clue]
        at = delivered[request] + delay(world.scenario, access.wanted_delay_d.number * DAY_TICKS, cases.marks[row, 7])
        begin, until = np.maximum(clues.seen_from[clue], begin[clue]), np.minimum(clues.seen_to[clue], until[clue])
        inside = (at >= 0) & (at < end) & (until > begin)
        clue, request, at, begin, until = (one[inside] for one in (clue, request, at, begin, until))
        cameras, camera = world.cameras, requests.camera[request]
        masked = np.array([
            rules.masks_others(era, "public_security", "wanted_notice", words.OPERATORS[o], words.REGIMES[g])
            for era, o, g in zip(
                rules.eras(at).tolist(), cameras.operator[camera].tolist(), cameras.regime[camera].tolist(), strict=True
            )
        ], dtype=bool)
        common: dict[str, Any] = {
            "source": "publication", "purpose": "wanted_notice", "masked": masked,
            "source_id": np.array([child_id(int(one), "wanted", 0) for one in requests.number[request]], dtype="i8"),
            "camera_id": clues.camera[clue], "from_t": begin, "to_t": until, "at_t": at,
        }
        shown = books.acts.add(clue.size, act="disseminate", actor="public_security", channel="onward",
                               viewer=requests.viewer[request], **common)
        local = visitors(world.scenario)[0]
        books.acts.add(
            clue.size, act="view", actor="curious", channel="open_stream", parent_id=act_ids(shown),
            viewer=viewer_ids("wanted", requests.number[request]), audience=access.wanted_viewers.number,
            gallery=local.people, known=local.known, **common,
        )
