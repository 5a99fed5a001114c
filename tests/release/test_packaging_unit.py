"""One list of dependencies, no address in it, resources in the wheel, a package that imports in no time."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import privacysim

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    lines = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in lines}


def test_every_dependency_is_locked_at_a_version_that_fits(project, locked):
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    for text in [line for group in groups for line in group]:
        wanted = Requirement(text)
        name = wanted.name.lower().replace("_", "-")
        if name == "privacysim":  # an extra that names another of its own
            continue
        assert name in locked, f"{name} is missing from requirements.lock: make it anew"
        assert wanted.specifier.contains(Version(locked[name])), f"{name} {locked[name]} does not fit {text}"


def test_a_stale_environment_is_not_removed_by_its_own_python(monkeypatch, tmp_path):
    """So that a test that calls run.py cannot remove the environment in which the tests run."""
    import run

    monkeypatch.setattr(run, "VENV", Path(sys.prefix))
    monkeypatch.setattr(run, "STAMP", tmp_path / "of another lock")
    monkeypatch.setattr(run.subprocess, "run", lambda *given, **named: pytest.fail(f"ran {given}"))
    with pytest.raises(SystemExit, match="deactivate"):
        run.set_up()


def test_every_locked_package_has_hashes():
    blocks = re.split(r"^(?=\S)", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    named = [block for block in blocks if "==" in block.split("\n")[0]]
    assert named
    assert all("--hash=sha256:" in block for block in named)


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "pyproject.toml", "run.py"])
def test_no_file_of_the_set_up_holds_an_address(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|file://|--index-url|--extra-index-url|--find-links", text)


def test_the_conda_environment_has_the_python_that_the_project_asks_for(project):
    wanted = project["project"]["requires-python"].removeprefix(">=")
    assert f"python={wanted}\n" in (ROOT / "environment.yml").read_text()


def test_the_version_is_said_once(project):
    assert project["project"]["version"] == privacysim.__version__
    assert f"version: {privacysim.__version__}" in (ROOT / "CITATION.cff").read_text()


def _fresh(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout


def test_importing_privacysim_loads_neither_numpy_nor_pandas():
    out = _fresh("import sys, privacysim; print(sorted({'numpy', 'pandas', 'numba', 'matplotlib'} & set(sys.modules)))")
    assert out.strip() == "[]"


def test_every_public_name_is_declared_for_type_checkers_and_resolves():
    tree = ast.parse(Path(privacysim.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert declared == set(privacysim.__all__)
    modules = {path.stem for path in Path(privacysim.__file__).parent.iterdir()}
    for name in privacysim.__all__:
        assert getattr(privacysim, name) is not None
        assert name not in modules
    assert set(privacysim.__all__) <= set(dir(privacysim))


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Stdy'"):
        _ = privacysim.Stdy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_its_facts_laws_policies_and_studies(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("sim", "data"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".toml", ".csv"}:
                assert f"privacysim/_shipped/{path.relative_to(ROOT).as_posix()}" in names
    assert "privacysim/_shipped/notebooks/new_study.ipynb" in names
    assert not any(name.startswith(("tests/", "notebooks/")) for name in names)


def test_from_the_wheel_too_a_policy_of_the_working_folder_is_found_first(wheel, tmp_path):
    installed, work = tmp_path / "installed", tmp_path / "work"
    zipfile.ZipFile(wheel).extractall(installed)
    (work / "sim" / "policies").mkdir(parents=True)
    shipped = (ROOT / "sim" / "policies" / "notice_only.toml").read_text()
    (work / "sim" / "policies" / "notice_only.toml").write_text(shipped)
    (work / "sim" / "policies" / "my_rule.toml").write_text(
        'id = "my_rule"\nextends = "notice_only"\ntitle = {en = "My own rule"}\nstatus = "hypothetical"\n'
    )
    run = subprocess.run(
        [sys.executable, "-m", "privacysim", "policy", "list"], cwd=work, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "200"}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "my_rule" in run.stdout
    assert "order_799" in run.stdout
    where = (
        "import privacysim; from privacysim.files import find_file; "
        "print(privacysim.__file__); print(find_file('policies', 'notice_only'))"
    )
    out = subprocess.run(
        [sys.executable, "-c", where], cwd=work, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    ).stdout.splitlines()  # fmt: skip
    assert out[0].startswith(str(installed))
    assert out[1] == "sim/policies/notice_only.toml"
