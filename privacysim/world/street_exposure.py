"""Where in a city people can be identified: each street's identifiable person-seconds a day, whoever looks or not.

A street's value is Σ over both directions and all street cameras of the seconds that the flow of people spends in view,
times the chance P that a face seen there is identified (unmasked, by one who compares with `gallery_suspects` people),
per metre of street. It says what cameras could show, not what anybody looks at: that is what a study adds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacysim.city.model import City
from privacysim.facts import facts
from privacysim.identify import curve_table
from privacysim.world.cameras import Cameras
from privacysim.world.coverage import coverage

Floats = NDArray[np.float64]


def street_exposure(city: City, cameras: Cameras, people: Floats) -> Floats:
    """Identifiable person-seconds a day on each metre of each street (edge); `people` is `unknowns.flow`.

    Several cameras on one stretch add up.
    """
    seen = coverage(city, cameras, np.arange(len(cameras)), entrances=False)
    chance = curve_table([("none", round(facts().value("gallery_suspects")))])[0, 0]
    way = np.repeat(np.arange(seen.piece_start.size - 1), np.diff(seen.piece_start))
    metres = (seen.piece_to - seen.piece_from) / 1_000.0
    weight = people[way] * metres * chance[seen.piece_frontal.astype(np.intp), seen.piece_face]
    whole = np.bincount(way // 2, weight, minlength=city.edge_u.size)
    return np.asarray(whole / np.maximum(city.edge_mm / 1_000.0, 1e-3), dtype=np.float64)
