"""Every public measure, on what a careless frame holds: a result or a sentence, never a warning and a wrong number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import (
    anonymity_sets,
    attack_advantage,
    entropy_bits,
    epsilon_spent,
    gini,
    guess_error_m,
    lorenz,
    mutual_information,
    reidentification_risk,
    released_table,
    table_by,
    time_to_confusion,
    top_share,
    unicity,
)
from privacysim.errors import InputError
from privacysim.metrics import METRICS, Footage, PeopleSeen, parts, readings

FRAMES = {
    "unicity": lambda f: unicity(f, 2, place="place", time="time", window_s=60.0),
    "location": lambda f: reidentification_risk(f, 2, place="place"),
    "time": lambda f: reidentification_risk(f, 2, "time", place="place", time="time"),
    "frequency": lambda f: reidentification_risk(f, 2, "frequency", place="place"),
    "sets": lambda f: anonymity_sets(f, place="place", time="time", window_s=60.0),
    "tracks": time_to_confusion,
    "information": lambda f: mutual_information(f, "user", "place"),
    "released": lambda f: released_table(f, ["place"], "value"),
    "table": lambda f: table_by(f, "value", ["place"], weight="time", fewest=2),
}
NUMBERS = {
    "gini": gini, "lorenz": lorenz, "top share": top_share, "entropy": entropy_bits,
    "epsilon": lambda v: epsilon_spent(v, 0.1),
    "error": lambda v: guess_error_m(v, v, v, v),
}  # fmt: skip


def frame(users: int = 4, rows: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = users * rows
    return pd.DataFrame({"user": np.repeat(np.arange(users), rows), "place": rng.integers(0, 3, n),
                         "time": rng.uniform(1, 500, n), "value": rng.integers(0, 4, n).astype(float)})  # fmt: skip


BAD_FRAMES = {
    "empty": lambda f: f.iloc[:0],
    "no frame": lambda f: f.to_dict("list"),
    "a column missing": lambda f: f.drop(columns="place"),
    "NaN": lambda f: f.assign(place=f["place"].where(f["place"] > 0), user=f["user"].where(f["user"] > 0)),
    "None among words": lambda f: f.assign(place=["a", None] * (len(f) // 2)),
    "a column twice": lambda f: pd.concat([f, f[["place"]]], axis=1),
}


@pytest.mark.parametrize("spoilt", BAD_FRAMES)
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_that_cannot_be_used_is_a_sentence_with_a_cure(name, spoilt):
    with pytest.raises(InputError) as error:
        FRAMES[name](BAD_FRAMES[spoilt](frame()))
    assert str(error.value).count("\n") == 2


WRONG_TIMES = {
    "words": lambda f: f.assign(time="noon"), "truths": lambda f: f.assign(time=True),
    "infinite": lambda f: f.assign(time=np.inf), "complex": lambda f: f.assign(time=1j),
    "lists": lambda f: f.assign(time=[[1]] * len(f)),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", WRONG_TIMES)
@pytest.mark.parametrize("name", ["unicity", "time", "sets", "tracks", "table"])
def test_times_and_weights_of_a_wrong_kind_are_a_sentence(name, spoilt):
    with pytest.raises(InputError):
        FRAMES[name](WRONG_TIMES[spoilt](frame()))


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "Int64", "string", "category", "object"])
def test_ids_of_any_dtype_are_ids(name, dtype):
    """The same people under other labels: every number that is no label stays."""
    plain = frame()
    other = plain.assign(user=plain["user"].astype(dtype), place=plain["place"].astype(dtype))
    if dtype in ("string", "object"):
        other["place"] = "p" + other["place"].astype(str)
    assert numbers(FRAMES[name](other)) == pytest.approx(numbers(FRAMES[name](plain)))


def numbers(found) -> list[float]:
    if isinstance(found, pd.DataFrame):
        kept = [c for c in found.select_dtypes("number") if c not in ("user", "place")]
        return sorted(found[kept].to_numpy(dtype=float).ravel().tolist())
    if isinstance(found, dict):
        return list(found.values())
    fields = [getattr(found, name) for name in found.__slots__]
    return [float(one) for one in fields if not isinstance(one, pd.DataFrame)]


@pytest.mark.parametrize("name", FRAMES)
def test_rows_given_twice_and_another_index_change_no_measure_of_sets(name):
    plain = frame()
    shuffled = plain.sample(frac=1.0, random_state=3)
    shuffled.index = [0] * len(plain)  # an index is no column, repeated or not
    assert numbers(FRAMES[name](shuffled)) == pytest.approx(numbers(FRAMES[name](plain)))
    if name in ("unicity", "sets"):
        twice = pd.concat([plain, plain])
        assert numbers(FRAMES[name](twice)) == pytest.approx(numbers(FRAMES[name](plain)))


@pytest.mark.parametrize("name", FRAMES)
def test_one_person_has_a_defined_result(name):
    found = FRAMES[name](frame(users=1))
    assert np.isfinite(numbers(found)).all() or name == "table"  # a cell of too few people is blank, and says so


@pytest.mark.parametrize("values", [
    [], [np.nan, 1.0], [np.inf, 1.0], [-1.0, 2.0], ["a", "b"], None, [[1.0, 2.0], [3.0]], [1j, 2.0],
], ids=["none", "NaN", "infinite", "negative", "words", "nothing", "ragged", "complex"])  # fmt: skip
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_cannot_be_used_are_a_sentence(name, values):
    if name == "error" and values == [-1.0, 2.0]:
        assert guess_error_m(values, values, values, values)["mean_m"] == 0.0  # a coordinate may be negative
        return
    if name == "epsilon" and values == []:
        assert epsilon_spent([], 0.1).size == 0  # nobody was seen, nobody spent anything
        return
    with pytest.raises(InputError) as error:
        NUMBERS[name](values)
    assert str(error.value).count("\n") == 2


@pytest.mark.parametrize("arguments", [(1, 0, 0, 1), (2, 1, 0, 1), (-1, 2, 0, 1), (1.5, 2, 0, 1), (True, 2, 0, 1)])
def test_an_attack_that_was_not_counted_is_a_sentence(arguments):
    with pytest.raises(InputError):
        attack_advantage(*arguments)


def nobody() -> PeopleSeen:
    none = np.zeros((0, 6, 2))
    return PeopleSeen(np.zeros(0), np.zeros(0, np.uint8), none, none, none, none, none, none[:, 0])


def test_nobody_at_all_gives_zeros_or_undefined_values_that_say_so():
    film = Footage(7, np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0))
    found = readings(parts(nobody(), None, film))
    assert {name for name, _ in found} == {n for n, one in METRICS.items() if one.of in ("people", "footage")}
    for name, one in found:
        assert one.contributors == 0
        assert one.value == 0.0 or (one.value is None and one.note), name
