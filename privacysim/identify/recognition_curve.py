"""Measured curve from pixels on a face to the probability of picking the right person among N.

The strength of evidence follows a Hill curve, d' = d_max·eʰ/(eʰ + px50ʰ), with e the cells left across the face. Two
models extrapolate from the measured galleries (2 to 40 people) to larger ones:

- low, binormal: scores of the right and the wrong people are normal, P(N) = ∫ φ(x − d') Φ(x)^(N−1) dx;
- high: per face, the probability that one stranger scores higher is Beta(a, b), so P(N) = B(a, b+N−1)/B(a, b), with
  (a, b) such that P(2) and P(40) are the binormal's; never below the binormal. At d' = 0 that is Beta(1, 1): 1/N.

Fit: `data/masking/curve.csv`, 3 parameters with their standard deviations, made by `privacysim calibrate masks`;
`data/masking/note.md` gives its accuracy and range. Limits: one set of faces, aligned or nearly so; a lower bound for
modern embeddings, an upper one for uncontrolled images; N > 10³ is extrapolated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, log_ndtr, ndtr, poch

from privacysim.errors import InputError, refuse_unknown
from privacysim.resources import shipped

Floats = NDArray[np.float64]

_NODES = 401
_HALVINGS = 200
_ANCHOR = 40  # the largest measured gallery
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters of the Hill curve: largest d', pixels at half of it, steepness."""

    d_max: float
    px50: float
    h: float

    def d_prime(self, face_px: ArrayLike) -> Floats:
        """d' (no unit, ≥ 0) of faces that are `face_px` pixels or cells wide.

        >>> Fit(d_max=4.0, px50=3.0, h=2.0).d_prime([0.0, 3.0, 1e9]).round(3)
        array([0., 2., 4.])
        """
        face = np.asarray(face_px, dtype=np.float64)
        with np.errstate(divide="ignore"):  # a face of 0 px: px50/0 is infinite and d' = 0
            return self.d_max / (1.0 + (self.px50 / face) ** self.h)


@lru_cache(maxsize=1)
def fits() -> dict[str, Fit]:
    """Shipped fits by name: `cctv`, which the model uses, and `clean`, for sweeps."""
    with shipped("data/masking/curve.csv").open(newline="", encoding="utf-8") as stream:
        return {row["fit"]: Fit(*(float(row[key]) for key in ("d_max", "px50", "h"))) for row in csv.DictReader(stream)}


def fit(name: str) -> Fit:
    """Fit of that name; raises InputError for an unknown one."""
    refuse_unknown(name, fits(), "fit", "a fit in data/masking/curve.csv")
    return fits()[name]


def rank_one(d_prime: ArrayLike, gallery: int, curve: str = "low") -> Floats:
    """Probability that the right person scores highest among `gallery` people (≥ 2), for each d' ≥ 0.

    `curve`: `low` (binormal) or `high` (beta-binomial where that is larger). Trapezoid of 401 nodes on
    [−10, d' + 10] in logarithms: 10⁻¹⁵ relative for galleries of 2 to 10⁷ people.

    >>> rank_one([0.0, 3.37], 150).round(4)
    array([0.0067, 0.7495])
    """
    d = np.atleast_1d(np.asarray(d_prime, dtype=np.float64))
    if not (d.size == 0 or (np.isfinite(d).all() and d.min() >= 0.0)):
        raise InputError("d_prime", "numbers ≥ 0", d[~(d >= 0.0)][:1], "mend it")
    people = checked_gallery(gallery)
    refuse_unknown(curve, ("low", "high"), "curve", "low or high")
    low = _binormal(d, people)
    return low if curve == "low" else np.maximum(low, _beta_binomial(d, people))


def checked_gallery(gallery: int) -> int:
    """Check the number of people compared with; verifying one named person is a choice of 2, never of 1."""
    if int(gallery) != gallery or gallery < 2:
        raise InputError("gallery", "a whole number of at least 2 people", gallery, "compare with 2 or more people")
    return int(gallery)


def _binormal(d: Floats, gallery: int) -> Floats:
    made = np.empty_like(d)
    for first in range(0, d.size, _CHUNK):  # in chunks: 401 nodes each
        part = d[first : first + _CHUNK, None]
        step = (part + 20.0) / (_NODES - 1)
        x = -10.0 + step * np.arange(_NODES)
        height = np.exp(-0.5 * (x - part) ** 2 - 0.5 * np.log(2.0 * np.pi) + (gallery - 1) * log_ndtr(x))
        height[:, [0, -1]] *= 0.5
        made[first : first + _CHUNK] = height.sum(axis=1) * step[:, 0]
    return made


def _beta_binomial(d: Floats, gallery: int) -> Floats:
    """P(N) = Γ(b+N−1)Γ(a+b) / (Γ(b)Γ(a+b+N−1)) as a ratio of rising factorials, which stays accurate at N = 10⁷."""
    a, b = _beta_parameters(d)
    return poch(b, a) / poch(b + (gallery - 1), a)


def _beta_parameters(d: Floats) -> tuple[Floats, Floats]:
    """(a, b) of each d' by bisection: the mean fixes b/a (P(2)), and at that mean P(40) falls as b grows."""
    target = np.log(_binormal(d, _ANCHOR))
    ratio = ndtr(-d / np.sqrt(2.0)) / ndtr(d / np.sqrt(2.0))  # a/b
    low, high = np.full_like(d, np.log(1e-4)), np.full_like(d, np.log(1e4))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        b = np.exp(middle)
        a, more = b * ratio, b + (_ANCHOR - 1)
        above = gammaln(b + a) - gammaln(b) - gammaln(more + a) + gammaln(more) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        if float((high - low).max(initial=0.0)) < 1e-14:
            break
    b = np.exp(0.5 * (low + high))
    return b * ratio, b
