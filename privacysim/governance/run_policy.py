"""One replicate under one arm: SimPy's clock from −W to D, the processes, and the Log that they leave.

Nothing here draws: everything that chance decides is in the world, with marks that belong to each event's own id.
Ties have an order: events of one tick run in the order in which they were scheduled, papers of one tick by
(priority, time of asking, number), and every table is sorted by its keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import simpy

from privacysim import tables
from privacysim.errors import InputError
from privacysim.governance.act_legality import judged
from privacysim.governance.approval import Desks
from privacysim.governance.askers import Askers
from privacysim.governance.hidden_cameras import HiddenCameras
from privacysim.governance.inspections import inspect
from privacysim.governance.investigators import Investigators
from privacysim.governance.keeping import custody_frame, keeping
from privacysim.governance.lapses import Leaks
from privacysim.governance.log import (
    ACT_COLUMNS,
    AUDIT_COLUMNS,
    INCIDENT_COLUMNS,
    REQUEST_COLUMNS,
    Book,
    Log,
    act_ids,
    frame_of,
)
from privacysim.governance.maintenance import maintain
from privacysim.governance.monitoring import watch
from privacysim.governance.oversight import Oversight
from privacysim.governance.rules_in_force import Rules
from privacysim.governance.searches import search
from privacysim.governance.spreading import Spread
from privacysim.governance.takeover import Takeovers
from privacysim.governance.website import Website
from privacysim.policy.arm import Arm
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

Start = Literal["transition", "steady"]


def simulate(world: World, arm: Arm, *, baseline: Arm, start: Start = "transition") -> Log:
    """What happens in this world under `arm`: requests, acts, incidents, audits, custody.

    The same chances under every arm. With `start="transition"` all arms share the baseline's history up to day 0, so
    two logs are equal until the first decision that differs; with "steady" the arm has bound since −W, and what it
    changed about leaks has had W days to show.
    """
    if start not in ("transition", "steady"):
        raise InputError("start", '"transition" or "steady"', start, 'write "transition"')
    if not arm.footage:
        return _nothing(world, arm)
    begin = -world.warmup_days * DAY_TICKS
    rules = Rules(arm, baseline, switch=0 if start == "transition" else begin)
    kept = keeping(world, rules)
    env = simpy.Environment(initial_time=begin)
    turnaround = world.scenario.access.desk_judge_median_h.number * HOUR_TICKS
    if arm.policy.desk is not None:
        turnaround = arm.policy.desk.median * 10
    desks = Desks(env, world.scenario, {"judge": turnaround})
    investigators = Investigators(world, rules, kept, desks)
    spread = Spread(world, rules, kept, env)
    askers = Askers(world, rules, kept, desks, spread)
    oversight = Oversight(world.scenario, rules)
    website = Website(world, rules, kept, env, oversight, spread)
    leaks = Leaks(world, rules, kept, env, oversight, spread)
    hidden = HiddenCameras(world, rules, env, oversight, spread)
    takeovers = Takeovers(world, rules, kept, env, desks)
    for process in (investigators, askers, website, leaks, hidden, takeovers):
        process.start()
    env.run(until=world.days * DAY_TICKS)

    acts, requests = Book(ACT_COLUMNS), Book(REQUEST_COLUMNS)
    incidents, audits = Book(INCIDENT_COLUMNS), Book(AUDIT_COLUMNS)
    watch(world, rules, acts)
    maintain(world, kept, acts)
    website.write(acts, incidents, audits)
    investigators.write(requests, acts)
    askers.write(requests, acts, incidents)
    leaks.write(acts, incidents, audits)
    hidden.write(acts, incidents, audits)
    takeovers.write(requests, acts)
    search(world, rules, kept, investigators.approved, requests, acts)
    inspect(world, rules, kept, oversight, incidents, audits)
    rows = acts.gathered()
    rows["act_id"] = act_ids(rows)
    who: dict[str, object] = {"policy": arm.id, "replicate": world.k}
    return Log(
        arm.id, world.k, days=world.days,
        acts=frame_of("acts", judged(rows, world, rules, kept), ("at_t", "act_id"), **who),
        requests=frame_of("requests", requests.gathered(), ("submitted_t", "request_id"), **who),
        incidents=frame_of("incidents", incidents.gathered(), ("opened_t", "incident_id"), **who),
        audits=frame_of("audits", audits.gathered(), ("at_t", "incident_id", "act_id"), **who),
        notes=desks.notes(world.days), custody=lambda: custody_frame(arm.id, world, kept),
    )


def _nothing(world: World, arm: Arm) -> Log:
    """Where there are no cameras there is no footage: nobody asks, nobody looks."""
    return Log(
        arm.id, world.k, days=world.days, acts=tables.empty("acts"), requests=tables.empty("requests"),
        incidents=tables.empty("incidents"), audits=tables.empty("audits"), notes=(),
        custody=lambda: tables.empty("custody"),
    )
