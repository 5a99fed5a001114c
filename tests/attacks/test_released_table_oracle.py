"""k, l and t of a released table against pyCANON's definitions, written out row by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import released_table
from privacysim.errors import InputError


def people(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "age": rng.integers(2, 5, n) * 10, "zone": rng.choice(["a", "b"], n), "sex": rng.choice(["f", "m"], n),
        "place": rng.choice(["clinic", "bank", "hotel", "school"], n, p=[0.1, 0.4, 0.2, 0.3]),
        "visits": rng.integers(0, 6, n),
    })  # fmt: skip


def classes(table: pd.DataFrame, quasi: list[str]) -> list[pd.DataFrame]:
    return [rows for _, rows in table.groupby(quasi)]


def t_of(table: pd.DataFrame, quasi: list[str], sensitive: str) -> float:
    values = np.unique(table[sensitive])
    p = np.array([(table[sensitive] == v).mean() for v in values])
    found = []
    for rows in classes(table, quasi):
        r = np.array([(rows[sensitive] == v).mean() for v in values]) - p
        if pd.api.types.is_numeric_dtype(table[sensitive]):
            found.append(sum(abs(r[: i + 1].sum()) for i in range(len(values))) / (len(values) - 1))
        else:
            found.append(0.5 * np.abs(r).sum())
    return max(found)


def entropy_l(table: pd.DataFrame, quasi: list[str], sensitive: str) -> int:
    found = []
    for rows in classes(table, quasi):
        p = rows[sensitive].value_counts(normalize=True)
        found.append(-(p * np.log(p)).sum())
    return int(np.exp(min(found)) + 1e-9)


@pytest.mark.parametrize("sensitive", ["place", "visits"])
@pytest.mark.parametrize("quasi", [["age"], ["age", "zone"], ["age", "zone", "sex"]])
def test_k_l_and_t_equal_the_definitions(quasi, sensitive):
    for seed in range(5):
        table = people(120, seed)
        found = released_table(table, quasi, sensitive)
        groups = classes(table, quasi)
        assert found.k == min(len(rows) for rows in groups)
        assert found.classes == len(groups)
        assert found.l_distinct == min(rows[sensitive].nunique() for rows in groups)
        assert found.l_entropy == entropy_l(table, quasi, sensitive)
        assert found.t == pytest.approx(t_of(table, quasi, sensitive), rel=1e-12)
        assert found.mean_risk == pytest.approx(sum(len(r) / len(table) / len(r) for r in groups))


def test_a_salary_table_of_the_literature_has_its_published_t():
    """Li et al. 2007, table 3: incomes 3k…11k in three classes; the class {3k, 4k, 5k} is 0.375 away from all."""
    table = pd.DataFrame({"zip": ["476**"] * 3 + ["4790*"] * 3 + ["476**+"] * 3, "k": [3, 4, 5, 6, 11, 8, 7, 9, 10]})
    assert released_table(table[table["zip"] != "x"], ["zip"], "k").t == pytest.approx(0.375)


def test_finer_quasi_identifiers_protect_less():
    table = people(400, 9)
    coarse, fine = released_table(table, ["age"], "place"), released_table(table, ["age", "zone"], "place")
    assert fine.k <= coarse.k
    assert fine.l_distinct <= coarse.l_distinct
    assert fine.t >= coarse.t - 1e-12


def test_a_table_that_cannot_be_judged_says_why():
    table = people(10, 1)
    with pytest.raises(InputError, match="write age"):
        released_table(table, ["agee"])
    with pytest.raises(InputError, match="missing values"):
        released_table(table.assign(age=np.nan), ["age"])
    with pytest.raises(InputError, match="at least one row"):
        released_table(table.iloc[:0], ["age"])
