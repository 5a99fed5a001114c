"""The Log: what happened under one arm, as frames that follow `tables.py`; it says nothing about any person.

Processes hand over their acts in batches of arrays. Whether an act is lawful is asked once for each *kind* of act
(who, what, whose camera, by which way …), not once for each row: 100 000 rows ask a few hundred questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.draws import hashes, stream_key
from privacysim.units import TICKS_PER_S

NEVER = np.int64(1) << 62
"""The tick of what has not happened."""

_CLOSED: dict[str, tuple[str, ...]] = {
    "source": words.SOURCES, "actor": words.REQUESTERS, "act": words.ACTS, "purpose": words.PURPOSES,
    "channel": words.CHANNELS, "technique": words.TECHNIQUES, "document": words.DOCUMENTS,
    "approver": words.APPROVERS, "requester": words.REQUESTERS, "operator": words.OPERATORS,
    "outcome": words.OUTCOMES, "evidence": words.EVIDENCE, "legality": words.LEGALITIES, "step": words.STEPS,
}
_CODE = {column: {word: code for code, word in enumerate(closed)} for column, closed in _CLOSED.items()}

ACT_COLUMNS: dict[str, tuple[str, object]] = {
    "source": ("u1", None), "source_id": ("i8", None), "camera_id": ("i8", None), "from_t": ("i8", None),
    "to_t": ("i8", None), "at_t": ("i8", None), "actor": ("u1", None), "viewer": ("i8", None), "act": ("u1", None),
    "purpose": ("u1", None), "channel": ("u1", "request"), "technique": ("u1", "look"), "document": ("u1", "none"),
    "approver": ("u1", "none"), "own": ("?", False), "consent": ("?", False), "before": ("?", False),
    "unmask": ("?", False), "masked": ("?", False), "parent_id": ("i8", -1), "gallery": ("i8", 2),
    "known": ("f8", 0.0), "audience": ("f8", 0.0), "attention": ("f8", 1.0),
}
"""What a process says of its acts: dtype and default. `before` marks acts done under a permission that the baseline
gave before the switch: they are judged by the rules under which it was given. `unmask`: the key was used; `masked`:
everybody but the person concerned was masked before she saw it."""

REQUEST_COLUMNS: dict[str, tuple[str, object]] = {
    "request_id": ("i8", None), "case_id": ("i8", -1), "custodian_id": ("i8", None), "requester": ("u1", None),
    "purpose": ("u1", None), "channel": ("u1", "request"), "operator": ("u1", None), "document": ("u1", "none"),
    "approver": ("u1", "none"), "rule": ("O", ""), "legality": ("u1", None), "submitted_t": ("i8", None),
    "decided_t": ("i8", NEVER), "delivered_t": ("i8", NEVER), "granted_on_merit": ("?", False),
    "outcome": ("u1", None), "reason": ("O", None), "cameras_n": ("i4", 0), "footage_t": ("i8", 0),
    "needed_t": ("i8", 0), "told_t": ("i8", NEVER), "evidence": ("u1", "none"),
}
INCIDENT_COLUMNS: dict[str, tuple[str, object]] = {
    "incident_id": ("i8", None), "custodian_id": ("i8", None), "kind": ("O", None), "mechanism": ("O", ""),
    "opened_t": ("i8", None), "discovered_t": ("i8", NEVER), "discovered_by": ("O", ""), "closed_t": ("i8", NEVER),
    "cameras_n": ("i4", 1), "price_cny": ("f8", 0.0), "audience": ("f8", 0.0), "told_t": ("i8", NEVER),
}
AUDIT_COLUMNS: dict[str, tuple[str, object]] = {
    "act_id": ("i8", -1), "incident_id": ("i8", None), "at_t": ("i8", None), "found": ("?", None),
    "step": ("u1", "none"), "provision": ("O", ""), "sanction": ("O", ""), "fine_cny": ("f8", 0.0),
    "detention_d": ("f8", 0.0),
}

_LENGTHS = ("footage_t", "needed_t")
"""Columns in ticks that are lengths, not times."""
Arrays = dict[str, NDArray[Any]]


@dataclass(slots=True)
class Book:
    """Batches of rows of one kind: arrays or single values per column, words as words or as codes."""

    columns: Mapping[str, tuple[str, object]]
    _batches: list[Arrays] = field(default_factory=list)

    def add(self, size: int, **given: object) -> Arrays:
        """Append `size` rows; a column left out takes its default, one without a default must be given."""
        batch: Arrays = {}
        for name, (dtype, default) in self.columns.items():
            value = given.pop(name, default)
            if value is None:
                raise TypeError(f"a batch of rows needs {name}")
            if isinstance(value, str) and dtype != "O":
                value = _CODE[name][value]
            batch[name] = np.broadcast_to(np.asarray(value, dtype=dtype), (size,))
        if given:
            raise TypeError(f"no such columns: {', '.join(sorted(given))}")
        if size:
            self._batches.append(batch)
        return batch

    def gathered(self) -> Arrays:
        """All rows, in the order in which they were added."""
        if not self._batches:
            return {name: np.empty(0, dtype=dtype) for name, (dtype, _) in self.columns.items()}
        return {name: np.concatenate([batch[name] for batch in self._batches]) for name in self.columns}


def words_of(column: str, codes: NDArray[Any]) -> NDArray[Any]:
    """The words behind the codes of one column."""
    return np.asarray(_CLOSED[column], dtype=object)[codes]


def code_of(column: str, word: str) -> int:
    """The code of a word in one column."""
    return _CODE[column][word]


def act_ids(rows: Mapping[str, Any], key: int = stream_key(0, 0, "acts")) -> NDArray[np.int64]:
    """Ids of acts as a hash of what they are, so that the same act has the same id under every arm."""
    mixed = hashes(key, rows["source_id"])
    for part in ("source", "camera_id", "act", "actor", "viewer", "at_t", "from_t", "to_t"):
        mixed = hashes(key, mixed.view(np.int64) ^ hashes(key + 1, rows[part]).view(np.int64))
    return (mixed >> np.uint64(1)).astype(np.int64)


def seconds(at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds from ticks; what never happened becomes NaN."""
    return np.where(at >= NEVER, np.nan, at / TICKS_PER_S)


