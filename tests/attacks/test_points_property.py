"""Unicity, sets and tracks: against the definitions, monotone where theory says so, and clear about bad frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacysim import draws
from privacysim.attacks import (
    anonymity_sets,
    reidentification_risk,
    time_to_confusion,
    unicity,
)
from privacysim.errors import InputError


def sightings(users: int = 80, rows: int = 12, seed: int = 1, extent: float = 800.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = users * rows
    return pd.DataFrame({
        "user": np.repeat(np.arange(users), rows), "x": rng.uniform(0, extent, n), "y": rng.uniform(0, extent, n),
        "t": rng.uniform(0, 86_400, n),
    })  # fmt: skip


def test_a_point_that_everybody_has_singles_out_nobody_and_one_that_nobody_else_has_does():
    same = pd.DataFrame({"user": [1, 2, 3], "place": [7, 7, 7]})
    assert unicity(same, 1, place="place")["unicity"].tolist() == [0.0]
    own = pd.DataFrame({"user": [1, 2, 3], "place": [7, 8, 9]})
    assert unicity(own, 1, place="place")["unicity"].tolist() == [1.0]


def test_unicity_is_the_chance_that_a_random_set_of_points_is_unique():
    """Two users share 3 of 4 points: a random pair of a user is unique iff it holds her own one, 3 of 6 pairs."""
    frame = pd.DataFrame({"user": [1] * 4 + [2] * 4, "place": [1, 2, 3, 10, 1, 2, 3, 20]})
    found = unicity(frame, [1, 2, 3, 4], place="place", draws=20_000)["unicity"].to_numpy()
    assert found == pytest.approx([1 / 4, 3 / 6, 3 / 4, 1.0], abs=4 * 0.5 / np.sqrt(40_000))


def test_unicity_equals_a_naive_count_over_the_same_definition():
    """With every point drawn (k = all points) the share is exact: nobody else's set contains hers."""
    rng = np.random.default_rng(5)
    sets = [set(rng.choice(12, 3, replace=False).tolist()) for _ in range(60)]
    sets += [sets[0] | {13}, sets[1] | {14}]
    frame = pd.DataFrame([(u, p) for u, own in enumerate(sets) for p in own], columns=["user", "place"])
    threes = [u for u in range(len(sets)) if len(sets[u]) == 3]
    alone = [not any(v != u and sets[u] <= sets[v] for v in range(len(sets))) for u in threes]
    found = unicity(frame[frame["user"].isin(range(60))], 3, place="place", draws=1)
    smaller = [not any(v != u and sets[u] <= sets[v] for v in range(60)) for u in range(60)]
    assert found["unicity"].item() == pytest.approx(np.mean(smaller))
    whole = unicity(frame, 3, place="place", draws=400)
    least = np.sum(alone) / len(sets)  # the two with four points add between 0 and 2
    assert least - 0.05 <= whole["unicity"].item() <= least + 2 / len(sets) + 0.05


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_more_points_never_single_out_fewer(seed):
    found = unicity(sightings(seed=seed), [1, 2, 3, 4], time="t", cell_m=200.0, window_s=3600.0, seed=seed)
    assert found["unicity"].is_monotonic_increasing


def test_in_a_smaller_population_the_same_people_are_rarer():
    frame = sightings(users=256, extent=500.0)
    found = unicity(frame, 2, cell_m=100.0, rarefaction=3, draws=20)
    assert found["population"].tolist() == [256, 128, 64, 32]
    assert found["unicity"].is_monotonic_increasing
    # the curve at n is what those n people alone would give
    order = np.argsort(draws.uniform(draws.stream_key(0, 0, "unicity"), np.arange(256)))
    few = frame[frame["user"].isin(order[:64])]
    alone = unicity(few, 2, cell_m=100.0, draws=200)["unicity"].item()
    assert found["unicity"].iloc[2] == pytest.approx(alone, abs=0.06)


def test_duplicated_rows_and_another_order_change_nothing():
    frame = sightings(users=40)
    twice = pd.concat([frame, frame]).sample(frac=1.0, random_state=2)
    for one, two in ((unicity(frame, 3, cell_m=200.0), unicity(twice, 3, cell_m=200.0)),
                     (anonymity_sets(frame, cell_m=200.0), anonymity_sets(twice, cell_m=200.0))):  # fmt: skip
        if "unicity" in one:  # users are numbered by their labels, so draws agree
            assert one["unicity"].tolist() == pytest.approx(two["unicity"].tolist())
        else:
            pd.testing.assert_frame_equal(one, two)


def test_labels_may_be_words_and_dates_may_be_dates():
    frame = sightings(users=30)
    stamps = pd.Timestamp("2025-06-01") + pd.to_timedelta(frame["t"], "s")
    dates = frame.assign(user="u" + frame["user"].astype(str), t=stamps)
    words = reidentification_risk(dates, 2, "time", time="t", cell_m=200.0)
    numbers = reidentification_risk(frame.assign(t=frame["t"] - frame["t"].min()), 2, "time", time="t", cell_m=200.0)
    assert sorted(words["risk_mean"]) == pytest.approx(sorted(numbers["risk_mean"]))


