"""What every camera of the city films of a block of people, watched or not: for the metrics of footage, on request."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX
from privacysim.metrics import Footage
from privacysim.people import draw_block
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.optics import dori_levels
from privacysim.sight.passes import passes
from privacysim.simulation.replicate import Replicate, Seen
from privacysim.units import DAY_S, TICKS_PER_S

_CHUNK = 2_048
"""People whose passes stand in memory at one time: every camera of a city makes some thousand pieces a person."""


@lru_cache(maxsize=1)
def _everywhere(whole: Replicate) -> Coverage:
    return coverage(whole.world.city, whole.world.cameras, np.arange(len(whole.world.cameras)))


def footage_seen(whole: Replicate, seen: Seen) -> list[Footage]:
    """One Footage per arm of the replicate: they differ in how long the footage is kept."""
    world, block = whole.world, seen.block
    kept_d = [_kept_days(log.custody["retention_s"].to_numpy(), log.custody["recording"].to_numpy())
              for log in whole.logs]  # fmt: skip
    people = block.person_id.size
    times, seconds = np.zeros(people, dtype=np.int64), np.zeros((people, 4))
    held = np.zeros((len(kept_d), people))
    view = _everywhere(whole)
    px_at = STEPS_PER_PX * facts().value("face_width_m") * dori_levels()
    for first in range(0, people, _CHUNK):
        some = slice(first, min(first + _CHUNK, people))
        drawn = draw_block(
            world.city, world.scenario, world.seed, world.k, block.person_id[some], block.weight[some], 0, world.days
        )
        pieces = passes(drawn, world.city, view, 0, world.days)
        often = np.bitwise_count(drawn.tour_mask).sum(axis=1)[pieces.tour]
        size = some.stop - some.start
        new = np.ones(len(pieces), dtype=bool)
        new[1:] = (np.diff(pieces.person) != 0) | (np.diff(pieces.pass_no) != 0)
        times[some] = np.bincount(pieces.person[new], weights=often[new], minlength=size)
        shown = often * pieces.length / TICKS_PER_S * pieces.frontal
        for level, px in enumerate(px_at):
            # a piece ends where a level is crossed, so it lies on one side of it but for rounding to 1/8 px
            good = pieces.face >= np.floor(px)
            seconds[some, level] = np.bincount(pieces.person, weights=shown * good, minlength=size)
        good = pieces.face >= np.floor(px_at[-1])
        for arm, kept in enumerate(kept_d):
            stock = shown * good / world.days * kept[pieces.camera]
            held[arm, some] = np.bincount(pieces.person, weights=stock, minlength=size)
    return [Footage(world.days, block.weight, times, seconds, one) for one in held]


def _kept_days(retention_s: NDArray[np.float64], recording: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(recording, retention_s, 0.0) / DAY_S
