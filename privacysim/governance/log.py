"""Log of one arm: all events as frames that follow `tables.py`, and the books that processes write them into."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.draws import hashes, stream_key
from privacysim.errors import InputError, did_you_mean
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.world.world_model import World

Arrays = dict[str, NDArray[Any]]
NEVER = np.int64(1) << 62
"""Tick of an event that has not happened."""

WORDS = {column.name: column.words for name in ("acts", "requests", "audits")
         for column in tables.table(name).columns if column.words} | {"regime": words.REGIMES, "secret": words.SECRETS}
"""By column of the tables and field of a question: the words behind its codes."""

_DTYPES = {"word": "u1", "str": "O", "name": "O", "bool": "?", "int64": "i8", "int32": "i4", "float64": "f8"}
_COMPUTED = {"act_id", "custodian_id", "scene", "specific", "general", "legality", "basis_specific", "basis_general",
             "mask", "reversible"}  # fmt: skip
"""Columns of acts that no process sets."""
_DEFAULTS: dict[str, dict[str, object]] = {
    "acts": {"channel": "request", "technique": "look", "document": "none", "approver": "none", "own": False,
             "consent": False, "before": False, "unmask": False, "masked": False, "parent_id": -1, "gallery": 2,
             "known": 0.0, "audience": 0.0, "attention": 1.0},
    "requests": {"case_id": -1, "channel": "request", "document": "none", "approver": "none", "rule": "",
                 "decided_t": NEVER, "delivered_t": NEVER, "granted_on_merit": False, "cameras_n": 0, "footage_t": 0,
                 "needed_t": 0, "told_t": NEVER, "evidence": "none"},
    "incidents": {"mechanism": "", "discovered_t": NEVER, "discovered_by": "", "closed_t": NEVER, "cameras_n": 1,
                  "price_cny": 0.0, "audience": 0.0, "told_t": NEVER},
    "audits": {"act_id": -1, "step": "none", "provision": "", "sanction": "", "fine_cny": 0.0, "detention_d": 0.0},
}  # fmt: skip
"""Values of columns that a process may omit. Of acts, `before` marks those under a permission that the baseline gave
before the switch; the rules of that time apply. `unmask`: the key was used; `masked`: everybody except the person
concerned was masked before they saw the footage. These, and `approver`, `own` and `consent`, decide lawfulness."""


def _columns(name: str) -> dict[str, tuple[str, object]]:
    made = {own: ("?" if default is False else "u1", default) for own, default in _DEFAULTS[name].items()}
    for column in tables.table(name).columns:
        if column.name not in {"policy", "replicate", *(_COMPUTED if name == "acts" else ())}:
            own, dtype = column.name, _DTYPES[column.dtype]
            if column.unit == "s":
                own, dtype = own.removesuffix("_s") + "_t", "i8"
            made[own] = (dtype, _DEFAULTS[name].get(own))
    return made


COLUMNS = {name: _columns(name) for name in _DEFAULTS}
"""By table: the columns that a process sets, each with dtype and default (None if required); times in ticks (`_t`)."""


def coded(column: str, value: object, sources: tuple[str, ...] = words.SOURCES, where: str = "") -> NDArray[Any]:
    """Return codes for a word or an array of words; numbers and flags stay. `sources` are the words of `source`."""
    made = np.asarray(value)
    if made.dtype.kind in "biuf":
        return made
    closed = sources if column == "source" else WORDS.get(column, ())
    which, distinct = pd.factorize(made.ravel().astype(object), use_na_sentinel=False)
    for word in sorted(set(map(str, distinct)) - set(closed)):
        raise InputError(where or f"column {column}", "a word of its vocabulary", word, did_you_mean(word, closed))
    codes = [closed.index(str(word)) for word in distinct]
    return np.array(codes, dtype=np.int64)[which].reshape(made.shape)


class Book:
    """Rows of one table, added in batches: arrays or single values per column, as words or codes.

    `sources`: words for the column `source`, in the order of their codes. Set `writer`, a process, for messages.
    """

    def __init__(self, name: str, sources: tuple[str, ...] = words.SOURCES) -> None:
        self.name, self.sources, self.writer = name, sources, "?"
        self._batches: list[Arrays] = []
        self._writers: list[str] = []

    def add(self, size: int, **given: object) -> Arrays:
        """Append `size` rows and return them; omitted columns take their default.

        Raises InputError, naming the process, for a missing required column, an unknown column or word, a wrong length,
        or a number that the column cannot hold.
        """
        batch = self.rows(size, **given)
        if size:
            self._batches.append(batch)
            self._writers.append(self.writer)
        return batch

    def each(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows given one by one, each as its own mapping of columns, which may be omitted as in `add`."""
        defaults = {name: default for name, (_, default) in COLUMNS[self.name].items()}
        given = dict.fromkeys(name for row in rows for name in row)
        if rows:
            self.add(len(rows), **{name: [row.get(name, defaults.get(name)) for row in rows] for name in given})

    def rows(self, size: int, **given: object) -> Arrays:
        """Check `size` rows and return them with codes for words, without adding them."""
        columns = COLUMNS[self.name]
        for name in sorted(set(given) - set(columns)):
            raise InputError(self._where(name), "a column of the table", "an unknown one", did_you_mean(name, columns))
        return {name: self._column(name, size, given.get(name, default)) for name, (_, default) in columns.items()}

    def _column(self, name: str, size: int, value: object) -> NDArray[Any]:
        dtype, where = COLUMNS[self.name][name][0], self._where(name)
        if value is None:
            raise InputError(where, "a value for each row", "nothing", f"give {name}=…")
        made = np.asarray(value) if dtype == "O" else coded(name, value, self.sources, where)
        if dtype[0] in "ui" and made.dtype.kind == "f" and not (np.isfinite(made) & (made == np.floor(made))).all():
            raise InputError(where, "whole numbers (ticks of 0.1 s, ids, codes)", made.ravel()[:3], "round the numbers")
        if made.shape not in ((), (1,), (size,)):
            raise InputError(where, f"one value or {size}", f"an array of shape {made.shape}", "give one value per row")
        return np.broadcast_to(made.astype(dtype), (size,))

    def _where(self, column: str) -> str:
        return f"process {self.writer}, {self.name}, {column}"

    def gathered(self) -> Arrays:
        """Return all rows, in the order in which they were added."""
        return {name: np.concatenate([np.empty(0, dtype), *(batch[name] for batch in self._batches)])
                for name, (dtype, _) in COLUMNS[self.name].items()}

    def refuse(self, column: str, wrong: NDArray[np.bool_], expected: str, fix: str) -> None:
        """Raise an InputError that names the process and the value if any gathered row is `wrong`."""
        for row in np.flatnonzero(wrong).tolist():
            sizes = np.cumsum([batch[column].size for batch in self._batches])
            self.writer = self._writers[int(np.searchsorted(sizes, row, side="right"))]
            raise InputError(self._where(column), expected, self.gathered()[column][row], fix)


