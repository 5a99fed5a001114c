"""Whatever happens to a results folder: it holds the values of its run, or it says that it does not.

Faults strike at every change of the file system, one after another; a machine of states then runs, interrupts, resumes,
verifies, compares, saves, moves and alters in any order.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
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
from tests.helpers.file_faults import fault

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
def undisturbed(tmp_path_factory) -> tuple[Path, int]:
    """Results of an undisturbed run, and the number of changes that it made."""
    home = tmp_path_factory.mktemp("quiet")
    with fault(home, None) as counted:
        study(1, 2).run(workers=1, out=home / "r")
    return home / "r", counted.count


def struck(folder: Path, at: int, how: str) -> None:
    """Run until the fault; a kill ends a forked process."""
    def run() -> None:
        with fault(folder.parent, at, how):
            study(1, 2).run(workers=1, out=folder)

    if how == "interrupt":
        with pytest.raises(KeyboardInterrupt):
            run()
    elif how == "error":
        with suppress(PrivacysimError, OSError):  # or nothing, where what could not be removed does not matter
            run()
    elif (child := os.fork()) == 0:
        try:
            run()
        finally:
            os._exit(1)
    else:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


def survives(home: Path, undisturbed: Path, at: int, how: str) -> None:
    folder = home / f"{how}{at}"
    struck(folder, at, how)
    if (folder / "manifest.json").exists():
        assert load_results(folder).metrics.equals(expected(1, 2))
    else:
        with pytest.raises(PrivacysimError, match="no complete results"):
            load_results(folder)
    study(1, 2).run(workers=1, out=folder, resume=True)
    assert [(folder / name).read_bytes() for name in FILES] == [(undisturbed / name).read_bytes() for name in FILES]
    assert not [path for path in folder.rglob("*") if path.name.endswith(".part")] or how == "kill"
    shutil.rmtree(folder)


@pytest.mark.parametrize("how", ["error", "interrupt", "kill"])
def test_a_fault_in_the_middle_and_one_at_the_end_of_a_run_lose_nothing(how, undisturbed, tmp_path):
    folder, changes = undisturbed
    for at in (changes // 3, changes - 2):
        survives(tmp_path, folder, at, how)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["error", "interrupt", "kill"])
def test_faults_at_every_change_of_a_run_lose_nothing(how, undisturbed, tmp_path):
    folder, changes = undisturbed
    assert changes >= 100, "three kinds of faults make 300"
    for n in range(changes):
        survives(tmp_path, folder, n, how)


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
