"""The legality matrix of a policy: what follows from each act by people without a route, class of camera by class.

The classes are those of the legal tables: PS the police's, OS other state systems, C7 venues, C9 small shops and
compounds (C9L: at a place on Guangzhou's list), RH homes.
"""

from __future__ import annotations

from dataclasses import replace

from privacysim.policy.arm import Arm
from privacysim.policy.model import Answer, Question
from privacysim.vocabulary import ACTS

CLASSES: dict[str, tuple[str, str, bool]] = {
    "PS": ("public_security", "art7_state", False),
    "OS": ("other_state", "art7_state", False),
    "C7": ("commercial", "art7_venue", True),
    "C9L": ("commercial", "art9", True),
    "C9": ("commercial", "art9", False),
    "RH": ("home", "art33_home", False),
}
"""Class of camera: operator, regime, listed."""
ACTORS: dict[str, Question] = {
    "an outsider asks": Question("curious", "view", "curiosity", "request", "home", "art33_home"),
    "an outsider, open stream": Question("curious", "view", "curiosity", "open_stream", "home", "art33_home"),
    "an intruder": Question("curious", "view", "curiosity", "remote_login", "home", "art33_home"),
    "staff off purpose": Question("own_staff_off_purpose", "view", "curiosity", "own_console", "home", "art33_home"),
    "the police without a paper": Question(
        "public_security", "view", "criminal_case", "request", "home", "art33_home"
    ),
}
"""Who acts without a route, by which way."""

Cell = tuple[str, str, str]


def matrix(arm: Arm) -> dict[Cell, Answer]:
    """Both answers for each (actor, act, class): a lawyer's table of what the rules say where no route is met."""
    found: dict[Cell, Answer] = {}
    for actor, example in ACTORS.items():
        for act in ACTS:
            for name, (operator, regime, listed) in CLASSES.items():
                mask, undo = arm.mask(regime), arm.mask_reversible(regime)
                question = replace(
                    example, act=act, operator=operator, regime=regime, listed=listed, mask=mask, reversible=undo
                )
                found[actor, act, name] = arm.judge(question)
    return found
