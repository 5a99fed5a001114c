"""Table schemas: `data/tables.csv` alone defines every column, with its dtype, unit and a one-sentence description.

The model computes with arrays; its interfaces use pandas frames that follow these schemas. On disk, tables are
Parquet files whose bytes depend only on content and library versions, since Parquet names its writer.
"""

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from privacysim import vocabulary as words
from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.resources import shipped_rows


@dataclass(frozen=True)
class Column:
    """One column: `dtype` is a numpy name, `str`, `word` (one of `words`; if `open`, parts can add more), or `name`.

    Names are texts that many rows share, such as the id of a policy; in memory they are categories, like words.
    """

    name: str
    dtype: str
    unit: str
    says: str
    words: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and the keys that sort its rows on disk."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]


def _read_tables() -> dict[str, Table]:
    """Read `data/tables.csv`, one row per column; a `+` after a list means that user-supplied parts can add words."""
    made: dict[str, Table] = {}
    for name, group in groupby(shipped_rows("data/tables.csv"), key=lambda row: row["table"]):
        rows = list(group)
        columns = tuple(
            Column(row["column"], row["dtype"], row["unit"], row["says"],
                   getattr(words, row["words"].rstrip("+")) if row["words"] else (),
                   row["words"].endswith("+") or row["dtype"] == "name")
            for row in rows
        )  # fmt: skip
        keys = sorted((int(row["key"]), row["column"]) for row in rows if row["key"])
        made[name] = Table(name, columns, tuple(key for _, key in keys))
    return made


TABLES = _read_tables()
"""Every table by name."""
_TEXTS = ("str", "word", "name")
_ARROW = {"bool": pa.bool_(), **dict.fromkeys(_TEXTS, pa.string())}


def table(name: str) -> Table:
    """The table with that name; the error for an unknown name suggests the nearest."""
    refuse_unknown(name, TABLES, "tables", "a known table")
    return TABLES[name]


def frame(name: str, columns: Mapping[str, object]) -> pd.DataFrame:
    """Build a frame that follows the schema from one array or scalar per column; words may be given as codes."""
    schema = table(name)
    missing = [column for column in schema.names if column not in columns]
    if missing or len(columns) != len(schema.columns):
        got = f"missing {missing}, extra {sorted(set(columns) - set(schema.names))}"
        raise InputError(f"table {name}", "exactly its columns", got, "see data/tables.csv")
    arrays = [value for value in columns.values() if isinstance(value, Sized) and not isinstance(value, str)]
    size = max(map(len, arrays), default=0)
    made: dict[str, Any] = {}
    for column in schema.columns:
        value = columns[column.name]
        if not isinstance(value, Sized) or isinstance(value, str):
            made[column.name] = _cast(name, column, [value]).repeat(size)
        else:
            made[column.name] = _cast(name, column, value)
    return pd.DataFrame(made)


def _cast(name: str, column: Column, value: Any) -> Any:
    where = f"table {name}, {column.name}"
    if column.dtype == "str":
        return pd.Series(value, dtype="str").array
    if column.dtype not in ("word", "name"):
        return pd.Series(value).to_numpy().astype(np.dtype(column.dtype), copy=False)  # the frame copies
    named = isinstance(getattr(value, "dtype", None), pd.CategoricalDtype)  # its few categories decide, not its rows
    values: Any = pd.Categorical(value) if named else np.asarray(value)
    if values.dtype.kind in "iu":
        if values.size and not (values.min() >= 0 and values.max() < len(column.words)):
            raise InputError(where, f"codes below {len(column.words)}", values.max(), "correct the code")
        return pd.Categorical.from_codes(values, categories=pd.Index(column.words))
    place, given = pd.factorize(values, use_na_sentinel=False)
    given = pd.Index(given).astype(str)
    known = (*column.words, *sorted(set(given) - set(column.words))) if column.open else column.words
    codes = pd.Index(known).get_indexer(given)[place]
    for strange in values[codes < 0]:
        raise InputError(where, "one of its words", strange, did_you_mean(str(strange), column.words))
    return pd.Categorical.from_codes(codes, categories=pd.Index(known))


