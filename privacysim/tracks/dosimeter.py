"""Dosimeter of a walk: which cameras saw it, when, at what level and for how long.

If everything about a camera is known, its numbers are exact (flat ground; buildings only if a city is given). If its
heading, lens or height is unknown, each number is a band over all possibilities: `_low` and `_high` are outer bounds,
and the middle is the mean over headings and the mix of lenses. Totals sum the bounds over cameras, which bounds the
totals. Stretches that two cameras see count only once in `metres_in_view`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.draws import Bools
from privacysim.facts import facts
from privacysim.readers.camera_files import MappedCameras
from privacysim.readers.track_files import Tracks
from privacysim.tracks.cleaning import Walk, separate_steps, walk_of
from privacysim.tracks.walk_sight import Sight, Town, sight_of

LEVELS = ("in_range", "detect", "observe", "recognise", "identify")
"""DORI levels, lowest first; `in_range` is within a stated reach, but below 25 px/m."""
_EARTH_KM = 6371.0
ENDS = ("_low", "", "_high")
"""Endings of the columns of a band: outer bound, mean, outer bound."""


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
    sight = sight_of(walk, cameras, range_m, town)
    seen, passes = _per_camera(cameras, sight), _passes(walk, sight, cameras)
    seen["passes"] = seen["camera"].map(passes.groupby("camera").size()).fillna(0).astype("int64")
    totals, notes = _totals(walk, sight, seen), [*walk.notes, *_words(walk, cameras, seen, range_m)]
    if town is not None:
        open_m, left_m = _union(sight_of(walk, cameras, range_m), None, 1)[0], totals["metres_in_view_detect_high"]
        share = 1.0 - left_m / open_m if open_m > 0 else 0.0
        notes += [f"buildings hide {share:.0%} of the metres that may be in view: {left_m:.0f} of {open_m:.0f} m are "
                  "left", town.note]  # fmt: skip
    # the recorded fixes alone miss cameras that were passed between two of them
    each = np.repeat(np.arange(len(tracks)), 2)
    at_fixes = _per_camera(cameras, sight_of(separate_steps(tracks.lat[each], tracks.lon[each]), cameras, range_m))
    for end in ("_low", "_high"):
        totals[f"cameras_at_fixes{end}"] = int(at_fixes[f"seen{end}"].sum())
    return Dose(seen, passes, totals, walk.people, tuple(notes), {"track": walk.digest, "cameras": cameras.digest},
                walk, cameras, sight)  # fmt: skip


def _per_camera(cameras: MappedCameras, sight: Sight) -> pd.DataFrame:
    """Smallest, weighted mean and largest amounts over the views of each camera that may have seen somebody."""
    known, own = np.unique(sight.views.camera, return_inverse=True)
    made: dict[str, object] = {"camera": cameras.line[known]}
    amounts = {f"{name}_{level}": values[:, rank] for rank, level in enumerate(LEVELS)
               for name, values in (("seconds", sight.seconds), ("metres", sight.metres))}
    amounts |= {"seconds_frontal": sight.frontal_s, "seconds_identifiable": sight.identified_s,
                "seen": (sight.hits > 0).astype(np.float64)}
    for name, amount in amounts.items():
        low, high = np.full(known.size, np.inf), np.zeros(known.size)
        np.minimum.at(low, own, amount)
        np.maximum.at(high, own, amount)
        # weights sum to 1 only up to rounding, which must not put the mean outside the bounds
        mean = np.clip(np.bincount(own, amount * sight.views.weight, known.size), low, high)
        made |= {f"{name}_low": low, f"{name}_high": high, name: mean}
    made["operator"] = [cameras.operator_word(camera) for camera in known]
    made["heading_known"] = cameras.heading_known[known]
    made["index"] = known
    frame = pd.DataFrame(made)
    return frame[frame["seen_high"] > 0].sort_values("camera", kind="stable").reset_index(drop=True)


def _passes(walk: Walk, sight: Sight, cameras: MappedCameras) -> pd.DataFrame:
    """Stretches in (possible) view of one camera, split where the walker is out of view for longer than the fact."""
    pieces = sight.pieces
    begin, end = (walk.clock_s[pieces.step] + share * sight.step_s[pieces.step] for share in pieces[2:4])
    camera, person = sight.discs.camera[pieces.view], walk.person[pieces.step]
    order = np.lexsort((begin, camera, person))
    begin, end, camera, person = begin[order], end[order], camera[order], person[order]
    level = pieces.level[order].astype(np.int64)
    group = np.cumsum((np.diff(camera, prepend=-1) != 0) | (np.diff(person, prepend=-1) != 0))
    # the end so far within a camera and person: later groups lie beyond any time of earlier ones
    span = float(end.max(initial=0.0)) + 1e6
    so_far = np.maximum.accumulate(end + group * span) - group * span
    apart = begin - np.concatenate([[-np.inf], so_far])[:-1] > facts().value("track_pass_gap_s")
    starts = np.flatnonzero((np.diff(group, prepend=0) != 0) | apart)
    views = np.bincount(sight.views.camera, minlength=len(cameras))
    return pd.DataFrame({
        "camera": cameras.line[camera[starts]], "person": person[starts].astype(np.int64),
        "enter_s": np.minimum.reduceat(begin, starts), "leave_s": np.maximum.reduceat(end, starts),
        "level": pd.Series([LEVELS[code] for code in np.maximum.reduceat(level, starts)], dtype="str"),
        "sure": views[camera[starts]] == 1,
    }).sort_values(["person", "enter_s", "camera"], kind="stable").reset_index(drop=True)


def _totals(walk: Walk, sight: Sight, seen: pd.DataFrame) -> dict[str, float]:
    step = np.flatnonzero(walk.joined)
    totals = {"metres": float(sight.step_m[step].sum()), "seconds": float(sight.step_s[step].sum())}
    summed = {"cameras": "seen", "camera_seconds": "seconds_in_range", "seconds_identifiable": "seconds_identifiable"}
    totals |= {name + end: float(seen[column + end].sum()) for end in ENDS for name, column in summed.items()}
    for end, rows in (("_low", _sure_discs(sight)), ("_high", None)):
        for rank, level in enumerate(LEVELS):
            metres, seconds = _union(sight, rows, rank)
            totals[f"metres_in_view_{level}{end}"], totals[f"seconds_in_view_{level}{end}"] = metres, seconds
    return totals


def _sure_discs(sight: Sight) -> Bools:
    """For each camera whose views share a direction, the view with the smallest reach, which it surely covers."""
    discs = sight.discs
    sure = np.zeros(discs.camera.size, dtype=bool)
    looks = np.nan_to_num(discs.rows[:, 3:5], nan=-1.0)
    order = np.lexsort((discs.rows[:, 5], discs.rows[:, 2], discs.camera))
    starts = np.flatnonzero(np.diff(discs.camera[order], prepend=-1))
    same = (np.maximum.reduceat(looks[order], starts, axis=0) == np.minimum.reduceat(looks[order], starts, axis=0))
    told = ~np.isnan(discs.rows[:, 3]) | (discs.rows[:, 4] >= 2 * np.pi)
    sure[order[starts[same.all(axis=1) & told[order[starts]]]]] = True
    return sure


def _union(sight: Sight, rows: Bools | None, rank: int) -> tuple[float, float]:
    """Metres and seconds of the walk in at least one of these views (None: of all), at this level or above."""
    pieces = sight.pieces
    own = np.ones(pieces.view.size, dtype=bool) if rows is None else rows[pieces.view]
    use = np.flatnonzero(own & (pieces.level >= rank))
    begin, end = pieces.step[use] + pieces.enter[use], pieces.step[use] + pieces.leave[use]
    order = np.argsort(begin, kind="stable")
    begin, end, step = begin[order], end[order], pieces.step[use][order]
    covered = np.concatenate([[-np.inf], np.maximum.accumulate(end)])[:-1]
    share = np.maximum(end - np.maximum(begin, covered), 0.0)
    return float((share * sight.step_m[step]).sum()), float((share * sight.step_s[step]).sum())


def _apart(walk: Walk, cameras: MappedCameras) -> str:
    """Distance to the nearest camera, to one digit, and whether swapped latitude and longitude may be the cause."""
    fixes = np.radians(np.column_stack([walk.lat, walk.lon])[:: max(1, len(walk) // 200)])
    placed = np.radians(np.column_stack([cameras.lat, cameras.lon]))
    nearest = []
    for column in (0, 1):
        lat, lon = placed[:, column], placed[:, 1 - column]
        half = (np.sin((fixes[:, :1] - lat) / 2) ** 2
                + np.cos(fixes[:, :1]) * np.cos(lat) * np.sin((fixes[:, 1:] - lon) / 2) ** 2)
        nearest.append(2 * _EARTH_KM * float(np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))).min()))
    said = f"the nearest camera is about {float(f'{nearest[0]:.1g}'):g} km from the walk"
    swapped = nearest[0] > 10.0 and nearest[1] < nearest[0] / 10.0
    return said + ": are latitude and longitude swapped in one of the files?" * swapped


def _words(walk: Walk, cameras: MappedCameras, seen: pd.DataFrame, range_m: float | None) -> list[str]:
    said = [f"{len(cameras)} cameras read", *cameras.notes]
    if cameras.rejects:
        said.append(f"{len(cameras.rejects)} rows are not cameras, the first: {cameras.rejects[0]}")
    if cameras.indoor.any():
        said.append(f"{int(cameras.indoor.sum())} indoor cameras see no street and are not counted")
    if unknown := int((~seen["heading_known"]).sum()):
        said.append(f"{unknown} of {len(seen)} cameras near the walk: heading not known, so a band over 36 headings")
    if not len(seen):
        said.append(_apart(walk, cameras))
    if range_m is not None:
        said.append(f"reach {range_m:g} m for every camera, as asked, instead of its optics")
    return said
