"""Exposure of people: who is identified, for how long, which visits are revealed, and how unequally it is distributed.

Totals are weighted sums over the sample, unbiased at any sample size: Σ wᵢ yᵢ given the Log. Inequality is that of the
realised month. People's values go into fixed histograms of 8 bins an octave, which add up over blocks. Gini and shares
from bin totals ignore only the inequality within a bin (under 0.001 of Gini).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from privacysim.attacks.inequality import gini, top_share
from privacysim.facts import facts
from privacysim.metrics.registry import Part, Reading, metric, total, totals_by_curve
from privacysim.metrics.seen import Floats, PeopleSeen
from privacysim.vocabulary import CURVES, GROUPS, LEGALITIES

Groups = tuple[int, ...]
OUTSIDERS: Groups = (3, 4, 5)
OUTSIDER = "anyone who is neither a state organ with its paper nor staff on duty, whatever the policy calls lawful"
HEART = "P: the measured curve of CCTV-like faces; κ: chance that the person filmed is among those the viewer knows"
_LEGALITY = {"legality": {word: word if word != "ungoverned" else "ungoverned (no camera rule matches)"
                          for word in LEGALITIES}}  # fmt: skip
_PER_OCTAVE = 8
_exposed = partial(
    metric, of="people", unit="people", family="exposure", direction="lower", attacker=OUTSIDER, source=HEART,
    value=totals_by_curve, monotone=True, output="success", flow="passes", viewers="outsiders",
)
_by_legality = partial(
    _exposed, attacker="every viewer whose act is {word}", viewers="{word}", by=_LEGALITY, neutral=("authorised",)
)
_unequal = partial(
    metric, of="people", unit="share", family="equity", attacker=OUTSIDER, sample="consistent", range="0 … 1",
    source=HEART, flow="passes", viewers="outsiders",
)


def sums_of(weight: Floats, per_person: Floats) -> Part:
    """Weighted totals and contributors of an array (people, curves)."""
    made: dict[str, float] = {}
    for c, curve in enumerate(CURVES):
        # not a dot product: its order of summation, and so its last bit, would depend on the threads of the library
        made[curve] = float((weight * per_person[:, c]).sum())
        made[f"n_{curve}"] = float(np.count_nonzero(per_person[:, c]))
    return made


def any_of(p: Floats, groups: Groups) -> Floats:
    """Probability of at least one, over groups that are independent trials: 1 − Π(1 − p)."""
    missed = 1.0 - p[:, groups[0]]
    for group in groups[1:]:
        missed = missed * (1.0 - p[:, group])
    return 1.0 - missed


def _sum(values: Floats, groups: Groups) -> Floats:
    whole = values[:, groups[0]]
    for group in groups[1:]:
        whole = whole + values[:, group]
    return whole


def _groups(legality: str) -> Groups:
    """Insiders and outsiders whose acts have that legality."""
    code = LEGALITIES.index(legality)
    return code, 3 + code


@_exposed(
    title="people identified by outsiders", headline=1,
    equation="Σᵢ wᵢ (1 − Π over trials (1 − q)); a trial is (legality, viewer, pass)",
)
def people_identified_by_outsiders(seen: PeopleSeen) -> Part:
    """Expected people identified at least once, trials between viewers and passes independent: the primary metric."""
    return sums_of(seen.weight, any_of(seen.p_identified, OUTSIDERS))


@_exposed(
    title="people identified by outsiders, lower end of the band", equation="Σᵢ wᵢ max over trials q", headline=12
)
def people_identified_by_outsiders_p_max(seen: PeopleSeen) -> Part:
    """People identified if a face is easy or hard for everybody, so that only the best single trial counts."""
    largest = seen.p_identified_max[:, OUTSIDERS[0]]
    for group in OUTSIDERS[1:]:
        largest = np.maximum(largest, seen.p_identified_max[:, group])
    return sums_of(seen.weight, largest)


@_exposed(
    title="people identified by outsiders, upper end of the band", headline=13,
    equation="Σᵢ wᵢ (1 − Π over trials and days (1 − q))",
)
def people_identified_by_outsiders_p_days(seen: PeopleSeen) -> Part:
    """People identified if every day of a repeated walk is a fresh, independent trial."""
    return sums_of(seen.weight, any_of(seen.p_identified_days, OUTSIDERS))


@_exposed(
    title="sensitive visits revealed to outsiders", unit="visits", family="inference", flow="sensitive", headline=2,
    equation="Σᵢ wᵢ Σ visits (1 − Π over viewers (1 − max q))",
)
def sensitive_visits_revealed(seen: PeopleSeen) -> Part:
    """Expected visits to a clinic, a hotel, a place of worship … that an outsider can attribute to a person."""
    return sums_of(seen.weight, seen.revealed_to_outsiders)


@_by_legality(
    title="identifiable person-hours, {word}", unit="person-hours", bounded=False, output="time", flow="seconds",
    equation="Σᵢ wᵢ Σ t·a·κ·P / 3600 over the rows of acts with an audience", headline=14,
)
def identifiable_person_hours(seen: PeopleSeen, heading: str, legality: str) -> Part:
    """Time in view of a viewer who looks, times the probability of identification."""
    return sums_of(seen.weight, _sum(seen.identifiable_s, _groups(legality)) / 3600.0)


@_by_legality(title="people identified, {word}", equation="Σᵢ wᵢ (1 − Π over trials of that legality (1 − q))")
def people_identified(seen: PeopleSeen, heading: str, legality: str) -> Part:
    """People identified by all viewers whose act has that answer under the camera rules."""
    return sums_of(seen.weight, any_of(seen.p_identified, _groups(legality)))


@_exposed(
    title="viewer-weighted identifiable person-hours of outsiders", unit="viewer-person-hours", bounded=False,
    equation="Σᵢ wᵢ Σ t·a·κ·P·audience / 3600", source="audience is the expected one given the camera's category",
    output="time", flow="viewer_seconds",
)
def outsider_viewer_person_hours(seen: PeopleSeen) -> Part:
    """Secondary, because a crowd multiplies it without bound."""
    return sums_of(seen.weight, _sum(seen.viewer_identifiable_s, OUTSIDERS) / 3600.0)


@_exposed(
    title="people whose face a machine compared", family="access", value=total, flow="searched", viewers="",
    attacker="police, on their own and shared consoles and under papers that cover the technique",
    equation="Σᵢ wᵢ 1{at least one pass within a search by face, recorded or live}",
    source="searches and watchlists are assumptions with wide ranges; who passed is the model's",
)
def people_searched_by_face(seen: PeopleSeen) -> Floats:
    """Everybody who passed a searched camera in the searched time; most of them were not sought."""
    return (seen.faces_searched > 0).astype(np.float64)


@_exposed(
    title="false matches of searches by face", unit="matches", family="access", bounded=False, value=total,
    output="error", flow="searched", viewers="", attacker="whoever trusts the machine",
    equation="Σᵢ wᵢ · passes compared · chance that a stranger is given as a match",
    source="fact face_false_match (assumption, over four powers of ten)",
)
def false_matches(seen: PeopleSeen) -> Part:
    """Strangers named as the person sought."""
    compared = seen.faces_searched
    return {
        "total": float((seen.weight * compared).sum()) * facts().value("face_false_match"),
        "n": float(np.count_nonzero(compared)),
    }


def histogram(weight: Floats, values: Floats) -> Part:
    """Weighted log₂ histogram of (people, curves): people and total per bin, everybody, and the number above 0."""
    made: dict[str, float] = {"people": float(weight.sum()), "persons": float(weight.size)}
    for c, curve in enumerate(CURVES):
        above = np.flatnonzero(values[:, c] > 0.0)
        made[f"n_{curve}"] = float(above.size)
        if above.size:
            y, w = values[above, c], weight[above]
            bins, code = np.unique(np.floor(np.log2(y) * _PER_OCTAVE).astype(np.int64), return_inverse=True)
            people, totals = np.bincount(code, weights=w), np.bincount(code, weights=w * y)
            for number, here, sum_here in zip(bins.tolist(), people.tolist(), totals.tolist(), strict=True):
                made[f"{curve} {number} people"], made[f"{curve} {number} total"] = here, sum_here
    return made


def from_histogram(sums: Part, curve: str, measure: Callable[[Floats, Floats], float]) -> float | None:
    """`measure(values, weights)` of a histogram's bins, including people with 0; None if nobody has any."""
    bins = [key.split()[1] for key in sums if key.startswith(f"{curve} ") and key.endswith(" people")]
    if not bins:
        return None
    people = np.asarray([sums[f"{curve} {number} people"] for number in bins])
    totals = np.asarray([sums[f"{curve} {number} total"] for number in bins])
    nobody = max(sums["people"] - float(people.sum()), 0.0)
    return measure(np.append(totals / people, 0.0), np.append(people, nobody))


