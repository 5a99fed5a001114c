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
from privacysim.explorer.answers import Answers
from privacysim.explorer.lever_choices import choices, reform_of, saved_words
from privacysim.explorer.preview import Preview
from privacysim.policy import Reform
from privacysim.study import Study

_ORDERED = ("retention", "mask", "duties")
"""Levers with a slider, whose arrow keys JupyterLab leaves alone; in a list they would move between cells."""
_LAYOUT = widgets.Layout(width="330px")
_NAMED = {"description_width": "110px"}


class Explorer:
    """Explorer of a study, for a notebook: levers on the left, results on the right.

    `study` is a study or its name; its policies are the rules to start from, its baseline is the comparison. `reform`
    is the policy that the levers describe, `set` moves them, `save` stores it in `folder`. One replicate is shown at
    once. While no lever moves, the others follow, with the intervals, the study's other policies and the range over
    worlds that draw the uncertain facts. The numbers come from a small version of the study (`explorer.preview`). For a
    reliable result, save the policy and run it.

    >>> import privacysim as ps
    >>> explorer = ps.explore("preview", replicates=2)  # doctest: +SKIP
    >>> explorer.set(retention="7 d")                   # doctest: +SKIP
    """

    def __init__(self, study: Study | str = "preview", folder: str | Path = "sim/policies", replicates: int = 20):
        self.preview = Preview(study if isinstance(study, Study) else Study(study), replicates)
        self.folder = Path(folder)
        self.answers = Answers(self.preview)
        self._following: asyncio.Task[None] | None = None
        self.levers: dict[str, Any] = {
            name: (widgets.SelectionSlider if name in _ORDERED else widgets.Dropdown)(
                options=options, description=label, layout=_LAYOUT, style=_NAMED)
            for name, (label, options) in choices(self.preview).items()
        }  # fmt: skip
        self.levers["base"].value = self.preview.baseline.id
        for control in self.levers.values():
            control.observe(lambda change: self.update(), names="value")
        # sent once, when the field loses focus: sent by letter, the last could arrive after the click on the button
        self.name = widgets.Text(description="Name", placeholder="my_rules", continuous_update=False,
                                 layout=_LAYOUT, style=_NAMED)  # fmt: skip
        self.button = widgets.Button(description="Save as TOML", tooltip="Save the policy as a TOML file")
        self.button.on_click(lambda _: self._save_clicked())
        self.said, self.answer = widgets.HTML(), widgets.HTML(layout=widgets.Layout(flex="1 1 400px", min_width="0"))
        left = widgets.VBox([*self.levers.values(), self.name, self.button, self.said],
                            layout=widgets.Layout(flex="0 0 345px"))
        # the results scroll beside the levers, which stay in view
        self.answer.layout.max_height, self.answer.layout.overflow = "75vh", "auto"
        self.widget = widgets.HBox([left, self.answer], layout=widgets.Layout(flex_flow="row wrap"))
        self.update()
        self.answers.prepare()

    @property
    def reform(self) -> Reform:
        """The policy that the levers describe, under the name that was typed."""
        return replace(self._key(), name=self.name.value.strip())

    @property
    def summary(self) -> dict[str, float]:
        """Means of the metrics shown, over the replicates so far; keys join metric and curve with a bar."""
        looks = self.answers.looks(self._key())
        return {"|".join(key): float(np.mean([look.values[key][0] for look in looks if key in look.values]))
                for key in looks[0].values}  # fmt: skip

    def set(self, **levers: str) -> Explorer:
        """Move levers: `retention="7 d", mask="box", approver="judge"`; `base` selects the rules to start from."""
        reform_of(levers, self.preview)  # an unknown lever or value moves none
        for name, value in levers.items():
            self.levers[name].value = value
        return self

    def save(self, name: str = "", *, force: bool = False) -> str:
        """Save the policy as TOML under `name`; returns the file's path."""
        if name:
            self.name.value = name
        return self.reform.save(self.folder, force=force)

    def finish(self) -> Explorer:
        """Compute the remaining replicates now."""
        while self.answers.further(self._key()):
            pass
        self._show()
        return self

    def update(self) -> None:
        """Update the results: one replicate at once, the others as time allows."""
        if self._following is not None:
            self._following.cancel()
        try:
            key = self._key()
            self.answers.looks(key)
            self._show()
        except InputError as error:
            self.said.value = _div(escape(str(error)), ' class="error" role="alert"')
            return
        try:
            self._following = asyncio.get_running_loop().create_task(self._follow(key))
        except RuntimeError:  # no event loop outside a notebook: call `finish`
            self._following = None

    async def _follow(self, key: Reform) -> None:
        await asyncio.sleep(0.3)  # a moving lever has priority
        left = True
        while left:
            left, new = self.answers.work(key)
            if new:
                self._show()
            await asyncio.sleep(0.1)  # for messages of the page

    def _key(self) -> Reform:
        """The policy that the levers describe, regardless of the name field."""
        return reform_of({name: control.value for name, control in self.levers.items()}, self.preview)

    def _show(self) -> None:
        self.said.value = ""
        self.answer.value = self.answers.html(self._key())

    def _save_clicked(self) -> None:
        try:
            path = self.save()
        except InputError as error:
            self.said.value = _div(escape(str(error)), ' class="error" role="alert"')
            return
        self.said.value = _div(escape(saved_words(self.levers["base"].value, path)), ' role="status"')

    def _ipython_display_(self) -> None:
        from IPython import display

        display.display(self.widget)


def _div(text: str, marks: str = "") -> str:
    """HTML element in the explorer's style; `marks` are its attributes."""
    return f'<div class="ps-explorer"><div{marks}>{text}</div></div>'

