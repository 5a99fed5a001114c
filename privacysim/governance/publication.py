"""Publication by the state: the picture of a person sought is shown to everybody.

Order 799 art. 22 allows it with strict protection of everybody else in the picture; where no rule opens that way,
spreading footage of the state's own systems is forbidden or a gap, and nobody is masked. (What the press and chat
groups publish comes from copies that were handed over: `askers.py`.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import child_id
from privacysim.governance.desk import delay
from privacysim.governance.log import Book, act_ids
from privacysim.governance.notices import POLICE, Given, Requests
from privacysim.governance.rules_in_force import Rules
from privacysim.governance.viewers import viewer_ids, visitors
from privacysim.units import DAY_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World


def masks_others(rules: Rules, era: int, actor: str, purpose: str, operator: str, regime: str) -> bool:
    """Whether a rule lets this actor publish for this purpose, with everybody else masked."""
    return any(
        "disseminate" in rule.acts and actor in rule.requester and (not rule.purpose or purpose in rule.purpose)
        and (not rule.regime or regime in rule.regime) and (not rule.operator or operator in rule.operator)
        and "masked" in rule.conditions
        for rule in rules.of(era).policy.access
    )


def wanted_notices(
    book: Book, world: World, rules: Rules, requests: Requests, given: Given, proof: NDArray[np.bool_],
    delivered: NDArray[np.int64],
) -> None:
    """Some cases that have evidence: one clip of the offender is published, and looked at by many."""
    access, cases, clues = world.scenario.access, world.cases, world.clues
    clue = np.flatnonzero(given.shows & proof[requests.of_clue])
    row = requests.case[requests.of_clue[clue]]
    _, first = np.unique(row, return_index=True)
    clue = clue[first]
    row = row[first]
    chosen = cases.marks[row, 6] < access.wanted_notice_share.number
    clue, row = clue[chosen], row[chosen]
    request = requests.of_clue[clue]
    at = delivered[request] + delay(world.scenario, access.wanted_delay_d.number * DAY_TICKS, cases.marks[row, 7])
    begin = np.maximum(clues.seen_from[clue], given.begin[clue])
    end = np.minimum(clues.seen_to[clue], given.end[clue])
    inside = (at >= 0) & (at < world.days * DAY_TICKS) & (end > begin)
    clue, request, at, begin, end = (one[inside] for one in (clue, request, at, begin, end))
    masked = np.array([
        masks_others(rules, era, "public_security", "wanted_notice", words.OPERATORS[o], words.REGIMES[g])
        for era, o, g in zip(
            rules.eras(at).tolist(), requests.operator[request].tolist(), requests.regime[request].tolist(), strict=True
        )
    ], dtype=bool)
    common: dict[str, object] = {
        "source": "publication",
        "source_id": np.array([child_id(int(one), "wanted", 0) for one in requests.request_id[request]], dtype="i8"),
        "camera_id": clues.camera[clue], "from_t": begin, "to_t": end, "at_t": at, "purpose": "wanted_notice",
        "masked": masked,
    }
    shown = book.add(clue.size, act="disseminate", actor=POLICE, channel="onward",
                     viewer=viewer_ids("case", cases.case_id[requests.case[request]]), **common)
    local = visitors(world.scenario)[0]
    book.add(
        clue.size, act="view", actor="curious", channel="open_stream", parent_id=act_ids(shown),
        viewer=viewer_ids("wanted", requests.request_id[request]), audience=access.wanted_viewers.number,
        gallery=local.people, known=local.known, **common,
    )
