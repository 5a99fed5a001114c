"""What all cameras film of a few people, against the single sightings of the same people, row by row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.facts import facts
from privacysim.people import draw_block
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes, sightings
from privacysim.simulation import unit as footage
from privacysim.simulation.replicate import replicate_of

LEVELS = np.array([25.0, 62.0, 125.0, 250.0])
"""Pixels per metre: detect, observe, recognise, identify."""


@pytest.fixture(scope="module")
def filmed():
    """Forty people over two days under two arms that keep footage for different times; eleven people at a time."""
    shorter = ps.Reform("notice_only", retention="7 d", name="kept_7_days")
    inputs = ps.Study("preview", policies=["notice_only", shorter], sample=40, days=2).inputs(0)
    whole = replicate_of(inputs, 0)
    seen = whole.seen(0)
    patch = pytest.MonkeyPatch()
    patch.setattr(footage, "_PEOPLE_AT_ONCE", 11)
    made = footage.footage_seen(whole, seen)
    patch.undo()
    world, block = whole.world, seen.block
    view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    drawn = draw_block(world.city, world.scenario, world.seed, world.k, block.person_id, block.weight, 0, 2)
    return whole, block, made, sightings(passes(drawn, world.city, view, 0, 2), drawn, view, 0)


def test_passes_and_seconds_are_those_of_the_sightings_and_archives_hold_them_for_the_days_kept(filmed):
    whole, block, made, rows = filmed
    row_of = {person: n for n, person in enumerate(block.person_id.tolist())}
    times, seconds = defaultdict(set), np.zeros((len(row_of), 4))
    held = np.zeros((2, len(row_of)))
    custody = [log.custody for log in whole.logs.values()]
    kept = [np.where(one["recording"], one["retention_s"], 0.0) / 86_400.0 for one in custody]
    for one in rows.itertuples():
        person, shown = row_of[one.person_id], one.leave_s - one.enter_s
        times[person].add((one.pass_id, one.day))
        if not one.frontal:
            continue
        good = round(8 * one.face_px) >= np.floor(8 * facts().value("face_width_m") * LEVELS)  # in whole eighths
        seconds[person] += shown * good
        if good[3]:
            held[:, person] += [shown / 2 * days[one.camera_id] for days in kept]
    assert sum(map(len, times.values())) > 100
    assert (seconds.sum(axis=0) > 0).all()
    for arm, film in enumerate(made):
        assert film.passes.tolist() == [len(times[n]) for n in range(len(row_of))]
        assert film.seconds == pytest.approx(seconds)
        assert film.held_s == pytest.approx(held[arm])
        assert film.weight is block.weight
    assert made[0].held_s.sum() != made[1].held_s.sum(), "arms that keep footage for other times hold other amounts"


def test_people_that_a_user_brings_are_the_ones_who_are_filmed():
    frame = pd.DataFrame({"home_place": np.arange(12)})
    whole = replicate_of(ps.Study("preview", policies=["notice_only"], sample=12, days=2, people=frame).inputs(0), 0)
    seen = whole.seen(0)
    assert seen.block.home_place.tolist() == list(range(12))
    (film,) = footage.footage_seen(whole, seen)
    world, block = whole.world, seen.block
    view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    drawn = draw_block(world.city, world.scenario, world.seed, world.k, block.person_id, block.weight, 0, 2,
                       people=frame)  # fmt: skip
    rows = sightings(passes(drawn, world.city, view, 0, 2), drawn, view, 0)
    once = rows[["person_id", "pass_id", "day"]].drop_duplicates()
    assert film.passes.tolist() == [int((once["person_id"] == person).sum()) for person in range(12)]
    assert film.passes.sum() > 0
