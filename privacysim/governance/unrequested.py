"""Viewing without a request: monitoring, maintenance, misuse by insiders, break-ins, hidden cameras; and inspections.

Monitoring: the operator's own guard duty needs no notice and accounts for most viewing (Order 799 art. 16). One row
represents a watched camera, not a single look. Maintenance: contractors check the picture of a camera that they do not
run (art. 19: with secrecy and for no other purpose); if no rule covers them, the look is part of the gap.

Those who can open footage may view it for themselves (abuse: Order 799 arts. 16, 32; leaking: Civil Code art. 1039;
supply for money: Criminal Law art. 253-1). Some take a copy, which spreads (`spreading`). Intruders harvest cameras by
the thousand (Criminal Law art. 285), keep pieces of those that they watch, and half of them sell (`world.campaigns`).
All acts of a campaign carry its id; once it is found, the actor sells no more. The more cameras somebody looks at, the
sooner one of those filmed complains. The draft prohibits each of these acts by name.

Owners of hidden cameras film strangers in rooms where filming is prohibited (Order 799 art. 8; PS12 art. 42(6),
Criminal Law art. 284 with grave result). A guest or an inspection finds the camera, sooner where venues must search
(art. 8(2)). No rule gives the owner a route, so every act is prohibited, or in the soft gap: general law alone.

Inspections: the police find cameras in prohibited places (Order 799 arts. 8, 27), installers who may not install
(7(3), 26), systems that were never filed (14, 29) or that no sign announces (13). An order to correct comes first if
the law says so, then the fine. People complain about cameras too; without a broken duty, a complaint is unfounded.
"""

from dataclasses import replace
from math import ceil, log
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints, child_id, marks, stream_key
from privacysim.governance.desk import Wait
from privacysim.governance.log import Books
from privacysim.governance.oversight import audits, first_end
from privacysim.governance.processes import Context, Process
from privacysim.governance.request_life import galleries, gallery, viewer_ids
from privacysim.governance.rules_in_force import AFTER, BEFORE, Keeping
from privacysim.governance.spreading import Chain
from privacysim.units import DAY_TICKS, HOUR_TICKS, TICKS_PER_S
from privacysim.world.campaigns import BREAK_IN, CONTRACTOR, LAPSES, PLATFORM, STAFF, VENDOR
from privacysim.world.events import MONTH_D
from privacysim.world.streams import FIRST_OWNER, hidden_hazards

FIRST_INSPECTION, FIRST_COMPLAINT = 1 << 47, 1 << 48
"""Incidents found by inspection or complaint: this + the round's id."""
FINED_BY = {"prohibited_site": ("o799_27", "gz07_siting", "gd132_building"),
            "no_right_to_install": ("o799_26", "gd132_building"), "not_filed": ("o799_29",), "no_sign": ("o799_13",)}
"""Provisions with the sanction of each breach, if the policy names them among its sanctions."""
_WHO = {STAFF: ("own_staff_off_purpose", "own_console", True), CONTRACTOR: ("contractor", "own_console", False),
        VENDOR: ("vendor_platform", "shared_platform", False), BREAK_IN: ("curious", "remote_login", False),
        PLATFORM: ("curious", "remote_login", False)}
"""Actor, channel, and whether the camera is their own, by kind of lapse."""
_GRAVEST = {"looked": "view", "kept": "copy", "told": "disseminate", "published": "disseminate", "sold": "sell"}


