"""The dosimeter against what others found: the peer's two walks, shapely's sectors, and what a child can see."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from privacysim.readers.camera_files import MappedCameras, read_cameras
from privacysim.readers.positions import plane_at
from privacysim.readers.track_files import Tracks, read_tracks
from privacysim.tracks.cleaning import walk_of
from privacysim.tracks.dosimeter import measure_walk
from privacysim.tracks.walk_sight import sight_of

LAT, LON = 60.17, 24.94


def cameras_at(x, y, heading, hfov, reach, mount=1.5, tilt=np.nan) -> MappedCameras:
    """Cameras by metres around (LAT, LON), everything known."""
    plane = plane_at(60.15, 24.999)  # the sheet's own plane is near enough; degrees are what counts
    lat, lon = LAT + np.asarray(y) / plane.north_m, LON + np.asarray(x) / plane.east_m
    n = lat.size

    def every(value):
        return np.broadcast_to(np.asarray(value, dtype=np.float64), n).copy()

    none = np.full(n, -1, dtype=np.int8)
    return MappedCameras(lat=lat, lon=lon, heading_deg=every(heading), hfov_deg=every(hfov), width_px=every(1920),
                         tilt_deg=every(tilt), mount_m=every(mount), range_m=every(reach), operator=none, regime=none,
                         indoor=np.zeros(n, dtype=bool), line=np.arange(n))


def track(x, y, seconds=1.0) -> Tracks:
    plane = plane_at(60.15, 24.999)
    lat, lon = LAT + np.asarray(y) / plane.north_m, LON + np.asarray(x) / plane.east_m
    n = lat.size
    same = np.zeros(n, dtype=np.int32)
    return Tracks(lat, lon, 1.6e9 + np.arange(n) * seconds, same, same, 1, (), (), "track")


@pytest.mark.data
@pytest.mark.parametrize(("name", "reach", "expected"), [
    ("test1", 10, 13), ("test1", 25, 17), ("test2", 10, 14), ("test2", 25, 19),
])  # fmt: skip
def test_cameras_at_the_fixes_of_the_jyvaskyla_walks_are_the_peers(data_folder, name, reach, expected):
    # Tuomela, CCTV-Exposure (2022): its program's own output; it counts repeated rows as cameras
    folder = data_folder / "jyvaskyla"
    cameras = read_cameras(folder / "cctv-aware-jyvaskyla.csv", merge=False)
    dose = measure_walk(read_tracks(folder / f"{name}.gpx"), cameras, range_m=reach)
    assert dose.totals["cameras_at_fixes_low"] == dose.totals["cameras_at_fixes_high"] == expected
    assert dose.totals["cameras"] >= expected


def test_a_camera_passed_between_two_fixes_is_found_by_the_walk_and_not_by_the_fixes():
    dose = measure_walk(track([-100, 100], [0, 0], 100.0), cameras_at([0], [5], 180, 70, 20))
    assert dose.totals["cameras_at_fixes_high"] == 0
    assert dose.totals["cameras_low"] == 1


@pytest.mark.parametrize(("heading", "hfov", "y", "seen"), [
    (0, 70, 10, True), (0, 70, -10, False), (180, 70, 10, False), (180, 70, -10, True),
    (350, 40, 10, True), (10, 40, 10, True), (90, 70, 10, False), (np.nan, 360, -10, True),
])  # fmt: skip
def test_a_directed_camera_sees_before_it_not_behind_also_across_north(heading, hfov, y, seen):
    dose = measure_walk(track([-1.5, 1.5], [y, y], 2.0), cameras_at([0], [0], heading, hfov, 25), jitter_m=0)
    assert (dose.totals["metres_in_view_in_range_high"] > 1.4) == seen


def sector(x, y, heading, hfov, reach, facets):
    if hfov >= 360:
        return shapely.Point(x, y).buffer(reach, quad_segs=facets)
    angles = np.radians(heading + np.linspace(-hfov / 2, hfov / 2, max(2, int(facets * hfov / 90)) + 1))
    ring = [(x, y), *zip(x + reach * np.sin(angles), y + reach * np.cos(angles), strict=True)]
    return shapely.Polygon(ring)


def _scene(draw, n=400):
    x, y = draw.uniform(-250, 250, (2, n))
    hfov = draw.choice([40.0, 70.0, 110.0, 180.0, 240.0, 360.0], n)
    return x, y, draw.uniform(0, 360, n), hfov, draw.uniform(5, 60, n)


def test_metres_in_view_equal_shapelys_and_converge_with_its_facets():
    draw = np.random.default_rng(7)
    x, y, heading, hfov, reach = _scene(draw)
    fixes = np.cumsum(draw.normal(0, 12, (2, 200)), axis=1)
    tracks = track(*fixes)
    cameras = cameras_at(x, y, heading, hfov, reach)
    sight = sight_of(walk_of(tracks, 0.0), cameras)
    share = sight.pieces.leave - sight.pieces.enter
    own = np.bincount(sight.discs.camera[sight.pieces.view], share * sight.step_m[sight.pieces.step], len(cameras))
    assert (own > 0).sum() > 15
    line = shapely.LineString(_in_plane(tracks, fixes))
    gaps = []
    for facets in (12, 48, 192):
        views = zip(*_cameras_in_plane(cameras), heading, hfov, reach, strict=True)
        shapes = [sector(*view, facets) for view in views]
        theirs = np.array([line.intersection(shape).length for shape in shapes])
        gaps.append(abs(own.sum() / theirs.sum() - 1))
    assert gaps[0] < 0.003
    assert gaps[2] < gaps[1] < gaps[0]
    assert np.allclose(own, theirs, atol=0.05)


def test_of_an_unknown_heading_least_mean_and_most_are_shapelys_over_36_sectors():
    # no kernel decides here what a fan is: 36 polygons a camera, each cut with the line that was walked
    draw = np.random.default_rng(11)
    x, y = draw.uniform(-60, 60, (2, 12))
    hfov, reach = draw.choice([28.0, 80.0, 240.0], 12), draw.uniform(15, 60, 12)
    fixes = np.cumsum(draw.normal(0, 12, (2, 40)), axis=1)
    tracks, cameras = track(*fixes), cameras_at(x, y, np.nan, hfov, reach)
    dose = measure_walk(tracks, cameras, jitter_m=0)
    line = shapely.LineString(_in_plane(tracks, fixes))
    compared = 0
    for own in dose.cameras.to_dict("records"):
        i = own["index"]
        place = [axis[i] for axis in _cameras_in_plane(cameras)]
        theirs = np.array([line.intersection(sector(*place, heading, hfov[i], reach[i], 192)).length
                           for heading in range(0, 360, 10)])
        found = [own[f"metres_in_range{end}"] for end in ("_low", "", "_high")]
        assert found == pytest.approx([theirs.min(), theirs.mean(), theirs.max()], rel=3e-3, abs=0.05)
        compared += 1
    assert compared > 8


def _in_plane(tracks, fixes):
    # what the sheet's plane makes of the same degrees
    plane = _sheet()
    return np.column_stack(plane.xy(tracks.lat, tracks.lon))


def _cameras_in_plane(cameras):
    return _sheet().xy(cameras.lat, cameras.lon)


def _sheet():
    from privacysim.readers.positions import sheets

    return sheets(np.array([LAT]), np.array([LON]))[1][0]


def test_seconds_in_view_are_the_share_of_the_step_in_view():
    # 40 m in 20 s past a disc of 10 m, whose chord at 6 m is 16 m = 8 s
    dose = measure_walk(track([-20, 20], [6, 6], 20.0), cameras_at([0], [0], 0, 360, 10), jitter_m=0)
    row = dose.cameras.iloc[0]
    assert row["metres_in_range"] == pytest.approx(16.0, rel=3e-3)
    assert row["seconds_in_range"] == pytest.approx(8.0, rel=3e-3)
    assert row["passes"] == 1


def test_standing_in_view_counts_its_time():
    dose = measure_walk(track([0, 0.5, 0.2, 0.4], [5, 5, 5, 5], 30.0), cameras_at([0], [0], 0, 90, 20))
    assert dose.cameras.iloc[0]["seconds_in_range"] == pytest.approx(90.0)
    assert dose.totals["metres"] < 0.01


def test_an_unknown_heading_is_a_band_that_holds_every_heading():
    walk = track([-30, 0, 30], [8, 8, 8], 20.0)
    unknown = measure_walk(walk, cameras_at([0], [0], np.nan, 70, 25), jitter_m=0).cameras.iloc[0]
    exact = [measure_walk(walk, cameras_at([0], [0], heading, 70, 25), jitter_m=0) for heading in range(0, 360, 10)]
    seconds = [dose.cameras["seconds_in_range"].sum() for dose in exact]
    assert unknown["seconds_in_range_low"] == pytest.approx(min(seconds))
    assert unknown["seconds_in_range_high"] == pytest.approx(max(seconds))
    assert unknown["seconds_in_range"] == pytest.approx(np.mean(seconds))
    assert unknown["seconds_in_range_low"] < unknown["seconds_in_range"] < unknown["seconds_in_range_high"]


@pytest.mark.parametrize(("tilt", "far"), [(60.0, 3.5), (np.nan, 40.0), (5.0, 40.0)])
def test_a_tilted_camera_sees_no_face_above_its_pictures_upper_edge(tilt, far):
    # by hand: 90° wide and 16:9, so 58.7° high; tilted by 60° the upper edge looks down by 30.64°; a face 2.07 m below
    # the lens is then seen up to 2.07 / tan(30.64°) = 3.5 m
    camera = cameras_at([0], [0], 0, 90, np.nan, 1.5 + 3.5 * np.tan(np.radians(60 - np.degrees(np.arctan(9 / 16)))),
                        tilt)
    dose = measure_walk(track([0, 0], [0.001, 40], 30.0), camera, jitter_m=0)
    assert dose.totals["metres_in_view_in_range_high"] == pytest.approx(min(far, 38.2), rel=0.02)


@pytest.mark.data
def test_all_of_eyes_kml_is_read(data_folder):
    cameras = read_cameras(data_folder / "eyes.kml")
    assert len(cameras) == 8196
    assert cameras.rejects == ()
    assert not cameras.heading_known.any()


@pytest.mark.data
def test_all_mapped_cameras_of_helsinki_are_read_and_those_that_turn_see_all_round(data_folder):
    cameras = read_cameras(data_folder / "helsinki.osm.pbf")
    assert len(cameras) == 221
    # the map says: 34 revolve, 6 are domes, 7 have a height
    assert (cameras.hfov_deg == 360).sum() == 40
    assert np.isfinite(cameras.mount_m).sum() == 7
