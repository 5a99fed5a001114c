"""Estimate of a run from its first finished unit, and refusal of what this machine cannot do."""

import math
import os
import shutil
from pathlib import Path

from privacysim.errors import ResultsError
from privacysim.simulation.cost import COMPILATION, START
from privacysim.simulation.unit_parts import UnitParts

LONGEST_S = 86_400.0
"""A run that would take longer is refused unless the user insists."""


def refuse_too_large(part: UnitParts, units: int, workers: int, where: Path | None, *, elsewhere: bool = False) -> None:
    """Raise ResultsError if `units` like this one need more than a day, or more memory or disk than this machine has.

    `where` is the folder of the parts; without one, nothing is written. `elsewhere`: other machines do the units.
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
            raise ResultsError(f"This run needs about {needed:,.0f} {unit} of {what} ({units} units), "
                               f"and the limit here is {has:,.0f} {unit}.\n  Fix: fewer --workers or --replicates, or "
                               "a smaller --sample; or run it anyway with --yes --resume.")  # fmt: skip
