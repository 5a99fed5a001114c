"""Skewness of each metric, from a pilot world outside the study rather than from the sample at hand.

A replicate value is approximately a compound Poisson total: root events (a stream, a request, a person who hands over
footage) happen independently. The pilot (replicate −1) collects their contributions aᵢ to each metric under each arm,
and `stats.compound_poisson_skewness` gives the skewness. An interval of a ratio θ follows d = B − θA, one of a
difference B − A. Both arms face the same events, which contribute bᵢ − θaᵢ. Events that a rule does not affect cancel
out, and the few events that it removes can be far more skewed than the metric.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Floats
from privacysim.exposure import BY_FACE, is_outsider, recognisers
from privacysim.identify import RECOGNISERS, curve_table
from privacysim.metrics import Contributions, Records, Sums, contributions, headline
from privacysim.resources import PACKAGE
from privacysim.results.summary_rows import difference_of, ratio_of
from privacysim.sealed import cache_file, kept, offer
from privacysim.simulation.inputs import Inputs, arm_named
from privacysim.simulation.replicate import Replicate, Seen, pass_starts
from privacysim.simulation.unit import records
from privacysim.simulation.unit_parts import UnitParts
from privacysim.stats import compound_poisson_skewness
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES

Skewness = Mapping[tuple[str, str, str], float]


def pilot_skewness(part: UnitParts) -> Skewness:
    """Read the skewness of each metric under an arm, and of what two arms are compared by, from the pilot's part."""
    return {
        tuple(key.split("|")): value  # type: ignore[misc]
        for sums in part.arms.values() for key, value in sums["skewness"].items()
    }  # fmt: skip


def _path(inputs: Inputs) -> Path:
    """Cache file, named by the family and by the code that computes skewness, which no study's digest covers."""
    code = (path.read_text(encoding="utf-8") for path in (Path(__file__), PACKAGE / "stats.py"))
    return cache_file("pilots", inputs.family_id, *code)


def cached_pilot(inputs: Inputs) -> Skewness | None:
    """Skewness from an earlier pilot of these inputs (for any number of replicates), or None."""
    rows = kept(_path(inputs))
    return None if rows is None else {(p, m, c): gamma for p, m, c, gamma in rows}


def keep_pilot(inputs: Inputs, skewness: Skewness) -> None:
    """Save a pilot for later runs of the same inputs."""
    offer(_path(inputs), [[*key, gamma] for key, gamma in sorted(skewness.items())])


def pilot_sums(whole: Replicate, seen: Seen) -> dict[str, Sums]:
    """Compute the pilot's sums: arm → {"skewness": {"arm|metric|curve": γ}}, and γ of the arm's comparisons.

    Each arm is compared with the study's baseline, and for the metrics of the first page with every other arm.
    """
    inputs, flow = whole.inputs, _flow(whole, seen)
    found: dict[str, dict[str, Contributions]] = {}
    for arm, log in whole.logs.items():
        kept = records(whole.world, log)
        by_name = {f"{name}|": one for name, one in contributions(kept, inputs.declared).items()}
        found[arm] = by_name | _of_people(whole, kept, flow)
    base, made = arm_named(list(found), inputs.plan.baseline), {}
    first = {inputs.plan.primary, *headline()}
    for arm, mine in found.items():
        # without contributions in the pilot there is no skewness, so no interval
        known = {f"{arm}|{key}": compound_poisson_skewness(one.amount) for key, one in mine.items() if one.amount.any()}
        for other in (name for name in found if name != arm):
            known |= {f"{name}|{key}": gamma for key, one in mine.items()
                      if other == base or key.partition("|")[0] in first
                      for name, gamma in _compared(arm, one, other, found[other].get(key)).items()}  # fmt: skip
        made[arm] = {"skewness": known}
    return made


def _compared(arm: str, b: Contributions, other: str, a: Contributions | None) -> dict[str, float]:
    """Skewness of B − θA and of B − A over events that both arms meet; nothing where all cancel out."""
    if a is None:
        return {}
    root = np.union1d(a.root, b.root)
    amounts = np.zeros((2, root.size))
    for row, one in zip(amounts, (a, b), strict=True):
        row[np.searchsorted(root, one.root)] = one.amount
    made = {difference_of(arm, other): amounts[1] - amounts[0]}
    if a.value:
        made[ratio_of(arm, other)] = amounts[1] - b.value / a.value * amounts[0]
    return {name: round(compound_poisson_skewness(d), 4) for name, d in made.items() if d.any()}


