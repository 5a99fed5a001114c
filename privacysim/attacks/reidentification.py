"""Re-identification from points that an attacker knows: background-knowledge risk and unicity.

Background knowledge: three attacks on a table of visits, as defined by Pellungrini, Pappalardo, Pratesi and Monreale
(2017, ACM TIST 9(3) 31, doi:10.1145/3106774) and computed by scikit-mobility 1.3 (which has more). The attacker knows k
of the target's rows; M users match this knowledge; the attacker's probability of success is 1/M.

- `location`: k places, with how often (a known place m times matches everybody who was there at least m times).
- `time`: the same for (place, time window).
- `frequency`: k distinct places and the number of visits to each.

The worst case over all choices of k rows, which other tools report, saturates near 1. The result therefore lists mean
and quantiles over all choices first, and the maximum last.

Unicity (de Montjoye, Hidalgo, Verleysen and Blondel 2013, doi:10.1038/srep01376): draw k of a person's points at
random; the person is unique if nobody else has all of them. The share depends on the number of people, so it is always
"in a population of n" and never extrapolated to larger ones.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws as draws_of
from privacysim.attacks import points_kernel as kernel
from privacysim.attacks.checks import whole
from privacysim.attacks.points import code_points
from privacysim.errors import InputError, refuse_unknown
from privacysim.stats import wilson

ATTACKS = ("location", "time", "frequency")
_QUANTILES = np.array([0.5, 0.95])
_MOST_BYTES = 2 << 30


def reidentification_risk(points: pd.DataFrame, k: int, attack: str = "location", *, user: str = "user",
                          place: str | None = None, x: str = "x", y: str = "y", time: str | None = None,
                          cell_m: float | None = None, window_s: float = 3600.0) -> pd.DataFrame:
    """Risk of each user under one attack, over every choice of k of their rows (all rows if they have fewer).

    `points`: one row per visit, columns `user`, a location (`place`, an id; or `x`, `y` in metres, put into squares of
    `cell_m` if given) and, for the time attack, `time` (seconds or dates, put into windows of `window_s`).

    Returns one row per user: `user`, `subsets` (choices of rows), `matches_min`, `risk_mean`, `risk_median`,
    `risk_q95`, `share_unique` (of choices that nobody else matches), `risk_max` = 1/`matches_min`. The risk refers to
    *these* users: in a sample of a population, everybody looks rarer than they are. The module's docstring gives the
    equations.

    >>> visits = pd.DataFrame({"user": [1, 1, 2, 2, 3], "place": ["a", "b", "a", "c", "a"]})
    >>> reidentification_risk(visits, 1, place="place")[["user", "risk_mean", "risk_max"]].round(2).values.tolist()
    [[1.0, 0.67, 1.0], [2.0, 0.67, 1.0], [3.0, 0.33, 0.33]]
    """
    what, known = "reidentification_risk", whole(k, "k", "reidentification_risk", 12)
    refuse_unknown(attack, ATTACKS, f"{what}, attack", "a known attack")
    timed = attack == "time"
    if timed and time is None:
        raise InputError(f"{what}, time", f"a column of times for the attack {attack}", "nothing", 'write time="t"')
    coded = code_points(points, user=user, place=place, x=x, y=y, what=what, time=time if timed else None,
                        cell_m=cell_m, window_s=window_s, timed=timed)  # fmt: skip
    items = rarest_first(coded.item, coded.kinds)
    start, items, count = kernel.distinct(*kernel.by_user(coded.user, items, coded.users.size))
    coding = _frequencies if attack == "frequency" else multisets
    first, copies, row, have, bits = coding(start, items, count, coded.kinds, known)
    found = kernel.set_risks(start, first, copies, row, have, bits, known, _QUANTILES)
    subsets, fewest, mean, unique, median, q95 = found.T
    return pd.DataFrame({"user": coded.users, "subsets": subsets, "matches_min": fewest.astype(np.int64),
                         "risk_mean": mean, "risk_median": median, "risk_q95": q95, "share_unique": unique,
                         "risk_max": 1.0 / fewest})  # fmt: skip


def rarest_first(item: NDArray[np.int32], kinds: int) -> NDArray[np.int32]:
    """The same items, coded so that those with fewer rows come first, so that the kernel can end a choice early."""
    code = np.empty(kinds, dtype=np.int32)
    code[np.argsort(np.bincount(item, minlength=kinds), kind="stable")] = np.arange(kinds, dtype=np.int32)
    return code[item]


def multisets(start: NDArray[np.int64], items: NDArray[np.int32], count: NDArray[np.int32], kinds: int,
              spare: int) -> tuple[NDArray[Any], ...]:
    """Items (place, m), at least m visits: first item of each group, copies, rows of bitsets, users, bitsets."""
    most = np.zeros(kinds, dtype=np.int64)
    np.maximum.at(most, items, count)
    offset = np.cumsum(most) - most
    group = np.repeat(np.arange(items.size), count)
    nth = np.arange(group.size) - np.repeat(np.cumsum(count) - count, count)
    row_start = np.concatenate([[0], np.cumsum(count)])[start]
    return offset[items], count.astype(np.int64), *_bits(row_start, offset[items[group]] + nth, int(most.sum()), spare)


def _frequencies(start: NDArray[np.int64], items: NDArray[np.int32], count: NDArray[np.int32], kinds: int,
                 spare: int) -> tuple[NDArray[Any], ...]:
    """Items (place, f): users who were at the place exactly f times; the rest as in `multisets`."""
    pair, index = np.unique(items.astype(np.int64) << 32 | count, return_inverse=True)
    return index.astype(np.int64), np.ones(items.size, dtype=np.int64), *_bits(start, index, pair.size, spare)


def _bits(start: NDArray[np.int64], items: NDArray[np.int64], kinds: int,
          spare: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Row of each item's bitset (−1 if only one user has it), number of users who have it, and the bitsets."""
    have = np.bincount(items, minlength=kinds)
    row = np.where(have > 1, np.cumsum(have > 1) - 1, -1)
    users, rows = start.size - 1, int((have > 1).sum())
    words = (users + 63) // 64
    if (needed := rows * words * 8) > _MOST_BYTES:
        raise InputError("reidentification_risk", f"bitsets of at most {_MOST_BYTES >> 30} GiB",
                         f"{needed / 2**30:.1f} GiB ({rows} shared items × {users} users)",
                         "use fewer users, coarser cells or windows, or unicity(), which draws")  # fmt: skip
    shared = have[items] > 1
    owner = np.repeat(np.arange(users), np.diff(start))[shared]
    bits = np.zeros((rows + spare) * words, np.uint64)
    np.add.at(bits, row[items[shared]] * words + (owner >> 6), np.uint64(1) << (owner & 63).astype(np.uint64))
    return row, have, bits.reshape(-1, words)