class Books:
    """Books that a process writes into, one for each table of the Log: `acts`, `requests`, `incidents`, `audits`."""

    def __init__(self, sources: tuple[str, ...] = words.SOURCES) -> None:
        self.acts, self.requests, self.incidents, self.audits = (Book(name, sources) for name in COLUMNS)

    def refuse_wrong_rows(self, cameras: int, end: int, kinds: Collection[str]) -> None:
        """Raise an InputError that names the process, if a row of any book is impossible."""
        acts, asked, opened = self.acts.gathered(), self.requests.gathered(), self.incidents.gathered()
        camera, at, audience = acts["camera_id"], acts["at_t"], acts["audience"]
        granted = asked["outcome"] == words.OUTCOMES.index("granted")
        strange = ~np.isin(opened["kind"].astype(str), list(kinds))
        again = [pd.Series(one).duplicated().to_numpy() for one in (asked["request_id"], opened["incident_id"])]
        number = ("a unique number", "use Context.numbers")
        share = ("a share from 0 to 1", "check its unit")
        for book, column, wrong, expected, fix in (
            (self.acts, "camera_id", (camera < 0) | (camera >= cameras), f"a camera from 0 to {cameras - 1}",
             "give positions in world.cameras"),
            (self.acts, "at_t", (at < 0) | (at >= end), f"a tick from 0 to {end - 1}", "write only acts of the study"),
            (self.acts, "to_t", acts["to_t"] <= acts["from_t"], "an end after the begin", "leave such acts out"),
            (self.acts, "audience", (audience > 0) != (acts["act"] == words.ACTS.index("view")),
             "people in each act `view`, and 0 in all others", "give the audience to the act in which people look"),
            *((self.acts, name, ~((acts[name] >= 0) & (acts[name] <= 1)), *share) for name in ("attention", "known")),
            (self.requests, "delivered_t", (asked["delivered_t"] < NEVER) != granted,
             "a time where the outcome is `granted`, and none elsewhere", "give both or neither"),
            (self.requests, "request_id", again[0], *number),
            (self.incidents, "kind", strange, "a declared kind of incident", "add it to the process's `incidents`"),
            (self.incidents, "incident_id", again[1], *number),
        ):
            book.refuse(column, wrong, expected, fix)


