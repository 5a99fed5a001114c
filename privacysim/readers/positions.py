"""Checks positions on the Earth and the columns of a user's DataFrame, and converts positions to metres on a plane.

The Earth is cut into sheets of 0.1 degree. Each is flat, with the metres per degree of WGS 84 at its middle. Within a
sheet (11 km tall) a length of 100 m is wrong by less than 0.2 % at 60 degrees latitude. A city has one plane.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from privacysim.draws import Floats, Ints
from privacysim.errors import InputError, did_you_mean, shown

WORST_SHARE = 0.5
"""If more than this share of the rows is unusable, the whole file is taken as misread."""
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_DATE = re.compile(r"^(\d{1,4})([./-])(\d{1,2})[./-](\d{1,4})[\sT,]+(\d{1,2}):(\d\d(?::\d\d(?:[.,]\d+)?)?)\s*([AP]M)?$",
                   re.IGNORECASE)  # fmt: skip
_SHEET_DEG = 0.1
_COLUMNS = 10_000
_RADIUS_M, _ECCENTRICITY_2 = 6_378_137.0, 0.00669437999014
"""WGS 84: equatorial radius, first eccentricity squared."""
_SPHERE_M = 6_371_008.8


class Reject(NamedTuple):
    """Unusable row: its line (of a JSON list: its number, from 1) and why. Never its coordinates."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def degrees(text: object) -> float:
    """Parse a number of degrees; anything else is NaN. Accepts a decimal comma.

    >>> degrees("62,2308"), degrees(" 25.7 "), degrees("1e999"), degrees(True)
    (62.2308, 25.7, inf, nan)
    """
    if isinstance(text, bool) or text is None:
        return math.nan
    if isinstance(text, int | float):
        return math.inf if abs(text) >= 1e300 else float(text)
    words = str(text).strip().rstrip("°")
    words = words.replace(",", ".") if words.count(",") == 1 and "." not in words else words
    try:
        return float(words) if len(words) < 64 and "_" not in words else math.nan
    except ValueError:
        return math.nan


def position_error(lat: float, lon: float) -> str | None:
    """Reason why this is not a position on the Earth, or None.

    >>> position_error(25.7, 62.2) is None, position_error(120.1, 30.2)
    (True, 'latitude beyond ±90 degrees: are latitude and longitude swapped?')
    """
    if math.isnan(lat) or math.isnan(lon):
        return "latitude or longitude is missing or not a number"
    if math.isinf(lat) or math.isinf(lon):
        return "latitude or longitude is not finite"
    if abs(lat) > 90:
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        return "latitude beyond ±90 degrees" + (": are latitude and longitude swapped?" if swapped else "")
    if abs(lon) > 180:
        return "longitude beyond ±180 degrees"
    return "0, 0 is what a device without a position reports" if lat == 0 and lon == 0 else None


def refuse_if_misread(where: str, kept: int, rejects: Sequence[Reject], what: str) -> None:
    """Raise InputError, showing the first reason, if no row is usable or there are more bad rows than good ones."""
    if kept and len(rejects) <= WORST_SHARE * (kept + len(rejects)):
        return
    if not rejects:
        raise InputError(where, f"at least one {what}", "none", f"name a file that holds {what}s")
    swapped = sum("swapped" in reject.reason for reject in rejects) > len(rejects) / 2
    fix = "exchange the two columns" if swapped else "correct these rows, or name the right columns"
    got = f"{len(rejects)} of {kept + len(rejects)} rows unusable; {shown(rejects[0], 80)}"
    raise InputError(where, f"{what}s with latitude and longitude in degrees", got, fix)


def instants(texts: Sequence[str]) -> list[float]:
    """`instant` of each text; one order of day and month, the one that all of them allow, else month first.

    >>> (lambda t: t[1] - t[0])(instants(["12/5/2024 23:59:00", "13/5/2024 00:01:00"]))
    120.0
    """
    first = [found[1] for text in texts if (found := _DATE.match(text.strip()))]
    day_first = any(len(one) <= 2 and int(one) > 12 for one in first)
    return [instant(text, day_first) for text in texts]


