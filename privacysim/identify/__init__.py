"""Probability of identification: mask names and strengths, the measured curve, and who recognises whom."""

from privacysim.identify.chance_table import STEPS_PER_PX, curve_table, face_code, identifiability
from privacysim.identify.mask_strength import MASKS, cells, left_of, mask_text, measured_cells, most, own_mask
from privacysim.identify.recognisers import RECOGNISERS, false_alarm
from privacysim.identify.recognition_curve import Fit, fits, rank_one

__all__ = ["MASKS", "RECOGNISERS", "STEPS_PER_PX", "Fit", "cells", "curve_table", "face_code", "false_alarm", "fits",
           "identifiability", "left_of", "mask_text", "measured_cells", "most", "own_mask", "rank_one"]
