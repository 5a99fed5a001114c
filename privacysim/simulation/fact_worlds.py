"""Worlds that differ in what nobody knows: world j draws its facts by their laws, and solves the calibrations again.

The city's plan (streets, places, number of residents) is the same in all worlds; another plan is an arm of a study.
"""

from collections.abc import Iterator
from typing import Any

from privacysim.city import City
from privacysim.errors import PrivacysimError
from privacysim.fact_laws import in_world
from privacysim.facts import facts, facts_replaced
from privacysim.files import Quantity, Strict
from privacysim.scenario import Scenario
from privacysim.world.calibration import calibrate_evidence, calibrate_leaks, clue_counts
from privacysim.world.world_model import World


def quantities(section: Any, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Yield every number of a scenario with its key path."""
    for name in type(section).model_fields:
        value, here = getattr(section, name), f"{path}.{name}" if path else name
        if isinstance(value, Quantity):
            yield here, value
        elif isinstance(value, Strict):
            yield from quantities(value, here)


def of_plan(path: str) -> bool:
    """Whether a number of a scenario belongs to the city's plan, so that another value is another city."""
    return path.startswith("city.") or path == "population.people"


def facts_of_world(case: Scenario, city: City, seed: int, world: int) -> dict[str, float]:
    """Values of the facts in world `world`, by id: drawn, with `p_listed` solved for the website's count.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> case = load_scenario("guangzhou_district")
    >>> drawn = facts_of_world(case, build_city(case), seed=185, world=3)
    >>> "population_guangzhou" in drawn, 0 < drawn["contacts"] < 5000
    (False, True)
    """
    plan = {q.fact for path, q in quantities(case) if q.fact and of_plan(path)} | {"population_guangzhou"}
    drawn = {name: value for name, value in in_world(facts().unheard(), seed, world).items() if name not in plan}
    with facts_replaced(drawn):
        return drawn | {"p_listed": min(calibrate_leaks(city, case).value, 1.0)}


def evidence_of_world(world: World) -> dict[str, float]:
    """Chances `p_working` and `p_recognised` solved from this world's own cases; 1 where the datum is out of reach."""
    try:
        solved = calibrate_evidence(*clue_counts(world), world.scenario)
    except PrivacysimError:
        return {"p_working": 1.0}
    return {one.fact: one.value for one in solved}
