"""The sieve of cameras for the cast of cases leaves out none that sees a street or stands inside a scene."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.city import build_city
from privacysim.scenario import load_scenario
from privacysim.sight.coverage import coverage
from privacysim.world.cameras import sample_cameras
from privacysim.world.clues import _near


@pytest.mark.parametrize("k", range(4))
def test_no_camera_that_sees_a_street_or_a_scene_is_left_out(k):
    case = load_scenario("guangzhou_district")
    city = build_city(case)
    cameras = sample_cameras(city, case, 185, k)
    rng = np.random.Generator(np.random.Philox(k))
    edges = np.unique(rng.integers(0, city.edge_u.size, 3 + 20 * k))
    places = np.unique(cameras.place_id[np.flatnonzero(cameras.indoor)[:: 40 + k]])
    near = _near(city, cameras, edges, places)
    seen = coverage(city, cameras, np.arange(len(cameras)), edges=edges, entrances=False)
    inside = np.flatnonzero(cameras.indoor & np.isin(cameras.place_id, places))
    assert set(np.unique(seen.piece_camera)) | set(inside) <= set(near)
    assert k or near.size < len(cameras) / 2
    assert (np.diff(near) > 0).all()


def test_without_a_street_only_cameras_inside_the_scenes_are_left():
    case = load_scenario("guangzhou_district")
    city = build_city(case)
    cameras = sample_cameras(city, case, 185, 0)
    places = cameras.place_id[np.flatnonzero(cameras.indoor)[:1]]
    near = _near(city, cameras, np.empty(0, dtype=np.int64), places)
    assert near.tolist() == np.flatnonzero(cameras.indoor & (cameras.place_id == places[0])).tolist()
