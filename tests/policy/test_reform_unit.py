"""A reform is the file a researcher would have written: it loads strictly and changes what its levers say, no more."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from privacysim.errors import InputError
from privacysim.files import named_files
from privacysim.policy import Reform, load_arms, load_policy, readings_of
from privacysim.vocabulary import REGIMES

LAW = date(2025, 6, 1)
DAY = 86_400.0


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))


def arm_of(reform):
    return load_arms([reform.kept()], {}, LAW)[0]


def bases():
    for name in named_files("policies"):
        scopes = readings_of(load_policy(name))
        yield from (f"{name}:{scope}" for scope in scopes) if scopes else (name,)


@pytest.mark.parametrize("base", list(bases()))
def test_every_policy_with_every_lever_moved_is_a_file_that_the_strict_loader_accepts(base):
    for ban, approver in zip(("none", "venues", "everywhere"), ("department", "county", "judge"), strict=True):
        reform = Reform(base, retention="7 d", mask="box", approver=approver, duties="shops", ban=ban)
        assert arm_of(reform).title.startswith(reform.words())


@pytest.mark.parametrize("base", ["order_799", "guangzhou_today", "guangzhou_draft:wide"])
def test_a_reform_without_a_change_judges_and_keeps_as_its_base(base):
    from privacysim.policy.describing import matrix

    before, after = load_arms([base], {}, LAW)[0], arm_of(Reform(base))
    told = [{cell: (a.legality, a.general, a.gap) for cell, a in matrix(arm).items()} for arm in (before, after)]
    assert told[0] == told[1]
    for regime, listed in itertools.product(REGIMES, (False, True)):
        assert before.retention_s(regime, listed) == after.retention_s(regime, listed)


def test_retention_binds_every_holder():
    arm = arm_of(Reform("order_799", retention="7 d"))
    assert {arm.retention_s(regime, listed)[0] for regime in REGIMES for listed in (False, True)} == {7 * DAY}


def test_the_judge_is_asked_by_the_police_and_by_nobody_else():
    before, after = (arm_of(Reform("order_799", approver=who)) for who in (None, "judge"))
    police, court = (("public_security", "criminal_case", "request", "commercial", "public_venue"),
                     ("court", "criminal_case", "request", "commercial", "public_venue"))  # fmt: skip
    assert (before.route(*police).approver, after.route(*police).approver) == ("case_department_head", "judge")
    assert after.route(*police).document == "warrant"
    assert after.route(*court) == before.route(*court)


def test_duties_reach_as_far_as_the_lever_says():
    reach = ["nobody", "venues", "shops", "everybody"]
    bound = [{r for r in REGIMES if arm_of(Reform("order_799", duties=word)).log_kept(r)} for word in reach]
    assert bound[0] == set()
    assert bound[0] < bound[1] < bound[2] < bound[3]
    assert "private_home" in bound[3] - bound[2]


def test_a_ban_everywhere_forbids_the_flat_and_one_on_venues_does_not():
    flat = ("sell", "home", "private_home", "curious")
    nowhere, venues, everywhere = (arm_of(Reform("notice_only", ban=word)) for word in ("none", "venues", "everywhere"))
    assert (nowhere.forbids(*flat), venues.forbids(*flat), everywhere.forbids(*flat)) == (False, False, True)


def test_what_a_route_gives_a_ban_does_not_take():
    arm = arm_of(Reform("open_access", ban="everywhere"))
    assert not arm.forbids("buy", "commercial", "public_other", "curious")


def test_a_mask_opens_only_for_papers_that_must_be_answered():
    arm = arm_of(Reform("order_799", mask="pixelate:4"))
    assert {arm.mask(regime) for regime in REGIMES} == {"pixelate:4"}
    opened = set(arm.policy.mask.unmask)
    assert "police_case" in opened
    assert not opened & {"guard", "person_concerned", "contractor", "publication"}


@pytest.mark.parametrize(("wrong", "fix"), [
    ({"base": "ordr_799"}, "order_799"), ({"base": "guangzhou_draft"}, "guangzhou_draft:narrow"),
    ({"base": "order_799:wide"}, "write order_799"), ({"base": "order_799", "retention": "7"}, '"7 d"'),
    ({"base": "order_799", "mask": "blurr"}, "pixelate:CELLS"),
    ({"base": "order_799", "approver": "jugde"}, "write judge"),
    ({"base": "order_799", "duties": "homes"}, "everybody"), ({"base": "order_799", "name": "a b"}, "seven_days"),
])  # fmt: skip
def test_a_wrong_lever_is_an_error_at_once_that_names_the_cure(wrong, fix):
    with pytest.raises(InputError, match=fix) as raised:
        Reform(**wrong)
    assert len(str(raised.value).splitlines()) == 3


def test_saving_never_replaces_other_rules_unasked(tmp_path):
    first, second = Reform("order_799", retention="7 d", name="mine"), Reform("order_799", retention="3 d", name="mine")
    path = first.save(tmp_path)
    assert first.save(tmp_path) == path
    with pytest.raises(InputError, match="free name"):
        second.save(tmp_path)
    assert load_policy(path).retention.public.keep == 7 * DAY
    assert load_policy(second.save(tmp_path, force=True)).retention.public.keep == 3 * DAY
