"""A small fictional town in OpenStreetMap format (`data/example`), for lessons and tests without a real map.

Eleven by nine streets form 80 m blocks on an empty stretch of sea. Cameras are tagged as in real maps: most without a
heading, some turning, a few complete. The walk has one fix every 10 s.
"""

from pathlib import Path

from privacysim.files import write_whole
from privacysim.resources import shipped


def write_example_town(path: str | Path) -> Path:
    """Write the town as an `.osm` file."""
    return _copy("town.osm", Path(path))


def write_example_walk(path: str | Path) -> Path:
    """Write the walk through the town as GPX."""
    return _copy("walk.gpx", Path(path))


def write_example(folder: str | Path) -> dict[str, Path]:
    """Write all files for an example of "my own city" into a folder; existing ones are replaced."""
    files = {"town": "town.osm", "walk": "walk.gpx", "cameras": "cameras.csv", "scenario": "town.toml"}
    return {name: _copy(file, Path(folder) / file) for name, file in files.items()}


def _copy(name: str, path: Path) -> Path:
    write_whole(path, shipped(f"data/example/{name}").read_bytes())
    return path
