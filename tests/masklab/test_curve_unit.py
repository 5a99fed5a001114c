"""The curve: fits that recover what made them, and the rules of tracks, documents and galleries."""

import csv

import numpy as np
import pytest

from privacysim.errors import InputError
from privacysim.identify import Fit, rank_one
from privacysim.masklab import fitted_curve as curve
from privacysim.masklab.fitted_curve import (
    branches,
    cells_of,
    d_prime_of,
    fit_curve,
    fit_surface,
    held_out,
    measured,
    verdict,
)
from privacysim.masklab.mask_base import Mask
from privacysim.masklab.masks import BlackBox, Blur, Clear, DPPixelate, Pixelate, Scramble
from privacysim.masklab.regions import equivalent_cells, track_identified
from privacysim.resources import shipped

SIZES = [4.0, 8.0, 16.0, 32.0, 64.0]
TRUE = Fit(3.4, 3.1, 2.2)


def surface(galleries):
    return np.stack([rank_one(TRUE.d_prime(SIZES), n) for n in galleries], axis=1)


def test_a_fit_recovers_the_curve_that_made_the_rates():
    galleries = (2, 5, 10, 40)
    fit, rmse = fit_surface(SIZES, surface(galleries), galleries)
    assert (fit.d_max, fit.px50, fit.h) == pytest.approx((3.4, 3.1, 2.2), rel=1e-3)
    assert rmse < 0.01
    assert held_out(SIZES, surface(galleries), galleries) < 0.01


def test_the_covariance_comes_from_people_and_grows_when_they_differ_more():
    galleries = (2, 10, 40)
    draw = np.random.default_rng(0)
    found = [
        fit_curve(
            SIZES, np.clip(surface(galleries)[:, None] + draw.normal(0, s, (5, 20, 3)), 0, 1), galleries, resamples=12
        )
        for s in (0.02, 0.1)
    ]
    assert np.linalg.eigvalsh(found[0].covariance).min() >= -1e-12
    assert found[0].covariance[0, 0] < found[1].covariance[0, 0]


def test_the_branches_agree_at_forty_and_part_beyond_a_thousand():
    low, high = float(rank_one(3.0, 40)[0]), float(rank_one(3.0, 40, "high")[0])
    assert high == pytest.approx(low, abs=1e-9)
    apart = [high - low for _, low, high in branches(3.0)]
    assert all(step > 0.02 for step in apart)
    assert curve.EXTRAPOLATED_BEYOND == 1_000


@pytest.mark.parametrize("rate", [0.03, 0.3, 0.9, 0.999])
def test_d_prime_and_cells_are_inverses(rate):
    d = d_prime_of(rate, 40)
    assert float(rank_one(d, 40)[0]) == pytest.approx(rate, abs=1e-9)
    if d < TRUE.d_max:
        assert float(TRUE.d_prime(cells_of(d, TRUE, most=1e9))) == pytest.approx(d, rel=1e-9)


def test_at_or_below_chance_nothing_is_left():
    assert d_prime_of(0.025, 40) == d_prime_of(0.0, 40) == 0.0
    assert cells_of(0.0, TRUE) == 0.0


def test_a_track_is_never_less_than_a_frame_nor_more_than_independent_frames():
    for n in (1, 5, 50):
        one = 0.1 * 0.8 + 0.9 * 0.02
        p = track_identified(0.02, 0.8, 0.1, n, correlation=0.9)
        assert one - 1e-12 <= p <= 1 - (1 - one) ** n + 1e-12
    assert track_identified(0.02, 0.8, 0.1, 50, correlation=1.0) == pytest.approx(0.098)


def test_equivalent_cells_follow_from_construction_or_from_the_measured_table():
    assert equivalent_cells(Clear(), 12.0) == 12.0
    assert equivalent_cells(Pixelate(4), 12.0) == 4.0
    assert equivalent_cells(BlackBox(), 12.0) == 0.0
    assert equivalent_cells(Blur(0.25), 64.0) > equivalent_cells(Blur(0.5), 64.0) > 0.0
    assert equivalent_cells(Blur(0.5, fast=False), 64.0) > 2.0, "a Gaussian leaks more than a mosaic of cell = sigma"
    assert equivalent_cells(Blur(0.5), 64.0) < equivalent_cells(Blur(0.5, fast=False), 64.0), "rounded small, not large"
    assert equivalent_cells(DPPixelate(4, 0.1), 64.0) < equivalent_cells(DPPixelate(4, 5), 64.0) <= 4.0
    assert equivalent_cells(Scramble(), 64.0) < 1.0
    with pytest.raises(InputError, match="measured"):
        equivalent_cells(_Unmeasured(), 64.0)


class _Unmeasured(Mask):
    """A mask of somebody else."""


def test_more_images_a_person_help_more():
    shares = measured("images").set_index("images").factor
    assert shares.is_monotonic_increasing
    assert shares[1] < 0.8 < shares[8] == 1.0


def test_the_words_follow_the_share_of_the_excess_that_is_left():
    assert [verdict(r, 0.025, 0.99) for r in (0.03, 0.08, 0.5, 0.9)] == ["complete", "strong", "weak", "cosmetic"]


def test_the_shipped_fit_errs_by_less_than_a_point_and_a_half_on_galleries_that_it_has_not_seen():
    with shipped("data/masking/curve.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["fit"]: row for row in csv.DictReader(stream)}
    assert set(rows) == {"cctv", "clean"}
    for row in rows.values():
        assert float(row["rmse_points"]) <= 1.5
        assert float(row["held_out_points"]) <= 1.5
