"""Each further metric of a study against a value worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from privacysim.attacks import epsilon_spent, gini, top_share
from privacysim.errors import InputError
from privacysim.metrics import FAMILIES, METRICS, OUTPUTS, Footage, PeopleSeen, add, chosen, parts, readings
from privacysim.study import Study
from privacysim.vocabulary import (
    CHANNELS,
    CLOSERS,
    GROUPS,
    MECHANISMS,
    OPERATORS,
    REGIMES,
    SCENES,
    SECRETS,
)
from tests.helpers import log_rows
from tools.metrics_page import measures, text

DAY = 86_400.0


rows, records, value = log_rows.rows, log_rows.records, log_rows.value


def test_impunity_counts_forbidden_acts_that_nothing_followed():
    acts = [{"act_id": n, "legality": "prohibited", "general": "lawful"} for n in range(4)]
    acts += [{"act_id": 4, "legality": "ungoverned", "general": "crime"}, {"act_id": 5, "legality": "authorised"}]
    audits = [
        {"act_id": 0, "found": True, "sanction": "fine (x)"},
        {"act_id": 1, "found": True, "sanction": "none: not proved"},
        {"act_id": 2, "found": False, "sanction": ""}, {"act_id": 4, "found": True, "sanction": "prison up to 3 years"},
    ]  # fmt: skip
    assert value("impunity", records(acts=acts, audits=audits)) == pytest.approx(3 / 5)
    assert value("impunity", records()) is None


def test_incidents_not_found_and_the_days_until_the_others_were():
    incidents = [
        {"opened_s": -3 * DAY, "discovered_s": 1 * DAY, "closed_s": 2 * DAY},
        {"opened_s": 2 * DAY, "discovered_s": np.nan, "closed_s": np.nan},
        {"opened_s": 5 * DAY, "discovered_s": 7 * DAY, "closed_s": np.nan},
        {"opened_s": 5 * DAY, "discovered_s": 11 * DAY, "closed_s": np.nan},
        {"opened_s": -5 * DAY, "discovered_s": -4 * DAY, "closed_s": -1 * DAY},
    ]
    assert value("incidents_not_found", records(incidents=incidents)) == 2 / 4
    assert value("days_until_found", records(incidents=incidents)) == (4 + 2) / 2
    assert value("days_until_found", records()) is None


def watched(**more):
    return {"act": "view", "actor": "curious", "channel": "open_stream", "audience": 3.0, "attention": 0.5,
            "legality": "ungoverned", "from_s": 0.0, "to_s": 7200.0, **more}  # fmt: skip


def test_secrets_count_hours_and_sites_before_outsiders_only():
    state, trade = SECRETS.index("state"), SECRETS.index("commercial")
    acts = [
        watched(camera_id=0), watched(camera_id=0), watched(camera_id=1), watched(camera_id=2),
        watched(camera_id=0, actor="own_staff_on_duty"), watched(camera_id=0, act="copy", audience=0.0),
    ]  # fmt: skip
    seen = records(acts=acts, secret=[trade, state, 0])
    assert value("secret_camera_hours[secret=commercial]", seen) == 2.0
    assert value("secret_sites[secret=commercial]", seen) == 1.0
    assert value("secret_camera_hours[secret=state]", seen) == 1.0
    assert value("secret_sites[secret=state]", seen) == 1.0


def test_the_three_interests_are_breached_by_those_who_run_the_cameras_and_pass_a_view_on():
    told = {"act": "disseminate", "actor": "own_staff_off_purpose", "legality": "prohibited"}
    acts = [
        told | {"camera_id": 0}, told | {"camera_id": 1, "act": "sell", "actor": "contractor"},
        told | {"camera_id": 2, "scene": "private_space"}, told | {"camera_id": 2, "scene": "street"},
        told | {"camera_id": 0, "actor": "curious"}, told | {"camera_id": 0, "legality": "ungoverned"},
        told | {"camera_id": 0, "act": "view"},
    ]  # fmt: skip
    seen = records(acts=acts, secret=[SECRETS.index("commercial"), SECRETS.index("state"), 0])
    assert [value(f"interests_breached[interest={one}]", seen)
            for one in ("state_secret", "commercial_secret", "privacy")] == [1.0, 1.0, 1.0]


def test_voyeurism_counts_what_is_watched_without_a_right_by_scene():
    acts = [
        watched(scene="private_space"), watched(scene="semi_private", to_s=3600.0), watched(scene="street"),
        watched(scene="private_space", legality="authorised"),
    ]  # fmt: skip
    hours = {scene: value(f"watched_camera_hours[scene={scene}]", records(acts=acts)) for scene in SCENES}
    assert hours == {"street": 1.0, "public_interior": 0.0, "semi_private": 0.5, "private_space": 1.0}


def test_acts_are_counted_by_each_word():
    acts = [{"act": "view", "camera_id": 0, "channel": CHANNELS[1], "general": "crime", "specific": "silent",
             "legality": "prohibited"}, {"act": "sell", "camera_id": 1}]  # fmt: skip
    seen = records(acts=acts, operator=[OPERATORS.index("home"), 0], regime=[REGIMES.index("public_other"), 0])
    for name in ("acts[act=view]", "acts[act=sell]", f"acts[channel={CHANNELS[1]}]", "acts[general=crime]",
                 "acts[specific=silent]", "acts[legality=prohibited]", "acts[operator=home]",
                 "acts[regime=public_other]"):  # fmt: skip
        assert value(name, seen) == 1.0
    for column in ("act", "specific", "general", "legality", "channel", "operator", "regime"):
        every = [name for name in METRICS if name.startswith(f"acts[{column}=")]
        assert sum(value(name, seen) for name in every) == len(acts)


def test_usefulness_lost_and_its_price():
    requests = [
        {"request_id": 1, "case_id": 5, "granted_on_merit": True, "outcome": "unavailable", "decided_s": DAY},
        {"request_id": 2, "case_id": 5, "granted_on_merit": True, "outcome": "granted", "decided_s": DAY,
         "footage_s": 36_000.0, "evidence": "admissible", "delivered_s": 2 * DAY},
        {"request_id": 3, "case_id": -1, "granted_on_merit": False, "outcome": "granted", "decided_s": DAY,
         "footage_s": 3_600.0},
        {"request_id": 4, "case_id": -1, "granted_on_merit": True, "outcome": "pending", "decided_s": DAY},
        {"request_id": 5, "case_id": -1, "purpose": "defence", "outcome": "unavailable", "decided_s": DAY},
    ]  # fmt: skip
    seen = records(requests=requests, opened={5: 0.0})
    assert value("granted_on_merit_got_nothing", seen) == 1.0
    assert value("defence_footage_lost", seen) == 1.0
    assert value("footage_per_case", seen) == 11.0
    assert value("footage_per_case", records()) is None


def exposed(p, weight=None, group=None) -> PeopleSeen:
    n = len(p)
    chance = np.zeros((n, 6, 2))
    chance[:, 3, 0], chance[:, 3, 1] = p, np.minimum(2 * np.asarray(p), 1.0)
    weight = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    group = np.zeros(n, np.uint8) if group is None else np.asarray(group, dtype=np.uint8)
    return PeopleSeen(weight, group, 10 * chance, chance, chance, chance, chance, chance[:, 3])


def read(seen):
    return {(name, r.curve): r for name, r in readings(parts(seen, None))}


def test_who_is_watched_is_counted_once_by_outsiders_alone_and_who_is_seen_twice_from_two_passes_on():
    seen = np.zeros((4, 6), dtype=np.int64)
    seen[0, 0], seen[1, 3], seen[2, 4], seen[3, 3:] = 9, 1, 2, 1  # the first only by insiders
    nothing = np.zeros((4, 6, 2))
    weight = np.array([1.0, 10.0, 100.0, 1000.0])
    found = read(PeopleSeen(weight, np.zeros(4, np.uint8), nothing, nothing, nothing, nothing, nothing, nothing[:, 0],
                            sightings_seen=seen))  # fmt: skip
    watched, twice = found["people_watched_by_outsiders", ""], found["people_seen_twice_by_outsiders", ""]
    assert (watched.value, twice.value) == (1110.0, 1100.0)
    assert watched.contributors == round(1110**2 / (10**2 + 100**2 + 1000**2)) == 1


def test_inequality_from_histograms_is_that_of_the_values_and_adds_up_over_blocks():
    rng = np.random.default_rng(1)
    p, w = rng.uniform(size=3000) ** 4 * (rng.uniform(size=3000) < 0.5), rng.uniform(1, 400, 3000)
    whole = read(exposed(p, w))
    assert whole["gini_identified", "low"].value == pytest.approx(gini(p, w), abs=1e-3)
    assert whole["top_tenth_share_identified", "low"].value == pytest.approx(top_share(p, w), abs=2e-3)
    assert whole["gini_identifiable_hours", "low"].value == pytest.approx(gini(p, w), abs=1e-3)
    assert whole["highest_chance_identified", "low"].value == pytest.approx(p.max(), rel=0.09)
    assert whole["gini_identified", "low"].contributors == np.count_nonzero(p)
    blocks = readings(add([parts(exposed(p[:1000], w[:1000]), None), parts(exposed(p[1000:], w[1000:]), None)]))
    for name, one in blocks:
        expected = whole[name, one.curve].value
        assert (one.value is None) == (expected is None), name
        assert one.value is None or one.value == pytest.approx(expected, rel=1e-9), name


def test_inequality_of_nobody_exposed_is_undefined_and_says_so():
    found = read(exposed([0.0, 0.0]))["gini_identified", "low"]
    assert found.value is None
    assert "nobody" in found.note


def test_a_groups_rate_is_per_thousand_of_it():
    found = read(exposed([0.5, 0.1, 0.0], weight=[10, 30, 10], group=[1, 1, 2]))
    assert found[f"identified_per_1000[group={GROUPS[1]}]", "low"].value == pytest.approx(1000 * (5 + 3) / 40)
    assert found[f"identified_per_1000[group={GROUPS[2]}]", "low"].value == 0.0
    assert found[f"identified_per_1000[group={GROUPS[0]}]", "low"].value is None


def test_footage_is_averaged_over_people_and_days():
    seen = Footage(2, np.array([1.0, 3.0]), np.array([10, 2]), np.array([[600.0, 300, 60, 0], [0, 0, 0, 0]]),
                   np.array([7200.0, 0.0]))  # fmt: skip
    found = {name: r.value for name, r in readings(parts(None, None, seen))}
    assert found["cameras_per_person_day"] == (10 + 6) / (4 * 2)
    assert found["minutes_in_view[level=detect]"] == 10 / 8
    assert found["minutes_in_view[level=observe]"] == 5 / 8
    assert found["minutes_in_view[level=recognise]"] == 1 / 8
    assert found["minutes_in_view[level=identify]"] == 0.0
    assert found["archive_person_hours"] == 2.0


def test_a_census_metric_refuses_a_sample_and_names_the_cure():
    with pytest.raises(InputError, match="sample all"):
        chosen(["highest_chance_identified"], everybody=False)
    assert "highest_chance_identified" in chosen(["highest_chance_identified"], everybody=True)
    assert "highest_chance_identified" not in chosen(["equity"], everybody=False)
    with pytest.raises(InputError, match="cannot be told from a sample") as error:
        Study("preview", metrics=["highest_chance_identified"])
    assert str(error.value).count("\n") == 2
    assert Study("preview", metrics=["highest_chance_identified"], sample="all").plan.wanted


def test_what_a_study_names_comes_beside_what_every_study_reports():
    every = chosen([], everybody=False)
    assert set(every) == {name for name, one in METRICS.items() if one.default}
    assert {"acts[act=buy]"} == set(chosen(["acts[act=buy]"], everybody=False)) - set(every)
    with pytest.raises(InputError, match="write gini_identified"):
        chosen(["gini_identifid"], everybody=False)


def test_the_budget_is_the_smaller_of_both_compositions():
    k, e, d = 10_000, 0.01, 1e-6
    advanced = e * np.sqrt(2 * k * np.log(1 / d)) + k * e * (np.exp(e) - 1)
    assert epsilon_spent([k], e, d) == pytest.approx([min(k * e, advanced)])
    assert advanced < k * e
    with pytest.raises(InputError, match="counts"):
        epsilon_spent([-1], 0.1)


def test_every_family_and_every_thing_that_a_measure_can_tell_has_at_least_one():
    told = {m["output"] for m in measures()} | {m.output for m in METRICS.values()}
    assert set(OUTPUTS) <= told
    held = {m.family for m in METRICS.values()}
    assert set(FAMILIES) - {"own"} == held
    assert {m["name"] for m in measures()} >= {"unicity", "reidentification_risk"}
    for one in measures():
        assert all(said for key, said in one.items() if key != "output"), one


def test_the_reference_page_is_current():
    """Made again by `python -m tools.metrics_page`."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
    assert page.read_text(encoding="utf-8") == text()
    for one in METRICS.values():
        assert f"`{one.name.partition('[')[0]}" in text()


