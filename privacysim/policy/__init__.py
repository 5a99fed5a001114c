"""The rules: policies and law as dated data, legality in two answers, arms of a study."""

from privacysim.policy.arm import Arm
from privacysim.policy.form import Policy
from privacysim.policy.law import Laws, Provision, Sanction, laws
from privacysim.policy.loading import load_arms, load_policy, readings_of
from privacysim.policy.model import Answer, Question, Route
from privacysim.policy.reform import Reform

__all__ = [
    "Answer", "Arm", "Laws", "Policy", "Provision", "Question", "Reform", "Route", "Sanction", "laws", "load_arms",
    "load_policy", "readings_of",
]
