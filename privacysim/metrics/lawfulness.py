"""What was done, under which answer of the law, by whom and by which way; who found it and what followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.metrics.registry import Rows, metric, ratio, total
from privacysim.metrics.seen import Records
from privacysim.units import DAY_S

_ROWS = "rows of acts in [0, D); one day's crowd is one row"
_ADVERSE = ("civil_wrong", "pi_breach", "admin_offence", "crime")


def _counted(root: NDArray[np.uint64], chosen: NDArray[np.bool_]) -> Rows:
    ones = np.ones(int(chosen.sum()))
    return Rows(root[chosen], ones, ones)


def _by_word(column: str, word: str, title: str) -> None:
    @metric(
        name=f"acts_{column}_{word}", title=f"acts: {title}", unit="acts", direction="either", family="legality",
        of="records", equation=f"#{{acts, {column} = {word}}}", source=_ROWS, value=total, default=False,
    )
    def acts(seen: Records) -> Rows:
        return _counted(seen.act_root, (seen.acts[column] == word).to_numpy(dtype=bool))


_COLUMNS = {"act": words.ACTS, "specific": words.SPECIFIC, "general": words.GENERAL, "legality": words.LEGALITIES,
            "channel": words.CHANNELS}  # fmt: skip
for _column, _words in _COLUMNS.items():
    for _word in _words:
        _by_word(_column, _word, f"{_column} {_word.replace('_', ' ')}")


def _by_camera(what: str, code: int, word: str) -> None:
    @metric(
        name=f"acts_{what}_{word}", title=f"acts on cameras of {what} {word.replace('_', ' ')}", unit="acts",
        direction="either", family="legality", of="records", equation=f"#{{acts whose camera has {what} {word}}}",
        source=_ROWS, value=total, default=False,
    )
    def acts(seen: Records) -> Rows:
        camera = seen.acts["camera_id"].to_numpy(dtype=np.int64)
        return _counted(seen.act_root, getattr(seen, what)[camera] == code)


for _code, _operator in enumerate(words.OPERATORS):
    _by_camera("operator", _code, _operator)
for _code, _regime in enumerate(words.REGIMES):
    _by_camera("regime", _code, _regime)


@metric(
    title="impunity: share of forbidden acts that no sanction followed", unit="share", direction="lower",
    family="legality", of="records", sample="consistent", range="0 … 1", value=ratio("forbidden acts"),
    equation="#{forbidden acts without a sanction by the end of the study} / #{forbidden acts}",
    source="audits: found, proved and in time; forbidden: by a camera rule or by everybody's law",
)
def impunity(seen: Records) -> Rows:
    """Forbidden on paper, and then nothing: not found, not proved, time-barred, or no provision names a sanction."""
    acts = seen.acts
    forbidden = ((acts["legality"] == "prohibited") | acts["general"].isin(_ADVERSE)).to_numpy(dtype=bool)
    sanction = seen.audits["sanction"]
    followed = (seen.audits["found"].to_numpy(dtype=bool) & (sanction != "").to_numpy(dtype=bool)
                & ~sanction.str.startswith("none").to_numpy(dtype=bool))  # fmt: skip
    punished = acts["act_id"].isin(seen.audits.loc[followed, "act_id"]).to_numpy(dtype=bool)
    return Rows(seen.act_root[forbidden], (~punished[forbidden]).astype(np.float64), np.ones(int(forbidden.sum())))


def _open(seen: Records) -> pd.DataFrame:
    incidents = seen.incidents
    return incidents[(incidents["opened_s"] < seen.end_s) & ~(incidents["closed_s"] < 0)]


@metric(
    title="share of incidents that nobody had found by the end", unit="share", direction="lower", family="legality",
    of="records", sample="consistent", range="0 … 1", value=ratio("incidents"),
    equation="#{open in [0, D), not discovered by D} / #{open in [0, D)}", source="incidents",
)
def incidents_not_found(seen: Records) -> Rows:
    """Streams, leaks and breaches that go on, or went by, without anybody knowing."""
    found = _open(seen)
    hidden = ~(found["discovered_s"].to_numpy(dtype=np.float64) < seen.end_s)
    return Rows(found["incident_id"].to_numpy(), hidden.astype(np.float64), np.ones(len(found)))


@metric(
    title="days until an incident was found", unit="d", direction="lower", family="legality", of="records",
    sample="consistent", value=ratio("incidents found"), output="time",
    equation="mean of (discovered − opened) / 86 400 over incidents discovered in [0, D)",
    source="incidents; only those that were found are in it, so read it beside the share that nobody found",
)
def days_until_found(seen: Records) -> Rows:
    """The soonest that anybody filmed could have been told."""
    when = seen.incidents["discovered_s"]
    found = seen.incidents[(when >= 0) & (when < seen.end_s)]
    days = (found["discovered_s"] - found["opened_s"]).to_numpy(dtype=np.float64) / DAY_S
    return Rows(found["incident_id"].to_numpy(), days, np.ones(len(found)))
