"""Files with one thing wrong each, told by the command itself: three lines, exit 2, nothing left behind."""

from __future__ import annotations

import pytest

from privacysim.cli.main import main

DISTRICT = 'id = "mine"\ntitle = "mine"\n[city]\nkind = "synthetic"\nseed = 1\n'
PEOPLE = '[population]\npeople = {value = 100000, assumption = "a test"}\n'
CAMERAS = '[cameras]\nper_1000 = {value = %s, low = 1.0, high = 900.0, assumption = "a test"}\n'
POLICY = 'id = "mine"\nextends = "order_799"\ntitle = {en = "mine"}\nstatus = "hypothetical"\n'
RETENTION = '[retention.public]\nkeep = %s\nassumption = "a test"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for kind in ("scenarios", "policies", "studies"):
        (tmp_path / "sim" / kind).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(folder, capsys, arguments, *named):
    """Run the command, which must refuse; nothing but the folder's own files may be there afterwards."""
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert 1 <= len(said.err.strip().splitlines()) <= 3, said.err
    assert "Traceback" not in said.err + said.out
    for word in named:
        assert word in said.err, said.err
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before


RUN = ["run", "--scenario", "mine", "--policies", "notice_only", "--days", "1", "--sample", "100", "--replicates", "1"]


@pytest.mark.parametrize(("text", "named"), [
    (DISTRICT.replace("kind", "knid") + PEOPLE, ("mine.toml", "knid", "kind")),
    (DISTRICT + PEOPLE + CAMERAS % "-3.0", ("mine.toml", "per_1000", "-3")),
    (DISTRICT + PEOPLE + CAMERAS % "nan", ("mine.toml", "per_1000", "nan")),
    (DISTRICT + PEOPLE + CAMERAS % "inf", ("mine.toml", "per_1000", "inf")),
    (DISTRICT + "seed = 2\n" + PEOPLE, ("mine.toml", "seed", "line 6")),
    (DISTRICT + PEOPLE + "[access\n", ("mine.toml", "line 8")),
    (DISTRICT + PEOPLE + '[leaks]\np_listed = {fact = "p_lsted"}\n', ("mine.toml", "p_listed")),
    (DISTRICT.replace('"synthetic"', '"osm"\nosm = "nowhere.osm.pbf"') + PEOPLE, ("nowhere.osm.pbf",)),
])  # fmt: skip
def test_a_scenario_with_one_thing_wrong(folder, capsys, text, named):
    (folder / "sim" / "scenarios" / "mine.toml").write_text(text)
    told(folder, capsys, RUN, *named)


@pytest.mark.parametrize(("text", "named"), [
    (POLICY + RETENTION % "7", ("mine.toml", "keep", "15 d")),
    (POLICY + RETENTION % '"7 parsecs"', ("mine.toml", "parsecs")),
    (POLICY + RETENTION % '"-7 d"', ("mine.toml", "-7")),
    (POLICY.replace("order_799", "order_798") + RETENTION % '"7 d"', ("order_798", "order_799")),
    (POLICY + '[retention.public]\nkeep = "7 d"\n', ("mine.toml", "assumption")),
    (POLICY + '[retention.art71]\nkeep = "7 d"\nassumption = "x"\n', ("mine.toml", "art71", "public")),
])  # fmt: skip
def test_a_policy_with_one_thing_wrong(folder, capsys, text, named):
    (folder / "sim" / "policies" / "mine.toml").write_text(text)
    arguments = ["run", "--scenario", "guangzhou_district", "--policies", "mine", "--days", "1", "--sample", "100"]
    told(folder, capsys, arguments, *named)


def test_a_map_cut_in_half(folder, capsys, data_folder):
    whole = (data_folder / "helsinki.osm.pbf").read_bytes()
    (folder / "half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    (folder / "sim" / "scenarios" / "mine.toml").write_text(
        DISTRICT.replace('"synthetic"', '"osm"\nosm = "half.osm.pbf"').replace("seed = 1\n", "") + PEOPLE
    )
    told(folder, capsys, RUN, "half.osm.pbf")


def test_a_results_folder_that_cannot_be_written(folder, capsys):
    (folder / "sim" / "scenarios" / "mine.toml").write_text(DISTRICT + PEOPLE)
    told(folder, capsys, [*RUN, "--out", "/proc/results"], "/proc")
