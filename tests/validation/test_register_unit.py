"""The register: what one world says is counted line by line on its Log, and verdicts follow from quantiles."""

from __future__ import annotations

import csv
import math
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from privacysim.city import build_city
from privacysim.facts import facts, facts_replaced
from privacysim.governance import simulate
from privacysim.identify import identifiability
from privacysim.policy import load_arms
from privacysim.scenario import load_scenario
from privacysim.simulation.fact_worlds import facts_of_world
from privacysim.validation import observed_days, observed_events
from privacysim.validation import register as room
from privacysim.world.calibration import listing
from privacysim.world.world_model import sample_world

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "register_verdicts.md"
END_S, YEAR = 30 * 86_400.0, 365.25 / 30
LEAKY = """
id = "leaky"
title = "A district in which far too much leaks, so that a month holds some of everything"
[city]
area_km2 = {value = 7.22, assumption = "a test"}
[population]
people = {value = 100000, assumption = "a test"}
[leaks]
lapses_per_1000_staff_years = {value = 1500, assumption = "a test"}
campaigns_per_million_year = {value = 60, assumption = "a test"}
p_listed = {value = 0.01, assumption = "a test"}
"""


@pytest.fixture(scope="module")
def leaky(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("register") / "leaky.toml"
    path.write_text(LEAKY)
    return str(path)


@pytest.fixture(scope="module")
def month(leaky):
    case = load_scenario(leaky)
    (arm,) = load_arms(["notice_only"], {}, date(2025, 6, 1))
    world = sample_world(build_city(case), case, 185, 0, days=30, footage_days=31)
    return world, simulate(world, arm, baseline=arm)


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else float("nan")


def records(frame: pd.DataFrame) -> list[dict]:
    return frame.to_dict("records")


def test_rows_about_cases_are_counted_line_by_line(month):
    world, log = month
    said = observed_events.cases(world, log)
    requests = records(log.requests)
    first: dict[int, float] = {}
    for one in requests:
        if one["evidence"] in ("admissible", "decisive") and one["case_id"] >= 0:
            first[one["case_id"]] = min(first.get(one["case_id"], np.inf), one["delivered_s"])
    inside = sum(0 <= when < END_S for when in first.values())
    assert inside > 0
    assert said["solved_with_video_per_camera"] == pytest.approx(inside / len(world.cameras) * YEAR)
    police = [r for r in requests if r["requester"] == "public_security" and 0 <= r["decided_s"] < END_S]
    at_state = [r for r in police if r["operator"] in ("public_security", "other_state")]
    cameras = int((world.cameras.operator < 2).sum())
    assert min(len(at_state), cameras) > 0
    assert said["state_camera_reviews_per_year"] == pytest.approx(len(at_state) * YEAR / cameras)
    assert said["state_review_yield_share"] == pytest.approx(
        share([r["outcome"] == "granted" and r["needed_s"] > 0 for r in at_state]))
    poor = [r["reason"] == "no usable recording" or (r["outcome"] == "granted" and not r["needed_s"] > 0)
            for r in police if r["case_id"] >= 0 and not re.search("erased|expired", r["reason"])]  # fmt: skip
    assert 0 < share(poor) < 1
    assert said["requested_footage_problem_share"] == pytest.approx(share(poor))
    early = [c for c in records(world.cases_frame()) if c["opened_s"] < 15 * 86_400]
    had = {r["case_id"] for r in requests if r["outcome"] == "granted"}
    proved = {r["case_id"] for r in requests if r["evidence"] == "decisive"}
    for row, offences, cases in (("homicide_video_share", ["homicide"], had),
                                 ("street_robbery_video_share", ["robbery", "street_theft"], proved)):  # fmt: skip
        of_these = [c["case_id"] in cases for c in early if c["offence"] in offences]
        assert said[row] == pytest.approx(share(of_these), nan_ok=True)


def test_rows_about_breaches_are_counted_line_by_line(month):
    world, log = month
    said = observed_events.breaches(world, log)
    steps: dict[int, set[str]] = {}
    for audit in records(log.audits):
        if audit["found"]:
            steps.setdefault(audit["incident_id"], set()).add(audit["step"])
    formal = {"order_to_correct", "corrected", "civil_claim"}
    grave = {"fine", "detention", "prosecution"}
    assert steps
    nothing = [not one & (grave | formal) for one in steps.values()]
    assert said["breach_no_consequence_share"] == pytest.approx(share(nothing))
    assert said["breach_convicted_share"] == pytest.approx(share(["prosecution" in s for s in steps.values()]))
    found = [one for one in records(log.incidents) if 0 <= one["discovered_s"] < END_S]
    insiders = [one for one in found if one["kind"] == "insider"]
    staff = len(world.cameras) / 1000 * world.scenario.leaks.staff_per_1000_cameras.number
    assert insiders
    assert said["insider_misuse_found"] == pytest.approx(1000 * len(insiders) * YEAR / staff)
    complaints = [one for one in found if one["discovered_by"] == "complaint"]
    assert complaints
    assert said["complaints_per_1000_cameras"] == pytest.approx(1000 * len(complaints) * YEAR / len(world.cameras))
    assert said["complaint_to_sanction_share"] == pytest.approx(
        share([bool(steps.get(one["incident_id"], set()) & grave) for one in complaints]))


def test_rows_about_leaks_are_counted_line_by_line(month):
    world, log = month
    said = observed_events.leaks(world, log)
    lapses, section = world.lapses, world.scenario.leaks
    sums = {"few": [0, 0.0], "many": [0, 0.0]}
    for row in range(len(lapses)):
        here = slice(lapses.start[row], lapses.start[row + 1])
        if lapses.kind[row] < 3:
            continue
        if lapses.reach[row] <= 500:
            sums["few"][0] += lapses.pieces[here].sum()
            sums["few"][1] += lapses.reach[row] * 100_000 / facts().value("country_people")
        elif lapses.reach[row] >= 1_000:
            sells = lapses.marks[row, 2] < section.breach_sold_share.number
            sums["many"][0] += lapses.saleable[here].sum() * sells
            sums["many"][1] += lapses.reach[row] * 100_000 / facts().value("country_people")
    assert min(pieces for pieces, _ in sums.values()) > 0
    assert said["kept_files_per_controlled_camera"] == pytest.approx(sums["few"][0] / sums["few"][1])
    assert said["saleable_per_hacked_camera"] == pytest.approx(sums["many"][0] / sums["many"][1])
    assert said["revenue_per_hacked_camera"] == pytest.approx(20.0 * sums["many"][0] / sums["many"][1])
    open_ones = int((world.custody.no_password & world.custody.on_internet).sum())
    assert said["open_without_password_share"] == pytest.approx(open_ones / int(world.custody.on_internet.sum()))
    assert said["hidden_camera_guests"] == pytest.approx(90 * 0.53 * 1.5 / 1.5)
    assert said["stay_on_list_d"] == pytest.approx(listing(world.city, world.scenario).mean_stay_d)
    per_head = facts().value("website_listed_guangzhou") / facts().value("population_guangzhou_2018")
    assert said["listed_wuhan"] == pytest.approx(per_head * facts().value("population_wuhan"))


def test_rows_about_faces_compare_people_with_people_and_machines_with_machines():
    said = observed_events.faces(18.7e6)
    low, high = (float(identifiability("none", 100.0, True, 10, curve, by="stranger")) for curve in ("low", "high"))
    assert said["stranger_one_of_ten"] == pytest.approx((low + high) / 2)
    d = facts().value("stranger_d_prime") / (1 + (facts().value("stranger_px50") / 100) ** facts().value("stranger_h"))
    assert said["officer_false_accept"] == pytest.approx(float(norm.cdf(-d / 2)))
    assert said["cashier_false_accept"] > said["officer_false_accept"], "small pictures are harder"
    assert said["live_false_alerts_per_face"] == pytest.approx(
        1 - (1 - facts().value("face_false_match")) ** facts().value("watchlist_people"))
    assert said["mosaic_facescrub"] > said["survface_open_set"], "a closed set of large faces is easier"


ROW = room.read_register()[0]


@pytest.mark.parametrize(("values", "word"), [
    ([37.0] * 20, "met"), ([42.0] * 20, "missed"), ([20.0, 60.0] * 10, "no power"),
    ([39.0, 39.5, 44.0, 44.1], "met"), ([float("nan")] * 3, "no power"), ([41.0, 41.2, 41.3, 45.0], "missed"),
])  # fmt: skip
def test_a_row_is_met_where_the_middle_half_meets_the_band_and_the_range_is_narrow_enough(values, word):
    assert (ROW.low, ROW.high, ROW.width_that_counts) == (36.0, 41.0, 8.0)
    assert room.judged(ROW, values).word == word


def test_on_a_ratio_scale_a_world_without_an_event_counts_as_half_of_the_smallest():
    row = ROW._replace(width_scale="ratio", width_that_counts=4.0, low=1.0, high=2.0)
    assert room.judged(row, [0.0, 1.0, 1.0, 1.0, 2.0]).quantiles[0] == pytest.approx(0.6)
    assert room.judged(row, [0.0, 0.0]).word == "missed"
    assert room.judged(row, [0.1, 2.0]).word == "no power"


def test_a_world_that_ended_is_read_again_and_other_code_computes_it_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path))
    done = []
    monkeypatch.setattr(room, "world_values", lambda world: done.append(world) or {"a": world / 3.0, "b": math.nan})
    first = [room._kept_values(world) for world in (2, 2, 5)]
    assert done == [2, 5]
    assert [row["a"] for row in first] == [2 / 3.0, 2 / 3.0, 5 / 3.0], "every bit of a value"
    assert all(math.isnan(row["b"]) for row in first)
    monkeypatch.setattr(room, "source_digest", lambda: "other code")
    room._kept_values(2)
    assert done == [2, 5, 2]


