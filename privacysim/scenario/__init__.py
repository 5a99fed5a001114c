"""The facts of a case."""

from privacysim.scenario.scenario_form import Scenario, load_scenario

__all__ = ["Scenario", "load_scenario"]
