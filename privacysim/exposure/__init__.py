"""Exposure: who is seen by whom, for how long, and with what probability of identification."""

from privacysim.exposure.acts import BY_FACE, GROUPS, Acts, index_acts, is_outsider, recognisers
from privacysim.exposure.measure import (
    Exposure,
    ExposureSums,
    FaceSearches,
    Searched,
    SearchedSums,
    measure_exposure,
)
from privacysim.exposure.targets import targeted

__all__ = ["BY_FACE", "GROUPS", "Acts", "Exposure", "ExposureSums", "FaceSearches", "Searched", "SearchedSums",
           "index_acts", "is_outsider", "measure_exposure", "recognisers", "targeted"]
