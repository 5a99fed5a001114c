"""What to measure next: how much each fact moves the answer over worlds, and the worth of knowing it.

World j has its own facts and its own replicate (`results.world_ranges`), so answers vary with facts and by chance. A
regression on one fact (a cubic polynomial in its normal score) separates the part that the fact explains from the rest:

- *share*: the part of the variance of the log ratio that the fact explains alone, its first-order index, as adjusted R²
  (Saltelli et al. 2008, Global Sensitivity Analysis, section 1.2);
- *worth*: the expected value of partial perfect information for the choice between two policies. With d the loss of one
  minus that of the other and g(x) = E[d | fact = x], knowing the fact before choosing saves E[max(g, 0)] − max(E[g], 0)
  (Strong, Oakley and Brennan 2014, doi:10.1177/0272989X13505910). The worth that overfitting gives in permuted worlds
  is subtracted.

Intervals are those of 200 resamples of the worlds. A fact *stands out* by the test of the ranges over worlds.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.results.world_ranges import standing_out
from privacysim.simulation.cost import COMPILATION, START
from privacysim.simulation.unit_parts import WORLD
from privacysim.stats import short
from privacysim.study.running import world_numbers

FEWEST_WORLDS = 40
PRICE = 10.0
"""Default price of a case lost, in people identified by outsiders: an assumption that users should replace."""
_RESAMPLED, _POWERS = 200, (1, 2, 3)


def worth(results: Any, policy: str, baseline: str | None = None, *, price: float = PRICE,
          curve: str = "low") -> pd.DataFrame:
    """Rank the facts by what knowing them would be worth for choosing between a policy and the baseline.

    `results`: those of a study with worlds. The loss of a policy is the number of people identified by outsiders plus
    `price` times the cases with admissible evidence that it lacks. Columns: fact, title, share, share_low, share_high,
    worth, worth_low, worth_high (people), stands_out, value, unit, source; facts that stand out for the ratio or the
    loss first. For the others, chance alone can explain even the largest share and worth. Raises InputError for fewer
    than 40 worlds, or if they draw no fact.
    """
    change, fix = results.compare(baseline), f"run the study with --worlds 200 ({cost_of(results, 200)})"
    if results.world_facts.empty:
        raise InputError("worlds", "results of worlds that draw their facts", "none that does", fix)
    loss, ratio = _by_world(results.worlds, policy, change.baseline, price, curve, change.primary)
    drawn = results.world_facts.pivot(index="world", columns="fact", values="value").reindex(loss.index)
    if len(loss) < FEWEST_WORLDS:
        raise InputError("worlds", f"at least {FEWEST_WORLDS} worlds", len(loss), fix)
    y, d = (np.asarray(one, dtype=np.float64) for one in (np.log(ratio), loss))
    found = indices(drawn.to_numpy(dtype=np.float64), y, d)
    known = [facts()[name] for name in drawn.columns]
    made = pd.DataFrame({"fact": drawn.columns, "title": [one.title for one in known], **found,
                         "stands_out": drawn.columns.isin(standing_out(drawn, y, d)),
                         "value": [one.value for one in known], "unit": [one.unit for one in known],
                         "source": [one.source for one in known]})  # fmt: skip
    return made.sort_values(["stands_out", "worth", "share"], ascending=False, ignore_index=True)


def share_told(worlds: int, varied: int) -> float:
    """Share of the spread above which a fact among `varied` stands out in about half of studies with these worlds.

    Bonferroni's bound of that test: r² = t²/(n − 2 + t²) with the 1 − 0.05/(2·varied) quantile of Student's t.

    >>> round(share_told(40, 400), 2), round(share_told(200, 400), 2)
    (0.32, 0.07)
    """
    t = float(special.stdtrit(worlds - 2, 1.0 - 0.025 / varied))
    return t * t / (worlds - 2 + t * t)


def cost_of(results: Any, worlds: int) -> str:
    """CPU time of that many worlds, from the units of these results; every tenth world runs twice."""
    spent, ran = results.manifest.get("cost", {}).get("cpu_s", {}), len(results.manifest["replicates"])
    ran += results.worlds["replicate"].nunique()
    each = sum(seconds for stage, seconds in spent.items() if stage not in (COMPILATION, START)) / ran
    return f"about {short(each * len(world_numbers(worlds)) / 3600.0)} CPU hours" if each else "of unknown cost"


def _by_world(worlds: pd.DataFrame, policy: str, baseline: str, price: float, curve: str,
              primary: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Loss of the policy minus that of the baseline, and their ratio in the primary measure, by world."""
    once = worlds[worlds["replicate"] < 2 * WORLD]
    wide = once[once["curve"].isin(["", curve])].pivot_table(
        index="replicate", columns=["metric", "policy"], values="value", observed=True)  # fmt: skip
    wide.index = wide.index - WORLD
    b, a = wide[primary, policy], wide[primary, baseline]
    cases = "cases_with_admissible_evidence"
    lost = wide[cases, baseline] - wide[cases, policy]
    known = (b > 0) & (a > 0) & lost.notna()
    return (b - a + price * lost)[known], (b / a)[known]


