"""A law pack of your own: a dict, a folder, or a folder of `sim/law`; what it says counts and what is wrong is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.law import LawPack, law_packs, laws
from privacysim.policy import Question, load_arms, load_policy
from privacysim.policy.policy_files import policy_files
from privacysim.vocabulary import REGIMES

PROVISION = {"id": "city_1", "law": "city_rules", "article": "1", "says": "Footage is kept for three days.",
             "status": "H", "in_force_from": "2025-01-01"}  # fmt: skip
SHORTER = {"id": "shorter", "extends": "order_799", "title": {"en": "Shorter"}, "status": "hypothetical",
           "retention": {"public": {"keep": "3 d", "reference": {"law": "city_rules", "article": "1"}}}}  # fmt: skip
GENERAL = """
[[bundle]]
id = "all"
first_day = 2000-01-01
says = "everything else is lawful"
[[answer]]
acts = ["sell"]
general = "crime"
[[answer]]
general = "lawful"
"""
SOLD = Question("curious", "sell", "commerce", "request", "home", "private_home")


def test_a_pack_of_one_provision_is_enough_to_cite_it() -> None:
    with pytest.raises(InputError, match="a law of data/law or of a law pack"):
        load_policy(SHORTER)
    for pack in ({"provision": [PROVISION]}, validate(LawPack, {"provision": [PROVISION]}, "mine")):
        assert load_policy(SHORTER, packs=[pack]).retention.public.keep == 3 * 86_400.0  # type: ignore[union-attr]
        (arm,) = load_arms([SHORTER], {}, date(2025, 6, 1), packs=[pack])
        assert arm.retention_s("public_venue")[0] == 3 * 86_400.0
        assert arm.laws.own["pack 0"]["provision"][0]["id"] == "city_1"


def test_a_folder_in_sim_law_is_found_with_its_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "sim" / "law" / "city"
    (pack / "policies").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (pack / "provisions.toml").write_text(
        '[[provision]]\nid = "city_1"\nlaw = "city_rules"\narticle = "1"\nsays = "Three days."\nstatus = "H"\n'
        "in_force_from = 2025-01-01\n", encoding="utf-8")  # fmt: skip
    (pack / "places.toml").write_text(
        '[[place]]\nregime = "public_venue"\nlaw = "city_rules"\narticle = "1"\n', encoding="utf-8")
    (pack / "policies" / "city_three_days.toml").write_text(
        'id = "city_three_days"\nextends = "order_799"\ntitle = {en = "Three days"}\nstatus = "hypothetical"\n'
        '[retention.public]\nkeep = "3 d"\nreference = {law = "city_rules", article = "1"}\n', encoding="utf-8")
    assert load_policy("city_three_days").retention.public.keep == 3 * 86_400.0  # type: ignore[union-attr]
    assert {place.law for place in laws().places if place.regime == "public_venue"} >= {"o799", "city_rules"}
    assert laws([str(pack)]).provisions == laws().provisions  # the same folder counts once
    assert {"city_three_days", "order_799"} <= set(policy_files())
    (pack / "places.toml").write_text('[[place]]\nregime = "public_stat"\nlaw = "city_rules"\narticle = "1"\n')
    with pytest.raises(InputError, match="write public_state"):
        laws()


def test_a_folder_elsewhere_is_given_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder"):
        laws([tmp_path / "nothing"])
    (tmp_path / "general.toml").write_text(GENERAL, encoding="utf-8")
    own, shipped = laws([tmp_path]), laws()
    assert [bundle.id for bundle in own.bundles] == ["all"]
    assert len(shipped.bundles) == 5
    (arm,) = load_arms(["notice_only"], {}, date(2001, 6, 1), packs=[tmp_path])  # shipped bundles begin in 2006
    assert arm.judge(SOLD).general == "crime"


def test_general_law_comes_from_one_pack_and_is_whole() -> None:
    half = {"bundle": [{"id": "all", "first_day": "2000-01-01", "says": "x"}]}
    with pytest.raises(InputError, match="laws and provisions only"):
        laws([half])
    whole = half | {"answer": [{"general": "lawful"}]}
    with pytest.raises(InputError, match="general law in one pack"):
        laws([whole, {**whole}])


def test_an_installed_pack_brings_provisions_and_its_general_law_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brought = {"provision": [PROVISION], "bundle": [{"id": "all", "first_day": "2000-01-01", "says": "x"}],
               "answer": [{"general": "lawful"}]}  # fmt: skip
    monkeypatch.setattr(law_packs, "_installed", lambda: ("elsewhere",))
    monkeypatch.setattr(law_packs, "named", lambda group, name: brought)
    assert "city_1" in laws().provisions
    assert len(laws().bundles) == 5
    assert [bundle.id for bundle in laws(["elsewhere"]).bundles] == ["all"]
    with pytest.raises(InputError, match="write elsewhere"):
        laws(["elsewere"])


@pytest.mark.parametrize(("pack", "said"), [
    ({"provision": [PROVISION | {"law": "o79"}]}, "write o799"),
    ({"provision": [{**PROVISION, "in_force_from": None}]}, "a law of data/law"),
    ({"provision": [PROVISION | {"id": "o799_17"}]}, "a unique id"),
    ({"provisions": [PROVISION]}, "write provision"),
    ({"place": [{"regime": "public_state", "law": "o799", "article": "77"}]}, "an article of o799"),
    (3, "folders, names, dicts or LawPack objects"),
])
def test_a_bad_pack_is_told_in_three_lines(pack: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        laws([pack])  # type: ignore[list-item]
    assert len(str(caught.value).splitlines()) <= 3


def test_shipped_law_names_an_article_for_every_class_of_place() -> None:
    assert {place.regime for place in laws().places if place.law == "o799"} == set(REGIMES)
