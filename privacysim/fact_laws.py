"""Laws of the facts: the distribution from which a world draws each uncertain number.

`facts.csv` states for each fact a value, a low and a high end, and a law. The value is the median of the law, and the
two ends are its 5 % and 95 % quantiles:

- `normal`, `lognormal`, `logit`: two-piece normal laws of the number, of its logarithm, or of its log-odds. Each side
  of the median has its own scale, x(u) = m + z(u)·(end − m)/z(0.95) with the standard normal quantile z. If the value
  is itself an end, the law is one-sided: x(u) = m + z((1 + u)/2)·(end − m)/z(0.975);
- `dirichlet`: shares that sum to one. They are drawn together, with the stated values as means and one concentration
  that suits the stated ranges;
- `fixed` (no range), `arm` (a reading of a text or a setting of the computation, which is an arm of a study), and
  `solved` (calibrated) are not drawn.

Shares stay between 0 and 1; other numbers stay at or above 0 if their range does. Facts of one `group` share one draw.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit, gammaincinv, logit, ndtri

from privacysim.draws import stream_key, uniform
from privacysim.facts import DRAWN, Fact

_Z95, _Z975 = float(ndtri(0.95)), float(ndtri(0.975))
_SPAN = 2.0 * _Z95
_ONE_SIDED_MEAN = float(np.sqrt(2.0 / np.pi)) / _Z975
"""Mean of a one-sided law, as a share of the way from the value to the far end."""
_SCALES = {"normal": (lambda x: x, lambda x: x), "lognormal": (np.log, np.exp), "logit": (logit, expit)}


def quantile(fact: Fact, u: float) -> float:
    """The number below which the fact lies with probability `u`; needs a law of one fact (not `dirichlet`).

    >>> from privacysim.facts import facts
    >>> [round(quantile(facts()["contacts"], u), 1) for u in (0.05, 0.5, 0.95)]
    [300.0, 850.0, 2500.0]
    """
    to, back = _SCALES[fact.law]
    low, middle, high = (float(to(end)) for end in (fact.low, fact.value, fact.high))
    if low < middle < high:
        z = float(ndtri(u))
        found = middle + z / _Z95 * (high - middle if z > 0 else middle - low)
    elif middle == low:
        found = middle + float(ndtri((1.0 + u) / 2.0)) / _Z975 * (high - middle)
    else:
        found = middle - float(ndtri(1.0 - u / 2.0)) / _Z975 * (middle - low)
    return float(np.clip(back(found), 0.0 if fact.low >= 0 else -np.inf, 1.0 if fact.unit == "share" else np.inf))


def in_world(rows: Mapping[str, Fact], seed: int, world: int) -> dict[str, float]:
    """Draw the facts of one world: values by id, for every fact with a law that is drawn.

    A pure function of seed, world and the name of the fact or its group, so one fact never shifts another.

    >>> from privacysim.facts import facts
    >>> first = in_world(facts(), seed=185, world=0)
    >>> first == in_world(facts(), seed=185, world=0), first == in_world(facts(), seed=185, world=1)
    (True, False)
    """
    values: dict[str, float] = {}
    simplices: dict[str, list[Fact]] = defaultdict(list)
    for fact in rows.values():
        if fact.law == "dirichlet":
            simplices[fact.group].append(fact)
        elif fact.law in DRAWN:
            values[fact.id] = quantile(fact, _mark(seed, world, fact.group or fact.id))
    for members in simplices.values():
        values |= _shares(members, [_mark(seed, world, fact.id) for fact in members], _mark(seed, world, "rest"))
    return values


def _mark(seed: int, world: int, name: str) -> float:
    return float(uniform(stream_key(seed, world, f"fact {name}"), [0])[0])


def concentration(members: Sequence[Fact]) -> float:
    """Sum of the Dirichlet parameters: the median over the shares of m(1 − m)/σ² − 1, where σ is the range / 3.29."""
    found = [mean * (1.0 - mean) / (((fact.high - fact.low) / _SPAN) ** 2) - 1.0
             for fact in members if 0.0 < (mean := fact.value) < 1.0 and fact.low < fact.high]  # fmt: skip
    return max(float(np.median(found)), 1.0)


def _shares(members: Sequence[Fact], marks: Sequence[float], mark_of_rest: float) -> dict[str, float]:
    """Draw one set of shares: gamma quantiles over their sum. What the values lack to one is a further share."""
    means = [fact.value or _ONE_SIDED_MEAN * fact.high for fact in members]
    rest = 1.0 - sum(fact.value for fact in members)
    total = 1.0 if rest > 1e-3 else sum(fact.value for fact in members)
    alphas = concentration(members) * np.array([*means, max(rest, 0.0)])
    weights = np.where(alphas > 1e-6, gammaincinv(np.maximum(alphas, 1e-6), [*marks, mark_of_rest]), 0.0)
    return {fact.id: float(total * weight / weights.sum()) for fact, weight in zip(members, weights[:-1], strict=True)}
