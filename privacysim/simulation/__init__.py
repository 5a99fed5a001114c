"""Simulation of one replicate of a case, step by step, and the units of work of a study."""

from privacysim.simulation.simulation import Simulation

__all__ = ["Simulation"]
