"""The ground floor: units cannot be forgotten, files say what is wrong, tables give equal bytes for equal content."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from privacysim import draws, tables
from privacysim.errors import InputError, ResultsError
from privacysim.facts import facts, read_facts
from privacysim.files import Duration, Quantity, Strict, read_toml, validate, whole_file
from privacysim.units import duration_s, duration_text


class Inner(Strict):
    keep: Duration
    n: Quantity


class Outer(Strict):
    id: str
    inner: Inner
    items: tuple[Inner, ...] = ()


GOOD = {"id": "a", "inner": {"keep": "15 d", "n": {"fact": "cameras_per_1000"}}}


@pytest.mark.parametrize(("text", "seconds"), [("15 d", 1_296_000), ("2 h", 7_200), ("1.5 min", 90), ("10s", 10)])
def test_a_duration_carries_its_unit(text, seconds):
    assert duration_s(text) == seconds
    assert duration_s(duration_text(seconds)) == seconds


@pytest.mark.parametrize("text", [15, 15.0, "15", "15 days", "-3 d", "nan d", "1e999 d", None, True, ""])
def test_a_number_without_a_unit_is_refused(text):
    with pytest.raises(ValueError, match="with its unit"):
        duration_s(text)


def bad(change) -> str:
    raw = {"id": "a", "inner": {"keep": "15 d", "n": {"fact": "cameras_per_1000"}}}
    change(raw)
    with pytest.raises(InputError) as caught:
        validate(Outer, raw, "x.toml")
    text = str(caught.value)
    assert len(text.splitlines()) <= 3
    assert "pydantic" not in text
    return text


def test_a_good_file_is_read():
    made = validate(Outer, GOOD, "x.toml")
    assert made.inner.keep == 1_296_000
    assert made.inner.n.number == 52.75


def test_a_typo_names_the_nearest_key():
    assert "write keep" in bad(lambda raw: raw["inner"].update(keeep="1 d"))


def test_a_typo_is_reported_before_the_key_that_it_leaves_missing():
    def change(raw):
        raw["inner"]["kep"] = raw["inner"].pop("keep")

    assert "x.toml, inner.kep: expected a known key" in bad(change)


@pytest.mark.parametrize("key", ["[", "int", "a (b)"])
def test_an_unknown_key_is_named_however_it_is_spelled(key):
    assert f"inner.{key}: expected a known key" in bad(lambda raw: raw["inner"].update({key: {}}))


@pytest.mark.parametrize("ends", ["\n", "\r", "\x0c", "\x1c", "\x85", "\u2028"])
def test_what_ends_a_line_in_a_name_ends_none_of_the_three(ends):
    text = str(InputError(f"x.toml, a{ends}b", f"one{ends}thing", f"an{ends}other", f"write{ends}it"))
    assert text == "x.toml, a b: expected one thing.\n  Got: an other\n  Fix: write it."


def test_a_bare_number_for_a_duration_is_refused():
    assert "inner.keep: expected a duration with its unit" in bad(lambda raw: raw["inner"].update(keep=15))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_inf_are_refused(value):
    assert "a finite number" in bad(lambda raw: raw["inner"]["n"].update(fact=None, value=value))


def test_an_unknown_fact_names_the_nearest():
    def change(raw):
        raw["inner"]["n"]["fact"] = "cameras_per_100"

    assert "cameras_per_1000" in bad(change)


def test_an_own_number_needs_its_assumption():
    assert "assumption" in bad(lambda raw: raw["inner"].update(n={"value": 3.0}))
    assert "low ≤ value ≤ high" in bad(lambda raw: raw["inner"].update(n={"value": 3.0, "low": 4.0, "assumption": "x"}))


def test_a_missing_key_is_named():
    assert "inner.n: expected this key" in bad(lambda raw: raw["inner"].pop("n"))


def test_duplicate_keys_and_broken_toml_name_their_line(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('id = "a"\nid = "b"\n')
    with pytest.raises(InputError, match="line 2"):
        read_toml(path)
    path.write_text("id = \n")
    with pytest.raises(InputError, match="line 1"):
        read_toml(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_toml(path)
    with pytest.raises(InputError, match="no such file"):
        read_toml(tmp_path / "b.toml")


def _fail_half_way(target):
    with whole_file(target) as part:
        part.write_text("half")
        raise KeyError


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "a.csv"
    with whole_file(target) as part:
        part.write_text("1")
        assert not target.exists()
    assert target.read_text() == "1"
    with pytest.raises(KeyError):
        _fail_half_way(target)
    assert target.read_text() == "1"
    assert [path.name for path in target.parent.iterdir()] == ["a.csv"]


def test_a_place_that_cannot_be_written_is_an_error_with_its_cure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="Fix"), whole_file(tmp_path / "file" / "a.csv") as part:
        part.write_text("1")


METRICS = {"policy": ["b", "a", "a"], "replicate": [0, 0, 1], "metric": "m", "curve": "low", "value": [1.0, -0.0, 3.0],
           "unit": "s", "contributors": 1}


def test_equal_content_gives_equal_bytes_whatever_its_history(tmp_path):
    made = tables.frame("metrics", METRICS)
    shuffled = pd.concat([made.iloc[2:], made.iloc[:2]]).reset_index(drop=True)
    chunked = pd.concat([made.iloc[[i]] for i in (1, 2, 0)])
    for number, rows in enumerate((made, shuffled, chunked)):
        tables.write("metrics", rows, tmp_path / f"{number}.parquet")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    back = tables.read("metrics", tmp_path / "0.parquet")
    assert back["policy"].tolist() == ["a", "a", "b"]
    assert not np.signbit(back["value"]).any()


def test_words_keep_their_closed_order_through_a_file(tmp_path):
    columns = {name: [0, 0] for name in tables.table("audits").names}
    columns |= {"policy": "a", "sanction": "", "found": [True, False], "at_s": [1.0, 0.0]}
    rows = tables.frame("audits", columns)
    tables.write("audits", rows, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(tables.read("audits", tmp_path / "a.parquet"),
                                  rows.sort_values("at_s").reset_index(drop=True))
    cases = {name: [0] for name in tables.table("cases").names} | {"purpose": ["emergency"]}
    assert tables.frame("cases", cases)["purpose"].cat.categories[0] == "criminal_case"
    with pytest.raises(InputError, match="write emergency"):
        tables.frame("cases", cases | {"purpose": ["emergenci"]})
    with pytest.raises(InputError, match="codes below"):
        tables.frame("cases", cases | {"purpose": [200]})


def test_a_value_that_is_not_a_number_is_never_written(tmp_path):
    rows = tables.frame("metrics", METRICS | {"value": [1.0, float("nan"), 2.0]})
    with pytest.raises(InputError, match="leave the row out"):
        tables.write("metrics", rows, tmp_path / "a.parquet")


def test_every_column_has_a_sentence_and_a_unit():
    for table in tables.TABLES.values():
        assert set(table.keys) <= set(table.names)
        assert len(set(table.names)) == len(table.names)
        for column in table.columns:
            assert column.says
            assert column.unit
            assert (column.dtype == "word") == bool(column.words)
        assert list(tables.empty(table.name).columns) == table.names


def test_a_file_of_another_table_is_refused(tmp_path):
    tables.write("metrics", tables.frame("metrics", METRICS), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="the columns of acts"):
        tables.read("acts", tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:50])
    with pytest.raises(InputError, match="Parquet table"):
        tables.read("metrics", tmp_path / "b.parquet")


def test_a_bad_facts_file_names_its_line(tmp_path):
    path = tmp_path / "facts.csv"
    head = "id,value,low,high,unit,law,group,source,status\n"
    for row, word in (
        ("a,x,,,m,fixed,,book,R", "numbers"), ("a,1,2,3,m,fixed,,book,R", "low ≤ value ≤ high"),
        ("a,1,,,m,fixed,,,R", "a source"),
        ("a,1,,,m,fixed,,book,guess", "status"), ("a,1,,,m,fixed,,book,R\na,2,,,m,fixed,,book,R", "line 3"),
    ):
        path.write_text(head + row + "\n")
        with pytest.raises(InputError, match=word):
            read_facts(path)
    path.write_text("id,value\n")
    with pytest.raises(InputError, match="the columns"):
        read_facts(path)


def test_every_shipped_fact_has_a_source_a_unit_and_a_range():
    for fact in facts().values():
        assert fact.source
        assert fact.unit
        assert fact.low <= fact.value <= fact.high


def test_marks_are_uniform_and_independent_of_the_order_in_which_they_are_drawn():
    key = draws.stream_key(185, 0, "test")
    ids = np.arange(200_000)
    u = draws.uniforms(key, ids, 2)
    # standard errors: mean 1/√(12 n), correlation 1/√n
    assert abs(u.mean() - 0.5) < 4 / np.sqrt(12 * u.size)
    assert abs(np.corrcoef(u[:, 0], u[:, 1])[0, 1]) < 4 / np.sqrt(len(ids))
    assert abs(np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]) < 4 / np.sqrt(len(ids))
    counts = np.bincount((u[:, 0] * 64).astype(int), minlength=64)
    assert ((counts - len(ids) / 64) ** 2 / (len(ids) / 64)).sum() < 63 + 5 * np.sqrt(2 * 63)
    np.testing.assert_array_equal(u[::-7], draws.uniforms(key, ids[::-7], 2))
    np.testing.assert_array_equal(u[:, 1], draws.uniform(key, ids, 1))
    assert u.min() > 0
    assert u.max() < 1


def test_streams_replicates_and_seeds_are_unrelated():
    ids = np.arange(50_000)
    first = draws.uniform(draws.stream_key(1, 0, "a"), ids)
    for key in (draws.stream_key(1, 0, "b"), draws.stream_key(1, 1, "a"), draws.stream_key(0, 0, "a")):
        assert abs(np.corrcoef(first, draws.uniform(key, ids))[0, 1]) < 4 / np.sqrt(len(ids))


def test_single_events_have_eight_marks_and_children_ids_of_their_own():
    marks = np.array([draws.marks(5, i) for i in range(5_000)])
    assert marks.shape == (5_000, 8)
    assert abs(marks.mean() - 0.5) < 4 / np.sqrt(12 * marks.size)
    children = {draws.child_id(parent, kind, n) for parent in range(300) for kind in "ab" for n in range(10)}
    assert len(children) == 6_000
    assert all(0 <= child < 2**63 for child in children)


def test_jitter_stays_within_its_span_and_reaches_it():
    jitter = draws.day_jitter(draws.hashes(3, np.arange(2_000)), -30, 60, 20)
    assert jitter.min() == -20
    assert jitter.max() == 20
    again = draws.day_jitter(draws.hashes(3, np.arange(2_000))[5:6], -20, 10, 20)
    np.testing.assert_array_equal(again[0], jitter[5, 10:20])


def test_the_draws_do_not_depend_on_the_hash_seed():
    code = "from privacysim.draws import *; print(marks(1, 2)[0], child_id(1, 'a', 0), stream_key(1, 2, 's'))"
    outs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True,
                       check=True).stdout
        for seed in ("1", "2")
    }
    assert len(outs) == 1
