"""Metrics of what single viewers and pooled outsiders see, each against a value worked out by hand, and in a study."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.exposure import is_outsider, measure_exposure
from privacysim.facts import facts
from privacysim.metrics import METRICS, Viewed, parts
from privacysim.simulation.replicate import replicate_of
from privacysim.simulation.unit import _measured, _misnamed, viewed_acts
from privacysim.simulation.unit import records as records_of
from privacysim.vocabulary import CHANNELS, GROUPS, REQUESTERS
from tests.helpers import log_rows

records, value = log_rows.records, log_rows.value
HOUR, DAY = 3_600.0, 86_400.0


def viewed(sightings=(), seconds=None, on_request=(), cases=0, weight=(10.0, 20.0, 30.0)) -> Viewed:
    """Three people who live at (0, 0), (1000, 0), (0, 1000); the first two work at (500, 500)."""
    rows = pd.DataFrame(list(sightings), columns=["user", "camera", "x_m", "y_m", "enter_s"])
    asked = np.zeros(3, dtype=bool)
    asked[list(on_request)] = True
    work = np.array([[500.0, 500.0], [500.0, 500.0], [np.nan, np.nan]])
    return Viewed(7, np.asarray(weight), seconds or {}, asked, cases,
                  rows.astype({"user": np.int64, "camera": np.int64, "enter_s": np.float64}),
                  np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0]]), work)  # fmt: skip


def test_hours_are_those_of_the_actor_and_of_the_channel():
    seen = viewed(seconds={"actor media": np.array([[3600.0, 7200.0], [0, 0], [1800.0, 1800.0]])})
    media, curious = (METRICS[f"identifiable_hours[actor={actor}]"] for actor in ("media", "curious"))
    [low, high] = media.value(media.part(seen))
    assert (low.value, low.contributors) == (10 + 15, 2)
    assert high.value == 20 + 15
    [none, _] = curious.value(curious.part(seen))
    assert none.value == 0.0
    for column, words in (("actor", REQUESTERS), ("channel", CHANNELS)):
        assert all(f"identifiable_hours[{column}={word}]" in METRICS for word in words)


def test_people_per_case_divide_by_the_cases_that_got_evidence():
    assert value("people_seen_per_case", viewed(on_request=[0, 2], cases=4)) == (10 + 30) / 4
    assert value("people_seen_per_case", viewed(on_request=[0, 2])) is None


def test_a_home_is_found_by_the_camera_of_the_evenings_and_only_within_a_hundred_metres():
    rows = [
        (0, 7, 60.0, 0.0, 20 * HOUR), (0, 7, 60.0, 0.0, DAY + 8 * HOUR), (0, 8, 500.0, 500.0, 12 * HOUR),
        (1, 9, 1000.0, 120.0, 20 * HOUR), (1, 9, 1000.0, 120.0, DAY + 20 * HOUR),  # 120 m off
        (2, 5, 0.0, 1000.0, 20 * HOUR),  # once is not often
    ]  # fmt: skip
    assert value("homes_found", viewed(rows)) == 10.0
    assert value("homes_found", viewed()) == 0.0


def test_a_work_place_is_found_on_weekdays_by_day_and_by_nobody_who_has_none():
    noon = [(user, 8, 500.0, 450.0, day * DAY + 12 * HOUR) for user in (0, 1, 2) for day in (0, 1)]
    weekend = [(1, 3, 9.0, 9.0, day * DAY + 12 * HOUR) for day in (5, 6)] * 2
    assert value("work_places_found", viewed(noon + weekend)) == 10.0 + 20.0


def test_two_are_together_who_come_within_ten_seconds_on_two_days():
    met = [(0, 1, 0, 0, HOUR), (1, 1, 0, 0, HOUR + 9), (0, 1, 0, 0, DAY + HOUR), (1, 1, 0, 0, DAY + HOUR + 10)]
    once = [(2, 1, 0, 0, HOUR + 5)]
    assert value("pairs_seen_together", viewed(met + once)) == 1.0
    apart = [(0, 1, 0, 0, HOUR), (1, 1, 0, 0, HOUR + 11), (0, 1, 0, 0, DAY + HOUR), (1, 2, 0, 0, DAY + HOUR)]
    assert value("pairs_seen_together", viewed(apart)) == 0.0
    assert value("pairs_seen_together", viewed()) == 0.0


def test_four_sightings_single_out_who_shares_them_with_nobody():
    """Users 0 and 1 have the same four points, user 2 four of her own, and who has three is not asked."""
    same = [(user, camera, 0, 0, camera * HOUR) for user in (0, 1) for camera in range(4)]
    own = [(2, 10 + camera, 0, 0, camera * HOUR) for camera in range(4)]
    assert value("singled_out_by_four_sightings", viewed(same + own)) == pytest.approx(1 / 3)
    assert value("singled_out_by_four_sightings", viewed(same[:3])) is None
    assert value("singled_out_by_four_sightings", viewed()) is None


def test_clothes_link_one_in_m_and_a_track_ends_in_a_crowd():
    rows = [(0, 1, 0, 0, 0.0), (0, 2, 0, 0, 100.0), (0, 3, 0, 0, 200.0), (1, 3, 0, 0, 210.0)]
    assert value("linked_by_clothes", viewed(rows)) == pytest.approx((1 + 1 / 2) / 2)
    assert value("longest_track", viewed(rows)) == pytest.approx((100 + 0) / 2)
    assert value("longest_track", viewed()) is None
    assert value("linked_by_clothes", viewed()) is None


def test_officers_hours_and_storage():
    requests = [
        {"case_id": 1, "approver": "county_psb_head", "decided_s": DAY}, {"case_id": 2, "approver": "judge",
         "decided_s": DAY}, {"case_id": 3, "approver": "judge", "decided_s": 20 * DAY},
        {"case_id": 4, "approver": "none", "decided_s": DAY},
    ]  # fmt: skip
    minutes = facts().value("desk_work_county_psb_head_min") + facts().value("desk_work_judge_min")
    assert value("approval_officer_hours", records(requests=requests)) == pytest.approx(minutes / 60)
    acts = [
        {"source": "request", "actor": "public_security", "audience": 2.0, "attention": 0.5, "to_s": 2 * HOUR},
        {"source": "request", "actor": "curious", "audience": 1.0, "attention": 1.0, "to_s": HOUR},
        {"source": "stream", "actor": "public_security", "audience": 1.0, "attention": 1.0, "to_s": HOUR},
    ]  # fmt: skip
    assert value("looking_officer_hours", records(acts=acts)) == 2.0
    assert value("storage_camera_days", records()) == 0.0


def test_storage_is_the_days_that_recording_cameras_keep():
    custody = pd.DataFrame({"retention_s": [15 * DAY, 30 * DAY, 7 * DAY], "recording": [True, True, False]})
    log = SimpleNamespace(custody=custody, requests=None, acts=None, incidents=None, audits=None)
    world = SimpleNamespace(
        days=7, cases=SimpleNamespace(opened=np.zeros(0), case_id=np.zeros(0, dtype=np.int64)),
        cameras=SimpleNamespace(secret=None, operator=None, regime=None),
    )
    assert value("storage_camera_days", records_of(world, log, storage=True)) == 45.0
    assert value("storage_camera_days", records_of(world, log)) == 0.0  # not laid out where nobody asks


def test_a_sample_is_refused_where_only_everybody_can_tell():
    for name in ("pairs_seen_together", "singled_out_by_four_sightings", "linked_by_clothes", "longest_track"):
        with pytest.raises(InputError, match="cannot be told from a sample"):
            ps.Study("preview", metrics=[name])


@pytest.fixture(scope="module")
def week():
    inputs = ps.Study("preview", policies=["open_access"], sample=6_000).inputs(0)
    whole = replicate_of(inputs, 0)
    seen = whole.seen(0)
    return whole, seen, viewed_acts(whole, seen, next(iter(whole.logs.values())), first=True)


def test_hours_of_all_actors_are_those_of_all_channels_and_of_all_legalities(week):
    """Three partitions of the same acts: their identifiable seconds are the same in total, person by person."""
    whole, seen, found = week
    by_actor = sum(values for name, values in found.seconds.items() if name.startswith("actor"))
    by_channel = sum(values for name, values in found.seconds.items() if name.startswith("channel"))
    assert by_actor.sum() > 0
    assert by_actor == pytest.approx(by_channel, rel=1e-9)
    at_once = measure_exposure(seen.pieces, seen.block, whole.acts).identifiable_s[:, 0].sum(axis=1)
    assert by_actor == pytest.approx(at_once, rel=1e-9)


def test_sightings_before_outsiders_are_those_of_a_naive_join(week):
    from privacysim.sight.passes import sightings

    whole, seen, found = week
    acts = next(iter(whole.logs.values())).acts
    acts = acts[(acts["audience"] > 0) & is_outsider(acts)][["camera_id", "from_s", "to_s"]]
    every = sightings(seen.pieces, seen.block, whole.coverage, 0)
    both = every.merge(acts, on="camera_id")
    hit = both[(both["enter_s"] < both["to_s"]) & (both["leave_s"] > both["from_s"])]
    once = hit.groupby(["person_id", "pass_id", "day"]).agg(camera=("camera_id", "first"), enter_s=("enter_s", "min"))
    assert len(once) > 100
    mine = pd.DataFrame({"person_id": seen.block.person_id[found.sightings["user"]],
                         "camera": found.sightings["camera"], "enter_s": found.sightings["enter_s"]})  # fmt: skip
    columns = ["person_id", "camera", "enter_s"]
    ours, theirs = (rows[columns].sort_values(columns, ignore_index=True) for rows in (mine, once.reset_index()))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_looking_at_more_people_misnames_more_of_them_and_never_those_whom_all_know(week):
    whole, seen, found = week
    rate = facts().value("misnaming_per_face")
    assert ((found.misnamed >= 0) & (found.misnamed < 1)).all()
    often = np.bincount(found.sightings["user"], minlength=found.weight.size)
    assert (found.misnamed[often == 0] == 0).all()
    assert found.misnamed[often > 0].max() > 0.1 * rate
    by_group = [METRICS[f"people_misnamed_by_lookers[group={group}]"].part(found)["total"] for group in GROUPS]
    assert METRICS["people_misnamed_by_lookers"].part(found)["total"] == pytest.approx(sum(by_group))
    acts = next(iter(whole.logs.values())).acts
    acts = acts[(acts["audience"] > 0) & is_outsider(acts)]
    assert _misnamed(whole, seen, acts.assign(known=1.0)).max() == 0.0
    one = acts[acts["audience"] == 1.0].iloc[:1].assign(known=0.0, attention=1.0, to_s=np.nan, from_s=0.0)
    shown = _measured(whole, seen, one).sightings_seen[:, 0].any(axis=1)
    assert shown.any()
    # one looker, one trial for each walk past the camera
    assert _misnamed(whole, seen, one)[shown].min() == pytest.approx(rate)


def test_a_study_reports_them_where_it_names_them():
    names = ["homes_found", "work_places_found", "people_seen_per_case", "identifiable_hours[channel=open_stream]",
             "storage_camera_days", "approval_officer_hours"]  # fmt: skip
    study = ps.Study("preview", policies=["notice_only", "open_access"], sample=500, days=2, metrics=names)
    found = study.run(replicates=1, workers=1, progress=False).metrics
    assert set(names) - {"people_seen_per_case"} <= set(found["metric"])  # undefined where two days bring no evidence
    stored = found[found["metric"] == "storage_camera_days"].set_index("policy")["value"]
    assert (stored > 0).all()
    assert parts(None, None, names=names) == {}
