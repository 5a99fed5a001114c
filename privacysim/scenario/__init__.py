"""The facts of a case."""

from privacysim.scenario.model import Scenario, load_scenario

__all__ = ["Scenario", "load_scenario"]
