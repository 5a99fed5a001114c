"""The recognition curve: its fit to measured rates, and the measured tables as pandas frames.

`privacysim.identify.recognition_curve` gives the equations. Galleries of 2 to 40 were measured. Beyond 10³ both
branches are extrapolations and differ by many points (`branches`), so neither is ever shown alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq, least_squares

from privacysim.draws import Floats
from privacysim.errors import refuse_unknown
from privacysim.identify import Fit, rank_one
from privacysim.resources import shipped

EXTRAPOLATED_BEYOND = 1_000
_FAR = (1_000, 10_000, 1_000_000, 10_000_000)
TABLES = ("covariance", "curve", "embedding", "images", "masks", "open_set", "table")
Point = tuple[float, float, float, float]
"""Measurement: px, rank-1, and the ends of its interval."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Fit with its covariance (d_max, px50, h) from a bootstrap over people, and its errors in points (100 × P)."""

    fit: Fit
    covariance: Floats
    rmse_points: float
    held_out_points: float


def fit_surface(px: Sequence[float], rates: Floats, galleries: Sequence[int]) -> tuple[Fit, float]:
    """Least-squares fit to the rank-1 surface `rates` (sizes, galleries): the fit and its RMSE in points."""
    sizes = np.asarray(px, dtype=np.float64)

    def misfit(parameters: Floats) -> Floats:
        d = Fit(*np.exp(parameters)).d_prime(sizes)
        return np.stack([rank_one(d, n) for n in galleries], axis=1).ravel() - rates.ravel()

    bounds = (np.log([0.05, 0.1, 0.2]), np.log([12.0, 200.0, 12.0]))
    found = least_squares(misfit, np.log([3.5, 3.0, 2.2]), bounds=bounds)
    return Fit(*(float(v) for v in np.exp(found.x))), 100.0 * float(np.sqrt((found.fun**2).mean()))


def fit_curve(px: Sequence[float], by_person: Floats, galleries: Sequence[int], resamples: int = 60) -> Curve:
    """Fit the curve, its covariance and held-out error to `by_person`: rank-1 (sizes, people, galleries) per person."""
    rates = by_person.mean(axis=1)
    fit, rmse = fit_surface(px, rates, galleries)
    draw = np.random.default_rng(0)
    again = []
    for _ in range(resamples):
        people = draw.integers(0, by_person.shape[1], by_person.shape[1])
        other, _ = fit_surface(px, by_person[:, people].mean(axis=1), galleries)
        again.append([other.d_max, other.px50, other.h])
    return Curve(fit, np.cov(np.array(again).T), rmse, held_out(px, rates, galleries))


def held_out(px: Sequence[float], rates: Floats, galleries: Sequence[int]) -> float:
    """RMSE in points on galleries that the fit has not seen: each in turn is predicted by a fit to the others."""
    errors = []
    for column, gallery in enumerate(galleries):
        fit, _ = fit_surface(px, np.delete(rates, column, axis=1), [n for n in galleries if n != gallery])
        errors.append(rank_one(fit.d_prime(px), gallery) - rates[:, column])
    return 100.0 * float(np.sqrt(np.mean(np.square(errors))))


def d_prime_of(rate: float, gallery: int = 40) -> float:
    """d' whose binormal rank-1 among `gallery` people is `rate`; 0 at or below chance, at most 8.

    >>> round(d_prime_of(float(rank_one(2.0, 40)[0])), 6)
    2.0
    """
    if rate <= 1.0 / gallery:
        return 0.0
    if rate >= float(rank_one(8.0, gallery)[0]):
        return 8.0
    return float(brentq(lambda d: float(rank_one(d, gallery)[0]) - rate, 0.0, 8.0))


def cells_of(d_prime: float, fit: Fit, most: float = 64.0) -> float:
    """Cells across the face with that d', by the inverse of the Hill curve; at most `most`."""
    if d_prime >= fit.d_max:
        return most
    return min(most, fit.px50 * (d_prime / (fit.d_max - d_prime)) ** (1.0 / fit.h))


def branches(d_prime: float, galleries: Sequence[int] = _FAR) -> list[tuple[int, float, float]]:
    """The two extrapolations: (gallery, low, high)."""
    return [(n, float(rank_one(d_prime, n)[0]), float(rank_one(d_prime, n, "high")[0])) for n in galleries]


def verdict(rate: float, chance: float, clear: float) -> str:
    """Grade a mask in one word, by the share of the clear face's excess over chance that is left.

    `complete`: within 2 points of chance; `strong`: at most a tenth of the excess; `weak`: at most 70 %; `cosmetic`.

    >>> verdict(0.025, 0.025, 0.99), verdict(0.10, 0.025, 0.99), verdict(0.6, 0.025, 0.99), verdict(0.95, 0.025, 0.99)
    ('complete', 'strong', 'weak', 'cosmetic')
    """
    left = 0.0 if rate - chance <= 0.02 else (rate - chance) / max(clear - chance, 1e-9)
    return "complete" if left <= 0.0 else "strong" if left <= 0.10 else "weak" if left <= 0.70 else "cosmetic"


def measured(name: str = "masks") -> pd.DataFrame:
    """Load one of the measured tables: `masks` (one row a mask, with its verdict), `table` (every attack), `curve` …

    >>> measured("curve").fit.tolist()
    ['cctv', 'clean']
    """
    refuse_unknown(name, TABLES, "table", "one of " + ", ".join(TABLES))
    return pd.read_csv(shipped(f"data/masking/{name}.csv"))


def naive_beside_strongest() -> pd.DataFrame:
    """Table of each mask on clear, aligned faces: the naive attack, the strongest with its interval, and the verdict.

    Columns: mask, naive, strongest, low, high (rank-1 among all, 0 to 1), by (level, frames if averaged), chance,
    legal, verdict; the leakiest mask first.
    """
    rows = measured("table")
    rows = rows[(rows["images"] == 8) & (rows["mask"] != "none")]
    best = rows.loc[rows.groupby("mask").rank1.idxmax()].set_index("mask")
    named = measured("masks").replace({"mask": {"silhouette_of_face": "silhouette"}}).set_index("mask")
    made = best[["naive", "rank1", "low", "high"]].rename(columns={"rank1": "strongest"})
    frames = best.frames.map(lambda n: f", {n} frames" if n > 1 else "")
    made = made.assign(by=best.level + frames, chance=best.chance, legal=named.legal, verdict=named.verdict)
    return made.sort_values(["strongest", "naive"], ascending=False).reset_index()


def measured_points(table: pd.DataFrame | None = None) -> dict[str, list[Point]]:
    """Measurements behind each fit: (px, rank-1 among all, low, high) of the trained attack on unmasked faces."""
    every = measured("table") if table is None else table
    rows = every.query("mask == 'none' and level == 'trained' and images == 8")
    return {str(camera): list(some[["px", "rank1", "low", "high"]].astype(float).itertuples(index=False, name=None))
            for camera, some in rows.groupby("camera")}  # fmt: skip
