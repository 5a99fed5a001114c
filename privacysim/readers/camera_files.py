"""Reads cameras as mapped from CSV, GeoJSON, KML, GeoPackage or an OpenStreetMap extract.

Nothing is imputed: an unknown heading stays NaN. Identical rows are one camera; unusable rows are listed with line and
reason. The columns and tags that are read (OpenStreetMap's wiki: Tag:man_made=surveillance) stand in
`data/column_names.csv`. Directions are degrees, compass points, ranges such as 45-135 or E-W, or several with `;`.
A camera that turns (dome, panning, revolving) sees all round: what it may see, not what it sees at one instant.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import InputError
from privacysim.files import file_digest
from privacysim.readers.features import Features, column_names, read_features, refuse_columns, stated
from privacysim.readers.osm_maps import mapped_cameras
from privacysim.readers.positions import Reject, degrees, position_error, refuse_if_misread
from privacysim.vocabulary import OPERATORS, REGIMES

UNKNOWN = -1
"""Code of an unmapped operator or regime."""
_COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_TURNING = {"dome", "panning", "ptz", "round", "360", "fisheye", "panoramic", "revolving"}
_YES = {"yes", "true", "1", "y"}
_ROOMS = {"room", "area", "corridor"}
_STATE = re.compile(r"police|polizei|politi|policía|公安|警|gendarmerie", re.IGNORECASE)
_CITY = re.compile(r"\b(city|municipal|council|government|public|stadt|state|ministry|kaupunki)", re.IGNORECASE)
_STATED = {"heading_deg": "f8", "hfov_deg": "f8", "width_px": "f8", "tilt_deg": "f8", "mount_m": "f8",
           "range_m": "f8", "operator": "i1", "regime": "i1", "indoor": "?"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stated:
    """Stated properties of cameras, one entry each; NaN or −1 where nothing is stated."""

    COLUMNS = tuple(_STATED)
    heading_deg: Floats
    """Clockwise from north; NaN = unknown, or irrelevant because the camera sees all round."""
    hfov_deg: Floats
    """360 = all round (dome, panning, revolving); NaN = unknown."""
    width_px: Floats
    tilt_deg: Floats
    """Tilt of the optical axis below the horizon."""
    mount_m: Floats
    range_m: Floats
    """Reach on the ground that the file states."""
    operator: NDArray[np.int8]
    """Code in OPERATORS."""
    regime: NDArray[np.int8]
    """Code in REGIMES."""
    indoor: Bools

    def __len__(self) -> int:
        return self.hfov_deg.size

    @property
    def turns(self) -> Bools:
        """Whether each camera sees all round."""
        return self.hfov_deg >= 360.0

    @property
    def heading_known(self) -> Bools:
        """Whether the direction of view is known, or irrelevant."""
        return self.turns | ~np.isnan(self.heading_deg)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MappedCameras(Stated):
    """Cameras as mapped; positions in degrees (WGS 84). `line` (or number) in the file names a camera to the reader."""

    lat: Floats
    lon: Floats
    line: Ints
    rejects: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = ()
    digest: str = ""

    def operator_word(self, camera: int) -> str:
        """Operator in words; `unknown` if unmapped."""
        code = int(self.operator[camera])
        return OPERATORS[code] if code >= 0 else "unknown"


def read_cameras(path: str | Path, columns: Mapping[str, str] | None = None, *, merge: bool = True) -> MappedCameras:
    """Read every camera of a file. Raises InputError for an unreadable file; single bad rows become `rejects`.

    `columns` maps our names (lat, lon, heading, hfov, width, mount, range, operator, regime …) to the file's, where
    they are not recognised. `merge = False` keeps rows that repeat another in every respect (two on a pole?).
    """
    path, where, columns = Path(path), str(path), columns or {}
    refuse_columns(where, columns)
    if not path.is_file():
        raise InputError(where, "an existing file of cameras", "no such file", "check the path")
    from_map = path.name.endswith((".pbf", ".osm", ".osm.bz2", ".osm.gz"))
    found = mapped_cameras(path, Features(where)) if from_map else read_features(path, columns)
    refuse_columns(where, columns, found)
    rows: list[tuple[int, float, float, dict[str, Any]]] = []
    rejects = list(found.rejects)
    for feature in found.features:
        lon, lat = (math.nan, math.nan) if feature.is_line else feature.positions[0]
        error = "a line is not a camera" if feature.is_line else position_error(lat, lon)
        if error:
            rejects.append(Reject(feature.line, error))
        else:
            rows.append((feature.line, lat, lon, said(feature.properties, columns)))
    rejects.sort(key=lambda reject: reject.line)
    refuse_if_misread(where, len(rows), rejects, "camera")
    notes, kept = list(found.notes), rows
    if merge:
        once: dict[tuple[str, ...], tuple[int, float, float, dict[str, Any]]] = {}
        for row in rows:
            once.setdefault((f"{row[1]:.7f}", f"{row[2]:.7f}", repr(row[3])), row)
        kept = list(once.values())
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept)} rows repeat another one in every respect and count once")
    doubts = [Reject(line, f"kept, but {words['doubt']}") for line, _, _, words in kept if words["doubt"]]
    if doubts:
        notes.append(f"{len(doubts)} cameras kept with a doubt, the first: {doubts[0]}")
    line, lat_deg, lon_deg, words = zip(*kept, strict=True)
    return MappedCameras(**stated_columns(words), lat=np.array(lat_deg), lon=np.array(lon_deg),
                         line=np.array(line, dtype=np.int64), rejects=tuple(rejects), notes=tuple(notes),
                         digest=file_digest(path))


def stated_columns(words: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Fields of `Stated` as arrays, one entry for each camera described by `said`."""
    return {name: np.array([one[name] for one in words], dtype=kind) for name, kind in _STATED.items()}


