"""The notices of all cases, in arrays: whom they go to, when they are served, what is left, how each one ends.

One request per case and custodian. Nothing here interacts, so nothing needs a clock: the desk's signatures come in
as times, and what follows (service, check of the paper, search, retention) is arithmetic on marks that belong to
each request's own id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import stream_key, uniforms
from privacysim.governance.desk import NO_DESK, delay
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, code_of
from privacysim.governance.rules_in_force import Rules, routes_of, taking
from privacysim.policy.questions import Route
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

Ints = NDArray[np.int64]
POLICE = words.REQUESTERS.index("public_security")
_OWN, _STATE = words.OPERATORS.index("public_security"), words.OPERATORS.index("other_state")

(
    NO_RULE, WITHDRAWN, EXPIRED, AT_DESK, SETTLED, ON_ITS_WAY, DEFECT, REFUSED, SEARCHED, ERASED, BLIND, GIVEN, SEIZED,
) = range(13)
WHY = (
    ("refused", "no rule lets this asker in"), ("withdrawn", "the case was settled while the paper lay on the desk"),
    ("unavailable", "the footage expired in the queue"), ("pending", "on the desk"),
    ("withdrawn", "the case was settled before service"), ("pending", "being served"),
    ("refused", "the paper had a defect that could not be mended"), ("refused", "the custodian gave nothing"),
    ("pending", "being searched"), ("unavailable", "the footage was erased: retention had run out"),
    ("unavailable", "no usable recording"), ("granted", ""),
    ("granted", "the holder refused what she must give, so the recorder was seized"),
)
"""Outcome and reason of each way in which a request may end."""


@dataclass(frozen=True, slots=True)
class Requests:
    """One per case and custodian; `order` sorts the clues by request."""

    request_id: Ints
    case: Ints
    custodian: Ints
    operator: NDArray[np.uint8]
    regime: NDArray[np.uint8]
    own: NDArray[np.bool_]
    direct: NDArray[np.bool_]
    """Seen at once on a console of one's own or on a platform that the state's organs share: nobody is served."""
    channel: NDArray[np.uint8]
    kind: NDArray[np.intp]
    routes: list[Route | None]
    has_route: NDArray[np.bool_]
    of_clue: NDArray[np.intp]
    paper: NDArray[np.intp]
    """Number of the route under which footage is taken along as evidence."""
    takes: NDArray[np.bool_]
    seizure: NDArray[np.intp]
    """Number of the route by which the recorder may be seized when an obliged holder refuses."""
    may_seize: NDArray[np.bool_]

    @property
    def needs_paper(self) -> NDArray[np.bool_]:
        """Requests whose footage is looked at or taken along only with a signed paper."""
        signs = np.array([route is not None and route.approver not in NO_DESK for route in self.routes], dtype=bool)
        return signs[self.paper]


def requests_of(world: World, rules: Rules) -> Requests:
    """Group the clues by case and custodian, and ask the rules for each request's way in.

    The police look at their own cameras from their own consoles where a rule lets them; all else is asked for.
    """
    cases, clues, cameras = world.cases, world.clues, world.cameras
    row = np.repeat(np.arange(len(cases)), np.diff(clues.start))
    holder = cameras.custodian_id[clues.camera]
    order = np.lexsort((np.arange(row.size), holder, row))
    new = np.ones(row.size, dtype=bool)
    new[1:] = (np.diff(row[order]) != 0) | (np.diff(holder[order]) != 0)
    of_clue = np.empty(row.size, dtype=np.intp)
    of_clue[order] = np.cumsum(new) - 1
    first = order[new]
    case, camera = row[first], clues.camera[first]
    rank = np.arange(first.size) - np.searchsorted(case, case)
    operator, regime = cameras.operator[camera], cameras.regime[camera]
    era, police = rules.eras(cases.asked[case]), np.full(first.size, POLICE)
    purpose = cases.purpose[case]
    asked_for, request = routes_of(rules, era, police, purpose, "request", operator, regime)
    own, console, at_console = _shown(rules, era, purpose, operator, regime, "own_console", _OWN)
    shared, platform, on_platform = _shown(rules, era, purpose, operator, regime, "shared_platform", _STATE)
    by_force, seize = routes_of(rules, era, police, purpose, "seizure", operator, regime)
    routes = [*asked_for, *at_console, *on_platform, *by_force]
    seize = seize + len(routes) - len(by_force)
    obliged = np.array([route is not None and route.duty_to_give for route in routes], dtype=bool)
    kind = np.where(own, console + len(asked_for), request)
    kind = np.where(shared, platform + len(asked_for) + len(at_console), kind)
    direct = own | shared
    # what a console shows may be looked at; to take it along as evidence the police need their own paper too
    may_take = np.array([bool(taking(route)) for route in routes], dtype=bool)
    paper = np.where(direct & may_take[kind], kind, request)
    channel = np.where(own, code_of("channel", "own_console"), code_of("channel", "request"))
    channel = np.where(shared, code_of("channel", "shared_platform"), channel)
    return Requests(
        cases.case_id[case] * 256 + rank, case, holder[first], operator, regime, own, direct,
        channel.astype(np.uint8), kind, routes,
        np.array([route is not None for route in routes], dtype=bool)[kind], of_clue, paper, may_take[paper],
        seize, obliged[seize] & obliged[request] & ~direct,
    )


def _shown(
    rules: Rules, era: Ints, purpose: NDArray[np.uint8], operator: NDArray[np.uint8], regime: NDArray[np.uint8],
    channel: str, whose: int,
) -> tuple[NDArray[np.bool_], NDArray[np.intp], list[Route | None]]:
    """Which cameras of that operator the police see by that channel without asking anybody, and by which route."""
    candidate = operator == whose
    police, own = np.full(operator.size, POLICE), candidate & (whose == _OWN)
    routes, kind = routes_of(rules, era, police, purpose, channel, operator, regime, own)
    return candidate & np.array([route is not None for route in routes], dtype=bool)[kind], kind, routes


def papers_of(requests: Requests, kind: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Codes of document and approver, and the rule's id, of each request's route `kind`."""
    routes = requests.routes
    document = np.array([code_of("document", route.document if route else "none") for route in routes], dtype=np.uint8)
    approver = np.array([code_of("approver", route.approver if route else "none") for route in routes], dtype=np.uint8)
    rule = np.array([route.rule if route else "" for route in routes], dtype=object)
    return document[kind], approver[kind], rule[kind]