def _of_bins(measure: Callable[[Floats, Floats, Part], float]) -> Callable[[Part], list[Reading]]:
    def value(sums: Part) -> list[Reading]:
        made = []
        for curve in CURVES:
            found = from_histogram(sums, curve, lambda y, w: measure(y, w, sums))
            note = "undefined: nobody bears anything" if found is None else ""
            made.append(Reading(curve, found, round(sums[f"n_{curve}"]), note))
        return made

    return value


def _gini(y: Floats, w: Floats, sums: Part) -> float:
    # undo the bins' own n/(n − 1) and apply that of the people instead
    kept, n = int((w > 0).sum()), sums["persons"]
    if kept < 2 or n < 2:
        return 0.0
    return gini(y, w) * (kept - 1) / kept * n / (n - 1)


@_unequal(
    title="Gini coefficient of the chance to be identified by outsiders",
    equation="n/(n−1) · ΣΣ wᵢwⱼ|yᵢ−yⱼ| / (2W²ȳ), y the chance in the realised month",
    source=HEART + "; Gini 1912; correction: Deltas 2003", value=_of_bins(_gini),
)
def gini_identified(seen: PeopleSeen) -> Part:
    """0: all bear the same; towards 1: a few bear it all. In the realised month, not over a lifetime."""
    return histogram(seen.weight, any_of(seen.p_identified, OUTSIDERS))


