"""A policy file says what is wrong with it in at most three lines, and inherits as its words promise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.files import named_files, validate
from privacysim.law.law_packs import laws
from privacysim.policy import Policy, load_arms, load_policy

GOOD = """
id = "mine"
extends = "notice_only"
title = {en = "Mine"}
status = "hypothetical"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    folder = tmp_path / "sim" / "policies"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def _write(text: str, name: str = "mine") -> str:
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        return name

    return _write


@pytest.mark.parametrize(("added", "said"), [
    ("retension = 3", "write retention"),
    ("[retention.any]\nkeep = 15\nassumption = 'x'", "a duration with its unit"),
    ("[retention.any]\nkeep = '15'\nassumption = 'x'", "15 d"),
    ("[retention.any]\nkeep = '15 d'", "a reference"),
    ("[retention.any]\nkeep = '10 d'\nfloor = '15 d'\nassumption = 'x'", "floor"),
    ("[retention.any]\nkeep = '-3 d'\nassumption = 'x'", "a duration with its unit"),
    ("[retention.any]\nkeep = nan\nassumption = 'x'", "a finite number"),
    ("law_date = 2018-06-30\nlaw_date = 2019-06-30", "each key once"),
    ("law_date = 'last year'", "law_date"),
    ("[[access]]\nid = 'a'\nrequester = ['polce']\nassumption = 'x'", "words of requester"),
    ("[[access]]\nid = 'a'\nrequester = ['curious']", "a reference"),
    ("[[access]]\nid = 'a'\ndocument = 'letter'\nassumption = 'x'", "a word of document"),
    ("[[access]]\nid = 'a'\noutcome = 'maybe'\nassumption = 'x'", "outcome"),
    ("[[access]]\nid = 'a'\nbefore = 'gard'\nassumption = 'x'", "write guard"),
    ("[[access]]\nid = 'a'\nassumption = 'x'\n[[access]]\nid = 'a'\nassumption = 'x'", "a unique id"),
    ("drop = ['gaurd']", "write guard"),
    ("sanctions = ['o799_26']", "in force on 2018-06-30"),
    ("sanctions = ['o799_6']", "a provision of data/law"),
    ("[filing]\nregime = ['art8']\nassumption = 'x'", "words of regime"),
    ("[siting]\nprohibited = true\nreference = {law = 'gz08', article = '2'}", "write gz07"),
    ("[siting]\nprohibited = true\nreference = {law = 'gz07', article = 'siting'}", "write on siting"),
    ("[siting]\nprohibited = true\nreference = {law = 'o799', article = '8'}", "in force on 2018-06-30"),
    ("[mask]\nkind = 'box'\nunmask = ['polic_case']\nassumption = 'x'", "write police_case"),
    ("[prohibited]\nabsolute = ['buy']\nscope = ['narow']\nassumption = 'x'", "an id of [[scope]]"),
    ("[prohibited]\nabsolute = ['view']\nassumption = 'x'", "no act that is prohibited absolutely"),
    ("id = 'mine", "valid TOML"),
])
def test_a_bad_policy_is_told_in_three_lines(write, added: str, said: str) -> None:  # type: ignore[no-untyped-def]
    name = write(GOOD + added)
    with pytest.raises(InputError) as caught:
        load_policy(name)
    text = str(caught.value)
    assert said in text
    assert len(text.splitlines()) <= 3
    assert "mine.toml" in text or "data/law" in text


def test_unknown_names_get_the_nearest_known_one() -> None:
    with pytest.raises(InputError, match="write order_799"):
        load_policy("order_79")
    with pytest.raises(InputError, match="write narrow"):
        load_arms(["guangzhou_draft"], {"guangzhou_draft": ["narow"]}, date(2025, 6, 1))
    with pytest.raises(InputError, match="each arm once"):
        load_arms(["order_799", "order_799"], {}, date(2025, 6, 1))
    with pytest.raises(InputError, match="a policy of the study"):
        load_arms(["order_799"], {"notice_only": ["wide"]}, date(2025, 6, 1))


def test_a_date_that_no_bundle_of_general_law_covers_is_refused() -> None:
    for day in (date(2000, 1, 1), date(2006, 2, 28)):
        with pytest.raises(InputError) as caught:
            load_arms(["order_799"], {}, day)
        assert "2021-11-01 to 2025-12-31" in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 3


def test_the_name_is_the_files_own_and_circles_are_refused(write) -> None:  # type: ignore[no-untyped-def]
    write(GOOD, "other")
    with pytest.raises(InputError, match="the file's own name"):
        load_policy("other")
    write(GOOD.replace("notice_only", "twin"))
    write(GOOD.replace("notice_only", "mine").replace('"mine"\nextends', '"twin"\nextends'), "twin")
    with pytest.raises(InputError, match="no circular inheritance"):
        load_policy("mine")


