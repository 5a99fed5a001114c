"""Insider misuse, break-ins and hidden cameras: one process each, from the first view to the last copy.

Those who can open footage may view it for themselves (abuse: Order 799 arts. 16, 32; leaking: Civil Code art. 1039;
supply for money: Criminal Law art. 253-1). Some take a copy: it is shown to a few, sold on in a chain of sales, or
published, taken down and published again. Some use it against somebody. An intruder reaches one custodian's archive,
or a vendor's platform with thousands of cameras, and views some of them. The draft prohibits each of these acts by
name, and buying and selling absolutely.

Hidden cameras are leaks too. Their owners film strangers in rooms where filming is prohibited (Order 799 art. 8; PS12
art. 42(6), Criminal Law art. 284 with grave result). They view some footage, sell pieces, or blackmail. A guest or an
inspection finds the camera, sooner where venues must search (Order 799 art. 8(2)). No rule gives the owner a route, so
every act is prohibited or, if the camera rules do not mention siting, in the soft gap: general law alone.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from privacysim.governance.log import NEVER, Books
from privacysim.governance.oversight import NOT_FOUND, Found, Step, first_end, write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.rules_in_force import AFTER, BEFORE
from privacysim.governance.spreading import Chain
from privacysim.policy.questions import Question
from privacysim.units import TICKS_PER_S
from privacysim.world.custody import BREAK_IN, CONTRACTOR, LAPSES, PLATFORM, STAFF, VENDOR
from privacysim.world.streams import FIRST_OWNER

_WHO = {
    STAFF: ("own_staff_off_purpose", "own_console", True), CONTRACTOR: ("contractor", "own_console", False),
    VENDOR: ("vendor_platform", "shared_platform", False), BREAK_IN: ("curious", "remote_login", False),
    PLATFORM: ("curious", "remote_login", False),
}
"""Actor, channel, and whether the camera is their own, by kind of lapse."""
_GRAVEST = {"looked": "view", "told": "disseminate", "published": "disseminate", "sold": "sell"}


@dataclass(slots=True)
class _Lapse:
    """State of one lapse during the run."""

    row: int
    chain: Chain
    question: Question
    logged: bool
    how: str = "looked"
    found: Found = NOT_FOUND
    told: int = int(NEVER)
    steps: tuple[Step, ...] = ()


class Leaks(Process):
    """Lapses of a world under the rules."""

    incidents: ClassVar = {
        "insider": ("insider", "resale"), "break_in": ("breach", "resale"), "platform_break_in": ("breach", "resale"),
    }

    def start(self, context: Context) -> None:
        """Start one process per lapse, in the world's order."""
        self.context, self.lapses, self.happened = context, context.world.lapses, list[_Lapse]()
        for row in range(len(self.lapses)):
            context.env.process(self._lapse(row))

    def _lapse(self, row: int) -> Generator[Any, Any, None]:
        """Run one lapse: temptation, view, possible copy, passing on or use, and possible discovery."""
        lapses, context = self.lapses, self.context
        rules, kept, oversight = context.rules, context.kept, context.oversight
        begin, mark = int(lapses.tick[row]), lapses.marks[row]
        yield context.until(begin)
        era = rules.era(begin)
        touched = lapses.camera[lapses.start[row]:lapses.start[row + 1]]
        touched = touched[kept.recording[touched]]
        if not touched.size or not rules.of(era).footage:
            return
        camera = int(touched[0])
        actor, channel, own = _WHO[int(lapses.kind[row])]
        question = context.spread.question(camera, "view", actor, channel, own=own)
        logged = bool(kept.log_kept[era][camera])
        if mark[0] >= oversight.holds_back(era, question, logged):
            return
        who = int(lapses.lapse_id[row])
        chain = Chain(
            "breach" if lapses.kind[row] >= BREAK_IN else "insider", who, camera,
            begin - int(lapses.look_ticks[row]), begin, actor, channel, own, who, closed=begin,
        )
        lapse = _Lapse(row, chain, question, logged)
        self.happened.append(lapse)
        for one in touched.tolist():
            context.spread.act(chain, -1, "view", begin, camera=one, audience=1.0)
        self._passed_on(lapse, begin)
        lapse.found = oversight.found(
            begin, context.end, custodian=int(context.world.cameras.custodian_id[camera]), logged=logged,
            filed=kept.is_filed(camera, begin), passed_on=lapse.how != "looked", published=lapse.how == "published",
            marks=tuple(mark[4:8].tolist()),
        )
        if lapse.found.by:
            yield context.env.timeout(lapse.found.at - int(context.env.now))
            self._found(lapse, begin, lapse.found.at)

    def _passed_on(self, lapse: _Lapse, begin: int) -> None:
        """Pass a copy on: it is sold, published or shown around; some pieces are used against somebody."""
        leaks, chain, spread = self.context.world.scenario.leaks, lapse.chain, self.context.spread
        mark = self.lapses.marks[lapse.row]
        intruder = chain.source == "breach"
        if mark[1] < (1.0 if intruder else leaks.lapse_disclosed_share.number):
            copy = spread.act(chain, 0, "copy", begin, technique="copy")
            sold = leaks.breach_sold_share.number if intruder else leaks.lapse_sold_share.number
            if mark[2] < sold:
                lapse.how = "sold"
                self.context.env.process(spread.sales(chain, copy, chain.source_id))
            elif mark[2] < sold + leaks.lapse_published_share.number:
                lapse.how = "published"
                self.context.env.process(spread.published(chain, copy, chain.source_id))
            elif not intruder:
                lapse.how = "told"
                spread.told(chain, copy, begin, leaks.told_people.number)
        if mark[3] < leaks.lapse_used_share.number:
            spread.used(chain, 0, begin, (float(mark[12]), float(mark[13])))

    def _found(self, lapse: _Lapse, begin: int, at: int) -> None:
        """Add the legal steps, and the notice to the people concerned after a break-in to an archive."""
        world, mark, era = self.context.world, self.lapses.marks[lapse.row], self.context.rules.era(at)
        lapse.steps = self.context.oversight.steps(
            era, replace(lapse.question, act=_GRAVEST[lapse.how]), begin, at, logged=lapse.logged,
            marks=tuple(mark[8:12].tolist()), items=int(self.lapses.reach[lapse.row]), gain_cny=lapse.chain.price,
            grave=lapse.how in ("published", "sold"),
        )
        term = self.context.rules.of(era).breach_notice_s()
        complies = world.custody.compliance[lapse.chain.camera] < world.scenario.access.compliance.number
        if lapse.chain.source == "breach" and term is not None and complies:
            lapse.told = at + round(term * TICKS_PER_S)

    def write(self, books: Books) -> None:
        """Write acts done in [0, D), incidents that were open in it, and who found them."""
        spread, lapses = self.context.spread, self.lapses
        looked = spread.write([lapse.chain for lapse in self.happened], books)
        for lapse, act_id in zip(self.happened, looked.tolist(), strict=True):
            begin, kind, found = int(lapses.tick[lapse.row]), int(lapses.kind[lapse.row]), lapse.found
            if max(lapse.chain.closed, found.at if found.by else -1, begin) < 0:
                continue
            spread.incident(
                lapse.chain, books, kind=LAPSES[kind] if kind >= BREAK_IN else "insider",
                mechanism=lapse.how if kind >= BREAK_IN else f"{LAPSES[kind]}, {lapse.how}", opened=begin,
                found=found.at, finder=found.by, cameras=int(lapses.reach[lapse.row]), told=lapse.told,
            )
            write_steps(
                books.audits, lapse.steps, self.context.end, act_id=act_id, incident_id=lapse.chain.source_id,
                reviews=found.reviews,
            )


