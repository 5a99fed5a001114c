"""The whole chain under changes whose effect is known beforehand: what must not matter, and what may only add."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

import privacysim as ps
from privacysim.exposure import index_acts, measure_exposure
from privacysim.facts import facts
from privacysim.governance.desk import Desk, Hours
from privacysim.people import draw_block
from privacysim.sight import passes as passes_module
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes
from privacysim.simulation import replicate as replicate_module
from privacysim.simulation.replicate import replicate_of
from privacysim.units import DAY_S, DAY_TICKS, HOUR_TICKS

SMALL = {"days": 2, "sample": 1_500, "replicates": 1}
ARMS = ["notice_only", "order_799", "guangzhou_draft"]
NUMBERS = ("identifiable_s", "viewer_identifiable_s", "p_identified", "p_identified_max", "p_identified_days",
           "sightings_seen", "sensitive_visits_revealed", "revealed_to_outsiders")  # fmt: skip


def metrics(**changes) -> pd.DataFrame:
    found = ps.Study("preview", **{**SMALL, "policies": ARMS, **changes}).run(workers=1).metrics
    keys = [name for name in found.columns if name not in ("value", "unit", "contributors")]
    return found.sort_values(keys, ignore_index=True).astype({name: str for name in keys if name != "replicate"})


@pytest.fixture(scope="module")
def usual() -> pd.DataFrame:
    return metrics()


@pytest.fixture(scope="module")
def seen():
    """One replicate of the district under open access, with its people, their passes and what was seen of them."""
    inputs = ps.Study("preview", **{**SMALL, "policies": ["notice_only", "open_access"]}).inputs()
    whole = replicate_of(inputs, 0)
    block = whole.seen(0)
    exposed = measure_exposure(block.pieces, block.block, whole.acts)
    assert exposed.identifiable_s.sum() > 0
    return SimpleNamespace(whole=whole, block=block.block, pieces=block.pieces, exposed=exposed)


def test_tours_that_nobody_can_look_at_change_no_bit_of_what_is_seen(seen):
    every = seen.whole.draw(0)
    assert every.walk_way.size > 1.2 * seen.block.walk_way.size
    exposed = measure_exposure(seen.whole.see(every), every, seen.whole.acts)
    for name in NUMBERS:
        np.testing.assert_array_equal(getattr(exposed, name), getattr(seen.exposed, name), err_msg=name)


def test_what_an_arm_shows_does_not_depend_on_the_arms_that_share_its_work(seen):
    for log in seen.whole.logs.values():
        alone = index_acts([log])
        kept = np.isin(seen.whole.acts.watched, alone.watched)
        pieces = seen.pieces.rows(np.flatnonzero(kept[seen.pieces.camera]))
        pieces = replace(pieces, camera=(np.cumsum(kept) - 1)[pieces.camera].astype(np.int32))
        exposed = measure_exposure(pieces, seen.block, alone)
        arm = seen.exposed.arms.index(log.policy)
        for name in NUMBERS:
            np.testing.assert_array_equal(getattr(exposed, name)[:, 0], getattr(seen.exposed, name)[:, arm], name)


def test_neither_the_order_of_policies_nor_one_policy_more_changes_a_number_of_the_others(usual):
    more = metrics(policies=["guangzhou_draft", "open_access", "order_799", "notice_only"])
    assert (more["policy"] == "open_access").any()
    others = more[more["policy"] != "open_access"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, usual)


def test_another_seed_changes_nearly_every_number(usual):
    other = metrics(seed=186)
    both = usual.merge(other, on=["policy", "replicate", "metric", "curve"])
    measured = (both["value_x"] % 1 != 0) & (both["value_y"] % 1 != 0)  # small counts may agree by chance
    assert measured.sum() > 15
    assert (both["value_x"] != both["value_y"])[measured].mean() > 0.9


@pytest.mark.parametrize("people", [400, 1_499])
def test_conclusions_do_not_depend_on_the_size_of_blocks(usual, people, monkeypatch):
    monkeypatch.setattr(replicate_module, "BLOCK", people)
    units: list[int] = []
    draw = replicate_module.Replicate.draw
    monkeypatch.setattr(replicate_module.Replicate, "draw", lambda *given: (units.append(given[1]), draw(*given))[1])
    blocks = metrics()
    assert max(units) >= 1
    assert list(blocks["metric"]) == list(usual["metric"])
    assert np.allclose(blocks["value"], usual["value"], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("at_once", [300, 2_000])
def test_portions_in_which_people_are_seen_change_no_bit(usual, at_once, monkeypatch):
    portions: list[int] = []
    monkeypatch.setattr(passes_module, "_AT_ONCE", at_once)
    count = replicate_module._counted
    monkeypatch.setattr(replicate_module, "_counted", lambda pieces: (portions.append(len(pieces)), count(pieces))[1])
    assert metrics().equals(usual)
    assert len(portions) > 3
    assert max(portions) < max(3 * at_once, sum(portions) / 4)


def test_two_blocks_merged_are_the_people_of_both(seen):
    block, world = seen.block, seen.whole.world
    half = block.person_id.size // 2
    parts = []
    for which in (slice(None, half), slice(half, None)):
        people = draw_block(world.city, world.scenario, world.seed, 0, block.person_id[which], block.weight[which],
                            block.first_day, block.first_day + block.days)  # fmt: skip
        pieces = passes(people, world.city, seen.whole.coverage, block.first_day, block.days)
        parts.append(measure_exposure(pieces, people, seen.whole.acts))
    for name in NUMBERS:
        together = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(together, getattr(seen.exposed, name)), name


@pytest.mark.parametrize("weeks", [1, 4, -3])
def test_shifting_everything_by_whole_weeks_changes_no_exposure(seen, weeks):
    logs = []
    for log in seen.whole.logs.values():
        later = log.acts.copy()
        for name in ("from_s", "to_s", "at_s"):
            later[name] += 7.0 * weeks * DAY_S
        logs.append(SimpleNamespace(policy=log.policy, acts=later))
    moved = replace(seen.block, first_day=seen.block.first_day + 7 * weeks)
    theirs = measure_exposure(seen.pieces, moved, index_acts(logs))
    for name in NUMBERS:
        assert np.array_equal(getattr(theirs, name), getattr(seen.exposed, name)), name


def test_neither_the_order_of_acts_nor_the_names_of_viewers_matter(seen):
    rng = np.random.Generator(np.random.Philox(3))
    logs = []
    for log in seen.whole.logs.values():
        acts = log.acts.iloc[rng.permutation(len(log.acts))].reset_index(drop=True)
        acts["viewer"] = acts["viewer"] ^ 0x5A5A5A5A  # another name for each, never the same for two
        logs.append(SimpleNamespace(policy=log.policy, acts=acts))
    theirs = measure_exposure(seen.pieces, seen.block, index_acts(logs))
    for name in NUMBERS:
        assert np.allclose(getattr(theirs, name), getattr(seen.exposed, name), rtol=1e-9, atol=0.0), name


def test_one_look_more_adds_exposure_only_to_those_who_passed_that_camera(seen):
    acts = list(seen.whole.logs.values())[1].acts
    busiest = np.bincount(seen.pieces.camera).argmax()
    camera = int(seen.whole.acts.watched[busiest])
    passed = np.zeros(seen.block.person_id.size, dtype=bool)
    passed[seen.pieces.person[seen.pieces.camera == busiest]] = True
    look = acts[(acts["camera_id"] == camera) & (acts["audience"] > 0)].iloc[:1].copy()
    look["viewer"], look["act_id"], look["parent_id"] = -77, -77, -1
    look["from_s"], look["to_s"] = float(seen.block.first_day * DAY_S), float(2 * DAY_S)
    look["audience"], look["attention"] = 1.0, 1.0
    notice, opened = seen.whole.logs.values()
    logs = [notice, SimpleNamespace(policy=opened.policy, acts=pd.concat([acts, look]))]
    more = measure_exposure(seen.pieces, seen.block, index_acts(logs))
    assert 0 < passed.sum() < passed.size
    for name in NUMBERS:
        before, after = getattr(seen.exposed, name), getattr(more, name)
        assert np.array_equal(before[:, 0], after[:, 0]), name  # the other policy
        assert np.allclose(before[~passed], after[~passed], rtol=1e-12, atol=0.0), name
        assert (after >= before * (1 - 1e-12)).all(), name
    assert more.identifiable_s.sum() > seen.exposed.identifiable_s.sum()


def test_one_person_more_changes_nobody_elses_day_and_nobody_elses_exposure(seen):
    block, world = seen.block, seen.whole.world
    ids = np.sort(np.append(block.person_id[:200], block.person_id[300]))
    people = draw_block(world.city, world.scenario, world.seed, 0, ids, np.ones(ids.size), block.first_day,
                        block.first_day + block.days)  # fmt: skip
    pieces = passes(people, world.city, seen.whole.coverage, block.first_day, block.days)
    more = measure_exposure(pieces, people, seen.whole.acts)
    same = np.isin(ids, block.person_id[:200])
    for name in NUMBERS:
        assert np.array_equal(getattr(more, name)[same], getattr(seen.exposed, name)[:200]), name


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_splitting_streets_changes_nothing_that_a_camera_sees_of_them(seen, number):
    city, cameras = seen.whole.world.city, seen.whole.world.cameras
    rng = np.random.Generator(np.random.Philox(number))
    chosen = rng.choice(np.flatnonzero(city.edge_mm > 20_000), 60, replace=False)
    share = rng.uniform(0.1, 0.9, chosen.size)
    u, v = city.edge_u[chosen], city.edge_v[chosen]
    middle = city.node_x.size + np.arange(chosen.size, dtype=np.int32)
    first = np.maximum(np.rint(city.edge_mm[chosen] * share).astype(np.int64), 1)
    edge_v, edge_mm = city.edge_v.copy(), city.edge_mm.copy()
    edge_v[chosen], edge_mm[chosen] = middle, first
    split = replace(
        city, node_x=np.append(city.node_x, city.node_x[u] + share * (city.node_x[v] - city.node_x[u])),
        node_y=np.append(city.node_y, city.node_y[u] + share * (city.node_y[v] - city.node_y[u])),
        node_zone=np.append(city.node_zone, city.node_zone[u]), edge_u=np.append(city.edge_u, middle),
        edge_v=np.append(edge_v, v), edge_mm=np.append(edge_mm, city.edge_mm[chosen] - first),
        edge_kind=np.append(city.edge_kind, city.edge_kind[chosen]),
    )  # fmt: skip
    # the nodes of a half are rounded, and so is its line: cameras at the limit may see one half and not the other
    east, north = ((axis[v] - axis[u])[:, None] / city.edge_mm[chosen, None] * 1000.0
                   for axis in (city.node_x.astype(float), city.node_y.astype(float)))  # fmt: skip
    off = np.abs((cameras.x - city.node_x[u][:, None]) * north - (cameras.y - city.node_y[u][:, None]) * east)
    clear = (np.abs(off - facts().value("front_m")) > 0.05).all(axis=0)
    which = np.flatnonzero(clear)[::5]
    whole, parts = coverage(city, cameras, which), coverage(split, cameras, which)
    metres = [np.bincount(c.piece_camera, (c.piece_to - c.piece_from) / 1000.0, which.size) for c in (whole, parts)]
    frontal = [np.bincount(c.piece_camera, c.piece_frontal * (c.piece_to - c.piece_from) / 1000.0, which.size)
               for c in (whole, parts)]  # fmt: skip
    assert metres[0].sum() > 1_000
    # whole millimetres, one or two lost at each new end, in each direction
    assert np.abs(metres[0] - metres[1]).max() < 0.03
    assert np.abs(frontal[0] - frontal[1]).max() < 0.03
    assert parts.piece_camera.size >= whole.piece_camera.size


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_a_desk_takes_the_same_papers_whole_weeks_later(seed, weeks):
    rng = np.random.Generator(np.random.Philox(seed))
    asked = np.sort(rng.integers(0, 9 * DAY_TICKS, 60))
    work, priority = rng.integers(1, 5 * HOUR_TICKS, 60), rng.integers(0, 3, 60)

    def turns(shift: int) -> list[tuple[int, int]]:
        env, made = simpy.Environment(), []
        desk = Desk(env, 2, Hours(8 * HOUR_TICKS, 18 * HOUR_TICKS))

        def paper(number: int):
            at = int(asked[number]) + shift
            yield env.timeout(at)
            in_time = yield desk.ask(number, priority=int(priority[number]), expires=at + DAY_TICKS)
            made.append((number, int(env.now) - shift if in_time else -1))
            if in_time:
                yield env.timeout(desk.hours.after(int(env.now), int(work[number])) - int(env.now))
                desk.release()

        for number in range(60):
            env.process(paper(number))
        env.run()
        return made

    now = turns(0)
    assert turns(7 * weeks * DAY_TICKS) == now
    assert any(turn >= 0 for _, turn in now)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "sample"), [(185, 5_000), (1, 5_000), (2, 5_000), (185, 20_000)])
def test_what_a_rule_does_has_the_same_direction_for_every_seed_and_sample(seed, sample):
    study = ps.Study("preview", seed=seed, sample=sample, replicates=10, policies=[*ARMS, "open_access"])
    found = study.run(workers=2).metrics
    found = found[found["metric"] == "people_identified_by_outsiders"]
    mean = found.groupby(["policy", "curve"], observed=True)["value"].mean()
    for curve in ("low", "high"):
        at = {policy: mean[policy, curve] for policy in mean.index.get_level_values("policy").unique()}
        assert at["open_access"] > 2.0 * at["notice_only"]
        assert at["order_799"] <= at["notice_only"]
        assert at["guangzhou_draft:wide"] <= at["guangzhou_draft:narrow"] <= at["notice_only"]
