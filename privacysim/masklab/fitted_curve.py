"""Fits the recognition curve to measured rates: fit, covariance, held-out error, equivalent cells, tracks.

d'(px) = d_max·px^h/(px^h + px50^h), P(N) = ∫ φ(x − d') Φ(x)^(N−1) dx (binormal, low branch). The high branch is the
beta-binomial of `privacysim.identify`. Galleries of 2 to 40 were measured. Beyond 10³ both branches are extrapolations
and differ by many points (`branches`), so neither is ever shown alone.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.identify import Fit, cells, fits, rank_one
from privacysim.masklab.mask_base import Mask, MeasuredElsewhere
from privacysim.resources import shipped

GALLERIES = (2, 3, 5, 7, 10, 15, 20, 30, 40)
EXTRAPOLATED_BEYOND = 1_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Fit with its covariance (d_max, px50, h) from a bootstrap over people, and its errors in points (100 × P)."""

    fit: Fit
    covariance: Floats
    rmse_points: float
    held_out_points: float


def fit_surface(px: Sequence[float], rates: Floats, galleries: Sequence[int] = GALLERIES) -> tuple[Fit, float]:
    """Least-squares fit to the rank-1 surface `rates` (sizes, galleries): the fit and its RMSE in points."""
    sizes = np.asarray(px, dtype=np.float64)

    def misfit(parameters: Floats) -> Floats:
        d = Fit(*np.exp(parameters)).d_prime(sizes)
        return np.stack([rank_one(d, n) for n in galleries], axis=1).ravel() - rates.ravel()

    bounds = (np.log([0.05, 0.1, 0.2]), np.log([12.0, 200.0, 12.0]))
    found = least_squares(misfit, np.log([3.5, 3.0, 2.2]), bounds=bounds)
    return Fit(*(float(v) for v in np.exp(found.x))), 100.0 * float(np.sqrt((found.fun**2).mean()))


def fit_curve(px: Sequence[float], by_person: Floats, galleries: Sequence[int] = GALLERIES, resamples: int = 60
              ) -> Curve:  # fmt: skip
    """Fit the curve, its covariance and held-out error to `by_person`: rank-1 (sizes, people, galleries) per person.

    Held-out error: each gallery size in turn is predicted by a fit to the others, and the errors are pooled.
    """
    rates = by_person.mean(axis=1)
    fit, rmse = fit_surface(px, rates, galleries)
    draw = np.random.default_rng(0)
    again = []
    for _ in range(resamples):
        people = draw.integers(0, by_person.shape[1], by_person.shape[1])
        other, _ = fit_surface(px, by_person[:, people].mean(axis=1), galleries)
        again.append([other.d_max, other.px50, other.h])
    return Curve(fit, np.cov(np.array(again).T), rmse, held_out(px, rates, galleries))


def held_out(px: Sequence[float], rates: Floats, galleries: Sequence[int] = GALLERIES) -> float:
    """RMSE in points on galleries that the fit has not seen, each left out once."""
    errors = []
    for column, gallery in enumerate(galleries):
        others = [i for i in range(len(galleries)) if i != column]
        fit, _ = fit_surface(px, rates[:, others], [galleries[i] for i in others])
        errors.append(rank_one(fit.d_prime(np.asarray(px, dtype=np.float64)), gallery) - rates[:, column])
    return 100.0 * float(np.sqrt(np.mean(np.square(errors))))


def d_prime_of(rate: float, gallery: int = 40) -> float:
    """d' whose binormal rank-1 among `gallery` people is `rate`; 0 at or below chance.

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
    if d_prime <= 0.0:
        return 0.0
    if d_prime >= fit.d_max:
        return most
    return min(most, fit.px50 * (d_prime / (fit.d_max - d_prime)) ** (1.0 / fit.h))


def branches(
    d_prime: float, galleries: Sequence[int] = (1_000, 10_000, 1_000_000, 10_000_000)
) -> list[tuple[int, float, float]]:
    """Compare the two extrapolations: (gallery, low, high)."""
    return [(n, float(rank_one(d_prime, n)[0]), float(rank_one(d_prime, n, "high")[0])) for n in galleries]


def equivalent_cells(mask: Mask, face_px: float, one_frame: bool = False) -> float:
    """Cells across a face of `face_px` that a mask leaves, from its construction where possible, else as measured.

    `one_frame`: for masks that draw anew for each frame, what one frame leaves (default: what a track of them does).
    Raises InputError for a mask without measurement.
    """
    try:
        return mask.cells(face_px)
    except MeasuredElsewhere:
        return min(face_px, cells(mask.name, one_frame))


def identified_with(fit_name: str, px: float, gallery: int, images: int = 8) -> tuple[float, float]:
    """P(identified), low and high, for an attacker who holds `images` of each person (1 to 8)."""
    d = float(fits()[fit_name].d_prime(px)) * images_factor(images)
    return float(rank_one(d, gallery)[0]), float(rank_one(d, gallery, "high")[0])


@lru_cache(maxsize=16)
def images_factor(images: int) -> float:
    """d' with that many images a person as a share of d' with eight; interpolated in log images."""
    if images < 1:
        raise InputError("images", "at least one image a person", images, "write 1 to 8")
    with shipped("data/masking/images.csv").open(newline="", encoding="utf-8") as stream:
        points = [(float(row["images"]), float(row["factor"])) for row in csv.DictReader(stream)]
    return float(np.interp(math.log(images), np.log([p[0] for p in points]), [p[1] for p in points]))


def track_identified(
    p_masked: float, p_clear: float, p_miss: float, frames: float, correlation: float | None = None
) -> float:
    """P(identified) over a track of `frames`, each of which escapes the mask with probability `p_miss`.

    Per frame p = p_miss·p_clear + (1 − p_miss)·p_masked. Frames are correlated, so n of them are worth
    n_eff = 1 + (n − 1)·(1 − ρ) independent ones (fact `track_frame_correlation`): 1 − (1 − p)^n_eff.

    >>> round(track_identified(0.0, 0.5, 0.1, 21.0, correlation=0.95), 4)
    0.0975
    """
    rho = facts().value("track_frame_correlation") if correlation is None else correlation
    if not (0.0 <= rho <= 1.0 and 0.0 <= p_miss <= 1.0):
        raise InputError("track", "chances and a correlation between 0 and 1", f"{p_miss}, {rho}", "mend them")
    each = p_miss * p_clear + (1.0 - p_miss) * p_masked
    return 1.0 - (1.0 - each) ** (1.0 + max(0.0, frames - 1.0) * (1.0 - rho))


def verdict(rate: float, chance: float, clear: float) -> str:
    """Grade a mask in one word, by the share of the clear face's excess over chance that is left.

    `complete`: within 2 points of chance; `strong`: at most a tenth of the excess; `weak`: at most 70 %; `cosmetic`.

    >>> verdict(0.025, 0.025, 0.99), verdict(0.10, 0.025, 0.99), verdict(0.6, 0.025, 0.99), verdict(0.95, 0.025, 0.99)
    ('complete', 'strong', 'weak', 'cosmetic')
    """
    left = (rate - chance) / max(clear - chance, 1e-9)
    if rate - chance <= 0.02:
        return "complete"
    return "strong" if left <= 0.10 else "weak" if left <= 0.70 else "cosmetic"
