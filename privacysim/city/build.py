"""From a scenario to its city: streets, places, trees; once, then from the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import places
from privacysim.city.city_model import City
from privacysim.city.osm_city import OsmTown, read_osm
from privacysim.city.streets import Adjacency, Streets, adjacency
from privacysim.city.synthetic import synthetic_streets
from privacysim.city.trees import grow_trees
from privacysim.errors import ResultsError, shown
from privacysim.files import Quantity, Strict
from privacysim.resources import PACKAGE, cache_folder
from privacysim.scenario import Scenario
from privacysim.scenario.sections import CitySection

_WORDS = ("name", "digest", "note", "mapped_cameras", "origin")
_ARRAYS = tuple(field.name for field in fields(City) if field.name not in _WORDS)


def build_city(scenario: Scenario, *, workers: int = 1) -> City:
    """The city of a scenario: built once, then mapped from the cache (`$PRIVACYSIM_CACHE`, else the user's).

    A pure function of the scenario's `[city]` and of what `[population]` says about homes, of the numbers behind
    them, and of this room's source. `workers` threads grow the route trees; the result does not depend on them. A
    cache that is half or damaged is built anew; two processes that build at once do not disturb one another. A map
    that cannot be read is an InputError, a cache that cannot be written a ResultsError.

    >>> from privacysim.scenario import load_scenario
    >>> build_city(load_scenario("guangzhou_district")).people
    100000
    """
    digest = city_digest(scenario)
    folder = folder_of(digest)
    try:
        return _open(digest, str(folder), scenario.id)
    except LookupError:
        _build(scenario, digest, workers)
        return _open(digest, str(folder), scenario.id)


@lru_cache(maxsize=4)
def _open(digest: str, folder: str, name: str) -> City:
    found = load(Path(folder))
    if found is None:  # an exception, because lru_cache would remember a None
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
    # JSON knows no NaN: an unknown heading is null on disk
    return frame.assign(heading_deg=pd.to_numeric(frame["heading_deg"], errors="raise").astype("float64"))


def _build(scenario: Scenario, digest: str, workers: int) -> None:
    section, people = scenario.city, round(scenario.population.people.number)
    town: OsmTown | None = None
    if section.kind == "osm":
        town = read_osm(section, people)
        streets, sites, hubs = town.streets, town.sites, town.hubs
    else:
        streets = synthetic_streets(section)
        hubs = places.choose_hubs(section, streets)
        sites = places.synthetic_sites(section, streets, hubs, people)
    near = adjacency(streets.x.size, streets.u, streets.v)
    arrays = _arrays(section, streets, near, sites, hubs)
    if town is not None:
        arrays |= {"place_x": town.place_x, "place_y": town.place_y, **town.buildings}
    scratch = scratch_folder(digest)
    try:
        arrays["stop_node"] = grow_trees(
            streets, near, hubs, section.stop_distance_low_m.number, section.stop_distance_high_m.number,
            scratch / "trees.npy", workers,
        )
        keep(scratch, digest, arrays, {
            "word": town.word if town else "", "origin": town.origin if town else None,
            "mapped_cameras": town.cameras if town else None,
        })
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _arrays(
    section: CitySection, streets: Streets, near: Adjacency, sites: places.Sites, hubs: NDArray[np.int32]
) -> dict[str, Any]:
    x, y = places.entrances(section, streets, near, sites)
    return {
        "node_x": streets.x, "node_y": streets.y, "node_zone": streets.zone,
        "edge_u": streets.u, "edge_v": streets.v, "edge_mm": streets.mm, "edge_kind": streets.kind,
        "adj_start": near.start, "adj_node": near.node, "adj_edge": near.edge, "hub_node": hubs,
        "place_x": x, "place_y": y, "place_node": sites.node,
        "place_hub": places.nearest_hub(streets, hubs, sites), "place_category": sites.category,
        "place_zone": streets.zone[sites.node], "home_people": sites.home_people, **places.traits(section, sites),
    }


def city_digest(scenario: Scenario) -> str:
    """Hash of all that the city depends on: resolved numbers, the map file, the source of this room and the draws."""
    said: dict[str, Any] = {"city": _numbers(scenario.city), "people": scenario.population.people.number}
    del said["city"]["osm"]  # the map's bytes count, not where it lies
    mark = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=12)
    if scenario.city.osm is not None and Path(scenario.city.osm).is_file():
        mark.update(Path(scenario.city.osm).read_bytes())
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


_META = "meta.json"


def folder_of(digest: str) -> Path:
    """Where the city of that hash is kept; a cache that cannot be made is a ResultsError."""
    try:
        return cache_folder() / "city" / digest
    except OSError as error:
        raise _unwritable("the cache folder", error) from error


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Arrays (mapped, read-only) and the other entries of a kept city; None where it is absent, half or damaged."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if any(_sum(folder / name) != kept for name, kept in meta["sums"].items()):
            return None
        arrays = {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in meta["sums"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return arrays, meta["rest"]


def scratch_folder(digest: str) -> Path:
    """A new folder beside the place where the city will be kept."""
    parent = folder_of(digest).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{digest}.", dir=parent))
    except OSError as error:
        raise _unwritable(str(parent), error) from error


def _unwritable(where: str, error: OSError) -> ResultsError:
    return ResultsError(f"{where}: cannot be written ({shown(error.strerror or error)}).\n"
                        "  Fix: name a folder that can be written, with 200 MB of room, in PRIVACYSIM_CACHE.")


def keep(folder: Path, digest: str, arrays: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
    """Write the arrays into the scratch folder and rename it when whole; whoever comes first wins."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    sums = {path.name: _sum(path) for path in sorted(folder.glob("*.npy"))}
    (folder / _META).write_text(json.dumps({"sums": sums, "rest": dict(rest)}, indent=1), encoding="utf-8")
    final = folder_of(digest)
    if final.exists() and load(final) is None:
        # a damaged city: moved aside first, since a folder that has files cannot be replaced by renaming
        aside = folder.with_suffix(".damaged")
        with contextlib.suppress(FileNotFoundError):
            os.replace(final, aside)
        shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(OSError):  # another process kept the same city meanwhile
        os.replace(folder, final)
    shutil.rmtree(folder, ignore_errors=True)


def size_mb(folder: Path) -> float:
    """Megabytes that a kept city takes."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _sum(path: Path) -> list[int]:
    """Size and CRC-32: enough against half and damaged files, at the speed of reading."""
    crc = 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 22):
            crc = zlib.crc32(part, crc)
    return [path.stat().st_size, crc]
