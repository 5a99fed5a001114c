"""Positions of a few people over one day, walk by walk, and when a camera has them in view; input of the film.

A member of the sample walks on the city's route trees (`people.Block`). Each walk becomes its turning points, plus a
point wherever a camera's view begins or ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from privacysim.city.city_model import NO_HOP, City
from privacysim.draws import Bools, Floats
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes
from privacysim.units import TICKS_PER_S

if TYPE_CHECKING:
    from privacysim.people import Block
    from privacysim.world import World



def day_of_walks(world: World, block: Block, day: int, most: int = 300) -> pd.DataFrame:
    """Walks on one day of the first `most` people of a block: walk, t_s, x_m, y_m, seen (by any camera).

    `day` counts from 0 within the block, times from its midnight. Rows are sorted by walk and time; `seen` holds until
    the next row.
    """
    city, cameras = world.city, np.arange(len(world.cameras))
    pieces = passes(block, city, coverage(city, world.cameras, cameras), block.first_day, block.days)
    made = (block.tour_mask[:, day // 64] >> np.uint64(day % 64)) & np.uint64(1) == 1
    of_tour: dict[int, list[tuple[float, float]]] = {}
    for row in np.flatnonzero((pieces.person < most) & made[pieces.tour]):
        begin = float(pieces.offset[row])
        of_tour.setdefault(int(pieces.tour[row]), []).append((begin, begin + float(pieces.length[row])))
    frames = []
    for walk in np.flatnonzero(made[block.walk_tour] & (block.tour_person[block.walk_tour] < most)):
        tour = int(block.walk_tour[walk])
        ticks, x, y = walked(city, block, int(walk))
        if ticks.size < 2:
            continue
        at, seen = _with_views(ticks, of_tour.get(tour, ()))
        shift = float(block.tour_jitter[tour, day])
        frames.append(pd.DataFrame({
            "walk": int(walk), "t_s": (at + shift) / TICKS_PER_S, "x_m": np.interp(at, ticks, x),
            "y_m": np.interp(at, ticks, y), "seen": seen,
        }))  # fmt: skip
    columns = ["walk", "t_s", "x_m", "y_m", "seen"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def walked(city: City, block: Block, walk: int) -> tuple[Floats, Floats, Floats]:
    """Turning points of one walk: ticks after 00:00 of the tour's day before jitter, x and y in metres."""
    tree, reach = city.trees[block.walk_hub[walk]], int(block.walk_reach_mm[walk])
    nodes, mm = [int(block.walk_node[walk])], [0]
    while mm[-1] < reach and int(tree[nodes[-1]]) != NO_HOP:
        hop = int(city.adj_start[nodes[-1]]) + int(tree[nodes[-1]])
        nodes.append(int(city.adj_node[hop]))
        mm.append(mm[-1] + int(city.edge_mm[city.adj_edge[hop]]))
    along = np.minimum(mm, reach).astype(np.float64)
    xs, ys = (np.interp(along, mm, place[nodes]) for place in (city.node_x, city.node_y))
    if not block.walk_towards[walk]:  # the same route, walked from its far end
        along, xs, ys = along[-1] - along[::-1], xs[::-1], ys[::-1]
    return block.walk_depart[walk] + along / float(block.walk_mm_per_tick[walk]), xs, ys


def _with_views(ticks: Floats, views: Sequence[tuple[float, float]]) -> tuple[Floats, Bools]:
    """Times of a walk, including starts and ends of views, and whether any camera has a view from then on."""
    ends = [end for view in views for end in view if ticks[0] < end < ticks[-1]]
    at = np.unique(np.concatenate([ticks, ends]))
    seen = np.zeros(at.size, dtype=bool)
    for begin, end in views:
        seen |= (at >= begin) & (at < end)
    return at, seen
