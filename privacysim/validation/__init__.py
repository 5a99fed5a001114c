"""Validation: register of observations that the model reproduces by calibration or predicts."""
