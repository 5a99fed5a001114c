"""Figures of events in one replicate: requests as swim lanes, an incident as its chain of acts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.figures.style import (
    COLOURS,
    FAINT,
    GRID,
    INK,
    OKABE,
    RED,
    axes,
    in_house_style,
    labels_above,
    named_rows,
    say,
)
from privacysim.units import DAY_S

Row = dict[Any, Any]
"""One row of a table, by column."""
_ENDS = {"granted": ("o", OKABE[2]), "refused": ("X", RED), "unavailable": ("s", FAINT), "withdrawn": ("|", FAINT),
         "pending": (">", OKABE[4])}  # fmt: skip


@in_house_style
def swim_lanes(
    requests: pd.DataFrame, opened_s: pd.Series[float], *, most: int = 14,
    title: str = "Requests from the case to the footage, days", ax: Axes | None = None, lang: str = "en",
) -> Axes:
    """Swim lanes of requests, in days since the case opened: waiting for approval, then search and delivery.

    `requests` follows the table of that name; `opened_s` gives each case's opening by case id. The first `most`
    requests of cases are drawn in the order given. A lane names the requester, what is asked for and whose camera
    it is; the mark at its end shows the outcome.
    """
    lanes = _of_cases(requests, opened_s, most)
    ax = axes(ax, 7.2, 1.4 + 0.27 * max(len(lanes), 1))
    words = [", ".join(_words(row, "requester", "purpose", "operator")) for row in lanes]
    _draw_lanes(ax, lanes, opened_s, words)
    _phases(ax, lang)
    ax.set_xlabel(say("days since the case", lang))
    ax.set_title(title, pad=18)
    return ax


@in_house_style
def swim_lane_panels(
    requests: Mapping[str, pd.DataFrame], opened_s: pd.Series[float], *, most: int = 14, lang: str = "en"
) -> Figure:
    """The same case under several policies: one plot of `swim_lanes` per policy on a shared axis of days.

    `requests` maps each plot's title to its rows. A lane names only whose camera it is, as the requester is the same.
    """
    panels = {name: _of_cases(rows, opened_s, most) for name, rows in requests.items()}
    heights = [max(len(lanes), 1) + 1.4 for lanes in panels.values()]
    figure, all_axes = plt.subplots(
        len(panels), 1, sharex=True, figsize=(7.2, 0.8 + 0.24 * sum(heights)), layout="constrained", squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    for (name, lanes), ax in zip(panels.items(), all_axes[:, 0], strict=True):
        _draw_lanes(ax, lanes, opened_s, [" ".join(_words(row, "operator")) for row in lanes])
        ax.set_title(name, pad=18 if ax is all_axes[0, 0] else None)
    _phases(all_axes[0, 0], lang)
    all_axes[-1, 0].set_xlabel(say("days since the case", lang))
    return figure


def _of_cases(requests: pd.DataFrame, opened_s: pd.Series[float], most: int) -> list[Row]:
    return requests[requests["case_id"].isin(opened_s.index)].head(most).to_dict("records")


def _words(row: Row, *names: str) -> list[str]:
    return [str(row[name]).replace("_", " ") for name in names if name in row]


def _phases(ax: Axes, lang: str) -> None:
    words = {"before anybody asks": FAINT, "waiting for approval": OKABE[4], "search and delivery": OKABE[0]}
    labels_above(ax, [(say(text, lang), colour) for text, colour in words.items()])


def _draw_lanes(ax: Axes, lanes: list[Row], opened_s: pd.Series[float], names: list[str]) -> None:
    """Draw bars, end marks and labels of each lane; the axis leaves room for the labels."""
    last = 0.0
    for y, row in enumerate(lanes):
        start = float(opened_s[row["case_id"]])
        asked, decided, given = ((row[name] - start) / DAY_S for name in ("submitted_s", "decided_s", "delivered_s"))
        ax.plot([0, asked], [y, y], color=GRID, linewidth=5, solid_capstyle="butt")
        end = asked
        for until, colour in ((decided, OKABE[4]), (given, OKABE[0])):
            if not math.isnan(until):
                ax.plot([end, until], [y, y], color=colour, linewidth=5, solid_capstyle="butt")
                end = until
        mark, colour = _ENDS[str(row["outcome"])]
        edge: Any = {"markeredgecolor": "white", "markeredgewidth": 0.6} if mark != "|" else {}
        ax.plot([end], [y], mark, color=colour, markersize=6, zorder=3, **edge)
        why = f" ({row['reason']})" if row.get("reason") else ""
        ax.annotate(f"{row['outcome']}{why}", (end, y), (7, 0), textcoords="offset points", va="center", fontsize=7,
                    color=colour)  # fmt: skip
        last = max(last, 1.9 * end)
    named_rows(ax, names, above=0.6)
    ax.set_xlim(0, max(last, ax.get_xlim()[1]))


@in_house_style
def incident_chain(acts: pd.DataFrame, *, title: str, ax: Axes | None = None, lang: str = "en") -> Axes:
    """One leak as a chain of acts: who did what, when, following which earlier act, and its legality.

    `acts` follows the table of that name and holds the acts of one incident. An act whose parent is missing starts
    the chain. Time runs to the right; each act has a lane, with a child below its parent.
    """
    rows = _descent(acts.sort_values(["at_s", "act_id"]).reset_index(drop=True))
    begin = rows["at_s"].min()
    present = [word for word in ("authorised", "ungoverned", "prohibited") if word in set(rows["legality"].astype(str))]
    ax = axes(ax, 7.2, 1.3 + 0.4 * max(len(rows), 1))
    at = {row["act_id"]: ((row["at_s"] - begin) / DAY_S, n) for n, row in enumerate(rows.to_dict("records"))}
    for row in rows.to_dict("records"):
        here = at[row["act_id"]]
        if row["parent_id"] in at:
            there = at[row["parent_id"]]
            ax.plot([there[0], there[0], here[0]], [there[1], here[1], here[1]], color=FAINT, linewidth=0.9,
                    zorder=1)  # fmt: skip
        ax.plot(*here, "o", color=COLOURS[str(row["legality"])], markersize=8, zorder=2)
        looks = "looks" if round(row["audience"]) == 1 else "look"
        looked = f", {row['audience']:,.0f} {looks}" if row["audience"] > 0 else ""
        text = f"{str(row['actor']).replace('_', ' ')}: {row['act']}{looked}"
        ax.annotate(f"{text}  (general law: {row['general']})".replace("_", " "), here, (9, 0),
                    textcoords="offset points", va="center", fontsize=7.5, color=INK)  # fmt: skip
    named_rows(ax, [""] * len(rows), above=0.6, below=0.6)
    ax.margins(x=0.05)
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 1.1 * (high - low))  # room for the labels
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(say("days since its first act", lang))
    labels_above(ax, [(f"{say('the camera rules call it', lang)}:", INK),
                      *((say(word, lang), COLOURS[word]) for word in present)])  # fmt: skip
    ax.set_title(title, pad=18)
    return ax


def _descent(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort the acts depth first: each act, then its descendants in order of time."""
    acts, known = rows.to_dict("records"), set(rows["act_id"])
    children: dict[Any, list[int]] = {}
    for n, row in enumerate(acts):
        children.setdefault(row["parent_id"] if row["parent_id"] in known else None, []).append(n)
    order, waiting = [], list(reversed(children.get(None, [])))
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children.get(acts[order[-1]]["act_id"], []))
    return rows.iloc[order].reset_index(drop=True)
