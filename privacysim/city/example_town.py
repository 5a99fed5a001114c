"""Generator of a small town in OpenStreetMap format, for lessons and tests without a shipped map.

Eleven by nine streets form 80 m blocks on an empty stretch of sea, with houses, shops and offices. Cameras are tagged
as in real maps: most without a heading, some turning, a few complete. The town is fictional and needs no licence.
"""

from __future__ import annotations

from pathlib import Path

from privacysim.draws import stream_key, uniforms
from privacysim.files import whole_file

_LAT, _LON, _BLOCK_M = 54.0, 5.0, 80.0
_NORTH, _EAST = 1.0 / 111_300.0, 1.0 / 65_500.0
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
_PLACES = ({"shop": "clothes"}, {"amenity": "cafe"}, {"office": "company"}, {"amenity": "clinic"}, {"tourism": "hotel"})
_CAMERAS: tuple[dict[str, str], ...] = (
    {}, {}, {"camera:type": "dome"}, {}, {"camera:direction": "{turn}"}, {},
    {"camera:type": "fixed", "camera:direction": "{turn}", "height": "4", "operator:type": "private"},
)


def write_example_town(path: str | Path, cameras: int = 60, seed: int = 1) -> Path:
    """Write the town as an `.osm` file; equal arguments give equal bytes."""
    nodes: list[str] = []
    ways: list[str] = []

    def node(x: float, y: float, **tags: str) -> int:
        lat, lon = _place(x, y)
        nodes.append(f'<node id="{len(nodes) + 1}" lat="{lat:.7f}" lon="{lon:.7f}">{_tags(tags)}</node>')
        return len(nodes)

    def way(refs: list[int], **tags: str) -> None:
        corners = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        ways.append(f'<way id="{len(ways) + 1}">{corners}{_tags(tags)}</way>')

    grid = [[node(i * _BLOCK_M, j * _BLOCK_M) for j in range(_ROWS)] for i in range(_COLUMNS)]
    for lines, main in ((grid, 5), ([list(line) for line in zip(*grid, strict=True)], 4)):
        for n, line in enumerate(lines):
            way(line, highway="primary" if n == main else "residential")
    mark = uniforms(stream_key(seed, 0, "example town"), range(2_000), 4)
    for n, (i, j) in enumerate((i, j) for i in range(_COLUMNS - 1) for j in range(_ROWS - 1)):
        set_back, deep = 8.0 + 4.0 * mark[n, 0], 50.0 + 12.0 * mark[n, 1]
        x, y = i * _BLOCK_M + set_back, j * _BLOCK_M + set_back
        ring = [node(*point) for point in ((x, y), (x + deep, y), (x + deep, y + deep), (x, y + deep))]
        way([*ring, ring[0]], building="yes", **{"building:levels": str(2 + int(5 * mark[n, 2]))})
        node(x + deep / 2, y + 1.0, **_PLACES[int(mark[n, 3] * len(_PLACES))])
    for along, side, turn, kind in mark[1_000:1_000 + cameras]:
        tags = {key: text.format(turn=round(360 * turn)) for key, text in _CAMERAS[int(kind * len(_CAMERAS))].items()}
        node(along * (_COLUMNS - 1) * _BLOCK_M, int(side * _ROWS) * _BLOCK_M + 6.0, man_made="surveillance",
             surveillance="public", **tags)  # fmt: skip
    return _write(Path(path), "\n".join(('<osm version="0.6">', *nodes, *ways, "</osm>", "")))


def write_example_walk(path: str | Path) -> Path:
    """Write a walk through the town as GPX: along a street, round a corner, up the main road, one fix every 10 s."""
    points = [(13.0 * n, 2 * _BLOCK_M + 1.0) for n in range(31)]
    points += [(5 * _BLOCK_M + 1.0, 2 * _BLOCK_M + 13.0 * n) for n in range(1, 31)]
    fixes = []
    for n, point in enumerate(points):
        lat, lon = _place(*point)
        clock = f"2024-05-14T08:{n // 6:02d}:{n % 6 * 10:02d}Z"
        fixes.append(f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"><time>{clock}</time></trkpt>')
    return _write(Path(path), f"<gpx><trk><trkseg>{''.join(fixes)}</trkseg></trk></gpx>\n")


def write_example(folder: str | Path) -> dict[str, Path]:
    """Write all files for an example of "my own city" into a folder: map, walk, a table of cameras, a scenario.

    They allow you to try the commands for your own city offline. Existing files are replaced.
    """
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    rows = ["lat,lon,heading,hfov,height,operator"]
    for x, y, rest in ((90.0, 166.0, "180,80,4,private"), (250.0, 166.0, ",,,"), (406.0, 300.0, "270,90,5,police")):
        lat, lon = _place(x, y)
        rows.append(f"{lat:.7f},{lon:.7f},{rest}")
    return {"town": write_example_town(into / "town.osm"), "walk": write_example_walk(into / "walk.gpx"),
            "cameras": _write(into / "cameras.csv", "\n".join(rows) + "\n"),
            "scenario": _write(into / "town.toml", _SCENARIO)}  # fmt: skip


def _place(x: float, y: float) -> tuple[float, float]:
    return _LAT + y * _NORTH, _LON + x * _EAST


def _tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


def _write(path: Path, text: str) -> Path:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
