"""People that a user brings as DataFrames: homes, works, groups, weights and tours."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from privacysim.city import City, build_city
from privacysim.errors import InputError
from privacysim.people import Block, Population, commutes, draw_block, draw_sample, everybody
from privacysim.people.population import PeopleFrames
from privacysim.scenario import Scenario, load_scenario
from privacysim.vocabulary import GROUPS


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


def _homes(count: int = 40, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"home_place": np.arange(count) % 20, **columns})


def _visited(city: City) -> int:
    return int(np.flatnonzero((np.asarray(city.place_hub) >= 0) & (np.asarray(city.place_jobs) > 0))[-1])


def _block(city: City, scenario: Scenario, people: PeopleFrames | Population, ids: np.ndarray | None = None) -> Block:
    ids = np.arange(everybody(city, scenario, people).size) if ids is None else ids
    return draw_block(city, scenario, 185, 0, ids, np.ones(ids.size), 0, 14, people=people)


def test_homes_works_groups_and_weights_are_those_of_the_table(city: City, scenario: Scenario) -> None:
    work = _visited(city)
    frame = _homes(4, work_place=[work, None, work, None], group=["older", "student", None, "migrant"],
                   weight=[10.0, 20.0, 30.0, 40.0])  # fmt: skip
    block = _block(city, scenario, frame)
    assert block.home_place.tolist() == [0, 1, 2, 3]
    assert block.work_place.tolist() == [work, -1, work, -1]
    assert [GROUPS[code] for code in block.group[[0, 1, 3]]] == ["older", "student", "migrant"]
    everyone = draw_sample(city, scenario, 185, 0, "all", people=frame)
    assert everyone.weight.tolist() == [10.0, 20.0, 30.0, 40.0]
    person, minutes = commutes(city, scenario, 185, 0, np.arange(4), people=frame)
    assert person.tolist() == [0, 2]
    assert (minutes > 0).all()


def test_a_position_is_the_nearest_home_or_place(city: City, scenario: Scenario) -> None:
    work = _visited(city)
    frame = pd.DataFrame({
        "home_x_m": [city.place_x[7] + 0.01], "home_y_m": [city.place_y[7]], "work_x_m": [city.place_x[work]],
        "work_y_m": [city.place_y[work]],
    })
    made = everybody(city, scenario, frame)
    assert isinstance(made, Population)
    assert made.home.tolist() == [7]
    assert city.place_x[made.work[0]] == city.place_x[work]


def test_where_nothing_is_said_of_work_it_is_drawn(city: City, scenario: Scenario) -> None:
    block = _block(city, scenario, _homes(400))
    assert 0.2 < (block.work_place >= 0).mean() < 0.9
    assert block.walk_tour.size > 400


def test_rows_share_the_people_of_the_city_where_no_weight_is_given(city: City, scenario: Scenario) -> None:
    assert draw_sample(city, scenario, 185, 0, "all", people=_homes()).weight.tolist() == [2500.0] * 40


def test_a_sample_of_own_people_keeps_the_weight_of_each_group_and_is_nested(city: City, scenario: Scenario) -> None:
    group = np.resize(np.array(GROUPS), 800)
    frame = _homes(800, group=group, weight=np.arange(1.0, 801.0))
    small, large = (draw_sample(city, scenario, 185, 0, size, people=frame) for size in (100, 300))
    assert set(small.ids) <= set(large.ids)
    for drawn in (small, large):
        for word in GROUPS:
            own = group == word
            assert np.isclose(drawn.weight[own[drawn.ids]].sum(), frame["weight"][own].sum())


def test_a_person_is_the_same_in_every_block(city: City, scenario: Scenario) -> None:
    frame = _homes(60)
    whole, alone = _block(city, scenario, frame), _block(city, scenario, frame, np.array([17]))
    own = whole.tour_person == 17
    assert own.any()
    for name in ("tour_mask", "tour_key", "tour_for_work"):
        assert np.array_equal(getattr(whole, name)[own], getattr(alone, name)), name


def test_tables_that_are_checked_once_give_the_same_block(city: City, scenario: Scenario) -> None:
    frame = _homes(30)
    one, other = _block(city, scenario, frame), _block(city, scenario, everybody(city, scenario, frame))
    for field in fields(Block):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_whoever_has_own_tours_makes_these_alone_at_the_stated_times(city: City, scenario: Scenario) -> None:
    place = _visited(city)
    tours = pd.DataFrame({
        "person": [1, 1, 1], "place": place, "start_h": [8.0, 18.0, 20.0], "stay_h": [2.0, 1.0, 0.5],
        "mode": ["walk", "walk", None], "weekday": [0, None, None], "day": [None, 3, None],
    })
    block = _block(city, scenario, (_homes(3), tours))
    own = np.flatnonzero(block.tour_person == 1)
    stays = np.isin(block.stay_tour, own)
    assert block.stay_place[stays].tolist() == [place] * 3
    days = [[day for day in range(14) if int(word[0]) >> day & 1] for word in block.tour_mask[own]]
    assert days == [[0, 7], [3], list(range(14))]
    assert not block.jitter[block.tour_shift[own]].any()
    assert block.way_depart[np.isin(block.way_tour, own)].reshape(-1, 2)[:, 0].tolist() == [288_000, 648_000, 720_000]
    assert block.way_mode[np.isin(block.way_tour, own[:2])].tolist() == [0] * 4
    assert block.stay_length[stays].tolist() == [72_000, 36_000, 18_000]
    usual = _block(city, scenario, _homes(3))
    for person in (0, 2):
        assert np.array_equal(block.tour_key[block.tour_person == person], usual.tour_key[usual.tour_person == person])
    alone = _block(city, scenario, (_homes(3), tours), np.array([1]))
    assert np.array_equal(alone.way_ticks, block.way_ticks[np.isin(block.way_tour, own)])


@pytest.mark.parametrize(("frame", "said"), [
    (_homes(3).rename(columns={"home_place": "home"}), ("column home", "write home_")),
    (_homes(3).drop(columns="home_place").assign(group="older"), ("row 0", "a home")),
    (_homes(3, group=["older", "young", "older"]), ("row 1, group", "young")),
    (_homes(3, weight=[1.0, -1.0, 1.0]), ("row 1, weight",)),
    (_homes(3, weight=[1.0, None, 1.0]), ("row 1, weight", "empty cell")),
    (pd.DataFrame({"home_place": [10**7]}), ("row 0, home_place", "place_id of a home")),
    (_homes(2, work_place=[0, None]), ("row 0, work_place", "that people visit")),
    (pd.DataFrame({"home_x_m": [0.0, 1e6], "home_y_m": [0.0, 0.0]}), ("row 1", "within 500 m of a home")),
    ((_homes(2), pd.DataFrame({"person": [5], "place": [0], "start_h": [8.0], "stay_h": [1.0]})), ("tours, row 0",)),
    ((_homes(2), pd.DataFrame({"person": [0], "start_h": [8.0], "stay_h": [1.0]})), ("a place to go to",)),
    ((_homes(2), pd.DataFrame({"person": [0], "place": [1], "start_h": [25.0], "stay_h": [1.0]})), ("from 0 to 24",)),
    ({"home_place": [1]}, ("a pandas DataFrame", "dict")),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_row(
    city: City, scenario: Scenario, frame: PeopleFrames, said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as refused:
        everybody(city, scenario, frame)
    for words in said:
        assert words in str(refused.value)


def test_tours_that_overlap_are_refused(city: City, scenario: Scenario) -> None:
    tours = pd.DataFrame({"person": [0, 0], "place": _visited(city), "start_h": [8.0, 9.0], "stay_h": [2.0, 1.0]})
    with pytest.raises(InputError, match="one after another"):
        everybody(city, scenario, (_homes(2), tours))
    assert everybody(city, scenario, (_homes(2), tours.assign(weekday=[1, 2]))).size == 2


def test_a_number_that_no_row_has_is_refused(city: City, scenario: Scenario) -> None:
    with pytest.raises(InputError, match="rows of the table of residents"):
        _block(city, scenario, _homes(3), np.array([3]))
