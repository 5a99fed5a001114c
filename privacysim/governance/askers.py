"""Access requests except those of investigators: organs, people filmed, neighbours, the press, impostors, emergencies.

A rule may give access: an organ's document under its own law; viewing by persons concerned with the operator's consent
(Order 799 art. 21); one's own data (PIPL art. 45). Where no rule does, the operator refuses or hands over informally; a
prohibition stops operators who comply with it. Impostors show a forged document, which is detected or believed. If a
rule lets an organ act first, footage that is not confirmed in time is destroyed and is not evidence.

Guangzhou's order of 2007 lets organs take over a neighbourhood's cameras in an emergency; whether that remains valid
after Order 799 art. 20 is contested (`guangzhou_today:no_takeover`). Elsewhere the organ requests under its own law
(Order 799 art. 20, Emergency Response Law arts. 84, 85: for the response only, destroyed afterwards unless it is
evidence).
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints, child_id
from privacysim.governance.desk import delay
from privacysim.governance.desks import Documents, confirmation
from privacysim.governance.log import NEVER, Books, act_ids
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import Course, Requests, viewer_ids
from privacysim.governance.rules_in_force import AFTER, BEFORE
from privacysim.governance.spreading import Chain
from privacysim.units import HOUR_TICKS

FIRST_REQUEST, FIRST_EMERGENCY = 1 << 42, 1 << 46
"""Request ids: of requesters, this + the request's id; in emergencies, this + a hash (ids of cases are smaller)."""
_PUBLISHED = {"informal": "copy, then on the open net", "publication": "copy, then in the news"}
_OWN, _STATE = map(words.OPERATORS.index, ("public_security", "other_state"))
_REQUEST = words.CHANNELS.index("request")
_ORGANS = [words.REQUESTERS.index(word) for word in words.STATE_ORGANS]
_POLICE, _AUTHORITY, _MEDIA, _FILMED, _IMPOSTOR = (
    words.REQUESTERS.index(word)
    for word in ("public_security", "emergency_authority", "media", "person_filmed", "impostor")
)
_URGENT = [words.PURPOSES.index(word) for word in ("emergency", "missing_person")]
_EMERGENCY, _TAKEOVER = words.PURPOSES.index("emergency"), words.CHANNELS.index("takeover")
_DESTROYED = "acted first; not regularised in time, so it was destroyed"


