"""Mask names and strengths, and the chance to be identified: the measured curve as a table."""

from privacysim.identify.curve import Fit, fit, fits, rank_one
from privacysim.identify.masks import MASKS, cells, measured_cells, most
from privacysim.identify.table import CODES, STEPS_PER_PX, curve_table, face_code, identifiability

__all__ = [
    "CODES", "MASKS", "STEPS_PER_PX", "Fit", "cells", "curve_table", "face_code", "fit", "fits", "identifiability",
    "measured_cells", "most", "rank_one",
]
