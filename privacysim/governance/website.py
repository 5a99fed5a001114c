"""Live-video website of the founding case: 185 cameras of one city, open to any viewer.

Streams end when the owner, a complaint, the press or an inspection ends them: competing hazards, each with its own
mark. Owners who know and comply end their stream (or never start it) once a camera rule prohibits it; unaware owners do
not react. Prohibited streams are removed faster once found. Systems filed with the police are inspected. A security
duty closes ports and factory passwords. All effects are relative to the baseline, whose list has 185 (CALIBRATED).
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints, child_id
from privacysim.facts import facts
from privacysim.governance.desk import Wait, delay
from privacysim.governance.log import NEVER, Book, Books, act_ids
from privacysim.governance.oversight import audits, first_end
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import viewer_ids, visitors
from privacysim.governance.rules_in_force import AFTER, BEFORE
from privacysim.governance.spreading import Chain
from privacysim.units import DAY_TICKS, HOUR_TICKS

_KNOWING, _, _OPEN_PORT, _PASSWORD, _CRACKED = range(5)
_OWNER, _COMPLAINT, _PRESS, _INSPECTION = range(4)
_ACTOR, _PURPOSE, _CHANNEL, _OWN = (np.array(one) for one in zip(
    *[("own_staff_off_purpose", "curiosity", "open_stream", True)] * 2, ("company", "commerce", "open_stream", False),
    *[("company", "commerce", "remote_login", False)] * 2, strict=True,
))
"""By mechanism: who makes it public, what for, by which channel, and whether the camera is their own."""


class Website(Process):
    """Streams that may be listed, and their life from listing to closing."""

    incidents: ClassVar = {"stream": ("stream",), "recorded": ("resale",)}

    def start(self, context: Context) -> None:
        """Start one process per stream, in the world's order."""
        self.context, self.world, self.streams = context, context.world, context.world.streams
        streams, scenario, kept, switch = self.streams, context.world.scenario, context.kept, context.rules.switch
        leaks, size, mechanism = scenario.leaks, len(self.streams), self.streams.mechanism
        self.opened, self.closed = np.full(size, NEVER), np.full(size, NEVER)
        """When it went online under these rules, and when it ended; NEVER where it did not."""
        self.closer = np.full(size, -1, dtype=np.int64)  # code in CLOSERS, −1 while online
        self.recorded: list[Chain] = []  # pieces that a viewer of a stream recorded and sold
        forbidden, allowed, filed, secured = self._changes()
        stops = forbidden & (mechanism == _KNOWING) & (streams.marks[:, 0] < scenario.access.compliance.number)
        stops |= secured & (mechanism >= _OPEN_PORT) & (streams.marks[:, 2] < leaks.security_duty_effect.number)
        wait = delay(scenario, leaks.compliance_delay_d.number * DAY_TICKS, streams.marks[:, 1])
        factors = np.ones((size, len(words.CLOSERS)))
        slow = np.where(forbidden, leaks.takedown_prohibited_factor.number, 1.0)
        factors[:, [_COMPLAINT, _PRESS, _INSPECTION]] *= slow[:, None]
        factors[:, _INSPECTION] *= np.where(filed, leaks.inspection_filed_factor.number, 1.0)
        factors[allowed] *= (1.0, 0.0, 1.0, 0.0)  # no ground for complaints, nothing to inspect
        turn = np.full((size, len(words.CLOSERS)), switch, dtype=np.int64)
        turn[filed, _INSPECTION] = np.maximum(kept.filed_from(streams.camera[filed]), switch)
        before = streams.opened < switch
        for row in np.flatnonzero(np.where(before, context.rules.baseline.footage, ~stops)).tolist():
            ends, cause = first_end(int(streams.counted_from[row]), turn[row], streams.closers[row],
                                    streams.hazard_per_day[row], factors[row])
            if stops[row] and ends >= switch + wait[row]:
                ends, cause = switch + int(wait[row]), _OWNER
            context.env.process(self._stream(row, ends, cause))

    def _changes(self) -> tuple[Bools, Bools, Bools, Bools]:
        """By stream, what the arm's rules add to the baseline's: forbidden, allowed, filed, secured."""
        rules, kept, camera = self.context.rules, self.context.kept, self.streams.camera
        cameras, mechanism = self.world.cameras, self.streams.mechanism
        regime = cameras.regime[camera]
        before, after = (rules.legality(era, requester=_ACTOR[mechanism], act="disseminate",
                                        purpose=_PURPOSE[mechanism], channel=_CHANNEL[mechanism],
                                        operator=cameras.operator[camera], regime=regime, scene=cameras.scene[camera],
                                        listed=kept.listed(camera), own=_OWN[mechanism]) for era in (BEFORE, AFTER))
        secured = [np.array([rules.of(era).secured(word) for word in words.REGIMES])[regime] for era in (BEFORE, AFTER)]
        prohibited = words.LEGALITIES.index("prohibited")
        return ((after == prohibited) & (before != prohibited), (after == 0) & (before != 0),
                kept.filed(AFTER, camera) & ~kept.filed(BEFORE, camera), secured[AFTER] & ~secured[BEFORE])

    def _stream(self, row: int, ends: int, cause: int) -> Wait:
        """Run one stream: it goes online, is viewed, and is ended by the first cause."""
        streams = self.streams
        yield self.context.until(int(streams.opened[row]))
        self.opened[row] = streams.opened[row]
        # a viewer may record and sell a piece, but only of an interior: streets find no buyer
        share = self.world.scenario.leaks.stream_recorded_share.number
        if self.world.cameras.scene[streams.camera[row]] > 0 and streams.marks[row, 7] < share:
            self.context.env.process(self._recorded(row, share))
        yield self.context.until(ends)
        self.closed[row], self.closer[row] = ends, cause

    def _recorded(self, row: int, share: float) -> Wait:
        """Record a piece some time after the stream went online, and sell it."""
        streams, leaks, spread = self.streams, self.world.scenario.leaks, self.context.spread
        key = child_id(int(streams.stream_id[row]), "recorded", 0)
        wait = -np.log(streams.marks[row, 7] / share) * leaks.stream_recorded_after_d.number
        at = max(int(self.opened[row] + wait * DAY_TICKS), int(self.context.env.now))
        yield self.context.until(at)
        if self.closed[row] <= at:  # the stream ended before the viewer found it
            return
        chain = Chain("resale", key, int(streams.camera[row]), at - HOUR_TICKS, at, "curious", "open_stream", False,
                      key, kind="recorded", mechanism="kept from a stream and sold", opened=at, closed=at)
        self.recorded.append(chain)
        copy = spread.act(chain, -1, "copy", at, technique="copy", clip=True)
        yield from spread.sales(chain, copy, key, leaks.price_video_usd.number)

    def write(self, books: Books) -> None:
        """Write streams that were online in [0, D): the incident, the publisher, what followed, and daily crowds."""
        streams, end, spread = self.streams, self.context.end, self.context.spread
        row = np.flatnonzero((self.opened < end) & (self.closed > 0))
        opened, closed, closer = self.opened[row], self.closed[row], self.closer[row]
        number, camera, mechanism = streams.stream_id[row], streams.camera[row], streams.mechanism[row]
        first, last = np.maximum(opened, 0), np.minimum(closed, end)
        price = np.where(mechanism == _CRACKED, facts().value("price_account_cny"), 0.0)
        books.incidents.add(
            row.size, incident_id=number, custodian_id=self.world.cameras.custodian_id[camera], kind="stream",
            mechanism=np.array(words.MECHANISMS, dtype=object)[mechanism], opened_t=opened, discovered_t=closed,
            discovered_by=np.array(["", *words.CLOSERS], dtype=object)[closer + 1], closed_t=closed, price_cny=price,
            audience=np.maximum(last - first, 0) / DAY_TICKS * streams.audience_per_day[row],
            # a person who complains has seen themselves; nobody informs the others
            told_t=np.where(closer == _COMPLAINT, closed, NEVER),
        )
        published = self._publish(row, first, last, books.acts)
        followed: list[dict[str, Any]] = []
        for one in np.flatnonzero(closer > _OWNER).tolist():  # found by somebody else; a stream is its own proof
            kind, at = int(mechanism[one]), int(closed[one])
            question = spread.question(int(camera[one]), "disseminate", str(_ACTOR[kind]), str(_CHANNEL[kind]),
                                       own=bool(_OWN[kind]), purpose=str(_PURPOSE[kind]),
                                       identifiable=True, secret="none")
            steps = self.context.oversight.steps(AFTER, question, at, at, logged=True,
                                                 marks=streams.marks[row[one], 3:7].tolist(),
                                                 gain_cny=float(price[one]))
            followed += audits(steps, end, found=at, act_id=int(published[one]), incident_id=int(number[one]))
        books.audits.each(followed)
        self._watch(row, first, last, published, books.acts)
        spread.write(self.recorded, books)

    def _publish(self, row: NDArray[np.intp], first: Ints, last: Ints, acts: Book) -> Ints:
        """Write the acts that make each stream public and return their ids; cracked accounts were traded before."""
        streams = self.streams
        mechanism, camera = streams.mechanism[row], streams.camera[row]
        common = {"source_id": streams.stream_id[row], "camera_id": camera, "from_t": first, "to_t": last,
                  "at_t": first, "viewer": self.world.cameras.custodian_id[camera],
                  "parent_id": np.full(row.size, -1, dtype=np.int64)}
        traded = np.flatnonzero((mechanism == _CRACKED) & (self.opened[row] >= 0))
        for act, actor in (("sell", "curious"), ("buy", "company")):
            some = {name: value[traded] for name, value in common.items()}
            common["parent_id"][traded] = act_ids(acts.add(
                traded.size, source="stream", act=act, actor=actor, purpose="commerce", channel="remote_login", **some
            ))
        return act_ids(acts.add(row.size, source="stream", act="disseminate", actor=_ACTOR[mechanism],
                                channel=_CHANNEL[mechanism], own=_OWN[mechanism], purpose=_PURPOSE[mechanism],
                                **common))

    def _watch(self, row: NDArray[np.intp], first: Ints, last: Ints, published: Ints, acts: Book) -> None:
        """Write views: each day two crowds view each stream, one from the city and one not; a crowd is one viewer."""
        world, streams = self.world, self.streams
        midnight = np.arange(world.days) * DAY_TICKS
        begin, end = np.maximum(first[:, None], midnight), np.minimum(last[:, None], midnight + DAY_TICKS)
        which, day = np.nonzero(end > begin)
        begin, end, stream = begin[which, day], end[which, day], row[which]
        looks = world.scenario.leaks.website_watch_min.number * HOUR_TICKS / 60.0
        share = streams.local_share[stream]
        for code, (crowd, part) in enumerate(zip(visitors(world.scenario), (share, 1.0 - share), strict=True)):
            acts.add(stream.size, source="stream", source_id=streams.stream_id[stream],
                     camera_id=streams.camera[stream], from_t=begin, to_t=end, at_t=begin, actor="curious", act="view",
                     purpose="curiosity",
                     channel=np.where(streams.mechanism[stream] >= _PASSWORD, "remote_login", "open_stream"),
                     viewer=viewer_ids("crowd", streams.stream_id[stream], day * 2 + code), parent_id=published[which],
                     audience=streams.audience_per_day[stream] * part * ((end - begin) / DAY_TICKS),
                     attention=np.minimum(1.0, looks / (end - begin)), **crowd)
