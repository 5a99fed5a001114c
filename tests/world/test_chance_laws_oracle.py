"""The world's chances against theory: Poisson, M/G/∞, lognormals, and the equations that calibrated constants solve."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import integrate, stats

from privacysim.city import City, build_city
from privacysim.draws import stream_key, uniforms
from privacysim.facts import facts, facts_replaced
from privacysim.files import Quantity
from privacysim.scenario import Scenario, load_scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CLOSERS, MECHANISMS, OFFENCES, OPERATORS, REGIMES, SCENES
from privacysim.world.calibration import calibrate_leaks, held_out, listing, scene_mix
from privacysim.world.cameras import Cameras, sample_cameras
from privacysim.world.chances import Custody, Streams, capped_lognormal_mean, lognormal, poisson_quantile, roots
from privacysim.world.events import by_offence, cases_per_day, sample_cases, sample_custody, sample_monitors
from privacysim.world.interiors import home_interiors
from privacysim.world.streams import mechanism_shares, sample_streams
from privacysim.world.world_model import sample_world

SPAN = range(-180, 30)


def closing(streams: Streams, factors: np.ndarray | float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Closing tick and cause of each stream under constant hazards: baseline × `factors` (4,)."""
    with np.errstate(divide="ignore"):
        days = streams.closers / (streams.hazard_per_day * factors)
    stay = np.minimum(days.min(axis=1), 1e6)
    return streams.counted_from + np.ceil(stay * DAY_TICKS).astype(np.int64), days.argmin(axis=1)


def listed_at(streams: Streams, tick: int) -> int:
    """Number of streams online at a tick, under the baseline."""
    return int(((streams.opened <= tick) & (closing(streams)[0] > tick)).sum())


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


@pytest.fixture(scope="module")
def dense(city: City, scenario: Scenario) -> tuple[Scenario, Cameras, Custody]:
    """The district with 100 times its cameras, so that a list is long enough for statistics."""
    made = scenario.cameras.model_copy(update={"per_1000": Quantity(value=5275.0, assumption="a test")})
    crowded = scenario.model_copy(update={"cameras": made})
    cameras = sample_cameras(city, crowded, 1, 0)
    return crowded, cameras, sample_custody(crowded, cameras, 1, 0)


def _within_3_se(values: list[float] | np.ndarray, truth: float) -> bool:
    array = np.asarray(values, dtype=float)
    return bool(abs(array.mean() - truth) <= 3 * array.std(ddof=1) / math.sqrt(array.size))


def _share_within_3_se(hits: int, of: int, share: float) -> bool:
    return abs(hits - of * share) <= 3 * math.sqrt(of * share * (1 - share))


@pytest.mark.parametrize("mean", [0.3, 7.0, 185.0, 1333.0])
def test_poisson_quantiles_equal_scipys(mean: float) -> None:
    u = (np.arange(2000) + 0.5) / 2000
    assert np.array_equal(poisson_quantile(u, mean), stats.poisson.ppf(u, mean))


