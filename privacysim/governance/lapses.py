"""Insiders off purpose and break-ins: one process per lapse, from the first look to the last copy.

Whoever can open footage looks for himself (abuse: Order 799 arts. 16, 32; leaking: Civil Code art. 1039; supply for
money: Criminal Law art. 253-1). Some take a copy: it is shown to a few, sold on in a chain of sales, or published,
taken down and published again; some use it against somebody. An intruder reaches one holder's archive, or a vendor's
platform and with it thousands of cameras, of which he looks at some. The draft forbids each of these acts by name,
buying and selling absolutely.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simpy import Environment

from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, Book
from privacysim.governance.oversight import Found, Oversight, Step, write_steps
from privacysim.governance.rules_in_force import Rules
from privacysim.governance.spreading import Chain, Spread, write_chains, write_incident
from privacysim.policy.questions import Question
from privacysim.units import DAY_TICKS, TICKS_PER_S
from privacysim.world.lapse_chances import BREAK_IN, CONTRACTOR, LAPSES, PLATFORM, STAFF, VENDOR

if TYPE_CHECKING:
    from privacysim.world.world_model import World

_WHO = {
    STAFF: ("own_staff_off_purpose", "own_console", True), CONTRACTOR: ("contractor", "own_console", False),
    VENDOR: ("vendor_platform", "shared_platform", False), BREAK_IN: ("curious", "remote_login", False),
    PLATFORM: ("curious", "remote_login", False),
}
"""Actor, channel, and whether the camera is his own, by kind of lapse."""
_GRAVEST = {"looked": "view", "told": "disseminate", "published": "disseminate", "sold": "sell"}


@dataclass(slots=True)
class _Lapse:
    """What became of one lapse."""

    row: int
    chain: Chain
    question: Question
    logged: bool
    how: str = "looked"
    found: Found | None = None
    told: int = int(NEVER)
    steps: tuple[Step, ...] = ()


@dataclass(slots=True)
class Leaks:
    """The lapses of a world under the rules."""

    world: World
    rules: Rules
    kept: Keeping
    env: Environment
    oversight: Oversight
    spread: Spread
    happened: list[_Lapse] = field(default_factory=list)

    def start(self) -> None:
        """One process per lapse, in the world's order."""
        for row in range(len(self.world.lapses)):
            self.env.process(self._lapse(row))

    def _lapse(self, row: int) -> Generator[Any, Any, None]:
        """Tempted → looks → takes a copy, or not → passes it on, uses it → is found, or not."""
        lapses = self.world.lapses
        begin = int(lapses.tick[row])
        yield self.env.timeout(max(begin - int(self.env.now), 0))
        era = self.rules.era(begin)
        touched = lapses.camera[lapses.start[row]:lapses.start[row + 1]]
        touched = touched[self.kept.recording[touched]]
        if not touched.size or not self.rules.of(era).footage:
            return
        mark, camera = lapses.marks[row], int(touched[0])
        actor, channel, own = _WHO[int(lapses.kind[row])]
        question = self.spread.question(camera, "view", actor, channel, own=own)
        logged = bool(self.kept.log_kept[era][camera])
        if mark[0] >= self.oversight.holds_back(era, question, logged):
            return
        who = int(lapses.lapse_id[row])
        chain = Chain(
            "breach" if lapses.kind[row] >= BREAK_IN else "insider", who, camera,
            begin - int(lapses.look_ticks[row]), begin, actor, channel, own, who, closed=begin,
        )
        lapse = _Lapse(row, chain, question, logged)
        self.happened.append(lapse)
        for one in touched.tolist():
            self.spread.act(chain, -1, "view", begin, camera=one, audience=1.0)
        self._passed_on(lapse, begin)
        found = self.oversight.found(
            begin, self.world.days * DAY_TICKS, custodian=int(self.world.cameras.custodian_id[camera]), logged=logged,
            filed=self.kept.is_filed(camera, begin), passed_on=lapse.how != "looked",
            published=lapse.how == "published", marks=tuple(mark[4:8].tolist()),
        )
        lapse.found = found
        if found.by:
            yield self.env.timeout(found.at - int(self.env.now))
            self._found(lapse, begin, found.at)

    def _passed_on(self, lapse: _Lapse, begin: int) -> None:
        """A copy is sold, published or shown around; some is used against somebody."""
        leaks, chain = self.world.scenario.leaks, lapse.chain
        mark = self.world.lapses.marks[lapse.row]
        intruder = chain.source == "breach"
        if mark[1] < (1.0 if intruder else leaks.lapse_disclosed_share.number):
            copy = self.spread.act(chain, 0, "copy", begin, technique="copy")
            sold = leaks.breach_sold_share.number if intruder else leaks.lapse_sold_share.number
            if mark[2] < sold:
                lapse.how = "sold"
                self.env.process(self.spread.sales(chain, copy, chain.source_id))
            elif mark[2] < sold + leaks.lapse_published_share.number:
                lapse.how = "published"
                self.env.process(self.spread.published(chain, copy, chain.source_id))
            elif not intruder:
                lapse.how = "told"
                self.spread.told(chain, copy, begin, leaks.told_people.number)
        if mark[3] < leaks.lapse_used_share.number:
            self.spread.used(chain, 0, begin, (float(mark[12]), float(mark[13])))

    def _found(self, lapse: _Lapse, begin: int, at: int) -> None:
        """The legal steps, and the notice to the people concerned where an archive was broken into."""
        lapses, mark, era = self.world.lapses, self.world.lapses.marks[lapse.row], self.rules.era(at)
        gravest = replace(lapse.question, act=_GRAVEST[lapse.how])
        reach = int(lapses.reach[lapse.row])
        lapse.steps = self.oversight.steps(
            era, gravest, begin, at, logged=lapse.logged, marks=tuple(mark[8:12].tolist()), items=reach,
            gain_cny=lapse.chain.price, grave=lapse.how in ("published", "sold"),
        )
        term = self.rules.of(era).breach_notice_s()
        complies = self.world.custody.compliance[lapse.chain.camera] < self.world.scenario.access.compliance.number
        if lapse.chain.source == "breach" and term is not None and complies:
            lapse.told = at + round(term * TICKS_PER_S)

    def write(self, acts: Book, incidents: Book, audits: Book) -> None:
        """Acts done in [0, D), incidents that were open in it, and who found them."""
        end, lapses = self.world.days * DAY_TICKS, self.world.lapses
        looked = write_chains([lapse.chain for lapse in self.happened], acts, end)
        for lapse, act_id in zip(self.happened, looked.tolist(), strict=True):
            begin, kind = int(lapses.tick[lapse.row]), int(lapses.kind[lapse.row])
            at = lapse.found.at if lapse.found else int(NEVER)
            if max(lapse.chain.closed, at if at < NEVER else -1, begin) < 0:
                continue
            write_incident(
                lapse.chain, incidents, self.world, end, kind=LAPSES[kind] if kind >= BREAK_IN else "insider",
                mechanism=lapse.how if kind >= BREAK_IN else f"{LAPSES[kind]}, {lapse.how}", opened=begin, found=at,
                finder=lapse.found.by if lapse.found else "", cameras=int(lapses.reach[lapse.row]), told=lapse.told,
            )
            write_steps(
                audits, lapse.steps, end, act_id=act_id, incident_id=lapse.chain.source_id,
                reviews=lapse.found.reviews if lapse.found else (),
            )
