"""The tutorials run as they stand, in order, in one empty folder; the sweep of the whole city has its own test."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "tutorials.md").read_text(encoding="utf-8")
MADE = ("town.png", "results/town/report.html", "results/retention/summary.csv", "results/minute/manifest.json",
        "memo.html", "assessment.html")  # fmt: skip


@pytest.mark.slow
def test_every_command_and_script_of_the_tutorials_runs(tmp_path: Path) -> None:
    name = re.search(r"Save this as `([^`]+)`", TEXT)
    assert name is not None
    said = ""
    for language, block in re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL):
        if language == "toml":
            (tmp_path / name[1]).parent.mkdir(parents=True)
            (tmp_path / name[1]).write_text(block, encoding="utf-8")
            continue
        if "committee" in block:
            continue
        commands = [["-m", *shlex.split(line)] for line in block.splitlines()]
        if language == "python":
            (tmp_path / "mine.py").write_text(block, encoding="utf-8")
            commands = [["mine.py"]]
        for command in commands:
            done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (command, done.stderr[-2000:])
            said += done.stdout
    assert [one for one in MADE if not (tmp_path / one).is_file()] == []
    assert "people identifiable for a minute" in said
