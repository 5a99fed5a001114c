"""Reads tracks of people from GPX, KML, GeoJSON, GeoPackage, CSV trajectories, and SUMO and MATSim traces.

A track shows where somebody lives, works and prays, so none of it is ever printed. The object's text gives only
amounts, `rejects` name lines and not places, and only a file's SHA-256 may be written down.
CSV columns are recognised as movingpandas and scikit-mobility write them. SUMO: `fcd-export` with geographic positions.
MATSim: events or plans, with the network that they refer to (`readers.matsim`).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Floats
from privacysim.errors import InputError
from privacysim.files import file_digest
from privacysim.readers.columns import plain_words, stated
from privacysim.readers.features import Features, foreign_reader, read_features, refuse_columns
from privacysim.readers.matsim import SIMULATED_DAY_S, Fix, read_matsim
from privacysim.readers.opening import Element, read_xml, recognised
from privacysim.readers.positions import Reject, degrees, instant, instants, position_error, refuse_if_misread

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
    if kind == "gpx":
        fixes = _from_gpx(content, where, notes)
    elif kind == "sumo":
        fixes = _from_sumo(content, where)
    elif kind == "matsim":
        fixes, notes = read_matsim(content, where, network, crs)
    else:
        found = read_features(path, columns)
        refuse_columns(where, columns, found)
        notes, rejects = found.notes, found.rejects
        fixes = _from_features(found, columns, notes)
    return _tracks(path, fixes, rejects, notes, recorded=kind not in ("sumo", "matsim"))


def _kind_of_xml(content: bytes, where: str) -> str:
    """gpx, kml, sumo or matsim, by the first element of the file."""
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    head = content[:4096].decode("utf-16" if utf16 else "utf-8", errors="replace").lower()
    for name, kind in _XML_KINDS.items():
        if re.search(rf"<(?:\w+:)?{name}\b", head):
            return kind
    expected = "GPX, KML, SUMO's fcd-export, or MATSim's events or plans"
    raise InputError(where, expected, "XML of another kind", "export the track as GPX")


def _from_gpx(content: bytes, where: str, notes: list[str]) -> list[Fix]:
    fixes, planned, leg = list[Fix](), list[Fix](), 0

    def on_start(element: Element) -> None:
        nonlocal leg
        leg += element.name in ("trkseg", "rte")

    def on_end(element: Element) -> None:
        if element.name in ("trkpt", "rtept"):
            lat, lon = (degrees(element.attributes.get(name)) for name in ("lat", "lon"))
            fix = Fix(element.line, lat, lon, instant(element.children.get("time", "")), "", str(leg))
            (fixes if element.name == "trkpt" else planned).append(fix)

    read_xml(content, where, on_end, on_start)
    return _rather(fixes, planned, "points of a planned route duplicate the recorded track", notes)


def _rather(fixes: list[Fix], others: list[Fix], what: str, notes: list[str]) -> list[Fix]:
    """The fixes, or the others if there are none, because both would count one walk twice."""
    if fixes and others:
        notes.append(f"{len(others)} {what} and were left out")
    return fixes or others


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


def _from_features(found: Features, columns: Mapping[str, str], notes: list[str]) -> list[Fix]:
    points, lines = list[Fix](), list[Fix]()
    low = [plain_words(feature.properties) for feature in found.features]
    single = instants([_when(words, columns) for words in low])
    for number, (feature, words, when) in enumerate(zip(found.features, low, single, strict=True)):
        person, leg = stated(words, "person", columns), f"line {number}"
        times = instants(feature.times) or [math.nan] * len(feature.positions)
        if not feature.is_line:
            times, leg = [when], stated(words, "leg", columns)
        (lines if feature.is_line else points).extend(
            Fix(feature.line, lat, lon, time, person, leg)
            for time, (lon, lat) in zip(times, feature.positions, strict=True))  # fmt: skip
    if not _timed(lines) and _timed(points):
        return _rather(points, lines, "corners of lines without a clock duplicate points with one", notes)
    return _rather(lines, points, "single points duplicate a line", notes)


def _when(words: Mapping[str, str], columns: Mapping[str, str]) -> str:
    """Time of a row; a time of day is joined to the date in another column."""
    time, date = stated(words, "time", columns), stated(words, "date", columns)
    return f"{date} {time}" if date and re.match(r"^\d{1,2}:\d\d", time) else time


def _timed(fixes: Sequence[Fix]) -> bool:
    return any(math.isfinite(fix.time_s) for fix in fixes)


def _once(fixes: list[Fix], notes: list[str]) -> list[Fix]:
    """Fixes in the order of time within each leg, without those that show a person at two places at a time.

    Legs of one person that overlap in time, or (without a clock) a leg that lies within another one, are one walk
    stored twice in the file.
    """
    people: dict[str, dict[str, list[Fix]]] = {}
    for fix in fixes:
        people.setdefault(fix.person, {}).setdefault(fix.leg, []).append(fix)
    kept, timed, resorted = list[Fix](), _timed(fixes), 0
    for legs in people.values():
        end, lines, clean = -math.inf, list[str](), list[list[Fix]]()
        for leg in map(list, legs.values()):
            steps = np.diff([fix.time_s for fix in leg])
            if (steps < 0).sum() > 0.2 * steps.size:  # a single clock that goes back is a glitch
                leg.sort(key=lambda fix: fix.time_s)
                resorted += 1
            clean.append(list({fix[1:4]: fix for fix in reversed(leg)}.values())[::-1] if timed else leg)
        for leg in sorted(clean, key=lambda leg: (leg[0].time_s if timed else 0.0, -len(leg))):
            if timed:
                kept += [fix for fix in leg if fix.time_s > end] if leg[0].time_s < end else leg
                end = max(end, leg[-1].time_s)
            elif not any(_text(leg) in line for line in lines):
                kept += leg
                lines.append(_text(leg))
    if len(kept) < len(fixes):
        notes.append(f"{len(fixes) - len(kept)} fixes repeat a time or a line that the same person already has and "
                     "were left out; if they are of other people, name the column: --track-columns person=…")
    if resorted:
        notes.append(f"{resorted} legs were not in the order of time (newest first?) and were sorted")
    return kept


def _text(leg: Sequence[Fix]) -> str:
    return "".join(f"({fix.lat:.6f},{fix.lon:.6f})" for fix in leg)


def _tracks(path: Path, fixes: list[Fix], rejects: list[Reject], notes: list[str], recorded: bool) -> Tracks:
    """Sort fixes: legs kept together, people in the order of their first fix; within a leg the order of the file."""
    errors = [position_error(fix.lat, fix.lon) for fix in fixes]
    rejects = rejects + [Reject(fix.line, error) for fix, error in zip(fixes, errors, strict=True) if error]
    rejects.sort(key=lambda reject: reject.line)
    fixes = [fix for fix, error in zip(fixes, errors, strict=True) if not error]
    clocks = sum(math.isfinite(fix.time_s) for fix in fixes)
    if len(fixes) / 2 <= clocks < len(fixes):
        notes.append(f"{len(fixes) - clocks} fixes have no time that is understood and were left out")
        fixes = [fix for fix in fixes if math.isfinite(fix.time_s)]
    elif 0 < clocks < len(fixes):
        notes.append(f"only {clocks} of {len(fixes)} fixes have a time that is understood, so no clock is used")
        fixes = [fix._replace(time_s=math.nan) for fix in fixes]
    fixes = _once(fixes, notes) if recorded else fixes
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
