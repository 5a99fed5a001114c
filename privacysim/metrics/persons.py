"""What happens to people: who is identified, for how long, and which visits are revealed.

All are weighted sums over the sample, unbiased at any sample size: Σ wᵢ yᵢ given the Log.
"""

from __future__ import annotations

import numpy as np

from privacysim.metrics.registry import Part, metric, totals_by_curve
from privacysim.metrics.seen import Floats, PeopleSeen
from privacysim.vocabulary import CURVES, LEGALITIES

Groups = tuple[int, ...]
OUTSIDERS: Groups = (3, 4, 5)
OUTSIDER = "anyone who is neither a state organ with its paper nor staff on duty, whatever the policy calls lawful"
HEART = "P: the measured curve of CCTV-like faces; κ: chance that the person filmed is among those the viewer knows"


def sums_of(weight: Floats, per_person: Floats) -> Part:
    """Weighted totals and contributors of an array (people, curves)."""
    made: dict[str, float] = {}
    for c, curve in enumerate(CURVES):
        # not a dot product: its order of summation, and so its last bit, would depend on the threads of the library
        made[curve] = float((weight * per_person[:, c]).sum())
        made[f"n_{curve}"] = float(np.count_nonzero(per_person[:, c]))
    return made


def any_of(p: Floats, groups: Groups) -> Floats:
    """Chance of at least one, over groups that are independent trials: 1 − Π(1 − p)."""
    missed = 1.0 - p[:, groups[0]]
    for group in groups[1:]:
        missed = missed * (1.0 - p[:, group])
    return 1.0 - missed


def _sum(values: Floats, groups: Groups) -> Floats:
    total = values[:, groups[0]]
    for group in groups[1:]:
        total = total + values[:, group]
    return total


def _largest(values: Floats, groups: Groups) -> Floats:
    top = values[:, groups[0]]
    for group in groups[1:]:
        top = np.maximum(top, values[:, group])
    return top


@metric(
    title="people identified by outsiders", unit="people", direction="lower", family="exposure", of="people",
    attacker=OUTSIDER, equation="Σᵢ wᵢ (1 − Π over trials (1 − q)); a trial is (legality, viewer, pass)",
    source=HEART, value=totals_by_curve, monotone=True, output="success", flow="passes", viewers="outsiders",
)
def people_identified_by_outsiders(seen: PeopleSeen) -> Part:
    """The primary metric: expected people identified at least once, trials between viewers and passes independent."""
    return sums_of(seen.weight, any_of(seen.p_identified, OUTSIDERS))


@metric(
    title="people identified by outsiders, lower end of the band", unit="people", direction="lower", family="exposure",
    of="people", attacker=OUTSIDER, equation="Σᵢ wᵢ max over trials q", source=HEART, value=totals_by_curve,
    monotone=True, output="success", flow="passes", viewers="outsiders",
)
def people_identified_by_outsiders_p_max(seen: PeopleSeen) -> Part:
    """The same if a face is easy or hard for everybody: only the best single trial counts."""
    return sums_of(seen.weight, _largest(seen.p_identified_max, OUTSIDERS))


@metric(
    title="people identified by outsiders, upper end of the band", unit="people", direction="lower", family="exposure",
    of="people", attacker=OUTSIDER, equation="Σᵢ wᵢ (1 − Π over trials and days (1 − q))", source=HEART,
    value=totals_by_curve, monotone=True, output="success", flow="passes", viewers="outsiders",
)
def people_identified_by_outsiders_p_days(seen: PeopleSeen) -> Part:
    """The same if every day of a repeated walk were a fresh, independent trial."""
    return sums_of(seen.weight, any_of(seen.p_identified_days, OUTSIDERS))


@metric(
    title="sensitive visits revealed to outsiders", unit="visits", direction="lower", family="inference", of="people",
    attacker=OUTSIDER, equation="Σᵢ wᵢ Σ visits (1 − Π over viewers (1 − max q))", source=HEART,
    value=totals_by_curve, monotone=True, output="success", flow="sensitive", viewers="outsiders",
)
def sensitive_visits_revealed(seen: PeopleSeen) -> Part:
    """Expected visits to a clinic, a hotel, a place of worship … that an outsider can pin on a person."""
    return sums_of(seen.weight, seen.revealed_to_outsiders)


def _by_legality(code: int, legality: str) -> None:
    groups = (code, 3 + code)
    name = {"authorised": "authorised", "ungoverned": "ungoverned (no camera rule matches)"}.get(legality, legality)

    @metric(
        name=f"identifiable_person_hours_{legality}", title=f"identifiable person-hours, {name}", unit="person-hours",
        direction="either" if legality == "authorised" else "lower", family="exposure", of="people",
        attacker="every viewer whose act is " + name, bounded=False,
        equation="Σᵢ wᵢ Σ t·a·κ·P / 3600 over the rows of acts with an audience", source=HEART, value=totals_by_curve,
        monotone=True, output="time", flow="seconds", viewers=legality,
    )
    def hours(seen: PeopleSeen) -> Part:
        return sums_of(seen.weight, _sum(seen.identifiable_s, groups) / 3600.0)

    @metric(
        name=f"people_identified_{legality}", title=f"people identified, {name}", unit="people",
        direction="either" if legality == "authorised" else "lower", family="exposure", of="people",
        attacker="every viewer whose act is " + name,
        equation="Σᵢ wᵢ (1 − Π over trials of that legality (1 − q))", source=HEART, value=totals_by_curve,
        monotone=True, output="success", flow="passes", viewers=legality,
    )
    def identified(seen: PeopleSeen) -> Part:
        return sums_of(seen.weight, any_of(seen.p_identified, groups))


for _code, _legality in enumerate(LEGALITIES):
    _by_legality(_code, _legality)


@metric(
    title="viewer-weighted identifiable person-hours of outsiders", unit="viewer-person-hours", direction="lower",
    family="exposure", of="people", attacker=OUTSIDER, bounded=False, value=totals_by_curve, monotone=True,
    equation="Σᵢ wᵢ Σ t·a·κ·P·audience / 3600", source="audience is the expected one given the camera's category",
    output="time", flow="viewer_seconds", viewers="outsiders",
)
def outsider_viewer_person_hours(seen: PeopleSeen) -> Part:
    """Secondary, since a crowd multiplies it without bound."""
    return sums_of(seen.weight, _sum(seen.viewer_identifiable_s, OUTSIDERS) / 3600.0)
