"""Readers of other kinds of files that a second package brings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from privacysim import parts
from privacysim.errors import InputError
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks


class Odd:
    """Reads files that end in .odd, whose content it does not look at."""

    suffixes = (".odd",)

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def read(self, path: Path) -> pd.DataFrame:
        return self.rows


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = pd.DataFrame({
        "lat": [60.0, 60.001, 95.0], "lon": [25.0, 25.0, 25.0], "heading": [90.0, None, None],
        "operator": ["home", None, None], "time": ["2024-05-14T08:00:00Z", "2024-05-14T08:01:00Z", None],
    })
    monkeypatch.setattr(parts, "known_names", lambda group: ("odd",) if group == "readers" else ())
    monkeypatch.setattr(parts, "named", lambda group, name: Odd(rows))
    path = tmp_path / "mine.ODD"
    path.write_bytes(b"\x00\x01 something that nothing here can read")
    return path


def test_an_installed_reader_reads_cameras_by_the_ending_of_the_name(odd: Path) -> None:
    cameras = read_cameras(odd)
    assert cameras.lat.tolist() == [60.0, 60.001]
    assert cameras.heading_deg[0] == 90.0
    assert cameras.heading_known.tolist() == [True, False]
    assert [cameras.operator_word(n) for n in range(2)] == ["home", "unknown"]
    assert [reject.line for reject in cameras.rejects] == [3]


def test_an_installed_reader_reads_tracks_too(odd: Path) -> None:
    track = read_tracks(odd)
    assert len(track) == 2
    assert track.time_s[1] - track.time_s[0] == 60.0


def test_without_it_the_same_file_is_refused(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "known_names", lambda group: ())
    with pytest.raises(InputError, match="GPX, KML, GeoJSON, GeoPackage or CSV"):
        read_cameras(odd)
