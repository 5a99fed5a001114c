"""Reads cameras as mapped from CSV, GeoJSON, KML, GeoPackage or an OpenStreetMap extract.

Nothing is imputed. An unknown heading stays NaN; the measuring code decides how to treat it (a band over all
headings). Identical rows are one camera; unusable rows are listed with line and reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean, require
from privacysim.readers.camera_tags import Said, known_columns, said
from privacysim.readers.features import PLACE, Feature, Features, read_features
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.positions import Reject, position_error, refuse_if_misread
from privacysim.vocabulary import OPERATORS, REGIMES

Floats = NDArray[np.float64]
UNKNOWN = -1
"""Code of an unmapped operator or regime."""


class Stated:
    """Stated properties of cameras, as fields of a dataclass; NaN or −1 where nothing is stated."""

    __slots__ = ()
    COLUMNS = ("heading_deg", "hfov_deg", "width_px", "tilt_deg", "mount_m", "range_m", "operator", "regime", "indoor")
    heading_deg: Floats
    hfov_deg: Floats
    width_px: Floats
    mount_m: Floats

    def __len__(self) -> int:
        return self.hfov_deg.size

    @property
    def turns(self) -> NDArray[np.bool_]:
        """Whether each camera sees all round."""
        return self.hfov_deg >= 360.0

    @property
    def heading_known(self) -> NDArray[np.bool_]:
        """Whether the direction of view is known, or irrelevant."""
        return self.turns | ~np.isnan(self.heading_deg)


@dataclass(frozen=True, slots=True, eq=False)
class MappedCameras(Stated):
    """Cameras as mapped, one entry each; positions in degrees (WGS 84), NaN or −1 where unknown."""

    lat: Floats
    lon: Floats
    heading_deg: Floats
    """Clockwise from north; NaN = unknown, or irrelevant because the camera sees all round."""
    hfov_deg: Floats
    """360 = all round (dome, panning, revolving); NaN = unknown."""
    width_px: Floats
    tilt_deg: Floats
    """Tilt of the optical axis below the horizon; NaN = unknown."""
    mount_m: Floats
    range_m: Floats
    """Reach on the ground that the file states; NaN = not stated."""
    operator: NDArray[np.int8]
    """Code in OPERATORS."""
    regime: NDArray[np.int8]
    """Code in REGIMES."""
    indoor: NDArray[np.bool_]
    line: NDArray[np.int64]
    """Line (or number) in the file, which names the camera to the reader."""
    rejects: tuple[Reject, ...]
    notes: tuple[str, ...]
    digest: str

    def operator_word(self, camera: int) -> str:
        """Operator in words; `unknown` if unmapped."""
        code = int(self.operator[camera])
        return OPERATORS[code] if code >= 0 else "unknown"


def read_cameras(path: str | Path, columns: Mapping[str, str] | None = None, *, merge: bool = True) -> MappedCameras:
    """Read every camera of a file. Raises InputError for an unreadable file; single bad rows become `rejects`.

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

    return MappedCameras(
        np.array([row[0] for row in kept]), np.array([row[1] for row in kept]),
        **stated_columns([row[2] for row in kept]), line=np.array([row[3] for row in kept], dtype=np.int64),
        rejects=tuple(rejects), notes=tuple(notes), digest=file_digest(path),
    )


def stated_columns(words: Sequence[Said]) -> dict[str, NDArray[Any]]:
    """Fields of `Stated` as arrays, one entry for each camera described."""
    made: dict[str, NDArray[Any]] = {
        name: np.array([getattr(one, name) for one in words], dtype=np.float64) for name in Stated.COLUMNS[:6]
    }
    made["width_px"] = np.where(made["width_px"] > 0, made["width_px"], np.nan)
    for name, known in (("operator", OPERATORS), ("regime", REGIMES)):
        codes = [known.index(word) if (word := getattr(one, name)) else UNKNOWN for one in words]
        made[name] = np.array(codes, dtype=np.int8)
    return made | {"indoor": np.array([one.indoor for one in words], dtype=bool)}


def refuse_missing_columns(where: str, columns: Mapping[str, str], found: Features) -> None:
    """Raise InputError for a mapped column that no row fills: a misspelt name must not pass for unknown."""
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
    """Nodes with `man_made=surveillance` of an OpenStreetMap extract, without guards."""
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
