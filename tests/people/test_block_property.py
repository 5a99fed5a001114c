"""A block is a pure function of its people; nobody is at two places at once; the means meet the facts."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.facts import facts
from privacysim.files import Quantity, validate
from privacysim.people import Block, draw_block, draw_sample, residents, summary
from privacysim.people.habits import purposes
from privacysim.scenario import Scenario, load_scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import CATEGORIES

FIRST, LAST = -31, 30


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


@pytest.fixture(scope="module")
def block(city: City, scenario: Scenario) -> Block:
    drawn = draw_sample(city, scenario, 185, 0, 2000)
    return draw_block(city, scenario, 185, 0, drawn.ids, drawn.weight, FIRST, LAST)


def _of(block: Block, person: int) -> dict[str, list[object]]:
    """All that belongs to one person, without row numbers."""
    row = int(np.flatnonzero(block.person_id == person)[0])
    tours = np.flatnonzero(block.tour_person == row)
    walks = np.flatnonzero(np.isin(block.walk_tour, tours))
    stays = np.flatnonzero(np.isin(block.stay_tour, tours))
    own: dict[str, list[object]] = {}
    for name in (field.name for field in fields(Block)):
        value = getattr(block, name)
        if name in ("tour_person", "walk_tour", "stay_tour", "first_day", "days", "weight"):
            continue
        rows = {"tour": tours, "walk": walks, "stay": stays}.get(name.split("_")[0], row)
        own[name] = np.asarray(value)[rows].tolist()
    return own


def test_person_i_is_the_same_in_every_sample_and_every_split(city: City, scenario: Scenario, block: Block) -> None:
    large = draw_sample(city, scenario, 185, 0, 8000)
    whole = draw_block(city, scenario, 185, 0, large.ids, large.weight, FIRST, LAST)
    some = block.person_id[::97]
    alone = draw_block(city, scenario, 185, 0, some[::-1].copy(), np.ones(some.size), FIRST, LAST)
    for person in some.tolist():
        assert _of(whole, person) == _of(block, person) == _of(alone, person)


def test_a_shorter_window_shows_the_same_days(city: City, scenario: Scenario, block: Block) -> None:
    short = draw_block(city, scenario, 185, 0, block.person_id, block.weight, 0, 7)
    days = {}
    for made in (block, short):
        days[made.days] = {
            int(key): (int(mask[0]) >> (0 - made.first_day)) & 0b1111111
            for key, mask in zip(made.tour_key, made.tour_mask, strict=True)
        }
    # tours that are not made in the short window are absent from it
    assert {key: mask for key, mask in days[61].items() if mask} == days[7]
    jitter = dict(zip(block.tour_key.tolist(), block.tour_jitter[:, 31:38].tolist(), strict=True))
    assert all(jitter[key] == row for key, row in zip(short.tour_key.tolist(), short.tour_jitter.tolist(), strict=True))


def test_another_replicate_is_another_life_in_the_same_home(city: City, scenario: Scenario, block: Block) -> None:
    other = draw_block(city, scenario, 185, 1, block.person_id, block.weight, FIRST, LAST)
    assert np.array_equal(other.home_place, block.home_place)
    assert np.array_equal(other.group, block.group)
    assert (other.work_place != block.work_place).mean() > 0.4


def test_nobody_is_at_two_places_at_once(block: Block) -> None:
    """A tour of a day, jitter included, ends before the next one of that day begins."""
    begin = np.full(block.tour_person.size, 1 << 40)
    end = np.zeros(block.tour_person.size, dtype=np.int64)
    np.minimum.at(begin, block.stay_tour, block.stay_arrive)
    np.maximum.at(end, block.stay_tour, block.stay_arrive + block.stay_length)
    np.minimum.at(begin, block.walk_tour, block.walk_depart)
    last = block.walk_depart + np.ceil(block.walk_reach_mm / block.walk_mm_per_tick).astype(np.int64)
    np.maximum.at(end, block.walk_tour, last)
    checked = 0
    for d in range(block.days):
        made = np.flatnonzero((block.tour_mask[:, d // 64] >> np.uint64(d % 64)) & np.uint64(1))
        a, b = begin[made] + block.tour_jitter[made, d], end[made] + block.tour_jitter[made, d]
        order = np.lexsort((a, block.tour_person[made]))
        same = block.tour_person[made][order][1:] == block.tour_person[made][order][:-1]
        assert (a[order][1:][same] >= b[order][:-1][same] - 2).all()  # two roundings to whole ticks
        checked += int(same.sum())
        assert a.min() >= 0
        assert b.max() < DAY_TICKS
    assert checked > 1000


def test_walks_go_from_home_to_the_place_and_back_without_a_gap(city: City, block: Block) -> None:
    """For tours seen all the way: home leg and place leg end at one node, and times follow from lengths and speed."""
    ends = 0
    for tour in np.flatnonzero(block.tour_mode < 3)[::37].tolist():
        legs = np.flatnonzero(block.walk_tour == tour)
        home = int(city.place_node[block.home_place[block.tour_person[tour]]])
        goal = int(city.place_node[block.tour_place[tour]])
        meeting = {home: _end(city, block, legs, home), goal: _end(city, block, legs, goal)}
        assert meeting[home] == meeting[goal]
        out = legs[:legs.size // 2]
        spent = (block.walk_reach_mm[out] / block.walk_mm_per_tick[out]).sum()
        if out.size:
            assert abs(block.walk_depart[out[0]] + spent - block.stay_arrive[tour]) <= 2
            back = legs[legs.size // 2:]
            assert abs(int(block.walk_depart[back[0]]) - int(block.stay_arrive[tour] + block.stay_length[tour])) <= 2
            ends += 1
    assert ends > 50


def _end(city: City, block: Block, legs: np.ndarray, node: int) -> int:
    """Node at which the leg of `node` ends; the node itself where it has no leg."""
    reach = {int(block.walk_reach_mm[leg]) for leg in legs if block.walk_node[leg] == node}
    if not reach:
        return node
    left, hub = max(reach), int(block.walk_hub[legs[0]])
    while left > 0:
        p = city.adj_start[node] + int(city.trees[hub, node])
        left -= int(city.edge_mm[city.adj_edge[p]])
        node = int(city.adj_node[p])
    assert left == 0
    return node


def test_every_way_out_has_its_way_back(block: Block) -> None:
    out, back = block.walk_towards, ~block.walk_towards
    assert out.sum() == back.sum()
    key = lambda rows: sorted(zip(block.walk_tour[rows].tolist(), block.walk_node[rows].tolist(),  # noqa: E731
                                  block.walk_reach_mm[rows].tolist(), strict=True))
    assert key(out) == key(back)


def test_nobody_has_more_than_twelve_directed_routes(block: Block) -> None:
    tours = np.bincount(block.tour_person)
    assert tours.max() <= 6
    assert (block.walk_mm_per_tick > 0).all()
    assert (block.walk_reach_mm > 0).all()
    assert not np.isin(np.flatnonzero(block.tour_mode == 4), block.walk_tour).any()  # the car is not seen
    assert (block.stay_length >= 20 * 600 - 1).all()


def test_work_is_on_weekdays_and_day_0_is_a_monday(block: Block) -> None:
    at_work = block.tour_place == block.work_place[block.tour_person]
    for d in range(block.days):
        made = ((block.tour_mask[:, d // 64] >> np.uint64(d % 64)) & np.uint64(1)).astype(bool)
        share = made[at_work & (block.stay_length > 4 * HOUR_TICKS)].mean()
        assert abs(share - 0.93) < 0.03 if (block.first_day + d) % 7 < 5 else share < 0.02


def test_students_study_and_older_people_mostly_do_not_work(city: City, block: Block) -> None:
    student = (block.group == 2) & (block.work_place >= 0)
    assert (block.group[student] == 2).sum() == (block.group == 2).sum()
    assert set(np.asarray(city.place_category)[block.work_place[student]]) == {CATEGORIES.index("university")}
    assert (block.work_place[block.group == 3] >= 0).mean() < 0.1


def test_trips_a_day_meet_the_fact(city: City, scenario: Scenario, block: Block) -> None:
    """2.47 trips a person and day: the mean of 2 000 people over 61 days has a standard error below 0.01."""
    got = summary(block, city, scenario)
    assert abs(got["trips_per_day"] - facts().value("trips_per_person_day")) < 0.03


def test_ranks_follow_exploration_and_preferential_return() -> None:
    """f_k ∝ k^−(1+γ) (Song et al. 2010): of a non-worker the first other place has rank 2."""
    from privacysim.people.habits import rank_shares

    population = load_scenario("guangzhou_district").population
    shares = rank_shares(population, np.array([False, True]), np.ones((2, 5), dtype=bool))
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert shares[0, 0] / shares[0, 2] == pytest.approx((2 / 4) ** -1.21)
    assert shares[1, 0] / shares[1, 2] == pytest.approx((3 / 5) ** -1.21)


def test_stays_follow_their_law() -> None:
    """The share of stays above t between 20 min and 4 h is (t^−β − b^−β)/(a^−β − b^−β)."""
    from privacysim.people.habits import quantile_stay

    u = (np.arange(20_000) + 0.5) / 20_000
    a, b, t = 12_000.0, 144_000.0, 36_000.0
    stays = quantile_stay(u, a, np.full(u.size, b), 0.8)
    expected = (t**-0.8 - b**-0.8) / (a**-0.8 - b**-0.8)
    assert (stays > t).mean() == pytest.approx(expected, abs=1e-3)
    assert stays.min() >= a
    assert stays.max() <= b


def test_destinations_follow_the_gravity_law(city: City, scenario: Scenario) -> None:
    """Sampled shares of work zones against their chances: χ² with its standard deviation √(2·df), within 5 of them."""
    ids = np.arange(0, 100_000, 3)
    block = draw_block(city, scenario, 185, 0, ids, np.ones(ids.size), 0, 7)
    law = purposes(city, scenario.population).work
    worker = (block.work_place >= 0) & (block.group != 2)
    home_zone = np.asarray(city.place_zone)[block.home_place[worker]]
    chance = np.diff(law.zones.astype(np.float64), axis=1, prepend=0.0)
    expected = chance[home_zone].sum(axis=0)
    zone_of = np.unique(np.asarray(city.place_zone)[law.place])
    got = np.bincount(np.searchsorted(zone_of, np.asarray(city.place_zone)[block.work_place[worker]]),
                      minlength=zone_of.size)
    chi2 = ((got - expected) ** 2 / expected).sum()
    assert chi2 < zone_of.size + 5.0 * (2.0 * zone_of.size) ** 0.5


def test_a_city_without_places_still_has_residents() -> None:
    empty = {"value": 0.0, "assumption": "none"}
    named = {name: empty for name in CATEGORIES if name not in ("road", "housing_compound")}
    raw = {
        "id": "empty", "title": "Nothing to visit",
        "city": {"area_km2": {"value": 2.0, "assumption": "small"}, "places_per_1000": named},
        "population": {"people": {"value": 500, "assumption": "few"}},
    }
    scenario = validate(Scenario, raw, "test")
    city = build_city(scenario)
    block = draw_block(city, scenario, 1, 0, np.unique(residents(city, scenario).home, return_index=True)[1],
                       np.ones(city.homes), 0, 7)  # fmt: skip
    assert block.tour_person.size == block.walk_tour.size == block.stay_tour.size == 0
    assert (block.work_place == -1).all()


@pytest.mark.slow
def test_guangzhou_meets_its_commute_and_its_ways_to_travel() -> None:
    """8.7 km is what commute_decay_km was CALIBRATED to; the shares of ways were set, too: a check of the solution."""
    scenario = load_scenario("guangzhou_185")
    city = build_city(scenario, workers=2)
    drawn = draw_sample(city, scenario, 185, 0, 50_000)
    got = summary(draw_block(city, scenario, 185, 0, drawn.ids, drawn.weight, 0, 30), city, scenario)
    assert got["mean_commute_km"] == pytest.approx(facts().value("mean_commute_km"), rel=0.02)
    assert got["trips_per_day"] == pytest.approx(facts().value("trips_per_person_day"), rel=0.01)
    assert got["walk_cycle_share"] == pytest.approx(facts().value("walk_cycle_share_centre"), abs=0.02)
    assert got["ebike_share"] == pytest.approx(6.85 / 46.53, abs=0.01)


def test_a_very_short_reach_still_finds_the_nearest_work(city: City, scenario: Scenario) -> None:
    short = Quantity(value=0.001, assumption="a metre: chances far below the smallest number")
    people = scenario.population.model_copy(update={"commute_decay_km": short})
    law = purposes(city, people).work
    assert np.isfinite(law.zones).all()
    assert (law.zones[:, -1] == 1.0).all()
