"""Shipped law packs: each is whole by itself, its cases hold, and a scenario is judged by the pack that it names."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.law import laws
from privacysim.policy import Answer, load_arms, load_policy
from privacysim.policy.describing import cited
from privacysim.policy.pack_cases import pack_cases
from privacysim.resources import shipped
from privacysim.study import Study
from privacysim.vocabulary import REGIMES
from tests.law.test_own_pack_unit import GENERAL, SOLD

PACKS = sorted(path.name for path in shipped("data/law").iterdir() if path.is_dir())
LEAST = {"eu": 50, "uk": 30, "us_sf": 20, "us_il": 20}
TOWN = {"id": "town", "title": "Town", "city": {"kind": "synthetic"}, "law": "eu",
        "population": {"people": {"value": 5000, "assumption": "a village"}}}  # fmt: skip


def test_five_packs_are_shipped_and_china_is_the_default() -> None:
    assert PACKS == ["cn", "eu", "uk", "us_il", "us_sf"]
    assert laws().general == "cn"
    assert {"pipl56", "gdpr35", "uk_dpia", "sf19b"} == set(laws().assessments)
    assert all(one.asks for _, form in laws().assessments.values() for one in form.heading)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_has_general_law_for_every_day_a_place_of_every_class_and_policies_that_cite_only_its_own(
    pack: str,
) -> None:
    known = laws(general=pack)
    spans = [(bundle.first_day, bundle.last_day) for bundle in known.bundles]
    assert all(ends is not None and (begins - ends).days == 1
               for (_, ends), (begins, _) in pairwise(spans))
    assert spans[-1][1] is None
    own = {law for law, holder in known.packs.items() if holder == pack}
    assert {place.regime for place in known.places if place.law in own} == set(REGIMES)
    names = [name for name, path in known.policies.items() if path.parent.parent.name == pack]
    assert bool(names) == (pack != "cn")  # China's policies are in sim/policies
    for name in names:
        policy = load_policy(name)
        assert policy.pack == pack
        assert {provision.law for provision in cited(policy, known)} <= own
        assert load_arms([name], {}, date(2026, 11, 28))[0].laws.general == pack


@pytest.mark.parametrize("pack", sorted(LEAST))
def test_the_cases_of_a_pack_hold_and_a_third_of_them_permit(pack: str) -> None:
    cases = pack_cases(pack)
    assert [case.row["case"] for case in cases if not case.agrees] == []
    assert len(cases) >= LEAST[pack]
    acts = [case.answer for case in cases if isinstance(case.answer, Answer)]
    kind = [one for one in acts if one.legality == "authorised" or (one.specific, one.general) == ("silent", "lawful")]
    assert 3 * len(kind) >= len(acts)


def test_a_day_before_the_law_and_an_unknown_pack_are_told_in_three_lines() -> None:
    for policy, pack in (("eu_gdpr", "eu"), ("uk_code", "uk"), ("us_sf_19b", "us_sf"), ("us_il_bipa", "us_il")):
        with pytest.raises(InputError, match=f"general law of the pack {pack} covers") as caught:
            load_arms([policy], {}, date(1990, 1, 1))
        assert len(str(caught.value).splitlines()) <= 3
    with pytest.raises(InputError, match="write eu"):
        load_arms(["eu_gdpr"], {}, date(2026, 1, 1), pack="eu_")


def test_a_scenario_is_judged_by_the_pack_that_it_names_whatever_the_policy() -> None:
    there = Study(scenario=TOWN, policies=["order_799", "eu_police"]).inputs()
    assert {arm.bundle.id for arm in there.arms} == {"eu2018"}
    here = Study(scenario=TOWN | {"law": "cn"}, policies=["order_799", "eu_police"]).inputs()
    assert {arm.laws.general for arm in here.arms} == {"cn"}
    assert here.run_id != there.run_id
    assert [arm.judge(SOLD).general for arm in (there.arms[0], here.arms[0])] == ["pi_breach", "crime"]


def test_general_law_of_a_folder_in_sim_law_applies_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "sim" / "law" / "city").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim" / "law" / "city" / "general.toml").write_text(GENERAL, encoding="utf-8")
    assert laws().general == "cn"
    assert not laws().own["city"]
    assert [bundle.id for bundle in laws(general="city").bundles] == ["all"]
    assert [bundle.id for bundle in laws(["city"]).bundles] == ["all"]
    assert laws(general="city").own["city"]["bundle"][0]["id"] == "all"


def test_each_article_of_the_ai_act_stands_from_its_own_day() -> None:
    def rules(day: date) -> set[str]:
        policy = load_arms(["eu_police"], {}, day)[0].policy
        return {rule.id for rule in (*policy.access, *policy.forbidden)}

    first, second = rules(date(2025, 2, 1)), rules(date(2025, 2, 2))
    assert second - first == {"live_face", "live_face_leave", "live_face_urgent"}
    before, after = rules(date(2027, 12, 1)), rules(date(2027, 12, 2))
    assert after - before == {"face_recorded_leave", "face_recorded_in_time", "face_untargeted"}
    assert before - after == {"face_recorded_before_2027"}
