"""privacysim: simulates who is seen by cameras, by whom, under which rules, and the effects of changing the rules.

>>> import privacysim as ps
>>> study = ps.Study("preview")

Importing this package loads nothing else; each public name imports its module on first use.
"""

# ruff: noqa: F401
from importlib import import_module
from typing import TYPE_CHECKING

from privacysim.resources import VERSION

if TYPE_CHECKING:
    from privacysim.attacks.inequality import gini, lorenz, table_by, top_share
    from privacysim.attacks.information import attack_advantage, mutual_information, released_table
    from privacysim.attacks.reidentification import reidentification_risk, unicity
    from privacysim.attacks.sightings import anonymity_sets, time_to_confusion
    from privacysim.city import build_city
    from privacysim.errors import InputError, PrivacysimError
    from privacysim.explorer import explore
    from privacysim.exposure import index_acts, measure_exposure
    from privacysim.governance import DEFAULT, Process, simulate
    from privacysim.identify import identifiability
    from privacysim.metrics import metric
    from privacysim.people import draw_block, draw_sample
    from privacysim.policy import Policy, Reform, load_arms, load_policy
    from privacysim.results import Comparison, Results, load_results, readable
    from privacysim.scenario import Scenario, load_scenario
    from privacysim.sight.coverage import coverage
    from privacysim.sight.passes import passes
    from privacysim.simulation import Simulation
    from privacysim.study import Study
    from privacysim.study.catalogue import measures, rules
    from privacysim.world import sample_world

_HOME = {name: module for module, names in {
    "attacks": "anonymity_sets attack_advantage gini lorenz mutual_information reidentification_risk "
               "released_table table_by time_to_confusion top_share unicity",
    "city": "build_city",
    "errors": "InputError PrivacysimError",
    "explorer": "explore",
    "exposure": "index_acts measure_exposure",
    "governance": "DEFAULT Process simulate",
    "identify": "identifiability",
    "metrics": "metric",
    "people": "draw_block draw_sample",
    "policy": "Policy Reform load_arms load_policy",
    "results": "Comparison Results load_results readable",
    "scenario": "Scenario load_scenario",
    "sight.coverage": "coverage",
    "sight.passes": "passes",
    "simulation": "Simulation",
    "study": "Study",
    "study.catalogue": "measures rules",
    "world": "sample_world",
}.items() for name in names.split()}
"""Public name → the module that it is imported from."""

__version__ = VERSION
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'privacysim' has no attribute {name!r}")
    value = getattr(import_module(f"privacysim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
