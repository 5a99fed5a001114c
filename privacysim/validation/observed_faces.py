"""Model side of the register's rows about recognition (protocol R): closed forms of the curve in force."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from privacysim.facts import facts
from privacysim.identify import identifiability
from privacysim.identify.recognition_curve import fits
from privacysim.vocabulary import CURVES

_SHARP_PX, _SMALL_PX, _VIDEO_PX = 100.0, 20.0, 40.0
_BODY_PX = 100.0


def faces(population: float) -> dict[str, float]:
    """Values by row; each is the mean of the low and the high curve.

    One curve serves people and machines here, with closed galleries and the first name only: the rows about false
    alarms and lists use what comes nearest.
    """
    head_px = _BODY_PX * facts().value("face_width_m") / facts().value("person_height_m")
    on_list = facts().value("watchlist_people") / population
    false_match = facts().value("face_false_match")
    hits = on_list * _named("none", _VIDEO_PX, round(facts().value("watchlist_people")))
    return {"survface_open_set": _named("none", _SMALL_PX, 3_000),
            "mosaic_facescrub": _named("pixelate:14", _SHARP_PX, 530),
            "stranger_one_of_ten": _named("none", _SHARP_PX, 10), "officer_false_accept": _called_the_same(_SHARP_PX),
            "cashier_false_accept": _called_the_same(_SMALL_PX),
            "video_search_machine": _named("none", _VIDEO_PX, 48_000),
            "live_alerts_correct_share": hits / (hits + false_match) if hits + false_match else math.nan,
            "live_false_alerts_per_face": false_match, "masked_head_same_day": _named("blur:0.25", head_px, 130),
            "masked_head_other_day": _named("blur:0.25", head_px, 50)}


def _named(mask: str, face_px: float, gallery: int) -> float:
    return float(np.mean([identifiability(mask, face_px, True, gallery, curve=curve) for curve in CURVES]))


def _called_the_same(face_px: float) -> float:
    """Share of different people called the same by a viewer without bias who sees d′: Φ(−d′/2)."""
    return float(ndtr(-float(fits()["cctv"].d_prime(face_px)) / 2.0))
