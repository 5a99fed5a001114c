"""Parses OpenStreetMap's documented camera tags, and the column names that tables use for the same properties.

Tags read (wiki: Tag:man_made=surveillance): `surveillance` (public, outdoor, indoor, webcam, traffic),
`surveillance:type` (camera, ALPR, guard), `surveillance:zone`, `camera:type` (fixed, panning, dome),
`camera:direction` and `direction` (degrees, compass points, ranges such as 45-135 or E-W, several with ;),
`camera:angle` (the tilt, 0 = level, 90 = straight down), `height`, `est_height`, `revolving`, `operator`,
`operator:type`. Not used: `camera:mount` (what it hangs on). A camera that turns (dome, panning, revolving) sees all
round: what it may see, not what it sees at one instant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from privacysim.errors import InputError, did_you_mean
from privacysim.readers.positions import degrees
from privacysim.vocabulary import OPERATORS, REGIMES

_COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_COLUMNS: Mapping[str, Sequence[str]] = {
    "heading": ("heading_deg", "heading", "camera:direction", "direction", "bearing", "azimuth", "orientation",
                "facing"),
    "hfov": ("hfov_deg", "hfov", "fov", "angle_of_view", "angle of view", "field_of_view", "fov_deg"),
    "width": ("width_px", "width", "resolution_px", "pixels"),
    "tilt": ("tilt_deg", "tilt", "camera:angle", "camera_angle"),
    "mount": ("mount_m", "height", "height_m", "camera:height", "est_height", "elevation_above_ground"),
    "range": ("range_m", "range", "radius", "radius_m", "reach", "reach_m"),
    "type": ("camera:type", "camera_type", "camera type", "type"),
    "operator": ("operator", "operator:type", "owner", "operator_type"),
    "regime": ("regime",),
    "zone": ("surveillance:zone", "zone"),
    "kind": ("surveillance:type", "surveillance_type"),
    "where": ("surveillance",),
    "indoor": ("indoor",),
    "turning": ("revolving", "rotating", "ptz"),
}
_TURNING = {"dome", "panning", "ptz", "round", "360", "fisheye", "panoramic", "revolving"}
_YES = {"yes", "true", "1", "y"}
_ROOMS = {"room", "area", "corridor"}
_STATE = re.compile(r"police|polizei|politi|policía|公安|警|gendarmerie", re.IGNORECASE)
_CITY = re.compile(r"\b(city|municipal|council|government|public|stadt|state|ministry|kaupunki)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """Stated properties of one camera; NaN, 0 and empty words where nothing is stated."""

    heading_deg: float
    hfov_deg: float
    width_px: int
    tilt_deg: float
    """Tilt of the optical axis below the horizon."""
    mount_m: float
    range_m: float
    operator: str
    regime: str
    indoor: bool
    doubt: str = ""
    """What was stated but is implausible, in words."""


def heading_of(text: str) -> tuple[float, float]:
    """Heading and width of a mapped direction; several directions or a range become the arc that contains them all.

    Width NaN: the direction does not determine it. Unknown or nonsense: NaN, NaN.

    >>> heading_of("SW"), heading_of("270°"), heading_of("45-135"), heading_of("350;10"), heading_of("forward")
    ((225.0, nan), (270.0, nan), (90.0, 90.0), (0.0, 20.0), (nan, nan))
    >>> heading_of("E-W"), heading_of("W-E"), heading_of("0-360")
    ((180.0, 180.0), (0.0, 180.0), (180.0, 360.0))
    """
    words = [word for word in re.split(r"\s*;\s*", text.strip().upper()) if word]
    arcs: list[tuple[float, float]] = []
    for word in words:
        ends = [_bearing(end) for end in re.split(r"(?<=[\dNESW°])\s*-\s*", word)]
        if len(ends) > 2 or not all(map(math.isfinite, ends)):
            return math.nan, math.nan
        if len(ends) == 2 and ends[0] != ends[1] and (ends[1] - ends[0]) % 360 == 0:
            return (ends[0] + 180) % 360, 360.0
        arcs.append((ends[0] % 360, (ends[-1] - ends[0]) % 360))
    if not arcs:
        return math.nan, math.nan
    # the shortest arc that contains all of them begins where the widest gap ends
    best = min(((start, max((begin - start) % 360 + span for begin, span in arcs)) for start, _ in arcs),
               key=lambda arc: arc[1])
    middle = (best[0] + best[1] / 2) % 360
    return middle, best[1] if best[1] > 0 else math.nan


def _bearing(word: str) -> float:
    """Degrees of a compass point or a number, NaN for anything else."""
    if word in _COMPASS:
        return _COMPASS.index(word) * 22.5
    value = degrees(word)
    return value if abs(value) <= 720 else math.nan


def said(words: Mapping[str, str], columns: Mapping[str, str] | None = None) -> Said:
    """Read one camera's words: tags of OpenStreetMap, or columns of a table (ours, or mapped with `columns`).

    >>> one = said({"camera:direction": "90", "height": "4", "camera:type": "fixed"})
    >>> one.heading_deg, one.mount_m, said({"camera:type": "dome"}).hfov_deg
    (90.0, 4.0, 360.0)
    """
    low = {key.lower(): value for key, value in words.items()}
    look = {ours: _first(low, ours, columns or {}) for ours in _COLUMNS}
    doubts: list[str] = []
    heading, arc = heading_of(look["heading"]) if look["heading"] else (math.nan, math.nan)
    if look["heading"] and math.isnan(heading):
        doubts.append("heading not understood")
    hfov = _within(look["hfov"], 1.0, 360.0, "field of view", doubts)
    if math.isnan(hfov) and not math.isnan(arc) and arc > 0 and "-" in look["heading"]:
        hfov = arc
    turning = look["type"].lower() in _TURNING or look["turning"].lower() in _YES
    if turning and not (hfov < 360.0 and look["type"].lower() == "round"):
        hfov = 360.0
    width = _within(look["width"], 100.0, 40_000.0, "width", doubts)
    return Said(
        heading if hfov < 360.0 or math.isnan(hfov) else math.nan, hfov, 0 if math.isnan(width) else round(width),
        abs(_within(look["tilt"], -90.0, 90.0, "tilt", doubts)),
        _within(look["mount"].lower().removesuffix("m"), 0.3, 200.0, "height", doubts),
        _within(look["range"].lower().removesuffix("m"), 0.1, 2_000.0, "range", doubts),
        _operator(look["operator"], low), _regime(look["regime"]), _indoor(look), "; ".join(doubts),
    )


def _first(low: Mapping[str, str], ours: str, columns: Mapping[str, str]) -> str:
    names = (columns[ours].lower(),) if ours in columns else _COLUMNS[ours]
    return next((low[name].strip() for name in names if low.get(name, "").strip()), "")


def _within(text: str, low: float, high: float, what: str, doubts: list[str]) -> float:
    if not text:
        return math.nan
    value = degrees(text)
    if low <= value <= high:
        return value
    doubts.append(f"{what} not understood")
    return math.nan


def _operator(word: str, low: Mapping[str, str]) -> str:
    """One of our operators if the words leave no doubt, else nothing."""
    if word in OPERATORS:
        return word
    kind = low.get("operator:type", "").lower()
    if _STATE.search(word) or kind == "police":
        return "public_security"
    if kind in ("government", "public") or _CITY.search(word):
        return "other_state"
    if kind in ("private", "business") or (word and kind != "private_individual"):
        return "commercial"
    return "home" if kind == "private_individual" else ""


def _regime(word: str) -> str:
    return word if word in REGIMES else ""


def _indoor(look: Mapping[str, str]) -> bool:
    return look["where"].lower() == "indoor" or look["indoor"].lower() in _YES | _ROOMS


def known_columns(names: Mapping[str, str], where: str) -> None:
    """Refuse a mapping to an unknown column name (known: `lat`, `lon`, `heading` …)."""
    for ours in names:
        if ours not in (*_COLUMNS, "lat", "lon", "time", "person"):
            known = ("lat", "lon", *_COLUMNS)
            raise InputError(f"{where}, columns", "one of our names", ours, did_you_mean(ours, known))
