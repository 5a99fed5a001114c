"""Marks, bit by bit: splitmix64 and blake2b written out here, the former held to its published numbers."""

from __future__ import annotations

import struct
from hashlib import blake2b

import numpy as np
import pytest
from scipy.special import pdtr

from privacysim import draws
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.files import Quantity
from privacysim.scenario import load_scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import SCENES
from privacysim.world import chances as laws
from privacysim.world import streams

MASK, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15
IDS = [0, 1, 2, 185, 4096, 1 << 40, (1 << 62) + 12345]


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_the_mixing_written_here_gives_the_published_numbers_of_splitmix64():
    # Steele, Lea and Flood 2014; first outputs for seed 1 234 567, as reference implementations print them
    outputs = [mix((1_234_567 + n * GOLDEN) & MASK) for n in (1, 2, 3, 4, 5)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431,
                       16408922859458223821]  # fmt: skip


@pytest.mark.parametrize("key", [0, 7, MASK])
def test_hashes_and_marks_are_that_mixing_of_key_and_id(key):
    assert draws.hashes(key, IDS).tolist() == [mix((one * GOLDEN + key) & MASK) for one in IDS]
    made = draws.uniforms(key, IDS, 3, 2)
    for row, one in zip(made, IDS, strict=True):
        own = mix(key ^ mix((one * GOLDEN + GOLDEN) & MASK))
        words = [mix((own + GOLDEN * (j + 1)) & MASK) for j in (2, 3, 4)]
        assert row.tolist() == [((word >> 11) + 0.5) * 2.0**-53 for word in words]
    assert draws.uniform(key, IDS, 3).tolist() == made[:, 1].tolist()
    assert draws.uniform(key, IDS).tolist() == draws.uniforms(key, IDS)[:, 0].tolist()


@pytest.mark.parametrize(("first", "span"), [(-400, 9_000), (0, 1), (12, 32_767)])
def test_the_jitter_of_a_day_is_that_mixing_of_the_day(first, span):
    keys = draws.hashes(5, IDS)
    made = draws.day_jitter(keys, first, 4, span)
    for row, key in zip(made, keys.tolist(), strict=True):
        words = [mix((key + GOLDEN * (first + d + 4096)) & MASK) for d in range(4)]
        assert row.tolist() == [word % (2 * span + 1) - span for word in words]


def test_single_events_hash_their_id_and_number_with_blake2b():
    key = draws.stream_key(185, 3, "x")
    assert key == int.from_bytes(blake2b(b"185|3|x", digest_size=8).digest(), "little")
    for one, j in ((0, 0), (9, 0), (9, 2), (-1, 1)):
        digest = blake2b(struct.pack("<QI", one & MASK, j), key=struct.pack("<Q", key), digest_size=64).digest()
        words = [int.from_bytes(digest[8 * n : 8 * n + 8], "little") for n in range(8)]
        assert draws.marks(key, one, j) == tuple(((word >> 11) + 0.5) / 2**53 for word in words)
        child = blake2b(struct.pack("<QI", one & MASK, j) + b"sale", digest_size=8).digest()
        assert draws.child_id(one, "sale", j) == int.from_bytes(child, "little") // 2
    assert draws.marks(key, 9) == draws.marks(key, 9, 0)


def test_roots_are_numbered_by_day_and_lie_within_it():
    ids, ticks = laws.roots(185, 0, "x", 3.0, range(-3, 4))
    day, number = ids // (1 << 20) - 4096, ids % (1 << 20)
    assert (ticks // DAY_TICKS == day).all()
    assert (np.diff(ticks) >= 0).all()
    for one in range(-3, 4):
        count = laws.poisson_quantile(draws.uniform(draws.stream_key(185, 0, "x.count"), [one + 4096]), 3.0)[0]
        assert sorted(number[day == one]) == list(range(count))
    times = draws.uniform(draws.stream_key(185, 0, "x.time"), ids)
    assert (ticks == day * DAY_TICKS + (times * DAY_TICKS).astype(int)).all()
    assert laws.roots(185, 0, "x", 0.0, range(5))[0].size == 0


@pytest.mark.parametrize("mean", [0.01, 0.5, 3.7, 20.0, 185.0, 1_333.0])
def test_a_number_begins_where_its_chances_step(mean):
    """Where u is exactly P(N ≤ n), and just below, n is the smallest that will do; rounding would tip one in three."""
    numbers = np.arange(max(0.0, np.floor(mean - 5 * mean**0.5)), mean + 5 * mean**0.5 + 3)
    at = pdtr(numbers, mean)
    numbers, at = numbers[at < 1 - 1e-12], at[at < 1 - 1e-12]
    assert laws.poisson_quantile(at, mean).tolist() == numbers.tolist()
    assert laws.poisson_quantile(np.nextafter(at, 0), mean).tolist() == numbers.tolist()


def test_minutes_are_whole_ticks_and_at_least_one_and_kinds_change_at_their_bounds():
    assert laws.minutes(np.array([0.0, 0.0001, 1.0, 2.501])).tolist() == [1, 1, 600, 1501]
    assert laws.pick(np.array([2.0, 0.0, 2.0]), np.array([0.0, 0.49, 0.5, 0.99])).tolist() == [0, 0, 2, 2]
    assert laws.poisson_quantile(np.array([0.5]), -1.0).tolist() == [0]


def changed(**numbers: float):
    scenario = load_scenario("guangzhou_district")
    new = {name: Quantity(value=value, assumption="a test") for name, value in numbers.items()}
    return scenario.model_copy(update={"leaks": scenario.leaks.model_copy(update=new)})


def test_mechanisms_share_what_the_scenario_says_and_none_is_refused():
    five = {"owner_broadcast": 0.6, "owner_unaware": 0.25, "open_port": 0.1, "default_password": 0.2,
            "cracked_account": 0.3}  # fmt: skip
    shares = streams.mechanism_shares(changed(**five))
    assert shares == pytest.approx(np.array([0.45, 0.15, 0.1, 0.2, 0.3]) / 1.2)
    with pytest.raises(InputError, match="all are 0"):
        streams.mechanism_shares(changed(**dict.fromkeys(five, 0.0)))


def test_causes_close_at_their_share_and_complaint_and_press_grow_with_what_is_seen():
    four = {"close_per_day": 0.01, "close_owner": 0.4, "close_complaint": 0.3, "close_press": 0.2,
            "close_inspection": 0.1}  # fmt: skip
    made = streams.hazards(changed(**four))
    for code, scene in enumerate(SCENES):
        more = facts().value(f"complaint_factor_{scene}")
        assert made[code] == pytest.approx([0.004, 0.003 * more, 0.002 * more, 0.001])
    with pytest.raises(InputError, match="closes streams"):
        streams.hazards(changed(**{**dict.fromkeys(four, 0.0), "close_per_day": 0.01}))


def test_arrivals_are_scans_times_the_chance_to_be_listed():
    case = changed()
    leaks = case.leaks
    rate = leaks.scans_per_camera_year.number * leaks.p_listed.number / 365.25
    assert streams.arrivals_per_day(case, 1_000.0) == pytest.approx(1_000.0 * rate)
    highest = leaks.scans_per_camera_year.range[1] * leaks.p_listed.range[1] / 365.25
    assert streams.arrivals_per_day(case, 1_000.0, upper=True) == pytest.approx(1_000.0 * highest)
