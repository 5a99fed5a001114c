"""Reads tracks of people from GPX, KML, GeoJSON, GeoPackage, CSV trajectories, and SUMO and MATSim traces.

A track shows where somebody lives, works and prays, so none of it is ever printed. The object's text gives only
amounts, `rejects` name lines and not places, and only a file's SHA-256 may be written down.
CSV columns are recognised as movingpandas (`t`, `traj_id`, `geometry`) and scikit-mobility (`uid`, `tid`, `datetime`,
`lat`, `lng`) write them. SUMO: `fcd-export` with geographic positions, people, bicycles and vehicles alike.
MATSim: events or plans, with the network that they refer to (`tracks.matsim`).
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.readers.camera_files import file_digest, refuse_missing_columns
from privacysim.readers.camera_tags import known_columns
from privacysim.readers.features import PLACE, Features, foreign_reader, read_features
from privacysim.readers.markup import Element, read_xml
from privacysim.readers.matsim import read_moves, read_network, to_degrees
from privacysim.readers.opening import kind_of, read_bytes
from privacysim.readers.positions import Reject, degrees, instant, position_error, refuse_if_misread

Floats = NDArray[np.float64]
_TIME = ("datetime", "t", "timestamp", "time", "date_time", "time_utc", "check-in_time")
_PERSON = ("uid", "user", "user_id", "userid", "person", "person_id", "agent", "traj_id", "trajectory_id", "track_id")
_LEG = ("tid", "traj_id", "trip_id", "trajectory_id", "track_seg_id", "segment")
_SIMULATED_DAY_S = 1_577_836_800.0
"""2020-01-01 00:00 UTC: a simulation's clock starts at 0, and only its differences and hours matter."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tracks:
    """Fixes of one or more people, in the order of the file within each person's leg.

    `lat`, `lon` in degrees (WGS 84); `time_s` in seconds since 1970, NaN = no clock. `person` and `leg` count from 0
    (a leg is an unbroken recording; nothing is known between legs).
    """

    lat: Floats
    lon: Floats
    time_s: Floats
    person: NDArray[np.int32]
    leg: NDArray[np.int32]
    people: int
    rejects: tuple[Reject, ...]
    notes: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return self.lat.size

    def __repr__(self) -> str:
        return f"Tracks({len(self)} fixes of {self.people} people, {len(self.rejects)} rejects)"


@dataclass(slots=True)
class _Rows:
    lat: array[float] = field(default_factory=lambda: array("d"))
    lon: array[float] = field(default_factory=lambda: array("d"))
    time: array[float] = field(default_factory=lambda: array("d"))
    person: array[int] = field(default_factory=lambda: array("i"))
    leg: array[int] = field(default_factory=lambda: array("i"))
    people: dict[str, int] = field(default_factory=dict)
    legs: dict[tuple[int, str], int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, line: int, lat: float, lon: float, time: float, person: str, leg: str) -> None:
        error = position_error(lat, lon)
        if error:
            self.rejects.append(Reject(line, error))
            return
        who = self.people.setdefault(person, len(self.people))
        self.lat.append(lat)
        self.lon.append(lon)
        self.time.append(time)
        self.person.append(who)
        self.leg.append(self.legs.setdefault((who, leg), len(self.legs)))


def read_tracks(path: str | Path, columns: Mapping[str, str] | None = None, network: str | Path | None = None,
                crs: str = "") -> Tracks:
    """Read the tracks of a file. Raises InputError if it holds none; single bad fixes become `rejects`.

    `columns` maps our names (lat, lon, time, person) to a table's own, where they are not recognised. `network` and
    `crs`: MATSim's network.xml, and the name of its plane if it does not state one (EPSG:25832).
    """
    path = Path(path)
    known_columns(columns or {}, str(path))
    if not path.is_file():
        raise InputError(str(path), "an existing track", "no such file", "check the path")
    rows, notes = _Rows(), list[str]()
    content = _xml_content(path) if foreign_reader(path) is None else None
    if content is not None and (kind := _kind_of_xml(content, str(path))) != "kml":
        if kind == "matsim":
            notes += _from_matsim(content, str(path), rows, network, crs)
        else:
            (_from_gpx if kind == "gpx" else _from_sumo)(content, str(path), rows)
    else:
        found = read_features(path, {ours: theirs for ours, theirs in (columns or {}).items() if ours in PLACE})
        refuse_missing_columns(str(path), columns or {}, found)
        _from_features(found, columns or {}, rows)
        notes += found.notes
    rows.rejects.sort(key=lambda reject: reject.line)
    refuse_if_misread(str(path), len(rows.lat), rows.rejects, "fix")
    if len(rows.lat) < 2:
        raise InputError(str(path), "a track of at least two fixes", f"{len(rows.lat)} fix", "name another file")
    return _sorted(rows, notes, file_digest(path))


