"""A desk with several officers: the shipped one, SimPy's PriorityResource, Ciw; all with the same load."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
import simpy

from privacysim.draws import stream_key, uniforms
from privacysim.governance.desk import Desk, Hours
from privacysim.units import DAY_TICKS, HOUR_TICKS

OFFICERS = 4
Papers = list[tuple[int, int, int]]
"""(asked at, work, priority) in ticks."""


def papers(count: int, load: float, seed: int = 5) -> Papers:
    """Poisson arrivals, exponential work of mean one hour, three priorities, `load` per officer."""
    u = uniforms(stream_key(seed, 0, "papers"), np.arange(count), 3)
    asked = np.rint(np.cumsum(-np.log(u[:, 0]) * HOUR_TICKS / (load * OFFICERS))).astype(int)
    work = np.maximum(np.rint(-np.log(u[:, 1]) * HOUR_TICKS), 1).astype(int)
    return [(int(a), int(w), int(p)) for a, w, p in zip(asked, work, 3 * u[:, 2], strict=True)]


def waits_at_the_desk(asked: Papers) -> list[float]:
    """Wait of each paper in hours, in the order of papers, at the shipped desk (never closed)."""
    env = simpy.Environment()
    desk = Desk(env, OFFICERS, Hours(0, DAY_TICKS))
    waits = [0.0] * len(asked)

    def paper(number: int, at: int, work: int, priority: int) -> Any:
        yield env.timeout(at)
        yield desk.ask(number, priority=priority)
        waits[number] = (env.now - at) / HOUR_TICKS
        yield env.timeout(work)
        desk.release()

    for number, (at, work, priority) in enumerate(asked):
        env.process(paper(number, at, work, priority))
    env.run()
    return waits


def waits_at_simpy(asked: Papers) -> list[float]:
    """The same with SimPy's own priority resource, which sorts its queue at each request."""
    env = simpy.Environment()
    desk = simpy.PriorityResource(env, OFFICERS)
    waits = [0.0] * len(asked)

    def paper(number: int, at: int, work: int, priority: int) -> Any:
        yield env.timeout(at)
        with desk.request(priority=priority) as turn:
            yield turn
            waits[number] = (env.now - at) / HOUR_TICKS
            yield env.timeout(work)

    for number, (at, work, priority) in enumerate(asked):
        env.process(paper(number, at, work, priority))
    env.run()
    return waits


def waits_at_ciw(count: int, load: float) -> float:
    """Mean wait in hours of about `count` customers in Ciw, without priorities."""
    import ciw

    ciw.seed(5)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=load * OFFICERS)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)], number_of_servers=[OFFICERS],
    )  # fmt: skip
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(count)
    return float(np.mean([record.waiting_time for record in simulation.get_all_records()]))


def erlang_c_wait(load: float) -> float:
    """Mean wait in M/M/c, in units of the mean work (Erlang 1917)."""
    a = load * OFFICERS
    last = a**OFFICERS / factorial(OFFICERS) / (1.0 - load)
    return last / (sum(a**j / factorial(j) for j in range(OFFICERS)) + last) / (OFFICERS - a)
