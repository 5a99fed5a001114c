"""History matching: how far observed figures narrow the facts and the answer, and which worlds agree with them.

An observed figure z is a metric of the study under one policy, or a row of the register. An emulator m(x) predicts it
from the facts that stand out for it (`results.world_ranges`): cubic splines in their normal scores, with a ridge
penalty. Its residuals in held-out worlds (tenfold cross-validation) are its error, which includes chance and all other
facts. Figures that are positive in all worlds are taken in logarithms.

The misfit of a figure at facts x is |z − m(x)| / √(observation² + model² + emulator²) (Craig et al. 1997; Vernon,
Goldstein and Bower 2010, doi:10.1214/10-BA524). Facts are plausible where no matched figure has a misfit above 3
(Pukelsheim 1994). Plausible facts have the weight exp(−d²/2), where d is the joint distance of all matched figures,
with the covariance of the held-out errors. So if errors are normal, 50,000 weighted draws of the facts are their
posterior (shares that sum to one are drawn one by one). The worlds of the study are weighted in the same way, by the
predictions for them when they are held out; their weighted answers are the answer given these figures.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from privacysim.draws import Bools, Floats, stream_key, uniforms
from privacysim.errors import InputError, require
from privacysim.facts import facts
from privacysim.results import Results
from privacysim.results.comparison import Comparison
from privacysim.results.world_ranges import ratios, standing_out
from privacysim.robustness.observations import Observation, in_worlds
from privacysim.robustness.worth import FEWEST_WORLDS
from privacysim.simulation.unit_parts import WORLD
from privacysim.stats import effective

MOST, FEWEST_DRAWS, FEWEST_LEFT = 3.0, 20.0, 10.0
"""Largest misfit of what is plausible, fewest effective draws that must be left, and effective worlds of an answer."""
_DRAWS, _FOLDS, _SPAN = 50_000, 10, 2.0 * float(special.ndtri(0.95))
_QUANTILES = {"low": 0.05, "median": 0.5, "high": 0.95}


class Matched(NamedTuple):
    """Tables: figures with their misfits; facts that the figures inform, and answers, before and after; and worlds.

    Ranges are 5 and 95 % quantiles. `spread_left`: standard deviation after, as a share of that before (of a fact in
    normal scores). Facts that are not listed are as unknown as before. An answer needs ten effective worlds.
    """

    figures: pd.DataFrame
    facts: pd.DataFrame
    answers: pd.DataFrame
    worlds: pd.DataFrame


def match(results: Results, told: Sequence[Observation], baseline: str | None = None, workers: int = 1) -> Matched:
    """Match the worlds of a study with observed figures (`read_observations`).

    Raises InputError for unknown names, a repeated figure, too few worlds, and figures that no world reproduces or that
    exclude each other.
    """
    change, fix = results.compare(baseline), "run the study with --worlds 200, or leave out figures of rare events"
    drawn = results.world_facts.pivot(index="world", columns="fact", values="value")
    values = in_worlds(results, told, change.baseline, workers).reindex(drawn.index).dropna()
    drawn = drawn.loc[values.index]
    if len(drawn) < FEWEST_WORLDS:
        raise InputError("worlds", f"at least {FEWEST_WORLDS} worlds with these figures", len(drawn), fix)
    known = [_Figure(one, values[n].to_numpy(dtype=np.float64), drawn) for n, one in enumerate(told)]
    used = [one for one in known if one.told.use == "match"]
    least = [float(np.abs(one.observed - one.everywhere).min()) / one.error for one in used]
    if max(least) > MOST:
        raise InputError("observations", f"figures within {MOST:g} standard errors of what some facts give",
                         used[int(np.argmax(least))].told.metric,
                         "check this figure, or state a larger model_error: the model may be unable to reproduce it")
    missed = np.array([one.missed for one in used])
    shared = missed @ missed.T / len(drawn) + np.diag([one.stated**2 for one in used])
    draws, worlds = (_weights(used, [getattr(one, at) for one in used], shared) for at in ("everywhere", "held_out"))
    if effective(float(draws.sum()), float((draws**2).sum())) < FEWEST_DRAWS:
        raise InputError("observations", "figures that the same facts can produce",
                         f"{len(used)} that exclude each other", "state their errors in full, or hold one out")
    told_by = [name for name in drawn if any(name in one.by for one in used)]
    misfit = np.max([np.abs(one.observed - one.held_out) / one.error for one in used], axis=0)
    table = pd.DataFrame({"world": drawn.index, "misfit": misfit, "weight": worlds}, drawn.index)
    return Matched(pd.DataFrame([one.row(draws) for one in known]),
                   pd.DataFrame([_fact(str(name), drawn[name], draws) for name in told_by]),
                   pd.DataFrame(_answers(results, change, table["weight"])), table)


def _weights(used: Sequence["_Figure"], foretold: Sequence[Floats], shared: Floats) -> Floats:
    """Weights of draws or worlds by the predictions there; 0 where a figure is not plausible."""
    off = np.array([one.observed - at for one, at in zip(used, foretold, strict=True)])
    plausible = (np.abs(off) <= MOST * np.array([[one.error] for one in used])).all(axis=0)
    weight = plausible * np.exp(-(off * np.linalg.solve(shared, off)).sum(axis=0) / 2.0)
    return np.asarray(weight / max(float(weight.sum()), 1e-300))


class _Emulator:
    """Predicts a number from the facts that stand out for it, in held-out worlds and for all draws of the facts."""

    def __init__(self, drawn: pd.DataFrame, y: Floats) -> None:
        fold, self.held_out, self.by = np.arange(len(y)) % _FOLDS, np.empty(len(y)), standing_out(drawn, y)
        score = pd.DataFrame(special.ndtri((drawn.rank() - 0.5) / len(drawn)), drawn.index, drawn.columns)
        for k in range(_FOLDS):
            self.held_out[fold == k] = self._foretold(score, y, fold != k, score[fold == k])
        self.missed = y - self.held_out
        self.explained = max(1.0 - float((self.missed**2).mean() / y.var()), 0.0) if y.var() > 0 else 0.0
        draws = pd.DataFrame({name: _draws(name) for name in self.by}, index=range(_DRAWS))
        self.everywhere = self._foretold(score, y, fold >= 0, draws)

    @staticmethod
    def _foretold(score: pd.DataFrame, y: Floats, of: Bools, at: pd.DataFrame) -> Floats:
        require("analysis", "sklearn", where="calibrate worlds")
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import SplineTransformer

        if not (names := list(standing_out(score[of], y[of]))):
            return np.full(len(at), y[of].mean())
        model = make_pipeline(SplineTransformer(3, extrapolation="linear"), RidgeCV(np.logspace(-3, 3, 13)))
        return np.asarray(model.fit(score.loc[of, names], y[of]).predict(at[names]), dtype=np.float64)


class _Figure(_Emulator):
    """One figure on its working scale: observed, with the stated errors, and predicted."""

    def __init__(self, told: Observation, values: Floats, drawn: pd.DataFrame) -> None:
        self.told, log = told, told.low > 0 and bool((values > 0).all())
        super().__init__(drawn, np.log(values) if log else values)
        z, low, high = np.log([told.value, told.low, told.high]) if log else (told.value, told.low, told.high)
        self.observed = float(z)
        self.stated = float(np.hypot((high - low) / _SPAN, told.model_error / (told.value if log else 1.0)))
        self.error = float(np.hypot(self.stated, np.sqrt((self.missed**2).mean())))

    def row(self, weight: Floats) -> dict[str, Any]:
        """The observation, how well it is predicted, and its misfit before and after matching."""
        made = self.told.model_dump() | {"explained": self.explained, "told_by": ", ".join(self.by)}
        for when, w in (("before", np.full(_DRAWS, 1.0 / _DRAWS)), ("after", weight)):
            middle, spread = _moments(self.everywhere, w)
            made[f"misfit_{when}"] = abs(self.observed - middle) / float(np.hypot(spread, self.error))
        return made


def _draws(name: str) -> Floats:
    """Draws of a fact as normal scores; facts of one group share a draw, as in the worlds."""
    one = facts().unheard()[name]
    key = one.group if one.group and one.law != "dirichlet" else name
    return np.asarray(special.ndtri(uniforms(stream_key(185, 0, f"matching {key}"), np.arange(_DRAWS), 1)[:, 0]))


def _fact(name: str, values: "pd.Series[float]", weight: Floats) -> dict[str, Any]:
    ordered, at = np.sort(values), special.ndtri((np.arange(len(values)) + 0.5) / len(values))
    made = {"fact": name, "title": facts()[name].title}
    return made | _before_and_after(_draws(name), weight, lambda z: np.interp(z, at, ordered))


def _answers(results: Results, change: Comparison, weight: "pd.Series[float]") -> Iterator[dict[str, Any]]:
    """Ratios of the policies to the baseline in the primary measure, over worlds if enough are left."""
    for arm in (one for one in results.arms if one != change.baseline):
        found = ratios(results.worlds, change.primary, "low", arm, change.baseline)
        once = found[found.index < 2 * WORLD].rename(lambda k: k - WORLD)
        once = once[once.index.isin(weight.index)]
        y, w = once.to_numpy(dtype=np.float64), np.array(weight[once.index], dtype=np.float64)
        if (left := effective(float(w.sum()), float((w**2).sum()))) >= FEWEST_LEFT:
            w /= float(w.sum())
            yield {"policy": arm, "worlds_left": left, **_before_and_after(y, w),
                   "lower_before": float((y < 1).mean()), "lower_after": float(w @ (y < 1))}  # fmt: skip


def _before_and_after(values: Floats, weight: Floats, shown: Any = np.asarray) -> dict[str, float]:
    even, made = np.full(len(weight), 1.0 / len(weight)), dict[str, float]()
    for when, w in (("before", even), ("after", weight)):
        ends = np.quantile(values, list(_QUANTILES.values()), weights=w, method="inverted_cdf")
        made |= {f"{name}_{when}": float(end) for name, end in zip(_QUANTILES, shown(ends), strict=True)}
    return made | {"spread_left": _moments(values, weight)[1] / max(_moments(values, even)[1], 1e-12)}


def _moments(values: Floats, weight: Floats) -> tuple[float, float]:
    middle = float(weight @ values)
    return middle, float(np.sqrt(weight @ (values - middle) ** 2))
