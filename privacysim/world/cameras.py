"""Cameras of one replicate: their number, positions, owners and fields of view.

Camera i is a function of (seed, k, i) and the city alone, so adding a camera changes no other. A mapped city has the
cameras on the map; what the map does not state (heading, lens, operator) is drawn per replicate. If the scenario states
the map's recall, the unmapped street cameras are drawn and appended, as in a synthetic city.
"""

from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from privacysim import tables
from privacysim.city.city_model import City
from privacysim.draws import Bools, Bytes, Floats, Ints, stream_key, uniforms
from privacysim.errors import one_line
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.sight.coverage import BareCameras
from privacysim.sight.optics import SITES, draw_optics, drop_m, range_m, tilted_reach_m
from privacysim.vocabulary import OPERATORS, REGIMES, SCENES, SECRETS
from privacysim.world.chances import counted_rows
from privacysim.world.placed import Placed, Siting, operator_of_categories, placed_cameras, siting

HOUSEHOLD_FIRST_ID = 1 << 33
"""Custodian ids of households start here: this + camera_id."""
_PORTION, _POINTS = 1 << 20, 1 << 10
"""Cameras drawn, and points around which cameras are looked for, at a time."""
_POLICE, _OTHER_STATE, _COMMERCIAL, _COMPOUND, _HOME = range(len(OPERATORS))
_STATE, _OTHER, _COMMON, _PRIVATE_HOME, _SECRET = map(REGIMES.index, (
    "public_state", "public_other", "residential_common", "private_home", "secret_adjacent"))  # fmt: skip
_STREET, _INTERIOR = map(SCENES.index, ("street", "public_interior"))


@dataclass(frozen=True, slots=True)
class Cameras(BareCameras):
    """Cameras indexed by position (= `camera_id`); codes as in vocabulary.py, columns as in the table `cameras`."""

    __repr__ = one_line

    heading_known: Bools
    custodian_id: Ints
    """Place id; public security: number of places + police district; households: HOUSEHOLD_FIRST_ID + camera."""
    platform_id: NDArray[np.int16]
    operator: Bytes
    regime: Bytes
    social: Bools
    secret: Bytes
    scene: Bytes
    """What the camera films: the street, or (`indoor`) the grounds of its place: rooms, lifts, corridors and yards."""

    def __len__(self) -> int:
        return self.x.size

    def frame(self, replicate: int) -> pd.DataFrame:
        """Return the table `cameras`."""
        names = [field.name for field in fields(self) if field.name not in ("x", "y", "scene")]
        return tables.frame("cameras", {
            "replicate": replicate, "camera_id": np.arange(len(self)), "x_m": self.x, "y_m": self.y,
            **{name: getattr(self, name) for name in names},
        })


def sample_cameras(city: City, scenario: Scenario, seed: int, k: int,
                   own: pd.DataFrame | Placed | None = None) -> Cameras:
    """Draw the cameras of replicate k: `round(per_1000 · people / 1000)` of them, or those stated (`own`, mapped)."""
    placed = placed_cameras(city, scenario.cameras.file, own)
    if placed is not None:
        mapped = _mapped(city, scenario, stream_key(seed, k, "cameras"), placed)
        missing = unmapped_count(scenario, int((~mapped.indoor).sum()), seed, k)
        if not missing:
            return mapped
        ids = len(mapped) + np.arange(missing)
        others = _sited(city, scenario, siting(city, scenario), stream_key(seed, k, "unmapped cameras"), ids, True)
        return joined_cameras([mapped, others])
    count = round(scenario.cameras.per_1000.number * scenario.population.people.number / 1000.0)
    law, key = siting(city, scenario), stream_key(seed, k, "cameras")
    # in portions, because the marks of a dense city would fill the memory; the portions do not affect the draws
    return joined_cameras([_sited(city, scenario, law, key, np.arange(first, min(first + _PORTION, count)))
                           for first in range(0, max(count, 1), _PORTION)])  # fmt: skip


