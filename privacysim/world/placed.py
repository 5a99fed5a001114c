"""Camera placement: stated by the map, a file or the user's DataFrame, or drawn from the siting model.

Stated values are kept. Values that are not stated stay NaN or −1 and are drawn in each replicate. A camera that turns
(dome, panning, revolving) has no heading: it sees all round, through its own lens.

In the siting model, state cameras stand at junctions and along main roads, and social cameras at places. Each operator
class has a share of the stock. Within a class, a place receives cameras in proportion to the weight of its category
(`camera_weight_*`), and a housing compound in proportion to its residents. If a class has no place in a city, its
share goes to the other social classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.readers.camera_files import MappedCameras, Stated, read_cameras, said, stated_columns
from privacysim.readers.frames import LAT, LON, FrameColumn, checked_frame, positions
from privacysim.readers.positions import Reject, city_plane
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES, OPERATORS, REGIMES

Floats = NDArray[np.float64]

STATE_CATEGORIES = ("government_hall", "police_court", "metro_station", "transport_hub", "park")
"""Place categories whose cameras belong to another state body."""
_MAIN_ROAD = 0
_COMMERCIAL, _COMPOUND, _HOME = (OPERATORS.index(word) for word in ("commercial", "compound", "home"))


@dataclass(frozen=True, slots=True)
class Siting:
    """Siting model of a city: the deterministic weights from which camera places are drawn."""

    operator_bounds: Floats
    """(5,) cumulative shares of OPERATORS."""
    place_bounds: dict[int, Floats]
    """Operator code → cumulative weights of all places (other_state and the social classes)."""
    junctions: NDArray[np.int64]
    """Nodes with public security's cameras."""
    edges: NDArray[np.int64]
    """Main-road edges with the rest of public security's cameras."""
    edge_bounds: Floats
    """Cumulative lengths of these edges."""

    def place_weights(self, operator: int) -> Floats:
        """Return the share of that operator's cameras at each place; sums to 1."""
        bounds = self.place_bounds[operator]
        return np.diff(bounds, prepend=0.0) / bounds[-1]


def siting(city: City, scenario: Scenario) -> Siting:
    """Compute the siting model: where each operator's cameras stand in this city."""
    section = scenario.cameras
    bounds = {code: np.cumsum(weights) for code, weights in _place_weights(city).items() if weights.sum() > 0}
    shares = np.zeros(len(OPERATORS))
    state = section.public_share.number
    shares[1] = state * section.other_state_share.number if 1 in bounds else 0.0
    shares[0] = state - shares[1]
    social = {_COMPOUND: section.compound_share.number, _HOME: section.home_share.number}
    social[_COMMERCIAL] = 1.0 - sum(social.values())
    social = {code: share for code, share in social.items() if code in bounds}
    if not social:
        expected = "places at which social cameras stand"
        raise InputError("city", expected, f"{city.name}: none", "give a city with places")
    for code, share in social.items():
        shares[code] = (1.0 - state) * share / sum(social.values())
    junctions, edges = _road_sites(city)
    return Siting(np.cumsum(shares), bounds, junctions, edges, np.cumsum(city.edge_mm[edges].astype(float)))


def _place_weights(city: City) -> dict[int, Floats]:
    by_category = np.zeros(len(CATEGORIES))
    for code, word in enumerate(CATEGORIES):
        if word != "road":
            by_category[code] = facts().value(f"camera_weight_{word}")
    category = np.asarray(city.place_category)
    weight = by_category[category]
    compound, home = (category == CATEGORIES.index(word) for word in ("housing_compound", "home"))
    state = np.isin(category, [CATEGORIES.index(word) for word in STATE_CATEGORIES])
    residents = np.asarray(city.home_people, dtype=float)
    compounds = np.where(compound, residents if residents[compound].any() else weight, 0.0)
    return {
        1: np.where(state, weight, 0.0),
        _COMMERCIAL: np.where(state | compound | home, 0.0, weight),
        _COMPOUND: compounds,
        _HOME: np.where(home, weight, 0.0) if home.any() else compounds,  # a door in a compound
    }


def _road_sites(city: City) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.flatnonzero(np.asarray(city.edge_kind) == _MAIN_ROAD)
    if not edges.size:  # a district of lanes: its streets take the place of main roads
        edges = np.arange(city.edge_u.size)
    degree = np.diff(np.asarray(city.adj_start))
    on_main = np.zeros(degree.size, dtype=bool)
    on_main[city.edge_u[edges]] = on_main[city.edge_v[edges]] = True
    junctions = np.flatnonzero(on_main & (degree >= 3))
    return (junctions if junctions.size else np.flatnonzero(on_main)), edges


def operator_of_categories() -> NDArray[np.intp]:
    """Return the code in OPERATORS of the custodian of cameras at each place category."""
    codes = np.full(len(CATEGORIES), _COMMERCIAL)
    codes[[CATEGORIES.index(word) for word in STATE_CATEGORIES]] = OPERATORS.index("other_state")
    codes[CATEGORIES.index("housing_compound")], codes[CATEGORIES.index("home")] = _COMPOUND, _HOME
    return codes


def secret_of_nodes(city: City) -> NDArray[np.uint8]:
    """Return the code in SECRETS in view of a camera at each street node: the most serious of the places there."""
    worst = np.zeros(city.node_x.size, dtype=np.uint8)
    np.maximum.at(worst, city.place_node, city.place_secret)
    return worst



