"""The heart on the real thing: 500 random people of one headline replicate, kernel against the naive join."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.city import build_city
from privacysim.exposure import index_acts, measure_exposure
from privacysim.governance import simulate
from privacysim.people import draw_block, draw_sample
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes, sightings
from privacysim.simulation.replicate import footage_days
from privacysim.world.world_model import sample_world
from tests.helpers.exposure_definition import exposure_by_definition


@pytest.mark.slow
def test_kernel_equals_the_join_on_500_random_people_of_a_headline_replicate():
    inputs = ps.Study("headline").inputs()
    scenario, seed, k = inputs.scenario, inputs.plan.seed, 3
    city, kept = build_city(scenario), footage_days(inputs)
    world = sample_world(city, scenario, seed, k, days=inputs.plan.days, footage_days=kept)
    baseline = inputs.arm(inputs.plan.baseline)
    logs = [simulate(world, arm, baseline=baseline, start=inputs.plan.start) for arm in inputs.arms]
    acts = index_acts(logs)
    whole = draw_sample(city, scenario, seed, k, int(inputs.plan.sample))
    chosen = np.sort(np.random.Generator(np.random.Philox(500)).choice(whole.ids.size, 500, replace=False))
    block = draw_block(city, scenario, seed, k, whole.ids[chosen], whole.weight[chosen], -kept, world.days)
    view = coverage(city, world.cameras, acts.watched)
    ours = measure_exposure(
        passes(block, city, view, -kept, world.days + kept, acts.windows()), block, acts.whoever()
    ).frame(k)
    seen = sightings(passes(block, city, view, -kept, world.days + kept), block, view, k)
    theirs = exposure_by_definition(seen, tables.concat("acts", [log.acts for log in logs]), city.places())
    keys = ["policy", "person_id", "legality", "curve"]
    one, two = (frame.sort_values(keys, ignore_index=True) for frame in (ours, theirs))
    assert len(one) == len(two) > 1_000
    assert one["p_identified"].sum() > 0
    for name in one.columns.difference(["replicate", *keys]):
        assert np.allclose(one[name], two[name], rtol=1e-9, atol=0.0), name
