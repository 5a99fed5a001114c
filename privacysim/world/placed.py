"""Mapped cameras on a city's plane: from the city's own map, or from a file that the scenario names.

What the map says is kept, what it does not say stays NaN or −1, to be drawn per replicate. A camera that turns (dome,
panning, revolving) has no heading but is known to see all round, through the lens that it has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.readers.camera_files import UNKNOWN, MappedCameras, read_cameras
from privacysim.readers.camera_tags import Said, said
from privacysim.readers.positions import Reject
from privacysim.vocabulary import OPERATORS

Floats = NDArray[np.float64]
_EARTH_M = 6_371_008.8
"""The mean radius, as `city.osm` plans with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Cameras on the plane, one entry each; NaN and −1 where nobody said."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    heading_deg: Floats
    hfov_deg: Floats
    turns: NDArray[np.bool_]
    width_px: Floats
    tilt_deg: Floats
    mount_m: Floats
    reach_m: Floats
    operator: NDArray[np.int8]
    indoor: NDArray[np.bool_]
    left_out: int
    """Cameras of the file beyond the city."""
    rejects: tuple[Reject, ...] = ()
    """Rows of the file that are no cameras, with line and reason."""

    def __len__(self) -> int:
        return self.x.size


def placed_cameras(city: City, file: str | None) -> Placed | None:
    """The mapped cameras of a city: of the scenario's `file`, else of its own map; None where there is neither."""
    if file is not None:
        path = Path(file)
        stamp = path.stat().st_mtime_ns if path.is_file() else 0
        return _of_file(city, _read(file, stamp), file)
    if city.mapped_cameras is None:
        return None
    frame = city.mapped_cameras
    words = [_said(tags) for tags in frame["tags"]]
    heading = frame["heading_deg"].to_numpy(dtype=np.float64)
    own = np.array([one.heading_deg for one in words], dtype=np.float64)
    x, y = (frame[name].to_numpy(dtype=np.float32) for name in ("x_m", "y_m"))
    return _of_words(x, y, np.where(np.isnan(heading), own, heading), words)


@lru_cache(maxsize=2)
def _read(file: str, stamp: int) -> MappedCameras:
    return read_cameras(file)


def _said(tags: object) -> Said:
    return said({str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {})


def _of_words(x: NDArray[np.float32], y: NDArray[np.float32], heading: Floats, words: Sequence[Said]) -> Placed:
    hfov = np.array([one.hfov_deg for one in words], dtype=np.float64)
    width = np.array([one.width_px for one in words], dtype=np.float64)
    operator = [OPERATORS.index(one.operator) if one.operator else UNKNOWN for one in words]
    return Placed(
        x, y, heading, hfov, hfov >= 360.0, np.where(width > 0, width, np.nan),
        np.array([one.tilt_deg for one in words], dtype=np.float64),
        np.array([one.mount_m for one in words], dtype=np.float64),
        np.array([one.range_m for one in words], dtype=np.float64), np.array(operator, dtype=np.int8),
        np.array([one.indoor for one in words], dtype=bool), 0,
    )  # fmt: skip


def _of_file(city: City, mapped: MappedCameras, file: str) -> Placed:
    if city.origin is None:
        fix = 'give the city as osm = "…" too, or leave file out'
        raise InputError("cameras.file", "a city on the globe", f"the synthetic city {city.name}", fix)
    lat0, lon0 = city.origin
    x = np.radians((mapped.lon - lon0 + 540.0) % 360.0 - 180.0) * math.cos(math.radians(lat0)) * _EARTH_M
    y = np.radians(mapped.lat - lat0) * _EARTH_M
    margin = facts().value("view_range_max_m")
    here = ((x >= city.node_x.min() - margin) & (x <= city.node_x.max() + margin)
            & (y >= city.node_y.min() - margin) & (y <= city.node_y.max() + margin))
    if not here.any():
        got = f"none of {len(mapped)} lies in it"
        raise InputError("cameras.file", "cameras within the city's extract", got, f"check {file} and the extract")
    return Placed(
        x[here].astype(np.float32), y[here].astype(np.float32), mapped.heading_deg[here], mapped.hfov_deg[here],
        mapped.hfov_deg[here] >= 360.0, mapped.width_px[here], mapped.tilt_deg[here], mapped.mount_m[here],
        mapped.range_m[here],
        mapped.operator[here], mapped.indoor[here], int((~here).sum()), mapped.rejects,
    )  # fmt: skip
