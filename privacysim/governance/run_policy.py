"""Simulation of one replicate under one policy: SimPy's clock from −W to D, the processes, and their Log.

Nothing is drawn here: all chances are in the world, with marks that belong to each event's own id. Ties have a fixed
order: events of one tick run in the order in which they were scheduled, requests at desks of one tick by
(priority, time of asking, number), and every table is sorted by its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import simpy
from numpy.typing import NDArray

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.governance.askers import Askers
from privacysim.governance.desk import ApprovalDesk, Desk, Desks
from privacysim.governance.investigators import Investigators
from privacysim.governance.keeping import Keeping, custody_frame, keeping
from privacysim.governance.lapses import HiddenCameras, Leaks
from privacysim.governance.log import Arrays, Books, Log, act_ids, frame_of
from privacysim.governance.oversight import Oversight
from privacysim.governance.processes import Context, Process, fresh, kinds_of
from privacysim.governance.routine import Inspections, Maintenance, Monitoring
from privacysim.governance.rules_in_force import AFTER, BEFORE, Rules, kinds
from privacysim.governance.spreading import Spread
from privacysim.governance.takeover import Takeovers
from privacysim.governance.website import Website
from privacysim.policy.arm import Arm
from privacysim.policy.questions import Answer, Question
from privacysim.units import DAY_TICKS, HOUR_TICKS

if TYPE_CHECKING:
    from privacysim.world.world_model import World

Start = Literal["transition", "steady"]
DEFAULT: tuple[Process, ...] = (
    Investigators(), Askers(), Website(), Leaks(), HiddenCameras(), Takeovers(), Monitoring(), Maintenance(),
    Inspections(),
)
"""Default processes, in the order in which they start."""


def simulate(
    world: World, arm: Arm, *, baseline: Arm, start: Start = "transition",
    processes: Sequence[Process | type[Process] | str] = DEFAULT, desk: type[ApprovalDesk] = Desk,
) -> Log:
    """Run one world under one policy: requests, acts, incidents, audits and custody.

    All policies meet the same chances. With `start="transition"` they also share the baseline's history up to day 0, so
    two Logs are equal until the first decision that differs. With `"steady"` the policy has applied since −W.

    `processes`: the processes to run, by default `DEFAULT`; add your own as `(*DEFAULT, Mine())`. An item is an object
    with `start` and `write` (see `Process`), its class, or the name of an entry point of `privacysim.processes`.
    `desk`: the class of the approval desks (see `ApprovalDesk`).

    Raises InputError if a process writes impossible rows; the message names the process, the column and the value.

    >>> from privacysim.governance import DEFAULT   # simulate(world, arm, baseline=arm, processes=(*DEFAULT, Mine()))
    """
    if start not in ("transition", "steady"):
        raise InputError("start", '"transition" or "steady"', start, 'write "transition"')
    running = _named(processes)
    declared = kinds_of(running)
    sources = (*words.SOURCES, *sorted({one for own in declared.values() for one in own} - set(words.SOURCES)))
    if not arm.footage:  # no cameras keep footage, so nobody requests or views any
        empty: dict[str, Any] = {name: tables.empty(name) for name in ("acts", "requests", "incidents", "audits")}
        return Log(policy=arm.id, replicate=world.k, days=world.days, make_custody=lambda: tables.empty("custody"),
                   kinds=declared, **empty)
    begin = -world.warmup_days * DAY_TICKS
    rules = Rules(arm, baseline, switch=0 if start == "transition" else begin)
    kept = keeping(world, rules)
    env = simpy.Environment(initial_time=begin)
    turnaround = world.scenario.access.desk_judge_median_h.number * HOUR_TICKS
    if arm.policy.desk is not None:
        turnaround = arm.policy.desk.median * 10
    desks = Desks(env, world.scenario, {"judge": turnaround}, desk)
    spread = Spread(world, rules, kept, env, sources)
    context = Context(world, rules, kept, env, desks, spread, Oversight(world.scenario, rules))
    for process in running.values():
        process.start(context)
    env.run(until=context.end)

    books = Books(sources)
    for name, process in running.items():
        process.write(books.opened_by(name))
    books.refuse_wrong_rows(len(world.cameras), context.end, declared)
    acts = books.acts.gathered()
    acts["act_id"] = act_ids(acts)
    who: dict[str, Any] = {"policy": arm.id, "replicate": world.k}
    return Log(
        **who, days=world.days,
        acts=frame_of("acts", judged(acts, world, rules, kept), ("at_t", "act_id"), sources, **who),
        requests=frame_of("requests", books.requests.gathered(), ("submitted_t", "request_id"), **who),
        incidents=frame_of("incidents", books.incidents.gathered(), ("opened_t", "incident_id"), **who),
        audits=frame_of("audits", books.audits.gathered(), ("at_t", "incident_id", "act_id"), **who),
        notes=desks.notes(world.days), make_custody=lambda: custody_frame(arm.id, world, kept), kinds=declared,
    )


def _named(processes: Sequence[Process | type[Process] | str]) -> dict[str, Process]:
    """Create a fresh process for each item, by name; repeated names get a number appended."""
    if isinstance(processes, str) or not isinstance(processes, Sequence):
        raise InputError("processes", "a sequence of processes", processes, "write (*DEFAULT, Mine())")
    running: dict[str, Process] = {}
    for given in processes:
        name, process = fresh(given)
        running[name if name not in running else f"{name} {len(running)}"] = process
    return running


_ASKED = (
    "actor", "act", "purpose", "channel", "technique", "document", "approver", "own", "consent", "before",
)


def judged(rows: Arrays, world: World, rules: Rules, kept: Keeping) -> Arrays:
    """Complete rows of acts with the camera's view, both answers and the mask; one question per kind of act.

    Rows need the columns of `log.ACT_COLUMNS`. An act of an outsider that hides the others (`masked`) shows boxes.
    """
    cameras, camera = world.cameras, rows["camera_id"]
    masks = [*kept.masks, ("box", False)]
    mask = np.where(rows["unmask"], 0, kept.mask_of(camera, rows["from_t"]))
    mask = np.where(rows["masked"], len(masks) - 1, mask)
    # footage from before a duty to mask stays unmasked, and viewing it does not breach that duty
    due = np.where(rows["before"], kept.mask[BEFORE][camera], kept.mask[AFTER][camera])
    due = np.where(rows["masked"], len(masks) - 1, np.where(rows["unmask"], 0, due))
    seen = {
        "operator": cameras.operator[camera], "regime": cameras.regime[camera], "scene": cameras.scene[camera],
        "listed": kept.listed[camera], "identifiable": kept.identifiable[camera], "mask": due,
        "secret": cameras.secret[camera],
    }
    distinct, which = kinds(*(rows[name] for name in _ASKED), *seen.values())
    answers = [_answer(rules, masks, *one) for one in distinct.tolist()]

    def spread(values: list[Any], dtype: str) -> NDArray[Any]:
        return np.array(values, dtype=dtype)[which] if values else np.empty(0, dtype=dtype)

    made = {name: values for name, values in rows.items() if name not in ("approver", "own", "consent", "before",
                                                                          "unmask", "masked")}
    made["custodian_id"], made["scene"] = cameras.custodian_id[camera], seen["scene"]
    made["specific"] = spread([words.SPECIFIC.index(one.specific) for one in answers], "u1")
    made["general"] = spread([words.GENERAL.index(one.general) for one in answers], "u1")
    made["legality"] = spread([words.LEGALITIES.index(one.legality) for one in answers], "u1")
    made["basis_specific"] = spread([one.basis_specific for one in answers], "O")
    made["basis_general"] = spread([one.basis_general for one in answers], "O")
    made["mask"] = np.array([name for name, _ in masks], dtype=object)[mask]
    made["reversible"] = np.array([undone for _, undone in masks])[mask]
    return made


def _answer(
    rules: Rules, masks: list[tuple[str, bool]], actor: int, act: int, purpose: int, channel: int, technique: int,
    document: int, approver: int, own: int, consent: int, before: int, operator: int, regime: int, scene: int,
    listed: int, identifiable: int, mask: int, secret: int,
) -> Answer:
    name, reversible = masks[mask]
    return rules.judge(BEFORE if before else AFTER, Question(
        requester=words.REQUESTERS[actor], act=words.ACTS[act], purpose=words.PURPOSES[purpose],
        channel=words.CHANNELS[channel], technique=words.TECHNIQUES[technique], document=words.DOCUMENTS[document],
        approver=words.APPROVERS[approver], own=bool(own), consent=bool(consent), operator=words.OPERATORS[operator],
        regime=words.REGIMES[regime], scene=words.SCENES[scene], listed=bool(listed),
        identifiable=bool(identifiable), mask=name, reversible=reversible, secret=words.SECRETS[secret],
    ))
