"""What a map leaves open: the band's ends are the views that show fewest and most, and hold every other guess."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.city import build_city
from privacysim.facts import facts
from privacysim.files import validate
from privacysim.identify import curve_table
from privacysim.people import draw_block, draw_sample
from privacysim.scenario import Scenario
from privacysim.sight import passes_kernel as kernel
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes
from privacysim.world.cameras import sample_cameras, unmapped_count
from privacysim.world.unknown_views import band, flow


def helsinki(data_folder, **cameras):
    return validate(Scenario, {
        "id": "helsinki", "title": "Helsinki", "city": {"kind": "osm", "osm": str(data_folder / "helsinki.osm.pbf")},
        "population": {"people": {"value": 20000.0, "assumption": "a test"}}, "cameras": cameras,
    }, "test")  # fmt: skip


@pytest.fixture(scope="module")
def scenario(data_folder):
    return helsinki(data_folder)


@pytest.fixture(scope="module")
def city(scenario):
    return build_city(scenario)


def people(city, scenario, seed, size, days):
    chosen = draw_sample(city, scenario, seed, 0, size)
    return draw_block(city, scenario, seed, 0, chosen.ids, chosen.weight, 0, days)


@pytest.fixture(scope="module")
def around(city, scenario):
    cameras = sample_cameras(city, scenario, 8, 0)
    return cameras, band(city, scenario, cameras, flow(city, people(city, scenario, 8, 3_000, 7)))


def identifiable_s(city, cameras, block):
    """Per camera, identifiable person-seconds of the block's passes: another way to the same sum."""
    view = coverage(city, cameras, np.arange(len(cameras)), entrances=False)
    seen = passes(block, city, view, block.first_day, block.days)
    chance = curve_table([("none", round(facts().value("gallery_suspects")))])[0, 0]
    often = np.bitwise_count(block.tour_mask).sum(axis=1)[seen.tour] / block.days * block.weight[seen.person]
    street = ~cameras.indoor[seen.camera]
    amount = often * seen.length / 10.0 * chance[seen.frontal.astype(int), seen.face]
    return np.bincount(seen.camera[street], amount[street], len(cameras))


def test_the_weight_of_a_view_equals_a_sum_over_points_written_out():
    draw = np.random.default_rng(3)
    chance = np.sort(draw.random((2, 2041)), axis=1)
    a, b = draw.uniform(-40, 40, (2, 30, 2))
    amount = draw.random(30)
    heading, hfov = np.array([0.3, 5.9, np.nan]), np.array([1.2, 4.0])
    scale, reach, drop = np.array([900.0, 1500.0]), np.array([35.0, 60.0]), np.array([0.0, 3.0])
    out = np.zeros((2, 2, 3))
    kernel.weigh(1.0, -2.0, *a.T, *b.T, amount, heading, hfov, scale, reach, 50.0, drop, chance, 1.28, 0.5, out)
    want = np.zeros_like(out)
    for begin, end, each in zip(a, b, amount, strict=True):
        length = np.hypot(*(end - begin))
        steps = int(np.ceil(length))
        points = begin + (np.arange(steps)[:, None] + 0.5) / steps * (end - begin)
        away = np.array([1.0, -2.0]) - points
        for m, up in enumerate(drop):
            slant = np.sqrt((away**2).sum(axis=1) + up**2)
            frontal = (away @ (end - begin) / length / slant >= 0.5).astype(int)
            for lens in range(2):
                code = np.minimum(np.floor(1.28 * scale[lens] / slant + 0.5), 2040).astype(int)
                part = each * length / steps * chance[frontal, code] * (slant <= reach[lens])
                part *= (away**2).sum(axis=1) <= 50.0**2
                for h, centre in enumerate(heading):
                    turn = np.angle(np.exp(1j * (np.arctan2(-away[:, 0], -away[:, 1]) - centre)))
                    inside = np.ones(steps, bool) if np.isnan(centre) else np.abs(turn) <= hfov[lens] / 2
                    want[lens, m, h] += part[inside].sum()
    assert out == pytest.approx(want, rel=1e-12)


@pytest.mark.data
def test_walks_leave_their_amount_on_each_street_in_the_direction_and_share_that_they_walk():
    """A street 0 — 1 — 2 — 3 of 10, 20 and 40 m; everybody's tree leads to node 0; edge 1 is drawn from 2 to 1."""
    adj_start, adj_node = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    adj_edge = np.array([0, 0, 1, 1, 2, 2])
    edge_u, edge_mm = np.array([0, 2, 2]), np.array([10_000, 20_000, 40_000])
    trees = np.array([[255, 0, 0, 0]], dtype=np.uint8)  # the first way out of each node leads home
    walks = [(3, 10**9, True, 1.0), (3, 50_000, True, 2.0), (2, 10**9, False, 4.0), (0, 10**9, True, 8.0)]
    node, reach, towards, amount = (np.array(column) for column in zip(*walks, strict=True))
    made = np.zeros(6)
    kernel.walked(np.zeros(4, np.int64), node, reach, towards, amount, trees, adj_start, adj_node, adj_edge, edge_u,
                  edge_mm, made)  # fmt: skip
    expected = np.zeros(6)
    # edge 0 runs from 0 to 1, so home is against it; the second walk ends after 40 m and half of the 20
    expected[2 * 0 + 1], expected[2 * 0 + 0] = 1.0, 4.0
    expected[2 * 1 + 0], expected[2 * 1 + 1] = 1.0 + 2.0 * 0.5, 4.0
    expected[2 * 2 + 1] = 1.0 + 2.0
    assert made.tolist() == expected.tolist()


