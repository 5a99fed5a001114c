"""Rules in force: the baseline's until the switch, then the policy's, and the custody of footage that they imply.

Lawfulness and routes are determined once for each *kind* of requester (who, what for, whose camera …), not for each
row, so 100 000 rows need only a few hundred questions. Codes are positions in the lists of `privacysim.vocabulary`.

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
Cameras = NDArray[np.integer] | int | slice


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
    _numbers: dict[int, tuple[int, Route | None]] = field(default_factory=dict)

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
        answers, names = [], (*asked, *masks)
        for when, *row in distinct.tolist():
            known = self.of(when).answers_by_code
            if (key := (names, *row)) not in known:
                codes: Any = dict(zip(asked, row, strict=True))
                fields: Any = {name: lists[name][code] if name in lists else bool(code) for name, code in codes.items()}
                known[key] = self.of(when).judge(Question(**fields))
            answers.append(known[key])
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
            numbers.append(self._number(route))
        return np.array(numbers, dtype=np.int64)[which]

    def _number(self, route: Route | None) -> int:
        """Return the route's number in `offers`, where equal routes have one number."""
        if id(route) not in self._numbers:
            if route not in self.offers:
                self.offers.append(route)
            self._numbers[id(route)] = self.offers.index(route), route  # which keeps the route, and so its id
        return self._numbers[id(route)][0]

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


_LISTED = np.array([word in LISTED for word in words.CATEGORIES])
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Custody of footage before and after the switch, computed only for the cameras asked about.

    All methods take cameras: positions, as one number or an array, by default all. Most rules depend on the place
    class alone, so each is asked once per class. `masks`: name of each mask, and whether a key removes it. `_terms`
    (2, regimes, 2) are ticks of retention, by era and by whether the place is listed; `_mask`, `_filed` and `_logs`
    (2, regimes) the masks and duties of each era.
    """

    world: World
    rules: Rules
    masks: tuple[tuple[str, bool], ...]
    _terms: Ints
    _mask: NDArray[np.uint8]
    _filed: Bools
    _logs: Bools

    @property
    def recording(self) -> Bools:
        """Whether each camera of the world works and its footage is kept."""
        return self.world.custody.recording

    def listed(self, camera: Cameras = _ALL) -> Bools:
        """Whether the camera's category is listed (`LISTED`)."""
        cameras = self.world.cameras
        place, home = cameras.place_id[camera], words.OPERATORS.index("home")
        at_place = self.world.city.place_category[np.maximum(place, 0)]
        nowhere = np.where(cameras.operator[camera] == home, words.CATEGORIES.index("home"), 0)
        return _LISTED[np.where(place >= 0, at_place, nowhere)]  # on the road, or inside a home

    def identifiable(self, camera: Cameras = _ALL) -> Bools:
        """Whether a face five metres away reaches the density of recognition (EN/IEC 62676-4)."""
        angle, distance_m = np.asarray(self.world.cameras.hfov_deg[camera], dtype=float), 5.0
        half = np.radians(np.minimum(angle, 170.0) / 2.0)
        width_m = np.where(angle >= 180.0, 2 * np.pi * distance_m, 2 * distance_m * np.tan(half))
        density = self.world.cameras.width_px[camera] / width_m
        return np.asarray(density >= facts().value("dori_recognise_px_per_m"), dtype=bool)

    def retention(self, camera: Cameras = _ALL) -> Ints:
        """Ticks for which footage is kept, before and after the switch: an array (2, cameras)."""
        return self._terms[:, self._regime(camera), self.listed(camera).astype(np.intp)]

    def mask(self, era: Codes, camera: Cameras = _ALL) -> NDArray[np.uint8]:
        """Position in `masks` of the mask that the rules of an era require."""
        return self._mask[era, self._regime(camera)]

    def filed(self, era: int, camera: Cameras = _ALL) -> Bools:
        """Whether the system is filed, at some time, under the rules of an era: required and done."""
        done = self.world.custody.filed[camera] < facts().value("filing_share")
        return self._filed[era][self._regime(camera)] & done

    def filed_at(self, camera: Cameras, at: int) -> Bools:
        """Whether the system is filed at a tick; before the switch, under the baseline's rules."""
        return self.filed(BEFORE, camera) if at < self.rules.switch else self.filed_from(camera) <= at

    def filed_from(self, camera: Cameras = _ALL) -> Ints:
        """Tick from which the system is filed, NEVER if not.

        Existing systems have a term (Order 799 art. 14: 90 days), and are filed at some time within it.
        """
        before, after, filing = self.filed(BEFORE, camera), self.filed(AFTER, camera), self.rules.arm.policy.filing
        term = ticks(filing.old) if filing and filing.old is not None else 0
        within = np.ceil(self.world.custody.filed[camera] / facts().value("filing_share") * term).astype(np.int64)
        return np.where(after, np.where(before, -NEVER, self.rules.switch + within), NEVER)

    def must_file(self, camera: Cameras = _ALL) -> Bools:
        """Whether the policy requires that the system is filed."""
        return self._filed[AFTER][self._regime(camera)]

    def log_kept(self, era: int, camera: Cameras = _ALL) -> Bools:
        """Whether a log of access is kept under the rules of an era: required and done."""
        return self._logs[era][self._regime(camera)] & (self.world.custody.logs[camera] < facts().value("log_share"))

    def no_sign(self, camera: Cameras = _ALL) -> Bools:
        """Whether the policy requires a sign, and there is none."""
        required = np.array(list(map(self.rules.arm.signed, words.REGIMES)))[self._regime(camera)]
        return required & (self.world.custody.sign[camera] >= facts().value("sign_share"))

    def may_stand(self, camera: Cameras = _ALL) -> Bools:
        """Whether the policy's rules on siting and installers permit the camera."""
        cameras = self.world.cameras
        kind, which = kinds(cameras.operator[camera], cameras.regime[camera], cameras.indoor[camera])
        return np.array([self.rules.arm.may_stand(words.OPERATORS[operator], words.REGIMES[regime], bool(inside))
                         for operator, regime, inside in kind.tolist()], dtype=bool)[which]

    def manager(self, camera: Cameras = _ALL) -> NDArray[np.uint8]:
        """Who manages the camera under the policy: code in MANAGERS."""
        cameras = self.world.cameras
        kind, which = kinds(cameras.operator[camera], cameras.regime[camera], self.listed(camera))
        return np.array([words.MANAGERS.index(self.rules.arm.manager(words.OPERATORS[operator], words.REGIMES[regime],
                                                                     bool(listed)))
                         for operator, regime, listed in kind.tolist()], dtype=np.uint8)[which]

    def oldest(self, camera: Cameras, at: Ints) -> Ints:
        """Return the oldest tick whose footage still exists at tick `at`.

        Before the switch it is `at − r₀`; after it, max(`at − r₁`, switch − r₀), because a longer term restores
        nothing.
        """
        (before, after), switch = self.retention(camera), self.rules.switch
        return np.where(at < switch, at - before, np.maximum(at - after, switch - before))

    def erased(self, camera: Cameras, recorded: Ints) -> Ints:
        """Return when footage recorded at that tick is erased: the inverse of `oldest`."""
        before, after = recorded + self.retention(camera)
        return np.where(before < self.rules.switch, before, np.maximum(after, self.rules.switch))

    def _regime(self, camera: Cameras) -> NDArray[np.uint8]:
        return self.world.cameras.regime[camera]


