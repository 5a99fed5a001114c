"""Units, folders, faults: the machinery around the model, on a toy unit that costs nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import privacysim as ps
from privacysim.cli.main import main
from privacysim.errors import InputError, ResultsError
from privacysim.results import load_results
from privacysim.results.summary_rows import SUMMARY
from privacysim.study.executor import ONE_THREAD, processes
from tests.helpers import toy_study
from tests.helpers.toy_study import ToyRunner

TESTS = Path(__file__).resolve().parent.parent
PARTS = {"scenario": "guangzhou_district", "policies": ["no_cameras", "notice_only", "guangzhou_draft", "order_799"],
         "readings": {"guangzhou_draft": ["narrow", "wide"]}, "days": 3, "sample": 10_000, "worlds": 0}  # fmt: skip
"""A replicate of this sample is one block of people."""


@pytest.fixture
def toy(monkeypatch, tmp_path, toy_units):
    toy_units(monkeypatch, tmp_path / "cache")
    return ps.Study(**PARTS, replicates=3)


def command(arguments: list[str], cwd: Path, **environment: str) -> subprocess.Popen:
    # a shell's background job hands on SIGINT ignored, and so would its tests: a terminal's process does not
    code = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from tests.helpers import toy_study; toy_study.put(); "
            "from privacysim.cli.main import main; sys.exit(main(sys.argv[1:]))")  # fmt: skip
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
           "PRIVACYSIM_CACHE": str(cwd / "cache"), **environment}  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=cwd, env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


BASE = ["run", "--scenario", "guangzhou_district", "--policies", "notice_only,order_799", "--baseline", "notice_only",
        "--worlds", "0"]  # fmt: skip


def test_replicate_two_alone_has_the_rows_that_it_has_among_others(toy):
    whole, alone = toy.run(workers=1).metrics, toy.run(replicate=2, workers=1).metrics
    among = whole[whole["replicate"] == 2].reset_index(drop=True)
    assert len(alone) > 100
    assert among.equals(alone)


def test_blocks_are_added_in_their_order_whoever_finishes_first(toy, monkeypatch):
    plan, finished_in = ps.Study(**{**PARTS, "sample": 30_000}, replicates=2), []

    def last_block_first(inputs, wanted, where, unit):
        time.sleep(0.05 if unit.block == 0 else 0.0)
        finished_in.append((unit.replicate, unit.block))
        return toy_study.run_unit(inputs, wanted, where, unit)

    one = plan.run(workers=1)
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(last_block_first))
    two = plan.run(open_executor=lambda: ThreadPoolExecutor(4), workers=4)
    assert finished_in != sorted(finished_in)
    assert one.metrics.equals(two.metrics)
    assert one.metrics["contributors"].max() > 250, "two blocks of 200 people each"


def test_the_folder_is_as_promised_and_its_inputs_run_alone(toy, tmp_path, monkeypatch):
    done = toy.run(workers=1, out=tmp_path / "r", also={"report.html": lambda results: results.run_id})
    assert {path.name for path in (tmp_path / "r").iterdir()} == {
        "manifest.json", "inputs", "metrics.parquet", "summary.csv", "report.html", "ro-crate-metadata.json",
    }  # fmt: skip
    header = (tmp_path / "r" / "summary.csv").read_text().splitlines()[0]
    assert header.split(",") == SUMMARY
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["run_id"] == done.run_id
    assert manifest["study"]["start"] == "transition"
    monkeypatch.chdir(tmp_path / "r" / "inputs")
    again = ps.Study(done.manifest["study"]["id"]).inputs()
    assert again.run_id == done.run_id


def test_saved_results_come_back_equal_and_compare_with_any_baseline(toy, tmp_path):
    done = toy.run(workers=1)
    back = load_results(done.save(tmp_path / "mine"))
    assert back.metrics.equals(done.metrics)
    assert back.compare().rows.equals(done.compare().rows)
    other = back.compare("order_799")
    assert other.baseline == "order_799"
    assert set(other.rows["baseline"]) == {"order_799"}
    with pytest.raises(InputError, match="narrow"):
        back.compare("guangzhou_draft")


def test_a_second_run_reads_what_is_there_and_another_run_refuses(toy, tmp_path, monkeypatch):
    first = toy.run(workers=1, out=tmp_path / "r")
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(lambda *_: pytest.fail("it was run again")))
    assert toy.run(workers=1, out=tmp_path / "r").metrics.equals(first.metrics)
    with pytest.raises(ResultsError, match="--force"):
        ps.Study(**PARTS, seed=7).run(workers=1, out=tmp_path / "r")


def test_force_replaces_the_results_of_another_run(toy, tmp_path):
    toy.run(workers=1, out=tmp_path / "r")
    other = ps.Study(**PARTS, seed=7, replicates=2).run(workers=1, out=tmp_path / "r", force=True)
    assert load_results(tmp_path / "r").run_id == other.run_id


def test_the_run_id_knows_every_input_and_nothing_else(toy):
    toy = ps.Study(**PARTS)
    base = toy.inputs().run_id
    assert toy.inputs().run_id == base
    for change in ({"seed": 1}, {"days": 4}, {"sample": 10}, {"start": "steady"}, {"replicates": 11},
                   {"baseline": "order_799"}, {"scenario": "guangzhou_dense"}):  # fmt: skip
        assert ps.Study(**{**PARTS, **change}).inputs().run_id != base, change
    assert toy.inputs(3).run_id != base


def test_a_unit_that_always_kills_its_worker_is_named_and_the_rest_is_kept(toy, tmp_path, monkeypatch):
    """The last unit of a single worker, so that few must start; `test_faults_property` kills one of two."""
    whole = toy.run(workers=1)
    (tmp_path / "flag").write_text("always")
    monkeypatch.setenv("TOY_KILL", f"replicate 2, block 0|{tmp_path / 'flag'}")
    found = toy.run(open_executor=processes(1), workers=1, out=tmp_path / "r")
    assert found.manifest["replicates"] == [0, 1], "the pair is dropped for every policy"
    assert found.metrics.equals(whole.metrics[whole.metrics["replicate"] != 2].reset_index(drop=True))
    [row] = found.manifest["failed"]
    assert (row["replicate"], row["block"]) == (2, 0)
    assert "died twice" in row["stage"]
    assert row["command"].endswith("--replicate 2 --workers 1")
    assert found.failures[0].startswith("1 of 3 replicates failed")
    assert load_results(tmp_path / "r").failures == found.failures
    assert len(list((tmp_path / "r" / "parts").rglob("*.json"))) == 2
    monkeypatch.delenv("TOY_KILL")
    healed = toy.run(workers=1, out=tmp_path / "r", resume=True)
    assert healed.failures == []
    assert not (tmp_path / "r" / "parts").exists()
    assert healed.metrics.equals(whole.metrics)


def test_an_error_of_the_model_costs_its_replicate_and_is_named_with_its_stage(toy, tmp_path, monkeypatch):
    def broken(inputs, wanted, where, unit):
        if unit.replicate == 2:
            from privacysim.units import duration_s
            duration_s(None)  # fails inside the package
        return toy_study.run_unit(inputs, wanted, where, unit)

    whole = toy.run(workers=1)
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(broken))
    found = toy.run(workers=1, out=tmp_path / "r")
    assert found.metrics.equals(whole.metrics[whole.metrics["replicate"] != 2].reset_index(drop=True))
    [row] = found.manifest["failed"]
    assert row["replicate"] == 2
    assert row["stage"] == "units"
    assert row["at"].startswith("privacysim/units.py, line ")
    with pytest.raises(ResultsError, match="No replicate was completed") as error:
        toy.run(replicate=2, workers=1)
    assert len(str(error.value).splitlines()) <= 3


def test_resume_does_only_what_is_missing_and_mends_a_part_cut_short(toy, tmp_path, monkeypatch):
    whole = toy.run(workers=1)
    folder = tmp_path / "r" / "parts" / toy.inputs().family_id
    done = []

    def interrupted(inputs, wanted, where, unit):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(unit)
        return toy_study.run_unit(inputs, wanted, where, unit)

    monkeypatch.setattr(ps.Study, "runner", ToyRunner(interrupted))
    with pytest.raises(KeyboardInterrupt):
        toy.run(workers=1, out=tmp_path / "r")
    kept = sorted(folder.glob("*.json"))
    assert len(kept) == 2
    kept[0].write_text(kept[0].read_text()[:50])
    done.clear()
    monkeypatch.setattr(ps.Study, "runner", ToyRunner(lambda *a: (done.append(a[-1]), toy_study.run_unit(*a))[1]))
    again = toy.run(workers=1, out=tmp_path / "r", resume=True)
    assert len(done) == 2
    assert again.metrics.equals(whole.metrics)
    assert not (tmp_path / "r" / "parts").exists()


def test_an_error_of_the_model_stops_the_study_and_leaves_no_manifest(toy, tmp_path, monkeypatch):
    def broken(inputs, wanted, where, unit):
        raise InputError("somewhere", "this", "that", "correct it")

    monkeypatch.setattr(ps.Study, "runner", ToyRunner(broken))
    with pytest.raises(InputError, match="somewhere"):
        toy.run(workers=1, out=tmp_path / "r")
    assert not (tmp_path / "r" / "manifest.json").exists()


def test_control_c_ends_with_130_one_line_and_no_manifest(tmp_path):
    process = command([*BASE, "--workers", "2", "--out", "r"], tmp_path, TOY_SECONDS="0.7")
    until = time.monotonic() + 60
    while not list((tmp_path / "r").rglob("r0*.json")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = finished(process)
    assert code == 130, err
    assert len(err.strip().splitlines()) == 1, err
    assert not (tmp_path / "r" / "manifest.json").exists()
    assert list((tmp_path / "r" / "parts").rglob("*.json")), "what was done is there for --resume"


def test_a_script_without_a_main_guard_may_run_a_study_and_each_worker_has_one_numeric_thread(tmp_path):
    """One worker of a pool is as many as must start to show it; `workers=1` alone would start none."""
    script = tmp_path / "mine.py"
    script.write_text(
        "import os\nimport privacysim as ps\nfrom privacysim.study.executor import ONE_THREAD, processes\n"
        "from tests.helpers import toy_study\ntoy_study.put()\n"
        "def opened():\n    pool = processes(1)()\n"
        "    print(*(pool.submit(os.getenv, name).result(60) for name in ONE_THREAD))\n    return pool\n"
        f"print(len(ps.Study(**{PARTS!r}, replicates=2).run(open_executor=opened, workers=1).metrics))\n"
        "print(*(os.getenv(name) for name in ONE_THREAD))\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]), "OMP_NUM_THREADS": "3"}
    for name in set(ONE_THREAD) - {"OMP_NUM_THREADS"}:
        env.pop(name, None)
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=env, timeout=120)
    assert ran.returncode == 0, ran.stderr
    worker, rows, caller = ran.stdout.splitlines()
    assert worker == "1 1 1 1"
    assert int(rows) > 100
    assert sorted(caller.split()) == ["3", "None", "None", "None"], "the caller keeps their own"


@pytest.mark.parametrize(("arguments", "named"), [
    (["run", "nothing_like_it"], "studies"), (["run"], "scenario"), ([*BASE, "--sample", "many"], "--sample"),
    ([*BASE, "--baseline", "judge"], "baseline"), ([*BASE, "--replicate", "-2"], "replicate"),
    (["run", "--scenario", "guangzhou", "--policies", "notice_only"], "guangzhou_185"),
    (["run", "--scenario", "guangzhou_district", "--policies", "notice_olny"], "notice_only"),
    ([*BASE, "--out", "a_file/results"], "a_file"), (["compare", "nowhere"], "nowhere"),
    ([*BASE, "--seed", "x"], "--seed"), (["verify", "nowhere"], "nowhere"),
])  # fmt: skip
def test_bad_input_is_three_lines_exit_2_and_nothing_left_behind(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").write_text("not a folder")
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert named in said.err
    assert 1 <= len(said.err.strip().splitlines()) <= 3
    assert "Traceback" not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]


def test_a_dry_run_checks_everything_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*BASE, "--dry-run"]) == 0
    assert "run id" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_study_in_the_working_folder_wins_over_the_shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim" / "studies").mkdir(parents=True)
    (tmp_path / "sim" / "studies" / "preview.toml").write_text(
        'id = "preview"\nscenario = "guangzhou_district"\npolicies = ["order_799"]\nbaseline = "order_799"\ndays = 2\n'
    )
    assert ps.Study("preview").plan.days == 2


@pytest.mark.parametrize(("line", "named"), [
    ("dayz = 3", "write days"), ("days = 0", "days"), ("days = nan", "finite"), ('sample = "some"', "sample"),
    ('primary = "people_identified"', "primary"), ('baseline = "order_779"', "order_799"),
    ("days = 3\ndays = 4", "once"),
    ('readings = {judge = ["a"]}', "readings"),
])  # fmt: skip
def test_a_wrong_line_in_a_study_file_is_named_with_its_cure(line, named, tmp_path):
    path = tmp_path / "mine.toml"
    base = '' if line.startswith("baseline") else 'baseline = "order_799"\n'
    path.write_text(f'id = "mine"\nscenario = "guangzhou_district"\npolicies = ["order_799"]\n{base}{line}\n')
    with pytest.raises(InputError) as error:
        ps.Study(str(path))
    assert named in str(error.value)
    assert str(path.name) in str(error.value)
    assert len(str(error.value).splitlines()) <= 3


def test_the_first_half_of_twelve_replicates_is_the_study_of_six(toy):
    twelve, six = (ps.Study(**PARTS, replicates=n).run(workers=1).metrics for n in (12, 6))
    assert twelve[twelve["replicate"] < 6].reset_index(drop=True).equals(six)
    assert not twelve[twelve["replicate"] >= 6]["value"].reset_index(drop=True).equals(six["value"])


def test_any_executor_will_do(toy):
    opened = []

    def pool():
        opened.append(1)
        return ThreadPoolExecutor(1)

    assert toy.run(open_executor=pool, workers=1).metrics.equals(toy.run(workers=1).metrics)
    assert opened
