"""Inequality of exposure: Gini, Lorenz curve, share of the most exposed, and tables that identify nobody.

It describes exposure in one simulated month, not lifetime risk: people who are unlucky in one month may be lucky in the
next.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from privacysim.attacks.checks import floats, frame_with
from privacysim.draws import Floats
from privacysim.errors import InputError


def gini(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Gini coefficient of non-negative values: 0 if all bear the same, towards 1 if one bears everything.

    G = n/(n−1) · Σᵢ Σⱼ wᵢ wⱼ |yᵢ − yⱼ| / (2 W² ȳ), with `weights` the number of people each value represents (default
    1). The factor n/(n−1) removes most of a sample's bias (Deltas 2003, doi:10.1162/rest.2003.85.1.226). If all values
    are 0, it is undefined and raises InputError.

    >>> gini([0, 0, 0, 8]), gini([3, 3, 3])
    (1.0, 0.0)
    """
    y, w = _sorted(values, weights, "gini")
    if y.size == 1:
        return 0.0
    share = w / w.sum()
    below, mean = np.cumsum(share) - share / 2.0, float((share * y).sum())
    # Σᵢⱼ |yᵢ − yⱼ| over sorted values: 2 Σ pᵢ yᵢ (2Fᵢ − 1), Fᵢ the middle of the value's own step
    return max(0.0, float((share * y * (2.0 * below - 1.0)).sum()) / mean * y.size / (y.size - 1))


def lorenz(values: ArrayLike, weights: ArrayLike | None = None) -> pd.DataFrame:
    """Lorenz curve: share of the total borne by the least exposed share of people, from (0, 0) to (1, 1).

    Columns `people`, `total`: one row per value in ascending order, after a row of zeros.

    >>> lorenz([1, 3]).values.tolist()
    [[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]]
    """
    y, w = _sorted(values, weights, "lorenz")
    people, total = (np.concatenate([[0.0], np.cumsum(part) / part.sum()]) for part in (w, w * y))
    return pd.DataFrame({"people": people, "total": total})


def top_share(values: ArrayLike, weights: ArrayLike | None = None, *, top: float = 0.1) -> float:
    """Share of the total borne by the most exposed `top` of people (default: a tenth); 0.1 if all are equal.

    Of a value that crosses the limit, only the part within the top counts.

    >>> top_share([1] * 9 + [91])
    0.91
    """
    if not 0.0 < top <= 1.0:
        raise InputError("top_share, top", "a share above 0, at most 1", top, "write top=0.1")
    curve = lorenz(values, weights)
    return 1.0 - float(np.interp(1.0 - top, curve["people"], curve["total"]))


def _sorted(values: ArrayLike, weights: ArrayLike | None, what: str) -> tuple[Floats, Floats]:
    y = floats(values, f"{what}, values", expected="finite numbers, 0 or more", least=0.0)
    if y.size == 0:
        raise InputError(f"{what}, values", "at least one number", "nothing", "give one value per person")
    asked = "one non-negative weight per value, not all 0"
    w = np.ones(y.size) if weights is None else floats(weights, f"{what}, weights", expected=asked, least=0.0)
    if w.size != y.size or w.sum() <= 0:
        raise InputError(f"{what}, weights", asked, f"{w.size} weights, {y.size} values", "leave them out")
    kept = w > 0
    y, w = y[kept], w[kept]
    if y.sum() == 0:
        fix = "state that all values are 0, which leaves inequality undefined"
        raise InputError(f"{what}, values", "at least one value above 0", "zeros only", fix)
    order = np.argsort(y, kind="stable")
    return y[order], w[order]


def table_by(frame: pd.DataFrame, value: str, by: Sequence[str], *, weight: str | None = None,
             fewest: int = 30) -> pd.DataFrame:
    """Mean of `value` per combination of `by` (group, place …); cells with fewer than `fewest` rows are left blank.

    One row per combination: `by`, `n`, `mean`, `note`. A blank cell shows neither its mean nor its number. If exactly
    one cell within a value of `by[0]` is blank, the next smallest there is blanked too, so that totals do not reveal
    the first (secondary suppression; Hundepool et al. 2012, Statistical Disclosure Control, ch. 4).

    >>> people = pd.DataFrame({"group": ["a"] * 40 + ["b"] * 3, "hours": [1.0] * 43})
    >>> table_by(people, "hours", ["group"])["note"].tolist()
    ['', 'fewer than 30 people']
    """
    names = [by] if isinstance(by, str) else list(by)
    frame_with(frame, [value, *names, *([weight] if weight else [])], "table_by")
    if fewest < 2:
        raise InputError("table_by, fewest", "at least 2 people a cell", fewest, "write fewest=30")
    y = floats(frame[value], f"table_by, column {value}", fix="name a column of numbers")
    w, asked = np.ones(len(frame)), "weights of 0 or more, not all 0"
    if weight:
        w = floats(frame[weight], f"table_by, column {weight}", expected=asked, least=0.0)
    if not (w > 0).any():
        raise InputError(f"table_by, column {weight}", asked, "none above 0", "drop or correct them")
    work = frame[names].assign(_w=w, _wy=w * y, _n=1)[w > 0]  # rows with weight 0 belong to no cell
    cells = work.groupby(names, observed=True, as_index=False)[["_n", "_w", "_wy"]].sum()
    few = cells["_n"] < fewest
    blank = few.copy()
    if len(names) > 1:
        for _, rows in cells.groupby(names[0], observed=True):
            shown = rows.index[~few[rows.index]]
            if few[rows.index].sum() == 1 and len(shown):
                blank[rows.loc[shown, "_n"].idxmin()] = True
    why = [f"fewer than {fewest} people", "blank so that no total reveals another cell"]
    return cells[names].assign(n=cells["_n"].where(~blank).astype("Int64"),
                               mean=(cells["_wy"] / cells["_w"]).where(~blank), note=np.select([few, blank], why, ""))
