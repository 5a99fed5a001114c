"""One replicate of a case, step by step, and the units of work that studies are made of."""

from privacysim.simulation.simulation import Simulation

__all__ = ["Simulation"]
