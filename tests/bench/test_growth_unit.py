"""Growth: known costs give known exponents, the run that compiles is not counted, and what grows is what is named."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from privacysim.bench import growth
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Seen, blocks_of

COMPILES_S = 50.0


class Known:
    """A clock and a model whose work takes a known time: the first work also compiles."""

    def __init__(self, monkeypatch, cost_s, megabytes=lambda inputs: 1.0):
        self.now, self.compiled, self.asked, self.forgotten = 0.0, False, [], 0
        self.cost_s, self.megabytes = cost_s, megabytes
        for name, instead in (
            ("thread_time", lambda: self.now), ("replicate_of", self.replicate_of),
            ("measure_exposure", lambda pieces, block, acts: SimpleNamespace()), ("forget_replicate", self.forget),
            ("draw_sample", lambda city, scenario, seed, k, size: size),
        ):  # fmt: skip
            monkeypatch.setattr(growth, name, instead)

    def forget(self):
        self.forgotten += 1

    def replicate_of(self, inputs, k, world=None, sample=None):
        world = world or SimpleNamespace(city=None, scenario=None, seed=1)
        whole = SimpleNamespace(world=world, acts=SimpleNamespace(), sample=sample, logs={})
        whole.changed = lambda sample, acts: self.replicate_of(growth._inputs(sample=sample), k, world, sample)
        whole.seen = lambda block: self.see(inputs, whole, block)
        return whole

    def see(self, inputs, whole, block):
        self.asked.append((inputs, whole, block))
        self.now += self.cost_s(inputs, block) + (0.0 if self.compiled else COMPILES_S)
        self.compiled = True
        held = SimpleNamespace(array=SimpleNamespace(nbytes=round(1e6 * self.megabytes(inputs))))
        return Seen(held, SimpleNamespace())


def test_the_cost_of_people_is_that_of_blocks_before_the_same_acts(monkeypatch):
    known = Known(monkeypatch, lambda inputs, _: 3e-4 * inputs.plan.sample, lambda inputs: inputs.plan.sample / 1000)
    found = growth.growth("people", True)
    assert found.sizes == [5_000, 10_000]
    assert found.cpu_s == pytest.approx([1.5, 3.0]), "without what was compiled"
    assert found.exponent == pytest.approx(1.0)
    assert found.block_mb == pytest.approx([5.0, 10.0])
    assert [whole.sample for _, whole, _ in known.asked] == [5_000, 5_000, 10_000]
    assert len({id(whole.world) for _, whole, _ in known.asked}) == 1


def test_the_cost_of_days_is_that_of_all_blocks_and_of_memory_the_largest_counts(monkeypatch):
    known = Known(monkeypatch, lambda inputs, block: 0.1 * inputs.plan.days**1.5 * (1 + block), lambda inputs: 7.0)
    monkeypatch.setattr(growth, "blocks_of", lambda inputs: 1 if inputs.plan.days < 10 else 3)
    found = growth.growth("days", True)
    assert found.sizes == [7, 14]
    assert found.cpu_s == pytest.approx([0.1 * 7**1.5, 0.1 * 14**1.5 * 6])
    assert found.exponent == pytest.approx(1.5 + np.log2(6))
    assert found.block_mb == pytest.approx([7.0, 7.0])
    assert [(inputs.plan.days, block) for inputs, _, block in known.asked] == [
        (7, 0), (7, 0), (14, 0), (14, 1), (14, 2),
    ]  # fmt: skip
    assert known.forgotten == 3, "the world is drawn anew for each length, and is part of the cost"


@pytest.mark.parametrize(("what", "size_of", "sizes"), [
    ("policies", lambda inputs: len(inputs.arms), (1, 2)),
    ("cameras", lambda inputs: inputs.scenario.cameras.per_1000.number / 52.75, (0.5, 1.0)),
])  # fmt: skip
@pytest.mark.parametrize("power", [0.5, 1.0])
def test_a_power_law_in_what_grows_has_its_power_for_exponent(monkeypatch, what, size_of, sizes, power):
    known = Known(monkeypatch, lambda inputs, _: 2.0 * size_of(inputs) ** power)
    found = growth.growth(what, True)
    assert (found.of, found.sizes) == (what, list(sizes))
    assert found.exponent == pytest.approx(power)
    assert found.cpu_s == pytest.approx([2.0 * size**power for size in sizes])
    assert len(known.asked) == known.forgotten == len(sizes) + 1
    assert found.block_mb == [1.0, 1.0]


def test_acts_grow_at_cameras_that_the_same_passes_meet(monkeypatch):
    monkeypatch.setattr(growth.crowd, "CAMERAS", 4_000)
    measured = []

    def seconds(work):
        made = work()
        measured.append((len(acts[-1].acts), len(acts[-1].pieces), made))
        return 1e-3 * len(acts[-1].acts) ** 2, made

    whole = growth.crowd.crowd
    acts = []
    monkeypatch.setattr(growth.crowd, "crowd", lambda *given: acts.append(whole(*given)) or acts[-1])
    monkeypatch.setattr(growth, "seconds", seconds)
    found = growth.growth("acts per camera", True)
    assert found.of == "acts per camera"
    del measured[0]  # the run that compiles
    assert [acts for acts, _, _ in measured] == [1_500, 3_000], "0.375 and 0.75 for each of 4 000 cameras"
    assert {pieces for _, pieces, _ in measured} == {150_000}, "three pieces of 50 000 passes"
    assert found.exponent == pytest.approx(2.0)
    assert found.block_mb == []
    assert measured[1][2].sightings_seen.sum() > measured[0][2].sightings_seen.sum() > 0, "and they are met"


def test_a_study_of_growth_is_whole_guangzhou_and_no_two_sizes_share_a_cached_world():
    found = [growth._inputs(), growth._inputs(policies=4), growth._inputs(days=60), growth._inputs(cameras=2.0)]
    assert len({one.run_id for one in found}) == 4
    assert [len(one.arms) for one in found] == [3, 4, 3, 3]
    assert {one.scenario.id for one in found} == {"guangzhou_185"}
    more, plain = found[3].scenario.cameras.per_1000.number, found[0].scenario.cameras.per_1000.number
    assert more == pytest.approx(2 * plain)
    assert blocks_of(found[0]) == 1


def test_a_unit_draws_its_world_anew_and_holds_what_its_arrays_hold(monkeypatch):
    monkeypatch.setattr(growth, "_SCENARIO", "guangzhou_district")
    inputs: Inputs = growth._inputs(policies=1, days=2, sample=300)
    kept = growth.replicate_of(inputs, 0)
    spent, held_mb = growth._unit(inputs)
    whole = growth.replicate_of(inputs, 0)
    assert whole is not kept, "a replicate that is kept would cost nothing"
    assert spent > 0.0
    seen = whole.seen(0)
    made = growth.measure_exposure(seen.pieces, seen.block, whole.acts)
    arrays = [getattr(thing, name) for thing in (seen.block, seen.pieces, made) for name in
              (*getattr(thing, "__slots__", ()), *getattr(thing, "__dict__", ()))]  # fmt: skip
    assert held_mb == sum(one.nbytes for one in arrays if isinstance(one, np.ndarray)) / 1e6
