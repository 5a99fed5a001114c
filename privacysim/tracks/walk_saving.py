"""Writes the results folder of a walk, and GIS files of its cameras.

`DIR/` contains no position, no clock time and no file name: tables by the cameras' line numbers and seconds since the
first fix, `timeline.svg`, and `manifest.json`, written last, which names inputs only by hash. `DIR/private/` is made
only on request: the map and GIS files, with cameras at their positions and what they saw.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from privacysim.errors import InputError, ResultsError, require
from privacysim.figures.style import svg_text
from privacysim.files import write_whole
from privacysim.resources import VERSION
from privacysim.results.folder import claimed
from privacysim.tracks import dose_tables
from privacysim.tracks.detour import Detours
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.walk_pictures import draw_timeline, page
from privacysim.tracks.walk_sight import Town

_PRIVATE = """The files in this folder show where a person walked. Keep them where you keep the track itself.
They are not part of the results: do not publish them, and do not add them to version control.
"""


def save_dose(dose: Dose, rules: pd.DataFrame, folder: Path, options: Mapping[str, object], *, private: bool = False,
              exports: Sequence[str] = (), force: bool = False, town: Town | None = None, ways: Detours | None = None,
              unmapped: pd.DataFrame | None = None) -> None:
    """Write the results folder; one of the very same measurement (inputs, options, version) is written again.

    `private` adds the map, with the `town` and the least-seen of the other `ways`. `exports` are suffixes (`.geojson`,
    `.gpkg`, `.parquet`) of GIS files to add. Raises ResultsError for a folder that holds another measurement, unless
    `force`. `unmapped` is the table of unmapped cameras.
    """
    said = json.dumps([VERSION, dict(dose.digests), dict(options)], sort_keys=True, default=str)
    own = sha256(said.encode()).hexdigest()[:16]
    with claimed(folder, own, lambda path: _saved_id(path / "manifest.json") not in (None, "unreadable")):
        manifest = folder / "manifest.json"
        if _saved_id(manifest) not in (None, own) and not force:
            raise ResultsError(f"{folder}: holds the results of another run.\n"
                               "  Fix: name another --out, or add --force.")  # fmt: skip
        if private or exports:
            write_whole(folder / "private" / "READ_ME_FIRST.txt", _PRIVATE)
            write_whole(folder / "private" / ".gitignore", "*\n")
            if private:
                write_whole(folder / "private" / "map.html", page(dose, town, ways.nodes[-1:] if ways else ()))
            for ending in exports:
                write_gis(dose, folder / "private" / f"cameras{ending}")
        manifest.unlink(missing_ok=True)
        totals, (cameras, left_out) = dose_tables.publishable_totals(dose), dose_tables.publishable_cameras(dose)
        tables = {
            "cameras.csv": cameras, "passes.csv": dose_tables.publishable_passes(dose),
            "operators.csv": dose_tables.by_operator(dose),
            # the kinds of cameras that a few people met tell something about these people too
            "rights.csv": rules if totals else rules.iloc[:0],
            "totals.csv": pd.DataFrame({"name": list(totals), "value": list(totals.values())}),
            "people.csv": dose_tables.quantiles(dose) if dose.people > 1 else None,
            "unmapped.csv": unmapped if totals else None, "ways.csv": ways.table if ways else None,
        }
        for name, rows in tables.items():
            if rows is not None:
                digits = "%.1f" if name in ("unmapped.csv", "ways.csv") else "%.3f"
                write_whole(folder / name, rows.to_csv(index=False, float_format=digits, lineterminator="\n"))
        if dose.people == 1:
            write_whole(folder / "timeline.svg", svg_text(draw_timeline(dose).figure))  # type: ignore[arg-type]
        about = {"run_id": own, "privacysim": VERSION, "sha256": dict(dose.digests), "options": dict(options),
                 "people": dose.people, "cells_left_out": left_out, "cell_threshold": dose_tables.threshold(),
                 "notes": list(dose.notes)}
        write_whole(manifest, json.dumps(about, indent=1, ensure_ascii=False) + "\n")


def _saved_id(manifest: Path) -> str | None:
    if not manifest.is_file():
        return None
    try:
        return str(json.loads(manifest.read_text("utf-8")).get("run_id"))
    except (json.JSONDecodeError, AttributeError, UnicodeDecodeError, RecursionError):
        return "unreadable"


def to_geodataframe(dose: Dose) -> Any:
    """Publishable cameras that saw the walk, at their positions, as a geopandas GeoDataFrame; needs the extra `map`."""
    geopandas = require("map", "geopandas", where="GIS files of cameras")
    rows, _ = dose_tables.publishable_cameras(dose)
    index = dose.cameras.set_index("camera")["index"].loc[rows["camera"]].to_numpy()
    mapped = dose.mapped
    rows = rows.assign(heading_deg=mapped.heading_deg[index], hfov_deg=mapped.hfov_deg[index])
    points = geopandas.points_from_xy(mapped.lon[index], mapped.lat[index])
    return geopandas.GeoDataFrame(rows, geometry=points, crs="EPSG:4326")


def write_gis(dose: Dose, path: Path) -> None:
    """Write the cameras that saw the walk as .geojson, .gpkg or .parquet (GeoParquet), by the path's suffix."""
    frame, content = to_geodataframe(dose), BytesIO()
    if path.suffix == ".geojson":
        content.write(frame.to_json(drop_id=True).encode())
    elif path.suffix == ".gpkg":
        frame.to_file(content, driver="GPKG", layer="cameras")
    elif path.suffix == ".parquet":
        frame.to_parquet(content, index=False)
    else:
        expected = "a name that ends in .geojson, .gpkg or .parquet"
        raise InputError(str(path), expected, path.suffix, "choose one of these")
    write_whole(path, content.getvalue())
