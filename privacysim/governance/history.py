"""History before the switch, which all policies of a world share, so the next policy needs only its unsettled part.

Under `start="transition"` every policy applies the baseline's rules up to day 0, so all of them have the same history.
A request that was answered, a campaign that was over and a document that was signed before day 0 are the same under
every policy, and no table shows them. The next policy is simulated without them (`History.left`): the events of the
world that nothing settled, and the desks as they were (`desks.Courses`). The Log is the same, byte for byte.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from privacysim.draws import Bools
from privacysim.errors import InputError
from privacysim.governance.desks import Courses
from privacysim.policy.arm import Arm
from privacysim.world.campaigns import Lapses
from privacysim.world.world_model import World

_BY_CAMERA = ("camera", "pieces", "saleable", "open")
"""Arrays of `Lapses` with one entry per camera of a campaign."""


@dataclass
class History:
    """State that one policy leaves for the next one in the same world; create one per world and pass it to each
    `simulate`.

    `settled`: by table of the world, which of its rows were settled before the switch.
    """

    courses: Courses = field(default_factory=Courses)
    settled: dict[str, Bools] = field(default_factory=dict)
    _of: tuple[Any, ...] = ()
    _rest: World | None = None
    """The world without what was settled, one for all further policies: their Logs refer to it."""

    def left(self, world: World, baseline: Arm, switch: int) -> World:
        """Return the world without what was settled before the switch; the same world if nothing was.

        Raises InputError for another world, another baseline or another switch than those of the first policy.
        """
        of = (world, baseline, switch)
        if self._of and (self._of[0] is not world or self._of[1:] != of[1:]):
            raise InputError("history", "the same world, baseline and start for all policies", "others",
                             "create one History for each world")
        self._of = of
        if self._rest is None and any(one.any() for one in self.settled.values()):
            self._rest = self._without_settled(world)
        return self._rest or world

    def _without_settled(self, world: World) -> World:
        asks, cases, lapses = (~self.settled.get(name, np.zeros(len(getattr(world, name)), dtype=bool))
                               for name in ("asks", "cases", "lapses"))  # fmt: skip
        row = np.cumsum(cases) - 1
        begin = np.append(world.clues.start[:-1][cases], world.clues.start[-1])  # settled cases have no clues
        return replace(world, asks=_rows(world.asks, asks), cases=_rows(world.cases, cases),
                       clues=replace(world.clues, start=begin), lapses=_campaigns(world.lapses, lapses),
                       searches=replace(world.searches, case=row[world.searches.case]))

    def keep(self, processes: Iterable[Any]) -> None:
        """Record what was settled before the switch, unless it is already known."""
        if not self.settled:
            for process in processes:
                self.settled |= process.settled() if hasattr(process, "settled") else {}


def _rows(table: Any, kept: Bools) -> Any:
    """Return a table of the world with the kept rows alone."""
    columns = {one.name: getattr(table, one.name) for one in fields(table)}
    return replace(table, **{name: column[kept] for name, column in columns.items() if isinstance(column, np.ndarray)})


def _campaigns(lapses: Lapses, kept: Bools) -> Lapses:
    """Return the kept campaigns, with their cameras."""
    sizes = np.diff(lapses.start)
    cameras = np.repeat(kept, sizes)
    own = {name: getattr(lapses, name)[cameras] for name in _BY_CAMERA}
    rest = {one.name: getattr(lapses, one.name)[kept] for one in fields(lapses)
            if one.name not in (*_BY_CAMERA, "start")}  # fmt: skip
    return Lapses(**own, **rest, start=np.append(0, np.cumsum(sizes[kept])))
