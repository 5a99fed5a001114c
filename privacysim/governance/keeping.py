"""Custody under the rules: retention of each camera, footage left for a request, and masks.

Retention is a separate rule (Order 799 art. 17: 30 days and then deletion; Guangzhou's order of 2007: at least
15 days; art. 9 waives both for small shops). When the rules change, footage that was already deleted stays deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.facts import facts
from privacysim.governance.log import NEVER
from privacysim.governance.rules_in_force import AFTER, BEFORE, Rules, kinds
from privacysim.policy.arm import Arm
from privacysim.units import DAY_TICKS, TICKS_PER_S, ticks

if TYPE_CHECKING:
    from privacysim.world.world_model import World

LISTED = frozenset({
    "road", "housing_compound", "office", "restaurant", "mall", "market", "hotel", "hospital", "school", "university",
    "kindergarten", "entertainment", "culture_sport", "park", "metro_station", "transport_hub", "car_park",
})
"""Categories listed in art. 6 of Guangzhou's order of 2007 (its list is partly known; the match with our categories
is an assumption)."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keeping:
    """Custody of each camera's footage before and after the switch; arrays over all cameras.

    `retention` in ticks, (2, cameras); `mask` as indices of `masks`, (2, cameras); `filed` (ever) and `log_kept` alike.
    """

    switch: int
    listed: NDArray[np.bool_]
    recording: NDArray[np.bool_]
    identifiable: NDArray[np.bool_]
    retention: Ints
    masks: tuple[tuple[str, bool], ...]
    """Distinct masks: name, and whether a key removes it."""
    mask: NDArray[np.uint8]
    filed: NDArray[np.bool_]
    filed_from: Ints
    """When each system is filed: long ago, or at some time within the term after the switch; NEVER if not filed."""
    must_file: NDArray[np.bool_]
    log_kept: NDArray[np.bool_]
    may_stand: NDArray[np.bool_]
    """Whether the installer may put the camera there, by the arm's rules on siting and installers."""
    manager: NDArray[np.uint8]
    """Code in MANAGERS under the arm."""

    def oldest(self, camera: NDArray[np.int64], at: Ints) -> Ints:
        """Return the oldest tick whose footage still exists at tick `at`.

        Before the switch it is `at − r₀`; after it, max(`at − r₁`, switch − r₀): a longer term brings nothing back.
        """
        before, after = self.retention[BEFORE][camera], self.retention[AFTER][camera]
        return np.where(at < self.switch, at - before, np.maximum(at - after, self.switch - before))

    def is_filed(self, camera: int, at: int) -> bool:
        """Return whether the system is filed at that tick."""
        return bool(self.filed_from[camera] <= at)

    def erased(self, camera: NDArray[np.int64], recorded: Ints) -> Ints:
        """Return when footage recorded at that tick is erased: the inverse of `oldest`."""
        before, after = recorded + self.retention[BEFORE][camera], recorded + self.retention[AFTER][camera]
        return np.where(before < self.switch, before, np.maximum(after, self.switch))

    def remains(self, camera: NDArray[np.int64], begin: Ints, end: Ints, at: Ints) -> tuple[Ints, Ints]:
        """Return begin and end of the wanted footage left at tick `at`; empty if the end is not after the begin."""
        return np.maximum(begin, self.oldest(camera, at)), np.minimum(end, at)

    def mask_of(self, camera: NDArray[np.int64], recorded: Ints) -> NDArray[np.uint8]:
        """Return the index of the mask on the footage when it was recorded."""
        return np.where(recorded < self.switch, self.mask[BEFORE][camera], self.mask[AFTER][camera])