def act_ids(rows: Mapping[str, Any], key: int = stream_key(0, 0, "acts")) -> NDArray[np.int64]:
    """Compute ids of acts by hashing their content, so that the same act has the same id under every arm."""
    mixed = hashes(key, rows["source_id"])
    for part in ("source", "camera_id", "act", "actor", "viewer", "at_t", "from_t", "to_t"):
        mixed = hashes(key, mixed.view(np.int64) ^ hashes(key + 1, rows[part]).view(np.int64))
    return (mixed >> np.uint64(1)).astype(np.int64)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Log:
    """Events in one replicate under one arm: requests, acts, incidents, audits, custody (`tables.py`).

    `acts` contains acts done in [0, D); `requests` those that were active in it (and all others of the same case);
    `incidents` those that were open in it. `notes` are sentences about the run, such as a desk that cannot keep up.
    `kinds` gives the sources of the acts for each kind of incident. The Log never depends on the sample.
    """

    policy: str
    replicate: int
    days: int
    acts: pd.DataFrame
    requests: pd.DataFrame
    incidents: pd.DataFrame
    audits: pd.DataFrame
    make_custody: Callable[[], pd.DataFrame]
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def custody(self) -> pd.DataFrame:
        """Each camera's custody under the arm, built on first use: few readers need a row per camera of a city."""
        return self.make_custody()

    def __repr__(self) -> str:
        return f"Log({self.policy!r}, replicate {self.replicate}: {len(self.requests)} requests, {len(self.acts)} acts)"