@_unequal(
    title="share of all identification by outsiders that the most exposed tenth bears", range="0.1 … 1",
    equation="1 − L(0.9), L the Lorenz curve of the chance to be identified",
    value=_of_bins(lambda y, w, sums: top_share(y, w)),
)
def top_tenth_share_identified(seen: PeopleSeen) -> Part:
    """0.1 if all bear the same. The bottom tenth bears nothing in most months, so no ratio to it is defined."""
    return histogram(seen.weight, any_of(seen.p_identified, OUTSIDERS))


@_unequal(
    title="Gini coefficient of identifiable hours before outsiders", default=False, flow="seconds",
    equation="as gini_identified, y the identifiable seconds", value=_of_bins(_gini),
)
def gini_identifiable_hours(seen: PeopleSeen) -> Part:
    """Inequality of the time in view of outsiders."""
    return histogram(seen.weight, seen.identifiable_s[:, list(OUTSIDERS)].sum(axis=1))


@_unequal(
    title="largest chance of any single person to be identified by outsiders", unit="probability", direction="lower",
    sample="census", default=False, output="success", flow="", viewers="",
    equation="maxᵢ pᵢ, to within a bin of the histogram (9 %)",
    value=_of_bins(lambda y, w, sums: float(y.max())),
)
def highest_chance_identified(seen: PeopleSeen) -> Part:
    """Requires everybody, because a sample cannot give a maximum."""
    return histogram(seen.weight, any_of(seen.p_identified, OUTSIDERS))


def _per_1000(sums: Part) -> list[Reading]:
    if sums["people"] == 0:
        return [Reading(curve, None, round(sums[f"n_{curve}"]), "undefined: the group has nobody") for curve in CURVES]
    return [Reading(curve, 1000.0 * sums[curve] / sums["people"], round(sums[f"n_{curve}"])) for curve in CURVES]


@_exposed(
    title="identified by outsiders, per 1 000 {word}", unit="per 1 000", family="equity", range="0 … 1000",
    equation="1000 · Σ_g wᵢ pᵢ / N_g", value=_per_1000,
    by={"group": {group: group + "s" if group != "older" else "older people" for group in GROUPS}},
)
def identified_per_1000(seen: PeopleSeen, heading: str, group: str) -> Part:
    """Rate in each group of the population."""
    mine = seen.group == GROUPS.index(group)
    weight, p = seen.weight[mine], any_of(seen.p_identified, OUTSIDERS)[mine]
    return {"people": float(weight.sum()), **sums_of(weight, p)}
