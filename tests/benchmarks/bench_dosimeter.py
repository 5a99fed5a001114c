"""How long the dosimeter takes, in CPU seconds of one thread, once cameras and track are loaded.

    PRIVACYSIM_DATA=… python tests/benchmarks/bench_dosimeter.py

An hour's walk (1 200 fixes) against all 8 196 cameras of `eyes.kml`, of which nobody mapped heading, lens or height: in
the densest spot of the file and at quantiles of its density, straight on, to and fro, and loitering. Then a million
fixes of a thousand people against 10 000 cameras of which everything is known.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import numpy as np
from scipy.spatial import cKDTree

from privacysim.readers.camera_files import MappedCameras, read_cameras
from privacysim.readers.positions import plane_at
from privacysim.readers.track_files import Tracks
from privacysim.tracks.dosimeter import measure_walk

STEP_M, STEP_S, FIXES = 3.9, 3.0, 1_200


def main() -> None:
    """Print both tables."""
    folder = os.environ.get("PRIVACYSIM_DATA")
    if folder:
        cameras = read_cameras(Path(folder) / "eyes.kml")
        for place, lat, lon in _places(cameras):
            for name, (x, y) in _walks():
                tracks = _track(lat, lon, x, y)
                dose = measure_walk(tracks, cameras)  # kernels are loaded before the clock counts
                spent = [_seconds(tracks, cameras) for _ in range(15)]
                print(f"{place:<24} {name:<12} {len(dose.cameras):>3} cameras in question: "
                      f"median {1e3 * np.median(spent):>5.1f} ms, largest {1e3 * max(spent):>5.1f} ms")
    else:
        print("PRIVACYSIM_DATA is not set: eyes.kml is left out", file=sys.stderr)
    tracks, known = _crowd(1_000, 1_000), _known_cameras(10_000)
    measure_walk(tracks, known)
    spent = [_seconds(tracks, known) for _ in range(3)]
    print(f"{len(tracks):,} fixes against {len(known):,} cameras: median {np.median(spent):.2f} s")


def _seconds(tracks: Tracks, cameras: MappedCameras) -> float:
    begun = process_time()
    measure_walk(tracks, cameras)
    return process_time() - begun


def _places(cameras: MappedCameras) -> Iterator[tuple[str, float, float]]:
    flat = np.column_stack([cameras.lat, cameras.lon * np.cos(np.radians(cameras.lat))])
    around = np.array([len(near) for near in cKDTree(flat).query_ball_point(flat, 0.003)])
    order = np.argsort(-around, kind="stable")
    for share in (0.0, 0.05, 0.25, 0.5):
        camera = order[int(share * len(cameras))]
        name = f"density rank {share:.0%}" if share else f"densest: {around[camera]} in 330 m"
        yield name, float(cameras.lat[camera]), float(cameras.lon[camera])


def _walks() -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    along = np.arange(FIXES) * STEP_M
    yield "straight on", (along - along.mean(), 20 * np.sin(along / 200))
    yield "to and fro", (np.abs(along % 1000 - 500) - 250, np.zeros(FIXES))
    turn = np.cumsum(np.random.default_rng(1).normal(0, 0.35, FIXES))
    x, y = np.cumsum(STEP_M * np.cos(turn)), np.cumsum(STEP_M * np.sin(turn))
    inside = np.maximum(1.0, np.hypot(x, y) / 150.0)
    yield "loitering", (x / inside, y / inside)


def _track(lat: float, lon: float, x: np.ndarray, y: np.ndarray) -> Tracks:
    plane = plane_at(lat, lon)
    same = np.zeros(x.size, dtype=np.int32)
    return Tracks(lat + y / plane.north_m, lon + x / plane.east_m, 1.6e9 + STEP_S * np.arange(x.size), same, same, 1,
                  (), (), "")


def _crowd(people: int, fixes: int) -> Tracks:
    draw = np.random.default_rng(2)
    plane = plane_at(60.15, 24.999)
    turn = np.cumsum(draw.normal(0, 0.3, (people, fixes)), axis=1)
    x = draw.uniform(-2_500, 2_500, (people, 1)) + np.cumsum(1.3 * np.cos(turn), axis=1)
    y = draw.uniform(-2_500, 2_500, (people, 1)) + np.cumsum(1.3 * np.sin(turn), axis=1)
    who = np.repeat(np.arange(people, dtype=np.int32), fixes)
    time = np.tile(1.6e9 + np.arange(fixes), people)
    return Tracks(60.15 + y.ravel() / plane.north_m, 24.999 + x.ravel() / plane.east_m, time, who, who, people, (), (),
                  "")


def _known_cameras(count: int) -> MappedCameras:
    draw = np.random.default_rng(3)
    plane = plane_at(60.15, 24.999)
    x, y = draw.uniform(-2_500, 2_500, (2, count))
    code = np.full(count, -1, dtype=np.int8)
    return MappedCameras(
        lat=60.15 + y / plane.north_m, lon=24.999 + x / plane.east_m, heading_deg=draw.uniform(0, 360, count),
        hfov_deg=np.full(count, 70.0), width_px=np.full(count, 1920.0), tilt_deg=np.full(count, np.nan),
        mount_m=np.full(count, 4.0), range_m=np.full(count, 25.0), operator=code, regime=code,
        indoor=np.zeros(count, dtype=bool), line=np.arange(count),
    )  # fmt: skip


if __name__ == "__main__":
    main()
