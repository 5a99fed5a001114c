"""Sensitivity, failure boxes and the frontier against functions whose answers are published or planted."""

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts, facts_replaced
from privacysim.robustness import (
    Factor,
    find_box,
    frontier,
    global_indices,
    index_points,
    index_table,
    load_design,
    ranking,
    ranking_words,
)
from privacysim.robustness.factors import held, with_values
from privacysim.robustness.frontier import search
from privacysim.robustness.sensitivity import Worlds
from privacysim.simulation.fact_worlds import quantities
from privacysim.stats import nondominated


def unit_factors(n: int, low: float = 0.0, high: float = 1.0) -> list[Factor]:
    return [Factor(f"x{i + 1}", (low + high) / 2, low, high) for i in range(n)]


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobol_indices_of_the_ishigami_function_are_the_published_ones():
    # Ishigami and Homma 1990, a = 7, b = 0.1: S1 = 0.3139, 0.4424, 0; ST = 0.5576, 0.4424, 0.2437
    factors = unit_factors(3, -np.pi, np.pi)
    points = index_points("sobol", factors, 4096, seed=5)
    table = index_table("sobol", factors, points, ishigami(points), seed=5).set_index("factor")
    assert table.loc[["x1", "x2", "x3"], "s1"].to_numpy() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert table.loc[["x1", "x2", "x3"], "st"].to_numpy() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)


def test_morris_screens_out_the_factor_that_does_nothing_and_sees_a_straight_line_as_one():
    factors = unit_factors(3)
    points = index_points("morris", factors, 20, seed=2)
    table = index_table("morris", factors, points, 3 * points[:, 0] + points[:, 1] ** 2, seed=2)
    assert table["factor"].tolist() == ["x1", "x2", "x3"]
    assert table["mu_star"].iloc[0] == pytest.approx(3.0)
    assert table["sigma"].iloc[0] == pytest.approx(0.0, abs=1e-9)
    assert table["mu_star"].iloc[2] == 0.0


def test_a_planted_box_is_recovered_with_coverage_and_density_above_nine_tenths():
    from scipy.stats import qmc

    factors = unit_factors(6)
    x = qmc.LatinHypercube(6, rng=4).random(1000)
    inside = (x[:, 1] > 0.6) & (x[:, 4] < 0.45)
    noise = qmc.LatinHypercube(1, rng=9).random(1000)[:, 0]
    box = find_box(factors, x, inside ^ (noise < 0.02))
    assert set(box.limits) == {"x2", "x5"}, "the four others do nothing and are left out"
    assert box.limits["x2"][0] == pytest.approx(0.6, abs=0.05)
    assert box.limits["x5"][1] == pytest.approx(0.45, abs=0.05)
    clean = find_box(factors, x, inside)
    assert min(clean.coverage, clean.density) >= 0.9
    assert clean.words(factors).startswith("fails when x2 is above 0.6")


def test_failures_without_a_pattern_give_no_box():
    from scipy.stats import qmc

    x = qmc.LatinHypercube(4, rng=4).random(300)
    random = qmc.LatinHypercube(1, rng=1).random(300)[:, 0] < 0.3
    box = find_box(unit_factors(4), x, random)
    assert len(box.limits) <= 2
    with pytest.raises(InputError, match="all reach it"):
        find_box(unit_factors(4), x, np.zeros(300, dtype=bool))


def zdt1(x: np.ndarray) -> np.ndarray:
    # Zitzler, Deb and Thiele 2000: the front is f2 = 1 − √f1, where all but the first are 0
    g = 1 + 9 * x[:, 1:].mean(axis=1)
    return np.column_stack([x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))])


