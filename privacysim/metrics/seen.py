"""What a metric may look at: one arm, one replicate; people come in blocks, records whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.draws import hashes

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """Exposure of one block of people under one arm.

    Arrays are (people, 6 groups, 2 curves); a group is `outsider · 3 + legality code`, outsider meaning a viewer who
    is neither a state organ with its paper nor staff on duty. `sightings_seen` is (people, 6 groups);
    `revealed_to_outsiders` (people, 2 curves) holds visits whatever their legality. Time in seconds.
    """

    weight: Floats
    identifiable_s: Floats
    viewer_identifiable_s: Floats
    p_identified: Floats
    p_identified_max: Floats
    p_identified_days: Floats
    revealed_to_outsiders: Floats


@dataclass(frozen=True)
class Records:
    """The Log of one arm in [0, D): frames as in `tables.py`, and when each case was opened (seconds, by case id)."""

    days: int
    requests: pd.DataFrame
    acts: pd.DataFrame
    incidents: pd.DataFrame
    case_opened_s: pd.Series[float]

    @cached_property
    def act_root(self) -> NDArray[np.uint64]:
        """The root event of each act: its case where there is one, else what started it (a stream, a request …).

        Root events happen independently of one another; what one of them brings stands or falls with it.
        """
        of_case = self.requests["case_id"] >= 0
        case_of = self.requests.loc[of_case].set_index("request_id")["case_id"]
        source, root = self.acts["source"].cat.codes.to_numpy(), self.acts["source_id"].to_numpy(dtype=np.int64)
        case = self.acts["source_id"].map(case_of).where(self.acts["source"] == "request").to_numpy(dtype=np.float64)
        known = ~np.isnan(case)
        root = np.where(known, np.where(known, case, 0).astype(np.int64), root)
        kind = np.where(known, -1, source)
        return hashes(0, root) + hashes(1, kind)

    @property
    def end_s(self) -> float:
        """The end of the study in seconds."""
        return self.days * 86_400.0
