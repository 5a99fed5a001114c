"""Speed of the attacks and of unicity, one thread: `python tests/benchmarks/bench_metrics.py [--million]`.

CPU seconds, the best of three (beside the reference: of fifteen). The reference is a plain bitset enumeration of unique
places (no copies, no weights, no quantiles: only the fewest matches), written here; `--million` adds 10⁶ people × 100
points and says its peak memory.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pandas as pd
from numba import njit

from privacysim.attacks import points_kernel as kernel
from privacysim.attacks import reidentification_risk, unicity
from privacysim.attacks.reidentification import multisets, rarest_first


def visits(users: int, each: int = 30, places: int = 400, seed: int = 1) -> pd.DataFrame:
    """Home, work and Zipf-distributed third places."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(users), each)
    home, work = rng.integers(0, places, (2, users))
    zipf = 1.0 / np.arange(1, places + 1)
    kind = rng.uniform(size=user.size)
    third = rng.choice(places, user.size, p=zipf / zipf.sum())
    place = np.where(kind < 0.4, home[user], np.where(kind < 0.7, work[user], third))
    return pd.DataFrame({"user": user, "place": place, "t": rng.uniform(0, 30 * 86_400, user.size)})


def cpu(work, repeats: int = 3) -> float:
    best = np.inf
    for _ in range(repeats):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


@njit
def reference(start, items, bits, k):
    """Fewest matches over every k-subset of each user's distinct places, a 64-bit bitset per place."""
    users, words = start.size - 1, bits.shape[1]
    fewest = np.full(users, users + 1)
    prefix = np.empty((k + 1, words), np.uint64)
    at = np.empty(k + 1, np.int64)
    for u in range(users):
        low, high = start[u], start[u + 1]
        size = min(k, high - low)
        prefix[0, :] = ~np.uint64(0)
        d = 0
        at[0] = low - 1
        while d >= 0:
            at[d] += 1
            if at[d] + size - d > high:
                d -= 1
                continue
            row = items[at[d]]
            if d + 1 < size:
                for w in range(words):
                    prefix[d + 1, w] = prefix[d, w] & bits[row, w]
                d += 1
                at[d] = at[d - 1]
                continue
            matches = 0
            for w in range(words):
                x = prefix[d, w] & bits[row, w]
                x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
                x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
                x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                matches += np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
            fewest[u] = min(fewest[u], matches)
    return fewest


def beside_the_reference(frame: pd.DataFrame, k: int) -> tuple[float, float]:
    """CPU seconds of the kernel and of the reference on the same distinct places; the answers must agree."""
    users = int(frame["user"].max()) + 1
    once = frame.drop_duplicates(["user", "place"])
    place = rarest_first(once["place"].to_numpy(np.int32), int(once["place"].max()) + 1)
    start, items = kernel.by_user(once["user"].to_numpy(np.int32), place, users)
    start, items, count = kernel.distinct(start, items)
    first, copies, row, have, bits = multisets(start, items, count, int(items.max()) + 1, k)
    none, owner = np.zeros(0), np.repeat(np.arange(users), np.diff(start))
    all_bits = np.zeros((int(items.max()) + 1, (users + 63) // 64), np.uint64)
    np.bitwise_or.at(all_bits, (items, owner >> 6), np.uint64(1) << (owner & 63).astype(np.uint64))
    ours = kernel.set_risks(start, first, copies, row, have, bits, k, none)
    assert (ours[:, 1] == reference(start, items, all_bits, k)).all()
    mine = cpu(lambda: kernel.set_risks(start, first, copies, row, have, bits, k, none), 15)
    return mine, cpu(lambda: reference(start, items, all_bits, k), 15)


def main() -> None:
    frame, large = visits(1_000), visits(10_000)
    for attack in ("location", "time", "frequency"):
        reidentification_risk(frame.head(300), 2, attack, place="place", time="t")  # compile
        seconds = cpu(lambda a=attack: reidentification_risk(frame, 4, a, place="place", time="t"))
        print(f"1 000 users × 30 visits, k = 4, every subset, {attack:10s} {seconds:8.4f} s")
    seconds = cpu(lambda: reidentification_risk(large, 3, place="place"))
    print(f"10 000 users × 30 visits, k = 3, every subset, location {seconds:8.4f} s")
    for data, k in ((frame, 3), (frame, 4), (large, 3)):
        mine, theirs = beside_the_reference(data, k)
        print(f"{data['user'].nunique():6d} users, k = {k}: kernel {mine:.4f} s, reference {theirs:.4f} s, "
              f"ratio {mine / theirs:.2f}")  # fmt: skip
    if "--million" in sys.argv:
        rng = np.random.default_rng(2)
        people, each = 1_000_000, 100
        zipf = (20_000 * rng.power(0.35, people * each)).astype(np.int32)
        frame = pd.DataFrame({
            "user": np.repeat(np.arange(people, dtype=np.int32), each), "place": zipf,
            "hour": rng.integers(0, 720, people * each, dtype=np.int32),
        })  # fmt: skip
        unicity(frame.head(1000), 4, place="place", time="hour", window_s=1.0)
        begin = time.process_time()
        found = unicity(frame, 4, place="place", time="hour", window_s=1.0, draws=10)
        seconds = time.process_time() - begin
        print(found.to_string())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"10⁶ people × 100 points, k = 4, 10 draws: {seconds:.1f} s CPU, peak of the process {peak:.2f} GiB")


if __name__ == "__main__":
    main()
