"""One replicate as an object: every step equals the study's numbers, and each is a public function called alone."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts

CASE = {"scenario": "guangzhou_part", "policies": ["notice_only", "order_799"], "days": 2, "sample": 400}


@pytest.fixture(scope="module")
def sim():
    return ps.Simulation(**CASE)


def test_its_metrics_are_those_of_the_studys_replicate(sim):
    study = ps.Study(**CASE, replicates=1).run(workers=1)
    assert sim.metrics.equals(study.metrics)
    assert sim.inputs.run_id == study.run_id
    assert list(sim.notes["note"]) == list(study.notes["note"])


def test_each_step_is_a_public_function_that_takes_what_the_steps_before_gave(sim):
    scenario = ps.load_scenario("guangzhou_part")
    arms = ps.load_arms(["notice_only", "order_799"], {}, sim.inputs.plan.law_date)
    city = ps.build_city(scenario)
    footage = sim.world.footage_days
    world = ps.sample_world(city, scenario, 185, 0, days=2, footage_days=footage,
                            warmup_days=round(facts().value("warmup_d")))  # fmt: skip
    logs = [ps.simulate(world, arm, baseline=arms[0]) for arm in arms]
    for log in logs:
        for table in ("requests", "acts", "incidents", "audits", "custody"):
            assert getattr(log, table).equals(getattr(sim.logs[log.policy], table)), table
    acts = ps.index_acts(logs)
    drawn = ps.draw_sample(city, scenario, 185, 0, 400)
    block = ps.draw_block(city, scenario, 185, 0, drawn.ids, drawn.weight, -footage, 2)
    view = ps.coverage(city, world.cameras, acts.watched)
    pieces = ps.passes(block, city, view, -footage, footage + 2, acts.windows())
    found = ps.measure_exposure(pieces, block, acts.whoever())
    assert found.frame(0).equals(sim.exposure)


def test_people_passes_and_exposure_are_documented_tables(sim):
    assert list(sim.people.columns)[:2] == ["replicate", "person_id"]
    assert len(sim.people) >= 400  # small groups are topped up
    assert sim.people["weight"].sum() == pytest.approx(sim.city.people)
    assert set(sim.exposure["policy"].astype(str)) <= {"notice_only", "order_799"}
    assert set(sim.exposure["person_id"]) <= set(sim.passes["person_id"]) <= set(sim.people["person_id"])
    assert set(sim.logs) == {"notice_only", "order_799"}
    assert len(sim.logs["order_799"].acts) > 0


def test_nothing_is_drawn_before_it_is_asked_for_and_then_it_is_kept():
    one = ps.Simulation(**CASE)
    assert not {"city", "world", "logs", "sample", "_measured"} & set(vars(one))
    assert one.world is one.world
    assert "logs" not in vars(one)


def test_other_arms_meet_the_same_world_and_other_acts_the_same_logs(sim):
    alone = sim.changed(arms=[sim.inputs.arm("order_799")])
    assert alone.world is sim.world
    assert list(alone.logs) == ["order_799"]
    assert alone.logs["order_799"].acts.equals(sim.logs["order_799"].acts)
    assert sim.changed(acts=sim.acts).logs is sim.logs


def test_a_changed_policy_and_an_own_metric_are_used_as_they_are():
    @ps.metric(of="people", unit="people")
    def everybody(seen):
        return np.ones(seen.weight.size)

    week = {"id": "week", "extends": "order_799", "title": {"en": "Seven days"}, "status": "hypothetical",
            "retention": {"public": {"keep": "7 d", "assumption": "a reform"}}}  # fmt: skip
    sim = ps.Simulation(**CASE | {"policies": ["notice_only", week]}, metrics=[everybody])
    found = sim.metrics.set_index(["metric", "policy"])["value"]
    assert found["everybody", "week"] == pytest.approx(sim.city.people)
    kept = sim.logs["week"].custody["retention_s"]
    assert (kept == 7 * 86_400.0).any()


def test_a_replicate_below_zero_and_a_baseline_outside_are_sentences():
    with pytest.raises(InputError, match="a number from 0 on"):
        ps.Simulation(**CASE, replicate=-1)
    with pytest.raises(InputError, match="baseline"):
        ps.Simulation(**CASE, baseline="judge_warrant")
    assert repr(ps.Simulation(**CASE)).count("\n") == 0
