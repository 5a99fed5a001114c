"""Amounts and terms against the statutes' own texts (test data): nobody here wrote the answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from privacysim.law import laws
from privacysim.policy import load_policy

pytestmark = pytest.mark.data
FILES = {"o799": "order_799_2025.md", "pipl": "pipl_2021.md", "ps12": "psapl_2012.md"}
_DIGITS = "零一二三四五六七八九"


def numeral(number: int) -> str:
    """The Chinese numeral of an article, below 200."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def article(folder: Path, law: str, number: int) -> str:
    text = (folder / "law" / FILES[law]).read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^第{numeral(number)}条.*?(?=^第[零一二三四五六七八九十百]+条|\Z)", text)
    assert found, (law, number)
    return found.group()


def yuan(text: str) -> list[float]:
    """Every fine in a text, in the order of mention."""
    words = {"五百": 500.0, "一万": 1e4, "十万": 1e5, "一百万": 1e6, "五千万": 5e7}
    found = re.findall(r"(\d+万|\d+|[一五十百千万]+)元", text)
    return [
        words[one] if one in words else float(one[:-1]) * 1e4 if one.endswith("万") else float(one) for one in found
    ]


def test_every_cited_article_of_the_texts_at_hand_exists(data_folder: Path) -> None:
    checked = 0
    for provision in laws().provisions.values():
        if provision.law in FILES:
            number = int(re.match(r"\d+", provision.article).group())  # type: ignore[union-attr]
            assert len(article(data_folder, provision.law, number)) > 20
            checked += 1
    assert checked >= 40


@pytest.mark.parametrize(("provision", "number"), [
    ("o799_26", 26), ("o799_27", 27), ("o799_28", 28), ("o799_29", 29), ("o799_30", 30),
])
def test_the_fines_of_order_799_are_those_of_its_text(data_folder: Path, provision: str, number: int) -> None:
    text = article(data_folder, "o799", number)
    sanction = laws().provision(provision).sanction
    assert sanction is not None
    bands = [band for band in (sanction.individual, sanction.unit, sanction.responsible) if band]
    ours = [amount for band in bands for amount in band if amount]
    # article 27 has a second paragraph, for venues, with the same bands
    stated = yuan(text.split("\n\n")[0])
    assert ours == stated
    assert ("拒不改正" in text.split("\n\n")[0]) == (sanction.step == "order_first")


def test_the_fines_of_the_personal_information_law_are_those_of_article_66(data_folder: Path) -> None:
    sanction = laws().provision("pipl_25").sanction
    assert sanction is not None
    bands = (sanction.unit, sanction.responsible, sanction.graver_unit, sanction.graver_responsible)
    ours = [amount for band in bands if band for amount in band if amount]
    assert yuan(article(data_folder, "pipl", 66)) == ours


def test_detention_for_peeping_and_for_intrusion_is_that_of_the_punishments_law(data_folder: Path) -> None:
    peeping, intrusion = laws().provision("ps12_42_6").sanction, laws().provision("ps12_29").sanction
    assert peeping is not None
    assert intrusion is not None
    text = article(data_folder, "ps12", 42)
    assert "五日以下拘留或者五百元以下" in text
    assert "（六）偷窥、偷拍" in text
    assert (peeping.detention_d, peeping.individual) == ((0.0, 5.0), (0.0, 500.0))
    for sanction, number in ((peeping, 42), (intrusion, 29)):
        assert "五日以上十日以下拘留" in article(data_folder, "ps12", number)
        assert sanction.graver_detention_d == (5.0, 10.0)
    assert "六个月内" in article(data_folder, "ps12", 22)


def test_terms_and_duties_of_order_799_are_those_of_its_text(data_folder: Path) -> None:
    order = load_policy("order_799")
    assert order.retention is not None
    assert order.retention.public is not None
    days = int(re.search(r"不少于(\d+)日", article(data_folder, "o799", 17)).group(1))  # type: ignore[union-attr]
    assert order.retention.public.floor == days * 86_400
    assert order.filing is not None
    filing = [int(number) for number in re.findall(r"(\d+)日内", article(data_folder, "o799", 14))]
    assert [order.filing.term, order.filing.old] == [number * 86_400 for number in filing]
    waived = re.findall(r"第([一二三四五六七八九十]+)条", article(data_folder, "o799", 9).split("\n\n")[1])
    assert {numeral(number) for number in (14, 15, 16, 17)} <= set(waived)
    for duty in (order.filing, order.logs, order.security):
        assert duty is not None
        assert "public_other" not in duty.regime
    in_force = re.search(r"(\d+)年(\d+)月(\d+)日起施行", article(data_folder, "o799", 34))
    assert in_force is not None
    first = laws().laws["o799"].in_force_from
    assert first is not None
    assert (first.year, first.month, first.day) == tuple(int(part) for part in in_force.groups())
