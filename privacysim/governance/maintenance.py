"""Maintenance: a contractor looks whether the picture is good, at a camera that he does not run.

Order 799 art. 19 allows it with secrecy and for nothing else; where no rule speaks of contractors, the look is part of
the gap. It is an outsider's look all the same: he is neither staff on duty nor an organ with a paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privacysim import vocabulary as words
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import Book
from privacysim.governance.viewers import galleries, viewer_ids
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World


def maintain(world: World, kept: Keeping, book: Book) -> None:
    """Every round of [0, D) at a camera that records: one look of some minutes."""
    rounds, end = world.maintenance, world.days * DAY_TICKS
    length = round(world.scenario.access.maintenance_look_min.number * HOUR_TICKS / 60)
    row = np.flatnonzero((rounds.tick >= 0) & (rounds.tick + length < end) & kept.recording[rounds.camera])
    known = galleries(world.scenario)[words.REQUESTERS.index("contractor")]
    book.add(
        row.size, source="monitor", source_id=rounds.round_id[row], camera_id=rounds.camera[row],
        from_t=rounds.tick[row], to_t=rounds.tick[row] + length, at_t=rounds.tick[row], actor="contractor",
        viewer=viewer_ids("contractor", rounds.round_id[row]), act="view", purpose="maintenance", channel="own_console",
        gallery=known.people, known=known.known, audience=1.0,
    )
