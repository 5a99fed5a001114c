"""Cameras of one replicate: their number, positions, owners and fields of view.

A synthetic city has `per_1000` × population of them. Camera i is a function of (seed, k, i) and the city alone, so
adding a camera changes no other. A mapped city (OpenStreetMap) has exactly the cameras on the map. What the map does
not state (heading, lens, operator) is drawn per replicate; `heading_known` marks stated headings. If the scenario
states the map's recall, the unmapped street cameras are drawn and appended, as in a synthetic city.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.city.city_model import City
from privacysim.draws import stream_key, uniforms
from privacysim.errors import one_line
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.sight.coverage import BareCameras
from privacysim.sight.optics import SITES, draw_optics, drop_m, range_m, tilted_reach_m
from privacysim.vocabulary import OPERATORS, REGIMES, SCENES, SECRETS
from privacysim.world.chances import Ints, joined_rows
from privacysim.world.placed import Placed, Siting, operator_of_categories, placed_cameras, secret_of_nodes, siting

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

HOUSEHOLD_FIRST_ID = 1 << 33
"""Custodian ids of households start here: this + camera_id."""
_PORTION = 1 << 20
_POLICE, _OTHER_STATE, _COMMERCIAL, _COMPOUND, _HOME = range(len(OPERATORS))
_STATE, _OTHER, _COMMON, _PRIVATE_HOME, _SECRET = (
    REGIMES.index(word)
    for word in ("public_state", "public_other", "residential_common", "private_home", "secret_adjacent")
)
_STREET, _INTERIOR = (SCENES.index(word) for word in ("street", "public_interior"))
_STATE_SECRET = SECRETS.index("state")


@dataclass(frozen=True, slots=True)
class Cameras(BareCameras):
    """Cameras indexed by position (= `camera_id`); codes as in vocabulary.py, columns as in the table `cameras`."""

    __repr__ = one_line

    heading_known: Bools
    custodian_id: NDArray[np.int64]
    """Place id; public security: number of places + police district; households: HOUSEHOLD_FIRST_ID + camera."""
    platform_id: NDArray[np.int16]
    operator: Bytes
    regime: Bytes
    social: Bools
    secret: Bytes
    scene: Bytes
    """What the camera films: the street if outdoors, the place's scene if indoors."""

    def __len__(self) -> int:
        return self.x.size

    def frame(self, replicate: int) -> pd.DataFrame:
        """Return the table `cameras`."""
        names = [field.name for field in fields(self) if field.name not in ("x", "y", "scene")]
        return tables.frame("cameras", {
            "replicate": np.full(len(self), replicate), "camera_id": np.arange(len(self)), "x_m": self.x, "y_m": self.y,
            **{name: getattr(self, name) for name in names},
        })


def sample_cameras(
    city: City, scenario: Scenario, seed: int, k: int, own: pd.DataFrame | Placed | None = None
) -> Cameras:
    """Draw the cameras of replicate k: `round(per_1000 · people / 1000)` of them, or the stated ones.

    `own`: a DataFrame of cameras with the columns of `placed.CAMERA_COLUMNS`, for any city. Values that it leaves out
    are drawn as for a mapped camera with a missing tag.
    """
    placed = placed_cameras(city, scenario.cameras.file, own)
    if placed is not None:
        mapped = _mapped(city, scenario, seed, k, placed)
        missing = unmapped_count(scenario, int((~mapped.indoor).sum()), seed, k)
        if not missing:
            return mapped
        ids = len(mapped) + np.arange(missing)
        others = _sited(city, scenario, siting(city, scenario), stream_key(seed, k, "unmapped cameras"), ids, True)
        return joined_cameras([mapped, others])
    count = round(scenario.cameras.per_1000.number * scenario.population.people.number / 1000.0)
    law, key = siting(city, scenario), stream_key(seed, k, "cameras")
    # in portions, because the marks of a dense city would fill the memory; the portions do not affect the draws
    parts = [_sited(city, scenario, law, key, np.arange(first, min(first + _PORTION, count)))
             for first in range(0, max(count, 1), _PORTION)]
    return joined_cameras(parts)


def joined_cameras(parts: list[Cameras]) -> Cameras:
    """Concatenate cameras, in the dtypes of the first part."""
    parts = [part for part in parts if len(part)] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Cameras))
    return Cameras(*(np.concatenate(one, dtype=one[0].dtype) for one in columns))


