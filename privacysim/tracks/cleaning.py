"""Cleans fixes into a walk: keeps gaps open, drops bad clocks and glitches, and recognises standing still.

Every change is counted and reported. Thresholds are facts: `track_gap_s` (a longer silence is a gap unless the person
stands still), `track_leap_m` (a longer step is a gap), `track_speed_max_m_s` (nobody is faster), `track_jitter_m` (how
far the fixes of a receiver at rest wander).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.readers.track_files import Tracks
from privacysim.tracks import cleaning_kernel as kernel


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Walk:
    """Steps of people: step i leads from fix i to fix i+1 if `joined[i]`; otherwise nothing is known between them.

    `clock_s`: seconds since the person's first fix. Without a clock it assumes the fact `walking_speed_m_s`; `timed`
    says which.
    """

    lat: Floats
    lon: Floats
    clock_s: Floats
    person: NDArray[np.int32]
    joined: Bools
    timed: bool
    people: int
    notes: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return self.lat.size

    def __repr__(self) -> str:
        return f"Walk({int(self.joined.sum())} steps of {self.people} people)"


def separate_steps(lat: Floats, lon: Floats) -> Walk:
    """Steps without a clock that do not follow one another: from position 0 to 1, from 2 to 3, and so on."""
    joined, nobody = np.arange(lat.size) % 2 == 0, np.zeros(lat.size, dtype=np.int32)
    return Walk(lat, lon, np.arange(lat.size, dtype=np.float64), nobody, joined, False, 1, (), "")


def walk_of(tracks: Tracks, jitter_m: float | None = None) -> Walk:
    """Clean the tracks; `jitter_m` overrides the fact (0 keeps every fix in place). InputError if nothing is left."""
    known = facts()
    jitter = known.value("track_jitter_m") if jitter_m is None else jitter_m
    size = len(tracks)
    lat, lon = tracks.lat.copy(), tracks.lon.copy()
    keep, joined, counts = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_), np.zeros(5, dtype=np.int64)
    lost = kernel.clean(lat, lon, tracks.time_s, tracks.leg, known.value("track_gap_s"),
                        known.value("track_speed_max_m_s"), jitter, known.value("track_leap_m"), keep, joined, counts)
    kept = np.flatnonzero(keep)
    into = joined[kept]
    onward = np.append(into[1:], False)
    if not onward.any():
        raise InputError("track", "at least one step between two fixes", "gaps and glitches only", "name another track")
    person, time = tracks.person[kept], tracks.time_s[kept]
    timed = not bool(np.isnan(time).any())
    lat, lon = lat[kept], lon[kept]
    begins = np.flatnonzero(np.diff(person, prepend=-1))
    if timed:
        first = np.minimum.reduceat(time, begins)
    else:  # at walking speed; a gap takes no time
        east = ((np.diff(lon) + 540.0) % 360.0 - 180.0) * np.cos(np.radians(0.5 * (lat[1:] + lat[:-1])))
        step = kernel.METRES_PER_DEGREE * np.hypot(east, np.diff(lat)) * onward[:-1]
        time = np.concatenate([[0.0], np.cumsum(step)]) / known.value("walking_speed_m_s")
        first = time[begins]
    clock = time - np.repeat(first, np.diff(np.append(begins, person.size)))
    notes = (*tracks.notes, *_words(tracks, counts, lost, timed))
    return Walk(lat, lon, clock, person, onward, timed, tracks.people, notes, tracks.digest)


def _words(tracks: Tracks, counts: Ints, lost: float, timed: bool) -> list[str]:
    said = [f"{len(tracks)} fixes of {tracks.people} {'person' if tracks.people == 1 else 'people'}"]
    if tracks.rejects:
        said.append(f"{len(tracks.rejects)} fixes unusable, the first: {tracks.rejects[0]}")
    for what, text in (
        (kernel.SAME_INSTANT, "fixes repeat an instant and were dropped"),
        (kernel.BACKWARDS, "times the clock went back: the fix was dropped, or the track broken there"),
        (kernel.TOO_FAST, "jumps faster than anybody moves: the fix was dropped, or the track broken there"),
        (kernel.GAP, "gaps: what happened in them is not known and not counted"),
        (kernel.HELD, "fixes at rest were held in place"),
    ):
        if counts[what]:
            said.append(f"{int(counts[what])} {text}")
    if lost > 0:
        said.append(f"{lost:.0f} m between fixes are not counted as walked")
    if not timed:
        said.append("no clock, or not at every fix: seconds are at walking speed")
    return said