def instant(text: object, day_first: bool = False) -> float:
    """Seconds since 1970 of an ISO 8601 instant, a common date, or a Unix time in seconds or milliseconds; else NaN.

    An instant without a zone is read as UTC, because only differences matter to the measurement. Dates with points
    begin with the day; for dates with slashes, `day_first` decides. Years before 1990 or from 2100 on come from a clock
    that was never set.

    >>> instant("2022-01-28T11:44:16Z"), instant("2022-01-28 12:44:16+01:00"), instant("1643370256000")
    (1643370256.0, 1643370256.0, 1643370256.0)
    >>> instant("1970-01-01T00:00:00Z"), instant("noon"), instant("28.01.2022 11:44:16"), instant("1/28/2022 11:44 AM")
    (nan, nan, 1643370256.0, 1643370240.0)
    """
    words = str(text).strip()[:41]
    try:
        seconds = float(words)
        seconds /= 1000.0 if seconds > 1e11 else 1.0
    except ValueError:
        try:
            when = datetime.fromisoformat(_iso(words, day_first))
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return math.nan
    return seconds if _EARLIEST <= seconds < _LATEST and len(words) <= 40 else math.nan


def _iso(words: str, day_first: bool) -> str:
    """A common date with a time of day as ISO 8601; other words as they are."""
    if not (found := _DATE.match(words)):
        return words
    one, mark, two, three, hour, rest, half = found.groups()
    year, month, day = (one, two, three) if len(one) == 4 else (
        (three, two, one) if day_first or mark == "." else (three, one, two))  # fmt: skip
    full = int(hour) % 12 + 12 * (half.lower() == "pm") if half else int(hour)
    return f"{year}-{int(month):02d}-{int(day):02d}T{full:02d}:{rest.replace(',', '.')}"


