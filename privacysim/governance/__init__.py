"""Access to footage and leaks under an arm: `simulate` runs the processes on SimPy's clock from −W to D, for their Log.

Nothing is drawn here: all chances are in the world, with marks that belong to each event's own id. Ties have a fixed
order: events of one tick run in the order in which they were scheduled, requests at desks of one tick by
(priority, time of asking, number), and every table is sorted by its keys.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import simpy

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.governance.askers import Askers, Takeovers
from privacysim.governance.desk import Desk, Hours
from privacysim.governance.desks import Desks
from privacysim.governance.history import History
from privacysim.governance.investigators import Investigators
from privacysim.governance.log import Book, Books, Log, act_ids, frame_of
from privacysim.governance.oversight import Oversight
from privacysim.governance.processes import Context, Process, prepared
from privacysim.governance.rules_in_force import Rules, custody_frame, judged, keeping
from privacysim.governance.spreading import Spread
from privacysim.governance.unrequested import HiddenCameras, Inspections, Leaks, Monitoring
from privacysim.governance.website import Website
from privacysim.policy.arm import Arm
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.world_model import World

__all__ = ["DEFAULT", "Book", "Books", "Context", "Desk", "History", "Hours", "Log", "Process", "simulate"]

Start = Literal["transition", "steady"]
DEFAULT: tuple[Process, ...] = (Investigators(), Askers(), Website(), Leaks(), HiddenCameras(), Takeovers(),
                                Monitoring(), Inspections())
"""Default processes, in the order in which they start."""


def simulate(world: World, arm: Arm, *, baseline: Arm, start: Start = "transition",
             processes: Sequence[Process | type[Process] | str] = DEFAULT, desk: type[Desk] = Desk,
             history: History | None = None) -> Log:
    """Run one world under one policy: requests, acts, incidents, audits and custody.

    All policies meet the same chances. With `start="transition"` they also share the baseline's history up to day 0, so
    two Logs are equal until the first decision that differs. With `"steady"` the policy has applied since −W.

    `processes`: the processes to run, by default `DEFAULT`; add your own as `(*DEFAULT, Mine())`. An item is an object
    with `start` and `write` (see `Process`), its class, or the name of an entry point of `privacysim.processes`.
    `desk`: the class of the approval desks, `Desk` or a subclass. `history`: one object for all policies of a world,
    which keeps what they share, so that only the first one takes the time; it has no effect on the Log.

    Raises InputError if a process writes impossible rows; the message names the process, the column and the value.
    """
    if start not in ("transition", "steady"):
        raise InputError("start", '"transition" or "steady"', start, 'write "transition"')
    running, declared = prepared(processes)
    sources = (*words.SOURCES, *sorted({one for own in declared.values() for one in own} - set(words.SOURCES)))
    who: dict[str, Any] = {"policy": arm.id, "replicate": world.k}
    books = Books(sources)
    if not arm.footage:  # no cameras keep footage, so nobody requests or views any
        empty: dict[str, Any] = {name: tables.empty(name) for name in vars(books)}
        return Log(**who, **empty, make_custody=partial(tables.empty, "custody"), days=world.days, kinds=declared)
    begin = -world.warmup_days * DAY_TICKS
    rules = Rules(arm, baseline, switch=0 if start == "transition" else begin)
    # a process from outside may look at everything, and come to the desks during the run, so that documents meet others
    own_parts = desk is not Desk or {type(one) for one in running.values()} - {type(one) for one in DEFAULT}
    history = History() if history is None or own_parts else history
    whole, world = world, history.left(world, baseline, rules.switch)
    kept = keeping(world, rules)
    env = simpy.Environment(initial_time=begin)
    usual = world.scenario.access.desk_judge_median_h.number * HOUR_TICKS
    to_judge = [usual if own is None else own.median * 10 for own in (baseline.policy.desk, arm.policy.desk)]
    desks = Desks(env, world.scenario, (to_judge[0], to_judge[1]), rules.switch, world.days * DAY_TICKS, desk,
                  alone=not own_parts)
    spread = Spread(world, rules, kept, env)
    context = Context(world, rules, kept, env, desks, spread, Oversight(world.scenario, rules))
    for process in running.values():
        process.start(context)
    notes = desks.run(history.courses)

    for name, process in running.items():
        for book in vars(books).values():
            book.writer = name
        process.write(books)
    history.keep(running.values())
    books.refuse_wrong_rows(len(world.cameras), context.end, declared)
    rows = {name: book.gathered() for name, book in vars(books).items()}
    rows["acts"] = judged(rows["acts"] | {"act_id": act_ids(rows["acts"])}, world, rules, kept)
    frames: dict[str, Any] = {name: frame_of(name, row, sources, **who) for name, row in rows.items()}
    custody = partial(custody_frame, arm.id, whole, kept)
    return Log(**who, **frames, make_custody=custody, days=world.days, notes=notes, kinds=declared)
