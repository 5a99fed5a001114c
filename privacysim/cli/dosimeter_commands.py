"""`privacysim dosimeter …`: what the cameras of a file saw of a walk, and who may see that."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from privacysim.errors import InputError
from privacysim.readers.camera_files import file_digest, read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.tracks.detour import Detours, detours
from privacysim.tracks.dosimeter import LEVELS, Dose, measure_walk
from privacysim.tracks.operators import by_operator, recall_of, with_unmapped
from privacysim.tracks.publishing import publishable_cameras, publishable_totals, threshold
from privacysim.tracks.rights import rights, unknown_operators
from privacysim.tracks.sketch import sketch
from privacysim.tracks.walk_saving import save_dose
from privacysim.tracks.walk_town import read_town
from privacysim.units import duration_text

dosimeter_app = typer.Typer(add_completion=False)
_EXPORTS = (".geojson", ".gpkg", ".parquet")


@dosimeter_app.command()
def dosimeter(
    gpx: Annotated[Path, typer.Option(help="the track: GPX, KML, GeoJSON, GeoPackage, CSV, SUMO, MATSim")],
    cameras: Annotated[Path, typer.Option(help="the cameras: CSV, GeoJSON, KML, GeoPackage, .osm.pbf")],
    streets: Annotated[Path | None, typer.Option(help="OpenStreetMap extract: buildings hide, other ways")] = None,
    range_m: Annotated[float | None, typer.Option("--range", help="metres within which every camera sees")] = None,
    recall: Annotated[str, typer.Option(help="share of the cameras that is mapped: 0.63 or 0.63:0.5-0.8")] = "",
    policies: Annotated[str, typer.Option(help="policies, comma between")] = "notice_only,guangzhou_draft,order_799",
    law_date: Annotated[str, typer.Option(help="date of everybody's law")] = "2025-06-01",
    out: Annotated[Path | None, typer.Option(help="folder for the results; without it nothing is written")] = None,
    private: Annotated[bool, typer.Option("--map", help="add OUT/private with the map: it shows the walk")] = False,
    export: Annotated[str, typer.Option(help="files for GIS in OUT/private: geojson,gpkg,parquet")] = "",
    columns: Annotated[str, typer.Option(help="columns of the cameras' table: lat=Breite,lon=Länge,heading=…")] = "",
    track_columns: Annotated[str, typer.Option(help="columns of the track's table: lat=…,lon=…,time=…,person=…")] = "",
    network: Annotated[Path | None, typer.Option(help="network.xml of a MATSim track")] = None,
    crs: Annotated[str, typer.Option(help="plane of a MATSim network that names none: EPSG:25832")] = "",
    keep_repeats: Annotated[bool, typer.Option("--keep-repeats", help="count equal rows as cameras each")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace another run's results in OUT")] = False,
) -> None:
    """Which cameras saw this walk, when, at what level, for how long; who may see it, who might anyway, until when.

    Nothing of the track's positions, clock or file name is printed or written, unless --map or --export ask for it.
    """
    if range_m is not None and not 0 < range_m <= 2_000:
        raise InputError("--range", "metres above 0, at most 2000", range_m, "give the reach of a camera")
    exports = _endings(export)
    if (private or exports) and out is None:
        raise InputError("--map, --export", "--out DIR", "no folder", "add --out DIR")
    share = recall_of(recall) if recall else None
    when, names = _date(law_date), [name.strip() for name in policies.split(",") if name.strip()]
    frame = read_cameras(cameras, _pairs("--columns", columns), merge=not keep_repeats)
    town = read_town(streets) if streets else None
    tracks = read_tracks(gpx, _pairs("--track-columns", track_columns), network, crs)
    dose = measure_walk(tracks, frame, range_m=range_m, town=town)
    rules = rights(dose, names, when)
    others = detours(dose, town, range_m) if town and dose.people == 1 else None
    unmapped = with_unmapped(dose, share) if share else None
    _say(dose, rules, unmapped)
    if others:
        _say_ways(others, dose)
    if out is not None:
        options = {"range_m": range_m, "policies": names, "law_date": law_date, "keep_repeats": keep_repeats,
                   "columns": columns, "track_columns": track_columns,
                   "streets": file_digest(streets) if streets else None,
                   "network": file_digest(network) if network else None, "crs": crs, "recall": recall}
        drawing = sketch(dose, town, others.nodes[-1:] if others else ())
        fresh = save_dose(dose, rules, out, options, private=private, exports=exports, force=force, drawing=drawing,
                          ways=others.table if others else None, unmapped=unmapped)
        print(f"Saved in {out}." if fresh else f"{out} holds the results of this very run already.")
        if private or exports:
            print(f"{out / 'private'} shows where the walk went: keep it where you keep the track.")


def _say_ways(others: Detours, dose: Dose) -> None:
    console = _console()
    walked = f"{dose.sight.camera_m.sum():.0f} camera-metres on {dose.totals['metres']:.0f} m"
    table = Table(box=None, pad_edge=False, title=f"Other ways between the same ends (the walk: {walked})",
                  title_justify="left")
    for heading in ("way", "metres", "more metres", "camera-metres", "cameras"):
        table.add_column(heading, justify="right")
    for row in others.table.to_dict("records"):
        table.add_row(*(f"{row[name]:.0f}" for name in ("way", "metres", "more_metres", "camera_metres", "cameras")))
    console.print(table)


def _pairs(option: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        ours, equals, theirs = part.partition("=")
        if not equals or not theirs.strip():
            raise InputError(option, "our name = the file's column", part, "write lat=Latitude,lon=Longitude")
        found[ours.strip()] = theirs.strip()
    return found


def _endings(text: str) -> list[str]:
    endings = [f".{word.strip().lstrip('.')}" for word in text.split(",") if word.strip()]
    for ending in endings:
        if ending not in _EXPORTS:
            raise InputError("--export", "geojson, gpkg or parquet", ending.lstrip("."), "choose among these")
    return endings


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("--law-date", "a date such as 2025-06-01", text, "write year-month-day") from None


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160, color_system=None)


def _say(dose: Dose, rules: pd.DataFrame, unmapped: pd.DataFrame | None) -> None:
    console = _console()
    totals = publishable_totals(dose)
    if not totals:
        console.print(f"{dose.people} people: fewer than {threshold()}, so nothing about them is shown.")
    else:
        _say_totals(console, totals)
        if unmapped is not None:
            low, mean, high = unmapped.loc[unmapped["what"] == "cameras", ["low", "mean", "high"]].to_numpy()[0]
            console.print(f"With those that nobody mapped, about {mean:.0f} cameras, {low:.0f} to {high:.0f}.")
        _say_cameras(console, dose)
        _say_operators(console, dose)
        _say_rights(console, rules)
    if totals and (count := unknown_operators(dose)):
        console.print(f"{count} cameras have no operator on the map and count as shops (commercial, public_other).")
    for note in dose.notes:
        console.print(f"- {note}", markup=False)


def _band(totals: dict[str, float], name: str, unit: str) -> str:
    low, high = totals[f"{name}_low"], totals[f"{name}_high"]
    same = round(low) == round(high)
    return f"{high:.0f}{unit}" if same else f"{low:.0f} to {high:.0f}{unit}"


def _say_totals(console: Console, totals: dict[str, float]) -> None:
    console.print(f"[bold]{totals['metres']:.0f} m walked in {duration_text(round(totals['seconds']))}[/bold]")
    at_fixes = f"{_band(totals, 'cameras_at_fixes', '')} at the recorded fixes alone, were there no buildings"
    console.print(f"In view of {_band(totals, 'cameras', '')} cameras ({at_fixes}).")
    table = Table(box=None, pad_edge=False)
    for heading in ("level", "metres in view", "seconds in view"):
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for level in LEVELS:
        cells = [_band(totals, f"{what}_in_view_{level}", "") for what in ("metres", "seconds")]
        table.add_row(level, *cells)
    console.print(table)


def _say_cameras(console: Console, dose: Dose) -> None:
    rows, left_out = publishable_cameras(dose)
    table = Table(box=None, pad_edge=False, title="Cameras, longest first", title_justify="left")
    for heading in ("line", "operator", "heading", "first, min", "passes", "detect, s", "recognise, s", "identify, s"):
        table.add_column(heading, justify="left" if heading in ("operator", "heading") else "right")
    first = dose.passes.groupby("camera")["enter_s"].min()
    for row in rows.sort_values("seconds_detect_high", ascending=False, kind="stable").head(20).to_dict("records"):
        cells = [_cell(row, f"seconds_{level}") for level in ("detect", "recognise", "identify")]
        begin = f"{first[row['camera']] / 60:.1f}" if dose.people == 1 else "–"
        table.add_row(str(row["camera"]), str(row["operator"]), "known" if row["heading_known"] else "not known",
                      begin, str(row["passes"]), *cells)
    console.print(table)
    if len(rows) > 20:
        console.print(f"… and {len(rows) - 20} more.")
    if left_out:
        console.print(f"{left_out} cameras passed by fewer than {threshold()} people are left out.")


def _say_operators(console: Console, dose: Dose) -> None:
    table = Table(box=None, pad_edge=False, title="By operator, summed over cameras", title_justify="left")
    headings = ("operator", "cameras", "passes", "detect, m", "detect, s", "recognise, s", "identify, s")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "operator" else "right")
    for row in by_operator(dose).to_dict("records"):
        names = ("metres_detect", "seconds_detect", "seconds_recognise", "seconds_identify")
        table.add_row(str(row["operator"]), _cell(row, "cameras"), str(row["passes"]), *(_cell(row, n) for n in names))
    console.print(table)


def _cell(row: Mapping[Hashable, Any], name: str) -> str:
    low, middle, high = row[f"{name}_low"], row[name], row[f"{name}_high"]
    return f"{middle:.1f}" if high - low < 0.05 else f"{middle:.1f} ({low:.1f}–{high:.1f})"


def _say_rights(console: Console, rules: pd.DataFrame) -> None:
    for (policy, operator), rows in rules.groupby(["policy", "operator"], sort=False):
        kept = rows.iloc[0]
        low, value, high = (duration_text(kept[name]) for name in ("kept_low_s", "kept_s", "kept_high_s"))
        until = value if low == high else f"{value} ({low} to {high})"
        console.print(f"[bold]{policy}[/bold], {kept['cameras']} cameras ({operator}): kept {until} after the walk.")
        may = rows[rows["may"] != "no"]
        console.print("  may see it: " + (_names(may, papers=True) or "nobody"), markup=False)
        for legality, words in (("ungoverned", "no rule speaks about"), ("prohibited", "forbidden, yet possible")):
            others = rows[(rows["may"] == "no") & (rows["legality"] == legality)]
            if len(others):
                console.print(f"  {words}: {_names(others)}", markup=False)


def _names(rows: pd.DataFrame, papers: bool = False) -> str:
    names = []
    for row in rows.to_dict("records"):
        paper = f" ({row['document']})" if papers and row["document"] != "none" else ""
        way = "" if row["channel"] == "request" else f" by {row['channel']}"
        names.append(f"{row['requester']}{way}{paper}{'' if row['may'] in ('yes', 'no') else ' ' + row['may']}")
    return ", ".join(dict.fromkeys(name.replace("_", " ") for name in names))
