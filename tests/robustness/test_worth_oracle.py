"""What knowing a fact is worth, in worlds whose answer is known in closed form: linear and Gaussian."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.robustness.worth import indices, worth
from privacysim.simulation.unit_parts import WORLD

SLOPES, NOISE, MEAN = np.array([1.0, 0.5, 0.0, 0.0]), 0.7, 0.3


def worlds(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Facts (worlds, 4) of different laws, and a loss that is linear in their normal scores."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4))
    facts = np.column_stack([z[:, 0], np.exp(z[:, 1]), norm.cdf(z[:, 2]), z[:, 3]])
    return facts, MEAN + z @ SLOPES + NOISE * rng.normal(size=n)


def test_shares_and_worth_are_those_of_the_closed_form():
    x, y = worlds(2_000, seed=2)
    found = indices(x, y, y)
    whole = (SLOPES**2).sum() + NOISE**2
    assert found["share"] == pytest.approx(SLOPES**2 / whole, abs=0.03)
    sizes = np.maximum(SLOPES, 1e-9)
    exact = MEAN * norm.cdf(MEAN / sizes) + sizes * norm.pdf(MEAN / sizes) - max(MEAN, 0.0)
    assert found["worth"] == pytest.approx(exact, abs=0.03)
    assert (found["share_low"] <= SLOPES**2 / whole)[:2].all()
    assert (found["share_high"] >= SLOPES**2 / whole)[:2].all()


def test_a_fact_that_acts_by_its_square_is_seen_too():
    x, _ = worlds(400)
    y = x[:, 3] ** 2 + 0.5 * np.random.default_rng(4).normal(size=400)
    found = indices(x, y, y - 5.0)
    assert (found["share"] > 0.2).tolist() == [False, False, False, True]
    assert found["worth"][0] == pytest.approx(0.0, abs=0.01), "the choice is clear, whatever the first fact is"


def results(n: int) -> SimpleNamespace:
    """A study whose policy loses a case and saves as many people as its first fact says."""
    x, _ = worlds(n)
    rows = [(policy, WORLD + j, metric, curve, value) for j in range(n) for policy, metric, curve, value in (
        ("a", "people", "low", 100.0), ("b", "people", "low", 100.0 - 20.0 * np.exp(x[j, 0] / 4)),
        ("a", "cases_with_admissible_evidence", "", 5.0), ("b", "cases_with_admissible_evidence", "", 3.0),
    )]  # fmt: skip
    facts = [(j, name, x[j, n]) for j in range(len(x)) for n, name in enumerate(("compliance", "contacts"))]
    return SimpleNamespace(
        compare=lambda baseline: SimpleNamespace(baseline="a", primary="people"),
        manifest={"cost": {"cpu_s": {"world": 3.6 * n, "policies": 32.4 * n}}, "replicates": []},
        worlds=pd.DataFrame(rows, columns=["policy", "replicate", "metric", "curve", "value"]),
        world_facts=pd.DataFrame(facts, columns=["world", "fact", "value"]))  # fmt: skip


def test_the_price_of_a_case_decides_what_there_is_to_learn():
    close, clear = (worth(results(60), "b", price=price) for price in (10.0, 1.0))
    assert close["fact"].tolist() == ["compliance", "contacts"]
    assert close["worth"][0] > 1.0 > 0.01 > clear["worth"][0]
    assert close["stands_out"].tolist() == [True, False]
    assert close["share"][0] > 0.99
    assert {"value", "unit", "source"} <= set(close.columns)


def test_fewer_than_forty_worlds_and_worlds_that_draw_no_fact_are_refused_with_the_cure():
    with pytest.raises(InputError, match=r"(?s)at least 40 worlds.*--worlds 200 \(about 2.2 CPU hours\)"):
        worth(results(39), "b")  # 36 s each, and every tenth world twice
    none = results(60)
    none.world_facts = none.world_facts.iloc[:0]
    with pytest.raises(InputError, match=r"(?s)draw their facts.*--worlds 200"):
        worth(none, "b")


def test_the_command_says_first_what_can_be_seen_and_shows_only_facts_that_stand_out(capsys):
    saved = Path(__file__).parents[2] / "notebooks" / "saved" / "how_sure"
    assert main(["study", "learn", str(saved)]) == 0
    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first == "40 worlds: of 409 facts, one stands out if it explains about 33 % of the spread."
    assert "150 worlds, about " in second
    assert "compliance" in " ".join(rest)
    assert "cameras_per_1000" not in " ".join(rest), "its worth is what chance gives"
    assert rest[-1].startswith("1 of 409 facts stands out.")


def test_the_command_names_what_is_missing_and_the_policy_that_it_does_not_know(capsys, monkeypatch):
    saved = Path(__file__).parents[2] / "notebooks" / "saved"
    assert main(["study", "learn", str(saved / "committee")]) == 2
    assert "--worlds" in capsys.readouterr().err
    assert main(["study", "learn", str(saved / "headline"), "--policy", "order_798"]) == 2
    assert "order_799" in capsys.readouterr().err
    monkeypatch.setattr(sys.modules[worth.__module__], "FEWEST_WORLDS", 41)
    assert main(["study", "learn", str(saved / "headline"), "--policy", "order_799"]) == 2
    assert "at least 41 worlds" in capsys.readouterr().err
