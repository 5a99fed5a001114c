"""Rates and ratios from known times, for every comparison; each reference against another that is written out here."""

from __future__ import annotations

import dataclasses
import heapq

import numpy as np
import pytest

from privacysim.bench import crowd, growth, peers
from privacysim.bench import speed_cases as comparing
from privacysim.bench.growth import seconds
from privacysim.bench.speed_cases import Ceilings, Row, Skipped, agree
from privacysim.errors import ResultsError
from privacysim.exposure import measure_exposure
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import LEGALITIES

CEILINGS = Ceilings(bytes_s=40e9, gathers_s=119e6 / 2)
"""Half the random fetches of the machine on which the prototypes ran."""
SQUARE = peers.square


@pytest.fixture
def known_times(monkeypatch):
    """Hands over the times that work takes; the work itself is done, once."""
    left: list[float] = []
    monkeypatch.setattr(comparing, "seconds", lambda work, repeats=3: (left.pop(0), work()))
    return lambda *times: left.extend(times)


@pytest.fixture
def small(monkeypatch):
    """Cases of a size that takes no time: as many cameras and passes as show whether both sides agree."""
    crowded, squared, asked = crowd.crowd, peers.square, peers.papers
    monkeypatch.setattr(crowd, "CAMERAS", 2_000)
    monkeypatch.setattr(comparing.crowd, "crowd", lambda acts, passes: crowded(acts, passes // 40, days=10))
    monkeypatch.setattr(comparing.peers, "square", lambda points: squared(points // 10, 2_000))
    monkeypatch.setattr(comparing.peers, "papers", lambda count, load: asked(count // 5, load))


def test_the_density_rows_count_pieces_and_scale_the_prototype_by_random_fetches(known_times, small):
    known_times(0.25, 0.5)
    sparse, dense = comparing.densities(CEILINGS, True)
    assert [sparse.case, dense.case] == ["exposure_0.02", "exposure_1.5"]
    assert (sparse.rate, dense.rate) == (15_000 / 0.25, 15_000 / 0.5), "three pieces of 5 000 passes"
    assert (sparse.reference_rate, dense.reference_rate) == pytest.approx((127e6 / 2, 17e6 / 2))
    assert {sparse.target, dense.target} == {0.5}


def test_rows_divide_the_same_work_by_each_sides_own_time(known_times, small):
    for case, count in ((comparing.against_pandas, None), (comparing.segments, 2_000)):
        known_times(0.5, 30.0)
        (row,) = case(CEILINGS, True)
        assert row.ratio == pytest.approx(60.0), row.case
        assert row.rate == pytest.approx((count or int(row.what.split()[2].replace(",", ""))) / 0.5), row.what


def test_points_agree_with_geopandas_and_a_peer_that_misses_some_is_refused(known_times, small, monkeypatch):
    known_times(0.5, 10.0)
    (row,) = comparing.points(CEILINGS, True)
    assert (row.rate, row.reference_rate) == (10_000 / 0.5, 10_000 / 10.0)
    place = SQUARE(300, 40, seed=5)
    # every point against every camera: nearer than the reach, and within half the field of the heading
    dx, dy = place.x[None] - place.cameras[:, 0, None], place.y[None] - place.cameras[:, 1, None]
    wide = place._replace(cameras=place.cameras * [1, 1, 40, 1, 1, 1, 1])
    off = np.abs((np.arctan2(dx, dy) - wide.cameras[:, 3, None] + np.pi) % (2 * np.pi) - np.pi)
    sees = (np.hypot(dx, dy) <= 1_000.0) & (off <= np.radians(35.0))
    camera, point = peers.points_in_view(wide)
    assert sees.sum() > 100
    assert set(zip(camera.tolist(), point.tolist(), strict=True)) == set(zip(*map(list, np.nonzero(sees)), strict=True))
    assert peers.points_by_geopandas(wide, 512) == pytest.approx(sees.sum(), rel=0.01)
    monkeypatch.setattr(comparing.peers, "points_by_geopandas", lambda place, facets=12: 3)
    known_times(0.5, 10.0)
    with pytest.raises(ResultsError, match="bench points: the two sides do not give the same"):
        list(comparing.points(CEILINGS, True))


def waits_by_hand(asked) -> list[float]:
    """Four officers; whoever is free takes the paper with the lowest priority number, the earliest of these."""
    free, waiting, waits = [0.0] * peers.OFFICERS, [], [0.0] * len(asked)
    order = sorted(range(len(asked)), key=lambda n: asked[n][0])
    while order or waiting:
        now = free[0] if waiting else max(free[0], asked[order[0]][0])
        while order and asked[order[0]][0] <= now:
            n = order.pop(0)
            heapq.heappush(waiting, (asked[n][2], asked[n][0], n))
        _, at, n = heapq.heappop(waiting)
        waits[n] = (now - at) / HOUR_TICKS
        heapq.heapreplace(free, now + asked[n][1])
    return waits


@pytest.mark.parametrize("load", [0.8, 2.2])
def test_both_desks_wait_as_long_as_a_queue_written_out(load):
    asked = peers.papers(300, load)
    assert [paper[0] for paper in asked] == sorted(paper[0] for paper in asked)
    by_hand = waits_by_hand(asked)
    assert peers.waits_at_the_desk(asked) == pytest.approx(by_hand)
    assert sorted(peers.waits_at_simpy(asked)) == pytest.approx(sorted(by_hand))
    assert max(by_hand) > 1.0


def test_papers_have_the_load_that_is_asked_for():
    asked = np.array(peers.papers(20_000, 0.8))
    # an hour of work each: officers are busy work / (officers · span) of the time
    assert asked[:, 1].mean() == pytest.approx(HOUR_TICKS, rel=0.03)
    assert asked[:, 1].sum() / (peers.OFFICERS * asked[-1, 0]) == pytest.approx(0.8, rel=0.03)
    assert np.bincount(asked[:, 2]) / 20_000 == pytest.approx(np.full(3, 1 / 3), abs=0.02)


def test_the_desk_is_compared_at_a_load_that_it_cannot_keep_up_with(known_times):
    known_times(0.5, 2.0)
    (overload,) = comparing.desks(CEILINGS, True)
    assert (overload.rate, overload.reference_rate) == (2_000 / 0.5, 2_000 / 2.0)


def test_a_peer_that_is_not_installed_is_left_out_by_name(monkeypatch):
    monkeypatch.setattr(comparing, "find_spec", lambda name: None)
    assert list(comparing.points(CEILINGS, True)) == [Skipped("points", "geopandas")]


def test_the_quickest_of_some_runs_counts_and_the_last_ones_result_is_handed_on(monkeypatch):
    clock = iter([0.0, 3.0, 10.0, 11.0, 20.0, 22.0])
    monkeypatch.setattr(growth, "thread_time", lambda: next(clock))
    made = iter("abc")
    assert seconds(lambda: next(made), 3) == (1.0, "c")
    monkeypatch.setattr(growth, "thread_time", iter([0.0, 4.0]).__next__)
    assert seconds(lambda: "x", 0) == (4.0, "x"), "at least once"


def test_a_row_holds_from_its_goal_on_and_without_a_goal_always():
    row = Row("c", "w", "u/s", 20.0, "r", 1.0, 20.0, "e")
    assert row.as_json()["holds"] is True
    assert dataclasses.replace(row, rate=19.999).as_json()["holds"] is False
    assert dataclasses.replace(row, rate=0.1, target=0.0).as_json()["holds"] is True
    agree(True, "never heard of")


def test_the_crowds_kernel_sees_the_passes_that_an_act_at_their_camera_overlaps():
    made = crowd.crowd(0.02, 2_000, days=6, seed=4)
    pairs = crowd.sightings_frame(made).merge(made.frame, on="camera_id")
    overlap = (np.minimum(pairs["leave_s"], pairs["to_s"]) - np.maximum(pairs["enter_s"], pairs["from_s"])).round(6)
    pairs["day"] = pairs["enter_s"] * 10 // DAY_TICKS  # all of it happens between 6 and 22 o'clock
    once = pairs[overlap > 0].drop_duplicates(["legality", "pass_id", "day"])
    expected = once.groupby("legality", observed=True).size()
    seen = measure_exposure(made.pieces, made.block, made.acts).sightings_seen[:, 0, len(LEGALITIES) :].sum(axis=0)
    assert seen.sum() > 50
    assert {name: n for name, n in zip(LEGALITIES, seen.tolist(), strict=True) if n} == expected.to_dict()