def test_root_events_are_poisson_in_number_and_uniform_in_time() -> None:
    days, rate = range(-500, 1500), 6.0
    ids, ticks = roots(5, 0, "a test", rate, days)
    counts = np.bincount(ticks // DAY_TICKS + 500, minlength=len(days))
    # Poisson: mean = variance; the variance of a sample variance is about 2μ²/n + μ/n
    assert abs(counts.mean() - rate) < 3 * math.sqrt(rate / len(days))
    assert abs(counts.var(ddof=1) - rate) < 3 * math.sqrt((2 * rate**2 + rate) / len(days))
    assert stats.kstest((ticks % DAY_TICKS) / DAY_TICKS, "uniform").pvalue > 1e-3
    assert np.unique(ids).size == ids.size


def test_lognormal_quantiles_meet_median_and_95_percent() -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    drawn = lognormal(u, 5.0, 28.0)
    assert np.median(drawn) == pytest.approx(5.0, rel=1e-3)
    assert np.quantile(drawn, 0.95) == pytest.approx(28.0, rel=1e-3)


@pytest.mark.parametrize(("median", "p99", "cap"), [(1e3, 1e6, 1e6), (1e3, 1e6, 1.8e7), (50.0, 400.0, 1e3)])
def test_the_capped_audiences_mean_equals_the_integral_of_its_survival(median: float, p99: float, cap: float) -> None:
    sigma = math.log(p99 / median) / stats.norm.ppf(0.99)
    # E[min(X, c)] = ∫₀ᶜ P(X > x) dx, in logs so that the tail is resolved
    truth, _ = integrate.quad(
        lambda t: math.exp(t) * stats.norm.sf((t - math.log(median)) / sigma), -20, math.log(cap), limit=400
    )
    assert capped_lognormal_mean(median, p99, cap) == pytest.approx(truth, rel=1e-7)


def test_the_list_has_the_mean_and_variance_of_an_infinite_server_queue(
    dense: tuple[Scenario, Cameras, Custody],
) -> None:
    case, cameras, custody = dense
    drawn = [sample_streams(case, cameras, custody, 11, k, SPAN) for k in range(400)]
    truth = _expected(case, cameras, custody)
    for tick in (-180 * DAY_TICKS, 0, 29 * DAY_TICKS):
        listed = np.array([listed_at(streams, tick) for streams in drawn], dtype=float)
        assert _within_3_se(listed, truth)
        # Poisson: the variance equals the mean (3 SE of a sample variance)
        assert abs(listed.var(ddof=1) - truth) < 3 * math.sqrt((2 * truth**2 + truth) / listed.size)


def _expected(case: Scenario, cameras: Cameras, custody: Custody) -> float:
    """Arrivals × mean stay, worked out camera by camera."""
    leaks = case.leaks
    exposable = np.count_nonzero((cameras.platform_id >= 0) | custody.on_internet)
    per_day = exposable * leaks.scans_per_camera_year.number * leaks.p_listed.number / 365.25
    factor = np.array([facts().value(f"complaint_factor_{scene}") for scene in SCENES])
    split = [leaks.close_owner, leaks.close_complaint, leaks.close_press, leaks.close_inspection]
    owner, complaint, press, inspection = (part.number for part in split)
    hazard = leaks.close_per_day.number * (owner + inspection + (complaint + press) * factor[cameras.scene])
    reachable = custody.on_internet
    sets = [cameras.platform_id >= 0] * 2 + [reachable, custody.default_password, reachable]
    shares = mechanism_shares(case)
    return per_day * sum(share * (1 / hazard[members]).mean() for share, members in zip(shares, sets, strict=True))


def test_arrivals_are_those_of_the_highest_rate_kept_by_a_mark_of_their_own(
    dense: tuple[Scenario, Cameras, Custody],
) -> None:
    """So a lower rate is a subset, and which camera it is does not depend on what was left out."""
    case, cameras, custody = dense
    exposable, leaks = np.count_nonzero((cameras.platform_id >= 0) | custody.on_internet), case.leaks
    rate = exposable * leaks.scans_per_camera_year.number * leaks.p_listed.number / 365.25
    highest = exposable * leaks.scans_per_camera_year.range[1] * leaks.p_listed.range[1] / 365.25
    shown, tried = 0, 0
    for k in range(4):
        ids, _ = roots(11, k, "streams", highest, SPAN)
        kept = ids[uniforms(stream_key(11, k, "streams"), ids)[:, 0] < rate / highest]
        found = sample_streams(case, cameras, custody, 11, k, SPAN)
        assert set(found.stream_id[found.opened >= SPAN.start * DAY_TICKS]) == set(kept)
        assert found.marks.shape == (found.stream_id.size, 8)
        shown, tried = shown + kept.size, tried + ids.size
    assert 150 < shown < 0.6 * tried


def test_ages_on_the_list_are_length_biased(dense: tuple[Scenario, Cameras, Custody]) -> None:
    case, cameras, custody = dense
    drawn = [sample_streams(case, cameras, custody, 12, k, SPAN) for k in range(150)]
    begin = SPAN.start * DAY_TICKS
    # on an equilibrium list a stream's hazard-weighted age and what is left of it are each Exp(1) (renewal theory)
    ages, left = [], []
    for streams in drawn:
        stock = streams.opened < begin
        total = streams.hazard_per_day[stock].sum(axis=1)
        ages.append((begin - streams.opened[stock]) / DAY_TICKS * total)
        closed, _ = closing(streams)
        left.append((closed[stock] - begin) / DAY_TICKS * total)
    for sample in (np.concatenate(ages), np.concatenate(left)):
        assert sample.size > 1000
        assert stats.kstest(sample, "expon").pvalue > 1e-3


def test_competing_causes_close_in_proportion_to_their_hazards(dense: tuple[Scenario, Cameras, Custody]) -> None:
    case, cameras, custody = dense
    drawn = [sample_streams(case, cameras, custody, 13, k, SPAN) for k in range(100)]
    expected, counted = np.zeros(len(CLOSERS)), np.zeros(len(CLOSERS))
    for streams in drawn:
        _, cause = closing(streams)
        counted += np.bincount(cause, minlength=len(CLOSERS))
        expected += (streams.hazard_per_day / streams.hazard_per_day.sum(axis=1, keepdims=True)).sum(axis=0)
    assert stats.chisquare(counted, expected).pvalue > 1e-3


def test_mechanisms_arrive_in_their_shares(dense: tuple[Scenario, Cameras, Custody]) -> None:
    case, cameras, custody = dense
    arrived = np.zeros(len(MECHANISMS))
    for k in range(200):
        streams = sample_streams(case, cameras, custody, 14, k, SPAN)
        new = streams.opened >= SPAN.start * DAY_TICKS
        arrived += np.bincount(streams.mechanism[new], minlength=len(MECHANISMS))
        platform = streams.mechanism < 2
        assert (cameras.platform_id[streams.camera[platform]] >= 0).all()
        assert custody.on_internet[streams.camera[~platform]].all()
    assert stats.chisquare(arrived, mechanism_shares(case) * arrived.sum()).pvalue > 1e-3


def test_stronger_hazards_only_shorten_a_stay(dense: tuple[Scenario, Cameras, Custody]) -> None:
    case, cameras, custody = dense
    streams: Streams = sample_streams(case, cameras, custody, 15, 0, SPAN)
    before, _ = closing(streams)
    after, _ = closing(streams, np.array([1.0, 5.0, 1.0, 1.0]))
    assert (after <= before).all()
    assert (after < before).any()


def test_the_scene_mix_of_exposable_cameras_is_the_closed_forms(
    city: City, dense: tuple[Scenario, Cameras, Custody]
) -> None:
    case, cameras, _ = dense
    social = cameras.scene[cameras.social]
    expected = scene_mix(city, case) * social.size
    counted = np.bincount(social, minlength=len(SCENES))
    drawn = expected > 0
    assert not counted[~drawn].any()
    assert stats.chisquare(counted[drawn], expected[drawn]).pvalue > 1e-3


def test_operators_indoor_recording_and_watching_have_their_shares(
    city: City, dense: tuple[Scenario, Cameras, Custody]
) -> None:
    case, cameras, custody = dense
    section, n = case.cameras, len(cameras)
    assert _share_within_3_se(int((~cameras.social).sum()), n, section.public_share.number)
    assert _share_within_3_se(int(custody.recording.sum()), n, section.recording_share.number)
    compound = cameras.operator == OPERATORS.index("compound")
    assert _share_within_3_se(
        int(cameras.indoor[compound].sum()), int(compound.sum()), section.indoor_share_compound.number
    )
    social = int(cameras.social.sum())
    assert _share_within_3_se(int((cameras.platform_id >= 0).sum()), social, section.platform_share.number)
    assert not (cameras.platform_id[~cameras.social] >= 0).any()
    candidates = (cameras.operator == 0) | (cameras.regime == REGIMES.index("public_venue"))
    watched = sample_monitors(case, cameras, 1, 0)
    assert candidates[watched.camera].all()
    assert _share_within_3_se(len(watched), int(candidates.sum()), section.watched_share.number)


def test_the_number_of_cameras_is_density_times_people(city: City, scenario: Scenario) -> None:
    assert len(sample_cameras(city, scenario, 1, 0)) == round(52.75 * 100_000 / 1000)


def test_cases_come_at_the_scenarios_rate_and_are_asked_about_by_offence(city: City, scenario: Scenario) -> None:
    numbers, asked, expected = [], 0, 0.0
    access = scenario.access
    chance = by_offence(access.p_asked.number, "asked")
    for k in range(60):
        cases = sample_cases(city, scenario, 2, k, SPAN)
        numbers.append(float(len(cases)))
        asked += int(cases.asks.sum())
        less = np.where(cases.covered, 1.0, access.asked_uncovered.number)
        expected += float((chance[cases.offence] * less).sum())
    rate = cases_per_day(scenario, scenario.access.cases_per_month.number)
    assert _within_3_se(numbers, rate * len(SPAN))
    assert _share_within_3_se(asked, int(sum(numbers)), expected / sum(numbers))


def test_the_investigators_window_holds_the_deed_as_often_as_its_law_says(city: City, scenario: Scenario) -> None:
    shift = scenario.access.window_shift.number
    # |shift · half · z| < half: the middle of the deed lies in the window with P(|z| < 1/shift)
    truth = float(stats.norm.cdf(1 / shift) - stats.norm.cdf(-1 / shift))
    inside = of = 0
    for k in range(40):
        cases = sample_cases(city, scenario, 3, k, SPAN)
        middle = (cases.crime_from + cases.crime_to) // 2
        # a window that ends with the opening of the case is cut, and proves nothing
        whole = cases.window_to < cases.opened
        centre = (cases.window_from + cases.window_to) // 2
        half = (cases.window_to - cases.window_from) // 2
        whole &= centre + half < cases.opened - 1
        inside += int((np.abs(middle - centre) <= half)[whole].sum())
        of += int(whole.sum())
    assert _share_within_3_se(inside, of, truth)


def test_one_mark_covers_all_requests_of_a_case(city: City, scenario: Scenario) -> None:
    """Given the mark, an uncovered case shows nothing; so requests of one case are alike: intraclass correlation > 0.

    With independent cameras of the same mean the variance of a case's sum would be binomial.
    """
    sums, sizes, hits, cases = [], [], 0, 0
    for k in range(40):
        world = sample_world(city, scenario, 4, k, days=30, footage_days=31, warmup_days=60)
        clues, n = world.clues, np.diff(world.clues.start)
        case = np.repeat(np.arange(len(world.cases)), n)
        assert not (clues.seen & ~world.cases.covered[case]).any()
        assert np.array_equal(clues.found, clues.seen & world.cases.useful[case])
        sums.append(np.bincount(case, clues.seen, len(world.cases))[n > 0])
        sizes.append(n[n > 0])
        hits, cases = hits + int(world.cases.covered.sum()), cases + len(world.cases)
    total, size = np.concatenate(sums), np.concatenate(sizes)
    share = total.sum() / size.sum()
    assert ((total - size * share) ** 2).sum() > 2.0 * (size * share * (1 - share)).sum()
    crimes = np.array([facts().value(f"offence_share_{word}") for word in OFFENCES[:-1]])
    mix = np.append(crimes / crimes.sum() * scenario.access.criminal_share.number,
                    1 - scenario.access.criminal_share.number)
    assert _share_within_3_se(hits, cases, float(mix @ by_offence(facts().value("evidence_available"), "covered")))


def test_chances_by_offence_have_the_stated_odds() -> None:
    base = facts().value("evidence_available")
    chance = by_offence(base, "covered")
    odds = chance / (1 - chance) / (base / (1 - base))
    assert odds == pytest.approx([facts().value(f"covered_odds_{word}") for word in OFFENCES])
    assert by_offence(base / 2, "covered") == pytest.approx(chance, abs=0.5)
    assert (by_offence(base / 2, "covered") < chance).all()


def test_p_listed_in_force_is_the_one_that_lists_185_in_guangzhou() -> None:
    case = load_scenario("guangzhou_185")
    city = build_city(case)
    now = listing(city, case)
    assert case.calibrated
    assert now.expected == pytest.approx(facts().value("website_listed_guangzhou"), rel=1e-4)
    assert calibrate_leaks(city, case).value == pytest.approx(facts().value("p_listed"), rel=1e-4)
    # the same cameras, the website alone drawn often: the replicate mean is within 3 SE of 185
    cameras = sample_cameras(city, case, 185, 0)
    custody = sample_custody(case, cameras, 185, 0)
    homes = home_interiors(case)
    listed = [float(listed_at(sample_streams(case, cameras, custody, 185, k, SPAN, homes), 0)) for k in range(200)]
    assert _within_3_se(listed, 185.0)


def test_held_out_counts_scale_with_people_and_their_band_holds_the_variance_between_cities() -> None:
    rows = {row.city: row for row in held_out()}
    assert set(rows) == {"beijing", "wuhan", "nanning", "chengdu"}
    density = [facts().value(f"cameras_per_1000{city}") for city in
               ("", "_shenzhen_2019", "_shanghai_2019", "_beijing_2019", "_wuhan_2019")]  # fmt: skip
    spread = np.std(np.log(density), ddof=1) * 2**0.5  # of the ratio of two cities
    rng = np.random.default_rng(1)
    for city, row in rows.items():
        people = facts().value(f"population_{city}") / facts().value("population_guangzhou_2018")
        assert row.predicted == pytest.approx(185 * people)
        counts = rng.poisson(185 / rng.poisson(185, 100_000) * row.predicted * np.exp(rng.normal(0, spread, 100_000)))
        assert ((counts < row.low) | (counts > row.high)).mean() == pytest.approx(0.05, abs=0.006)
        assert row.holds == (row.low <= row.observed <= row.high)
    with facts_replaced({"website_city_factor_beijing": 2.0}):
        assert held_out()[0].predicted == pytest.approx(2 * rows["beijing"].predicted)


def test_every_stream_closes_after_it_opened(dense: tuple[Scenario, Cameras, Custody]) -> None:
    case, cameras, custody = dense
    streams = sample_streams(case, cameras, custody, 16, 0, SPAN)
    closed, _ = closing(streams)
    assert (closed > streams.opened).all()
    assert {field.name for field in dataclasses.fields(streams)} >= {"camera", "mechanism", "closers"}
