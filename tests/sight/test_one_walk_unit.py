"""One walk past one camera: against closed forms of the straight line, and against a walk sampled millimetre-fine."""

import numpy as np
import pytest

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.sight.coverage import walk_past
from privacysim.sight.optics import density_at_1_m, dori_levels, ground_radius_m, slant_at_density


def sampled(begin, end, heading, hfov, width, mount, speed=1.3, step_s=0.001):
    """Seconds in view, and of them with the face to the lens; the best frontal face: step by step, from the angles."""
    (x0, y0), (x1, y1) = begin, end
    length = np.hypot(x1 - x0, y1 - y0)
    t = np.arange(0, length / speed, step_s)
    x, y = x0 + (x1 - x0) * t * speed / length, y0 + (y1 - y0) * t * speed / length
    drop = abs(mount - facts().value("face_height_m"))
    slant = np.sqrt(x * x + y * y + drop * drop)
    density = density_at_1_m(width, hfov) / slant
    off = np.abs((np.degrees(np.arctan2(x, y)) - heading + 180.0) % 360.0 - 180.0)
    seen = (density >= 25.0) & (slant <= facts().value("view_range_max_m")) & (off <= hfov / 2)
    towards = -((x1 - x0) * x + (y1 - y0) * y) / length / slant
    front = seen & (towards >= np.cos(np.radians(facts().value("frontal_half_angle_deg"))))
    return seen.sum() * step_s, front.sum() * step_s, 0.16 * density[front].max(initial=0.0)


@pytest.mark.parametrize(("begin", "end", "heading", "hfov", "width", "mount"), [
    ((40, 3), (-40, 3), 90.0, 80.0, 1920, 3.5), ((40, 8), (-40, 8), 0.0, 80.0, 1920, 3.5),
    ((-30, 5), (30, 12), 20.0, 53.0, 2560, 6.0), ((5, 50), (1, 1), 350.0, 100.0, 1920, 3.0),
])  # fmt: skip
def test_a_walk_is_seen_for_as_long_as_its_samples_say(begin, end, heading, hfov, width, mount):
    pieces = walk_past(begin, end, width_px=width, hfov_deg=hfov, heading_deg=heading, mount_m=mount)
    seconds = pieces["end_s"] - pieces["begin_s"]
    in_view, front, best = sampled(begin, end, heading, hfov, width, mount)
    assert seconds.sum() == pytest.approx(in_view, abs=0.01)
    assert seconds[pieces["frontal"]].sum() == pytest.approx(front, abs=0.01)
    front_px = pieces.loc[pieces["frontal"], "face_px"].to_numpy()
    assert front_px.max(initial=0.0) <= best + 0.125  # a piece's mean is never above its best frame


def test_levels_change_where_the_closed_form_says():
    pieces = walk_past((0, 60), (0, 1), heading_deg=0.0)
    at = 60.0 - pieces["begin_s"] * 1.3
    ground = ground_radius_m(slant_at_density(1920, 80.0, dori_levels()), 3.5)
    assert pieces["level"].tolist()[:4] == ["detect", "observe", "recognise", "identify"]
    assert at.to_numpy()[:4] == pytest.approx(ground, abs=0.01)


def test_whoever_walks_behind_the_camera_is_not_seen_and_no_walk_is_a_sentence():
    assert walk_past((40, -8), (-40, -8), heading_deg=0.0).empty
    with pytest.raises(InputError, match="two different points"):
        walk_past((1, 1), (1, 1))