def cameras_near(
    cameras: Cameras, members: NDArray[np.intp], x: F32, y: F32, reach_m: float, most: int | None = None
) -> tuple[Ints, Ints]:
    """Find the `most` nearest of some cameras within reach of each point, ascending: offsets and positions."""
    rows = []
    for px, py in zip(x, y, strict=True):
        apart = np.hypot(cameras.x[members] - px, cameras.y[members] - py)
        inside = np.flatnonzero(apart <= reach_m)
        rows.append(np.sort(members[inside[np.lexsort((inside, apart[inside]))][:most]]))
    return joined_rows(rows)


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
    low, high = recall.range
    mode = recall.number
    share = (mode - low) / (high - low) if high > low else 0.0
    r = (low + np.sqrt(spread * (high - low) * (mode - low)) if spread < share
         else high - np.sqrt((1.0 - spread) * (high - low) * (high - mode)))
    return int(nbinom.ppf(count, mapped, r)) if r < 1.0 else 0


def _sited(city: City, scenario: Scenario, law: Siting, key: int, ids: NDArray[np.int64], street: bool = False
           ) -> Cameras:  # fmt: skip
    """Draw the cameras with these ids; with `street`, none is indoors."""
    count = ids.size
    u = uniforms(key, ids, 10)
    operator = np.searchsorted(law.operator_bounds[:-1], u[:, 0] * law.operator_bounds[-1], side="right")
    place = np.full(count, -1, dtype=np.int64)
    for code, bounds in law.place_bounds.items():
        own = np.flatnonzero(operator == code)
        place[own] = np.searchsorted(bounds, u[own, 1] * bounds[-1], side="right")
    indoor = np.zeros(count, dtype=bool) if street else _indoor(scenario, operator, u[:, 6])
    x, y, heading, node = _stands(city, scenario, law, operator, place, indoor, u)
    stands = (x, y, heading, np.ones(count, dtype=bool))
    return _assembled(city, scenario, ids, stands, operator, place, indoor, node, u)


def _indoor(scenario: Scenario, operator: NDArray[np.intp], mark: Floats) -> Bools:
    share = np.zeros(len(OPERATORS))
    share[[_OTHER_STATE, _COMMERCIAL]] = scenario.cameras.indoor_share_commercial.number
    share[_COMPOUND] = scenario.cameras.indoor_share_compound.number
    return mark < share[operator]


def _stands(
    city: City, scenario: Scenario, law: Siting, operator: NDArray[np.intp], place: NDArray[np.int64], indoor: Bools,
    u: Floats,
) -> tuple[F32, F32, F32, NDArray[np.int64]]:
    """Draw the position, heading and nearest node of each camera."""
    node = np.where(place >= 0, city.place_node[place], 0).astype(np.int64)
    x, y = np.where(place >= 0, city.place_x[place], 0.0), np.where(place >= 0, city.place_y[place], 0.0)
    east, north = city.node_x[node] - x, city.node_y[node] - y
    aimed = np.hypot(east, north) > 1.0
    # a camera on a front roughly faces the street before it; where the front is not known, it may face anywhere
    spread = facts().value("heading_spread_deg")
    heading = np.where(aimed, np.degrees(np.arctan2(east, north)) + spread * (u[:, 3] - 0.5), 360.0 * u[:, 3])
    heading = np.where(indoor, 360.0 * u[:, 3], heading)
    police = np.flatnonzero(operator == _POLICE)
    x[police], y[police], heading[police], node[police] = _on_roads(city, scenario, law, u[police])
    return x.astype(np.float32), y.astype(np.float32), (heading % 360.0).astype(np.float32), node


