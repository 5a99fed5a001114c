"""Background-knowledge risks against a brute force written from scikit-mobility's definitions (version 1.3)."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from privacysim.metrics import ATTACKS, reidentification_risk

USERS = 60


def visits(seed: int = 7, users: int = USERS, rows: int = 9, places: int = 12) -> pd.DataFrame:
    """Home, work and Zipf-distributed third places; few places, so that many users match."""
    rng = np.random.default_rng(seed)
    zipf = 1.0 / np.arange(1, places + 1)
    user = np.repeat(np.arange(users), rng.integers(1, rows + 1, users))
    home, work = rng.integers(0, places, (2, users))
    kind = rng.uniform(size=user.size)
    third = rng.choice(places, user.size, p=zipf / zipf.sum())
    place = np.where(kind < 0.4, home[user], np.where(kind < 0.6, work[user], third))
    hour = rng.integers(0, 6, user.size)
    frame = pd.DataFrame({"user": user, "place": place, "t": hour * 3600.0 + rng.uniform(0, 3599, user.size)})
    return frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def rows_of(frame: pd.DataFrame, attack: str) -> dict[int, list[tuple]]:
    """What an attacker may know of each user, row by row."""
    frame = frame.sort_values(["user", "t"], kind="stable")
    if attack == "frequency":
        counted = frame.groupby(["user", "place"]).size().reset_index(name="n")
        return {u: [(p, n) for p, n in zip(g["place"], g["n"], strict=True)] for u, g in counted.groupby("user")}
    known = [(p, int(t // 3600)) if attack == "time" else (p,) for p, t in zip(frame["place"], frame["t"], strict=True)]
    made: dict[int, list[tuple]] = {}
    for u, row in zip(frame["user"], known, strict=True):
        made.setdefault(u, []).append(row)
    return made


def matches(attack: str, known: tuple, theirs: list[tuple], tolerance: float) -> bool:
    if attack in ("location", "time"):
        mine, other = Counter(known), Counter(theirs)
        return all(other[row] >= n for row, n in mine.items())
    if attack == "sequence":
        left = iter(theirs)
        return all(any(row == other for other in left) for row in known)
    freq = dict(theirs)
    return all(
        p in freq and freq[p] - freq[p] * tolerance <= n <= freq[p] + freq[p] * tolerance for p, n in known
    )  # fmt: skip


def brute(frame: pd.DataFrame, k: int, attack: str, tolerance: float = 0.0) -> dict[int, list[float]]:
    """User → 1/M for every choice of k of her rows (all rows where she has fewer)."""
    rows = rows_of(frame, attack)
    return {
        u: [1 / sum(matches(attack, known, other, tolerance) for other in rows.values())
            for known in combinations(mine, min(k, len(mine)))]
        for u, mine in rows.items()
    }  # fmt: skip


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("attack", ATTACKS)
def test_risks_of_sixty_users_are_those_of_the_definition(attack, k):
    frame = visits()
    found = reidentification_risk(frame, k, attack, place="place", time="t").set_index("user")
    for u, risks in brute(frame, k, attack).items():
        assert found.loc[u, "subsets"] == len(risks)
        assert found.loc[u, "risk_max"] == pytest.approx(max(risks), rel=1e-12)
        assert found.loc[u, "risk_mean"] == pytest.approx(np.mean(risks), rel=1e-12)
        assert found.loc[u, "share_unique"] == pytest.approx(np.mean(np.asarray(risks) == 1.0), abs=1e-12)
        for name, q in (("risk_median", 0.5), ("risk_q95", 0.95)):
            assert found.loc[u, name] == pytest.approx(np.quantile(risks, q, method="inverted_cdf"), rel=1e-9)


def test_a_frequency_may_be_known_roughly():
    frame = visits(seed=3)
    found = reidentification_risk(frame, 2, "frequency", place="place", tolerance=0.5).set_index("user")
    for u, risks in brute(frame, 2, "frequency", 0.5).items():
        assert found.loc[u, "risk_max"] == pytest.approx(max(risks), rel=1e-12)
        assert found.loc[u, "risk_mean"] == pytest.approx(np.mean(risks), rel=1e-12)


def test_the_toy_of_the_peers_manual_gives_its_published_risks():
    """Seven users in four towns; places in the order of visits and risks as printed in scikit-mobility's manual.

    The manual prints, for the location attack, risks for k = 2 and 3 that only depend on how often each user was where.
    Users 1 and 2 are printed with their rows; the others' visits are any that give the printed risks of *all* attacks
    on counts, so only 1 and 2 are compared: each of their printed subsets matches 3, 2 or 1 users.
    """
    lucca, leghorn, pisa, florence = "LU", "LI", "PI", "FI"
    frame = pd.DataFrame(
        [(1, lucca), (1, leghorn), (1, pisa), (1, florence), (2, lucca), (2, pisa), (2, lucca), (2, leghorn)],
        columns=["user", "place"],
    )
    found = reidentification_risk(frame, 3, place="place").set_index("user")
    # among these two alone: user 1's {LU, LI, PI} also fits user 2; user 2's pairs of LU fit nobody else
    assert found["risk_max"].tolist() == [1.0, 1.0]
    assert found.loc[1, "risk_mean"] == pytest.approx((0.5 + 1 + 1 + 1) / 4)
    assert found.loc[2, "risk_mean"] == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)


@pytest.mark.parametrize("attack", ATTACKS)
def test_whoever_knows_more_is_never_worse_off(attack):
    frame = visits(seed=11)
    last = None
    for k in (1, 2, 3, 4):
        worst = reidentification_risk(frame, k, attack, place="place", time="t").set_index("user")["risk_max"]
        assert last is None or (worst >= last - 1e-12).all()
        last = worst


def test_knowing_times_or_the_order_or_how_often_is_knowing_more():
    frame = visits(seed=5)
    of = {a: reidentification_risk(frame, 2, a, place="place", time="t").set_index("user") for a in ATTACKS}
    for more in ("time", "sequence"):
        assert (of[more]["risk_mean"] >= of["location"]["risk_mean"] - 1e-12).all()


def test_one_user_is_found_by_any_knowledge_and_users_can_be_chosen():
    alone = pd.DataFrame({"user": ["x", "x"], "place": [1, 1]})
    [risk] = reidentification_risk(alone, 4, place="place")["risk_max"]
    assert risk == 1.0
    frame = visits()
    some = reidentification_risk(frame, 2, place="place", targets=[5, 9])
    everybody = reidentification_risk(frame, 2, place="place")
    pd.testing.assert_frame_equal(some, everybody[everybody["user"].isin([5, 9])].reset_index(drop=True))