class Plane(NamedTuple):
    """Plane in metres around one origin (degrees): `north_m`, `east_m` per degree."""

    lat0: float
    lon0: float
    north_m: float
    east_m: float

    def xy(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the origin, the short way across the date line.

        >>> plane_at(60.0, 179.99).xy(np.array([60.0]), np.array([-179.99]))[0].round()
        array([1116.])
        """
        return ((lon - self.lon0 + 540.0) % 360.0 - 180.0) * self.east_m, (lat - self.lat0) * self.north_m


def plane_at(lat0: float, lon0: float) -> Plane:
    """Plane that touches WGS 84 at (lat0, lon0); its two radii of curvature give the metres per degree."""
    phi = np.radians(lat0)
    flat = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    north = _RADIUS_M * (1.0 - _ECCENTRICITY_2) / flat**1.5
    east = _RADIUS_M / np.sqrt(flat) * np.cos(phi)
    return Plane(lat0, lon0, float(np.radians(north)), float(np.radians(east)))


def sheets(lat: Floats, lon: Floats) -> tuple[Ints, list[Plane]]:
    """Sheet of each position, and the planes of the sheets."""
    row = np.floor(lat / _SHEET_DEG).astype(np.int64)
    wide = _SHEET_DEG / np.maximum(np.cos(np.radians((row + 0.5) * _SHEET_DEG)), 0.01)
    column = np.floor(lon / wide).astype(np.int64)
    # one number per sheet, because sorting rows of an array is slow
    keys, number = np.unique(row * _COLUMNS + column + _COLUMNS // 2, return_inverse=True)
    planes = []
    for sheet_row, sheet_column in zip(keys // _COLUMNS, keys % _COLUMNS - _COLUMNS // 2, strict=True):
        middle = min(max((sheet_row + 0.5) * _SHEET_DEG, -89.95), 89.95)
        width = _SHEET_DEG / max(float(np.cos(np.radians(middle))), 0.01)
        planes.append(plane_at(float(middle), float((sheet_column + 0.5) * width)))
    return number.reshape(-1).astype(np.int64), planes


def city_plane(degrees: Floats, lat0: float, lon0: float) -> Floats:
    """Metres east and north of the origin, on a sphere: rows of (x, y) from rows of (latitude, longitude)."""
    lat, lon = degrees.reshape(-1, 2).T
    east = np.radians(lon - lon0) * math.cos(math.radians(lat0)) * _SPHERE_M
    return np.column_stack([east, np.radians(lat - lat0) * _SPHERE_M])


class FrameColumn(NamedTuple):
    """Allowed values of a column: one of `words` (returned as codes), or a number from `low` to `high`."""

    words: tuple[str, ...] = ()
    low: float = -1e12
    high: float = 1e12
    needed: bool = False


LON, LAT = FrameColumn(low=-180.0, high=180.0), FrameColumn(low=-90.0, high=90.0)


def checked_frame(frame: object, where: str, columns: Mapping[str, FrameColumn]) -> dict[str, Floats]:
    """Return all `columns` as float64: numbers, or codes of words; NaN where a cell is empty or a column is missing.

    Raises InputError, naming the row, for an unknown column, a missing or empty required one, a word or number that is
    not allowed, or a table without rows.

    >>> table = pd.DataFrame({"x_m": [1.0], "kind": ["lane"]})
    >>> checked_frame(table, "streets", {"x_m": FrameColumn(), "kind": FrameColumn(("main", "lane"))})
    {'x_m': array([1.]), 'kind': array([1.])}
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(where, "a pandas DataFrame", type(frame).__name__, "pass a DataFrame")
    if not len(frame):
        raise InputError(where, "at least one row", "an empty table", f"leave {where} out, or fill the table")
    for name in [name for name in frame.columns if name not in columns]:
        fix = f"{did_you_mean(str(name), columns)}, or drop the column"
        raise InputError(f"{where}, column {name}", "a column that is read", name, fix)
    for name, column in columns.items():
        if column.needed and name not in frame:
            raise InputError(where, f"a column {name}", ", ".join(map(str, frame.columns)), f"add the column {name}")
    return {name: _numbers(frame[name], f"{where}, row {{}}, {name}", column) if name in frame
            else np.full(len(frame), np.nan) for name, column in columns.items()}


def _numbers(cells: pd.Series, where: str, column: FrameColumn) -> Floats:
    if column.words:
        low, high, expected = 0.0, np.inf, f"one of {', '.join(column.words)}"
        numbers = cells.astype(object).map({word: float(code) for code, word in enumerate(column.words)})
    else:
        low, high, expected = column.low, column.high, f"a number from {column.low:g} to {column.high:g}"
        numbers = pd.to_numeric(cells, errors="coerce")
    values, given = np.asarray(numbers.astype("float64"), dtype=np.float64), cells.notna().to_numpy()
    wrong = (given & ~((values >= low) & (values <= high))) | (~given & column.needed)
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = cells.iloc[row] if given[row] else "an empty cell"
        fix = did_you_mean(str(cell), column.words) if column.words and given[row] else "correct the cell"
        raise InputError(where.format(cells.index[row]), expected, cell, fix)
    return values


def positions(values: Mapping[str, Floats], where: str, origin: tuple[float, float] | None,
              prefix: str = "") -> tuple[Floats, Floats]:
    """Metres on the city's plane from checked columns `x_m`, `y_m` or `lon`, `lat`, with a prefix if any.

    `origin` is `City.origin`; None refuses degrees. Rows without a position stay NaN; half a position is refused.
    """
    x, y, lon, lat = (values[prefix + name] for name in ("x_m", "y_m", "lon", "lat"))
    metres, degrees = ~np.isnan(x) | ~np.isnan(y), ~np.isnan(lon) | ~np.isnan(lat)
    half = (metres & (np.isnan(x) | np.isnan(y))) | (degrees & (np.isnan(lon) | np.isnan(lat))) | (metres & degrees)
    if half.any():
        expected = f"{prefix}x_m and {prefix}y_m, or {prefix}lon and {prefix}lat"
        raise InputError(f"{where}, row number {np.argmax(half)}", expected, "another set", "complete the position")
    if not degrees.any():
        return x, y
    if origin is None:
        fix = "give positions as x_m and y_m in metres, or the streets of the city in degrees"
        raise InputError(where, "metres, because this city has no position on the globe", "lon and lat", fix)
    plane = city_plane(np.column_stack([lat, lon]), *origin)
    return np.where(degrees, plane[:, 0], x), np.where(degrees, plane[:, 1], y)
