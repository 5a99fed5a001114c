"""Statistics of paired comparisons: arrays in, numbers and words out; nothing here knows what a policy is."""

from privacysim.stats.intervals import (
    Estimate,
    correlation,
    holm,
    mean,
    paired_difference,
    paired_ratio,
    variance_ratio,
    wilson,
)
from privacysim.stats.precision import (
    FEWEST_CONTRIBUTORS,
    FEWEST_REPLICATES,
    compound_poisson_skewness,
    replicates_needed,
    resampled_skewness,
)
from privacysim.stats.words import change_in_words, percent

__all__ = [
    "FEWEST_CONTRIBUTORS", "FEWEST_REPLICATES", "Estimate", "change_in_words", "compound_poisson_skewness",
    "correlation", "holm",
    "mean", "paired_difference", "paired_ratio", "percent", "replicates_needed", "resampled_skewness",
    "variance_ratio", "wilson",
]
