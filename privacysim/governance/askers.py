"""Everybody but the investigator: other organs by their own papers, people filmed, neighbours, the press, impostors.

An ordinary person cannot see footage at will. Whoever asks meets a rule or the gap: a rule may open a way (a paper of
an organ's own law; Order 799 art. 21: persons concerned look, if the operator consents; PIPL art. 45: one's own data),
each with its own document, and no route lends its document to another. Where no rule opens a way the operator
decides as he likes: he refuses, or hands over informally, and a prohibition binds those who comply with it.
Impostors show a forged paper, which is seen through or believed. In an emergency a rule may let an organ act first and
have it regularised afterwards; what is not regularised in time is destroyed and proves nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import child_id
from privacysim.governance.desk import NO_DESK
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, Book, Books, act_ids, code_of
from privacysim.governance.processes import Context, Process
from privacysim.governance.publication import masks_others
from privacysim.governance.rules_in_force import AFTER, Rules, kinds, routes_of, taking
from privacysim.governance.spreading import Chain
from privacysim.governance.viewers import galleries
from privacysim.policy.questions import Question
from privacysim.units import DAY_TICKS, HOUR_TICKS, TICKS_PER_S

if TYPE_CHECKING:
    from privacysim.world.world_model import World

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
FIRST_REQUEST = 1 << 42
"""Requests of askers: this + the ask's id (those of cases are below)."""
_LOOKS = -1
_PUBLISHED = {"informal": "copy, then on the open net", "publication": "copy, then in the news"}
_ORGANS = [words.REQUESTERS.index(word) for word in words.STATE_ORGANS]
_URGENT = [words.PURPOSES.index(word) for word in ("emergency", "missing_person")]
_MEDIA, _FILMED = words.REQUESTERS.index("media"), words.REQUESTERS.index("person_filmed")
_IMPOSTOR = words.REQUESTERS.index("impostor")
_NO_RULE, _SEEN_THROUGH, _NO_CONSENT, _EXPIRED, _AT_DESK, _UNANSWERED, _ERASED, _BLIND, _INFORMAL, _BELIEVED, _GIVEN = (
    range(11)
)
_WHY = (
    ("refused", "no rule lets this asker in"), ("refused", "the forged paper was seen through"),
    ("refused", "the operator did not consent"), ("unavailable", "the footage expired in the queue"),
    ("pending", "on the desk"), ("pending", "not answered yet"),
    ("unavailable", "the footage was erased: retention had run out"), ("unavailable", "no usable recording"),
    ("granted", "handed over informally: no rule opens a way"), ("granted", "a forged paper was believed"),
    ("granted", ""),
)


