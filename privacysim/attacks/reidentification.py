"""Re-identification risk in a released data set, for an attacker who knows k visits of a person.

Four attacks on a table of visits, as defined by Pellungrini, Pappalardo, Pratesi and Monreale (2017, ACM TIST 9(3) 31,
doi:10.1145/3106774) and computed by scikit-mobility 1.3. The attacker knows k of the target's rows; M is the number of
users whose data match this knowledge; the attacker's probability of success is 1/M.

- `location`: k places, with how often (a known place m times matches everybody who was there at least m times).
- `time`: the same for (place, time window).
- `frequency`: k distinct places and the number of visits to each; f matches a user's f' if |f − f'| ≤ tolerance·f'.
- `sequence`: k places in the order of visits; matches everybody who visited them in that order, with gaps allowed.

The worst case over all choices of k rows, which other tools report, saturates near 1. With 30 visits each, 1 000 users
and k = 2, its mean is 0.99, while a random pair of places singles out one in five. The result therefore lists mean and
quantiles over all choices first, and the maximum last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.attacks import points_kernel as kernel
from privacysim.attacks.points import code_points, columns, squeezed, whole
from privacysim.errors import InputError, refuse_unknown

ATTACKS = ("location", "time", "frequency", "sequence")
_QUANTILES = (0.5, 0.95)
_MOST_BYTES = 2 << 30


def reidentification_risk(
    points: pd.DataFrame, k: int, attack: str = "location", *, user: str = "user", place: str | None = None,
    x: str = "x", y: str = "y", time: str | None = None, cell_m: float | None = None, window_s: float = 3600.0,
    tolerance: float = 0.0, targets: Sequence[object] | None = None,
) -> pd.DataFrame:
    """Risk of each user under one attack, over every choice of k of their rows (all rows if they have fewer).

    `points`: one row per visit, columns `user`, a location (`place`, an id; or `x`, `y` in metres, put into squares of
    `cell_m` if given) and, for `time` and `sequence`, `time` (seconds or dates; `window_s` is the precision of the
    time attack). `tolerance` (0 … 1) is for `frequency`. `targets`: assess only these users, against everybody.

    Returns one row per target: `user`, `subsets` (choices of rows), `matches_min`, `risk_mean`, `risk_median`,
    `risk_q95`, `share_unique` (of choices that nobody else matches), `risk_max` = 1/`matches_min`. The risk is among
    *these* users: in a sample of a population everybody looks rarer than they are. Equations: this module.

    >>> visits = pd.DataFrame({"user": [1, 1, 2, 2, 3], "place": ["a", "b", "a", "c", "a"]})
    >>> reidentification_risk(visits, 1, place="place")[["user", "risk_mean", "risk_max"]].round(2).values.tolist()
    [[1.0, 0.67, 1.0], [2.0, 0.67, 1.0], [3.0, 0.33, 0.33]]
    """
    what = "reidentification_risk"
    known = whole(k, "k", what, 12)
    refuse_unknown(attack, ATTACKS, f"{what}, attack", "a known attack")
    if attack in ("time", "sequence") and time is None:
        raise InputError(f"{what}, time", f"a column of times for the attack {attack}", "nothing", 'write time="t"')
    if not 0.0 <= tolerance <= 1.0:
        raise InputError(f"{what}, tolerance", "a share from 0 to 1", tolerance, "write tolerance=0.1 or the like")
    coded = code_points(points, user=user, place=place, x=x, y=y, what=what,
                        time=time if attack in ("time", "sequence") else None)  # fmt: skip
    timed = coded if attack == "time" else replace(coded, time_s=None)
    item, kinds = squeezed(columns(timed, cell_m, window_s, what))
    chosen = _targets(coded.users, targets, what)
    quantiles = np.asarray(_QUANTILES)
    if attack == "sequence" and coded.time_s is not None:
        order = np.argsort(coded.time_s, kind="stable")
        found = _sequences(coded.user[order], item[order], kinds, coded.users.size, chosen, known, quantiles)
    else:
        start, items = kernel.by_user(coded.user, rarest_first(item, kinds), coded.users.size)
        start, items, count = kernel.distinct(start, items)
        if attack == "frequency":
            groups = _frequencies(start, items, count, tolerance, known)
        else:
            groups = _multisets(start, items, count, kinds, known)
        first, copies, row, have, bits = groups
        found = kernel.set_risks(chosen, start, first, copies, row, have, bits, known, quantiles, coded.users.size)
    return pd.DataFrame({
        "user": coded.users[chosen], "subsets": found[:, 0], "matches_min": found[:, 1].astype(np.int64),
        "risk_mean": found[:, 2], "risk_median": found[:, 4], "risk_q95": found[:, 5], "share_unique": found[:, 3],
        "risk_max": 1.0 / found[:, 1],
    })  # fmt: skip


def rarest_first(item: NDArray[np.int32], kinds: int) -> NDArray[np.int32]:
    """The same items, coded so that those with fewer rows come first, so that the kernel can end a choice early."""
    code = np.empty(kinds, dtype=np.int32)
    code[np.argsort(np.bincount(item, minlength=kinds), kind="stable")] = np.arange(kinds, dtype=np.int32)
    return code[item]


def _targets(users: pd.Index, wanted: Sequence[object] | None, what: str) -> NDArray[np.int64]:
    """Codes of the requested users, ascending in the order of their labels if these have one."""
    if wanted is None:
        return np.arange(users.size)
    found = users.get_indexer(pd.Index(list(wanted)))
    if (found < 0).any():
        raise InputError(f"{what}, targets", "users of the data", list(wanted)[int(np.argmin(found))], "name others")
    return np.sort(found).astype(np.int64)


def _bits(
    start: NDArray[np.int64], items: NDArray[np.int32], kinds: int, spare: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Row of each item's bitset (−1 if only one user has it), number of users who have it, and the bitsets."""
    have = np.bincount(items, minlength=kinds)
    row = np.where(have > 1, np.cumsum(have > 1) - 1, -1)
    words = (start.size - 1 + 63) // 64
    needed = int((have > 1).sum()) * words * 8
    if needed > _MOST_BYTES:
        raise InputError("reidentification_risk", f"bitsets of at most {_MOST_BYTES >> 30} GiB",
                         f"{needed / 2**30:.1f} GiB ({int((have > 1).sum())} shared items × {start.size - 1} users)",
                         "use fewer users, coarser cells or windows, or unicity(), which draws")  # fmt: skip
    return row, have, kernel.bit_rows(row, start, items, words, spare)


