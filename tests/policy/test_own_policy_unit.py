"""A policy or scenario of your own as a dict or an object is checked as a file is, and is used as it is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.files import named_files
from privacysim.policy import load_arms, load_policy
from privacysim.scenario import load_scenario

DAY = date(2025, 6, 1)
MINE = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "hypothetical"}
WEEK = {"keep": "7 d", "assumption": "a reform"}
CASE = {"id": "case", "title": "A case", "city": {"kind": "synthetic"}}


@pytest.mark.parametrize("name", sorted(named_files("policies")))
def test_a_shipped_policy_given_back_as_an_object_is_the_same(name: str) -> None:
    policy = load_policy(name)
    assert load_policy(policy) == policy
    assert [arm.id for arm in load_arms([policy], {}, DAY)] == [arm.id for arm in load_arms([name], {}, DAY)]


@pytest.mark.parametrize("name", sorted(named_files("scenarios")))
def test_a_shipped_scenario_given_back_as_an_object_is_the_same(name: str) -> None:
    scenario = load_scenario(name)
    assert load_scenario(scenario) == scenario


def test_a_changed_object_is_used_as_it_was_changed() -> None:
    order = load_policy("order_799")
    assert order.retention is not None
    week = order.retention.public.model_copy(update={"keep": 604_800.125, "floor": None})  # type: ignore[union-attr]
    changed = order.model_copy(update={"retention": order.retention.model_copy(update={"public": week})})
    (arm,) = load_arms([changed], {}, DAY)
    assert arm.retention_s("public_venue")[0] == 604_800.125
    district = load_scenario("guangzhou_district")
    few = district.cameras.model_copy(update={"per_1000": {"value": 3.0, "assumption": "few"}})
    assert load_scenario(district.model_copy(update={"cameras": few})).cameras.per_1000.number == 3.0


def test_a_dict_a_file_and_a_path_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\nextends = "order_799"\ntitle = {en = "Mine"}\nstatus = "hypothetical"\n'
                    '[retention.public]\nkeep = "7 d"\nassumption = "a reform"\n', encoding="utf-8")  # fmt: skip
    from_dict = load_policy({**MINE, "retention": {"public": WEEK}})
    assert from_dict == load_policy(path) == load_policy(str(path))
    with_object = load_policy({**MINE, "retention": from_dict.retention, "access": list(from_dict.access)})
    assert with_object == from_dict


def test_readings_of_a_policy_given_as_a_dict_go_by_its_id() -> None:
    mine = {**MINE, "reading": [{"id": "strict", "says": "no guards", "drop": ["guard"]}]}
    ids = [arm.id for arm in load_arms([mine, "order_799"], {"mine": ["base", "strict"]}, DAY)]
    assert ids == ["mine", "mine:strict", "order_799"]
    with pytest.raises(InputError, match="each arm once"):
        load_arms([mine, load_policy(mine)], {}, DAY)


@pytest.mark.parametrize(("more", "said"), [
    ({"retension": 3}, "write retention"),
    ({"retention": {"public": {**WEEK, "keep": 7}}}, "a duration with its unit"),
    ({"retention": {"public": {"keep": "7 d"}}}, "a reference"),
    ({"access": [{"id": "a", "regime": ["public_stat"], "assumption": "x"}]}, "write public_state"),
    ({"retention": {"public": {**WEEK, "keep": float("nan")}}}, "a finite number"),
    ({"extends": "order_79"}, "write order_799"),
    ({"drop": ["gaurd"]}, "write guard"),
])
def test_a_bad_dict_is_told_in_three_lines_as_a_file_is(more: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_policy({**MINE, **more})
    assert len(str(caught.value).splitlines()) <= 3


def test_what_a_changed_object_cannot_be_is_refused_and_never_ignored() -> None:
    order, district = load_policy("order_799"), load_scenario("guangzhou_district")
    with pytest.raises(InputError, match="write retention"):
        load_policy(order.model_copy(update={"retension": None}))
    with pytest.raises(InputError, match="retention"):
        load_policy(order.model_copy(update={"retention": "7 d"}))
    with pytest.raises(InputError, match="a name, a path, a dict or a Policy"):
        load_policy(district)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="write per_1000"):
        load_scenario(district.model_copy(update={"cameras": district.cameras.model_copy(update={"per_100": 3.0})}))
    with pytest.raises(InputError, match="a name, a path, a dict or a Scenario"):
        load_scenario(order)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 0"):
        load_scenario({**CASE, "cameras": {"per_1000": {"value": -3.0, "assumption": "x"}}})


def test_at_the_prompt_a_policy_and_a_scenario_are_one_line() -> None:
    for shown in (repr(ps.load_policy("order_799")), repr(ps.load_scenario("guangzhou_185")),
                  repr(load_scenario("guangzhou_185").city)):  # fmt: skip
        assert len(shown) <= 160
        assert "\n" not in shown
    assert ps.Policy.__name__ == "Policy"
    assert ps.Scenario.__name__ == "Scenario"
