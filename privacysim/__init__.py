"""privacysim: who is seen, by whom, under which rules, and what would change if the rules changed.

>>> import privacysim as ps
>>> study = ps.Study("preview")

Importing this package loads nothing else: each public name brings its own module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from privacysim.city import build_city as build_city
    from privacysim.errors import InputError as InputError
    from privacysim.errors import PrivacysimError as PrivacysimError
    from privacysim.explorer import explore as explore
    from privacysim.exposure import measure_exposure as measure_exposure
    from privacysim.governance import simulate as simulate
    from privacysim.identify import identifiability as identifiability
    from privacysim.metrics import anonymity_sets as anonymity_sets
    from privacysim.metrics import attack_advantage as attack_advantage
    from privacysim.metrics import flow_field as flow_field
    from privacysim.metrics import flow_sets as flow_sets
    from privacysim.metrics import gini as gini
    from privacysim.metrics import lorenz as lorenz
    from privacysim.metrics import mutual_information as mutual_information
    from privacysim.metrics import reidentification_risk as reidentification_risk
    from privacysim.metrics import released_table as released_table
    from privacysim.metrics import table_by as table_by
    from privacysim.metrics import time_to_confusion as time_to_confusion
    from privacysim.metrics import top_share as top_share
    from privacysim.metrics import trip_law as trip_law
    from privacysim.metrics import unicity as unicity
    from privacysim.policy import Reform as Reform
    from privacysim.policy import load_arms as load_arms
    from privacysim.policy import load_policy as load_policy
    from privacysim.scenario import load_scenario as load_scenario
    from privacysim.study import Comparison as Comparison
    from privacysim.study import Results as Results
    from privacysim.study import Study as Study
    from privacysim.study import load_results as load_results
    from privacysim.study.catalogue import measures as measures
    from privacysim.study.catalogue import rules as rules
    from privacysim.world import sample_world as sample_world

_HOME = {
    "Comparison": "study",
    "InputError": "errors",
    "PrivacysimError": "errors",
    "Reform": "policy",
    "Results": "study",
    "Study": "study",
    "anonymity_sets": "metrics",
    "attack_advantage": "metrics",
    "build_city": "city",
    "explore": "explorer",
    "flow_field": "metrics",
    "flow_sets": "metrics",
    "gini": "metrics",
    "identifiability": "identify",
    "load_arms": "policy",
    "load_policy": "policy",
    "load_results": "study",
    "load_scenario": "scenario",
    "lorenz": "metrics",
    "measure_exposure": "exposure",
    "measures": "study.catalogue",
    "mutual_information": "metrics",
    "reidentification_risk": "metrics",
    "released_table": "metrics",
    "rules": "study.catalogue",
    "sample_world": "world",
    "simulate": "governance",
    "table_by": "metrics",
    "time_to_confusion": "metrics",
    "top_share": "metrics",
    "trip_law": "metrics",
    "unicity": "metrics",
}

__version__ = "0.1.0"
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'privacysim' has no attribute {name!r}")
    value = getattr(import_module(f"privacysim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