def _multisets(
    start: NDArray[np.int64], items: NDArray[np.int32], count: NDArray[np.int32], kinds: int, spare: int,
) -> tuple[NDArray[Any], ...]:
    """Items (place, m), at least m visits: first item of each group, copies, rows of bitsets, users, bitsets."""
    most = np.zeros(kinds, dtype=np.int64)
    np.maximum.at(most, items, count)
    offset = np.cumsum(most) - most
    group = np.repeat(np.arange(items.size), count)
    nth = np.arange(group.size) - np.repeat(np.cumsum(count) - count, count)
    each = (offset[items[group]] + nth).astype(np.int32)
    row_start = np.concatenate([[0], np.cumsum(count)])[start]
    row, have, bits = _bits(row_start, each, int(most.sum()), spare)
    return offset[items], count.astype(np.int64), row, have, bits


def _frequencies(
    start: NDArray[np.int64], items: NDArray[np.int32], count: NDArray[np.int32], tolerance: float,
    spare: int,
) -> tuple[NDArray[Any], ...]:
    """Items (place, f): users who were at the place f' times with |f − f'| ≤ tolerance·f'."""
    pair, index = np.unique(items.astype(np.int64) << 32 | count, return_inverse=True)
    place, often = pair >> 32, pair & 0xFFFFFFFF
    words = (start.size - 1 + 63) // 64
    bits = np.zeros((pair.size + spare, words), dtype=np.uint64)
    same = kernel.bit_rows(np.arange(pair.size), start, index.astype(np.int32), words, 0)
    first = np.searchsorted(place, place)
    last = np.searchsorted(place, place, side="right")
    for known in range(pair.size):
        theirs = slice(first[known], last[known])
        f, other = often[known], often[theirs]
        near = (f >= other - other * tolerance) & (f <= other + other * tolerance)
        bits[known] = np.bitwise_or.reduce(same[theirs][near], axis=0)
    have = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    return index.astype(np.int64), np.ones(items.size, dtype=np.int64), np.arange(pair.size), have, bits


def _sequences(
    user: NDArray[np.int32], item: NDArray[np.int32], kinds: int, users: int, targets: NDArray[np.int64], known: int,
    quantiles: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Rows in the order of time."""
    start, place = kernel.by_user(user, item, users)
    needed = 12 * users * min(int(np.diff(start)[targets].max()), kinds)
    if needed > _MOST_BYTES:
        raise InputError("reidentification_risk", f"tables of at most {_MOST_BYTES >> 30} GiB",
                         f"{needed / 2**30:.1f} GiB ({users} users × the places of one of them)",
                         "use fewer users, coarser cells, or targets=…")  # fmt: skip
    owner = np.repeat(np.arange(users, dtype=np.int32), np.diff(start))
    nth = (np.arange(place.size) - np.repeat(start[:-1], np.diff(start))).astype(np.int32)
    visit_start, order = kernel.by_user(place, np.arange(place.size), kinds)
    return kernel.sequence_risks(targets, start, place, visit_start, owner[order], nth[order], known, quantiles, users)
