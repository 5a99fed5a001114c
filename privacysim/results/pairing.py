"""Variance reduction from pairing by replicate, measured for each metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from privacysim.stats import correlation, variance_ratio

COLUMNS = ["metric", "curve", "policy", "n", "correlation", "variance_ratio", "low", "high"]


def pairing(metrics: pd.DataFrame, baseline: str, arms: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Correlation of each arm's replicate values with the baseline's, and Var(B − A) / (Var B + Var A) with interval.

    One row per metric, curve and arm for which both vary and differ; otherwise no correlation is defined.
    """
    wide = metrics[metrics["metric"].isin(names)].pivot_table(
        index="replicate", columns=["metric", "curve", "policy"], values="value", observed=True, sort=True
    )  # fmt: skip
    rows = []
    for name in names:
        found = {str(key[1]) for key in wide.columns if key[0] == name}
        curves = [curve for curve in ("", "low", "high") if curve in found]
        for curve in curves:
            for arm in arms:
                keys = [(name, curve, arm), (name, curve, baseline)]
                if arm == baseline or not all(key in wide.columns for key in keys):
                    continue
                both = wide[keys].dropna().to_numpy()
                if len(both) < 3 or (both[:, 0] == both[:, 1]).all():
                    continue
                r, left = correlation(both[:, 0], both[:, 1]), variance_ratio(both[:, 0], both[:, 1])
                if r is None or left is None:
                    continue
                ends = [math.nan if end is None else end for end in (left.low, left.high)]
                rows.append((name, curve, arm, len(both), r, left.value, *ends))
    return pd.DataFrame(rows, columns=COLUMNS)
