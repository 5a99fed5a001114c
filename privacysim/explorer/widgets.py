"""Widgets of the explorer: levers on the left, results on the right; every control works from the keyboard."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from privacysim.errors import InputError
from privacysim.explorer import panels
from privacysim.explorer.preview import SHOWN, Look, Preview
from privacysim.policy import Arm, Reform
from privacysim.readers.osm_maps import MAIN
from privacysim.study import Study

AS_IS = "as the rules say"
RETENTION = (AS_IS, *(f"{days} d" for days in (1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90)))
MASKS = (AS_IS, "none", "pixelate:16", "pixelate:8", "pixelate:4", "pixelate:2", "box")
APPROVERS = ((AS_IS, AS_IS), ("head of the department", "department"), ("head of the county police", "county"),
             ("a judge, with a warrant", "judge"))  # fmt: skip
DUTIES = ((AS_IS, AS_IS), ("nobody", "nobody"), ("venues", "venues"), ("shops too", "shops"),
          ("homes too", "everybody"))  # fmt: skip
BANS = ((AS_IS, AS_IS), ("none", "none"), ("footage of public venues", "venues"), ("all footage", "everywhere"))
LEVERS: dict[str, tuple[Any, str, Any]] = {
    "retention": (widgets.SelectionSlider, "Footage kept", RETENTION),
    "mask": (widgets.SelectionSlider, "Mask at source", MASKS),
    "approver": (widgets.Dropdown, "Police ask", APPROVERS),
    "duties": (widgets.SelectionSlider, "Duties apply to", DUTIES),
    "ban": (widgets.Dropdown, "Ban for all on", BANS),
}
"""Name of a lever → its widget, label and options; a further one, `base`, selects the rules to start from."""
_WIDE = widgets.Layout(width="330px")
_NAMED = {"description_width": "110px"}


class Explorer:
    """Explorer of a study, for a notebook or Voilà: levers on the left, results on the right.

    `study` is a study or its name; its policies are the rules to start from, its baseline is the comparison. `reform`
    is the policy that the levers describe, `set` moves them, `save` stores it in `folder`. One replicate is shown at
    once; the others, and the intervals, follow while no lever moves. The numbers come from a small version of the study
    (`explorer.preview`). For a reliable result, save the policy and run it.

    >>> import privacysim as ps
    >>> explorer = ps.explore("preview", replicates=2)  # doctest: +SKIP
    >>> explorer.set(retention="7 d")                   # doctest: +SKIP
    """

    def __init__(self, study: Study | str = "preview", folder: str | Path = "sim/policies", replicates: int = 20):
        self.preview = Preview(study if isinstance(study, Study) else Study(study), replicates)
        self.folder = Path(folder)
        self._looks: dict[Reform, list[Look]] = {}
        self._pictured: Reform | None = None
        self._following: asyncio.Task[None] | None = None
        self._make_controls()
        self._make_views()
        self.update()

    def _make_controls(self) -> None:
        rules = [(arm.title, arm.id) for arm in self.preview.arms if arm.policy.footage]
        offered = {"base": (widgets.Dropdown, "Start from", rules), **LEVERS}
        self.levers: dict[str, Any] = {name: kind(options=options, description=text, layout=_WIDE, style=_NAMED)
                                       for name, (kind, text, options) in offered.items()}
        self.levers["base"].value = self.preview.baseline.id
        for control in self.levers.values():
            control.observe(lambda change: self.update(), names="value")
        # sent once, when the field loses focus: sent by letter, the last could arrive after the click on the button
        self.name = widgets.Text(description="Name", placeholder="my_rules", continuous_update=False,
                                 layout=_WIDE, style=_NAMED)  # fmt: skip
        self.button = widgets.Button(description="Save as TOML", tooltip="Save the policy as a TOML file")
        self.button.on_click(lambda _: self._save_clicked())
        self.said = widgets.HTML()

    def _make_views(self) -> None:
        self.header, self.table, self.map, self.time, self.groups = (widgets.HTML() for _ in range(5))
        city, frame = self.preview.city, self.preview.frame
        main = city.edge_kind == MAIN
        self._streets = panels.street_path(city.node_x, city.node_y, city.edge_u[main], city.edge_v[main], frame)
        self.before = self.preview.drawn(0).baseline
        self.map.layout = self.time.layout = widgets.Layout(width="350px")
        rules, keep = (widgets.HTML(_div(f"<h4>{text}</h4>")) for text in ("Rules", "Keep these rules"))
        left = [rules, *self.levers.values(), keep, self.name, self.button, self.said]
        pictures = _row(self.map, _column([self.time, self.groups], "1 1 380px"))
        self.widget = _row(_column(left, "0 0 345px"), _column([self.header, self.table, pictures], "1 1 520px"))

    @property
    def reform(self) -> Reform:
        """The policy that the levers describe, under the name that was typed."""
        return replace(self._key(), name=self.name.value.strip())

    @property
    def summary(self) -> dict[str, float]:
        """Means of the metrics shown, over the replicates so far; keys join metric and curve with a bar."""
        looks = self._looks[self._key()]
        return {"|".join(key): float(np.mean([look.values[key][0] for look in looks if key in look.values]))
                for key in looks[0].values}  # fmt: skip

    def set(self, **levers: str) -> Explorer:
        """Move levers: `retention="7 d", mask="box", approver="judge"`; `base` selects the rules to start from."""
        for name, value in levers.items():
            if name not in self.levers:
                raise InputError("lever", "one of " + ", ".join(self.levers), name, "name one of them")
            control = self.levers[name]
            known = [option[1] if isinstance(option, tuple) else option for option in control.options]
            if value not in known:
                raise InputError(name, "one of " + ", ".join(known), value, "choose one of them")
            control.value = value
        return self

    def save(self, name: str = "", *, force: bool = False) -> str:
        """Save the policy as TOML under `name`; returns the file's path."""
        if name:
            self.name.value = name
        return self.reform.save(self.folder, force=force)

    def finish(self) -> Explorer:
        """Compute the remaining replicates now."""
        arm, looks = self._arm(), self._looks[self._key()]
        looks += [self.preview.look(arm, k) for k in range(len(looks), self.preview.replicates)]
        self._show(arm, looks)
        return self

    def update(self) -> None:
        """Update the results: one replicate at once, the others as time allows."""
        if self._following is not None:
            self._following.cancel()
        try:
            arm, looks = self._arm(), self._looks.setdefault(self._key(), [])
            if not looks:
                looks.append(self.preview.look(arm, 0))
            self._show(arm, looks)
        except InputError as error:
            self.header.value = panels.STYLE + _div(escape(str(error)), ' class="error"')
            return
        try:
            self._following = asyncio.get_running_loop().create_task(self._follow(arm, looks))
        except RuntimeError:  # no event loop outside a notebook: call `finish`
            self._following = None

    async def _follow(self, arm: Arm, looks: list[Look]) -> None:
        await asyncio.sleep(0.3)  # a moving slider has priority
        while len(looks) < self.preview.replicates:
            looks.append(self.preview.look(arm, len(looks)))
            if len(looks) in (5, 10):
                self._show(arm, looks)
            await asyncio.sleep(0.1)  # for messages of the page
        self._show(arm, looks)

    def _key(self) -> Reform:
        """The policy that the levers describe, regardless of the name field."""
        moved = {name: control.value for name, control in self.levers.items()
                 if name != "base" and control.value != AS_IS}  # fmt: skip
        return Reform(self.levers["base"].value, **moved)

    def _arm(self) -> Arm:
        reform = self._key()
        if not reform.changes:
            return next(arm for arm in self.preview.arms if arm.id == reform.base)
        return self.preview.arm(reform.kept())

    def _show(self, arm: Arm, looks: list[Look]) -> None:
        preview, look = self.preview, looks[0]
        rows = preview.comparison(arm, looks).rows if len(looks) >= preview.replicates else preview.means(looks)
        self.header.value = panels.STYLE + _div(
            f'<p class="quiet">{escape(preview.says)}.</p><h4>{escape(self._key().words())}</h4>'
            f'<p class="quiet">against the baseline: {escape(preview.baseline.title)}</p>'
        )
        self.table.value = _div(panels.change_table(rows, preview.baseline.id, SHOWN, len(looks), preview.replicates))
        if self._pictured == self._key():
            return  # map, timeline and groups show the first replicate, which is drawn already
        self._pictured = self._key()
        cameras = preview.drawn(0).whole.world.cameras
        seen = look.views.groupby("camera_id")["outsider"].any().reset_index()
        seen = seen.assign(x_m=cameras.x[seen["camera_id"]], y_m=cameras.y[seen["camera_id"]])
        drawn = panels.people_map(self._streets, preview.home_cells, look.chance[:, 0, 1], seen, preview.frame)
        self.map.value = _div(f"<h4>Where</h4>{drawn}")
        self.time.value = _div(f"<h4>When</h4>{panels.timeline(look.views, look.listed, self.before.listed)}")
        groups = panels.group_table(preview.by_group(look), preview.by_group(self.before))
        self.groups.value = _div(f"<h4>Who</h4>{groups}")

    def _save_clicked(self) -> None:
        try:
            path = self.save()
        except InputError as error:
            self.said.value = _div(escape(str(error)), ' class="error" role="alert"')
            return
        base, path = escape(self.levers["base"].value), escape(path)
        self.said.value = _div(
            f'Saved: {path}<p class="quiet">privacysim policy check {path}<br>privacysim run --scenario '
            f"guangzhou_district --policies {base},{path} --baseline {base} --days 30</p>", ' role="status"',
        )  # fmt: skip

    def _ipython_display_(self) -> None:
        from IPython import display

        display.display(self.widget)


def _div(text: str, marks: str = "") -> str:
    """HTML element in the explorer's style; `marks` are its attributes."""
    return f'<div class="ps-explorer"><div{marks}>{text}</div></div>'


def _row(*children: widgets.Widget) -> widgets.HBox:
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap"))


def _column(children: list[widgets.Widget], flex: str) -> widgets.VBox:
    return widgets.VBox(children, layout=widgets.Layout(flex=flex, min_width="0"))
