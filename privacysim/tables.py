"""The tables: the only place where a column is named, with its dtype, unit and one sentence.

Inside, arrays; at the edges, pandas frames that follow these schemas; on disk, Parquet whose bytes depend on the
content alone (within one set of library versions, since Parquet names its writer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from privacysim import vocabulary as words
from privacysim.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Column:
    """One column: `dtype` is a numpy name, `str`, or `word` (one of `words`)."""

    name: str
    dtype: str
    unit: str
    says: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and the keys that order its rows on disk."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]


def _id(name: str, says: str) -> Column:
    return Column(name, "int64", "–", says)


def _s(name: str, says: str) -> Column:
    return Column(name, "float64", "s", f"{says}, in seconds since 00:00 of day 0")


def _m(name: str, says: str) -> Column:
    return Column(name, "float32", "m", says)


def _word(name: str, says: str, closed: tuple[str, ...]) -> Column:
    return Column(name, "word", "–", says, closed)


def _text(name: str, says: str) -> Column:
    return Column(name, "str", "–", says)


def _flag(name: str, says: str) -> Column:
    return Column(name, "bool", "–", says)


def _number(name: str, unit: str, says: str, dtype: str = "float64") -> Column:
    return Column(name, dtype, unit, says)


_POLICY = _text("policy", "id of the arm: a policy, or policy:reading")
_REPLICATE = _number("replicate", "–", "number of the replicate, from 0", "int32")
_LEGALITY = _word("legality", "authorised, prohibited, or ungoverned: no camera rule matches", words.LEGALITIES)
_CURVE = _word("curve", "branch of the identification curve", words.CURVES)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("cameras", (
            _REPLICATE,
            _id("camera_id", "number of the camera in its replicate's city"),
            _m("x_m", "east of the city's origin"),
            _m("y_m", "north of the city's origin"),
            _number("heading_deg", "deg", "direction of view, clockwise from north", "float32"),
            _number("hfov_deg", "deg", "horizontal field of view; 360 is all round", "float32"),
            _number("width_px", "px", "pixels across the picture", "int32"),
            _m("mount_m", "height above the ground"),
            _m("range_m", "slant distance at which 25 px/m are left, at most 100 m"),
            _flag("heading_known", "False where the heading was drawn because nobody mapped it"),
            _id("custodian_id", "who holds the footage"),
            _id("platform_id", "vendor platform through which it runs, −1 = none"),
            _word("operator", "who runs it", words.OPERATORS),
            _word("regime", "class of place under the video regulation", words.REGIMES),
            _flag("social", "installed by anyone but the state"),
            _flag("indoor", "sees a place's inside, not the street"),
            _id("place_id", "the place that it belongs to, −1 = none"),
            _word("secret", "kind of secret in its view", words.SECRETS),
        ), ("replicate", "camera_id")),
        Table("custody", (
            _POLICY, _REPLICATE,
            _id("camera_id", "the camera"),
            _flag("recording", "whether footage is kept at all"),
            _flag("filed", "whether the system is filed with the police"),
            _flag("default_password", "whether the factory password still opens it"),
            _flag("on_internet", "whether it can be reached from the internet"),
            _number("retention_s", "s", "how long footage is kept"),
            _text("mask", "mask at the source"),
            _flag("log_kept", "whether each viewing is logged"),
            _word("manager", "who answers for it by the camera rules, nobody where they name none", words.MANAGERS),
            _flag("may_stand", "whether whoever put it there may, by the camera rules"),
        ), ("policy", "replicate", "camera_id")),
        Table("places", (
            _id("place_id", "number of the place in the city"),
            _m("x_m", "entrance, east of the city's origin"),
            _m("y_m", "entrance, north of the city's origin"),
            _id("node_id", "street node at which one enters"),
            _word("category", "what it is", words.CATEGORIES),
            _word("regime", "class of place under the video regulation", words.REGIMES),
            _word("secret", "kind of secret inside", words.SECRETS),
            _word("scene", "what an indoor camera there sees", words.SCENES),
            _flag("sensitive", "whether a visit tells something private"),
        ), ("place_id",)),
        Table("people", (
            _REPLICATE,
            _id("person_id", "number of the person in the whole population; ≥ 2³² for a case's cast"),
            _word("group", "population group", words.GROUPS),
            _id("home_place", "place of the home"),
            _id("work_place", "place of work or study, −1 = none"),
            _number("weight", "people", "how many people this one stands for"),
        ), ("replicate", "person_id")),
        Table("sightings", (
            _REPLICATE,
            _id("person_id", "who"),
            _id("pass_id", "one directed walk past one camera, or one visit of its place"),
            _id("camera_id", "the camera"),
            _number("day", "d", "day of the pass, day 0 is the first of the study", "int32"),
            _s("enter_s", "begin of this piece"),
            _s("leave_s", "end of this piece"),
            _number("face_px", "px", "pixels across the face, in steps of 1/8", "float32"),
            _flag("frontal", "whether the face is turned to the camera (within 60°)"),
            _id("place_id", "the place whose visit this piece shows, −1 = none"),
        ), ("replicate", "person_id", "pass_id", "day", "enter_s")),
        Table("cases", (
            _REPLICATE,
            _id("case_id", "number of the case"),
            _word("purpose", "kind of case", words.PURPOSES),
            _id("place_id", "place of the scene"),
            _m("x_m", "scene, east of the city's origin"),
            _m("y_m", "scene, north of the city's origin"),
            _s("opened_s", "when it was opened"),
        ), ("replicate", "case_id")),
        Table("requests", (
            _POLICY, _REPLICATE,
            _id("request_id", "number of the request"),
            _id("case_id", "case that it serves, −1 = none"),
            _id("custodian_id", "who was asked"),
            _word("requester", "who asked", words.REQUESTERS),
            _word("purpose", "what for", words.PURPOSES),
            _word("channel", "by which way", words.CHANNELS),
            _word("operator", "whose cameras", words.OPERATORS),
            _word("document", "paper shown", words.DOCUMENTS),
            _word("approver", "who approved the paper", words.APPROVERS),
            _text("rule", "id of the access rule that decided, empty = none matched"),
            _LEGALITY,
            _s("submitted_s", "when it was made"),
            _s("decided_s", "when it was decided"),
            _s("delivered_s", "when footage was given"),
            _flag("granted_on_merit", "what the rule says, before queue, hours and retention"),
            _word("outcome", "what came of it", words.OUTCOMES),
            _text("reason", "why"),
            _number("cameras_n", "cameras", "cameras whose footage was given", "int32"),
            _number("footage_s", "s", "camera-seconds given"),
            _number("needed_s", "s", "of these, camera-seconds that hold somebody of the case"),
            _s("told_s", "when the people filmed are told of it, NaN = never"),
            _word("evidence", "what it is worth in a case", words.EVIDENCE),
        ), ("policy", "replicate", "request_id")),
        Table("acts", (
            _POLICY, _REPLICATE,
            _id("act_id", "number of the act"),
            _id("parent_id", "act that it follows from, −1 = none"),
            _word("source", "process that it comes from", words.SOURCES),
            _id("source_id", "number of the request, stream … in its process"),
            _id("custodian_id", "whose footage"),
            _id("camera_id", "which camera"),
            _s("from_s", "begin of the footage"),
            _s("to_s", "end of the footage"),
            _s("at_s", "when the act is done"),
            _word("actor", "who acts", words.REQUESTERS),
            _id("viewer", "stable number of the actor; one day's crowd is one viewer"),
            _word("act", "one of the seven acts of the draft", words.ACTS),
            _word("purpose", "what for", words.PURPOSES),
            _word("channel", "by which way", words.CHANNELS),
            _word("technique", "how it is searched", words.TECHNIQUES),
            _word("document", "paper shown", words.DOCUMENTS),
            _word("scene", "what the camera sees", words.SCENES),
            _word("specific", "answer of the policy's camera rules", words.SPECIFIC),
            _word("general", "answer of everybody's law on that date", words.GENERAL),
            _LEGALITY,
            _text("basis_specific", "rule or provision behind the specific answer, empty = none"),
            _text("basis_general", "provision behind the general answer, empty = none"),
            _text("mask", "none, box, pixelate:4 …"),
            _flag("reversible", "whether the mask can be undone with a key"),
            _number("gallery", "people", "how many people the viewer compares with", "int64"),
            _number("known", "share", "chance that a filmed person is among them"),
            _number("audience", "people", "how many look; 0 where the act shows nobody a picture"),
            _number("attention", "share", "share of the window in which they look"),
        ), ("policy", "replicate", "act_id")),
        Table("incidents", (
            _POLICY, _REPLICATE,
            _id("incident_id", "number of the incident"),
            _id("custodian_id", "whose footage"),
            _text("kind", "stream, insider, break_in, platform_break_in, hidden, informal, forged_paper, recorded, "
                  "misuse, duty_breach"),
            _text("mechanism", "how it came about"),
            _s("opened_s", "when it began"),
            _s("discovered_s", "when anybody found it, NaN = never"),
            _text("discovered_by", "who found it, empty = nobody"),
            _s("closed_s", "when it ended, NaN = not yet"),
            _number("cameras_n", "cameras", "cameras concerned", "int32"),
            _number("price_cny", "CNY", "price paid, 0 = none"),
            _number("audience", "people", "people who looked in [0, D), as the process counted them"),
            _s("told_s", "when the people filmed are told, NaN = never"),
        ), ("policy", "replicate", "incident_id")),
        Table("audits", (
            _POLICY, _REPLICATE,
            _id("act_id", "act that was looked at, −1 = a duty, no act"),
            _id("incident_id", "incident that it belongs to"),
            _s("at_s", "when"),
            _flag("found", "whether it was found"),
            _word("step", "legal step that followed", words.STEPS),
            _text("provision", "provision that it rests on, empty = none"),
            _text("sanction", "the step in words, empty = nothing"),
            _number("fine_cny", "CNY", "fine, 0 = none"),
            _number("detention_d", "d", "days of detention, 0 = none"),
        ), ("policy", "replicate", "act_id", "at_s")),
        Table("exposure", (
            _POLICY, _REPLICATE,
            _id("person_id", "who is exposed"),
            _LEGALITY, _CURVE,
            _number("identifiable_s", "s", "seconds in view × chance to be identified, over viewers' rows"),
            _number("viewer_identifiable_s", "s", "the same × audience"),
            _number("p_identified", "probability", "of being identified at least once; passes and viewers independent"),
            _number("p_identified_max", "probability", "largest single trial: lower end of the band"),
            _number("p_identified_days", "probability", "every day an independent trial: upper end of the band"),
            _number("sightings_seen", "passes", "distinct (pass, day) that somebody looked at", "int64"),
            _number("sensitive_visits_revealed", "visits", "expected sensitive visits that somebody identified"),
        ), ("policy", "replicate", "person_id", "legality", "curve")),
        Table("metrics", (
            _POLICY, _REPLICATE,
            _text("metric", "name of the metric"),
            _text("curve", "low or high; empty where the metric knows no curve"),
            _number("value", "metric's", "its value; an undefined value is an absent row"),
            _text("unit", "its unit"),
            _number("contributors", "people or events", "how many stand behind it", "int64"),
        ), ("policy", "replicate", "metric", "curve")),
    )
}

_ARROW = {"bool": pa.bool_(), "str": pa.string(), "word": pa.string()}


def table(name: str) -> Table:
    """The table of that name; an unknown name is an error that names the nearest."""
    if name not in TABLES:
        raise InputError("tables", "a known table", name, did_you_mean(name, TABLES))
    return TABLES[name]


def frame(name: str, columns: Mapping[str, object]) -> pd.DataFrame:
    """A frame that follows the schema, from one array or scalar per column; a missing column is an error.

    Columns of words may be given as integer codes or as words; they become categoricals in the closed order.
    """
    schema = table(name)
    missing = [column for column in schema.names if column not in columns]
    if missing or len(columns) != len(schema.columns):
        extra = sorted(set(columns) - set(schema.names))
        raise InputError(f"table {name}", "exactly its columns", f"missing {missing}, extra {extra}", "see tables.py")
    arrays = [value for value in columns.values() if isinstance(value, Sized) and not isinstance(value, str)]
    size = max(map(len, arrays), default=0)
    made: dict[str, Any] = {}
    for column in schema.columns:
        value = columns[column.name]
        if not isinstance(value, Sized) or isinstance(value, str):
            value = [value] * size
        made[column.name] = _cast(name, column, value)
    return pd.DataFrame(made)


def _cast(name: str, column: Column, value: Any) -> Any:
    where = f"table {name}, {column.name}"
    if column.dtype == "str":
        return pd.Series(value, dtype="str")
    if column.dtype != "word":
        return pd.Series(value).to_numpy().astype(np.dtype(column.dtype))
    values = np.asarray(value)
    if values.dtype.kind in "iu":
        if values.size and not (values.min() >= 0 and values.max() < len(column.words)):
            raise InputError(where, f"codes below {len(column.words)}", values.max(), "mend the code")
        return pd.Categorical.from_codes(values.astype(np.intp), categories=pd.Index(column.words))
    codes = pd.Index(column.words).get_indexer(pd.Index(values.astype(str)))
    if (codes < 0).any():
        strange = str(values[codes < 0][0])
        raise InputError(where, "one of its words", strange, did_you_mean(strange, column.words))
    return pd.Categorical.from_codes(codes, categories=pd.Index(column.words))


def empty(name: str) -> pd.DataFrame:
    """The table without a row."""
    return frame(name, {column: [] for column in table(name).names})


def arrow_schema(name: str) -> pa.Schema:
    """The table's types on disk."""
    types = [(c.name, _ARROW.get(c.dtype) or pa.from_numpy_dtype(np.dtype(c.dtype))) for c in table(name).columns]
    return pa.schema(types)