class Askers(Process):
    """All who ask besides the investigators; one request each."""

    incidents: ClassVar = {"informal": ("informal", "publication"), "forged_paper": ("request",)}

    def start(self, context: Context) -> None:
        """One process for each asker whose paper needs a signature."""
        self.world, self.rules, self.kept, self.desks = context.world, context.rules, context.kept, context.desks
        self.spread, self.chains = context.spread, dict[int, Chain]()
        """By row: copies that were passed on or published after they had been handed over."""
        asks, cameras = self.world.asks, self.world.cameras
        era = self.rules.eras(asks.tick)
        happens = np.where(
            era == AFTER, asks.happening(self._demand(AFTER)), asks.happening(self._demand(AFTER - 1))
        )
        self.rows = np.flatnonzero(happens)
        camera = asks.camera[self.rows]
        self.routes, self.kind = routes_of(
            self.rules, era[self.rows], asks.requester[self.rows], asks.purpose[self.rows], "request",
            cameras.operator[camera], cameras.regime[camera],
        )
        self.signed = np.where(self._at_desk()[self.kind], NEVER, asks.tick[self.rows])
        self.left, self.confirmed = np.full(self.rows.size, NEVER), np.full(self.rows.size, NEVER)

        gone = self.kept.erased(asks.camera[self.rows], asks.to_tick[self.rows])
        for row in np.flatnonzero(self.signed == NEVER).tolist():
            ask = int(self.rows[row])
            route = self.routes[self.kind[row]]
            if route is not None:
                self.desks.env.process(self._organ(row, ask, route.approver, int(gone[row])))

        first = np.array([route is not None and route.regularise_s is not None for route in self.routes], dtype=bool)
        for row in np.flatnonzero(first[self.kind]).tolist():
            self.desks.env.process(self._regularised(row, int(self.rows[row])))

        self._start_spreading()

    def _demand(self, era: int) -> float:
        arm = self.rules.of(era)
        return min(arm.demand_factor, self.world.asks.most_demand)

    def _at_desk(self) -> Bools:
        return np.array([route is not None and route.approver not in NO_DESK for route in self.routes], dtype=bool)

    def _start_spreading(self) -> None:
        """Copies that no rule gave: the press publishes some, some end up in chat groups and on the open net.

        Whoever meets no rule is answered without a desk, so what he gets is known beforehand.
        """
        asks, leaks = self.world.asks, self.world.scenario.leaks
        who = asks.requester[self.rows]
        news = who == _MEDIA
        share = np.where(news, leaks.news_published_share.number, leaks.informal_spread_share.number)
        no_route = np.array([route is None for route in self.routes], dtype=bool)[self.kind]
        some = np.flatnonzero(no_route & (asks.marks[self.rows, 6] < share))
        answered = np.where(self.signed < NEVER, self.signed + self._answer_ticks(), NEVER)
        said = _answers(self, some, answered)
        for row, ending, takes, begin, end in zip(
            some.tolist(), said.ending.tolist(), said.takes.tolist(), said.begin.tolist(), said.end.tolist(),
            strict=True,
        ):
            if ending == _INFORMAL and takes != _LOOKS:
                ask = int(self.rows[row])
                chain = Chain(
                    "publication" if news[row] else "informal", FIRST_REQUEST + int(asks.ask_id[ask]),
                    int(asks.camera[ask]), begin, end, words.REQUESTERS[who[row]], "onward", False,
                    int(asks.viewer[ask]),
                )
                self.chains[row] = chain
                self.desks.env.process(self._spread(chain, int(answered[row]), bool(news[row])))

    def _spread(self, chain: Chain, at: int, news: bool) -> Generator[Any, Any, None]:
        """Handed over → published: by the press with others masked where a rule asks for it and it complies."""
        env, cameras = self.desks.env, self.world.cameras
        yield env.timeout(max(at - int(env.now), 0))
        if not news:
            yield from self.spread.published(chain, -1, chain.source_id)
            return
        masked = masks_others(
            self.rules, self.rules.era(at), "media", "news", words.OPERATORS[cameras.operator[chain.camera]],
            words.REGIMES[cameras.regime[chain.camera]],
        ) and child_id(chain.source_id, "mask", 0) / 2**63 < self.world.scenario.access.compliance.number
        yield from self.spread.published(
            chain, -1, chain.source_id, actor="media", purpose="news", masked=masked, news=True,
            viewers_per_day=self.world.scenario.leaks.news_viewers_per_day.number,
        )

    def _regularised(self, row: int, ask: int) -> Generator[Any, Any, None]:
        """Done first; a judge confirms it within the term, or it must be destroyed."""
        env, asks, route = self.desks.env, self.world.asks, self.routes[self.kind[row]]
        if route is None or route.regularise_s is None:
            return
        begin, marks = int(asks.tick[ask]), asks.marks[ask]
        term = begin + round(route.regularise_s * TICKS_PER_S)
        yield env.timeout(max(begin - int(env.now), 0))
        if (yield from self.desks.approved(
            "judge", FIRST_REQUEST + int(asks.ask_id[ask]), papers=1, mark=float(marks[4]), way=None, priority=-1,
            expires=term,
        )) and env.now <= term:
            self.confirmed[row] = int(env.now)

    def _organ(self, row: int, ask: int, approver: str, gone: int) -> Generator[Any, Any, None]:
        """An organ's own paper is signed at its own level, or the footage is gone before."""
        env, asks = self.desks.env, self.world.asks
        yield env.timeout(max(int(asks.tick[ask]) - int(env.now), 0))
        number, marks = FIRST_REQUEST + int(asks.ask_id[ask]), asks.marks[ask]
        signed = yield from self.desks.approved(
            approver, number, papers=1, mark=float(marks[4]), way=float(marks[5]), priority=1, expires=gone
        )
        if signed:
            self.signed[row] = int(env.now)
        else:
            self.left[row] = max(gone, int(asks.tick[ask]))

    def write(self, books: Books) -> None:
        """After the run: answers, and what was looked at or taken along in [0, D)."""
        asks, end = self.world.asks, self.world.days * DAY_TICKS
        answered = np.where(self.signed < NEVER, self.signed + self._answer_ticks(), NEVER)
        late = np.where(self.left < NEVER, self.left, answered) >= 0
        said = _answers(self, np.flatnonzero(late), answered)
        ask = self.rows[said.row]
        met = said.ending >= _INFORMAL
        unconfirmed = met & said.ruled & self._unconfirmed()[said.row]
        why = np.array([why for _, why in _WHY], dtype=object)[said.ending]
        open_yet = np.isin(said.ending, (_AT_DESK, _UNANSWERED))
        decided = np.where(open_yet, NEVER, np.where(said.ending == _EXPIRED, self.left[said.row], answered[said.row]))
        camera = asks.camera[ask]
        books.requests.add(
            said.row.size, request_id=FIRST_REQUEST + asks.ask_id[ask],
            custodian_id=self.world.cameras.custodian_id[camera], requester=asks.requester[ask],
            purpose=asks.purpose[ask], operator=self.world.cameras.operator[camera], document=said.document,
            approver=said.approver, rule=said.rule, legality=said.legality, submitted_t=asks.tick[ask],
            decided_t=decided, delivered_t=np.where(met, decided, NEVER), granted_on_merit=said.merit,
            outcome=np.array([code_of("outcome", what) for what, _ in _WHY], dtype=np.uint8)[said.ending],
            reason=np.where(unconfirmed, "acted first; not regularised in time, so it was destroyed", why),
            cameras_n=met.astype(np.int32),
            footage_t=np.where(met, said.end - said.begin, 0),
            # she who asks for her own picture knows of it
            told_t=np.where(met & (asks.requester[ask] == _FILMED), decided, NEVER),
            evidence=np.where(met & said.ruled & ~unconfirmed, 2, met.astype(np.int64)),
        )
        _write_acts(self, books, said, met & (decided < end), decided)


    def _answer_ticks(self) -> Ints:
        """Answers take days, but to an organ in an emergency hours."""
        asks, longest = self.world.asks, self.world.scenario.access.emergency_answer_h.number * HOUR_TICKS
        urgent = np.isin(asks.requester[self.rows], _ORGANS) & np.isin(asks.purpose[self.rows], _URGENT)
        answer = asks.answer_ticks[self.rows]
        return np.where(urgent, np.minimum(answer, round(longest)), answer)

    def _unconfirmed(self) -> Bools:
        """Acted first, and the term to have it regularised passed (within the study) without a signature."""
        asks, end = self.world.asks, self.world.days * DAY_TICKS
        term = np.array([
            round(route.regularise_s * TICKS_PER_S) if route and route.regularise_s is not None else int(NEVER)
            for route in self.routes
        ])[self.kind] if self.routes else np.empty(0, dtype=np.int64)
        over = (term < NEVER) & (asks.tick[self.rows] + np.minimum(term, NEVER // 2) < end)
        return over & (self.confirmed == NEVER)


@dataclass(frozen=True, slots=True)
class _Said:
    """The answers, for the askers who are answered from day 0 on (or not at all yet)."""

    row: NDArray[np.intp]
    ending: Ints
    begin: Ints
    end: Ints
    ruled: Bools
    """Met by a route of the rules."""
    merit: Bools
    takes: Ints
    """Code of the act by which a copy is taken along, −1 where she only looks."""
    masked: Bools
    consent: Bools
    document: NDArray[np.uint8]
    approver: NDArray[np.uint8]
    rule: NDArray[Any]
    legality: Ints


def _answers(of: Askers, row: NDArray[np.intp], answered: Ints) -> _Said:
    asks, world, leaks = of.world.asks, of.world, of.world.scenario.leaks
    ask, kind = of.rows[row], of.kind[row]
    camera, marks = asks.camera[ask], asks.marks[ask]
    routes = of.routes

    def told(values: list[Any], dtype: str) -> NDArray[Any]:
        return np.array(values, dtype=dtype)[kind] if values else np.empty(0, dtype=dtype)

    has_route = told([route is not None for route in routes], "?")
    needs_consent = told([route is not None and "consent" in route.conditions for route in routes], "?")
    consent = needs_consent & (marks[:, 1] < world.scenario.access.operator_consent.number)
    merit = has_route & (consent | ~needs_consent)
    legality = unruled(of.rules, world, of.kept, of.rules.eras(asks.tick[ask]), asks.requester[ask],
                       asks.purpose[ask], camera)
    legality = np.where(merit, 0, legality)
    forged = (asks.requester[ask] == _IMPOSTOR) & ~has_route
    believed = forged & (marks[:, 0] >= world.scenario.access.forged_paper_detected.number)
    obeys = (legality == 2) & (world.custody.compliance[camera] < world.scenario.access.compliance.number)
    informal = (
        ~has_route & ~forged & world.cameras.social[camera]
        & (marks[:, 2] < world.scenario.access.informal_handover.number) & ~obeys
    )
    end_of_study = world.days * DAY_TICKS
    at = np.minimum(answered[row], end_of_study)
    begin = np.maximum(asks.from_tick[ask], of.kept.oldest(camera, at))
    end = np.minimum(asks.to_tick[ask], at)
    ending = np.select(
        [
            of.left[row] < NEVER, answered[row] >= NEVER, answered[row] >= end_of_study,
            ~merit & ~believed & ~informal & ~forged & ~has_route, forged & ~believed,
            ~merit & ~believed & ~informal, end <= begin, ~of.kept.recording[camera], informal, believed,
        ],
        [
            _EXPIRED, _AT_DESK, _UNANSWERED, _NO_RULE, _SEEN_THROUGH, _NO_CONSENT, _ERASED, _BLIND, _INFORMAL,
            _BELIEVED,
        ],
        default=_GIVEN,
    )
    acquire = code_of("act", "acquire")
    takes = told([code_of("act", taking(route)) if taking(route) else _LOOKS for route in routes], "i8")
    away = believed | (marks[:, 3] < leaks.informal_copy_share.number)
    takes = np.where(merit, takes, np.where(away, acquire, _LOOKS))
    return _Said(
        row, ending, begin, end, merit, merit, takes,
        merit & told([route is not None and "masked" in route.conditions for route in routes], "?"), consent,
        np.where(forged, code_of("document", "notice_of_obtaining_evidence"),
                 told([code_of("document", route.document if route else "none") for route in routes], "u1")),
        told([code_of("approver", route.approver if route else "none") for route in routes], "u1"),
        told([route.rule if route else "" for route in routes], "O"), legality,
    )


def unruled(
    rules: Rules, world: World, kept: Keeping, era: Ints, requester: NDArray[Any], purpose: NDArray[Any], camera: Ints
) -> Ints:
    """Legality of looking for somebody who meets no route: codes of ungoverned or prohibited."""
    cameras = world.cameras
    distinct, which = kinds(
        era, requester, purpose, cameras.operator[camera], cameras.regime[camera], cameras.scene[camera],
        kept.listed[camera],
    )
    found = [
        words.LEGALITIES.index(rules.judge(int(e), Question(
            words.REQUESTERS[r], "view", words.PURPOSES[p], "request", words.OPERATORS[o], words.REGIMES[g],
            scene=words.SCENES[s], listed=bool(listed),
        )).legality)
        for e, r, p, o, g, s, listed in distinct.tolist()
    ]
    return np.array(found, dtype=np.int64)[which] if found else np.empty(0, np.int64)


def _write_acts(of: Askers, books: Books, said: _Said, inside: Bools, decided: Ints) -> None:
    """The asker looks; who takes a copy along acquires it, and who gives it without a rule disseminates it."""
    world, asks, book, incidents = of.world, of.world.asks, books.acts, books.incidents
    known = galleries(world.scenario)
    seen = np.flatnonzero(inside)

    def common(rows: NDArray[np.intp]) -> dict[str, object]:
        ask = of.rows[said.row[rows]]
        who = asks.requester[ask]
        informal = said.ending[rows] == _INFORMAL
        return {
            "source": np.where(informal, code_of("source", "informal"), code_of("source", "request")),
            "source_id": FIRST_REQUEST + asks.ask_id[ask], "camera_id": asks.camera[ask],
            "from_t": said.begin[rows], "to_t": said.end[rows], "at_t": decided[rows], "viewer": asks.viewer[ask],
            "purpose": asks.purpose[ask], "before": of.rules.eras(asks.tick[ask]) == 0, "masked": said.masked[rows],
            "gallery": np.array([one.people for one in known])[who],
            "known": np.array([one.known for one in known])[who],
            # a forged paper is no paper
            "document": np.where(said.ending[rows] == _BELIEVED, 0, said.document[rows]),
            "approver": said.approver[rows], "consent": said.consent[rows],
        }

    taken = np.flatnonzero(inside & (said.takes != _LOOKS))
    given = taken[said.ending[taken] == _INFORMAL]
    supply = common(given) | {"actor": "own_staff_off_purpose", "channel": "onward", "document": "none",
                              "viewer": world.cameras.custodian_id[asks.camera[of.rows[said.row[given]]]]}
    supplied = book.add(given.size, act="disseminate", own=True, **supply)
    parent = np.full(said.row.size, -1, dtype=np.int64)
    parent[given] = act_ids(supplied)
    copies = book.add(
        taken.size, act=said.takes[taken], technique="copy", actor=asks.requester[of.rows[said.row[taken]]],
        parent_id=parent[taken], **common(taken),
    )
    for row, copy in zip(said.row[taken].tolist(), act_ids(copies).tolist(), strict=True):
        if row in of.chains:
            of.chains[row].root = copy
    of.spread.write(list(of.chains.values()), books)
    book.add(seen.size, act="view", actor=asks.requester[of.rows[said.row[seen]]], audience=1.0,
             parent_id=parent[seen], **common(seen))
    informal = seen[said.ending[seen] >= _INFORMAL]
    informal = informal[said.ending[informal] != _GIVEN]
    ask = of.rows[said.row[informal]]
    kind = np.where(said.ending[informal] == _INFORMAL, "informal", "forged_paper").astype(object)
    mechanism = np.where(said.takes[informal] == _LOOKS, "look", "copy").astype(object)
    audience = np.ones(informal.size)
    for number, row in enumerate(said.row[informal].tolist()):
        if row in of.chains:
            mechanism[number], audience[number] = _PUBLISHED[of.chains[row].source], 1.0 + of.chains[row].audience
    incidents.add(
        informal.size, audience=audience, incident_id=FIRST_REQUEST + asks.ask_id[ask],
        custodian_id=world.cameras.custodian_id[asks.camera[ask]], kind=kind, mechanism=mechanism,
        opened_t=decided[informal], closed_t=decided[informal],
    )
    _write_older(of, incidents, set(said.row[informal].tolist()))


def _write_older(of: Askers, incidents: Book, written: set[int]) -> None:
    """Copies that were handed over before day 0 and are still on line, or come on line again."""
    end = of.world.days * DAY_TICKS
    for row, chain in sorted(of.chains.items()):
        times = [int(one["at_t"]) for one in chain.acts]  # type: ignore[call-overload]
        if row not in written and any(0 <= at < end for at in times):
            incidents.add(
                1, incident_id=chain.source_id, custodian_id=of.world.cameras.custodian_id[chain.camera],
                kind="informal", mechanism=_PUBLISHED[chain.source], opened_t=min(times),
                closed_t=chain.closed if chain.closed < end else int(NEVER), audience=chain.audience,
            )
