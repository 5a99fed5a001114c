"""Pools that break before they take an item: what is left is done in the next, and nothing waits for ever."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from privacysim.study.executor import WorkerLost, work_through


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
