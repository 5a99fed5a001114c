"""Investigators: from an opened case to evidence, or to the reason for having none.

The Notice of Obtaining Evidence (Criminal Procedure Law arts. 54, 137; criminal-case rules art. 62; administrative-case
rules art. 28) takes four steps. The investigator drafts a notice for each custodian whose camera may have relevant
footage; the level named by the rule approves it at a desk; it is served; and the custodian hands over the footage that
retention has left (Order 799 arts. 17, 20). Police view their own consoles without any document. If a custodian refuses
what they must give, the recorder may be seized (Criminal Procedure Law art. 141, 139 before 2018), with all footage of
its cameras.

Machine searches compare everybody who passed the state's cameras with one person, plate or appearance. The police
search on their own and on shared consoles, where Order 799 (silent on face search) requires no document. If the rules
name the technique, the case's own signed document must cover it; if they prohibit it, nobody searches. The act is one
`view` per camera on behalf of one investigator, with κ = (people sought) / population. The number of people compared
follows from who walked there (`exposure.searched`, `metrics.necessity`).

Some pictures of wanted persons are published. Order 799 art. 22 allows it with strict protection of everybody else in
the picture. Without such a rule it is prohibited or a gap, and nobody is masked.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints, child_id, stream_key, uniforms
from privacysim.governance.desk import delay
from privacysim.governance.desks import Documents
from privacysim.governance.log import NEVER, Books
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import Course, Requests, gallery, viewer_ids, visitors
from privacysim.governance.rules_in_force import AFTER, BEFORE
from privacysim.governance.spreading import Chain
from privacysim.units import DAY_TICKS, HOUR_TICKS, ticks

FIRST_SEARCH = 1 << 44
"""Request ids of searches: this + the case's id."""
_FIRST = [words.PURPOSES.index(word) for word in ("criminal_case", "pre_filing_check")]
_OWN, _STATE, _COMMERCIAL = (words.OPERATORS.index(word) for word in ("public_security", "other_state", "commercial"))
_OTHER, _WARRANT = words.REGIMES.index("public_other"), words.DOCUMENTS.index("warrant")
_SEIZURE, _REQUEST, _CONSOLE = (words.CHANNELS.index(word) for word in ("seizure", "request", "own_console"))
_PLATE = words.TECHNIQUES.index("plate_search")