def joined_cameras(parts: list[Cameras]) -> Cameras:
    """Concatenate cameras, in the dtypes of the first part."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Cameras))
    return Cameras(*(np.concatenate(one, dtype=one[0].dtype, casting="unsafe") for one in columns))


def cameras_near(cameras: Cameras, members: Ints, x: NDArray[np.float32], y: NDArray[np.float32], reach_m: float,
                 most: int | None = None) -> tuple[Ints, Ints]:
    """Find the `most` nearest of some cameras within reach of each point, ascending: offsets and positions."""
    tree = cKDTree(np.column_stack((cameras.x[members], cameras.y[members])))
    points, found, sizes = np.column_stack((x, y)), [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first in range(0, len(points), _POINTS):
        here = slice(first, first + _POINTS)
        # a metre more, because the positions are of single precision: the distances below decide
        around = tree.query_ball_point(points[here], reach_m + 1.0, return_sorted=True)
        point, _ = counted_rows(np.array([len(near) for near in around]))
        some = members[np.fromiter(chain.from_iterable(around), np.intp, point.size)]
        apart = np.hypot(cameras.x[some] - x[here][point], cameras.y[some] - y[here][point])
        inside = np.flatnonzero(apart <= reach_m)
        nearest = inside[np.lexsort((apart[inside], point[inside]))]
        _, rank = counted_rows(np.bincount(point[nearest], minlength=len(around)))
        kept = nearest[rank < most] if most is not None else nearest
        found.append(some[kept][np.lexsort((some[kept], point[kept]))])
        sizes.append(np.bincount(point[kept], minlength=len(around)))
    return np.append(0, np.cumsum(np.concatenate(sizes))), np.concatenate(found)


def slant_reach_m(width_px: ArrayLike, hfov_deg: ArrayLike, mount_m: ArrayLike, stated_m: ArrayLike,
                  tilt_deg: ArrayLike) -> Floats:
    """Return the slant distance (m) to which cameras see: by their lens, or as stated, and limited by their tilt.

    A stated reach is along the ground; NaN where neither it nor the tilt is stated.
    """
    drop = drop_m(mount_m)
    reach = np.where(np.isnan(stated_m), range_m(width_px, hfov_deg), np.hypot(stated_m, drop))
    return np.minimum(reach, np.hypot(tilted_reach_m(tilt_deg, hfov_deg, mount_m), drop))


def unmapped_count(scenario: Scenario, mapped: int, seed: int, k: int) -> int:
    """Draw the number of unmapped street cameras in replicate k, given `mapped` cameras on the map.

    Each camera is mapped with probability r, the recall. Given r, the number missed is negative binomial (mapped, r)
    with mean mapped·(1 − r)/r (Johnson, Kemp and Kotz 2005). r itself is triangular over the stated range. The result
    is 0 where no recall is stated.
    """
    recall = scenario.cameras.recall
    if recall is None or mapped == 0:
        return 0
    from scipy.stats import nbinom

    spread, count = uniforms(stream_key(seed, k, "recall"), np.arange(1), 2)[0]
    (low, high), mode = recall.range, recall.number
    share = (mode - low) / (high - low) if high > low else 0.0
    r = (low + np.sqrt(spread * (high - low) * (mode - low)) if spread < share
         else high - np.sqrt((1.0 - spread) * (high - low) * (high - mode)))
    return int(nbinom.ppf(count, mapped, r)) if r < 1.0 else 0


def _sited(city: City, scenario: Scenario, law: Siting, key: int, ids: Ints, street: bool = False) -> Cameras:
    """Draw the cameras with these ids by the siting model; with `street`, none is indoors."""
    section = scenario.cameras
    u = uniforms(key, ids, 10)
    operator = np.searchsorted(law.operator_bounds[:-1], u[:, 0] * law.operator_bounds[-1], side="right")
    place = np.full(ids.size, -1, dtype=np.int64)
    for code, bounds in law.place_bounds.items():
        own = np.flatnonzero(operator == code)
        place[own] = np.searchsorted(bounds, u[own, 1] * bounds[-1], side="right")
    inside = np.zeros(len(OPERATORS))
    inside[[_OTHER_STATE, _COMMERCIAL]] = section.indoor_share_commercial.number
    inside[_COMPOUND], inside[_HOME] = section.indoor_share_compound.number, section.indoor_share_home.number
    indoor = (u[:, 6] < inside[operator]) & (not street)
    at_place = place >= 0
    node = np.where(at_place, city.place_node[place], 0).astype(np.int64)
    x, y = np.where(at_place, city.place_x[place], 0.0), np.where(at_place, city.place_y[place], 0.0)
    east, north = city.node_x[node] - x, city.node_y[node] - y
    # a camera on a front roughly faces the street before it; where the front is not known, it may face anywhere
    spread = facts().value("heading_spread_deg")
    ahead = np.degrees(np.arctan2(east, north)) + spread * (u[:, 3] - 0.5)
    heading = np.where(indoor | (np.hypot(east, north) <= 1.0), 360.0 * u[:, 3], ahead)
    police = np.flatnonzero(operator == _POLICE)
    x[police], y[police], heading[police], node[police] = _on_roads(city, scenario, law, u[police])
    x, y, heading = (values.astype(np.float32) for values in (x, y, heading % 360.0))
    return _assembled(city, scenario, ids, x, y, heading, operator, place, indoor, node, u)


def _on_roads(city: City, scenario: Scenario, law: Siting, u: Floats) -> tuple[Floats, Floats, Floats, Ints]:
    """Place public security's cameras: behind a junction facing one of its streets, or beside a main road."""
    junction_share, offset = scenario.cameras.junction_share.number, facts().value("pole_offset_m")
    at_junction = u[:, 1] < junction_share
    where = np.where(at_junction, u[:, 1] / junction_share, (u[:, 1] - junction_share) / (1 - junction_share))
    node = law.junctions[np.minimum((where * law.junctions.size).astype(np.int64), law.junctions.size - 1)]
    degree = city.adj_start[node + 1] - city.adj_start[node]
    towards = city.adj_node[city.adj_start[node] + np.minimum((u[:, 2] * degree).astype(np.int64), degree - 1)]
    row = np.searchsorted(law.edge_bounds, where * law.edge_bounds[-1], side="right")
    edge = law.edges[np.minimum(row, law.edges.size - 1)]
    start = np.where(at_junction, node, city.edge_u[edge])
    end = np.where(at_junction, towards, city.edge_v[edge])
    east, north = city.node_x[end] - city.node_x[start], city.node_y[end] - city.node_y[start]
    length = np.maximum(np.hypot(east, north), 1e-9)
    east, north = east / length, north / length
    along = np.where(at_junction, -offset, u[:, 2] * length)
    beside = np.where(at_junction, 0.0, offset)
    x = city.node_x[start] + along * east + beside * north
    y = city.node_y[start] + along * north - beside * east
    backwards = ~at_junction & (u[:, 3] < 0.5)
    return x, y, np.degrees(np.arctan2(east, north)) + np.where(backwards, 180.0, 0.0), start


