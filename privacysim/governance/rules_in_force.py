"""Rules by era: the baseline's until the switch, then the policy's; with answers cached by kind of question.

Lawfulness and routes are determined once for each *kind* of requester (who, what for, whose camera …), not for each
row: 100 000 rows need a few hundred questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.policy.arm import Arm
from privacysim.policy.questions import Answer, Question, Route

BEFORE, AFTER = 0, 1
"""The two eras: under the baseline, under the policy."""
_SEES = {"view", "copy", "acquire"}
Codes = NDArray[Any] | int | bool
Ints = NDArray[np.int64]


@dataclass(slots=True)
class Rules:
    """The policy, the baseline, and the tick at which one replaces the other.

    With `start="transition"` all policies share the baseline's history up to day 0 (`switch` = 0); with "steady" the
    policy has applied since the warm-up began. Requests made before the switch are decided by the rules of that time.
    Arrays of words are arrays of codes: positions in the lists of `privacysim.vocabulary`.
    """

    arm: Arm
    baseline: Arm
    switch: int
    offers: list[Route | None] = field(default_factory=lambda: [None])
    """Routes offered so far, indexed by the numbers that `ways` returns; number 0 means no route."""
    _ways: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _numbers: dict[Route | None, int] = field(default_factory=lambda: {None: 0})
    _answers: dict[tuple[int, Question], Answer] = field(default_factory=dict)

    def era(self, tick: int) -> int:
        """Return BEFORE or AFTER."""
        return BEFORE if tick < self.switch else AFTER

    def eras(self, ticks: Ints) -> Ints:
        """Return BEFORE or AFTER for an array of ticks."""
        return (ticks >= self.switch).astype(np.int64)

    def of(self, era: int) -> Arm:
        """Return the policy that applies in that era."""
        return self.arm if era == AFTER else self.baseline

    def judge(self, era: int, question: Question) -> Answer:
        """Return both answers to a question under the rules of that era."""
        key = (era, question)
        if key not in self._answers:
            self._answers[key] = self.of(era).judge(question)
        return self._answers[key]

    def ways(
        self, era: Ints, requester: Codes, purpose: Codes, channel: str, operator: Codes, regime: Codes,
        own: Codes = False, technique: Codes = 0,
    ) -> Ints:
        """Find the route that the rules offer each requester: its number in `offers`, 0 if there is none."""
        codes = [np.broadcast_to(one, era.shape) for one in (requester, purpose, operator, regime, own, technique)]
        distinct, which = kinds(era, *codes)
        return np.array([self._way(channel, *one) for one in distinct.tolist()], dtype=np.int64)[which]

    def _way(
        self, channel: str, era: int, requester: int, purpose: int, operator: int, regime: int, own: int, technique: int
    ) -> int:
        key = (channel, era, requester, purpose, operator, regime, own, technique)
        if key not in self._ways:
            arm = self.of(era)
            found = arm.route(
                words.REQUESTERS[requester], words.PURPOSES[purpose], channel, words.OPERATORS[operator],
                words.REGIMES[regime], bool(own), words.TECHNIQUES[technique],
            ) if arm.footage else None
            # a rule on publishing alone gives no access to the footage
            found = found if found and _SEES & set(found.acts) else None
            self._ways[key] = self._numbers.setdefault(found, len(self.offers))
            if self._ways[key] == len(self.offers):
                self.offers.append(found)
        return self._ways[key]

    def first_way(
        self, channels: Mapping[str, Codes], era: Ints, requester: Codes, purpose: Codes, operator: Codes,
        regime: Codes, *, own: Codes | None = None, technique: Codes = 0, act: str = "",
    ) -> tuple[Ints, NDArray[np.uint8]]:
        """Find the first channel that gives each requester access: numbers of routes, and codes of channels.

        `channels`: channels in the order of trying, each with those who may try it; requesters without access get the
        last one. `own`: whether it is the requester's own camera (by default, on the channel `own_console`). `act`: an
        act that the route must allow.
        """
        way, by = np.zeros(era.size, dtype=np.int64), np.zeros(era.size, dtype=np.uint8)
        for channel, may in channels.items():
            mine = own if own is not None else may if channel == "own_console" else False
            found = self.ways(era, requester, purpose, channel, operator, regime, mine, technique)
            opens = (found > 0) & may
            if act:
                opens &= self.told(found, lambda route: act in route.acts, False)
            by = np.where(way > 0, by, words.CHANNELS.index(channel)).astype(np.uint8)
            way = np.where((way == 0) & opens, found, way)
        return way, by

    def told(self, way: Ints, of: Callable[[Route], Any], none: Any) -> NDArray[Any]:
        """Evaluate `of(route)` for each route, and `none` where there is no route."""
        values = [none if route is None else of(route) for route in self.offers]
        return np.array(values, dtype=object if isinstance(none, str) else np.asarray(none).dtype)[way]

    def paper(self, way: Ints) -> dict[str, NDArray[Any]]:
        """Return codes of the document and of the approver that each route requires."""
        return {
            "document": self.told(way, lambda route: words.DOCUMENTS.index(route.document), np.uint8(0)),
            "approver": self.told(way, lambda route: words.APPROVERS.index(route.approver), np.uint8(0)),
        }

    def unruled(
        self, era: Ints, requester: Codes, purpose: Codes, operator: Codes, regime: Codes, *, scene: Codes = 0,
        listed: Codes = 0, channel: Codes = 0, technique: Codes = 0,
    ) -> Ints:
        """Return the legality of viewing without a route: codes of LEGALITIES, ungoverned or prohibited."""
        codes = (requester, purpose, channel, operator, regime, technique, scene, listed)
        distinct, which = kinds(era, *(np.broadcast_to(one, era.shape) for one in codes))
        found = [words.LEGALITIES.index(self.judge(e, Question(
            words.REQUESTERS[r], "view", words.PURPOSES[p], words.CHANNELS[c], words.OPERATORS[o], words.REGIMES[g],
            words.TECHNIQUES[t], scene=words.SCENES[s], listed=bool(on),
        )).legality) for e, r, p, c, o, g, t, s, on in distinct.tolist()]
        return np.array(found, dtype=np.int64)[which]

    def masks_others(self, era: int, actor: str, purpose: str, operator: str, regime: str) -> bool:
        """Return whether a rule lets this actor publish for this purpose, with everybody else masked."""
        return any(
            "disseminate" in rule.acts and actor in rule.requester and (not rule.purpose or purpose in rule.purpose)
            and (not rule.regime or regime in rule.regime) and (not rule.operator or operator in rule.operator)
            and "masked" in rule.conditions
            for rule in self.of(era).policy.access
        )


def kinds(*codes: NDArray[Any]) -> tuple[Ints, NDArray[np.intp]]:
    """Find the distinct rows of several columns of small codes, and for each row the number of its kind.

    Each question is then asked once per kind. Shapes: (kinds, columns), and (rows,).
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


def taking(route: Route) -> str:
    """Return the act that takes footage along on a route: `acquire`, else `copy`, empty if only viewing is allowed."""
    return next((act for act in ("acquire", "copy") if act in route.acts), "")
