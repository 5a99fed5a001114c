"""CI is something a fork can use as it is: valid YAML, our one command, no address of an index, a browser required."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from tests.everything import FIRST, LONG, quick_files, steps_of

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


def test_the_fast_lane_checks_lint_types_and_units_with_the_chain_but_no_long_file():
    steps = steps_of(["--fast"])
    assert list(steps) == ["lint", "types", "tests"]
    assert all((ROOT / name).is_file() for name in (*LONG, *FIRST))
    assert not set(LONG) & set(quick_files())
    assert "tests/cli/test_studies_unit.py" in steps["tests"]
    assert not [name for name in steps["tests"] if name.endswith(("_oracle.py", "_property.py"))]


def test_the_whole_set_runs_every_kind_the_site_and_the_notebooks_and_a_selection_runs_nothing_else():
    for arguments in ([], ["--slow"]):
        steps = steps_of(arguments)
        assert list(steps) == ["lint", "types", "tests", "site", "notebooks", "strict notebook"]
        assert steps["tests"][-2 - len(arguments):] == ["tests", "privacysim", *arguments]
    assert list(steps_of(["-k", "policy"])) == ["tests"]
    assert list(steps_of(["--notebooks"])) == ["notebooks", "strict notebook"]
    own = steps_of(["--notebooks", "mine.ipynb"])
    assert list(own) == ["notebooks"]
    assert "--nbval-lax" in own["notebooks"]
    assert own["notebooks"][-1] == "mine.ipynb"


def test_ci_covers_three_systems_and_three_pythons_once_each_and_stops_what_is_outdated():
    whole = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    elsewhere = whole["jobs"]["elsewhere"]
    matrix = elsewhere["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert matrix["exclude"] == [{"os": "ubuntu-latest", "python": "3.11"}]  # the job that runs everything
    assert "python run.py test --fast" in [step.get("run") for step in elsewhere["steps"]]
    assert "github.ref" in whole["concurrency"]["group"]
    for job in whole["jobs"].values():
        setup = next(step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/setup-python"))
        assert (setup["cache"], setup["cache-dependency-path"]) == ("pip", "requirements.lock")
