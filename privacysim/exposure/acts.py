"""Acts of viewing, arranged for the kernel: by camera, arm, group, viewer, then time.

A group is `outsider · 3 + legality code`. An outsider is anyone except staff on duty and a state organ that shows its
document or needs none (its own or a shared console, takeover, seizure). This does not depend on what a policy calls
lawful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.compiled import jit
from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import one_line
from privacysim.identify import RECOGNISERS
from privacysim.sight.passes import Windows, half_hours
from privacysim.units import TICKS_PER_S
from privacysim.vocabulary import LEGALITIES, STATE_ORGANS

GROUPS = 2 * len(LEGALITIES)
"""Insiders, then outsiders, by legality."""
BY_FACE = ("face_search_recorded", "face_watchlist_live")
_ON_DUTY = "own_staff_on_duty"
_OPEN_WAYS = ("own_console", "live_monitor", "shared_platform", "takeover", "seizure")
_FOREVER = np.int64(1) << 60


class HasActs(Protocol):
    """The part of a Log that exposure needs: its arm and its `acts` table."""

    @property
    def policy(self) -> str:
        """Id of the arm."""

    @property
    def acts(self) -> pd.DataFrame:
        """The table `acts`."""


def is_outsider(acts: pd.DataFrame) -> Bools:
    """Return whether each act's actor is neither staff on duty nor a state organ with its document or own console.

    >>> from privacysim import tables
    >>> is_outsider(tables.empty("acts")).size
    0
    """
    organ = acts["actor"].isin(STATE_ORGANS) & ((acts["document"] != "none") | acts["channel"].isin(_OPEN_WAYS))
    return ~((acts["actor"] == _ON_DUTY) | organ).to_numpy(dtype=bool)


def recognisers(acts: pd.DataFrame) -> NDArray[np.intp]:
    """Return who recognises in each act, as codes of `RECOGNISERS`.

    In searches by face, a machine recognises. State organs and defence counsel compare with photographs of suspects, as
    strangers do, except in front of live monitors. All others recognise acquaintances.

    >>> from privacysim import tables
    >>> recognisers(tables.empty("acts")).size
    0
    """
    compares = acts["actor"].isin((*STATE_ORGANS, "defence_counsel")) & (acts["channel"] != "live_monitor")
    machine, stranger, acquaintance = map(RECOGNISERS.index, ("machine", "stranger", "acquaintance"))
    return np.where(acts["technique"].isin(BY_FACE), machine, np.where(compares, stranger, acquaintance))


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts with an audience, of all arms, sorted by (camera, arm, group, viewer, begin).

    `watched`: ids of viewed cameras, ascending; rows of camera c (index into it) under arm a are at `start[c, a] :
    start[c, a + 1]`. `index[c, a]` holds the half hours of the day that they touch, as 48 bits, so that passes at other
    hours need not be compared with them. It also holds the same rows as first << 32 | end: one line of the processor's
    cache. `twin[c, a]`: the first arm with the same acts at this camera. `begin`, `end`: ticks of footage, half-open,
    side by side in `window`; `pair`: row of `pairs`, (mask, gallery, recogniser), and of the curve table; `attention`
    a; `known` κ; `audience`.
    """

    __repr__ = one_line

    arms: tuple[str, ...]
    pairs: tuple[tuple[str, int, str], ...]
    watched: Ints
    start: Ints
    index: NDArray[np.uint64]
    twin: NDArray[np.int16]
    arm: NDArray[np.int16]
    camera: NDArray[np.int32]
    group: NDArray[np.uint8]
    viewer: Ints
    window: Ints
    pair: NDArray[np.int32]
    attention: Floats
    known: Floats
    audience: Floats

    def __len__(self) -> int:
        return int(self.viewer.size)

    @property
    def begin(self) -> Ints:
        """First tick of footage."""
        return self.window[:, 0]

    @property
    def end(self) -> Ints:
        """End tick of footage, exclusive."""
        return self.window[:, 1]

    def windows(self) -> Windows:
        """Return the footage viewed under any arm, per watched camera, with overlapping and touching stretches merged.

        `passes` needs no others.
        """
        return merged(self.camera, self.begin, self.end, self.watched.size)

    def among(self, cameras: Ints) -> Acts:
        """Number the acts among these cameras, given as ascending ids that include all cameras of the acts."""
        camera = np.searchsorted(cameras, self.watched)[self.camera].astype(np.int32)
        return sorted_acts(replace(self, watched=cameras, camera=camera))

    def whoever(self) -> Acts:
        """Group the acts by legality alone: a viewer in two roles is one viewer, as in the `exposure` table."""
        return sorted_acts(replace(self, group=(self.group % len(LEGALITIES)).astype(np.uint8)))


def merged(camera: NDArray[Any], begin: Ints, end: Ints, cameras: int) -> Windows:
    """Merge stretches of footage that overlap or touch, camera by camera; empty ones are left out."""
    some = np.flatnonzero(end > begin)
    order = some[np.lexsort((begin[some], camera[some]))]
    camera, begin, end = camera[order], begin[order], end[order]
    first = np.ones(order.size, dtype=bool)
    if order.size:
        # farthest end so far within the camera: ranks of ends, raised camera by camera, keep their order
        ranks = np.unique(end)
        raised = camera.astype(np.int64) * (ranks.size + 1) + np.searchsorted(ranks, end)
        farthest = np.maximum.accumulate(raised)
        first[1:] = (camera[1:] != camera[:-1]) | (begin[1:] > ranks[farthest[:-1] % (ranks.size + 1)])
        last = np.append(np.flatnonzero(first)[1:], order.size) - 1
        end = ranks[farthest[last] % (ranks.size + 1)]
    start = np.searchsorted(camera[first], np.arange(cameras + 1)).astype(np.int64)
    return Windows(start, begin[first], end)


