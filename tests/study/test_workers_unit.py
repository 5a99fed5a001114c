"""Workers are believed only with the source and facts of the run; whatever else an executor does is a sentence."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace as Namespace

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError, ResultsError
from privacysim.simulation import unit_parts
from privacysim.simulation.inputs import files_of
from privacysim.simulation.unit_parts import Unit, UnitParts, believed, guarded, made_here
from privacysim.study import estimate
from privacysim.study.running import Runner

PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 2, "replicates": 2}


@pytest.fixture
def toy(monkeypatch, tmp_path, toy_units):
    toy_units(monkeypatch, tmp_path / "cache")
    return ps.Study(**PARTS)


class Given(ThreadPoolExecutor):
    """An executor that changes what its work returns."""

    def __init__(self, change) -> None:
        super().__init__(1)
        self.change = change

    def submit(self, work, *given):
        future: Future = Future()
        try:
            future.set_result([self.change(part) for part in work(*given)])
        except BaseException as error:
            future.set_exception(error)
        return future


def run(toy, change):
    return toy.run(open_executor=lambda: Given(change), workers=1)


@pytest.mark.parametrize("rubbish", [None, "done", 7, {"unit": [0, 0]}])
def test_an_executor_that_returns_rubbish_is_an_error(rubbish, toy):
    with pytest.raises(ResultsError, match=f"returned {type(rubbish).__name__}"):
        run(toy, lambda part: rubbish)


def test_a_worker_with_other_facts_or_source_is_refused_by_its_name(toy):
    with pytest.raises(ResultsError, match="The worker node7:12 has other source code or facts"):
        run(toy, lambda part: dataclasses.replace(part, made_by=f"{'f' * 64} node7:12"))
    with pytest.raises(ResultsError, match="of an earlier version"):
        run(toy, lambda part: dataclasses.replace(part, made_by=""))
    assert len(run(toy, lambda part: part).metrics)


def test_the_digest_of_a_worker_follows_its_facts(monkeypatch):
    unit = UnitParts(Unit(0, 0), {})
    here = made_here()
    assert believed(unit.unit, guarded(lambda _: unit, unit.unit)) == unit
    monkeypatch.setattr(unit_parts, "data_digests", lambda: {"facts.csv": "0" * 64})
    made_here.cache_clear()
    there = made_here()
    made_here.cache_clear()
    assert there.split()[0] != here.split()[0]
    assert there.split()[1] == here.split()[1]


def test_a_worker_whose_map_differs_refuses_the_unit(tmp_path):
    town = tmp_path / "cameras.csv"
    town.write_text("lat,lon\n60.17,24.94\n")
    inputs = ps.Study(**PARTS).inputs()
    cameras = inputs.scenario.cameras.model_copy(update={"file": str(town)})
    moved = dataclasses.replace(inputs, scenario=inputs.scenario.model_copy(update={"cameras": cameras}))
    assert files_of(moved.scenario) == {"cameras.file": files_of(moved.scenario)["cameras.file"]}
    with pytest.raises(InputError, match="the files that this study was started with"):
        Runner()(moved, "", None, Unit(0, 0))


def test_a_failing_scheduler_is_a_sentence_with_its_cure(toy):
    def gone(part):
        raise OSError("Timed out trying to connect to tcp://127.0.0.1:8786")

    with pytest.raises(ResultsError) as error:
        run(toy, gone)
    assert str(error.value).splitlines() == [
        "The executor of the units failed (OSError: Timed out trying to connect to tcp://127.0.0.1:8786).",
        "  Fix: check that its scheduler and workers run, then run again with --resume.",
    ]


def test_a_caller_who_lets_numpy_raise_gets_the_same_results(toy):
    quiet = toy.run(workers=1)
    with np.errstate(all="raise"):
        strict = toy.run(workers=1)
        assert not strict.failures
        assert strict.compare().rows.equals(quiet.compare().rows)
    part = guarded(lambda unit: UnitParts(unit, {"a": {"m": {"x": float(np.exp(np.float64(-800.0)))}}}), Unit(0, 0))
    with np.errstate(all="raise"):
        assert part.arms["a"]["m"]["x"] == 0.0


def test_a_run_that_this_machine_cannot_do_ends_after_its_first_unit_unless_one_insists(toy, tmp_path):
    def change(part):
        return dataclasses.replace(part, cost={"cpu_s": {"exposure": 90_000.0}})

    with pytest.raises(ResultsError, match="of time") as error:
        toy.run(open_executor=lambda: Given(change), workers=1, out=tmp_path / "r")
    assert "--yes" in str(error.value)
    assert len(list((tmp_path / "r").rglob("r*-b*.json"))) == 1, "what was done is kept"
    done = toy.run(open_executor=lambda: Given(change), workers=1, out=tmp_path / "r", resume=True, yes=True)
    assert len(done.metrics)
    estimate.refuse_too_large(UnitParts(Unit(0, 0), {}, cost={"cpu_s": {"compilation": 1e9}}), 10, 1, None)
    large = UnitParts(Unit(0, 0), {}, cost={"resident_mb": {"people": 1e9}})
    with pytest.raises(ResultsError, match="of memory"):
        estimate.refuse_too_large(large, 10, 1, None)
    estimate.refuse_too_large(large, 10, 1, None, elsewhere=True)


@pytest.mark.parametrize("name", ["headline", "committee", "how_sure"])
def test_a_run_is_foretold_within_a_factor_of_three_before_it_begins(name):
    """The committed manifests say what three studies of Guangzhou took."""
    path = Path(__file__).parents[2] / "notebooks" / "saved" / name / "manifest.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    people = Namespace(number=said["scenario"]["people"])
    inputs = Namespace(plan=Namespace(days=said["study"]["days"], sample=said["study"]["sample"]), arms=said["arms"],
                       replicates=said["replicates"], worlds=said["study"]["worlds"],
                       scenario=Namespace(population=Namespace(people=people)))  # fmt: skip
    took = sum(said["cost"]["cpu_s"].values()) / 60
    spent, sentence = estimate.foreseen(inputs, 2, anyway=False)
    assert took / 3 < spent / 60 < 3 * took
    assert f"about {spent / 60:,.0f} min of CPU time, shared by 2 workers (" in sentence
    assert ("with those of worlds" in sentence) == (inputs.worlds > 0)
    inputs.replicates, inputs.worlds = [0], 0
    assert "by 1 worker (1 replicate;" in estimate.foreseen(inputs, 1, anyway=False)[1]
    inputs.replicates = range(1_000_000)
    with pytest.raises(ResultsError, match="of time") as error:
        estimate.foreseen(inputs, 2, anyway=False)
    assert "--yes" in str(error.value)
    assert "about" in estimate.foreseen(inputs, 2, anyway=True)[1]


def test_a_sample_of_more_people_than_there_are_is_reported_as_these():
    assert ps.Study(**PARTS, sample=99_999_999).inputs().plan.sample == 100_000
