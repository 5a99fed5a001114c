"""The frontier against functions whose answers are published or planted."""

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts, facts_replaced
from privacysim.robustness import (
    frontier,
    load_design,
)
from privacysim.robustness.frontier import search
from privacysim.stats import nondominated


def zdt1(x: np.ndarray) -> np.ndarray:
    # Zitzler, Deb and Thiele 2000: the front is f2 = 1 − √f1, where all but the first are 0
    g = 1 + 9 * x[:, 1:].mean(axis=1)
    return np.column_stack([x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))])


def test_the_front_of_zdt1_is_found_by_steering_and_not_by_luck():
    from scipy.stats import qmc

    grid = np.array([(a / 40, b / 8, c / 8) for a in range(41) for b in range(9) for c in range(9)])
    pool = grid[qmc.Halton(1, rng=3).random(len(grid))[:, 0].argsort(kind="stable")]
    goals = zdt1(pool)
    _, seen = search(pool, lambda rows: (goals[rows], np.zeros((rows.size, 2))), 120, first=40, batch=10, seed=1)
    front = seen[nondominated(seen)]
    gap = front[:, 1] - (1 - np.sqrt(front[:, 0]))
    by_luck = goals[:120][nondominated(goals[:120])]
    assert np.mean(gap) < 0.05
    assert np.mean(gap) < 0.5 * np.mean(by_luck[:, 1] - (1 - np.sqrt(by_luck[:, 0])))
    assert np.ptp(front[:, 0]) > 0.7, "all along the front, not one end of it"


def test_a_replaced_fact_reaches_the_model_and_goes_away_again():
    before = facts().value("cameras_per_1000")
    with facts_replaced({"cameras_per_1000": 480.0}):
        assert facts().value("cameras_per_1000") == 480.0
    assert facts().value("cameras_per_1000") == before


@pytest.mark.parametrize(("key", "value"), [("reduce", "cases_with_admissible_evidence"),
                                            ("keep", "people_identified_by_outsiders")])  # fmt: skip
def test_the_frontier_refuses_to_look_for_more_exposure(key, value):
    design = load_design("reforms").model_copy(update={key: value})
    with pytest.raises(InputError, match="expos"):
        design.goals()


def test_the_shipped_design_is_sound_and_its_first_variant_is_the_policy_as_it_stands():
    design = load_design("reforms")
    rows = design.combinations()
    assert len(rows) == len(np.unique(rows, axis=0)) == np.prod([len(lever.option) for lever in design.lever])
    for n, lever in enumerate(design.lever):  # the beginning of the list, with which a search starts, moves every lever
        shares = np.bincount(rows[:100, n], minlength=len(lever.option)) / 100
        assert shares == pytest.approx(1 / len(lever.option), abs=0.05), lever.id
    assert design.name(rows[0].tolist()) == "as_it_stands"
    as_is = design.arm(rows[0].tolist(), "same").policy
    assert as_is.retention == ps.load_policy("order_799").retention
    kept = design.arm([1] + [0] * (len(design.lever) - 1), "three").policy
    assert kept.retention.public_other.keep == 3 * 86_400
    assert "legislator" in kept.retention.public_other.assumption


LEVERS = """
id = "own"
scenario = "guangzhou_district"
policy = "order_799"
reduce = "people_identified_by_outsiders"
keep = "cases_with_admissible_evidence"
days = 28
sample = 500
[[lever]]
id = "takedown"
assumption = "platforms may be told"
option = [{id = "as_is"}, {id = "sooner", cost = 1.0, facts = {published_takedown_d = 2.0}}]
[[lever]]
id = "logs"
assumption = "the waiver may be withdrawn"
option = [{id = "as_is"}, {id = "everywhere", cost = 1.5, change = {logs = {regime = ["public_other"]}}}]
"""


def test_a_lever_may_move_a_fact_and_the_variants_that_share_it_share_a_world(tmp_path):
    (tmp_path / "own.toml").write_text(LEVERS)
    design = load_design(str(tmp_path / "own.toml"))
    assert design.facts([0, 1]) == {}
    assert design.facts([1, 0]) == {"published_takedown_d": 2.0}
    groups = frontier._by_facts(design, design.combinations(), range(4))
    assert sorted(len(alike) for _, alike in groups) == [2, 2]
    found = ps.robustness.find_frontier(design, variants=4, replicates=1, confirm=1, workers=1, progress=False)
    assert set(found.variants["variant"]) == {
        "as_it_stands", "takedown_sooner", "logs_everywhere", "takedown_sooner+logs_everywhere",
    }  # fmt: skip
    assert found.failed == ()
    assert (found.confirmed[["exposure_low", "usefulness_low"]].isna()).all(axis=None), "one replicate has no interval"
    assert sorted(found.effects["variant"]) == ["logs_everywhere", "takedown_sooner"]


@pytest.mark.parametrize(("old", "new", "said"), [
    ("published_takedown_d = 2.0", "published_takedown_d = 0.1", "within its range, 2 to 90 d"),
    ("published_takedown_d = 2.0", "published_takedwn_d = 2.0", "published_takedown_d"),
    ('[{id = "as_is"}, {id = "sooner"', '[{id = "as_is", facts = {published_takedown_d = 3.0}}, {id = "sooner"',
     "a first option that changes nothing"),
    ('change = {logs = {regime = ["public_other"]}}', "facts = {published_takedown_d = 3.0}",
     "one lever for each fact"),
])  # fmt: skip
def test_a_lever_that_cannot_be_is_named(old, new, said, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(LEVERS.replace(old, new))
    with pytest.raises(InputError, match=said):
        load_design(str(path))


def test_the_best_reform_within_a_budget_keeps_its_usefulness_and_costs_no_more():
    design = load_design("reforms")
    confirmed = pd.DataFrame({"variant": ["dear", "useless", "good", "as_it_stands"], "cost": [9.0, 1.0, 3.0, 0.0],
                              "exposure_ratio": [0.1, 0.2, 0.5, 1.0], "usefulness_ratio": [1.0, 0.5, 0.97, 1.0]})
    found = frontier.Frontier(design, confirmed, confirmed, confirmed, ())
    assert found.best(4.0)["variant"] == "good"
    assert found.best(10.0)["variant"] == "dear"
    assert found.best(2.0)["variant"] == "as_it_stands"
    assert found.best(2.0, tolerance=0.6)["variant"] == "useless"
    with pytest.raises(InputError, match="raise the budget"):
        found.best(-1.0)
