"""Who bears it: exposure by group, inequality between people, the largest chance that anybody bears.

Inequality is of the realised month. People's values go into fixed histograms of 8 bins an octave, which add up over
blocks: Gini and shares from bin totals miss only the inequality within a bin (under 0.001 of Gini).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from privacysim.attacks.inequality import gini, top_share
from privacysim.metrics.persons import HEART, OUTSIDER, OUTSIDERS, any_of
from privacysim.metrics.registry import Part, Reading, metric
from privacysim.metrics.seen import Floats, PeopleSeen
from privacysim.vocabulary import CURVES, GROUPS

_PER_OCTAVE = 8


def _identified(seen: PeopleSeen) -> Floats:
    return any_of(seen.p_identified, OUTSIDERS)


def histogram(weight: Floats, values: Floats) -> Part:
    """Weighted log₂ histogram of (people, curves): people and total per bin, everybody, and how many are above 0."""
    made: dict[str, float] = {"people": float(weight.sum()), "persons": float(weight.size)}
    for c, curve in enumerate(CURVES):
        above = np.flatnonzero(values[:, c] > 0.0)
        made[f"n_{curve}"] = float(above.size)
        if above.size:
            y, w = values[above, c], weight[above]
            bins, code = np.unique(np.floor(np.log2(y) * _PER_OCTAVE).astype(np.int64), return_inverse=True)
            people, total = np.bincount(code, weights=w), np.bincount(code, weights=w * y)
            for number, here, sum_here in zip(bins.tolist(), people.tolist(), total.tolist(), strict=True):
                made[f"{curve} {number} people"], made[f"{curve} {number} total"] = here, sum_here
    return made


def from_histogram(
    sums: Part, curve: str, measure: Callable[[Floats, Floats], float]
) -> float | None:
    """`measure(values, weights)` of a histogram's bins, whoever has 0 among them; None where nobody has any."""
    bins = [key.split()[1] for key in sums if key.startswith(f"{curve} ") and key.endswith(" people")]
    if not bins:
        return None
    people = np.asarray([sums[f"{curve} {number} people"] for number in bins])
    total = np.asarray([sums[f"{curve} {number} total"] for number in bins])
    nobody = max(sums["people"] - float(people.sum()), 0.0)
    return measure(np.append(total / people, 0.0), np.append(people, nobody))


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
    # the bins' own n/(n − 1) is taken back; that of the people behind them comes instead
    kept, n = int((w > 0).sum()), sums["persons"]
    if kept < 2 or n < 2:
        return 0.0
    return gini(y, w) * (kept - 1) / kept * n / (n - 1)


@metric(
    title="Gini coefficient of the chance to be identified by outsiders", unit="share", direction="either",
    family="equity", of="people", attacker=OUTSIDER, sample="consistent", range="0 … 1", flow="passes",
    viewers="outsiders", equation="n/(n−1) · ΣΣ wᵢwⱼ|yᵢ−yⱼ| / (2W²ȳ), y the chance in the realised month",
    source=HEART + "; Gini 1912; correction: Deltas 2003", value=_of_bins(_gini),
)
def gini_identified(seen: PeopleSeen) -> Part:
    """0: all bear the same; towards 1: a few bear it all. Of the realised month, not of a lifetime's risk."""
    return histogram(seen.weight, _identified(seen))


@metric(
    title="share of all identification by outsiders that the most exposed tenth bears", unit="share",
    direction="either", family="equity", of="people", attacker=OUTSIDER, sample="consistent", range="0.1 … 1",
    flow="passes", viewers="outsiders", equation="1 − L(0.9), L the Lorenz curve of the chance to be identified",
    source=HEART, value=_of_bins(lambda y, w, sums: top_share(y, w)),
)
def top_tenth_share_identified(seen: PeopleSeen) -> Part:
    """0.1 where all bear the same. The bottom tenth bears nothing in most months, so no ratio to it is defined."""
    return histogram(seen.weight, _identified(seen))


@metric(
    title="Gini coefficient of identifiable hours before outsiders", unit="share", direction="either", family="equity",
    of="people", attacker=OUTSIDER, sample="consistent", range="0 … 1", default=False, flow="seconds",
    viewers="outsiders", equation="as gini_identified, y the identifiable seconds", source=HEART,
    value=_of_bins(_gini),
)
def gini_identifiable_hours(seen: PeopleSeen) -> Part:
    """How unequally the time before outsiders' eyes is spread."""
    return histogram(seen.weight, seen.identifiable_s[:, list(OUTSIDERS)].sum(axis=1))


@metric(
    title="largest chance of any single person to be identified by outsiders", unit="probability", direction="lower",
    family="equity", of="people", attacker=OUTSIDER, sample="census", range="0 … 1", default=False, output="success",
    equation="maxᵢ pᵢ, to within a bin of the histogram (9 %)", source=HEART,
    value=_of_bins(lambda y, w, sums: float(y.max())),
)
def highest_chance_identified(seen: PeopleSeen) -> Part:
    """A maximum cannot be told from a sample: with everybody only."""
    return histogram(seen.weight, _identified(seen))


def _per_1000(sums: Part) -> list[Reading]:
    made = []
    for curve in CURVES:
        nobody = sums["people"] == 0
        value = None if nobody else 1000.0 * sums[curve] / sums["people"]
        note = "undefined: the group has nobody" if nobody else ""
        made.append(Reading(curve, value, round(sums[f"n_{curve}"]), note))
    return made


def _by_group(code: int, group: str) -> None:
    @metric(
        name=f"identified_per_1000_{group}", title=f"identified by outsiders, per 1 000 {group}s", unit="per 1 000",
        direction="lower", family="equity", of="people", attacker=OUTSIDER, range="0 … 1000", monotone=True,
        output="success", equation="1000 · Σ_g wᵢ pᵢ / N_g", source=HEART, value=_per_1000, flow="passes",
        viewers="outsiders",
    )
    def identified(seen: PeopleSeen) -> Part:
        mine = seen.group == code
        weight, p = seen.weight[mine], _identified(seen)[mine]
        made = {"people": float(weight.sum())}
        for c, curve in enumerate(CURVES):
            made[curve] = float((weight * p[:, c]).sum())
            made[f"n_{curve}"] = float(np.count_nonzero(p[:, c]))
        return made


for _code, _group in enumerate(GROUPS):
    _by_group(_code, _group)
