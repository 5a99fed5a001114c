"""Buildings that OpenStreetMap draws as multipolygons: an outline and its courtyards as one ring.

A ring that goes in to the courtyard, around it, and back out (a keyhole) holds what the building holds: the yard is
outside by the even-odd rule, its walls are walls, and the area is that of the building. The way in and out lies inside
the building, from the corner of the courtyard to the outline's nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ring = list[tuple[float, float]]
_DEGREE_M = 111_195.0


def multipolygon_rings(area: Any) -> list[Ring]:
    """One closed ring (lat, lon) for each outline of an osmium area that was a relation; [] where it has none."""
    found = []
    for outline in area.outer_rings():
        outer = _corners(outline)
        holes = [hole for hole in map(_corners, area.inner_rings(outline)) if len(hole) > 3]
        if len(outer) > 3:
            found.append(keyhole(outer, holes))
    return found


def _corners(ring: Any) -> Ring:
    return [(node.lat, node.lon) for node in ring if node.location.valid()]


def keyhole(outer: Ring, holes: Sequence[Ring]) -> Ring:
    """One closed ring that holds what `outer` holds and none of the `holes` (closed rings, in degrees).

    >>> square = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0)]
    >>> hole = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]
    >>> len(keyhole(square, [hole]))
    11
    """
    ring = _turned(np.asarray(outer, dtype=np.float64), True)
    squeeze = np.array([1.0, np.cos(np.radians(ring[:, 0].mean()))]) * _DEGREE_M
    # the nearest courtyard first: a further one may be reached through it
    waiting = [_turned(np.asarray(hole, dtype=np.float64), False)[:-1] for hole in holes]
    while waiting:
        gaps = [((ring[:-1, None] - hole[None]) * squeeze) ** 2 for hole in waiting]
        nearest = [np.unravel_index(int(gap.sum(axis=2).argmin()), gap.shape[:2]) for gap in gaps]
        at = int(np.argmin([gap.sum(axis=2)[place] for gap, place in zip(gaps, nearest, strict=True)]))
        door, hole = int(nearest[at][0]), waiting.pop(at)
        inside = np.roll(hole, -int(nearest[at][1]), axis=0)
        ring = np.concatenate([ring[: door + 1], inside, inside[:1], ring[door:]])
    return [(float(lat), float(lon)) for lat, lon in ring]


def _turned(ring: NDArray[np.float64], positive: bool) -> NDArray[np.float64]:
    """The ring in that sense of rotation: a courtyard runs against its outline, so that its area is taken off."""
    x, y = (ring - ring[0]).T
    area = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return ring if (area >= 0) == positive else ring[::-1]
