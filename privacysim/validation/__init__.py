"""Calibrated and predicted: the register of observations that the model is held against."""