def _assembled(city: City, scenario: Scenario, ids: Ints, x: NDArray[np.float32], y: NDArray[np.float32],
               heading: NDArray[np.float32], operator: NDArray[np.integer], place: Ints, indoor: Bools, node: Ints,
               u: Floats) -> Cameras:
    """Derive the remaining columns from each camera's position and operator."""
    state, at_place = operator <= _OTHER_STATE, place >= 0
    site = np.where(indoor, SITES.index("indoor"), np.where(state, SITES.index("state"), SITES.index("outdoor")))
    optics = draw_optics(site.astype(np.uint8), u[:, 4], u[:, 5])
    worst = np.zeros(city.node_x.size, dtype=np.uint8)  # the most serious secret of the places at each node
    np.maximum.at(worst, city.place_node, city.place_secret)
    secret = np.where(at_place, city.place_secret[place], worst[node]).astype(np.uint8)
    regime = np.where(at_place, city.place_regime[place], _STATE)
    # outside an office or a workshop is again a public place; only its inside is not
    regime = np.where(~indoor & (regime == _COMMON), _OTHER, regime)
    regime = np.where(operator == _HOME, _PRIVATE_HOME, regime)
    regime = np.where(~at_place & (secret == SECRETS.index("state")), _SECRET, regime).astype(np.uint8)
    scene = np.where(indoor, np.maximum(city.place_scene[place], _INTERIOR), _STREET).astype(np.uint8)
    on_platform = ~state & (u[:, 7] < scenario.cameras.platform_share.number)
    platform = np.where(on_platform, (u[:, 8] * scenario.cameras.platforms.number).astype(np.int16), np.int16(-1))
    # public security has one custodian in each square of a grid
    side = scenario.cameras.police_district_m.number
    west, south = float(city.node_x.min()) - side / 2, float(city.node_y.min()) - side / 2
    columns = int((float(city.node_x.max()) - west) // side) + 2
    column = np.clip((x - west) // side, 0, columns - 1).astype(np.int64)
    district = np.maximum((y - south) // side, 0).astype(np.int64) * columns + column
    custodian = np.where(at_place, place, city.place_x.size + district)
    custodian = np.where(operator == _HOME, HOUSEHOLD_FIRST_ID + ids, custodian)
    return Cameras(x, y, heading, optics.hfov_deg, optics.width_px, optics.mount_m, optics.range_m, indoor, place,
                   np.ones(ids.size, dtype=bool), custodian, platform, operator.astype(np.uint8), regime, ~state,
                   secret, scene)  # fmt: skip


def _mapped(city: City, scenario: Scenario, key: int, placed: Placed) -> Cameras:
    """Return the cameras on the map, in its order; mapped values are kept, a turning camera has no heading (NaN)."""
    ids = np.arange(len(placed))
    u = uniforms(key, ids, 10)
    known, section = placed.heading_known, scenario.cameras
    heading = np.where(known, np.where(placed.turns, np.nan, placed.heading_deg), 360.0 * u[:, 3]).astype(np.float32)
    node, place = (cKDTree(np.column_stack(points)).query(np.column_stack((placed.x, placed.y)))[1]
                   for points in ((city.node_x, city.node_y), (city.place_x, city.place_y)))  # fmt: skip
    # operators are seldom mapped: draw public security in its share, and give the rest to the nearest place
    police = u[:, 0] < section.public_share.number * (1 - section.other_state_share.number)
    operator = np.where(police, _POLICE, operator_of_categories()[city.place_category[place]])
    operator = np.where(placed.operator >= 0, placed.operator, operator)
    place = np.where(operator == _POLICE, -1, place)
    indoor = placed.indoor & (operator != _POLICE)
    drawn = _assembled(city, scenario, ids, placed.x, placed.y, heading, operator, place, indoor, node, u)
    told: dict[str, Any] = {
        "hfov_deg": np.where(placed.hfov_deg < 360.0, placed.hfov_deg, drawn.hfov_deg).astype(np.float32),
        "width_px": np.where(np.isnan(placed.width_px), drawn.width_px, placed.width_px).astype(np.int32),
        "mount_m": np.where(np.isnan(placed.mount_m), drawn.mount_m, placed.mount_m).astype(np.float32),
        "regime": np.where(placed.regime >= 0, placed.regime, drawn.regime).astype(np.uint8),
    }
    reach = slant_reach_m(told["width_px"], told["hfov_deg"], told["mount_m"], placed.range_m, placed.tilt_in_use)
    return replace(drawn, heading_known=known, range_m=reach.astype(np.float32), **told)
