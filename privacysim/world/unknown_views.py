"""Uncertainty band for unmapped camera views: the views that show fewest and most of the people passing by.

A replicate draws unknown headings, lenses and heights from the prior. In addition, we weigh every view that a mapped
street camera may have: 36 headings and the drawn one, the lenses of such sites, both ends of the height and the drawn
one. A view's weight is the flow of people through it, in person-seconds a day, times the probability that each metre
identifies (unmasked, by a viewer who compares with `gallery_suspects` people). The views with the smallest and the
largest weight form two more sets of cameras, `fewest` and `most`. The sum of weights over cameras cannot lie outside
theirs. A metric that only increases with passes follows it; other metrics have no band.

Limits: each camera is weighed alone, even if two see the same stretch; streets are weighed metre by metre; the people
are a sample of the flow; indoor and unmapped cameras stay as drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX, curve_table
from privacysim.people import Block
from privacysim.scenario import Scenario
from privacysim.sight import passes_kernel as kernel
from privacysim.sight.coverage import BareCameras, coverage
from privacysim.sight.occlusion import city_walls, outdoor_positions
from privacysim.sight.optics import (
    ViewChoices,
    density_at_1_m,
    drop_m,
    range_m,
    site_of,
    tilted_reach_m,
    view_choices,
)
from privacysim.units import TICKS_PER_S
from privacysim.world.cameras import Cameras
from privacysim.world.placed import Placed, placed_cameras

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Camera sets with the fewest and the most identifications, around the drawn set.

    `seconds` (mapped cameras, 3): identifiable person-seconds a day with the fewest, the drawn and the most.
    """

    fewest: Cameras
    most: Cameras
    seconds: Floats
    headings: int
    """Number of mapped street cameras with an unmapped heading; likewise lenses, heights."""
    lenses: int
    heights: int


def flow(city: City, block: Block) -> Floats:
    """Compute person-seconds a day on each metre of each directed edge (2·edge + direction), from all walks."""
    often = np.bitwise_count(block.tour_mask).sum(axis=1) / block.days * block.weight[block.tour_person]
    amount = often[block.walk_tour] * 1_000.0 / (block.walk_mm_per_tick.astype(np.float64) * TICKS_PER_S)
    made = np.zeros(2 * city.edge_u.size)
    kernel.walked(block.walk_hub, block.walk_node, block.walk_reach_mm, block.walk_towards, amount, city.trees,
                  city.adj_start, city.adj_node, city.adj_edge, city.edge_u, city.edge_mm, made)  # fmt: skip
    return made


def band(
    city: City, scenario: Scenario, cameras: Cameras, people: Floats, stated: Placed | None = None
) -> Band | None:
    """Compute the band around a replicate's cameras from the `flow` of people; None if no camera is mapped.

    `stated`: `World.stated`, for cameras from a DataFrame.
    """
    placed = placed_cameras(city, scenario.cameras.file, stated)
    if placed is None:
        return None
    street = np.flatnonzero(~cameras.indoor[: len(placed)])
    unknown = _unknown(placed)[street]
    open_to = street[unknown.any(axis=1)]
    fewest, most = ({name: getattr(cameras, name).copy() for name in _FIELDS} for _ in range(2))
    seconds = np.zeros((len(placed), 3))
    stretches = _stretches(city, placed, cameras, street, people)
    walls = city_walls(city)
    x, y = (np.asarray(values, dtype=np.float64)[street] for values in (cameras.x, cameras.y))
    if walls is not None:
        x, y, _ = outdoor_positions(walls, x, y)
    for n, camera in enumerate(street.tolist()):
        heading, hfov, width, mount = (getattr(cameras, name)[[camera]].astype(np.float64) for name in _FIELDS[:4])
        drawn = ViewChoices(heading, hfov, width, mount, np.ones(1))
        site = site_of(int(cameras.operator[camera]))
        own = view_choices(placed, camera, site, site, drawn)
        tilt = np.nan if placed.turns[camera] else placed.tilt_deg[camera]
        parts = (x[n], y[n], *stretches[n], placed.range_m[camera], tilt)
        seconds[camera, 1] = _weigh(drawn, *parts).item()
        if camera in open_to:
            weight = _weigh(own, *parts)
            for made, column, at in ((fewest, 0, int(weight.argmin())), (most, 2, int(weight.argmax()))):
                seconds[camera, column] = weight.flat[at]
                _take(made, camera, own, np.unravel_index(at, weight.shape), placed)
        else:
            seconds[camera, [0, 2]] = seconds[camera, 1]
    return Band(replace(cameras, **fewest), replace(cameras, **most), seconds, *unknown.sum(axis=0).tolist())


_FIELDS = ("heading_deg", "hfov_deg", "width_px", "mount_m", "range_m")


