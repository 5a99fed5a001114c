"""Reads cameras as mapped from CSV, GeoJSON, KML, GeoPackage or an OpenStreetMap extract.

Nothing is imputed: an unknown heading stays NaN. Rows that are equal in every column are one camera; unusable rows are
listed with line and reason. `data/column_names.csv` lists the columns and tags that are read (OpenStreetMap's wiki:
Tag:man_made=surveillance), `data/camera_words.csv` the words in them, in several languages. Directions are degrees,
compass points or ranges such as 45-135 or E-W. Several directions (`90;270`) are several views, one camera each.
A camera that turns (dome, panning, revolving) sees all round: what it may see, not what it sees at one instant.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import InputError, shown
from privacysim.files import file_digest
from privacysim.readers.columns import column_names, meaning, plain, plain_words, stated
from privacysim.readers.features import Features, read_features, refuse_columns
from privacysim.readers.osm_maps import mapped_cameras
from privacysim.readers.positions import Reject, degrees, position_error, refuse_if_misread
from privacysim.vocabulary import OPERATORS, REGIMES

UNKNOWN = -1
"""Code of an unmapped operator or regime."""
_COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_YES = {"yes", "true", "1", "y"}
_ROOMS = {"room", "area", "corridor"}
_OF_CAMERAS = ("lat", "lon", "wkt", "heading", "hfov", "width", "tilt", "mount", "range", "type", "operator", "regime",
               "kind", "where", "indoor", "turning")
_APART = re.compile(r"\s*(?:[;|/&]|,(?=\s|\d{3}\b|[^\d\s])|\band\b)\s*", re.IGNORECASE)
"""Between two directions; a comma before one or two digits is a decimal comma."""
_MOST_VIEWS = 12
_STATE = re.compile(r"police|polizei|politi|policía|公安|警|gendarmerie", re.IGNORECASE)
_CITY = re.compile(r"\b(city|municipal|council|government|public|stadt|state|ministry|kaupunki)", re.IGNORECASE)
_OF_KIND = {"police": "public_security", "government": "other_state", "public": "other_state",
            "private": "commercial", "business": "commercial", "private_individual": "home"}
"""Operator by the tag `operator:type`, which overrules what the name suggests."""
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
    rows: dict[tuple[Any, ...], tuple[int, float, float, dict[str, str]]] = {}
    rejects, repeats, columns_of = list(found.rejects), 0, Counter[str]()
    for number, feature in enumerate(found.features):
        lon, lat = (math.nan, math.nan) if feature.is_line else feature.positions[0]
        words = plain_words(feature.properties)
        if error := _no_camera(feature.is_line, lat, lon, words, columns):
            rejects.append(Reject(feature.line, error))
            continue
        columns_of.update(words.keys())
        key = (lat, lon, *sorted(feature.properties.items())) if merge else (number,)
        repeats += key in rows
        rows.setdefault(key, (feature.line, lat, lon, words))
    rejects.sort(key=lambda reject: reject.line)
    refuse_if_misread(where, len(rows), rejects, "camera")
    notes = [*found.notes, *_column_notes(columns_of, columns)]
    if repeats:
        notes.append(f"{repeats} rows repeat another one in every column and count once")
    seen = [(line, lat, lon, said(view, columns), view) for line, lat, lon, words in rows.values()
            for view in views(words, columns)]  # fmt: skip
    if len(seen) > len(rows):
        several = len(seen) - len(rows)
        notes.append(f"some rows name several directions: one camera for each, {several} more than rows")
    notes += _word_notes([(line, words, view) for line, _, _, words, view in seen], columns)
    line, lat_deg, lon_deg, told, _ = zip(*seen, strict=True)
    return MappedCameras(**stated_columns(told), lat=np.array(lat_deg), lon=np.array(lon_deg),
                         line=np.array(line, dtype=np.int64), rejects=tuple(rejects), notes=tuple(notes),
                         digest=file_digest(path))


def _no_camera(is_line: bool, lat: float, lon: float, words: Mapping[str, str], columns: Mapping[str, str]) -> str:
    """Why this row is not a camera; empty if it is one."""
    if is_line:
        return "a line is not a camera"
    if error := position_error(lat, lon):
        given = ", ".join(shown(text, 24) for name in ("lat", "lon") if (text := stated(words, name, columns)))
        return f"{error}: {given}" if given and math.isnan(lat + lon) else error
    return no_camera(words, columns)


def no_camera(words: Mapping[str, str], columns: Mapping[str, str] | None = None) -> str:
    """Reason why plain words do not describe a camera (such as a guard or a microphone); empty if they may describe
    one.

    >>> no_camera({"surveillance_type": "guard"}), no_camera({"surveillance_type": "camera"})
    ('a guard is not a camera', '')
    """
    kind = stated(words, "kind", columns or {})
    known = meaning("kind", kind) == "no camera"
    return f"a {shown(kind.lower(), 24).replace('_', ' ')} is not a camera" if known else ""


def views(words: Mapping[str, str], columns: Mapping[str, str] | None = None) -> list[Mapping[str, str]]:
    """The plain words of a camera, once for each direction that they name.

    >>> [one["direction"] for one in views({"direction": "90;270"})]
    ['90', '270']
    """
    named = (plain(columns["heading"]),) if columns and "heading" in columns else column_names()["heading"]
    name = next((name for name in named if name in words), "")
    parts = [part for part in _APART.split(words.get(name, "")) if part]
    if not 2 <= len(parts) <= _MOST_VIEWS or not all(math.isfinite(heading_of(part)[0]) for part in parts):
        return [words]
    if said(words, columns)["hfov_deg"] >= 360.0:
        return [words]
    return [{**words, name: part} for part in dict.fromkeys(parts)]


def _column_notes(columns_of: Mapping[str, int], columns: Mapping[str, str]) -> list[str]:
    """Columns of the file that are read, their meaning, and columns that are not read."""
    ours = {name: one for one in reversed(_OF_CAMERAS) for name in (
        (plain(columns[one]),) if one in columns else column_names()[one])}  # fmt: skip
    ours |= {"operator_type": "operator"}
    read = [name if ours[name] == name else f"{name} as {ours[name]}" for name in columns_of if name in ours]
    other = [name for name in columns_of if name not in ours]
    notes = [f"columns read: {shown(', '.join(read), 300)}"] if read else []
    return [*notes, f"columns not read: {shown(', '.join(other), 300)}"] if other else notes


def _word_notes(rows: Sequence[tuple[int, Mapping[str, Any], Mapping[str, str]]], columns: Mapping[str, str]
                ) -> list[str]:  # fmt: skip
    """Words that were not understood, doubtful values, and plate readers."""
    unknown, notes = Counter[str](), list[str]()
    texts = {name: [stated(view, name, columns) for _, _, view in rows] for name in ("type", "kind", "where", "indoor")}
    for name, column in texts.items():
        unknown.update(f'{name} "{shown(text, 30)}"' for text in column if text and meaning(name, text) is None)
    if unknown:
        named = ", ".join(f"{word} ({count})" for word, count in unknown.most_common(6))
        notes.append(f"{unknown.total()} words not understood: {named}" + ", …" * (len(unknown) > 6))
    doubts = [Reject(line, f"kept, but {words['doubt']}") for line, words, _ in rows if words["doubt"]]
    if doubts:
        notes.append(f"{len(doubts)} doubtful cameras were kept, the first: {doubts[0]}")
    if plates := sum(meaning("kind", text) == "plates" for text in texts["kind"]):
        notes.append(f"{plates} cameras read number plates: they watch the road, so faces may be out of their view")
    return notes


def stated_columns(words: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Fields of `Stated` as arrays, one entry for each camera described by `said`."""
    return {name: np.array([one[name] for one in words], dtype=kind) for name, kind in _STATED.items()}


