"""Inspections of holders: the police come, look at the papers, and find duties that nobody kept.

What can be found depends on the rules: cameras where none may stand (Order 799 arts. 8, 27), installers who may not
install (7(3), 26), systems that were never filed (14, 29). An order to correct comes first where the law says so, then
the fine on refusal; a prohibited site is fined at once. Where the rules name no duty, an inspector has nothing to find,
and where they name no inspector, none comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privacysim import vocabulary as words
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import Book
from privacysim.governance.oversight import Oversight, write_steps
from privacysim.governance.rules_in_force import AFTER, Rules
from privacysim.units import DAY_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

FIRST_INSPECTION = 1 << 47
"""Incidents found by inspection: this + the round's id."""
FINED_BY = {
    "prohibited_site": ("o799_27", "gz07_siting"), "no_right_to_install": ("o799_26",), "not_filed": ("o799_29",),
}
"""Provisions that carry the sanction of each breach, where the policy names them among its sanctions."""


def inspect(world: World, rules: Rules, kept: Keeping, oversight: Oversight, incidents: Book, audits: Book) -> None:
    """Every round of [0, D) under the arm's rules."""
    arm, rounds, end = rules.of(AFTER), world.inspections, world.days * DAY_TICKS
    for row in range(len(rounds)):
        at, camera = int(rounds.tick[row]), int(rounds.camera[row])
        if not max(rules.switch, 0) <= at < end:
            continue
        breach = _breach(world, kept, camera, at)
        named = [name for name in FINED_BY.get(breach, ()) if name in arm.policy.sanctions]
        if not named:
            continue
        incident = FIRST_INSPECTION + int(rounds.round_id[row])
        incidents.add(
            1, incident_id=incident, custodian_id=world.cameras.custodian_id[camera], kind="duty_breach",
            mechanism=breach, opened_t=at, discovered_t=at, discovered_by="inspection", audience=0.0,
        )
        steps = oversight.duty_steps(arm.laws.provision(named[0]), at, tuple(rounds.marks[row].tolist()))
        write_steps(audits, steps, end, act_id=-1, incident_id=incident)


def _breach(world: World, kept: Keeping, camera: int, at: int) -> str:
    """The gravest breach at this camera, empty where there is none."""
    if not kept.may_stand[camera]:
        site = words.REGIMES[world.cameras.regime[camera]] == "prohibited_site"
        return "prohibited_site" if site else "no_right_to_install"
    return "not_filed" if kept.must_file[camera] and kept.filed_from[camera] > at else ""