def unruled_legality(rules: Rules, world: World, requests: Requests) -> NDArray[np.int64]:
    """Legality of looking where no rule lets the police in: ungoverned (1) or prohibited (2)."""
    found = np.ones(requests.case.size, dtype=np.int64)
    era = rules.eras(world.cases.asked[requests.case])
    for row in np.flatnonzero(~requests.has_route).tolist():
        arm = rules.of(int(era[row]))
        operator, regime = words.OPERATORS[requests.operator[row]], words.REGIMES[requests.regime[row]]
        found[row] = 2 if arm.footage and arm.forbids("view", operator, regime, "public_security") else 1
    return found


def last_footage(world: World, kept: Keeping, requests: Requests) -> Ints:
    """By case row: when the last of the wanted footage will have been erased; NEVER where none is known."""
    clues = world.clues
    row = requests.case[requests.of_clue]
    last = np.full(len(world.cases), -NEVER)
    np.maximum.at(last, row, kept.erased(clues.camera, clues.to_tick))
    return np.where(last == -NEVER, NEVER, last)


@dataclass(frozen=True, slots=True)
class Times:
    """Ticks of each request's steps; NEVER where it did not come so far."""

    era: Ints
    asked: Ints
    withdrawn: Ints
    left: Ints
    gone: NDArray[np.bool_]
    """Left at once: all footage had been erased before the paper was drafted."""
    approved: Ints
    served: Ints
    delivered: Ints
    taken: Ints
    """When a copy leaves the custodian's hands under a paper."""
    defect: NDArray[np.bool_]
    refuses: NDArray[np.bool_]
    seized: NDArray[np.bool_]
    secured: Ints
    """When what is left is safe from deletion: at service, or when the recorder is seized."""