class Log:
    """What happened in one replicate under one arm: requests, acts, incidents, audits, custody (`tables.py`).

    `acts` holds acts done in [0, D); `requests` those that were alive in it (and all others of the same case);
    `incidents` those that were open in it. `notes` are sentences about the run, such as a desk that cannot keep up.
    The Log never depends on which people a sample holds.
    """

    def __init__(
        self, policy: str, replicate: int, *, days: int, acts: pd.DataFrame, requests: pd.DataFrame,
        incidents: pd.DataFrame,
        audits: pd.DataFrame, notes: tuple[str, ...], custody: Callable[[], pd.DataFrame],
    ) -> None:
        self.policy, self.replicate, self.days = policy, replicate, days
        self.acts, self.requests, self.incidents, self.audits = acts, requests, incidents, audits
        self.notes = notes
        self._custody = custody

    @cached_property
    def custody(self) -> pd.DataFrame:
        """Who keeps what for how long: one row per camera, built when first asked for."""
        return self._custody()

    def __repr__(self) -> str:
        return f"Log({self.policy!r}, replicate {self.replicate}: {len(self.requests)} requests, {len(self.acts)} acts)"


def frame_of(name: str, rows: Arrays, keys: tuple[str, ...], **more: object) -> pd.DataFrame:
    """A frame of table `name`: ticks become seconds, rows are put in the order of `keys`, the rest as it stands."""
    order = np.lexsort([rows[key] for key in reversed(keys)]) if len(rows[keys[0]]) else np.empty(0, np.intp)
    columns: dict[str, object] = dict(more)
    for column, values in rows.items():
        sorted_values = values[order]
        if column in _LENGTHS:
            columns[column[:-2] + "_s"] = sorted_values / TICKS_PER_S
        elif column.endswith("_t"):
            columns[column[:-2] + "_s"] = seconds(sorted_values)
        else:
            columns[column] = sorted_values
    names = tables.table(name).names
    return tables.frame(name, {column: columns[column] for column in names})
