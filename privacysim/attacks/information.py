"""Information gained by an attacker, and disclosure by a released table.

Released tables, as pyCANON defines them: rows with equal quasi-identifiers form a class. k: the smallest class (Sweeney
2002, doi:10.1142/S0218488502001648). l: the fewest distinct sensitive values of a class, and its entropy form
⌊exp(min H)⌋ (Machanavajjhala et al. 2007, doi:10.1145/1217299.1217302). t: the largest earth mover's distance between
a class's sensitive values and the table's: ordered distance for numbers, ½ Σ|p − q| for words (Li, Li and
Venkatasubramanian 2007, doi:10.1109/ICDE.2007.367856). They describe this table only, because rows look rarer in a
sample than in the whole city.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks.checks import floats, frame_with
from privacysim.errors import InputError
from privacysim.stats import Estimate, wilson


def entropy_bits(chances: ArrayLike) -> float:
    """Shannon entropy −Σ p log₂ p of probabilities or counts; H bits hide as well as 2^H people (Serjantov, Danezis).

    >>> entropy_bits([1, 1, 1, 1])
    2.0
    """
    p = floats(chances, "entropy_bits", expected="non-negative numbers, not all 0", least=0.0)
    if p.sum() <= 0:
        raise InputError("entropy_bits", "non-negative numbers, not all 0", "none above 0", "give chances or counts")
    p = p[p > 0] / p.sum()
    return max(0.0, float(-(p * np.log2(p)).sum()))


def mutual_information(table: pd.DataFrame, a: str, b: str) -> dict[str, float]:
    """I(A; B) in bits between two columns, one event per row: what seeing B tells about A.

    With A the person and B where and when they were filmed, `bits` is how much one random sighting narrows down who it
    is, out of `entropy_a`. `share` is bits/entropy_a (0 if A is certain). `bits` is the plug-in value. `corrected`
    subtracts its bias (Miller 1955), (cells − rows_a − rows_b + 1) / (2 n ln 2), and may be negative.

    >>> seen = pd.DataFrame({"who": [1, 1, 2, 2], "where": ["a", "a", "b", "b"]})
    >>> mutual_information(seen, "who", "where")["bits"]
    1.0
    """
    frame_with(table, [a, b], "mutual_information")
    code_a, kinds_a = pd.factorize(table[a])
    code_b, kinds_b = pd.factorize(table[b])
    pairs = np.unique(code_a.astype(np.int64) * len(kinds_b) + code_b, return_counts=True)[1]
    of_a, of_b = entropy_bits(np.bincount(code_a)), entropy_bits(np.bincount(code_b))
    bits = max(0.0, of_a + of_b - entropy_bits(pairs))
    bias = (pairs.size - len(kinds_a) - len(kinds_b) + 1) / (2.0 * len(table) * math.log(2.0))
    return {"bits": bits, "corrected": bits - bias, "entropy_a": of_a, "share": bits / of_a if of_a > 0 else 0.0}


def attack_advantage(successes: int, n: int, control_successes: int, control_n: int) -> Estimate:
    """Advantage of an attack over a control: (r − c)/(1 − c), with an interval; 0 = no better, 1 = always right.

    r = successes/n of the attack; c is the same for a control attack without information (it guesses, or targets people
    who are not in the data). Giomi et al. 2022 (Anonymeter, arXiv:2211.10459). The interval propagates both Wilson
    half-widths.

    >>> found = attack_advantage(60, 100, 20, 100)
    >>> round(found.value, 3), found.low < 0.5 < found.high
    (0.5, True)
    """
    for name, hits, tries in (("attack", successes, n), ("control", control_successes, control_n)):
        counted = all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in (hits, tries))
        if not counted or tries < 1 or not 0 <= hits <= tries:
            got = f"{hits} of {tries}"
            raise InputError(f"attack_advantage, {name}", "0 ≤ successes ≤ n, n from 1", got, "count again")
    if control_successes == control_n:
        raise InputError("attack_advantage, control", "a control that fails at times", f"{control_n} of {control_n}",
                         "make the control's task as hard as the attack's")  # fmt: skip
    r, c = wilson(successes, n), wilson(control_successes, control_n)
    value = (r.value - c.value) / (1.0 - c.value)
    ends = ((float(one.low or 0.0), 1.0 if one.high is None else float(one.high)) for one in (r, c))
    (mid_r, half_r), (mid_c, half_c) = (((low + high) / 2.0, (high - low) / 2.0) for low, high in ends)
    centre = (mid_r - mid_c) / (1.0 - mid_c)
    half = math.hypot(half_r / (1.0 - mid_c), (1.0 - mid_r) / (1.0 - mid_c) ** 2 * half_c)
    return Estimate(value, min(value, max(centre - half, -1.0)), max(value, min(centre + half, 1.0)))


def guess_error_m(truth_x: ArrayLike, truth_y: ArrayLike, guess_x: ArrayLike, guess_y: ArrayLike) -> dict[str, float]:
    """Attacker's error: distances in metres between where people are (or live) and where the attacker believes they do.

    Mean (Shokri et al. 2011, doi:10.1109/SP.2011.18), median and share within 100 m.

    >>> guess_error_m([0, 0], [0, 0], [3, 0], [4, 0])["mean_m"]
    2.5
    """
    given = {"truth_x": truth_x, "truth_y": truth_y, "guess_x": guess_x, "guess_y": guess_y}
    lists = [floats(one, f"guess_error_m, {name}", expected="finite coordinates") for name, one in given.items()]
    sizes = [one.size for one in lists]
    if len(set(sizes)) > 1 or not sizes[0]:
        raise InputError("guess_error_m", "four equally long lists", sizes, "give one guess per person")
    far = np.hypot(lists[0] - lists[2], lists[1] - lists[3])
    return {"mean_m": float(far.mean()), "median_m": float(np.median(far)), "within_100_m": float((far <= 100).mean())}


def epsilon_spent(views: ArrayLike, epsilon: float, delta: float = 1e-6) -> NDArray[np.float64]:
    """Privacy budget ε used up by each person's masked views, k views of `epsilon` each.

    The smaller of basic composition k·ε and advanced composition ε·√(2k·ln(1/δ)) + k·ε·(e^ε − 1), which holds except
    with probability δ (Dwork, Rothblum and Vadhan 2010, doi:10.1109/FOCS.2010.12). Likelihood ratios of any two faces
    are then within e^ε of one another. Views count as independent draws of noise, as in masks that draw anew for each
    frame.

    >>> epsilon_spent([0, 1, 10], 0.5).tolist()
    [0.0, 0.5, 5.0]
    """
    k = floats(views, "epsilon_spent, views", expected="counts, 0 or more", least=0.0)
    if not (np.isfinite(epsilon) and epsilon > 0 and 0 < delta < 1):
        raise InputError("epsilon_spent", "epsilon above 0, delta between 0 and 1", f"{epsilon}, {delta}", "correct it")
    advanced = epsilon * np.sqrt(2.0 * k * math.log(1.0 / delta)) + k * epsilon * math.expm1(epsilon)
    return np.minimum(k * epsilon, advanced)


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
        fix = "name the columns that others may know"
        raise InputError("released_table, quasi", "at least one quasi-identifier", "none", fix)
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
    # in chunks, so that classes × values is never in memory at once
    start = np.searchsorted(owner, np.arange(size.size + 1))
    step, t = max(1, (1 << 22) // values.size), 0.0
    for first in range(0, size.size, step):
        last = min(first + step, size.size)
        rows = slice(start[first], start[last])
        gap = np.tile(-whole, (last - first, 1))
        gap[owner[rows] - first, value[rows]] += share[rows]
        moved, scale = (np.cumsum(gap, axis=1), values.size - 1) if ordered and values.size > 1 else (gap, 2)
        t = max(t, float((np.abs(moved).sum(axis=1) / scale).max()))
    return int(np.bincount(owner).min()), int(np.exp(entropy.min()) + 1e-9), t
