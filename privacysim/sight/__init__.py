"""Geometry: what a camera resolves, covers and sees of walks; segments and pixels only, no rules."""
