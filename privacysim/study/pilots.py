"""Skewness of each metric, from a pilot world outside the study rather than from the sample at hand.

A replicate value is approximately a compound Poisson total: root events (a stream, a request, a person who hands over
footage) happen independently. The pilot (replicate −1) collects their contributions cᵢ to each metric and arm, and
`stats.compound_poisson_skewness` gives the skewness.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from privacysim.draws import Floats
from privacysim.exposure import BY_FACE, is_outsider, recognisers
from privacysim.identify import RECOGNISERS, curve_table
from privacysim.metrics import Records, Sums, contributions
from privacysim.resources import PACKAGE
from privacysim.sealed import cache_file, kept, offer
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, Seen, pass_starts
from privacysim.simulation.unit import records
from privacysim.simulation.unit_parts import UnitParts
from privacysim.stats import compound_poisson_skewness
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES

Skewness = Mapping[tuple[str, str, str], float]


def pilot_skewness(part: UnitParts) -> Skewness:
    """Read (policy, metric, curve) → skewness from the pilot's part."""
    return {
        (arm, *key.split("|")): value  # type: ignore[misc]
        for arm, sums in part.arms.items() for key, value in sums["skewness"].items()
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
    """Compute the pilot's sums: arm → {"skewness": {"metric|curve": γ}}."""
    flow, declared = _flow(whole, seen), whole.inputs.declared
    made: dict[str, Sums] = {}
    for arm, log in whole.logs.items():
        kept = records(whole.world, log)
        found = {f"{name}|": c for name, c in contributions(kept, declared).items()}
        found |= _of_people(whole, kept, flow)
        # without contributions in the pilot there is no skewness, so no interval
        made[arm] = {"skewness": {key: compound_poisson_skewness(c) for key, c in found.items() if c.any()}}
    return made


def _of_people(whole: Replicate, kept: Records, flow: Mapping[str, Floats]) -> dict[str, Floats]:
    """Contributions of root events to metrics of people: "metric|curve" → one value per event."""
    looks = kept.acts["audience"].to_numpy() > 0
    acts = kept.acts[looks].reset_index(drop=True)
    root = np.unique(kept.act_root[looks], return_inverse=True)[1].reshape(-1)
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
    found: dict[str, Floats] = {}
    for name, one in whole.inputs.declared.items():
        if one.of != "people" or not one.flow:
            continue
        if one.flow == "searched":  # no curve: a machine compares all who pass in those camera-days
            found[f"{name}|"] = np.bincount(root[by_face], weights=weight[by_face]).astype(np.float64)
            continue
        chosen = outside if one.viewers == "outsiders" else legality == one.viewers
        # the flow of people that the metric follows, and how often a viewer who knows a person looks
        kind = "seconds" if one.flow == "viewer_seconds" else one.flow
        times = {"seconds": known, "viewer_seconds": known * audience}.get(one.flow, np.minimum(known * audience, 1.0))
        for c, curve in enumerate(CURVES):
            rows = weight * times * flow[kind][pair, c, camera]
            found[f"{name}|{curve}"] = np.bincount(root[chosen], weights=rows[chosen]).astype(np.float64)
    return found


def _flow(whole: Replicate, seen: Seen) -> dict[str, Floats]:
    """Expected daily flow past each watched camera, weighted by the probability of identification.

    Seconds, passes and sensitive passes → (mask with gallery and recogniser, curve, camera).
    """
    pieces, block, pairs = seen.pieces, seen.block, list(whole.acts.pairs)
    table, size = curve_table(pairs), whole.acts.watched.size
    bits = np.bitwise_count(block.tour_mask).sum(axis=1) / block.days
    often = block.weight[pieces.person] * bits[pieces.tour]
    runs = pass_starts(pieces)
    camera, shows = pieces.camera[runs], pieces.sensitive[runs]
    flow = {kind: np.zeros((len(pairs), len(CURVES), size)) for kind in ("seconds", "passes", "sensitive")}
    for pair in range(len(pairs)):
        for c in range(len(CURVES)):
            p = table[pair, c, pieces.frontal.astype(np.intp), pieces.face]
            each = often[runs] * (np.maximum.reduceat(p, runs) if runs.size else np.zeros(0))
            for kind, cameras, values in (("seconds", pieces.camera, often * pieces.length * p),
                                          ("passes", camera, each), ("sensitive", camera[shows], each[shows])):
                flow[kind][pair, c] = np.bincount(cameras, weights=values, minlength=size)[:size]
    return flow
