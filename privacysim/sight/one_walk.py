"""One straight walk past one camera: the computation of a study for a single walk, to inspect it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX
from privacysim.sight.coverage import BareCameras, coverage
from privacysim.sight.optics import DORI_NAMES, dori_levels, range_m

if TYPE_CHECKING:
    from privacysim.city.city_model import City


@dataclass(frozen=True, slots=True, eq=False)
class _Street:
    """The fields of a city that coverage needs, for a single street."""

    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    edge_mm: NDArray[np.int64]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    place_x: NDArray[np.float32]
    place_y: NDArray[np.float32]
    building_start: None = None


def walk_past(
    begin: tuple[float, float], end: tuple[float, float], *, width_px: int = 1920, hfov_deg: float = 80.0,
    heading_deg: float = 0.0, mount_m: float = 3.5, speed_m_s: float = 1.3,
) -> pd.DataFrame:
    """Compute the pieces of a straight walk that a camera at (0, 0) sees, in the order of walking; empty if unseen.

    `begin` and `end` in metres (x east, y north); `heading_deg` of the camera clockwise from north. Columns: `begin_s`,
    `end_s` since the walk began, `x0_m`, `y0_m`, `x1_m`, `y1_m`, `face_px` (pixels across a face: the geometric mean
    over the piece, in eighths), `frontal` (the face is turned to the camera, within the fact `frontal_half_angle_deg`)
    and `level`, the best of the DORI levels that the piece reaches. Equations: `coverage`.

    >>> seen = walk_past((0.0, 40.0), (0.0, 2.0))
    >>> seen["level"].tolist(), bool(seen["frontal"].iloc[0])
    (['detect', 'observe', 'recognise', 'identify'], True)
    """
    ends = np.asarray([begin, end], dtype=np.float64)
    length = float(np.hypot(*(ends[1] - ends[0])))
    if not np.isfinite(ends).all() or length < 0.001 or not speed_m_s > 0:
        raise InputError("walk_past", "two different points in metres and a speed above 0",
                         f"{begin}, {end}, {speed_m_s} m/s", "write walk_past((0, 40), (0, 2))")  # fmt: skip
    street = _Street(ends[:, 0].copy(), ends[:, 1].copy(), np.array([round(length * 1000)], dtype=np.int64),
                     np.zeros(1, np.int32), np.ones(1, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32))
    one = np.ones(1, dtype=np.float32)
    camera = BareCameras(
        0 * one, 0 * one, heading_deg * one, hfov_deg * one, np.array([width_px], dtype=np.int32), mount_m * one,
        range_m([width_px], [hfov_deg]).astype(np.float32), np.zeros(1, dtype=bool), np.full(1, -1, dtype=np.int64),
    )  # fmt: skip
    seen = coverage(cast("City", street), camera, [0], entrances=False)
    mine = slice(seen.piece_start[0], seen.piece_start[1])  # the direction from u to v
    at = np.stack([seen.piece_from[mine], seen.piece_to[mine]]) / 1000.0
    x, y = (ends[0, axis] + (ends[1, axis] - ends[0, axis]) * at / length for axis in (0, 1))
    face = seen.piece_face[mine] / STEPS_PER_PX
    # a piece ends where a level is crossed, so its mean lies on one side of it, up to rounding to an eighth
    density = (face + 0.5 / STEPS_PER_PX) / facts().value("face_width_m")
    level = np.clip(np.searchsorted(dori_levels(), density, side="right") - 1, 0, len(DORI_NAMES) - 1)
    return pd.DataFrame({
        "begin_s": at[0] / speed_m_s, "end_s": at[1] / speed_m_s, "x0_m": x[0], "y0_m": y[0], "x1_m": x[1],
        "y1_m": y[1], "face_px": face, "frontal": seen.piece_frontal[mine], "level": np.asarray(DORI_NAMES)[level],
    })  # fmt: skip
