"""How skewed is a metric? Known from a pilot world outside the study, never from the sample at hand.

The replicate value is close to a compound Poisson total: root events (a stream, a request, a person handing over
footage) happen independently, and each brings its own contribution. The pilot (replicate −1) collects the
contributions cᵢ of its root events to each metric and arm; Poisson-resampled totals Σ Nᵢcᵢ, Nᵢ ~ Poisson(1), then
have skewness Σcᵢ³ / (Σcᵢ²)^1.5. That is what 1 000 resampled pilots estimate, without their noise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from privacysim.files import whole_file
from privacysim.resources import cache_folder
from privacysim.study.inputs import Inputs
from privacysim.study.unit_parts import UnitParts

Skewness = Mapping[tuple[str, str, str], float]


def pilot_skewness(part: UnitParts) -> Skewness:
    """(policy, metric, curve) → skewness, from the pilot's part."""
    return {
        (arm, *key.split("|")): value  # type: ignore[misc]
        for arm, sums in part.arms.items() for key, value in sums["skewness"].items()
    }  # fmt: skip


def _path(inputs: Inputs) -> Path:
    return cache_folder() / "pilots" / f"{inputs.family_id}.json"


def cached_pilot(inputs: Inputs) -> Skewness | None:
    """The pilot of these inputs (however many replicates) if it was run before."""
    path = _path(inputs)
    if not path.is_file():
        return None
    try:
        return {(p, m, c): float(gamma) for p, m, c, gamma in json.loads(path.read_text(encoding="utf-8"))}
    except (ValueError, TypeError, RecursionError):  # a broken cache is made again
        return None


def keep_pilot(inputs: Inputs, skewness: Skewness) -> None:
    """Keep a pilot for the next run of the same inputs."""
    with whole_file(_path(inputs)) as path:
        path.write_text(json.dumps([[*key, gamma] for key, gamma in sorted(skewness.items())]), encoding="utf-8")
