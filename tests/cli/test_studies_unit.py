"""`run`, `compare`, `verify`, `study list`, `scenario …`: what is printed is what was saved, and exits as promised."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from privacysim import report, tables
from privacysim.cli.main import main
from privacysim.files import named_files
from privacysim.metrics import METRICS
from privacysim.results import load_results
from privacysim.results.manifest import digest_of
from privacysim.scenario import load_scenario
from privacysim.simulation.fact_worlds import quantities
from privacysim.simulation.inputs import load_study_file
from privacysim.study import Study
from tests.helpers.toy_study import ToyRunner

RUN = ["run", "--scenario", "guangzhou_district", "--policies", "notice_only, order_799,", "--baseline", "notice_only",
       "--days", "3", "--worlds", "0", "--workers", "1"]  # fmt: skip
PRIMARY = "people_identified_by_outsiders"


@pytest.fixture(scope="module")
def toy(tmp_path_factory, toy_units):
    """Units of work that cost nothing, for the whole module."""
    with pytest.MonkeyPatch.context() as patch:
        yield toy_units(patch, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def folder(toy, tmp_path_factory):
    where = tmp_path_factory.mktemp("cli") / "r"
    assert main([*RUN, "--out", str(where)]) == 0
    return where


@pytest.fixture
def plain(monkeypatch):
    """Runs whose report.html is a word: the figures of a page cost more than a toy's whole study."""
    monkeypatch.setattr(report, "page", lambda results: results.run_id)


@pytest.fixture
def own(folder, tmp_path):
    """A copy of the results that a test may spoil."""
    return shutil.copytree(folder, tmp_path / "own")