def heading_of(text: str) -> tuple[float, float]:
    """Heading and width of one mapped direction; of a range, its middle and its width.

    Width NaN: the direction does not determine it. Several directions (`views`), unknown or nonsense: NaN, NaN.

    >>> heading_of("SW"), heading_of("270°"), heading_of("45-135"), heading_of("North-East"), heading_of("forward")
    ((225.0, nan), (270.0, nan), (90.0, 90.0), (45.0, nan), (nan, nan))
    >>> heading_of("E-W"), heading_of("W-E"), heading_of("0-360")
    ((180.0, 180.0), (0.0, 180.0), (180.0, 360.0))
    """
    word = text.strip().upper()
    ends = [value] if math.isfinite(value := _bearing(word)) else [
        _bearing(end) for end in re.split(r"(?<=[\dNESW°])\s*-\s*", word)]  # fmt: skip
    if len(ends) > 2 or not all(map(math.isfinite, ends)):
        return math.nan, math.nan
    if len(ends) == 2 and ends[0] != ends[1] and (ends[1] - ends[0]) % 360 == 0:
        return (ends[0] + 180) % 360, 360.0
    width = (ends[-1] - ends[0]) % 360
    return (ends[0] + width / 2) % 360, width if width > 0 else math.nan


def _bearing(word: str) -> float:
    """Degrees of a compass point or a number, NaN for anything else."""
    if word in _COMPASS:
        return _COMPASS.index(word) * 22.5
    value = degrees(word)
    if math.isnan(value) and not any(map(str.isdigit, word)):
        point = meaning("heading", re.sub(r"[\s_-]+", "", word))
        return _COMPASS.index(point) * 22.5 if point else math.nan
    return value if abs(value) <= 720 else math.nan


def said(words: Mapping[str, str], columns: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read one camera's words: tags of OpenStreetMap, or columns of a table (ours, or mapped with `columns`).

    Returns the fields of `Stated`; `doubt` describes stated values that are implausible.

    >>> one = said({"camera:direction": "90", "height": "4", "camera:type": "fixed"})
    >>> one["heading_deg"], one["mount_m"], said({"camera:type": "dome"})["hfov_deg"]
    (90.0, 4.0, 360.0)
    """
    low = plain_words(words)
    look = {ours: stated(low, ours, columns or {}) for ours in _OF_CAMERAS}
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
    turns = meaning("type", look["type"]) == "turning" or look["turning"].lower() in _YES
    if turns and not (hfov < 360.0 and kind == "round"):
        hfov = 360.0
    indoor = meaning("where", look["where"]) == "indoor" or look["indoor"].lower() in _YES | _ROOMS
    return {"heading_deg": math.nan if hfov >= 360.0 else heading, "hfov_deg": hfov,
            "width_px": width if math.isnan(width) else round(width),
            "tilt_deg": abs(number("tilt", -90.0, 90.0, "tilt")), "mount_m": number("mount", 0.3, 200.0, "height"),
            "range_m": number("range", 0.1, 2_000.0, "range"),
            "operator": _operator(look["operator"], low.get("operator_type", "").lower()),
            "regime": REGIMES.index(look["regime"]) if look["regime"] in REGIMES else UNKNOWN, "indoor": indoor,
            "doubt": "; ".join(doubts)}


def _operator(word: str, kind: str) -> int:
    """Code of the operator if the words are unambiguous."""
    if word in OPERATORS:
        found = word
    elif kind in _OF_KIND:
        found = _OF_KIND[kind]
    elif _STATE.search(word):
        found = "public_security"
    else:
        found = "other_state" if _CITY.search(word) else "commercial" if word else ""
    return OPERATORS.index(found) if found else UNKNOWN
