"""Spread of footage: shown to a few, sold on, published, taken down, published again, used.

Every process that obtains a piece (insider, intruder, hidden camera, recipient of a copy) continues with the same chain
of the draft's seven acts. A chain of sales is a branching process: a seller has found a first buyer, and a further
buyer j exists where the running sum of unit exponentials stays below R (Harris 1963); R < 1, so it ends. A published
piece stays until it is taken down; republication is a separate branching process. A stricter rule lowers R and shortens
the stay, so the remaining acts are a subset.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from privacysim import vocabulary as words
from privacysim.draws import child_id, marks, stream_key
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import NEVER, Books, act_ids, code_of
from privacysim.governance.rules_in_force import AFTER, BEFORE, Rules
from privacysim.governance.viewers import Gallery, gallery, visitors
from privacysim.policy.questions import Question
from privacysim.units import DAY_TICKS, TICKS_PER_S

if TYPE_CHECKING:
    from privacysim.world.world_model import World

CNY_PER_USD = 7.0
MISUSES = ("blackmail", "stalking", "commerce")


@dataclass(slots=True)
class Chain:
    """One incident and all acts that follow from it; each act has the number of the act that it follows from.

    `clip_from`, `clip_to`: the footage first viewed; its last `clip_s` seconds are passed on.
    """

    source: str
    source_id: int
    camera: int
    clip_from: int
    clip_to: int
    actor: str
    channel: str
    own: bool
    viewer: int
    root: int = -1
    """Id of the act that the first of these follows from."""
    acts: list[dict[str, object]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    price: float = 0.0
    audience: float = 0.0
    """Viewers in [0, D), as the processes count them."""
    closed: int = -1
    misuses: list[tuple[int, str, float]] = field(default_factory=list)
    """Uses against somebody or for business: time, kind (a word of MISUSES), demand in CNY."""


@dataclass(slots=True)
class Spread:
    """Ways in which a piece spreads, under the rules of the time."""

    world: World
    rules: Rules
    kept: Keeping
    env: Environment
    sources: tuple[str, ...] = words.SOURCES
    """Words for the source of an act; processes from outside may declare more."""
    near: Gallery = field(init=False)
    far: Gallery = field(init=False)

    def __post_init__(self) -> None:
        access, city = self.world.scenario.access, self.world.scenario.population.people.number
        self.near = gallery(access.contacts.number, min(access.pool_neighbours.number, city))
        self.far = visitors(self.world.scenario)[1]

    def act(
        self, chain: Chain, parent: int, act: str, at: int, *, camera: int | None = None, actor: str | None = None,
        channel: str | None = None, own: bool | None = None, viewer: int | None = None, audience: float = 0.0,
        purpose: str = "curiosity", technique: str = "look", source: str | None = None, seen_by: Gallery | None = None,
        clip: bool = False, masked: bool = False, attention: float = 1.0, span: tuple[int, int] | None = None,
    ) -> int:
        """Add one act; return its number within the chain. `clip`: only the piece that is passed on."""
        known = seen_by or self.near
        begin, end = span or (chain.clip_from, chain.clip_to)
        if clip:
            begin = max(begin, end - round(self.world.scenario.leaks.clip_s.number * TICKS_PER_S))
        chain.parent.append(parent)
        chain.acts.append({
            "source": code_of("source", source or chain.source, self.sources), "source_id": chain.source_id,
            "camera_id": chain.camera if camera is None else camera, "from_t": begin, "to_t": end, "at_t": at,
            "actor": code_of("actor", actor or chain.actor), "act": code_of("act", act),
            "viewer": chain.viewer if viewer is None else viewer, "purpose": code_of("purpose", purpose),
            "channel": code_of("channel", channel or chain.channel), "technique": code_of("technique", technique),
            "own": chain.own if own is None else own, "gallery": known.people, "known": known.known,
            "audience": audience, "masked": masked, "attention": attention,
        })
        if 0 <= at < self.world.days * DAY_TICKS:
            chain.audience += audience
        return len(chain.acts) - 1

    def told(self, chain: Chain, parent: int, at: int, people: float) -> int:
        """Show the piece privately to a few people who know each other."""
        shown = self.act(chain, parent, "disseminate", at, channel="onward", clip=True)
        self.act(
            chain, shown, "view", at, actor="curious", channel="onward", own=False,
            viewer=child_id(chain.source_id, "told", 0), audience=people, clip=True,
        )
        return shown

    def sales(self, chain: Chain, parent: int, seller: int, generation: int = 0) -> Generator[Any, Any, None]:
        """Sell a copy: each buyer views it, and may sell it on. Buyer j exists where E₀ + … + E_j < R."""
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "resale")
        reach, total, buyers = self._reach(chain.camera), 0.0, []
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
            chain.price += leaks.price_video_usd.number * CNY_PER_USD
            chain.closed = max(chain.closed, at)
            trade: dict[str, Any] = {
                "source": "resale", "channel": "onward", "purpose": "commerce", "own": False, "clip": True,
            }
            who = {} if generation == 0 else {"actor": "curious", "viewer": seller}
            sold = self.act(chain, parent, "sell", at, **(trade | who))
            bought = self.act(chain, sold, "buy", at, **trade, actor="curious", viewer=buyer)
            self.act(
                chain, bought, "view", at, **trade, actor="curious", viewer=buyer, audience=1.0, seen_by=self.far
            )
            self.env.process(self.sales(chain, bought, buyer, generation + 1))

    def published(
        self, chain: Chain, parent: int, piece: int, *, actor: str | None = None, purpose: str = "curiosity",
        viewers_per_day: float | None = None, masked: bool = False, news: bool = False,
    ) -> Generator[Any, Any, None]:
        """Publish a piece: online, viewed, taken down, perhaps online again elsewhere; the press takes nothing down."""
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "published")
        mark, begin = marks(key, piece), int(self.env.now)
        stays = -log(mark[0]) * leaks.published_takedown_d.number * DAY_TICKS
        if self._newly_forbidden(chain.camera, "disseminate", actor or "curious", masked):
            stays /= leaks.takedown_prohibited_factor.number
        ends = begin + ceil(stays)
        shown = self.act(
            chain, parent, "disseminate", begin, channel="onward" if news else "open_stream", actor=actor,
            purpose=purpose, clip=True, masked=masked, own=False if news else None,
            viewer=None if piece == chain.source_id else piece,  # a republisher is somebody else
        )
        first, last = max(begin, 0), min(ends, self.world.days * DAY_TICKS)
        if last > first:
            each = leaks.published_viewers_per_day.number if viewers_per_day is None else viewers_per_day
            self.act(
                chain, shown, "view", first, actor="curious", channel="open_stream", own=False, purpose=purpose,
                viewer=child_id(piece, "crowd", 0), audience=each * (last - first) / DAY_TICKS, seen_by=self.far,
                clip=True, masked=masked,
            )
        chain.closed = max(chain.closed, ends)
        yield self.env.timeout(ends - begin)
        total = 0.0
        for ordinal in range(64):
            again = child_id(piece, "published", ordinal)
            total -= log(marks(key, again)[1])
            if total >= leaks.republished_mean.number:
                break
            # a republisher is not the press and masks nobody
            self.env.process(self.published(chain, shown, again, actor="curious"))

    def used(self, chain: Chain, parent: int, at: int, marks_: Sequence[float]) -> None:
        """Use the piece against somebody (blackmail, stalking) or for business; every use is a separate incident."""
        leaks = self.world.scenario.leaks
        blackmail, stalking = leaks.blackmail_share.number, leaks.stalking_share.number
        what = MISUSES[0] if marks_[0] < blackmail else MISUSES[1] if marks_[0] < blackmail + stalking else MISUSES[2]
        self.misused(chain, parent, at, what, marks_[1])

    def misused(self, chain: Chain, parent: int, at: int, what: str, mark: float) -> None:
        """Add one use of one kind; a blackmailer's demand is exponential, with a fact as its mean."""
        price = -log(mark) * self.world.scenario.leaks.blackmail_cny.number if what == "blackmail" else 0.0
        self.act(chain, parent, "use", at, purpose="curiosity" if what == "stalking" else "commerce", clip=True)
        chain.misuses.append((at, what, price))

    def _reach(self, camera: int) -> float:
        """Return the mean number of further buyers; lower where the rules newly prohibit buying and some comply."""
        mean = self.world.scenario.leaks.resale_mean.number
        if not self._newly_forbidden(camera, "buy", "curious"):
            return mean
        return mean * (1.0 - self.world.scenario.access.compliance.number)

    def _newly_forbidden(self, camera: int, act: str, actor: str, masked: bool = False) -> bool:
        if self.rules.era(int(self.env.now)) == BEFORE:
            return False
        question = self.question(
            camera, act, actor, "onward", purpose="news" if actor == "media" else "commerce",
            mask="box" if masked else "none",
        )
        return (
            self.rules.judge(AFTER, question).legality == "prohibited"
            and self.rules.judge(BEFORE, question).legality != "prohibited"
        )

    def question(
        self, camera: int, act: str, actor: str, channel: str, *, purpose: str = "curiosity", own: bool = False,
        mask: str = "none",
    ) -> Question:
        """Build the question to the rules about one act with this camera's footage."""
        cameras = self.world.cameras
        return Question(
            actor, act, purpose, channel, words.OPERATORS[cameras.operator[camera]],
            words.REGIMES[cameras.regime[camera]], listed=bool(self.kept.listed[camera]),
            scene=words.SCENES[cameras.scene[camera]], own=own, identifiable=bool(self.kept.identifiable[camera]),
            secret=words.SECRETS[cameras.secret[camera]], mask=mask,
        )

    def write(self, chains: Sequence[Chain], books: Books) -> NDArray[np.int64]:
        """Add the acts done in [0, D) of all chains; return the id of each chain's first act, −1 if it has none."""
        with_acts = [chain for chain in chains if chain.acts]
        rows = [act for chain in with_acts for act in chain.acts]
        first_ids = np.full(len(chains), -1, dtype=np.int64)
        if not rows:
            return first_ids
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        ids = act_ids(columns)
        sizes = [len(chain.acts) for chain in with_acts]
        first = np.cumsum([0, *sizes])
        parent = np.array([number for chain in with_acts for number in chain.parent])
        root = np.repeat([chain.root for chain in with_acts], sizes)
        inside = (columns["at_t"] >= 0) & (columns["at_t"] < self.world.days * DAY_TICKS)
        inside &= columns["to_t"] > columns["from_t"]
        above = np.repeat(first[:-1], sizes) + np.maximum(parent, 0)
        follows = np.where(parent < 0, root, np.where(inside[above], ids[above], -1))
        books.acts.add(
            int(inside.sum()), parent_id=follows[inside], **{name: one[inside] for name, one in columns.items()}
        )
        first_ids[[number for number, chain in enumerate(chains) if chain.acts]] = ids[first[:-1]]
        return first_ids

    def incident(
        self, chain: Chain, books: Books, *, kind: str, mechanism: str, opened: int, found: int = int(NEVER),
        finder: str = "", cameras: int = 1, told: int = int(NEVER),
    ) -> None:
        """Add the incident of a chain, and one of the kind `misuse` for each use of a piece."""
        custodian, end = self.world.cameras.custodian_id[chain.camera], self.world.days * DAY_TICKS
        books.incidents.add(
            1, incident_id=chain.source_id, custodian_id=custodian, kind=kind, mechanism=mechanism, opened_t=opened,
            discovered_t=found, discovered_by=finder, closed_t=chain.closed if chain.closed < end else NEVER,
            cameras_n=cameras, price_cny=chain.price, audience=chain.audience, told_t=told,
        )
        for number, (at, what, price) in enumerate(chain.misuses):
            if 0 <= at < end:
                books.incidents.add(
                    1, incident_id=child_id(chain.source_id, "misuse", number), custodian_id=custodian, kind="misuse",
                    mechanism=what, opened_t=at, closed_t=at, price_cny=price,
                )
