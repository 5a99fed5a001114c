"""What every world keeps: nothing shifts, lower rates give subsets, replicate k stands alone, no people in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.city import City, build_city
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.files import Quantity
from privacysim.scenario import Scenario, load_scenario
from privacysim.sight.coverage import coverage
from privacysim.units import DAY_TICKS
from privacysim.world import World, sample_world
from privacysim.world.cameras import sample_cameras
from privacysim.world.events import ROUTINE, sample_asks, sample_cases, sample_custody
from privacysim.world.interiors import FIRST_INTERIOR
from privacysim.world.streams import sample_streams

SPAN = range(-180, 30)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


@pytest.fixture(scope="module")
def world(city: City, scenario: Scenario) -> World:
    return _world(city, scenario)


def _world(city: City, scenario: Scenario, k: int = 3, days: int = 30) -> World:
    return sample_world(city, scenario, 7, k, days=days, footage_days=31)


def _with(scenario: Scenario, section: str, **numbers: float) -> Scenario:
    """The scenario with other numbers; each keeps the range of its fact, from which it is thinned."""
    old = getattr(scenario, section)
    made = {
        name: Quantity(value=number, low=min(number, getattr(old, name).range[0]),
                       high=getattr(old, name).range[1], assumption="a test")
        for name, number in numbers.items()
    }
    return scenario.model_copy(update={section: old.model_copy(update=made)})


def _arrays(part: Any) -> dict[str, NDArray[Any]]:
    named = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}


def _differ(one: Any, other: Any) -> list[str]:
    return [name for name, value in _arrays(one).items() if not np.array_equal(value, getattr(other, name))]


PARTS = ("cameras", "custody", "cases", "clues", "asks", "streams", "monitors", "lapses")


def test_replicate_k_alone_is_the_one_among_many(city: City, scenario: Scenario, world: World) -> None:
    for k in (0, 1):
        _world(city, scenario, k)
    again = _world(city, scenario)
    assert {part: _differ(getattr(world, part), getattr(again, part)) for part in PARTS} == {part: [] for part in PARTS}


def test_replicates_differ_in_every_part(city: City, scenario: Scenario, world: World) -> None:
    other = _world(city, scenario, 4)
    assert all(_differ(getattr(world, part), getattr(other, part)) for part in PARTS)


def test_a_world_holds_no_people(world: World) -> None:
    held = {field.name for field in dataclasses.fields(world)}
    assert not held & {"people", "sample", "block", "persons", "weight"}
    referring = [name for part in PARTS for name in _arrays(getattr(world, part)) if "person" in name]
    assert referring == []


def test_a_longer_study_leaves_every_earlier_root_where_it_was(city: City, scenario: Scenario, world: World) -> None:
    longer = _world(city, scenario, days=31)
    end = world.days * DAY_TICKS
    for part, when in (("cases", "opened"), ("asks", "tick"), ("streams", "opened")):
        short, long = getattr(world, part), getattr(longer, part)
        earlier = getattr(long, when) < end
        for name, value in _arrays(short).items():
            if (part, name) != ("cases", "custodians"):  # a load copied from cases of the whole span
                assert np.array_equal(value, getattr(long, name)[earlier]), (part, name)


def test_a_lower_rate_of_cases_gives_a_subset_with_the_same_marks(city: City, scenario: Scenario) -> None:
    more = sample_cases(city, scenario, 1, 0, SPAN)
    fewer = sample_cases(city, _with(scenario, "access", cases_per_month=6000.0), 1, 0, SPAN)
    at = np.searchsorted(np.sort(more.case_id), fewer.case_id)
    order = np.argsort(more.case_id)
    rows = order[at]
    assert 0 < len(fewer) < len(more)
    assert np.array_equal(more.case_id[rows], fewer.case_id)
    assert np.array_equal(more.opened[rows], fewer.opened)
    assert np.array_equal(more.marks[rows], fewer.marks)


def test_fewer_cases_asked_about_are_a_subset(city: City, scenario: Scenario) -> None:
    often = sample_cases(city, _with(scenario, "access", p_asked=0.5), 1, 0, SPAN)
    seldom = sample_cases(city, _with(scenario, "access", p_asked=0.1), 1, 0, SPAN)
    assert np.array_equal(often.case_id, seldom.case_id)
    assert not (seldom.asks & ~often.asks).any()
    assert seldom.asks.sum() < often.asks.sum()


def test_more_listing_only_adds_streams(city: City, scenario: Scenario) -> None:
    cameras = sample_cameras(city, scenario, 1, 0)
    custody = sample_custody(scenario, cameras, 1, 0)
    fact = facts()["p_listed"]
    many = _with(scenario, "leaks", p_listed=fact.high)
    few = _with(scenario, "leaks", p_listed=fact.high / 3)
    sets = []
    for case in (few, many):
        found = [sample_streams(case, cameras, custody, 1, k, SPAN) for k in range(20)]
        sets.append({(k, int(i)) for k, streams in enumerate(found) for i in streams.stream_id})
    assert sets[0] < sets[1]


def test_asks_are_nested_in_the_demand_and_the_states_do_not_grow(world: World) -> None:
    asks = world.asks
    before = asks.happening(0.0)
    for demand in (0.3, 1.0, 4.0, asks.most_demand):
        now = asks.happening(demand)
        assert not (before & ~now).any()
        assert np.array_equal(now[~asks.private], np.ones((~asks.private).sum(), dtype=bool))
        before = now
    assert before.all()


def test_routine_looks_come_at_their_rate_per_state_camera_and_a_lower_rate_is_a_subset(
    city: City, scenario: Scenario
) -> None:
    cameras = sample_cameras(city, scenario, 1, 0)
    rate, state = scenario.access.routine_per_state_camera_year.number, int((~cameras.social).sum())
    found = []
    for factor in (1.0, 0.5):
        case = _with(scenario, "access", routine_per_state_camera_year=rate * factor)
        asks = sample_asks(case, cameras, 1, 0, SPAN)
        routine = asks.ask_id >= 1 << 35
        expected = rate * factor * state * len(SPAN) / 365.25
        assert abs(routine.sum() - expected) < 4 * expected**0.5
        assert not cameras.social[asks.camera[routine]].any()
        assert set(asks.purpose[routine]) == {words.PURPOSES.index(word) for word in ROUTINE}
        assert not (asks.shows & ~routine).any()
        found.append(set(asks.ask_id[routine].tolist()))
    assert found[1] < found[0]


def test_a_demand_beyond_the_roots_is_an_error_that_names_the_cure(world: World) -> None:
    with pytest.raises(InputError, match="raise the high end") as error:
        world.asks.happening(world.asks.most_demand * 1.01)
    assert len(str(error.value).splitlines()) <= 3


def test_one_camera_more_changes_no_other(city: City, scenario: Scenario) -> None:
    per_1000 = scenario.cameras.per_1000.number
    fewer = sample_cameras(city, scenario, 1, 0)
    one_more = sample_cameras(city, _with(scenario, "cameras", per_1000=per_1000 + 0.01), 1, 0)
    assert len(one_more) == len(fewer) + 1
    cut = {name: value[:-1] for name, value in _arrays(one_more).items()}
    assert all(np.array_equal(value, cut[name]) for name, value in _arrays(fewer).items())


def test_cameras_drawn_in_portions_are_the_same(
    city: City, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sample_cameras(city, scenario, 1, 0)
    monkeypatch.setattr("privacysim.world.cameras._PORTION", 999)
    assert _differ(whole, sample_cameras(city, scenario, 1, 0)) == []


def test_every_code_is_a_word_and_every_index_exists(city: City, world: World) -> None:
    cameras, cases, asks, streams, clues = world.cameras, world.cases, world.asks, world.streams, world.clues
    assert cameras.operator.max() < len(words.OPERATORS)
    assert cameras.regime.max() < len(words.REGIMES)
    assert ((cameras.place_id >= -1) & (cameras.place_id < city.place_node.size)).all()
    at_home = cameras.custodian_id >= FIRST_INTERIOR
    assert np.array_equal(cameras.indoor & (cameras.place_id < 0), at_home)  # nobody visits the inside of a home
    assert (cameras.scene[~cameras.indoor] == words.SCENES.index("street")).all()
    assert np.array_equal(cameras.social, cameras.operator >= 2)
    for part in (asks, streams, clues, world.monitors):
        assert ((part.camera >= 0) & (part.camera < len(cameras))).all()
    purposes = ("criminal_case", "pre_filing_check", "public_order_case")
    assert set(np.unique(cases.purpose)) == {words.PURPOSES.index(w) for w in purposes}
    assert np.unique(asks.ask_id).size == len(asks)
    assert (np.diff(asks.tick) >= 0).all()
    assert (np.diff(cases.opened) >= 0).all()


def test_times_of_a_case_are_in_order(world: World) -> None:
    cases = world.cases
    assert (cases.crime_from < cases.crime_to).all()
    assert (cases.crime_to < cases.opened).all()
    assert (cases.opened <= cases.asked).all()
    assert (cases.window_from < cases.window_to).all()
    assert (cases.window_to <= cases.opened).all()
    assert (world.asks.from_tick < world.asks.to_tick).all()
    assert (world.asks.to_tick <= world.asks.tick).all()


def test_only_cases_that_can_matter_have_clues_and_every_asked_one_has_custodians(world: World) -> None:
    cases, count = world.cases, np.diff(world.clues.start)
    old = cases.crime_to <= -world.footage_days * DAY_TICKS
    assert not count[old | ~cases.asks].any()
    assert (cases.custodians[cases.asks & old] > 0).mean() > 0.75
    assert not cases.custodians[~cases.asks].any()
    within = np.flatnonzero(count)
    asked = [np.unique(world.cameras.custodian_id[world.clues.camera[world.clues.start[i]:world.clues.start[i + 1]]])
             for i in within]
    assert np.array_equal(cases.custodians[within], [custodians.size for custodians in asked])


def test_clues_of_a_case_are_distinct_cameras_scene_first(world: World) -> None:
    start, clues = world.clues.start, world.clues
    access = world.scenario.access
    for i in np.flatnonzero(np.diff(start)):
        own = slice(start[i], start[i + 1])
        assert np.unique(clues.camera[own]).size == start[i + 1] - start[i]
        assert (np.diff(clues.at_scene[own].astype(int)) <= 0).all()
        assert clues.at_scene[own].sum() <= access.scene_cameras.number
        assert (~clues.at_scene[own]).sum() <= access.route_cameras.number


def test_a_clue_is_seen_only_within_the_time_that_is_asked_for(world: World) -> None:
    clues = world.clues
    seen = clues.seen
    assert seen.any()
    assert (~seen).any()
    assert (clues.seen_from[seen] < clues.to_tick[seen]).all()
    assert (clues.seen_to[seen] > clues.from_tick[seen]).all()
    assert not clues.face[~seen].any()
    case = np.repeat(np.arange(len(world.cases)), np.diff(clues.start))
    assert np.array_equal(clues.found, seen & world.cases.useful[case])
    assert not (seen & ~world.cases.covered[case]).any()


def test_what_cameras_see_of_some_streets_is_what_they_see_of_them_among_all(city: City, world: World) -> None:
    which, edges = np.arange(0, len(world.cameras), 7), np.arange(0, city.edge_u.size, 5)
    whole = coverage(city, world.cameras, which)
    part = coverage(city, world.cameras, which, edges=edges, entrances=False)
    assert part.entrance_place.size == 0
    chosen = np.isin(np.arange(2 * city.edge_u.size) // 2, edges)
    assert np.array_equal(np.diff(part.piece_start)[chosen], np.diff(whole.piece_start)[chosen])
    assert not np.diff(part.piece_start)[~chosen].any()
    rows = np.repeat(chosen, np.diff(whole.piece_start))
    for name in ("piece_camera", "piece_from", "piece_to", "piece_face", "piece_frontal"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[rows])


@pytest.mark.parametrize("spans", [{"days": 0}, {"footage_days": -1}, {"warmup_days": -1}])
def test_an_impossible_span_is_a_three_line_error(city: City, scenario: Scenario, spans: dict[str, int]) -> None:
    with pytest.raises(InputError) as error:
        sample_world(city, scenario, 1, 0, **{"days": 1, "footage_days": 1, "warmup_days": 1} | spans)
    assert len(str(error.value).splitlines()) <= 3


def test_a_world_without_social_cameras_has_neither_private_asks_nor_streams(city: City, scenario: Scenario) -> None:
    state_only = _with(scenario, "cameras", public_share=0.15)
    state_only = state_only.model_copy(update={"cameras": state_only.cameras.model_copy(update={
        "public_share": Quantity(value=1.0, assumption="a test")})})
    cameras = sample_cameras(city, state_only, 1, 0)
    custody = sample_custody(state_only, cameras, 1, 0)
    assert not cameras.social.any()
    assert not sample_asks(state_only, cameras, 1, 0, SPAN).private.any()
    assert len(sample_streams(state_only, cameras, custody, 1, 0, SPAN)) == 0


def test_a_world_without_cameras_is_a_world(city: City, scenario: Scenario) -> None:
    none = scenario.model_copy(update={"cameras": scenario.cameras.model_copy(update={
        name: Quantity(value=0.0, assumption="a test") for name in ("per_1000", "home_interiors_per_1000")})})
    world = sample_world(city, none, 1, 0, days=3, footage_days=31)
    assert len(world.cameras) == len(world.clues) == len(world.streams) == len(world.monitors) == len(world.asks) == 0
    assert len(world.cases) > 0


def test_events_of_different_kinds_never_share_an_id(city, scenario):
    """Acts and incidents name their root by id alone, so a lapse and a stream must not have the same one.

    Root ids are below 2³¹ and start anew for each kind: kinds without a range of their own would meet sooner or later.
    """
    raised = _with(scenario, "leaks", lapses_per_1000_staff_years=9.9)
    world = sample_world(city, raised, 7, 0, days=400, footage_days=31)
    streams, lapses = world.streams.stream_id, world.lapses.lapse_id
    assert streams.size > 0
    assert lapses.size > 0
    assert (streams < 1 << 36).all()
    assert (lapses >= 1 << 36).all()
    ranges = {kind: set(lapses[world.lapses.kind == kind] >> 36) for kind in np.unique(world.lapses.kind)}
    staff, others = ranges.get(0, set()) | ranges.get(1, set()) | ranges.get(2, set()), ranges.get(3, set())
    assert not staff & others
    assert np.unique(lapses).size == lapses.size
