"""Any number of synthetic passes and acts, to time the exposure kernel alone, and the same exposure by pandas.

All cameras are equally likely, which strains memory more than the neighbours of a block, who pass the same cameras.
"""

from types import SimpleNamespace
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from privacysim.draws import day_jitter, hashes, stream_key, uniforms
from privacysim.exposure import Acts, index_acts
from privacysim.identify import identifiability
from privacysim.people import Block
from privacysim.sight.coverage import Coverage
from privacysim.sight.passes import Pieces, sightings
from privacysim.units import DAY_TICKS, HOUR_TICKS, TICKS_PER_S
from privacysim.vocabulary import LEGALITIES

CAMERAS = 1_000_000
FIRST_DAY, DAYS = -31, 61
_PIECES, _TOURS = 3, 5
_SPAN = 9_000
_PER_PERSON = 40


class Crowd(NamedTuple):
    """Pieces at cameras with an act, their people, and the acts of one arm with their table."""

    pieces: Pieces
    block: Block
    acts: Acts
    frame: pd.DataFrame


def crowd(acts_per_camera: float, passes: int, *, days: int = DAYS, seed: int = 1) -> Crowd:
    """Draw `passes` passes of three pieces each, at cameras with an act of two hours of footage and one viewer.

    Acts fall on a million cameras at random. People walk on a third of the days; walks and footage lie between 6 and 22
    h.
    """
    frame = _acts(round(acts_per_camera * CAMERAS), days, seed)
    acts = index_acts([SimpleNamespace(policy="any", acts=frame)])
    people = max(passes // _PER_PERSON, 1)
    person = np.arange(passes) * people // passes
    u = uniforms(stream_key(seed, 0, "passes"), np.arange(passes), 4)
    camera = (u[:, 0] * acts.watched.size).astype(np.int32)
    tour = person * _TOURS + (u[:, 1] * _TOURS).astype(np.int64)
    offset = ((6.0 + 16.0 * u[:, 2]) * HOUR_TICKS).astype(np.int32)
    length = (30.0 + 60.0 * u[:, 3]).astype(np.int32)
    order = np.lexsort((camera, tour, person))
    camera, tour, offset, length = camera[order], tour[order], offset[order], length[order]
    each = np.tile(np.arange(_PIECES), passes)
    row = np.repeat(np.arange(passes), _PIECES)
    pieces = Pieces(person[row].astype(np.int32), row.astype(np.int64), camera[row], tour[row].astype(np.int32),
                    offset[row] + each.astype(np.int32) * length[row], length[row], (20 + 60 * each).astype(np.uint16),
                    each < _PIECES - 1, np.full(row.size, -1, dtype=np.int64), np.zeros(row.size, dtype=bool))
    return Crowd(pieces, _block(people, days, seed), acts, frame)


def _block(people: int, days: int, seed: int) -> Block:
    tours = people * _TOURS
    key = hashes(stream_key(seed, 0, "tours"), np.arange(tours))
    made = uniforms(stream_key(seed, 0, "days"), np.arange(tours), days) < 1.0 / 3.0
    mask = np.zeros((tours, (days + 63) // 64), dtype=np.uint64)
    for day in range(days):
        mask[:, day >> 6] |= made[:, day].astype(np.uint64) << np.uint64(day & 63)
    return cast(Block, SimpleNamespace(person_id=np.arange(people), weight=np.ones(people), tour_mask=mask,
                                       first_day=FIRST_DAY, days=days, tour_shift=np.arange(tours, dtype=np.int32),
                                       jitter=day_jitter(key, FIRST_DAY, days, _SPAN)))  # fmt: skip


def _acts(count: int, days: int, seed: int) -> pd.DataFrame:
    u = uniforms(stream_key(seed, 0, "acts"), np.arange(count), 4)
    day = FIRST_DAY + (u[:, 0] * days).astype(np.int64)
    begin = day * DAY_TICKS + ((6.0 + 14.0 * u[:, 1]) * HOUR_TICKS).astype(np.int64)

    def word(text: str) -> "pd.Categorical[str]":
        return pd.Categorical.from_codes(np.zeros(count, dtype=np.int64), pd.Index([text]))

    legality = pd.Categorical.from_codes((u[:, 2] * len(LEGALITIES)).astype(np.int64), pd.Index(LEGALITIES))
    return pd.DataFrame({
        "camera_id": (u[:, 3] * CAMERAS).astype(np.int64), "from_s": begin / TICKS_PER_S,
        "to_s": (begin + 2 * HOUR_TICKS) / TICKS_PER_S, "viewer": np.arange(count), "legality": legality,
        "actor": word("curious"), "document": word("none"), "channel": word("request"),
        "technique": word("look"), "mask": word("none"),
        "gallery": np.full(count, 150), "attention": np.ones(count), "known": np.full(count, 0.01),
        "audience": np.ones(count),
    })  # fmt: skip


def sightings_frame(crowd: Crowd) -> pd.DataFrame:
    """Table with one row per piece and day on which it is walked (`sight.passes.sightings`)."""
    watched = cast(Coverage, SimpleNamespace(which=crowd.acts.watched))
    columns = ["person_id", "pass_id", "camera_id", "enter_s", "leave_s", "face_px", "frontal"]
    return sightings(crowd.pieces, crowd.block, watched, 0)[columns]


def exposure_by_pandas(seen: pd.DataFrame, acts: pd.DataFrame) -> pd.DataFrame:
    """`identifiable_s` and `p_identified` by person and legality: one arm, one mask, the low curve, κ·audience ≤ 1."""
    needed = acts[["camera_id", "from_s", "to_s", "viewer", "legality", "attention", "known", "audience"]]
    rows = seen.merge(needed, on="camera_id")
    together_s = np.minimum(rows["leave_s"], rows["to_s"]) - np.maximum(rows["enter_s"], rows["from_s"])
    rows["t"] = np.rint(together_s * TICKS_PER_S)
    rows = rows[rows["t"] > 0]
    p = identifiability("none", rows["face_px"], rows["frontal"], int(acts["gallery"].iloc[0]), "low",
                        by="acquaintance")  # fmt: skip
    rows["identifiable_s"] = rows["t"] / TICKS_PER_S * rows["attention"] * rows["known"] * p
    rows["q"] = rows["attention"] * rows["known"] * rows["audience"] * p
    people = ["person_id", "legality"]
    trials = rows.groupby([*people, "viewer", "pass_id"], observed=True)["q"].max()
    made = rows.groupby(people, observed=True)[["identifiable_s"]].sum()
    made["p_identified"] = 1.0 - (1.0 - trials).groupby(people, observed=True).prod()
    return made