def test_the_front_of_zdt1_is_found_by_steering_and_not_by_luck():
    from scipy.stats import qmc

    grid = np.array([(a / 40, b / 8, c / 8) for a in range(41) for b in range(9) for c in range(9)])
    pool = grid[qmc.Halton(1, rng=3).random(len(grid))[:, 0].argsort(kind="stable")]
    goals = zdt1(pool)
    _, seen, worth = search(pool, lambda rows: (goals[rows], np.zeros((rows.size, 2))), 120, first=40, batch=10, seed=1)
    front = seen[nondominated(seen)]
    gap = front[:, 1] - (1 - np.sqrt(front[:, 0]))
    by_luck = goals[:120][nondominated(goals[:120])]
    assert np.mean(gap) < 0.05
    assert np.mean(gap) < 0.5 * np.mean(by_luck[:, 1] - (1 - np.sqrt(by_luck[:, 0])))
    assert np.ptp(front[:, 0]) > 0.7, "all along the front, not one end of it"
    assert (worth["interval_held"] > 0.8).all()


def test_a_replaced_fact_reaches_the_model_and_goes_away_again():
    before = facts().value("cameras_per_1000")
    with facts_replaced({"cameras_per_1000": 480.0}):
        assert facts().value("cameras_per_1000") == 480.0
    assert facts().value("cameras_per_1000") == before


def test_the_list_of_185_is_held_whatever_is_varied():
    from privacysim.city import build_city
    from privacysim.world.calibration import listing

    base = ps.Study("preview", days=2).inputs()
    fact = facts()["scans_per_camera_year"]
    changed = with_values(base, {fact.id: fact.value / 2})
    city = build_city(base.scenario)
    wanted = listing(city, base.scenario).expected
    point, ok = held(base, changed)
    with facts_replaced(changed.facts):
        assert listing(city, changed.scenario).expected == pytest.approx(wanted / 2)
        assert listing(city, point.scenario).expected == pytest.approx(wanted)
    assert ok
    assert point.run_id != base.run_id
    assert dict(quantities(point.scenario))["leaks.scans_per_camera_year"].number == fact.value / 2


def test_the_ranking_counts_the_worlds_in_which_each_policy_is_first():
    rows = [row for n in range(10) for row in ((n, "a", "low", 0.5), (n, "b", "low", 0.6 if n < 7 else 0.4))]
    ratios = pd.DataFrame(rows, columns=["point", "policy", "curve", "ratio"])
    table = ranking(Worlds(None, (), np.zeros((10, 0)), ratios, np.ones(10, dtype=bool), ()))
    assert table.set_index("policy")["first"].to_dict() == {"a": 7, "b": 3}
    assert ranking_words(table).startswith("a is first at the values in force and stays first in 7 of 10 plausible")


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
    assert sorted(found.effects()["option"]) == ["everywhere", "sooner"]


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


def test_the_effects_of_options_are_the_coefficients_that_were_planted():
    design = load_design("reforms")
    rows = design.combinations()[:300]
    x = design.coordinates(rows)
    truth = np.linspace(-0.4, 0.3, x.shape[1])
    ratios = pd.DataFrame({"exposure_ratio": 1 + x @ truth, "usefulness_ratio": 1 - x @ truth / 2})
    table = frontier.Frontier(design, ratios, ratios, ratios, rows, ()).effects()
    moved = [(lever.id, option.id) for lever in design.lever for option in lever.option[1:]]
    found = table.set_index(["lever", "option"]).loc[moved]
    assert found["exposure"].to_numpy() == pytest.approx(truth)
    assert found["usefulness"].to_numpy() == pytest.approx(-truth / 2)


def test_the_best_reform_within_a_budget_keeps_its_usefulness_and_costs_no_more():
    design = load_design("reforms")
    confirmed = pd.DataFrame({"variant": ["dear", "useless", "good", "as_it_stands"], "cost": [9.0, 1.0, 3.0, 0.0],
                              "exposure_ratio": [0.1, 0.2, 0.5, 1.0], "usefulness_ratio": [1.0, 0.5, 0.97, 1.0]})
    found = frontier.Frontier(design, confirmed, confirmed, confirmed, design.combinations(), ())
    assert found.best(4.0)["variant"] == "good"
    assert found.best(10.0)["variant"] == "dear"
    assert found.best(2.0)["variant"] == "as_it_stands"
    assert found.best(2.0, tolerance=0.6)["variant"] == "useless"
    with pytest.raises(InputError, match="raise the budget"):
        found.best(-1.0)


