"""What each root event brings to a metric: the material of pilots, which know how skewed a metric is.

A total of records is a sum over root events. A ratio T/N moves, to first order, by (tᵢ − (T/N)·nᵢ)/N when root event
i is added or left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from privacysim.metrics.registry import Metric, Rows, total
from privacysim.metrics.seen import Records

Floats = NDArray[np.float64]


def contributions(seen: Records, metrics: Iterable[Metric]) -> dict[str, Floats]:
    """Metric of records → what each of its root events brings; only a metric that gives `Rows` says it."""
    found = {one.name: (one, one.rows(seen)) for one in metrics if one.of == "records"}
    return {name: _of(rows, one.value is total) for name, (one, rows) in found.items() if isinstance(rows, Rows)}


def _of(rows: Rows, plain: bool) -> Floats:
    code = np.unique(rows.root, return_inverse=True)[1].reshape(-1)
    sums: Floats = np.bincount(code, weights=rows.total).astype(np.float64)
    count: Floats = np.bincount(code, weights=rows.n).astype(np.float64)
    if plain or count.sum() == 0:
        return sums
    return (sums - sums.sum() / count.sum() * count) / count.sum()
