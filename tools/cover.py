"""Test coverage of `privacysim/`: lines and branches, in all processes that the tests start, kernels as plain Python.

`python tools/cover.py` runs the tests twice. The first run uses compiled kernels, whose lines cannot be measured. The
second runs the tests of the kernels with numba switched off, so that the same functions run as plain Python (twins).
`docs/evidence/coverage.csv` combines both by package; `--missing` prints the lines that no test runs. This takes
about twice as long as the tests, so it is not part of them. `python tools/cover.py PATH …` runs only these tests and
adds to earlier measurements; `--twins` runs only the second part; `--sum` runs neither. Notebooks are not counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.everything import PARALLEL  # noqa: E402

SETTINGS = ROOT / "tools" / "coverage.ini"
TABLE = ROOT / "docs" / "evidence" / "coverage.csv"
DATA = ROOT / ".coverage"
TWINS = [
    "tests/exposure/test_cases_unit.py", "tests/exposure/test_join_oracle.py",
    "tests/sight/test_coverage_clip_oracle.py",
    "tests/tracks/test_occlusion_oracle.py", "tests/sight/test_passes_walked_oracle.py", "tests/tracks/test_oracles_oracle.py",
    "tests/attacks/test_reidentification_oracle.py", "tests/attacks/test_points_property.py",
    "tests/ground/test_draws_function_property.py",
    "tests/city/test_routes_oracle.py::test_routes_of_a_village_built_anew_equal_networkx", "tests/ground/test_draws_published_oracle.py",
    "tests/world/test_unknown_views_oracle.py::test_the_weight_of_a_view_equals_a_sum_over_points_written_out",
    "tests/world/test_unknown_views_oracle.py::test_walks_leave_their_amount_on_each_street_in_the_direction_and_share_that_they_walk",
    "tests/tracks/test_cleaning_unit.py",
]  # fmt: skip
"""Tests of kernels that finish in reasonable time in plain Python."""


def run(tests: list[str], *, twins: bool) -> int:
    """Run tests under coverage and add to the data; ignores numpy's warnings of wrapping that kernels intend."""
    env = {**os.environ, "COVERAGE_FILE": str(DATA)}
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={SETTINGS}", "-m", "pytest", "-q", "-p",
               "no:cacheprovider", *PARALLEL, *tests]  # fmt: skip
    if twins:
        env |= {"NUMBA_DISABLE_JIT": "1"}
        command += ["-W", "ignore::RuntimeWarning", "-W", "ignore::numba.NumbaWarning"]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def measured() -> dict[str, dict[str, object]]:
    """All coverage measured so far, by file that is still there."""
    env = {**os.environ, "COVERAGE_FILE": str(DATA)}
    coverage = [sys.executable, "-m", "coverage"]
    if list(ROOT.glob(".coverage.*")):
        subprocess.run([*coverage, "combine", "-q", "--append", f"--rcfile={SETTINGS}"], cwd=ROOT, env=env, check=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        subprocess.run([*coverage, "json", "-q", f"--rcfile={SETTINGS}", "-o", str(out)], cwd=ROOT, env=env, check=True)
        files = json.loads(out.read_text(encoding="utf-8"))["files"]
        return {name: file for name, file in files.items() if (ROOT / name).is_file()}


def rooms(files: dict[str, dict[str, object]]) -> list[list[object]]:
    """Rows by package and in total: lines, lines run, branches, branches run, and the percentage of both together."""
    lots: dict[str, Counter[str]] = {}
    for name, file in files.items():
        parts = Path(name).parts
        for room in (parts[1] if len(parts) > 2 else "ground floor", "all"):
            lots.setdefault(room, Counter()).update({key: value for key, value in file["summary"].items()
                                                     if key.startswith(("num_", "covered_"))})  # fmt: skip
    rows = []
    for room in sorted(lots, key=lambda one: (one == "all", one)):
        lot = lots[room]
        lines, run_lines = lot["num_statements"], lot["covered_lines"]
        branches, run_branches = lot["num_branches"], lot["covered_branches"]
        both = 100 * (run_lines + run_branches) / (lines + branches)
        rows.append([room, lines, run_lines, branches, run_branches, f"{both:.1f}"])
    return rows


def main() -> int:
    """Run the requested parts and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--twins", action="store_true")
    options.add_argument("--sum", action="store_true")
    options.add_argument("--missing", action="store_true")
    options.add_argument("tests", nargs="*")
    chosen = options.parse_args()
    everything = not (chosen.tests or chosen.twins or chosen.sum)
    failed = 0
    if everything:
        for old in [DATA, *ROOT.glob(".coverage.*")]:
            old.unlink(missing_ok=True)
    if everything or (chosen.tests and not chosen.twins):
        failed |= run(chosen.tests or ["tests", "privacysim"], twins=False)
    if everything or chosen.twins:
        failed |= run(chosen.tests if chosen.twins and chosen.tests else TWINS, twins=True)
    files = measured()
    table = rooms(files)
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["room", "lines", "run", "branches", "taken", "percent"])
        writer.writerows(table)
    for row in table:
        print(" ".join(f"{cell!s:>13}" for cell in row))
    if chosen.missing:
        for name, file in sorted(files.items(), key=lambda item: item[1]["summary"]["percent_covered"]):
            if file["missing_lines"] or file["missing_branches"]:
                print(name, file["summary"]["percent_covered_display"], file["missing_lines"], file["missing_branches"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
