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
from privacysim.governance.log import Books
from privacysim.governance.oversight import write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import galleries, gallery, viewer_ids
from privacysim.governance.rules_in_force import AFTER
from privacysim.units import HOUR_TICKS

FIRST_INSPECTION = 1 << 47
"""Incidents found by inspection: this + the round's id."""
FINED_BY = {
    "prohibited_site": ("o799_27", "gz07_siting"), "no_right_to_install": ("o799_26",), "not_filed": ("o799_29",),
}
"""Provisions with the sanction of each breach, if the policy names them among its sanctions."""


class Monitoring(Process):
    """Live monitoring and maintenance; the world decides which cameras, when, and with how much attention."""

    def start(self, context: Context) -> None:
        """Start nothing: the world gives the time of each act."""
        self.context = context

    def write(self, books: Books) -> None:
        """Write one act per watched camera, one more where a watchlist runs, and one for every round of maintenance.

        A machine compares every face at some of the police's watched cameras with the watchlist (`audience` 1, κ =
        people on the list / population). Where the rules newly prohibit it, those who comply switch it off.
        """
        world, monitors, cameras = self.context.world, self.context.world.monitors, self.context.world.cameras
        camera, access = monitors.camera, world.scenario.access
        police = cameras.operator[camera] == words.OPERATORS.index("public_security")
        common: dict[str, object] = {
            "source": "monitor", "from_t": 0, "to_t": self.context.end, "at_t": 0, "act": "view",
            "purpose": "live_guard", "channel": "live_monitor", "own": True, "audience": 1.0,
        }
        books.acts.add(
            camera.size, source_id=camera, camera_id=camera, viewer=monitors.viewer, attention=monitors.attention,
            actor=np.where(police, "public_security", "own_staff_on_duty"),
            **galleries(world.scenario)["own_staff_on_duty"], **common,
        )
        forbidden = np.array([self.context.rules.of(AFTER).forbids(
            "view", "public_security", regime, "public_security", own=True, channel="live_monitor",
            purpose="live_guard", technique="face_watchlist_live",
        ) for regime in words.REGIMES])[cameras.regime[camera]]
        obeys = world.custody.compliance[camera] < access.compliance.number
        runs = police & (monitors.marks[:, 0] < access.watchlist_live_share.number) & ~(forbidden & obeys)
        books.acts.add(
            int(runs.sum()), source_id=camera[runs], camera_id=camera[runs], technique="face_watchlist_live",
            actor="public_security", viewer=viewer_ids("watchlist", monitors.viewer[runs]),
            **gallery(access.watchlist_people.number, world.scenario.population.people.number), **common,
        )
        rounds = world.maintenance
        length = round(world.scenario.access.maintenance_look_min.number * HOUR_TICKS / 60)
        inside = (rounds.tick >= 0) & (rounds.tick + length < self.context.end)
        row = np.flatnonzero(inside & self.context.kept.recording[rounds.camera])
        number, at = rounds.round_id[row], rounds.tick[row]
        books.acts.add(
            row.size, source="monitor", source_id=number, camera_id=rounds.camera[row], from_t=at, to_t=at + length,
            at_t=at, actor="contractor", act="view", viewer=viewer_ids("contractor", number), purpose="maintenance",
            channel="own_console", audience=1.0, **galleries(world.scenario)["contractor"],
        )


class Inspections(Process):
    """Rounds of inspection under the policy's rules, and the steps that follow a breach."""

    incidents: ClassVar = {"duty_breach": ()}

    def start(self, context: Context) -> None:
        """Start nothing: the world gives the time of each round."""
        self.context = context

    def write(self, books: Books) -> None:
        """Write the gravest breach that each round of [0, D) finds, if a sanction of the policy names it."""
        world, rules, kept, end = self.context.world, self.context.rules, self.context.kept, self.context.end
        arm, rounds, cameras = rules.of(AFTER), world.inspections, world.cameras
        for row in np.flatnonzero((rounds.tick >= max(rules.switch, 0)) & (rounds.tick < end)).tolist():
            at, camera = int(rounds.tick[row]), int(rounds.camera[row])
            breach = ""
            if not kept.may_stand[camera]:
                site = words.REGIMES[cameras.regime[camera]] == "prohibited_site"
                breach = "prohibited_site" if site else "no_right_to_install"
            elif kept.must_file[camera] and kept.filed_from[camera] > at:
                breach = "not_filed"
            named = [name for name in FINED_BY.get(breach, ()) if name in arm.policy.sanctions]
            if not named:
                continue
            incident = FIRST_INSPECTION + int(rounds.round_id[row])
            books.incidents.add(
                1, incident_id=incident, custodian_id=cameras.custodian_id[camera], kind="duty_breach",
                mechanism=breach, opened_t=at, discovered_t=at, discovered_by="inspection",
            )
            provision, marks = arm.laws.provision(named[0]), rounds.marks[row].tolist()
            steps = self.context.oversight.duty_steps(provision, at, marks)
            write_steps(books.audits, steps, end, act_id=-1, incident_id=incident)
