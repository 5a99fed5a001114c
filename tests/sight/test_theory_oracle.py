"""Cameras at random in the plane, against integral geometry (Santaló 1976): what a walk meets, and how much of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from privacysim.draws import stream_key, uniforms
from privacysim.sight.clip_kernel import clip, sides
from privacysim.sight.occlusion import walls_of
from privacysim.sight.optics import density_at_1_m, face_px, ground_radius_m, range_m, slant_at_density

COUNT, BOX = 60_000, 2_000.0
DENSITY = COUNT / BOX**2


def _met(length, radius, hfov, name):
    """Metres in view of each camera of a straight walk through the middle of a field of random cameras."""
    u = uniforms(stream_key(21, 0, name), np.arange(COUNT), 3)
    x, y = (u[:, 0] - 0.5) * BOX, (u[:, 1] - 0.5) * BOX
    heading = 2 * math.pi * u[:, 2]
    out = np.empty((2, 2))
    metres = np.zeros(COUNT)
    for n in np.flatnonzero((np.abs(x) < length / 2 + radius) & (np.abs(y) < radius)):
        edges = sides(heading[n], hfov)
        parts = clip(-length / 2 - x[n], -y[n], length / 2 - x[n], -y[n], radius, heading[n], hfov, edges, out)
        metres[n] = sum(out[i, 1] - out[i, 0] for i in range(parts)) * length
    return metres


def _sector(radius, hfov):
    return 0.5 * radius**2 * hfov, radius * (2 + hfov) if hfov < 2 * math.pi else 2 * math.pi * radius


@pytest.mark.parametrize(("radius", "degrees"), [(30.0, 80.0), (60.0, 120.0), (40.0, 180.0), (50.0, 360.0)])
def test_a_walk_meets_density_times_area_plus_perimeter_over_pi(radius, degrees):
    """Mean number of convex views that a segment of length L meets: λ (A + P·L/π) (Blaschke, Santaló)."""
    length, hfov = 900.0, math.radians(degrees)
    met = int((_met(length, radius, hfov, f"met {degrees}") > 0).sum())
    area, perimeter = _sector(radius, hfov)
    mean = DENSITY * (area + perimeter * length / math.pi)
    assert mean > 200
    assert abs(met - mean) < 4 * math.sqrt(mean), (met, mean)


@pytest.mark.parametrize(("radius", "degrees"), [(30.0, 80.0), (60.0, 120.0), (40.0, 250.0), (50.0, 360.0)])
def test_metres_in_view_are_density_times_area_times_length(radius, degrees):
    """Every point lies in λA views on average, whatever their form: metres in view = λ A L."""
    length, hfov = 900.0, math.radians(degrees)
    metres = _met(length, radius, hfov, f"metres {degrees}")
    mean = DENSITY * _sector(radius, hfov)[0] * length
    error = math.sqrt((metres**2).sum())  # a Poisson field: the variance is the mean sum of squares
    assert abs(metres.sum() - mean) < 4 * error
    assert error < 0.1 * mean


def test_the_number_of_cameras_that_see_a_point_is_poisson():
    """A Poisson field of views covers a point N ~ Poisson(λA) times; P(unseen) = e^{−λA}."""
    radius, hfov = 40.0, math.radians(90.0)
    u = uniforms(stream_key(22, 0, "points"), np.arange(COUNT), 3)
    x, y, heading = (u[:, 0] - 0.5) * BOX, (u[:, 1] - 0.5) * BOX, 2 * math.pi * u[:, 2]
    out, side = np.empty((2, 2)), np.arange(-900.0, 901.0, 90.0)
    seen = []
    for px in side:
        for py in side:
            near = np.flatnonzero((np.abs(x - px) < radius) & (np.abs(y - py) < radius))
            # a point is a walk of a millimetre
            seen.append(sum(clip(px - x[n], py - y[n], px + 1e-3 - x[n], py - y[n], radius, heading[n], hfov,
                                 sides(heading[n], hfov), out) > 0 for n in near))  # fmt: skip
    counts, mean = np.array(seen), DENSITY * _sector(radius, hfov)[0]
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / len(counts))
    assert abs((counts == 0).mean() - math.exp(-mean)) < 4 * math.sqrt(math.exp(-mean) / len(counts))
    k = np.arange(0, 60)
    expected = stats.poisson.pmf(k, mean) * len(counts)
    enough = expected > 6
    found = np.bincount(counts, minlength=60)[:60]
    scaled = expected[enough] * found[enough].sum() / expected[enough].sum()
    assert stats.chisquare(found[enough], scaled).pvalue > 1e-3


def test_what_a_camera_sees_of_a_walk_is_a_chord():
    """Crofton: the mean chord of a convex body is πA/P; of a walk with ends, A·L / (A + P·L/π)."""
    radius, length = 50.0, 900.0
    metres = _met(length, radius, 2 * math.pi, "chords")
    area, perimeter = _sector(radius, 2 * math.pi)
    expected = area * length / (area + perimeter * length / math.pi)
    chords = metres[metres > 0]
    assert abs(chords.mean() - expected) < 4 * chords.std() / math.sqrt(len(chords))
    assert chords.max() <= 2 * radius + 1e-9


def test_a_round_house_hides_the_angle_that_it_fills():
    """A convex body is seen under one angle; a disc of radius r at distance d fills 2·asin(r/d)."""
    corners = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    for r, d in ((5.0, 20.0), (10.0, 40.0), (3.0, 30.0)):
        walls = walls_of([0, len(corners)], d + r * np.cos(corners), r * np.sin(corners))
        directions = np.linspace(-np.pi, np.pi, 20_001)[:-1]
        hidden = [_crosses(walls.wall, 200 * np.cos(a), 200 * np.sin(a)) for a in directions[::20]]
        assert np.mean(hidden) * 2 * np.pi == pytest.approx(2 * math.asin(r / d), rel=0.05)


def _crosses(wall, x, y):
    """Whether the sight line from the origin to (x, y) meets a wall, written out."""
    x0, y0, x1, y1 = wall.T[:4]
    dx, dy = x1 - x0, y1 - y0
    across = x * dy - y * dx
    t = (x0 * dy - y0 * dx) / np.where(across == 0, np.nan, across)
    s = (x0 * y - y0 * x) / np.where(across == 0, np.nan, across)
    return bool(((t > 0) & (t < 1) & (s >= 0) & (s <= 1)).any())


def test_pixel_density_falls_as_one_over_distance_and_meets_the_standard():
    """EN/IEC 62676-4: density = width / (2 d tan(hfov/2)); the 25 px/m range is where it says."""
    for width, degrees in ((1920, 80.0), (3840, 110.0), (1280, 60.0)):
        at_one = float(density_at_1_m(width, degrees))
        assert at_one == pytest.approx(width / (2 * math.tan(math.radians(degrees) / 2)), rel=1e-6)
        for level in (25.0, 62.0, 125.0, 250.0):
            slant = float(slant_at_density(width, degrees, level))
            assert at_one / slant == pytest.approx(level, rel=1e-6)
            assert float(face_px(width, degrees, slant)) == pytest.approx(0.16 * level, rel=1e-6)
        assert float(range_m(width, degrees)) == pytest.approx(min(100.0, at_one / 25.0), rel=1e-6)


def test_the_ground_in_range_is_the_leg_of_a_right_triangle():
    """Slant² = ground² + (mount − eye height)²."""
    slant = np.array([5.0, 20.0, 80.0])
    ground = np.asarray(ground_radius_m(slant, np.full(3, 4.5)))
    assert ground**2 + 3.0**2 == pytest.approx(slant**2, rel=1e-6)
