"""Live-video website of the founding case: 185 cameras of one city, open to any viewer.

Four mechanisms put a camera there: its owner presses "make public" on a vendor's platform, knowingly or not; a port
is open; the factory password still works; an account was cracked. Streams end when the owner, a complaint, the press
or an inspection ends them: competing hazards, each with its own mark.

Effects of rules: owners who know and comply end their stream (or never start it) once a camera rule prohibits it;
unaware owners do not react. Prohibited streams are removed faster once found. Systems filed with the police are
inspected. A security duty closes ports and factory passwords. All effects are relative to the baseline, under which
the list has 185 cameras (CALIBRATED).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import child_id
from privacysim.facts import facts
from privacysim.governance.desk import delay
from privacysim.governance.log import NEVER, Book, Books, act_ids, code_of
from privacysim.governance.oversight import first_end, write_steps
from privacysim.governance.processes import Context, Process
from privacysim.governance.rules_in_force import AFTER, BEFORE, kinds
from privacysim.governance.spreading import Chain
from privacysim.governance.viewers import viewer_ids, visitors
from privacysim.policy.questions import Question
from privacysim.units import DAY_TICKS, HOUR_TICKS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_KNOWING, _, _OPEN_PORT, _PASSWORD, _CRACKED = range(5)
_OWNER, _COMPLAINT, _PRESS, _INSPECTION = range(4)
_PUBLISHER = (
    ("own_staff_off_purpose", "open_stream", True), ("own_staff_off_purpose", "open_stream", True),
    ("company", "open_stream", False), ("company", "remote_login", False), ("company", "remote_login", False),
)
"""By mechanism: who makes it public, by which channel, and whether the camera is their own."""


class Website(Process):
    """Streams that may be listed, and their course."""

    incidents: ClassVar = {"stream": ("stream",), "recorded": ("resale",)}

    def start(self, context: Context) -> None:
        """Start one process per stream, in the world's order."""
        self.context, self.world, self.rules, self.kept = context, context.world, context.rules, context.kept
        count = len(self.world.streams)
        self.opened, self.closed = np.full(count, NEVER), np.full(count, NEVER)
        """When it went online under these rules, and when it ended; NEVER where it did not."""
        self.closer = np.full(count, -1, dtype=np.int64)
        """Code in CLOSERS, −1 while online."""
        self.recorded: list[Chain] = []
        """Pieces that a viewer of a stream recorded and sold."""
        self.seen_by_law = _changes(context)
        streams, leaks = self.world.streams, self.world.scenario.leaks
        law, mechanism = self.seen_by_law, streams.mechanism
        complies = law["forbidden"] & (mechanism == _KNOWING) & (
            streams.marks[:, 0] < self.world.scenario.access.compliance.number)
        secured = law["secured"] & (mechanism >= _OPEN_PORT) & (
            streams.marks[:, 2] < leaks.security_duty_effect.number)
        stops = complies | secured
        wait = delay(self.world.scenario, leaks.compliance_delay_d.number * DAY_TICKS, streams.marks[:, 1])
        factors = np.ones((len(streams), len(words.CLOSERS)))
        slow = np.where(law["forbidden"], leaks.takedown_prohibited_factor.number, 1.0)
        factors[:, [_COMPLAINT, _PRESS, _INSPECTION]] *= slow[:, None]
        factors[:, _INSPECTION] *= np.where(law["filed"], leaks.inspection_filed_factor.number, 1.0)
        factors[law["allowed"]] *= (1.0, 0.0, 1.0, 0.0)  # no ground for complaints, nothing to inspect
        since = np.full((len(streams), len(words.CLOSERS)), self.rules.switch, dtype=np.int64)
        newly = law["filed"]
        since[newly, _INSPECTION] = np.maximum(self.kept.filed_from[streams.camera[newly]], self.rules.switch)
        for row in range(len(streams)):
            self.context.env.process(self._stream(row, bool(stops[row]), int(wait[row]), factors[row], since[row]))

    def _stream(
        self, row: int, stops: bool, wait: int, factors: NDArray[np.float64], since: Ints
    ) -> Generator[Any, Any, None]:
        """Run one stream: it goes online, is viewed, and is ended by the first cause."""
        streams, switch = self.world.streams, self.rules.switch
        begin = int(streams.opened[row])
        if begin < switch and not self.rules.baseline.footage:
            return
        if begin >= switch and stops:
            return
        yield self.context.until(begin)
        self.opened[row] = begin
        if streams.marks[row, 7] < self._kept_share(row):
            self.context.env.process(self._recorded(row))
        ends, cause = first_end(
            int(streams.counted_from[row]), switch, streams.closers[row], streams.hazard_per_day[row], factors,
            since,
        )
        if stops and ends >= switch + wait:
            ends, cause = switch + wait, _OWNER
        yield self.context.until(ends)
        self.closed[row], self.closer[row] = ends, cause

    def _kept_share(self, row: int) -> float:
        """Return the probability that a viewer records and sells a piece: only of interiors, streets find no buyer."""
        scene = self.world.cameras.scene[self.world.streams.camera[row]]
        return self.world.scenario.leaks.stream_recorded_share.number if scene > 0 else 0.0

    def _recorded(self, row: int) -> Generator[Any, Any, None]:
        """Record a piece some time after the stream went online, and sell it."""
        streams, leaks = self.world.streams, self.world.scenario.leaks
        key = child_id(int(streams.stream_id[row]), "recorded", 0)
        wait = -np.log(streams.marks[row, 7] / self._kept_share(row)) * leaks.stream_recorded_after_d.number
        at = max(int(self.opened[row] + wait * DAY_TICKS), int(self.context.env.now))
        yield self.context.until(at)
        if self.closed[row] <= at:  # the stream ended before the viewer found it
            return
        chain = Chain(
            "resale", key, int(streams.camera[row]), at - HOUR_TICKS, at, "curious", "open_stream", False,
            key, closed=at,
        )
        self.recorded.append(chain)
        copy = self.context.spread.act(chain, -1, "copy", at, technique="copy", clip=True)
        yield from self.context.spread.sales(chain, copy, key)

    def write(self, books: Books) -> None:
        """Write streams that were online in [0, D): the incident, the publisher, what followed, and daily crowds."""
        streams, end, spread = self.world.streams, self.context.end, self.context.spread
        row = np.flatnonzero((self.opened < end) & (self.closed > 0))
        who = np.array(["", *words.CLOSERS], dtype=object)[self.closer[row] + 1]
        price = np.where(streams.mechanism[row] == _CRACKED, facts().value("price_account_cny"), 0.0)
        shown = np.maximum(np.minimum(self.closed[row], end) - np.maximum(self.opened[row], 0), 0) / DAY_TICKS
        books.incidents.add(
            row.size, incident_id=streams.stream_id[row],
            custodian_id=self.world.cameras.custodian_id[streams.camera[row]], kind="stream",
            mechanism=np.array(words.MECHANISMS, dtype=object)[streams.mechanism[row]], opened_t=self.opened[row],
            discovered_t=self.closed[row], discovered_by=who, closed_t=self.closed[row], price_cny=price,
            audience=shown * streams.audience_per_day[row],
            # a person who complains has seen themselves; nobody informs the others
            told_t=np.where(self.closer[row] == _COMPLAINT, self.closed[row], NEVER),
        )
        published = self._published(row, books.acts)
        for stream, act_id in zip(row.tolist(), published.tolist(), strict=True):
            if self.closer[stream] > _OWNER:  # found by somebody else; an online stream is its own proof
                at = int(self.closed[stream])
                steps = self.context.oversight.steps(
                    AFTER, self._question(stream), at, at, logged=True,
                    marks=tuple(streams.marks[stream, 3:7].tolist()), gain_cny=float(price[row == stream].sum()),
                )
                write_steps(books.audits, steps, end, act_id=act_id, incident_id=int(streams.stream_id[stream]))
        self._watched(row, published, books.acts)
        spread.write(self.recorded, books)
        for chain in self.recorded:
            if chain.closed >= 0 and chain.acts:
                spread.incident(
                    chain, books, kind="recorded", mechanism="kept from a stream and sold", opened=chain.clip_to
                )

    def _question(self, stream: int) -> Question:
        """Build the question about making one stream public, which continues until it ends."""
        streams, cameras = self.world.streams, self.world.cameras
        camera = int(streams.camera[stream])
        return _publishing(
            int(streams.mechanism[stream]), int(cameras.operator[camera]), int(cameras.regime[camera]),
            int(cameras.scene[camera]), bool(self.kept.listed[camera]),
        )

    def _published(self, row: NDArray[np.intp], acts: Book) -> Ints:
        """Write the acts that make each stream public and return their ids; cracked accounts were traded before."""
        streams = self.world.streams
        at = np.maximum(self.opened[row], 0)
        mechanism = streams.mechanism[row]
        actors, channels, own = (np.array(one)[mechanism] for one in zip(*_PUBLISHER, strict=True))
        common: dict[str, object] = {
            "source": "stream", "source_id": streams.stream_id[row], "camera_id": streams.camera[row],
            "from_t": at, "to_t": np.minimum(self.closed[row], self.world.days * DAY_TICKS), "at_t": at,
            "viewer": self.world.cameras.custodian_id[streams.camera[row]],
        }
        parent = np.full(row.size, -1, dtype=np.int64)
        traded = np.flatnonzero((mechanism == _CRACKED) & (self.opened[row] >= 0))
        for act, actor in (("sell", "curious"), ("buy", "company")):
            some = {name: value[traded] if isinstance(value, np.ndarray) else value for name, value in common.items()}
            sold = acts.add(traded.size, act=act, actor=actor, purpose="commerce", channel="remote_login",
                            parent_id=parent[traded], **some)
            parent[traded] = act_ids(sold)
        made = acts.add(
            row.size, act="disseminate", actor=actors, channel=channels, own=own, parent_id=parent,
            purpose=np.where(own, "curiosity", "commerce"), **common,
        )
        return act_ids(made)

    def _watched(self, row: NDArray[np.intp], published: Ints, acts: Book) -> None:
        """Write views: each day two crowds view each stream, one from the city and one not; a crowd is one viewer."""
        world, streams = self.world, self.world.streams
        last = np.minimum(self.closed[row], world.days * DAY_TICKS)
        first = np.maximum(self.opened[row], 0)
        days = np.where(last > first, (last - 1) // DAY_TICKS - first // DAY_TICKS + 1, 0)
        which = np.repeat(np.arange(row.size), days)
        day = first[which] // DAY_TICKS + np.arange(which.size) - np.repeat(np.cumsum(days) - days, days)
        begin = np.maximum(first[which], day * DAY_TICKS)
        end = np.minimum(last[which], (day + 1) * DAY_TICKS)
        stream = row[which]
        looks = world.scenario.leaks.website_watch_min.number * HOUR_TICKS / 60.0
        share = streams.local_share[stream]
        for code, (crowd, part) in enumerate(zip(visitors(world.scenario), (share, 1.0 - share), strict=True)):
            acts.add(
                stream.size, source="stream", source_id=streams.stream_id[stream], camera_id=streams.camera[stream],
                from_t=begin, to_t=end, at_t=begin, actor="curious", act="view", purpose="curiosity",
                channel=np.where(streams.mechanism[stream] >= _PASSWORD, code_of("channel", "remote_login"),
                                 code_of("channel", "open_stream")),
                viewer=viewer_ids("crowd", streams.stream_id[stream], day * 2 + code), parent_id=published[which],
                gallery=crowd.people, known=crowd.known,
                audience=streams.audience_per_day[stream] * part * ((end - begin) / DAY_TICKS),
                attention=np.minimum(1.0, looks / (end - begin)),
            )


def _publishing(mechanism: int, operator: int, regime: int, scene: int, listed: bool) -> Question:
    """Build the question to the rules about making a camera's picture public, from codes."""
    actor, channel, own = _PUBLISHER[mechanism]
    return Question(
        actor, "disseminate", "curiosity" if own else "commerce", channel, words.OPERATORS[operator],
        words.REGIMES[regime], scene=words.SCENES[scene], listed=listed, own=own,
    )


def _changes(context: Context) -> dict[str, Bools]:
    """By stream, what the arm's rules add to the baseline's: `forbidden`, `allowed`, `filed`, `secured`."""
    world, rules, kept = context.world, context.rules, context.kept
    streams, cameras = world.streams, world.cameras
    camera = streams.camera
    distinct, which = kinds(
        streams.mechanism, cameras.operator[camera], cameras.regime[camera], cameras.scene[camera],
        kept.listed[camera],
    )
    legality = np.zeros((2, len(distinct)), dtype=np.int64)
    secured = np.zeros((2, len(distinct)), dtype=bool)
    for era in (BEFORE, AFTER):
        for number, (mechanism, operator, regime, scene, listed) in enumerate(distinct.tolist()):
            question = _publishing(mechanism, operator, regime, scene, bool(listed))
            legality[era, number] = words.LEGALITIES.index(rules.judge(era, question).legality)
            secured[era, number] = rules.of(era).secured(words.REGIMES[regime])
    forbidden = legality == words.LEGALITIES.index("prohibited")
    return {
        "forbidden": (forbidden[AFTER] & ~forbidden[BEFORE])[which],
        "allowed": ((legality[AFTER] == 0) & (legality[BEFORE] != 0))[which],
        "filed": kept.filed[AFTER][camera] & ~kept.filed[BEFORE][camera],
        "secured": (secured[AFTER] & ~secured[BEFORE])[which],
    }
