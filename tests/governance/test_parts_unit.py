"""The parts of governance one by one: retention over a change of rules, competing hazards, galleries, books."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from privacysim.draws import stream_key, uniforms
from privacysim.errors import InputError
from privacysim.governance.log import NEVER, Book, act_ids
from privacysim.governance.oversight import first_end
from privacysim.governance.request_life import gallery, viewer_ids
from privacysim.governance.rules_in_force import Keeping, Rules, kinds
from privacysim.units import DAY_TICKS
from privacysim.world.world_model import World


def _keeping(before_d: int, after_d: int) -> Keeping:
    """Custody of one camera on the road, whose retention changes at tick 0."""
    one = np.zeros(1, dtype=np.int64)
    world = SimpleNamespace(cameras=SimpleNamespace(place_id=one - 1, operator=one, regime=one),
                            city=SimpleNamespace(place_category=one))
    terms = np.array([[[before_d] * 2], [[after_d] * 2]]) * DAY_TICKS
    nothing = np.zeros((2, 1), dtype=bool)
    return Keeping(cast(World, world), cast(Rules, SimpleNamespace(switch=0)), (("none", False),), terms,
                   nothing.astype(np.uint8), nothing, nothing)


@pytest.mark.parametrize(("before", "after"), [(15, 30), (30, 15), (15, 15), (30, 3), (0, 15)])
def test_governance_footage_exists_from_its_recording_until_it_is_erased_and_never_again(
    before: int, after: int
) -> None:
    kept, camera = _keeping(before, after), np.zeros(1, dtype=np.int64)
    recorded = np.arange(-40, 20) * DAY_TICKS + 7
    asked = np.arange(-40, 60) * DAY_TICKS + 13
    gone = kept.erased(camera, recorded)
    oldest = kept.oldest(camera, asked)
    there_by_erasing = (recorded[:, None] <= asked) & (asked <= gone[:, None])
    there_by_oldest = (recorded[:, None] <= asked) & (recorded[:, None] >= oldest)
    # a footage that a shorter term catches on the very day of the change is gone on that day
    differ = there_by_erasing != there_by_oldest
    assert not differ.any()
    exists = there_by_oldest.astype(int)
    assert (np.abs(np.diff(exists, axis=1)).sum(axis=1) <= 2).all()  # it comes once and goes once


def test_governance_a_longer_term_brings_nothing_back() -> None:
    kept = _keeping(15, 30)
    assert kept.oldest(np.zeros(1, dtype=np.int64), np.array([5 * DAY_TICKS]))[0] == -15 * DAY_TICKS
    assert kept.oldest(np.zeros(1, dtype=np.int64), np.array([20 * DAY_TICKS]))[0] == -10 * DAY_TICKS


def test_governance_a_stream_ends_where_the_integrated_hazard_passes_its_mark() -> None:
    u = uniforms(stream_key(3, 0, "ends"), np.arange(60), 9)
    for row in u:
        marks, hazard = -np.log(row[:4]), 0.02 * row[4:8]
        factors, begin = np.array([1.0, 2.0, 0.5, 3.0]), int(-60 * DAY_TICKS * row[8])
        ends, cause = first_end(begin, 0, marks, hazard, factors)
        step = DAY_TICKS // 100
        times = begin + step * np.arange(1, 60_000)
        rate = np.where(times[:, None] <= 0, hazard, hazard * factors) / DAY_TICKS
        passed = np.cumsum(rate * step, axis=0) >= marks
        first = np.where(passed.any(axis=0), passed.argmax(axis=0), times.size)
        if first.min() < times.size - 1:
            assert cause == int(first.argmin())
            assert abs(ends - times[first.min()]) <= 3 * step


def test_governance_a_stream_that_nothing_can_end_stays() -> None:
    assert first_end(0, 0, np.ones(4), np.full(4, 0.01), np.zeros(4)) == (int(NEVER), -1)


def test_governance_nobody_compares_with_fewer_than_two_people() -> None:
    assert gallery(0, 100)["gallery"] == 2
    assert gallery(150, 100)["known"] == 1.0


def test_governance_viewers_of_different_crowds_differ() -> None:
    days = np.arange(1_000)
    ids = np.concatenate([viewer_ids("crowd", days, 0), viewer_ids("crowd", days, 1), viewer_ids("case", days)])
    assert np.unique(ids).size == 3_000
    assert (ids >= 0).all()


def test_governance_kinds_are_the_distinct_rows() -> None:
    u = (uniforms(stream_key(1, 0, "kinds"), np.arange(500), 3) * (3, 5, 2)).astype(np.int64)
    distinct, which = kinds(*u.T)
    assert np.array_equal(distinct[which], u)
    assert len(distinct) == len(np.unique(u, axis=0))


def test_governance_a_book_refuses_a_batch_without_a_column_or_with_a_strange_one() -> None:
    book = Book("acts")
    with pytest.raises(InputError, match="camera_id"):
        book.add(1, source="request", source_id=1)
    complete: dict[str, object] = {
        "source": "request", "source_id": 1, "camera_id": 2, "from_t": 0, "to_t": 5, "at_t": 9, "actor": "curious",
        "viewer": 3, "act": "view", "purpose": "curiosity",
    }
    with pytest.raises(InputError, match="colour"):
        book.add(1, **complete, colour="red")
    first, second = book.add(1, **complete), book.add(1, **{**complete, "act": "copy"})
    assert act_ids(first)[0] != act_ids(second)[0]
    assert act_ids(first)[0] == act_ids(book.add(1, **complete))[0]
