"""What camera views reveal about people whom nobody recognises: anonymity sets, and tracking by clothes alone.

The anonymity set of a person in a view (one camera, one window of time) is everybody in it. Two averages answer two
questions and are never mixed: *per view* (what does one picture show?) and *per person in view* (how hidden is a person
who is seen? Crowded views count more often).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.attacks import points_kernel as kernel
from privacysim.attacks.checks import frame_with, positive
from privacysim.attacks.points import code_points, seconds
from privacysim.draws import Floats
from privacysim.errors import InputError

AVERAGES = ("per view", "per person in view")


def anonymity_sets(points: pd.DataFrame, *, user: str = "user", place: str | None = None, x: str = "x", y: str = "y",
                   time: str | None = None, window_s: float | None = None, cell_m: float | None = None, below: int = 5,
                   population: int | None = None, sample: int | None = None) -> pd.DataFrame:
    """Sizes of the sets in which people are seen: one row per average (`per view`, `per person in view`).

    `points`: one row per sighting. A view is a place (or square of `cell_m`) in one window of `window_s`, or over all
    time. Columns: `views`, `mean_size`, `mean_reciprocal` (an attacker who guesses), `alone`, `below_k` (share of sets
    smaller than `below`), `mean_bits` (log₂ of the size: the attacker's uncertainty).

    If the points are a simple random sample of `sample` out of `population` people, only the mean size can be
    estimated. A person's own set has the unbiased mean 1 + (m − 1)(N − 1)/(n − 1), with m people of the sample in view.
    The other columns require the whole population.

    >>> seen = pd.DataFrame({"user": [1, 2, 3], "place": ["a", "a", "b"]})
    >>> anonymity_sets(seen, place="place")[["mean_size", "alone"]].round(2).values.tolist()
    [[1.5, 0.5], [1.67, 0.33]]
    """
    what = "anonymity_sets"
    coded = code_points(points, user=user, place=place, x=x, y=y, time=time, what=what, cell_m=cell_m,
                        window_s=window_s, timed=window_s is not None)  # fmt: skip
    once = np.unique(coded.item.astype(np.int64) * coded.users.size + coded.user)
    size = np.bincount(once // coded.users.size).astype(np.float64)
    if population is None and sample is None:
        shares = np.full(size.size, 1.0 / size.size), size / size.sum()
        return pd.DataFrame([_average(name, size, share, below) for name, share in zip(AVERAGES, shares, strict=True)])
    if population is None or sample is None or not coded.users.size <= sample <= population:
        raise InputError(f"{what}, sample and population", "both, sample at most population, at least the users seen",
                         f"sample {sample}, population {population}",
                         "give the size of the sample and of the population")  # fmt: skip
    if sample < 2:
        raise InputError(f"{what}, sample", "at least 2 people", sample, "draw more people")
    hidden = 1.0 + (size - 1.0) * (population - 1.0) / (sample - 1.0)
    mean = float((hidden * size).sum() / size.sum())
    return pd.DataFrame({"average": [AVERAGES[1]], "views": [size.size], "mean_size": [mean]})


def _average(average: str, size: Floats, share: Floats, below: int) -> dict[str, object]:
    """Row of `anonymity_sets`: sizes weighted by their shares in one average."""
    return {"average": average, "views": size.size, "mean_size": float((share * size).sum()),
            "mean_reciprocal": float((share / size).sum()), "alone": float(share[size == 1].sum()),
            "below_k": float(share[size < below].sum()), "mean_bits": float((share * np.log2(size)).sum())}  # fmt: skip


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


def time_to_confusion(sightings: pd.DataFrame, *, user: str = "user", place: str = "place", time: str = "time",
                      leave: str | None = None, within_s: float = 60.0, gap_s: float = 600.0,
                      confusion_bits: float = 0.0) -> Tracks:
    """Follow every user of a table of sightings (one row each: user, camera, time in seconds, and time of leaving).

    Between cameras the tracker sees nothing. At the next camera the person could be anybody who appears there within
    `within_s` of them. The track holds while these people number at most 2^`confusion_bits` and the gap between cameras
    is at most `gap_s` (Hoh, Gruteser, Xiong and Alrabady 2007, doi:10.1145/1315245.1315266). The table must contain
    everybody who walks there, because in a sample each person looks easier to follow than they are.

    >>> seen = pd.DataFrame({"user": [1, 1, 1, 2], "place": [7, 8, 9, 9], "time": [0.0, 60.0, 120.0, 121.0]})
    >>> time_to_confusion(seen).people["longest_s"].tolist()
    [60.0, 0.0]
    """
    what = "time_to_confusion"
    within, gap = positive(within_s, "within_s", what), positive(gap_s, "gap_s", what)
    if not confusion_bits >= 0.0:
        raise InputError(f"{what}, confusion_bits", "bits, 0 or more", confusion_bits, "write confusion_bits=1.0")
    coded = code_points(sightings, user=user, place=place, time=time, what=what, timed=False)
    ends = time if leave is None else leave
    frame_with(sightings, [ends], what)
    # both columns at once, so that dates count from one day
    when, left = seconds(pd.concat([sightings[time], sightings[ends]]), ends, what).astype(np.float64).reshape(2, -1)
    if (left < when).any():
        raise InputError(f"{what}, column {leave}", f"times not before {time}", "an earlier one", "swap the columns")
    users = coded.users.size
    order = np.lexsort((when, coded.user))
    by_time = np.argsort(when, kind="stable")
    place_start, rows = kernel.by_user(coded.item[by_time], by_time, coded.kinds)
    user_of, at, until = coded.user[order], when[order], left[order]
    start = np.searchsorted(user_of, np.arange(users + 1)).astype(np.int64)
    size, held = kernel.follow(start, coded.item[order], at, until, place_start, when[rows], coded.user[rows], users,
                               within, gap, 2.0 ** float(confusion_bits) * (1.0 + 1e-12))
    first = np.flatnonzero(~held)
    end = until[np.append(first[1:], held.size) - 1]
    longest = np.zeros(users)
    np.maximum.at(longest, user_of[first], end - at[first])
    tracks = np.bincount(user_of[first], minlength=users)
    people = pd.DataFrame({"user": coded.users, "longest_s": longest, "tracks": tracks})
    handover = np.flatnonzero(user_of[1:] == user_of[:-1]) + 1
    linked = float((1.0 / size[handover]).mean()) if handover.size else 1.0
    until_lost = end[np.cumsum(~held) - 1] - at
    return Tracks(people, float(until_lost.mean()), float(np.median(longest)), linked, int(handover.size))
