"""SQL queries over a saved results folder with DuckDB, also for tables larger than memory.

Views: each folder of `tables/` under its name (`acts`, `exposure`, `sightings` …), `metrics` and `summary`. A query
reads only this folder and writes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from privacysim.errors import InputError, ResultsError, require, shown


def views(folder: Path) -> dict[str, str]:
    """Map each view's name to the DuckDB call that reads its files."""
    found = {}
    for path in sorted((folder / "tables").glob("*/")):
        found[path.name] = f"read_parquet('{_quoted(path / '*.parquet')}')"
    if (folder / "metrics.parquet").is_file():
        found["metrics"] = f"read_parquet('{_quoted(folder / 'metrics.parquet')}')"
    if (folder / "summary.csv").is_file():
        found["summary"] = f"read_csv('{_quoted(folder / 'summary.csv')}', nullstr='')"
    return found


def query(folder: Path, sql: str, *, memory: str = "") -> pd.DataFrame:
    """Return the rows of one `select` over the folder's tables; `memory` ("512MB") limits DuckDB's memory.

    Uses one thread, so that floating-point sums are equal on every machine.
    """
    duckdb = require("analysis", "duckdb", where="query")
    known = views(folder)
    if not known:
        raise ResultsError(f"{folder}: holds no tables.\n  Fix: run the study with --tables.")
    with duckdb.connect() as connection:
        try:
            connection.execute("set threads = 1")
            connection.execute("set enable_progress_bar = false")
            for name, call in known.items():
                connection.execute(f'create view "{name}" as select * from {call}')
            if memory:
                connection.execute("set memory_limit = ?", [memory])
            connection.execute("set allowed_directories = ?", [[str(folder.resolve())]])
            connection.execute("set enable_external_access = false")
            found: pd.DataFrame = connection.execute(sql).df()
        except duckdb.Error as error:
            fix = "write select … from one of them; the columns stand in data/tables.csv"
            raise InputError("query", f"SQL over the views {', '.join(known)}", shown(error), fix) from None
    return found


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("'", "''")
