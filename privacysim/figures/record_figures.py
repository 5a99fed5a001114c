"""Figures of records: requests as lanes, and leaks as chains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.figures import style
from privacysim.figures.style import COLOURS, FAINT, GRID, INK, OKABE, RED, in_house_style
from privacysim.units import DAY_S
from privacysim.vocabulary import LEGALITIES
from privacysim.wording import Words

Row = dict[Any, Any]
"""One row of a table, by column."""
_ENDS = {"granted": ("o", OKABE[2]), "refused": ("X", RED), "unavailable": ("s", FAINT), "withdrawn": ("|", FAINT),
         "pending": (">", OKABE[4])}  # fmt: skip
"""Mark and colour at the end of a request's lane, by its outcome."""


@in_house_style
def swim_lane_panels(requests: Mapping[str, pd.DataFrame], opened_s: pd.Series[float], *, most: int = 14) -> Figure:
    """Requests as swim lanes in days since the case opened, one plot per policy on a shared axis.

    `requests` maps each plot's title to rows of the table of that name; `opened_s` gives each case's opening by case
    id. The first `most` requests of cases are drawn in the order given: waiting for approval, then search and
    delivery. A lane names whose camera it is; the mark at its end shows the outcome.
    """
    panels = {name: rows[rows["case_id"].isin(opened_s.index)].head(most) for name, rows in requests.items()}
    heights = [max(len(lanes), 1) + 1.4 for lanes in panels.values()]
    figure, frames = plt.subplots(len(panels), 1, sharex=True, figsize=(7.2, 0.8 + 0.24 * sum(heights)),
                                  layout="constrained", squeeze=False, height_ratios=heights)
    top, bottom = frames[0, 0], frames[-1, 0]
    for (name, lanes), ax in zip(panels.items(), frames[:, 0], strict=True):
        last = max((_draw_lane(ax, y, row, opened_s) for y, row in enumerate(lanes.to_dict("records"))), default=0.0)
        style.named_rows(ax, [Words("en").plain(str(word)) for word in lanes["operator"]], above=0.6)
        ax.set_xlim(0, max(1.9 * last, ax.get_xlim()[1]))  # room for the labels
        ax.set_title(name)
    style.labels_above(top, [("before anybody asks", FAINT), ("waiting for approval", OKABE[4]),
                             ("search and delivery", OKABE[0])])  # fmt: skip
    bottom.set_xlabel("days since the case")
    return figure


def _draw_lane(ax: Axes, y: float, row: Row, opened_s: pd.Series[float]) -> float:
    """Draw the bars, end mark and label of one request; returns its last day."""
    steps = (("submitted_s", GRID), ("decided_s", OKABE[4]), ("delivered_s", OKABE[0]))
    end = 0.0
    for name, colour in steps:
        until = (row[name] - float(opened_s[row["case_id"]])) / DAY_S
        if not math.isnan(until):
            ax.plot([end, until], [y, y], color=colour, linewidth=5, solid_capstyle="butt")
            end = until
    mark, colour = _ENDS[str(row["outcome"])]
    edge: Any = {"markeredgecolor": "white", "markeredgewidth": 0.6} if mark != "|" else {}
    ax.plot([end], [y], mark, color=colour, markersize=6, zorder=3, **edge)
    why = f" ({row['reason']})" if row.get("reason") else ""
    style.note(ax, f"{row['outcome']}{why}", (end, y), (7, 0), va="center", fontsize=7, color=colour)
    return end


@in_house_style
def incident_chain(acts: pd.DataFrame, *, title: str, ax: Axes | None = None) -> Axes:
    """One leak as a chain of acts: who did what, when, following which earlier act, and its legality.

    `acts` follows the table of that name and holds the acts of one incident. An act whose parent is missing starts
    the chain. Time runs to the right; each act has a lane, with a child below its parent.
    """
    rows = _descent(acts.sort_values(["at_s", "act_id"]).to_dict("records"))
    begin, say = acts["at_s"].min(), Words("en").plain
    ax = style.axes(ax, 7.2, 1.3 + 0.4 * max(len(rows), 1))
    at = {row["act_id"]: ((row["at_s"] - begin) / DAY_S, n) for n, row in enumerate(rows)}
    for row in rows:
        here, above = at[row["act_id"]], at.get(row["parent_id"])
        if above is not None:
            ax.plot([above[0], above[0], here[0]], [above[1], here[1], here[1]], color=FAINT, linewidth=0.9, zorder=1)
        ax.plot(*here, "o", color=COLOURS[str(row["legality"])], markersize=8, zorder=2)
        viewers = "viewer" if round(row["audience"]) == 1 else "viewers"
        looked = f", {row['audience']:,.0f} {viewers}" if row["audience"] > 0 else ""
        text = f"{say(str(row['actor']))}: {row['act']}{looked}  (general law: {say(str(row['general']))})"
        style.note(ax, text, here, (9, 0), va="center", color=INK)
    style.named_rows(ax, [""] * len(rows), above=0.6, below=0.6)
    ax.margins(x=0.05)
    low, high = ax.get_xlim()
    ax.set(xlim=(low, high + 1.1 * (high - low)), xlabel="days since its first act")  # room for the labels
    ax.spines["left"].set_visible(False)
    present = [word for word in LEGALITIES if word in set(acts["legality"].astype(str))]
    words = [("the camera rules call it:", INK), *((word, COLOURS[word]) for word in present)]
    style.labels_above(ax, words, title)
    return ax


def _descent(acts: list[Row]) -> list[Row]:
    """Sort the acts depth first: each act, then its descendants in order of time."""
    known = {act["act_id"] for act in acts}
    children: dict[Any, list[Row]] = {}
    for act in acts:
        children.setdefault(act["parent_id"] if act["parent_id"] in known else None, []).append(act)
    found, waiting = list[Row](), children.get(None, [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1]["act_id"], [])[::-1]
    return found
