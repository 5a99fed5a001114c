"""Targets: the people whom private requesters, and many unauthorised viewers, look for.

The targets of a replicate are a cast: one person for each request of a private requester about others, and for each
lapse of an insider with probability `lapse_target_share`. A target passes the camera in the wanted time with
probability `target_there`, at a uniformly drawn moment, on one of the stretches of street that the camera sees (in
proportion to their length), or inside its place. Whether the footage viewed still holds that moment depends on the
policy. Targets have weight 1 and no other passes. Everything follows from the id of the request or lapse, so policies
share their targets.

The viewer names the target with q = attention · P, where P is the best of the pass behind the act's mask. The viewer is
an acquaintance if they know the target, as neighbours, employers and insiders do, else a stranger who compares with
`gallery_suspects` people (an insurer, the press). κ is 1. A target is named with 1 − (1 − max q) per viewer: one
viewer, one pass, one trial. People who ask for their own picture are not targets, and neither are suspects of the
police, who are the cast of cases. Limit: people to whom the requester passes the piece on count as the public, although
they may also know the target.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.exposure.acts import GROUPS, is_outsider, ticks_of
from privacysim.facts import facts
from privacysim.governance.askers import FIRST_REQUEST
from privacysim.identify import curve_table, face_code
from privacysim.sight.coverage import Coverage
from privacysim.vocabulary import CURVES, LEGALITIES
from privacysim.world.world_model import World

KNOW = ("neighbour", "employer", "relative_or_guardian", "curious", "impostor", "own_staff_off_purpose", "contractor")
COMPARE = ("insurer", "media", "company", "victim_not_filmed", "defence_counsel", "civil_party", "foreign_authority",
           "vendor_platform")  # fmt: skip
"""Recognisers who look for a target: people who know the target, and people who compare with a picture."""


def targeted(acts: pd.DataFrame, world: World, view: Coverage, by_id: Ints | None = None) -> Floats:
    """Probability that each target of one arm is named: (targets, groups of `acts.GROUPS`, curves).

    `view`: coverage of the cameras of the acts. `by_id`: rows of `world.asks` in the order of their ids, if known.
    Targets whom no camera sees are omitted.
    """
    sought = (acts["audience"] > 0.0) & acts["source"].isin(("request", "insider")) & acts["actor"].isin(KNOW + COMPARE)
    rows = acts[sought]
    marks = uniforms(stream_key(world.seed, world.k, "targets"), rows["source_id"].to_numpy(dtype=np.int64), 5)
    begin, end = ticks_of(rows["from_s"].to_numpy()), ticks_of(rows["to_s"].to_numpy())
    wanted_from, wanted_to = _wanted(rows, world, begin, end, by_id)
    at = wanted_from + np.floor(marks[:, 1] * (wanted_to - wanted_from)).astype(np.int64)
    chance = np.where(rows["source"] == "insider", facts().value("lapse_target_share"), 1.0)
    seen = (marks[:, 0] < chance * facts().value("target_there")) & (begin <= at) & (at < end)
    rows, marks = rows[seen], marks[seen]
    by = np.where(rows["actor"].isin(KNOW), "acquaintance", "stranger")
    gallery = max(2, round(facts().value("gallery_suspects")))
    looks = pd.MultiIndex.from_arrays([rows["mask"].astype(object), np.full(len(rows), gallery), by])
    pair, pairs = pd.factorize(looks, sort=True)
    table = curve_table([(str(mask), int(n), str(who)) for mask, n, who in pairs])
    camera = np.searchsorted(view.which, rows["camera_id"].to_numpy(dtype=np.int64))
    q = _best(world, view, camera, pair, table, marks) * rows["attention"].to_numpy(dtype=np.float64)[:, None]
    group = len(LEGALITIES) * is_outsider(rows).astype(np.int64) + rows["legality"].cat.codes.to_numpy()
    _, who = np.unique(rows["source_id"].to_numpy(), return_inverse=True)
    named = np.zeros((int(who.max(initial=-1)) + 1, GROUPS, len(CURVES)))
    np.maximum.at(named, (who, group), q)
    return named[named.any(axis=(1, 2))]


def _wanted(rows: pd.DataFrame, world: World, begin: Ints, end: Ints, by_id: Ints | None) -> tuple[Ints, Ints]:
    """Return the time that the viewer wants to see: the requested time, or the footage viewed in a lapse."""
    ids = rows["source_id"].to_numpy(dtype=np.int64) - FIRST_REQUEST
    order = np.argsort(world.asks.ask_id) if by_id is None else by_id
    sorted_ids = world.asks.ask_id[order]
    place = np.minimum(np.searchsorted(sorted_ids, ids), max(sorted_ids.size - 1, 0))
    if not sorted_ids.size:
        return begin, end
    asked = sorted_ids[place] == ids
    return (np.where(asked, world.asks.from_tick[order[place]], begin),
            np.where(asked, world.asks.to_tick[order[place]], end))


def _best(world: World, view: Coverage, camera: Ints, pair: NDArray[np.intp], table: Floats, marks: Floats) -> Floats:
    """Best P of each target's pass in front of the camera (index into the coverage), on both curves."""
    best = np.zeros((camera.size, len(CURVES)))
    # stretches of street in view: one per camera and directed edge, with its pieces
    edge = np.repeat(np.arange(view.piece_start.size - 1), np.diff(view.piece_start))
    kept = np.flatnonzero(np.isin(view.piece_camera, camera))
    kept = kept[np.lexsort((edge[kept], view.piece_camera[kept]))]
    of, length = view.piece_camera[kept].astype(np.int64), (view.piece_to - view.piece_from)[kept].astype(np.float64)
    first = np.flatnonzero(np.append(True, (np.diff(of) != 0) | (np.diff(edge[kept]) != 0)))[: kept.size]
    span = np.add.reduceat(length, first) if kept.size else length
    low, high = (np.searchsorted(of[first], camera, side=side) for side in ("left", "right"))
    total = np.append(0.0, np.cumsum(span))
    chosen = np.searchsorted(total, total[low] + marks[:, 2] * (total[high] - total[low]), side="right") - 1
    street = np.flatnonzero(high > low)
    for n in street.tolist():
        one = int(min(chosen[n], high[n] - 1))
        some = kept[first[one] : first[one + 1] if one + 1 < first.size else kept.size]
        best[n] = table[pair[n]][:, view.piece_frontal[some].astype(np.intp), view.piece_face[some]].max(axis=1)
    inside = np.flatnonzero(world.cameras.indoor[view.which[camera]])
    near, far = facts().value("indoor_distance_min_m"), facts().value("indoor_distance_max_m")
    slant = np.sqrt(near**2 + marks[inside, 3] * (far**2 - near**2) + view.drop_m[camera[inside]] ** 2)
    face = face_code(facts().value("face_width_m") * view.density_at_1_m[camera[inside]] / slant)
    best[inside] = table[pair[inside][:, None], np.arange(len(CURVES)), 1, face[:, None]]
    return best