class Monitoring(Process):
    """Live monitoring and maintenance; the world decides which cameras, when, and with how much attention."""

    def write(self, books: Books) -> None:
        """Write one act per watched camera, one more where a watchlist runs, and one for every round of maintenance.

        A watchlist meets every face at some police cameras. Where the rules newly prohibit it, those who comply stop.
        """
        world, monitors, cameras = self.context.world, self.context.world.monitors, self.context.world.cameras
        camera, access = monitors.camera, world.scenario.access
        police = cameras.operator[camera] == words.OPERATORS.index("public_security")
        common: dict[str, object] = {"source": "monitor", "from_t": 0, "to_t": self.context.end, "at_t": 0,
                                     "act": "view", "purpose": "live_guard", "channel": "live_monitor", "own": True,
                                     "audience": 1.0}
        books.acts.add(camera.size, source_id=camera, camera_id=camera, viewer=monitors.viewer,
                       attention=monitors.attention, actor=np.where(police, "public_security", "own_staff_on_duty"),
                       **galleries(world.scenario)["own_staff_on_duty"], **common)
        forbidden = np.array([self.context.rules.of(AFTER).forbids(
            "view", "public_security", regime, "public_security", own=True, channel="live_monitor",
            purpose="live_guard", technique="face_watchlist_live",
        ) for regime in words.REGIMES])[cameras.regime[camera]]
        obeys = world.custody.compliance[camera] < access.compliance.number
        runs = police & (monitors.marks[:, 0] < access.watchlist_live_share.number) & ~(forbidden & obeys)
        books.acts.add(int(runs.sum()), source_id=camera[runs], camera_id=camera[runs], technique="face_watchlist_live",
                       actor="public_security", viewer=viewer_ids("watchlist", monitors.viewer[runs]),
                       **gallery(access.watchlist_people.number, world.scenario.population.people.number), **common)
        rounds = world.maintenance
        length = round(world.scenario.access.maintenance_look_min.number * HOUR_TICKS / 60)
        inside = (rounds.tick >= 0) & (rounds.tick + length < self.context.end)
        row = np.flatnonzero(inside & self.context.kept.recording[rounds.camera])
        number, at = rounds.round_id[row], rounds.tick[row]
        books.acts.add(row.size, source="monitor", source_id=number, camera_id=rounds.camera[row], from_t=at,
                       to_t=at + length, at_t=at, actor="contractor", act="view",
                       viewer=viewer_ids("contractor", number), purpose="maintenance", channel="own_console",
                       audience=1.0, **galleries(world.scenario)["contractor"])


class Inspections(Process):
    """Rounds of inspection and complaints under the policy's rules, and the steps that follow."""

    incidents: ClassVar = {"duty_breach": (), "complaint": ()}

    def write(self, books: Books) -> None:
        """Write the gravest breach that each round or complaint of [0, D) finds; a complaint may be unfounded."""
        world, rules, kept, end = self.context.world, self.context.rules, self.context.kept, self.context.end
        arm, cameras = rules.of(AFTER), world.cameras
        incidents: list[dict[str, Any]] = []
        followed: list[dict[str, Any]] = []
        for finder, rounds in (("inspection", world.inspections), ("complaint", world.complaints)):
            rows = np.flatnonzero((rounds.tick >= max(rules.switch, 0)) & (rounds.tick < end))
            broken = self._broken(kept, rounds.camera[rows], rounds.tick[rows])
            for number, row in enumerate(rows.tolist()):
                at, camera = int(rounds.tick[row]), int(rounds.camera[row])
                breaches = [name for name, there in broken.items()
                            if there[number] and any(one in arm.policy.sanctions for one in FINED_BY[name])]
                if not breaches and finder == "inspection":
                    continue
                incident = (FIRST_INSPECTION if finder == "inspection" else FIRST_COMPLAINT) + int(rounds.round_id[row])
                incidents.append({"incident_id": incident, "custodian_id": int(cameras.custodian_id[camera]),
                                  "kind": "duty_breach" if breaches else "complaint",
                                  "mechanism": breaches[0] if breaches else "unfounded",
                                  "opened_t": at, "discovered_t": at, "discovered_by": finder})
                marks, oversight = rounds.marks[row].tolist(), self.context.oversight
                if breaches:
                    named = next(one for one in FINED_BY[breaches[0]] if one in arm.policy.sanctions)
                    steps = oversight.duty_steps(arm.laws.provision(named), at, marks)
                else:
                    steps = oversight.unfounded(at, marks)
                followed += audits(steps, end, found=at, act_id=-1, incident_id=incident)
        books.incidents.each(incidents)
        books.audits.each(followed)

    def _broken(self, kept: Keeping, camera: Ints, at: Ints) -> dict[str, Bools]:
        """Whether each duty is broken at the cameras, gravest first."""
        prohibited = self.context.world.cameras.regime[camera] == words.REGIMES.index("prohibited_site")
        stands = kept.may_stand(camera)
        return {"prohibited_site": prohibited & ~stands, "no_right_to_install": ~stands,
                "not_filed": kept.must_file(camera) & (kept.filed_from(camera) > at), "no_sign": kept.no_sign(camera)}