BAD = {
    "no such column": (lambda f: f.rename(columns={"x": "lon"}), "a column x"),
    "missing values": (lambda f: f.assign(x=f["x"].where(f["x"] > 400)), "a value in every row"),
    "words for numbers": (lambda f: f.assign(x=f["x"].astype(str)), "numbers in metres"),
    "infinite": (lambda f: f.assign(x=np.inf), "finite numbers"),
    "empty": (lambda f: f.iloc[:0], "at least one row"),
    "no frame": (lambda f: f.to_numpy(), "a pandas DataFrame"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("measure", [
    lambda f: unicity(f, 2, cell_m=100.0), lambda f: reidentification_risk(f, 2, cell_m=100.0),
    lambda f: anonymity_sets(f, cell_m=100.0),
], ids=["unicity", "risk", "sets"])  # fmt: skip
def test_a_bad_frame_is_an_error_that_names_the_cure(measure, name):
    spoil, said = BAD[name]
    with pytest.raises(InputError, match=said) as error:
        measure(spoil(sightings(users=5)))
    assert str(error.value).count("\n") == 2


@pytest.mark.parametrize(("call", "said"), [
    (lambda f: unicity(f, 0), "k"), (lambda f: unicity(f, 1.5), "k"), (lambda f: unicity(f, 2, cell_m=-1.0), "cell_m"),
    (lambda f: unicity(f, 2, window_s=60.0), "time"), (lambda f: reidentification_risk(f, 2, "times"), "write time"),
    (lambda f: reidentification_risk(f, 2, "time"), "column of times"),
    (lambda f: anonymity_sets(f, sample=10), "sample"), (lambda f: unicity(f, 2, rarefaction=-1), "halve"),
])  # fmt: skip
def test_a_bad_argument_is_an_error(call, said):
    with pytest.raises(InputError, match=said):
        call(sightings(users=5))


def test_one_person_is_alone_everywhere():
    frame = sightings(users=1)
    assert unicity(frame, 3, cell_m=100.0)["unicity"].item() == 1.0
    assert anonymity_sets(frame)["alone"].tolist() == [1.0, 1.0]


def test_nobody_with_enough_points_gives_an_empty_table_and_no_warning():
    assert unicity(sightings(users=3, rows=2), 5).empty


def sets_of(sizes):
    """Anonymity sets of views with so many people each."""
    view = np.repeat(np.arange(len(sizes)), sizes)
    return anonymity_sets(pd.DataFrame({"user": np.arange(view.size), "place": view}), place="place")


def test_sets_per_view_and_per_person_are_two_averages():
    found = sets_of([1, 1, 4]).set_index("average")
    assert found.loc["per view", "mean_size"] == 2.0
    assert found.loc["per view", "alone"] == pytest.approx(2 / 3)
    assert found.loc["per person in view", "mean_size"] == pytest.approx((1 + 1 + 16) / 6)
    assert found.loc["per person in view", "alone"] == pytest.approx(2 / 6)
    assert found.loc["per person in view", "mean_bits"] == pytest.approx(4 * 2 / 6)


def test_a_samples_mean_set_is_unbiased():
    """Everybody against 200 simple random samples: method B2, 1 + (m − 1)(N − 1)/(n − 1)."""
    rng = np.random.default_rng(8)
    everybody = pd.DataFrame({"user": np.arange(2000), "place": rng.integers(0, 40, 2000) ** 2 // 60})
    truth = anonymity_sets(everybody, place="place").set_index("average").loc["per person in view", "mean_size"]
    found = []
    for _ in range(200):
        some = everybody.iloc[rng.choice(2000, 100, replace=False)]
        found.append(anonymity_sets(some, place="place", population=2000, sample=100)["mean_size"].item())
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 3 * error
    told = anonymity_sets(some, place="place", population=2000, sample=100)
    assert list(told.columns) == ["average", "views", "mean_size"]


def naive_tracks(frame, within, gap, most):
    made = {}
    for user, rows in frame.sort_values(["user", "time"]).groupby("user"):
        best, begin, last = 0.0, None, None
        for place, time in zip(rows["place"], rows["time"], strict=True):
            near = frame[(frame["place"] == place) & ((frame["time"] - time).abs() <= within)]["user"].nunique()
            if begin is None or time - last > gap or near > most:
                begin = time
            last = time
            best = max(best, last - begin)
        made[user] = best
    return made


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_tracks_are_those_of_a_naive_tracker_and_a_cleverer_one_follows_longer(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"user": rng.integers(0, 12, 200), "place": rng.integers(0, 5, 200),
                          "time": np.round(rng.uniform(0, 4000, 200))})  # fmt: skip
    last = None
    for bits in (0.0, 1.0, 2.0):
        found = time_to_confusion(frame, within_s=60.0, gap_s=300.0, confusion_bits=bits)
        expected = naive_tracks(frame, 60.0, 300.0, 2**bits)
        assert found.people.set_index("user")["longest_s"].to_dict() == pytest.approx(expected)
        assert last is None or found.time_to_confusion_s >= last
        last = found.time_to_confusion_s


def test_a_camera_that_sees_only_her_never_loses_her():
    frame = pd.DataFrame({"user": [1] * 5, "place": [1, 2, 3, 4, 5], "time": np.arange(5) * 100.0})
    found = time_to_confusion(frame)
    assert found.people["longest_s"].tolist() == [400.0]
    assert found.time_to_confusion_s == 200.0
    assert found.linked == 1.0
