"""Builds the city of a scenario (streets, places, route trees) once and then loads it from the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privacysim import draws, parts
from privacysim.city import places
from privacysim.city.city_cache import folder_of, keep, load, scratch_folder, size_mb
from privacysim.city.city_model import City
from privacysim.city.osm_city import read_osm
from privacysim.city.own_city import CitySource, StreetFrames, frame_plan
from privacysim.city.places import CityPlan
from privacysim.city.streets import adjacency, synthetic_streets
from privacysim.city.trees import grow_trees
from privacysim.errors import InputError
from privacysim.files import Quantity, Strict
from privacysim.resources import PACKAGE
from privacysim.scenario import Scenario
from privacysim.scenario.sections import CitySection

_WORDS = ("name", "digest", "note", "mapped_cameras", "origin")
_ARRAYS = tuple(field.name for field in fields(City) if field.name not in _WORDS)
SOURCES: Mapping[str, Callable[[CitySection, int], CityPlan]] = {
    "synthetic": lambda section, people: places.drawn_plan(section, synthetic_streets(section), people),
    "osm": read_osm,
}
"""Built-in kinds of city; others are entry points of the group `privacysim.cities`."""

OwnCity = City | StreetFrames | CitySource


def build_city(scenario: Scenario, *, workers: int = 1, city: OwnCity | None = None) -> City:
    """Return the city of a scenario: built once, then mapped from the cache (`$PRIVACYSIM_CACHE`, else the user's).

    Parameters: `workers` threads grow the route trees; the result does not depend on them. `city` replaces the streets
    of the scenario's `[city]`: a DataFrame of streets (`own_city.STREET_COLUMNS`), a pair of DataFrames (streets,
    places; `own_city.PLACE_COLUMNS`), an object with `build` (`own_city.CitySource`), or a ready `City`.

    A city is a pure function of `[city]`, of the homes in `[population]`, of their numbers, of `city`, and of this
    room's source. A partial or damaged cache entry is rebuilt, and two processes may build at once. Raises InputError
    for an unreadable map or table, or a `City` with another number of people, and ResultsError for a cache that cannot
    be written.

    >>> from privacysim.scenario import load_scenario
    >>> build_city(load_scenario("guangzhou_district")).people
    100000
    """
    if isinstance(city, City):
        return _of_right_size(scenario, city)
    source = _source_of(scenario, city)
    digest = city_digest(scenario, source)
    folder = folder_of(digest)
    try:
        return _open(digest, str(folder), scenario.id)
    except LookupError:
        _build(scenario, source, digest, workers)
        return _open(digest, str(folder), scenario.id)


def _source_of(scenario: Scenario, city: OwnCity | None) -> Any:
    """Return the source of the city: the user's own, the entry point named by `[city] kind`, or None if built in."""
    if city is None:
        return None if scenario.city.kind in SOURCES else parts.named("cities", scenario.city.kind)
    pair = isinstance(city, tuple) and len(city) == 2 and all(isinstance(one, pd.DataFrame) for one in city)
    if isinstance(city, type) or not (isinstance(city, pd.DataFrame | CitySource) or pair):
        expected = "a City, a DataFrame of streets, a pair of streets and places, or an object with build(scenario)"
        raise InputError("city", expected, type(city).__name__, "pass one of these")
    return city


def _of_right_size(scenario: Scenario, city: City) -> City:
    wanted = round(scenario.population.people.number)
    if city.people != wanted:
        raise InputError("city", f"a city of {wanted} people, as [population] people says", f"{city.people} people",
                         "change population.people, or the city's home_people")  # fmt: skip
    return city


@lru_cache(maxsize=4)
def _open(digest: str, folder: str, name: str) -> City:
    found = load(Path(folder))
    if found is None:  # an exception, because lru_cache would cache a None
        raise LookupError(folder)
    arrays, rest = found
    cameras = rest["mapped_cameras"]
    note = f"{folder}, {size_mb(Path(folder)):.0f} MB" + (f"; {rest['word']}" if rest["word"] else "")
    kept: dict[str, Any] = {key: arrays.get(key) for key in _ARRAYS}
    return City(
        name=name, digest=digest, note=note, origin=None if rest["origin"] is None else tuple(rest["origin"]),
        mapped_cameras=None if cameras is None else _camera_frame(cameras), **kept,
    )