def unicity(points: pd.DataFrame, k: int | Sequence[int], *, user: str = "user", place: str | None = None, x: str = "x",
            y: str = "y", time: str | None = None, cell_m: float | None = None, window_s: float | None = None,
            draws: int = 10, seed: int = 0, targets: int | None = None, rarefaction: int = 0) -> pd.DataFrame:
    """Share of users whom k of their own points, chosen at random, single out; k may be a list.

    `points`: one row per sighting: `user`; `place` (an id) or `x`, `y` in metres; `time` in seconds or dates, if known.
    Locations become squares of `cell_m`, times windows of `window_s`. Draws are nested in k, so more points never
    single out fewer users. `draws` per user; `targets`: a sample of so many users, drawn by `seed`. `rarefaction`: how
    often to halve the population; users are kept in a random, nested order.

    Returns rows (k, cell_m, window_s, population, targets, unicity, low, high). `targets` are users with at least k
    distinct points; others are left out. The interval is Wilson's on targets, wider than the draws need.

    >>> seen = pd.DataFrame({"user": [1, 1, 2, 2], "place": ["a", "b", "a", "c"]})
    >>> unicity(seen, [1, 2], place="place", draws=200)["unicity"].round(1).tolist()
    [0.5, 1.0]
    """
    what = "unicity"
    many = [whole(one, "k", what, 1000) for one in np.atleast_1d(np.asarray(k)).tolist()]
    draws = whole(draws, "draws", what, 65_535)
    if not isinstance(rarefaction, (int, np.integer)) or rarefaction < 0:
        raise InputError(f"{what}, rarefaction", "how often to halve, from 0 on", rarefaction, "write 3")
    coded = code_points(points, user=user, place=place, x=x, y=y, time=time, what=what, cell_m=cell_m,
                        window_s=window_s)  # fmt: skip
    users, kinds = coded.users.size, coded.kinds
    start, items = kernel.by_user(coded.user, coded.item, users)
    del coded  # with 10⁸ rows, each array is 400 MB
    start, items, _ = kernel.distinct(start, items)
    owner = np.repeat(np.arange(users, dtype=np.int32), np.diff(start))
    post_start, post_user = kernel.by_user(items, owner, kinds)
    order = np.argsort(draws_of.uniform(draws_of.stream_key(seed, 0, "unicity"), np.arange(users)), kind="stable")
    rank = np.empty(users, dtype=np.int64)
    rank[order] = np.arange(users)
    sizes = np.array([max(1, users >> halving) for halving in range(rarefaction + 1)], dtype=np.int64)
    chosen = np.sort(order[: users if targets is None else whole(targets, "targets", what)])
    rows = []
    for n in many:
        hits = kernel.unique_draws(chosen, start, items, post_start, post_user, rank, sizes, n, draws, np.uint64(seed))
        for s, size in enumerate(sizes.tolist()):
            mine = hits[(hits[:, s] >= 0) & (rank[chosen] < size), s]
            if mine.size:  # otherwise no target of that population has so many points
                share = float(mine.sum()) / (draws * mine.size)
                band = wilson(round(share * mine.size), mine.size)
                low, high = min(float(band.low or 0.0), share), max(1.0 if band.high is None else band.high, share)
                rows.append((n, cell_m, window_s, size, mine.size, share, low, high))
    return pd.DataFrame(rows, columns=["k", "cell_m", "window_s", "population", "targets", "unicity", "low", "high"])
