"""The exposure as anybody would first write it: merge sightings and acts in pandas, filter, group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.identify import identifiability
from privacysim.units import TICKS_PER_S


def exposure_by_pandas(sightings: pd.DataFrame, acts: pd.DataFrame) -> pd.DataFrame:
    """`identifiable_s` and `p_identified` by person and legality, on the low curve alone.

    Leaner than `exposure.definition`: one arm, one curve, one mask, only the columns it needs, m = κ·audience ≤ 1.
    """
    needed = acts[["camera_id", "from_s", "to_s", "viewer", "legality", "attention", "known", "audience"]]
    rows = sightings.merge(needed, on="camera_id")
    begin = np.maximum(rows["enter"], np.rint(rows["from_s"] * TICKS_PER_S))
    rows["t"] = np.minimum(rows["leave"], np.rint(rows["to_s"] * TICKS_PER_S)) - begin
    rows = rows[rows["t"] > 0]
    p = identifiability("none", rows["face_px"], rows["frontal"], int(acts["gallery"].iloc[0]), "low")
    rows["identifiable_s"] = rows["t"] / TICKS_PER_S * rows["attention"] * rows["known"] * p
    rows["q"] = rows["attention"] * rows["known"] * rows["audience"] * p
    people = ["person_id", "legality"]
    trials = rows.groupby([*people, "viewer", "pass_id"], observed=True)["q"].max()
    made = rows.groupby(people, observed=True)[["identifiable_s"]].sum()
    made["p_identified"] = 1.0 - (1.0 - trials).groupby(people, observed=True).prod()
    return made
