"""Out to other tools: GeoJSON, GeoPackage and GeoParquet of the cameras that saw a walk, for QGIS and friends.

What goes out is cameras, at the positions of the file that they came from, with what they saw; never the walk's own
positions. All the same a list of cameras passed tells roughly where somebody went: it belongs where the track belongs.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from privacysim.errors import InputError, require
from privacysim.files import whole_file
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.publishing import publishable_cameras

_WGS84 = ('GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
          'UNIT["degree",0.0174532925199433]]')


def seen_cameras(dose: Dose) -> pd.DataFrame:
    """The publishable rows of cameras with their positions `lon`, `lat` and what was mapped about them."""
    rows, _ = publishable_cameras(dose)
    index = dose.cameras.set_index("camera")["index"].loc[rows["camera"]].to_numpy()
    mapped = dose.mapped
    return rows.assign(lon=mapped.lon[index], lat=mapped.lat[index], heading_deg=mapped.heading_deg[index],
                       hfov_deg=mapped.hfov_deg[index])


def write_gis(dose: Dose, path: Path) -> None:
    """Write the cameras that saw the walk as .geojson, .gpkg or .parquet (GeoParquet 1.1), by the path's ending."""
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
    """The least that the standard asks for (OGC 12-128r19): three tables of metadata and one of features."""
    plain = rows.drop(columns=["lon", "lat"])
    kinds = {"i": "INTEGER", "f": "REAL", "b": "BOOLEAN"}
    columns = ", ".join(f'"{name}" {kinds.get(plain[name].dtype.kind, "TEXT")}' for name in plain.columns)
    box = [float(rows[axis].agg(end)) if len(rows) else 0.0 for end in ("min", "max") for axis in ("lon", "lat")]
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(
            "PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;"
            "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT "
            "NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);"
            "CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, "
            "description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, "
            "max_y DOUBLE, srs_id INTEGER);"
            "CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, "
            "geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, "
            "PRIMARY KEY (table_name, column_name));"
            f"CREATE TABLE cameras (fid INTEGER PRIMARY KEY, geom BLOB, {columns});"
        )
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", [
            ("undefined cartesian", -1, "NONE", -1, "undefined", None),
            ("undefined geographic", 0, "NONE", 0, "undefined", None), ("WGS 84", 4326, "EPSG", 4326, _WGS84, None),
        ])
        base.execute("INSERT INTO gpkg_contents VALUES ('cameras','features','cameras','',?,?,?,?,?,4326)",
                     ("1970-01-01T00:00:00.000Z", *box))
        base.execute("INSERT INTO gpkg_geometry_columns VALUES ('cameras','geom','POINT',4326,0,0)")
        head = b"GP\x00\x01" + struct.pack("<i", 4326)
        marks = ",".join("?" * (len(plain.columns) + 2))
        for number, (values, lon, lat) in enumerate(zip(
            plain.astype(object).itertuples(index=False), rows["lon"], rows["lat"], strict=True), 1):
            base.execute(f"INSERT INTO cameras VALUES ({marks})", (number, head + _wkb(lon, lat), *map(_sql, values)))


def _sql(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _geoparquet(rows: pd.DataFrame, path: Path) -> None:
    geometry = [_wkb(lon, lat) for lon, lat in zip(rows["lon"], rows["lat"], strict=True)]
    table = pa.Table.from_pandas(rows.drop(columns=["lon", "lat"]), preserve_index=False)
    table = table.append_column("geometry", pa.array(geometry, pa.binary()))
    said = {"version": "1.1.0", "primary_column": "geometry",
            "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(said)}), path)


def to_geodataframe(dose: Dose) -> Any:
    """The cameras that saw the walk as a geopandas GeoDataFrame; it needs the extra `map`."""
    geopandas = require("map", "geopandas", where="to_geodataframe")
    rows = seen_cameras(dose)
    points = geopandas.points_from_xy(rows["lon"], rows["lat"])
    return geopandas.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=points, crs="EPSG:4326")
