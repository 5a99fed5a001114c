"""A results folder has one owner, and a run never writes into a folder of others or through a link."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import privacysim as ps
from privacysim.errors import ResultsError
from privacysim.files import whole_file
from privacysim.results import load_results
from privacysim.results.folder import CLAIM, claimed
from tests.helpers.toy_study import ToyRunner, run_unit

PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 2}


@pytest.fixture
def toy(monkeypatch, tmp_path, toy_units):
    toy_units(monkeypatch, tmp_path / "cache")
    return lambda **more: ps.Study(**PARTS, **more)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("name", "force"), [
    ("inputs/mine.txt", True), ("parts/mine.txt", False), ("tables/mine.txt", True), ("band.csv", True),
    ("report.html", False), ("summary.csv", True), ("thesis.docx", False), ("manifest.json", True),
])  # fmt: skip
def test_a_folder_of_somebody_is_refused_and_left_as_it_is(name, force, toy, tmp_path):
    mine = tmp_path / "mine"
    (mine / name).parent.mkdir(parents=True)
    (mine / name).write_text("my work")
    with pytest.raises(ResultsError, match=r"not privacysim results|manifest"):
        toy(replicates=1).run(workers=1, out=mine, force=force)
    assert contents(mine) == {name: b"my work"}


@pytest.mark.parametrize("name", ["inputs", "parts", "tables", "metrics.parquet", CLAIM, ".privacysim-probe"])
def test_no_link_in_a_folder_is_followed(name, toy, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "a").write_text("my work")
    done = tmp_path / "r"
    toy(replicates=1).run(workers=1, out=done)
    if (done / name).is_dir():
        (done / name).rename(tmp_path / "away")
    (done / name).unlink(missing_ok=True)
    (done / name).symlink_to(victim if "." not in name.strip(".") else victim / "a")
    with pytest.raises(ResultsError, match="is a link"):
        toy(replicates=2).run(workers=1, out=done, force=True)
    assert contents(victim) == {"a": b"my work"}


def test_a_whole_file_is_written_beside_whatever_waits_under_a_name(tmp_path):
    for n in range(3):
        (tmp_path / f".a.{os.getpid()}-{n}.part").symlink_to(tmp_path / "victim")
    (tmp_path / "a").symlink_to(tmp_path / "victim")
    with whole_file(tmp_path / "a") as part:
        part.write_text("new")
    assert (tmp_path / "a").read_text() == "new"
    assert not (tmp_path / "a").is_symlink()
    assert not (tmp_path / "victim").exists()


def test_results_of_another_version_are_replaced_with_force_and_refused_without(toy, tmp_path):
    toy(replicates=1).run(workers=1, out=tmp_path / "r")
    path = tmp_path / "r" / "manifest.json"
    old = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("sha256", "source")}
    path.write_text(json.dumps(old))
    with pytest.raises(ResultsError, match="--force if another version wrote"):
        toy(replicates=2).run(workers=1, out=tmp_path / "r")
    again = toy(replicates=2).run(workers=1, out=tmp_path / "r", force=True)
    assert load_results(tmp_path / "r").metrics.equals(again.metrics)


def slowly(entered: threading.Event, leave: threading.Event):
    def do(*given):
        entered.set()
        assert leave.wait(60)
        return run_unit(*given)

    return ToyRunner(do)


def test_a_second_run_is_refused_by_the_owners_name_and_the_same_run_waits_and_joins(toy, tmp_path, capsys):
    first, entered, leave = toy(replicates=2), threading.Event(), threading.Event()
    first.runner = slowly(entered, leave)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(first.run, workers=1, out=tmp_path / "r", progress=False)
        try:
            assert entered.wait(60)
            with pytest.raises(ResultsError) as refused:
                toy(replicates=3, seed=2).run(workers=1, out=tmp_path / "r", force=True)
            assert f"process {os.getpid()} on " in str(refused.value)
            assert first.inputs().run_id in str(refused.value)
            same = pool.submit(toy(replicates=2).run, workers=1, out=tmp_path / "r", progress=False)
            time.sleep(0.3)
            assert not same.done()
        finally:
            leave.set()
        assert same.result(60).metrics.equals(running.result(60).metrics)
    assert same.result().inputs is None, "read from the folder, not run again"
    assert "waiting for process" in capsys.readouterr().err
    assert CLAIM not in contents(tmp_path / "r")


def test_an_interrupted_run_leaves_its_folder_known_as_ours_and_a_failed_start_leaves_nothing(toy, tmp_path):
    study = toy(replicates=2)
    done = []

    def interrupted(*given):
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return run_unit(*given)

    study.runner = ToyRunner(interrupted)
    with pytest.raises(KeyboardInterrupt):
        study.run(workers=1, out=tmp_path / "r")
    assert json.loads((tmp_path / "r" / CLAIM).read_text())["run_id"] == study.inputs().run_id
    whole = toy(replicates=2).run(workers=1, out=tmp_path / "r", resume=True)
    assert len(whole.metrics)
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "a" / "b", "x"):
        raise ZeroDivisionError
    assert not (tmp_path / "a").exists()


def test_the_lock_ends_with_its_process_and_a_left_file_binds_nobody(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / CLAIM).write_text('{"run_id": "other", "host": "elsewhere", "pid": 1}')
    with claimed(tmp_path / "r", "mine") as waited:
        assert not waited
        with pytest.raises(ResultsError, match="is writing another run"), claimed(tmp_path / "r", "third"):
            pass
