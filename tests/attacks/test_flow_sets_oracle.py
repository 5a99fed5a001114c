"""The flow field against everybody, drawn: who comes into view of a district's cameras in each hour of a Tuesday."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import anonymity_sets, flow_field, poisson_sets, trip_law
from privacysim.city import build_city
from privacysim.errors import InputError
from privacysim.people import draw_block
from privacysim.scenario import load_scenario
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes, sightings
from privacysim.world.cameras import sample_cameras

DAY = 1
COLUMNS = ["mean_size", "mean_reciprocal", "alone", "below_k", "mean_bits"]


@pytest.fixture(scope="module")
def district():
    scenario = load_scenario("guangzhou_district")
    city = build_city(scenario)
    cameras = sample_cameras(city, scenario, 185, 0)
    street = np.flatnonzero(~cameras.indoor)
    which = np.sort(np.random.default_rng(1).choice(street, 120, replace=False))
    return city, scenario, cameras, which


def entries(district, k: int) -> pd.DataFrame:
    """Every person's every coming into view on the day, in replicate k: nobody is left to a sample."""
    city, scenario, cameras, which = district
    view = coverage(city, cameras, which, entrances=False)
    everybody = draw_block(city, scenario, 185, k, np.arange(city.people), np.ones(city.people), DAY, DAY + 1)
    seen = sightings(passes(everybody, city, view, DAY, 1), everybody, view, k)
    return seen.groupby(["person_id", "pass_id"], as_index=False).agg(camera=("camera_id", "first"),
                                                                        t=("enter_s", "min"))  # fmt: skip


def gaps(district, replicates: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Drawn sets less those of the flow, whose law comes from people of another replicate: mean and standard error."""
    city, scenario, cameras, which = district
    made, sums = [], []
    for k in range(replicates):
        seen = entries(district, k)
        drawn = anonymity_sets(seen, user="person_id", place="camera", time="t", window_s=3600.0)
        law = trip_law(city, scenario, k=1_000 + k, day=DAY, people=city.people)
        flow = flow_field(city, scenario, cameras, which, law)
        made.append(drawn.set_index("average")[COLUMNS] - poisson_sets(flow["people"]).set_index("average")[COLUMNS])
        hour = np.floor(seen["t"] / 3600.0 - 24 * DAY).astype(int)
        people = seen.assign(hour=hour).drop_duplicates(["person_id", "camera", "hour"])
        sums.append(people.groupby("camera").size().reindex(which, fill_value=0)
                    - flow.groupby("camera_id")["people"].sum())  # fmt: skip
    every = pd.concat(made)
    error = every.groupby("average").std(ddof=1) / np.sqrt(replicates)
    return every.groupby("average").mean(), error, pd.concat(sums, axis=1)


def agree(mean: pd.DataFrame, error: pd.DataFrame) -> None:
    # an error of 0 cannot be told from one of 4 replicates: shares to 0.001, sizes by their standard error
    assert (mean.abs() <= 3.0 * error + 1e-3).to_numpy().all(), (mean / error).to_string()


def test_sets_of_the_flow_field_are_those_of_everybody_drawn(district):
    mean, error, sums = gaps(district, 4)
    agree(mean, error)
    # and camera by camera: of 120, nine in ten within 3 standard errors of their people a day, however few draws
    se = np.maximum(sums.std(axis=1, ddof=1) / 2.0, 1.0)
    assert (sums.mean(axis=1).abs() <= 3.0 * se).mean() > 0.9


@pytest.mark.slow
def test_sets_of_the_flow_field_over_twelve_replicates(district):
    mean, error, _ = gaps(district, 12)
    print((mean / error).round(2).to_string())
    agree(mean, error)


def test_views_add_up_over_cameras_and_a_camera_nobody_walks_by_is_never_met(district):
    city, scenario, cameras, which = district
    law = trip_law(city, scenario, day=DAY, people=2_000)
    whole = flow_field(city, scenario, cameras, which[:20], law)
    parts = [flow_field(city, scenario, cameras, which[a:b], law) for a, b in ((0, 7), (7, 20))]
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True))
    far = np.flatnonzero(np.diff(coverage(city, cameras, which, entrances=False).piece_start))
    view = coverage(city, cameras, which, entrances=False)
    seen = set(view.which[np.unique(view.piece_camera)].tolist())
    blind = [camera for camera in which.tolist() if camera not in seen]
    assert far.size
    assert blind
    assert flow_field(city, scenario, cameras, blind, law)["people"].sum() == 0.0


def test_a_window_of_a_day_holds_who_comes_by_at_all(district):
    """Two windows of half a day hold at least as many as the whole day, where both ways of a tour are one coming by."""
    city, scenario, cameras, which = district
    day, half = (
        flow_field(city, scenario, cameras, which[:30], trip_law(city, scenario, day=DAY, people=2_000, window_s=w))
        for w in (86_400.0, 43_200.0)
    )
    both = half.groupby("camera_id")["people"].sum().to_numpy()
    assert (day["people"].to_numpy() <= both + 1e-9).all()
    assert (2.0 * day["people"].to_numpy() >= both - 1e-9).all()


def test_indoor_and_unknown_cameras_are_refused_with_the_cure(district):
    city, scenario, cameras, _ = district
    law = trip_law(city, scenario, day=DAY, people=1_000)
    for wrong in ([int(np.flatnonzero(cameras.indoor)[0])], [len(cameras)], [-1], []):
        with pytest.raises(InputError, match="ids of street cameras"):
            flow_field(city, scenario, cameras, wrong, law)
    with pytest.raises(InputError, match="window_s"):
        trip_law(city, scenario, people=1_000, window_s=0.0)
