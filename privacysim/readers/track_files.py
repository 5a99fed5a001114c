"""Reads tracks of people from GPX, KML, GeoJSON, GeoPackage, CSV trajectories, and SUMO and MATSim traces.

A track shows where somebody lives, works and prays, so none of it is ever printed. The object's text gives only
amounts, `rejects` name lines and not places, and only a file's SHA-256 may be written down.
CSV columns are recognised as movingpandas and scikit-mobility write them. SUMO: `fcd-export` with geographic positions.
MATSim: events or plans, with the network that they refer to (`readers.matsim`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Floats
from privacysim.errors import InputError
from privacysim.files import file_digest
from privacysim.readers.features import Features, foreign_reader, read_features, refuse_columns, stated
from privacysim.readers.matsim import SIMULATED_DAY_S, Fix, read_matsim
from privacysim.readers.opening import Element, read_xml, recognised
from privacysim.readers.positions import Reject, degrees, instant, position_error, refuse_if_misread

_XML_KINDS = {"gpx": "gpx", "kml": "kml", "fcd-export": "sumo", "events": "matsim", "population": "matsim",
              "plans": "matsim"}


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


def read_tracks(path: str | Path, columns: Mapping[str, str] | None = None, network: str | Path | None = None,
                crs: str = "") -> Tracks:
    """Read the tracks of a file. Raises InputError if it holds none; single bad fixes become `rejects`.

    `columns` maps our names (lat, lon, time, person) to a table's own, where they are not recognised. `network` and
    `crs`: MATSim's network.xml, and the name of its plane if it does not state one (EPSG:25832).
    """
    path, where, columns = Path(path), str(path), columns or {}
    refuse_columns(where, columns)
    if not path.is_file():
        raise InputError(where, "an existing track", "no such file", "check the path")
    kind, content = recognised(path) if foreign_reader(path) is None else ("installed", b"")
    kind = _kind_of_xml(content, where) if kind == "xml" else kind
    notes, rejects = list[str](), list[Reject]()
    if kind in ("gpx", "sumo"):
        fixes = (_from_gpx if kind == "gpx" else _from_sumo)(content, where)
    elif kind == "matsim":
        fixes, notes = read_matsim(content, where, network, crs)
    else:
        found = read_features(path, columns)
        refuse_columns(where, columns, found)
        fixes, notes, rejects = _from_features(found, columns), found.notes, found.rejects
    return _tracks(path, fixes, rejects, notes)


def _kind_of_xml(content: bytes, where: str) -> str:
    """gpx, kml, sumo or matsim, by the first element of the file."""
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    head = content[:4096].decode("utf-16" if utf16 else "utf-8", errors="replace").lower()
    for name, kind in _XML_KINDS.items():
        if f"<{name}" in head:
            return kind
    expected = "GPX, KML, SUMO's fcd-export, or MATSim's events or plans"
    raise InputError(where, expected, "XML of another kind", "export the track as GPX")


def _from_gpx(content: bytes, where: str) -> list[Fix]:
    fixes, leg = list[Fix](), 0

    def on_start(element: Element) -> None:
        nonlocal leg
        leg += element.name in ("trkseg", "rte")

    def on_end(element: Element) -> None:
        if element.name in ("trkpt", "rtept"):
            lat, lon = (degrees(element.attributes.get(name)) for name in ("lat", "lon"))
            fixes.append(Fix(element.line, lat, lon, instant(element.children.get("time", "")), "", str(leg)))

    read_xml(content, where, on_end, on_start)
    return fixes


def _from_sumo(content: bytes, where: str) -> list[Fix]:
    fixes = list[Fix]()

    def on_end(element: Element) -> None:
        if element.name in ("person", "vehicle"):
            step, said = element.above("timestep"), element.attributes
            clock = degrees(step.attributes.get("time")) if step else math.nan
            lon, lat = degrees(said.get("x")), degrees(said.get("y"))
            fixes.append(Fix(element.line, lat, lon, clock + SIMULATED_DAY_S, said.get("id", ""), ""))

    read_xml(content, where, on_end)
    if fixes and all(position_error(fix.lat, fix.lon) for fix in fixes):
        fix = "run sumo with --fcd-output.geo"
        raise InputError(where, "positions in longitude and latitude", "metres of SUMO's own plane", fix)
    return fixes


def _from_features(found: Features, columns: Mapping[str, str]) -> list[Fix]:
    fixes = list[Fix]()
    for number, feature in enumerate(found.features):
        low = {name.lower(): value for name, value in feature.properties.items()}
        person, leg = stated(low, "person", columns), f"line {number}"
        times: Sequence[str] = feature.times or ("",) * len(feature.positions)
        if not feature.is_line:
            times, leg = [stated(low, "time", columns)], stated(low, "leg", columns)
        fixes += [Fix(feature.line, lat, lon, instant(when), person, leg)
                  for when, (lon, lat) in zip(times, feature.positions, strict=True)]
    return fixes


def _tracks(path: Path, fixes: list[Fix], rejects: list[Reject], notes: list[str]) -> Tracks:
    """Sort fixes: legs kept together, people in the order of their first fix; within a leg the order of the file."""
    errors = [position_error(fix.lat, fix.lon) for fix in fixes]
    rejects = rejects + [Reject(fix.line, error) for fix, error in zip(fixes, errors, strict=True) if error]
    rejects.sort(key=lambda reject: reject.line)
    fixes = [fix for fix, error in zip(fixes, errors, strict=True) if not error]
    refuse_if_misread(str(path), len(fixes), rejects, "fix")
    if len(fixes) < 2:
        raise InputError(str(path), "a track of at least two fixes", f"{len(fixes)} fix", "name another file")
    people, legs = dict[str, int](), dict[tuple[str, str], int]()
    person = np.array([people.setdefault(fix.person, len(people)) for fix in fixes], dtype=np.int32)
    leg = np.array([legs.setdefault((fix.person, fix.leg), len(legs)) for fix in fixes], dtype=np.int32)
    order = np.lexsort((leg, person))
    lat, lon, time = np.array([fix[1:4] for fix in fixes], dtype=np.float64)[order].T
    return Tracks(lat, lon, time, person[order], leg[order], len(people), tuple(rejects), tuple(notes),
                  file_digest(path))  # fmt: skip
