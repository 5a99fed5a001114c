"""How many faces a machine compared: passes in front of cameras whose archive, or live picture, it searches.

A search by face looks at everybody who passed, most of them for nothing. Counted are distinct (pass, day) that overlap
a search, as `sightings_seen` counts them, with the same kernel over the acts of these techniques alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.exposure.acts import Acts, HasActs, index_acts, sorted_acts
from privacysim.exposure.measure import measure_exposure

if TYPE_CHECKING:
    from privacysim.people import Block
    from privacysim.world.passes import Pieces

BY_FACE = ("face_search_recorded", "face_watchlist_live")


@dataclass(frozen=True, slots=True)
class _Some:
    policy: str
    acts: pd.DataFrame


def faces_searched(
    pieces: Pieces, block: Block, whole: Acts, logs: Sequence[HasActs], techniques: Sequence[str] = BY_FACE
) -> NDArray[np.float64]:
    """(people, arms): passes that were compared with faces sought; 0 for whoever passed no searched camera.

    `pieces` are those at the cameras `whole.watched`; a search's acts are part of `whole`.
    """
    some = index_acts([_Some(log.policy, log.acts[log.acts["technique"].isin(list(techniques))]) for log in logs])
    if not len(some):
        return np.zeros((block.person_id.size, len(whole.arms)))
    camera = np.searchsorted(whole.watched, some.watched)[some.camera].astype(np.int32)
    acts = sorted_acts(replace(some, watched=whole.watched, camera=camera, arms=whole.arms))
    seen = measure_exposure(pieces, block, acts).sightings_seen
    return seen.sum(axis=2).astype(np.float64)
