"""The funnel of sanctions: a branching on one mark, whose shares are multinomial and used by what deters."""

from __future__ import annotations

from datetime import date
from math import exp, log

import numpy as np
import pytest
from scipy import stats

from privacysim.draws import stream_key, uniform, uniforms
from privacysim.files import Quantity
from privacysim.governance.funnel import Funnel
from privacysim.governance.oversight import Oversight
from privacysim.governance.rules_in_force import AFTER, Rules
from privacysim.policy import Question, load_arms
from privacysim.scenario import load_scenario
from privacysim.units import DAY_TICKS

LADDER = ("none", "lesser", "dismissed", "acquitted", "convicted")


def test_fates_are_multinomial_with_the_products_of_the_gates():
    gates = Funnel(taken_up=0.6, charged=0.3, convicted=0.9, dismissed=0.2)
    marks = uniform(stream_key(21, 0, "fates"), np.arange(20_000))
    found = [gates.fate(mark) for mark in marks.tolist()]
    expected = {"convicted": 0.6 * 0.3 * 0.9, "acquitted": 0.6 * 0.3 * 0.1, "dismissed": 0.6 * 0.7 * 0.2,
                "lesser": 0.6 * 0.7 * 0.8, "none": 0.4}  # fmt: skip
    assert gates.shares() == pytest.approx(expected)
    counts = [found.count(name) for name in expected]
    assert stats.chisquare(counts, [share * 20_000 for share in expected.values()]).pvalue > 1e-3


def test_a_thinner_gate_leaves_a_subset_behind_it():
    """Thinning by one mark: whoever is charged at a low chance is charged at a higher one."""
    marks = uniform(stream_key(22, 0, "fates"), np.arange(2_000)).tolist()
    tried = [{n for n, mark in enumerate(marks) if Funnel(t, c, 0.9, 0.1).fate(mark) in ("convicted", "acquitted")}
             for t, c in ((0.3, 0.2), (0.6, 0.2), (0.6, 0.5))]
    assert tried[0] < tried[1] < tried[2]
    taken_up = [{n for n, mark in enumerate(marks) if Funnel(t, 0.2, 0.9, 0.1).fate(mark) != "none"}
                for t in (0.3, 0.6)]
    assert taken_up[0] < taken_up[1]


@pytest.fixture(scope="module")
def oversight() -> Oversight:
    (arm,) = load_arms(["order_799"], {}, date(2026, 6, 1))
    scenario = load_scenario("guangzhou_185")
    leaks = scenario.leaks.model_copy(update={"deterrence_per_1000_cny": Quantity(value=0.1, assumption="a test")})
    return Oversight(scenario.model_copy(update={"leaks": leaks}), Rules(arm, arm, 0))


def test_what_deters_is_what_happens(oversight: Oversight):
    """The mean loss over all marks of a proved look by staff is the worth that holds the next one back."""
    look = Question("own_staff_off_purpose", "view", "curiosity", "own_console", "commercial", "public_venue", own=True)
    leaks, lost = oversight.scenario.leaks, 0.0
    u = uniforms(stream_key(24, 0, "fates"), np.arange(6_000), 2)
    for fate, refused in u.tolist():
        steps = oversight.steps(AFTER, look, 0, DAY_TICKS, logged=True, marks=(0.0, fate, refused, 0.5))
        lost += sum(leaks.dismissal_cny.number if one.step == "dismissal" else one.fine_cny
                    + one.detention_d * leaks.detention_day_cny.number for one in steps) / len(u)
    reviews = 182.625 / leaks.log_review_d.number
    seen = 1.0 - (1.0 - leaks.audit_detection.number) ** reviews * exp(-leaks.lapse_complaint_per_day.number * 182.625)
    held = -log(oversight.holds_back(AFTER, look, logged=True)) / (0.1 / 1000.0) / seen
    assert lost == pytest.approx(held, rel=0.1)
    assert held > leaks.sanction_taken_up.number * leaks.dismissed.number * leaks.dismissal_cny.number


def test_decisions_take_the_stated_median_and_a_trial_as_long_again(oversight: Oversight):
    sale = Question("curious", "sell", "commerce", "onward", "commercial", "public_other", scene="semi_private")
    u = uniform(stream_key(23, 0, "decisions"), np.arange(2_000))
    waits = []
    for mark in u.tolist():
        found = oversight.steps(AFTER, sale, 0, DAY_TICKS, logged=True, marks=(0.0, 0.0, 0.1, mark), items=50)
        assert [one.step for one in found] == ["prosecution", "conviction"]
        waits.append(found[0].at_t - DAY_TICKS)
        assert found[1].at_t - found[0].at_t == waits[-1]
    median = oversight.scenario.leaks.decision_d.number * DAY_TICKS
    assert np.median(waits) == pytest.approx(median, rel=0.08)
