"""How long the explorer takes to answer: CPU seconds of each update while three levers move.

    python tests/benchmarks/bench_explorer.py [UPDATES]

Every update is another position of the levers, so that none is answered from memory. CPU seconds of this process, the
drawing of the samples included; what the browser does with them is not.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import privacysim as ps
from privacysim.explorer.lever_choices import DUTIES, MASKS, RETENTION
from privacysim.explorer.widgets import Explorer


def main(updates: int = 120) -> None:
    """Move the levers and print the distribution."""
    explorer = Explorer(ps.Study("headline"), Path(tempfile.mkdtemp()), 20)
    positions = itertools.product(RETENTION[1:], MASKS[1:], [value for _, value in DUTIES[1:]])
    chosen = list(itertools.islice(positions, 0, None, 2))[:updates]
    assert len(chosen) == updates
    explorer.set(retention="7 d", mask="box")  # kernels are loaded before the clock counts
    spent: list[float] = []
    for retention, mask, duties in chosen:
        for name, value in (("retention", retention), ("mask", mask), ("duties", duties)):
            begin, moves = time.process_time(), explorer.levers[name].value != value
            explorer.set(**{name: value})
            spent += [time.process_time() - begin] if moves else []  # a lever that stays updates nothing
    seconds = np.array(spent)
    for share in (50, 90, 95, 99):
        print(f"{share:>3} % of {seconds.size} updates within {1000 * np.percentile(seconds, share):.0f} ms CPU")
    print(f"largest {1000 * seconds.max():.0f} ms; share under 200 ms: {(seconds < 0.2).mean():.1%}")
    print(explorer.preview.says)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