def test_hours_and_people_are_added_up_by_legality_and_by_outsiders():
    """One person of weight 2: insiders and outsiders of a legality add up; outsiders alone are viewer-weighted."""
    seconds, p = np.zeros((1, 6, 2)), np.zeros((1, 6, 2))
    seconds[0, :, 0] = [3600.0, 7200.0, 1800.0, 3600.0, 0.0, 900.0]  # by legality; then outsiders
    p[0, :, 0] = [0.5, 0.2, 0.0, 0.5, 0.0, 0.3]
    seen = PeopleSeen(np.array([2.0]), np.zeros(1, np.uint8), seconds, 10 * seconds, p, p, 2 * p / 3, p[:, 0])
    found = {(name, r.curve): r.value for name, r in readings(parts(seen, None))}
    for legality, hours, chance in (("authorised", 2.0, 1 - 0.5 * 0.5), ("ungoverned", 2.0, 0.2),
                                    ("prohibited", 0.75, 0.3)):  # fmt: skip
        assert found[f"identifiable_person_hours[legality={legality}]", "low"] == pytest.approx(2 * hours)
        assert found[f"people_identified[legality={legality}]", "low"] == pytest.approx(2 * chance)
    assert found["outsider_viewer_person_hours", "low"] == pytest.approx(2 * 10 * (3600 + 900) / 3600)
    assert found["people_identified_by_outsiders_p_days", "low"] == pytest.approx(2 * (1 - (2 / 3) * 0.8))
    assert found["outsider_viewer_person_hours", "high"] == 0.0


