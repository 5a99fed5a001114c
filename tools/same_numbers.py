"""Compares the numbers of two results folders: `python tools/same_numbers.py OLD NEW [--tolerance 1e-12]`.

Used when code moves but no number may change. Names that were changed on purpose are mapped in `RENAMED` below.
The script ends with status 1 and lists the differences if any value, metric, policy or replicate differs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

KEYS = ["policy", "replicate", "metric", "curve"]
_PLACES = {
    "art7_state": "public_state", "art7_venue": "public_venue", "art9": "public_other",
    "art33_compound_inside": "residential_common", "art33_home": "private_home",
}  # fmt: skip
RENAMED: dict[str, str] = {f"acts_regime_{old}": f"acts_regime_{new}" for old, new in _PLACES.items()}
"""Old metric name to new metric name."""


def values(folder: Path) -> pd.Series:
    """The values of a results folder by policy, replicate, metric and curve."""
    frame = pd.read_parquet(folder / "metrics.parquet")
    frame["metric"] = frame["metric"].astype(str).replace(RENAMED)
    for key in ("policy", "curve"):
        frame[key] = frame[key].astype(str)
    return frame.set_index(KEYS)["value"].sort_index()


def main() -> int:
    """Compare two folders and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-12, help="largest relative difference (default 1e-12)")
    given = parser.parse_args()
    old, new = values(given.old), values(given.new)
    missing, added = old.index.difference(new.index), new.index.difference(old.index)
    for name, rows in (("missing", missing), ("added", added)):
        for metric in sorted(set(rows.get_level_values("metric"))):
            print(f"{name}: {metric}")
    both = old.index.intersection(new.index)
    before, after = old[both].to_numpy(), new[both].to_numpy()
    off = np.abs(after - before) > given.tolerance * np.maximum(np.abs(before), 1e-300)
    for key, one, other in zip(both[off], before[off], after[off], strict=True):
        print(f"differs: {key}: {one!r} -> {other!r}")
    print(f"{len(both)} values compared, {int(off.sum())} differ, {len(missing)} missing, {len(added)} added")
    return int(bool(off.any() or len(missing) or len(added)))


if __name__ == "__main__":
    sys.exit(main())