def keeping(world: World, rules: Rules) -> Keeping:
    """Compute the custody of every camera under both eras."""
    cameras, custody = world.cameras, world.custody
    at_place = world.city.place_category[np.maximum(cameras.place_id, 0)]
    category = np.where(cameras.place_id >= 0, at_place, words.CATEGORIES.index("road"))
    is_listed = np.array([word in LISTED for word in words.CATEGORIES])[category]
    masks: list[tuple[str, bool]] = [("none", False)]
    retention = np.zeros((2, is_listed.size), dtype=np.int64)
    mask = np.zeros((2, is_listed.size), dtype=np.uint8)
    filed, log_kept = np.zeros((2, 2, is_listed.size), dtype=bool)
    share = facts().value("filing_share")
    kind = cameras.regime.astype(np.int64) * 2 + is_listed
    for era in (BEFORE, AFTER):
        arm = rules.of(era)
        if not arm.footage:
            continue
        term = [arm.retention_s(regime, flag)[0] for regime in words.REGIMES for flag in (False, True)]
        retention[era] = np.array([ticks(one) for one in term])[kind]
        numbers = []
        for regime in words.REGIMES:
            one = (arm.mask(regime), arm.mask_reversible(regime))
            if one not in masks:
                masks.append(one)
            numbers.append(masks.index(one))
        mask[era] = np.array(numbers, dtype=np.uint8)[cameras.regime]
        filed[era] = np.array([arm.filed(regime) for regime in words.REGIMES])[cameras.regime] & (custody.filed < share)
        log_kept[era] = np.array([arm.log_kept(regime) for regime in words.REGIMES])[cameras.regime]
    after = rules.of(AFTER)
    old = after.policy.filing.old if after.footage and after.policy.filing else None
    # existing systems have a term (Order 799 art. 14: 90 days), and are filed at some time within it
    within = np.ceil(custody.filed / share * (ticks(old) if old is not None else 0)).astype(np.int64)
    filed_from = np.where(filed[BEFORE] & filed[AFTER], -NEVER, np.where(filed[AFTER], rules.switch + within, NEVER))
    must = np.array([after.filed(regime) for regime in words.REGIMES])[cameras.regime]
    return Keeping(
        rules.switch, is_listed, custody.recording, _identifiable(world), retention, tuple(masks), mask, filed,
        filed_from, must, log_kept, *_standing(world, after, is_listed),
    )


def _standing(world: World, arm: Arm, listed: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return whether each camera is permitted, and its manager, with one question per kind of camera."""
    cameras = world.cameras
    kind, which = kinds(cameras.operator, cameras.regime, listed, cameras.indoor)
    words_of = [(words.OPERATORS[o], words.REGIMES[g], bool(on), bool(inside)) for o, g, on, inside in kind.tolist()]
    may = np.array([arm.may_stand(o, g, inside) for o, g, _, inside in words_of], dtype=bool)
    who = np.array([words.MANAGERS.index(arm.manager(o, g, on)) for o, g, on, _ in words_of], dtype=np.uint8)
    return (may[which], who[which]) if kind.size else (np.ones(0, dtype=bool), np.empty(0, dtype=np.uint8))


def _identifiable(world: World) -> NDArray[np.bool_]:
    """Return whether a face five metres away reaches the density of recognition (EN/IEC 62676-4)."""
    cameras, distance_m = world.cameras, 5.0
    half = np.radians(np.minimum(cameras.hfov_deg.astype(float), 170.0) / 2.0)
    width_m = np.where(cameras.hfov_deg >= 180.0, 2 * np.pi * distance_m, 2 * distance_m * np.tan(half))
    enough = cameras.width_px / width_m >= facts().value("dori_recognise_px_per_m")
    return np.asarray(enough, dtype=bool)


def custody_frame(policy: str, world: World, kept: Keeping) -> pd.DataFrame:
    """Build the table `custody`: each camera's custody under the arm."""
    names = np.array([name for name, _ in kept.masks], dtype=object)
    return tables.frame("custody", {
        "policy": policy, "replicate": world.k, "camera_id": np.arange(kept.listed.size),
        "recording": kept.recording, "filed": kept.filed_from < world.days * DAY_TICKS,
        "default_password": world.custody.default_password, "on_internet": world.custody.on_internet,
        "retention_s": kept.retention[AFTER] / TICKS_PER_S, "mask": names[kept.mask[AFTER]],
        "log_kept": kept.log_kept[AFTER], "manager": kept.manager, "may_stand": kept.may_stand,
    })
