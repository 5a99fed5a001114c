"""Optics against the published working distances: `reference` table of lenses, EN/IEC 62676-4 levels."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.sight.optics import density_at_1_m, dori_levels, face_px, ground_radius_m, range_m, slant_at_density

# width px, hfov degrees, then the distances (m) at which 25, 62, 125 and 250 px/m are left
WORKING_DISTANCES = [
    (1920, 100, (32.2, 13.0, 6.4, 3.2)), (1920, 80, (45.8, 18.5, 9.2, 4.6)), (2560, 100, (43.0, 17.3, 8.6, 4.3)),
    (2560, 53, (102.7, 41.4, 20.5, 10.3)), (3840, 28, (308.0, 124.2, 61.6, 30.8)),
]  # fmt: skip


@pytest.mark.parametrize(("width", "hfov", "metres"), WORKING_DISTANCES)
def test_working_distances_are_those_of_the_lens_table(width, hfov, metres):
    assert np.allclose(slant_at_density(width, hfov, dori_levels()), metres, atol=0.051)


def test_dori_levels_on_a_face_are_4_10_20_and_40_pixels():
    assert np.allclose(face_px(1920, 80, slant_at_density(1920, 80, dori_levels())), [4.0, 9.92, 20.0, 40.0])


def test_a_fisheye_spreads_its_pixels_evenly():
    assert density_at_1_m(3000, 360) == pytest.approx(3000 / (2 * np.pi))
    assert density_at_1_m(3000, 180) == pytest.approx(3000 / np.pi)
    # more than all round does not exist
    assert density_at_1_m(3000, 400) == density_at_1_m(3000, 360)


def test_range_is_capped_and_the_ground_is_below_the_lens():
    assert range_m(3840, 28) == 100.0
    assert ground_radius_m(5.0, 4.5) == pytest.approx(4.0)
    assert ground_radius_m(2.0, 4.5) == 0.0
    assert ground_radius_m(5.0, 1.5) == 5.0
