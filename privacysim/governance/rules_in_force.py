"""Which rules bind when: the baseline's until the switch, then the arm's; and what they say, asked once each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.policy.arm import Arm
from privacysim.policy.questions import Answer, Question, Route

BEFORE, AFTER = 0, 1
"""The two eras: under the baseline, under the arm."""
_SEES = {"view", "copy", "acquire"}


@dataclass(slots=True)
class Rules:
    """The arm, the baseline, and the tick at which one gives way to the other.

    With `start="transition"` all arms share the baseline's history up to day 0 (`switch` = 0); with "steady" the arm
    has applied since the warm-up began. What was asked for before the switch is decided by the rules of that time.
    """

    arm: Arm
    baseline: Arm
    switch: int
    _routes: dict[tuple[Any, ...], Route | None] = field(default_factory=dict)
    _answers: dict[tuple[int, Question], Answer] = field(default_factory=dict)

    def era(self, tick: int) -> int:
        """BEFORE or AFTER."""
        return BEFORE if tick < self.switch else AFTER

    def eras(self, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same for an array."""
        return (ticks >= self.switch).astype(np.int64)

    def of(self, era: int) -> Arm:
        """The arm that binds in that era."""
        return self.arm if era == AFTER else self.baseline

    def route(
        self, era: int, requester: str, purpose: str, channel: str, operator: str, regime: str, own: bool = False,
        technique: str = "look",
    ) -> Route | None:
        """What the rules of that era offer to this asker; None where no access rule speaks of him."""
        key = (era, requester, purpose, channel, operator, regime, own, technique)
        if key not in self._routes:
            arm = self.of(era)
            found = arm.route(requester, purpose, channel, operator, regime, own, technique) if arm.footage else None
            # a rule on publishing alone opens no way to the footage
            self._routes[key] = found if found and _SEES & set(found.acts) else None
        return self._routes[key]

    def judge(self, era: int, question: Question) -> Answer:
        """Both answers to a question under the rules of that era."""
        key = (era, question)
        if key not in self._answers:
            self._answers[key] = self.of(era).judge(question)
        return self._answers[key]


def kinds(*codes: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Distinct rows of several columns of small codes, and for each row the number of its kind.

    So a question is asked once for each kind: (kinds, columns), and (rows,).
    """
    sizes = [int(column.max(initial=0)) + 1 for column in codes]
    packed = np.zeros(codes[0].size, dtype=np.int64)
    for column, size in zip(codes, sizes, strict=True):
        packed = packed * size + column
    distinct, which = np.unique(packed, return_inverse=True)
    columns = []
    for size in reversed(sizes):
        distinct, column = np.divmod(distinct, size)
        columns.append(column)
    return np.stack(columns[::-1], axis=1) if columns else np.empty((0, 0), np.int64), which


def taking(route: Route | None) -> str:
    """The act by which footage is taken along on a route: `acquire`, else `copy`, empty where one may only look."""
    acts = route.acts if route else ()
    return next((act for act in ("acquire", "copy") if act in acts), "")


def routes_of(
    rules: Rules, era: NDArray[Any], requester: NDArray[Any], purpose: NDArray[Any], channel: str,
    operator: NDArray[Any], regime: NDArray[Any], own: NDArray[Any] | bool = False,
) -> tuple[list[Route | None], NDArray[np.intp]]:
    """Routes for many askers: the route of each kind, and each row's kind."""
    owned = np.broadcast_to(np.asarray(own, dtype=np.uint8), era.shape)
    distinct, which = kinds(era, requester, purpose, operator, regime, owned)
    found = [
        rules.route(
            int(e), words.REQUESTERS[r], words.PURPOSES[p], channel, words.OPERATORS[o], words.REGIMES[g], bool(w)
        )
        for e, r, p, o, g, w in distinct.tolist()
    ]
    return found, which
