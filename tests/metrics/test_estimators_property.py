"""What a sample can tell: exact metrics are unbiased at any size, consistent ones lose their bias as it grows.

In a district everybody can be run, so the truth is known: 60 samples (200 among the long sets, which see biases half as
large) are drawn from the very people whose exposure was measured (a person is the same in every sample), and each
metric's mean over samples is held to the value of everybody.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.exposure import SearchedSums, measure_exposure
from privacysim.metrics import METRICS, Footage, PeopleSeen, parts, readings
from privacysim.people import draw_sample
from privacysim.simulation.replicate import blocks_of, replicate_of
from privacysim.simulation.unit import footage_seen, people_seen
from privacysim.vocabulary import GROUPS, LEGALITIES

SIZES = (500, 8_000, 40_000)
each_number_of_samples = pytest.mark.parametrize("samples", [60, pytest.param(200, marks=pytest.mark.slow)])
STUDENT, OUTSIDERS = GROUPS.index("student"), len(LEGALITIES)
FEWEST = 5
"""Effective contributors below which a sample says nothing of its bias."""
PLAN = {"scenario": "guangzhou_district", "policies": ["notice_only", "open_access"], "days": 7, "sample": "all",
        "seed": 185}  # fmt: skip


@cache
def everybody():
    """The study's inputs and world, and by arm the exposure of all people of its city."""
    inputs = ps.Study(**PLAN).inputs(0)
    whole = replicate_of(inputs, 0)
    arms: dict[str, list[PeopleSeen]] = {arm: [] for arm in inputs.arm_ids}
    for block in range(blocks_of(inputs)):
        them = whole.seen(block)
        exposure = measure_exposure(them.pieces, them.block, whole.acts)
        sums = SearchedSums(them.block, whole.searches)
        sums.add(them.pieces)
        faces = sums.searched()
        for n, made in enumerate(arms.values()):
            seen = people_seen(exposure, n, them.block, faces)
            # hardly any search by face falls into one district's week: some are given to every fiftieth person
            given = them.block.person_id % 7 * (them.block.person_id % 50 == 0)
            # and outsiders name few students: they have a chance to name every tenth, and each of 40 they look for
            named = seen.p_identified.copy()
            named[(them.block.group == STUDENT) & (them.block.person_id % 10 == 0), OUTSIDERS:] += 0.01
            made.append(replace(seen, faces_searched=seen.faces_searched + given, false_alarms=given / 10,
                                p_identified=np.minimum(named, 1.0), targeted=np.full((40, 6, 2), 0.1)))  # fmt: skip
    return inputs, whole, {arm: joined(made) for arm, made in arms.items()}


def joined(blocks):
    """Blocks of people, or of footage, as one."""
    kept = {f.name: np.concatenate([getattr(one, f.name) for one in blocks])
            for f in fields(blocks[0]) if f.name not in {"days", "targeted"}}  # fmt: skip
    return replace(blocks[0], **kept)


def some(seen, ids, weight):
    """The sample's rows of everybody's."""
    kept = {f.name: getattr(seen, f.name)[ids] for f in fields(seen) if f.name not in {"days", "weight", "targeted"}}
    return replace(seen, weight=weight, **kept)


def values(seen) -> dict[tuple[str, str], tuple[float, int]]:
    footage = isinstance(seen, Footage)
    names = [n for n, one in METRICS.items() if one.of == ("footage" if footage else "people")]
    found = readings(parts(None, None, seen, names) if footage else parts(seen, None, None, names))
    return {(name, r.curve): (r.value, r.contributors) for name, r in found if r.value is not None}