def heading_of(text: str) -> tuple[float, float]:
    """Heading and width of a mapped direction; several directions or a range become the arc that contains them all.

    Width NaN: the direction does not determine it. Unknown or nonsense: NaN, NaN.

    >>> heading_of("SW"), heading_of("270°"), heading_of("45-135"), heading_of("350;10"), heading_of("forward")
    ((225.0, nan), (270.0, nan), (90.0, 90.0), (0.0, 20.0), (nan, nan))
    >>> heading_of("E-W"), heading_of("W-E"), heading_of("0-360")
    ((180.0, 180.0), (0.0, 180.0), (180.0, 360.0))
    """
    arcs: list[tuple[float, float]] = []
    for word in filter(None, re.split(r"\s*;\s*", text.strip().upper())):
        ends = [_bearing(end) for end in re.split(r"(?<=[\dNESW°])\s*-\s*", word)]
        if len(ends) > 2 or not all(map(math.isfinite, ends)):
            return math.nan, math.nan
        if len(ends) == 2 and ends[0] != ends[1] and (ends[1] - ends[0]) % 360 == 0:
            return (ends[0] + 180) % 360, 360.0
        arcs.append((ends[0] % 360, (ends[-1] - ends[0]) % 360))
    if not arcs:
        return math.nan, math.nan
    # the shortest arc that contains all of them begins where the widest gap ends
    width, start = min((max((begin - start) % 360 + span for begin, span in arcs), n, start)
                       for n, (start, _) in enumerate(arcs))[::2]
    return (start + width / 2) % 360, width if width > 0 else math.nan


def _bearing(word: str) -> float:
    """Degrees of a compass point or a number, NaN for anything else."""
    if word in _COMPASS:
        return _COMPASS.index(word) * 22.5
    value = degrees(word)
    return value if abs(value) <= 720 else math.nan


def said(words: Mapping[str, str], columns: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read one camera's words: tags of OpenStreetMap, or columns of a table (ours, or mapped with `columns`).

    Returns the fields of `Stated`, and as `doubt` what was stated but is implausible, in words.

    >>> one = said({"camera:direction": "90", "height": "4", "camera:type": "fixed"})
    >>> one["heading_deg"], one["mount_m"], said({"camera:type": "dome"})["hfov_deg"]
    (90.0, 4.0, 360.0)
    """
    low = {key.lower(): value for key, value in words.items()}
    look = {ours: stated(low, ours, columns or {}) for ours in column_names()}
    doubts: list[str] = []

    def number(ours: str, least: float, most: float, what: str) -> float:
        text = look[ours].lower().removesuffix("m" if ours in ("mount", "range") else "")
        value = degrees(text)
        if text and not least <= value <= most:
            doubts.append(f"{what} not understood")
        return value if least <= value <= most else math.nan

    heading, arc = heading_of(look["heading"])
    if look["heading"] and math.isnan(heading):
        doubts.append("heading not understood")
    hfov = number("hfov", 1.0, 360.0, "field of view")
    if math.isnan(hfov) and arc > 0 and "-" in look["heading"]:
        hfov = arc
    kind, width = look["type"].lower(), number("width", 100.0, 40_000.0, "width")
    if (kind in _TURNING or look["turning"].lower() in _YES) and not (hfov < 360.0 and kind == "round"):
        hfov = 360.0
    indoor = look["where"].lower() == "indoor" or look["indoor"].lower() in _YES | _ROOMS
    return {"heading_deg": math.nan if hfov >= 360.0 else heading, "hfov_deg": hfov,
            "width_px": width if math.isnan(width) else round(width),
            "tilt_deg": abs(number("tilt", -90.0, 90.0, "tilt")), "mount_m": number("mount", 0.3, 200.0, "height"),
            "range_m": number("range", 0.1, 2_000.0, "range"),
            "operator": _operator(look["operator"], low.get("operator:type", "").lower()),
            "regime": REGIMES.index(look["regime"]) if look["regime"] in REGIMES else UNKNOWN, "indoor": indoor,
            "doubt": "; ".join(doubts)}


def _operator(word: str, kind: str) -> int:
    """Code of the operator if the words leave no doubt."""
    if word in OPERATORS:
        found = word
    elif _STATE.search(word) or kind == "police":
        found = "public_security"
    elif kind in ("government", "public") or _CITY.search(word):
        found = "other_state"
    elif kind in ("private", "business") or (word and kind != "private_individual"):
        found = "commercial"
    else:
        found = "home" if kind == "private_individual" else ""
    return OPERATORS.index(found) if found else UNKNOWN
