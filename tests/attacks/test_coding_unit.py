"""Points as integers: codes of any range of numbers and any labels, against numpy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import (
    anonymity_sets,
    checks,
    reidentification,
    reidentification_risk,
    time_to_confusion,
    unicity,
)
from privacysim.attacks.points import squeezed
from privacysim.errors import InputError

RNG = np.random.default_rng(7)
COLUMNS = {
    "narrow": [RNG.integers(0, 5, 300), RNG.integers(-3, 4, 300)],
    "a wide one, kept as it is": [RNG.integers(0, 40, 300) * 2**40 - 2**45],
    "more than 32 bits together": [RNG.integers(0, 3, 300) * 2**20, RNG.integers(0, 3, 300) * 2**20],
    "more than 62 bits together": [RNG.integers(-4, 4, 300) * 2**40, RNG.integers(-4, 4, 300) * 2**38 + 7,
                                   RNG.integers(0, 3, 300)],
    "unsigned": [RNG.integers(0, 9, 300).astype(np.uint64), RNG.integers(0, 9, 300).astype(np.uint8)],
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_combinations_of_columns_have_one_code_each_in_their_order(name):
    columns = COLUMNS[name]
    before = [column.copy() for column in columns]
    code, kinds = squeezed(columns)
    labels, expected = np.unique(np.column_stack([c.astype(np.int64) for c in columns]), axis=0, return_inverse=True)
    assert kinds == len(labels)
    assert code.dtype == np.int32
    assert code.tolist() == expected.reshape(-1).tolist()
    assert all((was == is_now).all() for was, is_now in zip(before, columns, strict=True)), "the data stay as given"


def visits(users) -> pd.DataFrame:
    """Four users with three visits each; the third and fourth never meet anybody."""
    place = [1, 2, 3, 1, 2, 4, 7, 7, 8, 9, 9, 9]
    return pd.DataFrame({"user": pd.Series(np.repeat(np.arange(4), 3)).map(dict(enumerate(users))), "place": place,
                         "time": np.arange(12) * 100})  # fmt: skip


@pytest.mark.parametrize("users", [
    ["Ann", 7, "Bob", 3], [(1, 2), "x", (3,), 4], [10**12, -5, 0, 10**6], ["d", "c", "b", "a"],
], ids=["words and numbers", "tuples among words", "far apart", "falling"])  # fmt: skip
def test_labels_of_any_kind_name_the_same_people(users):
    plain, other = visits(range(4)), visits(users)
    for measure in (lambda f: reidentification_risk(f, 2, place="place").set_index("user")["risk_mean"],
                    lambda f: time_to_confusion(f).people.set_index("user")["longest_s"]):  # fmt: skip
        expected, found = measure(plain), measure(other)
        assert {users[label]: value for label, value in expected.items()} == found.to_dict()
    assert unicity(other, 2, place="place", draws=400)["unicity"].item() == pytest.approx(
        unicity(plain, 2, place="place", draws=400)["unicity"].item(), abs=0.05)  # fmt: skip


def test_whole_seconds_are_windows_of_a_second():
    """A window of one second over whole seconds is the time itself: the result is that of fractions of a second."""
    frame = visits(range(4)).assign(time=np.array([5, 6, 7, 5, 6, 9, 1, 1, 2, 3, 3, 4]))
    whole = unicity(frame, 2, place="place", time="time", window_s=1.0)
    assert whole.equals(unicity(frame.assign(time=frame["time"] + 0.25), 2, place="place", time="time", window_s=1.0))
    exact = unicity(frame, 2, place="place", time="time")
    assert exact["unicity"].item() == whole["unicity"].item()


def test_populations_are_halved():
    halved = unicity(visits(range(4)), 1, place="place", rarefaction=2)
    assert halved["population"].tolist() == [4, 2, 1]


REFUSED = {
    "squares of ids": (lambda f: reidentification_risk(f, 1, place="place", cell_m=5.0),
                       "reidentification_risk, cell_m: expected coordinates x and y to put into squares",
                       "leave cell_m out, or give x and y"),
    "squares of ids, drawn": (lambda f: unicity(f, 1, place="place", cell_m=5.0),
                              "unicity, cell_m: expected coordinates x and y to put into squares",
                              "leave cell_m out, or give x and y"),
    "an attack that nobody knows": (lambda f: reidentification_risk(f, 1, "locaton", place="place"),
                                    "reidentification_risk, attack: expected a known attack", "write location"),
    "windows without times": (lambda f: anonymity_sets(f, place="place", window_s=60.0),
                              "anonymity_sets, time: expected a column of times, because window_s is given",
                              'write time="t"'),
    "a sample of one": (lambda f: anonymity_sets(f[f["user"] == 0], place="place", population=10, sample=1),
                       "anonymity_sets, sample: expected at least 2 people", "draw more people"),
    "bits below nothing": (lambda f: time_to_confusion(f, confusion_bits=-1.0),
                           "time_to_confusion, confusion_bits: expected bits, 0 or more",
                           "write confusion_bits=1.0"),
    "left before she came": (lambda f: time_to_confusion(f.assign(end=f["time"] - 1), leave="end"),
                             "time_to_confusion, column end: expected times not before time", "swap the columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_measure_cannot_answer_is_refused_with_the_cure(name):
    call, expected, fix = REFUSED[name]
    with pytest.raises(InputError) as error:
        call(visits(range(4)))
    first, _, last = str(error.value).splitlines()
    assert first == f"{expected}."
    assert last == f"  Fix: {fix}."


def test_what_would_fill_the_memory_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setattr(reidentification, "_MOST_BYTES", 7)
    with pytest.raises(InputError) as error:
        reidentification_risk(visits(range(4)), 2, place="place")
    first, got, last = str(error.value).splitlines()
    assert first == "reidentification_risk: expected bitsets of at most 0 GiB."
    assert "users" in got
    assert last == "  Fix: use fewer users, coarser cells or windows, or unicity(), which draws."


def test_a_gap_is_counted_from_the_moment_she_left():
    """She stays 500 s at the first camera: the next one is 700 s after she came and 200 s after she left."""
    seen = pd.DataFrame({"user": [1, 1], "place": [1, 2], "time": [0.0, 700.0], "left": [500.0, 710.0]})
    assert time_to_confusion(seen).people["longest_s"].tolist() == [0.0], "the gap is 700 s: lost"
    found = time_to_confusion(seen, leave="left")
    assert found.people["longest_s"].tolist() == [710.0]
    assert found.people["tracks"].tolist() == [1]
    assert found.time_to_confusion_s == pytest.approx((710.0 + 10.0) / 2)


def test_a_number_is_a_number_and_no_truth():
    for wrong in (True, "5", None, np.nan, 0.0):
        with pytest.raises(InputError, match="a positive number"):
            checks.positive(wrong, "cell_m", "unicity")
    for wrong in (True, 1.0, 0, 8):
        with pytest.raises(InputError, match="a whole number from 1 to 7"):
            checks.whole(wrong, "k", "unicity", 7)
