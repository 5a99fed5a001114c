"""Rules in force: the baseline's until the switch, then the policy's, and the custody of footage that they imply.

Lawfulness and routes are determined once for each *kind* of requester (who, what for, whose camera …), not for each
row: 100 000 rows need a few hundred questions. Codes are positions in the lists of `privacysim.vocabulary`.

Retention is a separate rule (Order 799 art. 17: 30 days and then deletion; Guangzhou's order of 2007: at least
15 days; art. 9 waives both for small shops). When the rules change, footage that was already deleted stays deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.draws import Bools, Ints
from privacysim.facts import facts
from privacysim.governance.desk import NO_DESK
from privacysim.governance.log import NEVER, WORDS, Arrays, coded
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Answer, Question, Route
from privacysim.units import DAY_TICKS, TICKS_PER_S, ticks
from privacysim.world.world_model import World

BEFORE, AFTER = 0, 1
"""The two eras: under the baseline, under the policy."""
LISTED = frozenset({"road", "housing_compound", "office", "restaurant", "mall", "market", "hotel", "hospital", "school",
                    "university", "kindergarten", "entertainment", "culture_sport", "park", "metro_station",
                    "transport_hub", "car_park"})
"""Categories listed in art. 6 of Guangzhou's order of 2007 (its list is partly known; the match with our categories
is an assumption)."""
_SEES = {"view", "copy", "acquire"}
Codes = NDArray[Any] | int | bool
Places = NDArray[np.intp]


@dataclass(slots=True)
class Rules:
    """The policy, the baseline, and the tick at which one replaces the other.

    Requests made before the switch are decided by the rules of that time.
    """

    arm: Arm
    baseline: Arm
    switch: int
    offers: list[Route | None] = field(default_factory=lambda: [None])
    """Routes offered so far, indexed by the numbers that `ways` returns; number 0 means no route."""

    def era(self, tick: Any) -> Any:
        """Return BEFORE or AFTER, for one tick or an array of ticks."""
        return np.where(np.asarray(tick) < self.switch, BEFORE, AFTER)

    def of(self, era: int) -> Arm:
        """Return the policy that applies in that era."""
        return self.arm if era == AFTER else self.baseline

    def ask(self, era: Codes, masks: Sequence[str] = ("none",), **asked: Any) -> tuple[list[Answer], Places]:
        """Judge many acts: the answers to all distinct questions, and for each row the number of its question.

        `asked`: fields of `Question`, as words, codes or flags; a `mask` is a position in `masks`.
        """
        lists = {**WORDS, "mask": masks}
        distinct, which = kinds(era, *(coded(name, value) for name, value in asked.items()))
        answers = []
        for when, *row in distinct.tolist():
            codes: Any = dict(zip(asked, row, strict=True))
            fields: Any = {name: lists[name][code] if name in lists else bool(code) for name, code in codes.items()}
            answers.append(self.of(when).judge(Question(**fields)))
        return answers, which

    def legality(self, era: Codes, **asked: Any) -> Ints:
        """Judge many acts, given as in `ask`: codes of LEGALITIES."""
        answers, which = self.ask(era, **asked)
        return np.array([words.LEGALITIES.index(one.legality) for one in answers], dtype=np.int64)[which]

    def ways(self, era: Ints, requester: Codes, purpose: Codes, channel: str, operator: Codes, regime: Codes,
             own: Codes = False, technique: Codes = 0) -> Ints:
        """Find the route that the rules offer each requester: its number in `offers`, 0 if there is none."""
        distinct, which = kinds(era, requester, purpose, operator, regime, own, technique)
        numbers = []
        for when, who, what, whose, place, mine, how in distinct.tolist():
            arm = self.of(when)
            route = arm.route(words.REQUESTERS[who], words.PURPOSES[what], channel, words.OPERATORS[whose],
                              words.REGIMES[place], bool(mine), words.TECHNIQUES[how]) if arm.footage else None
            if route is not None and not _SEES & set(route.acts):
                route = None  # a rule on publishing alone gives no access to the footage
            if route not in self.offers:
                self.offers.append(route)
            numbers.append(self.offers.index(route))
        return np.array(numbers, dtype=np.int64)[which]

    def first_way(self, channels: Mapping[str, Codes], era: Ints, requester: Codes, purpose: Codes, operator: Codes,
                  regime: Codes, *, own: Codes | None = None, technique: Codes = 0,
                  act: str = "") -> tuple[Ints, NDArray[np.uint8]]:
        """Find the first channel that gives each requester access: numbers of routes, and codes of channels.

        `channels`: in the order of trying, each with those who may try it; requesters without access get the last one.
        `own`: whether the camera is theirs (by default, on `own_console`). `act`: an act that the route must allow.
        """
        way, by = np.zeros(era.size, dtype=np.int64), np.zeros(era.size, dtype=np.uint8)
        for channel, may in channels.items():
            mine = own if own is not None else may if channel == "own_console" else False
            found = self.ways(era, requester, purpose, channel, operator, regime, mine, technique)
            opens = (found > 0) & may
            if act:
                opens &= self.told(found, lambda route: act in route.acts, False)
            by = np.where(way > 0, by, words.CHANNELS.index(channel)).astype(np.uint8)
            way = np.where((way == 0) & opens, found, way)
        return way, by

    def told(self, way: Ints, of: Callable[[Route], Any], none: Any) -> NDArray[Any]:
        """Evaluate `of(route)` for each route, and `none` where there is no route."""
        values = [none if route is None else of(route) for route in self.offers]
        return np.array(values, dtype=object if isinstance(none, str) else np.asarray(none).dtype)[way]

    def signs(self, way: Ints) -> Bools:
        """Return which routes need a signature from a desk."""
        return self.told(way, lambda route: route.approver not in NO_DESK, False)

    def takes(self, way: Ints) -> NDArray[Any]:
        """Return the act that takes footage along: `acquire`, else `copy`, empty if a route allows only viewing."""
        return self.told(way, lambda one: next((act for act in ("acquire", "copy") if act in one.acts), ""), "")

    def term(self, way: Ints) -> Ints:
        """Return the ticks within which an act that was done first must be confirmed; NEVER if it needs a document."""
        never = int(NEVER)
        return self.told(way, lambda one: never if one.regularise is None else ticks(one.regularise), never)

    def paper(self, way: Ints) -> dict[str, NDArray[Any]]:
        """Return codes of the document and of the approver that each route requires."""
        return {"document": self.told(way, lambda route: words.DOCUMENTS.index(route.document), np.uint8(0)),
                "approver": self.told(way, lambda route: words.APPROVERS.index(route.approver), np.uint8(0))}


def kinds(*codes: Codes) -> tuple[Ints, Places]:
    """Find the distinct rows of columns of small codes (kinds, columns), and for each row the number of its kind."""
    columns = np.broadcast_arrays(*codes)
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    packed = np.ravel_multi_index([column.astype(np.int64) for column in columns], sizes)
    which, distinct = pd.factorize(packed, sort=True)  # hashes, which is faster than sorting
    return np.stack(np.unravel_index(distinct, sizes), axis=1), which


@dataclass(frozen=True, slots=True)
class Keeping:
    """Custody of each camera's footage before and after the switch; arrays over all cameras.

    (2, cameras): `retention` in ticks, `mask` as indices of `masks` (name, whether a key removes it), `filed` (ever),
    `log_kept` (required and kept). `filed_from`: when each system is filed, NEVER if not. `no_sign`: the arm requires a
    sign, and there is none. `may_stand`: whether the arm's rules on siting
    and installers permit the camera. `manager`: code in MANAGERS under the arm.
    """

    switch: int
    listed: Bools
    recording: Bools
    identifiable: Bools
    retention: Ints
    masks: tuple[tuple[str, bool], ...]
    mask: NDArray[np.uint8]
    filed: Bools
    filed_from: Ints
    must_file: Bools
    log_kept: Bools
    no_sign: Bools
    may_stand: Bools
    manager: NDArray[np.uint8]

    def oldest(self, camera: Ints, at: Ints) -> Ints:
        """Return the oldest tick whose footage still exists at tick `at`.

        Before the switch it is `at − r₀`; after it, max(`at − r₁`, switch − r₀): a longer term brings nothing back.
        """
        before, after = self.retention[:, camera]
        return np.where(at < self.switch, at - before, np.maximum(at - after, self.switch - before))

    def erased(self, camera: Ints, recorded: Ints) -> Ints:
        """Return when footage recorded at that tick is erased: the inverse of `oldest`."""
        before, after = recorded + self.retention[:, camera]
        return np.where(before < self.switch, before, np.maximum(after, self.switch))


def keeping(world: World, rules: Rules) -> Keeping:
    """Compute the custody of every camera under both eras."""
    cameras, custody, after = world.cameras, world.custody, rules.of(AFTER)
    at_place = world.city.place_category[np.maximum(cameras.place_id, 0)]
    nowhere = np.where(cameras.operator == words.OPERATORS.index("home"), words.CATEGORIES.index("home"), 0)
    category = np.where(cameras.place_id >= 0, at_place, nowhere)  # on the road, or inside a home
    listed = np.array([word in LISTED for word in words.CATEGORIES])[category]
    masks: list[tuple[str, bool]] = [("none", False)]
    retention = np.zeros((2, listed.size), dtype=np.int64)
    mask = np.zeros((2, listed.size), dtype=np.uint8)
    filed, log_kept = np.zeros((2, 2, listed.size), dtype=bool)
    share = facts().value("filing_share")

    def by_regime(values: Sequence[Any]) -> NDArray[Any]:
        return np.array(values)[cameras.regime]

    for era in (BEFORE, AFTER):
        arm = rules.of(era)
        if not arm.footage:
            continue
        terms = [[ticks(arm.retention_s(regime, flag)[0]) for flag in (False, True)] for regime in words.REGIMES]
        retention[era] = np.take_along_axis(by_regime(terms), listed.astype(int)[:, None], axis=1)[:, 0]
        wanted = [(arm.mask(regime), arm.mask_reversible(regime)) for regime in words.REGIMES]
        masks = list(dict.fromkeys((*masks, *wanted)))
        mask[era] = by_regime([masks.index(one) for one in wanted])
        filed[era] = by_regime(list(map(arm.filed, words.REGIMES))) & (custody.filed < share)
        log_kept[era] = by_regime(list(map(arm.log_kept, words.REGIMES))) & (custody.logs < facts().value("log_share"))
    old = after.policy.filing.old if after.footage and after.policy.filing else None
    # existing systems have a term (Order 799 art. 14: 90 days), and are filed at some time within it
    within = np.ceil(custody.filed / share * (ticks(old) if old is not None else 0)).astype(np.int64)
    filed_from = np.where(filed[BEFORE] & filed[AFTER], -NEVER, np.where(filed[AFTER], rules.switch + within, NEVER))
    kind, which = kinds(cameras.operator, cameras.regime, listed, cameras.indoor)
    each = [(words.OPERATORS[o], words.REGIMES[g], bool(on), bool(inside)) for o, g, on, inside in kind.tolist()]
    may_stand = np.array([after.may_stand(o, g, inside) for o, g, _, inside in each], dtype=bool)[which]
    no_sign = by_regime(list(map(after.signed, words.REGIMES))) & (custody.sign >= facts().value("sign_share"))
    manager = np.array([words.MANAGERS.index(after.manager(o, g, on)) for o, g, on, _ in each], dtype=np.uint8)[which]
    # a face five metres away reaches the density of recognition (EN/IEC 62676-4)
    half, distance_m = np.radians(np.minimum(cameras.hfov_deg.astype(float), 170.0) / 2.0), 5.0
    width_m = np.where(cameras.hfov_deg >= 180.0, 2 * np.pi * distance_m, 2 * distance_m * np.tan(half))
    identifiable = np.asarray(cameras.width_px / width_m >= facts().value("dori_recognise_px_per_m"), dtype=bool)
    return Keeping(rules.switch, listed, custody.recording, identifiable, retention, tuple(masks), mask, filed,
                   filed_from, by_regime(list(map(after.filed, words.REGIMES))), log_kept, no_sign, may_stand, manager)


def custody_frame(policy: str, world: World, kept: Keeping) -> pd.DataFrame:
    """Build the table `custody`: each camera's custody under the arm."""
    names = np.array([name for name, _ in kept.masks], dtype=object)
    return tables.frame("custody", {
        "policy": policy, "replicate": world.k, "camera_id": np.arange(kept.listed.size),
        "recording": kept.recording, "filed": kept.filed_from < world.days * DAY_TICKS,
        "default_password": world.custody.default_password, "on_internet": world.custody.on_internet,
        "retention_s": kept.retention[AFTER] / TICKS_PER_S, "mask": names[kept.mask[AFTER]],
        "log_kept": kept.log_kept[AFTER], "sign_missing": kept.no_sign, "manager": kept.manager,
        "may_stand": kept.may_stand,
    })


