"""CI is something a fork can use as it is: valid YAML, our one command, no address of an index, a browser required."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_every_workflow_is_valid_and_names_no_package_index():
    assert WORKFLOWS
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--index-url|--extra-index-url|secrets\.", text)
        jobs = yaml.safe_load(text)["jobs"]
        for job in jobs.values():
            assert job["timeout-minutes"] <= 60


def test_ci_runs_the_one_command_that_everybody_runs_and_must_have_its_browser():
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert "python3 run.py test" in text
    assert "PRIVACYSIM_REQUIRE_BROWSER=1" in text
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "PRIVACYSIM_REQUIRE_BROWSER=1" in script
    assert "PRIVACYSIM_REQUIRE_DATA=1" in script
    assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0