def indices(x: Floats, y: Floats, loss: Floats) -> dict[str, Floats]:
    """Shares of the variance of y (worlds,) by column of x (worlds, facts), and worth for the sign of `loss` (worlds,).

    >>> x = uniforms(stream_key(1, 0, "x"), np.arange(400), 2)
    >>> found = indices(x, x[:, 0], x[:, 0] - 0.5)
    >>> found["share"].round(1).tolist(), found["worth"].round(1).tolist()
    ([1.0, 0.0], [0.1, 0.0])
    """
    shuffled, again = (uniforms(stream_key(185, 0, f"worth {how}"), np.arange(_RESAMPLED), len(y))
                       for how in ("permuted", "resampled"))  # fmt: skip
    found = [_of_fact(_design(column), y, loss, shuffled.argsort(axis=1), (again * len(y)).astype(np.int64))
             for column in x.T]  # fmt: skip
    return {key: np.array([one[key] for one in found]) for key in found[0]}


def _design(column: Floats) -> Floats:
    """Orthonormal powers of the normal score of a fact, after the constant."""
    score = special.ndtri((pd.Series(column).rank().to_numpy(dtype=np.float64) - 0.5) / column.size)
    return np.linalg.qr(np.column_stack([score**power for power in (0, *_POWERS)]))[0]


def _of_fact(q: Floats, y: Floats, loss: Floats, shuffled: Ints, again: Ints) -> dict[str, Any]:
    """Share and worth of one fact, with their intervals."""
    def fitted(values: Floats, basis: Floats) -> Floats:  # (…, worlds), (…, worlds, powers) → predictions from the fact
        return np.asarray((basis @ (values[..., None, :] @ basis).swapaxes(-1, -2))[..., 0])

    def share(values: Floats, basis: Floats) -> Any:
        free = values.shape[-1] - 1
        left = ((values - fitted(values, basis)) ** 2).sum(axis=-1) / (free - len(_POWERS))
        return 1.0 - left / (values.var(axis=-1) * values.shape[-1] / free)

    def saved(values: Floats, basis: Floats) -> Any:
        predicted = fitted(values, basis)
        return np.maximum(predicted, 0.0).mean(axis=-1) - np.maximum(predicted.mean(axis=-1), 0.0)

    by_chance, resampled = float(saved(loss[shuffled], q).mean()), np.linalg.qr(q[again])[0]
    made = dict[str, Any]()
    for name, value, values in (("share", share(y, q), share(y[again], resampled)),
                                ("worth", saved(loss, q) - by_chance, saved(loss[again], resampled) - by_chance)):
        low, high = np.quantile(values, [0.025, 0.975])
        made |= {name: max(float(value), 0.0), f"{name}_low": max(low, 0.0), f"{name}_high": max(high, 0.0)}
    return made