def keeping(world: World, rules: Rules) -> Keeping:
    """Ask the rules of both eras what they require of each place class."""
    size = len(words.REGIMES)
    masks: list[tuple[str, bool]] = [("none", False)]
    terms, mask = np.zeros((2, size, 2), dtype=np.int64), np.zeros((2, size), dtype=np.uint8)
    filed, logs = np.zeros((2, 2, size), dtype=bool)
    for era in (BEFORE, AFTER):
        arm = rules.of(era)
        if not arm.footage:
            continue
        terms[era] = [[ticks(arm.retention_s(regime, flag)[0]) for flag in (False, True)] for regime in words.REGIMES]
        wanted = [(arm.mask(regime), arm.mask_reversible(regime)) for regime in words.REGIMES]
        masks = list(dict.fromkeys((*masks, *wanted)))
        mask[era] = [masks.index(one) for one in wanted]
        filed[era], logs[era] = list(map(arm.filed, words.REGIMES)), list(map(arm.log_kept, words.REGIMES))
    return Keeping(world, rules, tuple(masks), terms, mask, filed, logs)


def custody_frame(policy: str, world: World, kept: Keeping) -> pd.DataFrame:
    """Build the table `custody`: each camera's custody under the arm."""
    names = np.array([name for name, _ in kept.masks], dtype=object)
    return tables.frame("custody", {
        "policy": policy, "replicate": world.k, "camera_id": np.arange(len(world.cameras)),
        "recording": kept.recording, "filed": kept.filed_from() < world.days * DAY_TICKS,
        "default_password": world.custody.default_password, "on_internet": world.custody.on_internet,
        "retention_s": kept.retention()[AFTER] / TICKS_PER_S, "mask": names[kept.mask(AFTER)],
        "log_kept": kept.log_kept(AFTER), "sign_missing": kept.no_sign(), "manager": kept.manager(),
        "may_stand": kept.may_stand(),
    })


def judged(rows: Arrays, world: World, rules: Rules, kept: Keeping) -> dict[str, Any]:
    """Complete rows of acts (`log.COLUMNS`) with the camera's view, both answers and the mask.

    One question is asked per kind of act. An act of an outsider that hides the others (`masked`) shows boxes.
    """
    cameras, camera, era = world.cameras, rows["camera_id"], np.where(rows["before"], BEFORE, AFTER)
    names, undone = (np.array(one) for one in zip(*kept.masks, ("box", False), strict=True))

    def shown(source: NDArray[np.uint8]) -> NDArray[Any]:
        return np.where(rows["masked"], names.size - 1, np.where(rows["unmask"], 0, source))

    # footage from before a duty to mask stays unmasked, and viewing it does not breach that duty
    mask = shown(kept.mask(rules.era(rows["from_t"]), camera))
    due = shown(kept.mask(era, camera))
    scene = cameras.scene[camera]
    asked = ("act", "purpose", "channel", "technique", "document", "approver", "own", "consent")
    answers, which = rules.ask(era, names.tolist(), requester=rows["actor"], operator=cameras.operator[camera],
                               regime=cameras.regime[camera], scene=scene, listed=kept.listed(camera),
                               identifiable=kept.identifiable(camera), mask=due, reversible=undone[due],
                               secret=cameras.secret[camera], **{name: rows[name] for name in asked})
    made: dict[str, Any] = rows | {"custodian_id": cameras.custodian_id[camera], "scene": scene,
                                   "reversible": undone[mask], "mask": pd.Categorical(names)[mask]}
    for name, closed in (("specific", words.SPECIFIC), ("general", words.GENERAL), ("legality", words.LEGALITIES)):
        made[name] = np.array([closed.index(getattr(one, name)) for one in answers], dtype=np.uint8)[which]
    for name in ("basis_specific", "basis_general"):
        made[name] = pd.Categorical([getattr(one, name) for one in answers])[which]
    return made
