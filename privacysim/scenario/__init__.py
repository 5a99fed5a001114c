"""The facts of a case."""

from privacysim.scenario.sections import GivenScenario, Scenario, load_scenario

__all__ = ["GivenScenario", "Scenario", "load_scenario"]
