"""Replicates until the answer is narrow enough: where it stops, what it says, and that stopping changes no number."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import InputError, ResultsError
from privacysim.metrics import METRICS
from privacysim.results.results import Results
from privacysim.results.summary_rows import difference_of, ratio_of
from privacysim.simulation.unit_parts import UnitParts
from privacysim.study.precision import Precision, in_words
from tests.helpers.toy_study import ToyRunner, run_unit

PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 3}
PRIMARY = "people_identified_by_outsiders"
NO_NOTES = pd.DataFrame(columns=["policy", "replicate", "metric", "curve", "note"])


@pytest.fixture
def toy(monkeypatch, tmp_path, toy_units):
    """Units that cost nothing: the two arms share their noise but for marks of their own, of half a percent."""
    toy_units(monkeypatch, tmp_path / "cache")
    return ps.Study(**PARTS)


def widest(results: Results) -> float:
    """The widest half-width of the primary metric's ratios, as a share of the larger mean: by its definition."""
    rows = results.compare().rows
    rows = rows[(rows["metric"] == PRIMARY) & rows["ratio_low"].notna()]
    return float(((rows["ratio_high"] - rows["ratio_low"]) / 2 / rows["ratio"].clip(lower=1.0)).max())


def test_a_study_stops_at_the_first_look_that_is_narrow_enough_and_is_the_study_of_so_many_replicates(toy):
    found = toy.run("precision:0.05%", workers=1)
    done, told = len(found.manifest["replicates"]), found.manifest["precision"]
    assert 20 < done < 200, "neither ten nor twice as many are enough for this aim, and the cap is far"
    assert told == {"of": "replicates", "aim": 0.0005, "cap": 200, "reached": True, "half_width": widest(found)}
    assert widest(found) <= 0.0005
    plain = ps.Study(**PARTS, replicates=done).run(workers=1)
    assert found.metrics.equals(plain.metrics)
    assert found.run_id == plain.run_id
    assert widest(ps.Study(**PARTS, replicates=10).run(workers=1)) > 0.0005, "the first look was not narrow enough"


def test_an_aim_beyond_the_cap_ends_at_the_cap_and_says_so(toy):
    found = toy.run("precision:0.001%:25", workers=1)
    assert found.manifest["replicates"] == list(range(25)), "10, at most doubled, and the cap"
    told = found.manifest["precision"]
    assert (told["reached"], told["cap"], told["half_width"]) == (False, 25, widest(found))
    said = in_words(told)
    assert said.startswith("precision 0.001 %: not reached within 25 replicates; the widest half-width is 0.")


def test_a_folder_of_the_same_aim_is_read_and_of_another_aim_refused(toy, tmp_path, monkeypatch):
    first = toy.run("precision:5%", workers=1, out=tmp_path / "r")
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(lambda *_: pytest.fail("it was run again")))
    assert toy.run("precision:5%", workers=1, out=tmp_path / "r").metrics.equals(first.metrics)
    for other in ("precision:4%", "precision:5%:300"):
        with pytest.raises(ResultsError) as error:
            toy.run(other, workers=1, out=tmp_path / "r")
        lines = str(error.value).splitlines()
        assert f"this one is of {first.manifest['family_id']}, to a precision" in lines[0]
        assert lines[1] == "  Fix: name another folder with --out, or replace them with --force."


def a_world(inputs, wanted_tables, folder, unit) -> UnitParts:
    """A unit whose policy has the ratio (j + 1) / 1000 to the baseline in world j, so that its quantiles are known."""
    part = run_unit(inputs, wanted_tables, folder, unit)
    sums = {"low": 1000.0, "high": 1000.0, "squares_low": 1.0, "squares_high": 1.0}
    shares = {"notice_only": 1.0, "order_799": ((unit.world or 0) * 617 % 1000 + 1) / 1000}
    arms = {arm: {PRIMARY: {key: value * share for key, value in sums.items()}} for arm, share in shares.items()}
    return replace(part, arms=arms, heard=())


