"""Results of a study: values per replicate, notes on undefined values, their provenance, and SQL over saved tables."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from privacysim import tables
from privacysim.errors import InputError, ResultsError, did_you_mean, require, shown
from privacysim.metrics import METRICS, Metric
from privacysim.results.comparison import Comparison
from privacysim.results.folder import claimed, has_results
from privacysim.results.manifest import declared, read_manifest
from privacysim.results.saving import WORLD_TABLES, changed_files, save_folder
from privacysim.results.summary_rows import Skewness, compare
from privacysim.simulation.inputs import Inputs, arm_named
from privacysim.simulation.unit_parts import in_words
from privacysim.tables import BAND_COLUMNS

_LARGEST = 1e150
"""Larger than any value of a study; the square of a larger number is infinite."""


@dataclass(frozen=True, repr=False)
class Results:
    """Results of a study.

    `metrics` follows the table `metrics` (one row per policy, replicate, metric and curve). `notes` says what is
    undefined and why; `manifest` says what was run. `compare` compares the arms and `save` writes a folder. `band` has
    rows only for mapped cameras: means with the views that show fewest and most, and why some have no band.
    """

    manifest: Mapping[str, Any]
    metrics: pd.DataFrame
    notes: pd.DataFrame
    skewness: Skewness
    inputs: Inputs | None = None
    band: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(BAND_COLUMNS)))
    worlds: pd.DataFrame = field(default_factory=lambda: tables.empty("metrics"))
    """Values in worlds that differ in their facts, as `metrics`: replicate 100 000 + j is world j (`world_ranges`)."""
    world_facts: pd.DataFrame = field(default_factory=lambda: tables.empty("world_facts"))
    """Facts that the worlds drew: world, fact, value."""
    folder: Path | None = None
    """Folder of saved results, if any."""

    def __repr__(self) -> str:
        study = self.manifest["study"]
        sizes = f"{len(self.manifest['replicates'])} replicates, {self.metrics['metric'].nunique()} metrics"
        return f"Results({study['id']!r}, run {self.run_id}: {', '.join(self.arms)}; {study['days']} days, {sizes})"

    def _repr_html_(self) -> str:
        study, titles = self.manifest["study"], ", ".join(str(arm["title"]) for arm in self.manifest["arms"])
        said = (f"{titles}; {study['days']} days, {len(self.manifest['replicates'])} replicates, "
                f"seed {study['seed']}, run {self.run_id}. ")  # fmt: skip
        return (f"<p><b>Results of {escape(str(study['title'] or study['id']))}</b>: {escape(said)}"
                "<code>.compare()</code> says what differs.</p>")  # fmt: skip

    @cached_property
    def declared(self) -> dict[str, Metric]:
        """Every metric by name: shipped ones, and those of this run as declared in its manifest."""
        return METRICS | {str(said["name"]): declared(said) for said in self.manifest.get("metrics", [])}

    @property
    def run_id(self) -> str:
        """Hash of the resolved inputs."""
        return str(self.manifest["run_id"])

    @property
    def arms(self) -> list[str]:
        """Ids of the arms, in the order of the study."""
        return [str(arm["id"]) for arm in self.manifest["arms"]]

    def compare(self, baseline: str | None = None) -> Comparison:
        """Compare every arm with `baseline` (by default the study's own), paired by replicate."""
        study = self.manifest["study"]
        base = arm_named(self.arms, baseline or study["baseline"])
        measures = [study["primary"], *study.get("measures", ())]
        rows = compare(self.metrics, self.notes, self.skewness, self.arms, base, measures,
                       len(self.manifest["replicates"]), study["sample"] == "all", self.declared)
        titles = {str(arm["id"]): str(arm["title"]) for arm in self.manifest["arms"]}
        return Comparison(rows, base, study["primary"], study["start"], titles, self.metrics, self.declared,
                          self.worlds, self.world_facts)  # fmt: skip

    @property
    def failures(self) -> list[str]:
        """Failures that were left out, in words, with the command that reproduces each; empty if there are none."""
        return in_words(self.manifest)

    def query(self, sql: str) -> pd.DataFrame:
        """Run SQL over the saved tables (`acts`, `exposure` …, `metrics`, `summary`) of any size, with DuckDB.

        >>> results.query("select policy, count(*) as n from acts group by policy order by policy")  # doctest: +SKIP
        """
        return query(self._whole(), sql)

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the saved tables as a frame, all in memory."""
        where = self._whole() / "tables"
        known = [path.name for path in sorted(where.glob("*/"))]
        if name not in known:
            fix = did_you_mean(name, known) if known else "run with --tables"
            raise InputError("table", "a saved table", name, fix)
        return tables.read(name, where / name)

    @cached_property
    def _tables_changed(self) -> list[str]:
        found = changed_files(self._saved(), self.manifest, whole=True)
        return [line for line in found if line.startswith(("tables/", "summary.csv"))]

    def _whole(self) -> Path:
        """Folder whose tables are as they were written."""
        for line in self._tables_changed:
            raise ResultsError(f"{self.folder}: {line}.\n  Fix: restore the folder, or run again, with --force.")
        return self._saved()

    def _saved(self) -> Path:
        if self.folder is None:
            raise ResultsError("These results are not saved, so there are no tables.\n"
                               '  Fix: study.run(out="…", tables="seen"), or load_results.')  # fmt: skip
        return self.folder

    def save(self, folder: str | Path, *, force: bool = False,
             also: Mapping[str, Callable[[], str]] | None = None, owned: bool = False) -> Path:
        """Write the results folder; `manifest.json` is written last, so its presence marks a complete folder.

        `owned`: the caller has claimed the folder already, as a run does.
        """
        with nullcontext() if owned else claimed(Path(folder), self.run_id, partial(has_results, any_version=force)):
            return save_folder(
                Path(folder), self.manifest, self.metrics, self.notes, self.skewness, self.compare().rows,
                band=self.band, worlds=self.worlds, world_facts=self.world_facts, inputs=self.inputs, force=force,
                also=also or {},
            )  # fmt: skip


def load_results(folder: str | Path) -> Results:
    """Read a results folder; one that is incomplete, foreign or was changed since it was written raises an error."""
    return read_results(Path(folder))


def read_results(where: Path, *, checked: bool = True) -> Results:
    """Read a results folder; `checked`: refuse one that was changed, before its tables are read."""
    manifest = read_manifest(where, seal=checked)
    if manifest is None:
        raise ResultsError(f"{where}: there are no complete results (no manifest.json).\n"
                           "  Fix: run the study again, with --resume if it was interrupted.")  # fmt: skip
    if checked and (wrong := changed_files(where, manifest, whole=False)):
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise ResultsError(f"{where}: {wrong[0]}{more}.\n"
                           "  Fix: restore the folder, or run the study again, with --force.")  # fmt: skip
    notes = pd.DataFrame(manifest["notes"], columns=["policy", "replicate", "metric", "curve", "note"])
    skewness = {(p, m, c): float(gamma) for p, m, c, gamma in manifest["skewness"]}
    metrics = tables.read("metrics", where / "metrics.parquet")
    keys = ["policy", "replicate", "metric", "curve"]
    arms = {str(arm["id"]) for arm in manifest["arms"]}
    whole = set(metrics["replicate"]) == set(manifest["replicates"]) and set(metrics["policy"]) == arms
    if not whole or metrics.duplicated(keys).any() or (metrics["value"].abs() > _LARGEST).any():
        raise ResultsError(f"{where / 'metrics.parquet'}: was changed since it was written (replicates or policies of "
                           f"another manifest, repeated values, or values above {_LARGEST:g}).\n"
                           "  Fix: run the study again, with --force.")  # fmt: skip
    band = _band(where / "band.csv")
    worlds, drawn = (tables.read(kind, path) if (path := where / f"{name}.parquet").is_file() else tables.empty(kind)
                     for name, kind in WORLD_TABLES.items())  # fmt: skip
    return Results(manifest, metrics, notes, skewness, band=band, worlds=worlds, world_facts=drawn, folder=where)


def _band(path: Path) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=list(BAND_COLUMNS))
    try:
        rows = pd.read_csv(path, dtype={"curve": str, "note": str})[list(BAND_COLUMNS)]
        return rows.fillna({"curve": "", "note": ""}).astype(dict.fromkeys(["fewest", "drawn", "most"], float))
    except (ValueError, KeyError) as error:  # of another form, or not in UTF-8
        raise InputError(str(path), f"a table with the columns {', '.join(BAND_COLUMNS)}", error,
                         "give the file that privacysim wrote") from None  # fmt: skip


def query(folder: Path, sql: str) -> pd.DataFrame:
    """Return the rows of one `select` over a results folder with DuckDB, also over tables larger than memory.

    Views: each folder of `tables/` under its name (`acts`, `exposure`, `sightings` …), `metrics` and `summary`. A query
    reads only this folder and writes nothing. It uses one thread, so that floating-point sums are equal everywhere.
    """
    duckdb = require("analysis", "duckdb", where="query")
    files = {path.name: path / "*.parquet" for path in sorted((folder / "tables").glob("*/"))}
    single = {"metrics": folder / "metrics.parquet", "summary": folder / "summary.csv"}
    files |= {name: path for name, path in single.items() if path.is_file()}
    if not files:
        raise ResultsError(f"{folder}: holds no tables.\n  Fix: run the study with --tables.")
    with duckdb.connect() as connection:
        try:
            connection.execute("set threads = 1; set enable_progress_bar = false")
            for name, path in files.items():
                quoted = str(path.resolve()).replace("'", "''")
                call = f"read_csv('{quoted}', nullstr='')" if path.suffix == ".csv" else f"read_parquet('{quoted}')"
                connection.execute(f'create view "{name}" as select * from {call}')
            connection.execute("set allowed_directories = ?", [[str(folder.resolve())]])
            connection.execute("set enable_external_access = false")
            found: pd.DataFrame = connection.execute(sql).df()
        except duckdb.Error as error:
            fix = "write select … from one of them; the columns stand in data/tables.csv"
            raise InputError("query", f"SQL over the views {', '.join(files)}", shown(error), fix) from None
    return found