def judged(rows: Arrays, world: World, rules: Rules, kept: Keeping) -> Arrays:
    """Complete rows of acts (`log.COLUMNS`) with the camera's view, both answers and the mask.

    One question is asked per kind of act. An act of an outsider that hides the others (`masked`) shows boxes.
    """
    cameras, camera, era = world.cameras, rows["camera_id"], np.where(rows["before"], BEFORE, AFTER)
    names, undone = (np.array(one) for one in zip(*kept.masks, ("box", False), strict=True))

    def shown(source: NDArray[np.uint8]) -> NDArray[Any]:
        return np.where(rows["masked"], names.size - 1, np.where(rows["unmask"], 0, source))

    # footage from before a duty to mask stays unmasked, and viewing it does not breach that duty
    mask = shown(kept.mask[rules.era(rows["from_t"]), camera])
    due = shown(kept.mask[era, camera])
    scene = cameras.scene[camera]
    asked = ("act", "purpose", "channel", "technique", "document", "approver", "own", "consent")
    answers, which = rules.ask(era, names.tolist(), requester=rows["actor"], operator=cameras.operator[camera],
                               regime=cameras.regime[camera], scene=scene, listed=kept.listed[camera],
                               identifiable=kept.identifiable[camera], mask=due, reversible=undone[due],
                               secret=cameras.secret[camera], **{name: rows[name] for name in asked})
    made = rows | {"custodian_id": cameras.custodian_id[camera], "scene": scene, "reversible": undone[mask],
                   "mask": names.astype(object)[mask]}
    for name, closed in (("specific", words.SPECIFIC), ("general", words.GENERAL), ("legality", words.LEGALITIES)):
        made[name] = np.array([closed.index(getattr(one, name)) for one in answers], dtype=np.uint8)[which]
    for name in ("basis_specific", "basis_general"):
        made[name] = np.array([getattr(one, name) for one in answers], dtype=object)[which]
    return made
