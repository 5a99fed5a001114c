"""Matching worlds with observed figures: twins whose hidden facts are known, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from privacysim.errors import InputError
from privacysim.robustness import match, observations, read_observations
from privacysim.robustness.observations import Observation
from privacysim.simulation.unit_parts import WORLD
from tests.helpers.long_sets import first

FACTS = ("contacts", "compliance", "public_share", "vendor_platform_share", "internet_share", "camera_weight_mall",
         "epr_rho", "epr_gamma", "ask_share_media", "audience_factor_semi_private")  # fmt: skip
CHANCE, OBSERVED, MODEL = 0.15, 0.1, 0.1
"""Standard deviations of the logarithm of each figure: by chance in a world, of the observation, and of the model."""


def figures(z, draw):
    """Two figures (worlds, 2): one rises with the score of contacts, the other falls, bent, with that of compliance."""
    noise = CHANCE * draw.normal(size=(len(z), 2))
    return np.exp(np.column_stack([0.6 * z[:, 0], -0.5 * z[:, 1] - 0.1 * z[:, 1] ** 2]) + noise)


def study(worlds=200, seed=1):
    """Results of a study with these figures as its metrics; the policy's ratio is exp(−compliance's score / 2)."""
    draw = np.random.default_rng(seed)
    z = draw.normal(size=(worlds, len(FACTS)))
    seen, ratio = figures(z, draw), np.exp(-z[:, 1] / 2 + CHANCE * draw.normal(size=worlds))
    rows = [(policy, WORLD + j, metric, curve, value) for j in range(worlds) for policy, metric, curve, value in (
        ("a", "asked", "", seen[j, 0]), ("a", "obeyed", "", seen[j, 1]), ("a", "rare", "", float(j > 180)),
        ("a", "people", "low", 100.0), ("b", "people", "low", 100.0 * ratio[j]), ("b", "asked", "", 2 * seen[j, 0]))]
    facts = [(j, name, np.exp(z[j, n])) for j in range(worlds) for n, name in enumerate(FACTS)]
    return SimpleNamespace(
        arms=["a", "b"], compare=lambda baseline: SimpleNamespace(baseline="a", primary="people"),
        manifest={"study": {"scenario": "guangzhou_part", "seed": 185}},
        worlds=pd.DataFrame(rows, columns=["policy", "replicate", "metric", "curve", "value"]),
        world_facts=pd.DataFrame(facts, columns=["world", "fact", "value"]))  # fmt: skip


def told(metric, value, use="match", error=OBSERVED, model=MODEL, **more):
    reach = np.exp(1.645 * error)
    return Observation(metric=metric, value=value, low=value / reach, high=value * reach, model_error=model * value,
                       use=use, **more)  # fmt: skip


@pytest.fixture(scope="module")
def two_hundred():
    return study()


@pytest.mark.parametrize("twins", first(1, [4, 100]))
def test_the_posterior_holds_hidden_facts_at_its_rate_and_halves_what_the_figures_inform(two_hundred, twins):
    draw, held, left, answers = np.random.default_rng(7), [], [], []
    hidden = draw.normal(size=(twins, len(FACTS)))
    seen = figures(hidden, draw) * np.exp(np.hypot(OBSERVED, MODEL) * draw.normal(size=(twins, 2)))
    ratios = np.exp(-hidden[:, 1] / 2 + CHANCE * draw.normal(size=twins))
    for z, (asked, obeyed), ratio in zip(hidden, seen, ratios, strict=True):
        found = match(two_hundred, [told("asked", asked), told("obeyed", obeyed)])
        table = found.facts.set_index("fact").loc[["contacts", "compliance"]]
        held.append([low <= np.exp(one) <= high for low, one, high in
                     zip(table["low_after"], z[:2], table["high_after"], strict=True)])  # fmt: skip
        left.append(table["spread_left"])
        answers += [(answer["low_after"] <= ratio <= answer["high_after"], answer["spread_left"])
                    for answer in found.answers.to_dict("records")]  # fmt: skip
    rate, of_answer = np.mean(held, axis=0), np.mean(answers, axis=0)
    assert rate.tolist() == pytest.approx([0.9, 0.9], abs=3 * 0.3 / twins**0.5)
    assert (np.mean(left, axis=0) <= 0.5).all()
    assert len(answers) > 0.6 * twins, "hidden worlds at the edge leave too few worlds for an answer"
    assert of_answer[0] == pytest.approx(0.9, abs=3.5 * 0.3 / twins**0.5)
    assert of_answer[1] <= 0.65


def test_a_figure_tells_only_the_facts_it_depends_on_and_a_held_out_one_nothing(two_hundred):
    found = match(two_hundred, [told("asked", 1.5), told("obeyed", 1.0, use="hold out")])
    assert found.facts["fact"].tolist() == ["contacts"]
    (asked, obeyed) = found.figures.to_dict("records")
    assert (asked["told_by"], obeyed["told_by"]) == ("contacts", "compliance")
    assert asked["explained"] > 0.85 > 0.8 < obeyed["explained"]
    assert asked["misfit_after"] < asked["misfit_before"]
    assert obeyed["misfit_after"] == pytest.approx(obeyed["misfit_before"], abs=0.05)
    assert found.worlds["weight"].sum() == pytest.approx(1.0)
    assert (found.worlds["weight"] > 0).tolist() == (found.worlds["misfit"] <= 3).tolist()
    assert found.answers["spread_left"][0] == pytest.approx(1.0, abs=0.3), "contacts say nothing of this answer"
    median = np.exp(np.log(1.5) / 0.6)
    assert found.facts["low_after"][0] < median < found.facts["high_after"][0]


@pytest.mark.parametrize(("figures", "said"), [
    ([told("askd", 1.0)], r"(?s)a metric of these worlds.*write asked"),
    ([told("asked", 1.0, policy="c")], r"(?s)policy.*one arm of the study"),
    ([told("people", 1.0, curve="high")], "a curve of people"),
    ([told("asked", 1.0), told("asked", 1.2, use="hold out", policy="a")], "each figure once, to match or held out"),
    ([told("asked", 90.0)], r"(?s)within 3 standard errors.*asked.*model_error"),
    ([told("mean_way_to_work_min", 38.0)], r"(?s)the facts of the register's.*guangzhou_185"),
])  # fmt: skip
def test_what_cannot_be_matched_is_refused_with_the_cure(two_hundred, figures, said):
    with pytest.raises(InputError, match=said):
        match(two_hundred, figures)


def test_figures_that_exclude_each_other_and_too_few_worlds_are_refused(two_hundred):
    both = [told("asked", 3.0, error=0.01, model=0.0), told("asked", 0.4 * 2, policy="b", error=0.01, model=0.0)]
    with pytest.raises(InputError, match="exclude each other"):
        match(two_hundred, both)
    with pytest.raises(InputError, match="at least 40 worlds"):
        match(study(39), [told("asked", 1.0)])


HEAD = "metric,policy,curve,value,low,high,model_error,use\n"


@pytest.mark.parametrize(("lines", "said"), [
    ("asked,,,1,0.9,1.1,0.1,hold out\n", "at least one figure to match"),
    ("asked,,,1,1.1,0.9,0.1,match\n", "low ≤ value ≤ high"),
    ("asked,,,one,0.9,1.1,0.1,match\n", r"(?s)line 2.*numbers in value"),
    ("asked,,,1,0.9,1.1,,match\n", r"(?s)line 2, model_error.*this key"),
    ("asked,,,1,0.9,1.1,0.1,fit\n", r"line 2, use"),
    ("mean_way_to_work_min,,,38,36,41,1,match\n", "leave policy, curve, value, low and high empty"),
    ("homicide_video_share,,,,,,1,match\npublished_picture_solves_share,,,,,,1,hold out\n", "rows with the same datum"),
])  # fmt: skip
def test_a_line_that_is_no_observation_is_named(tmp_path, lines, said):
    path = tmp_path / "observations.csv"
    path.write_text(HEAD + lines, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_observations(path)


def test_a_row_of_the_register_brings_its_own_figures(tmp_path):
    path = tmp_path / "observations.csv"
    path.write_text(HEAD + "mean_way_to_work_min,,,,,,2,match\nasked,b,,1,0.9,1.1,0.1,hold out\n", encoding="utf-8")
    row, own = read_observations(path)
    assert (row.value, row.low, row.high, row.use) == (38.0, 36.0, 41.0, "match")
    assert (own.policy, own.model_error, own.use) == ("b", 0.1, "hold out")


def test_a_row_of_the_register_is_computed_in_worlds_that_draw_the_same_facts(two_hundred, monkeypatch):
    study = SimpleNamespace(**vars(two_hundred) | {"manifest": {"study": {"scenario": "guangzhou_185", "seed": 185}}})
    facts = study.world_facts
    wide = facts.pivot(index="world", columns="fact", values="value")
    rows = pd.DataFrame({"mean_way_to_work_min": 38.0 * wide["contacts"].to_numpy() ** 0.3})
    monkeypatch.setattr(observations.register, "run_worlds", lambda worlds, workers: rows.iloc[:worlds])
    monkeypatch.setattr(observations, "build_city", lambda case: None)
    monkeypatch.setattr(observations, "facts_of_world", lambda *_: wide.loc[0].to_dict())
    row = Observation(metric="mean_way_to_work_min", value=38.0, low=36.0, high=41.0, model_error=2.0, use="match")
    found = match(study, [row])
    assert found.facts["fact"].tolist() == ["contacts"]
    assert found.facts["low_after"][0] < 1.0 < found.facts["high_after"][0]
    monkeypatch.setattr(observations, "facts_of_world", lambda *_: (wide.loc[0] * 1.01).to_dict())
    with pytest.raises(InputError, match="today's facts"):
        match(study, [row])
