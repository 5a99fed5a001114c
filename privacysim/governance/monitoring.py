"""Live monitoring: one row per watched camera, not one per glance.

The operator's own guard duty needs no notice and is most of all viewing (Order 799 art. 16; the founding text speaks
only of obtaining from others). Which cameras are watched, by which room and with how much attention is the world's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privacysim import vocabulary as words
from privacysim.governance.log import Book, code_of
from privacysim.governance.rules_in_force import AFTER, Rules
from privacysim.governance.viewers import galleries, gallery, viewer_ids
from privacysim.units import DAY_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World


def watch(world: World, rules: Rules, book: Book) -> None:
    """Whoever watches, watches from day 0 to D, and looks at this camera for the share `attention` of the time.

    On some of the police's watched cameras a machine compares every face with a watchlist all the time (`audience` 1,
    κ = people on the list / population). Where the rules newly forbid it, those who comply switch it off.
    """
    monitors, cameras = world.monitors, world.cameras
    police = cameras.operator[monitors.camera] == words.OPERATORS.index("public_security")
    known = galleries(world.scenario)[words.REQUESTERS.index("own_staff_on_duty")]
    common: dict[str, object] = {
        "source": "monitor", "from_t": 0, "to_t": world.days * DAY_TICKS, "at_t": 0, "act": "view",
        "channel": "live_monitor", "own": True, "audience": 1.0,
    }
    book.add(
        len(monitors), source_id=monitors.camera, camera_id=monitors.camera, purpose="live_guard",
        actor=np.where(police, code_of("actor", "public_security"), code_of("actor", "own_staff_on_duty")),
        viewer=monitors.viewer, gallery=known.people, known=known.known, attention=monitors.attention, **common,
    )
    access = world.scenario.access
    runs = police & (monitors.marks[:, 0] < access.watchlist_live_share.number)
    for row in np.flatnonzero(runs).tolist():
        camera = int(monitors.camera[row])
        obeys = world.custody.compliance[camera] < access.compliance.number
        if rules.of(AFTER).forbids(
            "view", "public_security", words.REGIMES[cameras.regime[camera]], "public_security", own=True,
            channel="live_monitor", purpose="live_guard", technique="face_watchlist_live",
        ) and obeys:
            runs[row] = False
    camera, people = monitors.camera[runs], world.scenario.population.people.number
    listed = gallery(access.watchlist_people.number, people)
    book.add(
        camera.size, source_id=camera, camera_id=camera, purpose="live_guard", technique="face_watchlist_live",
        actor="public_security", viewer=viewer_ids("watchlist", monitors.viewer[runs]), gallery=listed.people,
        known=listed.known, **common,
    )
