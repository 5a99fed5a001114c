"""Publication figures in one house style: functions take plain data frames and return Axes."""

from privacysim.figures.camera_figures import camera_view, mask_strip, mechanism_bars, told_at_distance, walks_past
from privacysim.figures.city_figures import exposure_map, scenario_map
from privacysim.figures.comparison_figures import deltas, forest, people_by_legality, variants
from privacysim.figures.measure_figures import average_and_worst, how_far_off, sets_through_the_day, unicity_curves
from privacysim.figures.record_figures import incident_chain, swim_lane_panels
from privacysim.figures.robustness_figures import held_out, reform_front
from privacysim.figures.study_figures import frontier, lorenz, lorenz_curve
from privacysim.figures.style import COLOURS, han_font, house_style, require_han_font, svg_text

__all__ = ["COLOURS", "average_and_worst", "camera_view", "deltas", "exposure_map", "forest", "frontier", "han_font",
           "held_out", "house_style", "how_far_off", "incident_chain", "lorenz", "lorenz_curve", "mask_strip",
           "mechanism_bars", "people_by_legality", "reform_front", "require_han_font",
           "scenario_map", "sets_through_the_day", "svg_text", "swim_lane_panels", "told_at_distance",
           "unicity_curves", "variants", "walks_past"]
