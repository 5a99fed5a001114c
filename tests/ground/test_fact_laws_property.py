"""Laws of the facts: a world keeps the three numbers of each row, shares add up, and one fact never shifts another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacysim.errors import InputError
from privacysim.fact_laws import concentration, in_world, quantile
from privacysim.facts import DRAWN, Fact, facts, facts_replaced

ALONE = [fact for fact in facts().values() if fact.law in ("normal", "lognormal", "logit")]
WORLDS = 2_000
FEW = ("contacts", "compliance", "ask_delay_median_d", "ask_delay_p95_d")


@pytest.fixture(scope="module")
def worlds() -> dict[str, np.ndarray]:
    rows = {fact.id: fact for fact in facts().values() if fact.law == "dirichlet" or fact.id in FEW}
    drawn = [in_world(rows, 185, j) for j in range(WORLDS)]
    return {name: np.array([one[name] for one in drawn]) for name in drawn[0]}


def test_the_value_is_the_median_and_the_ends_are_the_5_and_95_percent_quantiles():
    inside = [fact for fact in ALONE if fact.low < fact.value < fact.high]
    assert len(inside) > 300
    for fact in inside:
        assert [quantile(fact, u) for u in (0.05, 0.5, 0.95)] == pytest.approx([fact.low, fact.value, fact.high])


def test_a_value_at_an_end_of_its_range_is_never_passed():
    ends = [fact for fact in ALONE if fact.value in (fact.low, fact.high)]
    assert ends
    for fact in ends:
        drawn = [quantile(fact, u) for u in np.linspace(0.001, 0.999, 99)]
        at_low = fact.value == fact.low
        assert (min(drawn) if at_low else max(drawn)) == pytest.approx(fact.value, rel=1e-2, abs=1e-3)
        assert quantile(fact, 0.95 if at_low else 0.05) == pytest.approx(fact.high if at_low else fact.low)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.sampled_from(ALONE))
def test_a_law_never_falls_and_stays_within_what_is_possible(u, v, fact):
    low, high = sorted((u, v))
    assert quantile(fact, low) <= quantile(fact, high)
    assert quantile(fact, low) >= 0.0 or fact.low < 0
    assert fact.unit != "share" or quantile(fact, high) <= 1.0


def test_each_side_of_the_median_is_half_a_normal_law(worlds):
    fact = facts()["contacts"]
    logs = np.log(worlds["contacts"] / fact.value)
    assert (logs > 0).mean() == pytest.approx(0.5, abs=4 * 0.5 / WORLDS**0.5)
    for side, end in ((logs[logs > 0], fact.high), (-logs[logs < 0], fact.low)):
        scale = abs(np.log(end / fact.value)) / stats.norm.ppf(0.95)
        assert stats.kstest(side, stats.halfnorm(scale=scale).cdf).pvalue > 1e-3


def test_shares_of_one_whole_sum_to_one_in_every_world_and_keep_their_means(worlds):
    groups: dict[str, list[Fact]] = {}
    for fact in facts().values():
        if fact.law == "dirichlet":
            groups.setdefault(fact.group, []).append(fact)
    assert len(groups) >= 10
    for name, members in groups.items():
        total, drawn = sum(fact.value for fact in members), np.array([worlds[fact.id] for fact in members])
        assert (drawn >= 0).all(), name
        whole = drawn.sum(axis=0)
        assert (whole <= max(total, 1.0) + 1e-9).all(), name
        if total > 0.999:
            assert whole == pytest.approx(np.full(WORLDS, total)), name
        if all(fact.value > 0 for fact in members):
            a0 = concentration(members)
            for fact, values in zip(members, drawn, strict=True):
                mean = fact.value / max(total, 1.0)
                error = 5 * np.sqrt(mean * (1 - mean) / (a0 + 1) / WORLDS)
                assert values.mean() / max(total, 1.0) == pytest.approx(mean, abs=error + 1e-6), fact.id


def test_facts_of_one_group_share_one_draw_and_others_are_independent(worlds):
    delay = ("ask_delay_median_d", "ask_delay_p95_d")
    assert stats.spearmanr(worlds[delay[0]], worlds[delay[1]]).statistic == pytest.approx(1.0)
    rank = stats.spearmanr(worlds["contacts"], worlds["compliance"]).statistic
    assert abs(rank) < 4 / WORLDS**0.5


def test_one_fact_never_shifts_another_and_what_is_no_unknown_of_the_world_is_not_drawn():
    rows = facts().unheard()
    few = {name: rows[name] for name in ("contacts", "ask_delay_median_d")}
    whole = in_world(rows, 185, 7)
    assert in_world(few, 185, 7) == {name: whole[name] for name in few}
    assert set(whole) == {fact.id for fact in rows.values() if fact.law in DRAWN}
    assert not {"p_listed", "warmup_d", "population_wuhan_none"} & set(whole)
    with facts_replaced({"contacts": 611.0}):
        assert "contacts" not in in_world(facts(), 185, 7)


@pytest.mark.parametrize(("change", "said"), [
    ({"law": "gauss"}, "a law of"), ({"law": "lognormal", "low": 0.0}, "a range within 0"),
    ({"law": "logit", "high": 1.0}, "a range within 0 and 1"), ({"law": "dirichlet"}, "group"),
    ({"law": "normal", "low": 0.5, "high": 0.5}, "`fixed` where low = high"),
])  # fmt: skip
def test_a_law_that_does_not_suit_its_range_is_refused(change, said):
    row = {"id": "x", "value": 0.5, "low": 0.1, "high": 0.9, "unit": "share", "source": "a test", "status": "R"}
    with pytest.raises(InputError, match=r"data/facts\.csv, x") as caught:
        Fact(**row | change)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
