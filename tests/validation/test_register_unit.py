"""The register of validation: what one world says is counted by hand on its Log, and rows are means over worlds."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from scipy import stats

from privacysim.city import build_city
from privacysim.facts import facts
from privacysim.governance import simulate
from privacysim.governance.spreading import CNY_PER_USD
from privacysim.identify import identifiability
from privacysim.people import commutes, draw_sample, residents
from privacysim.policy import load_arms
from privacysim.scenario import load_scenario
from privacysim.validation import evidence
from privacysim.vocabulary import GROUPS, SCENES
from privacysim.world.calibration import listing
from privacysim.world.world_model import sample_world

SAMPLE, END_S = 600, 30 * 86_400.0
LEAKY = """
id = "leaky"
title = "A district in which far too much leaks, so that a month holds some of everything"
[city]
area_km2 = {value = 7.22, assumption = "a test"}
[population]
people = {value = 100000, assumption = "a test"}
[leaks]
lapses_per_1000_staff_years = {value = 1500, assumption = "a test"}
breaches_per_1000_custodians_year = {value = 100, assumption = "a test"}
p_listed = {value = 0.01, assumption = "a test"}
"""


@pytest.fixture(scope="module")
def leaky(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("register") / "leaky.toml"
    path.write_text(LEAKY)
    return str(path)


@pytest.fixture(scope="module")
def town(leaky):
    case = load_scenario(leaky)
    return case, build_city(case)


def month(town, k: int):
    """World and baseline's Log of a replicate, as the register runs them."""
    case, city = town
    (arm,) = load_arms(["notice_only"], {}, date(2025, 6, 1))
    world = sample_world(city, case, 185, k, days=30, footage_days=31)
    return world, simulate(world, arm, baseline=arm)


@pytest.fixture(scope="module")
def months(town):
    return [month(town, k) for k in range(2)]


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else float("nan")


def test_what_one_world_says_is_counted_line_by_line(months):
    world, log = months[0]
    said = evidence._readings(world, log)
    incidents, requests = log.incidents.to_dict("records"), log.requests.to_dict("records")
    streams = [one for one in incidents if one["kind"] == "stream"]
    assert said["listed"] == sum(one["opened_s"] <= 0 and not one["closed_s"] <= 0 for one in streams)
    decided = [one for one in requests if one["decided_s"] >= 0 and one["case_id"] >= 0]
    assert said["lost"] == pytest.approx(share(["expired" in r["reason"] or "erased" in r["reason"] for r in decided]))
    first: dict[int, float] = {}
    for one in requests:
        if one["evidence"] == "admissible" and one["case_id"] >= 0:
            first[one["case_id"]] = min(first.get(one["case_id"], np.inf), one["delivered_s"])
    inside = sum(0 <= when < END_S for when in first.values())
    assert inside > 0
    assert said["shown"] == pytest.approx(inside / len(world.cameras) * 365.25 / 30)
    broken = [one for one in incidents if one["kind"] in ("break_in", "platform_break_in")]
    yuan, cameras = sum(one["price_cny"] for one in broken), sum(one["cameras_n"] for one in broken)
    assert said["revenue"] == pytest.approx(yuan / CNY_PER_USD / max(cameras, 1))
    found = sum(one["kind"] == "insider" and 0 <= one["discovered_s"] <= END_S for one in incidents)
    assert min(found, cameras, said["listed"]) > 0, "a month without any shows nothing"
    staff = len(world.cameras) / 1000 * world.scenario.leaks.staff_per_1000_cameras.number
    assert said["insiders"] == pytest.approx(1000 * found / (staff * 30 / 365.25))
    scenes = [SCENES[code] for code in world.cameras.scene]
    assert said["indoor"] == pytest.approx(share([scenes[camera] != "street" for camera in world.streams.camera]))
    on_platform = [scene for scene, platform in zip(scenes, world.cameras.platform_id, strict=True) if platform >= 0]
    assert said["saleable"] == pytest.approx(share([scene == "private_space" for scene in on_platform]))
    gravest: dict[int, set[str]] = {}
    for audit in log.audits.to_dict("records"):
        if audit["found"]:
            gravest.setdefault(audit["incident_id"], set()).add(audit["step"])
    graver = {"prosecution", "detention", "fine", "order_to_correct", "civil_claim"}
    assert gravest
    assert said["none"] == pytest.approx(share([not steps & graver for steps in gravest.values()]))
    assert said["convicted"] == pytest.approx(share(["prosecution" in steps for steps in gravest.values()]))