CAMERA_COLUMNS: Mapping[str, FrameColumn] = {
    "x_m": FrameColumn(), "y_m": FrameColumn(), "lon": LON, "lat": LAT,
    "heading_deg": FrameColumn(low=-360.0, high=360.0),
    "hfov_deg": FrameColumn(low=1.0, high=360.0), "width_px": FrameColumn(low=100.0, high=40_000.0),
    "tilt_deg": FrameColumn(low=-90.0, high=90.0), "mount_m": FrameColumn(low=0.3, high=200.0),
    "range_m": FrameColumn(low=0.1, high=2_000.0), "operator": FrameColumn(OPERATORS), "regime": FrameColumn(REGIMES),
    "indoor": FrameColumn(low=0.0, high=1.0),
}  # fmt: skip
"""Columns of a DataFrame of cameras. A position is required: `x_m`, `y_m`, or in a georeferenced city `lon`, `lat`.

`heading_deg` clockwise from north, `hfov_deg` (360 sees all round), `tilt_deg` below the horizon, `mount_m` above the
ground, `range_m` on the ground; `operator` and `regime` are words of `privacysim.vocabulary`; `indoor` true or false.
"""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Placed(Stated):
    """Placed cameras on the plane; NaN and −1 where nothing is stated."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    left_out: int = 0
    """Number of cameras in the file outside the city."""
    rejects: tuple[Reject, ...] = ()
    """Rows of the file that are not cameras, with line and reason."""


def placed_cameras(city: City, file: str | None, own: pd.DataFrame | Placed | None = None) -> Placed | None:
    """Return the cameras of `own` (columns: `CAMERA_COLUMNS`), else of the scenario's `file`, else of the city's map.

    Returns None if there are none, as in a synthetic city. Raises InputError for a DataFrame camera outside the city,
    an unusable column or cell, or two sources at once.
    """
    if isinstance(own, Placed):
        return own
    if own is not None:
        if file is not None:
            raise InputError("cameras", "one source of cameras", f"a DataFrame and the file {file}", "leave one out")
        return _of_frame(city, own)
    if file is not None:
        path = Path(file)
        return _of_file(city, _read(file, path.stat().st_mtime_ns if path.is_file() else 0), file)
    if city.mapped_cameras is None:
        return None
    frame = city.mapped_cameras
    tags = (one if isinstance(one, Mapping) else {} for one in frame["tags"])
    told: dict[str, Any] = stated_columns([said({str(key): str(value) for key, value in one.items()}) for one in tags])
    heading = frame["heading_deg"].to_numpy(dtype=np.float64)
    told["heading_deg"] = np.where(np.isnan(heading), told["heading_deg"], heading)
    return Placed(x=frame["x_m"].to_numpy(np.float32), y=frame["y_m"].to_numpy(np.float32), **told)


@lru_cache(maxsize=2)
def _read(file: str, stamp: int) -> MappedCameras:
    return read_cameras(file)


def _of_file(city: City, mapped: MappedCameras, file: str) -> Placed:
    if city.origin is None:
        fix = 'give the city as osm = "…" too, or leave file out'
        raise InputError("cameras.file", "a city on the globe", f"the synthetic city {city.name}", fix)
    east = (mapped.lon - city.origin[1] + 540.0) % 360.0 - 180.0  # the shorter way across the date line
    x, y = city_plane(np.column_stack([mapped.lat, east]), city.origin[0], 0.0).T
    here = _within(city, x, y)
    if not here.any():
        got = f"none of {len(mapped)} lies in it"
        raise InputError("cameras.file", "cameras within the city's extract", got, f"check {file} and the extract")
    told: dict[str, Any] = {name: getattr(mapped, name)[here] for name in Stated.COLUMNS}
    return Placed(x=x[here].astype(np.float32), y=y[here].astype(np.float32), **told, left_out=int((~here).sum()),
                  rejects=mapped.rejects)  # fmt: skip


def _within(city: City, x: Floats, y: Floats) -> NDArray[np.bool_]:
    margin = facts().value("view_range_max_m")
    return ((x >= city.node_x.min() - margin) & (x <= city.node_x.max() + margin)
            & (y >= city.node_y.min() - margin) & (y <= city.node_y.max() + margin))


def _of_frame(city: City, frame: pd.DataFrame) -> Placed:
    told: dict[str, Any] = dict(checked_frame(frame, "cameras", CAMERA_COLUMNS))
    x, y = positions(told, "cameras", city.origin)
    inside = _within(city, x, y)
    if not inside.all():
        row = int(np.argmin(inside))
        got = "no position" if np.isnan(x[row] + y[row]) else f"x = {x[row]:.0f} m, y = {y[row]:.0f} m"
        expected = (f"a position in {city.name} (x from {city.node_x.min():.0f} to {city.node_x.max():.0f} m, "
                    f"y from {city.node_y.min():.0f} to {city.node_y.max():.0f} m)")  # fmt: skip
        raise InputError(f"cameras, row {frame.index[row]}", expected, got, "correct the position, or drop the row")
    for name in ("operator", "regime"):
        told[name] = np.nan_to_num(told[name], nan=-1.0).astype(np.int8)
    told["indoor"] = told["indoor"] > 0.5
    told["tilt_deg"] = np.abs(told["tilt_deg"])
    told["heading_deg"] = np.where(told["hfov_deg"] >= 360.0, np.nan, told["heading_deg"] % 360.0)
    return Placed(x=x.astype(np.float32), y=y.astype(np.float32), **{name: told[name] for name in Stated.COLUMNS})
