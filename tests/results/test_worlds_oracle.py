"""Ranges, shares and named facts over worlds, against closed forms and many simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtri

from privacysim.facts import facts as facts_file
from privacysim.results.world_ranges import facts_share, spread, standing_out, world_range
from privacysim.simulation.unit_parts import WORLD
from privacysim.stats import Estimate
from tests.helpers.long_sets import first


@pytest.mark.parametrize("worlds", [40, 100])
def test_the_range_holds_a_further_world_in_94_to_96_of_100_studies(worlds):
    """Any continuous law will do: the probability depends on ranks alone."""
    draw, held = np.random.default_rng(worlds), []
    for _ in range(2_000):
        low, high, said = world_range(draw.lognormal(size=worlds))
        further = draw.lognormal(size=20)
        held.append(((low <= further) & (further <= high)).mean())
    assert said == pytest.approx(0.95, abs=0.002)
    assert 0.94 <= np.mean(held) <= 0.96


def test_of_fewer_worlds_the_range_says_how_much_its_ends_hold():
    assert world_range(np.arange(10.0))[2] == pytest.approx(9 / 11)


def linear(draw, worlds, sd_facts):
    """Answers of a linear world: one fact times its weight, and chance of variance 1; every tenth world twice."""
    fact, again = draw.normal(size=worlds), np.arange(0, worlds, 10)
    y = sd_facts * fact + draw.normal(size=worlds)
    return fact, y, [(y[j], sd_facts * fact[j] + draw.normal()) for j in again]


def thinned(draw, worlds, sd_facts, rate=400.0):
    """Log ratios of compound Poisson sums: a policy keeps events with a share, and their rate differs by world too."""
    fact = draw.normal(size=worlds)
    kept, number = expit(0.4 + sd_facts * fact), rate * np.exp(0.5 * draw.normal(size=worlds))

    def once():
        events = draw.poisson(number)
        world, size = np.repeat(np.arange(worlds), events), np.exp(0.5 * draw.normal(size=events.sum()))
        left = size * (draw.random(size.size) < kept[world])
        return np.log(np.bincount(world, left, worlds) / np.bincount(world, size, worlds))

    y, second = once(), once()
    return fact, y, [(y[j], second[j]) for j in range(0, worlds, 10)]


def share_of(toy, sd_facts):
    """Share of the facts in the variance, in closed form; of the thinned toy, to second order in 1/rate."""
    if toy is linear:
        return sd_facts**2 / (sd_facts**2 + 1.0)
    kept = expit(0.4 + sd_facts * ndtri((np.arange(10_000) + 0.5) / 10_000))
    by_chance = (1.0 / kept - 1.0).mean() * np.exp(0.5**2) / 400.0 * np.exp(0.5**2 / 2.0)
    return np.log(kept).var() / (np.log(kept).var() + by_chance)


LONG = [(worlds, toy, size, 2_000, 0.93) for worlds in (40, 200)
        for toy, size in ((linear, 0.0), (linear, 1.0), (linear, 3.0), (thinned, 0.0), (thinned, 0.1), (thinned, 0.3))]


@pytest.mark.parametrize(("worlds", "toy", "sd_facts", "studies", "least"), first(2, [
    (40, linear, 1.0, 400, 0.92), (40, thinned, 0.3, 100, 0.9), *LONG]))  # fmt: skip
def test_the_interval_of_the_share_of_facts_covers_the_true_share(worlds, toy, sd_facts, studies, least):
    """Where no fact varies, the true share is 0; chance may differ between worlds, as rates and shares kept do."""
    draw, share, covered = np.random.default_rng(1), share_of(toy, sd_facts), []
    for _ in range(studies):
        _, y, pairs = toy(draw, worlds, sd_facts)
        found = facts_share(np.delete(y, np.arange(0, worlds, 10)), pairs)
        covered.append(found.low <= share <= found.high)
    assert np.mean(covered) >= least


def test_with_two_thousand_worlds_the_share_is_that_of_the_closed_form():
    """On average: 200 pairs leave a single study a standard error of 0.05 at a share of one half."""
    draw, found = np.random.default_rng(4), []
    for _ in range(100):
        _, y, pairs = linear(draw, 2_000, 1.0)
        found.append(facts_share(np.delete(y, np.arange(0, 2_000, 10)), pairs).value)
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert np.std(found) == pytest.approx(0.5 * np.sqrt(2 / 200 + 2 / 1_800), rel=0.25)


def test_the_interval_of_the_share_needs_two_pairs_and_says_all_where_chance_does_nothing():
    assert facts_share(np.arange(9.0), [(0.0, 1.0)]) is None
    assert facts_share(np.arange(9.0), [(1.0, 1.0), (2.0, 2.0)]) == Estimate(1.0, 1.0, 1.0)


@pytest.mark.parametrize(("studies", "slack"), first(1, [(100, 0.04), (2_000, 0.01)]))
def test_among_facts_that_do_not_matter_none_is_named_in_95_of_100_studies(studies, slack):
    draw, named = np.random.default_rng(2), 0
    for _ in range(studies):
        facts = pd.DataFrame(draw.normal(size=(40, 30)), columns=[f"f{n}" for n in range(30)])
        named += bool(standing_out(facts, draw.normal(size=40), draw.lognormal(size=40)))
    assert named / studies <= 0.05 + slack


def test_a_fact_that_matters_for_one_of_two_answers_stands_out():
    draw = np.random.default_rng(2)
    for _ in range(20):
        facts = pd.DataFrame(draw.normal(size=(40, 30)), columns=[f"f{n}" for n in range(30)])
        assert standing_out(facts, draw.normal(size=40), facts["f7"] + 0.3 * draw.normal(size=40))[0] == "f7"


def test_a_spread_is_read_from_the_replicate_numbers_of_the_worlds():
    draw = np.random.default_rng(3)
    fact, y, pairs = linear(draw, 40, 6.0)
    y, pairs = y / 20.0, np.array(pairs) / 20.0
    found = pd.Series(np.exp(np.concatenate([y, [second for _, second in pairs]])),
                      index=[*(WORLD + np.arange(40)), *(2 * WORLD + np.arange(0, 40, 10))])  # fmt: skip
    facts = pd.DataFrame({"world": np.tile(np.arange(40), 2), "fact": np.repeat(["contacts", "b"], 40),
                          "value": np.concatenate([fact, draw.normal(size=40)])})  # fmt: skip
    made = spread(found, facts)
    assert (made.worlds, made.varied, made.outstanding) == (40, 2, ("contacts",))
    assert (made.low, made.high) == pytest.approx((np.exp(y.min()), np.exp(y.max())))
    assert made.lower.value == pytest.approx((y < 0).mean())
    assert made.facts.value > 0.8
    assert made.words().endswith(f"of 2 facts, these stand out: {facts_file()['contacts'].title}")
    assert made._replace(outstanding=()).words().endswith("of 2 facts, none stands out")
