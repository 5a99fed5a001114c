"""Any damage to any file or command ends in a result or a sentence; earlier findings stay found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVACYSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        from privacysim.study import Study
        from tools import fuzz as module

        patch.setattr(Study, "runner", Study.runner)  # what toy_results replaces is put back
        module.toys = module.toy_results(tmp_path_factory.mktemp("toys") / "results")
        yield module


def test_three_hundred_damaged_inputs_are_read_or_refused(fuzz):
    wrong = fuzz.fuzz(300, 185, fuzz.toys, keep=False)
    assert wrong == [], "\n\n".join(wrong)


def test_earlier_findings_are_read_or_refused(fuzz, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = fuzz.corpus()
    assert len(found) >= 5
    targets = {target.name: target for target in fuzz.targets(tmp_path, fuzz.toys)}
    for name, file, content in found:
        assert fuzz.attempt(targets[name], file, content, tmp_path) == "", (name, file)


@pytest.mark.parametrize("depth", [400, 100_000])
def test_whatever_is_nested_too_deep_is_refused_by_every_reader(fuzz, tmp_path, monkeypatch, depth):
    """Whether the interpreter's own limit is met or not: a sentence, since no file of ours goes so deep."""
    monkeypatch.chdir(tmp_path)
    for target in fuzz.targets(tmp_path, fuzz.toys):
        for name in list(target.seeds)[:2]:
            bomb = b"a = " + b"[" * depth + b"]" * depth if name.endswith(".toml") else b"[" * depth
            assert fuzz.attempt(target, name, bomb, tmp_path) == "", (target.name, name)


def test_the_fuzzer_notices_a_reader_that_breaks(fuzz, tmp_path):
    def breaks(path):
        if b"nan" in path.read_bytes():
            raise KeyError("nan")

    target = fuzz.Target("broken", {"a.toml": b"a = 1"}, breaks)
    assert fuzz.attempt(target, "a.toml", b"a = 2", tmp_path) == ""
    assert "KeyError" in fuzz.attempt(target, "a.toml", b"a = nan", tmp_path)


@pytest.mark.slow
def test_a_hundred_thousand_damaged_inputs_are_read_or_refused_within_a_gigabyte():
    examples, seed = os.environ.get("PRIVACYSIM_FUZZ", "100000 1").split()
    command = [sys.executable, "tools/fuzz.py", "--examples", examples, "--seed", seed]
    said = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-1000:]
