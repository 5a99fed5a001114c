"""Background-knowledge risks against a brute force written from scikit-mobility's definitions (version 1.3)."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import ATTACKS, reidentification_risk

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


def matches(attack: str, known: tuple, theirs: list[tuple]) -> bool:
    if attack in ("location", "time"):
        mine, other = Counter(known), Counter(theirs)
        return all(other[row] >= n for row, n in mine.items())
    freq = dict(theirs)
    return all(freq.get(p) == n for p, n in known)


def brute(frame: pd.DataFrame, k: int, attack: str) -> dict[int, list[float]]:
    """User → 1/M for every choice of k of her rows (all rows where she has fewer)."""
    rows = rows_of(frame, attack)
    return {
        u: [1 / sum(matches(attack, known, other) for other in rows.values())
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


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("attack", ATTACKS)
def test_so_are_those_of_more_users_than_a_word_has_bits(attack, k):
    frame = visits(seed=13, users=140, rows=6, places=9)
    found = reidentification_risk(frame, k, attack, place="place", time="t").set_index("user")
    for u, risks in brute(frame, k, attack).items():
        assert found.loc[u, "subsets"] == len(risks)
        assert found.loc[u, "risk_max"] == pytest.approx(max(risks), rel=1e-12)
        assert found.loc[u, "risk_mean"] == pytest.approx(np.mean(risks), rel=1e-12)


TUSCANY = {
    1: "LU 3 8, LI 3 9, PI 3 10, FI 4 10", 2: "LU 3 8, PI 3 9, LU 4 10, LI 4 11", 3: "LI 3 8, PI 3 9, LU 4 10, FI 4 11",
    4: "PI 4 10, LI 4 11, FI 4 12", 5: "PI 4 10, FI 4 11, LU 5 12", 6: "LU 4 10, LI 4 11",
}  # fmt: skip
"""Six travellers between Lucca, Leghorn, Pisa and Florence (day of the month, hour): the data on which scikit-mobility
tests its attacks (its file skmob/privacy/tests/test_privacy.py)."""


@pytest.mark.parametrize(("attack", "known", "published"), [
    ("location", "LU 3 8, LI 3 9", 4), ("location", "LU 3 8, FI 4 10", 3),
    ("time", "LU 3 8, LI 3 9", 1),
    ("frequency", "LU 3 8, LU 3 9, LI 3 10", 1),
])  # fmt: skip
def test_of_six_travellers_as_many_match_as_the_peer_publishes(attack, known, published):
    """What is known is one more traveller, who matches herself; the time is known to the day."""
    frame = pd.DataFrame(
        [(user, place, float(day) * 86_400 + float(hour) * 3_600)
         for user, way in {0: known, **TUSCANY}.items() for place, day, hour in map(str.split, way.split(", "))],
        columns=["user", "place", "t"],
    )  # fmt: skip
    found = reidentification_risk(frame, 2, attack, place="place", time="t", window_s=86_400.0).set_index("user")
    assert found.loc[0, "risk_max"] == pytest.approx(1 / (published + 1))


def test_two_travellers_worked_out_by_hand():
    """Of user 1's four choices of three towns only {LU, LI, PI} fits user 2; of user 2's, those with LU once fit 1."""
    frame = pd.DataFrame({"user": [1] * 4 + [2] * 4, "place": ["LU", "LI", "PI", "FI", "LU", "PI", "LU", "LI"]})
    found = reidentification_risk(frame, 3, place="place").set_index("user")
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


def test_knowing_times_is_knowing_more():
    frame = visits(seed=5)
    timed, untimed = (reidentification_risk(frame, 2, attack, place="place", time="t").set_index("user")["risk_mean"]
                      for attack in ("time", "location"))  # fmt: skip
    assert (timed >= untimed - 1e-12).all()


def test_one_user_is_found_by_any_knowledge():
    alone = pd.DataFrame({"user": ["x", "x"], "place": [1, 1]})
    [risk] = reidentification_risk(alone, 4, place="place")["risk_max"]
    assert risk == 1.0