def times_of(
    world: World, rules: Rules, requests: Requests, approved: Ints, left: Ints, withdrawn: Ints, gone: NDArray[np.bool_]
) -> Times:
    """When each request was asked, signed, served and answered; NEVER where it did not come so far."""
    access = world.scenario.access
    marks = uniforms(stream_key(world.seed, world.k, "requests"), requests.request_id, 8)
    asked = world.cases.asked[requests.case]
    at_once = np.array([route is not None and route.approver in NO_DESK for route in requests.routes], dtype=bool)
    at_desk = ~requests.direct & ~at_once[requests.kind]
    signed = np.where(at_desk, approved[requests.case], asked)
    way = delay(world.scenario, access.notice_serve_h.number * HOUR_TICKS, marks[:, 0])
    again = delay(world.scenario, access.notice_serve_h.number * HOUR_TICKS, marks[:, 5])
    search = delay(world.scenario, access.custodian_search_h.number * HOUR_TICKS, marks[:, 1])
    term = np.array([
        round(route.deadline_s * 10) if route and route.deadline_s else int(NEVER) for route in requests.routes
    ])[requests.kind]
    defect = ~requests.direct & (marks[:, 3] < access.paper_defect_share.number)
    cured = defect & (marks[:, 4] < access.paper_defect_curable.number)
    served = np.where(requests.direct, signed, signed + way + np.where(cured, again, 0))
    served = np.where(signed >= NEVER, NEVER, served)
    delivered = np.where(served >= NEVER, NEVER, served + np.minimum(search, term))
    # a paper for what the police see anyway is signed with the others; nobody has to be served
    no_desk = at_once[requests.paper]
    with_paper = np.maximum(delivered, np.where(no_desk, asked, approved[requests.case]))
    taken = np.where(requests.direct, with_paper, delivered)
    refuses = ~requests.direct & (marks[:, 2] < access.custodian_refuses.number)
    seized = refuses & requests.may_seize & (marks[:, 6] < access.refusal_seized.number) & (served < NEVER)
    by_force = delay(world.scenario, access.seizure_delay_h.number * HOUR_TICKS, marks[:, 7])
    secured = np.where(seized, served + by_force, served)
    return Times(
        rules.eras(asked), asked, withdrawn[requests.case],
        np.where(at_desk, left[requests.case], NEVER), at_desk & gone[requests.case], signed, served,
        np.where(seized, secured, delivered), np.where(seized, secured, np.where(requests.takes, taken, NEVER)),
        defect & ~cured, refuses & ~seized, seized, secured,
    )


@dataclass(frozen=True, slots=True)
class Given:
    """By clue: what is left of the wanted footage when the paper is served. By request: the sums."""

    begin: Ints
    end: Ints
    given: NDArray[np.bool_]
    cameras: NDArray[np.int64]
    footage: Ints
    needed: Ints
    """Of the footage, camera-ticks that hold somebody of the case; the rest is over-delivery."""
    erased: NDArray[np.bool_]
    proves: NDArray[np.bool_]
    shows: NDArray[np.bool_]
    """By clue: given, in time, and it leads to the offender."""


def given_by(world: World, kept: Keeping, requests: Requests, times: Times) -> Given:
    """The custodian secures what he still has at service: retention and broken cameras leave gaps."""
    clues, count = world.clues, requests.case.size
    served = np.minimum(times.secured[requests.of_clue], world.days * DAY_TICKS)
    begin = np.maximum(clues.from_tick, kept.oldest(clues.camera, served))
    end = np.minimum(clues.to_tick, served)
    left = end > begin
    given = left & clues.working
    in_time = times.taken < world.days * DAY_TICKS
    shows = given & clues.found & (clues.seen_from >= begin) & in_time[requests.of_clue]

    held = np.minimum(clues.seen_to, end) - np.maximum(clues.seen_from, begin)
    needed = np.where(given & clues.seen, np.maximum(held, 0), 0)

    def total(of: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(requests.of_clue, weights=of, minlength=count)

    return Given(
        begin, end, given, total(given).astype(np.int64), total(np.where(given, end - begin, 0)).astype(np.int64),
        total(needed).astype(np.int64), total(~left) > 0, total(shows) > 0, shows,
    )


def endings(world: World, requests: Requests, times: Times, given: Given) -> NDArray[np.int64]:
    """How each request ended by D: number of the way in `WHY`."""
    end = world.days * DAY_TICKS
    return np.select(
        [
            ~requests.has_route,
            np.minimum(times.withdrawn, end) <= np.minimum(times.left, np.minimum(times.approved, end) - 1),
            times.gone, times.left < NEVER, times.approved >= end, times.withdrawn < times.served, times.served >= end,
            times.defect, times.refuses, times.delivered >= end, (given.cameras == 0) & given.erased,
            given.cameras == 0,
        ],
        [
            NO_RULE, WITHDRAWN, ERASED, EXPIRED, AT_DESK, SETTLED, ON_ITS_WAY, DEFECT, REFUSED, SEARCHED, ERASED,
            BLIND,
        ],
        default=np.where(times.seized, SEIZED, GIVEN),
    )
