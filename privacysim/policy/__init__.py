"""Policies as dated data, the legality of each act under camera rules and general law, and the arms of a study."""

from privacysim.policy.arm import Arm
from privacysim.policy.asking import Explained, ask
from privacysim.policy.duties import Owed
from privacysim.policy.judging import Answer, Question, Route
from privacysim.policy.policy_files import GivenPolicy, load_arms, load_policy, readings_of
from privacysim.policy.policy_form import Policy
from privacysim.policy.reform import Reform

__all__ = ["Answer", "Arm", "Explained", "GivenPolicy", "Owed", "Policy", "Question", "Reform", "Route", "ask",
           "load_arms", "load_policy", "readings_of"]