def _of_people(whole: Replicate, kept: Records, flow: Mapping[str, Floats]) -> dict[str, Contributions]:
    """Contributions of root events to metrics of people: "metric|curve" → one value per event."""
    looks = kept.acts["audience"].to_numpy() > 0
    acts = kept.acts[looks].reset_index(drop=True)
    ids, root = np.unique(kept.act_root[looks], return_inverse=True)
    root = root.reshape(-1)
    pairs = {pair: n for n, pair in enumerate(whole.acts.pairs)}
    looks_by = zip(acts["mask"].to_numpy(dtype=object), acts["gallery"].to_numpy(), recognisers(acts), strict=True)
    pair = np.fromiter((pairs[str(mask), int(n), RECOGNISERS[who]] for mask, n, who in looks_by), dtype=np.intp)
    camera = np.searchsorted(whole.acts.watched, acts["camera_id"].to_numpy(dtype=np.int64))
    outside = is_outsider(acts)
    days = np.minimum((acts["to_s"] - acts["from_s"]).fillna(np.inf).to_numpy(dtype=np.float64), DAY_S) / DAY_S
    weight = days * acts["attention"].to_numpy(dtype=np.float64)
    known, audience = (acts[name].to_numpy(dtype=np.float64) for name in ("known", "audience"))
    legality = acts["legality"].to_numpy()
    by_face = acts["technique"].isin(list(BY_FACE)).to_numpy(dtype=bool)
    found: dict[str, Contributions] = {}

    def add(key: str, chosen: NDArray[np.bool_], rows: Floats) -> None:
        amount = np.bincount(root[chosen], weights=rows[chosen], minlength=ids.size).astype(np.float64)
        found[key] = Contributions(ids.astype(np.int64), amount, float(amount.sum()))

    for name, one in whole.inputs.declared.items():
        if one.of != "people" or not one.flow:
            continue
        if one.flow == "searched":  # no curve: a machine compares all who pass in those camera-days
            add(f"{name}|", by_face, weight)
            continue
        if one.flow == "watched":  # no curve: everybody who passes
            add(f"{name}|", outside, days * flow["watched"][camera])
            continue
        chosen = outside if one.viewers == "outsiders" else legality == one.viewers
        # the flow of people that the metric follows, and how often a viewer who knows a person looks
        kind = "seconds" if one.flow == "viewer_seconds" else one.flow
        times = {"seconds": known, "viewer_seconds": known * audience}.get(one.flow, np.minimum(known * audience, 1.0))
        for c, curve in enumerate(CURVES):
            add(f"{name}|{curve}", chosen, weight * times * flow[kind][pair, c, camera])
    return found


def _flow(whole: Replicate, seen: Seen) -> dict[str, Floats]:
    """Expected daily flow past each watched camera, weighted by the probability of identification.

    Seconds, passes and sensitive passes → (mask with gallery and recogniser, curve, camera); watched: all passes.
    """
    pieces, block, pairs = seen.pieces, seen.block, list(whole.acts.pairs)
    table, size = curve_table(pairs), whole.acts.watched.size
    bits = np.bitwise_count(block.tour_mask).sum(axis=1) / block.days
    often = block.weight[pieces.person] * bits[pieces.tour]
    runs = pass_starts(pieces)
    camera, shows = pieces.camera[runs], pieces.sensitive[runs]
    flow: dict[str, Floats] = {kind: np.zeros((len(pairs), len(CURVES), size))
                               for kind in ("seconds", "passes", "sensitive")}  # fmt: skip
    flow["watched"] = np.bincount(camera, weights=often[runs], minlength=size)[:size].astype(np.float64)
    for pair in range(len(pairs)):
        for c in range(len(CURVES)):
            p = table[pair, c, pieces.frontal.astype(np.intp), pieces.face]
            each = often[runs] * (np.maximum.reduceat(p, runs) if runs.size else np.zeros(0))
            for kind, cameras, values in (("seconds", pieces.camera, often * pieces.length * p),
                                          ("passes", camera, each), ("sensitive", camera[shows], each[shows])):
                flow[kind][pair, c] = np.bincount(cameras, weights=values, minlength=size)[:size]
    return flow
