"""Measured curve from pixels on a face to the probability of picking the right person among N, and its table.

The strength of evidence follows a Hill curve, d' = d_max·eʰ/(eʰ + px50ʰ), with e the cells left across the face. Two
models extrapolate from the measured galleries (2 to 40 people) to larger ones:

- low, binormal: scores of the right and the wrong people are normal, P(N) = ∫ φ(x − d') Φ(x)^(N−1) dx;
- high: per face, the probability that one stranger scores higher is Beta(a, b), so P(N) = B(a, b+N−1)/B(a, b), with
  (a, b) such that P(2) and P(40) are the binormal's; never below the binormal. At d' = 0 that is Beta(1, 1): 1/N.

Fit: `data/masking/curve.csv`, made by `privacysim calibrate masks`; `data/masking/note.md` gives its accuracy and
limits: one set of faces, aligned or nearly so; a lower bound for modern embeddings, an upper one for uncontrolled
images; N > 10³ is extrapolated. Who looks decides how the curve is used (`recognisers`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, log_ndtr, ndtr, poch

from privacysim.draws import Floats
from privacysim.errors import InputError, refuse_unknown
from privacysim.resources import shipped_rows
from privacysim.vocabulary import CURVES

_NODES = 401
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
    rows = shipped_rows("data/masking/curve.csv")
    return {row["fit"]: Fit(*(float(row[key]) for key in ("d_max", "px50", "h"))) for row in rows}


def rank_one(d_prime: ArrayLike, gallery: int, curve: str = "low") -> Floats:
    """Probability that the right person scores highest among `gallery` people (≥ 2), for each d' ≥ 0.

    `curve`: `low` (binormal) or `high` (beta-binomial where that is larger). Trapezoid of 401 nodes on
    [−10, d' + 10] in logarithms: 10⁻¹⁵ relative for galleries of 2 to 10⁷ people.

    >>> rank_one([0.0, 3.37], 150).round(4)
    array([0.0067, 0.7495])
    """
    d = np.atleast_1d(np.asarray(d_prime, dtype=np.float64))
    if not (np.isfinite(d) & (d >= 0.0)).all():
        raise InputError("d_prime", "numbers ≥ 0", d[~(d >= 0.0)][:1], "correct it")
    people = checked_gallery(gallery)
    refuse_unknown(curve, CURVES, "curve", " or ".join(CURVES))
    low = _binormal(d, people)
    return low if curve == "low" else np.maximum(low, _beta_binomial(d, people))


def rank_one_above(d_prime: ArrayLike, gallery: int, threshold: float) -> Floats:
    """Probability that the right person scores highest and above `threshold`: ∫ φ(x − d') Φ(x)^(N−1) dx from there.

    The threshold counts standard deviations of a stranger's score; `low` curve. 128 nodes of Gauss and Legendre.

    >>> rank_one_above([0.0, 4.75], 150, 4.75)
    array([1.01700618e-06, 4.99988583e-01])
    """
    d = np.atleast_1d(np.asarray(d_prime, dtype=np.float64))[:, None]
    people, (node, weight) = checked_gallery(gallery), _rule()
    begin = np.maximum(threshold, d - 10.0)
    half = (np.maximum(begin, d) + 10.0 - begin) / 2.0
    x = begin + half * (node + 1.0)
    height = np.exp(-0.5 * (x - d) ** 2 - 0.5 * np.log(2.0 * np.pi) + (people - 1) * log_ndtr(x))
    return np.asarray((height * weight).sum(axis=1) * half[:, 0])


@lru_cache(maxsize=1)
def _rule() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(128)


def checked_gallery(gallery: int) -> int:
    """Return the gallery as an int ≥ 2, or raise an InputError."""
    # verifying one named person is a choice of 2, never of 1
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
    # (a, b) of each d' by bisection: the mean fixes b/a (P(2)), and at that mean P(40) falls as b grows
    target = np.log(_binormal(d, _ANCHOR))
    ratio = ndtr(-d / np.sqrt(2.0)) / ndtr(d / np.sqrt(2.0))  # a/b
    low, high = np.full_like(d, np.log(1e-4)), np.full_like(d, np.log(1e4))
    while float((high - low).max(initial=0.0)) >= 1e-14:
        middle = 0.5 * (low + high)
        b = np.exp(middle)
        a, more = b * ratio, b + (_ANCHOR - 1)
        above = gammaln(b + a) - gammaln(b) - gammaln(more + a) + gammaln(more) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    b = np.exp(0.5 * (low + high))
    return poch(b, b * ratio) / poch(b + (gallery - 1), b * ratio)
