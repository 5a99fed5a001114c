"""The package on another system: without the modules and calls of POSIX, with spawned workers and a narrow console."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = """
import asyncio, fcntl, os, subprocess, sys, types  # asyncio: from 3.12 on it asks sysconf, on Windows it does not

def locking(lock, mode, size):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None

sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("O_NOFOLLOW", "fork", "pread", "pwrite", "sched_getaffinity", "sysconf"):
    delattr(os, name)
"""
"""What Windows lacks, taken away before anything else is imported; `msvcrt` locks as it does there."""
EVERYTHING = """
import pkgutil, importlib, pathlib, tempfile
import privacysim
from privacysim.errors import ResultsError
names = [one.name for one in pkgutil.walk_packages(privacysim.__path__, "privacysim.") if "__main__" not in one.name]
for name in names:
    importlib.import_module(name)
assert len(names) > 150
from privacysim.results.folder import CLAIM, claimed
with tempfile.TemporaryDirectory() as place:
    folder = pathlib.Path(place) / "r"
    with claimed(folder, "mine") as waited:
        assert not waited
        try:
            with claimed(folder, "another"):
                raise SystemExit("two owners")
        except ResultsError as error:
            assert "is writing another run here (mine)" in str(error), error
    assert not folder.exists()
    with claimed(folder, "another"):
        assert (folder / CLAIM).is_file()
from privacysim.cli.main import run
try:
    run(["policy", "show", "order_799", "--lang", "en"])
except SystemExit as left:
    assert left.code == 0, left.code
print("portable")
"""
TOWN = """
id = "town"
title = "Town"
city = {kind = "synthetic"}
[population]
people = {value = 3000, assumption = "a small town"}
"""
STUDY = """
id = "small"
title = "A small town"
scenario = "town"
policies = ["notice_only", "order_799"]
baseline = "notice_only"
primary = "people_identified_by_outsiders"
days = 1
replicates = 2
sample = 200
seed = 1
start = "steady"
law_date = 2026-01-01
"""


def elsewhere(place: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python as on Windows: this process and those that it starts."""
    (place / "sitecustomize.py").write_text(WINDOWS, encoding="utf-8")
    path = os.pathsep.join([str(place), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    return subprocess.run([sys.executable, *command], cwd=place, env=env, capture_output=True, check=False)


def test_every_module_is_imported_without_posix_and_a_folder_still_has_one_owner(tmp_path: Path) -> None:
    done = elsewhere(tmp_path, "-c", EVERYTHING)
    assert done.stdout.decode("cp1252").strip().endswith("portable"), done.stderr.decode("cp1252")


@pytest.mark.slow
def test_a_study_runs_without_posix_in_two_spawned_workers_on_a_console_of_windows(tmp_path: Path) -> None:
    for kind, name, text in (("scenarios", "town", TOWN), ("studies", "small", STUDY)):
        (tmp_path / "sim" / kind).mkdir(parents=True)
        (tmp_path / "sim" / kind / f"{name}.toml").write_text(text, encoding="utf-8")
    for command in (["run", "small", "--workers", "2", "--out", "r"],
                    ["report", "r", "--form", "pipl56", "-o", "a.docx"]):  # fmt: skip
        done = elsewhere(tmp_path, "-m", "privacysim", *command)
        assert done.returncode == 0, (command, done.stderr.decode("cp1252"))
        assert "Traceback" not in done.stderr.decode("cp1252")
    assert (tmp_path / "a.docx").is_file()
    assert b"\r" not in (tmp_path / "r" / "summary.csv").read_bytes()
