"""Pools that break before they take an item: what is left is done in the next, and nothing waits for ever."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from privacysim.simulation.unit_parts import Failed, Unit, UnitParts
from privacysim.study.executor import WorkerLost, work_through
from privacysim.study.running import do_units


class Breaking(Executor):
    """Work done at once, in this process, in a pool that is broken at its first `left` submissions of all."""

    left = 0

    def submit(self, work, /, *items):
        if Breaking.left > 0:
            Breaking.left -= 1
            raise BrokenProcessPool("broken before it took the item")
        future: Future = Future()
        future.set_result(work(*items))
        return future


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_pools_that_break_before_they_take_an_item_cost_nothing(broken):
    Breaking.left = broken
    found = list(work_through(lambda n: n * n, [1, 2, 3], Breaking, 2))
    assert sorted(found) == [(1, 1), (2, 4), (3, 9)]


def test_where_every_pool_breaks_at_once_the_items_are_named_and_nothing_waits_for_ever():
    Breaking.left = 1_000
    with pytest.raises(WorkerLost) as error:
        list(work_through(lambda n: n * n, [1, 2], Breaking, 2))
    assert sorted(error.value.items) == [1, 2]
    assert Breaking.left >= 1_000 - 6, "each is tried a few times, not for ever"


class Deadly(Executor):
    """Work done at once; a task that holds the unit `Deadly.unit` kills its worker. `tasks` are the submitted units."""

    unit, tasks = Unit(1, 1), list[tuple[Unit, ...]]()

    def submit(self, work, /, units):
        future: Future = Future()
        Deadly.tasks.append(units)
        if Deadly.unit in units:
            future.set_exception(BrokenProcessPool("the worker died"))
        else:
            future.set_result(work(units))
        return future


def test_blocks_of_a_replicate_go_to_one_worker_and_one_that_kills_it_costs_the_others_nothing():
    Deadly.tasks = []
    wanted = [Unit(replicate, block) for replicate in range(3) for block in range(2)]
    done = do_units(lambda unit: UnitParts(unit, {}), wanted, workers=2, open_executor=Deadly,
                    together=lambda unit: unit.replicate)
    assert {units for units in Deadly.tasks if len(units) == 2} == {tuple(wanted[n : n + 2]) for n in (0, 2, 4)}
    assert [unit for unit, part in done.items() if isinstance(part, Failed)] == [Deadly.unit]
    assert list(done) == wanted
