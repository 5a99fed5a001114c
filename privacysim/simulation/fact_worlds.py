"""Worlds that differ in their uncertain facts: world j draws its facts by their laws and solves the calibrations again.

The city's plan (streets, places, number of residents) is the same in all worlds; another plan is an arm of a study.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from privacysim.city import City
from privacysim.fact_laws import in_world
from privacysim.facts import DRAWN, facts, facts_replaced
from privacysim.files import Quantity, Strict
from privacysim.scenario import Scenario
from privacysim.world.calibration import calibrate_leaks


def quantities(section: Any, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Yield every number of a scenario with its key path."""
    for name in type(section).model_fields:
        value, here = getattr(section, name), f"{path}.{name}" if path else name
        if isinstance(value, Quantity):
            yield here, value
        elif isinstance(value, Strict):
            yield from quantities(value, here)


def of_plan(path: str) -> bool:
    """Whether a number of a scenario belongs to the city's plan, so that another value gives another city."""
    return path.startswith("city.") or path == "population.people"


def facts_of_world(case: Scenario, city: City, seed: int, world: int) -> dict[str, float]:
    """Values of the facts in world `world`, by id: drawn, with the chance to be listed solved for the website's count.

    The mean of the list is that of the best guesses (185 cameras in `guangzhou_185`), in proportion to the count that
    this world draws.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> case = load_scenario("guangzhou_district")
    >>> drawn = facts_of_world(case, build_city(case), seed=185, world=3)
    >>> "population_guangzhou" in drawn, 0 < drawn["contacts"] < 5000
    (False, True)
    """
    plan = {q.fact for path, q in quantities(case) if q.fact and of_plan(path)} | {"population_guangzhou"}
    drawn = {name: value for name, value in in_world(facts().unheard(), seed, world).items() if name not in plan}
    usual = calibrate_leaks(city, case).value
    with facts_replaced(drawn):
        solved = calibrate_leaks(city, case)
        return drawn | {solved.fact: min(solved.value * facts().value(solved.fact) / usual, 1.0)}


def drawn_facts(heard: Mapping[str, Any] | set[str] | tuple[str, ...]) -> list[str]:
    """The facts that worlds draw, in the order of the facts file."""
    return [one.id for one in facts().unheard().values() if one.id in heard and one.law in DRAWN]


@contextmanager
def in_fact_world(case: Scenario, city: City, seed: int, world: int | None) -> Iterator[None]:
    """Apply the facts of a world within a `with` block; without a world, the facts are unchanged."""
    with facts_replaced({} if world is None else facts_of_world(case, city, seed, world)):
        yield
