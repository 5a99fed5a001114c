"""Access requests except those of investigators: other organs, people filmed, neighbours, the press, impostors.

Ordinary people cannot see footage at will. A rule may give access: an organ's document under its own law; viewing by
persons concerned with the operator's consent (Order 799 art. 21); one's own data (PIPL art. 45). Each route has its own
document, which is not valid for another route. Where no rule gives access, the operator refuses or hands over
informally; a prohibition stops operators who comply with it. Impostors show a forged document, which is detected or
believed. In an emergency, a rule may let an organ act first and have it confirmed afterwards. What is not confirmed in
time is destroyed and is not evidence.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import child_id
from privacysim.governance.desk import NO_DESK
from privacysim.governance.log import NEVER, Books, act_ids, code_of
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import Course, Ints, Requests
from privacysim.governance.rules_in_force import AFTER, BEFORE, taking
from privacysim.governance.spreading import Chain
from privacysim.units import HOUR_TICKS, TICKS_PER_S

FIRST_REQUEST = 1 << 42
"""Request ids of askers: this + the ask's id (ids of cases are smaller)."""
_LOOKS = -1
_PUBLISHED = {"informal": "copy, then on the open net", "publication": "copy, then in the news"}
_ORGANS = [words.REQUESTERS.index(word) for word in words.STATE_ORGANS]
_URGENT = [words.PURPOSES.index(word) for word in ("emergency", "missing_person")]
_MEDIA, _FILMED = words.REQUESTERS.index("media"), words.REQUESTERS.index("person_filmed")
_IMPOSTOR = words.REQUESTERS.index("impostor")


