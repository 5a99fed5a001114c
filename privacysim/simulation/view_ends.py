"""Views that a map leaves open: what cameras would show with the fewest and the most of the flow.

Where a map leaves out a camera's heading, lens and height, policies are compared on draws from the prior, and the views
that show fewest and most of the flow form a band (`world.unknown_views`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from privacysim.city.city_model import City
from privacysim.exposure import Acts
from privacysim.people import Block, draw_block, draw_sample
from privacysim.scenario import Scenario
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import passes, sightings_count
from privacysim.simulation.brought import Brought
from privacysim.simulation.inputs import Inputs
from privacysim.world.placed import NO_CAMERA, Placed
from privacysim.world.unknown_views import Band, band, flow
from privacysim.world.world_model import World

ENDS = ("fewest", "most")
PEOPLE = 5_000
"""People whose walks weight the views of a camera: enough for a sum over weeks, and cheap in every replicate."""


def week(city: City, scenario: Scenario, seed: int, k: int, size: int, own: Brought) -> Block:
    """A week of a sample of people, whose walks weight the views of cameras."""
    given = own.keywords("people")
    chosen = draw_sample(city, scenario, seed, k, min(size, city.people), **given)
    return draw_block(city, scenario, seed, k, chosen.ids, chosen.weight, 0, 7, **given)


@dataclass(frozen=True, eq=False)
class Ends:
    """What the viewed cameras see with the fewest and most; empty in a city without mapped cameras."""

    views: Mapping[str, Coverage]
    notes: tuple[str, ...] = ()


def ends_of(inputs: Inputs, world: World, acts: Acts) -> Ends:
    """Compute the two ends of one replicate, with people and log as drawn, and notes on its cameras for the reader."""
    city, scenario, k = world.city, inputs.scenario, world.k
    if world.stated is None or k < 0:
        return Ends({})
    block = week(city, scenario, world.seed, k, PEOPLE, inputs.brought)
    found = band(city, scenario, world.cameras, flow(city, block), world.stated)
    assert found is not None
    views = {name: coverage(city, getattr(found, name), acts.watched) for name in ENDS}
    return Ends(views, tuple(_words(world, world.stated, found, block)) if k == inputs.replicates[0] else ())


def _words(world: World, placed: Placed, found: Band, block: Block) -> list[str]:
    """Describe which cameras are mapped, what is unknown about them, and the effect of buildings."""
    mapped, section = len(placed), world.scenario.cameras
    if not mapped:
        return [f"cameras: {NO_CAMERA}"]
    beyond = f"; {placed.left_out} more lie beyond the city or its connected streets" if placed.left_out else ""
    if placed.rejects:
        beyond += f"; {len(placed.rejects)} rows of the file are no cameras, the first: {placed.rejects[0]}"
    said = [f"{mapped} on the map, all of them used{beyond}",
            f"not on the map are the heading of {found.headings}, the lens of {found.lenses}, the height of "
            f"{found.heights}: drawn anew in each replicate, and a band"]
    if section.recall is None:
        said.append("those that nobody mapped are missing, so exposure is a lower bound; [cameras] recall corrects "
                    "for them")
    else:
        low, high = section.recall.range
        said.append(f"{len(world.cameras) - mapped} more in the first replicate for those that nobody mapped, "
                    f"at a stated recall of {section.recall.number:g} ({low:g} to {high:g}); these have no band")
    if world.city.building_start is not None:
        bare = replace(world.city, building_start=None, building_x=None, building_y=None)
        views = [(city, coverage(city, world.cameras, np.arange(len(world.cameras)))) for city in (world.city, bare)]
        left, whole = (sightings_count(passes(block, city, view, block.first_day, block.days), block)
                       for city, view in views)
        share = 1.0 - left / whole if whole else 0.0
        said.append(f"buildings hide {share:.0%} of the sightings ({left} of {whole} are left, "
                    f"{block.person_id.size} people in a week, every camera)")
    return [f"cameras: {text}" for text in said]
