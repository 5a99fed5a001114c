"""`calibrate leaks|verdicts|worlds`: what is printed solves its equation, and worlds that agree are kept."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from privacysim.city import build_city
from privacysim.cli.main import main
from privacysim.facts import facts
from privacysim.scenario import load_scenario
from privacysim.validation import register
from privacysim.world import calibration as solving

DISTRICT = "guangzhou_district"


def solved_in(said):
    """Fact → value, low, high, as they are printed."""
    found = re.findall(r"^  (\w+) = (\S+) +\((\S+) to (\S+) over the datum's range;", said, re.MULTILINE)
    return {name: tuple(map(float, numbers)) for name, *numbers in found}


def test_p_listed_as_printed_makes_the_list_as_long_as_the_press_counted(capsys):
    assert main(["calibrate", "leaks", "--scenario", DISTRICT]) == 0
    said = capsys.readouterr().out
    value, low, high = solved_in(said)["p_listed"]
    case = load_scenario(DISTRICT)
    mean = solving.listing(build_city(case), case).expected
    # the mean of an M/G/∞ queue is its arrivals' rate times the mean stay, so it is proportional to p_listed
    in_force = facts().value("p_listed")
    assert mean * value / in_force == pytest.approx(facts().value("website_listed_guangzhou"), rel=1e-5)
    assert mean * low / in_force == pytest.approx(159, rel=1e-5), "a Poisson count's 95 % band about 185"
    assert mean * high / in_force == pytest.approx(212, rel=1e-5)
    assert f"has a mean of {mean:.1f} cameras: the 185 of the founding case are outside" in said
    assert "validates nothing" in said
    shares = [int(word) for word in re.findall(r"(\d+)%", said[said.index("closed by") :])]
    assert sum(shares) == pytest.approx(100, abs=2), "causes of closing are all there are"
    assert set(re.findall(r"^  (\w+) +counted", said, re.MULTILINE)) == set(solving.HELD_OUT)
    assert said.count("miss") == sum(not row.holds for row in solving.held_out())


def test_the_shipped_p_listed_is_what_the_command_prints(capsys):
    assert main(["calibrate", "leaks"]) == 0
    said = capsys.readouterr().out
    kept = facts()["p_listed"]
    assert solved_in(said)["p_listed"] == pytest.approx((kept.value, kept.low, kept.high), rel=1e-5)
    assert "has a mean of 185.0 cameras: the 185 of the founding case are within" in said


def test_the_register_prints_every_row_with_its_verdict_and_writes_the_page(tmp_path, monkeypatch, capsys):
    # what is in the register, and whether it is right, is shown with the page that is kept; here is what is printed
    rows = register.read_register()
    values = pd.DataFrame({rows[0].id: [37.0, 38.0], rows[1].id: [0.99, 0.99]})
    asked = []
    monkeypatch.setattr(register, "run_worlds", lambda *n: (asked.append(n), values)[1])
    page = tmp_path / "page.md"
    assert main(["calibrate", "verdicts", "--worlds", "7", "--workers", "1", "-o", str(page)]) == 0
    assert asked == [(7, 1)]
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told[0] == ["mean_way_to_work_min", "observed", "36", "to", "41", "model", "37.2", "to", "37.8", "met"]
    assert told[1][0] == "commute_within_45_min"
    assert told[1][-4:] == ["0.99", "to", "0.99", "missed"]
    assert told[2][-2:] == ["not", "modelled"]
    assert len(told) > len(rows)
    assert page.read_text(encoding="utf-8") == register.markdown(register.verdicts(values), 7)
    page.unlink()
    assert main(["calibrate", "verdicts", "--worlds", "7"]) == 0
    assert "Written" not in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_one_world_gives_no_range_and_is_refused(tmp_path, capsys):
    assert main(["calibrate", "verdicts", "--worlds", "1", "-o", str(tmp_path / "page.md")]) == 2
    assert "Invalid value for '--worlds': " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_worlds_that_agree_with_figures_are_kept_and_written(tmp_path, capsys):
    saved = Path(__file__).parents[2] / "notebooks" / "saved" / "how_sure"
    figures = tmp_path / "observations.csv"
    figures.write_text("metric,policy,curve,value,low,high,model_error,use\n"
                       "cases_with_admissible_evidence,,,400,350,450,60,match\n"
                       "cameras_listed,,,185,160,212,20,hold out\n", encoding="utf-8")  # fmt: skip
    assert main(["calibrate", "worlds", str(saved), "--to", str(figures), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert re.match(r"\d+ of 40 worlds agree with the matched figures\.", said)
    tables = {name: pd.read_csv(tmp_path / f"{name}.csv") for name in ("figures", "worlds", "answers")}
    assert tables["figures"]["use"].tolist() == ["match", "hold out"]
    assert tables["worlds"]["weight"].sum() == pytest.approx(1.0)
    assert tables["answers"]["policy"].tolist() == ["guangzhou_draft:wide"]
    figures.write_text(figures.read_text(encoding="utf-8").replace("cameras_listed", "cameras_listd"), encoding="utf-8")
    assert main(["calibrate", "worlds", str(saved), "--to", str(figures)]) == 2
    assert "Fix: write cameras_listed." in capsys.readouterr().err
