"""Duties asked of a policy, beside the rows of `law_cases_2.csv`: what decides, the stricter term, and wrong words."""

from __future__ import annotations

import pytest

from privacysim import vocabulary as words
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.law import laws
from privacysim.policy import ask
from tests.law.test_law_cases_2_oracle import CASES

MALL = {"operator": "commercial", "regime": "public_venue"}
SHOP = {"operator": "commercial", "regime": "public_other"}


def test_what_is_not_said_and_decides_is_named_and_the_stricter_term_counts() -> None:
    shop = ask("order_799", duty="retention", **SHOP)
    assert (shop.owed, shop.basis) == ("no", ("Order 799 9",))
    assert set(shop.decides) == {("when", "key_target", "yes", "90 d"), ("place", "entertainment", "yes", "30 d")}
    for place, when, term in (("mall", "", "30 d"), ("entertainment", "", "30 d"), ("mall", "key_target", "90 d")):
        assert ask("order_799", duty="retention", place=place, when=when, **MALL).term == term


def test_the_order_of_2007_says_who_must_build_and_a_duty_lives_as_long_as_its_law() -> None:
    corner = ask("guangzhou_2007", duty="must_build", **SHOP)
    assert corner.owed == "no"
    assert ask("guangzhou_2007", duty="must_build", listed="yes", **SHOP).owed == "yes"
    for policy in ("guangzhou_2007", "guangzhou_draft:wide", "guangdong_132", "order_799", "guangzhou_today"):
        assert ask(policy, duty="three_interests", **MALL).owed == "yes"
    assert ask("notice_only", duty="three_interests", **MALL).owed == "no"
    assert ask("guangdong_132", duty="three_interests", law_date="2009-03-31", **MALL).owed == "no"
    assert ask("open_access", duty="breach_notice", **MALL).owed == "no"  # its general law is suspended


def test_every_duty_has_a_row_or_a_policy_that_owes_it_and_wrong_words_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {row["duty"] for row in CASES if row["duty"]} | {"security"} == set(words.DUTIES)
    held = {rule.duty for pack in ("cn", "eu", "uk", "us_sf", "us_il") for rule in laws(general=pack).duties}
    assert held <= set(words.DUTIES)
    for wrong, said in (({"duty": "retain"}, "a duty"), ({"place": "pub"}, "a word of its list"),
                        ({"when": "raining"}, "a word of its list"), ({"colour": "red"}, "a field")):  # fmt: skip
        with pytest.raises(InputError, match=said) as caught:
            ask("order_799", **({"duty": "retention"} | MALL | wrong))
        assert len(str(caught.value).splitlines()) <= 3
    with pytest.raises(InputError, match="whose camera"):
        ask("order_799", duty="retention", operator="commercial")
    assert main(["policy", "ask", "order_799", "--duty", "filing", "operator=commercial", "regime=public_venue"]) == 0
    assert "filing: yes, 30 d [Order 799 14]" in capsys.readouterr().out
