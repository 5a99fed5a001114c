"""Camera placement: stated by the map, a file or the user's DataFrame, or drawn from the siting model.

Values that are not stated stay NaN or −1 and are drawn in each replicate. A camera that turns (dome, panning,
revolving) has no heading: it sees all round, through its own lens.

In the siting model, state cameras stand at junctions and along main roads, and social cameras at places: in proportion
to the weight of the place's category (`camera_weight_*`) and to its size within it (jobs), or to the residents of a
housing compound. If an operator has no place in a city, its share goes to the other social operators.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim.city.city_model import City
from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.readers.camera_files import MappedCameras, Stated, read_cameras, said, stated_columns
from privacysim.readers.osm_maps import MAIN
from privacysim.readers.positions import LAT, LON, FrameColumn, Reject, checked_frame, city_plane, positions
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES, OPERATORS, REGIMES

NO_CAMERA = ("no camera is mapped in this city, so nobody is filmed and every policy shows the same; give your own "
             'cameras as [cameras] file = "…", or take a generated city, whose cameras follow a stated density')
STATE_CATEGORIES = ("government_hall", "police_court", "metro_station", "transport_hub", "park")
"""Place categories whose cameras belong to another state body."""
_OTHER_STATE, _COMMERCIAL, _COMPOUND, _HOME = map(OPERATORS.index, ("other_state", "commercial", "compound", "home"))


@dataclass(frozen=True, slots=True)
class Siting:
    """Siting model of a city: the deterministic weights from which camera places are drawn.

    Public security's cameras are at `junctions` (nodes) and along main-road `edges` by their cumulative lengths.
    """

    operator_bounds: Floats
    """(5,) cumulative shares of OPERATORS."""
    place_bounds: dict[int, Floats]
    """Operator code → cumulative weights of all places (other_state and the social classes)."""
    junctions: Ints
    edges: Ints
    edge_bounds: Floats


def siting(city: City, scenario: Scenario) -> Siting:
    """Compute the siting model: where each operator's cameras stand in this city."""
    section = scenario.cameras
    weight = np.array([0.0 if word == "road" else facts().value(f"camera_weight_{word}") for word in CATEGORIES])
    jobs, of = np.asarray(city.place_jobs, dtype=float), np.asarray(city.place_category)
    mean = np.bincount(of, jobs, len(CATEGORIES)) / np.maximum(np.bincount(of, minlength=len(CATEGORIES)), 1)
    weight = weight[of] * np.divide(jobs, mean[of], out=np.ones(jobs.size), where=mean[of] > 0)
    operator = operator_of_categories()[of]
    by = {code: np.where(operator == code, weight, 0.0) for code in (_OTHER_STATE, _COMMERCIAL, _COMPOUND, _HOME)}
    residents = np.asarray(city.home_people, dtype=float)
    compound = operator == _COMPOUND
    if residents[compound].any():
        by[_COMPOUND] = np.where(compound, residents, 0.0)
    if not (operator == _HOME).any():  # a door in a compound
        by[_HOME] = by[_COMPOUND]
    bounds = {code: np.cumsum(weights) for code, weights in by.items() if weights.sum() > 0}
    shares, state = np.zeros(len(OPERATORS)), section.public_share.number
    shares[_OTHER_STATE] = state * section.other_state_share.number if _OTHER_STATE in bounds else 0.0
    shares[0] = state - shares[_OTHER_STATE]
    social = {_COMPOUND: section.compound_share.number, _HOME: section.home_share.number}
    social[_COMMERCIAL] = 1.0 - sum(social.values())
    social = {code: share for code, share in social.items() if code in bounds}
    if not social:
        raise InputError("city", "places at which social cameras stand", f"{city.name}: none", "add places")
    for code, share in social.items():
        shares[code] = (1.0 - state) * share / sum(social.values())
    edges = np.flatnonzero(np.asarray(city.edge_kind) == MAIN)
    if not edges.size:  # a district of lanes: its streets take the place of main roads
        edges = np.arange(city.edge_u.size)
    on_main = np.unique(np.concatenate((city.edge_u[edges], city.edge_v[edges]))).astype(np.int64)
    junctions = on_main[np.diff(np.asarray(city.adj_start))[on_main] >= 3]
    return Siting(np.cumsum(shares), bounds, junctions if junctions.size else on_main, edges,
                  np.cumsum(city.edge_mm[edges].astype(float)))  # fmt: skip


def operator_of_categories() -> NDArray[np.intp]:
    """Return the code in OPERATORS of the custodian of cameras at each place category."""
    codes = np.full(len(CATEGORIES), _COMMERCIAL)
    codes[[CATEGORIES.index(word) for word in STATE_CATEGORIES]] = _OTHER_STATE
    codes[CATEGORIES.index("housing_compound")], codes[CATEGORIES.index("home")] = _COMPOUND, _HOME
    return codes


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
    """Number of mapped cameras outside the city, or on streets that are not connected to it."""
    rejects: tuple[Reject, ...] = ()
    """Rows of the file that are not cameras, with line and reason."""

    @property
    def tilt_in_use(self) -> Floats:
        """The tilt; NaN for a camera that turns, because its tilt is not a limit."""
        return np.where(self.turns, np.nan, self.tilt_deg)


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
    x, y = frame["x_m"].to_numpy(np.float64), frame["y_m"].to_numpy(np.float64)
    here = _near_streets(city, x, y)
    return Placed(x=x[here].astype(np.float32), y=y[here].astype(np.float32), left_out=int((~here).sum()),
                  **{name: told[name][here] for name in Stated.COLUMNS})  # fmt: skip


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
    here[here] = _near_streets(city, x[here], y[here])
    if not here.any():
        got = f"none of {len(mapped)} lies in it"
        raise InputError("cameras.file", "cameras within the city's extract", got, f"check {file} and the extract")
    told: dict[str, Any] = {name: getattr(mapped, name)[here] for name in Stated.COLUMNS}
    return Placed(x=x[here].astype(np.float32), y=y[here].astype(np.float32), **told, left_out=int((~here).sum()),
                  rejects=mapped.rejects)  # fmt: skip


def _within(city: City, x: Floats, y: Floats) -> Bools:
    margin = facts().value("view_range_max_m")
    return ((x >= city.node_x.min() - margin) & (x <= city.node_x.max() + margin)
            & (y >= city.node_y.min() - margin) & (y <= city.node_y.max() + margin))


def _near_streets(city: City, x: Floats, y: Floats) -> Bools:
    """Whether each position is within reach of a street of the city; elsewhere a camera sees nobody."""
    u, v = city.edge_u, city.edge_v
    count = np.asarray(city.edge_mm // 20_000 + 1, dtype=np.int64)
    edge = np.repeat(np.arange(count.size), count)
    share = (np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)) / count[edge]
    ends = np.column_stack([city.node_x, city.node_y])
    along = ends[u[edge]] * (1.0 - share[:, None]) + ends[v[edge]] * share[:, None]
    away, _ = cKDTree(np.concatenate([ends, along])).query(np.column_stack([x, y]))
    return np.asarray(away <= facts().value("view_range_max_m") + 10.0, dtype=np.bool_)


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
    told["indoor"], told["tilt_deg"] = told["indoor"] > 0.5, np.abs(told["tilt_deg"])
    told["heading_deg"] = np.where(told["hfov_deg"] >= 360.0, np.nan, told["heading_deg"] % 360.0)
    return Placed(x=x.astype(np.float32), y=y.astype(np.float32), **{name: told[name] for name in Stated.COLUMNS})
