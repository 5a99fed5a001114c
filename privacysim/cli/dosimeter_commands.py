"""The command `dosimeter`: which of a file's cameras saw a walk, and who may see the footage."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from privacysim.cli.options import console, day, grid, group, words
from privacysim.errors import InputError
from privacysim.files import file_digest
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.tracks import dose_tables
from privacysim.tracks.detour import detours, read_town
from privacysim.tracks.dosimeter import LEVELS, Dose, measure_walk
from privacysim.tracks.walk_saving import save_dose
from privacysim.units import duration_text

dosimeter_app = group()
_SHOWN = 20
"""Number of cameras in the printed table; the saved table has all."""


@dosimeter_app.command()
def dosimeter(
    gpx: Annotated[Path, typer.Option(help="Track: GPX, KML, GeoJSON, GeoPackage, CSV, SUMO or MATSim.")],
    cameras: Annotated[Path, typer.Option(help="Cameras: CSV, GeoJSON, KML, GeoPackage or .osm.pbf.")],
    streets: Annotated[Path | None, typer.Option(help="OpenStreetMap extract: buildings and other ways.")] = None,
    range_m: Annotated[float | None, typer.Option("--range", help="Range of every camera in metres.")] = None,
    recall: Annotated[str, typer.Option(help="Share of the cameras that is mapped: 0.63 or 0.63:0.5-0.8.")] = "",
    policies: Annotated[str, typer.Option(help="Comma-separated policies.")] = "notice_only,guangzhou_draft,order_799",
    law_date: Annotated[str, typer.Option(help="Date on which the general law applies.")] = "2026-01-01",
    out: Annotated[Path | None, typer.Option(help="Results folder. Without it, nothing is written.")] = None,
    private: Annotated[bool, typer.Option("--map", help="Add OUT/private with a map, which shows the walk.")] = False,
    export: Annotated[str, typer.Option(help="Files for GIS in OUT/private: geojson,gpkg,parquet.")] = "",
    columns: Annotated[str, typer.Option(help="Columns of the cameras' table: lat=Breite,lon=Länge,heading=….")] = "",
    track_columns: Annotated[str, typer.Option(help="Columns of the track's table: lat=…,lon=…,time=…,person=….")] = "",
    network: Annotated[Path | None, typer.Option(help="The network.xml of a MATSim track.")] = None,
    crs: Annotated[str, typer.Option(help="Projection of a MATSim network that names none: EPSG:25832.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the results of another run in OUT.")] = False,
) -> None:
    """Show which cameras saw a walk, when and at what level of detail, and who may see the footage until when.

    No position, time or file name of the track is printed or written unless you ask for it with --map or --export.
    """
    if range_m is not None and not 0 < range_m <= 2_000:
        raise InputError("--range", "metres above 0, at most 2000", range_m, "give the reach of a camera")
    exports = [f".{word.lstrip('.')}" for word in words(export)]
    for ending in (ending for ending in exports if ending not in (".geojson", ".gpkg", ".parquet")):
        raise InputError("--export", "geojson, gpkg or parquet", ending.lstrip("."), "choose among these")
    if (private or exports) and out is None:
        raise InputError("--map, --export", "--out DIR", "no folder", "add --out DIR")
    share = dose_tables.recall_of(recall) if recall else None
    when, names = day(law_date), words(policies)
    frame = read_cameras(cameras, _pairs("--columns", columns))
    town = read_town(streets) if streets else None
    tracks = read_tracks(gpx, _pairs("--track-columns", track_columns), network, crs)
    dose = measure_walk(tracks, frame, range_m=range_m, town=town)
    rules = dose_tables.rights(dose, names, when)
    others = detours(dose, town, range_m) if town and dose.people == 1 else None
    unmapped = dose_tables.with_unmapped(dose, share) if share else None
    _say(dose, rules, unmapped)
    if others:
        ways = others.table[["way", "metres", "more_metres", "camera_metres", "cameras"]].map("{:.0f}".format)
        walked = f"{dose.sight.camera_m.sum():.0f} camera-metres on {dose.totals['metres']:.0f} m"
        console().print(grid(("way", "metres", "more metres", "camera-metres", "cameras"), ways.to_numpy(),
                             title=f"Other ways between the same ends (the walk: {walked})"))
    if out is not None:
        options = {"range_m": range_m, "policies": names, "law_date": law_date, "columns": columns,
                   "track_columns": track_columns, "streets": file_digest(streets) if streets else None,
                   "network": file_digest(network) if network else None, "crs": crs, "recall": recall}
        save_dose(dose, rules, out, options, private=private, exports=exports, force=force, town=town, ways=others,
                  unmapped=unmapped)
        print(f"Saved in {out}.")
        if private or exports:
            print(f"{out / 'private'} shows where the walk went: keep it where you keep the track.")


def _pairs(option: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in words(text):
        ours, equals, theirs = part.partition("=")
        if not equals or not theirs.strip():
            raise InputError(option, "our name = the file's column", part, "write lat=Latitude,lon=Longitude")
        found[ours.strip()] = theirs.strip()
    return found


def _say(dose: Dose, rules: pd.DataFrame, unmapped: pd.DataFrame | None) -> None:
    out, totals = console(), dose_tables.publishable_totals(dose)
    if not totals:
        out.print(f"{dose.people} people: fewer than {dose_tables.threshold()}, so nothing about them is shown.")
    else:
        out.print(f"[bold]{totals['metres']:.0f} m walked in {duration_text(round(totals['seconds']))}[/bold]")
        out.print(f"In view of {_band(totals, 'cameras')} cameras "
                  f"({_band(totals, 'cameras_at_fixes')} at the recorded fixes alone, ignoring buildings).")
        out.print(grid(("level", "metres in view", "seconds in view"), (
            (level, *(_band(totals, f"{what}_in_view_{level}") for what in ("metres", "seconds"))) for level in LEVELS
        ), left=("level",)))  # fmt: skip
        if unmapped is not None:
            low, mean, high = unmapped.loc[unmapped["what"] == "cameras", ["low", "mean", "high"]].to_numpy()[0]
            out.print(f"Including unmapped cameras: about {mean:.0f} cameras, {low:.0f} to {high:.0f}.")
        _say_cameras(out, dose)
        _say_rights(out, rules)
    if totals and (count := int((dose.cameras["operator"] == "unknown").sum())):
        out.print(f"{count} cameras have no operator on the map and count as shops (commercial, public_other).")
    for note in dose.notes:
        out.print(f"- {note}", markup=False)


def _band(totals: dict[str, float], name: str) -> str:
    low, high = totals[f"{name}_low"], totals[f"{name}_high"]
    return f"{high:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"


def _cell(row: Mapping[Hashable, Any], name: str) -> str:
    low, middle, high = row[f"{name}_low"], row[name], row[f"{name}_high"]
    return f"{middle:.1f}" if high - low < 0.05 else f"{middle:.1f} ({low:.1f}–{high:.1f})"


def _say_cameras(out: Any, dose: Dose) -> None:
    rows, left_out = dose_tables.publishable_cameras(dose)
    first = dose.passes.groupby("camera")["enter_s"].min()
    longest = rows.sort_values("seconds_detect_high", ascending=False, kind="stable").head(_SHOWN).to_dict("records")
    out.print(grid(
        ("line", "operator", "heading", "first, min", "passes", "detect, s", "recognise, s", "identify, s"),
        ((str(row["camera"]), str(row["operator"]), "known" if row["heading_known"] else "not known",
          f"{first[row['camera']] / 60:.1f}" if dose.people == 1 else "–", str(row["passes"]),
          *(_cell(row, f"seconds_{level}") for level in ("detect", "recognise", "identify"))) for row in longest),
        title="Cameras, longest first", left=("operator", "heading"),
    ))  # fmt: skip
    if len(rows) > _SHOWN:
        out.print(f"… and {len(rows) - _SHOWN} more.")
    if left_out:
        out.print(f"{left_out} cameras passed by fewer than {dose_tables.threshold()} people are left out.")


def _say_rights(out: Any, rules: pd.DataFrame) -> None:
    for (policy, operator), rows in rules.groupby(["policy", "operator"], sort=False):
        kept = rows.iloc[0]
        low, value, high = (duration_text(kept[name]) for name in ("kept_low_s", "kept_s", "kept_high_s"))
        until = value if low == high else f"{value} ({low} to {high})"
        out.print(f"[bold]{policy}[/bold], {kept['cameras']} cameras ({operator}): kept {until} after the walk.")
        may = rows[rows["may"] != "no"]
        out.print("  may see it: " + (_names(may, papers=True) or "nobody"), markup=False)
        for legality, says in (("ungoverned", "no rule applies"), ("prohibited", "forbidden but possible")):
            others = rows[(rows["may"] == "no") & (rows["legality"] == legality)]
            if len(others):
                out.print(f"  {says}: {_names(others)}", markup=False)


def _names(rows: pd.DataFrame, papers: bool = False) -> str:
    names = []
    for row in rows.to_dict("records"):
        paper = f" ({row['document']})" if papers and row["document"] != "none" else ""
        way = "" if row["channel"] == "request" else f" by {row['channel']}"
        names.append(f"{row['requester']}{way}{paper}{'' if row['may'] in ('yes', 'no') else ' ' + row['may']}")
    return ", ".join(dict.fromkeys(name.replace("_", " ") for name in names))
