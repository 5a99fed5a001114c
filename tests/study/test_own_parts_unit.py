"""Parts from outside: none answers without a word, with one worker or two, here or in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.governance import Context
from privacysim.governance.desk import Desk, Hours
from privacysim.metrics import Rows
from privacysim.policy import load_policy
from privacysim.results import load_results
from privacysim.scenario import load_scenario
from privacysim.study import verify
from privacysim.study.executor import processes

PEOPLE = {"value": 3_000, "assumption": "a village for tests"}
VILLAGE = {"id": "village", "title": "A village", "city": {"kind": "synthetic", "area_km2": {
    "value": 0.5, "assumption": "a village for tests"}}, "population": {"people": PEOPLE}}  # fmt: skip
SMALL = {"scenario": VILLAGE, "policies": ["notice_only", "order_799"], "days": 1, "sample": 200, "replicates": 2}
HOUR_S = 1800.0


def at_least(seconds):
    return seconds > HOUR_S


@ps.metric(of="people", title="people in view for half an hour", unit="people", direction="lower")
def long_stays(seen):
    """Weighted number of people who are identifiable for half an hour."""
    return at_least(seen.identifiable_s[:, :, 1].sum(axis=1))


@ps.metric(of="records", title="acts", unit="acts")
def acts_of_mine(seen):
    return Rows(seen.act_root)


class Drones(ps.Process):
    """An own leak: a drone films a street now and then, and nobody notices."""

    incidents: ClassVar = {"drone": ("drone",)}

    def __init__(self, per_day=20.0):
        self.per_day = per_day

    def start(self, context):
        self.context = context
        self.ids, self.ticks = context.arrivals("drones", per_day=self.per_day)

    def write(self, books):
        inside = (self.ticks >= 0) & (self.ticks < self.context.end)
        number, at = Context.numbers("drones", self.ids[inside]), self.ticks[inside]
        books.incidents.add(at.size, incident_id=number, custodian_id=number, kind="drone", opened_t=at, audience=1.0)
        books.acts.add(at.size, source="drone", source_id=number, camera_id=np.zeros(at.size, dtype=int),
                       from_t=at - 600, to_t=at, at_t=at, actor="curious", viewer=number, act="view",
                       purpose="curiosity", audience=1.0)  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "r"
    study = ps.Study(**SMALL, metrics=[long_stays, acts_of_mine])
    return study.run(open_executor=processes(1), workers=1, out=folder)


def test_an_own_metric_is_measured_by_a_spawned_worker_as_it_is_here(ran):
    alone = ps.Study(**SMALL, metrics=[long_stays, acts_of_mine]).run(workers=1)
    assert alone.run_id == ran.run_id
    assert alone.metrics.equals(ran.metrics)
    rows = ran.metrics[ran.metrics["metric"] == "acts_of_mine"]
    assert len(rows) == 4
    assert (rows["value"] == rows["contributors"]).all()
    assert (rows["unit"] == "acts").all()


def test_a_changed_metric_or_helper_is_another_run_and_never_reads_the_old_results(ran, monkeypatch):
    ids = [ran.run_id]
    for limit in (1.0, 2.0):
        monkeypatch.setattr(sys.modules[__name__], "HOUR_S", limit)
        changed = ps.Study(**SMALL, metrics=[long_stays, acts_of_mine])
        ids.append(changed.inputs().run_id)
        with pytest.raises(ps.PrivacysimError, match="another run"):
            changed.run(workers=1, out=ran.folder)
    monkeypatch.setattr(sys.modules[__name__], "at_least", lambda seconds: seconds > 5)
    ids.append(ps.Study(**SMALL, metrics=[long_stays, acts_of_mine]).inputs().run_id)
    assert len(set(ids)) == len(ids)


def test_saved_results_are_verified_compared_and_shown_where_the_metric_is_not_installed(ran):
    code = ("import sys, privacysim as ps; from privacysim.study import verify; r = ps.load_results(sys.argv[1]); "
            "c = r.compare(); print(c.table(['long_stays'])['metric'].iloc[0]); print(c.rows.metric.nunique()); "
            "assert r.query('select count(*) n from metrics').n[0] == len(r.metrics); print(verify(sys.argv[1]).wrong)")
    told = subprocess.run([sys.executable, "-c", code, str(ran.folder)], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONHASHSEED": "5"})  # fmt: skip
    title, metrics, wrong = told.stdout.splitlines()
    assert title == "people in view for half an hour"
    assert int(metrics) == ran.compare().rows["metric"].nunique()
    assert wrong == "[]"
    saved = load_results(ran.folder)
    assert saved.compare().rows.equals(ran.compare().rows)
    assert "acts_of_mine" in set(saved.compare().rows["metric"])


def test_the_results_folder_keeps_name_kind_digest_and_source_of_every_part(ran):
    manifest = json.loads((ran.folder / "manifest.json").read_text())
    assert [(one["kind"], one["name"]) for one in manifest["brought"]] == [
        ("metrics", "long_stays"), ("metrics", "acts_of_mine")]  # fmt: skip
    digest = manifest["brought"][0]["digest"]
    source = ran.folder / "inputs" / "brought" / f"{digest[:16]}.py"
    assert "def long_stays(seen)" in source.read_text()
    assert f"inputs/brought/{source.name}" in manifest["files"]
    said = next(one for one in manifest["metrics"] if one["name"] == "long_stays")
    assert (said["title"], said["direction"], said["unit"]) == ("people in view for half an hour", "lower", "people")


def test_a_changed_policy_object_runs_as_it_is_and_is_saved_as_it_is(tmp_path):
    shipped = load_policy("order_799")
    assert shipped.retention is not None
    public = shipped.retention.public.model_copy(update={"keep": 86_400.0, "floor": None})
    changed = shipped.model_copy(update={"retention": shipped.retention.model_copy(update={"public": public})})
    study = ps.Study(**SMALL | {"policies": ["notice_only", changed]})
    arm = study.inputs().arm("order_799")
    assert arm.policy.retention.public.keep == 86_400.0
    assert study.inputs().run_id != ps.Study(**SMALL).inputs().run_id
    same = ps.Study(**SMALL | {"policies": ["notice_only", shipped]})
    assert same.inputs().run_id == ps.Study(**SMALL).inputs().run_id
    results = study.run(workers=1, out=tmp_path / "r")
    assert verify(tmp_path / "r").wrong == []
    assert load_results(tmp_path / "r").run_id == results.run_id == study.inputs().run_id


def test_a_policy_or_scenario_may_be_a_dict_or_an_object():
    said = {"id": "week", "extends": "order_799", "title": {"en": "Seven days"}, "status": "hypothetical",
            "retention": {"public": {"keep": "7 d", "assumption": "a reform"}}}  # fmt: skip
    inputs = ps.Study(**SMALL | {"policies": ["notice_only", said]}).inputs()
    assert inputs.arm("week").policy.retention.public.keep == 7 * 86_400.0
    assert inputs.scenario.population.people.number == 3_000
    from_object = ps.Study(**SMALL | {"scenario": load_scenario("guangzhou_district")}).inputs()
    assert from_object.run_id == ps.Study(**SMALL | {"scenario": "guangzhou_district"}).inputs().run_id


def test_an_own_process_changes_the_log_and_the_run_id_and_is_verified_from_its_folder(tmp_path):
    made = SMALL | {"processes": (*ps.DEFAULT, Drones())}
    log = ps.Simulation(**{key: value for key, value in made.items() if key != "replicates"}).logs["order_799"]
    assert (log.incidents["kind"].astype(str) == "drone").sum() > 3
    usual, other = ps.Study(**SMALL), ps.Study(**made | {"processes": (*ps.DEFAULT, Drones(5.0))})
    results = ps.Study(**made).run(workers=1, replicate=0, out=tmp_path / "r")
    assert len({usual.inputs(0).run_id, other.inputs(0).run_id, results.run_id}) == 3
    assert verify(tmp_path / "r").wrong == []
    assert load_results(tmp_path / "r").manifest["brought"][0]["kind"] == "processes"


class MorningDesk(Desk):
    """An own desk that is open for one hour a day."""

    def __init__(self, env, officers, hours, level=""):
        super().__init__(env, 1, Hours(8 * 36_000, 9 * 36_000), level)


def test_an_own_desk_approves_later_is_another_run_and_is_verified_from_its_folder(tmp_path):
    busy = VILLAGE | {"access": {"cases_per_month": {"value": 2e6, "assumption": "a village with many cases"}}}
    made = SMALL | {"scenario": busy, "replicates": 1}
    one = {key: value for key, value in made.items() if key != "replicates"}
    usual, own = (ps.Simulation(**one, **desk).logs["notice_only"].requests for desk in ({}, {"desk": MorningDesk}))
    decided = [log[log["approver"] == "case_department_head"]["decided_s"].notna().sum() for log in (usual, own)]
    assert decided[1] < decided[0]
    results = ps.Study(**made, desk=MorningDesk).run(workers=1, replicate=0, out=tmp_path / "r")
    assert results.run_id != ps.Study(**made).inputs(0).run_id
    assert verify(tmp_path / "r").wrong == []
    assert load_results(tmp_path / "r").manifest["brought"][0]["kind"] == "desk"


def streets(block_m=100.0):
    corners = [(a * block_m, b * block_m) for a in range(5) for b in range(5)]
    ends = [(x, y, x + block_m, y) for x, y in corners] + [(x, y, x, y + block_m) for x, y in corners]
    return pd.DataFrame(ends, columns=["from_x_m", "from_y_m", "to_x_m", "to_y_m"])


def test_own_streets_people_and_cameras_are_used_counted_and_verified_from_their_folder(tmp_path):
    cameras = pd.DataFrame({"x_m": [100.0, 200.0, 305.0], "y_m": [105.0, 195.0, 300.0]})
    homes = pd.DataFrame({"home_place": np.arange(30) % 9, "weight": 50.0})
    own = {"city": streets(), "people": homes, "cameras": cameras}
    sim = ps.Simulation(**{key: value for key, value in SMALL.items() if key != "replicates"}, **own)
    assert sorted(set(np.asarray(sim.city.node_x)))[-1] == 500.0
    assert len(sim.world.cameras) == 3
    assert len(sim.people) == 30
    assert sim.people["weight"].sum() == pytest.approx(1_500.0)
    ids = [ps.Study(**SMALL, **changed).inputs(0).run_id for changed in (
        {}, own, own | {"city": streets(99.0)}, own | {"people": homes.assign(weight=51.0)},
        own | {"cameras": cameras.assign(y_m=1.0)})]  # fmt: skip
    assert len(set(ids)) == 5
    results = ps.Study(**SMALL, **own).run(workers=1, replicate=0, out=tmp_path / "r")
    assert results.run_id == ids[1]
    assert results.metrics.equals(sim.metrics)
    assert verify(tmp_path / "r").wrong == []


@pytest.mark.parametrize(("key", "value", "named"), [
    ("policies", [3], "a Policy, a dict or a Reform"), ("policies", "notice_only", "put it in a list"),
    ("scenario", 3, "a Scenario or a dict"), ("metrics", [len], "ps.metric"), ("metrics", "equity", "put it in a list"),
    ("metrics", ["long_stay"], "a known metric"), ("metrics", [long_stays, long_stays], "each metric once"),
    ("policies", [{"id": "x", "title": {"en": "x"}, "extends": "order_798", "status": "draft"}], "order_799"),
    ("city", "nowhere", "cities"),
    ("people", "people.csv", "read the file first"), ("desk", threading.Lock(), "cannot be copied"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence(key, value, named):
    with pytest.raises(InputError) as error:
        ps.Study(**SMALL | {key: value}).inputs()
    assert named in str(error.value)
    assert len(str(error.value).splitlines()) == 3


def test_a_metric_that_cannot_be_shipped_is_refused_before_anything_runs():
    lock = threading.Lock()

    @ps.metric(of="people")
    def locked(seen):
        with lock:
            return seen.weight

    with pytest.raises(InputError, match="metrics, locked") as error:
        ps.Study(**SMALL, metrics=[locked])
    assert "inside the function" in str(error.value)


def test_a_metric_that_gives_one_sum_where_people_are_wanted_says_what_to_return(monkeypatch):
    @ps.metric(of="people")
    def one_number(seen):
        return seen.weight.sum()

    with pytest.raises(InputError, match="metric one_number: expected one number per person"):
        ps.Study(**SMALL, metrics=[one_number]).run(workers=1, replicate=0)


def test_a_metric_of_a_dask_worker_is_shipped_by_value(ran):
    distributed = pytest.importorskip("distributed")
    study = ps.Study(**SMALL, metrics=[long_stays, acts_of_mine])
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                 dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as client,
    ):
        across = study.run(open_executor=client.get_executor, workers=1)
    assert across.metrics.equals(ran.metrics)


def test_a_policy_under_another_name_is_said_to_be_equal_byte_for_byte_and_no_other():
    twin = load_policy("notice_only").model_copy(update={"id": "twin"})
    results = ps.Study(**SMALL | {"policies": ["notice_only", twin, "order_799"]}).run(workers=1)
    rows = results.compare(baseline="notice_only").rows
    noted = rows[(rows["policy"] != "notice_only") & rows["note"].str.contains("byte for byte in every replicate")]
    assert set(noted["policy"]) == {"twin"}
    assert len(noted) > 20
    assert results.compare(baseline="twin").rows["note"].str.contains("byte for byte").any()
