"""Insiders off purpose and break-ins: one process per lapse, from the first look to the last copy.

Whoever can open footage may look for themselves (abuse: Order 799 arts. 16, 32; leaking: Civil Code art. 1039; supply
for money: Criminal Law art. 253-1). Some take a copy: it is shown to a few, sold on in a chain of sales, or published,
taken down and published again; some use it against somebody. An intruder reaches one holder's archive, or a vendor's
platform and with it thousands of cameras, and looks at some of them. The draft forbids each of these acts by name,
buying and selling absolutely.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from privacysim.governance.log import NEVER, Books
from privacysim.governance.oversight import NOT_FOUND, Found, Step, write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.spreading import Chain
from privacysim.policy.questions import Question
from privacysim.units import TICKS_PER_S
from privacysim.world.custody import BREAK_IN, CONTRACTOR, LAPSES, PLATFORM, STAFF, VENDOR

_WHO = {
    STAFF: ("own_staff_off_purpose", "own_console", True), CONTRACTOR: ("contractor", "own_console", False),
    VENDOR: ("vendor_platform", "shared_platform", False), BREAK_IN: ("curious", "remote_login", False),
    PLATFORM: ("curious", "remote_login", False),
}
"""Actor, channel, and whether the camera is their own, by kind of lapse."""
_GRAVEST = {"looked": "view", "told": "disseminate", "published": "disseminate", "sold": "sell"}


@dataclass(slots=True)
class _Lapse:
    """What became of one lapse."""

    row: int
    chain: Chain
    question: Question
    logged: bool
    how: str = "looked"
    found: Found = NOT_FOUND
    told: int = int(NEVER)
    steps: tuple[Step, ...] = ()


class Leaks(Process):
    """The lapses of a world under the rules."""

    incidents: ClassVar = {
        "insider": ("insider", "resale"), "break_in": ("breach", "resale"), "platform_break_in": ("breach", "resale"),
    }

    def start(self, context: Context) -> None:
        """One process per lapse, in the world's order."""
        self.context, self.lapses, self.happened = context, context.world.lapses, list[_Lapse]()
        for row in range(len(self.lapses)):
            context.env.process(self._lapse(row))

    def _lapse(self, row: int) -> Generator[Any, Any, None]:
        """Tempted → looks → takes a copy, or not → passes it on, uses it → is found, or not."""
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
        """A copy is sold, published or shown around; some is used against somebody."""
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
        """The legal steps, and the notice to the people concerned where an archive was broken into."""
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
        """Acts done in [0, D), incidents that were open in it, and who found them."""
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