def index_acts(logs: Sequence[HasActs]) -> Acts:
    """Arrange the acts of one replicate under several arms; acts without viewers (audience 0) are omitted.

    Arms keep the order of `logs`.
    """
    shown = [np.flatnonzero(log.acts["audience"].to_numpy() > 0.0) for log in logs]
    arm = np.repeat(np.arange(len(logs)), [rows.size for rows in shown]).astype(np.int16)

    def joined(of: Callable[[pd.DataFrame], NDArray[Any]], none: type = np.int64) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, none), *(of(log.acts)[rows] for log, rows in zip(logs, shown, strict=True))])

    def column(name: str, dtype: type) -> NDArray[Any]:
        return joined(lambda acts: acts[name].to_numpy(), dtype).astype(dtype, copy=False)

    group = joined(lambda acts: len(LEGALITIES) * is_outsider(acts).astype(np.uint8)
                   + acts["legality"].cat.codes.to_numpy(), np.uint8)  # fmt: skip
    camera, watched = pd.factorize(column("camera_id", np.int64), sort=True)
    masks = sorted({name for log in logs for name in _masks(log.acts).categories})
    mask = joined(lambda acts: pd.Index(masks).get_indexer(_masks(acts).categories)[_masks(acts).codes])
    size, sizes = pd.factorize(column("gallery", np.int64), sort=True)
    codes, seen = pd.factorize((mask * len(sizes) + size) * len(RECOGNISERS) + joined(recognisers), sort=True)
    pairs = tuple((str(masks[m]), int(sizes[n]), RECOGNISERS[who])
                  for m, n, who in zip(*np.unravel_index(seen, (len(masks), len(sizes), len(RECOGNISERS))),
                                       strict=True))
    acts = Acts(tuple(log.policy for log in logs), pairs, watched,
                np.empty((0, 0), np.int64), np.empty((0, 0, 2), np.uint64), np.empty((0, 0), np.int16), arm,
                camera.astype(np.int32), group.astype(np.uint8), column("viewer", np.int64),
                np.stack((ticks_of(column("from_s", np.float64)), ticks_of(column("to_s", np.float64))), axis=1),
                codes.astype(np.int32), *(column(name, np.float64) for name in ("attention", "known", "audience")))
    return sorted_acts(acts)


def _masks(acts: pd.DataFrame) -> pd.Categorical:
    """Return the masks of acts, as categories even where the caller assigned other ones."""
    return pd.Categorical(acts["mask"])


def ticks_of(seconds: NDArray[Any]) -> Ints:
    """Convert seconds since day 0 to ticks; a missing end (NaN) becomes a tick after every study."""
    at = np.asarray(seconds, dtype=np.float64)
    return np.where(np.isnan(at), _FOREVER, np.rint(np.where(np.isnan(at), 0.0, at) * TICKS_PER_S).astype(np.int64))


def sorted_acts(acts: Acts) -> Acts:
    """Sort the rows by (camera, arm, group, viewer, begin), and index where each camera's and arm's begin."""
    place = (acts.camera.astype(np.int64) * len(acts.arms) + acts.arm) * GROUPS + acts.group
    order = np.lexsort((acts.begin, acts.viewer, place))
    key = acts.camera[order].astype(np.int64) * (len(acts.arms) + 1) + acts.arm[order]
    corners = np.arange(acts.watched.size)[:, None] * (len(acts.arms) + 1) + np.arange(len(acts.arms) + 1)
    start = np.searchsorted(key, corners).astype(np.int64)
    hours = np.zeros((acts.watched.size, len(acts.arms)), dtype=np.uint64)
    np.bitwise_or.at(hours, (acts.camera, acts.arm), half_hours(acts.begin, acts.end))
    rows = start.astype(np.uint64)
    index = np.stack((hours, rows[:, :-1] << np.uint64(32) | rows[:, 1:]), axis=2)
    columns = ("arm", "camera", "group", "viewer", "window", "pair", "attention", "known", "audience")
    ordered = {name: getattr(acts, name)[order] for name in columns}
    compared = (ordered[name] for name in ("window", "group", "viewer", "pair", "attention", "known", "audience"))
    return replace(acts, start=start, index=index, twin=_twins(start, *compared), **ordered)


@jit
def _twins(start, window, group, viewer, pair, attention, known, audience):  # type: ignore[no-untyped-def]
    """Return for each camera and arm the first arm that has the same acts at this camera."""
    out = np.empty((start.shape[0], start.shape[1] - 1), dtype=np.int16)
    for camera in range(out.shape[0]):
        for arm in range(out.shape[1]):
            low, high = start[camera, arm], start[camera, arm + 1]
            out[camera, arm] = arm
            for other in range(arm):
                first, last = start[camera, other], start[camera, other + 1]
                same = high - low == last - first
                for i in range(high - low if same else 0):
                    a, b = low + i, first + i
                    same = (same and window[a, 0] == window[b, 0] and window[a, 1] == window[b, 1]
                            and group[a] == group[b] and viewer[a] == viewer[b] and pair[a] == pair[b]
                            and attention[a] == attention[b] and known[a] == known[b] and audience[a] == audience[b])
                if same:
                    out[camera, arm] = other
                    break
    return out
