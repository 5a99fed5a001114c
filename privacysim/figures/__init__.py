"""Publication figures in one house style: functions take plain data frames and return Axes."""

from privacysim.figures.bar_figures import held_out, mechanism_bars, speed_figure
from privacysim.figures.camera_figures import camera_view, mask_strip, told_at_distance, walks_past
from privacysim.figures.comparison_figures import deltas, efficient, forest, frontier, people_by_legality, tornado
from privacysim.figures.happenings import incident_chain, swim_lane_panels, swim_lanes
from privacysim.figures.map_figures import day_in_the_city, district_map, exposure_map, scenario_map, town_map
from privacysim.figures.measure_figures import (
    average_and_worst,
    how_far_off,
    lorenz,
    lorenz_curve,
    sets_through_the_day,
    unicity_curves,
)
from privacysim.figures.robustness_figures import failure_box, option_effects, plausible_worlds, reform_front
from privacysim.figures.style import COLOURS, han_font, house_style, svg_text

__all__ = [
    "COLOURS", "average_and_worst", "camera_view", "day_in_the_city", "deltas", "district_map", "efficient",
    "exposure_map", "failure_box", "forest", "frontier", "han_font", "held_out", "house_style", "how_far_off",
    "incident_chain", "lorenz", "lorenz_curve", "mask_strip", "mechanism_bars", "option_effects", "people_by_legality",
    "plausible_worlds", "reform_front", "scenario_map", "sets_through_the_day", "speed_figure", "svg_text",
    "swim_lane_panels", "swim_lanes", "told_at_distance", "tornado", "town_map", "unicity_curves", "walks_past",
]
