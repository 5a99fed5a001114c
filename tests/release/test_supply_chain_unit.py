"""What is installed: licences that fit, a bill of materials that is the lock, a wheel that is the same bytes twice."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
FIT = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|Public Domain|Zlib", re.I)


@pytest.fixture(scope="module")
def supply():
    from tools import supply

    return supply


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, str]]:
    with (EVIDENCE / "licences.csv").open(newline="", encoding="utf-8") as stream:
        return {row["package"]: row for row in csv.DictReader(stream)}


def test_every_locked_package_is_listed_at_its_version(supply, listed):
    locked = {name: version for name, (version, _) in supply.locked().items()}
    assert locked == {name: row["version"] for name, row in listed.items()}, "run python tools/supply.py"
    assert len(locked) > 100


def test_every_package_has_a_licence_that_lets_it_be_used_beside_apache(listed):
    for name, row in listed.items():
        assert FIT.search(row["licence"]), f"{name}: {row['licence']!r}"
    # docutils holds one file for an editor under the GPL, among public-domain text; it is needed for the site alone
    copyleft = {name for name, row in listed.items() if re.search(r"GPL|General Public", row["licence"])}
    assert copyleft <= {"docutils"}


def test_no_new_package_came_without_somebody_asking_for_it(supply, listed):
    direct = supply.needed_for()
    assert set(direct) - {"privacysim"} <= set(listed) | {"privacysim"}


def test_the_bill_of_materials_is_the_lock_with_its_hashes(supply):
    bill = json.loads((EVIDENCE / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    locked = supply.locked()
    found = {one["name"]: one for one in bill["components"]}
    assert set(found) == set(locked)
    for name, (version, hashes) in locked.items():
        assert found[name]["purl"] == f"pkg:pypi/{name}@{version}"
        assert hashes, f"{name} has no hash"
        assert found[name]["hashes"][0]["content"] in hashes
    references = {one["bom-ref"] for one in bill["components"]}
    assert set(bill["dependencies"][0]["dependsOn"]) == references


def _wheel(out: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return _wheel(tmp_path_factory.mktemp("first"))


def test_two_builds_of_the_wheel_are_the_same_bytes(wheel, tmp_path):
    assert _wheel(tmp_path / "second").read_bytes() == wheel.read_bytes()


def test_the_wheel_brings_nothing_that_runs_on_its_own(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.endswith((".so", ".pyd", ".exe", ".sh", ".pth", ".pkl", ".pyc"))]
    assert any(name.endswith("data/words/report.toml") for name in names)


@pytest.mark.slow
def test_the_wheel_alone_runs_a_study_and_writes_a_memo(wheel, tmp_path):
    """A fresh environment with the wheel; the packages of the lock are lent to it, the checkout is not."""
    home = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    site = Path(subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], check=True,
                               capture_output=True, text=True).stdout.strip())  # fmt: skip
    zipfile.ZipFile(wheel).extractall(site)
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PRIVACYSIM_CACHE")}
    env["PRIVACYSIM_CACHE"] = str(tmp_path / "cache")

    def run(*words: str) -> str:
        command = [str(python), "-m", "privacysim", *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run([python, "-c", "import privacysim; print(privacysim.__file__)"], cwd=tmp_path, env=env,
                           check=True, capture_output=True, text=True).stdout  # fmt: skip
    assert where.startswith(str(site))
    run("run", "preview", "--replicates", "2", "--workers", "1", "--out", "r")
    assert "holds" in run("verify", "r")
    run("report", "r", "-o", "memo.html", "--lang", "zh")
    assert (tmp_path / "memo.html").stat().st_size > 50_000


def _newer_pythons() -> list[Path]:
    """Newer Pythons of this machine: on the path, or kept by pyenv; the newest of each minor version."""
    minors = range(sys.version_info.minor + 1, 20)
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in minors:
        own = sorted(kept.glob(f"3.{minor}.*/bin/python"), key=lambda path: int(path.parts[-3].split(".")[2]))
        on_path = shutil.which(f"python3.{minor}")
        found += [own[-1]] if own else [Path(on_path)] if on_path else []
    return found


@pytest.mark.slow
@pytest.mark.parametrize("python", _newer_pythons() or [None], ids=lambda path: path.parts[-3] if path else "none")
def test_a_newer_python_with_the_wheel_alone_gives_the_same_numbers(python, wheel, tmp_path):
    """A fresh environment from the lock, for that Python, with other versions of numpy and scipy."""
    if python is None:
        pytest.skip("this machine has no newer Python")
    uv = [sys.executable, "-m", "uv"]
    made = tmp_path / "env" / "bin" / "python"
    into = ["--quiet", "--python", str(made)]
    for command in (
        [*uv, "venv", "--quiet", "--python", str(python), str(tmp_path / "env")],
        [*uv, "pip", "install", *into, "--require-hashes", "-r", str(ROOT / "requirements.lock")],
        [*uv, "pip", "install", *into, "--no-deps", str(wheel)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
    found = {}
    for name, runner in (("ours", sys.executable), ("theirs", str(made))):
        env = {**os.environ, "PRIVACYSIM_CACHE": str(tmp_path / f"cache-{name}")}
        command = [runner, "-m", "privacysim", "run", "preview", "--replicates", "3", "--workers", "1", "--out", name]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found[name] = pd.read_parquet(tmp_path / name / "metrics.parquet")
    keys = ["policy", "replicate", "metric", "curve"]
    both = found["ours"].merge(found["theirs"], on=keys, how="outer", validate="one_to_one", suffixes=("", "_theirs"))
    assert len(both) == len(found["ours"]) > 500
    # values came out equal to the last bit on 3.12 and 3.13; contributors are whole numbers
    assert both["value_theirs"].to_numpy() == pytest.approx(both["value"].to_numpy(), rel=1e-9, abs=0.0)
    assert (both["contributors"] == both["contributors_theirs"]).all()
