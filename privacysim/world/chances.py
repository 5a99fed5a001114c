"""Chances: probability distributions, and the potential events of one replicate that all policies share.

Marks are uniform numbers (or unit exponentials) that depend only on an entity's id: adding a case, a camera or a day
changes no mark of any other. Policies differ only in which events they let happen: `mark < probability under the
policy`. Times are int64 ticks of 0.1 s since 00:00 of day 0 and may be negative (warm-up). Cameras are positions in
`Cameras`. No row refers to a member of the sample; an offender of the cast has id `CAST_FIRST_ID + case_id`.

Root events are Poisson day by day: the number on day d is the quantile of that day's own mark, and event j of day d
has the id (d, j). So a longer study, a longer warm-up or another stream changes none of them. Rates are the fact's
`high`; thinning by a mark of the event makes the events of a lower rate a subset (Lewis and Shedler 1979,
doi:10.1002/nav.3800260304).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, pdtr, pdtrik

from privacysim.draws import Bools, Bytes, Floats, Ints, stream_key, uniform, uniforms
from privacysim.errors import InputError
from privacysim.units import DAY_TICKS

YEAR_D = 365.25
_DAY_SHIFT = 4096
"""Ids cover days from −4096 on."""
_PER_DAY = 1 << 20
_Z95, _Z99 = 1.6448536269514722, 2.3263478740408408


def poisson_quantile(u: Floats, mean: float | Floats) -> Ints:
    """Return the smallest n with P(N ≤ n) ≥ u for a Poisson number N of one mean, or of a mean for each mark."""
    mean = np.maximum(mean, 0.0)
    high = np.ceil(pdtrik(u, mean))
    below = np.maximum(high - 1, 0)
    return np.where(pdtr(below, mean) >= u, below, high).astype(np.int64)


def roots(seed: int, k: int, stream: str, per_day: float, days: range) -> tuple[Ints, Ints]:
    """Draw ids and ticks of Poisson root events at `per_day` on each of the days, in order of time."""
    numbers = np.arange(days.start, days.stop, dtype=np.int64)
    counts = poisson_quantile(uniform(stream_key(seed, k, f"{stream}.count"), numbers + _DAY_SHIFT), per_day)
    row, within = counted_rows(counts)
    ids = (numbers[row] + _DAY_SHIFT) * _PER_DAY + within
    time = uniform(stream_key(seed, k, f"{stream}.time"), ids)
    tick = numbers[row] * DAY_TICKS + (time * DAY_TICKS).astype(np.int64)
    order = np.lexsort((ids, tick))
    return ids[order], tick[order]


def thinned(seed: int, k: int, stream: str, high: float, share: float, days: range, marks: int,
            by: str = "") -> tuple[Ints, Ints, Floats]:
    """Draw ids, ticks and marks of the events at the rate `high` per day whose first mark in `by` is below `share`."""
    ids, tick = roots(seed, k, stream, high, days)
    u = uniforms(stream_key(seed, k, stream), ids, marks)
    kept = (uniform(stream_key(seed, k, by), ids) if by else u[:, 0]) < share
    return ids[kept], tick[kept], u[kept]


def present(seed: int, k: int, stream: str, stock: float, per_day: float, days: range,
            first_ids: tuple[int, int]) -> tuple[Ints, Ints, Bools, Floats]:
    """Draw a Poisson stock at the start of `days`, and arrivals on them; both have 8 marks.

    Returns ids (stock and arrivals count from `first_ids`), ticks, whether each belongs to the stock, and marks.
    """
    count = int(poisson_quantile(uniform(stream_key(seed, k, f"{stream}.stock"), [0]), stock)[0])
    ids, tick = roots(seed, k, stream, per_day, days)
    ids = np.concatenate((first_ids[0] + np.arange(count), first_ids[1] + ids))
    tick = np.concatenate((np.full(count, days.start * DAY_TICKS), tick))
    return ids, tick, np.arange(ids.size) < count, uniforms(stream_key(seed, k, stream), ids, 8)


def in_order(kept: Bools, tick: Ints, ids: Ints) -> NDArray[np.intp]:
    """Return the kept rows, in order of tick and id."""
    row = np.flatnonzero(kept)
    return row[np.lexsort((ids[row], tick[row]))]


def lognormal(u: Floats, median: float, p95: float) -> Floats:
    """Return quantiles of the lognormal with this median and 95 % point."""
    quantiles: Floats = median * np.exp(math.log(p95 / median) / _Z95 * ndtri(u))
    return quantiles


def pareto(u: Floats, least: float, most: float, tail: float) -> Floats:
    """Return quantiles of the Pareto law between two ends: P(X > x) ∝ x^−tail − most^−tail.

    >>> pareto(np.array([0.0, 0.5, 1.0]), 1.0, 100.0, 1.0).round(3).tolist()
    [1.0, 1.98, 100.0]
    """
    return np.asarray(least * (1.0 - u * (1.0 - (least / most) ** tail)) ** (-1.0 / tail))


def capped_lognormal_mean(median: float, p99: float, cap: float) -> float:
    """Mean of a capped lognormal, E[min(X, cap)]: `e^(μ+σ²/2)·Φ((ln cap−μ−σ²)/σ) + cap·(1 − Φ((ln cap−μ)/σ))`."""
    mu, sigma = math.log(median), math.log(p99 / median) / _Z99
    z = (math.log(cap) - mu) / sigma
    return float(math.exp(mu + sigma * sigma / 2) * ndtr(z - sigma) + cap * ndtr(-z))


def pick(shares: Floats, u: Floats) -> NDArray[np.intp]:
    """Choose one of several kinds by mark, with probabilities proportional to `shares` (any positive scale)."""
    bounds = np.cumsum(shares)
    return np.searchsorted(bounds[:-1], u * bounds[-1], side="right")


def minutes(value: Floats) -> Ints:
    """Convert minutes to ticks, at least one."""
    return np.maximum(np.round(value * 600.0), 1).astype(np.int64)


def one_of(members: NDArray[np.integer], u: Floats) -> Ints:
    """Choose a member for each mark with equal probability; empty if there are no members."""
    return members[(u * members.size).astype(np.intp)].astype(np.int64) if members.size else np.empty(0, np.int64)


def one_of_kind(kind: NDArray[np.integer], members: Sequence[NDArray[np.integer]], u: Floats) -> Ints:
    """Choose a member of each row's kind, with equal probability; −1 if the kind has no members."""
    made = np.full(kind.size, -1, dtype=np.int64)
    for code, of_kind in enumerate(members):
        rows = np.flatnonzero(kind == code)
        if of_kind.size:
            made[rows] = one_of(of_kind, u[rows])
    return made


