"""Hidden cameras: one process each, from the day it is put up to the day that somebody finds it.

Whoever put it up films strangers in a room where nobody may film (Order 799 art. 8; PS12 art. 42(6), Criminal Law
art. 284 with grave result). He looks at some of it, sells pieces, blackmails. A guest notices it, or an inspection
finds it: sooner where venues must look for them (Order 799 art. 8(2)). No rule has a route for him, so every act is
prohibited or, where the camera rules say nothing of siting, the soft gap: general law alone.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy import Environment

from privacysim.governance.hazards import first_end
from privacysim.governance.log import NEVER, Book
from privacysim.governance.oversight import Oversight, write_steps
from privacysim.governance.rules_in_force import AFTER, BEFORE, Rules
from privacysim.governance.spreading import Chain, Spread, write_chains, write_incident
from privacysim.units import DAY_TICKS
from privacysim.world.hidden_chances import FIRST_OWNER

if TYPE_CHECKING:
    from privacysim.world.world_model import World


@dataclass(slots=True)
class HiddenCameras:
    """The hidden cameras of a world under the rules."""

    world: World
    rules: Rules
    env: Environment
    oversight: Oversight
    spread: Spread
    chains: dict[int, Chain] = field(default_factory=dict)
    """By row, those that still stood in [0, D)."""
    sold: set[int] = field(default_factory=set)
    """Rows of which pieces were put on sale."""
    ended: dict[int, tuple[int, str]] = field(default_factory=dict)
    """By row, when and by whom it was found."""

    def start(self) -> None:
        """One process per hidden camera, in the world's order."""
        leaks = self.world.scenario.leaks
        hazard = np.array([leaks.hidden_guest_per_day.number, leaks.hidden_inspection_per_day.number])
        factors = np.array([1.0, leaks.hidden_venue_duty_factor.number if self._newly_looked_for() else 1.0])
        for row in range(len(self.world.hidden)):
            self.env.process(self._camera(row, hazard, factors))

    def _newly_looked_for(self) -> bool:
        after, before = (self.rules.of(era).policy.siting for era in (AFTER, BEFORE))
        return after is not None and after.venue_duty and not (before is not None and before.venue_duty)

    def _camera(self, row: int, hazard: Any, factors: Any) -> Generator[Any, Any, None]:
        """Put up → films → is looked at, sold, used against somebody → found."""
        hidden, leaks, end = self.world.hidden, self.world.scenario.leaks, self.world.days * DAY_TICKS
        begin = int(hidden.installed[row])
        found, cause = first_end(
            int(hidden.counted_from[row]), self.rules.switch, hidden.finders[row], hazard, factors
        )
        if found <= 0:
            return
        first, last = max(begin, 0), min(found, end)
        yield self.env.timeout(max(first - int(self.env.now), 0))
        who, mark = int(hidden.hidden_id[row]), hidden.marks[row]
        chain = Chain(
            "hidden", who, int(hidden.camera[row]), first, last, "curious", "hidden", False, FIRST_OWNER + who,
            closed=found,
        )
        self.chains[row] = chain
        # who films a room looks at part of it; a visitor of the place is in that room by its share of the rooms
        seen = leaks.hidden_watch_share.number * float(hidden.room_share[row])
        filmed = self.spread.act(chain, -1, "copy", first, technique="copy")
        self.spread.act(chain, filmed, "view", first, audience=1.0, attention=seen, seen_by=self.spread.far)
        if mark[0] < leaks.hidden_sold_share.number:
            self.sold.add(row)
            self.env.process(self._sold(chain, filmed, row, first + int((last - first) * mark[1])))
        if mark[2] < leaks.hidden_blackmail_share.number:
            self.spread.misused(chain, filmed, first + int((last - first) * mark[3]), "blackmail", float(mark[1]))
        yield self.env.timeout(last - first)
        if found < end:
            self.ended[row] = (found, ("complaint", "inspection")[cause])

    def _sold(self, chain: Chain, filmed: int, row: int, at: int) -> Generator[Any, Any, None]:
        yield self.env.timeout(max(at - int(self.env.now), 0))
        chain.clip_to = min(chain.clip_to, max(int(self.env.now), chain.clip_from + 1))
        yield from self.spread.sales(chain, filmed, int(self.world.hidden.hidden_id[row]))

    def write(self, acts: Book, incidents: Book, audits: Book) -> None:
        """Every hidden camera that stood in [0, D), what its owner did, and what followed when it was found."""
        end, hidden = self.world.days * DAY_TICKS, self.world.hidden
        rows = sorted(self.chains)
        first = write_chains([self.chains[row] for row in rows], acts, end)
        for row, act_id in zip(rows, first.tolist(), strict=True):
            chain, begin = self.chains[row], int(hidden.installed[row])
            found, finder = self.ended.get(row, (int(NEVER), ""))
            write_incident(
                chain, incidents, self.world, end, kind="hidden",
                mechanism="sold" if row in self.sold else "kept", opened=begin, found=found, finder=finder, cameras=1,
                told=found if finder == "complaint" else int(NEVER),
            )
            if not finder:
                continue
            question = self.spread.question(chain.camera, "view", "curious", "hidden")
            steps = self.oversight.steps(
                self.rules.era(found), question, found, found, logged=True,
                marks=tuple(hidden.marks[row][4:8].tolist()), gain_cny=chain.price, grave=chain.price > 0,
            )
            write_steps(audits, steps, end, act_id=act_id, incident_id=chain.source_id)
