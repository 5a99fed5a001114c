"""A small handmade town for the tests of governance, with every operator, requester and mechanism but no people.

It is not realistic: its rates are far too high, so that a few hundred rows reach every branch.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import stream_key, uniforms
from privacysim.files import Quantity
from privacysim.scenario import load_scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.cameras import Cameras
from privacysim.world.campaigns import Lapses
from privacysim.world.chances import Asks, Cases, Clues, Custody, Monitors, Streams
from privacysim.world.clues import sample_searches
from privacysim.world.events import sample_emergencies, sample_rounds
from privacysim.world.streams import sample_hidden

PURPOSE = {
    "public_security": "missing_person", "state_security": "counter_espionage", "procuratorate": "criminal_case",
    "court": "criminal_case", "supervision_commission": "oversight", "other_state_organ": "admin_enforcement",
    "emergency_authority": "emergency", "person_filmed": "data_subject_access",
    "relative_or_guardian": "missing_person", "media": "news", "curious": "curiosity", "contractor": "maintenance",
    "defence_counsel": "defence", "own_staff_on_duty": "live_guard", "company": "commerce",
}


def town(days: int = 30, warmup: int = 60, cameras: int = 600, scenario: str = "guangzhou_185") -> SimpleNamespace:
    """World of the town, with the fields that `simulate` reads."""
    made = SimpleNamespace(
        city=SimpleNamespace(place_category=np.arange(len(words.CATEGORIES), dtype=np.uint8)),
        scenario=load_scenario(scenario), seed=1, k=0, days=days, footage_days=31, warmup_days=warmup,
    )
    made.cameras, made.custody = _cameras(cameras)
    made.cases, made.clues = _cases(900, days, warmup, cameras)
    social = np.flatnonzero(made.cameras.social)
    made.asks = _asks(3_000, days, warmup, social, cameras)
    made.streams = _streams(80, days, warmup, social)
    watched = np.arange(0, cameras, 9)
    made.monitors = Monitors(
        watched, np.full(watched.size, 0.1), 7_000_000 + made.cameras.custodian_id[watched],
        np.zeros((watched.size, 4)),
    )
    made.lapses = _lapses(400, days, warmup, cameras)
    _more(made, cameras, days, warmup)
    return made


def _more(made: SimpleNamespace, cameras: int, days: int, warmup: int) -> None:
    """Add hidden cameras, searches, emergencies and rounds, the parts of the real world that need no city."""
    span = range(-warmup, days)
    scale = {"hidden_per_100k_cameras": 15_000.0, "emergencies_per_year": 90.0, "machine_search_share": 0.3,
             "watchlist_live_share": 0.5}
    for name, section in made.scenario:
        own = {key: Quantity(value=value, assumption="a test") for key, value in scale.items() if hasattr(section, key)}
        if own:
            made.scenario = made.scenario.model_copy(update={name: section.model_copy(update=own)})
    u = _marks("places", len(words.CATEGORIES), 2)
    city = SimpleNamespace(
        place_category=made.city.place_category, place_x=u[:, 0] * 100, place_y=u[:, 1] * 100,
        place_weight=np.ones(len(words.CATEGORIES)),
    )
    made.maintenance, made.inspections, made.complaints = (
        sample_rounds(stream, rate, made.cameras, 1, 0, span)
        for stream, rate in (("maintenance", 2.0), ("inspections", 3.0), ("complaints", 1.0)))
    made.emergencies = sample_emergencies(city, made.scenario, made.cameras, 1, 0, span)  # type: ignore[arg-type]
    made.searches = sample_searches(
        made.scenario, made.cameras, made.cases, 1, 0, first_day=-made.footage_days, days=days
    )
    made.cameras, made.custody, made.hidden = sample_hidden(
        city, made.scenario, made.cameras, made.custody, 1, 0, span  # type: ignore[arg-type]
    )


def _lapses(count: int, days: int, warmup: int, cameras: int) -> Lapses:
    u = _marks("lapses", count, 4)
    ids = np.argsort(u[:, 0])
    u = u[ids]
    size = np.where(np.arange(count) % 5 >= 3, 3, 1)
    start = np.concatenate(([0], np.cumsum(size)))
    camera = (np.repeat((u[:, 1] * cameras).astype(np.int64), size) + 11 * np.arange(start[-1])) % cameras
    return Lapses(
        (1 << 50) + ids.astype(np.int64), (np.arange(count) % 5).astype(np.uint8),
        (u[:, 0] * (days + warmup) * DAY_TICKS).astype(np.int64) - warmup * DAY_TICKS, start, camera,
        np.where(np.arange(count) % 5 == 4, 5_000, size), np.full(count, HOUR_TICKS),
        _marks("lapses.marks", count, 16)[ids], *_yields(np.repeat(np.arange(count) % 5 >= 3, size)),
    )


def _yields(intruders: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
    """Pieces kept and saleable of each camera, and the mark of a security duty."""
    u = _marks("lapses.yield", intruders.size, 2)
    pieces = np.where(intruders, 1 + (u[:, 0] < 0.5), 0)
    return pieces, np.minimum(pieces, 1), u[:, 1]


def _marks(stream: str, count: int, marks: int) -> NDArray[np.float64]:
    return uniforms(stream_key(1, 0, stream), np.arange(count), marks)


def _cameras(count: int) -> tuple[Cameras, Custody]:
    u = _marks("cameras", count, 8)
    operator = np.minimum((u[:, 0] * 5).astype(np.uint8), 4)
    regime = np.array([0, 1, 2, 2, 4], dtype=np.uint8)[operator]
    regime = np.where((operator == 2) & (u[:, 1] < 0.4), 1, regime)
    regime = np.where((operator == 1) & (u[:, 1] < 0.4), 0, regime).astype(np.uint8)
    place = np.where(operator == 0, -1, 1 + (u[:, 2] * (len(words.CATEGORIES) - 1)).astype(np.int64))
    plain, indoor = np.full(count, 2.0, dtype=np.float32), u[:, 4] < 0.5
    holder = (u[:, 3] * count / 3).astype(np.int64) + 1_000 * operator.astype(np.int64)
    scene = np.where(indoor, (u[:, 5] * 4).astype(np.uint8), 0).astype(np.uint8)
    made = Cameras(
        plain, plain, plain, np.full(count, 90, np.float32), np.full(count, 1920, np.int32), plain, plain,
        indoor, place, plain > 0, holder, np.full(count, -1, np.int16), operator, regime, operator >= 2,
        np.zeros(count, np.uint8), scene,
    )
    return made, Custody(u[:, 6] < 0.9, u[:, 7] < 0.1, u[:, 7] < 0.02, u[:, 1], u[:, 3], u[:, 7] > 0.99, u[:, 2],
                         u[:, 5])


def _cases(count: int, days: int, warmup: int, cameras: int) -> tuple[Cases, Clues]:
    u = _marks("cases", count, 24)
    ids = np.argsort(u[:, 0])
    u = u[ids]
    opened = (u[:, 0] * (days + warmup) * DAY_TICKS).astype(np.int64) - warmup * DAY_TICKS
    begin = opened - (u[:, 1] * 2 * DAY_TICKS).astype(np.int64) - HOUR_TICKS
    asks = u[:, 2] < 0.6
    number = np.where(asks, 1 + (u[:, 3] * 7).astype(np.int64), 0)
    asked = opened + (u[:, 5] ** 4 * 30 * DAY_TICKS).astype(np.int64)
    nowhere = np.zeros(count, dtype=np.float32)
    cases = Cases(
        ids.astype(np.int64), np.where(u[:, 23] < 0.1, 1, (u[:, 4] < 0.4) * 2).astype(np.uint8),
        (u[:, 16] * len(words.OFFENCES)).astype(np.uint8), u[:, 17] < 0.8, u[:, 18] < 0.6, u[:, 19] < 0.3,
        np.zeros(count, np.int64), nowhere, nowhere,
        begin, begin + HOUR_TICKS, begin, begin + HOUR_TICKS, opened, asked, asks, number.astype(np.int16), u[:, 8:24],
    )
    start = np.concatenate(([0], np.cumsum(number)))
    row, v = np.repeat(np.arange(count), number), _marks("clues", int(start[-1]), 6)
    seen = (v[:, 1] < 0.9) & cases.covered[row]
    clues = Clues(
        start, ((v[start[row], 0] * cameras).astype(np.int64) + 37 * np.arange(row.size)) % cameras, begin[row],
        begin[row] + HOUR_TICKS, v[:, 2] < 0.5, seen,
        np.where(seen, begin[row] + 100, -1), np.where(seen, begin[row] + 200, -1),
        np.full(row.size, 200, np.uint16), seen & cases.useful[row],
    )
    return cases, clues


def _asks(count: int, days: int, warmup: int, social: NDArray[np.intp], cameras: int) -> Asks:
    u = _marks("asks", count, 8)
    ids = np.argsort(u[:, 0])
    u = u[ids]
    tick = (u[:, 0] * (days + warmup) * DAY_TICKS).astype(np.int64) - warmup * DAY_TICKS
    who = (u[:, 1] * len(words.REQUESTERS)).astype(np.uint8)
    private = who >= len(words.STATE_ORGANS)
    purpose = np.array(
        [words.PURPOSES.index(PURPOSE.get(word, "private_claim")) for word in words.REQUESTERS], dtype=np.uint8
    )[who]
    camera = np.where(private, social[(u[:, 2] * social.size).astype(int)], (u[:, 2] * cameras).astype(np.int64))
    to_tick = tick - (u[:, 3] ** 3 * 20 * DAY_TICKS).astype(np.int64)
    return Asks(
        ids.astype(np.int64), who, purpose, private, u[:, 6] < 0.3, camera, tick, to_tick - 2 * HOUR_TICKS, to_tick,
        (u[:, 4] * 6 * DAY_TICKS).astype(np.int64), (1 << 40) + ids, np.where(private, u[:, 5] * 10, 0.0),
        _marks("asks.marks", count, 8)[ids], 10.0,
    )


def _streams(count: int, days: int, warmup: int, social: NDArray[np.intp]) -> Streams:
    u = _marks("streams", count, 16)
    ids = np.argsort(u[:, 0])
    u = u[ids]
    span = days + 1.3 * warmup
    opened = ((u[:, 0] * span - 1.3 * warmup) * DAY_TICKS).astype(np.int64)
    return Streams(
        ids.astype(np.int64), social[(u[:, 1] * social.size).astype(int)], (u[:, 2] * 5).astype(np.uint8), opened,
        np.maximum(opened, -warmup * DAY_TICKS), -np.log(u[:, 3:7]), np.tile([0.01, 0.006, 0.002, 0.002], (count, 1)),
        5.0 + 100.0 * u[:, 7], np.full(count, 0.07), u[:, 8:16],
    )
