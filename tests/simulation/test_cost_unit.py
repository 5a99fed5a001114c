"""A run tells what it cost; blocks shrink with days; everybody needs no list."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

import privacysim as ps
from privacysim.bench.growth import project
from privacysim.errors import InputError
from privacysim.people import draw_block
from privacysim.simulation import cost
from privacysim.simulation.replicate import BLOCK, block_size, replicate_of
from privacysim.simulation.unit_parts import Unit
from privacysim.study.running import Runner

SECOND = (14_286, 28_571)
"""People of the second of the seven equal blocks of 100,000 people."""


def test_compilation_is_a_stage_of_its_own():
    @njit
    def fresh(x):
        return x * 3 + 1

    cost.collected()
    with cost.stage("work"):
        fresh(2)
    spent = cost.collected()["cpu_s"]
    assert spent[cost.COMPILATION] > 5 * spent["work"] > 0.0
    with cost.stage("work"):
        fresh(3)
    assert cost.COMPILATION not in cost.collected()["cpu_s"]


def test_the_ledger_is_empty_after_it_was_collected():
    cost.add("count", "people", 3)
    assert cost.collected() == {"count": {"people": 3}}
    assert cost.collected() == {}


@pytest.mark.parametrize(("days", "people"), [(1, BLOCK), (30, BLOCK), (90, BLOCK // 2)])
def test_people_times_days_in_a_block_are_bounded(days, people):
    assert block_size(days) == people
    assert block_size(days) * (days + 30) <= BLOCK * 60


@pytest.fixture(scope="module")
def study() -> ps.Study:
    return ps.Study("preview", policies=["notice_only", "order_799"], days=2, sample="all", replicates=1)


def test_all_people_are_drawn_without_a_list_and_are_the_same_people(study):
    inputs = study.inputs()
    whole = replicate_of(inputs, 0)
    assert whole.sample is None
    seen = whole.seen(1)
    ids = np.arange(*SECOND)
    assert (seen.block.person_id == ids).all()
    assert (seen.block.weight == 1.0).all()
    world = whole.world
    again = draw_block(world.city, world.scenario, world.seed, 0, ids, np.ones(ids.size), -world.footage_days,
                       world.days)  # fmt: skip
    assert (again.walk_depart == whole.draw(1).walk_depart).all()
    assert 0 < seen.block.walk_depart.size < again.walk_depart.size


def test_a_unit_tells_its_stages_people_and_bytes(study):
    inputs = study.inputs()
    told = Runner()(inputs, "", None, Unit(0, 1)).cost
    assert {"people", "passes", "exposure", "metrics"} <= set(told["cpu_s"])
    assert told["count"]["people"] == SECOND[1] - SECOND[0]
    assert told["bytes"]["passes"] > 0


def test_what_it_cost_is_no_part_of_the_result(study):
    inputs = study.inputs()
    one, two = (Runner()(inputs, "", None, Unit(0, 1)) for _ in range(2))
    assert one.arms == two.arms
    assert one.cost["cpu_s"] != two.cost["cpu_s"]


def _manifest(sample="all"):
    spent = {"people": 60.0, "passes": 80.0, "exposure": 50.0, "metrics": 10.0, "world": 6.0, "policies": 3.0,
             "cameras": 1.0, "compilation": 9.0}  # fmt: skip
    return {"study": {"id": "s", "sample": sample, "days": 30}, "replicates": [0], "arms": [{}, {}],
            "cost": {"cpu_s": spent, "count": {"people": 18.7e6, "worlds drawn": 2.0}}}  # fmt: skip


def test_projection_divides_people_among_cores_and_draws_a_world_in_each():
    found = {(one.place, one.cores): one for one in project(_manifest())}
    city, country = found["the city that was run", 2], found["the country", 1024]
    # 200 s of people, 5 s of a city's world and policies
    assert city.wall_s == pytest.approx(200 / 2 + 5)
    assert city.cpu_s == pytest.approx(200 + 2 * 5)
    assert country.cities == 76
    assert country.wall_s == pytest.approx(200 * 1.41e9 / 18.7e6 / 1024 + 5)
    assert country.waits_for == "people"
    assert found["the city that was run", 1024].waits_for == "worlds and policies"


def test_projection_wants_everybody():
    with pytest.raises(InputError, match="sample all"):
        project(_manifest(50_000))
