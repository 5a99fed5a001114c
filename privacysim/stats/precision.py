"""When may an interval be printed? Decided by the law of the metric, never by the sample at hand.

A t interval needs replicates in proportion to the squared skewness γ of the replicate value (Cochran's rule:
n > 25 γ²). Gating on the sample's own skewness makes coverage worse, because the samples that look harmless are
those that missed the tail; so γ comes from a pilot outside the study.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST_REPLICATES = 10
"""Below this no interval is printed, whatever the skewness."""
FEWEST_CONTRIBUTORS = 30
"""Below this many contributors a figure is "too few", without an interval."""


def replicates_needed(skewness: float) -> int:
    """Replicates that an interval needs: max(10, 25 γ²) (Cochran 1977, Sampling Techniques, section 2.15).

    >>> replicates_needed(0.2), replicates_needed(2.0)
    (10, 100)
    """
    return max(FEWEST_REPLICATES, math.ceil(25 * skewness * skewness - 1e-9))


def compound_poisson_skewness(contributions: ArrayLike) -> float:
    """Skewness of Σ Nᵢcᵢ where each root event i happens Nᵢ ~ Poisson(1) times and brings cᵢ.

    The cumulants of a compound Poisson total are κₘ = Σ cᵢᵐ, so γ = Σ cᵢ³ / (Σ cᵢ²)^1.5: what infinitely many
    resampled totals would give. 0 where nothing contributes.

    >>> compound_poisson_skewness([1.0] * 100)
    0.1
    """
    c = np.asarray(contributions, dtype=np.float64)
    top = float(np.abs(c).max(initial=0.0))
    if top == 0.0:
        return 0.0
    c = c / top
    return float((c**3).sum() / (c**2).sum() ** 1.5)


def resampled_skewness(contributions: ArrayLike, counts: NDArray[np.int64]) -> float:
    """Skewness of the totals `counts @ contributions`: Poisson-resampled pilots, one row of counts each.

    >>> resampled_skewness([1.0, 1.0], np.array([[0, 1], [1, 1], [2, 1]]))
    0.0
    """
    totals = counts @ np.asarray(contributions, dtype=np.float64)
    spread = float(totals.std())
    return float(((totals - totals.mean()) ** 3).mean()) / spread**3 if spread > 0 else 0.0
