"""Runs every test in one command: lint, types, units, properties, oracles, doctests, the site, notebooks.

`python3 run.py test` calls it. Arguments go to pytest (`--slow`, `-k words`, a path); the notebooks run if no path or
selection is given. `--notebooks` runs them alone, or the notebooks named after it. `--fast` runs lint, types, doctests
and the unit tests except the files of `LONG`, in under three minutes, for daily use. They include the whole chain on a
district (`tests/cli/test_studies_unit.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = [
    # only the project settings that apply to notebooks; a notebook's warnings come from its kernel
    "-p", "tests.notebooks.kernels", "-o", "addopts=", "-o", "filterwarnings=default",
    "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300",
    "--nbval-sanitize-with", str(ROOT / "tests" / "notebooks" / "sanitize.cfg"),
]
# each file runs in one process; conftest.py sets the order of files
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"] if (os.cpu_count() or 1) > 1 else []
LONG = (
    "tests/study/test_machinery_unit.py", "tests/report/test_memo_unit.py", "tests/masklab/test_attacks_unit.py",
    "tests/house/test_claims_unit.py", "tests/study/test_precision_unit.py", "tests/bench/test_bench_unit.py",
    "tests/city/test_own_unit.py", "tests/cli/test_calibrate_unit.py",
)
"""Unit-test files that take long; `--fast` omits them, together with the kinds `oracle` and `property`."""
FIRST = (
    "tests/browser/test_explorer_in_browser.py", "tests/study/test_machinery_unit.py", "tests/report/test_memo_unit.py",
    "tests/explorer/test_preview_property.py", "tests/study/test_faults_property.py",
    "tests/masklab/test_field_videos_unit.py", "tests/masklab/test_own_masks_unit.py",
    "tests/governance/test_log_property.py", "tests/governance/test_processes_property.py",
    "tests/study/test_cluster_property.py", "tests/masklab/test_video_unit.py",
    "tests/validation/test_register_unit.py", "tests/readers/test_broken_city_files_property.py",
    "tests/study/test_own_parts_unit.py", "tests/city/test_own_unit.py", "tests/study/test_second_package_property.py",
    "tests/exposure/test_join_oracle.py", "tests/people/test_block_property.py",
    "tests/policy/test_legality_property.py", "tests/release/test_fuzz_property.py",
)
"""Files that take longest of all, in the order in which they are started."""
STRICT = ROOT / "notebooks" / "reproduce" / "r5_ashby.ipynb"
"""The notebook in which every output is compared, not only the checked cells."""


def notebooks(python: list[str]) -> dict[str, list[str]]:
    """Commands that run all notebooks with their checked cells, two at a time, and one with every output compared."""
    two = PARALLEL if os.name == "posix" else []  # see tests/notebooks/kernels.py
    one = ["--nbval" if word == "--nbval-lax" else word for word in NOTEBOOKS]
    return {
        "notebooks": [*python, "pytest", "-q", *NOTEBOOKS, *two, str(ROOT / "notebooks")],
        "strict notebook": [*python, "pytest", "-q", *one, str(STRICT)],
    }


def quick_files() -> list[str]:
    """Unit-test files that `--fast` runs."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("*/test_*_unit.py"))
    return [name for name in found if name not in LONG]


def steps_of(arguments: list[str]) -> dict[str, list[str]]:
    """Commands of the steps by name, in order."""
    python = [sys.executable, "-m"]
    before = {"lint": [*python, "ruff", "check", "."], "types": [*python, "mypy"]}
    tests = [*python, "pytest", "-q"]
    if arguments == ["--fast"]:
        return {**before, "tests": [*tests, *PARALLEL, *quick_files(), "privacysim"]}
    if arguments[:1] == ["--notebooks"]:
        named = {"notebooks": [*python, "pytest", "-q", *NOTEBOOKS, *arguments[1:]]}
        return named if arguments[1:] else notebooks(python)
    if set(arguments) - {"--slow"}:
        return {"tests": [*tests, *arguments]}
    site = [*python, "sphinx", "-W", "--keep-going", "-q", str(ROOT / "docs"), str(ROOT / "docs" / "_site")]
    everything = [*tests, *PARALLEL, "tests", "privacysim", *arguments]
    return {**before, "tests": everything, "site": site, **notebooks(python)}


def main(arguments: list[str]) -> int:
    """Run all steps in order, even after a failure; the exit status says whether any failed."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console without the rules below
    steps = steps_of(arguments)
    failed = []
    # the tests start over a hundred processes, and each would compile the libraries' sources again: 2 CPU s
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for name, command in steps.items():
        begin = time.monotonic()
        print(f"── {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, env=env).returncode:
            failed.append(name)
        print(f"── {name}: {'FAILED' if name in failed else 'passed'} in {time.monotonic() - begin:.0f} s", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
