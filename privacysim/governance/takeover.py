"""Emergencies: an organ takes over a neighbourhood's cameras for a time, requests footage, or meets the gap.

Guangzhou's order of 2007 lets organs take over systems when necessary; whether that remains valid after Order 799
art. 20 is contested (`guangzhou_today:no_takeover`). Elsewhere the organ requests under its own law (Order 799 art. 20,
Emergency Response Law arts. 84, 85: for the response only, destroyed afterwards unless it is evidence). A document that
needs a signature has priority, or is signed afterwards where the rule says so. There is one process per emergency.
"""

from __future__ import annotations

from collections.abc import Generator
from math import ceil, log
from typing import Any

import numpy as np

from privacysim import vocabulary as words
from privacysim.draws import child_id
from privacysim.governance.desk import NO_DESK
from privacysim.governance.log import NEVER, Books
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import Course, Requests
from privacysim.governance.viewers import viewer_ids
from privacysim.units import TICKS_PER_S

FIRST_EMERGENCY = 1 << 46
"""Requests made in emergencies: this + a hash of emergency and custodian."""
_POLICE, _AUTHORITY = words.REQUESTERS.index("public_security"), words.REQUESTERS.index("emergency_authority")
_EMERGENCY, _TAKEOVER = words.PURPOSES.index("emergency"), words.CHANNELS.index("takeover")


class Takeovers(Process):
    """Emergencies of a world under the rules."""

    def start(self, context: Context) -> None:
        """Start one process per emergency, in the world's order."""
        self.context, these, cameras = context, context.world.emergencies, context.world.cameras
        self.of = np.repeat(np.arange(len(these)), np.diff(these.start))
        """By camera of an emergency: row of the emergency."""
        self.who = np.where(these.marks[:, 0] < 0.5, _POLICE, _AUTHORITY)
        """By emergency: the organ that responds."""
        self.era, who = context.rules.eras(these.begin)[self.of], self.who[self.of]
        operator, regime = cameras.operator[these.camera], cameras.regime[these.camera]
        self.own = (operator == 0) & (who == _POLICE)
        channels = {"own_console": self.own, "shared_platform": True, "takeover": True, "request": True}
        way, channel = context.rules.first_way(
            channels, self.era, who, _EMERGENCY, operator, regime, own=self.own
        )
        self.way, self.channel = way, np.where(way > 0, channel, _TAKEOVER).astype(np.uint8)
        self.opened = np.full(these.camera.size, NEVER)
        """By camera of an emergency: when the organ gained access."""
        self.destroyed = np.zeros(len(these), dtype=bool)
        """By emergency: no judge confirmed in time what was done first."""
        for row in range(len(these)):
            context.env.process(self._emergency(row))

    def _emergency(self, row: int) -> Generator[Any, Any, None]:
        """Run one emergency: cameras are taken over at once, requested with a document, or not accessed."""
        context, these = self.context, self.context.world.emergencies
        begin = int(these.begin[row])
        yield context.until(begin)
        inside = range(these.start[row], these.start[row + 1])
        routes = {one: route for one in inside if (route := context.rules.offers[self.way[one]]) is not None}
        signed = dict.fromkeys(sorted({
            route.approver for route in routes.values() if route.approver not in NO_DESK and route.regularise_s is None
        }), begin)
        for number, approver in enumerate(signed):
            # an officer of that level is on call day and night; the document has priority over all others
            work = -log(these.marks[row, 1 + number % 3]) * context.desks.mean_work(approver)
            yield context.env.timeout(max(1, ceil(work)))
            signed[approver] = int(context.env.now)
        terms = [route.regularise_s for route in routes.values() if route.regularise_s is not None]
        if terms:
            context.env.process(self._regularised(row, begin + round(terms[0] * TICKS_PER_S)))
        for one, route in routes.items():
            at = signed.get(route.approver, begin)
            if at < these.end[row]:
                self.opened[one] = at

    def _regularised(self, row: int, term: int) -> Generator[Any, Any, None]:
        """Act first; a judge confirms it within the term, or the footage kept must be destroyed."""
        these = self.context.world.emergencies
        confirmed = yield from self.context.desks.confirmed(
            FIRST_EMERGENCY + int(these.emergency_id[row]), mark=float(these.marks[row, 1]), priority=-2, term=term
        )
        self.destroyed[row] = not confirmed

    def write(self, books: Books) -> None:
        """Write one request per emergency, custodian and place class, and what was viewed while it lasted."""
        context, these, cameras = self.context, self.context.world.emergencies, self.context.world.cameras
        end, rules, kept = context.end, context.rules, context.kept
        camera = these.camera
        if not camera.size:
            return
        over = np.minimum(these.end, end)[self.of]
        holder, regime = cameras.custodian_id[camera], cameras.regime[camera]
        looks = kept.recording[camera] & (self.opened < over)
        together = np.stack((self.of, holder, cameras.operator[camera], regime))
        _, first, which = np.unique(together, axis=1, return_index=True, return_inverse=True)
        which, row = which.ravel(), self.of[first]
        numbers = [
            FIRST_EMERGENCY + (child_id(int(these.emergency_id[one]), str(whose), place) >> 20)
            for one, whose, place in zip(row.tolist(), holder[first].tolist(), regime[first].tolist(), strict=True)
        ]
        requests = Requests(
            context.world, rules, np.array(numbers, dtype=np.int64), these.begin[row], self.who[row],
            np.full(row.size, _EMERGENCY, dtype=np.uint8), camera[first],
            viewer_ids("emergency", these.emergency_id)[row], self.way[first], self.channel[first],
        )
        seen = np.bincount(which, looks, row.size) > 0
        at = np.full(row.size, NEVER)
        np.minimum.at(at, which[looks], self.opened[looks])
        at = np.where(seen, at, requests.asked)
        recorded = np.bincount(which, kept.recording[camera], row.size) > 0
        course = Course(end, requests.asked, at, at, at, ends={
            "turned_away": requests.way == 0, "over": ~seen & recorded, "blind": ~seen & ~recorded,
            "taken_over": requests.channel == _TAKEOVER,
        })
        reason = course.reason
        first_done = rules.told(requests.way, lambda route: route.regularise_s is not None, False)
        reason[seen & first_done & self.destroyed[row]] = "acted first; not regularised in time, so it was destroyed"
        inside = (requests.asked >= 0) & (requests.asked < end)
        unruled = rules.unruled(
            requests.era, requests.requester, _EMERGENCY, cameras.operator[camera[first]], regime[first],
            channel=requests.channel, listed=kept.listed[camera[first]],
        )
        requests.write(
            books.requests, course, inside, reason=reason,
            legality=np.where(requests.way > 0, 0, np.maximum(unruled, 1)), evidence=1,
            cameras_n=np.bincount(which, looks, row.size),
            footage_t=np.bincount(which[looks], (over - self.opened)[looks], row.size),
        )
        act = np.flatnonzero(looks & inside[which])
        books.acts.add(
            act.size, **requests.act(which[act]), camera_id=camera[act], from_t=self.opened[act], to_t=over[act],
            at_t=self.opened[act], act="view", channel=requests.channel[which[act]], own=self.own[act],
            unmask=rules.told(self.way[act], lambda route: route.unmask, False), audience=1.0,
            attention=1.0 / np.diff(these.start)[self.of[act]],  # one viewer shares attention between all pictures
        )
