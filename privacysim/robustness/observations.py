"""Observed figures to match a study's worlds with: read from a table, checked, and looked up in every world."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from privacysim.city import build_city
from privacysim.errors import InputError, refuse_unknown
from privacysim.files import Strict, validate
from privacysim.readers.opening import encoding_of, read_bytes
from privacysim.scenario import load_scenario
from privacysim.simulation.fact_worlds import facts_of_world
from privacysim.simulation.inputs import arm_named
from privacysim.simulation.unit_parts import WORLD
from privacysim.validation import register


class Observation(Strict):
    """A figure: a metric of the study under a policy (empty: the baseline), or a row of the register.

    `low` and `high`: 5 and 95 % limits of the observation. `model_error`: the model's own error at its best, as one
    standard deviation in the figure's unit. `use`: to match worlds, or held out to test the match.
    """

    metric: str = Field(min_length=1)
    policy: str = ""
    curve: Literal["", "low", "high"] = ""
    value: float
    low: float
    high: float
    model_error: float = Field(ge=0)
    use: Literal["match", "hold out"]

    @model_validator(mode="after")
    def _ordered(self) -> "Observation":
        if not self.low <= self.value <= self.high or self.high - self.low + self.model_error == 0:
            raise ValueError("low ≤ value ≤ high, and an error that is not 0")
        return self


def read_observations(path: str | Path) -> list[Observation]:
    """Read a CSV file with the columns of `Observation`; rows of the register leave value, low and high empty.

    Raises InputError for a line that is not an observation, for rows of the register that share a datum but are used
    differently, and if no figure is to be matched.
    """
    content = read_bytes(Path(path))
    reader = csv.DictReader(io.StringIO(content.decode(encoding_of(content), errors="replace").removeprefix("\ufeff")))
    rows, found = _rows(), list[Observation]()
    for cells in reader:
        at = f"{path}, line {reader.line_num}"
        raw: dict[str, Any] = {key: text.strip() for key, text in cells.items() if key and (text or "").strip()}
        own = rows.get(raw.get("metric", ""))
        if own is not None:
            if {"policy", "curve", "value", "low", "high"} & set(raw):
                raise InputError(at, "a row of the register, which has its own figures", raw,
                                 "leave policy, curve, value, low and high empty")
            raw |= {"value": own.value, "low": own.low, "high": own.high}
        try:
            raw |= {key: float(raw[key]) for key in ("value", "low", "high", "model_error") if key in raw}
        except ValueError as error:
            raise InputError(at, "numbers in value, low, high and model_error", error, "correct the line") from None
        one = validate(Observation, raw, at)
        for other in found:
            kin = own is not None and (other.metric in own.shares_datum_with or
                                       one.metric in getattr(rows.get(other.metric), "shares_datum_with", ""))
            if kin and other.use != one.use:
                raise InputError(at, "rows with the same datum used alike", f"{other.metric}, {one.metric}",
                                 "match both, or hold out both")
        found.append(one)
    if not any(one.use == "match" for one in found):
        raise InputError(str(path), "at least one figure to match", "none", "write match in the column use")
    return found


def _rows() -> dict[str, Any]:
    return {row.id: row for row in register.read_register()}


def in_worlds(results: Any, told: Sequence[Observation], baseline: str, workers: int) -> pd.DataFrame:
    """Values of the figures (columns) by world; a register row is computed in worlds that draw the same facts.

    Raises InputError for an unknown name, and for a repeated figure, because it is either matched or held out.
    """
    found = [_in_worlds(results, one, baseline, workers) for one in told]
    for n, one in enumerate(found):
        if one.name in [other.name for other in found[:n]]:
            raise InputError("observations", "each figure once, to match or held out", one.name,
                             "remove one of the two lines")
    return pd.concat(found, axis=1, keys=range(len(found)))


def _in_worlds(results: Any, one: Observation, baseline: str, workers: int) -> "pd.Series[float]":
    frame = results.worlds[results.worlds["replicate"] < 2 * WORLD]
    rows = _rows()
    refuse_unknown(one.metric, {*frame["metric"], *rows}, "observations, metric", "a metric of these worlds, or a row")
    if one.metric in rows:
        return _of_register(results, one.metric, workers).rename((one.metric,))
    arm = arm_named(results.arms, one.policy or baseline, "observations, policy")
    frame = frame[(frame["metric"] == one.metric) & (frame["policy"] == arm)]
    curves = sorted({*frame["curve"]}, key=("", "low", "high").index)
    refuse_unknown(curve := one.curve or curves[0], curves, "observations, curve", f"a curve of {one.metric}")
    frame = frame[frame["curve"] == curve]
    return frame.set_index(frame["replicate"] % WORLD)["value"].rename((one.metric, arm, curve))


def _of_register(results: Any, row: str, workers: int) -> "pd.Series[float]":
    study, drawn = results.manifest["study"], results.world_facts
    case = load_scenario(register.HOME)
    mine = facts_of_world(case, build_city(case), register.SEED, 0)
    first = drawn[drawn["world"] == 0].set_index("fact")["value"]
    same = [mine.get(fact, np.nan) == value for fact, value in first.items()]
    if (study["scenario"], study["seed"]) != (register.HOME, register.SEED) or not all(same):
        raise InputError(f"observations, {row}", "worlds with the facts of the register's",
                         f"{study['scenario']}, seed {study['seed']}",
                         f"run a study of {register.HOME} with --seed {register.SEED} and today's facts")
    values = register.run_worlds(int(drawn["world"].max()) + 1, workers)
    refuse_unknown(row, values.columns, "observations, metric", "a row of the register that the model has")
    return values[row]
