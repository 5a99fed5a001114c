"""Hidden cameras: one process each, from the day it is put up to the day that somebody finds it.

Whoever put it up films strangers in a room where nobody may film (Order 799 art. 8; PS12 art. 42(6), Criminal Law
art. 284 with grave result). They look at some of it, sell pieces, blackmail. A guest notices it, or an inspection
finds it: sooner where venues must look for them (Order 799 art. 8(2)). No rule has a route for the owner, so every act
is prohibited or, where the camera rules say nothing of siting, the soft gap: general law alone.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

import numpy as np

from privacysim.governance.log import NEVER, Books
from privacysim.governance.oversight import first_end, write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.rules_in_force import AFTER, BEFORE
from privacysim.governance.spreading import Chain
from privacysim.world.streams import FIRST_OWNER


class HiddenCameras(Process):
    """The hidden cameras of a world under the rules."""

    incidents: ClassVar = {"hidden": ("hidden", "resale")}

    def start(self, context: Context) -> None:
        """One process per hidden camera, in the world's order."""
        self.context, self.hidden = context, context.world.hidden
        self.chains: dict[int, Chain] = {}
        """By row, those that still stood in [0, D)."""
        self.sold: set[int] = set()
        """Rows of which pieces were put on sale."""
        self.ended: dict[int, tuple[int, str]] = {}
        """By row, when and by whom it was found."""
        leaks = context.world.scenario.leaks
        after, before = (context.rules.of(era).policy.siting for era in (AFTER, BEFORE))
        newly = after is not None and after.venue_duty and not (before is not None and before.venue_duty)
        hazard = np.array([leaks.hidden_guest_per_day.number, leaks.hidden_inspection_per_day.number])
        factors = np.array([1.0, leaks.hidden_venue_duty_factor.number if newly else 1.0])
        for row in range(len(self.hidden)):
            context.env.process(self._camera(row, hazard, factors))

    def _camera(self, row: int, hazard: Any, factors: Any) -> Generator[Any, Any, None]:
        """Put up → films → is looked at, sold, used against somebody → found."""
        hidden, context, spread = self.hidden, self.context, self.context.spread
        leaks, end = context.world.scenario.leaks, context.end
        found, cause = first_end(
            int(hidden.counted_from[row]), context.rules.switch, hidden.finders[row], hazard, factors
        )
        if found <= 0:
            return
        first, last = max(int(hidden.installed[row]), 0), min(found, end)
        yield context.until(first)
        who, mark = int(hidden.hidden_id[row]), hidden.marks[row]
        chain = self.chains[row] = Chain(
            "hidden", who, int(hidden.camera[row]), first, last, "curious", "hidden", False, FIRST_OWNER + who,
            closed=found,
        )
        # who films a room looks at part of it; a visitor of the place is in that room by its share of the rooms
        seen = leaks.hidden_watch_share.number * float(hidden.room_share[row])
        filmed = spread.act(chain, -1, "copy", first, technique="copy")
        spread.act(chain, filmed, "view", first, audience=1.0, attention=seen, seen_by=spread.far)
        if mark[0] < leaks.hidden_sold_share.number:
            self.sold.add(row)
            context.env.process(self._sold(chain, filmed, row, first + int((last - first) * mark[1])))
        if mark[2] < leaks.hidden_blackmail_share.number:
            spread.misused(chain, filmed, first + int((last - first) * mark[3]), "blackmail", float(mark[1]))
        yield context.env.timeout(last - first)
        if found < end:
            self.ended[row] = (found, ("complaint", "inspection")[cause])

    def _sold(self, chain: Chain, filmed: int, row: int, at: int) -> Generator[Any, Any, None]:
        yield self.context.until(at)
        chain.clip_to = min(chain.clip_to, max(int(self.context.env.now), chain.clip_from + 1))
        yield from self.context.spread.sales(chain, filmed, int(self.hidden.hidden_id[row]))

    def write(self, books: Books) -> None:
        """Every hidden camera that stood in [0, D), what its owner did, and what followed when it was found."""
        context, rows = self.context, sorted(self.chains)
        first = context.spread.write([self.chains[row] for row in rows], books)
        for row, act_id in zip(rows, first.tolist(), strict=True):
            chain = self.chains[row]
            found, finder = self.ended.get(row, (int(NEVER), ""))
            context.spread.incident(
                chain, books, kind="hidden", mechanism="sold" if row in self.sold else "kept",
                opened=int(self.hidden.installed[row]), found=found, finder=finder,
                told=found if finder == "complaint" else int(NEVER),
            )
            if finder:
                steps = context.oversight.steps(
                    context.rules.era(found), context.spread.question(chain.camera, "view", "curious", "hidden"),
                    found, found, logged=True, marks=tuple(self.hidden.marks[row][4:8].tolist()),
                    gain_cny=chain.price, grave=chain.price > 0,
                )
                write_steps(books.audits, steps, context.end, act_id=act_id, incident_id=chain.source_id)
