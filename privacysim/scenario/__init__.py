"""The facts of a case."""

from privacysim.scenario.scenario_form import GivenScenario, Scenario, load_scenario

__all__ = ["GivenScenario", "Scenario", "load_scenario"]
