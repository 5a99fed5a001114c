"""Kills at random moments and a full disk: what was done is kept, resume does only the rest, the bytes are the same."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from privacysim.draws import marks

TESTS = Path(__file__).resolve().parent.parent
CODE = ("import sys; import toy_study; from privacysim.study import study as s; s.do_unit = toy_study.run_unit; "
        "s.prepare_city = lambda scenario, workers: None; "
        "from privacysim.cli.main import main; sys.exit(main(sys.argv[1:]))")  # fmt: skip
RUN = ["run", "--scenario", "guangzhou_district", "--policies", "notice_only,order_799", "--baseline", "notice_only",
       "--replicates", "200", "--out", "r", "--resume"]  # fmt: skip


def start(cwd: Path, workers: int, before: tuple[str, ...] = (), **environment: str) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
           "PRIVACYSIM_CACHE": str(cwd.parent / "cache"), **environment}  # fmt: skip
    return subprocess.Popen([*before, sys.executable, "-c", CODE, *RUN, "--workers", str(workers)], cwd=cwd, env=env,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def children(pid: int) -> list[int]:
    """Worker processes of a run, by the kernel's own list."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def parts(cwd: Path) -> set[str]:
    return {path.name for path in (cwd / "r").rglob("r*-b*.json")}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find the workers by id")
@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_kills_at_random_moments_cost_nothing_that_was_done(kills, tmp_path):
    quiet, torn = tmp_path / "quiet", tmp_path / "torn"
    for folder in (quiet, torn):
        folder.mkdir()
    calm = start(quiet, 1)
    assert calm.communicate(timeout=300)[1].count("Traceback") == 0
    done, killed, pace = set(), 0, str(0.02 if kills <= 10 else 0.12)
    process = start(torn, 2, TOY_SECONDS=pace)
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
            process = start(torn, 2, TOY_SECONDS=pace)
        killed += 1
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert killed >= min(kills, 10), "too few kills: the test shows nothing"
    for name in ("metrics.parquet", "summary.csv"):
        assert (torn / "r" / name).read_bytes() == (quiet / "r" / name).read_bytes()


def _can_mount() -> bool:
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True).returncode == 0


@pytest.mark.skipif(not _can_mount(), reason="no right to mount a small disk here")
def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path):
    work, keep = tmp_path / "work", tmp_path / "keep"
    for folder in (work, keep):
        folder.mkdir()
    script = (f'mount -t tmpfs -o size=300k tmpfs "{work}" && cd "{work}" && "$@"; code=$?; '
              f'cp -a "{work}/." "{keep}"; exit $code')  # fmt: skip
    before = ("unshare", "-rm", "sh", "-c", script, "sh")
    process = start(work, 1, before)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "No space left on device" in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 3
    kept = parts(keep)
    assert 5 < len(kept) < 200
    assert not list(keep.rglob("*.part")), "nothing half-written"
    assert not (keep / "r" / "manifest.json").exists()
    again = start(keep, 1)
    _, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