@pytest.mark.parametrize("vary", [False, True])
def test_every_value_of_a_world_belongs_to_a_row_and_worlds_differ(leaky, vary, monkeypatch):
    for name, size in (("SAMPLE", 600), ("LONG_SAMPLE", 20), ("WATCHED", 20)):
        monkeypatch.setattr(observed_days, name, size)
    said = room.world_values(0, vary, leaky)
    rows = {row.id for row in room.read_register()}
    assert set(said) <= rows
    assert len(said) > 60
    assert said != room.world_values(1, vary, leaky)
    found = room.verdicts(pd.DataFrame([said]))
    assert [one.row.id for one in found] == [row.id for row in room.read_register()]
    assert {one.row.id for one in found if one.word == "not modelled"} == rows - set(said)
    page = room.markdown(found, 1)
    assert all(page.count(f"\n| {row} |") == 1 for row in rows)


def test_worlds_keep_the_citys_plan_and_solve_the_list_again(leaky):
    case = load_scenario("guangzhou_185")
    usual = listing(build_city(case), case).expected
    assert usual == pytest.approx(facts().value("website_listed_guangzhou"), rel=1e-5), "the fact has five digits"
    drawn = facts_of_world(case, build_city(case), 185, 5)
    assert not {"population_guangzhou", "built_up_km2", "places_per_1000_home"} & set(drawn)
    with facts_replaced(drawn):
        expected = listing(build_city(case), case).expected
        assert expected == pytest.approx(usual, rel=1e-9)


