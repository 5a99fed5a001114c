"""Figures a journal would print: plain frames in, Axes out, one house style."""

from privacysim.figures.comparison import forest, people_by_legality
from privacysim.figures.founding_case import district_map, held_out, mechanism_bars
from privacysim.figures.style import COLOURS, house_style, svg_text

__all__ = [
    "COLOURS", "district_map", "forest", "held_out", "house_style", "mechanism_bars", "people_by_legality", "svg_text",
]
