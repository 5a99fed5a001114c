"""The real chain in a district and on Helsinki's mapped streets: same bytes, one replicate alone, tables that agree."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import ResultsError
from privacysim.simulation import unit as tables_out
from privacysim.study import verify
from privacysim.study.running import PILOT, Runner

SMALL = {"days": 2, "sample": 1_500, "replicates": 2}
ROOT = Path(ps.__file__).parent.parent


@pytest.fixture(scope="module")
def small():
    return ps.Study("preview", **SMALL)


@pytest.fixture(scope="module")
def done(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("preview") / "r"
    return folder, small.run(workers=1, out=folder, tables="seen")


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_spawned_workers_and_another_hash_seed_give_the_same_bytes(workers, done, tmp_path):
    code = ("import privacysim as ps; from privacysim.study.executor import processes; "
            f"ps.Study('preview', **{SMALL!r}).run(open_executor=processes({workers}), workers={workers}, out='r')")
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    for name in ("metrics.parquet", "summary.csv"):
        assert (tmp_path / "r" / name).read_bytes() == (done[0] / name).read_bytes()


def test_a_replicate_alone_has_the_numbers_that_it_has_among_others(small, done):
    alone = small.run(replicate=1, workers=1).metrics
    among = done[1].metrics
    assert among[among["replicate"] == 1].reset_index(drop=True).equals(alone)
    assert not among[among["replicate"] == 0].reset_index(drop=True)["value"].equals(alone["value"])


@pytest.mark.slow  # `test_cluster_property` has a cluster of toy units in every run
def test_the_first_two_of_three_replicates_are_the_study_of_two_and_a_cluster_gives_the_same(done):
    """The real chain: serial, spawned processes (above) and a Dask cluster's own processes give the same numbers."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True,
                                 dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as client,
    ):
        three = ps.Study("preview", **{**SMALL, "replicates": 3}).run(open_executor=client.get_executor, workers=2)
    first = three.metrics[three.metrics["replicate"] < 2].reset_index(drop=True)
    assert first.equals(done[1].metrics)


def test_the_saved_inputs_give_the_same_numbers_again(done):
    assert verify(done[0], 1).wrong == []


def test_where_there_are_no_cameras_nobody_is_seen(done):
    metrics = done[1].metrics
    none = metrics[metrics["policy"] == "no_cameras"]
    assert len(none) > 20
    assert (none["value"] == 0).all()
    authorised = metrics["metric"] == "people_identified[legality=authorised]"
    watched = metrics[(metrics["policy"] == "notice_only") & authorised]
    assert (watched["value"] > 0).all(), "the test would pass with a model that sees nothing"


def test_metrics_of_people_are_sums_over_the_saved_exposure_table(done):
    folder, results = done
    exposure = tables.read("exposure", folder / "tables" / "exposure")
    people = tables.read("people", folder / "tables" / "people")
    rows = exposure.merge(people[["replicate", "person_id", "weight"]], on=["replicate", "person_id"])
    rows["hours"] = rows["weight"] * rows["identifiable_s"] / 3600
    summed = rows.groupby(["policy", "replicate", "legality", "curve"], observed=True)["hours"].sum()
    assert len(summed) > 5
    for (policy, replicate, legality, curve), hours in summed.items():
        name = f"identifiable_person_hours[legality={legality}]"
        metrics = results.metrics
        [saved] = metrics.loc[(metrics["policy"] == policy) & (metrics["replicate"] == replicate)
                              & (metrics["metric"] == name) & (metrics["curve"] == curve), "value"]  # fmt: skip
        assert saved == pytest.approx(hours, rel=1e-9)


def test_saved_tables_hold_only_what_somebody_may_look_at(done):
    folder, _ = done
    sightings = tables.read("sightings", folder / "tables" / "sightings")
    acts = tables.read("acts", folder / "tables" / "acts")
    looked = set(zip(*acts.loc[acts["audience"] > 0, ["replicate", "camera_id"]].to_numpy().T, strict=True))
    shown = set(zip(*sightings[["replicate", "camera_id"]].drop_duplicates().to_numpy().T, strict=True))
    assert shown
    assert shown <= looked


def test_tables_that_would_be_too_large_are_refused_before_they_are_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr(tables_out, "LIMIT_ROWS", 1_000)
    with pytest.raises(ResultsError, match="the limit is 1,000") as error:
        small.run(workers=1, out=tmp_path / "r", tables="seen")
    assert "--sample" in str(error.value)
    assert not list(tmp_path.rglob("*.parquet"))
    assert not (tmp_path / "r" / "manifest.json").exists()


def test_the_pilot_knows_the_skewness_of_what_it_saw_and_nothing_else(small):
    part = Runner()(small.inputs(), "", None, PILOT)
    for arm, sums in part.arms.items():
        assert np.isfinite(list(sums["skewness"].values())).all(), arm
        own = [gamma for key, gamma in sums["skewness"].items() if key.startswith(f"{arm}|")]
        assert any(own) == (arm != "no_cameras")
    assert json.loads(json.dumps(part.as_json()))["arms"] == part.arms


def test_below_ten_replicates_no_pilot_is_run(done):
    assert done[1].skewness == {}


def test_the_report_escapes_what_came_from_files_and_says_what_it_is(done, tmp_path):
    from dataclasses import replace

    from privacysim.report import page

    _, results = done
    evil = "<script>alert(1)</script>"
    manifest = {**results.manifest, "study": {**results.manifest["study"], "title": evil}}
    text = page(replace(results, manifest=manifest))
    assert evil not in text
    assert "&lt;script&gt;" in text
    assert text.count("data:image/svg+xml;base64,") == 3
    read = re.sub("<[^>]+>", "", text)  # words of the glossary have tags of their own
    for said in ("history up to day 0", "not legal advice", "Not calibrated", results.run_id, "narrow", "wide", "low",
                 "high"):  # fmt: skip
        assert said in read, said
    assert "http" not in text.split("<body>")[1], "self-contained"


def test_the_same_machinery_runs_on_helsinkis_real_streets_and_cameras(data_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helsinki.toml").write_text(
        'id = "helsinki"\ntitle = "Helsinki, mapped cameras"\n[city]\nkind = "osm"\n'
        f'osm = "{data_folder / "helsinki.osm.pbf"}"\n[population]\n'
        'people = {value = 40000.0, assumption = "residents of the extract, for a test"}\n'
    )
    policies = ["no_cameras", "notice_only", "open_access"]
    study = ps.Study(scenario="helsinki.toml", policies=policies, days=7, sample=1_000, replicates=2)
    results = study.run(workers=1, out=tmp_path / "r", tables="seen")
    cameras = tables.read("cameras", tmp_path / "r" / "tables" / "cameras")
    mapped = cameras[~(cameras["indoor"] & (cameras["operator"] == "home"))]
    assert (mapped.groupby("replicate").size() == 221).all(), "besides those inside homes that a leak reaches"
    assert not mapped["heading_known"].all()
    values = results.metrics.set_index(["policy", "metric", "curve", "replicate"])["value"].sort_index()
    # few cameras and one week: a replicate may identify nobody by a watched camera, not both
    seen = {name: values[name, "people_identified_by_outsiders", "low"] for name in policies}
    assert seen["open_access"].sum() > 0
    assert (seen["no_cameras"] == 0).all()
    assert (seen["notice_only"].to_numpy() <= seen["open_access"].to_numpy() + 1e-12).all()
    assert len(tables.read("sightings", tmp_path / "r" / "tables" / "sightings")) > 0
    assert isinstance(results.compare().table(), pd.DataFrame)
    assert verify(tmp_path / "r", 1).wrong == []