class Investigators(Process):
    """All cases that ask for footage: one request per case and custodian, searches by machine, wanted notices."""

    def start(self, context: Context) -> None:
        """Start one process for each case that needs a signature, in the order of drafting."""
        self.context, self.world, self.rules = context, context.world, context.rules
        cases, scenario, rules = self.world.cases, self.world.scenario, self.rules
        self.signed, self.left = np.full(len(cases), NEVER), np.full(len(cases), NEVER)
        self._group_clues()
        per_tick = scenario.access.case_withdrawn_per_day.number / DAY_TICKS
        stays = np.ceil(-np.log(cases.marks[:, 3]) / per_tick).astype(np.int64) if per_tick else NEVER - cases.asked
        self.withdrawn = cases.asked + stays
        ready = cases.asked + delay(scenario, scenario.access.notice_draft_h.number * HOUR_TICKS, cases.marks[:, 0])
        # when the last of the wanted footage will have been erased
        last = np.full(len(cases), -NEVER)
        erased = context.kept.erased(self.world.clues.camera, self.world.clues.to_tick)
        np.maximum.at(last, self.case[self.of_clue], erased)
        expires = np.minimum(np.where(last == -NEVER, NEVER, last), self.withdrawn)
        signs = rules.signs(self.paper)
        papers = np.bincount(self.case[signs], minlength=len(cases))
        unknown = np.diff(self.world.clues.start) == 0  # cases of the warm-up: only their load counts
        papers[unknown] = cases.custodians[unknown]
        # the approver is that of the first request that needs a signature; without any, that of a commercial camera
        way = rules.ways(rules.era(cases.asked), 0, cases.purpose, "request", _COMMERCIAL, _OTHER)
        written = np.flatnonzero(signs)[::-1]
        way[self.case[written]] = self.paper[written]
        paper = rules.paper(way)
        waits = cases.asks & rules.signs(way) & (papers > 0)
        self.gone = waits & (expires <= ready)
        """By case row: whether the footage was erased before the documents were drafted."""
        self.left[self.gone] = ready[self.gone]
        # a notice names one custodian; a warrant names all cameras
        papers = np.where(paper["document"] == _WARRANT, 1, papers)
        rows = np.flatnonzero(waits & ~self.gone)
        self.waiting = rows = rows[np.lexsort((cases.case_id[rows], ready[rows]))]
        """Cases whose documents come to a desk when they are drafted."""
        self.signatures = context.desks.file(Documents(
            ready[rows], paper["approver"][rows], cases.case_id[rows], papers[rows], cases.marks[rows, 1],
            cases.marks[rows, 2], np.where(np.isin(cases.purpose[rows], _FIRST), 0, 1), expires[rows]))

    def _group_clues(self) -> None:
        """Group the clues by case and custodian, and find each request's route in the rules.

        The police view their own cameras from their own consoles. They view those of other organs on shared state
        platforms, if a rule allows it. In both cases nobody is served. All other footage needs a request.
        """
        cases, clues, cameras, rules = self.world.cases, self.world.clues, self.world.cameras, self.rules
        row = np.repeat(np.arange(len(cases)), np.diff(clues.start))
        holder = cameras.custodian_id[clues.camera]
        pair = row * (holder.max(initial=0) + 1) + holder
        _, first, self.of_clue = np.unique(pair, return_index=True, return_inverse=True)  # by clue: row of its request
        self.case, camera = row[first], clues.camera[first]  # by request: row of its case
        rank = np.arange(first.size) - np.searchsorted(self.case, self.case)
        operator, regime, purpose = cameras.operator[camera], cameras.regime[camera], cases.purpose[self.case]
        asked = cases.asked[self.case]
        who = (rules.era(asked), 0, purpose)
        channels = {"own_console": operator == _OWN, "shared_platform": operator == _STATE, "request": True}
        way, channel = rules.first_way(channels, *who, operator, regime)
        asked_for, self.seizure = (rules.ways(*who, by, operator, regime) for by in ("request", "seizure"))
        """By request: the route by which the recorder may be seized if an obliged custodian refuses."""
        self.direct = channel != _REQUEST  # by request: viewed at once, so nobody is served
        # footage on a console may be viewed; to take it along as evidence the police also need their own document
        self.paper = np.where(self.direct & (rules.takes(way) != ""), way, asked_for)
        """By request: the route under which footage is taken along as evidence."""
        obliged = [rules.told(one, lambda route: route.duty_to_give, False) for one in (asked_for, self.seizure)]
        self.may_seize = obliged[0] & obliged[1] & ~self.direct
        self.requests = Requests(self.world, rules, cases.case_id[self.case] * 256 + rank, asked,
                                 np.zeros(first.size, dtype=np.uint8), purpose, camera,
                                 viewer_ids("case", cases.case_id[self.case]), way, channel)

    def write(self, books: Books) -> None:
        """After the run, write the result of each request, and the acts of those granted in [0, D)."""
        self.signed[self.waiting], self.left[self.waiting] = self.signatures.signed, self.signatures.left
        world, requests, clues, end = self.world, self.requests, self.world.clues, self.context.end
        rules, kept, count, of = self.rules, self.context.kept, self.requests.number.size, self.of_clue
        course, taken, secured = self._course()

        # custodians secure what they still have at service; retention and broken cameras leave gaps
        at = np.minimum(secured[of], end)
        begin, until = np.maximum(clues.from_tick, kept.oldest(clues.camera, at)), np.minimum(clues.to_tick, at)
        given = (until > begin) & kept.recording[clues.camera]
        shows = given & clues.found & (clues.seen_from >= begin) & (taken < end)[of]
        cameras, proves = np.bincount(of, given, count), np.bincount(of, shows, count) > 0
        held = np.maximum(np.minimum(clues.seen_to, until) - np.maximum(clues.seen_from, begin), 0)
        course.ends["erased"] = (cameras == 0) & (np.bincount(of, until <= begin, count) > 0)
        course.ends["blind"] = cameras == 0
        met, decided, seized = course.met, course.decided, course.ended("seized")
        proof = met & proves
        delivered = np.where(proof, np.maximum(course.delivered, taken), np.where(met, course.delivered, NEVER))
        alive = (np.maximum(requests.asked, np.where(decided < NEVER, decided, end)) >= 0)
        alive |= met & ((delivered >= 0) | ((taken >= 0) & (taken < end)))
        keep = (requests.asked < end) & np.isin(self.case, self.case[alive])
        way, channel = np.where(seized, self.seizure, requests.way), np.where(seized, _SEIZURE, requests.channel)
        footage = np.bincount(of, np.where(given, until - begin, 0), count)
        # a seized recorder is taken whole: by recording camera of its custodian, the request and begin of the footage
        holder, taken_from = world.cameras.custodian_id, np.flatnonzero(seized)
        loses = pd.Series(holder).isin(holder[requests.camera[seized]]).to_numpy()  # by hash: ids are sparse
        whole = np.flatnonzero(loses & kept.recording)
        one, which = np.nonzero(holder[requests.camera[taken_from], None] == holder[whole])
        recorder, whole = taken_from[one], whole[which]
        since = kept.oldest(whole, secured[recorder])
        footage[seized] = np.bincount(recorder, secured[recorder] - since, count)[seized]
        cameras[seized] = np.bincount(recorder, minlength=count)[seized]
        notice = [rules.of(era).policy.oversight for era in (BEFORE, AFTER)]
        told = [one.notice_to_filmed if one else None for one in notice]
        term = np.array([int(NEVER) if wait is None else ticks(wait) for wait in told])[requests.era]
        requests.write(books.requests, course, keep, case_id=world.cases.case_id[self.case], channel=channel,
                       **rules.paper(way), rule=rules.told(way, lambda route: route.id, ""),
                       legality=requests.legality(requests.way > 0, purpose="curiosity"), delivered_t=delivered,
                       cameras_n=cameras, footage_t=footage,
                       needed_t=np.bincount(of, np.where(given & clues.seen, held, 0), count),
                       told_t=np.where(met & (term < NEVER), delivered + np.minimum(term, NEVER // 2), NEVER),
                       evidence=np.where(proof, np.where(world.cases.decides[self.case], 3, 2), 1))

        # each camera's footage is viewed once, and taken over (or copied from one's own console) under a document
        takes, viewers = rules.takes(self.paper), world.scenario.access.investigators.number
        for at, by, act, technique, audience in (
            (np.where(met & ~seized, taken, NEVER), self.paper, np.where(takes == "", "copy", takes), "copy", 0.0),
            (np.where(met, course.delivered, NEVER), way, np.full(count, "view"), "look", viewers),
        ):
            clue = np.flatnonzero(given & ((at >= 0) & (at < end))[of])
            row = of[clue]
            books.acts.add(clue.size, **requests.act(row, by[row]), camera_id=clues.camera[clue], from_t=begin[clue],
                           to_t=until[clue], at_t=at[row], act=act[row], technique=technique, audience=audience,
                           channel=np.where(by == way, channel, _REQUEST)[row], own=requests.channel[row] == _CONSOLE,
                           unmask=rules.told(by[row], lambda route: route.unmask, False))
        inside = (secured[recorder] >= 0) & (secured[recorder] < end)
        row, whole, since = recorder[inside], whole[inside], since[inside]
        books.acts.add(row.size, **requests.act(row, self.seizure[row]) | {
            "camera_id": whole, "from_t": since, "to_t": secured[row], "at_t": secured[row], "act": "acquire",
            "technique": "copy", "channel": "seizure", "gallery": 2, "known": 0.0,
        })
        self._write_wanted(books, np.flatnonzero(shows & proof[of]), begin, until, delivered)
        self._write_searches(books)

    def settled(self) -> dict[str, Bools]:
        """Return which cases were settled before the switch: none asks for footage, or has a document at a desk."""
        switch = self.rules.switch
        done = (self.world.cases.asked < switch) & (np.diff(self.world.clues.start) == 0)
        done[self.world.searches.case] = False
        done[self.waiting[self.signatures.freed >= switch]] = False
        return {"cases": done}

    def _course(self) -> tuple[Course, Ints, Ints]:
        """Compute when each request was signed, served and answered, a copy was taken, and the rest was secured."""
        scenario, requests, rules = self.world.scenario, self.requests, self.rules
        access, asked = scenario.access, requests.asked
        marks = uniforms(stream_key(self.world.seed, self.world.k, "requests"), requests.number, 8)

        def waits(hours: float, mark: int) -> Ints:
            return delay(scenario, hours * HOUR_TICKS, marks[:, mark])

        at_desk = ~self.direct & ((requests.way == 0) | rules.signs(requests.way))
        signed = np.where(at_desk, self.signed[self.case], asked)
        never = int(NEVER)
        term = rules.told(requests.way, lambda one: round(one.deadline * 10) if one.deadline else never, never)
        defect = ~self.direct & (marks[:, 3] < access.paper_defect_share.number)
        cured = defect & (marks[:, 4] < access.paper_defect_curable.number)
        way = waits(access.notice_serve_h.number, 0) + np.where(cured, waits(access.notice_serve_h.number, 5), 0)
        served = np.where(signed >= NEVER, NEVER, np.where(self.direct, signed, signed + way))
        search = np.minimum(waits(access.custodian_search_h.number, 1), term)
        delivered = np.where(served >= NEVER, NEVER, served + search)
        # a document for what the police can view anyway is signed with the others; nobody has to be served
        no_desk = (self.paper > 0) & ~rules.signs(self.paper)
        with_paper = np.maximum(delivered, np.where(no_desk, asked, self.signed[self.case]))
        refuses = ~self.direct & (marks[:, 2] < access.custodian_refuses.number)
        seized = refuses & self.may_seize & (marks[:, 6] < access.refusal_seized.number) & (served < NEVER)
        secured = np.where(seized, served + waits(access.seizure_delay_h.number, 7), served)
        taken = np.where(rules.takes(self.paper) != "", np.where(self.direct, with_paper, delivered), NEVER)
        course = Course(self.context.end, asked, signed, served, np.where(seized, secured, delivered),
                        np.where(at_desk, self.left[self.case], NEVER), self.withdrawn[self.case],
                        {"no_rule": requests.way == 0, "gone": at_desk & self.gone[self.case],
                         "defect": defect & ~cured, "refuses": refuses & ~seized, "seized": seized})
        return course, np.where(seized, secured, taken), secured

    def _write_wanted(self, books: Books, clue: NDArray[np.intp], begin: Ints, until: Ints, delivered: Ints) -> None:
        """Write wanted notices: in some cases with evidence, a clip of the offender is published to many viewers."""
        world, requests, clues, spread = self.world, self.requests, self.world.clues, self.context.spread
        access, marks = world.scenario.access, world.cases.marks
        row, first = np.unique(self.case[self.of_clue[clue]], return_index=True)
        chosen = marks[row, 6] < access.wanted_notice_share.number
        row, clue = row[chosen], clue[first][chosen]
        request = self.of_clue[clue]
        at = delivered[request] + delay(world.scenario, access.wanted_delay_d.number * DAY_TICKS, marks[row, 7])
        begin, until = np.maximum(clues.seen_from[clue], begin[clue]), np.minimum(clues.seen_to[clue], until[clue])
        viewers, local = viewer_ids("wanted", requests.number[request]), visitors(world.scenario)[0]
        chains = []
        for n in np.flatnonzero((at >= 0) & (at < self.context.end) & (until > begin)).tolist():
            one = request[n]
            chain = Chain("publication", child_id(int(requests.number[one]), "wanted", 0), clues.camera[clue[n]],
                          begin[n], until[n], "public_security", "onward", False, requests.viewer[one])
            masked = spread.masks_others(at[n], requests.camera[one], "public_security", "wanted_notice")
            common: dict[str, Any] = {"purpose": "wanted_notice", "masked": masked}
            shown = spread.act(chain, -1, "disseminate", at[n], **common, gallery=2, known=0.0)
            spread.act(chain, shown, "view", at[n], **common, **local, actor="curious", channel="open_stream",
                       viewer=viewers[n], audience=access.wanted_viewers.number)
            chains.append(chain)
        spread.write(chains, books)

    def _write_searches(self, books: Books) -> None:
        """Write all searches: the cameras that the rules open, how and when, and the footage left to search."""
        world, rules, kept, end = self.world, self.rules, self.context.kept, self.context.end
        searches, cases, cameras = world.searches, world.cases, world.cameras
        camera, case, size = searches.camera, searches.case, np.diff(searches.start)
        if not camera.size:
            return
        of = np.repeat(np.arange(size.size), size)
        asked, purpose = cases.asked[case], cases.purpose[case]
        operator, regime = cameras.operator[camera], cameras.regime[camera]
        channels = {"own_console": operator == _OWN, "shared_platform": True, "request": True}
        way, channel = rules.first_way(channels, rules.era(asked)[of], 0, purpose[of], operator, regime,
                                       technique=searches.technique[of], act="view")
        opens = way > 0
        begun = asked + delay(world.scenario, world.scenario.access.notice_draft_h.number * HOUR_TICKS,
                              searches.marks[:, 0])
        paper = np.bincount(of, opens & (channel == _REQUEST), size.size) > 0
        at = np.where(paper, np.maximum(self.signed[case], begun), begun)
        left = np.maximum(searches.from_tick[of], kept.oldest(camera, np.minimum(at, end)[of]))
        looks = opens & kept.recording[camera] & (left < searches.to_tick[of])
        let_in, done = np.bincount(of, opens, size.size) > 0, (np.bincount(of, looks, size.size) > 0) & (at < end)
        # the first accessible camera decides the channel; if there is none, the first of all decides whose footage
        first = np.minimum(searches.start[:-1], camera.size - 1)
        chosen = first.copy()
        found, index = np.unique(of[opens], return_index=True)
        chosen[found] = np.flatnonzero(opens)[index]
        requests = Requests(world, rules, FIRST_SEARCH + cases.case_id[case], asked,
                            np.zeros(size.size, dtype=np.uint8), purpose, camera[first],
                            viewer_ids("search", cases.case_id[case]), way[chosen],
                            np.where(let_in, channel[chosen], _CONSOLE).astype(np.uint8))
        course = Course(end, asked, at, at, at, ends={"no_rule": ~let_in, "erased": ~done})
        technique = np.array(words.TECHNIQUES, dtype=object)[searches.technique]
        alive = np.maximum(asked, np.minimum(np.where(let_in, at, begun), end)) >= 0
        requests.write(
            books.requests, course, (size > 0) & (asked < end) & alive, case_id=cases.case_id[case],
            legality=requests.legality(let_in, listed=kept.listed(camera[first]), technique=searches.technique),
            decided_t=np.where(let_in, course.decided, np.where(begun < end, begun, NEVER)), evidence=1,
            reason=np.where(done, "searched by machine: " + technique, course.reason),
            cameras_n=np.bincount(of, looks, size.size),
            footage_t=np.bincount(of, np.where(looks, searches.to_tick[of] - left, 0), size.size),
        )
        act = np.flatnonzero(looks & (done & (at >= 0) & (asked < end))[of])
        people, row = world.scenario.population.people.number, of[act]
        known = np.where(searches.technique[row] == _PLATE, 0.0, 1.0 / people)
        books.acts.add(act.size, **requests.act(row, way[act]) | gallery(2, people) | {
            "camera_id": camera[act], "from_t": left[act], "to_t": searches.to_tick[row], "at_t": at[row],
            "act": "view", "technique": searches.technique[row], "channel": channel[act], "known": known,
            "own": operator[act] == _OWN, "unmask": rules.told(way[act], lambda route: route.unmask, False),
            "audience": 1.0,
        })
