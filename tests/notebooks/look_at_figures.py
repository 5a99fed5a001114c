"""Run in every kernel that checks a notebook: a figure whose texts cover others or show raw ids is an error."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from matplotlib.backend_bases import FigureCanvasBase

from tests.helpers.figure_texts import faults


def _looked_at(self, *args, _print=FigureCanvasBase.print_figure, **options):
    made, found = _print(self, *args, **options), faults(self.figure)
    if found:
        raise AssertionError("The texts of this figure:\n" + "\n".join(found))
    return made


FigureCanvasBase.print_figure = _looked_at
