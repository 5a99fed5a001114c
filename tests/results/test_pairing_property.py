"""What pairing on the replicate buys: two days less of footage, the same city, people and chances.

Requests lost to retention, every holder keeping 28 days against 30 under the notice alone, steady start, 30 days of a
part of the city. Were the lost ones of 30 days Poisson with mean λ, and those that two days more lose Poisson with mean
μ, the difference would have the variance μ and two unpaired runs 2λ + μ: what is left is μ / (2λ + μ).

Measured over 200 replicates (`run.py test --slow -k pairing`, 44 CPU s): 41.8 lost with 30 days and 50.6 with 28;
paired variance 31.0, unpaired 356.4; what is left 0.087 [0.067, 0.114], correlation 0.917. With only the 30 days of
article 17 of Order 799 made 28 (small places and homes as they are): 0.0070 [0.0048, 0.0104], correlation 0.993.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

import privacysim as ps

METRIC = "requests_lost_to_retention"
HEADLINE = ("people_identified_by_outsiders", "cameras_listed", "cases_with_admissible_evidence", METRIC)


def every_holder(folder) -> list:
    return [ps.Reform("notice_only", retention=f"{days} d", name=f"kept_{days}_days") for days in (30, 28)]


def article_17(folder) -> list:
    made = []
    for days in (30, 28):
        path = folder / f"kept_{days}_days.toml"
        path.write_text(f"""
            id = "kept_{days}_days"
            extends = "order_799"
            title = {{en = "Article 17 with {days} days"}}
            status = "hypothetical"
            [retention.public]
            keep = "{days} d"
            assumption = "asked"
        """)
        made.append(str(path))
    return made


def variance_ratio(b: np.ndarray, a: np.ndarray) -> float:
    """What is left of an unpaired comparison's variance; its interval below is the jackknife's, on the logarithm."""
    return float((b - a).var(ddof=1) / (b.var(ddof=1) + a.var(ddof=1)))


def paired(policies, replicates: int) -> tuple[pd.Series, pd.DataFrame]:
    study = ps.Study(scenario="guangzhou_part", policies=policies, baseline="kept_30_days", start="steady", days=30,
                     sample=100, replicates=replicates)  # fmt: skip
    results = study.run(workers=1, progress=False)
    lost = results.metrics[results.metrics["metric"] == METRIC]
    wide = lost.pivot(index="replicate", columns="policy", values="value")
    b, a = wide["kept_28_days"].to_numpy(), wide["kept_30_days"].to_numpy()
    whole = variance_ratio(b, a)
    without = np.log([variance_ratio(np.delete(b, k), np.delete(a, k)) for k in range(len(a))])
    half = float(stdtrit(len(a) - 1, 0.975)) * np.sqrt((len(a) - 1) / len(a) * ((without - without.mean()) ** 2).sum())
    return pd.Series({"n": len(a), "correlation": np.corrcoef(b, a)[0, 1], "variance_ratio": whole,
                      "low": whole * np.exp(-half), "high": whole * np.exp(half)}), wide  # fmt: skip


def test_two_days_less_lose_more_requests_and_pairing_takes_most_of_the_noise_away(tmp_path):
    row, lost = paired(every_holder(tmp_path), 20)
    assert (lost["kept_28_days"] - lost["kept_30_days"]).mean() > 0
    assert row["correlation"] > 0.8
    assert row["variance_ratio"] < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("arms", [every_holder, article_17])
def test_paired_variance_is_at_most_a_tenth_of_the_unpaired_over_200_replicates(arms, tmp_path):
    row, lost = paired(arms(tmp_path), 200)
    print(row.to_string(), lost.agg(["mean", "var"]).to_string(), sep="\n")
    assert row["n"] == 200
    assert row["variance_ratio"] <= 0.1
    assert row["low"] < row["variance_ratio"] < row["high"] < 0.15
    left, more = lost["kept_30_days"].mean(), (lost["kept_28_days"] - lost["kept_30_days"]).mean()
    assert row["variance_ratio"] <= 1.5 * more / (2 * left + more), "no more than what Poisson counts would leave"