def test_a_study_reads_the_facts_that_it_reads_and_not_all_of_them():
    from privacysim.robustness.factors import factors_of

    inputs = ps.Study("preview", policies=["notice_only", "order_799"], days=1).inputs()
    first, second = ([factor.name for factor in factors_of(inputs)] for _ in range(2))
    assert first == second, "whatever was run before in this process"
    assert {"cameras_per_1000", "contacts", "compliance", "retention_unregulated_model_d"} <= set(first)
    assert not {"track_gap_s", "retention_edpb_h", "population_wuhan", "camera_price_cny"} & set(first)


def test_morris_and_sobol_run_the_study_and_name_what_moves_it(monkeypatch):
    from privacysim.robustness import sensitivity

    factors = unit_factors(3)

    def fake(inputs, factors, values, **how):
        ratios = pd.DataFrame({"point": range(len(values)), "policy": "b", "curve": "low",
                               "ratio": 2 + 3 * values[:, 0] + values[:, 1]})  # fmt: skip
        return Worlds(inputs, tuple(factors), values, ratios, np.ones(len(values), dtype=bool), ())

    monkeypatch.setattr(sensitivity, "run_values", fake)
    inputs = ps.Study("preview", policies=["notice_only", "order_799"]).inputs()
    fake_arm = type("Arm", (), {"id": "b"})
    monkeypatch.setattr(type(inputs), "arm", lambda self, named: fake_arm)
    table = global_indices("morris", inputs, factors, "b", 10)
    assert table["factor"].tolist() == ["x1", "x2", "x3"]
    assert table["mu_star"].to_numpy() == pytest.approx([3.0, 1.0, 0.0], abs=1e-9)
    table = global_indices("sobol", inputs, factors, "b", 512)
    # the variance of a·u is a²/12: shares 9/10 and 1/10, without interactions
    assert table["s1"].to_numpy() == pytest.approx([0.9, 0.1, 0.0], abs=0.02)
    assert table["st"].to_numpy() == pytest.approx([0.9, 0.1, 0.0], abs=0.02)


def test_indices_ask_for_an_answer_at_every_point():
    ratios = pd.DataFrame({"point": [0, 1], "policy": "order_799", "curve": "low", "ratio": [1.0, np.nan]})
    inputs = ps.Study("preview").inputs()
    with pytest.raises(InputError, match="a ratio at every point"):
        Worlds(inputs, (), np.zeros((2, 0)), ratios, np.ones(2, dtype=bool), ()).every_answer("order_799")
    full = ratios.assign(ratio=[1.0, 0.5])
    with pytest.raises(InputError, match="can be held"):
        Worlds(inputs, (), np.zeros((2, 0)), full, np.array([True, False]), ()).every_answer("order_799")


def test_the_command_prints_morris_and_sobol_with_the_sources(tmp_path, monkeypatch, capsys):
    from privacysim.cli.main import main
    from privacysim.robustness import sensitivity

    def fake(inputs, factors, values, **how):
        ratios = pd.DataFrame({"point": range(len(values)), "policy": "order_799", "curve": "low",
                               "ratio": values @ np.arange(1.0, len(factors) + 1)})  # fmt: skip
        return Worlds(inputs, tuple(factors), values, ratios, np.ones(len(values), dtype=bool), ())

    monkeypatch.setattr(sensitivity, "run_values", fake)
    monkeypatch.chdir(tmp_path)
    asked = ["study", "sensitivity", "preview", "--policy", "order_799", "--factors", "compliance,informal_handover"]
    assert main([*asked, "--morris", "4", "--sobol", "8", "--out", "r"]) == 0
    said = capsys.readouterr().out
    assert "Morris" in said
    assert "Sobol" in said
    assert "  informal_handover: handed over given asked and no rule" in said
    assert {path.name for path in (tmp_path / "r").glob("[!.]*")} == {"morris.csv", "sobol.csv"}
    assert main([*asked, "--sobol", "9", "--out", "r"]) == 2
    assert "power of two" in capsys.readouterr().err
