"""Inputs of metrics: one arm, one replicate; people come in blocks, records whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.draws import Bools, Floats, Ints, hashes
from privacysim.exposure import is_outsider


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """Exposure of one block of people under one arm.

    Arrays are (people, 6 groups, 2 curves). A group is `outsider · 3 + legality code`; an outsider is a viewer who is
    neither a state organ with its document nor staff on duty. `revealed_to_outsiders` (people, 2 curves) holds visits
    whatever their legality. Time in seconds. `group`: the person's own, codes of `vocabulary.GROUPS`.
    """

    weight: Floats
    group: NDArray[np.uint8]
    identifiable_s: Floats
    viewer_identifiable_s: Floats
    p_identified: Floats
    p_identified_max: Floats
    p_identified_days: Floats
    revealed_to_outsiders: Floats
    faces_searched: Floats = field(default_factory=lambda: np.empty(0))
    """(people,) passes that a machine compared with faces sought; zeros if they were not counted."""
    false_alarms: Floats = field(default_factory=lambda: np.empty(0))
    """(people,) expected times that a machine takes the person for somebody sought; zeros if they were not counted."""
    targeted: Floats = field(default_factory=lambda: np.zeros((0, 6, 2)))
    """Probability that each target of the replicate is named; only the first block of people carries them."""
    sightings_seen: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 6), dtype=np.int64))
    """(people, 6 groups) passes on single days in footage that somebody of the group viewed; zeros if not counted."""

    def __post_init__(self) -> None:
        for name in ("faces_searched", "false_alarms", "sightings_seen"):
            given = getattr(self, name)
            if not given.size:
                object.__setattr__(self, name, np.zeros((self.weight.size, *given.shape[1:]), dtype=given.dtype))


@dataclass(frozen=True)
class Records:
    """Log of one arm in [0, D): frames as in `tables.py`, and when each case was opened (seconds, by case id).

    By camera id: `secret` (code of `vocabulary.SECRETS`), `operator`, `regime`. `kept_camera_days`: Σ over recording
    cameras of the days that each keeps its footage.
    """

    days: int
    requests: pd.DataFrame
    acts: pd.DataFrame
    incidents: pd.DataFrame
    case_opened_s: pd.Series[float]
    audits: pd.DataFrame = field(default_factory=lambda: tables.empty("audits"))
    secret: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    operator: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    regime: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    kept_camera_days: float = 0.0

    def within(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """Rows whose `column` (seconds) lies in [0, D)."""
        return rows[(rows[column] >= 0) & (rows[column] < self.end_s)]

    @cached_property
    def decided(self) -> pd.DataFrame:
        """Requests decided in [0, D)."""
        return self.within(self.requests, "decided_s")

    @staticmethod
    def request_roots(requests: pd.DataFrame) -> Ints:
        """Root event of each request: requests of one case share one, others have their own."""
        case, own = requests["case_id"].to_numpy(), requests["request_id"].to_numpy()
        return np.where(case >= 0, case, -2 - own)

    @cached_property
    def act_root(self) -> NDArray[np.uint64]:
        """Root event of each act: its case if there is one, else what started it (a stream, a request …).

        Root events are independent of one another; all consequences of one depend on it together.
        """
        of_case = self.requests["case_id"] >= 0
        case_of = self.requests.loc[of_case].set_index("request_id")["case_id"]
        source, root = self.acts["source"].cat.codes.to_numpy(), self.acts["source_id"].to_numpy(dtype=np.int64)
        case = self.acts["source_id"].map(case_of).where(self.acts["source"] == "request").to_numpy(dtype=np.float64)
        known = ~np.isnan(case)
        root = np.where(known, np.where(known, case, 0).astype(np.int64), root)
        kind = np.where(known, -1, source)
        return hashes(0, root) + hashes(1, kind)

    @cached_property
    def looked_at(self) -> pd.DataFrame:
        """Acts in which somebody looks, with `outsider` and `hours`: camera-hours of footage × attention."""
        shown = self.acts["audience"].to_numpy() > 0.0
        acts = self.acts[shown]
        until = acts["to_s"].fillna(self.end_s).to_numpy(dtype=np.float64)
        hours = np.maximum(until - acts["from_s"].to_numpy(dtype=np.float64), 0.0) / 3600.0
        hours *= acts["attention"].to_numpy(dtype=np.float64)
        return acts.assign(outsider=is_outsider(acts), hours=hours, root=self.act_root[shown])

    @property
    def end_s(self) -> float:
        """End of the study in seconds."""
        return self.days * 86_400.0


@dataclass(frozen=True, slots=True)
class Footage:
    """What all cameras of the city film of one block of people in the study, whether or not anybody looks.

    Per person: `weight`; `passes` (sightings: a pass on a day); `seconds` (people, 4): in view at 25, 62, 125 and 250
    pixels per metre or more, facing the camera; `held_s`: identifiable seconds held at one time under the arm (a second
    filmed a day × the days that its camera keeps it, in the long run). `days`: length of the study.
    """

    days: int
    weight: Floats
    passes: Ints
    seconds: Floats
    held_s: Floats


@dataclass(frozen=True, slots=True)
class Viewed:
    """People in view of the footage that somebody looked at, in one block of people under one arm.

    Per person: `weight`; `seconds`: identifiable seconds (people, 2 curves) by "actor word" and "channel word";
    `on_request`: whether in view of footage that a request delivered; `home` and `work`: metres (people, 2), NaN if
    there is none. `cases`: cases with admissible evidence in [0, D), counted with the first block only. `sightings`
    shown to outsiders: user (row of the block), camera, x_m, y_m (of the camera), enter_s, one row per pass and day.
    `group`: codes of `vocabulary.GROUPS`; `misnamed`: probability that an outsider takes the person for somebody else.
    """

    days: int
    weight: Floats
    seconds: Mapping[str, Floats]
    on_request: Bools
    cases: int
    sightings: pd.DataFrame
    home: Floats
    work: Floats
    group: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    misnamed: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not self.misnamed.size:
            object.__setattr__(self, "group", np.zeros(self.weight.size, dtype=np.uint8))
            object.__setattr__(self, "misnamed", np.zeros(self.weight.size))
