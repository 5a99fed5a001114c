"""Kills at random moments and a full disk: what was done is kept, resume does only the rest, the bytes are the same.

Whatever must be killed or meets a broken disk is a process of its own; undisturbed and resumed runs are done here.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from privacysim.cli.main import main
from privacysim.draws import marks
from privacysim.study import Study
from privacysim.study.running import part_file
from tests.helpers import toy_runs

CODE, environment, children, parts = (toy_runs.CODE, toy_runs.environment, toy_runs.children, toy_runs.parts)
RUN = ["run", "--scenario", "guangzhou_district", "--policies", "notice_only,order_799", "--baseline", "notice_only",
       "--worlds", "0", "--out", "r", "--resume", "--yes"]  # fmt: skip


def start(
    cwd: Path, workers: int, before: tuple[str, ...] = (), replicates: int = 40, **more: str,
) -> subprocess.Popen:
    command = [sys.executable, "-c", CODE, *RUN, "--replicates", str(replicates), "--workers", str(workers)]
    return subprocess.Popen([*before, *command], cwd=cwd, env=environment(cwd.parent / "cache", **more), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


@pytest.fixture(scope="module")
def run_here(toy_units, tmp_path_factory) -> Callable[[Path, int], Path]:
    """Runs the same command in this process, to its end; `did` lists the units that the last one computed."""
    cache = tmp_path_factory.mktemp("cache")

    def run(folder: Path, replicates: int = 40) -> Path:
        run.did = []
        with pytest.MonkeyPatch.context() as patch:
            toy = toy_units(patch, cache)
            patch.setattr(Study, "runner", toy.ToyRunner(lambda *a: (run.did.append(a[-1]), toy.run_unit(*a))[1]))
            folder.mkdir(exist_ok=True)
            patch.chdir(folder)
            assert main([*RUN, "--replicates", str(replicates), "--workers", "1"]) == 0
        return folder

    return run


@pytest.fixture(scope="module")
def quiet(run_here, tmp_path_factory) -> Path:
    """An undisturbed run, for all tests that only read it."""
    return run_here(tmp_path_factory.mktemp("quiet"))


def same_bytes(one: Path, other: Path) -> None:
    for name in ("metrics.parquet", "summary.csv"):
        assert (one / "r" / name).read_bytes() == (other / "r" / name).read_bytes()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find the workers by id")
@pytest.mark.parametrize(("kills", "replicates"), [(2, 40), pytest.param(100, 200, marks=pytest.mark.slow)])
def test_kills_at_random_moments_cost_nothing_that_was_done(kills, replicates, tmp_path, run_here, quiet):
    """Two kills: of a worker, then of the run, which other workers resume; a hundred among the long sets."""
    torn = tmp_path / "torn"
    torn.mkdir()
    done, killed, pace = set(), 0, "0.12"
    process = start(torn, 2, replicates=replicates, TOY_SECONDS=pace)
    for n in range(kills):
        chance = marks(11, n)
        known, until = len(parts(torn)), time.monotonic() + 60
        while len(parts(torn)) <= known and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)  # at least one unit of progress between two kills
        time.sleep(0.2 * chance[0])
        if process.poll() is not None:
            break
        victims = children(process.pid)
        if n % 2 == 0 and victims:
            os.kill(victims[int(chance[1] * len(victims))], signal.SIGKILL)
        else:
            workers = children(process.pid)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)
            until = time.monotonic() + 30
            while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < until:
                time.sleep(0.05)
            assert not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers outlived their parent"
            assert done <= parts(torn), "a part that was done is gone"
            done = parts(torn)
            if n < kills - 1:
                process = start(torn, 2, replicates=replicates, TOY_SECONDS=pace)
        killed += 1
    done = parts(torn)
    run_here(torn, replicates)
    assert not done & {part_file(torn, unit).name for unit in run_here.did}, "what was done is not done again"
    assert killed == kills, "the study was over before the last kill: the test shows less than it says"
    same_bytes(torn, quiet if replicates == 40 else run_here(tmp_path / "quiet", replicates))


def mounts(mount: str) -> tuple[str, ...] | None:
    """How to run a command behind a mount that nobody else sees, or None where that is not allowed."""
    for ways in (("unshare", "-m"), ("unshare", "-rm")):
        tried = [*ways, "sh", "-c", 'mount -t tmpfs -o size=300k tmpfs /mnt && mount -o remount,ro /mnt']
        if shutil.which("unshare") and subprocess.run(tried, capture_output=True).returncode == 0:
            return (*ways, "sh", "-c", f'{mount} || exit 97; "$@"', "sh")
    return None


def ended(process: subprocess.Popen) -> str:
    """The error of a run that must end with one: exit 2, at most three lines, no traceback."""
    _, err = process.communicate(timeout=300)
    assert process.returncode == 2, err
    assert "Traceback" not in err
    assert 1 <= len(err.strip().splitlines()) <= 3, err
    return err


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> tuple[Path, str]:
    """A run that met a full disk, and its error: a real small disk where one may be mounted, else a counted one."""
    home = tmp_path_factory.mktemp("stopped")
    work, keep = home / "work", home / "keep"
    work.mkdir()
    keep.mkdir()
    out = f'trap \'cp -a "{work}/." "{keep}"\' EXIT'
    before = mounts(f'{out}; mount -t tmpfs -o size=450k tmpfs "{work}" && cd "{work}"')
    if before is None:
        return keep, ended(start(keep, 1, TOY_DISK="450000"))
    return keep, ended(start(work, 1, before))


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path, stopped, run_here, quiet):
    keep, err = shutil.copytree(stopped[0], tmp_path / "keep"), stopped[1]
    assert "No space left on device" in err
    kept = parts(keep)
    assert 3 < len(kept) < 40
    assert not list(keep.rglob("*.part")), "nothing half-written"
    assert not (keep / "r" / "manifest.json").exists()
    same_bytes(run_here(keep), quiet)


def test_a_folder_that_turned_read_only_is_one_clear_error_and_loses_nothing(tmp_path, stopped, run_here, quiet):
    """Root may write where permissions forbid it, so for root the folder is mounted read-only."""
    work = shutil.copytree(stopped[0], tmp_path / "work")  # an earlier run that stopped
    done, results = parts(work), work / "r"
    folders = [results, *(path for path in results.rglob("*") if path.is_dir())]
    if os.geteuid() == 0:
        before = mounts(f'mount --bind "{results}" "{results}" && mount -o remount,ro,bind "{results}" && cd "{work}"')
        assert before is not None, "root without the right to mount: run the tests as somebody else"
        err = ended(start(work, 1, before))
    else:
        for folder in folders:
            folder.chmod(0o555)
        err = ended(start(work, 1))
        for folder in folders:
            folder.chmod(0o755)
    assert "cannot be written" in err
    assert "folder that can be written" in err
    assert parts(work) == done
    assert len(done) > 3
    same_bytes(run_here(work), quiet)
