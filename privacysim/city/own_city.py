"""User-defined cities: streets and places as DataFrames, or an object that builds them.

Coordinates are metres on a plane (x east, y north), or degrees of WGS 84, which also georeference the city so that
cameras may be given in degrees. Street ends that are equal to a centimetre are one node. If no places are given, they
are drawn as for a synthetic city: counts by category per 1,000 people, with more of them where people live.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim.city.city_model import City
from privacysim.city.places import CityPlan, drawn_plan, mapped_plan, refuse_crowds
from privacysim.city.streets import streets_of
from privacysim.errors import InputError
from privacysim.readers.frames import LAT, LON, FrameColumn, checked_frame, positions
from privacysim.readers.osm_tags import STREET
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES

KINDS_OF_STREET = ("main", "street", "lane")
STREET_COLUMNS = {
    **{f"{end}_{axis}": FrameColumn() for end in ("from", "to") for axis in ("x_m", "y_m")},
    **{f"{end}_{axis}": column for end in ("from", "to") for axis, column in (("lon", LON), ("lat", LAT))},
    "kind": FrameColumn(KINDS_OF_STREET), "homes": FrameColumn(low=0.0),
}
"""Columns of a DataFrame of streets, one straight street per row: `from_x_m`, `from_y_m`, `to_x_m`, `to_y_m` in metres,
or `from_lon`, `from_lat`, `to_lon`, `to_lat` in degrees; `kind` main, street or lane (empty: street); `homes`: relative
number of residents along it (if omitted, equal at each node, as on a map without buildings)."""
PLACE_COLUMNS = {
    "x_m": FrameColumn(), "y_m": FrameColumn(), "lon": LON, "lat": LAT,
    "category": FrameColumn(CATEGORIES[2:], needed=True),
}
"""Columns of a DataFrame of places: `x_m`, `y_m` or `lon`, `lat`, and `category`, a word of `vocabulary.CATEGORIES`
(not `road` or `housing_compound`, which follow from the streets and the people)."""
_FAR_M = 500.0
"""A place farther than this from every street is outside the city."""

StreetFrames = pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]
"""Streets, or (streets, places)."""


@runtime_checkable
class CitySource(Protocol):
    """Source of a city with a method `build`: an object given as `city=…`, or an entry point `privacysim.cities`.

    `build` returns streets, (streets, places), or a whole `City` for the scenario. It must be a pure function of the
    scenario and of the object's own values. The city is cached under a hash of both (`privacysim.parts.digest`), so a
    changed source is built anew.
    """

    def build(self, scenario: Scenario) -> City | StreetFrames:
        """Build the city or its streets."""
        ...


def frame_plan(scenario: Scenario, frames: StreetFrames, people: int) -> CityPlan:
    """Return the plan of a city with these streets and places.

    Raises InputError, naming the row, for a missing or unknown column, a word or number that is not allowed, an
    incomplete position, a place more than 500 m from every street, or streets that lead nowhere.
    """
    streets_frame, places_frame = frames if isinstance(frames, tuple) else (frames, None)
    told = checked_frame(streets_frame, "streets", STREET_COLUMNS)
    lat, lon = (np.concatenate([told[f"{end}_{axis}"] for end in ("from", "to")]) for axis in ("lat", "lon"))
    origin = None
    if not np.isnan(lat).all() and not np.isnan(lon).all():
        origin = float(np.nanmin(lat) + np.nanmax(lat)) / 2.0, float(np.nanmin(lon) + np.nanmax(lon)) / 2.0
    ends = np.concatenate([np.column_stack(positions(told, "streets", origin, f"{end}_")) for end in ("from", "to")])
    if np.isnan(ends).any():
        row = streets_frame.index[int(np.argmax(np.isnan(ends).any(axis=1))) % len(streets_frame)]
        raise InputError(f"streets, row {row}", "both ends of a street", "an end without position", "add its position")
    nodes, number = np.unique(np.round(ends, 2), axis=0, return_inverse=True)
    u, v = number.reshape(2, -1).astype(np.int32)
    homes: NDArray[np.float64] = np.ones(len(nodes))
    if not np.isnan(told["homes"]).all():
        half = np.nan_to_num(told["homes"]) / 2.0
        homes = np.zeros(len(nodes))
        np.add.at(homes, u, half)
        np.add.at(homes, v, half)
    kind = np.nan_to_num(told["kind"], nan=STREET).astype(np.uint8)
    streets, left_out = streets_of(nodes[:, 0].copy(), nodes[:, 1].copy(), u, v, kind, homes)
    if not streets.u.size or not streets.home_weight.sum() > 0:
        got = "none that leads anywhere" if not streets.u.size else "nobody lives on the connected ones"
        raise InputError("streets", "connected streets on which people live", got, "check the ends and the homes")
    refuse_crowds("these streets", streets, people)
    word = f"{left_out} of {len(nodes)} street nodes are not connected to the rest and were left out" * (left_out > 0)
    if places_frame is None:
        plan = drawn_plan(scenario.city, streets, people)
    else:
        placed = checked_frame(places_frame, "places", PLACE_COLUMNS)
        where = np.column_stack(positions(placed, "places", origin))
        away = cKDTree(np.column_stack([streets.x, streets.y])).query(np.nan_to_num(where, nan=1e12))[0]
        if away.max() > _FAR_M:
            row = int(away.argmax())
            got = f"{away[row]:.0f} m" if away[row] < 1e9 else "no position"
            raise InputError(f"places, row {places_frame.index[row]}", f"a place within {_FAR_M:.0f} m of a street",
                             got, "correct its position, or drop the row")  # fmt: skip
        plan = mapped_plan(scenario.city, streets, people, placed["category"].astype(np.int64) + 2, where)
    return CityPlan(plan.streets, plan.sites, plan.hubs, plan.place_x, plan.place_y, origin=origin, word=word)
