"""Skewness of each metric, from a pilot world outside the study rather than from the sample at hand.

A replicate value is approximately a compound Poisson total: root events (a stream, a request, a person who hands over
footage) happen independently, and each adds its own contribution. The pilot (replicate −1) collects the
contributions cᵢ of its root events to each metric and arm. Poisson-resampled totals Σ Nᵢcᵢ, Nᵢ ~ Poisson(1), have
skewness Σcᵢ³ / (Σcᵢ²)^1.5. Resampling 1 000 pilots would estimate the same value with noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.exposure import is_outsider
from privacysim.exposure.measure import BY_FACE
from privacysim.files import whole_file
from privacysim.identify import curve_table
from privacysim.metrics import Metric, Sums, contributions
from privacysim.resources import PACKAGE, cache_folder
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, Seen
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
    mine = hashlib.sha256(inputs.family_id.encode())
    for path in (Path(__file__), PACKAGE / "stats.py"):
        mine.update(path.read_bytes())
    return cache_folder() / "pilots" / f"{mine.hexdigest()[:16]}.json"


def cached_pilot(inputs: Inputs) -> Skewness | None:
    """Skewness from an earlier pilot of these inputs (for any number of replicates), or None."""
    path = _path(inputs)
    if not path.is_file():
        return None
    try:
        return {(p, m, c): float(gamma) for p, m, c, gamma in json.loads(path.read_text(encoding="utf-8"))}
    except (ValueError, TypeError, RecursionError):  # a broken cache is rebuilt
        return None


def keep_pilot(inputs: Inputs, skewness: Skewness) -> None:
    """Save a pilot for later runs of the same inputs."""
    with whole_file(_path(inputs)) as path:
        path.write_text(json.dumps([[*key, gamma] for key, gamma in sorted(skewness.items())]), encoding="utf-8")


if TYPE_CHECKING:
    from privacysim.metrics import Records

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def pilot_sums(whole: Replicate, seen: Seen) -> dict[str, Sums]:
    """Compute the pilot's sums: arm → {"skewness": {"metric|curve": γ}}."""
    flow, declared = Flow(whole, seen), whole.inputs.declared
    made: dict[str, Sums] = {}
    for arm, log in whole.logs.items():
        kept = records(whole.world, log)
        found = {f"{name}|": c for name, c in contributions(kept, declared).items()}
        found |= _of_people(kept, flow, declared)
        # without contributions in the pilot there is no skewness, so no interval
        made[arm] = {"skewness": {key: compound_poisson_skewness(c) for key, c in found.items() if c.any()}}
    return made


def _of_people(kept: Records, flow: Flow, declared: Mapping[str, Metric]) -> dict[str, Floats]:
    looks = kept.acts["audience"].to_numpy() > 0
    acts = kept.acts[looks].reset_index(drop=True)
    root = np.unique(kept.act_root[looks], return_inverse=True)[1].reshape(-1)
    where = flow.rows(acts)
    outside = is_outsider(acts)
    days = np.minimum((acts["to_s"] - acts["from_s"]).fillna(np.inf).to_numpy(dtype=np.float64), DAY_S) / DAY_S
    weight = days * acts["attention"].to_numpy(dtype=np.float64)
    known, audience = (acts[name].to_numpy(dtype=np.float64) for name in ("known", "audience"))
    legality = acts["legality"].to_numpy()
    by_face = acts["technique"].isin(list(BY_FACE)).to_numpy(dtype=bool)
    found: dict[str, Floats] = {}
    for name, one in declared.items():
        if one.of != "people" or not one.flow:
            continue
        if one.flow == "searched":  # no curve: a machine compares all who pass in those camera-days
            found[f"{name}|"] = np.bincount(root[by_face], weights=weight[by_face]).astype(np.float64)
            continue
        chosen = outside if one.viewers == "outsiders" else legality == one.viewers
        kind, times = _stand_in(one.flow, known, audience)
        for c, curve in enumerate(CURVES):
            rows = weight * times * flow.at(where, kind, c)
            found[f"{name}|{curve}"] = np.bincount(root[chosen], weights=rows[chosen]).astype(np.float64)
    return found


def _stand_in(flow: str, known: Floats, audience: Floats) -> tuple[str, Floats]:
    """Flow that a metric of people follows, and how often a viewer who knows the person looks."""
    if flow in ("seconds", "viewer_seconds"):
        return "seconds", known if flow == "seconds" else known * audience
    return flow, np.minimum(known * audience, 1.0)


class Flow:
    """Expected daily flow past each watched camera, weighted by identification probability, per mask and gallery."""

    def __init__(self, whole: Replicate, seen: Seen) -> None:
        pieces, block = seen.pieces, seen.block
        self._pairs = {pair: n for n, pair in enumerate(whole.acts.pairs)}
        self._watched = whole.acts.watched
        table = curve_table(list(whole.acts.pairs))
        bits = np.bitwise_count(block.tour_mask).sum(axis=1) / block.days
        often = block.weight[pieces.person] * bits[pieces.tour]
        runs = _run_starts(pieces.person, pieces.pass_no)
        size = self._watched.size
        self._flow: dict[str, Floats] = {
            kind: np.zeros((len(self._pairs), len(CURVES), size)) for kind in ("seconds", "passes", "sensitive")
        }
        for pair in range(len(self._pairs)):
            for c in range(len(CURVES)):
                p = table[pair, c, pieces.frontal.astype(np.intp), pieces.face]
                per_pass = _best_of_runs(p, runs)
                camera, each = pieces.camera[runs], often[runs] * per_pass
                shows = pieces.sensitive[runs]
                for kind, cameras, values in (
                    ("seconds", pieces.camera, often * pieces.length * p), ("passes", camera, each),
                    ("sensitive", camera[shows], each[shows]),
                ):  # fmt: skip
                    self._flow[kind][pair, c] = np.bincount(cameras, weights=values, minlength=size)[:size]

    def rows(self, acts: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of each act in the flow: mask and gallery, and camera."""
        looks = zip(acts["mask"].to_numpy(dtype=object), acts["gallery"].to_numpy(), strict=True)
        pair = np.fromiter((self._pairs[str(mask), int(gallery)] for mask, gallery in looks), dtype=np.intp)
        return pair, np.searchsorted(self._watched, acts["camera_id"].to_numpy(dtype=np.int64))

    def at(self, where: tuple[NDArray[np.intp], NDArray[np.intp]], kind: str, curve: int) -> Floats:
        """Flow past the camera of each act, with the act's mask and gallery."""
        pair, camera = where
        return self._flow[kind][pair, curve, camera]


def _run_starts(person: NDArray[np.int32], pass_no: NDArray[np.int64]) -> NDArray[np.intp]:
    if person.size == 0:
        return np.zeros(0, dtype=np.intp)
    new = (np.diff(person) != 0) | (np.diff(pass_no) != 0)
    return np.concatenate([[0], np.flatnonzero(new) + 1])


def _best_of_runs(p: Floats, runs: NDArray[np.intp]) -> Floats:
    return np.maximum.reduceat(p, runs) if runs.size else np.zeros(0)
