"""The exposure map of a scenario: what its cameras could show, whether or not anybody looks.

Where a map leaves out a camera's heading, lens and height, the map has three readings (`view_ends`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.city import build_city
from privacysim.city.city_model import City
from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.identify import curve_table
from privacysim.readers.osm_maps import Ground, read_ground
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.simulation.brought import NOTHING, Brought
from privacysim.simulation.view_ends import PEOPLE, week
from privacysim.world.cameras import Cameras, sample_cameras
from privacysim.world.placed import NO_CAMERA, placed_cameras
from privacysim.world.unknown_views import band, flow

_DRAWS = 5


@dataclass(frozen=True, slots=True, eq=False)
class ExposureMap:
    """Frames of an exposure map in metres, x east, y north.

    `streets`: x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane), and per reading the identifiable
    person-seconds per day and metre (in a synthetic city only `drawn`); `buildings`: rings of corners; `cameras`:
    x_m, y_m, heading_deg, hfov_deg, heading_known, mapped, social, indoor.
    """

    title: str
    streets: pd.DataFrame
    buildings: Sequence[Floats]
    cameras: pd.DataFrame
    note: str
    credit: str = ""
    """Source of the map data, if not generated."""
    ground: Ground | None = None
    """Water, parks, rails and street names, for display only."""

    @property
    def readings(self) -> list[str]:
        """Readings that the streets have."""
        return [name for name in ("fewest", "drawn", "most") if name in self.streets]

    def person_hours(self) -> dict[str, float]:
        """Identifiable person-hours per day in the whole city, by reading."""
        length = np.hypot(self.streets["x1_m"] - self.streets["x0_m"], self.streets["y1_m"] - self.streets["y0_m"])
        return {name: float((self.streets[name] * length).sum()) / 3_600.0 for name in self.readings}


def exposure_map(scenario: Scenario, seed: int = 185, people: int = PEOPLE, own: Brought = NOTHING) -> ExposureMap:
    """Compute the exposure map of a scenario with a sample of `people` people over a week.

    Use it before a study to check the city, its cameras and where they would see people. The readings are fewest,
    drawn (the mean over replicates) and most. `own`: your own city, people and cameras (`Simulation.inputs.brought`).
    """
    city = build_city(scenario, **own.keywords("city"))
    walked = flow(city, week(city, scenario, seed, 0, people, own))
    placed = placed_cameras(city, scenario.cameras.file, own.keywords("cameras").get("cameras"))
    first = sample_cameras(city, scenario, seed, 0, placed)
    ends = band(city, scenario, first, walked, placed)
    streets = pd.DataFrame({
        f"{axis}{n}_m": np.asarray(values)[node] for n, node in enumerate((city.edge_u, city.edge_v))
        for axis, values in (("x", city.node_x), ("y", city.node_y))
    }).assign(kind=np.asarray(city.edge_kind))
    if ends is None:
        streets["drawn"] = street_exposure(city, first, walked)
        note = f"{len(first)} cameras, drawn"
    else:
        draws = (first, *(sample_cameras(city, scenario, seed, k, placed) for k in range(1, _DRAWS)))
        streets["fewest"] = street_exposure(city, ends.fewest, walked)
        streets["drawn"] = np.mean([street_exposure(city, cameras, walked) for cameras in draws], axis=0)
        streets["most"] = street_exposure(city, ends.most, walked)
        note = f"{len(placed or ())} cameras on the map; heading not known of {ends.headings}, lens of {ends.lenses}"
        note = note if placed is None or len(placed) else NO_CAMERA
    credit, ground = "", None
    if scenario.city.osm is not None and city.origin is not None:
        credit, ground = "© OpenStreetMap contributors", read_ground(scenario.city.osm, city.origin)
    buildings = []
    if city.building_start is not None and city.building_x is not None and city.building_y is not None:
        corners = np.column_stack([city.building_x, city.building_y]).astype(np.float64)
        buildings = np.split(corners, city.building_start[1:-1])
    names = ("heading_deg", "hfov_deg", "heading_known", "social", "indoor")
    cameras = pd.DataFrame({"x_m": first.x, "y_m": first.y, **{name: getattr(first, name) for name in names}})
    cameras["mapped"] = np.arange(len(cameras)) < len(placed or ())
    return ExposureMap(scenario.title, streets, buildings, cameras, note, credit, ground)


def street_exposure(city: City, cameras: Cameras, people: Floats) -> Floats:
    """Identifiable person-seconds per day and metre of each street (edge), summed over cameras; `people` is `flow`."""
    seen = coverage(city, cameras, np.arange(len(cameras)), entrances=False)
    chance = curve_table([("none", round(facts().value("gallery_suspects")))])[0, 0]
    way = np.repeat(np.arange(seen.piece_start.size - 1), np.diff(seen.piece_start))
    metres = (seen.piece_to - seen.piece_from) / 1_000.0
    weight = people[way] * metres * chance[seen.piece_frontal.astype(np.intp), seen.piece_face]
    whole = np.bincount(way // 2, weight, minlength=city.edge_u.size)
    return np.asarray(whole / np.maximum(city.edge_mm / 1_000.0, 1e-3), dtype=np.float64)