class Leaks(Process):
    """Campaigns of insiders and intruders under the rules."""

    incidents: ClassVar = {"insider": ("insider", "resale"), "break_in": ("breach", "resale"),
                           "platform_break_in": ("breach", "resale")}

    def start(self, context: Context) -> None:
        """Start one process per campaign, in the world's order."""
        self.context, self.lapses, self.chains = context, context.world.lapses, dict[int, Chain]()
        secured = np.array([[context.rules.of(era).secured(word) for word in words.REGIMES] for era in (BEFORE, AFTER)])
        regime = context.world.cameras.regime[self.lapses.camera]
        effect = context.world.scenario.leaks.security_duty_effect.number
        self.closed = (secured[AFTER] & ~secured[BEFORE])[regime] & (self.lapses.open < effect)
        """By camera of each campaign: whether a new security duty keeps intruders out of it."""
        for row in range(len(self.lapses)):
            context.env.process(self._lapse(row))

    def _lapse(self, row: int) -> Wait:
        """Run one campaign: temptation, views, copies, passing on or use, and possible discovery."""
        lapses, context, world = self.lapses, self.context, self.context.world
        rules, kept, oversight = context.rules, context.kept, context.oversight
        begin, kind, who = (int(one[row]) for one in (lapses.tick, lapses.kind, lapses.lapse_id))
        mark, intruder, (actor, channel, own) = lapses.marks[row], kind >= BREAK_IN, _WHO[kind]
        yield context.until(begin)
        era = rules.era(begin)
        at = np.arange(lapses.start[row], lapses.start[row + 1])
        at = at[kept.recording[lapses.camera[at]] & ~(intruder & (era == AFTER) & self.closed[at])]
        if not at.size or not rules.of(era).footage:
            return
        camera = int(lapses.camera[at[0]])
        question = context.spread.question(camera, "view", actor, channel, own=own)
        logged = bool(kept.log_kept(era, camera))
        if mark[0] >= oversight.holds_back(era, question, logged):
            return
        chain = Chain("breach" if intruder else "insider", who, camera, begin - int(lapses.look_ticks[row]), begin,
                      actor, channel, own, who, kind=LAPSES[kind] if intruder else "insider", opened=begin,
                      closed=begin, cameras=int(lapses.reach[row]))
        self.chains[row] = chain
        views = [context.spread.act(chain, -1, "view", begin, camera_id=one, audience=1.0)
                 for one in lapses.camera[at].tolist()]  # fmt: skip
        how = self._harvested(chain, at, views, mark, begin) if intruder else self._passed_on(chain, mark, begin)
        chain.mechanism = how if intruder else f"{LAPSES[kind]}, {how}"
        # the first of as many people as there are cameras complains: the least of n exponentials
        found_by = [mark[4], mark[5] ** (1.0 / at.size), *mark[6:8]]
        chain.found, chain.finder, chain.reviews = oversight.found(
            begin, context.end, custodian=int(world.cameras.custodian_id[camera]), logged=logged,
            filed=bool(kept.filed_at(camera, begin)), passed_on=how not in ("looked", "kept"),
            published=how == "published", marks=found_by,
        )
        if not chain.finder:
            return
        yield context.until(chain.found)
        era = rules.era(chain.found)
        chain.steps = oversight.steps(era, replace(question, act=_GRAVEST[how]), begin, chain.found, logged=logged,
                                      marks=mark[8:12].tolist(), items=chain.cameras, gain_cny=chain.price,
                                      grave=how in ("published", "sold"))
        # after a break-in, those who comply tell the people concerned
        term = rules.of(era).breach_notice_s()
        complies = world.custody.compliance[camera] < world.scenario.access.compliance.number
        if intruder and term is not None and complies:
            chain.told = chain.found + round(term * TICKS_PER_S)

    def _harvested(self, chain: Chain, at: NDArray[np.intp], views: list[int], mark: NDArray[np.float64],
                   begin: int) -> str:
        """Keep the pieces of the cameras `at` that yield any; sell the saleable ones, or publish one. Return how."""
        leaks, spread, env = self.context.world.scenario.leaks, self.context.spread, self.context.env
        copies = [(row, spread.act(chain, view, "copy", begin, technique="copy"))
                  for row, view in zip(at.tolist(), views, strict=True) if self.lapses.pieces[row]]  # fmt: skip
        how, sold = "kept" if copies else "looked", leaks.breach_sold_share.number
        if mark[2] < sold:
            for row, copy in copies:
                for piece in range(int(self.lapses.saleable[row])):
                    how = "sold"
                    seller = child_id(chain.source_id ^ int(self.lapses.camera[row]), "piece", piece)
                    env.process(spread.sales(chain, copy, seller, leaks.price_video_usd.number))
        elif copies and mark[2] < sold + leaks.lapse_published_share.number:
            how = "published"
            env.process(spread.published(chain, copies[0][1], chain.source_id))
        if mark[3] < leaks.lapse_used_share.number:
            spread.used(chain, views[0], begin, mark[12:14].tolist())
        return how

    def _passed_on(self, chain: Chain, mark: NDArray[np.float64], begin: int) -> str:
        """Pass an insider's copy on: sold to order, published or shown; some pieces are used. Return how."""
        leaks, spread, env = self.context.world.scenario.leaks, self.context.spread, self.context.env
        how = "looked"
        if mark[1] < leaks.lapse_disclosed_share.number:
            copy = spread.act(chain, 0, "copy", begin, technique="copy")
            if mark[2] < leaks.lapse_sold_share.number:
                how = "sold"
                env.process(spread.sales(chain, copy, chain.source_id, leaks.price_order_usd.number))
            elif mark[2] < leaks.lapse_sold_share.number + leaks.lapse_published_share.number:
                how = "published"
                env.process(spread.published(chain, copy, chain.source_id))
            else:
                how = "told"
                spread.told(chain, copy, begin, leaks.told_people.number)
        if mark[3] < leaks.lapse_used_share.number:
            spread.used(chain, 0, begin, mark[12:14].tolist())
        return how

    def write(self, books: Books) -> None:
        """Write acts done in [0, D), incidents that were open in it, and who found them."""
        self.context.spread.write(list(self.chains.values()), books)

    def settled(self) -> dict[str, Bools]:
        """Return which campaigns were settled before the switch: nothing is online, on sale or to be found."""
        switch = self.context.rules.switch
        done = self.lapses.tick < switch
        done[[row for row, chain in self.chains.items() if chain.last >= switch]] = False
        return {"lapses": done}


