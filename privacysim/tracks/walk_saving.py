"""Writes the results folder of a walk, and GIS files of its cameras.

`DIR/` contains no position, no clock time and no file name. It holds tables by the cameras' line numbers and seconds
since the first fix, `timeline.svg`, and `manifest.json`, written last, which names inputs only by hash. `DIR/private/`
is made only on request. It holds the map and GIS files (GeoJSON, GeoPackage, GeoParquet), with cameras at their
positions in the input file and what they saw, and a note that it shows where somebody went.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from privacysim.errors import InputError, ResultsError, require
from privacysim.figures.style import svg_text
from privacysim.files import whole_file
from privacysim.resources import VERSION
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.publishing import (
    by_operator,
    publishable_cameras,
    publishable_passes,
    publishable_totals,
    quantiles,
    threshold,
)
from privacysim.tracks.walk_page import write_page
from privacysim.tracks.walk_pictures import Sketch, draw_map, draw_timeline

_PRIVATE = """The files in this folder show where a person walked. Keep them where you keep the track itself.
They are not part of the results: do not publish them, and do not add them to version control.
"""


def run_id(dose: Dose, options: Mapping[str, object]) -> str:
    """Identifier of a measurement: the same inputs, options and version give the same id."""
    said = json.dumps([VERSION, dict(dose.digests), dict(options)], sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:16]


def save_dose(dose: Dose, rules: pd.DataFrame, folder: Path, options: Mapping[str, object], *, private: bool = False,
              exports: Sequence[str] = (), force: bool = False, drawing: Sketch | None = None,
              ways: pd.DataFrame | None = None, unmapped: pd.DataFrame | None = None) -> bool:
    """Write the results folder; returns False if the very same measurement is already there.

    `private` adds the map. `exports` are suffixes (`.geojson`, `.gpkg`, `.parquet`) of GIS files to add. Raises
    ResultsError for a folder that holds another measurement, unless `force`. `drawing` is what the map shows (default:
    the walk and its cameras); `ways` is the table of other ways, `unmapped` the table of unmapped cameras.
    """
    own, manifest = run_id(dose, options), folder / "manifest.json"
    before = _saved_id(manifest)
    if before is not None and before != own and not force:
        raise ResultsError(f"{folder}: holds the results of another run.\n  Fix: name another --out, or add --force.")
    done = before == own
    if not done:
        manifest.unlink(missing_ok=True)
        _write_tables(dose, rules, folder)
        for name, rows in (("unmapped.csv", unmapped if publishable_totals(dose) else None), ("ways.csv", ways)):
            if rows is not None:
                _write_text(folder / name, rows.to_csv(index=False, float_format="%.1f", lineterminator="\n"))
    if private or exports:
        _write_private(dose, folder / "private", private, exports, drawing)
    if not done:
        _write_text(manifest, json.dumps(_manifest(dose, own, options), indent=1, ensure_ascii=False) + "\n")
    return not done


def _saved_id(manifest: Path) -> str | None:
    if not manifest.is_file():
        return None
    try:
        return str(json.loads(manifest.read_text("utf-8")).get("run_id"))
    except (json.JSONDecodeError, AttributeError, UnicodeDecodeError, RecursionError):
        return "unreadable"


def _manifest(dose: Dose, own: str, options: Mapping[str, object]) -> dict[str, object]:
    left_out = publishable_cameras(dose)[1]
    return {
        "run_id": own, "privacysim": VERSION, "sha256": dict(dose.digests), "options": dict(options),
        "people": dose.people, "cells_left_out": left_out, "cell_threshold": threshold(), "notes": list(dose.notes),
    }


def _write_tables(dose: Dose, rules: pd.DataFrame, folder: Path) -> None:
    totals = publishable_totals(dose)
    tables = {
        "cameras.csv": publishable_cameras(dose)[0], "passes.csv": publishable_passes(dose),
        "operators.csv": by_operator(dose),
        # the kinds of cameras that a few people met tell something about these people too
        "rights.csv": rules if totals else rules.iloc[:0],
        "totals.csv": pd.DataFrame({"name": list(totals), "value": list(totals.values())}),
    }
    if dose.people > 1:
        tables["people.csv"] = quantiles(dose)
    for name, rows in tables.items():
        _write_text(folder / name, rows.to_csv(index=False, float_format="%.3f", lineterminator="\n"))
    if dose.people == 1:
        _write_text(folder / "timeline.svg", svg_text(draw_timeline(dose).figure))  # type: ignore[arg-type]


def _write_private(dose: Dose, folder: Path, with_map: bool, exports: Sequence[str],
                   drawing: Sketch | None) -> None:
    _write_text(folder / "READ_ME_FIRST.txt", _PRIVATE)
    _write_text(folder / ".gitignore", "*\n")
    if with_map:
        write_page(dose, folder / "map.html", drawing)
        _write_text(folder / "map.svg", svg_text(draw_map(dose, drawing=drawing).figure))  # type: ignore[arg-type]
    for ending in exports:
        write_gis(dose, folder / f"cameras{ending}")


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


_WGS84 = ('GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
          'UNIT["degree",0.0174532925199433]]')


_GEOPACKAGE = """
PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  PRIMARY KEY (table_name, column_name));
"""


def seen_cameras(dose: Dose) -> pd.DataFrame:
    """Publishable rows of cameras with their positions `lon`, `lat` and what was mapped about them."""
    rows, _ = publishable_cameras(dose)
    index = dose.cameras.set_index("camera")["index"].loc[rows["camera"]].to_numpy()
    mapped = dose.mapped
    return rows.assign(lon=mapped.lon[index], lat=mapped.lat[index], heading_deg=mapped.heading_deg[index],
                       hfov_deg=mapped.hfov_deg[index])


def write_gis(dose: Dose, path: Path) -> None:
    """Write the cameras that saw the walk as .geojson, .gpkg or .parquet (GeoParquet 1.1), by the path's suffix."""
    writers = {".geojson": _geojson, ".gpkg": _geopackage, ".parquet": _geoparquet}
    if path.suffix not in writers:
        raise InputError(str(path), "a name that ends in " + ", ".join(writers), path.suffix, "choose one of these")
    with whole_file(path) as part:
        writers[path.suffix](seen_cameras(dose), part)