def _unknown(placed: Placed) -> NDArray[np.bool_]:
    """Return for each mapped camera whether its heading, its lens and its height are missing from the map."""
    heading = ~placed.heading_known
    lens = np.isnan(placed.width_px) | ~(placed.hfov_deg < 360.0)
    return np.column_stack([heading, lens, np.isnan(placed.mount_m)])


def _take(made: dict[str, NDArray], camera: int, own: ViewChoices, at: Sequence[np.intp], placed: Placed) -> None:
    lens, height, heading = at
    made["hfov_deg"][camera], made["width_px"][camera] = own.hfov_deg[lens], own.width_px[lens]
    made["mount_m"][camera], made["heading_deg"][camera] = own.mount_m[height], own.heading_deg[heading]
    stated = placed.range_m[camera]
    reach = range_m(own.width_px[lens], own.hfov_deg[lens])
    reach = reach if np.isnan(stated) else np.hypot(stated, drop_m(own.mount_m[height]))
    tilt = np.nan if placed.turns[camera] else placed.tilt_deg[camera]
    made["range_m"][camera] = min(float(reach), float(_tilted(own, int(height), tilt)[lens]))


def _tilted(own: ViewChoices, height: int, tilt: float) -> Floats:
    """Return the slant reach of each lens at one height, limited by the tilt."""
    mount = own.mount_m[height]
    return np.hypot(tilted_reach_m(tilt, own.hfov_deg, mount), drop_m(mount))


def _weigh(own: ViewChoices, x: float, y: float, ends: tuple[Floats, ...], amount: Floats, stated: float, tilt: float
           ) -> Floats:  # fmt: skip
    """Compute identifiable person-seconds a day of every combination (lens, height, heading)."""
    known = facts()
    heights = list[Floats]()
    reach = range_m(own.width_px, own.hfov_deg)
    ground = known.value("view_range_max_m") if np.isnan(stated) else stated
    reach = reach if np.isnan(stated) else np.full(reach.size, np.inf)
    chance = curve_table([("none", round(known.value("gallery_suspects")))])[0, 0]
    for height in range(own.mount_m.size):
        out = np.zeros((own.hfov_deg.size, 1, own.heading_deg.size))
        kernel.weigh(  # type: ignore[call-arg]
            x, y, *ends, amount, np.radians(own.heading_deg), np.radians(own.hfov_deg),
            density_at_1_m(own.width_px, own.hfov_deg), np.minimum(reach, _tilted(own, height, tilt)), ground,
            drop_m(own.mount_m[height : height + 1]), chance, STEPS_PER_PX * known.value("face_width_m"),
            np.cos(np.radians(known.value("frontal_half_angle_deg"))), out,
        )  # fmt: skip
        heights.append(out)
    return np.concatenate(heights, axis=1)


def _stretches(city: City, placed: Placed, cameras: Cameras, street: NDArray[np.int64], people: Floats
               ) -> list[tuple[tuple[Floats, ...], Floats]]:  # fmt: skip
    """Return, per street camera, the stretches a → b that no building hides, and the flow on each metre of them."""
    size, face = len(cameras), facts().value("face_height_m")
    reach = np.full(size, facts().value("view_range_max_m"), dtype=np.float32)
    stated = ~np.isnan(placed.range_m)
    reach[: len(placed)][stated] = placed.range_m[stated]
    # all-round cameras at face height see everything visible within reach
    all_round = BareCameras(
        cameras.x, cameras.y, np.full(size, np.nan, np.float32), np.full(size, 360, np.float32),
        np.ones(size, np.int32), np.full(size, face, np.float32), reach, np.zeros(size, dtype=bool),
        np.full(size, -1, dtype=np.int64))  # fmt: skip
    seen = coverage(city, all_round, street, entrances=False)
    way = np.repeat(np.arange(seen.piece_start.size - 1), np.diff(seen.piece_start))
    edge, backwards = way // 2, way % 2 == 1
    first, last = (np.where(flag, city.edge_v[edge], city.edge_u[edge]) for flag in (backwards, ~backwards))
    ends = []
    for share in (seen.piece_from / city.edge_mm[edge], seen.piece_to / city.edge_mm[edge]):
        for axis in (city.node_x, city.node_y):
            ends.append(axis[first] + share * (axis[last] - axis[first]))
    order = np.argsort(seen.piece_camera, kind="stable")
    bounds = np.searchsorted(seen.piece_camera[order], np.arange(street.size + 1))
    columns, amount = [values[order] for values in ends], people[way[order]]
    cuts = [slice(bounds[n], bounds[n + 1]) for n in range(street.size)]
    return [(tuple(values[cut] for values in columns), amount[cut]) for cut in cuts]
