"""Searches by machine: everybody who passed the state's cameras is compared with one person, plate or look.

The police do it on their own and on shared consoles, where Order 799 (silent on face search) asks for no paper; where
the rules name the technique, the case's own signed paper must cover it (a warrant that names the technique), and where
they forbid it, nobody searches. The act is one `view` per camera: the machine looks at every face in the window on
behalf of one investigator, with κ = (people sought) / population. How many people were compared, and how many
strangers are given as a match, follows from who walked there (`exposure.searched`, `metrics.necessity`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.governance.desk import delay
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, Book, code_of
from privacysim.governance.notices import POLICE
from privacysim.governance.rules_in_force import Rules
from privacysim.governance.viewers import gallery, viewer_ids
from privacysim.policy.questions import Route
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

FIRST_SEARCH = 1 << 44
"""Requests that are searches: this + the case's id."""
_WAYS = ("own_console", "shared_platform", "request")
Ints = NDArray[np.int64]


def search(
    world: World, rules: Rules, kept: Keeping, signed: Ints, requests: Book, acts: Book
) -> None:
    """All searches: which cameras the rules open by which way, when, and what is left to search.

    `signed`: by case row, when the case's papers were signed (NEVER until then).
    """
    for row in range(len(world.searches)):
        _one(world, rules, kept, signed, row, requests, acts)


def _one(world: World, rules: Rules, kept: Keeping, signed: Ints, row: int, requests: Book, acts: Book) -> None:
    searches, cases, cameras = world.searches, world.cases, world.cameras
    case, end = int(searches.case[row]), world.days * DAY_TICKS
    asked = int(cases.asked[case])
    era, purpose = rules.era(asked), words.PURPOSES[cases.purpose[case]]
    technique = words.TECHNIQUES[searches.technique[row]]
    camera = searches.camera[searches.start[row]:searches.start[row + 1]]
    ways = [_way(rules, era, purpose, technique, int(cameras.operator[c]), int(cameras.regime[c])) for c in camera]
    open_ = np.array([way is not None for way in ways], dtype=bool)
    begun = asked + int(delay(world.scenario, world.scenario.access.notice_draft_h.number * HOUR_TICKS,
                              searches.marks[row:row + 1, 0])[0])
    paper = any(way is not None and way[0] == "request" for way in ways)
    at = max(int(signed[case]), begun) if paper else begun
    first = next((way for way in ways if way is not None), None)
    channel, route = first if first is not None else ("own_console", None)
    left = np.maximum(searches.from_tick[row], kept.oldest(camera, np.full(camera.size, min(at, end))))
    looks = open_ & kept.recording[camera] & (left < searches.to_tick[row])
    decided = at if open_.any() else begun
    if not camera.size or asked >= end or max(asked, min(decided, end)) < 0:
        return
    done = bool(looks.any()) and at < end
    outcome, reason = _ending(open_, at, end, done, technique)
    requests.add(
        1, request_id=FIRST_SEARCH + int(cases.case_id[case]), case_id=cases.case_id[case],
        custodian_id=cameras.custodian_id[camera[0]], requester=POLICE, purpose=cases.purpose[case], channel=channel,
        operator=cameras.operator[camera[0]], document=route.document if route else "none",
        approver=route.approver if route else "none", rule=route.rule if route else "",
        legality=0 if route else _unruled(rules, era, world, kept, int(camera[0]), purpose, technique),
        submitted_t=asked, decided_t=decided if decided < end else int(NEVER), delivered_t=at if done else int(NEVER),
        granted_on_merit=bool(open_.any()), outcome=outcome, reason=reason, cameras_n=int(looks.sum()) if done else 0,
        footage_t=int((searches.to_tick[row] - left)[looks].sum()) if done else 0,
        evidence="viewed" if done else "none",
    )
    if not done or at < 0:
        return
    who = gallery(2, world.scenario.population.people.number)
    sought = 0.0 if technique == "plate_search" else 1.0 / world.scenario.population.people.number
    chosen = np.flatnonzero(looks)
    met = [way for way, used in zip(ways, looks.tolist(), strict=True) if way is not None and used]
    acts.add(
        chosen.size, source="request", source_id=FIRST_SEARCH + int(cases.case_id[case]), camera_id=camera[chosen],
        from_t=left[chosen], to_t=searches.to_tick[row], at_t=at, actor=POLICE, act="view", technique=technique,
        viewer=viewer_ids("search", cases.case_id[case:case + 1])[0], purpose=cases.purpose[case],
        channel=np.array([code_of("channel", way) for way, _ in met], dtype=np.uint8),
        document=np.array([code_of("document", found.document) for _, found in met], dtype=np.uint8),
        approver=np.array([code_of("approver", found.approver) for _, found in met], dtype=np.uint8),
        own=cameras.operator[camera[chosen]] == 0, before=era == 0, unmask=[found.unmask for _, found in met],
        gallery=who.people, known=sought, audience=1.0,
    )


def _way(rules: Rules, era: int, purpose: str, technique: str, operator: int, regime: int) -> tuple[str, Route] | None:
    """By which way the rules open this camera to this technique; None where by none."""
    for channel in _WAYS:
        own = operator == 0 and channel == "own_console"
        if channel == "own_console" and not own:
            continue
        found = rules.route(
            era, "public_security", purpose, channel, words.OPERATORS[operator], words.REGIMES[regime], own, technique
        )
        if found is not None and "view" in found.acts:
            return channel, found
    return None


def _ending(open_: NDArray[np.bool_], at: int, end: int, done: bool, technique: str) -> tuple[str, str]:
    if not open_.any():
        return "refused", "no rule lets this asker in"
    if at >= end:
        return "pending", "on the desk"
    if not done:
        return "unavailable", "the footage was erased: retention had run out"
    return "granted", f"searched by machine: {technique}"


def _unruled(
    rules: Rules, era: int, world: World, kept: Keeping, camera: int, purpose: str, technique: str
) -> int:
    """Legality of searching where no rule opens a way: ungoverned (1) or prohibited (2)."""
    cameras = world.cameras
    arm = rules.of(era)
    if not arm.footage:
        return 1
    return 2 if arm.forbids(
        "view", words.OPERATORS[cameras.operator[camera]], words.REGIMES[cameras.regime[camera]], "public_security",
        purpose=purpose, listed=bool(kept.listed[camera]), technique=technique,
    ) else 1