def test_the_drawn_view_lies_between_the_fewest_and_the_most_at_every_camera(around):
    cameras, found = around
    fewest, drawn, most = found.seconds.T
    assert (fewest <= drawn + 1e-9).all()
    assert (drawn <= most + 1e-9).all()
    assert most.sum() > 2 * drawn.sum() > 4 * fewest.sum() > 0
    assert (found.headings, found.lenses, found.heights) == (181, 221, 214)  # what the map of Helsinki does not say
    assert len(found.fewest) == len(found.most) == len(cameras) == 221


@pytest.mark.data
def test_the_weights_are_what_passes_of_the_same_people_add_up_to(city, scenario, around):
    cameras, found = around
    block = people(city, scenario, 8, 3_000, 7)
    for column, chosen in enumerate((found.fewest, cameras, found.most)):
        own = identifiable_s(city, chosen, block)
        # metre by metre against pieces cut exactly, whose face is the geometric mean of their ends
        assert found.seconds[:, column].sum() == pytest.approx(own.sum(), rel=0.05)


@pytest.mark.data
def test_other_headings_lenses_heights_and_other_people_stay_within_the_band(city, scenario, around):
    _, found = around
    block = people(city, scenario, 77, 1_500, 7)
    low, high = (identifiable_s(city, ends, block).sum() for ends in (found.fewest, found.most))
    guesses = [identifiable_s(city, sample_cameras(city, scenario, 9, k), block).sum() for k in range(12)]
    assert low < min(guesses)
    assert max(guesses) < high


@pytest.mark.data
def test_what_is_mapped_stays_at_both_ends(data_folder, city, tmp_path):
    lat, lon = city.origin
    path = tmp_path / "two.csv"
    path.write_text("lat,lon,heading,hfov,width_px,height\n"
                    f"{lat},{lon},90,60,2560,4\n{lat + 1e-4},{lon},90,,,\n")
    own = helsinki(data_folder, file=str(path))
    cameras = sample_cameras(city, own, 1, 0)
    found = band(city, own, cameras, flow(city, people(city, own, 1, 500, 7)))
    for ends in (found.fewest, found.most):
        assert ends.heading_deg.tolist() == [90.0, 90.0]
        assert (ends.hfov_deg[0], ends.width_px[0], ends.mount_m[0]) == (60, 2560, 4)
    assert (found.headings, found.lenses, found.heights) == (0, 1, 1)
    assert found.seconds[0, 0] == found.seconds[0, 2]


@pytest.mark.data
def test_cameras_that_nobody_mapped_come_after_the_mapped_ones_and_change_none(data_folder, city, scenario):
    own = helsinki(data_folder, recall={"value": 0.4, "low": 0.3, "high": 0.5, "assumption": "a test"})
    bare, more = sample_cameras(city, scenario, 1, 0), sample_cameras(city, own, 1, 0)
    assert len(more) > len(bare)
    for name in ("x", "y", "heading_deg", "hfov_deg", "mount_m", "operator", "custodian_id"):
        assert np.array_equal(getattr(more, name)[: len(bare)], getattr(bare, name), equal_nan=True)
    assert not more.indoor[len(bare):].any()
    assert len({sample_cameras(city, own, 1, k).x.size for k in range(4)}) > 1


@pytest.mark.data
def test_unmapped_cameras_are_as_many_as_thinning_leaves_unseen(data_folder):
    # given recall r and m mapped, those missed are negative binomial: mean m(1 − r)/r, variance m(1 − r)/r²
    own = helsinki(data_folder, recall={"value": 0.5, "assumption": "a test"})
    counts = np.array([unmapped_count(own, 100, 3, k) for k in range(1_500)])
    assert counts.mean() == pytest.approx(100, abs=4 * np.sqrt(200 / counts.size))
    assert counts.var() == pytest.approx(200, rel=0.2)
    wide = helsinki(data_folder, recall={"value": 0.5, "low": 0.25, "high": 0.75, "assumption": "a test"})
    assert np.std([unmapped_count(wide, 100, 3, k) for k in range(500)]) > 2 * counts.std()
    assert unmapped_count(helsinki(data_folder), 100, 3, 0) == 0