class Askers(Process):
    """All requesters except investigators; one request each."""

    incidents: ClassVar = {"informal": ("informal", "publication"), "forged_paper": ("request",)}

    def start(self, context: Context) -> None:
        """Start a process for each document that needs a signature, and for each copy that will be published."""
        self.context, self.world, asks = context, context.world, context.world.asks
        rules, cameras, access = context.rules, self.world.cameras, self.world.scenario.access
        before, after = (min(rules.of(era).demand_factor, asks.most_demand) for era in (BEFORE, AFTER))
        happens = np.where(rules.era(asks.tick) == AFTER, asks.happening(after), asks.happening(before))
        self.ask = ask = np.flatnonzero(happens)  # rows of `world.asks` that happen under these rules
        camera, who, purpose, asked = asks.camera[ask], asks.requester[ask], asks.purpose[ask], asks.tick[ask]
        operator, regime = cameras.operator[camera], cameras.regime[camera]
        # the police look at their own cameras, and at shared ones, from consoles; nobody is served
        police = who == _POLICE
        self.own = police & (operator == _OWN)
        channels = {"own_console": self.own, "shared_platform": police & (operator == _STATE), "request": True}
        way, channel = rules.first_way(channels, rules.era(asked), who, purpose, operator, regime)
        self.direct = channel != _REQUEST
        self.requests = Requests(self.world, rules, FIRST_REQUEST + asks.ask_id[ask], asked, who, purpose, camera,
                                 asks.viewer[ask], way, channel)
        needs = rules.told(way, lambda route: "consent" in route.conditions, False)
        self.consent = needs & (asks.marks[ask, 1] < access.operator_consent.number)
        self.merit = (way > 0) & (self.consent | ~needs)  # whether a route of the rules grants the request
        listed = context.kept.listed(camera)
        self.legality = self.requests.legality(self.merit, least=0, scene=cameras.scene[camera], listed=listed)
        signs, self.term = rules.signs(way), rules.term(way)
        self.signed, self.left = np.where(signs, NEVER, asked), np.full(ask.size, NEVER)
        self.chains: dict[int, Chain] = {}  # by row: copies that were passed on or published after the handover
        # an answer takes days, but hours for an organ in an emergency
        urgent = np.isin(who, _ORGANS) & np.isin(purpose, _URGENT)
        longest = round(access.emergency_answer_h.number * HOUR_TICKS)
        self.answer = np.where(urgent, np.minimum(asks.answer_ticks[ask], longest), asks.answer_ticks[ask])
        self.answer[self.direct] = 0
        gone = context.kept.erased(camera, asks.to_tick[ask])
        self.waiting, self.acted = np.flatnonzero(signs), np.flatnonzero(self.term < NEVER)
        """Requests that wait for a signature, and those that a judge confirms afterwards."""
        approver, mark = rules.paper(way)["approver"], asks.marks[ask]
        some, done = self.waiting, self.acted
        self.signatures = context.desks.file(Documents(
            asked[some], approver[some], self.requests.number[some], np.ones(some.size, dtype=np.int64),
            mark[some, 4], mark[some, 5], np.ones(some.size, dtype=np.int64), gone[some]))
        self.confirmations = context.desks.file(confirmation(
            asked[done], self.requests.number[done], mark[done, 4], -1, asked[done] + self.term[done]))
        self._start_spreading()

    def _course(self) -> tuple[Course, Ints, Ints, NDArray[Any]]:
        """Compute the course of each request, begin and end of the remaining footage, and the act that takes a copy."""
        context, world, requests = self.context, self.world, self.requests
        access, kept, asks = world.scenario.access, context.kept, world.asks
        camera, marks, ruled = requests.camera, asks.marks[self.ask], requests.way > 0
        forged = (requests.requester == _IMPOSTOR) & ~ruled
        believed = forged & (marks[:, 0] >= access.forged_paper_detected.number)
        prohibited = self.legality == words.LEGALITIES.index("prohibited")
        obeys = prohibited & (world.custody.compliance[camera] < access.compliance.number)
        informal = ~ruled & ~forged & world.cameras.social[camera] & ~obeys
        informal &= marks[:, 2] < access.informal_handover.number
        answered = np.where(self.signed < NEVER, self.signed + self.answer, NEVER)
        # the footage is secured when the custodian searches for it, not when the answer leaves
        search = delay(world.scenario, access.custodian_search_h.number * HOUR_TICKS, marks[:, 7])
        found = np.where(self.signed < NEVER, self.signed + np.minimum(self.answer, search), NEVER)
        at = np.minimum(found, context.end)
        begin = np.maximum(asks.from_tick[self.ask], kept.oldest(camera, at))
        end = np.minimum(asks.to_tick[self.ask], at)
        course = Course(context.end, requests.asked, self.signed, answered, answered, self.left,
                        ends={"turned_away": ~ruled & ~forged & ~informal, "seen_through": forged & ~believed,
                              "no_consent": ruled & ~self.merit, "erased": end <= begin,
                              "blind": ~kept.recording[camera], "informal": informal, "believed": believed})
        away = believed | (marks[:, 3] < world.scenario.leaks.informal_copy_share.number)
        return course, begin, end, np.where(self.merit, context.rules.takes(requests.way),
                                            np.where(away, "acquire", ""))

    def settled(self) -> dict[str, Bools]:
        """Return which requests were settled before the switch: nothing is at a desk, online or on sale."""
        switch = self.context.rules.switch
        done = self.world.asks.tick < switch
        pending = np.where(self.left < NEVER, self.left, self._course()[0].served) >= switch
        for rows, documents in ((self.waiting, self.signatures), (self.acted, self.confirmations)):
            pending[rows] |= documents.freed >= switch
        pending[list(self.chains)] = True
        done[self.ask[pending]] = False
        return {"asks": done}

    def _event(self) -> int:
        """Ticks that the sought event lasts."""
        return round(self.world.scenario.access.crime_median_min.number * HOUR_TICKS / 60)

    def _start_spreading(self) -> None:
        """Start the spread of copies given without a rule (no desk, so their result is known): press or open net."""
        leaks, requests, asks = self.world.scenario.leaks, self.requests, self.world.asks
        spread, (course, begin, end, takes) = self.context.spread, self._course()
        news = requests.requester == _MEDIA
        share = np.where(news, leaks.news_published_share.number, leaks.informal_spread_share.number)
        some = (requests.way == 0) & (asks.marks[self.ask, 6] < share) & course.ended("informal") & (takes != "")
        for row in np.flatnonzero(some).tolist():
            self.chains[row] = chain = Chain("publication" if news[row] else "informal", int(requests.number[row]),
                                             int(requests.camera[row]), int(begin[row]), int(end[row]),
                                             words.REQUESTERS[requests.requester[row]], "onward", False,
                                             int(requests.viewer[row]))
            chain.mechanism, at = _PUBLISHED[chain.source], int(course.served[row])
            # the press masks others where a rule requires it and it complies
            complies = child_id(chain.source_id, "mask", 0) / 2**63 < self.world.scenario.access.compliance.number
            masked = bool(news[row]) and complies and spread.masks_others(at, chain.camera, "media", "news")
            self.context.env.process(spread.published(chain, -1, chain.source_id, masked=masked, news=bool(news[row]),
                                                      wait=max(at - int(spread.env.now), 0)))

    def write(self, books: Books) -> None:
        """After the run, write the answers, and what was viewed or copied in [0, D)."""
        self.signed[self.waiting], self.left[self.waiting] = self.signatures.signed, self.signatures.left
        confirmed = np.full(self.signed.size, -1)
        confirmed[self.acted] = self.confirmations.confirmed
        requests, end = self.requests, self.context.end
        course, begin, until, takes = self._course()
        met, decided, informal = course.met, course.decided, course.ended("informal")
        # acted first, and the term for confirmation passed within the study without a signature
        over = (self.term < NEVER) & (requests.asked + np.minimum(self.term, NEVER // 2) < end)
        destroyed = met & self.merit & over & (confirmed < 1)
        reason = course.reason
        reason[course.ended("on_its_way")] = "not answered yet"
        reason[destroyed] = _DESTROYED
        forged = (requests.requester == _IMPOSTOR) & (requests.way == 0)
        document = self.context.rules.paper(requests.way)["document"]
        requests.write(
            books.requests, course, np.where(self.left < NEVER, self.left, course.served) >= 0, reason=reason,
            document=np.where(forged, words.DOCUMENTS.index("notice_of_obtaining_evidence"), document),
            legality=self.legality, granted_on_merit=self.merit, cameras_n=1, footage_t=until - begin,
            needed_t=np.where(self.world.asks.shows[self.ask], np.minimum(until - begin, self._event()), 0),
            told_t=np.where(met & (requests.requester == _FILMED), decided, NEVER),  # requests for one's own picture
            evidence=np.where(self.merit & ~destroyed & ~self.direct, 2, 1),
        )
        masked = self.merit & self.context.rules.told(requests.way, lambda route: "masked" in route.conditions, False)

        def common(row: NDArray[np.intp]) -> dict[str, Any]:
            return {**requests.act(row), "source": np.where(informal[row], "informal", "request"),
                    "camera_id": requests.camera[row], "from_t": begin[row], "to_t": until[row], "at_t": decided[row],
                    "masked": masked[row], "consent": self.consent[row], "channel": requests.channel[row],
                    "own": self.own[row]}

        # custodians who give without a rule disseminate; requesters take a copy, and view
        seen = np.flatnonzero(met & (decided >= 0) & (decided < end))
        taken = seen[takes[seen] != ""]
        given = taken[informal[taken]]
        custodian = self.world.cameras.custodian_id[requests.camera]
        supplied = books.acts.add(given.size, **common(given) | {
            "act": "disseminate", "own": True, "actor": "own_staff_off_purpose", "channel": "onward",
            "document": "none", "viewer": custodian[given]})
        parent = np.full(met.size, -1, dtype=np.int64)
        parent[given] = act_ids(supplied)
        copies = books.acts.add(taken.size, act=takes[taken], technique="copy", parent_id=parent[taken],
                                **common(taken))
        books.acts.add(seen.size, act="view", audience=1.0, parent_id=parent[seen], **common(seen))
        root = dict(zip(taken.tolist(), act_ids(copies).tolist(), strict=True))
        leaked = seen[course.ended("informal", "believed")[seen]]
        mechanism, audience = np.where(takes == "", "look", "copy").astype(object), np.ones(met.size)
        for row, chain in self.chains.items():
            mechanism[row], audience[row] = chain.mechanism, 1.0 + chain.audience
            chain.root, times = root.get(row, -1), [act["at_t"] for act in chain.acts]
            if row not in leaked and any(0 <= at < end for at in times):
                # handed over before day 0, and still online or online again
                chain.kind, chain.opened = "informal", min(times)
        self.context.spread.write(list(self.chains.values()), books)
        books.incidents.add(leaked.size, incident_id=requests.number[leaked], custodian_id=custodian[leaked],
                            kind=np.where(informal[leaked], "informal", "forged_paper").astype(object),
                            opened_t=decided[leaked], closed_t=decided[leaked], audience=audience[leaked],
                            mechanism=mechanism[leaked])


class Takeovers(Process):
    """Emergencies of a world under the rules."""

    def start(self, context: Context) -> None:
        """Find when each emergency opens which cameras."""
        self.context, these, cameras = context, context.world.emergencies, context.world.cameras
        self.of = np.repeat(np.arange(len(these)), np.diff(these.start))
        """By camera of an emergency: row of the emergency."""
        self.who = np.where(these.marks[:, 0] < 0.5, _POLICE, _AUTHORITY)  # by emergency: the organ that responds
        who, operator = self.who[self.of], cameras.operator[these.camera]
        self.own = (operator == words.OPERATORS.index("public_security")) & (who == _POLICE)
        channels = {"own_console": self.own, "shared_platform": True, "takeover": True, "request": True}
        self.way, channel = context.rules.first_way(channels, context.rules.era(these.begin)[self.of], who, _EMERGENCY,
                                                    operator, cameras.regime[these.camera], own=self.own)
        self.channel = np.where(self.way > 0, channel, _TAKEOVER).astype(np.uint8)
        self.opened = np.full(these.camera.size, NEVER)  # by camera of an emergency: when the organ gained access
        self.signs, self.term = context.rules.signs(self.way), context.rules.term(self.way)
        self.approver = context.rules.paper(self.way)["approver"]
        asked, term = these.begin.copy(), np.full(len(these), NEVER)
        for row in range(len(these)):
            asked[row], term[row] = self._emergency(row)
        self.acted = np.flatnonzero(term < NEVER)
        """Emergencies in which a judge confirms the measure afterwards."""
        number = FIRST_EMERGENCY + these.emergency_id[self.acted]
        self.confirmations = context.desks.file(confirmation(asked[self.acted], number, these.marks[self.acted, 1], -2,
                                                             term[self.acted]))

    def _emergency(self, row: int) -> tuple[int, int]:
        """Open the cameras of one emergency: at once, with a document, or not at all.

        Returns the tick from which a judge is asked, and the tick by which the judge must confirm the measure.
        """
        these = self.context.world.emergencies
        begin = now = int(these.begin[row])
        inside = np.arange(these.start[row], these.start[row + 1])
        inside = inside[self.way[inside] > 0]
        waits = inside[self.signs[inside] & (self.term[inside] == NEVER)]
        signed: dict[int, int] = {}
        for number, approver in enumerate(sorted({words.APPROVERS[code] for code in self.approver[waits]})):
            # an officer of that level is on call day and night; the document has priority over all others
            now += self.context.desks.work(approver, these.marks[row, 1 + number % 3])
            signed[words.APPROVERS.index(approver)] = now
        at = np.array([signed.get(code, begin) for code in self.approver[inside].tolist()], dtype=np.int64)
        self.opened[inside] = np.where(at < these.end[row], at, NEVER)
        first = inside[self.term[inside] < NEVER][:1]
        return now, begin + int(self.term[first[0]]) if first.size else int(NEVER)

    def write(self, books: Books) -> None:
        """Write one request per emergency, custodian and place class, and what was viewed while it lasted."""
        context, these, cameras = self.context, self.context.world.emergencies, self.context.world.cameras
        end, rules, kept, camera = context.end, context.rules, context.kept, these.camera
        if not camera.size:
            return
        over = np.minimum(these.end, end)[self.of]
        holder, regime = cameras.custodian_id[camera], cameras.regime[camera]
        looks = kept.recording[camera] & (self.opened < over)
        together = np.stack((self.of, holder, cameras.operator[camera], regime))
        _, first, which = np.unique(together, axis=1, return_index=True, return_inverse=True)
        which, row = which.ravel(), self.of[first]
        places = zip(these.emergency_id[row].tolist(), holder[first].tolist(), regime[first].tolist(), strict=True)
        numbers = [FIRST_EMERGENCY + (child_id(one, str(whose), place) >> 20) for one, whose, place in places]
        requests = Requests(context.world, rules, np.array(numbers, dtype=np.int64), these.begin[row], self.who[row],
                            np.full(row.size, _EMERGENCY, dtype=np.uint8), camera[first],
                            viewer_ids("emergency", these.emergency_id)[row], self.way[first], self.channel[first])
        seen = np.bincount(which, looks, row.size) > 0
        at = np.full(row.size, NEVER)
        np.minimum.at(at, which[looks], self.opened[looks])
        at = np.where(seen, at, requests.asked)
        recorded = np.bincount(which, kept.recording[camera], row.size) > 0
        course = Course(end, requests.asked, at, at, at, ends={
            "turned_away": requests.way == 0, "over": ~seen & recorded, "blind": ~seen & ~recorded,
            "taken_over": requests.channel == _TAKEOVER})
        reason = course.reason
        confirmed = np.full(len(these), -1)
        confirmed[self.acted] = self.confirmations.confirmed
        reason[seen & (self.term[first] < NEVER) & (confirmed[row] == 0)] = _DESTROYED
        inside = (requests.asked >= 0) & (requests.asked < end)
        requests.write(
            books.requests, course, inside, reason=reason, evidence=1, cameras_n=np.bincount(which, looks, row.size),
            legality=requests.legality(requests.way > 0, channel=requests.channel, listed=kept.listed(camera[first])),
            footage_t=np.bincount(which[looks], (over - self.opened)[looks], row.size),
        )
        act = np.flatnonzero(looks & inside[which])
        books.acts.add(
            act.size, **requests.act(which[act]), camera_id=camera[act], from_t=self.opened[act], to_t=over[act],
            at_t=self.opened[act], act="view", channel=requests.channel[which[act]], own=self.own[act],
            unmask=rules.told(self.way[act], lambda route: route.unmask, False), audience=1.0,
            attention=1.0 / np.diff(these.start)[self.of[act]],  # one viewer shares attention between all pictures
        )
