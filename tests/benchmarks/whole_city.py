"""Everybody against a sample: `python tests/benchmarks/whole_city.py RESULTS [SAMPLE]`.

RESULTS is the folder of a run with `--sample all`. The same study with a sample (500 000 by default) must have the same
Log, byte for byte, and each metric of people within four standard errors of its design; metrics of records are equal.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import privacysim as ps
from privacysim.results import load_results
from tests.helpers.everybody import against_everybody, same_log


def main(folder: Path, sample: int) -> int:
    """Print the table; returns 1 where something does not hold."""
    saved = load_results(folder)
    plan = saved.manifest["study"]
    keys = ("scenario", "policies", "readings", "baseline", "days", "seed", "start", "law_date")
    some, everybody = (ps.Study(**{key: plan[key] for key in keys}, replicates=1, sample=size).inputs(0)
                       for size in (sample, "all"))  # fmt: skip
    same = same_log(some, everybody)
    print(f"Log of a sample of {sample:,} and of everybody: {'the same bytes' if same else 'NOT THE SAME'}")
    table = against_everybody(some, saved.metrics)
    pd.set_option("display.width", 160)
    print(table.sort_values("distance", ascending=False).head(12).to_string(index=False, float_format="{:.6g}".format))
    worst = table["distance"].max()
    print(f"{len(table)} values; the farthest is {worst:.2f} standard errors away "
          f"({(table['distance'] > 2).mean():.1%} farther than 2)")
    return 0 if same and worst <= 4.0 else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500_000))
