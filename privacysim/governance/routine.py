"""Routine viewing: live monitoring, maintenance and inspections, independent of requests.

Monitoring: the operator's own guard duty needs no notice and accounts for most viewing (Order 799 art. 16; the founding
text covers only obtaining from others). One row represents a watched camera, not a single look.

Maintenance: contractors check the picture of a camera that they do not run. Order 799 art. 19 allows it with secrecy
and for no other purpose. If no rule covers contractors, the look is part of the gap.

Inspections: the police check custodians and find breached duties: cameras in prohibited places (Order 799 arts. 8, 27),
installers who may not install (7(3), 26), systems that were never filed (14, 29). An order to correct comes first if
the law says so, then the fine on refusal; a prohibited site is fined at once. If the rules name no duty, an inspection
finds nothing.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from privacysim import vocabulary as words
from privacysim.governance.log import Books, code_of
from privacysim.governance.oversight import write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.rules_in_force import AFTER
from privacysim.governance.viewers import galleries, gallery, viewer_ids
from privacysim.units import HOUR_TICKS

FIRST_INSPECTION = 1 << 47
"""Incidents found by inspection: this + the round's id."""
FINED_BY = {
    "prohibited_site": ("o799_27", "gz07_siting"), "no_right_to_install": ("o799_26",), "not_filed": ("o799_29",),
}
"""Provisions with the sanction of each breach, if the policy names them among its sanctions."""


class Monitoring(Process):
    """Live monitoring; the world decides which cameras, from which control room and with how much attention."""

    def start(self, context: Context) -> None:
        """Start nothing: monitoring continues from day 0 to the end."""
        self.context = context

    def write(self, books: Books) -> None:
        """Write one act per watched camera, and one more where a machine compares every face with a watchlist.

        The watchlist runs on some of the police's watched cameras (`audience` 1, κ = people on the list / population).
        Where the rules newly prohibit it, those who comply switch it off.
        """
        world, rules = self.context.world, self.context.rules
        monitors, cameras = world.monitors, world.cameras
        police = cameras.operator[monitors.camera] == words.OPERATORS.index("public_security")
        known = galleries(world.scenario)[words.REQUESTERS.index("own_staff_on_duty")]
        common: dict[str, object] = {
            "source": "monitor", "from_t": 0, "to_t": self.context.end, "at_t": 0, "act": "view",
            "purpose": "live_guard", "channel": "live_monitor", "own": True, "audience": 1.0,
        }
        books.acts.add(
            len(monitors), source_id=monitors.camera, camera_id=monitors.camera,
            actor=np.where(police, code_of("actor", "public_security"), code_of("actor", "own_staff_on_duty")),
            viewer=monitors.viewer, gallery=known.people, known=known.known, attention=monitors.attention, **common,
        )
        access = world.scenario.access
        forbidden = np.array([rules.of(AFTER).forbids(
            "view", "public_security", regime, "public_security", own=True, channel="live_monitor",
            purpose="live_guard", technique="face_watchlist_live",
        ) for regime in words.REGIMES])[cameras.regime[monitors.camera]]
        obeys = world.custody.compliance[monitors.camera] < access.compliance.number
        runs = police & (monitors.marks[:, 0] < access.watchlist_live_share.number) & ~(forbidden & obeys)
        camera = monitors.camera[runs]
        listed = gallery(access.watchlist_people.number, world.scenario.population.people.number)
        books.acts.add(
            camera.size, source_id=camera, camera_id=camera, technique="face_watchlist_live", actor="public_security",
            viewer=viewer_ids("watchlist", monitors.viewer[runs]), gallery=listed.people, known=listed.known, **common,
        )


class Maintenance(Process):
    """Maintenance: contractors who check a picture for some minutes."""

    def start(self, context: Context) -> None:
        """Start nothing: the world gives the time of each round."""
        self.context = context

    def write(self, books: Books) -> None:
        """Write one view for every round of [0, D) at a camera that records."""
        world = self.context.world
        rounds, camera = world.maintenance, world.maintenance.camera
        length = round(world.scenario.access.maintenance_look_min.number * HOUR_TICKS / 60)
        inside = (rounds.tick >= 0) & (rounds.tick + length < self.context.end)
        row = np.flatnonzero(inside & self.context.kept.recording[camera])
        known = galleries(world.scenario)[words.REQUESTERS.index("contractor")]
        books.acts.add(
            row.size, source="monitor", source_id=rounds.round_id[row], camera_id=camera[row], from_t=rounds.tick[row],
            to_t=rounds.tick[row] + length, at_t=rounds.tick[row], actor="contractor", act="view",
            viewer=viewer_ids("contractor", rounds.round_id[row]), purpose="maintenance", channel="own_console",
            gallery=known.people, known=known.known, audience=1.0,
        )


class Inspections(Process):
    """Rounds of inspection under the policy's rules, and the steps that follow a breach."""

    incidents: ClassVar = {"duty_breach": ()}

    def start(self, context: Context) -> None:
        """Start nothing: the world gives the time of each round."""
        self.context = context

    def write(self, books: Books) -> None:
        """Write every breach that a round of [0, D) finds and that a sanction of the policy names."""
        world, rules, end = self.context.world, self.context.rules, self.context.end
        arm, rounds = rules.of(AFTER), world.inspections
        for row in np.flatnonzero((rounds.tick >= max(rules.switch, 0)) & (rounds.tick < end)).tolist():
            at, camera = int(rounds.tick[row]), int(rounds.camera[row])
            breach = self._breach(camera, at)
            named = [name for name in FINED_BY.get(breach, ()) if name in arm.policy.sanctions]
            if not named:
                continue
            incident = FIRST_INSPECTION + int(rounds.round_id[row])
            books.incidents.add(
                1, incident_id=incident, custodian_id=world.cameras.custodian_id[camera], kind="duty_breach",
                mechanism=breach, opened_t=at, discovered_t=at, discovered_by="inspection",
            )
            steps = self.context.oversight.duty_steps(
                arm.laws.provision(named[0]), at, tuple(rounds.marks[row].tolist())
            )
            write_steps(books.audits, steps, end, act_id=-1, incident_id=incident)

    def _breach(self, camera: int, at: int) -> str:
        """Return the most serious breach at this camera, empty if there is none."""
        kept = self.context.kept
        if not kept.may_stand[camera]:
            site = words.REGIMES[self.context.world.cameras.regime[camera]] == "prohibited_site"
            return "prohibited_site" if site else "no_right_to_install"
        return "not_filed" if kept.must_file[camera] and kept.filed_from[camera] > at else ""
