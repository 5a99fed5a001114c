"""Builds the city of a scenario (streets, places, route trees) once and then maps it from the cache, under its hash."""

import hashlib
import json
import os
import shutil
import tempfile
import zlib
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privacysim import draws, parts
from privacysim.city.city_model import City
from privacysim.city.places import PLACES, CityPlan, place_columns
from privacysim.city.sources import SOURCES, CitySource, StreetFrames, frame_plan
from privacysim.city.tree_kernel import grow_trees
from privacysim.errors import InputError, ResultsError, shown
from privacysim.files import Quantity, Strict
from privacysim.resources import PACKAGE, cache_folder
from privacysim.scenario import Scenario
from privacysim.scenario.sections import CitySection
from privacysim.sealed import keep, kept

_ARRAYS = tuple(field.name for field in fields(City)
                if field.name not in ("name", "digest", "note", "mapped_cameras", "origin"))  # fmt: skip
_META = "meta.json"

OwnCity = City | StreetFrames | CitySource


def build_city(scenario: Scenario, *, workers: int = 1, city: OwnCity | None = None) -> City:
    """Return the city of a scenario: built once, then mapped from the cache (`$PRIVACYSIM_CACHE`, else the user's).

    Parameters: `workers` threads grow the route trees; the result does not depend on them. `city` replaces the streets
    of the scenario's `[city]`: a DataFrame of streets (`sources.STREET_COLUMNS`), a pair of DataFrames (streets,
    places; `sources.PLACE_COLUMNS`), an object with `build` (`sources.CitySource`), or a ready `City`.

    A partial or damaged cache entry is rebuilt, and two processes may build at once. Raises InputError for an
    unreadable map or table, or a `City` with another number of people, and ResultsError for a cache that cannot be
    written.

    >>> import privacysim as ps
    >>> ps.build_city(ps.load_scenario("guangzhou_district")).people
    100000
    """
    if isinstance(city, City):
        return _of_right_size(scenario, city)
    source = _source_of(scenario, city)
    digest = city_digest(scenario, source)
    folder = cache_folder() / "city" / digest
    try:
        return _open(folder, scenario.id)
    except LookupError:
        made = source.build(scenario) if isinstance(source, CitySource) else source
        try:
            _build(scenario, made, folder, workers)
        except OSError as error:
            fix = "name a folder that can be written, with 200 MB of room, in PRIVACYSIM_CACHE"
            said = f"{cache_folder()}: cannot be written ({shown(error.strerror or error)}).\n  Fix: {fix}."
            raise ResultsError(said) from error
        return _open(folder, scenario.id)


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
def _open(folder: Path, name: str) -> City:
    found = _load(folder)
    if found is None:  # an exception, because lru_cache would cache a None
        raise LookupError(folder)
    arrays, rest = found
    cameras, origin = rest["mapped_cameras"], rest["origin"]
    if cameras is not None:  # JSON has no NaN: an unknown heading is null on disk
        cameras = pd.DataFrame(cameras, columns=["x_m", "y_m", "heading_deg", "tags"]).astype({"heading_deg": float})
    kept: dict[str, Any] = {key: arrays.get(key) for key in _ARRAYS}
    return City(name=name, digest=folder.name, note=rest["word"], mapped_cameras=cameras,
                origin=None if origin is None else tuple(origin), **kept)  # fmt: skip


def _load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Load arrays (mapped, read-only) and other entries of a cached city; None if absent, incomplete or damaged."""
    try:
        meta = kept(folder / _META)
        if any(_sum(folder / name) != kept for name, kept in meta["sums"].items()):
            return None
        return {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in meta["sums"]}, meta["rest"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _sum(path: Path) -> list[int]:
    """Return size and CRC-32, which detect incomplete and damaged files at reading speed."""
    crc = 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 22):
            crc = zlib.crc32(part, crc)
    return [path.stat().st_size, crc]


def _build(scenario: Scenario, made: Any, folder: Path, workers: int) -> None:
    """Build the city (of `made`, unless it is None) in a scratch folder beside its final place."""
    section, people = scenario.city, round(scenario.population.people.number)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if isinstance(made, City):
            _of_right_size(scenario, made)
            arrays = {name: getattr(made, name) for name in _ARRAYS if getattr(made, name) is not None}
            cameras = None if made.mapped_cameras is None else made.mapped_cameras.to_dict("records")
            rest: dict[str, Any] = {"word": "", "origin": made.origin, "mapped_cameras": cameras}
        else:
            plan = SOURCES[section.kind](section, people) if made is None else frame_plan(scenario, made, people)
            arrays = _arrays(section, plan, scratch / "trees.npy", workers)
            rest = {"word": plan.word, "origin": plan.origin, "mapped_cameras": plan.cameras}
        for name, array in arrays.items():
            np.save(scratch / f"{name}.npy", array)
        sums = {path.name: _sum(path) for path in sorted(scratch.glob("*.npy"))}
        keep(scratch / _META, {"sums": sums, "rest": rest})
        if folder.exists() and _load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)  # renaming cannot replace a folder with files
        try:
            os.replace(scratch, folder)
        except OSError:
            if _load(folder) is None:  # else another process stored the same city meanwhile
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _arrays(section: CitySection, plan: CityPlan, trees: Path, workers: int) -> dict[str, Any]:
    """Build all arrays of the city except the trees, which are written to their file."""
    streets = plan.streets
    near = streets.adjacency()
    stops = grow_trees(streets, near, plan.hubs, section.stop_distance_low_m.number,
                       section.stop_distance_high_m.number, trees, workers)  # fmt: skip
    return {"node_x": streets.x, "node_y": streets.y, "node_zone": streets.zone, "edge_u": streets.u,
            "edge_v": streets.v, "edge_mm": streets.mm, "edge_kind": streets.kind, "adj_start": near.start,
            "adj_node": near.node, "adj_edge": near.edge, "hub_node": plan.hubs, "stop_node": stops,
            **place_columns(section, plan), **plan.buildings}  # fmt: skip


def city_digest(scenario: Scenario, city: OwnCity | None = None) -> str:
    """Hash all that the city depends on: resolved numbers, the map file or `city`, and the source of this room."""
    source = city if isinstance(city, City) else _source_of(scenario, city)
    said: dict[str, Any] = {"city": _numbers(scenario.city), "people": scenario.population.people.number}
    del said["city"]["osm"]  # the map's bytes matter, not its path
    mark = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=12)
    if scenario.city.osm is not None and Path(scenario.city.osm).is_file():
        mark.update(Path(scenario.city.osm).read_bytes())
    if isinstance(source, City):  # its arrays matter, not the hash that it was made with
        cameras = None if source.mapped_cameras is None else source.mapped_cameras.to_dict("list")
        mark.update(repr((cameras, source.origin)).encode())
        for name in _ARRAYS:
            if getattr(source, name) is not None:
                mark.update(name.encode() + np.ascontiguousarray(getattr(source, name)).tobytes())
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
    files = [path for room in ("city", "readers") for path in sorted((PACKAGE / room).glob("*.py"))]
    return b"".join(path.read_bytes() for path in (*files, Path(draws.__file__), PLACES))
