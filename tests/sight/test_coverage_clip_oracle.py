"""Exact clipping: every camera–segment pair against shapely, which knows nothing of half-planes and quadratics."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon

from privacysim.sight.clip_kernel import clip, sides

PAIRS = 10_000


CAMERA = Point(0.0, 0.0)
DISC, ROUND_DISC = (CAMERA.buffer(1.0, quad_segs=corners) for corners in (512, 4096))


def in_view(line, heading, hfov):
    """The part of a line in view: in a disc and in a fan of triangles beyond it; radius 1.

    The disc has 2,048 corners, and 16,384 for a line that may touch its edge.
    """
    near = line.intersection(DISC if line.distance(CAMERA) < 0.95 else ROUND_DISC)
    if near.is_empty or hfov >= 360.0 or np.isnan(heading):
        return near
    bearings = np.radians(np.linspace(heading - hfov / 2, heading + hfov / 2, 65))
    fan = [(0.0, 0.0), *((2 * np.sin(b), 2 * np.cos(b)) for b in bearings)]
    return near.intersection(Polygon(fan))


def difference_m(ours, theirs):
    """Length that only one of two sets of disjoint intervals covers."""
    common = sum(max(0.0, min(b, d) - max(a, c)) for a, b in ours for c, d in theirs)
    return sum(b - a for a, b in ours) + sum(d - c for c, d in theirs) - 2.0 * common


def parts(segment, heading, hfov, radius):
    out = np.empty((2, 2))
    heading, hfov = np.radians(heading), np.radians(hfov)
    n = clip(*segment, radius, heading, hfov, sides(heading, hfov), out)
    return out[:n].copy()


def pairs():
    rng = np.random.Generator(np.random.Philox(185))
    n = PAIRS
    radius = rng.uniform(5.0, 100.0, n)
    heading = rng.uniform(0.0, 360.0, n)
    hfov = rng.choice([28.0, 53.0, 80.0, 100.0, 120.0, 179.0, 180.0, 200.0, 270.0, 350.0, 360.0], n)
    kind = np.arange(n) % 10
    heading[kind == 0] = rng.uniform(-20.0, 20.0, int((kind == 0).sum()))  # wraps through north
    heading[kind == 1] = np.nan  # nobody mapped it
    hfov[kind == 2] = 360.0
    segment = rng.uniform(-1.3, 1.3, (n, 4)) * radius[:, None]
    through = kind == 3  # the camera stands on the line of the street
    segment[through, 2:] = -segment[through, :2] * rng.uniform(0.2, 1.0, (int(through.sum()), 1))
    from_foot = kind == 4  # the street begins under the camera
    segment[from_foot, :2] = 0.0
    tangent = np.flatnonzero(kind == 5)  # the street touches the edge of the disc
    at = rng.uniform(0.0, 2 * np.pi, tangent.size)
    for row, angle in zip(tangent, at, strict=True):
        touch = radius[row] * np.array([np.sin(angle), np.cos(angle)])
        along = np.array([np.cos(angle), -np.sin(angle)]) * radius[row]
        segment[row] = [*(touch - along), *(touch + along)]
    return segment, heading, hfov, radius


def test_clipping_equals_shapely_on_every_one_of_ten_thousand_pairs():
    segment, heading, hfov, radius = pairs()
    twofold, seen = 0, 0
    for row in range(PAIRS):
        line = LineString(segment[row].reshape(2, 2) / radius[row])  # shapely's world is one radius wide
        found = parts(segment[row], heading[row], hfov[row], radius[row])
        expected = shapely.get_parts(in_view(line, heading[row], hfov[row]))
        ends = [(part.coords[0], part.coords[-1]) for part in expected if part.length > 0.0]
        theirs = [sorted(line.project(Point(point)) for point in two) for two in ends]
        case = (row, segment[row], heading[row], hfov[row], radius[row])
        assert radius[row] * difference_m(found * line.length, theirs) <= 0.02, case
        twofold += len(found) == 2
        seen += len(found) > 0
    assert seen > 3_000
    assert twofold > 100


@pytest.mark.parametrize("hfov", [90.0, 180.0, 270.0])
def test_a_street_along_the_edge_of_a_view_is_in_it(hfov):
    # heading 45° and 90° wide: the edges lie on the axes
    for end in ((10.0, 0.0), (0.0, 10.0)):
        heading = {90.0: 45.0, 180.0: 0.0 if end[1] == 0.0 else 90.0, 270.0: 225.0}[hfov]
        assert np.allclose(parts((0.0, 0.0, *end), heading, hfov, 5.0), [[0.0, 0.5]])


def test_north_is_nothing_special():
    segment = (-5.0, 4.0, 5.0, 4.0)
    for turn in (0.0, 360.0, -360.0, 720.0):
        assert np.allclose(parts(segment, turn, 90.0, 50.0), [[0.1, 0.9]], atol=1e-6)
    assert np.allclose(parts(segment, 350.0, 90.0, 50.0), 1.0 - parts(segment, 10.0, 90.0, 50.0)[:, ::-1], atol=1e-6)


def test_a_wide_view_loses_only_the_wedge_behind_it():
    assert np.allclose(parts((-5.0, -4.0, 5.0, -4.0), 0.0, 270.0, 50.0), [[0.0, 0.1], [0.9, 1.0]], atol=1e-6)


def test_unknown_heading_sees_what_every_heading_together_sees():
    segment = (-20.0, 3.0, 30.0, 3.0)
    whole = parts(segment, np.nan, 80.0, 10.0)
    every = np.concatenate([parts(segment, heading, 80.0, 10.0) for heading in range(0, 360, 10)])
    assert np.allclose(whole, [[every.min(), every.max()]])


def test_nothing_is_seen_from_afar_or_of_a_street_without_length():
    assert parts((50.0, 50.0, 60.0, 50.0), 45.0, 80.0, 40.0).size == 0
    assert parts((1.0, 1.0, 1.0, 1.0), 45.0, 80.0, 40.0).size == 0
    assert parts((1.0, 1.0, 2.0, 1.0), 45.0, 80.0, 0.0).size == 0
