"""Occlusion against shapely: what is visible is what no building crosses on the straight line from the camera."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from privacysim.sight.occlusion import building_at, outdoor_positions, visible, walls_of

SCENES = 1_000


def street_scene(draw):
    """A street with houses on both sides, some not convex, turned any way; a camera on the street, a walk along it."""
    houses, x = [], -90.0
    while x < 90:
        width, gap = draw.uniform(4, 25), draw.uniform(0.2, 8)
        for side in (-1, 1):
            if draw.random() < 0.8:
                near, far = side * draw.uniform(4, 12), side * draw.uniform(14, 30)
                ring = [(x, near), (x + width, near), (x + width, far), (x, far)]
                if draw.random() < 0.4:  # a courtyard open to the street
                    step = width / 3
                    ring[1:1] = [(x + step, near), (x + step, (near + far) / 2), (x + 2 * step, (near + far) / 2),
                                 (x + 2 * step, near)]
                houses.append(np.array(ring))
        x += width + gap
    angle = draw.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    camera = np.array([draw.uniform(-40, 40), draw.uniform(-3, 3)])
    walk = np.array([[draw.uniform(-80, 80), draw.uniform(-25, 25)], [draw.uniform(-80, 80), draw.uniform(-25, 25)]])
    return [ring @ turn.T for ring in houses], camera @ turn.T, walk @ turn.T


def walls_from(rings):
    start = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])])
    corners = np.concatenate(rings)
    return walls_of(start, corners[:, 0], corners[:, 1])


def look(walls, camera, walk):
    one = np.ones(1)
    _, begin, end = visible(walls, camera[:1], camera[1:], walk[0, :1], walk[0, 1:], walk[1, :1], walk[1, 1:], 0 * one,
                            one)
    return begin, end


def hidden_length(rings, camera, walk):
    """Metres of the walk in the shadow of any side of any building: shapely's quadrilaterals, cut with the walk."""
    a = np.concatenate(rings)
    b = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    far_a, far_b = camera + (a - camera) * 1_000, camera + (b - camera) * 1_000
    shadows = shapely.polygons(np.stack([a, b, far_b, far_a], axis=1))
    cuts = shapely.intersection(shapely.LineString(walk), shadows)
    ends = shapely.get_coordinates(cuts[~shapely.is_empty(cuts) & (shapely.length(cuts) > 0)]).reshape(-1, 2, 2)
    along = np.sort((ends - walk[0]) @ (walk[1] - walk[0]) / np.hypot(*(walk[1] - walk[0])), axis=1)
    hidden, until = 0.0, -np.inf
    for begin, end in along[np.argsort(along[:, 0])]:
        hidden += max(0.0, end - max(begin, until))
        until = max(until, end)
    return hidden


def test_visible_stretches_equal_shapelys_on_a_thousand_random_street_scenes():
    draw = np.random.default_rng(11)
    hidden_somewhere = seen_somewhere = 0
    for _ in range(SCENES):
        rings, camera, walk = street_scene(draw)
        begin, end = look(walls_from(rings), camera, walk)
        length = float(np.hypot(*(walk[1] - walk[0])))
        own = float((end - begin).sum()) * length
        assert own == pytest.approx(length - hidden_length(rings, camera, walk), abs=1e-5)
        hidden_somewhere += own < length - 1
        seen_somewhere += own > 1
    assert hidden_somewhere > SCENES / 2
    assert seen_somewhere > SCENES / 4


def test_every_point_is_visible_where_shapely_sees_it():
    draw = np.random.default_rng(12)
    for _ in range(100):
        rings, camera, walk = street_scene(draw)
        begin, end = look(walls_from(rings), camera, walk)
        houses = shapely.union_all([shapely.Polygon(ring) for ring in rings])
        shares = np.linspace(0.003, 0.997, 60)
        points = walk[0] + shares[:, None] * (walk[1] - walk[0])
        rays = shapely.linestrings(np.stack([np.broadcast_to(camera, points.shape), points], axis=1))
        free = ~shapely.crosses(rays, houses) & ~shapely.within(rays, houses)
        own = ((shares[:, None] >= begin) & (shares[:, None] <= end)).any(axis=1)
        edge = np.concatenate([begin, end]) if begin.size else np.array([9.0])
        clear = np.abs(shares[:, None] - edge).min(axis=1) > 1e-6
        assert (own == free)[clear].all()


def test_the_order_of_buildings_and_the_direction_of_rings_do_not_matter():
    draw = np.random.default_rng(13)
    rings, camera, walk = street_scene(draw)
    want = look(walls_from(rings), camera, walk)
    for other in (rings[::-1], [ring[::-1] for ring in rings], [np.roll(ring, 2, axis=0) for ring in rings]):
        got = look(walls_from(other), camera, walk)
        assert np.allclose(want, got, atol=1e-12)


def test_a_closed_ring_and_an_open_one_are_the_same_building():
    square = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], dtype=float)
    closed = np.vstack([square, square[:1]])
    assert walls_from([square]).wall.tolist() == walls_from([closed]).wall.tolist()


SQUARE = [np.array([(0, 0), (10, 0), (10, 10), (0, 10)], dtype=float)]


@pytest.mark.parametrize(("x", "y", "to", "free"), [
    (5.0, 1.0, (5.0, -0.05), True),   # mapped inside, near the southern wall: hangs on it
    (5.0, 0.0, (5.0, -0.05), True),   # mapped on the outline
    (5.0, -0.02, (5.0, -0.05), True),
    (5.0, -2.0, (5.0, -2.0), True),   # stands in the street
])  # fmt: skip
def test_a_camera_mapped_in_a_building_hangs_on_its_nearest_wall(x, y, to, free):
    new_x, new_y, sees = outdoor_positions(walls_from(SQUARE), np.array([x]), np.array([y]))
    assert (new_x[0], new_y[0]) == pytest.approx(to)
    assert bool(sees[0]) == free


def test_a_camera_deep_inside_a_building_sees_no_street():
    hall = [np.array([(0, 0), (40, 0), (40, 40), (0, 40)], dtype=float)]
    assert not outdoor_positions(walls_from(hall), np.array([20.0]), np.array([20.0]))[2][0]


def test_which_building_holds_a_point_equals_shapelys():
    draw = np.random.default_rng(14)
    rings, _, _ = street_scene(draw)
    points = draw.uniform(-100, 100, (2_000, 2))
    found = building_at(walls_from(rings), points[:, 0], points[:, 1])
    shapes = [shapely.Polygon(ring) for ring in rings]
    inside = np.array([[shape.contains(shapely.Point(point)) for shape in shapes] for point in points])
    assert ((found >= 0) == inside.any(axis=1)).all()
    assert inside[np.flatnonzero(found >= 0), found[found >= 0]].all()
