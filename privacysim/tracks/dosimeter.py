"""Dosimeter of a walk: which cameras saw it, when, at what level and for how long.

If everything about a camera is known, its numbers are exact (flat ground; buildings only if a city is given). If its
heading, lens or height is unknown, each number is a band over all possibilities: `_low` and `_high` are outer bounds,
and the middle is the mean over headings and the mix of lenses. Totals sum the bounds over cameras, which bounds the
totals. Stretches that two cameras see count only once in `metres_in_view`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.readers.camera_files import MappedCameras
from privacysim.readers.track_files import Tracks
from privacysim.tracks.cleaning import Walk, walk_of
from privacysim.tracks.walk_sight import Sight, sight_of, views_at_fixes
from privacysim.tracks.walk_town import Town

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEVELS = ("in_range", "detect", "observe", "recognise", "identify")
"""DORI levels, lowest first; `in_range` is within a stated reach, but below 25 px/m."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dose:
    """What the cameras saw of a walk.

    `cameras`: one row per camera that may have seen somebody (columns below). `passes`: one row per passing. `totals`:
    sums as `name`, `name_low`, `name_high`. `notes`: what a reader must know. `walk`, `mapped` and `sight` are the
    inputs: they hold positions, and a Dose's own text never prints them.
    """

    cameras: pd.DataFrame
    passes: pd.DataFrame
    totals: Mapping[str, float]
    people: int
    notes: tuple[str, ...]
    digests: Mapping[str, str]
    """SHA-256 of the two files."""
    walk: Walk
    mapped: MappedCameras
    sight: Sight

    def __repr__(self) -> str:
        return f"Dose({len(self.cameras)} cameras, {len(self.passes)} passes of {self.people} people)"


def measure_walk(tracks: Tracks, cameras: MappedCameras, *, range_m: float | None = None,
                 jitter_m: float | None = None, town: Town | None = None) -> Dose:
    """Measure what the cameras saw of the tracks, in metres and in seconds since each person's first fix.

    `range_m`: everybody within this ground distance is in view (of a directed camera: within its angle), whatever the
    optics; levels still follow the optics. `jitter_m` overrides the fact `track_jitter_m`. `town`: its buildings block
    the view (except in the count at the fixes, which recounts points).
    """
    walk = walk_of(tracks, jitter_m)
    dose = dose_of(walk, cameras, sight_of(walk, cameras, range_m, town), range_m)
    if town is not None:
        open_m = _union(sight_of(walk, cameras, range_m), None, 1)[0]
        dose = replace(dose, notes=(*dose.notes, _hidden(open_m, dose.totals["metres_in_view_detect_high"]), town.note))
    low, high = cameras_at_fixes(tracks, cameras, range_m)
    return replace(dose, totals={**dose.totals, "cameras_at_fixes_low": low, "cameras_at_fixes_high": high})


def cameras_at_fixes(tracks: Tracks, cameras: MappedCameras, range_m: float | None = None) -> tuple[int, int]:
    """Count the cameras that surely, and that possibly, have one of the recorded fixes in view.

    This is lower than the walk's count, because it misses cameras passed between two fixes.
    """
    views, seen = views_at_fixes(tracks, cameras, range_m)
    known, own = np.unique(views.camera, return_inverse=True)
    always, ever = np.ones(known.size, dtype=bool), np.zeros(known.size, dtype=bool)
    np.logical_and.at(always, own, seen)
    np.logical_or.at(ever, own, seen)
    return int(np.count_nonzero(always)), int(np.count_nonzero(ever))


def dose_of(walk: Walk, cameras: MappedCameras, sight: Sight, range_m: float | None = None) -> Dose:
    """Sum up what is in view."""
    seen = _per_camera(cameras, sight)
    passes = _passes(walk, sight, cameras)
    seen["passes"] = seen["camera"].map(passes.groupby("camera").size()).fillna(0).astype("int64")
    totals = _totals(walk, sight, seen)
    return Dose(seen, passes, totals, walk.people, (*walk.notes, *_words(cameras, seen, range_m)),
                {"track": walk.digest, "cameras": cameras.digest}, walk, cameras, sight)


def _per_camera(cameras: MappedCameras, sight: Sight) -> pd.DataFrame:
    views = sight.views
    known, own = np.unique(views.camera, return_inverse=True)
    made: dict[str, object] = {"camera": cameras.line[known]}
    for rank, level in enumerate(LEVELS):
        for name, amount in (("seconds", sight.seconds), ("metres", sight.metres)):
            _band(made, f"{name}_{level}", amount[:, rank], own, views.weight)
    _band(made, "seconds_frontal", sight.frontal_s, own, views.weight)
    _band(made, "seconds_identifiable", sight.identified_s, own, views.weight)
    _band(made, "seen", (sight.hits > 0).astype(np.float64), own, views.weight)
    made["operator"] = [cameras.operator_word(camera) for camera in known]
    made["heading_known"] = cameras.heading_known[known]
    made["index"] = known
    frame = pd.DataFrame(made)
    return frame[frame["seen_high"] > 0].sort_values("camera", kind="stable").reset_index(drop=True)


def _band(made: dict[str, object], name: str, amount: NDArray, own: Ints, weight: Floats) -> None:
    """Smallest, weighted mean and largest amount over the views of each camera."""
    count = int(own.max()) + 1 if own.size else 0
    low, high = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(low, own, amount)
    np.maximum.at(high, own, amount)
    # weights sum to 1 only up to rounding, which must not put the mean outside the bounds
    made[f"{name}_low"], made[f"{name}_high"] = low, high
    made[name] = np.clip(np.bincount(own, amount * weight, count), low, high)


