"""What to measure next: how much each fact moves the answer over worlds, and what knowing it would be worth.

World j has its own facts and its own replicate (`results.world_ranges`), so answers vary with facts and by chance. A
regression on one fact separates what that fact explains from everything else (a cubic polynomial in its normal score):

- *share*: the part of the variance of the log ratio that the fact explains alone, its first-order index, as adjusted R²
  (Saltelli et al. 2008, Global Sensitivity Analysis, section 1.2);
- *worth*: the expected value of partial perfect information for the choice between two policies. With d the loss of one
  minus that of the other and g(x) = E[d | fact = x], knowing the fact before choosing saves E[max(g, 0)] − max(E[g], 0)
  (Strong, Oakley and Brennan 2014, doi:10.1177/0272989X13505910). What permuted worlds give by overfitting is taken
  off.

Intervals are those of 200 resamples of the worlds. A fact *stands out* if its share is larger than the largest one of
all facts is in 95 % of permutations of the worlds (Westfall and Young 1993).
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.simulation.unit_parts import WORLD

FEWEST_WORLDS = 40
PRICE = 10.0
"""Default price of a case lost, in people identified by outsiders: an assumption that whoever asks should replace."""
_PERMUTED, _RESAMPLED, _POWERS = 499, 200, (1, 2, 3)


def worth(results: Any, policy: str, baseline: str | None = None, *, price: float = PRICE,
          curve: str = "low") -> pd.DataFrame:
    """Rank the facts by what knowing them would be worth for choosing between a policy and the baseline.

    `results`: those of a study with worlds. The loss of a policy is the number of people identified by outsiders plus
    `price` times the cases with admissible evidence that it lacks. Columns: fact, share, share_low, share_high, worth,
    worth_low, worth_high (people), stands_out, value, unit, source; the largest worth first. Raises InputError for
    fewer than 40 worlds.
    """
    change = results.compare(baseline)
    loss, ratio = _by_world(results.worlds, policy, change.baseline, price, curve, change.primary)
    drawn = results.world_facts.pivot(index="world", columns="fact", values="value").reindex(loss.index)
    if len(loss) < FEWEST_WORLDS:
        raise InputError("worlds", f"at least {FEWEST_WORLDS} worlds", len(loss), "run the study with --worlds 200")
    y, d = (np.asarray(one, dtype=np.float64) for one in (np.log(ratio), loss))
    found = indices(drawn.to_numpy(dtype=np.float64), y, d)
    known = [facts()[name] for name in drawn.columns]
    made = pd.DataFrame({"fact": drawn.columns, **found, "value": [one.value for one in known],
                         "unit": [one.unit for one in known], "source": [one.source for one in known]})  # fmt: skip
    return made.sort_values(["worth", "share"], ascending=False, ignore_index=True)


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
    worlds = np.arange(len(y))
    shuffled = np.argsort(uniforms(stream_key(185, 0, "worth permuted"), np.arange(_PERMUTED), len(y)), axis=1)
    again = (uniforms(stream_key(185, 0, "worth resampled"), np.arange(_RESAMPLED), len(y)) * len(y)).astype(np.int64)
    found = [_of_fact(_design(column), y, loss, worlds, shuffled, again) for column in x.T]
    limit = np.quantile(np.max([one.pop("permuted") for one in found], axis=0), 0.95) if found else 0.0
    made = {key: np.array([one[key] for one in found]) for key in (found[0] if found else {})}
    return made | {"stands_out": made["share"] > limit}


def _design(column: Floats) -> Floats:
    """Orthonormal powers of the normal score of a fact, after the constant."""
    score = special.ndtri((pd.Series(column).rank().to_numpy(dtype=np.float64) - 0.5) / column.size)
    return np.linalg.qr(np.column_stack([score**power for power in (0, *_POWERS)]))[0]


def _of_fact(q: Floats, y: Floats, loss: Floats, worlds: Ints, shuffled: Ints, again: Ints) -> dict[str, Any]:
    """Share and worth of one fact, with their intervals, and its shares in permuted worlds."""
    def fitted(values: Floats, of: Ints = worlds) -> Floats:  # (…, worlds): predictions from the fact
        basis = q[of] if of is worlds else np.linalg.qr(q[of])[0]
        return np.asarray((values @ basis) @ basis.T)

    def share(values: Floats, predicted: Floats) -> Any:
        free = values.shape[-1] - 1
        left = ((values - predicted) ** 2).sum(axis=-1) / (free - len(_POWERS))
        return 1.0 - left / (values.var(axis=-1) * values.shape[-1] / free)

    def saved(predicted: Floats) -> Any:
        return np.maximum(predicted, 0.0).mean(axis=-1) - np.maximum(predicted.mean(axis=-1), 0.0)

    by_chance = float(saved(fitted(loss[shuffled])).mean())
    resampled = [(share(y[of], fitted(y[of], of)), saved(fitted(loss[of], of)) - by_chance) for of in again]
    ends = np.clip(np.quantile(resampled, [0.025, 0.975], axis=0), 0.0, None)
    return {"share": max(float(share(y, fitted(y))), 0.0), "share_low": ends[0, 0], "share_high": ends[1, 0],
            "worth": max(float(saved(fitted(loss))) - by_chance, 0.0), "worth_low": ends[0, 1],
            "worth_high": ends[1, 1], "permuted": share(y[shuffled], fitted(y[shuffled]))}  # fmt: skip
