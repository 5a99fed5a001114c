"""Tables that combine units of work: metrics by policy and replicate, undefined values, and bands of unknown views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.city import build_city
from privacysim.facts import facts_replaced
from privacysim.metrics import Metric, add, readings
from privacysim.simulation.fact_worlds import drawn_facts, facts_of_world
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.simulation.view_ends import ENDS


def arm_at(policy: str, end: str) -> str:
    """Name under which a unit keeps the sums of one arm at one end of the band."""
    return f"{policy}|{end}"


def equal_events(one: str, other: str) -> str:
    """Note of a replicate in which two policies led to the same events.

    >>> equal_events("b", "a")
    'a and b: requests, acts and incidents are equal byte for byte'
    """
    return " and ".join(sorted([one, other])) + ": requests, acts and incidents are equal byte for byte"


def to_frames(parts: Mapping[Unit, UnitParts], arms: Sequence[str],
              declared: Mapping[str, Metric]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the `metrics` table, and notes (policy, replicate, metric, curve, note) on undefined values."""
    by_replicate: dict[int, list[UnitParts]] = {}
    for unit in sorted(parts):
        by_replicate.setdefault(unit.replicate, []).append(parts[unit])
    rows, notes = [], []
    for replicate, blocks in by_replicate.items():
        for arm in (arm for arm in arms if arm in blocks[0].arms):
            for name, reading in readings(add(block.arms[arm] for block in blocks), declared):
                where = (arm, replicate, name, reading.curve)
                if reading.value is not None:
                    rows.append((*where, reading.value, declared[name].unit, reading.contributors))
                if reading.note:
                    notes.append((*where, reading.note))
        for text in dict.fromkeys(text for block in blocks for text in block.notes):
            notes.append(("", replicate, "", "", text))
    table = tables.table("metrics")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.names)
    frame = tables.frame("metrics", dict(zip(table.names, map(list, columns), strict=True)))
    frame = frame.sort_values(list(table.keys), ignore_index=True)  # as on disk
    return frame, pd.DataFrame(notes, columns=["policy", "replicate", "metric", "curve", "note"])


def world_frames(parts: Mapping[Unit, UnitParts], inputs: Inputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Metrics of every world (the table `metrics`, replicates from `WORLD` on), and the facts that worlds drew."""
    values = to_frames(parts, inputs.arm_ids, inputs.declared)[0]
    worlds = sorted({unit.world for unit in parts if unit.world is not None})
    drawn: list[tuple[int, str, float]] = []
    with facts_replaced(inputs.facts):
        read = sorted(drawn_facts({name for part in parts.values() for name in part.heard}))
        if not read:
            return values, tables.empty("world_facts")
        city = build_city(inputs.scenario, **inputs.brought.keywords("city"))
        for world in worlds:
            known = facts_of_world(inputs.scenario, city, inputs.plan.seed, world)
            drawn += [(world, name, known[name]) for name in read if name in known]
    columns = [list(column) for column in zip(*drawn, strict=True)] or [[], [], []]
    return values, tables.frame("world_facts", dict(zip(("world", "fact", "value"), columns, strict=True)))


def band_frame(parts: Mapping[Unit, UnitParts], arms: Sequence[str], metrics: pd.DataFrame,
               declared: Mapping[str, Metric]) -> pd.DataFrame:
    """Band table, one row per policy, metric and curve: replicate means with the fewest, as drawn, and with the most.

    A metric that does not simply rise with passes has an empty band and a note; without ends there are no rows.
    """
    keys = ["policy", "metric", "curve"]
    at_ends = to_frames(parts, [arm_at(arm, end) for arm in arms for end in ENDS], declared)[0]
    kept = metrics[metrics["replicate"].isin(at_ends["replicate"].unique())]
    drawn = kept.groupby(keys, observed=True)["value"].agg(["mean", "size"]).reset_index()
    ends = at_ends.groupby(keys, observed=True)["value"].mean().to_dict()
    rows = []
    for policy, name, curve, mean, n in drawn.itertuples(index=False):
        one = declared[name]
        note = "" if one.monotone else "no band: more passes may raise or lower it"
        if one.of != "people":
            note = "no band: it counts what was done, and that stays as drawn"
        low, high = (np.nan if note else ends.get((arm_at(policy, end), name, curve), np.nan) for end in ENDS)
        rows.append((policy, name, curve, one.unit, int(n), low, float(mean), high, note))
    made = pd.DataFrame(rows, columns=list(tables.BAND_COLUMNS))
    return made.sort_values("policy", key=lambda names: names.map(list(arms).index), kind="stable", ignore_index=True)
