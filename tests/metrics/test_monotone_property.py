"""Monotone where theory says so: stronger masks, coarser dyadic grids, more acts, more people to be confused with."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import privacysim as ps
from privacysim.attacks import reidentification_risk, released_table
from privacysim.exposure import index_acts, measure_exposure
from privacysim.metrics import METRICS, parts, readings
from privacysim.simulation.replicate import Choice as _Chosen
from privacysim.simulation.replicate import replicate_of
from privacysim.simulation.unit import people_seen

STRONGER = {
    "pixelate": ["none", "pixelate:16", "pixelate:8", "pixelate:4", "pixelate:2", "pixelate:1", "box"],
    "gaussian": ["none", "gaussian:0.0625", "gaussian:0.125", "gaussian:0.25", "gaussian:0.5", "box"],
    "ksame": ["none", "ksame:2", "ksame:5", "ksame:10", "ksame:50"],
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(STRONGER)), st.floats(0.5, 60.0), st.sampled_from([2, 40, 150, 100_000]),
       st.booleans(), st.sampled_from(["low", "high"]))  # fmt: skip
def test_a_stronger_mask_never_tells_more(family, px, gallery, frontal, curve):
    told = [float(ps.identifiability(mask, px, frontal, gallery, curve)) for mask in STRONGER[family]]
    assert all(after <= before + 1e-12 for before, after in pairwise(told)), told


@cache
def looked_at():
    """What is watched in a week of a district under open access, and one block of people."""
    inputs = ps.Study("preview", policies=["open_access"], sample=3_000).inputs(0)
    whole = replicate_of(inputs, 0)
    [log] = whole.logs.values()
    acts = log.acts[log.acts["audience"] > 0]
    return whole.seen(0), acts


def metrics_of(choices: list[pd.DataFrame]) -> list[dict[tuple[str, str], float]]:
    """Every metric of people (exact ones), for each choice of acts on the same people."""
    seen, _ = looked_at()
    found = measure_exposure(seen.pieces, seen.block,
                             index_acts([_Chosen(str(n), acts) for n, acts in enumerate(choices)]))  # fmt: skip
    names = [name for name, one in METRICS.items() if one.of == "people" and one.sample == "exact"]
    return [
        {(name, r.curve): float(r.value) for name, r in readings(parts(people_seen(found, n, seen.block), None,
                                                                       names=names)) if r.value is not None}
        for n in range(len(choices))
    ]  # fmt: skip


@pytest.mark.parametrize("family", STRONGER)
def test_no_metric_of_people_rises_under_a_stronger_mask(family):
    _, acts = looked_at()
    words = [acts.assign(mask=pd.Series(mask, index=acts.index, dtype="str")) for mask in STRONGER[family]]
    found = metrics_of(words)
    assert sum(value > 0 for value in found[0].values()) > 10
    for weaker, stronger in pairwise(found):
        for key, value in stronger.items():
            assert value <= weaker[key] * (1 + 1e-9) + 1e-12, (key, weaker[key], value)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1_000))
def test_no_metric_of_people_falls_when_more_acts_are_looked_at(seed):
    """Nested draws of the acts: half of them are among all of them."""
    _, acts = looked_at()
    order = np.random.default_rng(seed).permutation(len(acts))
    found = metrics_of([acts.iloc[np.sort(order[: len(acts) // part])] for part in (8, 4, 2, 1)])
    for fewer, more in pairwise(found):
        for key, value in fewer.items():
            assert more[key] >= value * (1 - 1e-9) - 1e-12, key


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["location", "time"]))
def test_coarser_dyadic_cells_and_windows_never_raise_anybodys_risk(seed, attack):
    rng = np.random.default_rng(seed)
    n = 40 * 8
    frame = pd.DataFrame({"user": np.repeat(np.arange(40), 8), "x": rng.uniform(0, 800, n), "y": rng.uniform(0, 800, n),
                          "t": rng.uniform(0, 86_400, n)})  # fmt: skip
    last = None
    for cell, window in ((100.0, 3_600.0), (200.0, 7_200.0), (400.0, 14_400.0), (800.0, 28_800.0)):
        found = reidentification_risk(frame, 2, attack, time="t", cell_m=cell, window_s=window)
        found = found.set_index("user")[["risk_mean", "risk_median", "risk_q95", "risk_max", "share_unique"]]
        assert last is None or (found <= last + 1e-12).all(axis=None)
        last = found


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_coarser_quasi_identifiers_never_lower_k_and_never_raise_t(seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"age": rng.integers(0, 64, 300), "place": rng.choice(["clinic", "bank", "hotel"], 300)})
    found = [released_table(table.assign(age=table["age"] // width), ["age"], "place") for width in (1, 2, 4, 8, 16)]
    for fine, coarse in pairwise(found):
        assert coarse.k >= fine.k
        assert coarse.l_distinct >= fine.l_distinct
        assert coarse.t <= fine.t + 1e-12
        assert coarse.unique_rows <= fine.unique_rows
