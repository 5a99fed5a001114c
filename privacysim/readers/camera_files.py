"""Cameras from anything: CSV, GeoJSON, KML, GeoPackage or an OpenStreetMap extract, as they were mapped.

Nothing is filled in here. An unknown heading stays NaN; what to do with it (a band over all headings) is for those who
measure. Rows that say exactly the same are one camera; rows that cannot be used are listed with line and reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean, require
from privacysim.readers.camera_tags import Said, known_columns, said
from privacysim.readers.features import Feature, Features, read_features
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.positions import Reject, position_error, refuse_if_misread
from privacysim.vocabulary import OPERATORS, REGIMES

Floats = NDArray[np.float64]
PLACE = ("lat", "lon")
UNKNOWN = -1
"""Code of an operator or regime that nobody mapped."""


@dataclass(frozen=True, slots=True, eq=False)
class MappedCameras:
    """Cameras as mapped, one entry each; positions in degrees (WGS 84), NaN or −1 where nobody said."""

    lat: Floats
    lon: Floats
    heading_deg: Floats
    """Clockwise from north; NaN = unknown, or no matter because the camera sees all round."""
    hfov_deg: Floats
    """360 = all round (dome, panning, revolving); NaN = unknown."""
    width_px: Floats
    tilt_deg: Floats
    """Of the optical axis below the horizon; NaN = unknown."""
    mount_m: Floats
    range_m: Floats
    """A reach that the file states, on the ground; NaN = not stated."""
    operator: NDArray[np.int8]
    """Code in OPERATORS."""
    regime: NDArray[np.int8]
    """Code in REGIMES."""
    indoor: NDArray[np.bool_]
    line: NDArray[np.int64]
    """Line (or number) in the file: the camera's name towards the reader."""
    rejects: tuple[Reject, ...]
    notes: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return self.lat.size

    @property
    def heading_known(self) -> NDArray[np.bool_]:
        """Whether the direction of view is known, or no matter."""
        return (self.hfov_deg >= 360.0) | ~np.isnan(self.heading_deg)

    def operator_word(self, camera: int) -> str:
        """The operator's word, `unknown` where nobody mapped it."""
        code = int(self.operator[camera])
        return OPERATORS[code] if code >= 0 else "unknown"


def read_cameras(path: str | Path, columns: Mapping[str, str] | None = None, *, merge: bool = True) -> MappedCameras:
    """Read every camera of a file. What cannot be read at all is an InputError; single bad rows are `rejects`.

    `columns` maps our names (lat, lon, heading, hfov, width, mount, range, operator, regime …) to the file's, where
    they are not recognised. `merge = False` keeps rows that repeat another in every respect (two on a pole?).
    """
    path = Path(path)
    known_columns(columns or {}, str(path))
    if not path.is_file():
        raise InputError(str(path), "an existing file of cameras", "no such file", "check the path")
    if path.name.endswith((".pbf", ".osm", ".osm.bz2", ".osm.gz")):
        found = _from_osm(path)
    else:
        found = read_features(path, {ours: theirs for ours, theirs in (columns or {}).items() if ours in PLACE})
    refuse_missing_columns(str(path), columns or {}, found)
    rows: list[tuple[float, float, Said, int]] = []
    rejects = list(found.rejects)
    for feature in found.features:
        if feature.kind != "point":
            rejects.append(Reject(feature.line, "a line is no camera"))
            continue
        lon, lat = feature.positions[0]
        error = position_error(lat, lon)
        if error:
            rejects.append(Reject(feature.line, error))
        else:
            rows.append((lat, lon, said(feature.properties, columns), feature.line))
    rejects.sort(key=lambda reject: reject.line)
    refuse_if_misread(str(path), len(rows), rejects, "camera")
    return _assembled(path, rows, rejects, found.notes, merge)


def _assembled(path: Path, rows: list[tuple[float, float, Said, int]], rejects: list[Reject],
               notes: list[str], merge: bool) -> MappedCameras:
    once: dict[tuple[str, ...], int] = {}
    kept: list[tuple[float, float, Said, int]] = []
    for row in rows:
        lat, lon, words, _ = row
        key = (f"{lat:.7f}", f"{lon:.7f}", repr(words))
        if not merge or key not in once:
            once[key] = len(kept)
            kept.append(row)
    if len(kept) < len(rows):
        notes = [*notes, f"{len(rows) - len(kept)} rows repeat another one in every respect and count once"]
    doubts = [Reject(line, f"kept, but {words.doubt}") for _, _, words, line in kept if words.doubt]
    if doubts:
        notes = [*notes, f"{len(doubts)} cameras kept with a doubt, the first: {doubts[0]}"]

    def numbers(name: str) -> Floats:
        return np.array([getattr(words, name) for _, _, words, _ in kept], dtype=np.float64)

    width = numbers("width_px")
    return MappedCameras(
        np.array([row[0] for row in kept]), np.array([row[1] for row in kept]), numbers("heading_deg"),
        numbers("hfov_deg"), np.where(width > 0, width, np.nan), numbers("tilt_deg"), numbers("mount_m"),
        numbers("range_m"),
        np.array([OPERATORS.index(w.operator) if w.operator else UNKNOWN for _, _, w, _ in kept], dtype=np.int8),
        np.array([REGIMES.index(w.regime) if w.regime else UNKNOWN for _, _, w, _ in kept], dtype=np.int8),
        np.array([w.indoor for _, _, w, _ in kept], dtype=bool), np.array([row[3] for row in kept], dtype=np.int64),
        tuple(rejects), tuple(notes), file_digest(path),
    )  # fmt: skip


def refuse_missing_columns(where: str, columns: Mapping[str, str], found: Features) -> None:
    """A column that was mapped but that no row fills is an InputError: a misspelt name must not pass for unknown."""
    for ours, theirs in columns.items():
        if ours not in PLACE and not any(theirs in feature.properties for feature in found.features):
            known = sorted({name for feature in found.features[:100] for name in feature.properties})
            raise InputError(f"{where}, {ours}", "a column that the file fills", theirs, did_you_mean(theirs, known))


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, the only thing about a private input that may be written down."""
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _from_osm(path: Path) -> Features:
    """Nodes with `man_made=surveillance` of an OpenStreetMap extract; a guard is no camera."""
    osmium = require("map", "osmium", where=str(path))
    refuse_bombs(path)
    found = Features(str(path), "osm")
    try:
        reader: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
        for node in reader.with_filter(osmium.filter.TagFilter(("man_made", "surveillance"))):
            words = {tag.k: tag.v for tag in node.tags}
            if words.get("surveillance:type") == "guard":
                found.reject(node.id, "a guard is no camera")
            elif not node.location.valid():
                found.reject(node.id, "no valid position")
            else:
                place = (node.location.lon, node.location.lat)
                found.add(Feature(node.id, "point", [place], words))
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download or cut it again") from None
    return found