def test_the_committed_page_has_the_verdict_of_every_row_over_forty_worlds():
    page = PAGE.read_text(encoding="utf-8")
    assert int(re.search(r"(\d+) worlds of", page).group(1)) >= 40
    told = [line.strip("|").split("|")[-1].strip().strip("*") for line in page.splitlines()
            if re.match(r"\| [a-z0-9_]+ \| [\d.]", line)]  # fmt: skip
    rows = room.read_register()
    assert len(told) == len(rows)
    for series, line in re.findall(r"- (\w+) series: (.*)\n", page):
        counted = [word for word, row in zip(told, rows, strict=True) if row.series == series]
        words = ("met", "missed", "not modelled", "no power")
        assert [int(n) for n in re.findall(r"\d+", line)] == [counted.count(word) for word in words]


@pytest.mark.slow
def test_the_committed_page_is_what_the_command_makes():
    """Run `privacysim calibrate verdicts -o docs/evidence/register_verdicts.md` after a change of the model."""
    assert room.markdown(room.verdicts(room.run_worlds(40)), 40) == PAGE.read_text(encoding="utf-8")


def test_rows_of_the_file_are_read_as_they_stand():
    path = Path(__file__).parents[2] / "data" / "register.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    read = room.read_register()
    assert [one.id for one in read] == [row["id"] for row in rows]
    assert [one.high for one in read] == [float(row["high"]) for row in rows]