class HiddenCameras(Process):
    """Hidden cameras of a world under the rules."""

    incidents: ClassVar = {"hidden": ("hidden", "resale")}

    def start(self, context: Context) -> None:
        """Start one process per hidden camera, in the world's order."""
        self.context, self.hidden = context, context.world.hidden
        self.chains: dict[int, Chain] = {}
        """By row: the chains of cameras that existed in [0, D)."""
        self.sold: set[int] = set()
        """Rows whose pieces were put on sale."""
        self.ended: dict[int, tuple[int, str]] = {}
        """By row: when and by whom the camera was found."""
        leaks = context.world.scenario.leaks
        after, before = (context.rules.of(era).policy.siting for era in (AFTER, BEFORE))
        newly = after is not None and after.venue_duty and not (before is not None and before.venue_duty)
        hazard = np.array([leaks.hidden_guest_per_day.number, leaks.hidden_inspection_per_day.number])
        factors = np.array([1.0, leaks.hidden_venue_duty_factor.number if newly else 1.0])
        for row in range(len(self.hidden)):
            context.env.process(self._camera(row, hazard, factors))

    def _camera(self, row: int, hazard: Any, factors: Any) -> Generator[Any, Any, None]:
        """Run one hidden camera: installation, filming, viewing, sale, use against somebody, discovery."""
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
        # the owner views part of the footage; a visitor of the place is in that room by its share of the rooms
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
        """Write every hidden camera that existed in [0, D), its owner's acts, and what followed its discovery."""
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