@pytest.fixture
def worlds(toy, monkeypatch):
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(a_world))
    return toy


def ends(count: int) -> float:
    """Half-width of the wider interval of the two ends, from the binomial law, in this test's own words."""
    y = sorted((j * 617 % 1000 + 1) / 1000 for j in range(count))
    few = [sum(math.comb(count, i) * 0.025**i * 0.975 ** (count - i) for i in range(k + 1)) for k in range(count)]
    low = next(k for k in range(count) if few[k] >= 0.025)  # so many lie below the quantile, or more
    high = next(k for k in range(count) if few[k] >= 0.975) + 1
    return max(y[high - 1] - y[low - 1], y[count - low] - y[count - high]) / 2


def test_worlds_are_added_until_both_ends_of_the_range_are_settled_and_are_those_of_so_many_worlds(worlds):
    looks: list[int] = []
    found = worlds.run(2, worlds="precision:1.8%", workers=1, first=lambda results: looks.append(results.worlds.size))
    done, told = found.inputs.worlds, found.manifest["precision"]
    assert 146 < done < 600
    assert told == {"of": "worlds", "aim": pytest.approx(0.018), "cap": 600, "reached": True,
                    "half_width": pytest.approx(ends(done))}  # fmt: skip
    assert ends(146) > 0.018 >= ends(done)
    assert found.manifest["replicates"] == [0, 1]
    assert len(looks) == 1, "the first results are told once"
    plain = ps.Study(**PARTS, replicates=2, worlds=done).run(workers=1)
    assert found.worlds.equals(plain.worlds)
    assert (found.run_id, found.manifest["study"]) == (plain.run_id, plain.manifest["study"])


def test_worlds_stop_at_their_hard_limit_and_the_answer_says_so(worlds, tmp_path):
    found = worlds.run(2, worlds="precision:0.01%:200", workers=1, out=tmp_path / "r")
    told = found.manifest["precision"]
    assert (found.inputs.worlds, told["reached"]) == (200, False)
    assert in_words(told) == (f"precision 0.01 % of the range over worlds: not reached within 200 worlds; "
                              f"the widest half-width is {100 * ends(200):.2g} %")
    assert worlds.run(2, worlds="precision:0.01%:200", workers=1, out=tmp_path / "r").worlds.equals(found.worlds)
    for count, other in ((3, "precision:0.01%:200"), (2, "precision:0.02%:200")):
        with pytest.raises(ResultsError, match="to a precision"):
            worlds.run(count, worlds=other, workers=1, out=tmp_path / "r")


def test_worlds_without_any_ratio_are_not_multiplied(worlds, monkeypatch):
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(lambda *given: replace(a_world(*given), arms={
        arm: {PRIMARY: dict.fromkeys(("low", "high", "squares_low", "squares_high"), 0.0)}
        for arm in ("notice_only", "order_799")})))  # fmt: skip
    found = worlds.run(2, worlds="precision:5%", workers=1)
    assert found.inputs.worlds == 146
    said = in_words(found.manifest["precision"])
    assert said == "precision 5 % of the range over worlds: not reached; too few worlds have a ratio"


@pytest.mark.parametrize("text", ["precision", "precision:", "precision:0%", "precision:100%", "precision:5",
                                  "precision:-5%", "5%", "precision:5%:x"])  # fmt: skip
def test_what_is_no_precision_is_said_with_one_that_is(text):
    with pytest.raises(InputError) as error:
        Precision.read(text)
    assert str(error.value).splitlines() == [
        "--replicates: expected a number, or a precision such as precision:5%.", f"  Got: {text}",
        "  Fix: write precision:5%, or precision:5%:400 for another cap than 200.",
    ]  # fmt: skip


