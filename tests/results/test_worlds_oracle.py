"""Ranges, shares and named facts over worlds, against closed forms and many simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.results.world_ranges import facts_share, spread, standing_out, world_range
from privacysim.simulation.unit_parts import WORLD

STUDIES = 2_000


@pytest.mark.parametrize("worlds", [40, 100])
def test_the_range_holds_a_further_world_in_about_95_of_100_studies(worlds):
    """Any continuous law will do: the probability depends on ranks alone."""
    draw = np.random.default_rng(worlds)
    held = 0
    for _ in range(STUDIES):
        low, high, said = world_range(draw.lognormal(size=worlds))
        held += low <= draw.lognormal() <= high
    assert said == pytest.approx(0.95, abs=0.002)
    assert held / STUDIES == pytest.approx(0.95, abs=0.015)


def test_of_fewer_worlds_the_range_says_how_much_its_ends_hold():
    assert world_range(np.arange(10.0))[2] == pytest.approx(9 / 11)


def study(draw, worlds, sd_facts, sd_chance):
    """Answers of a linear world: one fact times its weight, and chance; every tenth world twice."""
    fact = draw.normal(size=worlds)
    y = sd_facts * fact + sd_chance * draw.normal(size=worlds)
    again = np.arange(0, worlds, 10)
    return fact, y, [(y[j], sd_facts * fact[j] + sd_chance * draw.normal()) for j in again]


@pytest.mark.parametrize(("sd_facts", "share"), [(1.0, 0.5), (0.0, 0.0), (3.0, 0.9)])
def test_the_interval_of_the_share_of_facts_covers_the_true_share(sd_facts, share):
    draw = np.random.default_rng(1)
    covered, values = 0, []
    for _ in range(STUDIES):
        _, y, pairs = study(draw, 200, sd_facts, 1.0)
        found = facts_share(np.delete(y, np.arange(0, 200, 10)), pairs)
        covered += found.low <= share <= found.high
        values.append(found.value)
    assert covered / STUDIES >= 0.94
    if share > 0.4:  # a share near 0 is cut off there
        assert np.median(values) == pytest.approx(share, abs=0.03)


def test_with_two_thousand_worlds_the_share_is_that_of_the_closed_form():
    _, y, pairs = study(np.random.default_rng(4), 20_000, 1.0, 1.0)
    found = facts_share(np.delete(y, np.arange(0, 20_000, 10)), pairs)
    assert found.value == pytest.approx(0.5, abs=0.03)


def test_a_fact_that_matters_stands_out_and_among_facts_that_do_not_none_does():
    draw = np.random.default_rng(2)
    named = 0
    for _ in range(100):
        facts = pd.DataFrame(draw.normal(size=(40, 30)), columns=[f"f{n}" for n in range(30)])
        named += bool(standing_out(facts, draw.normal(size=40)))
        assert standing_out(facts, facts["f7"] + 0.3 * draw.normal(size=40))[0] == "f7"
    assert named <= 11  # 5 of 100 expected


def test_a_spread_is_read_from_the_replicate_numbers_of_the_worlds():
    draw = np.random.default_rng(3)
    fact, y, pairs = study(draw, 40, 0.3, 0.05)
    found = pd.Series(np.exp(np.concatenate([y, [second for _, second in pairs]])),
                      index=[*(WORLD + np.arange(40)), *(2 * WORLD + np.arange(0, 40, 10))])  # fmt: skip
    facts = pd.DataFrame({"world": np.tile(np.arange(40), 2), "fact": np.repeat(["a", "b"], 40),
                          "value": np.concatenate([fact, draw.normal(size=40)])})  # fmt: skip
    made = spread(found, facts)
    assert (made.worlds, made.varied, made.outstanding) == (40, 2, ("a",))
    assert (made.low, made.high) == pytest.approx((np.exp(y.min()), np.exp(y.max())))
    assert made.lower.value == pytest.approx((y < 0).mean())
    assert made.facts.value > 0.8
    assert "mostly a" in made.words()