def _on_roads(
    city: City, scenario: Scenario, law: Siting, u: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
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
    heading = np.degrees(np.arctan2(east, north)) + np.where(backwards, 180.0, 0.0)
    return x, y, heading, start


def _assembled(
    city: City, scenario: Scenario, ids: NDArray[np.int64], stands: tuple[F32, F32, F32, Bools],
    operator: NDArray[np.intp], place: NDArray[np.int64], indoor: Bools, node: NDArray[np.int64], u: Floats,
) -> Cameras:
    """Derive the remaining columns from each camera's position and operator."""
    x, y, heading, known = stands
    state = operator <= _OTHER_STATE
    site = np.where(indoor, SITES.index("indoor"), np.where(state, SITES.index("state"), SITES.index("outdoor")))
    optics = draw_optics(site.astype(np.uint8), u[:, 4], u[:, 5])
    at_place = place >= 0
    secret = np.where(at_place, city.place_secret[place], secret_of_nodes(city)[node]).astype(np.uint8)
    regime = np.where(at_place, city.place_regime[place], _STATE)
    # outside an office or a workshop is again a public place; only its inside is not
    regime = np.where(~indoor & (regime == _COMMON), _OTHER, regime)
    regime = np.where(operator == _HOME, _PRIVATE_HOME, regime)
    regime = np.where(~at_place & (secret == _STATE_SECRET), _SECRET, regime).astype(np.uint8)
    scene = np.where(indoor, np.maximum(city.place_scene[place], _INTERIOR), _STREET).astype(np.uint8)
    platforms = scenario.cameras.platforms.number
    on_platform = ~state & (u[:, 7] < scenario.cameras.platform_share.number)
    platform = np.where(on_platform, (u[:, 8] * platforms).astype(np.int16), -1).astype(np.int16)
    custodian = np.where(at_place, place, city.place_x.size + _police_district(city, scenario, x, y))
    custodian = np.where(operator == _HOME, HOUSEHOLD_FIRST_ID + ids, custodian)
    return Cameras(
        x, y, heading, optics.hfov_deg, optics.width_px, optics.mount_m, optics.range_m, indoor, place, known,
        custodian, platform, operator.astype(np.uint8), regime, ~state, secret, scene,
    )


def _police_district(city: City, scenario: Scenario, x: F32, y: F32) -> NDArray[np.int64]:
    """Return the police district of each position: the number of its grid square, one police custodian per square."""
    side = scenario.cameras.police_district_m.number
    west, south = float(city.node_x.min()) - side / 2, float(city.node_y.min()) - side / 2
    columns = int((float(city.node_x.max()) - west) // side) + 2
    column = np.clip((x - west) // side, 0, columns - 1).astype(np.int64)
    return np.maximum((y - south) // side, 0).astype(np.int64) * columns + column


def _mapped(city: City, scenario: Scenario, seed: int, k: int, placed: Placed) -> Cameras:
    """Return the cameras on the map, in its order; mapped values are kept, a turning camera has no heading (NaN)."""
    ids = np.arange(len(placed))
    u = uniforms(stream_key(seed, k, "cameras"), ids, 10)
    x, y = placed.x, placed.y
    known = placed.heading_known
    heading = np.where(known, np.where(placed.turns, np.nan, placed.heading_deg), 360.0 * u[:, 3]).astype(np.float32)
    node = _nearest(np.column_stack((city.node_x, city.node_y)), x, y)
    # operators are seldom mapped: draw public security in its share, and give the rest to the nearest place
    place = _nearest(np.column_stack((city.place_x, city.place_y)), x, y)
    section = scenario.cameras
    police = u[:, 0] < section.public_share.number * (1 - section.other_state_share.number)
    operator = np.where(police, _POLICE, operator_of_categories()[city.place_category[place]])
    operator = np.where(placed.operator >= 0, placed.operator, operator)
    place = np.where(operator == _POLICE, -1, place)
    indoor = placed.indoor & (operator != _POLICE)
    drawn = _assembled(city, scenario, ids, (x, y, heading, known), operator, place, indoor, node, u)
    return _with_mapped_optics(drawn, placed)


def _with_mapped_optics(drawn: Cameras, placed: Placed) -> Cameras:
    """Replace drawn lenses, heights, reaches and regimes by stated ones."""
    told = placed.hfov_deg < 360.0
    hfov = np.where(told, placed.hfov_deg, drawn.hfov_deg).astype(np.float32)
    width = np.where(np.isnan(placed.width_px), drawn.width_px, placed.width_px).astype(np.int32)
    mount = np.where(np.isnan(placed.mount_m), drawn.mount_m, placed.mount_m).astype(np.float32)
    # the map states reach along the ground, the model uses slant distance
    stated = np.hypot(placed.range_m, drop_m(mount))
    reach = np.where(np.isnan(placed.range_m), range_m(width, hfov), stated)
    tilted = np.hypot(tilted_reach_m(placed.tilt_deg, np.where(placed.turns, 360.0, hfov), mount), drop_m(mount))
    reach = np.minimum(reach, tilted).astype(np.float32)
    regime = np.where(placed.regime >= 0, placed.regime, drawn.regime).astype(np.uint8)
    return replace(drawn, hfov_deg=hfov, width_px=width, mount_m=mount, range_m=reach, regime=regime)


def _nearest(points: NDArray[np.floating], x: F32, y: F32) -> NDArray[np.int64]:
    from scipy.spatial import cKDTree

    found: NDArray[np.int64] = np.asarray(cKDTree(points).query(np.column_stack((x, y)))[1], dtype=np.int64)
    return found
