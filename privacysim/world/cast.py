"""Cast of cases: each offender walks to the scene, stays, and leaves, past the cameras on the way.

Offenders are not members of the sample. They walk the last `clue_route_m` towards the scene and the first
`clue_route_m` away from it on the route trees of two attraction nodes. Their visibility comes from the same coverage
and passes as everybody's. Offenders have ids from 2³² on and weight 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from privacysim.city.city_model import City
from privacysim.draws import hashes, stream_key, uniforms
from privacysim.facts import facts
from privacysim.people import Block
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes
from privacysim.units import DAY_TICKS, TICKS_PER_S
from privacysim.world.cameras import Cameras
from privacysim.world.chances import CAST_FIRST_ID, Cases, Floats, Ints

_CELL_M = 60.0
_STEP_M = 25.0
_NO_HOP = 255


class Ways(NamedTuple):
    """Stretches walked from nodes towards their hubs, one entry per edge, and the mm that each row walked."""

    edge: Ints
    begin: Ints
    """Node at which the edge is entered."""
    end: Ints
    part: Floats
    """Share of the edge that is walked."""
    walked_mm: Ints


@dataclass(frozen=True, slots=True)
class Views:
    """Views of the cast by camera and leg, one row each, sorted by (person, camera, leg)."""

    person: Ints
    """Row of the cast."""
    camera: Ints
    leg: NDArray[np.int8]
    """0 approach, 1 escape, 2 inside the place."""
    begin: Ints
    end: Ints
    face: NDArray[np.uint16]
    """Best face code of the leg, from frontal pieces if there are any."""


def ways(city: City, hub: Ints, node: Ints, reach_mm: int) -> Ways:
    """Follow each node's tree for `reach_mm`, or to its end."""
    at, walked = node.copy(), np.zeros(node.size, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    steps = [(nothing, nothing, nothing, nothing.astype(float))]
    going = np.arange(node.size)
    while going.size:
        hop = city.trees[hub[going], at[going]]
        going, hop = going[hop != _NO_HOP], hop[hop != _NO_HOP]
        slot = city.adj_start[at[going]].astype(np.int64) + hop
        edge, following = city.adj_edge[slot].astype(np.int64), city.adj_node[slot].astype(np.int64)
        part = np.minimum((reach_mm - walked[going]) / city.edge_mm[edge], 1.0)
        steps.append((edge, at[going], following, part))
        walked[going] += city.edge_mm[edge]
        at[going] = following
        going = going[walked[going] < reach_mm]
    edge, begin, end, part = (np.concatenate(column) for column in zip(*steps, strict=True))
    return Ways(edge, begin, end, part, np.minimum(walked, reach_mm))


def cast_views(
    city: City, scenario: Scenario, cameras: Cameras, cases: Cases, rows: Ints, seed: int, k: int
) -> Views:
    """Return camera views of the offenders of the cases `rows` (positions in `cases`)."""
    block, escapes = _cast(city, scenario, cases, rows, seed, k)
    which = near_routes(city, cameras, escapes, cases.place[rows])
    view = coverage(city, cameras, which, edges=np.unique(escapes.edge), entrances=False)
    pieces = passes(block, city, view, block.first_day, block.days)
    day = cases.crime_from[rows] // DAY_TICKS
    begin = day[pieces.person] * DAY_TICKS + pieces.offset
    camera, leg = which[pieces.camera], (pieces.pass_no >> 32).astype(np.int8)
    # a face turned away adds nothing to what a frontal view shows
    face = np.where(pieces.frontal, pieces.face, 0).astype(np.uint16)
    order = np.lexsort((leg, camera, pieces.person))
    person, camera, leg = pieces.person[order].astype(np.int64), camera[order], leg[order]
    if not order.size:
        return Views(person, camera, leg, begin, begin, face)
    begin, length, face = begin[order], pieces.length[order], face[order]
    change = (np.diff(person) != 0) | (np.diff(camera) != 0) | (np.diff(leg) != 0)
    first = np.concatenate(([0], np.flatnonzero(change) + 1))
    return Views(
        person[first], camera[first], leg[first], np.minimum.reduceat(begin, first),
        np.maximum.reduceat(begin + length, first), np.maximum.reduceat(face, first),
    )


def _cast(city: City, scenario: Scenario, cases: Cases, rows: Ints, seed: int, k: int) -> tuple[Block, Ways]:
    """Build the block of offenders, one tour each on one day, and their escape routes."""
    reach_mm = round(1000 * scenario.access.route_m.number)
    speed = facts().value("clue_walk_m_s") * 1000 / TICKS_PER_S
    node = city.place_node[cases.place[rows]].astype(np.int64)
    u = uniforms(stream_key(seed, k, "cast"), cases.case_id[rows], 2)
    hub = np.minimum((u * city.hub_node.size).astype(np.int64), city.hub_node.size - 1)
    approach, escape = (ways(city, hub[:, leg], node, reach_mm) for leg in (0, 1))
    day = cases.crime_from[rows] // DAY_TICKS
    first_day = int(day.min(initial=0))
    days = int(day.max(initial=0)) - first_day + 1
    arrive, leave = cases.crime_from[rows] - day * DAY_TICKS, cases.crime_to[rows] - day * DAY_TICKS
    depart = np.column_stack((arrive - np.rint(approach.walked_mm / speed).astype(np.int64), leave))
    n = rows.size
    mask = np.zeros((n, (days + 63) // 64), dtype=np.uint64)
    mask[np.arange(n), (day - first_day) // 64] = np.uint64(1) << ((day - first_day) % 64).astype(np.uint64)
    nowhere = np.full(n, -1, dtype=np.int64)
    block = Block(
        person_id=CAST_FIRST_ID + cases.case_id[rows], group=np.zeros(n, dtype=np.uint8), home_place=nowhere,
        work_place=nowhere, weight=np.zeros(n), tour_person=np.arange(n, dtype=np.int32), tour_place=cases.place[rows],
        tour_mode=np.zeros(n, dtype=np.uint8), tour_mask=mask,
        tour_key=hashes(stream_key(seed, k, "cast.tour"), cases.case_id[rows]),
        tour_jitter=np.zeros((n, days), dtype=np.int16), tour_ticks=np.full(n, round(reach_mm / speed), dtype=np.int32),
        tour_ride_ticks=np.zeros(n, dtype=np.int32), walk_tour=np.repeat(np.arange(n, dtype=np.int32), 2),
        walk_hub=hub.astype(np.int32).ravel(), walk_node=np.repeat(node, 2).astype(np.int32),
        walk_reach_mm=np.full(2 * n, reach_mm, dtype=np.int64), walk_towards=np.tile([False, True], n),
        walk_back=np.tile([False, True], n),
        walk_depart=depart.astype(np.int32).ravel(), walk_mm_per_tick=np.full(2 * n, speed, dtype=np.float32),
        stay_tour=np.arange(n, dtype=np.int32), stay_arrive=arrive.astype(np.int32),
        stay_length=(leave - arrive).astype(np.int32), first_day=first_day, days=days,
    )
    return block, escape


def near_routes(city: City, cameras: Cameras, routes: Ways, places: Ints) -> Ints:
    """Find candidate cameras near a route or inside the places, ascending; some of them may not see the route."""
    x0, y0 = float(city.node_x.min()) - 4 * _CELL_M, float(city.node_y.min()) - 4 * _CELL_M
    columns = int((float(city.node_x.max()) - x0) // _CELL_M) + 5
    lines = int((float(city.node_y.max()) - y0) // _CELL_M) + 5
    near = np.zeros((lines, columns), dtype=bool)
    steps = (routes.part * city.edge_mm[routes.edge] / (1000 * _STEP_M)).astype(np.int64) + 2
    row = np.repeat(np.arange(steps.size), steps)
    u, v = routes.begin[row], routes.end[row]
    number = np.arange(row.size) - np.repeat(np.cumsum(steps) - steps, steps)
    part = routes.part[row] * number / (steps[row] - 1)
    x = city.node_x[u] + part * (city.node_x[v] - city.node_x[u])
    y = city.node_y[u] + part * (city.node_y[v] - city.node_y[u])
    near[((y - y0) // _CELL_M).astype(int), ((x - x0) // _CELL_M).astype(int)] = True
    close, far = (binary_dilation(near, np.ones((3, 3)), steps) for steps in (1, 2))
    column = np.clip((cameras.x - x0) // _CELL_M, 0, columns - 1).astype(np.int32)
    line = np.clip((cameras.y - y0) // _CELL_M, 0, lines - 1).astype(np.int32)
    # one cell around contains everything nearer than 60 − 12.5 m, two everything nearer than 107.5 m
    reached = np.where(cameras.range_m < _CELL_M - _STEP_M / 2, close[line, column], far[line, column])
    scene = np.zeros(city.place_node.size + 1, dtype=bool)  # the last entry answers for −1, which means no place
    scene[places] = True
    scene[-1] = False
    return np.flatnonzero(np.where(cameras.indoor, scene[cameras.place_id], reached))
