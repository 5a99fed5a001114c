"""k-anonymity, l-diversity and t-closeness of a released table, as pyCANON defines them.

Rows with equal quasi-identifiers form a class. k: the smallest class (Sweeney 2002, doi:10.1142/S0218488502001648).
l: the fewest distinct sensitive values of a class, and its entropy form ⌊exp(min H)⌋ (Machanavajjhala et al. 2007,
doi:10.1145/1217299.1217302). t: the largest earth mover's distance between a class's sensitive values and the table's:
ordered distance for numbers, ½ Σ|p − q| for words (Li, Li and Venkatasubramanian 2007, doi:10.1109/ICDE.2007.367856).
They describe this table only: rows of a sample look rarer than the city's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.attacks.points import frame_with
from privacysim.errors import InputError


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """Guarantees of a released table: `classes` of equal quasi-identifiers, `k`, and l and t of the sensitive column.

    `unique_rows`: share of rows alone in their class (the prosecutor's surest hits). `mean_risk`: mean of 1/class size
    over rows (classes/rows: the marketer's). l and t are None without a sensitive column.
    """

    rows: int
    classes: int
    k: int
    unique_rows: float
    mean_risk: float
    l_distinct: int | None = None
    l_entropy: int | None = None
    t: float | None = None


def released_table(table: pd.DataFrame, quasi: Sequence[str], sensitive: str | None = None) -> ReleasedTable:
    """Compute k, l and t of `table` with the quasi-identifiers `quasi` and one `sensitive` column.

    >>> visits = pd.DataFrame({"age": [30, 30, 40, 40], "place": ["clinic", "bank", "bank", "bank"]})
    >>> found = released_table(visits, ["age"], "place")
    >>> found.k, found.l_distinct, found.t
    (2, 1, 0.25)
    """
    names = [quasi] if isinstance(quasi, str) else list(quasi)
    frame_with(table, [*names, *([sensitive] if sensitive else [])], "released_table")
    if not names:
        raise InputError("released_table, quasi", "at least one quasi-identifier", "none",
                         "name the columns that others may know")  # fmt: skip
    group = table.groupby(names, observed=True, sort=False).ngroup().to_numpy()
    size = np.bincount(group)
    found = (len(table), size.size, int(size.min()), float((size == 1).sum() / len(table)), size.size / len(table))
    return ReleasedTable(*found) if sensitive is None else ReleasedTable(*found, *_sensitive(table[sensitive], group))


def _sensitive(column: pd.Series, group: np.ndarray) -> tuple[int, int, float]:
    values, code = np.unique(column.to_numpy(), return_inverse=True)
    pair, count = np.unique(group.astype(np.int64) * values.size + code, return_counts=True)
    owner, value = pair // values.size, pair % values.size
    size = np.bincount(group)
    share = count / size[owner]
    entropy = np.zeros(size.size)
    np.subtract.at(entropy, owner, share * np.log(share))
    whole = np.bincount(code) / code.size
    ordered = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    # distance class by class, in chunks, so that classes × values is never in memory at once
    start = np.searchsorted(owner, np.arange(size.size + 1))
    step, t = max(1, (1 << 22) // values.size), 0.0
    for first in range(0, size.size, step):
        last = min(first + step, size.size)
        rows = slice(start[first], start[last])
        gap = np.tile(-whole, (last - first, 1))
        gap[owner[rows] - first, value[rows]] += share[rows]
        if ordered and values.size > 1:
            distance = np.abs(np.cumsum(gap, axis=1)).sum(axis=1) / (values.size - 1)
        else:
            distance = 0.5 * np.abs(gap).sum(axis=1)
        t = max(t, float(distance.max()))
    smallest = float(entropy.min())
    return int(np.bincount(owner).min()), int(np.exp(smallest) + 1e-9), t
