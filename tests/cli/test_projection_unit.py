"""`bench --project`: a province and a country from the cost of one city, against the formula worked out by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from privacysim.cli.main import main
from privacysim.results.manifest import digest_of

SAVED = Path(__file__).resolve().parents[2] / "notebooks" / "saved" / "headline"


def write(folder: Path, manifest: dict) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest | {"sha256": digest_of(manifest)}), encoding="utf-8")


@pytest.fixture
def saved(tmp_path):
    """Results of a city of a million people whose ten replicates cost what makes the sums easy."""
    folder = shutil.copytree(SAVED, tmp_path / "r")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["study"]["sample"] = "all"
    manifest["cost"] = {"cpu_s": {"people": 400.0, "passes": 300.0, "exposure": 200.0, "metrics": 100.0,
                                  "world": 150.0, "policies": 40.0, "cameras": 10.0, "city": 999.0},
                        "count": {"people": 10_000_000, "worlds drawn": 10}}  # fmt: skip
    write(folder, manifest)
    return folder, manifest


def test_a_province_and_a_country_take_what_the_formula_says(saved, tmp_path, capsys):
    assert main(["bench", "--project", str(saved[0]), "--out", str(tmp_path / "out")]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("From headline: 8 arms, 30 days, one replicate;")
    assert not (tmp_path / "out").exists(), "nothing is measured, so nothing is written"
    # a person 1e-4 CPU s, a city 20 CPU s. Guangdong: 127 cities of a million; two cores do 64 of them, one after the
    # other: 127e6 · 1e-4 / 2 + 64 · 20 = 7630 s = 2.1 h; of CPU 12700 + 127 · 20 = 15240 s = 4.23 h
    found = {(line.split("  ")[1].strip(), int(line.split(" cores")[0].split()[-1])): line for line in lines}
    assert len(found) == 9
    province = found["Guangdong province", 2]
    assert "127.0 M people  127 cities" in province
    assert "4.23 CPU h" in province
    assert "2.1 h  waits for people" in province
    # 1024 cores: people 12.4 s, and each of 1024 cores draws a world of its own, 20 s: 32.4 s, CPU 33180 s
    crowded = found["Guangdong province", 1024]
    assert "9.22 CPU h" in crowded
    assert "0.5 min  waits for worlds and policies" in crowded
    # the city itself on two cores: 1e6 · 1e-4 / 2 + 20 = 70 s; both draw its world: CPU 100 + 40 s
    alone = found["the city that was run", 2]
    assert "1.0 M people    1 cities" in alone
    assert "0.04 CPU h" in alone
    assert "1.2 min" in alone


@pytest.mark.parametrize("what", ["sample", "cost"])
def test_what_was_not_run_with_everybody_or_not_charged_is_not_projected(what, saved, capsys):
    folder, manifest = saved
    if what == "sample":
        manifest["study"]["sample"] = 50_000
    else:
        del manifest["cost"]
    write(folder, manifest)
    assert main(["bench", "--project", str(folder)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "bench --project: expected results of a run with --sample all.",
        f"  Got: sample {manifest['study']['sample']}",
        "  Fix: privacysim run headline --sample all --replicates 1 --out DIR.",
    ]  # fmt: skip
