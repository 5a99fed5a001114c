"""Sequential precision: adds replicates until intervals are narrow enough (`--replicates precision:5%`).

The half-width of an interval falls as 1/√R, so each look estimates the replicates that the aim needs; they are added,
at most doubling, before the next look. A run that stops at 40 equals the run of 40 replicates byte for byte. Repeated
looks make a 95 % interval cover slightly less (Chow and Robbins 1965, doi:10.1214/aoms/1177700156); few looks and at
least ten replicates keep the loss small.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from privacysim.errors import InputError
from privacysim.results.summary_rows import UNSEEN, ratio_of
from privacysim.stats import FEWEST_REPLICATES, replicates_needed

if TYPE_CHECKING:
    from privacysim.results.results import Results
    from privacysim.study.running import Running

CAP = 200
"""Default limit on the number of replicates that a precision may request."""


@dataclass(frozen=True)
class Precision:
    """Target half-width of every interval of the primary metric's ratios, as a share of the larger of the two means.

    For a reform that lowers the metric, this is percentage points of the baseline ("by 31 % ± 5"); for one that
    multiplies it, a share of the ratio. `cap` limits the replicates, whether or not the aim is reached.
    """

    aim: float
    cap: int = CAP

    @staticmethod
    def read(text: str) -> Precision:
        """Parse `precision:5%` or `precision:5%:400` (with the cap after a second colon)."""
        found = re.fullmatch(r"precision:(\d+(?:\.\d+)?)\s*%(?::(\d+))?", text.strip())
        if found is None or not 0 < float(found[1]) < 100:
            raise InputError("--replicates", "a number, or a precision such as precision:5%", text,
                             "write precision:5%, or precision:5%:400 for another cap than 200")  # fmt: skip
        cap = int(found[2]) if found[2] else CAP
        if cap < FEWEST_REPLICATES:
            raise InputError("--replicates", f"a cap of at least {FEWEST_REPLICATES}", cap, "raise the cap")
        return Precision(float(found[1]) / 100, cap)

    def reach(self, running: Running) -> Results:
        """Add replicates until the aim or the cap is reached or more cannot help; the manifest says which."""
        inputs = running.inputs
        while True:
            results = running.extend(inputs)
            done, (width, needed) = len(inputs.replicates), self.look(results)
            reached = width is not None and width <= self.aim
            if reached or done >= self.cap or needed <= done:
                said = {"aim": self.aim, "cap": self.cap, "reached": reached, "half_width": width}
                return replace(results, manifest={**results.manifest, "precision": said})
            inputs = inputs.among(range(min(needed, 2 * done, self.cap)))

    def look(self, results: Results) -> tuple[float | None, int]:
        """Widest half-width (None while an interval is withheld), and the number of replicates that the aim needs."""
        change = results.compare()
        rows = change.rows[(change.rows["metric"] == change.primary) & (change.rows["policy"] != change.baseline)]
        done, widest, needed, hopeless = len(results.manifest["replicates"]), 0.0, 0, False
        for row in rows.to_dict("records"):
            if row["note"].startswith(UNSEEN) or math.isnan(row["ratio"]):
                continue
            if math.isnan(row["ratio_low"]):
                gamma = results.skewness.get((ratio_of(row["policy"], change.baseline), row["metric"], row["curve"]))
                if row["note"].startswith("too few") or gamma is None:
                    hopeless = True  # more replicates do not help: the note says what would
                else:
                    needed, widest = max(needed, replicates_needed(gamma)), math.inf
                continue
            half = (row["ratio_high"] - row["ratio_low"]) / 2 / max(1.0, row["ratio"])
            widest = max(widest, half)
            needed = max(needed, math.ceil(done * (half / self.aim) ** 2))
        width = None if hopeless or math.isinf(widest) else widest
        return width, max(needed, done + 1 if widest > self.aim else 0)


def in_words(precision: dict[str, object] | None) -> str:
    """Describe the precision reached; empty if none was requested."""
    if precision is None:
        return ""
    aim = f"{100 * float(str(precision['aim'])):g} %"
    if precision["half_width"] is None:
        return f"precision {aim}: not reached; some intervals are withheld, see their notes"
    width = f"{100 * float(str(precision['half_width'])):.2g} %"
    if precision["reached"]:
        return f"precision {aim}: reached; the widest half-width of the primary metric is {width}"
    return f"precision {aim}: not reached within {precision['cap']} replicates; the widest half-width is {width}"
