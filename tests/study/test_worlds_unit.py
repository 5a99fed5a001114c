"""A study with worlds: each draws its facts, more worlds begin with the fewer, and saved results hold them."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from privacysim.facts import facts
from privacysim.simulation.unit_parts import WORLD
from privacysim.study.running import world_numbers


def study(worlds):
    return ps.Study("preview", policies=["notice_only", "order_799"], days=2, sample=300, replicates=2, worlds=worlds)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return study(3).run(workers=1, out=tmp_path_factory.mktemp("worlds") / "out")


def test_every_tenth_world_has_a_second_replicate():
    assert world_numbers(12) == [WORLD, 2 * WORLD, *range(WORLD + 1, WORLD + 10), WORLD + 10, 2 * WORLD + 10,
                                 WORLD + 11]  # fmt: skip


def test_worlds_stay_apart_from_the_replicates_at_the_best_guesses(three):
    assert sorted(three.worlds["replicate"].unique()) == [WORLD, WORLD + 1, WORLD + 2, 2 * WORLD]
    assert sorted(three.metrics["replicate"].unique()) == [0, 1]
    alone = study(0).run(workers=1)
    assert alone.metrics.equals(three.metrics)
    assert alone.worlds.empty
    assert alone.run_id != three.run_id


def test_fewer_worlds_are_the_first_of_more(three):
    fewer = study(2).run(workers=1)
    kept = three.worlds[three.worlds["replicate"] % WORLD < 2].reset_index(drop=True)
    assert fewer.worlds.equals(kept)


def test_facts_differ_between_worlds_and_only_those_that_the_study_reads_are_listed(three):
    wide = three.world_facts.pivot(index="world", columns="fact", values="value")
    assert list(wide.index) == [0, 1, 2]
    assert {"contacts"} <= set(wide.columns) <= set(facts())
    assert (wide.nunique() > 1).mean() > 0.95
    assert "p_listed" not in wide, "solved in each world, not drawn"


def test_saved_results_hold_their_worlds(three):
    again = ps.load_results(three.folder)
    assert again.worlds.equals(three.worlds)
    assert again.world_facts.equals(three.world_facts)
    assert again.compare().unknowns().equals(three.compare().unknowns())


def test_replicates_alone_keep_the_facts_at_their_best_guesses():
    assert ps.Study("preview", replicates=3).plan.worlds == 0
    assert study(5).inputs().worlds == 5
    assert study(5).inputs(replicate=0).worlds == 0


def test_an_interrupted_run_keeps_the_worlds_that_were_done(tmp_path, three):
    asked = study(3)
    done = []

    class Stopped(Exception):
        pass

    def stop_after_five(whole, wanted, folder, unit):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(unit)
        return ps.Study.runner(whole, wanted, folder, unit)

    asked.runner = stop_after_five
    stop_after_five.prepare = ps.Study.runner.prepare
    with pytest.raises(KeyboardInterrupt):
        asked.run(workers=1, out=tmp_path)
    results = study(3).run(workers=1, out=tmp_path, resume=True)
    assert results.worlds.equals(three.worlds)
    assert np.isfinite(results.worlds["value"]).all()
