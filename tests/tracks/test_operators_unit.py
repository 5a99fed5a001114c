"""Whose cameras saw a walk, how many nobody mapped, and a town to try it on."""

from __future__ import annotations

import pytest

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.scenario import load_scenario
from privacysim.tracks.dose_tables import by_operator, recall_of, with_unmapped
from privacysim.tracks.dosimeter import measure_walk


@pytest.fixture
def dose(tmp_path):
    """A walk due north past two all-round cameras of the police and one of a shop, each of a stated reach of 10 m."""
    metre = 1 / 111_412.0  # of latitude at 60° on WGS 84
    rows = [f"{60.17 + n * 50 * metre:.7f},24.94,360,1920,1.5,10,{who}"
            for n, who in enumerate(("police", "police", "shop"))]
    (tmp_path / "c.csv").write_text("lat,lon,hfov,width,height,range,operator\n" + "\n".join(rows))
    fixes = [f"{60.17 + (n * 10 - 20) * metre:.7f},24.94,{1_600_000_000 + 10 * n}" for n in range(15)]
    (tmp_path / "t.csv").write_text("lat,lon,time\n" + "\n".join(fixes))
    return measure_walk(read_tracks(tmp_path / "t.csv"), read_cameras(tmp_path / "c.csv"))


def test_sums_by_operator_are_the_chords_walked_past_its_cameras(dose):
    # 20 m in the disc of each, at 1 m/s; everything known, so there is no band
    table = by_operator(dose).set_index("operator")
    assert list(table.index) == ["public_security", "commercial"]
    for name, each in (("cameras", 1.0), ("metres_detect", 20.0), ("seconds_detect", 20.0)):
        for end in ("_low", "", "_high"):
            assert table.loc["public_security", name + end] == pytest.approx(2 * each, rel=2e-3)
            assert table.loc["commercial", name + end] == pytest.approx(each, rel=2e-3)
    assert table["passes"].tolist() == [2, 1]


def test_of_a_map_that_holds_a_share_of_the_cameras_the_count_is_divided_by_it(dose):
    table = with_unmapped(dose, recall_of("0.6:0.5-0.75")).set_index("what")
    assert table.loc["cameras"].tolist() == pytest.approx([3 / 0.75, 3 / 0.6, 3 / 0.5])
    assert with_unmapped(dose, recall_of("1")).iloc[0, 1:].tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("text", ["0", "1.2", "x", "0.5:0.6-0.8", "0.5:0.2", "nan", ""])
def test_a_share_that_is_none_is_a_sentence(text):
    with pytest.raises(InputError, match="--recall"):
        recall_of(text)


def test_the_example_is_a_city_with_cameras_and_a_walk_and_the_commands_that_it_names_run(tmp_path, capsys):
    assert main(["city", "example", str(tmp_path / "d")]) == 0
    named = [line.split()[1:] for line in capsys.readouterr().out.splitlines() if line.startswith("  privacysim")]
    assert [words[0] for words in named] == ["city", "city", "dosimeter", "run"]
    assert main(named[0]) == 0
    assert "60 on the map" in capsys.readouterr().out
    assert main([*named[2], "--recall", "0.63:0.5-0.8", "--out", str(tmp_path / "o")]) == 0
    said = capsys.readouterr().out
    assert "Including unmapped cameras" in said
    assert {"operators.csv", "unmapped.csv", "ways.csv"} <= {path.name for path in (tmp_path / "o").iterdir()}
    assert load_scenario(named[3][2]).population.people.number == 40_000
    table = read_cameras(tmp_path / "d" / "cameras.csv")
    assert len(table) == 3
    assert [table.operator_word(camera) for camera in range(3)] == ["commercial", "unknown", "public_security"]
