"""privacysim: simulates who is seen by cameras, by whom, under which rules, and the effects of changing the rules.

>>> import privacysim as ps
>>> study = ps.Study("preview")

Importing this package loads nothing else; each public name imports its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from privacysim.resources import VERSION

if TYPE_CHECKING:
    from privacysim.attacks import anonymity_sets as anonymity_sets
    from privacysim.attacks import attack_advantage as attack_advantage
    from privacysim.attacks import flow_field as flow_field
    from privacysim.attacks import gini as gini
    from privacysim.attacks import lorenz as lorenz
    from privacysim.attacks import mutual_information as mutual_information
    from privacysim.attacks import reidentification_risk as reidentification_risk
    from privacysim.attacks import released_table as released_table
    from privacysim.attacks import table_by as table_by
    from privacysim.attacks import time_to_confusion as time_to_confusion
    from privacysim.attacks import top_share as top_share
    from privacysim.attacks import trip_law as trip_law
    from privacysim.attacks import unicity as unicity
    from privacysim.city import build_city as build_city
    from privacysim.errors import InputError as InputError
    from privacysim.errors import PrivacysimError as PrivacysimError
    from privacysim.explorer import explore as explore
    from privacysim.exposure import index_acts as index_acts
    from privacysim.exposure import measure_exposure as measure_exposure
    from privacysim.governance import DEFAULT as DEFAULT
    from privacysim.governance import Process as Process
    from privacysim.governance import simulate as simulate
    from privacysim.identify import identifiability as identifiability
    from privacysim.metrics import metric as metric
    from privacysim.people import draw_block as draw_block
    from privacysim.people import draw_sample as draw_sample
    from privacysim.policy import Policy as Policy
    from privacysim.policy import Reform as Reform
    from privacysim.policy import load_arms as load_arms
    from privacysim.policy import load_policy as load_policy
    from privacysim.results import Comparison as Comparison
    from privacysim.results import Results as Results
    from privacysim.results import load_results as load_results
    from privacysim.scenario import Scenario as Scenario
    from privacysim.scenario import load_scenario as load_scenario
    from privacysim.sight.coverage import coverage as coverage
    from privacysim.sight.passes import passes as passes
    from privacysim.simulation import Simulation as Simulation
    from privacysim.study import Study as Study
    from privacysim.study.catalogue import measures as measures
    from privacysim.study.catalogue import rules as rules
    from privacysim.world import sample_world as sample_world

_HOME = {
    "Comparison": "results",
    "DEFAULT": "governance",
    "InputError": "errors",
    "Policy": "policy",
    "PrivacysimError": "errors",
    "Process": "governance",
    "Reform": "policy",
    "Results": "results",
    "Scenario": "scenario",
    "Simulation": "simulation",
    "Study": "study",
    "anonymity_sets": "attacks",
    "attack_advantage": "attacks",
    "build_city": "city",
    "coverage": "sight.coverage",
    "draw_block": "people",
    "draw_sample": "people",
    "explore": "explorer",
    "flow_field": "attacks",
    "gini": "attacks",
    "identifiability": "identify",
    "index_acts": "exposure",
    "load_arms": "policy",
    "load_policy": "policy",
    "load_results": "results",
    "load_scenario": "scenario",
    "lorenz": "attacks",
    "measure_exposure": "exposure",
    "measures": "study.catalogue",
    "metric": "metrics",
    "mutual_information": "attacks",
    "passes": "sight.passes",
    "reidentification_risk": "attacks",
    "released_table": "attacks",
    "rules": "study.catalogue",
    "sample_world": "world",
    "simulate": "governance",
    "table_by": "attacks",
    "time_to_confusion": "attacks",
    "top_share": "attacks",
    "trip_law": "attacks",
    "unicity": "attacks",
}

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
