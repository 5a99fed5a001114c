"""The facts file: every number has a source, and every fact that the code names exists."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.facts import STATUSES, facts, read_facts
from privacysim.resources import shipped

ROOT = Path(__file__).parents[2]


def test_every_row_has_its_own_snake_case_id_a_source_a_unit_and_a_known_status() -> None:
    with shipped("data/facts.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(facts()) >= 300
    for row in rows:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row["id"]), row
        assert row["source"].strip(), row
        assert row["unit"].strip(), row
        assert row["status"] in STATUSES, row


def test_what_is_only_remembered_is_an_assumption() -> None:
    for fact in facts().values():
        if "unverified" in fact.source and "population unverified" not in fact.source and "(staff" not in fact.source:
            assert fact.status in ("assumption", "S"), fact


def test_every_fact_that_code_or_scenarios_name_exists() -> None:
    named: dict[str, str] = {}
    for path in (*ROOT.glob("privacysim/**/*.py"), *ROOT.glob("sim/**/*.toml")):
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r"""\bfact\s*=\s*["']([a-z0-9_]+)["']""", text):
            named[found] = str(path)
        for found in re.findall(r"""facts\(\)(?:\.value\(|\[)["']([a-z0-9_]+)["']""", text):
            named[found] = str(path)
    named.pop("id", None)  # the examples in docstrings
    unknown = {name: path for name, path in named.items() if name not in facts()}
    assert not unknown
    assert "cameras_per_1000" in named


@pytest.mark.parametrize(("name", "value"), [
    ("retention_order_799_art7_d", 30), ("retention_guangzhou_2007_d", 15), ("public_share", 0.11),
    ("evidence_available", 0.45), ("evidence_useful", 0.65), ("website_listed_guangzhou", 185),
    ("dori_identify_px_per_m", 250), ("mask_cctv_d_max", 4.144), ("cases_per_month", 17000), ("p_asked", 0.166),
    ("compliance", 0.45), ("informal_handover", 0.3), ("audience_median", 1000), ("audience_p99", 4e5),
    ("built_up_km2", 1350), ("contacts", 850), ("open_demand", 10), ("owner_unaware_share", 0.25),
])
def test_the_numbers_that_headlines_hang_on(name: str, value: float) -> None:
    assert facts()[name].value == value


def test_shares_of_one_whole_add_up() -> None:
    known = facts()
    for kind in (
        ["mechanism_owner_broadcast", "mechanism_open_port", "mechanism_default_password", "mechanism_cracked_account"],
        ["close_split_owner", "close_split_complaint", "close_split_press", "close_split_inspection"],
        ["group_share_resident", "group_share_migrant", "group_share_student", "group_share_older"],
    ):
        assert sum(known.value(name) for name in kind) == pytest.approx(1.0)


@pytest.mark.parametrize(("text", "said"), [
    ("id,value,low,high,unit,law,group,source,status\na,1,2,3,m,fixed,,s,R\n", "low ≤ value ≤ high"),
    ("id,value,low,high,unit,law,group,source,status\na,nan,,,m,fixed,,s,R\n", "finite"),
    ("id,value,low,high,unit,law,group,source,status\na,1,,,m,fixed,,,R\n", "a source"),
    ("id,value,low,high,unit,law,group,source,status\na,1,,,m,fixed,,s,M\n", "a source and a status"),
    ("id,value,low,high,unit,law,group,source,status\na,1,,,m,fixed,,s,R\na,2,,,m,fixed,,s,R\n", "a unique id"),
    ("id,value,low,high,unit,law,group,source,status\na,one,,,m,fixed,,s,R\n", "numbers"),
    ("id,value\na,1\n", "the columns"),
])
def test_a_bad_facts_file_is_told_in_three_lines(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_facts(path)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
