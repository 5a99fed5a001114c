"""Many points of a study: parts kept and read again, failures named, any executor, the same numbers."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.robustness import points as room
from privacysim.robustness.points import run_points
from privacysim.simulation.unit_parts import Unit
from privacysim.study import running
from privacysim.study.running import PILOT
from tests.helpers import planted_unit

plant, size, EXPOSURE = planted_unit.plant, planted_unit.size, planted_unit.EXPOSURE
QUIET = {"metrics": [EXPOSURE], "progress": False}


@pytest.fixture(scope="module")
def three() -> list:
    """Three points that differ in a fact; 30 000 people are two blocks a replicate."""
    study = ps.Study("preview", policies=["notice_only", "order_799"], days=2, replicates=2, sample=30_000)
    base = study.inputs()
    return [replace(base, facts={"compliance": value}) for value in (0.2, 0.4, 0.6)]


def answers(inputs, arm):
    return {EXPOSURE: 1.0 if arm == "notice_only" else inputs.facts["compliance"]}


def frame_by_hand():
    """Every row that the three points must give, worked out without the room: blocks are added up."""
    return {
        (n, arm, k, curve): sum(size(Unit(k, block)) for block in (0, 1)) * (m if curve == "low" else m * m)
        for n, share in enumerate((0.2, 0.4, 0.6)) for arm, m in (("notice_only", 1.0), ("order_799", share))
        for k in (0, 1) for curve in ("low", "high")
    }  # fmt: skip


def rows_of(ran) -> dict:
    return {(row["point"], row["policy"], row["replicate"], row["curve"]): row["value"]
            for row in ran.metrics.to_dict("records")}  # fmt: skip


def test_every_point_has_the_sums_of_its_blocks_in_turn_and_through_any_executor(monkeypatch, three):
    asked = plant(monkeypatch, answers)
    alone = run_points(three, workers=1, **QUIET)
    assert rows_of(alone) == pytest.approx(frame_by_hand())
    assert len(asked) == 3 * 2 * 2
    assert {point.only for point, _ in asked} == {(EXPOSURE,)}, "the model measures what is asked for alone"
    together = run_points(three, workers=2, open_executor=lambda: ThreadPoolExecutor(2), **QUIET)
    assert together.metrics.equals(alone.metrics)
    assert alone.failed == together.failed == ()


def test_processes_are_as_many_as_workers_but_never_more_than_pieces_of_work(monkeypatch, three, tmp_path):
    plant(monkeypatch, answers)
    opened = []

    def threads(count):  # a machine with so many cores is not at hand
        opened.append(count)
        return lambda: ThreadPoolExecutor(count)

    monkeypatch.setattr(running, "processes", threads)
    monkeypatch.setattr(room, "cores", lambda: 64)
    run_points(three, **QUIET)
    run_points(three, workers=5, folder=tmp_path, **QUIET)
    run_points(three, workers=5, folder=tmp_path, **QUIET)
    assert opened == [12, 5], "twelve pieces; five workers; and none where every part is there already"


def test_a_run_that_was_cut_off_goes_on_and_a_broken_part_is_done_again(monkeypatch, three, tmp_path):
    asked = plant(monkeypatch, answers)
    whole = run_points(three, workers=1, folder=tmp_path, pilots=True, **QUIET)
    assert len(asked) == 3 * (2 * 2 + 1)
    assert whole.skewness["order_799", EXPOSURE, "low"] == 0.4
    kept = sorted(tmp_path.rglob("r*-b*.json"))
    assert len(kept) == 15
    kept[3].unlink()
    kept[7].write_text(kept[7].read_text()[:40])
    asked.clear()
    again = run_points(three, workers=1, folder=tmp_path, pilots=True, **QUIET)
    assert len(asked) == 2, "what is on disk and whole is not run again"
    assert again.metrics.equals(whole.metrics)
    assert again.skewness == whole.skewness
    asked.clear()
    run_points([replace(three[0], facts={"compliance": 0.21})], workers=1, folder=tmp_path, **QUIET)
    assert len(asked) == 4, "another value is another point, whatever lies in the folder"


def test_a_unit_that_fails_costs_its_point_that_replicate_and_is_named(monkeypatch, three, tmp_path):
    def fails(inputs, unit):
        return inputs.facts["compliance"] == 0.4 and unit == Unit(1, 1)

    plant(monkeypatch, answers, fails)
    ran = run_points(three, workers=1, folder=tmp_path, **QUIET)
    expected = {key: value for key, value in frame_by_hand().items() if key[0] != 1 or key[2] != 1}
    assert rows_of(ran) == pytest.approx(expected), "half a replicate is none"
    (said,) = ran.failed
    assert said.startswith("point 1, replicate 1, block 1: failed in stats at privacysim/stats.py, line ")
    assert said.endswith(": ValueError: 0 ≤ successes ≤ n and n > 0"), "the room that failed, not the one that asked"
    asked = plant(monkeypatch, answers)
    healed = run_points(three, workers=1, folder=tmp_path, **QUIET)
    assert [unit for _, unit in asked] == [Unit(1, 1)], "what failed was not kept, what did not was"
    assert rows_of(healed) == pytest.approx(frame_by_hand())


def test_what_a_reader_can_mend_stops_the_run(monkeypatch, three):
    def broken(inputs, arm):
        raise InputError("facts", "a share", 7, "write a share")

    plant(monkeypatch, broken)
    with pytest.raises(InputError, match="expected a share"):
        run_points(three, workers=1, **QUIET)


class Deadly(ThreadPoolExecutor):
    """A pool whose worker dies of point 1's first block, each time."""

    def submit(self, work, units):
        (one,) = units
        if one.point != 1 or one.unit != Unit(0, 0):
            return super().submit(work, units)
        gone: Future = Future()
        gone.set_exception(BrokenProcessPool("a worker was killed"))
        return gone


def test_a_point_that_kills_its_worker_twice_is_named_and_the_others_are_kept(monkeypatch, three):
    plant(monkeypatch, answers)
    ran = run_points(three, workers=2, open_executor=lambda: Deadly(2), **QUIET)
    (said,) = ran.failed
    assert said.startswith("point 1, replicate 0, block 0: failed in its worker, which died twice: probably too little")
    assert rows_of(ran) == pytest.approx({k: v for k, v in frame_by_hand().items() if k[0] != 1 or k[2] != 0})


def test_a_pilot_alone_is_no_replicate_and_no_point_is_an_empty_table(monkeypatch, three):
    asked = plant(monkeypatch, answers, lambda inputs, unit: unit != PILOT)
    ran = run_points(three[:1], workers=1, pilots=True, **QUIET)
    assert ran.metrics.empty
    assert len(ran.failed) == 4
    assert len(asked) == 5
    assert ran.skewness["notice_only", EXPOSURE, "high"] == 0.4
    assert run_points([], workers=1, **QUIET).metrics.empty
