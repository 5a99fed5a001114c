"""Uncertainty band for unmapped camera views: the views that show fewest and most of the people passing by.

A replicate draws unknown headings, lenses and heights from the prior. In addition, we weigh every view that a mapped
street camera may have: 36 headings and the drawn one, the lenses of such sites, both ends of the height and the drawn
one. A view's weight is the flow of people through it, in person-seconds a day, times the probability that each metre
identifies (unmasked, by a viewer who compares with `gallery_suspects` people). The sum of weights over cameras cannot
lie outside those of the lightest and the heaviest views. A metric that only increases with passes follows it; other
metrics have no band. Limits: each camera is weighed alone; indoor and unmapped cameras stay as drawn.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.draws import Floats, Ints
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX, curve_table
from privacysim.people import Block
from privacysim.scenario import Scenario
from privacysim.sight import passes_kernel as kernel
from privacysim.sight.coverage import BareCameras, coverage
from privacysim.sight.occlusion import city_walls, outdoor_positions
from privacysim.sight.optics import ViewChoices, density_at_1_m, drop_m, site_of, view_choices
from privacysim.units import TICKS_PER_S
from privacysim.world.cameras import Cameras, slant_reach_m
from privacysim.world.placed import Placed, placed_cameras

_FIELDS = ("heading_deg", "hfov_deg", "width_px", "mount_m")


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


def band(city: City, scenario: Scenario, cameras: Cameras, people: Floats, stated: Placed | None = None) -> Band | None:
    """Compute the band around a replicate's cameras from the `flow` of people; None if no camera is mapped."""
    placed = placed_cameras(city, scenario.cameras.file, stated)
    if placed is None:
        return None
    street = np.flatnonzero(~cameras.indoor[: len(placed)])
    no_lens = np.isnan(placed.width_px) | ~(placed.hfov_deg < 360.0)
    unknown = np.column_stack([~placed.heading_known, no_lens, np.isnan(placed.mount_m)])[street]
    fewest, most = ({name: getattr(cameras, name).copy() for name in (*_FIELDS, "range_m")} for _ in range(2))
    seconds = np.zeros((len(placed), 3))
    walls = city_walls(city)
    x, y = (np.asarray(values, dtype=np.float64)[street] for values in (cameras.x, cameras.y))
    if walls is not None:
        x, y, _ = outdoor_positions(walls, x, y)
    stretches = _stretches(city, placed, cameras, street, people)
    for n, camera in enumerate(street.tolist()):
        heading, hfov, width, mount = (getattr(cameras, name)[[camera]].astype(np.float64) for name in _FIELDS)
        drawn = ViewChoices(heading, hfov, width, mount, np.ones(1))
        reach, tilt = float(placed.range_m[camera]), float(placed.tilt_in_use[camera])
        parts = ((x[n], y[n]), stretches[n], reach, tilt)
        seconds[camera] = _weigh(drawn, *parts).item()
        if not unknown[n].any():
            continue
        site = site_of(int(cameras.operator[camera]))
        own = view_choices(placed, camera, site, site, drawn)
        weight = _weigh(own, *parts)
        for made, column, at in ((fewest, 0, int(weight.argmin())), (most, 2, int(weight.argmax()))):
            seconds[camera, column] = weight.flat[at]
            lens, height, heading = np.unravel_index(at, weight.shape)
            view = own.heading_deg[heading], own.hfov_deg[lens], own.width_px[lens], own.mount_m[height]
            far = slant_reach_m(view[2], view[1], view[3], reach, tilt)
            for name, value in zip((*_FIELDS, "range_m"), (*view, far), strict=True):
                made[name][camera] = value
    return Band(replace(cameras, **fewest), replace(cameras, **most), seconds, *unknown.sum(axis=0).tolist())


def _weigh(own: ViewChoices, at: tuple[float, float], stretches: tuple[Floats, ...], stated: float,
           tilt: float) -> Floats:
    """Compute identifiable person-seconds a day of every combination (lens, height, heading)."""
    known = facts()
    ground = known.value("view_range_max_m") if np.isnan(stated) else stated
    chance = curve_table([("none", round(known.value("gallery_suspects")))])[0, 0]
    out = np.zeros((own.mount_m.size, own.hfov_deg.size, 1, own.heading_deg.size))
    for height, mount in enumerate(own.mount_m):
        # a stated reach is along the ground, where the kernel limits it
        reach = slant_reach_m(own.width_px, own.hfov_deg, mount, np.nan if np.isnan(stated) else np.inf, tilt)
        kernel.weigh(
            *at, *stretches, np.radians(own.heading_deg), np.radians(own.hfov_deg),
            density_at_1_m(own.width_px, own.hfov_deg), reach, ground, drop_m(own.mount_m[height : height + 1]), chance,
            STEPS_PER_PX * known.value("face_width_m"), np.cos(np.radians(known.value("frontal_half_angle_deg"))),
            out[height],
        )  # fmt: skip
    return np.moveaxis(out[:, :, 0], 0, 1)


def _stretches(city: City, placed: Placed, cameras: Cameras, street: Ints,
               people: Floats) -> list[tuple[NDArray[np.float64], ...]]:
    """Return, per street camera, the stretches a → b that no building hides (ax, ay, bx, by), and the flow on them."""
    size, face = len(cameras), facts().value("face_height_m")
    reach = np.full(size, facts().value("view_range_max_m"), dtype=np.float32)
    stated = ~np.isnan(placed.range_m)
    reach[: len(placed)][stated] = placed.range_m[stated]
    # all-round cameras at face height see everything visible within reach
    all_round = BareCameras(cameras.x, cameras.y, np.full(size, np.nan, np.float32), np.full(size, 360, np.float32),
                            np.ones(size, np.int32), np.full(size, face, np.float32), reach, np.zeros(size, dtype=bool),
                            np.full(size, -1, dtype=np.int64))
    seen = coverage(city, all_round, street, entrances=False)
    way = np.repeat(np.arange(seen.piece_start.size - 1), np.diff(seen.piece_start))
    edge, backwards = way // 2, way % 2 == 1
    first, last = (np.where(flag, city.edge_v[edge], city.edge_u[edge]) for flag in (backwards, ~backwards))
    columns = [axis[first] + share * (axis[last] - axis[first])
               for share in (seen.piece_from / city.edge_mm[edge], seen.piece_to / city.edge_mm[edge])
               for axis in (city.node_x, city.node_y)]  # fmt: skip
    columns.append(people[way])
    order = np.argsort(seen.piece_camera, kind="stable")
    bounds = np.searchsorted(seen.piece_camera[order], np.arange(street.size + 1))
    cuts = [order[bounds[n]:bounds[n + 1]] for n in range(street.size)]
    return [tuple(values[cut] for values in columns) for cut in cuts]