def same_events(one: Log, other: Log) -> bool:
    """Whether requests, acts, incidents and audits are equal byte for byte; custody may differ."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in _KEYS]
    return all(len(a) == len(b) for a, b in pairs) and all(
        a[column].equals(b[column]) for a, b in pairs for column in a if column != "policy")


_KEYS = {"acts": ("at_t", "act_id"), "requests": ("submitted_t", "request_id"),
         "incidents": ("opened_t", "incident_id"), "audits": ("at_t", "incident_id", "act_id")}
"""Columns by which each table is sorted."""


def frame_of(name: str, rows: Arrays, sources: tuple[str, ...] = words.SOURCES, **more: object) -> pd.DataFrame:
    """Build the frame of table `name`: ticks become seconds (NEVER becomes NaN), rows are sorted, the rest stays."""
    order = np.lexsort([rows[key] for key in reversed(_KEYS[name])])
    columns: dict[str, object] = dict(more)
    for column, values in ((column, values[order]) for column, values in rows.items()):
        if column.endswith("_t"):
            columns[column[:-2] + "_s"] = np.where(values >= NEVER, np.nan, values / TICKS_PER_S)
        else:
            columns[column] = np.array(sources, dtype=object)[values] if column == "source" else values
    return tables.frame(name, {column: columns[column] for column in tables.table(name).names})


def imbalances(log: Log, world: World | None = None) -> list[str]:
    """Compare what each process reports with its acts, and describe each imbalance; empty if everything balances.

    This detects a process that omits one of its acts: an incident counts as many viewers as its acts show, a granted
    request was viewed, a sale has its purchase, and a misuse is a use. `world` adds live monitoring and maintenance.

    >>> from privacysim.governance.log import imbalances   # imbalances(simulate(world, arm, baseline=arm)) == []
    """
    acts, asked, incidents = log.acts, log.requests, log.incidents
    act, source, root = acts["act"], acts["source"], acts["parent_id"] < 0
    found = [(acts["act_id"].duplicated().sum(), "acts share their number with another act"),
             ((~root & ~acts["parent_id"].isin(acts["act_id"])).sum(), "acts follow from acts that are not in the Log")]
    for kind, sources in log.kinds.items():
        counted, shown = incidents[incidents["kind"] == kind], acts[source.isin(sources)]
        watched = counted["incident_id"].map(shown.groupby("source_id")["audience"].sum()).fillna(0.0)
        lost = ~shown["source"].isin(["resale", "request", "publication"])
        lost &= ~shown["source_id"].isin(incidents["incident_id"])
        found += [((~np.isclose(watched, counted["audience"], rtol=1e-9, atol=1e-9)).sum(),
                   f"incidents of the kind {kind} count viewers that their acts do not show"),
                  (lost.sum(), f"acts of the kind {kind} belong to no incident")]
    own = sorted({source for sources in log.kinds.values() for source in sources} - set(words.SOURCES))
    opened = incidents[incidents["opened_s"] >= 0]["incident_id"]  # an earlier chain may have begun before day 0
    for name, first in {"insider": "view", "breach": "view", "hidden": "copy", **dict.fromkeys(own, "")}.items():
        chain = acts[(source == name) & acts["source_id"].isin(opened)]
        begun = chain[(chain["parent_id"] < 0) & ((chain["act"] == first) | (first == ""))]["source_id"]
        found.append((len(set(chain["source_id"]) - set(begun)), f"chains of {name} without their first act"))
    trade = source.isin(["resale", "stream"])
    bought, resold = (act == "buy") & trade, source == "resale"
    public = (act == "disseminate") & (source != "stream")
    public &= (acts["channel"] == "open_stream") | (source == "publication")
    watched = acts[acts["audience"] > 0]["parent_id"]
    delivered = asked[(asked["outcome"] == "granted") & asked["delivered_s"].between(0, log.days * DAY_S, "left")]
    served = source.isin(["request", "informal", *own])
    seen, taken = (acts[served & act.isin(some)]["source_id"] for some in (["view"], ["acquire", "copy"]))
    # a console that showed something before its document was signed was viewed at that time
    blind = (delivered["channel"] == "request") & ~delivered["request_id"].isin(seen)
    proof = delivered["evidence"].isin(words.PROOF) & (delivered["case_id"] >= 0)
    unasked = (source == "request") & ~acts["source_id"].isin(asked["request_id"])
    found += [
        (abs(((act == "sell") & trade).sum() - bought.sum()), "sales without a purchase, or purchases without a sale"),
        (abs(((act == "view") & resold).sum() - (bought & resold).sum()),
         "buyers who did not look at what they bought, or looked without buying"),
        ((public & ~acts["act_id"].isin(watched)).sum(), "publications that nobody looks at"),
        (abs((incidents["kind"] == "misuse").sum() - (act == "use").sum()), "misuses without a use, or the reverse"),
        (blind.sum(), "granted requests that nobody looked at"),
        ((proof & ~delivered["request_id"].isin(taken)).sum(), "requests with admissible evidence but without a copy"),
        (unasked.sum(), "acts on requests that nobody made"),
    ]
    if world is not None and len(log.custody):
        monitor, rounds = acts[source == "monitor"], world.maintenance
        live = ((monitor["purpose"] == "live_guard") & (monitor["technique"] == "look")).sum()
        due = log.custody["recording"].to_numpy()[rounds.camera] & (rounds.tick >= 0)
        due &= rounds.tick < (log.days * DAY_S - 3_600) * TICKS_PER_S
        found += [(abs(len(world.monitors) - live), "monitors that nobody watches, or that do not exist"),
                  (due.sum() - (monitor["purpose"] == "maintenance").sum(), "rounds of maintenance that were not made")]
    return [f"{number} {what}" for number, what in found if number > 0]
