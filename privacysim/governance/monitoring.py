"""Live monitoring: one row per watched camera, not one per glance.

The operator's own guard duty needs no notice and is most of all viewing (Order 799 art. 16; the founding text speaks
only of obtaining from others). Which cameras are watched, by which room and with how much attention is the world's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privacysim import vocabulary as words
from privacysim.governance.log import Book, code_of
from privacysim.governance.viewers import galleries
from privacysim.units import DAY_TICKS

if TYPE_CHECKING:
    from privacysim.world.world import World


def watch(world: World, book: Book) -> None:
    """Whoever watches, watches from day 0 to D, and looks at this camera for the share `attention` of the time."""
    monitors, cameras = world.monitors, world.cameras
    police = cameras.operator[monitors.camera] == words.OPERATORS.index("public_security")
    known = galleries(world.scenario)[words.REQUESTERS.index("own_staff_on_duty")]
    book.add(
        len(monitors), source="monitor", source_id=monitors.camera, camera_id=monitors.camera, from_t=0,
        to_t=world.days * DAY_TICKS, at_t=0,
        actor=np.where(police, code_of("actor", "public_security"), code_of("actor", "own_staff_on_duty")),
        viewer=monitors.viewer, act="view", purpose="live_guard", channel="live_monitor", own=True,
        gallery=known.people, known=known.known, audience=1.0, attention=monitors.attention,
    )
