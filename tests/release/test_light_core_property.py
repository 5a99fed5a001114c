"""The core alone, installed from the wheel into a new environment: the preview gives the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORT = "import time; begun = time.process_time(); import privacysim; print(time.process_time() - begun)"
"""CPU seconds: on a busy machine the wall clock measures the neighbours."""


def run(command: list, *, status: int = 0, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=cwd,
                          env=environment)  # fmt: skip
    assert done.returncode == status, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def core(tmp_path_factory) -> Path:
    """The Python of a new environment that holds the wheel of privacysim and what its core asks for."""
    folder = tmp_path_factory.mktemp("core")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run([sys.executable, "-m", "uv", "venv", "--python", sys.executable, folder / "venv"], cwd=folder)
    install = [sys.executable, "-m", "uv", "pip", "install", "--python", python, "-c", ROOT / "requirements.lock"]
    done = subprocess.run([*map(str, install), str(next(folder.glob("*.whl")))], capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode and "error sending request" in done.stderr:
        pytest.skip("no package index can be reached, and uv's cache holds too little")
    assert done.returncode == 0, done.stderr[-2000:]
    return python


@pytest.mark.slow
def test_the_core_alone_runs_the_preview_and_gives_the_numbers_of_the_whole_installation(core, tmp_path):
    listed = run([core, "-c", "from importlib.metadata import distributions; "
                  "print(sorted(one.name.lower() for one in distributions()))"], cwd=tmp_path)  # fmt: skip
    for name in ("scikit-learn", "opencv-python-headless", "jupyterlab", "osmium", "duckdb"):
        assert f"'{name}'" not in listed
    for python, out in ((core, "core"), (sys.executable, "whole")):
        run([python, "-m", "privacysim", "run", "preview", "--out", tmp_path / out], cwd=tmp_path)
    run([sys.executable, ROOT / "tools" / "same_numbers.py", tmp_path / "core", tmp_path / "whole"], cwd=tmp_path)
    refused = run([core, "-m", "privacysim", "report", tmp_path / "core", "-o", tmp_path / "memo.docx"], status=2,
                  cwd=tmp_path)  # fmt: skip
    assert 'pip install "privacysim[report]"' in refused
    run([core, "-m", "privacysim", "report", tmp_path / "core", "-o", tmp_path / "memo.html"], cwd=tmp_path)


@pytest.mark.slow
def test_importing_privacysim_takes_less_than_a_tenth_of_a_second(core, tmp_path):
    assert min(float(run([core, "-c", IMPORT], cwd=tmp_path)) for _ in range(5)) < 0.1