def _passes(walk: Walk, sight: Sight, cameras: MappedCameras) -> pd.DataFrame:
    """Stretches in (possible) view of one camera, split where the walker is out of view for longer than the fact."""
    pieces = sight.pieces
    begin = walk.clock_s[pieces.step] + pieces.enter * sight.step_s[pieces.step]
    end = walk.clock_s[pieces.step] + pieces.leave * sight.step_s[pieces.step]
    camera, person = sight.discs.camera[pieces.view], walk.person[pieces.step]
    order = np.lexsort((begin, camera, person))
    begin, end, camera, person = begin[order], end[order], camera[order], person[order]
    level = pieces.level[order].astype(np.int64)
    if not order.size:
        kinds = {"camera": "int64", "person": "int64", "enter_s": "float64", "leave_s": "float64", "level": "str"}
        return pd.DataFrame({name: np.empty(0, dtype=kind) for name, kind in {**kinds, "sure": "bool"}.items()})
    group = np.cumsum((np.diff(camera, prepend=-1) != 0) | (np.diff(person, prepend=-1) != 0))
    # the end so far within a camera and person: later groups lie beyond any time of earlier ones
    span = float(end.max()) + 1e6
    so_far = np.maximum.accumulate(end + group * span) - group * span
    apart = begin[1:] - so_far[:-1] > facts().value("track_pass_gap_s")
    first = np.concatenate([[True], (group[1:] != group[:-1]) | apart])
    starts = np.flatnonzero(first)
    views = np.bincount(sight.views.camera, minlength=len(cameras))
    return pd.DataFrame({
        "camera": cameras.line[camera[starts]], "person": person[starts].astype(np.int64),
        "enter_s": np.minimum.reduceat(begin, starts), "leave_s": np.maximum.reduceat(end, starts),
        "level": [LEVELS[code] for code in np.maximum.reduceat(level, starts)],
        "sure": views[camera[starts]] == 1,
    }).sort_values(["person", "enter_s", "camera"], kind="stable").reset_index(drop=True)


def _totals(walk: Walk, sight: Sight, seen: pd.DataFrame) -> dict[str, float]:
    step = np.flatnonzero(walk.joined)
    totals = {"metres": float(sight.step_m[step].sum()), "seconds": float(sight.step_s[step].sum())}
    for end in ("_low", "", "_high"):
        totals[f"cameras{end}"] = float(seen[f"seen{end}"].sum())
        totals[f"camera_seconds{end}"] = float(seen[f"seconds_in_range{end}"].sum())
        totals[f"seconds_identifiable{end}"] = float(seen[f"seconds_identifiable{end}"].sum())
    for end, rows in (("_low", _sure_discs(sight)), ("_high", None)):
        for rank, level in enumerate(LEVELS):
            metres, seconds = _union(sight, rows, rank)
            totals[f"metres_in_view_{level}{end}"], totals[f"seconds_in_view_{level}{end}"] = metres, seconds
    return totals


def _sure_discs(sight: Sight) -> NDArray[np.bool_]:
    """For each camera whose views share a direction, the view with the smallest reach: what the camera surely sees."""
    discs = sight.discs
    sure = np.zeros(discs.camera.size, dtype=bool)
    if not sure.size:
        return sure
    looks = np.nan_to_num(discs.rows[:, 3:5], nan=-1.0)
    order = np.lexsort((discs.rows[:, 5], discs.rows[:, 2], discs.camera))
    starts = np.flatnonzero(np.diff(discs.camera[order], prepend=-1))
    same = (np.maximum.reduceat(looks[order], starts, axis=0) == np.minimum.reduceat(looks[order], starts, axis=0))
    told = ~np.isnan(discs.rows[:, 3]) | (discs.rows[:, 4] >= 2 * np.pi)
    sure[order[starts[same.all(axis=1) & told[order[starts]]]]] = True
    return sure


def _union(sight: Sight, rows: NDArray[np.bool_] | None, rank: int) -> tuple[float, float]:
    """Metres and seconds of the walk in at least one of these views (None: of all), at this level or above."""
    pieces = sight.pieces
    own = np.ones(pieces.view.size, dtype=bool) if rows is None else rows[pieces.view]
    use = np.flatnonzero(own & (pieces.level >= rank))
    begin, end = pieces.step[use] + pieces.enter[use], pieces.step[use] + pieces.leave[use]
    order = np.argsort(begin, kind="stable")
    begin, end, step = begin[order], end[order], pieces.step[use][order]
    covered = np.concatenate([[-np.inf], np.maximum.accumulate(end)[:-1]]) if end.size else end
    share = np.maximum(end - np.maximum(begin, covered), 0.0)
    return float((share * sight.step_m[step]).sum()), float((share * sight.step_s[step]).sum())


def _hidden(open_m: float, left_m: float) -> str:
    """Say by how much buildings reduce what may be in view."""
    share = 1.0 - left_m / open_m if open_m > 0 else 0.0
    return f"buildings hide {share:.0%} of the metres that may be in view: {left_m:.0f} of {open_m:.0f} m are left"


def _words(cameras: MappedCameras, seen: pd.DataFrame, range_m: float | None) -> list[str]:
    said = [f"{len(cameras)} cameras read", *cameras.notes]
    if cameras.rejects:
        said.append(f"{len(cameras.rejects)} rows are no cameras, the first: {cameras.rejects[0]}")
    if cameras.indoor.any():
        said.append(f"{int(cameras.indoor.sum())} indoor cameras see no street and are not counted")
    unknown = int((~seen["heading_known"]).sum())
    if unknown:
        said.append(f"{unknown} of {len(seen)} cameras near the walk: heading not known, so a band over 36 headings")
    if range_m is not None:
        said.append(f"reach {range_m:g} m for every camera, as asked, instead of its optics")
    return said
