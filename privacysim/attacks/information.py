"""Information measures: the attacker's uncertainty, and what footage adds to the attacker's knowledge."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks.points import floats, frame_with
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

    r = successes/n of the attack; c is the same for a control attack that cannot know (it guesses, or targets people
    who are not in the data). Giomi et al. 2022 (Anonymeter, arXiv:2211.10459). The interval propagates both Wilson
    half-widths. A control that always succeeds leaves nothing to gain and raises InputError.

    >>> found = attack_advantage(60, 100, 20, 100)
    >>> round(found.value, 3), found.low < 0.5 < found.high
    (0.5, True)
    """
    for name, hits, tries in (("attack", successes, n), ("control", control_successes, control_n)):
        counted = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in (hits, tries))
        if not counted or tries < 1 or not 0 <= hits <= tries:
            raise InputError(f"attack_advantage, {name}", "0 ≤ successes ≤ n, n from 1", f"{hits} of {tries}",
                             "count again")  # fmt: skip
    if control_successes == control_n:
        raise InputError("attack_advantage, control", "a control that fails at times", f"{control_n} of {control_n}",
                         "make the control's task as hard as the attack's")  # fmt: skip
    r, c = wilson(successes, n), wilson(control_successes, control_n)
    mid_r, half_r = _middle(r)
    mid_c, half_c = _middle(c)
    value = (r.value - c.value) / (1.0 - c.value)
    centre = (mid_r - mid_c) / (1.0 - mid_c)
    half = math.hypot(half_r / (1.0 - mid_c), (1.0 - mid_r) / (1.0 - mid_c) ** 2 * half_c)
    return Estimate(value, min(value, max(centre - half, -1.0)), max(value, min(centre + half, 1.0)))


def _middle(found: Estimate) -> tuple[float, float]:
    low, high = float(found.low or 0.0), 1.0 if found.high is None else float(found.high)
    return (low + high) / 2.0, (high - low) / 2.0


def epsilon_spent(views: ArrayLike, epsilon: float, delta: float = 1e-6) -> NDArray[np.float64]:
    """Privacy budget ε used up by each person's masked views, k views of `epsilon` each.

    The smaller of basic composition k·ε and advanced composition ε·√(2k·ln(1/δ)) + k·ε·(e^ε − 1), which holds except
    with probability δ (Dwork, Rothblum and Vadhan 2010, doi:10.1109/FOCS.2010.12). Likelihood ratios of any two faces
    are then within e^ε of one another. Views count as independent draws of noise, as masks of single frames are.

    >>> epsilon_spent([0, 1, 10], 0.5).tolist()
    [0.0, 0.5, 5.0]
    """
    k = floats(views, "epsilon_spent, views", expected="counts, 0 or more", least=0.0)
    if not (np.isfinite(epsilon) and epsilon > 0 and 0 < delta < 1):
        raise InputError("epsilon_spent", "epsilon above 0, delta between 0 and 1", f"{epsilon}, {delta}",
                         "mend them")  # fmt: skip
    advanced = epsilon * np.sqrt(2.0 * k * math.log(1.0 / delta)) + k * epsilon * math.expm1(epsilon)
    return np.minimum(k * epsilon, advanced)
