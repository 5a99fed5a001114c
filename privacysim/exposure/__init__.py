"""Exposure: who is seen by whom, for how long, and with what probability of identification."""

from privacysim.exposure.acts import GROUPS, Acts, index_acts, is_outsider
from privacysim.exposure.measure import Exposure, faces_searched, measure_exposure

__all__ = ["GROUPS", "Acts", "Exposure", "faces_searched", "index_acts", "is_outsider", "measure_exposure"]
