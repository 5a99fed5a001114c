"""A study whose worlds have known answers: compound Poisson events, thinned by a policy, through the whole machinery.

World j draws its facts by the laws of `facts.csv`; people are identified by λ·contacts/850 events on average, each of
which brings a lognormal number of them. The policy prevents each event with probability `compliance` and costs eight
cases. So the log ratio has the mean log(1 − compliance) and a variance by chance of about (1/(1 − compliance) − 1)·κ/λ,
κ = E[size²]/E[size]²; and the loss, given compliance c, the mean 8·price − λ·E[size]·E[contacts]/850·c.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, poisson

import privacysim as ps
from privacysim.city import build_city
from privacysim.draws import stream_key, uniforms
from privacysim.fact_laws import quantile
from privacysim.facts import facts, facts_heard
from privacysim.robustness.worth import worth
from privacysim.simulation.fact_worlds import in_fact_world
from privacysim.simulation.unit_parts import UnitParts
from privacysim.study import Study
from privacysim.study.running import Runner
from tests.helpers.planted_unit import EXPOSURE, USEFULNESS

RATE, SIGMA, CASES = 400.0, 0.5, 8.0
SIZE, KAPPA = np.exp(SIGMA**2 / 2), np.exp(SIGMA**2)
GRID = (np.arange(20_000) + 0.5) / 20_000
"""Marks at which a law is integrated."""


class Known(Runner):
    """Units with the events of the module's docstring; further facts are read and change nothing."""

    def prepare(self, inputs, workers):
        pass

    def __call__(self, inputs, wanted, folder, unit):
        with in_fact_world(inputs.scenario, build_city(inputs.scenario), 185, unit.world), facts_heard() as heard:
            for name in ("audience_factor_semi_private", "ask_share_media"):
                facts().get(name)
            number, prevented = RATE * facts().value("contacts") / 850.0, facts().value("compliance")
        marks = uniforms(stream_key(185, unit.replicate, "events"), np.arange(1 + 20 * int(RATE)), 2)
        events = int(poisson.ppf(marks[0, 0], number))
        sizes, left = np.exp(SIGMA * norm.ppf(marks[1:, 0])), marks[1:, 1] >= prevented
        people = {"notice_only": sizes[:events].sum(), "order_799": (sizes * left)[:events].sum()}
        cases = {"notice_only": 20.0, "order_799": 20.0 - CASES}
        sums = {arm: {EXPOSURE: {"low": people[arm], "high": people[arm], "squares_low": 1.0, "squares_high": 1.0},
                      USEFULNESS: {"total": cases[arm], "n": 20}} for arm in people}
        return UnitParts(unit, sums, heard=tuple(heard))


def run(monkeypatch, worlds):
    monkeypatch.setattr(Study, "runner", Known())
    study = ps.Study("preview", policies=["notice_only", "order_799"], days=2, sample=100, replicates=1, worlds=worlds)
    return study.run(workers=1, progress=False)


def known(price):
    """Share of compliance, what knowing it or `contacts` is worth, and the standard deviation of the loss."""
    c, contacts = (np.array([quantile(facts()[name], u) for u in GRID]) for name in ("compliance", "contacts"))
    number = RATE * contacts / 850.0
    of_facts, chance = np.log1p(-c).var(), ((1.0 / (1.0 - c) - 1.0) * KAPPA).mean() * (1.0 / number).mean()
    d = [CASES * price - SIZE * one for one in (number.mean() * c, number * c.mean())]
    worth = [np.maximum(one, 0.0).mean() - max(one.mean(), 0.0) for one in d]
    return of_facts / (of_facts + chance), worth, SIZE * np.outer(number[::20], c[::20]).std()


@pytest.mark.parametrize(("worlds", "near"), [(100, 0.15), pytest.param(2_000, 0.03, marks=pytest.mark.slow)])
def test_shares_and_worth_of_a_compound_poisson_study_are_those_of_the_closed_form(monkeypatch, worlds, near):
    results, price = run(monkeypatch, worlds), RATE * SIZE * 0.5 / CASES
    share, saved, size = known(price)
    table = worth(results, "order_799", price=price).set_index("fact")
    both = ["compliance", "contacts"]
    assert sorted(table.index[table["stands_out"]]) == both, "one moves the ratio, the other the loss"
    assert table["share"]["compliance"] == pytest.approx(share, abs=near)
    assert (table["worth"][both] / size).tolist() == pytest.approx([one / size for one in saved], abs=near)
    assert (table["share"].drop("compliance") < near).all()
    assert (table["worth"].drop(both) / size < near).all()
    spread = results.compare().spread(EXPOSURE, "low", "order_799")
    assert spread.facts.value == pytest.approx(share, abs=near)
    assert (spread.varied, spread.lower.value, spread.outstanding) == (4, 1.0, ("compliance",))
