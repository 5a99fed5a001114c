"""Possible views of each mapped camera: one view if everything is known, a fan of views if not.

Each view has a weight (`sight.possible_views`). The smallest and largest result over a camera's views are an outer
bound, not an interval: they carry no probability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.readers.camera_files import MappedCameras
from privacysim.sight.optics import density_at_1_m, drop_m, ground_radius_m, range_m, tilted_reach_m
from privacysim.sight.possible_views import site_of, view_choices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Rows x, y, ground radius, heading and hfov (radians), density at 1 m, height over a face; x, y still 0.

    `camera` is the position in the cameras; the weights of one camera's views sum to 1. Views that differ only in their
    heading are neighbours and share a `disc`, counted from 0.
    """

    rows: Floats
    camera: Ints
    weight: Floats
    disc: Ints


def views_of(cameras: MappedCameras, which: Ints, reach_m: float | None = None) -> Views:
    """Every view of the cameras `which`. `reach_m`: one flat reach on the ground for all, instead of their optics."""
    exact = _exact(cameras, which)
    parts = [_known(cameras, which[exact], reach_m)]
    made: dict[tuple[object, ...], Views] = {}
    for camera in which[~exact].tolist():
        # cameras with the same known properties have the same fan
        told = tuple(float(column[camera]) for column in (cameras.heading_deg, cameras.hfov_deg, cameras.width_px,
                                                          cameras.tilt_deg, cameras.mount_m, cameras.range_m))
        key = (site_of(int(cameras.operator[camera])), *map(repr, told))
        if key not in made:
            made[key] = _fan(cameras, camera, reach_m)
        fan = made[key]
        parts.append(Views(fan.rows, np.full(fan.camera.size, camera, dtype=np.int64), fan.weight, fan.disc))
    return joined_views(parts)


def joined_views(parts: list[Views]) -> Views:
    """Concatenate views; their discs stay separate."""
    before = np.cumsum([0, *(int(part.disc[-1]) + 1 if part.disc.size else 0 for part in parts)])
    rows, camera, weight = (np.concatenate([getattr(part, name) for part in parts])
                            for name in ("rows", "camera", "weight"))
    disc = np.concatenate([part.disc + offset for part, offset in zip(parts, before[:-1], strict=True)])
    return Views(rows, camera, weight, disc)


def discs_of(views: Views) -> tuple[Views, Ints]:
    """One view for each disc, all round (heading NaN) where several headings share it, and where each disc begins.

    Over all headings a camera may see all of its disc, so the walk is clipped once and not 36 times.
    """
    first = np.flatnonzero(np.diff(views.disc, prepend=-1))
    rows = views.rows[first].copy()
    many = np.diff(first, append=views.disc.size) > 1
    rows[many, 3] = np.nan
    weight = np.add.reduceat(views.weight, first) if first.size else views.weight
    return Views(rows, views.camera[first], weight, np.arange(first.size)), np.append(first, views.disc.size)


def _exact(cameras: MappedCameras, which: Ints) -> NDArray[np.bool_]:
    """Whether everything that determines a camera's view is mapped."""
    told = ~np.isnan(cameras.hfov_deg[which]) & ~np.isnan(cameras.width_px[which]) & ~np.isnan(cameras.mount_m[which])
    return told & cameras.heading_known[which]


def _known(cameras: MappedCameras, which: Ints, reach_m: float | None) -> Views:
    width, hfov, mount = cameras.width_px[which], cameras.hfov_deg[which], cameras.mount_m[which]
    stated = cameras.range_m[which] if reach_m is None else np.full(which.size, reach_m)
    radius = np.where(np.isnan(stated), ground_radius_m(range_m(width, hfov), mount), stated)
    if reach_m is None:
        radius = np.minimum(radius, tilted_reach_m(cameras.tilt_deg[which], hfov, mount))
    rows = np.column_stack([
        np.zeros(which.size), np.zeros(which.size), radius, np.radians(cameras.heading_deg[which]), np.radians(hfov),
        density_at_1_m(width, hfov), drop_m(mount),
    ])  # fmt: skip
    return Views(rows, which.copy(), np.ones(which.size), np.arange(which.size))


def _fan(cameras: MappedCameras, camera: int, reach_m: float | None) -> Views:
    own = view_choices(cameras, camera, site_of(int(cameras.operator[camera])), "outdoor")
    order = np.lexsort((own.hfov_deg, own.width_px))
    wide, lens, share, mount = own.width_px[order], own.hfov_deg[order], own.share[order], own.mount_m
    heading = own.heading_deg
    # a turning camera sees all round, but through its own lens
    seen = np.full(lens.size, cameras.hfov_deg[camera]) if np.isfinite(cameras.hfov_deg[camera]) else lens
    i, j, h = (axis.ravel() for axis in np.meshgrid(
        np.arange(wide.size), np.arange(mount.size), np.arange(heading.size), indexing="ij"))
    stated = float(cameras.range_m[camera]) if reach_m is None else reach_m
    radius = (np.full(i.size, stated) if np.isfinite(stated)
              else ground_radius_m(range_m(wide[i], lens[i]), mount[j]))
    if reach_m is None:
        radius = np.minimum(radius, tilted_reach_m(cameras.tilt_deg[camera], seen[i], mount[j]))
    rows = np.column_stack([
        np.zeros(i.size), np.zeros(i.size), radius, np.radians(heading[h]), np.radians(seen[i]),
        density_at_1_m(wide[i], lens[i]), drop_m(mount[j]),
    ])  # fmt: skip
    weight = share[i] / (mount.size * heading.size)
    return Views(rows, np.full(i.size, camera, dtype=np.int64), weight, i * mount.size + j)


def hull(cameras: MappedCameras, reach_m: float | None = None) -> Floats:
    """Ground radius (m) beyond which each camera sees nothing, whatever its lens, height and heading."""
    if reach_m is not None:
        return np.full(len(cameras), reach_m)
    return np.where(np.isnan(cameras.range_m), facts().value("view_range_max_m"), cameras.range_m)
