"""Figures a journal would print: plain frames in, Axes out, one house style."""

from privacysim.figures.camera_figures import camera_view, mask_strip
from privacysim.figures.comparison_figures import forest, people_by_legality
from privacysim.figures.effects import deltas, efficient, frontier, tornado
from privacysim.figures.founding_case import district_map, held_out, mechanism_bars
from privacysim.figures.happenings import incident_chain, swim_lane_panels, swim_lanes
from privacysim.figures.people_figures import day_in_the_city, exposure_map, lorenz, lorenz_curve
from privacysim.figures.robustness_figures import failure_box, option_effects, plausible_worlds, reform_front
from privacysim.figures.style import COLOURS, house_style, svg_text

__all__ = [
    "COLOURS", "camera_view", "day_in_the_city", "deltas", "district_map", "efficient", "exposure_map", "failure_box",
    "forest", "frontier", "held_out", "house_style", "incident_chain", "lorenz", "lorenz_curve", "mask_strip",
    "mechanism_bars", "option_effects", "people_by_legality", "plausible_worlds", "reform_front", "svg_text",
    "swim_lane_panels", "swim_lanes", "tornado",
]