def joined_rows(rows: Sequence[NDArray[np.integer]]) -> tuple[Ints, Ints]:
    """Concatenate rows of different lengths (CSR): offsets (rows + 1,) and the entries."""
    start = np.cumsum([0, *(row.size for row in rows)], dtype=np.int64)
    return start, np.concatenate([np.empty(0, np.int64), *rows]).astype(np.int64)


def counted_rows(counts: Ints) -> tuple[Ints, Ints]:
    """Return row and number within the row of each entry, for rows with these numbers of entries.

    >>> counted_rows(np.array([2, 0, 1]))
    (array([0, 0, 2]), array([0, 1, 0]))
    """
    row = np.repeat(np.arange(counts.size), counts)
    return row, np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)


CAST_FIRST_ID = 1 << 32
"""Ids of the cast of cases start here; ids of the population are smaller."""


class Rows:
    """Arrays of equal length; its length is that of the first. `marks` (n, …) are uniform marks for governance."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Cases(Rows):
    """Criminal and public-order cases opened from −W to D, in the order of `opened`; one row each.

    The scene is a place with its entrance (x, y in m), where the offender is from `crime_from` to `crime_to`. The
    investigator assumes the window `window_from` … `window_to`, which may miss the truth. If footage is requested in
    the case at all (`asks`), it is requested at `asked`, a lognormal delay after the opening. Chances depend on the
    offence.
    """

    case_id: Ints
    """Stable id of the root event, below 2³¹; not in order of time."""
    purpose: Bytes
    """Code in PURPOSES: criminal_case, public_order_case, or pre_filing_check (requested before filing)."""
    offence: Bytes
    """Code in OFFENCES."""
    covered: Bools
    """Whether any camera covers what happened: one mark for all cameras of the case."""
    useful: Bools
    """Whether footage that covers it shows the offender well enough: one mark for the case (light, clothing, crowd)."""
    decides: Bools
    """Whether such footage leads to the offender, whom nothing else would have found."""
    place: Ints
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    crime_from: Ints
    crime_to: Ints
    window_from: Ints
    window_to: Ints
    opened: Ints
    asked: Ints
    asks: Bools
    custodians: NDArray[np.int16]
    """Number of custodians to ask, for the queue's load; 0 where no request is made. It comes from the clues if there
    are any. A case older than the footage kept has no clues, only this number (copied from another case)."""
    marks: Floats
    """(n, 16); 8 to 11 set the offence and what footage is good for, the last one the purpose."""


@dataclass(frozen=True, slots=True)
class Clues:
    """Cameras that an investigator asks for, per case: those that face the scene, then the first on the way out.

    CSR over `Cases`: the clues of case row i are rows `start[i]:start[i + 1]`, scene cameras first (nearest first),
    then by the time at which the offender passes. Footage is wanted from `from_tick` to `to_tick` (exclusive). The
    policy (retention) decides whether it still exists; the fields here state what it would show.
    """

    start: Ints
    camera: Ints
    from_tick: Ints
    to_tick: Ints
    at_scene: Bools
    """True if the camera faces the scene; False if it is on the way out."""
    seen: Bools
    """Whether the offender passes in view within the wanted time, in a case that is covered."""
    seen_from: Ints
    """First tick in view; −1 where not seen. It can be negative before a study, so use `seen`."""
    seen_to: Ints
    face: NDArray[np.uint16]
    """Best face code (1/8 px) while seen; 0 where not seen, or where the face never turns to the camera."""
    found: Bools
    """Whether footage would identify the offender: seen, in a case in which such footage is useful."""

    def __len__(self) -> int:
        return self.camera.size


@dataclass(frozen=True, slots=True)
class Asks(Rows):
    """Access requests by everybody but the investigator, from −W to D, in the order of `tick`.

    A request wants footage of one camera from `from_tick` to `to_tick` (exclusive). Roots are Poisson at the highest
    rate; a request happens under a demand factor f (1 in the status quo, `open_demand` under open access) where
    `least_demand` < f. `most_demand` is the largest factor that these roots support.
    """

    ask_id: Ints
    requester: Bytes
    """Code in REQUESTERS (neighbour, employer, media …, impostor; also state organs with their own documents)."""
    purpose: Bytes
    """Code in PURPOSES (for an impostor, the purpose that the forged document states)."""
    private: Bools
    """True for private requesters, whose demand grows under open access; False for state organs."""
    shows: Bools
    """Whether the footage shows what is sought; drawn for the police's routine looks alone."""
    camera: Ints
    tick: Ints
    from_tick: Ints
    to_tick: Ints
    answer_ticks: Ints
    """Response time (a lognormal quantile), in ticks."""
    viewer: Ints
    """Stable id of the requester."""
    least_demand: Floats
    marks: Floats
    """(n, 8): owner's discretion, consent, compliance …; 7 = how soon the footage is secured."""
    most_demand: float

    def happening(self, demand: float = 1.0) -> Bools:
        """Select the requests made under a demand factor, which scales private requests only; nested in `demand`."""
        if not 0.0 <= demand <= self.most_demand * (1 + 1e-9):
            raise InputError("open_demand × private_asks_per_camera_year",
                             f"a demand factor of at most {self.most_demand:g}", demand,
                             "raise the high end of private_asks_per_camera_year")  # fmt: skip
        return self.least_demand < np.where(self.private, demand, 1.0)


