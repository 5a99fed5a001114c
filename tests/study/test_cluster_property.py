"""Many machines, in small: a real Dask scheduler and its nodes (a nanny and its worker each) on loopback.

One worker is killed and comes back, then the scheduler is killed: a sentence, and the study is resumed without them.
Among the long sets a node is killed for good, nanny and worker, and the study ends complete. Every unit is done once,
and the bytes are those of a serial run.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from privacysim.cli.main import main
from tests.helpers.toy_runs import CODE, children, environment, parts

RUN = ["run", "--scenario", "guangzhou_district", "--policies", "notice_only,order_799", "--baseline", "notice_only",
       "--replicates", "60"]  # fmt: skip
QUIET = {"DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "0", "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find workers by id")


def started(cwd: Path, *command: str, **more: str) -> subprocess.Popen:
    env = environment(cwd / "cache", **QUIET, **more)
    return subprocess.Popen([sys.executable, *command], cwd=cwd, env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip


def until(true, what: str, process: subprocess.Popen | None = None, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        assert process is None or process.poll() is None, f"the run ended before {what}:\n{process.communicate()[0]}"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path, request):
    """Address, scheduler and nannies of a cluster of as many nodes as the test names."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    scheduler = started(tmp_path, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                        "--no-dashboard", "--scheduler-file", str(file))  # fmt: skip
    running = [scheduler]
    try:
        until(file.exists, "the scheduler", scheduler)
        address = json.loads(file.read_text())["address"]
        for _ in range(request.param):
            running.append(started(
                tmp_path, "-m", "distributed.cli.dask_worker", address, "--host", "127.0.0.1", "--nworkers", "1",
                "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path / "scratch"), TOY_SECONDS="0.1",
            ))  # fmt: skip
        for nanny in running[1:]:
            until(lambda nanny=nanny: len(children(nanny.pid)) == 1, "a worker", nanny)
        yield address, running
    finally:
        for process in reversed(running):  # nannies first: they would start their workers again
            for child in (process.pid, *(children(process.pid) if process.poll() is None else ())):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            process.communicate(timeout=60)


@pytest.fixture
def serial(tmp_path, monkeypatch, toy_units):
    """Runs the same command in this process, to its end, with more options; the folder of its results."""

    def run(out: str, *more: str) -> Path:
        toy_units(monkeypatch, tmp_path / "cache")
        monkeypatch.chdir(tmp_path)
        assert main([*RUN, "--workers", "1", "--out", out, *more]) == 0
        return tmp_path / out

    return run


def same_bytes(one: Path, other: Path) -> None:
    for name in ("metrics.parquet", "summary.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize(("cluster", "kills"), [(1, 1), pytest.param(1, 12, marks=pytest.mark.slow)],
                         indirect=["cluster"])  # fmt: skip
def test_a_killed_worker_costs_nothing_and_a_killed_scheduler_is_a_sentence_with_its_cure(
    cluster, kills, tmp_path, serial
):
    address, (scheduler, nanny) = cluster
    run = started(tmp_path, "-c", CODE, *RUN, "--scheduler", address, "--out", "r")
    until(lambda: len(parts(tmp_path)) >= 3, "the first parts", run)
    for _ in range(kills):
        [victim] = children(nanny.pid)
        os.kill(victim, signal.SIGKILL)  # its nanny starts another
        done = parts(tmp_path)
        until(lambda done=done: len(parts(tmp_path)) >= len(done) + 3, "parts of another worker", run)
        assert children(nanny.pid) != [victim], "the nanny started its worker again"
    os.kill(scheduler.pid, signal.SIGKILL)
    said = run.communicate(timeout=120)[0]
    assert run.returncode == 2, said
    assert "Traceback" not in said
    assert "--resume" in said
    kept = parts(tmp_path)
    assert len(done) + 3 <= len(kept) < 60
    assert not (tmp_path / "r" / "manifest.json").exists()
    same_bytes(serial("r", "--resume"), serial("serial"))


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [2], indirect=True)
def test_a_killed_worker_and_a_killed_node_cost_nothing_and_the_bytes_are_those_of_a_serial_run(
    cluster, tmp_path, serial
):
    address, (_, first, second) = cluster
    run = started(tmp_path, "-c", CODE, *RUN, "--scheduler", address, "--out", "r")
    until(lambda: len(parts(tmp_path)) >= 5, "the first five parts", run)
    [victim] = children(first.pid)
    os.kill(victim, signal.SIGKILL)  # its nanny starts another
    until(lambda: len(parts(tmp_path)) >= 15, "fifteen parts", run)
    [worker] = children(second.pid)
    for pid in (second.pid, worker):  # the whole node, for good
        os.kill(pid, signal.SIGKILL)
    before = len(parts(tmp_path))
    assert before < 60, "everything was done before the node was killed: the test shows nothing"
    said = run.communicate(timeout=240)[0]
    assert run.returncode == 0, said
    assert "Traceback" not in said
    assert children(first.pid) != [victim], "the nanny started its worker again"
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert manifest["replicates"] == list(range(60))
    assert manifest["failed"] == []
    same_bytes(tmp_path / "r", serial("serial"))
