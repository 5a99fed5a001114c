"""Compares the numbers of two results folders: `python tools/same_numbers.py OLD NEW [--tolerance 1e-12]`.

Use it when code is moved and no number may change. `renamed` below maps names that were changed on purpose.
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
_HEADINGS = {
    "acts_act": "acts[act", "acts_specific": "acts[specific", "acts_general": "acts[general",
    "acts_legality": "acts[legality", "acts_channel": "acts[channel", "acts_operator": "acts[operator",
    "acts_regime": "acts[regime", "identifiable_hours_actor": "identifiable_hours[actor",
    "identifiable_hours_channel": "identifiable_hours[channel", "identified_per_1000": "identified_per_1000[group",
    "minutes_in_view": "minutes_in_view[level", "cameras_listed": "cameras_listed[mechanism",
    "streams_closed_by": "streams_closed[closer", "identifiable_person_hours": "identifiable_person_hours[legality",
    "people_identified": "people_identified[legality",
}  # fmt: skip
_SAME = ("cameras_listed_at_end",)
_SECRETS = {f"{kind}_secret_{what}": f"secret_{what}[secret={kind}]" for kind in ("state", "commercial")
            for what in ("camera_hours", "sites")}


def renamed(name: str) -> str:
    """The new name of a metric: `acts_act_buy` is now `acts[act=buy]`."""
    if name in _SAME or "[" in name or name.startswith("people_identified_by"):
        return name
    for old, new in _HEADINGS.items():
        if name.startswith(f"{old}_"):
            word = name.removeprefix(f"{old}_")
            return f"{new}={_PLACES.get(word, word)}]"
    return _SECRETS.get(name, name)


def values(folder: Path) -> pd.Series:
    """Values of a results folder, indexed by policy, replicate, metric and curve."""
    frame = pd.read_parquet(folder / "metrics.parquet")
    frame["metric"] = frame["metric"].astype(str).map(renamed)
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