def test_an_incident_ends_with_the_gravest_of_its_steps():
    assert evidence._outcome(["none", "civil_claim", "fine"]) == "fine"
    assert evidence._outcome(["fine", "prosecution", "detention"]) == "prosecution"
    assert evidence._outcome(["none", "none"]) == "none"
    assert evidence._outcome([]) == "none"


@pytest.fixture(scope="module")
def tables(leaky):
    """Two worlds of the district and few people; the register itself has ten of the whole city."""
    patch = pytest.MonkeyPatch()
    patch.setattr(evidence, "SAMPLE", SAMPLE)
    yield evidence.evidence_tables(2, leaky)
    patch.undo()


def test_a_row_is_the_mean_over_worlds_with_a_t_interval(tables, months):
    readings = [evidence._readings(*one) for one in months]
    assert tables.replicates == 2
    rows = {row.what: row for row in (*tables.calibrated, *tables.predicted)}
    for what, name in (("cameras of Guangzhou listed", "listed"), ("footage available to investigators", "available"),
                       ("useful where available", "useful"), ("detected misuse by insiders", "insiders"),
                       ("police requests lost because the footage was erased", "lost")):  # fmt: skip
        values = [one[name] for one in readings]
        half = stats.t.ppf(0.975, 1) * np.std(values, ddof=1) / np.sqrt(2)
        assert rows[what].model == pytest.approx(np.mean(values)), what
        assert (rows[what].low, rows[what].high) == pytest.approx((np.mean(values) - half, np.mean(values) + half))


def test_rows_about_people_are_weighted_means_of_who_works(tables, town):
    case, city = town
    minutes, near = [], []
    for k in range(2):
        drawn = draw_sample(city, case, 185, k, SAMPLE)
        person, taken = commutes(city, case, 185, k, drawn.ids)
        group = residents(city, case).locate(drawn.ids)[1]
        total = late = quick = 0.0
        for p, t in zip(person, taken, strict=True):
            if GROUPS[group[p]] != "student":
                total += drawn.weight[p]
                late += drawn.weight[p] * t
                quick += drawn.weight[p] * (t <= 45.0)
        minutes.append(late / total)
        near.append(quick / total)
    rows = {row.what: row for row in tables.predicted}
    assert rows["mean way to work"].model == pytest.approx(np.mean(minutes))
    assert rows["ways to work within 45 minutes"].model == pytest.approx(np.mean(near))
    places = rows["distinct places of a person in a month"]
    trips = 30 * facts().value("trips_per_person_day")
    assert places.observed_range == (evidence.explored(trips / 2), evidence.explored(trips))
    assert 0.0 < rows["people singled out by 4 points (km², hour), of 20 000"].model <= 1.0


def test_closed_forms_have_no_interval_or_that_of_the_two_curves(tables, town):
    rows = {row.what: row for row in tables.predicted}
    stay = rows["stay on a list"]
    assert stay.low == stay.high == stay.model == pytest.approx(listing(town[1], town[0]).mean_stay_d)
    mosaic = rows["named behind a mosaic of 16 pixels among 530"]
    assert mosaic.low == pytest.approx(float(identifiability("pixelate:14", 100.0, True, 530, curve="low")))
    assert mosaic.high == pytest.approx(float(identifiability("pixelate:14", 100.0, True, 530, curve="high")))
    wuhan = rows["cameras of Wuhan listed"]
    per_head = facts().value("website_listed_guangzhou") / town[0].population.people.number
    assert wuhan.model == pytest.approx(per_head * facts().value("population_wuhan"))


def test_the_page_counts_the_verdicts_of_its_predictions_and_shows_every_row(tables):
    page = evidence.markdown(tables)
    told = [row.verdict for row in tables.predicted]
    counted = re.search(r"(\d+) rows are within what was observed, (\d+) miss it, (\d+) have nothing", page)
    assert [int(n) for n in counted.groups()] == [told.count(word) for word in ("within", "miss", "–")]
    assert told.count("–") == 2
    for row in (*tables.calibrated, *tables.predicted):
        assert page.count(f"| {row.what} |") == 1, row.what
    assert page.count("not observed |") == 2
