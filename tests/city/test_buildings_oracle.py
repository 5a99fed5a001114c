"""Buildings with courtyards as keyhole rings, against shapely's polygons with holes."""

from __future__ import annotations

import numpy as np
import osmium
import pytest
import shapely

from privacysim.readers.osm_maps import keyhole, multipolygon_rings
from privacysim.sight.occlusion import building_at, walls_of


def ring(x, y, size):
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]


def test_a_keyhole_ring_holds_what_a_polygon_with_holes_holds():
    draw = np.random.default_rng(5)
    for _ in range(30):
        corner = draw.uniform(0.1, 0.4, (4, 2))
        holes = [ring(column + a, row + b, draw.uniform(0.1, 0.4))
                 for (column, row), (a, b) in zip([(0, 0), (1, 0), (0, 1), (1, 1)], corner, strict=True)]
        holes = [hole[::-1] if draw.random() < 0.5 else hole for hole in holes][: draw.integers(0, 5)]
        made = np.array(keyhole(ring(0.0, 0.0, 2.0), holes))
        theirs = shapely.Polygon(ring(0.0, 0.0, 2.0), holes)
        area = abs(made[:-1, 0] @ made[1:, 1] - made[1:, 0] @ made[:-1, 1]) / 2
        assert area == pytest.approx(theirs.area)
        x, y = draw.uniform(-0.2, 2.2, (2, 300))
        inside = building_at(walls_of([0, len(made)], *made.T), x, y) >= 0
        assert np.array_equal(inside, shapely.contains_xy(theirs, x, y))


@pytest.mark.data
def test_helsinkis_courtyards_are_no_buildings_and_no_way_in_crosses_one(data_folder):
    many = 0
    for area in osmium.FileProcessor(str(data_folder / "helsinki.osm.pbf")).with_areas():
        if not area.is_area() or area.from_way() or "building" not in area.tags:
            continue
        for made, outline in zip(multipolygon_rings(area), area.outer_rings(), strict=True):
            middle = np.array(made[0])

            def metres(corners, middle=middle):
                return (np.array(corners) - middle) * [111_195.0, 111_195.0 * np.cos(np.radians(middle[0]))]

            rings = [metres([(node.lat, node.lon) for node in one])
                     for one in (outline, *area.inner_rings(outline))]
            theirs = shapely.Polygon(rings[0], rings[1:])
            own = metres(made)
            assert abs(own[:-1, 0] @ own[1:, 1] - own[1:, 0] @ own[:-1, 1]) / 2 == pytest.approx(theirs.area, rel=1e-6)
            walls = shapely.linestrings(np.stack([own[:-1], own[1:]], axis=1))
            assert shapely.length(shapely.difference(walls, theirs.buffer(0.01))).sum() < 0.05
            many += 1
    assert many > 50
