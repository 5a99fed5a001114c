"""Run in every kernel that checks a notebook: a figure whose texts cover others or show raw ids is an error."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2]))

    from tests.helpers.figure_texts import look_at_every_figure

    look_at_every_figure()
