"""Sequential precision: adds replicates, or worlds, until intervals are narrow enough (`--replicates precision:5%`).

The half-width of an interval falls as 1/√R, so each look estimates the replicates that the aim needs; they are added,
at most doubling, before the next look. A run that stops at 40 equals the run of 40 replicates byte for byte. Repeated
looks make a 95 % interval cover slightly less (Chow and Robbins 1965, doi:10.1214/aoms/1177700156); few looks and at
least ten replicates keep the loss small.

`--worlds precision:20%` adds worlds until the range over what is not known is settled: until each of its two ends, the
2.5 and 97.5 % quantiles over worlds, is known that well (`world_ranges.ends_error`). The first look is at 146 worlds,
the fewest that bound such a quantile on both sides.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from privacysim.errors import InputError
from privacysim.results.summary_rows import UNSEEN, ratio_of
from privacysim.results.world_ranges import FEWEST_ENDS, ends_error, ratios
from privacysim.simulation.unit_parts import WORLD
from privacysim.stats import FEWEST_REPLICATES, replicates_needed

if TYPE_CHECKING:
    from privacysim.results.results import Results
    from privacysim.study.running import Running

CAP = {"replicates": 200, "worlds": 600}
"""Default limits on the numbers that a precision may request."""
_FEWEST = {"replicates": FEWEST_REPLICATES, "worlds": FEWEST_ENDS}


@dataclass(frozen=True)
class Precision:
    """Target half-width of every interval of the primary metric's ratios, as a share of the larger of the two means.

    For a reform that lowers the metric, this is percentage points of the baseline ("by 31 % ± 5"); for one that
    multiplies it, a share of the ratio. `cap` limits the replicates, whether or not the aim is reached. `of` worlds:
    the intervals are those of the two ends of each policy's range over worlds.
    """

    aim: float
    cap: int = CAP["replicates"]
    of: str = "replicates"

    @staticmethod
    def read(text: str, of: str = "replicates") -> Precision:
        """Parse `precision:5%` or `precision:5%:400` (with the cap after a second colon)."""
        found = re.fullmatch(r"precision:(\d+(?:\.\d+)?)\s*%(?::(\d+))?", text.strip())
        if found is None or not 0 < float(found[1]) < 100:
            raise InputError(f"--{of}", "a number, or a precision such as precision:5%", text,
                             f"write precision:5%, or precision:5%:{2 * CAP[of]} for another cap than {CAP[of]}")
        cap = int(found[2]) if found[2] else CAP[of]
        if cap < _FEWEST[of]:
            raise InputError(f"--{of}", f"a cap of at least {_FEWEST[of]}", cap, "raise the cap")
        return Precision(float(found[1]) / 100, cap, of)

    @property
    def first(self) -> int:
        """Number of replicates or worlds of the first look."""
        return _FEWEST[self.of]

    @property
    def said(self) -> dict[str, object]:
        """The aim as the manifest has it."""
        return {"of": self.of, "aim": self.aim, "cap": self.cap}

    def reach(self, running: Running) -> Results:
        """Add replicates or worlds until the aim or the cap is reached or more cannot help; the manifest says which."""
        inputs, done = running.inputs, self.first
        while True:
            results = running.extend(inputs)
            width, needed = self.look(results) if self.of == "replicates" else self.look_at_worlds(results)
            reached = width is not None and width <= self.aim
            if reached or done >= self.cap or needed <= done:
                said = {**self.said, "reached": reached, "half_width": width}
                return replace(results, manifest={**results.manifest, "precision": said})
            done = min(needed, 2 * done, self.cap)
            inputs = inputs.among(range(done)) if self.of == "replicates" else inputs.among(inputs.replicates, done)

    def look_at_worlds(self, results: Results) -> tuple[float | None, int]:
        """Widest half-width of an end of a range (None if no ratio is known), and the worlds that the aim needs."""
        change, ranges = results.compare(), []
        rows = change.rows[(change.rows["metric"] == change.primary) & (change.rows["policy"] != change.baseline)]
        for row in rows.to_dict("records"):
            found = ratios(results.worlds, row["metric"], row["curve"], row["policy"], change.baseline)
            if len(once := found[found.index < 2 * WORLD]):
                ranges.append((ends_error(once), len(once)))
        if not ranges:
            return None, 0
        width, worlds = max(ranges)
        more = worlds + 1 if math.isinf(width) else math.ceil(worlds * (width / self.aim) ** 2)
        return None if math.isinf(width) else width, max(more, worlds + 1 if width > self.aim else 0)

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
    of = str(precision.get("of", "replicates"))
    worlds = of == "worlds"
    what = "its ends" if worlds else "the primary metric"
    aim = f"{100 * float(str(precision['aim'])):g} %{' of the range over worlds' if worlds else ''}"
    if precision["half_width"] is None:
        why = "too few worlds have a ratio" if worlds else "some intervals are withheld, see their notes"
        return f"precision {aim}: not reached; {why}"
    width = f"{100 * float(str(precision['half_width'])):.2g} %"
    if precision["reached"]:
        return f"precision {aim}: reached; the widest half-width of {what} is {width}"
    return f"precision {aim}: not reached within {precision['cap']} {of}; the widest half-width is {width}"
