"""Each promise of the threat model names its test and has a breach to plant; some of it is read off the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import privacysim

ROOT = Path(__file__).resolve().parents[2]
MODEL = (ROOT / "docs" / "evidence" / "threat_model.md").read_text(encoding="utf-8")
PACKAGE = Path(privacysim.__file__).parent


def test_every_promise_names_a_test_that_a_planted_breach_makes_fail():
    promises = [line for line in MODEL.splitlines() if line.startswith("| ") and line.rstrip().endswith("` |")]
    assert len(promises) >= 25
    named = re.findall(r"`([a-z_]+/test_\w+\.py::\w+)`", MODEL)
    assert all(re.search(r"`[a-z_]+/test_\w+\.py::\w+` \|$", line) for line in promises)
    claims = tomllib.loads((ROOT / "tests" / "claims.toml").read_text(encoding="utf-8"))["claim"]
    assert {f"tests/{name}" for name in named} == {one["test"] for one in claims if one["kind"] == "promise"}


def test_only_parts_and_proved_kernels_are_unpickled_and_nothing_is_evaluated():
    for path in PACKAGE.rglob("*.py"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
        loads = re.search(r"\bimport (pickle|joblib|dill|shelve)\b", text)
        assert name in ("parts.py", "compiled.py") or not loads, name
        assert "allow_pickle=True" not in text, name
        assert not re.search(r"(?<![\w.])(eval|exec)\(|shell=True|os\.system", text), name
        assert "0.0.0.0" not in text, name
        assert name == "compiled.py" or "njit(" not in text, f"{name}: its compiled code would not be proved"