def to_arrow(name: str, rows: pd.DataFrame) -> pa.Table:
    """Cast to the schema, then sort in Arrow (pandas sorts categoricals by category order, which is history)."""
    schema = table(name)
    if list(rows.columns) != schema.names:
        raise InputError(f"table {name}", ", ".join(schema.names), ", ".join(map(str, rows.columns)), "give these")
    plain: dict[str, Any] = {}
    for column in schema.columns:
        values = rows[column.name]
        if column.name == "value" and values.isna().any():
            fix = "leave the row out and say why in a note"
            raise InputError(f"table {name}, value", "a number in every row", "NaN", fix)
        if column.dtype == "word":
            values = values.astype("str")
        elif column.dtype == "float64":
            values = values + 0.0  # −0.0 becomes 0.0
        plain[column.name] = values
    made = pa.Table.from_pandas(pd.DataFrame(plain), schema=arrow_schema(name), preserve_index=False)
    return made.sort_by([(key, "ascending") for key in schema.keys])


def write(name: str, rows: pd.DataFrame, path: Path | IO[bytes]) -> None:
    """Write a table as Parquet, to a file or an open stream; equal content gives equal bytes."""
    made = to_arrow(name, rows).replace_schema_metadata(None).combine_chunks()
    pq.write_table(
        made, path, version="2.6", data_page_version="1.0", compression="zstd", compression_level=3,
        row_group_size=1 << 20, store_schema=False,
    )


def read(name: str, path: Path) -> pd.DataFrame:
    """Read a table back with its categoricals; a file that is not that table is an InputError.

    `path` may be a folder of such files, as a study with many units writes them; all of it must fit in memory.
    """
    if path.is_dir():
        return concat(name, (read(name, one) for one in sorted(path.glob("*.parquet"))))
    try:
        plain = pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(str(path), f"the Parquet table {name}", error, "give the file that privacysim wrote") from None
    if list(plain.columns) != table(name).names:
        expected = f"the columns of {name}"
        raise InputError(str(path), expected, list(plain.columns), "give the file that privacysim wrote")
    return frame(name, {column: plain[column] for column in plain.columns})


def concat(name: str, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several frames of one table, in order; categoricals stay categoricals."""
    kept = [rows for rows in frames if len(rows)]
    return pd.concat(kept, ignore_index=True) if kept else empty(name)


BAND_COLUMNS = ("policy", "metric", "curve", "unit", "n", "fewest", "drawn", "most", "note")
"""Columns of the band of a mapped city: the views that show fewest and most people."""