def _camera_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame({key: [row[key] for row in rows] for key in ("x_m", "y_m", "heading_deg", "tags")})
    # JSON has no NaN: an unknown heading is null on disk
    return frame.assign(heading_deg=pd.to_numeric(frame["heading_deg"], errors="raise").astype("float64"))


def _build(scenario: Scenario, source: Any, digest: str, workers: int) -> None:
    section, people = scenario.city, round(scenario.population.people.number)
    made = source.build(scenario) if isinstance(source, CitySource) else source
    scratch = scratch_folder(digest)
    try:
        if isinstance(made, City):
            _of_right_size(scenario, made)
            arrays = {name: getattr(made, name) for name in _ARRAYS if getattr(made, name) is not None}
            cameras = None if made.mapped_cameras is None else made.mapped_cameras.to_dict("records")
            rest: dict[str, Any] = {"word": "", "origin": made.origin, "mapped_cameras": cameras}
        else:
            plan = SOURCES[section.kind](section, people) if made is None else frame_plan(scenario, made, people)
            arrays = _arrays(section, plan, scratch, workers)
            rest = {"word": plan.word, "origin": plan.origin, "mapped_cameras": plan.cameras}
        keep(scratch, digest, arrays, rest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _arrays(section: CitySection, plan: CityPlan, scratch: Path, workers: int) -> dict[str, Any]:
    """Build all arrays of the city except the trees, which are written to the scratch folder."""
    streets, sites = plan.streets, plan.sites
    near = adjacency(streets.x.size, streets.u, streets.v)
    stops = grow_trees(streets, near, plan.hubs, section.stop_distance_low_m.number,
                       section.stop_distance_high_m.number, scratch / "trees.npy", workers)  # fmt: skip
    return {
        "node_x": streets.x, "node_y": streets.y, "node_zone": streets.zone,
        "edge_u": streets.u, "edge_v": streets.v, "edge_mm": streets.mm, "edge_kind": streets.kind,
        "adj_start": near.start, "adj_node": near.node, "adj_edge": near.edge, "hub_node": plan.hubs,
        "stop_node": stops, "place_x": plan.place_x, "place_y": plan.place_y, "place_node": sites.node,
        "place_hub": places.nearest_hub(streets, plan.hubs, sites), "place_category": sites.category,
        "place_zone": streets.zone[sites.node], "home_people": sites.home_people,
        **places.traits(section, sites), **plan.buildings,
    }


def city_digest(scenario: Scenario, city: OwnCity | None = None) -> str:
    """Hash all that the city depends on: resolved numbers, the map file or `city`, and the source of this room."""
    source = city if isinstance(city, City) else _source_of(scenario, city)
    said: dict[str, Any] = {"city": _numbers(scenario.city), "people": scenario.population.people.number}
    del said["city"]["osm"]  # the map's bytes matter, not its path
    mark = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=12)
    if scenario.city.osm is not None and Path(scenario.city.osm).is_file():
        mark.update(Path(scenario.city.osm).read_bytes())
    if isinstance(source, City):  # its arrays matter, not the hash that it was made with
        for field in fields(City):
            value = getattr(source, field.name)
            if field.name not in ("name", "digest", "note") and value is not None:
                mark.update(field.name.encode())
                mark.update(np.ascontiguousarray(value).tobytes() if field.name in _ARRAYS else
                            repr(value.to_dict("list") if isinstance(value, pd.DataFrame) else value).encode())
    elif source is not None:
        mark.update(parts.digest(source, "city").encode())
    mark.update(_source())
    return mark.hexdigest()


def _numbers(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value.number
    if isinstance(value, Strict):
        return {name: _numbers(getattr(value, name)) for name in sorted(type(value).model_fields)}
    return value


@lru_cache(maxsize=1)
def _source() -> bytes:
    folders = (PACKAGE / "city", PACKAGE / "readers")
    files = [*(path for one in folders for path in sorted(one.glob("*.py"))), Path(draws.__file__)]
    return b"".join(path.read_bytes() for path in files) + np.dtype(np.int64).str.encode()