@dataclass(frozen=True, slots=True)
class Streams(Rows):
    """Cameras on the live-video website: the stock at −W in equilibrium, then arrivals until D, in order of `opened`.

    A stream closes when the integrated hazard of a cause, counted from `counted_from` = max(opened, −W), first exceeds
    that cause's own unit exponential: `closers[i, c]`, c in CLOSERS. Baseline hazards are `hazard_per_day[i, c]`; a
    policy multiplies them.
    """

    stream_id: Ints
    camera: Ints
    mechanism: Bytes
    """Code in MECHANISMS."""
    opened: Ints
    counted_from: Ints
    closers: Floats
    hazard_per_day: Floats
    audience_per_day: Floats
    """Expected viewers per day (the capped lognormal's mean over the mean stay, × the scene's factor)."""
    local_share: Floats
    """Share of the viewers who live in the city."""
    marks: Floats
    """(n, 8): 0 = owner's compliance with a prohibition, the rest free."""


@dataclass(frozen=True, slots=True)
class Custody:
    """State of each camera's recording and access, independent of the policy; one entry per camera."""

    recording: Bools
    """Whether the camera works and its footage is kept: the same answer to police, outsiders and owners."""
    on_internet: Bools
    """Whether the camera can be reached from the internet."""
    default_password: Bools
    """Whether the factory password still works."""
    filed: Floats
    """Uniform mark: the camera is filed where it is below the share under the policy's filing duty."""
    compliance: Floats
    """Uniform mark of the custodian, equal for all their cameras: they comply where it is below `compliance`."""
    no_password: Bools
    """Whether the camera can be reached from the internet and asks for no password at all."""
    sign: Floats
    """Uniform mark of the custodian: signs hang where it is below `sign_share`."""
    logs: Floats
    """Uniform mark of the custodian: a log that is required is kept where it is below `log_share`."""


@dataclass(frozen=True, slots=True)
class Monitors(Rows):
    """Cameras that are watched live (those of public security and of venues), ascending."""

    camera: Ints
    attention: Floats
    """Share of time in which the watcher looks at this camera."""
    viewer: Ints
    """Stable id of the control room (one per custodian)."""
    marks: Floats