def over_samples(seen, draw, sizes, samples) -> pd.DataFrame:
    """Metric, curve and size → truth, mean over samples of that size, standard error of the mean, mean contributors."""
    truth, rows = values(seen), []
    for size in sizes:
        found: dict[tuple[str, str], list] = {key: [] for key in truth}
        for n in range(samples):
            for key, one in values(some(seen, *draw(size, n))).items():
                found[key].append(one)
        for (name, curve), made in found.items():
            if len(made) < samples:  # undefined in some samples: nobody in it was exposed
                continue
            value, count = np.asarray(made, dtype=np.float64).T
            rows.append((name, curve, METRICS[name].sample, size, truth[name, curve][0], value.mean(),
                         value.std(ddof=1) / np.sqrt(samples), count.mean()))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["metric", "curve", "sample", "n", "truth", "mean", "se", "contributors"])
    return frame.assign(bias=frame["mean"] - frame["truth"])


def samples_of_the_city(size, n):
    inputs, _, _ = everybody()
    whole = replicate_of(inputs, 0)
    drawn = draw_sample(whole.world.city, inputs.scenario, 185, 1_000 + n, size)
    return drawn.ids, drawn.weight


@cache
def of_people(samples: int) -> pd.DataFrame:
    found = [over_samples(seen, samples_of_the_city, SIZES, samples).assign(arm=arm)
             for arm, seen in everybody()[2].items()]  # fmt: skip
    return pd.concat(found, ignore_index=True)


def unbiased(table: pd.DataFrame) -> None:
    exact = table[(table["sample"] == "exact") & (table["contributors"] >= FEWEST)]
    wrong = exact[exact["bias"].abs() > 3.0 * exact["se"] + 1e-9 * exact["truth"].abs()]
    assert wrong.empty, wrong.to_string()


@each_number_of_samples
def test_every_exact_metric_of_people_is_unbiased(samples):
    table = of_people(samples)
    unbiased(table)
    tested = set(table.loc[(table["sample"] == "exact") & (table["contributors"] >= FEWEST), "metric"])
    assert tested == {name for name, one in METRICS.items() if one.of == "people" and one.sample == "exact"}


@each_number_of_samples
def test_the_bias_of_every_consistent_metric_shrinks_as_the_sample_grows(samples):
    table = of_people(samples)
    wide = table[table["sample"] == "consistent"].pivot(index=["arm", "metric", "curve"], columns="n").dropna()
    assert len(wide) >= 6
    # theory: bias O(1/n). Where one person bears nearly everything (Gini 0.9999 under notice_only) that holds only once
    # most samples hold her, so what is asked for is less: smaller at each step, or nothing that the samples can see
    for fewer, more in pairwise(SIZES):
        seen = wide["bias"][more].abs() > 3.0 * wide["se"][more]
        assert (~seen | (wide["bias"][more].abs() < wide["bias"][fewer].abs())).all(), wide.to_string()
    # and sixteen times the people take at least three quarters of it where no single person decides
    spread = wide.xs("open_access", level="arm")
    left = spread["bias"][8_000].abs() - 3.0 * spread["se"][8_000]
    assert (left <= spread["bias"][500].abs() / 4.0).all(), spread.to_string()


@each_number_of_samples
def test_census_metrics_of_a_sample_are_indeed_wrong(samples):
    """Why they refuse it: the largest chance of anybody is missed by every sample that does not hold her."""
    table = of_people(samples)
    census = table[(table["sample"] == "census") & (table["n"] == 500)]
    assert len(census) >= 1
    assert (census["bias"] < -3.0 * census["se"]).all()


def test_every_metric_of_records_is_the_same_for_every_sample():
    """They look at the Log, and the Log does not know the sample (its bytes are compared in test_everybody.py)."""
    for name, one in METRICS.items():
        if one.of == "records":
            assert one.part.__doc__
            assert parts(everybody()[2]["open_access"], None, None, [name]) == {}


@pytest.mark.slow
def test_every_exact_metric_of_footage_is_unbiased_over_200_samples():
    inputs, whole, _ = everybody()
    filmed = joined([footage_seen(whole, whole.seen(block))[0] for block in range(blocks_of(inputs))])
    table = over_samples(filmed, samples_of_the_city, SIZES[:2], 200)
    assert set(table["metric"]) == {name for name, one in METRICS.items() if one.of == "footage"}
    unbiased(table)
