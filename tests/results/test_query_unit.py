"""SQL over a saved folder: the same rows as pandas, nothing outside the folder, nothing written, and clear refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import InputError, ResultsError
from privacysim.files import file_digest
from privacysim.results.results import query
from privacysim.results.saving import our_files
from tests.helpers.log_rows import rows

SAVED = Path(ps.__file__).parent.parent / "notebooks" / "saved" / "headline"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Acts of two units, in a folder whose name holds a quotation mark."""
    where = tmp_path_factory.mktemp("query") / "what's left"
    (where / "tables" / "acts").mkdir(parents=True)
    for replicate in (0, 1):
        acts = rows("acts", [{"act_id": n, "replicate": replicate, "act": "view" if n else "copy", "camera_id": n}
                             for n in range(3)])  # fmt: skip
        tables.write("acts", acts, where / "tables" / "acts" / f"r{replicate:05d}-b00000.parquet")
    return where


def test_tables_of_all_units_are_one_view(folder):
    found = query(folder, "select replicate, act, count(*) as n from acts group by all order by all")
    assert found.to_dict("list") == {"replicate": [0, 0, 1, 1], "act": ["copy", "view"] * 2, "n": [1, 2, 1, 2]}


def test_sums_of_saved_metrics_are_those_of_pandas():
    saved = ps.load_results(SAVED)
    found = saved.query("select policy, avg(value) as mean from metrics where metric = 'cameras_listed' "
                        "group by policy order by policy")  # fmt: skip
    listed = saved.metrics[saved.metrics["metric"] == "cameras_listed"]
    expected = listed.groupby("policy", observed=True)["value"].mean().sort_index()
    assert found.set_index("policy")["mean"].to_dict() == pytest.approx(expected.to_dict())
    summary = saved.query("select count(*) as n, count(note) as noted from summary")
    text = pd.read_csv(SAVED / "summary.csv", keep_default_na=False)
    assert summary["n"].item() == len(text)


@pytest.mark.parametrize("sql", [
    "select * from act", "selekt", "copy acts to 'out.csv'", "select * from read_csv('{outside}')",
    "attach '{outside}.db'", "set enable_external_access = true",
])  # fmt: skip
def test_what_reads_or_writes_elsewhere_or_is_no_sql_is_one_sentence(folder, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    with pytest.raises(InputError) as error:
        query(folder, sql.format(outside=outside))
    first, _, fix = str(error.value).splitlines()
    assert first == "query: expected SQL over the views acts."
    assert fix == "  Fix: write select … from one of them; the columns stand in data/tables.csv."
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"], "nothing was written"


def test_a_folder_without_tables_says_how_to_get_them(tmp_path):
    with pytest.raises(ResultsError) as error:
        query(tmp_path, "select 1")
    assert str(error.value) == f"{tmp_path}: holds no tables.\n  Fix: run the study with --tables."


def test_a_saved_table_comes_whole_and_a_wrong_name_says_the_nearest(folder):
    saved = ps.load_results(SAVED)
    files = {name: file_digest(folder / name) for name in our_files(folder)}
    saved = replace(saved, folder=folder, manifest={**saved.manifest, "files": files})
    assert len(saved.table("acts")) == 6
    with pytest.raises(InputError, match="write acts"):
        saved.table("akts")
    with pytest.raises(InputError, match="run with --tables"):
        ps.load_results(SAVED).table("acts")
    with pytest.raises(ResultsError, match="not saved, so there are no tables"):
        replace(saved, folder=None).table("acts")
