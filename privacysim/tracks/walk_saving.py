"""A dosimeter's results folder: what was seen, by which cameras, under which rules; the inputs only as hashes.

`DIR/` holds no position, no clock time and no file name: tables by the cameras' line numbers and seconds since the
first fix, `timeline.svg`, and `manifest.json`, written last. `DIR/private/` is made on request only; it holds the map
and files for GIS, and a note that it shows where somebody went.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pandas as pd

from privacysim.errors import ResultsError
from privacysim.figures.style import svg_text
from privacysim.files import whole_file
from privacysim.resources import VERSION
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.gis import write_gis
from privacysim.tracks.operators import by_operator
from privacysim.tracks.publishing import (
    publishable_cameras,
    publishable_passes,
    publishable_totals,
    quantiles,
    threshold,
)
from privacysim.tracks.sketch import Sketch
from privacysim.tracks.walk_page import write_page
from privacysim.tracks.walk_pictures import draw_map, draw_timeline

_PRIVATE = """The files in this folder show where a person walked. Keep them where you keep the track itself.
They are not part of the results: do not publish them, and do not add them to version control.
"""


def run_id(dose: Dose, options: Mapping[str, object]) -> str:
    """Names one measurement: the same inputs, options and version give the same id."""
    said = json.dumps([VERSION, dict(dose.digests), dict(options)], sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:16]


def save_dose(dose: Dose, rules: pd.DataFrame, folder: Path, options: Mapping[str, object], *, private: bool = False,
              exports: Sequence[str] = (), force: bool = False, drawing: Sketch | None = None,
              ways: pd.DataFrame | None = None, unmapped: pd.DataFrame | None = None) -> bool:
    """Write the results folder; False where the very same measurement was there already.

    `private` adds the map; `exports` are endings (`.geojson`, `.gpkg`, `.parquet`) of files for GIS beside it. A folder
    that holds another measurement is a ResultsError unless `force`. `drawing` is what the map shows, by default the
    walk and its cameras; `ways` is the table of other ways, `unmapped` that of cameras nobody mapped.
    """
    own, manifest = run_id(dose, options), folder / "manifest.json"
    before = _saved_id(manifest)
    if before is not None and before != own and not force:
        raise ResultsError(f"{folder}: holds the results of another run.\n  Fix: name another --out, or add --force.")
    done = before == own
    if not done:
        manifest.unlink(missing_ok=True)
        _write_tables(dose, rules, folder)
        if unmapped is not None and publishable_totals(dose):
            _write_text(folder / "unmapped.csv", unmapped.to_csv(index=False, float_format="%.1f", lineterminator="\n"))
        if ways is not None:
            _write_text(folder / "ways.csv", ways.to_csv(index=False, float_format="%.1f", lineterminator="\n"))
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
        # which kinds of cameras a few people met is about these people too
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