def empty(name: str) -> pd.DataFrame:
    """The table without rows."""
    return frame(name, {column: [] for column in table(name).names})


def to_arrow(name: str, rows: pd.DataFrame) -> pa.Table:
    """Cast to the schema, then sort in Arrow (pandas would sort categoricals by order of category)."""
    schema = table(name)
    if list(rows.columns) != schema.names:
        raise InputError(f"table {name}", ", ".join(schema.names), ", ".join(map(str, rows.columns)), "give these")
    plain: dict[str, Any] = {}
    for column in schema.columns:
        values = rows[column.name]
        if column.name == "value" and values.isna().any():
            raise InputError(f"table {name}, value", "a number in every row", "NaN", "leave the row out and say why")
        if column.dtype in ("word", "name"):
            values = values.astype("str")
        elif column.dtype == "float64":
            values = values + 0.0  # −0.0 becomes 0.0
        plain[column.name] = values
    types = [(c.name, _ARROW.get(c.dtype) or pa.from_numpy_dtype(np.dtype(c.dtype))) for c in schema.columns]
    made = pa.Table.from_pandas(pd.DataFrame(plain), schema=pa.schema(types), preserve_index=False)
    return made.sort_by([(key, "ascending") for key in schema.keys])


def write(name: str, rows: pd.DataFrame, path: Path | IO[bytes]) -> None:
    """Write a table as Parquet, to a file or an open stream; equal content gives equal bytes."""
    made = to_arrow(name, rows).replace_schema_metadata(None).combine_chunks()
    pq.write_table(made, path, version="2.6", data_page_version="1.0", compression="zstd", compression_level=3,
                   row_group_size=1 << 20, store_schema=False)


def read(name: str, path: Path) -> pd.DataFrame:
    """Read a table from a file, or a folder of such files; another schema raises an InputError."""
    if path.is_dir():
        return concat(name, (read(name, one) for one in sorted(path.glob("*.parquet"))))
    try:
        plain = _read_file(name, path).to_pandas()
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise InputError(str(path), f"the Parquet table {name}", error, "give the file that privacysim wrote") from None
    if list(plain.columns) != table(name).names:
        raise InputError(str(path), f"the columns of {name}", [*plain], "give the file that privacysim wrote")
    return frame(name, dict(plain.items()))


_MOST_ROWS, _MOST_BYTES = 10_000_000, 1 << 30
"""Five megabytes of Parquet can hold a hundred million equal rows."""


def _read_file(name: str, path: Path) -> pa.Table:
    """Read a file of bounded size; each text is held once, however many rows repeat it."""
    there = set(pq.read_schema(path).names)
    texts = [column.name for column in table(name).columns if column.dtype in _TEXTS and column.name in there]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        said = file.metadata
        size = sum(said.row_group(n).total_byte_size for n in range(said.num_row_groups))
        if said.num_rows > _MOST_ROWS or size > _MOST_BYTES:
            expected = f"a table of at most {_MOST_ROWS:,} rows and {_MOST_BYTES >> 20} MiB"
            raise InputError(str(path), expected, f"{said.num_rows:,} rows, {size >> 20:,} MiB", "run a smaller sample")
        return file.read()


def concat(name: str, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames of one table in order; categoricals stay categoricals."""
    kept = [rows for rows in frames if len(rows)]
    if not kept:
        return empty(name)
    made = pd.concat(kept, ignore_index=True)
    for column in table(name).columns:
        if column.open and not isinstance(made[column.name].dtype, pd.CategoricalDtype):  # the frames differ in words
            made[column.name] = _cast(name, column, made[column.name])
    return made


BAND_COLUMNS = ("policy", "metric", "curve", "unit", "n", "fewest", "drawn", "most", "note")
"""Columns of the range for a mapped city, between the views that show fewest and most people."""