def _geojson(rows: pd.DataFrame, path: Path) -> None:
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]},
         "properties": {key: None if value != value else value for key, value in row.items()}}
        for row in json.loads(rows.to_json(orient="records", double_precision=12))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")


def _wkb(lon: float, lat: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, lon, lat)


def _geopackage(rows: pd.DataFrame, path: Path) -> None:
    """Write a minimal GeoPackage (OGC 12-128r19): three tables of metadata and one of features."""
    head = struct.pack("<2sBBi", b"GP", 0, 1, 4326)
    places = [head + _wkb(lon, lat) for lon, lat in zip(rows["lon"], rows["lat"], strict=True)]
    table = rows.drop(columns=["lon", "lat"])
    kinds = dict.fromkeys(table.select_dtypes("bool").columns, "BOOLEAN")
    table.insert(0, "geom", pd.Series(places, dtype=object))
    table.insert(0, "fid", np.arange(1, len(table) + 1))
    box = [float(rows[axis].agg(end)) if len(rows) else 0.0 for end in ("min", "max") for axis in ("lon", "lat")]
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(_GEOPACKAGE)
        table.to_sql("cameras", base, index=False, dtype={**kinds, "fid": "INTEGER PRIMARY KEY", "geom": "BLOB"})
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", [
            ("undefined cartesian", -1, "NONE", -1, "undefined", None),
            ("undefined geographic", 0, "NONE", 0, "undefined", None), ("WGS 84", 4326, "EPSG", 4326, _WGS84, None),
        ])  # fmt: skip
        base.execute("INSERT INTO gpkg_contents VALUES ('cameras','features','cameras','',?,?,?,?,?,4326)",
                     ("1970-01-01T00:00:00.000Z", *box))  # fmt: skip
        base.execute("INSERT INTO gpkg_geometry_columns VALUES ('cameras','geom','POINT',4326,0,0)")


def _geoparquet(rows: pd.DataFrame, path: Path) -> None:
    geometry = [_wkb(lon, lat) for lon, lat in zip(rows["lon"], rows["lat"], strict=True)]
    table = pa.Table.from_pandas(rows.drop(columns=["lon", "lat"]), preserve_index=False)
    table = table.append_column("geometry", pa.array(geometry, pa.binary()))
    said = {"version": "1.1.0", "primary_column": "geometry",
            "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(said)}), path)


def to_geodataframe(dose: Dose) -> Any:
    """Cameras that saw the walk as a geopandas GeoDataFrame; needs the extra `map`."""
    geopandas = require("map", "geopandas", where="to_geodataframe")
    rows = seen_cameras(dose)
    points = geopandas.points_from_xy(rows["lon"], rows["lat"])
    return geopandas.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=points, crs="EPSG:4326")
