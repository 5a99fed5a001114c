"""What a reader would not like about the texts of a figure: some cover others, or show an id instead of a name."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any
from unittest.mock import patch

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

COVERED = 0.15
"""Share of the smaller of two texts that the other may cover: rims of letters are no fault."""
_ID = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


def faults(figure: Figure) -> list[str]:
    """Texts that overlap, and texts with raw ids, as they are drawn."""
    drawn, draw = list[tuple[str, Bbox]](), Text.draw

    def kept(self: Text, renderer: Any, *args: Any, **more: Any) -> None:
        if self.get_visible() and self.get_text().strip() and self.get_rotation() % 90 == 0:
            drawn.append((self.get_text().strip(), Text.get_window_extent(self, renderer)))  # without a leader line
        draw(self, renderer, *args, **more)

    with patch.object(Text, "draw", kept):
        figure.draw_without_rendering()
    found = [f"an id: {text!r}" for text, _ in drawn if _ID.search(text)]
    for (one, a), (other, b) in combinations(drawn, 2):
        both = Bbox.intersection(a, b)
        if both is not None and both.width * both.height > COVERED * min(a.width * a.height, b.width * b.height):
            found.append(f"{one!r} covers {other!r}")
    return found


def look_at_every_figure() -> None:
    """From now on, a figure with faults that this process writes or shows is an error."""
    write = FigureCanvasBase.print_figure

    def looked_at(self: FigureCanvasBase, *args: Any, **options: Any) -> Any:
        made, found = write(self, *args, **options), faults(self.figure)
        assert not found, "\n".join(["the texts of this figure:", *found])
        return made

    FigureCanvasBase.print_figure = looked_at
