"""Checks a sample: compares its totals with those of all residents, using the standard error of its design."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.draws import stream_key, uniform
from privacysim.exposure import measure_exposure, targeted
from privacysim.governance import Log
from privacysim.metrics import METRICS, PeopleSeen, totals_by_curve
from privacysim.people import residents
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, blocks_of, replicate_of
from privacysim.simulation.unit import people_seen
from privacysim.stats import effective
from privacysim.vocabulary import CURVES, GROUPS

FEWEST_CONTRIBUTORS = 30
_SPLITS = 50
"""Number of random parts of each stratum, from which the variance of its total is estimated."""


@dataclass(frozen=True)
class Estimate:
    """A sample's total of a metric, and its design-based standard error."""

    total: float
    error: float
    contributors: int


def log_digest(log: Log) -> str:
    """Hash of all tables of a Log as Parquet bytes; it does not depend on the sample size."""
    whole = hashlib.sha256()
    for name in ("requests", "acts", "incidents", "audits", "custody"):
        kept = io.BytesIO()
        tables.write(name, getattr(log, name), kept)
        whole.update(kept.getvalue())
    return whole.hexdigest()


def sample_estimates(inputs: Inputs, k: int = 0) -> dict[tuple[str, str, str], Estimate]:
    """(arm, metric, curve) → the sample's total and its design-based standard error, for the metrics of people.

    Strata are the population groups h, with n_h of N_h people drawn: SE² = Σ_h N_h² (1 − n_h/N_h) s_h²/n_h (Cochran
    1977, §5.4). s_h² comes from the totals of random parts of each stratum (random groups, Wolter 2007, ch. 2), so this
    works for any metric that is a weighted sum. The sample is systematic by home zone. This estimate ignores that, so
    the true error is, if anything, smaller. Whoever is looked for is no part of the sample: an amount without an error.
    """
    whole = replicate_of(inputs, k)
    sampled = np.zeros(len(GROUPS))
    sums: dict[tuple[str, str, str], NDArray[np.float64]] = {}
    sought: dict[tuple[str, str, str], float] = {}
    for block in range(blocks_of(inputs)):
        seen = whole.seen(block)
        exposure = measure_exposure(seen.pieces, seen.block, whole.acts)
        stratum = np.asarray(seen.block.group, dtype=np.int64)
        sampled += np.bincount(stratum, minlength=len(GROUPS))
        part = (uniform(stream_key(k, 0, "random groups"), seen.block.person_id) * _SPLITS).astype(np.int64)
        cell = stratum * _SPLITS + part
        order = np.argsort(cell, kind="stable")
        ends = np.searchsorted(cell[order], np.arange(len(GROUPS) * _SPLITS + 1))
        for n, log in enumerate(whole.logs.values()):
            ranked = _chosen(people_seen(exposure, n, seen.block), order)
            targets = replace(_chosen(ranked, slice(0)), targeted=targeted(log.acts, whole.world, whole.coverage))
            sought |= {(log.policy, name, curve): total for name, curve, total, _ in _totals(targets)}
            for at in range(len(GROUPS) * _SPLITS):
                few = _chosen(ranked, slice(ends[at], ends[at + 1]))
                for name, curve, total, contributors in _totals(few):
                    key = (log.policy, name, curve)
                    sums.setdefault(key, np.zeros((2, len(GROUPS) * _SPLITS)))[:, at] += total, contributors
    share = sampled / residents(whole.world.city, whole.world.scenario).group_sizes()
    return {key: _estimate(found.reshape(2, len(GROUPS), _SPLITS), share, sought[key]) for key, found in sums.items()}


def _estimate(sums: NDArray[np.float64], share: NDArray[np.float64], sought: float) -> Estimate:
    parts, contributors = sums
    within = (parts - parts.mean(axis=1, keepdims=True)) ** 2
    variance = (1.0 - share) * _SPLITS / (_SPLITS - 1) * within.sum(axis=1)
    return Estimate(float(parts.sum()) + sought, float(np.sqrt(variance.sum())), round(contributors.sum()))


def _chosen(seen: PeopleSeen, rows: Any) -> PeopleSeen:
    by_person = [field.name for field in fields(seen) if field.name != "targeted"]
    return replace(seen, **{name: getattr(seen, name)[rows] for name in by_person})


def _totals(seen: PeopleSeen) -> Iterator[tuple[str, str, float, float]]:
    for name, one in METRICS.items():
        if one.of == "people" and one.value is totals_by_curve:
            part = one.part(seen)
            yield from ((name, curve, part[curve], effective(part[curve], part[f"squares_{curve}"]))
                        for curve in CURVES if curve in part)  # fmt: skip


def against_everybody(inputs: Inputs, everybody: pd.DataFrame, k: int = 0) -> pd.DataFrame:
    """Compare the sample's totals with those of all residents, for metrics with at least 30 contributors.

    The distance is in standard errors of the sample's design.

    `everybody` is the `metrics` table of a run of the same study with `sample = "all"`.
    """
    known = everybody[everybody["replicate"] == k].set_index(["policy", "metric", "curve"])["value"]
    rows = []
    for (policy, metric, curve), found in sample_estimates(inputs, k).items():
        if found.contributors < FEWEST_CONTRIBUTORS:
            continue
        truth = float(known.get((policy, metric, curve), 0.0))
        away = abs(found.total - truth)
        distance = 0.0 if away <= 1e-9 * abs(truth) else away / found.error if found.error else np.inf
        rows.append((policy, metric, curve, found.total, truth, found.error, distance))
    columns = ["policy", "metric", "curve", "sample", "everybody", "standard_error", "distance"]
    return pd.DataFrame(rows, columns=columns)


def same_log(inputs: Inputs, other: Inputs, k: int = 0) -> bool:
    """Whether two studies that differ only in their sample have byte-identical Logs under every arm."""

    def digests(whole: Replicate) -> list[str]:
        return [log_digest(log) for log in whole.logs.values()]

    return digests(replicate_of(inputs, k)) == digests(replicate_of(other, k))
