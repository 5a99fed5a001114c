"""Geometry of cameras: pixel density, coverage, and views of walks; segments and pixels only, no rules."""
