"""Probability of identification from a face's pixels and mask: mask names, strengths, and the measured curve."""

from privacysim.identify.mask_strength import MASKS, cells, left_of, mask_text, measured_cells, most, own_mask
from privacysim.identify.recognition_curve import (STEPS_PER_PX, Fit, curve_table, face_code, fits, identifiability,
                                                   rank_one)

__all__ = ["MASKS", "STEPS_PER_PX", "Fit", "cells", "curve_table", "face_code", "fits", "identifiability", "left_of",
           "mask_text", "measured_cells", "most", "own_mask", "rank_one"]
