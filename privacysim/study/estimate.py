"""Estimates of a run before it begins and from its first finished unit, and refusal of what this machine cannot do."""

import math
import os
import shutil
from pathlib import Path

from privacysim.errors import ResultsError
from privacysim.simulation.cost import COMPILATION, START
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit_parts import UnitParts

LONGEST_S = 86_400.0  # a run that would take longer is refused unless the user insists
SHORT_S = 60.0  # CPU seconds of a run whose estimate need not be said
_CITY_S, _SAMPLE_S, _WORLD_S, _SURE = 5e-9, 1.3e-5, 0.2, 3.0
"""CPU seconds of a replicate: for each inhabitant, day and policy; for each person of the sample and day; for the rest.

The headline took 0.4 of it on one machine and about as long on another; other cities take at most `_SURE` times.
"""


def foreseen(inputs: Inputs, workers: int, *, anyway: bool) -> tuple[float, str]:
    """CPU seconds of a run, and a sentence about them; ResultsError if it surely takes over a day, unless `anyway`."""
    plan, people = inputs.plan, inputs.scenario.population.people.number
    sampled = people if plan.sample == "all" else min(float(plan.sample), people)
    replicates = len(inputs.replicates) + math.ceil(1.1 * inputs.worlds)  # every tenth world has two
    each = _WORLD_S + plan.days * (_CITY_S * people * len(inputs.arms) + _SAMPLE_S * sampled)
    spent = replicates * each
    if spent / workers > _SURE * LONGEST_S and not anyway:
        raise _too_large("time", spent / workers / 3600, LONGEST_S / 3600, "h", f"{replicates} replicates")
    about = "less than a minute" if spent < SHORT_S else f"about {spent / 60:,.0f} min"
    size = f"{replicates} replicate{'s' * (replicates > 1)}{' with those of worlds' * (inputs.worlds > 0)}"
    return spent, (f"This run will take {about} of CPU time, shared by {workers} worker{'s' * (workers > 1)} ({size}; "
                   f"within a factor of {_SURE:g}).")  # fmt: skip


def refuse_too_large(part: UnitParts, units: int, workers: int, where: Path | None, *, elsewhere: bool = False) -> None:
    """Raise ResultsError if `units` like this one need more than a day, or more memory or disk than this machine has.

    `where` is the folder of the parts; without one, nothing is written. `elsewhere`: other machines run the units.
    """
    spent = sum(each for name, each in part.cost.get("cpu_s", {}).items() if name not in (COMPILATION, START))
    resident = 0.0 if elsewhere else max(part.cost.get("resident_mb", {}).values(), default=0.0)
    seconds, memory = spent * units / workers, resident * workers
    known = hasattr(os, "sysconf")  # Windows does not say how much memory there is
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20 if known else math.inf
    name = f"r{part.unit.replicate:05d}-b{part.unit.block:05d}"
    written = sum(path.stat().st_size for path in where.rglob(f"{name}.*")) * units / 2**20 if where else 0.0
    room = shutil.disk_usage(where).free / 2**20 if where and where.is_dir() else written
    for what, needed, has, unit in (("time", seconds / 3600, LONGEST_S / 3600, "h"),
                                    ("memory", memory, there, "MB"), ("disk", written, room, "MB")):  # fmt: skip
        if needed > has:
            raise _too_large(what, needed, has, unit, f"{units} units")


def _too_large(what: str, needed: float, has: float, unit: str, size: str) -> ResultsError:
    return ResultsError(f"This run needs about {needed:,.0f} {unit} of {what} ({size}), and the limit here is "
                        f"{has:,.0f} {unit}.\n  Fix: fewer --workers or --replicates, or a smaller --sample; or run it "
                        "anyway with --yes --resume.")  # fmt: skip
