"""Whatever happens to a results folder: it holds the values of its run, or it says that it does not.

Faults strike at every change of the file system, one after another; a machine of states then runs, interrupts, resumes,
verifies, compares, saves, moves and alters in any order.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import privacysim as ps
from privacysim.errors import PrivacysimError
from privacysim.results import load_results
from privacysim.study import verify
from tests.helpers.file_faults import ERRORS, KILLS, fault, struck

PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 2}
FILES = ("metrics.parquet", "summary.csv")


def study(seed: int, replicates: int) -> ps.Study:
    return ps.Study(**PARTS, seed=seed, replicates=replicates)


@cache
def expected(seed: int, replicates: int):
    return study(seed, replicates).run(workers=1).metrics


@pytest.fixture(scope="module", autouse=True)
def toys(toy_units, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield toy_units(patch, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[Path, list[str]]:
    """Results of an undisturbed run, and the file that each of its changes was about."""
    home = tmp_path_factory.mktemp("quiet")
    with fault(home, None) as counted:
        study(1, 2).run(workers=1, out=home / "r")
    return home / "r", counted.paths


def survives(home: Path, undisturbed: Path, at: int, how: str) -> None:
    folder = home / f"{how}{at}"
    code = struck(lambda: study(1, 2).run(workers=1, out=folder) and None, home, at, how)
    # what could not be removed does not matter
    assert code in {"kill": (137,), "torn": (0, 137), "interrupt": (130,)}.get(how, (0, 2))
    if (folder / "manifest.json").exists():
        assert load_results(folder).metrics.equals(expected(1, 2))
    else:
        with pytest.raises(PrivacysimError, match="no complete results"):
            load_results(folder)
    study(1, 2).run(workers=1, out=folder, resume=True)
    assert [(folder / name).read_bytes() for name in FILES] == [(undisturbed / name).read_bytes() for name in FILES]
    assert not [path for path in folder.rglob("*") if path.name.endswith(".part")] or how in KILLS
    shutil.rmtree(folder)


@pytest.mark.parametrize(("how", "early"), [
    ("error", True), ("interrupt", False), ("kill", True), ("kill", False), ("short", False), ("torn", False)])
def test_a_fault_among_the_inputs_or_at_the_manifest_of_a_run_loses_nothing(how, early, undisturbed, tmp_path):
    folder, changes = undisturbed
    last = max(n for n, path in enumerate(changes) if path == "r/manifest.json")
    survives(tmp_path, folder, len(changes) // 3 if early else last, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", [*KILLS, *ERRORS])
def test_faults_at_every_change_of_a_run_lose_nothing(how, undisturbed, tmp_path):
    """Of the copied data files, which are all written in the same way, every tenth is tried; errors take turns."""
    folder, changes = undisturbed
    chosen = [n for n, path in enumerate(changes) if not path.startswith("r/inputs/data/") or n % 10 == 0]
    assert len(chosen) >= 100, "two kinds of kills make 200"
    chosen = chosen if how in KILLS else chosen[ERRORS.index(how) :: len(ERRORS)]
    for n in chosen:
        survives(tmp_path, folder, n, how)
    print(f"run: {len(chosen)} of {how}, nothing lost")


KEYS = some.tuples(some.sampled_from([1, 2]), some.sampled_from([1, 3]))


class Machine(RuleBasedStateMachine):
    """One results folder; `done` is the run whose complete results it must hold, None if there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="privacysim-machine-"))
        self.folder, self.done, self.moves, self.altered = self.home / "r0", None, 0, False

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    @rule(key=KEYS, force=some.booleans(), resume=some.booleans())
    def run(self, key, force, resume) -> None:
        try:
            found = study(*key).run(workers=1, out=self.folder, force=force, resume=resume)
        except PrivacysimError:
            assert not force or self.altered
            assert self.altered or self.done not in (None, key)
            return
        assert found.metrics.equals(expected(*key))
        self.done, self.altered = key, False

    @rule(key=KEYS, at=some.integers(0, 160), how=some.sampled_from(["error", "interrupt"]))
    def interrupted(self, key, at, how) -> None:
        try:
            with fault(self.home, at, how):
                study(*key).run(workers=1, out=self.folder, force=True, resume=True)
        except (PrivacysimError, OSError, KeyboardInterrupt):
            self.done = key if (self.folder / "manifest.json").exists() and not self._holds(self.done) else self.done
            if not (self.folder / "manifest.json").exists():
                self.done, self.altered = None, False
            return
        self.done, self.altered = key, False

    def _holds(self, key) -> bool:
        try:
            return key is not None and load_results(self.folder).metrics.equals(expected(*key))
        except PrivacysimError:
            return False

    @precondition(lambda self: self.folder.exists())
    @rule()
    def moved(self) -> None:
        self.moves += 1
        self.folder = self.folder.rename(self.home / f"r{self.moves}")

    @precondition(lambda self: self.done is not None and not self.altered)
    @rule()
    def verified(self) -> None:
        assert verify(self.folder).wrong == []

    @precondition(lambda self: self.done is not None and not self.altered)
    @rule()
    def saved_again(self) -> None:
        copy = self.home / "copy"
        load_results(self.folder).save(copy, force=True)
        assert load_results(copy).metrics.equals(expected(*self.done))

    @precondition(lambda self: self.done is not None and not self.altered)
    @rule(name=some.sampled_from(["manifest.json", *FILES, "inputs/resolved.json"]), at=some.integers(0, 10**6),
          bit=some.integers(0, 7))  # fmt: skip
    def bit_flipped(self, name, at, bit) -> None:
        content = bytearray((self.folder / name).read_bytes())
        content[at % len(content)] ^= 1 << bit
        (self.folder / name).write_bytes(content)
        self.altered = True

    @invariant()
    def never_other_values(self) -> None:
        try:
            found = load_results(self.folder)
        except PrivacysimError:
            assert self.done is None or self.altered
            return
        assert self.done is not None
        assert found.metrics.equals(expected(*self.done))
        assert len(found.compare().rows)


@pytest.mark.slow
def test_no_order_of_events_gives_other_values():
    run_state_machine_as_test(Machine, settings=settings(
        max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate]))  # fmt: skip