class Askers(Process):
    """All requesters except investigators; one request each."""

    incidents: ClassVar = {"informal": ("informal", "publication"), "forged_paper": ("request",)}

    def start(self, context: Context) -> None:
        """Start a process for each document that needs a signature, and for each copy that will be published."""
        self.context, self.world, asks = context, context.world, context.world.asks
        rules, cameras = context.rules, self.world.cameras
        demand = [min(rules.of(era).demand_factor, asks.most_demand) for era in (BEFORE, AFTER)]
        era = rules.eras(asks.tick)
        before, after = (asks.happening(one) for one in demand)
        self.ask = ask = np.flatnonzero(np.where(era == AFTER, after, before))
        """Rows of `world.asks` that happen under these rules."""
        camera, who, purpose = asks.camera[ask], asks.requester[ask], asks.purpose[ask]
        way = rules.ways(era[ask], who, purpose, "request", cameras.operator[camera], cameras.regime[camera])
        self.requests = Requests(
            self.world, rules, FIRST_REQUEST + asks.ask_id[ask], asks.tick[ask], who, purpose, camera,
            asks.viewer[ask], way, np.zeros(ask.size, dtype=np.uint8),
        )
        needs = rules.told(way, lambda route: "consent" in route.conditions, False)
        self.consent = needs & (asks.marks[ask, 1] < self.world.scenario.access.operator_consent.number)
        self.merit = (way > 0) & (self.consent | ~needs)
        """Whether a route of the rules grants the request."""
        self.legality = np.where(self.merit, 0, rules.unruled(
            era[ask], who, purpose, cameras.operator[camera], cameras.regime[camera], scene=cameras.scene[camera],
            listed=context.kept.listed[camera],
        ))
        signs = rules.told(way, lambda route: route.approver not in NO_DESK, False)
        self.signed = np.where(signs, NEVER, asks.tick[ask])
        """When the document was signed; NEVER while it waits at a desk."""
        self.left, self.confirmed = np.full(ask.size, NEVER), np.zeros(ask.size, dtype=bool)
        """When it left the desk unsigned, and whether a judge confirmed what was done first."""
        self.chains: dict[int, Chain] = {}
        """By row: copies that were passed on or published after the handover."""
        # an answer takes days, but hours for an organ in an emergency
        urgent = np.isin(who, _ORGANS) & np.isin(purpose, _URGENT)
        longest = round(self.world.scenario.access.emergency_answer_h.number * HOUR_TICKS)
        self.answer = np.where(urgent, np.minimum(asks.answer_ticks[ask], longest), asks.answer_ticks[ask])
        gone = context.kept.erased(camera, asks.to_tick[ask])
        for row in np.flatnonzero(signs).tolist():
            context.env.process(self._paper(row, int(gone[row])))
        self.term = rules.told(
            way, lambda route: int(NEVER) if route.regularise_s is None else round(route.regularise_s * TICKS_PER_S),
            int(NEVER),
        )
        for row in np.flatnonzero(self.term < NEVER).tolist():
            context.env.process(self._regularised(row))
        self._start_spreading()

    def _paper(self, row: int, gone: int) -> Generator[Any, Any, None]:
        """Wait until the organ's own level signs its document, or until the footage is erased."""
        asked, marks = int(self.requests.asked[row]), self.world.asks.marks[self.ask[row]]
        yield self.context.until(asked)
        route = self.context.rules.offers[self.requests.way[row]]
        if (yield from self.context.desks.approved(
            route.approver if route else "none", int(self.requests.number[row]), papers=1, mark=float(marks[4]),
            way=float(marks[5]), priority=1, expires=gone,
        )):
            self.signed[row] = int(self.context.env.now)
        else:
            self.left[row] = max(gone, asked)

    def _regularised(self, row: int) -> Generator[Any, Any, None]:
        """Act first; a judge confirms it within the term, or the footage must be destroyed."""
        begin = int(self.requests.asked[row])
        yield self.context.until(begin)
        self.confirmed[row] = yield from self.context.desks.confirmed(
            int(self.requests.number[row]), mark=float(self.world.asks.marks[self.ask[row], 4]), priority=-1,
            term=begin + int(self.term[row]),
        )

    def _course(self) -> tuple[Course, Ints, Ints, Ints]:
        """Compute the course of each request, begin and end of the remaining footage, and the act that takes a copy."""
        context, world, requests = self.context, self.world, self.requests
        rules, access, kept = context.rules, world.scenario.access, context.kept
        camera, marks, ruled = requests.camera, world.asks.marks[self.ask], requests.way > 0
        forged = (requests.requester == _IMPOSTOR) & ~ruled
        believed = forged & (marks[:, 0] >= access.forged_paper_detected.number)
        obeys = (self.legality == 2) & (world.custody.compliance[camera] < access.compliance.number)
        informal = ~ruled & ~forged & world.cameras.social[camera] & ~obeys
        informal &= marks[:, 2] < access.informal_handover.number
        answered = np.where(self.signed < NEVER, self.signed + self.answer, NEVER)
        begin, end = kept.remains(
            camera, world.asks.from_tick[self.ask], world.asks.to_tick[self.ask], np.minimum(answered, context.end)
        )
        course = Course(context.end, requests.asked, self.signed, answered, answered, self.left, ends={
            "turned_away": ~ruled & ~forged & ~informal, "seen_through": forged & ~believed,
            "no_consent": ruled & ~self.merit, "erased": end <= begin, "blind": ~kept.recording[camera],
            "informal": informal, "believed": believed,
        })
        away = believed | (marks[:, 3] < world.scenario.leaks.informal_copy_share.number)
        by_route = rules.told(requests.way, lambda route: _taken(taking(route)), _LOOKS)
        return course, begin, end, np.where(self.merit, by_route, np.where(away, code_of("act", "acquire"), _LOOKS))

    def _start_spreading(self) -> None:
        """Start the spread of copies given without a rule: the press publishes some, others reach the open net.

        Requests without a rule bypass the desks, so their result is known in advance.
        """
        leaks, requests, asks = self.world.scenario.leaks, self.requests, self.world.asks
        course, begin, end, takes = self._course()
        news = requests.requester == _MEDIA
        share = np.where(news, leaks.news_published_share.number, leaks.informal_spread_share.number)
        some = (requests.way == 0) & (asks.marks[self.ask, 6] < share) & course.ended("informal") & (takes != _LOOKS)
        for row in np.flatnonzero(some).tolist():
            self.chains[row] = chain = Chain(
                "publication" if news[row] else "informal", int(requests.number[row]), int(requests.camera[row]),
                int(begin[row]), int(end[row]), words.REQUESTERS[requests.requester[row]], "onward", False,
                int(requests.viewer[row]),
            )
            self.context.env.process(self._spread(chain, int(course.served[row]), bool(news[row])))

    def _spread(self, chain: Chain, at: int, news: bool) -> Generator[Any, Any, None]:
        """Publish after the handover; the press masks others where a rule requires it and it complies."""
        cameras, rules, scenario = self.world.cameras, self.context.rules, self.world.scenario
        yield self.context.until(at)
        if not news:
            yield from self.context.spread.published(chain, -1, chain.source_id)
            return
        masked = rules.masks_others(
            rules.era(at), "media", "news", words.OPERATORS[cameras.operator[chain.camera]],
            words.REGIMES[cameras.regime[chain.camera]],
        ) and child_id(chain.source_id, "mask", 0) / 2**63 < scenario.access.compliance.number
        yield from self.context.spread.published(
            chain, -1, chain.source_id, actor="media", purpose="news", masked=masked, news=True,
            viewers_per_day=scenario.leaks.news_viewers_per_day.number,
        )

    def write(self, books: Books) -> None:
        """After the run, write the answers, and what was viewed or copied in [0, D)."""
        requests, end = self.requests, self.context.end
        course, begin, until, takes = self._course()
        met, decided = course.met, course.decided
        # acted first, and the term for confirmation passed within the study without a signature
        over = (self.term < NEVER) & (requests.asked + np.minimum(self.term, NEVER // 2) < end)
        destroyed = met & self.merit & over & ~self.confirmed
        reason = course.reason
        reason[course.ended("on_its_way")] = "not answered yet"
        reason[destroyed] = "acted first; not regularised in time, so it was destroyed"
        forged = (requests.requester == _IMPOSTOR) & (requests.way == 0)
        requests.write(
            books.requests, course, np.where(self.left < NEVER, self.left, course.served) >= 0, reason=reason,
            document=np.where(forged, code_of("document", "notice_of_obtaining_evidence"),
                              self.context.rules.paper(requests.way)["document"]),
            legality=self.legality, granted_on_merit=self.merit, cameras_n=1, footage_t=until - begin,
            told_t=np.where(met & (requests.requester == _FILMED), decided, NEVER),  # requests for one's own picture
            evidence=np.where(self.merit & ~destroyed, 2, 1),
        )
        self._write_acts(books, course, begin, until, takes, np.flatnonzero(met & (decided >= 0) & (decided < end)))

    def _write_acts(
        self, books: Books, course: Course, begin: Ints, until: Ints, takes: Ints, seen: NDArray[np.intp]
    ) -> None:
        """Write views by requesters, acquisition of copies, and dissemination by custodians who give without a rule."""
        requests, decided, informal = self.requests, course.decided, course.ended("informal")
        sources = [code_of("source", one) for one in ("informal", "request")]
        masked = self.merit & self.context.rules.told(requests.way, lambda route: "masked" in route.conditions, False)

        def common(row: NDArray[np.intp]) -> dict[str, Any]:
            return {
                **requests.act(row), "source": np.where(informal[row], *sources),
                "camera_id": requests.camera[row], "from_t": begin[row], "to_t": until[row], "at_t": decided[row],
                "masked": masked[row], "consent": self.consent[row],
            }

        taken = seen[takes[seen] != _LOOKS]
        given = taken[informal[taken]]
        supplied = books.acts.add(given.size, **{
            **common(given), "act": "disseminate", "own": True, "actor": "own_staff_off_purpose", "channel": "onward",
            "document": "none", "viewer": self.world.cameras.custodian_id[requests.camera[given]],
        })
        parent = np.full(len(requests), -1, dtype=np.int64)
        parent[given] = act_ids(supplied)
        copies = books.acts.add(
            taken.size, act=takes[taken], technique="copy", parent_id=parent[taken], **common(taken)
        )
        for row, copy in zip(taken.tolist(), act_ids(copies).tolist(), strict=True):
            if row in self.chains:
                self.chains[row].root = copy
        self.context.spread.write(list(self.chains.values()), books)
        books.acts.add(seen.size, act="view", audience=1.0, parent_id=parent[seen], **common(seen))
        leaked = seen[course.ended("informal", "believed")[seen]]
        mechanism = np.where(takes[leaked] == _LOOKS, "look", "copy").astype(object)
        audience = np.ones(leaked.size)
        for number, row in enumerate(leaked.tolist()):
            if row in self.chains:
                chain = self.chains[row]
                mechanism[number], audience[number] = _PUBLISHED[chain.source], 1.0 + chain.audience
        books.incidents.add(
            leaked.size, audience=audience, incident_id=requests.number[leaked],
            custodian_id=self.world.cameras.custodian_id[requests.camera[leaked]], mechanism=mechanism,
            kind=np.where(informal[leaked], "informal", "forged_paper").astype(object), opened_t=decided[leaked],
            closed_t=decided[leaked],
        )
        self._write_older(books, set(leaked.tolist()))

    def _write_older(self, books: Books, written: set[int]) -> None:
        """Write copies handed over before day 0 that are still online, or come online again."""
        for row, chain in sorted(self.chains.items()):
            times = [int(one["at_t"]) for one in chain.acts]  # type: ignore[call-overload]
            if row not in written and any(0 <= at < self.context.end for at in times):
                self.context.spread.incident(
                    chain, books, kind="informal", mechanism=_PUBLISHED[chain.source], opened=min(times)
                )


def _taken(act: str) -> int:
    return code_of("act", act) if act else _LOOKS
