"""Seizure: the holder refuses what she must give, and the recorder is taken away whole.

Criminal Procedure Law art. 141 (139 before 2018) lets the police seize what may prove guilt or innocence, and not what
does not concern the case; a recorder cannot be divided, so everything that its cameras kept goes along: the largest
over-delivery that a request can bring. Nobody but the investigator of the case looks at more than what was wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacysim.governance import notices
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import Book
from privacysim.governance.notices import POLICE, Requests, Times
from privacysim.governance.viewers import viewer_ids
from privacysim.units import DAY_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

Recorder = tuple[int, NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]
"""Row of the request, cameras of its holder that record, begin and end of what each of them had kept."""


def recorders(
    world: World, kept: Keeping, requests: Requests, times: Times, seized: NDArray[np.bool_]
) -> list[Recorder]:
    """What the seized recorders hold."""
    rows = np.flatnonzero(seized)
    if not rows.size:
        return []
    holder = world.cameras.custodian_id
    candidates = np.flatnonzero(np.isin(holder, requests.custodian[rows]) & kept.recording)
    found = []
    for row in rows.tolist():
        camera = candidates[holder[candidates] == requests.custodian[row]]
        end = np.full(camera.size, times.secured[row])
        begin = kept.oldest(camera, end)
        found.append((row, camera, begin, end))
    return found


def write_seized(
    book: Book, world: World, requests: Requests, times: Times, recorder: list[Recorder]
) -> None:
    """One `acquire` per camera of each recorder seized in [0, D)."""
    document, approver, _ = notices.papers_of(requests, requests.seizure)
    for row, camera, begin, end in recorder:
        if not 0 <= times.secured[row] < world.days * DAY_TICKS:
            continue
        case = np.full(camera.size, world.cases.case_id[requests.case[row]])
        book.add(
            camera.size, source="request", source_id=requests.request_id[row], camera_id=camera, from_t=begin, to_t=end,
            at_t=times.secured[row], actor=POLICE, viewer=viewer_ids("case", case), act="acquire", technique="copy",
            purpose=world.cases.purpose[requests.case[row]], channel="seizure", document=document[row],
            approver=approver[row], before=times.era[row] == 0,
        )
