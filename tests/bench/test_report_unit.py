"""What the bench says and writes: ceilings, machine, growth and goals; the projection by hand; exit statuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from privacysim.bench import speed_cases as report
from privacysim.bench.growth import Growth, exponent, project, projection_text
from privacysim.bench.speed_cases import Ceilings, Row, Skipped, bench, bench_text, ceilings, machine
from privacysim.cli.main import main
from privacysim.errors import InputError

SAVED = Path(__file__).parents[2] / "notebooks" / "saved" / "headline"
ROW = Row("clip", "segments", "segments/s", 4.2e6, "shapely", 0.2e6, 20.0, "metres, 2e-5")
GROWN = Growth("toys", [1.0, 2.0, 4.0], [1.0, 3.0, 9.0], exponent([1.0, 2.0, 4.0], [1.0, 3.0, 9.0]), [10.0, 12.0, 30.4])


@pytest.fixture
def given(monkeypatch):
    """A bench of one comparison that beats its goal, one peer that is absent and one growth; no memory is measured."""
    monkeypatch.setattr(report, "ceilings", lambda: Ceilings(40e9, 1e8))
    cases = {"segments": lambda ceiling, quick: iter([ROW]),
             "points": lambda ceiling, quick: iter([Skipped("points", "geopandas")])}
    monkeypatch.setattr(report, "CASES", cases)
    monkeypatch.setattr(report, "GROWTHS", ("toys",))
    monkeypatch.setattr(report, "growth", lambda name, quick: GROWN)
    return cases


def test_all_of_it_is_told_measured_and_written(given, tmp_path):
    told: list[str] = []
    made = bench(out=tmp_path, tell=told.append)
    assert told == ["segments", "points", "growth with toys"]
    assert json.loads((tmp_path / "bench.json").read_text(encoding="utf-8")) == made
    assert (tmp_path / "bench.png").read_bytes()[:4] == b"\x89PNG"
    assert made["rows"][0]["ratio"] == pytest.approx(21.0)
    assert made["libraries"]["numpy"] != "not installed"
    said = bench_text(made)
    assert "segments\n  4.2 M segments/s; shapely 200 k\n  ratio 21, at least 20: holds; same: metres, 2e-5\n" in said
    # 1, 3, 9 seconds at 1, 2, 4: each doubling costs three times as much, so the exponent is log2 3
    assert "growth with toys: exponent 1.58 (1: 1.00 s, 2: 3.00 s, 4: 9.00 s); a block holds 10 to 30 MB" in said
    assert "not installed: geopandas; install tests/benchmarks/peers.txt" in said
    assert "quick" not in said


def test_without_a_folder_nothing_is_written(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = bench(["points"], quick=True)
    assert made["absent"] == [{"case": "points", "peer": "geopandas"}]
    assert made["growth"] == [], "only what was asked for"
    assert list(tmp_path.iterdir()) == []


def test_growth_alone_makes_no_figure_of_ratios_and_a_library_that_is_not_there_is_named(given, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "_LIBRARIES", ("numpy", "no-such-library"))
    monkeypatch.setattr(report, "growth", lambda name, quick: Growth("toys", [1.0, 2.0], [1.0, 2.0], 1.0, []))
    made = bench(["growth"], quick=True, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    assert made["rows"] == made["absent"] == []
    assert made["libraries"]["no-such-library"] == "not installed"
    assert bench_text(made).splitlines()[-2:] == [
        "growth with toys: exponent 1.00 (1: 1.00 s, 2: 2.00 s)", "quick sizes: do not quote these ratios",
    ]  # fmt: skip


def test_a_goal_that_is_missed_is_exit_status_1_but_not_at_quick_sizes(given, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "segments", "--out", "there"]) == 0
    given["segments"] = lambda ceiling, quick: iter([Row("clip", "s", "u/s", 1.9e6, "shapely", 1e5, 20.0, "metres")])
    assert main(["bench", "segments", "--out", "there"]) == 1
    said = capsys.readouterr()
    assert "ratio 19, at least 20: DOES NOT HOLD; same: metres" in said.out
    assert "Results: there  (bench.json, bench.png)" in said.out
    assert "… segments" in said.err
    assert main(["bench", "segments", "--quick", "--out", "there"]) == 0
    assert main(["bench", "points", "--out", "there"]) == 0
    assert "Results: there  (bench.json)" in capsys.readouterr().out


@pytest.mark.parametrize(("rate", "said"), [
    (0.5, "0.5"), (999.0, "999"), (4_200.0, "4.2 k"), (17e6, "17 M"), (2e9, "2 G"),
])  # fmt: skip
def test_rates_are_said_with_three_digits_and_their_thousands(rate, said):
    assert report._number(rate) == said


def test_ceilings_are_bytes_and_fetches_over_the_time_taken(monkeypatch):
    monkeypatch.setattr(report, "_WORDS", 4_096)
    times = iter([2.0, 0.5])
    monkeypatch.setattr(report, "seconds", lambda work, repeats: (next(times), work()))
    found = ceilings()
    assert found.bytes_s == 3 * 8 * 4_096 / 2.0, "two read and one written, eight bytes each"
    assert found.gathers_s == 4_096 / 0.5


@pytest.mark.parametrize("told", [
    None, "vendor_id\t: Some\nmodel name\t: Processor Z\nmodel name\t: other\n", "Features\t: fp\n",
])  # fmt: skip
def test_the_machine_is_named_by_its_kernel_or_by_python(monkeypatch, tmp_path, told):
    def opened(path, encoding):
        assert path == "/proc/cpuinfo"
        if told is None:
            raise FileNotFoundError(path)
        (tmp_path / "cpuinfo").write_text(told, encoding=encoding)
        return (tmp_path / "cpuinfo").open(encoding=encoding)

    monkeypatch.setattr(report, "open", opened, raising=False)
    monkeypatch.setattr(report, "platform", SimpleNamespace(
        processor=lambda: "", machine=lambda: "riscv64", python_version=lambda: "3.11"))
    found = machine()
    assert found["processor"] == ("Processor Z" if told and "Processor" in told else "riscv64")
    assert found["load_at_start"] == pytest.approx(os.getloadavg()[0], abs=5.0)
    monkeypatch.delattr(os, "getloadavg")
    assert machine()["load_at_start"] is None


MANIFEST = {
    "study": {"id": "whole", "sample": "all", "days": 30}, "replicates": [0, 1], "arms": [{}, {}, {}],
    # two replicates of ten million people: 400 s of theirs, and 3 worlds drawn at 20 s each
    "cost": {"cpu_s": {"people": 100.0, "passes": 150.0, "exposure": 130.0, "metrics": 20.0, "world": 30.0,
                       "policies": 27.0, "cameras": 3.0, "compilation": 99.0},
             "count": {"people": 20e6, "worlds drawn": 3.0}},
}  # fmt: skip


def test_the_projection_by_hand_and_in_words():
    # 2e-5 s a person; a province of 127 million is 13 cities of ten million
    found = {(one.place, one.cores): one for one in project(MANIFEST)}
    province = found["Guangdong province", 64]
    assert (province.cities, province.people) == (13, 127e6)
    assert province.cpu_s == pytest.approx(127e6 * 2e-5 + 64 * 20)
    assert province.wall_s == pytest.approx(127e6 * 2e-5 / 64 + 20)
    assert province.waits_for == "people"
    assert found["the country", 2].wall_s == pytest.approx(1.41e9 * 2e-5 / 2 + 71 * 20)
    lines = projection_text(MANIFEST).splitlines()
    assert lines[0] == ("From whole: 3 arms, 30 days, one replicate; no one else on the machine, walks between cities "
                        "left out")  # fmt: skip
    assert len(lines) == 1 + 3 * 3
    assert " ".join(lines[1].split()) == ("the city that was run 10.0 M people 1 cities 2 cores 0.07 CPU h 2.0 min "
                                          "waits for people")  # fmt: skip
    # 14 100 s + 1 420 s are more than 90 minutes, and so in hours
    assert " ".join(lines[7].split()) == ("the country 1410.0 M people 141 cities 2 cores 8.62 CPU h 4.3 h "
                                          "waits for people")  # fmt: skip


def test_results_of_a_sample_are_not_projected(capsys):
    assert main(["bench", "--project", str(SAVED)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "bench --project: expected results of a run with --sample all.", "  Got: sample 25000",
        "  Fix: privacysim run headline --sample all --replicates 1 --out DIR.",
    ]  # fmt: skip
    with pytest.raises(InputError, match="sample all"):
        project({key: value for key, value in MANIFEST.items() if key != "cost"})


def test_a_run_of_everybody_is_projected_by_the_command(monkeypatch, capsys):
    monkeypatch.setattr("privacysim.results.results.load_results", lambda path: SimpleNamespace(manifest=MANIFEST))
    assert main(["bench", "--project", "anywhere"]) == 0
    assert capsys.readouterr().out == projection_text(MANIFEST) + "\n"
