"""Tracking from camera to camera by clothes alone: how long until a person is lost in a crowd.

Time to confusion (Hoh, Gruteser, Xiong and Alrabady 2007, doi:10.1145/1315245.1315266): a tracker follows a person
until the uncertainty about who they are exceeds a threshold. Between cameras the tracker sees nothing. At the next
camera the person could be anybody who appears there within `within_s` of them. The track holds while these people
number at most 2^`confusion_bits` (1 bit: two people) and the gap between cameras is at most `gap_s`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks import points_kernel, search_kernel
from privacysim.attacks.points import code_points, floats, positive
from privacysim.errors import InputError


@dataclass(frozen=True, slots=True)
class Tracks:
    """Result of tracking. `people`: per user `longest_s` (the longest tracked stretch) and `tracks`.

    `time_to_confusion_s`: mean time from a sighting to the loss, over all sightings; `median_longest_s`;
    `linked`: mean probability 1/m of picking the right person at a handover to the next camera, over handovers.
    """

    people: pd.DataFrame
    time_to_confusion_s: float
    median_longest_s: float
    linked: float
    handovers: int


def time_to_confusion(
    sightings: pd.DataFrame, *, user: str = "user", place: str = "place", time: str = "time", leave: str | None = None,
    within_s: float = 60.0, gap_s: float = 600.0, confusion_bits: float = 0.0,
) -> Tracks:
    """Follow every user of a table of sightings (one row each: user, camera, time in seconds, and time of leaving).

    With `confusion_bits` 0 a person is lost as soon as anybody else could be them. The table must contain everybody who
    walks there: in a sample each person looks easier to follow than they are.

    >>> seen = pd.DataFrame({"user": [1, 1, 1, 2], "place": [7, 8, 9, 9], "time": [0.0, 60.0, 120.0, 121.0]})
    >>> time_to_confusion(seen).people["longest_s"].tolist()
    [60.0, 0.0]
    """
    what = "time_to_confusion"
    within, gap = positive(within_s, "within_s", what), positive(gap_s, "gap_s", what)
    if not confusion_bits >= 0.0:
        raise InputError(f"{what}, confusion_bits", "bits, 0 or more", confusion_bits, "write confusion_bits=1.0")
    coded = code_points(sightings, user=user, place=place, x="", y="", time=time, what=what)
    assert coded.place is not None
    assert coded.time_s is not None
    when = coded.time_s.astype(np.float64)
    left = when
    if leave is not None:
        ends = code_points(sightings, user=user, place=place, x="", y="", time=leave, what=what).time_s
        assert ends is not None
        left = ends.astype(np.float64)
        if (left < when).any():
            raise InputError(f"{what}, column {leave}", f"times not before {time}", "an earlier one",
                             "swap the columns")  # fmt: skip
    users, kinds = coded.users.size, int(coded.place.max()) + 1
    order = np.lexsort((when, coded.user))
    start = np.searchsorted(coded.user[order], np.arange(users + 1)).astype(np.int64)
    by_time = np.argsort(when, kind="stable")
    place_start, rows = points_kernel.by_user(coded.place[by_time], by_time, kinds)
    size, held = search_kernel.follow(
        start, coded.place[order], when[order], left[order], place_start, when[rows], coded.user[rows], users, within,
        gap, 2.0 ** float(confusion_bits) * (1.0 + 1e-12),
    )  # fmt: skip
    return _tracks(coded.users, coded.user[order], when[order], left[order], size, held)


def _tracks(
    labels: pd.Index, user: NDArray[np.int32], when: NDArray[np.float64], left: NDArray[np.float64],
    size: NDArray[np.int64], held: NDArray[np.bool_],
) -> Tracks:
    track = np.cumsum(~held) - 1
    first = np.flatnonzero(~held)
    last = np.append(first[1:], held.size) - 1
    length = left[last] - when[first]
    until_lost = left[last][track] - when
    longest = np.zeros(labels.size)
    np.maximum.at(longest, user[first], length)
    tracks = np.bincount(user[first], minlength=labels.size)
    people = pd.DataFrame({"user": labels, "longest_s": longest, "tracks": tracks})
    handover = np.flatnonzero(user[1:] == user[:-1]) + 1
    linked = float((1.0 / size[handover]).mean()) if handover.size else 1.0
    return Tracks(people, float(until_lost.mean()), float(np.median(longest)),
                  linked, int(handover.size))  # fmt: skip


def guess_error_m(truth_x: ArrayLike, truth_y: ArrayLike, guess_x: ArrayLike, guess_y: ArrayLike) -> dict[str, float]:
    """Attacker's error: distances in metres between where people are (or live) and where the attacker believes they do.

    Mean, median and share within 100 m. Shokri et al. 2011 (doi:10.1109/SP.2011.18) use the expected distance as the
    measure of location privacy.

    >>> guess_error_m([0, 0], [0, 0], [3, 0], [4, 0])["mean_m"]
    2.5
    """
    given = (("truth_x", truth_x), ("truth_y", truth_y), ("guess_x", guess_x), ("guess_y", guess_y))
    tx, ty, gx, gy = (floats(one, f"guess_error_m, {name}", expected="finite coordinates") for name, one in given)
    if not (tx.shape == ty.shape == gx.shape == gy.shape) or tx.size == 0:
        raise InputError("guess_error_m", "four equally long lists", f"{tx.size}, {ty.size}, {gx.size}, {gy.size}",
                         "give one guess per person")  # fmt: skip
    far = np.hypot(tx - gx, ty - gy)
    near = float((far <= 100.0).mean())
    return {"mean_m": float(far.mean()), "median_m": float(np.median(far)), "within_100_m": near}
