"""Recognisers of a person in a picture: people who know the person, strangers who compare, and machines.

Each act of looking has the recogniser that fits (`exposure.acts.recognisers`). e is what a mask leaves of a face in px,
H(x; m, h) = xʰ / (xʰ + mʰ), N the gallery; numbers and sources are facts.

- `acquaintance`: recognition does not depend on N. By the face: most · H(e), at small sizes too (Sinha et al. 2006,
  doi:10.1109/JPROC.2006.884093) and from other sides, with the factor `nonfrontal_factor`; that is the low curve. The
  high one adds body, gait and clothes, which no mask of the face hides: 1 − (1 − face)(1 − body · H(height)). Hiding
  the head has a dramatic effect, hiding body or gait a small one (Burton et al. 1999, doi:10.1111/1467-9280.00144).
- `stranger`: picks one of N by likeness, d' = d'max · H(e); poor even with good pictures (Burton, White and McNeill
  2010, doi:10.3758/BRM.42.1.286).
- `machine`: a mixture, (1 − π)·P(N) + π/N, of usable pictures, 1 − π = usable · H, and of pictures that tell nothing.
  High curve: somebody accepts the first name, whatever its score (closed set). Low: the score must also pass a
  threshold that one comparison with a stranger in 1/f passes (open set), f = `face_false_match`. The better of two
  machines counts: a network trained on millions of faces, on what the mask leaves, with d' from its published closed
  and open rates (Kim, Jain and Liu 2022, arXiv 2204.00964, on IJB-S); and the lab's attacker, who learns from masked
  pictures (`data/masking`). The network itself was not measured behind masks.
- `lab`: that attacker on aligned faces, all of them usable; for comparing masks.
"""

import math

import numpy as np
from scipy.special import ndtri

from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.identify.mask_strength import left_of, most
from privacysim.identify.recognition_curve import fits, rank_one, rank_one_above

RECOGNISERS = ("acquaintance", "stranger", "machine", "lab")
_NAMES = {
    "acquaintance": ("acquaintance_most", "acquaintance_px50", "acquaintance_h", "acquaintance_body",
                     "acquaintance_body_px50", "person_height_m", "face_width_m", "nonfrontal_factor"),
    "stranger": ("stranger_d_prime", "stranger_px50", "stranger_h", "nonfrontal_unknown"),
    "machine": ("machine_usable", "machine_px50", "machine_h", "machine_d_prime", "face_false_match",
                "nonfrontal_unknown"),
    "lab": ("nonfrontal_unknown",),
}  # fmt: skip
"""Facts of each recogniser; the last is the factor for faces that are not frontal."""


def numbers_of(recogniser: str) -> tuple[float, ...]:
    """Values of the facts that a recogniser depends on."""
    return tuple(facts().value(name) for name in _NAMES[recogniser])


def half_way(x: Floats, middle: float, h: float) -> Floats:
    """H(x; middle, h): 0 at 0, one half at `middle`, towards 1.

    >>> half_way(np.array([0.0, 8.0, 16.0]), 8.0, 2.0)
    array([0. , 0.5, 0.8])
    """
    with np.errstate(divide="ignore"):  # at 0 the ratio is infinite
        return 1.0 / (1.0 + (middle / np.asarray(x, dtype=np.float64)) ** h)


def by_acquaintance(mask: str, px: Floats, curve: str) -> Floats:
    """Probability that somebody who knows the person recognises them: rows not frontal, frontal."""
    top, middle, h, body, body_px, height_m, width_m, sideways = numbers_of("acquaintance")
    face = np.minimum(top * half_way(left_of(mask, px), middle, h), most(mask))
    seen = body * half_way(px * height_m / width_m, body_px, h) if curve == "high" else 0.0
    return 1.0 - (1.0 - np.array([[sideways], [1.0]]) * face) * (1.0 - seen)


def stranger_d_prime(face_px: Floats) -> Floats:
    """d' of people who compare an unknown face of that width (px) with photographs."""
    top, middle, h, _ = numbers_of("stranger")
    return top * half_way(face_px, middle, h)


def usable(face_px: Floats) -> Floats:
    """Share 1 − π of pictures with a face of that width (px) that a machine can use."""
    top, middle, h = numbers_of("machine")[:3]
    return top * half_way(face_px, middle, h)


def _attackers(mask: str, px: Floats) -> tuple[tuple[Floats, Floats], ...]:
    """Usable share and d' of the two machines: a network on what the mask leaves, the lab's attacker behind the mask.

    The lab's attacker learns from masked pictures, so a mask makes no picture useless; pictures that are too small are.
    """
    left, lab = left_of(mask, px), fits()["cctv"]
    return (usable(left), numbers_of("machine")[3] / lab.d_max * lab.d_prime(left)), (usable(px), lab.d_prime(left))


def first_name(mask: str, px: Floats, gallery: int, curve: str) -> Floats:
    """Probability that the first of `gallery` names that the better machine lists is the right one (closed set)."""
    found = np.maximum(*(good * right_of(d_prime, gallery, curve) + (1.0 - good) / gallery
                         for good, d_prime in _attackers(mask, px)))  # fmt: skip
    return bounded(mask, found, gallery)


def found_above(mask: str, px: Floats, gallery: int, false_match: float) -> Floats:
    """Probability that the right one of `gallery` is first, and passes a threshold of f = `false_match` (open set)."""
    at = float(-ndtri(false_match))
    alone = rank_one_above(0.0, gallery, at)

    def one(good: Floats, d_prime: Floats) -> Floats:
        distinct, place = np.unique(d_prime, return_inverse=True)
        return good * rank_one_above(distinct, gallery, at)[place] + (1.0 - good) * alone

    found = np.maximum(*(one(good, d_prime) for good, d_prime in _attackers(mask, px)))
    return bounded(mask, found, gallery)


def false_alarm(people: float, false_match: float | None = None) -> float:
    """Probability that a stranger's face gives a false alarm for a list of `people`: 1 − (1 − f)^N.

    `false_match`: f, by default the fact `face_false_match`.

    >>> round(false_alarm(100, 0.001), 4)
    0.0952
    """
    f = facts().value("face_false_match") if false_match is None else false_match
    return -math.expm1(people * math.log1p(-f))


def per_comparison(false_alarms: float, people: float) -> float:
    """False matches per comparison f that give a list of `people` a false alarm in that share of searches.

    >>> round(per_comparison(false_alarm(100, 0.001), 100), 9)
    0.001
    """
    return -math.expm1(math.log1p(-false_alarms) / people)


def right_of(d_prime: Floats, gallery: int, curve: str) -> Floats:
    """Probability that the right one of `gallery` is first, by d'."""
    distinct, place = np.unique(d_prime, return_inverse=True)
    return rank_one(distinct, gallery, curve)[place]


def bounded(mask: str, chance: Floats, gallery: int) -> Floats:
    """With k-same, k people share each picture, so a name is right once in k, or by chance in a small gallery."""
    return np.minimum(chance, max(most(mask), 1.0 / gallery))
