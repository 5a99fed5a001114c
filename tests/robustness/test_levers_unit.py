"""Design spaces: levers put together as one policy file would be, what contradicts itself refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.robustness import load_design
from privacysim.robustness.levers import POOL, Design

HEAD = """
id = "own"
scenario = "guangzhou_district"
policy = "order_799"
reduce = "people_identified_by_outsiders"
keep = "cases_with_admissible_evidence"
"""
SHOPS = """
[[lever]]
id = "shops"
assumption = "shops may be told"
option = [{id = "as_is"}, {id = "three", cost = 0.5, change = {retention = {public_other = {keep = "3 d"}}}}]
"""
VENUES = """
[[lever]]
id = "venues"
assumption = "venues may be told"
option = [{id = "as_is"},
          {id = "month", cost = 2.0, change = {retention = {public = {keep = "40 d", assumption = "own"}}}}]
"""
BANS = "".join(f"""
[[lever]]
id = "ban_{name}"
assumption = "{name} may be banned"
option = [{{id = "as_is"}},
          {{id = "on", change = {{forbidden = [{{id = "{name}", how = "express", requester = ["{name}"]}}]}}}}]
""" for name in ("insurer", "employer"))  # fmt: skip
LOGS = """
[[lever]]
id = "{0}"
assumption = "logs may be asked for"
option = [{{id = "as_is"}}, {{id = "on", change = {{logs = {{regime = ["public_other"]}}}}}}]
"""


def design(tmp_path, *parts: str) -> Design:
    path = tmp_path / "own.toml"
    path.write_text(HEAD + "".join(parts), encoding="utf-8")
    return load_design(str(path))


def test_two_levers_on_retention_each_set_their_own_class_with_a_source_beside_it(tmp_path):
    found = design(tmp_path, SHOPS, VENUES)
    both = found.arm([1, 1], "both")
    as_is = ps.load_policy("order_799").retention
    assert both.policy.retention.public_other.keep == 3 * 86_400
    assert both.policy.retention.public.keep == 40 * 86_400
    assert both.policy.retention.private == as_is.private
    assert both.policy.retention.public_other.assumption == "shops may be told", "the lever's"
    assert both.policy.retention.public.assumption == "own"
    assert (both.id, both.title) == ("both", "shops_three+venues_month")
    assert found.cost([1, 1]) == 2.5
    assert found.coordinates(np.array([[0, 0], [1, 0], [1, 1]])).tolist() == [[0, 0], [1, 0], [1, 1]]


def test_the_prohibitions_of_two_levers_stand_side_by_side(tmp_path):
    found = design(tmp_path, BANS)
    before = [ban.id for ban in ps.load_policy("order_799").forbidden]
    assert [ban.id for ban in found.arm([1, 1], "x").policy.forbidden] == [*before, "insurer", "employer"]
    added = {ban.id: ban.assumption for ban in found.arm([1, 0], "x").policy.forbidden if ban.id not in before}
    assert added == {"insurer": "insurer may be banned"}


DEMAND = """
[[lever]]
id = "asks"
assumption = "everybody may ask"
option = [{id = "as_is"}, {id = "open", change = {demand = "open"}}]
"""


def test_a_word_of_a_policy_is_changed_as_it_stands_for_it_has_no_source(tmp_path):
    found = design(tmp_path, DEMAND)
    assert found.arm([1], "x").demand_factor == facts().value("open_demand") > 1.0
    assert found.arm([0], "x").demand_factor == 1.0


def test_two_levers_on_the_same_section_are_refused_where_they_meet(tmp_path):
    found = design(tmp_path, LOGS.format("one"), LOGS.format("two"))  # each alone is sound
    with pytest.raises(InputError) as error:
        found.arm([1, 1], "x")
    assert str(error.value).splitlines() == [
        "own, two: expected one lever for each section (logs is moved by two).", "  Got: logs",
        "  Fix: put them in one lever.",
    ]  # fmt: skip


@pytest.mark.parametrize(("parts", "line"), [
    ((HEAD.replace("order_799", "order_798"), SHOPS), "policies: expected a name in sim/policies"),
    ((SHOPS.replace('"3 d"', '"3"'),), "own, shops_three, retention.public_other.keep: expected"),
    ((SHOPS.replace("cost", "price"),), "lever.0.option.1.price: expected a known key"),
    ((SHOPS.replace(', {id = "three", cost = 0.5, change = {retention = {public_other = {keep = "3 d"}}}}', ""),),
     "lever.0.option: expected"),
])  # fmt: skip
def test_what_no_policy_file_may_say_no_lever_may_say(parts, line, tmp_path):
    text = "".join(parts) if parts[0].startswith(HEAD[:10]) else HEAD + "".join(parts)
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_design(str(tmp_path / "own.toml"))
    first = str(error.value).splitlines()[0]
    assert line in first


@pytest.mark.parametrize(("goal", "other", "said"), [
    ('reduce = "people_identified_by_outsiders"', 'reduce = "cases_with_admissible_evidence"', "expose less"),
    ('keep = "cases_with_admissible_evidence"', 'keep = "people_identified_by_outsiders"', "never maximised"),
])  # fmt: skip
def test_a_goal_that_exposes_people_more_is_refused(goal, other, said, tmp_path):
    (tmp_path / "own.toml").write_text(HEAD.replace(goal, other) + SHOPS, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        load_design(str(tmp_path / "own.toml"))


def test_an_unknown_design_names_the_nearest():
    with pytest.raises(InputError) as error:
        load_design("reform")
    assert str(error.value).splitlines() == [
        "frontiers: expected a name in sim/frontiers or a path to a .toml file.", "  Got: reform",
        "  Fix: write reforms.",
    ]  # fmt: skip


def test_of_too_large_a_space_an_even_selection_is_looked_at_with_the_policy_as_it_stands_first():
    levers = [{"id": f"l{n}", "assumption": "a", "option": [{"id": "a"}, {"id": "b"}]} for n in range(16)]
    raw = {"id": "wide", "scenario": "s", "policy": "p", "reduce": "r", "keep": "k", "lever": levers}
    rows = Design.model_validate_json(json.dumps(raw)).combinations()
    assert 1000 < len(rows) <= POOL < 2**16
    assert not rows[0].any()
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert rows.mean(axis=0) == pytest.approx(np.full(16, 0.5), abs=0.02), "every lever is moved in half of them"
    pairs = np.corrcoef(rows.T) - np.eye(16)
    assert np.abs(pairs).max() < 0.05, "and no two of them together"
