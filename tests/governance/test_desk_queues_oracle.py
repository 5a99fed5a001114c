"""The desk against what nobody here wrote: Erlang's formula of 1917, and SimPy's own priority resource."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
import simpy

from privacysim.draws import stream_key, uniforms
from privacysim.governance.desk import Desk, Hours
from privacysim.units import DAY_TICKS, HOUR_TICKS

Paper = tuple[int, int, int]  # asked at, work, priority


def _papers(count: int, load: float, officers: int, seed: int = 1) -> list[Paper]:
    """Poisson arrivals and exponential work of mean one hour, for an offered load per officer."""
    u = uniforms(stream_key(seed, 0, "papers"), np.arange(count), 3)
    gaps = -np.log(u[:, 0]) * HOUR_TICKS / (load * officers)
    work = np.maximum(np.rint(-np.log(u[:, 1]) * HOUR_TICKS), 1).astype(int)
    asked = np.rint(np.cumsum(gaps)).astype(int)
    return [(int(a), int(w), int(p)) for a, w, p in zip(asked, work, u[:, 2] * 3, strict=True)]


def _through_the_desk(
    papers: list[Paper], officers: int, hours: Hours | None = None, patience: int | None = None
) -> tuple[list[tuple[int, int]], Desk]:
    """(number, tick at which its turn came, −1 = expired) in the order of turns."""
    env, turns = simpy.Environment(), []
    desk = Desk(env, officers, hours or Hours())

    def paper(number: int, asked: int, work: int, priority: int):
        yield env.timeout(asked)
        desk.work_asked += work
        in_time = yield desk.ask(number, priority=priority, expires=asked + patience if patience else 1 << 62)
        turns.append((number, int(env.now) if in_time else -1))
        if in_time:
            yield env.timeout(desk.hours.after(int(env.now), work) - int(env.now))
            desk.release()

    for number, (asked, work, priority) in enumerate(papers):
        env.process(paper(number, asked, work, priority))
    env.run()
    return turns, desk


def _erlang_c_wait(load: float, officers: int) -> float:
    """Mean wait in an M/M/c queue, in units of the mean work (Erlang 1917): C(c, a) / (c − a), a = load · c."""
    a = load * officers
    last = a**officers / factorial(officers) / (1 - load)
    return last / (sum(a**j / factorial(j) for j in range(officers)) + last) / (officers - a)


@pytest.mark.parametrize(("load", "officers"), [(0.5, 1), (0.7, 3), (0.85, 6)])
def test_governance_desk_waits_as_erlang_says(load: float, officers: int) -> None:
    papers = [(asked, work, 0) for asked, work, _ in _papers(20_000, load, officers)]
    turns, _ = _through_the_desk(papers, officers)
    waits = np.array([turn - papers[number][0] for number, turn in sorted(turns)]) / HOUR_TICKS
    batches = waits[:20_000].reshape(40, -1).mean(axis=1)  # batch means, since waits of neighbours are alike
    error = batches.std(ddof=1) / np.sqrt(40)
    assert abs(waits.mean() - _erlang_c_wait(load, officers)) < 3.5 * error


@pytest.mark.parametrize("load", [0.6, 1.6])
def test_governance_desk_gives_the_log_of_simpys_priority_resource(load: float) -> None:
    papers = _papers(600, load, 2, seed=7)
    env, expected = simpy.Environment(), []
    resource = simpy.PriorityResource(env, 2)

    def paper(number: int, asked: int, work: int, priority: int):
        yield env.timeout(asked)
        with resource.request(priority=priority) as turn:
            yield turn
            expected.append((number, int(env.now)))
            yield env.timeout(work)

    for number, one in enumerate(papers):
        env.process(paper(number, *one))
    env.run()
    assert sorted(_through_the_desk(papers, 2)[0]) == sorted(expected)


def test_governance_desk_stays_bounded_at_load_one_and_a_half_because_expired_papers_leave() -> None:
    papers = [(asked, work, 0) for asked, work, _ in _papers(6_000, 1.5, 2)]
    patience = 48 * HOUR_TICKS
    turns, desk = _through_the_desk(papers, 2, patience=patience)
    waits = np.array([turn - papers[number][0] for number, turn in turns if turn >= 0])
    assert waits.max() <= patience
    served = len(waits) / len(papers)
    assert abs(served - 1 / 1.5) < 0.05  # the desk works all the time, so it serves the share 1/ρ
    assert desk.offered_load(0, papers[-1][0]) == pytest.approx(1.5, rel=0.05)


def test_governance_desk_takes_waiting_papers_in_the_documented_order_at_the_opening() -> None:
    hours = Hours(8 * HOUR_TICKS, 18 * HOUR_TICKS)
    night = 20 * HOUR_TICKS
    papers = [(night + 50, 10, 1), (night + 60, 10, 0), (night + 50, 10, 0), (night + 40, 10, 1)]
    turns, _ = _through_the_desk(papers, 1, hours)
    assert [number for number, _ in turns] == [2, 1, 3, 0]
    assert turns[0][1] == DAY_TICKS + 8 * HOUR_TICKS


def test_governance_desk_works_only_in_office_hours() -> None:
    hours = Hours(8 * HOUR_TICKS, 18 * HOUR_TICKS)
    for now in range(0, 2 * DAY_TICKS, 7 * HOUR_TICKS // 2):
        for work in (1, HOUR_TICKS, 10 * HOUR_TICKS, 25 * HOUR_TICKS, 40 * HOUR_TICKS):
            end = hours.after(now, work)
            minutes = np.arange(now, end, 600)
            assert abs(sum(hours.opening(minute) == minute for minute in minutes.tolist()) * 600 - work) <= 600
