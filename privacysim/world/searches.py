"""Searches of the state's archive: a face, a number plate or a look is compared with everybody who passed.

Some cases ask a machine. It searches what the state's cameras around the scene recorded in the time in question: not
one person's footage but everybody's. Which cases, which cameras and by which technique is chance; whether the rules
let it happen, and under which paper, is the policy's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import stream_key, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.vocabulary import OPERATORS, TECHNIQUES
from privacysim.world.cameras import Cameras
from privacysim.world.chances import Cases, Floats, Ints
from privacysim.world.clues import matters
from privacysim.world.laws import pick

SEARCHED = ("face_search_recorded", "plate_search", "attribute_search")


@dataclass(frozen=True, slots=True)
class Searches:
    """One row per case that has the archive searched; CSR over the cameras searched."""

    case: Ints
    """Row of `Cases`, ascending."""
    technique: NDArray[np.uint8]
    """Code in TECHNIQUES."""
    start: Ints
    camera: Ints
    from_tick: Ints
    to_tick: Ints
    marks: Floats
    """(n, 4) uniform marks for governance."""

    def __len__(self) -> int:
        return int(self.case.size)


def sample_searches(
    scenario: Scenario, cameras: Cameras, cases: Cases, seed: int, k: int, *, first_day: int, days: int
) -> Searches:
    """Searches in cases whose footage may still exist (deed after `first_day`, asked before `days`)."""
    access = scenario.access
    u = uniforms(stream_key(seed, k, "searches"), cases.case_id, 6)
    case = np.flatnonzero(matters(cases, first_day, days) & (u[:, 0] < access.machine_search_share.number))
    shares = np.array([facts().value(f"search_share_{word}") for word in SEARCHED])
    codes = np.array([TECHNIQUES.index(word) for word in SEARCHED], dtype=np.uint8)
    state = np.flatnonzero(
        (cameras.operator <= OPERATORS.index("other_state")) & ~cameras.indoor & (cameras.place_id < 0)
    )
    most, reach = round(access.search_cameras.number), access.search_radius_m.number
    near: list[NDArray[np.intp]] = []
    for row in case.tolist():
        apart = np.hypot(cameras.x[state] - cases.x[row], cameras.y[state] - cases.y[row])
        inside = np.flatnonzero(apart <= reach)
        near.append(np.sort(state[inside[np.lexsort((inside, apart[inside]))][:most]]))
    sizes = np.array([one.size for one in near], dtype=np.int64)
    return Searches(
        case, codes[pick(shares, u[case, 1])], np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))),
        np.concatenate(near).astype(np.int64) if near else np.empty(0, np.int64),
        cases.window_from[case], cases.window_to[case], u[case, 2:6],
    )
