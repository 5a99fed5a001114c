"""Exposure band for mapped cameras whose heading, lens and height the map does not state.

Policies are compared on cameras drawn from the prior. In addition, the same people are measured at the views that show
fewest and most of the flow (`world.unknowns`), with the same log, so who looked at which cameras stays as drawn. A
metric that only rises with passes has a band between the two; other metrics have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from privacysim.city.city_model import City
from privacysim.exposure import Acts
from privacysim.metrics import METRICS, Metric, add, readings
from privacysim.people import Block, draw_block, draw_sample
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import passes, sightings_count
from privacysim.simulation.inputs import Inputs
from privacysim.tables import BAND_COLUMNS
from privacysim.world.placed import Placed
from privacysim.world.unknown_views import Band, band, flow
from privacysim.world.world_model import World

if TYPE_CHECKING:
    from privacysim.simulation.unit_parts import Unit, UnitParts

ENDS = ("fewest", "most")
_FLOW_PEOPLE = 5_000
"""People whose walks weight the views of a camera: enough for a sum over weeks, and cheap in every replicate."""


@dataclass(frozen=True, eq=False)
class Ends:
    """What the viewed cameras see with the fewest and most; empty in a city without mapped cameras."""

    views: Mapping[str, Coverage]
    notes: tuple[str, ...] = ()


NO_ENDS = Ends({})


def ends_of(inputs: Inputs, world: World, acts: Acts) -> Ends:
    """Compute the two ends of one replicate, and notes on its cameras for the reader."""
    city, scenario, k = world.city, inputs.scenario, world.k
    placed = world.stated
    if placed is None or k < 0:
        return NO_ENDS
    own = inputs.brought.keywords(draw_block, "people")
    people = draw_sample(city, scenario, world.seed, k, min(_FLOW_PEOPLE, city.people), **own)
    block = draw_block(city, scenario, world.seed, k, people.ids, people.weight, 0, 7, **own)
    found = band(city, scenario, world.cameras, flow(city, block), placed)
    assert found is not None
    views = {name: coverage(city, getattr(found, name), acts.watched) for name in ENDS}
    said = tuple(_words(world, placed, found, block)) if k == inputs.replicates[0] else ()
    return Ends(views, said)


def arm_at(policy: str, end: str) -> str:
    """Name under which a unit keeps the sums of one arm at one end of the band."""
    return f"{policy}|{end}"


def band_frame(
    parts: Mapping[Unit, UnitParts], arms: Sequence[str], metrics: pd.DataFrame, declared: Mapping[str, Metric],
) -> pd.DataFrame:
    """Band table, one row per policy, metric and curve: replicate means with the fewest, as drawn, and with the most.

    `metrics` is the study's table. There are no rows if no unit has ends. A metric that does not only rise with passes
    has an empty band and a note.
    """
    by_replicate: dict[int, list[UnitParts]] = {}
    for unit in sorted(parts):
        if any(arm_at(arm, ENDS[0]) in parts[unit].arms for arm in arms):
            by_replicate.setdefault(unit.replicate, []).append(parts[unit])
    if not by_replicate:
        return pd.DataFrame(columns=list(BAND_COLUMNS))
    kept = metrics[metrics["replicate"].isin(list(by_replicate))]
    drawn = kept.groupby(["policy", "metric", "curve"], observed=True)["value"]
    mean, count = drawn.mean(), drawn.size()
    values: dict[tuple[str, str, str, str], list[float]] = {}
    for blocks in by_replicate.values():
        for arm in arms:
            for end in ENDS:
                for name, reading in readings(
                    add(block.arms[arm_at(arm, end)] for block in blocks), declared
                ):
                    if reading.value is not None:
                        values.setdefault((arm, name, reading.curve, end), []).append(reading.value)
    made = pd.DataFrame(_rows(mean, count, values, declared), columns=list(BAND_COLUMNS))
    place = made["policy"].map({arm: n for n, arm in enumerate(arms)})
    return made.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


def band_lines(band: pd.DataFrame, notes: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """Lines for the terminal: the cameras, then the band of these metrics; empty without a band."""
    said = notes.loc[notes["note"].str.startswith("cameras: "), "note"].drop_duplicates()
    lines = [f"- {text.removeprefix('cameras: ')}" for text in said]
    shown = band[band["metric"].isin(metrics) & (band["note"] == "")]
    if len(shown):
        lines += ["", "Band over what the map does not say (fewest and most, who looked being as drawn)"]
    for metric, rows in shown.groupby("metric", sort=False):
        lines.append(f"{METRICS[str(metric)].title}, {METRICS[str(metric)].unit}")
        cells = [["policy", "curve", "fewest", "drawn", "most"]]
        cells += [[str(row["policy"]), str(row["curve"]), *(f"{row[name]:.3g}" for name in ("fewest", "drawn", "most"))]
                  for row in rows.to_dict("records")]
        wide = [max(len(line[i]) for line in cells) for i in range(5)]
        lines += ["  " + "  ".join(cell.ljust(wide[i]) if i < 2 else cell.rjust(wide[i])
                                   for i, cell in enumerate(line)) for line in cells]
    return ["Cameras", *lines] if lines else []


def _rows(mean: pd.Series, count: pd.Series, values: Mapping[tuple[str, str, str, str], list[float]],
          declared: Mapping[str, Metric]) -> Iterator[tuple[object, ...]]:  # fmt: skip
    for key, value, n in zip(mean.index, mean, count, strict=True):
        policy, name, curve = (str(word) for word in key)
        one = declared[name]
        ends = [values.get((policy, name, curve, end), []) for end in ENDS]
        if one.of != "people":
            note = "no band: it counts what was done, and that stays as drawn"
        elif not one.monotone:
            note = "no band: more passes may raise or lower it"
        else:
            note = ""
        low, high = (float(np.mean(end)) if end and not note else np.nan for end in ends)
        yield policy, name, curve, one.unit, int(n), low, float(value), high, note


def _words(world: World, placed: Placed, found: Band, block: Block) -> list[str]:
    """Describe which cameras are mapped, what is unknown about them, and the effect of buildings."""
    mapped, section = len(placed), world.scenario.cameras
    beyond = f"; {placed.left_out} of the file lie beyond the city" if placed.left_out else ""
    if placed.rejects:
        beyond += f"; {len(placed.rejects)} rows of the file are no cameras, the first: {placed.rejects[0]}"
    said = [
        f"cameras: {mapped} on the map, all of them used{beyond}",
        f"cameras: not on the map are the heading of {found.headings}, the lens of {found.lenses}, the height of "
        f"{found.heights}: drawn anew in each replicate, and a band",
    ]
    if section.recall is None:
        said.append("cameras: those that nobody mapped are missing, so exposure is a lower bound; [cameras] recall "
                    "corrects for them")  # fmt: skip
    else:
        low, high = section.recall.range
        said.append(f"cameras: {len(world.cameras) - mapped} more in the first replicate for those that nobody mapped, "
                    f"at a stated recall of {section.recall.number:g} ({low:g} to {high:g}); these have no band")
    if world.city.building_start is not None:
        left, whole = (_sightings(city, world, block) for city in (world.city, _without_buildings(world.city)))
        share = 1.0 - left / whole if whole else 0.0
        said.append(f"cameras: buildings hide {share:.0%} of the sightings ({left} of {whole} are left, "
                    f"{block.person_id.size} people in a week, every camera)")  # fmt: skip
    return said


def _without_buildings(city: City) -> City:
    return replace(city, building_start=None, building_x=None, building_y=None)


def _sightings(city: City, world: World, block: Block) -> int:
    view = coverage(city, world.cameras, np.arange(len(world.cameras)))
    return sightings_count(passes(block, city, view, block.first_day, block.days), block)
