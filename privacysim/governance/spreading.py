"""Spread of footage: shown to a few, sold on, published, taken down, published again, used.

Every process that obtains a piece continues with the same chain of the draft's seven acts. A chain of sales is a
branching process: a piece that sells has one first buyer, and a copy that was bought has a further buyer j where the
running sum of unit exponentials stays below R (Harris 1963). R < 1, so the chain ends, after 1 / (1 − R) sales on
average. Republication is a separate branching process. A stricter rule lowers R, stops some first buyers and shortens
the stay, so the remaining acts are a subset.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, log
from typing import Any

import numpy as np
from simpy import Environment

from privacysim import vocabulary as words
from privacysim.draws import child_id, marks, stream_key
from privacysim.errors import refuse_unknown
from privacysim.governance.desk import Wait
from privacysim.governance.log import NEVER, Books, act_ids
from privacysim.governance.oversight import Step, audits
from privacysim.governance.request_life import galleries, visitors
from privacysim.governance.rules_in_force import AFTER, BEFORE, Keeping, Rules
from privacysim.policy.judging import Question
from privacysim.units import DAY_TICKS, TICKS_PER_S
from privacysim.world.world_model import World

CNY_PER_USD = 7.0
MISUSES = ("blackmail", "stalking", "commerce")


@dataclass(slots=True)
class Chain:
    """All acts that follow from one piece of footage, and the incident that they make; acts refer to earlier ones.

    `clip_from`, `clip_to`: the footage first viewed; its last `clip_s` seconds are passed on. `kind`: that of the
    incident, empty if the process writes the incident itself. `found`, `finder`: when and by whom it was discovered;
    `told`: when the people filmed are told; `reviews`, `steps`: earlier reviews of the log, and the legal steps that
    followed. `root`: id of the act that the first of these follows from. `price`: CNY earned by the person behind the
    chain, not by those who sell on. `audience`: viewers in [0, D), counted while they happen. `misuses`: time, kind (a
    word of MISUSES) and demand in CNY.
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
    kind: str = ""
    mechanism: str = ""
    opened: int = 0
    closed: int = -1
    cameras: int = 1
    found: int = int(NEVER)
    finder: str = ""
    told: int = int(NEVER)
    reviews: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    root: int = -1
    acts: list[dict[str, Any]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    price: float = 0.0
    audience: float = 0.0
    misuses: list[tuple[int, str, float]] = field(default_factory=list)

    @property
    def last(self) -> int:
        """Tick of the last event of the piece: an act, its removal, or the discovery."""
        return max([self.closed, *(act["at_t"] for act in self.acts), *([self.found] if self.finder else [])])


class Spread:
    """Ways in which a piece spreads, under the rules of the time.

    `near`, `far`: columns of acts for viewers from the neighbourhood, and for viewers from anywhere.
    """

    def __init__(self, world: World, rules: Rules, kept: Keeping, env: Environment) -> None:
        self.world, self.rules, self.kept, self.env = world, rules, kept, env
        self.near: dict[str, Any] = galleries(world.scenario)["neighbour"]
        self.far: dict[str, Any] = visitors(world.scenario)[1]
        self._new: dict[tuple[int, str, str, bool], bool] = {}
        """Cached answers: whether the policy forbids what the baseline did not."""

    def act(self, chain: Chain, parent: int, act: str, at: int, *, clip: bool = False, **more: Any) -> int:
        """Add one act that follows from the act `parent` (−1: the chain's root), and return its number in the chain.

        It concerns the camera and the footage of its parent. `clip`: only the piece that is passed on. `more` replaces
        columns, such as `viewer`.
        """
        camera, begin, end = chain.camera, chain.clip_from, chain.clip_to
        if parent >= 0:
            camera, begin, end = (chain.acts[parent][name] for name in ("camera_id", "from_t", "to_t"))
        if clip:
            begin = max(begin, end - round(self.world.scenario.leaks.clip_s.number * TICKS_PER_S))
        row: dict[str, Any] = {"source": chain.source, "source_id": chain.source_id, "camera_id": camera,
                               "from_t": begin, "to_t": end, "at_t": at, "actor": chain.actor, "act": act,
                               "viewer": chain.viewer, "purpose": "curiosity", "channel": chain.channel,
                               "technique": "look", "own": chain.own, **self.near, "audience": 0.0, "masked": False,
                               "attention": 1.0}
        for name in more.keys() - row.keys():
            refuse_unknown(name, row, f"acts of {chain.source}", "a column of the acts of a chain")
        chain.parent.append(parent)
        chain.acts.append(row | more)
        if 0 <= at < self.world.days * DAY_TICKS:
            chain.audience += chain.acts[-1]["audience"]
        return len(chain.acts) - 1

    def told(self, chain: Chain, parent: int, at: int, people: float) -> None:
        """Show the piece privately to a few people who know each other."""
        shown = self.act(chain, parent, "disseminate", at, channel="onward", clip=True)
        self.act(chain, shown, "view", at, actor="curious", channel="onward", own=False,
                 viewer=child_id(chain.source_id, "told", 0), audience=people, clip=True)

    def sales(self, chain: Chain, parent: int, seller: int, usd: float, generation: int = 0) -> Wait:
        """Sell a copy: each buyer views it, and may sell it on. The person behind the chain has one buyer, who pays.

        A buyer has a further buyer j where E₀ + … + E_j < R. The first seller sells no more once found.
        """
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "resale")
        obeyed, total, buyers = self.obeyed(int(chain.acts[parent]["camera_id"])), 0.0, []
        for ordinal in range(64 if generation else 1):
            buyer = child_id(seller, "sale", ordinal)
            mark = marks(key, buyer)
            total -= log(mark[0])
            if total >= leaks.resale_mean.number * (1.0 - obeyed) if generation else mark[2] < obeyed:
                break
            buyers.append((int(self.env.now) - ceil(log(mark[1]) * leaks.resale_delay_d.number * DAY_TICKS), buyer))
        for at, buyer in sorted(buyers):
            if generation == 0 and at >= chain.found:
                break
            yield self.env.timeout(max(at - int(self.env.now), 0))
            self.sale(chain, parent, seller, buyer, usd * CNY_PER_USD, generation)

    def sale(self, chain: Chain, parent: int, seller: int, buyer: int, price: float, generation: int = 0,
             **piece: Any) -> None:
        """Sell one copy now for `price` CNY: the buyer views it, and may sell it on. `piece`: its footage."""
        at = int(self.env.now)
        chain.price += price
        chain.closed = max(chain.closed, at)
        trade: dict[str, Any] = {"source": "resale", "channel": "onward", "purpose": "commerce", "own": False}
        buys = trade | {"actor": "curious", "viewer": buyer}
        sells = trade | ({"actor": "curious", "viewer": seller} if generation else {}) | piece
        sold = self.act(chain, parent, "sell", at, clip=True, **sells)
        bought = self.act(chain, sold, "buy", at, clip=True, **buys)
        self.act(chain, bought, "view", at, clip=True, **buys, **self.far, audience=1.0)
        self.env.process(self.sales(chain, bought, buyer, 0.0, generation + 1))

    def obeyed(self, camera: int) -> float:
        """Return the share of buyers whom a new prohibition keeps from buying this camera's footage."""
        newly = self._newly_forbidden(camera, "buy", "curious")
        return self.world.scenario.access.compliance.number if newly else 0.0

    def published(self, chain: Chain, parent: int, piece: int, *, masked: bool = False, news: bool = False,
                  wait: int = 0) -> Wait:
        """Publish a piece after `wait` ticks: online, viewed, taken down, perhaps online again. `news`: the press."""
        if wait:
            yield self.env.timeout(wait)
        leaks, key = self.world.scenario.leaks, stream_key(self.world.seed, self.world.k, "published")
        mark, begin = marks(key, piece), int(self.env.now)
        stays = -log(mark[0]) * leaks.published_takedown_d.number * DAY_TICKS
        camera = int(chain.acts[parent]["camera_id"]) if parent >= 0 else chain.camera
        if self._newly_forbidden(camera, "disseminate", "media" if news else "curious", masked):
            stays /= leaks.takedown_prohibited_factor.number
        ends = begin + ceil(stays)
        common: dict[str, Any] = {"clip": True, "masked": masked, "purpose": "news" if news else "curiosity"}
        by: dict[str, Any] = {"channel": "open_stream"}
        if news:
            by = {"channel": "onward", "actor": "media", "own": False}
        elif piece != chain.source_id:  # a republisher is somebody else
            by |= {"actor": "curious", "viewer": piece}
        shown = self.act(chain, parent, "disseminate", begin, **common, **by)
        first, last = max(begin, 0), min(ends, self.world.days * DAY_TICKS)
        if last > first:
            each = (leaks.news_viewers_per_day if news else leaks.published_viewers_per_day).number
            self.act(chain, shown, "view", first, **common, **self.far, actor="curious", channel="open_stream",
                     own=False, viewer=child_id(piece, "crowd", 0), audience=each * (last - first) / DAY_TICKS)
        chain.closed = max(chain.closed, ends)
        yield self.env.timeout(ends - begin)
        total = 0.0
        for ordinal in range(64):
            again = child_id(piece, "published", ordinal)
            total -= log(marks(key, again)[1])
            if total >= leaks.republished_mean.number:
                break
            # a republisher is not the press and masks nobody
            self.env.process(self.published(chain, shown, again))

    def used(self, chain: Chain, parent: int, at: int, marks_: Sequence[float], what: str = "") -> None:
        """Use the piece against somebody, or for business: a separate incident, one of MISUSES.

        Marks: of the choice if `what` is not given, and of a blackmailer's demand (exponential).
        """
        leaks = self.world.scenario.leaks
        blackmail, stalking = leaks.blackmail_share.number, leaks.stalking_share.number
        if not what:
            what = MISUSES[int(marks_[0] >= blackmail) + int(marks_[0] >= blackmail + stalking)]
        price = -log(marks_[1]) * leaks.blackmail_cny.number if what == "blackmail" else 0.0
        self.act(chain, parent, "use", at, purpose="curiosity" if what == "stalking" else "commerce", clip=True)
        chain.misuses.append((at, what, price))

    def _newly_forbidden(self, camera: int, act: str, actor: str, masked: bool = False) -> bool:
        if self.env.now < self.rules.switch:
            return False
        if (found := self._new.get((camera, act, actor, masked))) is not None:
            return found
        purpose, mask = "news" if actor == "media" else "commerce", "box" if masked else "none"
        question = self.question(camera, act, actor, "onward", purpose=purpose, mask=mask)
        after, before = (self.rules.of(era).judge(question).legality == "prohibited" for era in (AFTER, BEFORE))
        self._new[camera, act, actor, masked] = new = after and not before
        return new

    def masks_others(self, at: int, camera: int, actor: str, purpose: str) -> bool:
        """Return whether a rule lets this actor publish this camera's footage, with everybody else masked."""
        cameras = self.world.cameras
        operator, regime = words.OPERATORS[cameras.operator[camera]], words.REGIMES[cameras.regime[camera]]
        return any(
            "disseminate" in rule.acts and actor in rule.requester and (not rule.purpose or purpose in rule.purpose)
            and (not rule.regime or regime in rule.regime) and (not rule.operator or operator in rule.operator)
            and "masked" in rule.conditions
            for rule in self.rules.of(self.rules.era(at)).policy.access
        )

    def question(self, camera: int, act: str, actor: str, channel: str, **more: Any) -> Question:
        """Build the question to the rules about one act with this camera's footage, by default out of curiosity."""
        cameras = self.world.cameras
        return Question(**{"requester": actor, "act": act, "purpose": "curiosity", "channel": channel,
                           "operator": words.OPERATORS[cameras.operator[camera]],
                           "regime": words.REGIMES[cameras.regime[camera]], "listed": bool(self.kept.listed(camera)),
                           "scene": words.SCENES[cameras.scene[camera]],
                           "identifiable": bool(self.kept.identifiable(camera)),
                           "secret": words.SECRETS[cameras.secret[camera]], **more})

    def write(self, chains: Sequence[Chain], books: Books) -> None:
        """Add the acts done in [0, D) of all chains, and the incidents that were open in it, with what followed."""
        end = self.world.days * DAY_TICKS
        chains = [chain for chain in chains if chain.acts]
        if not chains:
            return
        made = [act for chain in chains for act in chain.acts]
        columns = books.acts.rows(len(made), **{name: [act[name] for act in made] for name in made[0]})
        ids, sizes = act_ids(columns), [len(chain.acts) for chain in chains]
        first = np.cumsum([0, *sizes])
        parent = np.array([number for chain in chains for number in chain.parent])
        inside = (columns["at_t"] >= 0) & (columns["at_t"] < end) & (columns["to_t"] > columns["from_t"])
        above = np.repeat(first[:-1], sizes) + np.maximum(parent, 0)
        root = np.repeat([chain.root for chain in chains], sizes)
        columns["parent_id"] = np.where(parent < 0, root, np.where(inside[above], ids[above], -1))
        books.acts.add(int(inside.sum()), **{name: one[inside] for name, one in columns.items()})
        seen = [(chain, head) for chain, head in zip(chains, ids[first[:-1]].tolist(), strict=True)
                if chain.kind and max(chain.closed, chain.found if chain.finder else -1) >= 0]  # fmt: skip
        books.incidents.each([row for chain, _ in seen for row in self._incidents(chain, end)])
        books.audits.each([row for chain, head in seen
                           for row in audits(chain.steps, end, found=chain.found, act_id=head,
                                             incident_id=chain.source_id, reviews=chain.reviews)])

    def _incidents(self, chain: Chain, end: int) -> list[dict[str, Any]]:
        """Return the incident of a chain, and one of the kind `misuse` for each use of a piece."""
        custodian = int(self.world.cameras.custodian_id[chain.camera])
        own = {"incident_id": chain.source_id, "custodian_id": custodian, "kind": chain.kind,
               "mechanism": chain.mechanism, "opened_t": chain.opened, "discovered_t": chain.found,
               "discovered_by": chain.finder, "closed_t": chain.closed if chain.closed < end else NEVER,
               "cameras_n": chain.cameras, "price_cny": chain.price, "audience": chain.audience, "told_t": chain.told}
        return [own, *({"incident_id": child_id(chain.source_id, "misuse", number), "custodian_id": custodian,
                        "kind": "misuse", "mechanism": what, "opened_t": at, "closed_t": at, "price_cny": price}
                       for number, (at, what, price) in enumerate(chain.misuses) if 0 <= at < end)]