def printed(text, title):
    """The rows under a metric's title: policy and curve → the other cells, as they are printed."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{title[:1].upper()}{title[1:]}, "))
    rows = {}
    for line in lines[at + 2 :]:
        if not line.startswith("  "):
            break
        cells = re.split(r"\s{2,}", line.strip())
        rows[cells[0].lower().replace(" ", "_"), cells[1]] = cells[2:]
    return rows


def summary(folder):
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return {(row["policy"], row["metric"], row["curve"]): row for row in csv.DictReader(stream)}


def number(cell):
    return float(cell.split(" ")[0].replace(",", "").replace("−", "-"))


def test_a_run_says_what_it_saved_and_its_table_is_summary_csv(folder, toy, capsys, monkeypatch):
    monkeypatch.setattr(Study, "runner", ToyRunner(lambda *_: pytest.fail("it was run again")))
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main([*RUN, "--full", "--out", str(folder)]) == 0
    said = capsys.readouterr()
    run_id = json.loads((folder / "manifest.json").read_text())["run_id"]
    assert said.out.startswith(f"These results were saved before by the same run ({run_id}); nothing was run again.\n")
    assert f"Results: {folder}  (report.html, summary.csv, metrics.parquet, manifest.json)" in said.out
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert {"report.html", "summary.csv", "metrics.parquet", "manifest.json"} <= set(before)
    assert "3 days, 10 replicates." in said.out
    assert "Ratio and difference to “Notice only”" in said.out
    rows, cells = printed(said.out, METRICS[PRIMARY].title), summary(folder)
    assert set(rows) == {(policy, curve) for policy in ("notice_only", "order_799") for curve in ("low", "high")}
    for (policy, curve), shown in rows.items():
        cell = cells[policy, PRIMARY, curve]
        assert number(shown[0]) == pytest.approx(float(cell["mean"]), rel=5e-3)
        if policy != "notice_only":
            assert number(shown[1]) == pytest.approx(float(cell["ratio"]), rel=5e-3)
    assert "Cost:" in said.err


def test_results_of_a_time_when_nothing_was_charged_are_shown_without_their_cost(own, toy, capsys):
    manifest = json.loads((own / "manifest.json").read_text(encoding="utf-8"))
    del manifest["cost"]
    (own / "manifest.json").write_text(json.dumps(manifest | {"sha256": digest_of(manifest)}), encoding="utf-8")
    assert main([*RUN, "--out", str(own)]) == 0
    said = capsys.readouterr()
    assert "nothing was run again" in said.out
    assert "Cost:" not in said.err


def test_a_run_to_a_precision_says_how_far_it_came_and_lies_under_results(toy, plain, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # the toy's ratios differ by a few per cent at most: half of the mean is reached at the first look
    assert main([*RUN, "--seed", "7", "--replicates", "precision:50%"]) == 0
    assert [path.as_posix() for path in Path().glob("*/*")] == ["results/guangzhou_district"]
    manifest = load_results("results/guangzhou_district").manifest
    said = manifest["precision"]
    assert (said["aim"], said["reached"], manifest["study"]["seed"]) == (0.5, True, 7)
    assert said["half_width"] < 0.5
    assert (f"precision 50 %: reached; the widest half-width of the primary metric is {100 * said['half_width']:.2g} %"
            in capsys.readouterr().out.splitlines())  # fmt: skip


def test_a_run_that_lost_a_replicate_keeps_the_rest_says_so_and_exits_1(toy, plain, tmp_path, monkeypatch, capsys):
    def broken(inputs, wanted, where, unit):
        if unit.replicate == 2:
            raise ZeroDivisionError("by a test")
        return toy.run_unit(inputs, wanted, where, unit)

    monkeypatch.setattr(Study, "runner", ToyRunner(broken))
    alone = ["run", "--scenario", "guangzhou_district", "--policies", "order_799", "--replicates", "0_3"]
    assert main([*alone, "--workers", "1", "--out", str(tmp_path / "r")]) == 1
    said = capsys.readouterr()
    lost = "1 of 3 replicates failed and are left out of every policy;"
    assert lost in said.err
    assert lost in said.out, "in the words of the results too"
    assert re.search(r"replicate 2, block 0: failed in \w+ at \S+, line \d+: ZeroDivisionError: by a test\. Again: .*"
                     r"privacysim run guangzhou_district --replicate 2 --workers 1", said.err), said.err  # fmt: skip
    assert set(load_results(tmp_path / "r").metrics["replicate"]) == {0, 1}
    # one policy, and two replicates of it: it is its own baseline, and there is no pair to speak of
    assert "Compared with Order 799: " in " ".join(said.out.split())
    assert "Not calibrated: the constants were calibrated for another scenario." in said.out


@pytest.mark.parametrize(("words", "said"), [
    (["--replicates", "ten"], ("--replicates: expected a number, or a precision.", "Got: ten",
                               "write --replicates 20, or --replicates precision:5%")),
    (["--worlds", "many"], ("--worlds: expected a number, or a precision.", "Got: many",
                            "write --worlds 100, or --worlds precision:20%")),
    (["--worlds", "precision:5%:100"], ("--worlds: expected a cap of at least 146.", "Got: 100", "raise the cap")),
    (["--replicates", "precision:0%"], ("--replicates: expected a number, or a precision such as precision:5%.",
                                        "Got: precision:0%", "write precision:5%, or precision:5%:400")),
    (["--sample", "most"], ("--sample: expected a number of people, or all.", "Got: most", "write --sample 50000")),
    (["--replicates", "0"], ("replicates", "Got: 0", "Fix:")),
])  # fmt: skip
def test_a_size_that_is_none_is_three_lines_and_nothing_is_written(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*RUN, *words]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 3
    assert all(part in error for part in said), error
    assert not list(tmp_path.iterdir())


def test_everybody_may_be_the_sample(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*RUN, "--sample", "all", "--dry-run", "--replicate", "4"]) == 0
    said = capsys.readouterr().out
    assert "3 days, sample all, seed" in said
    assert "replicates  4 to 4" in said
    assert "results/guangzhou_district_replicate_4\nThis run will take less than a minute of CPU time" in said
    assert said.endswith("\nNothing was run.\n")
    assert not list(tmp_path.iterdir())


def test_without_dask_or_its_scheduler_the_run_says_what_is_missing(toy, tmp_path, monkeypatch, capsys):
    import distributed

    def impatient(address, timeout):
        assert timeout == "10s"
        return real(address, timeout="0.2s")

    real = distributed.Client
    monkeypatch.setattr(distributed, "Client", impatient)
    words = [*RUN, "--out", str(tmp_path / "r"), "--scheduler"]
    assert main([*words, "tcp://127.0.0.1:1"]) == 2
    first, got, fix = capsys.readouterr().err.splitlines()
    assert first == "--scheduler: expected the address of a Dask scheduler that answers."
    assert got.startswith("  Got: tcp://127.0.0.1:1 (")
    assert fix == "  Fix: start one with: dask scheduler."
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*words, "tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == ("--scheduler: expected the package distributed.\n  Got: it is not installed\n"
                                       '  Fix: pip install "privacysim[cluster]".\n')  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_one_metric_alone_is_shown_and_another_baseline_turns_it_over(folder, capsys):
    assert main(["compare", str(folder), "--metric", PRIMARY]) == 0
    alone = capsys.readouterr().out
    assert "\n\n\n" not in alone, "no two empty lines"
    assert alone.rstrip().endswith("A comparison of rules, not legal advice.")
    forth = printed(alone, METRICS[PRIMARY].title)
    assert main(["compare", str(folder), "--full", "--baseline", "order_799"]) == 0
    said = capsys.readouterr().out
    back = printed(said, METRICS[PRIMARY].title)
    assert "Ratio and difference to “Order 799”" in said
    listed = METRICS["cameras_listed"].title[1:]
    assert listed in said
    assert listed not in alone
    for curve in ("low", "high"):  # a ratio of means, so the one is the other's reciprocal
        product = number(forth["order_799", curve][1]) * number(back["notice_only", curve][1])
        assert product == pytest.approx(1.0, rel=5e-3)
    assert main(["compare", str(folder), "--metric", "cameras_liste"]) == 2
    assert "write cameras_listed" in capsys.readouterr().err


def test_verify_holds_what_was_saved_and_names_each_number_that_was_changed(own, toy, capsys):
    assert main(["verify", str(own), "--replicate", "4"]) == 0
    assert capsys.readouterr().out == f"Run again: replicates 4.\n{own}: all values reproduced exactly.\n"
    _double(own / "metrics.parquet", 4)
    metrics = tables.read("metrics", own / "metrics.parquet")
    changed = int((metrics["replicate"] == 4).sum())
    assert main(["verify", str(own), "--replicate", "4"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "metrics.parquet: missing or changed since it was written"
    assert [line.split(":")[0] for line in lines[1:3]] == ["summary.csv", "report.html"]
    assert re.fullmatch(r"\S+ 4 \S+ \w*: saved [\d.e+]+, again [\d.e+]+", lines[3])
    nothing = int((metrics.query("replicate == 4")["value"] == 0).sum())  # twice nothing is the same
    differences = 3 + changed - nothing
    assert lines[20:] == [f"… and {differences - 20} more.", "Run again: replicates 4.",
                          f"{own}: {differences} differences."]  # fmt: skip
    assert main(["verify", str(own), "--replicate", "3"]) == 1, "the file is another, though replicate 3 is not"
    assert capsys.readouterr().out.endswith(f"{own}: 3 differences.\n")


def _double(path, replicate):
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows = table.to_pandas()
    values = rows["value"].where(rows["replicate"] != replicate, 2 * rows["value"])
    at = table.schema.get_field_index("value")
    import pyarrow as pa

    pq.write_table(table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type)), path)


def test_verify_asks_for_a_replicate_that_was_run_and_for_its_inputs(own, capsys):
    assert main(["verify", str(own), "--replicate", "10"]) == 2
    assert capsys.readouterr().err == ("--replicate: expected one of the replicates 0 to 9.\n  Got: 10\n"
                                       "  Fix: choose one of them.\n")  # fmt: skip
    (own / "inputs").rename(own / "elsewhere")
    assert main(["verify", str(own)]) == 2
    assert capsys.readouterr().err.splitlines() == [f"{own}: has no inputs/ to run again.",
                                                    "  Fix: run the study with --out."]  # fmt: skip


def test_the_studies_are_listed_with_what_they_compare(capsys):
    assert main(["study", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(named_files("studies"))
    for name, (first, second) in zip(named_files("studies"), zip(lines[::2], lines[1::2], strict=True), strict=True):
        plan = load_study_file(name)
        assert first.split(maxsplit=1) == [name, f"{plan.scenario}: {', '.join(plan.policies)}"]
        assert second.strip() == (f"{plan.days} days, {plan.replicates} replicates, sample {plan.sample}  "
                                  f"(sim/studies/{name}.toml)")  # fmt: skip


def test_the_scenarios_are_listed_and_hold_when_they_are_checked(capsys):
    assert main(["scenario", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(named_files("scenarios"))
    assert all(load_scenario(line.split()[0]).title in line for line in listed)
    assert main(["scenario", "check"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}: valid" for name in named_files("scenarios")]


def test_a_scenario_that_is_wrong_stops_the_check_there(tmp_path, capsys):
    (tmp_path / "bad.toml").write_text('id = "bad"\ntitle = "Bad"\n[city]\nkind = "synthetic"\nsede = 1\n')
    assert main(["scenario", "check", "guangzhou_part", str(tmp_path / "bad.toml"), "guangzhou_dense"]) == 2
    said = capsys.readouterr()
    assert said.out == "guangzhou_part: valid\n"
    assert said.err.splitlines()[1:] == ["  Got: sede", "  Fix: write seed."]


def test_a_scenario_as_it_is_shown_is_a_scenario_with_the_same_numbers(tmp_path, capsys):
    assert main(["scenario", "show", "guangzhou_district"]) == 0
    shown = tmp_path / "shown.toml"
    shown.write_text(capsys.readouterr().out, encoding="utf-8")
    before, after = (dict(quantities(load_scenario(name))) for name in ("guangzhou_district", str(shown)))
    assert {key: (one.number, one.range) for key, one in after.items()} == {
        key: (one.number, one.range) for key, one in before.items()
    }
    assert len(before) > 50
    assert all(one.assumption and not one.fact for one in after.values()), "each number by itself, with its source"
    assert main(["scenario", "check", str(shown)]) == 0
