"""Plants an error for each claim in `claims.toml`, checks that its test fails, and writes the outcomes for the site.

`python tools/plant.py` tries all claims in a copy of the checkout; this checkout stays unchanged. It writes to
`docs/evidence/claims_outcomes.csv` whether each test passes, in how many cases, and whether the error makes it fail.
`python tools/plant.py ID …` tries only these claims and replaces their rows.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
CLAIMS = ROOT / "tests" / "claims.toml"
OUTCOMES = ROOT / "docs" / "evidence" / "claims_outcomes.csv"
HEAD = ["id", "verdict", "cases", "fails_when_broken"]
COPIED = (
    "privacysim", "sim", "data", "tests", "notebooks", "pyproject.toml", "README.md", "requirements.lock", "weights.lock",
    "run.py", "environment.yml", "CITATION.cff", "docs", "tools",
)


def claims() -> list[dict[str, str]]:
    """All claims, in the order of the file."""
    return tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["claim"]


def copy_of_checkout(folder: Path) -> Path:
    """Copy the checkout without results but with compiled kernels, so that only changed kernels are compiled again."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(".hypothesis", ".pytest_cache", "_site"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def run_tests(copy: Path, tests: list[str], *more: str) -> tuple[int, str]:
    """Run the plain cases of tests in the copy, or the long ones if there are no others.

    Returns the exit status and the last lines of output.
    """
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1",
           "PRIVACYSIM_CACHE": str(copy / "cache")}  # fmt: skip
    for kind in (["-m", "not slow"], ["--slow"]):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *kind, *more, *tests]
        run = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=3600, check=False)
        if run.returncode != 5:  # no such case
            break
    return run.returncode, run.stdout[-1500:]


def as_shipped(copy: Path, wanted: list[dict[str, str]]) -> dict[str, tuple[int, int]]:
    """Numbers of passed and failed cases of each test without planted errors: from one run, and one of long cases."""
    report = copy / "report.xml"
    found: dict[str, tuple[int, int]] = {}
    for _ in range(2):
        left = dict.fromkeys(claim["test"] for claim in wanted if claim["test"].rpartition("::")[2] not in found)
        if left:
            run_tests(copy, list(left), f"--junitxml={report}")
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                name = str(case.get("name")).split("[")[0]
                passed, other = found.get(name, (0, 0))
                found[name] = (passed + (len(case) == 0), other + (len(case) > 0))
    return found


def breaks(copy: Path, claim: dict[str, str]) -> tuple[bool, str]:
    """Whether the claim's test fails once its error is planted; the file is restored afterwards."""
    path = copy / claim["file"]
    before, stamp = path.read_text(encoding="utf-8"), path.stat()
    if before.count(claim["old"]) != 1:
        raise SystemExit(f"{claim['id']}: {claim['file']} holds {claim['old']!r} {before.count(claim['old'])} times")
    path.write_text(before.replace(claim["old"], claim["new"]), encoding="utf-8")
    shutil.rmtree(copy / "cache", ignore_errors=True)  # remove any city that was built with the error
    try:
        code, said = run_tests(copy, [claim["test"]], "-x")
    finally:
        path.write_text(before, encoding="utf-8")
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        shutil.rmtree(copy / "cache", ignore_errors=True)
        for old in (path.parent / "__pycache__").glob(f"{path.stem}*.nb*"):
            old.unlink()  # kernels that were compiled with the error
    failed = code == 1 and re.search(r"\d+ failed", said) is not None
    return failed, said


def _known() -> list[list[str]]:
    if not OUTCOMES.is_file():
        return []
    with OUTCOMES.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))[1:]


def main(names: list[str]) -> int:
    """Try the named claims, or all, and write the outcomes; returns 1 if a test fails, or passes despite its error."""
    wanted = [claim for claim in claims() if not names or claim["id"] in names]
    rows, bad = [], 0
    with tempfile.TemporaryDirectory(prefix="privacysim-plant-") as folder:
        copy = copy_of_checkout(Path(folder))
        shipped = as_shipped(copy, wanted)
        for claim in wanted:
            passed, other = shipped.get(claim["test"].rpartition("::")[2], (0, 0))
            broken, why = breaks(copy, claim)
            holds = passed > 0 and other == 0
            rows.append([claim["id"], "holds" if holds else "fails", str(passed), "yes" if broken else "no"])
            print(",".join(rows[-1]), flush=True)
            if not (holds and broken):
                bad += 1
                print(why[-700:], flush=True)
    known = {row[0]: row for row in _known()} | {row[0]: row for row in rows}
    with OUTCOMES.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows(known[claim["id"]] for claim in claims() if claim["id"] in known)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
