"""Generator of a small town in OpenStreetMap format, for lessons and tests without a shipped map.

Eleven by nine streets form 80 m blocks on an empty stretch of sea, with houses, shops and offices. Cameras are tagged
as in real maps: most without a heading, some turning, a few complete. The town is fictional and needs no licence.
"""

from __future__ import annotations

from pathlib import Path

from privacysim.draws import stream_key, uniforms
from privacysim.errors import require
from privacysim.files import whole_file

_LAT, _LON, _BLOCK_M = 54.0, 5.0, 80.0
_COLUMNS, _ROWS = 11, 9
_SCENARIO = """id = "town"
title = "A generated town"

[city]
kind = "osm"
osm  = "town.osm"

[population]
people = {value = 40000, assumption = "generated: a small town centre"}

# [cameras]
# file = "cameras.csv"        # other cameras in the place of the map's
# recall = {value = 0.5, low = 0.35, high = 0.7, assumption = "how many of the street's cameras are mapped"}
"""
_NORTH, _EAST = 1.0 / 111_300.0, 1.0 / 65_500.0
_PLACES = ({"shop": "clothes"}, {"amenity": "cafe"}, {"office": "company"}, {"amenity": "clinic"}, {"tourism": "hotel"})
_CAMERAS: tuple[dict[str, str], ...] = (
    {}, {}, {"camera:type": "dome"}, {}, {"camera:direction": "{turn}"}, {},
    {"camera:type": "fixed", "camera:direction": "{turn}", "height": "4", "operator:type": "private"},
)


def write_example_town(path: str | Path, cameras: int = 60, seed: int = 1) -> Path:
    """Write the town as an `.osm` file; equal arguments give equal bytes."""
    osmium = require("map", "osmium", where=str(path))
    target, mutable = Path(path), osmium.osm.mutable
    corner = {(i, j): 1 + i * _ROWS + j for i in range(_COLUMNS) for j in range(_ROWS)}
    nodes: list[tuple[int, tuple[float, float], dict[str, str]]] = [
        (number, _place(i * _BLOCK_M, j * _BLOCK_M), {}) for (i, j), number in corner.items()
    ]
    ways: list[tuple[list[int], dict[str, str]]] = []
    for i in range(_COLUMNS):
        ways.append(([corner[i, j] for j in range(_ROWS)], {"highway": "primary" if i == 5 else "residential"}))
    for j in range(_ROWS):
        ways.append(([corner[i, j] for i in range(_COLUMNS)], {"highway": "primary" if j == 4 else "residential"}))
    mark = uniforms(stream_key(seed, 0, "example town"), range(2_000), 4)
    for n, (i, j) in enumerate((i, j) for i in range(_COLUMNS - 1) for j in range(_ROWS - 1)):
        set_back, deep = 8.0 + 4.0 * mark[n, 0], 50.0 + 12.0 * mark[n, 1]
        x, y = i * _BLOCK_M + set_back, j * _BLOCK_M + set_back
        ring = [(x, y), (x + deep, y), (x + deep, y + deep), (x, y + deep)]
        first = len(nodes) + 1
        nodes += [(first + k, _place(*point), {}) for k, point in enumerate(ring)]
        ways.append(([first, first + 1, first + 2, first + 3, first], {
            "building": "yes", "building:levels": str(2 + int(5 * mark[n, 2]))}))  # fmt: skip
        nodes.append((len(nodes) + 1, _place(x + deep / 2, y + 1.0), dict(_PLACES[int(mark[n, 3] * len(_PLACES))])))
    for n in range(cameras):
        along, side, turn, kind = mark[1_000 + n]
        street, at = int(side * _ROWS), along * (_COLUMNS - 1) * _BLOCK_M
        tags = {key: value.format(turn=round(360 * turn)) for key, value in _CAMERAS[int(kind * len(_CAMERAS))].items()}
        where = _place(at, street * _BLOCK_M + 6.0)
        nodes.append((len(nodes) + 1, where, {"man_made": "surveillance", "surveillance": "public", **tags}))
    with whole_file(target) as part:
        writer = osmium.SimpleWriter(osmium.io.File(str(part), "osm"), overwrite=True)
        for number, place, tags in nodes:
            writer.add_node(mutable.Node(id=number, location=place, tags=tags))
        for number, (refs, tags) in enumerate(ways, 1):
            writer.add_way(mutable.Way(id=number, nodes=refs, tags=tags))
        writer.close()
    return target


def write_example_walk(path: str | Path) -> Path:
    """Write a walk through the town as GPX: along a street, round a corner, up the main road, one fix every 10 s."""
    points = [(13.0 * n, 2 * _BLOCK_M + 1.0) for n in range(31)]
    points += [(5 * _BLOCK_M + 1.0, 2 * _BLOCK_M + 13.0 * n) for n in range(1, 31)]
    fixes = []
    for n, point in enumerate(points):
        lon, lat = _place(*point)
        clock = f"2024-05-14T08:{n // 6:02d}:{n % 6 * 10:02d}Z"
        fixes.append(f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"><time>{clock}</time></trkpt>')
    with whole_file(Path(path)) as part:
        part.write_text(f"<gpx><trk><trkseg>{''.join(fixes)}</trkseg></trk></gpx>\n", encoding="utf-8")
    return Path(path)


def write_example(folder: str | Path) -> dict[str, Path]:
    """Write all files for an example of "my own city" into a folder: map, walk, a table of cameras, a scenario.

    They allow you to try the commands for your own city offline. Existing files are replaced.
    """
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    files = {"town": write_example_town(into / "town.osm"), "walk": write_example_walk(into / "walk.gpx"),
             "cameras": into / "cameras.csv", "scenario": into / "town.toml"}  # fmt: skip
    rows = ["lat,lon,heading,hfov,height,operator"]
    for x, y, rest in ((90.0, 166.0, "180,80,4,private"), (250.0, 166.0, ",,,"), (406.0, 300.0, "270,90,5,police")):
        lon, lat = _place(x, y)
        rows.append(f"{lat:.7f},{lon:.7f},{rest}")
    for path, text in ((files["cameras"], "\n".join(rows) + "\n"), (files["scenario"], _SCENARIO)):
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    return files


def _place(x: float, y: float) -> tuple[float, float]:
    return _LON + x * _EAST, _LAT + y * _NORTH
