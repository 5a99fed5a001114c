"""Insiders off purpose and break-ins: one process per lapse, from the first look to the last copy.

Whoever can open footage looks for himself (abuse: Order 799 arts. 16, 32; leaking: Civil Code art. 1039; supply for
money: Criminal Law art. 253-1). Some take a copy: it is shown to a few, sold on in a chain of sales, or published,
taken down and published again; some use it. The draft forbids each of these acts by name, buying and selling
absolutely. A chain of sales is a branching process whose mean is below one, so it ends; a stricter rule prunes it, and
what is left is a subset.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from privacysim import vocabulary as words
from privacysim.draws import child_id, marks, stream_key
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, Book, act_ids, code_of
from privacysim.governance.oversight import Found, Oversight
from privacysim.governance.rules import AFTER, BEFORE, Rules
from privacysim.governance.viewers import Gallery, gallery, visitors
from privacysim.policy.model import Question
from privacysim.units import DAY_TICKS
from privacysim.world.lapses import BREAK_IN, CONTRACTOR, LAPSES, PLATFORM, STAFF, VENDOR

if TYPE_CHECKING:
    from privacysim.world.world import World

_WHO = {
    STAFF: ("own_staff_off_purpose", "own_console", True), CONTRACTOR: ("contractor", "own_console", False),
    VENDOR: ("vendor_platform", "shared_platform", False), BREAK_IN: ("curious", "remote_login", False),
    PLATFORM: ("curious", "remote_login", False),
}
"""Actor, channel, and whether the camera is his own, by kind of lapse."""
_CNY_PER_USD = 7.0


@dataclass(slots=True)
class _Lapse:
    """What became of one lapse: rows of acts with the number of the row that each follows from."""

    row: int
    acts: list[dict[str, object]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    how: str = "looked"
    closed: int = -1
    price: float = 0.0
    found: Found | None = None
    question: Question | None = None
    logged: bool = False
    sanction: str = ""


@dataclass(slots=True)
class Leaks:
    """The lapses of a world under the rules."""

    world: World
    rules: Rules
    kept: Keeping
    env: Environment
    oversight: Oversight
    happened: list[_Lapse] = field(default_factory=list)

    def start(self) -> None:
        """One process per lapse, in the world's order."""
        for row in range(len(self.world.lapses)):
            self.env.process(self._lapse(row))

    def _lapse(self, row: int) -> Generator[Any, Any, None]:
        """Tempted → looks → takes a copy, or not → passes it on → is found, or not."""
        lapses, leaks = self.world.lapses, self.world.scenario.leaks
        begin = int(lapses.tick[row])
        yield self.env.timeout(max(begin - int(self.env.now), 0))
        era = self.rules.era(begin)
        touched = lapses.camera[lapses.start[row]:lapses.start[row + 1]]
        touched = touched[self.kept.recording[touched]]
        if not touched.size or not self.rules.of(era).footage:
            return
        mark = lapses.marks[row]
        lapse = _Lapse(row, closed=begin)
        lapse.question = self._question(row, int(touched[0]), "view")
        lapse.logged = bool(self.kept.log_kept[era][touched[0]])
        if mark[0] >= self.oversight.holds_back(era, lapse.question, lapse.logged):
            return
        self.happened.append(lapse)
        for camera in touched.tolist():
            self._act(lapse, -1, "view", begin, camera, audience=1.0)
        camera, intruder = int(touched[0]), bool(lapses.kind[row] >= BREAK_IN)
        if mark[1] < (1.0 if intruder else leaks.lapse_disclosed_share.number):
            copy = self._act(lapse, 0, "copy", begin, camera, technique="copy")
            sold = leaks.breach_sold_share.number if intruder else leaks.lapse_sold_share.number
            if mark[2] < sold:
                lapse.how = "sold"
                self.env.process(self._sales(lapse, copy, camera, int(lapses.lapse_id[row]), 0))
            elif mark[2] < sold + leaks.lapse_published_share.number:
                lapse.how = "published"
                self.env.process(self._published(lapse, copy, camera, int(lapses.lapse_id[row])))
            elif not intruder:
                lapse.how = "told"
                shown = self._act(lapse, copy, "disseminate", begin, camera, channel="onward")
                self._act(
                    lapse, shown, "view", begin, camera, actor="curious", channel="onward", own=False,
                    viewer=child_id(int(lapses.lapse_id[row]), "told", 0), audience=leaks.told_people.number,
                )
        if mark[3] < leaks.lapse_used_share.number:
            self._act(lapse, 0, "use", begin, camera, purpose="commerce")
        found = self.oversight.found(
            begin, self.world.days * DAY_TICKS, custodian=int(self.world.cameras.custodian_id[camera]),
            logged=lapse.logged, filed=bool(self.kept.filed[era][camera]),
            passed_on=lapse.how != "looked", published=lapse.how == "published", marks=tuple(mark[4:8].tolist()),
        )
        lapse.found = found
        if found.by:
            yield self.env.timeout(found.at - int(self.env.now))
            gravest = {"looked": "view", "told": "disseminate", "published": "disseminate", "sold": "sell"}[lapse.how]
            lapse.sanction = self.oversight.sanction(
                self.rules.era(found.at), replace(lapse.question, act=gravest), begin, found.at, lapse.logged,
                float(mark[8]),
            )

    def _sales(
        self, lapse: _Lapse, parent: int, camera: int, seller: int, generation: int
    ) -> Generator[Any, Any, None]:
        """A copy is on sale: each buyer looks, and may sell it on. Buyer j exists where E₀ + … + E_j < R."""
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "resale")
        # who puts a copy on sale has found a first buyer; all others come by the mean
        reach, total, buyers = self._reach(camera), 0.0, []
        for ordinal in range(64):
            buyer = child_id(seller, "sale", ordinal)
            mark = marks(key, buyer)
            if generation > 0 or ordinal > 0:
                total -= log(mark[0])
                if total >= reach:
                    break
            buyers.append((int(self.env.now) - ceil(log(mark[1]) * leaks.resale_delay_d.number * DAY_TICKS), buyer))
        for at, buyer in sorted(buyers):
            yield self.env.timeout(max(at - int(self.env.now), 0))
            price = leaks.price_video_usd.number * _CNY_PER_USD
            lapse.price, lapse.closed = lapse.price + price, max(lapse.closed, at)
            trade: dict[str, Any] = {"source": "resale", "channel": "onward", "purpose": "commerce", "own": False}
            who = {} if generation == 0 else {"actor": "curious", "viewer": seller}
            sold = self._act(lapse, parent, "sell", at, camera, **(trade | who))
            bought = self._act(lapse, sold, "buy", at, camera, **trade, actor="curious", viewer=buyer)
            self._act(
                lapse, bought, "view", at, camera, **trade, actor="curious", viewer=buyer, audience=1.0,
                seen_by=visitors(self.world.scenario)[1],
            )
            self.env.process(self._sales(lapse, bought, camera, buyer, generation + 1))

    def _published(self, lapse: _Lapse, parent: int, camera: int, piece: int) -> Generator[Any, Any, None]:
        """On line → watched → taken down → on line again somewhere else, or not."""
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "published")
        mark, begin = marks(key, piece), int(self.env.now)
        stays = -log(mark[0]) * leaks.published_takedown_d.number * DAY_TICKS
        if self._newly_forbidden(camera, "disseminate", "curious"):
            stays /= leaks.takedown_prohibited_factor.number
        ends = begin + ceil(stays)
        shown = self._act(lapse, parent, "disseminate", begin, camera, channel="open_stream")
        first, last = max(begin, 0), min(ends, self.world.days * DAY_TICKS)
        if last > first:
            self._act(
                lapse, shown, "view", first, camera, actor="curious", channel="open_stream", own=False,
                viewer=child_id(piece, "crowd", 0),
                audience=leaks.published_viewers_per_day.number * (last - first) / DAY_TICKS,
                seen_by=visitors(self.world.scenario)[1],
            )
        lapse.closed = max(lapse.closed, ends)
        yield self.env.timeout(ends - begin)
        total = 0.0
        for ordinal in range(64):
            again = child_id(piece, "published", ordinal)
            total -= log(marks(key, again)[1])
            if total >= leaks.republished_mean.number:
                break
            self.env.process(self._published(lapse, shown, camera, again))

    def _reach(self, camera: int) -> float:
        """Mean number of further buyers: lower by those who comply where the rules newly forbid buying."""
        mean = self.world.scenario.leaks.resale_mean.number
        if not self._newly_forbidden(camera, "buy", "curious"):
            return mean
        return mean * (1.0 - self.world.scenario.access.compliance.number)

    def _newly_forbidden(self, camera: int, act: str, actor: str) -> bool:
        if self.rules.era(int(self.env.now)) == BEFORE:
            return False
        question = replace(self._question(-1, camera, act), requester=actor, channel="onward", purpose="commerce")
        return (
            self.rules.judge(AFTER, question).legality == "prohibited"
            and self.rules.judge(BEFORE, question).legality != "prohibited"
        )

    def _question(self, row: int, camera: int, act: str) -> Question:
        cameras = self.world.cameras
        actor, channel, own = _WHO[int(self.world.lapses.kind[row])]
        return Question(
            actor, act, "curiosity", channel, words.OPERATORS[cameras.operator[camera]],
            words.REGIMES[cameras.regime[camera]], listed=bool(self.kept.listed[camera]),
            scene=words.SCENES[cameras.scene[camera]], own=own, identifiable=bool(self.kept.identifiable[camera]),
        )

    def _act(
        self, lapse: _Lapse, parent: int, act: str, at: int, camera: int, *, actor: str | None = None,
        channel: str | None = None, own: bool | None = None, viewer: int | None = None, audience: float = 0.0,
        purpose: str = "curiosity", technique: str = "look", source: str | None = None,
        seen_by: Gallery | None = None,
    ) -> int:
        """Note one act; returns its number within the lapse."""
        lapses, access = self.world.lapses, self.world.scenario.access
        kind = int(lapses.kind[lapse.row])
        who, way, his = _WHO[kind]
        known = seen_by or gallery(
            access.contacts.number, min(access.pool_neighbours.number, self.world.scenario.population.people.number)
        )
        seen = int(lapses.tick[lapse.row])
        lapse.parent.append(parent)
        lapse.acts.append({
            "source": code_of("source", source or ("breach" if kind >= BREAK_IN else "insider")),
            "source_id": int(lapses.lapse_id[lapse.row]), "camera_id": camera,
            "from_t": seen - int(lapses.look_ticks[lapse.row]), "to_t": seen, "at_t": at,
            "actor": code_of("actor", actor or who), "act": code_of("act", act),
            "viewer": int(lapses.lapse_id[lapse.row]) if viewer is None else viewer,
            "purpose": code_of("purpose", purpose), "channel": code_of("channel", channel or way),
            "technique": code_of("technique", technique), "own": his if own is None else own,
            "gallery": known.people, "known": known.known, "audience": audience,
        })
        return len(lapse.acts) - 1

    def write(self, acts: Book, incidents: Book, audits: Book) -> None:
        """Acts done in [0, D), incidents that were open in it, and who found them."""
        end = self.world.days * DAY_TICKS
        rows = [(lapse, number) for lapse in self.happened for number in range(len(lapse.acts))]
        columns = {
            name: np.array([lapse.acts[number][name] for lapse, number in rows])
            for name in (self.happened[0].acts[0] if rows else ())
        }
        if not rows:
            return
        ids = act_ids(columns)
        first = np.cumsum([0, *(len(lapse.acts) for lapse in self.happened)])
        base = np.repeat(first[:-1], np.diff(first))
        parent = np.array([lapse.parent[number] for lapse, number in rows])
        inside = (columns["at_t"] >= 0) & (columns["at_t"] < end)
        follows = np.where((parent >= 0) & inside[base + np.maximum(parent, 0)], ids[base + np.maximum(parent, 0)], -1)
        acts.add(int(inside.sum()), parent_id=follows[inside],
                 **{name: values[inside] for name, values in columns.items()})
        self._write_incidents(incidents, end)
        self._write_audits(audits, ids[first[:-1]], end)

    def _write_incidents(self, book: Book, end: int) -> None:
        lapses, cameras = self.world.lapses, self.world.cameras
        for lapse in self.happened:
            found = lapse.found.at if lapse.found else int(NEVER)
            if max(lapse.closed, found if found < NEVER else -1, int(lapses.tick[lapse.row])) < 0:
                continue
            touched = lapses.camera[lapses.start[lapse.row]:lapses.start[lapse.row + 1]]
            kind = int(lapses.kind[lapse.row])
            book.add(
                1, incident_id=int(lapses.lapse_id[lapse.row]), custodian_id=int(cameras.custodian_id[touched[0]]),
                kind=LAPSES[kind] if kind >= BREAK_IN else "insider",
                mechanism=lapse.how if kind >= BREAK_IN else f"{LAPSES[kind]}, {lapse.how}",
                opened_t=int(lapses.tick[lapse.row]), discovered_t=found,
                discovered_by=lapse.found.by if lapse.found else "",
                closed_t=lapse.closed if lapse.closed < end else int(NEVER), cameras_n=touched.size,
                price_cny=lapse.price,
            )

    def _write_audits(self, book: Book, looked: NDArray[np.int64], end: int) -> None:
        for lapse, act_id in zip(self.happened, looked.tolist(), strict=True):
            if lapse.found is None:
                continue
            for at in lapse.found.reviews:
                if 0 <= at < end:
                    book.add(1, act_id=act_id, at_t=at, found=False)
            if lapse.found.by and 0 <= lapse.found.at < end:
                book.add(1, act_id=act_id, at_t=lapse.found.at, found=True, sanction=lapse.sanction)
