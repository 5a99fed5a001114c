"""Answers of the explorer: what was computed for each set of rules so far, and the part of the page that shows it."""

from dataclasses import replace
from functools import lru_cache
from html import escape

import numpy as np
import pandas as pd

from privacysim.explorer import panels
from privacysim.explorer.lever_choices import MASKS
from privacysim.explorer.preview import SHOWN, Look, Preview
from privacysim.identify import curve_table
from privacysim.policy import Arm, Reform
from privacysim.readers.osm_maps import MAIN
from privacysim.simulation.unit_parts import WORLD

SHOWN_BESIDE = (SHOWN[0], "cameras_listed", "cases_with_admissible_evidence", "hours_to_evidence")
_BESIDE = 5
"""Replicates of the policies that stand in one table."""
_TRIED = 4
"""Number of rules tried before that stand in the table, too."""
_KEPT = 100
"""Largest number of rules of which the answers are kept."""


class Answers:
    """Looks at reforms, replicate by replicate, and their display as HTML without scripts.

    Of the first replicate everything is kept, for the pictures; of the others only the values.
    """

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        self._looks: dict[Reform, list[Look]] = {}
        self._ratios: dict[Reform, list[float]] = {}
        self._loaded = lru_cache(_KEPT)(lambda reform: preview.arm(reform.kept()))
        self._shown: tuple[Reform | None, int, tuple[str, str]] = (None, 0, ("", ""))
        city, main = preview.city, preview.city.edge_kind == MAIN
        self._streets = panels.street_path(city.node_x, city.node_y, city.edge_u[main], city.edge_v[main],
                                           preview.frame)  # fmt: skip

    def arm(self, reform: Reform) -> Arm:
        """The arm of a reform; without changes, the study's own."""
        if not reform.changes:
            return next(arm for arm in self.preview.arms if arm.id == reform.base)
        return self._loaded(reform)

    def prepare(self) -> None:
        """Work out what each mask of the levers leaves of a face, so that none takes time when it is chosen."""
        pairs = self.preview.drawn(0).baseline.pairs
        curve_table([(mask, n, by) for mask in MASKS[1:] for _, n, by in pairs])

    def looks(self, reform: Reform) -> list[Look]:
        """What was looked at so far, at least one replicate."""
        if reform not in self._looks:
            self.further(reform)
        return self._looks[reform]

    def further(self, reform: Reform) -> bool:
        """Look at one more replicate; returns whether there are any left."""
        looks = self._looks.get(reform, [])
        if len(looks) < self.preview.replicates:
            seen = self.preview.look(self.arm(reform), len(looks))
            looks = [*looks, seen if not looks else replace(seen, chance=np.zeros((0, 2, 2)), views=pd.DataFrame())]
            self._looks.pop(reform, None)
            while len(self._looks) >= _KEPT:
                oldest = next(iter(self._looks))
                del self._looks[oldest]
                self._ratios.pop(oldest, None)
            self._looks[reform] = looks
        return len(looks) < self.preview.replicates

    def work(self, reform: Reform) -> tuple[bool, bool]:
        """One step of what is missing: the reform's replicates, then the policies beside it, then worlds.

        Returns whether anything is left, and whether there is something new to show.
        """
        preview, done = self.preview, len(self._looks.get(reform, ()))
        if done < preview.replicates:
            self.further(reform)
            return True, done + 1 in (1, 5, 10, preview.replicates)
        if (waiting := self._waiting()) is not None:
            self.further(waiting)
            return True, waiting == self._own()[-1]
        if self.worlds(reform) < self._all_worlds(reform):
            self._further_world(reform)
            return True, self.worlds(reform) % 5 == 0
        return False, True

    def worlds(self, reform: Reform) -> int:
        """Number of worlds that were looked at so far."""
        return len(self._ratios.get(reform, ()))

    def _all_worlds(self, reform: Reform) -> int:
        return 0 if reform == Reform(self.preview.baseline.id) else self.preview.replicates

    def _further_world(self, reform: Reform) -> None:
        """Compute one more world, which draws the uncertain facts anew; keep its ratio to the baseline."""
        preview, known = self.preview, self._ratios.setdefault(reform, [])
        k, key = WORLD + len(known), (SHOWN[0], "low")
        seen, before = (look.values.get(key, (np.nan, 0))[0]
                        for look in (preview.look(self.arm(reform), k), preview.drawn(k).baseline))  # fmt: skip
        known.append(seen / before if before else np.nan)

    def state(self, reform: Reform) -> str:
        """What is still missing, in a few words."""
        done, wanted = len(self._looks.get(reform, ())), self.preview.replicates
        if done < wanted:
            return f"{done} of {wanted} replicates"
        if self._waiting() is not None:
            return "Other policies …"
        if (known := self.worlds(reform)) < (worlds := self._all_worlds(reform)):
            return f"{known} of {worlds} worlds"
        return "Complete"

    def _waiting(self) -> Reform | None:
        """The study's own policy with the fewest replicates, unless all have enough."""
        least = min(self._own(), key=lambda one: len(self._looks.get(one, ())))
        wanted = min(_BESIDE, self.preview.replicates)
        return least if len(self._looks.get(least, ())) < wanted else None

    def _own(self) -> list[Reform]:
        return [Reform(arm.id) for arm in self.preview.arms if arm.policy.footage]

    def _beside(self, reform: Reform) -> str:
        """The study's own policies and the rules tried last, over the replicates that all own ones have."""
        own = self._own()
        done = min(_BESIDE, *(len(self._looks.get(one, ())) for one in own))
        if not done:
            return ""
        tried = [one for one in self._looks if one.changes and one != reform and len(self._looks[one]) >= done]
        titles = {arm.id: arm.title for arm in self.preview.arms}
        rows = {titles[one.base]: one for one in own} | {one.words(): one for one in tried[-_TRIED:]}
        rows |= {f"Explored: {reform.words()}": reform} if reform.changes else {}
        means = {title: {name: _mean(self._looks[one][:done], name) for name in SHOWN_BESIDE}
                 for title, one in rows.items()}  # fmt: skip
        return panels.policy_table(means, SHOWN_BESIDE, done)

    def html(self, reform: Reform) -> str:
        """Verdict, range over worlds, table, and the details by place, time and group."""
        done = len(self.looks(reform))
        if self._shown[:2] != (reform, done):  # while other policies and worlds are computed, the rest stays as it is
            self._shown = reform, done, self._main_part(reform)
        (first, rest), worlds = self._shown[2], panels.range_line(self._ratios.get(reform, ()), SHOWN[0])
        return (f'{panels.STYLE}<div class="ps-explorer">{first}{worlds}{rest}{self._beside(reform)}'
                f'<p class="quiet">{escape(self.preview.says)}.</p></div>')

    def _main_part(self, reform: Reform) -> tuple[str, str]:
        preview, looks, arm = self.preview, self.looks(reform), self.arm(reform)
        whole = len(looks) >= preview.replicates
        rows = preview.comparison(arm, looks).rows if whole else preview.means(looks)
        verdict = panels.verdict(rows, preview.baseline.title, SHOWN[0],
                                 round(preview.scenario.population.people.number))  # fmt: skip
        table = panels.change_table(rows, preview.baseline.id, SHOWN, len(looks), preview.replicates)
        return f"<h3>{escape(reform.words())}</h3>{verdict}", f"{table}{self._pictures(looks[0])}"

    def _pictures(self, look: Look) -> str:
        """Map, timeline and groups of the first replicate, which is drawn already."""
        preview = self.preview
        cameras, before = preview.drawn(0).whole.world.cameras, preview.drawn(0).baseline
        seen = look.views.groupby("camera_id")["outsider"].any().reset_index()
        seen = seen.assign(x_m=cameras.x[seen["camera_id"]], y_m=cameras.y[seen["camera_id"]])
        where = panels.people_map(self._streets, preview.home_cells, look.chance[:, 0, 1], seen, preview.frame)
        when = panels.timeline(look.views, look.listed, before.listed)
        who = panels.group_table(preview.by_group(look), preview.by_group(before))
        return (f'<div class="row"><div><h4>Where</h4>{where}</div>'
                f"<div><h4>When</h4>{when}<h4>Who</h4>{who}</div></div>")


def _mean(looks: list[Look], name: str) -> float:
    """Mean of a metric over replicates, by its low curve if it has curves."""
    values = [look.values[key][0] for look in looks for key in ((name, ""), (name, "low")) if key in look.values]
    return float(np.mean(values)) if values else np.nan