class HiddenCameras(Process):
    """Hidden cameras of a world under the rules."""

    incidents: ClassVar = {"hidden": ("hidden", "resale")}

    def start(self, context: Context) -> None:
        """Start one process per hidden camera, in the world's order."""
        self.context, self.hidden = context, context.world.hidden
        self.chains: dict[int, Chain] = {}  # by row: the chains of cameras that existed in [0, D)
        leaks = context.world.scenario.leaks
        after, before = (context.rules.of(era).policy.siting for era in (AFTER, BEFORE))
        newly = after is not None and after.venue_duty and not (before is not None and before.venue_duty)
        hazard = hidden_hazards(context.world.scenario)
        factors = np.array([1.0, leaks.hidden_venue_duty_factor.number if newly else 1.0])
        for row in range(len(self.hidden)):
            ends = first_end(int(self.hidden.counted_from[row]), context.rules.switch, self.hidden.finders[row], hazard,
                             factors)
            if ends[0] > 0:
                context.env.process(self._camera(row, *ends))

    def _camera(self, row: int, found: int, cause: int) -> Wait:
        """Run one hidden camera: installation, filming, viewing, sale, use against somebody, discovery."""
        hidden, context, spread = self.hidden, self.context, self.context.spread
        leaks, end = context.world.scenario.leaks, context.end
        first, last = max(int(hidden.installed[row]), 0), min(found, end)
        yield context.until(first)
        who, mark = int(hidden.hidden_id[row]), hidden.marks[row]
        chain = self.chains[row] = Chain("hidden", who, int(hidden.camera[row]), first, last, "curious", "hidden",
                                         False, FIRST_OWNER + who, kind="hidden", mechanism="kept",
                                         opened=int(hidden.installed[row]), closed=found)
        # the owner views part of the footage; a visitor of the place is in that room by its share of the rooms
        seen = leaks.hidden_watch_share.number * float(hidden.room_share[row])
        filmed = spread.act(chain, -1, "copy", first, technique="copy")
        spread.act(chain, filmed, "view", first, audience=1.0, attention=seen, **spread.far)
        if mark[0] < leaks.hidden_sold_share.number:
            chain.mechanism = "sold"
            context.env.process(self._sold(chain, filmed, last))
        if mark[2] < leaks.hidden_blackmail_share.number:
            spread.used(chain, filmed, first + int((last - first) * mark[3]), mark[:2].tolist(), "blackmail")
        yield context.until(last)
        if found < end:
            chain.found, chain.finder = found, ("complaint", "inspection")[cause]

    def _sold(self, chain: Chain, filmed: int, last: int) -> Wait:
        """Sell logins until the camera is found; buyers are a Poisson process, and a new prohibition stops some."""
        spread, leaks, world = self.context.spread, self.context.world.scenario.leaks, self.context.world
        key, clip = stream_key(world.seed, world.k, "hidden logins"), round(leaks.clip_s.number * TICKS_PER_S)
        per_tick, ordinal, at = leaks.hidden_buyers_per_month.number / (MONTH_D * DAY_TICKS), 0, chain.clip_from
        while per_tick > 0:
            buyer = child_id(chain.source_id, "login", ordinal)
            mark, ordinal = marks(key, buyer), ordinal + 1
            at += ceil(-log(mark[0]) / per_tick)
            if at >= last:
                return
            yield self.context.until(at)
            if mark[1] >= spread.obeyed(chain.camera):
                spread.sale(chain, filmed, chain.viewer, buyer, leaks.hidden_login_cny.number,
                            from_t=max(at - clip, chain.clip_from), to_t=at)  # fmt: skip

    def write(self, books: Books) -> None:
        """Write every hidden camera that existed in [0, D), its owner's acts, and what followed its discovery."""
        for row, chain in self.chains.items():
            if chain.finder == "complaint":
                chain.told = chain.found
            if chain.finder:
                question = self.context.spread.question(chain.camera, "view", "curious", "hidden")
                era, marks = self.context.rules.era(chain.found), self.hidden.marks[row][4:8].tolist()
                chain.steps = self.context.oversight.steps(era, question, chain.found, chain.found, logged=True,
                                                           marks=marks, gain_cny=chain.price, grave=chain.price > 0)
        self.context.spread.write(list(self.chains.values()), books)