def test_a_policy_in_the_working_folder_is_found_before_the_shipped_one(write) -> None:  # type: ignore[no-untyped-def]
    write(GOOD.replace("mine", "order_799"), "order_799")
    assert load_policy("order_799").title.en == "Mine"


def test_a_child_replaces_in_place_adds_last_or_before_and_drops(write) -> None:  # type: ignore[no-untyped-def]
    parent = [rule.id for rule in load_policy("notice_only").access]
    name = write(GOOD + """
drop = ["justice"]
[[access]]
id = "police_case"
requester = ["court"]
assumption = "x"
[[access]]
id = "first"
before = "police_case"
assumption = "x"
[[access]]
id = "last"
assumption = "x"
[retention.private]
keep = "1 d"
assumption = "x"
""")
    child = load_policy(name)
    assert [rule.id for rule in child.access] == ["first", *(one for one in parent if one != "justice"), "last"]
    assert child.access[1].requester == ("court",)
    assert child.access[1].document == "none"  # replaced whole: nothing of the parent's rule is left
    assert child.retention is not None
    assert child.retention.private is not None
    assert child.retention.private.keep == 86_400
    assert child.retention.public == load_policy("notice_only").retention.public  # type: ignore[union-attr]
    assert [rule.id for rule in load_policy("notice_only").access] == parent


def test_layers_keep_the_higher_law_first_and_the_longer_floor() -> None:
    today, order = load_policy("guangzhou_today"), load_policy("order_799")
    assert [rule.id for rule in today.access][: len(order.access)] == [rule.id for rule in order.access]
    (arm,) = load_arms(["guangzhou_today"], {}, date(2025, 6, 1))
    assert arm.retention_s("public_venue")[0] == 30 * 86_400
    assert arm.retention_s("public_other", listed=True)[0] == 15 * 86_400
    assert arm.retention("public_other", listed=True).floor == 15 * 86_400
    assert arm.retention("public_other", listed=False).floor is None
    assert arm.filed("public_venue")
    assert not arm.filed("public_other")


def test_contested_readings_are_arms_and_variants_come_on_request() -> None:
    day = date(2025, 6, 1)
    assert [arm.id for arm in load_arms(["guangzhou_draft", "order_799"], {}, day)] == [
        "guangzhou_draft:narrow", "guangzhou_draft:wide", "order_799",
    ]
    assert [arm.id for arm in load_arms(["guangzhou_draft:wide"], {}, day)] == ["guangzhou_draft:wide"]
    chosen = load_arms(["order_799"], {"order_799": ["base", "consent_only"]}, day)
    assert [arm.id for arm in chosen] == ["order_799", "order_799:consent_only"]
    asked = ("person_filmed", "data_subject_access", "request", "commercial", "public_other")
    assert chosen[0].route(*asked).id == "own_data"  # type: ignore[union-attr]
    assert chosen[1].route(*asked) is None


def test_every_shipped_policy_and_each_of_its_variants_loads() -> None:
    names = sorted(named_files("policies"))
    assert len(names) >= 11
    for name in names:
        policy = load_policy(name)
        assert policy.id == name
        for variant in policy.reading:
            assert load_policy(name, variant.id) != policy


def test_a_resolved_policy_written_out_and_read_again_is_the_same() -> None:
    for name in named_files("policies"):
        policy = load_policy(name)
        assert validate(Policy, policy.model_dump(mode="json", exclude_defaults=True), name) == policy


def test_a_policy_may_cite_a_law_of_the_working_folder(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    name = write(GOOD + "[siting]\nprohibited = true\nreference = {law = 'ours', article = '1'}")
    with pytest.raises(InputError, match="a law of data/law"):
        load_policy(name)
    own = tmp_path / "sim" / "law" / "ours.toml"
    own.parent.mkdir()
    own.write_text(
        '[[law]]\nid = "ours"\ntitle = {en = "Ours"}\nshort = "Ours"\nin_force_from = 2010-01-01\n'
        '[[provision]]\nid = "ours_1"\nlaw = "ours"\narticle = "1"\nsays = "No cameras here."\nstatus = "H"\n',
        encoding="utf-8",
    )
    assert load_policy(name).siting is not None


def test_law_data_is_checked_too(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    text = '[[provision]]\nid = "a"\nlaw = "nolaw"\narticle = "1"\nsays = "x"\nstatus = "R"\n'
    bad.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="a law of data/law"):
        laws([bad])
    bad.write_text('[[law]]\nid = "a"\ntitle = {en = "A"}\nshort = "A"\n' * 2, encoding="utf-8")
    with pytest.raises(InputError, match="a unique id"):
        laws([bad])
    bad.write_text('[[bundle]]\nid = "a"\nfirst_day = 2000-01-01\nsays = "x"\n', encoding="utf-8")
    with pytest.raises(InputError, match="laws and provisions only"):
        laws([bad])
    for provision in laws().provisions.values():
        assert provision.says.endswith(".")
        assert len(provision.says) < 260