def _xml_content(path: Path) -> bytes | None:
    with path.open("rb") as stream:
        if stream.read(16).startswith(b"SQLite format 3"):
            return None
    content = read_bytes(path)
    return content if kind_of(path, content) == "xml" else None


def _kind_of_xml(content: bytes, where: str) -> str:
    """gpx, kml, sumo or matsim, by the first element of the file."""
    head = content[:4096].decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    for mark, kind in (("<gpx", "gpx"), ("<kml", "kml"), ("<fcd-export", "sumo"), ("<events", "matsim"),
                       ("<population", "matsim"), ("<plans", "matsim")):
        if mark in head.lower():
            return kind
    expected = "GPX, KML, SUMO's fcd-export, or MATSim's events or plans"
    raise InputError(where, expected, "XML of another kind", "export the track as GPX")


def _from_gpx(content: bytes, where: str, rows: _Rows) -> None:
    legs = [0]

    def on_start(element: Element) -> None:
        if element.name in ("trkseg", "rte"):
            legs[0] += 1

    def on_end(element: Element) -> None:
        if element.name in ("trkpt", "rtept"):
            lat, lon = (degrees(element.attributes.get(name)) for name in ("lat", "lon"))
            rows.add(element.line, lat, lon, instant(element.children.get("time", "")), "", str(legs[0]))

    read_xml(content, where, on_end, on_start)


def _from_sumo(content: bytes, where: str, rows: _Rows) -> None:
    def on_end(element: Element) -> None:
        if element.name not in ("person", "vehicle"):
            return
        step = element.above("timestep")
        clock = degrees(step.attributes.get("time")) if step else float("nan")
        lon, lat = (degrees(element.attributes.get(name)) for name in ("x", "y"))
        rows.add(element.line, lat, lon, clock + _SIMULATED_DAY_S, element.attributes.get("id", ""), "")

    read_xml(content, where, on_end)
    if not rows.lat and rows.rejects:
        fix = "run sumo with --fcd-output.geo"
        raise InputError(where, "positions in longitude and latitude", "metres of SUMO's own plane", fix)


def _from_matsim(content: bytes, where: str, rows: _Rows, network: str | Path | None, crs: str) -> list[str]:
    if network is None:
        fix = "add --network network.xml.gz (in Python network=…)"
        raise InputError(where, "the network that MATSim's links belong to", "none", fix)
    links = read_network(network)
    moves = read_moves(content, where, links)
    if not moves.line:
        raise InputError(where, "at least one move or activity", "none", "name the events or plans of a run")
    lat, lon, named = to_degrees(moves, links, crs, where)
    for line, y, x, time, person, leg in zip(
        moves.line, lat.tolist(), lon.tolist(), moves.time, moves.person, moves.leg, strict=True
    ):
        rows.add(line, y, x, time + _SIMULATED_DAY_S, person, leg)
    notes = [f"MATSim, positions of its network in {named}"]
    if moves.unknown_way:
        notes.append(f"{moves.unknown_way} legs have no way through the network: between their ends nothing is counted")
    return notes


def _from_features(found: Features, columns: Mapping[str, str], rows: _Rows) -> None:
    rows.rejects += found.rejects
    for number, feature in enumerate(found.features):
        low = {name.lower(): value for name, value in feature.properties.items()}
        person = _first(low, columns, "person", _PERSON)
        if feature.kind == "line":
            times = feature.times or ("",) * len(feature.positions)
            for (lon, lat), when in zip(feature.positions, times, strict=True):
                rows.add(feature.line, lat, lon, instant(when), person, f"line {number}")
        else:
            (lon, lat) = feature.positions[0]
            clock = instant(_first(low, columns, "time", _TIME))
            rows.add(feature.line, lat, lon, clock, person, _first(low, columns, "leg", _LEG))


def _first(low: Mapping[str, str], columns: Mapping[str, str], ours: str, usual: tuple[str, ...]) -> str:
    names = (columns[ours].lower(),) if ours in columns else usual
    return next((low[name] for name in names if low.get(name)), "")


def _sorted(rows: _Rows, notes: list[str], digest: str) -> Tracks:
    """Sort fixes: legs kept together, people in the order of their first fix; within a leg the order of the file."""
    person, leg = np.array(rows.person, dtype=np.int32), np.array(rows.leg, dtype=np.int32)
    order = np.lexsort((leg, person))
    lat, lon, time = (np.array(values, dtype=np.float64) for values in (rows.lat, rows.lon, rows.time))
    return Tracks(
        lat[order], lon[order], time[order], person[order], leg[order], len(rows.people), tuple(rows.rejects),
        tuple(notes), digest,
    )  # fmt: skip