def test_a_cap_below_the_fewest_replicates_and_contradicting_wishes_are_refused(toy):
    with pytest.raises(InputError, match="a cap of at least 10"):
        Precision.read("precision:5%:9")
    with pytest.raises(InputError, match="a cap of at least 146"):
        Precision.read("precision:5%:145", "worlds")
    with pytest.raises(InputError, match="a precision of replicates or of worlds"):
        toy.run("precision:5%", worlds="precision:5%")
    with pytest.raises(InputError, match="a precision, or one replicate alone"):
        toy.run("precision:5%", replicate=1)
    with pytest.raises(InputError, match="a number from 1 on"):
        toy.run(0)


def results(values: dict[str, list[float]], gammas: dict[str, float], contributors: int = 50) -> Results:
    """Results of the primary metric on the low curve, written by hand; the baseline is `a`."""
    rows = [(arm, k, PRIMARY, "low", float(v), METRICS[PRIMARY].unit, contributors if v else 0)
            for arm, series in values.items() for k, v in enumerate(series)]  # fmt: skip
    columns = dict(zip(tables.table("metrics").names, map(list, zip(*rows, strict=True)), strict=True))
    study = {"baseline": "a", "primary": PRIMARY, "start": "transition", "sample": 100}
    manifest = {"arms": [{"id": arm, "title": arm} for arm in values], "study": study, "scenario": {},
                "replicates": list(range(len(rows) // len(values)))}  # fmt: skip
    skewness = {(which, PRIMARY, "low"): gamma for arm, gamma in gammas.items()
                for which in (arm, ratio_of(arm, "a"), difference_of(arm, "a"))}  # fmt: skip
    return Results(manifest, tables.frame("metrics", columns), NO_NOTES, skewness)


WAVES = [10.0 + math.sin(3 * k) for k in range(10)]
OTHER = [7.0 + math.cos(5 * k) for k in range(10)]


def test_a_look_asks_for_replicates_by_the_square_of_what_is_missing():
    """The half-width falls as 1/√R: half as wide takes four times as many."""
    one = results({"a": WAVES, "b": OTHER}, {"a": 0.1, "b": 0.1})
    width, _ = Precision(0.05).look(one)
    assert width == widest(one)
    for share in (2.0, 3.0):
        found, needed = Precision(width / share).look(one)
        assert found == width
        assert needed in {math.ceil(10 * share**2), math.ceil(10 * share**2) + 1}  # a rounding above a whole number
    assert Precision(2 * width).look(one)[1] <= 10, "narrow enough: no more are asked for"


def test_arms_that_are_identical_or_nothing_ask_for_no_replicates():
    alike = results({"a": WAVES, "same": WAVES, "none": [0.0] * 10}, {"a": 0.1, "same": 0.1})
    assert Precision(0.05).look(alike) == (0.0, 0)


def test_a_skewed_metric_asks_for_the_replicates_that_its_skewness_needs():
    """25 · γ²: at γ = 1 an interval is printed from 25 replicates on, so that is what the look asks for."""
    assert Precision(0.5).look(results({"a": WAVES, "b": OTHER}, {"a": 0.1, "b": 1.0})) == (None, 25)
    assert Precision(0.5).look(results({"a": WAVES, "b": OTHER}, {"a": 0.1, "b": 1.2})) == (None, 36)


def test_where_no_number_of_replicates_helps_none_are_asked_for():
    few = results({"a": WAVES, "b": OTHER}, {"a": 0.1, "b": 0.1}, contributors=2)
    unknown = results({"a": WAVES, "b": OTHER}, {"a": 0.1})
    for one in (few, unknown):
        assert Precision(0.05).look(one) == (None, 0)
    told = {"aim": 0.05, "cap": 200, "reached": False, "half_width": None}
    assert in_words(told) == "precision 5 %: not reached; some intervals are withheld, see their notes"


def test_what_a_precision_came_to_is_one_sentence():
    assert in_words(None) == ""
    reached = in_words({"aim": 0.025, "cap": 200, "reached": True, "half_width": 0.0213})
    assert reached == "precision 2.5 %: reached; the widest half-width of the primary metric is 2.1 %"
    assert np.isfinite(widest(results({"a": WAVES, "b": OTHER}, {"a": 0.1, "b": 0.1})))