def test_the_websites_audience_is_a_daily_mean_and_its_parts_are_its_whole():
    acts = [watched(source="stream", source_id=1, audience=30.0), watched(source="stream", source_id=2, audience=10.0),
            watched(source="insider", source_id=3, audience=99.0)]  # fmt: skip
    assert value("website_audience", records(acts=acts)) == 40.0 / 10
    closers = (*CLOSERS, *CLOSERS)
    streams = [{"kind": "stream", "mechanism": mechanism, "opened_s": -DAY, "closed_s": n * DAY, "cameras_n": 1,
                "discovered_by": closers[n]} for n, mechanism in enumerate(MECHANISMS)]  # fmt: skip
    seen = records(incidents=streams)
    of = [name for name in METRICS if name.startswith("cameras_listed[mechanism=")]
    assert len(of) == len(MECHANISMS)
    assert sum(value(name, seen) for name in of) == pytest.approx(value("cameras_listed", seen))
    closed = [value(f"streams_closed[closer={closer}]", seen) for closer in CLOSERS]
    assert sum(closed) == len(streams)


def test_no_metric_is_without_a_test_that_names_it():
    """By its own name, or by its heading where one declaration makes a metric of each word."""
    folder = Path(__file__).parents[1]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("test_*.py")))
    for one in METRICS.values():
        stem = f"{one.name.partition('=')[0]}=" if one.heading else one.name
        assert stem in text or one.name.replace(f"[{one.heading}=", "[{column}=") in text, one.name
    for one in measures():
        assert f"{one['name']}(" in text, one["name"]
