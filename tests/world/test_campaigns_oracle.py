"""Campaigns against cameras, home interiors and hidden cameras: each against its closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.draws import stream_key, uniform, uniforms
from privacysim.facts import facts
from privacysim.files import Quantity
from privacysim.scenario import Scenario, load_scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import MECHANISMS, SCENES
from privacysim.world.calibration import calibrate_leaks, listing
from privacysim.world.cameras import sample_cameras
from privacysim.world.campaigns import BREAK_IN, STAFF, VENDOR, country_share, pieces_by_scene, sample_lapses
from privacysim.world.chances import pareto, poisson_quantile
from privacysim.world.events import sample_custody
from privacysim.world.interiors import FIRST_INTERIOR, chosen, home_interiors, scene_of, with_interiors
from privacysim.world.streams import hidden_guests_per_day, hidden_hazards, sample_hidden, sample_streams
from privacysim.world.world_model import sample_world

SPAN = range(-180, 30)


def changed(scenario: Scenario, section: str, case: str = "broadcast", **values: float) -> Scenario:
    own = {name: Quantity(value=value, assumption="a test") for name, value in values.items()}
    leaks = scenario.leaks.model_copy(update={"case": case})
    scenario = scenario.model_copy(update={"leaks": leaks})
    return scenario.model_copy(update={section: getattr(scenario, section).model_copy(update=own)})


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


def test_the_pareto_sampler_has_the_quantiles_of_its_law() -> None:
    """P(X > x) = (x^−a − h^−a) / (l^−a − h^−a); order statistics of 100 000 draws within 4 standard errors."""
    least, most, tail, count = 20.0, 400_000.0, 0.4, 100_000
    x = pareto(uniform(stream_key(1, 0, "pareto"), np.arange(count)), least, most, tail)
    assert x.min() >= least
    assert x.max() <= most
    for at in (25.0, 100.0, 1_000.0, 63_000.0, 300_000.0):
        above = (at**-tail - most**-tail) / (least**-tail - most**-tail)
        assert abs((x > at).mean() - above) < 4 * math.sqrt(above * (1 - above) / count)


def test_poisson_numbers_of_many_means_have_these_means() -> None:
    u = uniform(stream_key(2, 0, "poisson"), np.arange(30_000))
    mean = np.tile([0.0, 0.3, 9.0], 10_000)
    found = poisson_quantile(u, mean)
    assert (found[mean == 0.0] == 0).all()
    for one in (0.3, 9.0):
        assert abs(found[mean == one].mean() - one) < 4 * math.sqrt(one / 10_000)
        assert np.array_equal(found[mean == one], poisson_quantile(u[mean == one], one))


def test_ordinary_cameras_and_interiors_are_equally_likely() -> None:
    members = np.array([3, 5, 9])
    made = chosen(uniform(stream_key(3, 0, "chosen"), np.arange(50_000)), members, 7.0)
    interior = made >= FIRST_INTERIOR
    assert set(made[interior] - FIRST_INTERIOR) == set(range(7))
    counts = np.unique(made, return_counts=True)[1]
    assert counts.size == 10
    assert abs(counts / 50_000 - 0.1).max() < 4 * math.sqrt(0.09 / 50_000)
    assert chosen(np.array([0.5]), np.empty(0, np.int64), 0.0).tolist() == [-1]


def test_pieces_per_controlled_camera_are_what_is_watched_times_the_yield(scenario: Scenario, city: City) -> None:
    """E[pieces] = s · Σ min(N, B) · Σ_z q_z y_z, so pieces per camera fall as 1/N beyond the B that one can watch."""
    case = changed(scenario, "leaks", campaigns_per_million_year=60.0, campaign_watched=150.0)
    cameras = sample_cameras(city, case, 1, 0)
    custody, homes = sample_custody(case, cameras, 1, 0), home_interiors(case)
    weak = np.flatnonzero(custody.default_password | custody.no_password)
    section = case.cameras
    inside = homes * section.internet_share.number * (
        section.default_password_share.number + section.no_password_share.number)  # fmt: skip
    each = sum(pieces_by_scene())
    mean = (each[cameras.scene[weak]].sum() + inside * each[-1]) / (weak.size + inside)
    seen = dict.fromkeys(("few", "many"), 0.0)
    due = dict(seen)
    for k in range(6):
        lapses = sample_lapses(case, cameras, custody, 1, k, SPAN, homes)
        of = np.repeat(np.arange(len(lapses)), np.diff(lapses.start))
        rows = np.flatnonzero(lapses.kind == BREAK_IN)
        for name, some in (("few", lapses.reach[rows] <= 150), ("many", lapses.reach[rows] > 150)):
            seen[name] += lapses.pieces[np.isin(of, rows[some])].sum()
            # only campaigns that reach the city are kept: what was looked at is its own denominator
            due[name] += np.diff(lapses.start)[rows[some]].sum() * mean
        reach = np.minimum(lapses.reach[rows], 150) * country_share(case)
        assert rows.size > 60
        assert (np.diff(lapses.start)[rows] >= 1).all()
        assert reach.max() < 1.0  # a district has a small share of every campaign
    for name, pieces in seen.items():
        assert abs(pieces - due[name]) < 5 * math.sqrt(3 * due[name]), name


def test_the_city_has_its_share_of_what_is_watched_everywhere(scenario: Scenario, city: City) -> None:
    """The number of cameras looked at is Poisson with mean s · E[min(N, B)] per campaign of the country."""
    case = changed(scenario, "leaks", campaigns_per_million_year=60.0, campaign_watched=150.0)
    cameras = sample_cameras(city, case, 1, 0)
    custody = sample_custody(case, cameras, 1, 0)
    u = uniform(stream_key(4, 0, "campaigns"), np.arange(200_000))
    leaks = case.leaks
    sizes = pareto(u, leaks.campaign_least.number, leaks.campaign_most.number, leaks.campaign_tail.number)
    per_world = 60.0 * facts().value("country_people") / 1e6 / 365.25 * len(SPAN)
    expected = per_world * np.minimum(sizes, 150.0).mean() * country_share(case)
    found = [np.diff(x.start)[x.kind == BREAK_IN].sum()
             for x in (sample_lapses(case, cameras, custody, 2, k, SPAN, home_interiors(case)) for k in range(6))]
    # a camera that two marks hit counts once, which is rare
    assert np.mean(found) == pytest.approx(expected, rel=0.06)


def test_what_a_campaign_looks_at_is_different_and_belongs_to_one_custodian(scenario: Scenario, city: City) -> None:
    case = changed(scenario, "leaks", campaigns_per_million_year=60.0, lapses_per_1000_staff_years=900.0,
                   lapse_vendor_share=0.4)
    world = sample_world(city, case, 1, 0, days=30, footage_days=31)
    lapses, cameras = world.lapses, world.cameras
    assert ((lapses.camera >= 0) & (lapses.camera < len(cameras))).all()
    assert {BREAK_IN, STAFF, VENDOR} <= set(lapses.kind)
    for row in range(len(lapses)):
        own = lapses.camera[lapses.start[row]:lapses.start[row + 1]]
        assert np.unique(own).size == own.size > 0
        assert lapses.reach[row] >= own.size
        if lapses.kind[row] == STAFF:
            assert np.unique(cameras.custodian_id[own]).size == 1
        if lapses.kind[row] == VENDOR:
            assert np.unique(cameras.platform_id[own][cameras.custodian_id[own] < FIRST_INTERIOR]).size <= 1
    assert (lapses.saleable <= lapses.pieces).all()
    of = np.repeat(lapses.kind, np.diff(lapses.start))
    assert not lapses.pieces[of < BREAK_IN].any()
    assert not lapses.pieces[cameras.scene[lapses.camera] == SCENES.index("street")].any()  # nobody buys a street
    assert np.unique(cameras.custodian_id[cameras.custodian_id >= FIRST_INTERIOR], return_counts=True)[1].max() == 1


def test_the_same_interior_is_appended_once(scenario: Scenario, city: City) -> None:
    cameras = sample_cameras(city, scenario, 1, 0)
    custody = sample_custody(scenario, cameras, 1, 0)
    one, two = np.array([4, FIRST_INTERIOR + 9]), np.array([FIRST_INTERIOR + 9, FIRST_INTERIOR + 2])
    assert scene_of(cameras, one).tolist() == [cameras.scene[4], SCENES.index("private_space")]
    more, kept, (first, second) = with_interiors(city, scenario, cameras, custody, 1, 0, (one, two))
    assert len(more) == len(cameras) + 2 == kept.recording.size
    assert first.tolist() == [4, len(cameras) + 1]
    assert second.tolist() == [len(cameras) + 1, len(cameras)]
    assert more.custodian_id[second].tolist() == two.tolist()


@pytest.mark.parametrize("reading", ["broadcast", "directory"])
def test_either_reading_of_the_case_lists_what_its_closed_form_says(
    scenario: Scenario, city: City, reading: str
) -> None:
    """Arrivals × mean stay, interiors of homes included, against 300 sampled lists; 185 after calibration."""
    chance = "p_listed_directory" if reading == "directory" else "p_listed"
    # enough cameras can be reached and have a known password that their own number hardly varies
    case = changed(scenario, "cameras", internet_share=0.4, default_password_share=0.4)
    case = changed(case, "leaks", reading, **{chance: 0.003 if reading == "directory" else 0.02},
                   home_broadcast_factor=0.5)
    cameras = sample_cameras(city, case, 5, 0)
    custody, listed, homes, inside = sample_custody(case, cameras, 5, 0), [], home_interiors(case), []
    for k in range(300):
        streams = sample_streams(case, cameras, custody, 5, k, SPAN, homes)
        stay = (streams.closers / streams.hazard_per_day).min(axis=1)
        there = (streams.opened <= 0) & (streams.counted_from + stay * DAY_TICKS > 0)
        listed.append(there.sum())
        inside += (streams.camera[there] >= FIRST_INTERIOR).tolist()
        kinds = {MECHANISMS[code] for code in streams.mechanism}
        if reading == "directory":
            assert kinds <= {"open_port", "default_password"}
    said = listing(city, case)
    # the cameras of one replicate differ from the mean of all replicates by their own Poisson error
    assert np.mean(listed) == pytest.approx(said.expected, rel=0.12)
    assert 0.05 < np.mean(inside) < said.indoor_share
    solved = calibrate_leaks(city, case)
    assert solved.fact == chance
    with_it = changed(case, "leaks", reading, **{chance: solved.value})
    assert listing(city, with_it).expected == pytest.approx(facts().value("website_listed_guangzhou"), rel=1e-9)


def test_the_directory_in_force_lists_185_in_guangzhou() -> None:
    case = load_scenario("guangzhou_185")
    case = changed(case, "leaks", "directory")
    assert listing(build_city(case), case).expected == pytest.approx(185.0, rel=1e-4)


def test_guests_find_a_hidden_camera_as_a_thinned_renewal_process(scenario: Scenario, city: City) -> None:
    """Guests at rate λ who each notice with p: the first who does comes after Exp(λp), a geometric number of guests."""
    rate, chance = hidden_guests_per_day(scenario), scenario.leaks.hidden_noticed_per_guest.number
    u = uniforms(stream_key(6, 0, "guests"), np.arange(3_000), 600)
    guests = 1 + np.argmax(u[:, ::2] < chance * 20, axis=1)  # twenty times as attentive, so that 300 suffice
    wait = np.array([-np.log(row[1::2][:n]).sum() for row, n in zip(u, guests, strict=True)]) / rate
    assert wait.mean() == pytest.approx(1.0 / (rate * chance * 20), rel=0.07)
    assert hidden_hazards(scenario)[0] == pytest.approx(rate * chance)
    # and the sampled stock is arrivals × life
    case = changed(scenario, "leaks", hidden_per_100k_cameras=20_000.0)
    cameras = sample_cameras(city, case, 7, 0)
    custody = sample_custody(case, cameras, 7, 0)
    _, _, hidden = sample_hidden(city, case, cameras, custody, 7, 0, SPAN)
    stock = (hidden.installed < SPAN.start * DAY_TICKS).sum()
    expected = len(cameras) / 1e5 * 20_000.0
    assert abs(stock - expected) < 4 * math.sqrt(expected)
    arrived = (hidden.installed >= SPAN.start * DAY_TICKS).sum()
    due = expected * hidden_hazards(case).sum() * len(SPAN)
    assert abs(arrived - due) < 4 * math.sqrt(due)
