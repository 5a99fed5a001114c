"""A sample against everybody in the district: the same Log, and every total within four standard errors."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from tests.helpers.everybody import against_everybody, same_log, sample_estimates

PLAN = {"scenario": "guangzhou_district", "policies": ["notice_only", "open_access"], "days": 7, "replicates": 1,
        "seed": 185}  # fmt: skip


def test_log_is_the_same_bytes_for_every_sample_size():
    some, everybody = (ps.Study(**PLAN, sample=size).inputs(0) for size in (500, "all"))
    assert same_log(some, everybody)
    other = ps.Study(**{**PLAN, "seed": 186}, sample=500).inputs(0)
    assert not same_log(some, other)


def test_totals_of_a_sample_lie_within_four_standard_errors_of_everybody():
    everybody = ps.Study(**PLAN, sample="all").run(workers=1)
    table = against_everybody(ps.Study(**PLAN, sample=20_000).inputs(0), everybody.metrics)
    some = table[table["everybody"] > 0]
    assert len(some) > 12
    assert some["distance"].max() <= 4.0
    assert some["distance"].median() > 0.01, "the sample is not everybody: some distance there must be"


def test_a_sample_of_everybody_has_no_error():
    estimates = sample_estimates(ps.Study(**PLAN, sample=100_000).inputs(0))
    assert max(found.error for found in estimates.values()) == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite([found.total for found in estimates.values()]).all()
