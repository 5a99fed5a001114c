"""Emergencies: an organ takes a neighbourhood's cameras over for a time, or asks for them, or meets the gap.

Guangzhou's order of 2007 lets organs take systems over when necessary; whether that survived Order 799 art. 20 is
contested (`guangzhou_today:no_takeover`). Elsewhere the organ asks by its own law (Order 799 art. 20, Emergency
Response Law arts. 84, 85: for the response only, destroyed afterwards unless it is evidence); a paper that must be
signed is signed first of all, or afterwards where the rule says so. One process per emergency.
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
from privacysim.governance.viewers import galleries, viewer_ids
from privacysim.policy.questions import Route
from privacysim.units import DAY_TICKS, TICKS_PER_S

FIRST_EMERGENCY = 1 << 46
"""Requests made in emergencies: this + a hash of emergency and holder."""


class Takeovers(Process):
    """The emergencies of a world under the rules."""

    def start(self, context: Context) -> None:
        """One process per emergency, in the world's order."""
        self.world, self.rules, self.kept, self.desks = context.world, context.rules, context.kept, context.desks
        self.env = context.env
        self.opened: dict[tuple[int, int], int] = {}
        """(emergency, camera) → when the organ could look; absent where it could not."""
        self.destroyed: set[int] = set()
        """Emergencies whose looking no judge confirmed in time."""
        self.ways: dict[tuple[int, int], tuple[str, Route | None]] = {}
        for row in range(len(self.world.emergencies)):
            self.env.process(self._emergency(row))

    def _emergency(self, row: int) -> Generator[Any, Any, None]:
        """It breaks out → cameras are taken over at once, asked for with a paper, or not at all."""
        these, cameras = self.world.emergencies, self.world.cameras
        begin = int(these.begin[row])
        yield self.env.timeout(max(begin - int(self.env.now), 0))
        era, who = self.rules.era(begin), self.organ(row)
        for camera in these.camera[these.start[row]:these.start[row + 1]].tolist():
            operator, regime = words.OPERATORS[cameras.operator[camera]], words.REGIMES[cameras.regime[camera]]
            self.ways[row, camera] = self._way(era, who, operator, regime)
        papers = sorted({
            route.approver for way, route in (self.ways[key] for key in self.ways if key[0] == row)
            if route is not None and route.approver not in NO_DESK and route.regularise_s is None
        })
        signed = {approver: int(NEVER) for approver in papers}
        for number, approver in enumerate(papers):
            # somebody of that level is on call, day and night; the paper is worked on before all others
            work = -log(these.marks[row, 1 + number % 3]) * self.desks.mean_work(approver)
            yield self.env.timeout(max(1, ceil(work)))
            signed[approver] = int(self.env.now)
        judged = [route for (emergency, _), (_, route) in self.ways.items()
                  if emergency == row and route is not None and route.regularise_s is not None]
        if judged:
            self.env.process(self._regularised(row, begin, judged[0]))
        for (emergency, camera), (_, route) in self.ways.items():
            if emergency == row and route is not None:
                at = signed.get(route.approver, begin)
                if at < int(these.end[row]):
                    self.opened[row, camera] = max(at, begin)

    def _regularised(self, row: int, begin: int, route: Route) -> Generator[Any, Any, None]:
        """Done first; a judge confirms it within the term, or what was kept of it must be destroyed."""
        these = self.world.emergencies
        term = begin + round((route.regularise_s or 0.0) * TICKS_PER_S)
        signed = yield from self.desks.approved(
            "judge", FIRST_EMERGENCY + int(these.emergency_id[row]), papers=1, mark=float(these.marks[row, 1]),
            way=None, priority=-2, expires=term,
        )
        if not signed or self.env.now > term:
            self.destroyed.add(row)

    def organ(self, row: int) -> str:
        """Police or emergency authority."""
        return "public_security" if self.world.emergencies.marks[row, 0] < 0.5 else "emergency_authority"

    def _way(self, era: int, who: str, operator: str, regime: str) -> tuple[str, Route | None]:
        own = who == operator == "public_security"
        for channel in ("own_console", "shared_platform", "takeover", "request"):
            if channel == "own_console" and not own:
                continue
            route = self.rules.route(era, who, "emergency", channel, operator, regime, own)
            if route is not None:
                return channel, route
        return "takeover", None

    def write(self, books: Books) -> None:
        """One request per emergency, holder and class of place, and what was looked at while it lasted."""
        these, end = self.world.emergencies, self.world.days * DAY_TICKS
        for row in range(len(these)):
            if these.begin[row] < 0 or these.begin[row] >= end:
                continue
            cameras = these.camera[these.start[row]:these.start[row + 1]]
            holders = self.world.cameras.custodian_id[cameras]
            regimes = self.world.cameras.regime[cameras].astype(np.int64)
            operators = self.world.cameras.operator[cameras].astype(np.int64)
            together, which = np.unique(np.stack((holders, operators, regimes)), axis=1, return_inverse=True)
            for number, (holder, _, regime) in enumerate(together.T.tolist()):
                self._holder(row, (holder, regime), cameras[which.ravel() == number], books)

    def _holder(self, row: int, of: tuple[int, int], cameras: Any, books: Books) -> None:
        these, end = self.world.emergencies, self.world.days * DAY_TICKS
        begin, over = int(these.begin[row]), min(int(these.end[row]), end)
        channel, route = self.ways[row, int(cameras[0])]
        era, who = self.rules.era(begin), self.organ(row)
        seen = [(camera, self.opened[row, camera]) for camera in cameras.tolist()
                if (row, camera) in self.opened and self.kept.recording[camera] and self.opened[row, camera] < over]
        holder, regime = of
        number = FIRST_EMERGENCY + (child_id(int(these.emergency_id[row]), f"{holder}", regime) >> 20)
        operator = int(self.world.cameras.operator[cameras[0]])
        forbidden = self.rules.of(era).forbids(
            "view", words.OPERATORS[operator], words.REGIMES[self.world.cameras.regime[cameras[0]]], who,
            channel=channel, purpose="emergency", listed=bool(self.kept.listed[cameras[0]]),
        )
        outcome, reason = ("granted", {"takeover": "taken over for a time"}.get(channel, "")) if seen else (
            ("refused", "no rule lets this asker in") if route is None else
            ("unavailable", "the emergency was over before the paper was signed" if self.kept.recording[cameras].any()
             else "no usable recording"))
        if seen and route is not None and route.regularise_s is not None and row in self.destroyed:
            reason = "acted first; not regularised in time, so it was destroyed"
        at = min((when for _, when in seen), default=begin)
        books.requests.add(
            1, request_id=number, custodian_id=holder, requester=who, purpose="emergency", channel=channel,
            operator=operator, document=route.document if route else "none",
            approver=route.approver if route else "none", rule=route.rule if route else "",
            legality=0 if route else 2 if forbidden else 1, submitted_t=begin, decided_t=at,
            delivered_t=at if seen else int(NEVER), granted_on_merit=route is not None, outcome=outcome, reason=reason,
            cameras_n=len(seen), footage_t=sum(over - when for _, when in seen), evidence="viewed" if seen else "none",
        )
        if not seen or route is None:
            return
        known = galleries(self.world.scenario)[words.REQUESTERS.index(who)]
        whole = max(int(these.start[row + 1] - these.start[row]), 1)
        books.acts.add(
            len(seen), source="request", source_id=number, camera_id=np.array([camera for camera, _ in seen]),
            from_t=np.array([when for _, when in seen]), to_t=over, at_t=np.array([when for _, when in seen]),
            actor=who, viewer=viewer_ids("emergency", these.emergency_id[row:row + 1])[0], act="view",
            purpose="emergency", channel=channel, document=route.document, approver=route.approver,
            own=operator == 0 and who == "public_security", before=era == 0, unmask=route.unmask, gallery=known.people,
            known=known.known, audience=1.0,
            attention=1.0 / whole,  # a wall of pictures, one pair of eyes
        )
