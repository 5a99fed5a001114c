"""The chance to be identified: against closed forms, another quadrature and the measured table."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln, log_ndtr, ndtr

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.identify import (
    cells,
    curve_table,
    face_code,
    fits,
    identifiability,
    measured_cells,
    most,
    rank_one,
)
from privacysim.resources import shipped

# an earlier measurement by other code with a weaker attack: rank-1 in a gallery of 40 of faces degraded like CCTV, by
# width of the face, with the half-width of the 95 % interval
EARLIER_AT_40 = {64: (85.5, 3.5), 32: (86.8, 4.5), 24: (87.2, 4.0), 16: (84.2, 3.5), 12: (80.2, 4.0),
                 8: (80.0, 5.0), 6: (69.0, 6.0), 4: (52.0, 7.5)}  # fmt: skip


def measured_rows():
    with shipped("data/masking/table.csv").open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["mask"] == "none" and row["camera"] == "cctv"
                and row["level"] == "trained" and row["images"] == "8"]  # fmt: skip


@pytest.mark.parametrize("gallery", [2, 3, 40, 1_000, 10**7])
def test_without_evidence_every_one_of_n_is_as_likely(gallery):
    for curve in ("low", "high"):
        assert rank_one([0.0], gallery, curve)[0] == pytest.approx(1.0 / gallery, rel=1e-9)


def test_two_alternatives_have_a_closed_form():
    d = np.linspace(0.0, 6.0, 61)
    assert np.allclose(rank_one(d, 2), ndtr(d / np.sqrt(2.0)), rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("gallery", [5, 40, 1_000, 10**5, 10**7])
@pytest.mark.parametrize("d", [0.3, 1.0, 2.12, 3.37, 5.0])
def test_trapezoid_equals_adaptive_quadrature_by_pieces(gallery, d):
    # another rule on another grid: Gauss-Kronrod on short intervals, the sum of which is exact to its own 1e-13
    def height(x):
        return float(np.exp(-0.5 * (x - d) ** 2 - 0.5 * np.log(2 * np.pi) + (gallery - 1) * log_ndtr(x)))

    edges = np.linspace(-10.0, d + 10.0, 81)
    whole = sum(quad(height, a, b, epsabs=0.0, epsrel=1e-12)[0] for a, b in itertools.pairwise(edges)
                if height(a) > 1e-40 or height(b) > 1e-40)
    assert rank_one([d], gallery)[0] == pytest.approx(whole, rel=1e-11)


def test_trapezoid_of_401_nodes_has_converged_at_ten_million_people():
    # twice and four times the nodes give the same digits: the error of a smooth bell falls faster than any power
    d, gallery = 1.0, 10**7
    values = []
    for nodes in (801, 1601):
        x = np.linspace(-10.0, d + 10.0, nodes)
        y = np.exp(-0.5 * (x - d) ** 2 - 0.5 * np.log(2 * np.pi) + (gallery - 1) * log_ndtr(x))
        values.append(float(np.trapezoid(y, x)))
    assert rank_one([d], gallery)[0] == pytest.approx(values[0], rel=1e-13)
    assert values[0] == pytest.approx(values[1], rel=1e-13)


def test_high_branch_meets_the_low_one_at_2_and_40_and_is_never_below():
    d = np.linspace(0.0, 5.0, 101)
    for gallery in (2, 40):
        assert np.allclose(rank_one(d, gallery, "high"), rank_one(d, gallery), rtol=1e-9, atol=0.0)
    for gallery in (3, 10, 150, 10**4, 10**7):
        assert (rank_one(d, gallery, "high") >= rank_one(d, gallery)).all()


def test_high_branch_is_the_beta_binomial_through_those_two_points():
    # solved here by scanning the concentration, not by the module's halving
    d, gallery = 2.12, 10_000
    mean, forty = ndtr(d / np.sqrt(2.0)), rank_one([d], 40)[0]
    b = np.exp(np.linspace(np.log(0.5), np.log(50.0), 2_000_001))
    a = b * (1.0 - mean) / mean
    best = np.argmin(np.abs(np.exp(betaln(a, b + 39) - betaln(a, b)) - forty))
    expected = np.exp(betaln(a[best], b[best] + gallery - 1) - betaln(a[best], b[best]))
    assert rank_one([d], gallery, "high")[0] == pytest.approx(expected, rel=1e-4)


def test_more_evidence_and_smaller_galleries_never_lower_the_chance():
    d = np.linspace(0.0, 5.0, 201)
    for curve in ("low", "high"):
        rows = np.array([rank_one(d, n, curve) for n in (2, 5, 40, 150, 10**3, 10**5, 10**7)])
        assert (np.diff(rows, axis=1) > 0).all()
        assert (np.diff(rows, axis=0) <= 0).all()


def test_curve_is_within_the_interval_of_the_measured_rates():
    rows = measured_rows()
    assert len(rows) >= 7
    for row in rows:
        curve = float(identifiability("none", float(row["px"]), True, 40))
        assert float(row["low"]) <= curve <= float(row["high"]), row["px"]


def test_curve_reproduces_the_measured_surface_to_about_a_point():
    errors = [100 * (float(identifiability("none", float(row["px"]), True, n)) - float(row[key]))
              for row in measured_rows() for n, key in ((2, "n2"), (5, "n5"), (10, "n10"), (20, "n20"), (40, "rank1"))]
    assert np.sqrt(np.mean(np.square(errors))) < 1.5


def test_the_attack_behind_the_curve_is_no_weaker_than_an_earlier_one():
    for px, (percent, half_width) in EARLIER_AT_40.items():
        assert 100 * float(identifiability("none", px, True, 40)) >= percent - half_width, px


def test_measured_masks_are_looked_up_and_between_two_blurs_the_curve_goes_on():
    assert cells("blur:0.25") == pytest.approx(measured_cells()["blur:0.25"])
    assert measured_cells()["blur:0.5"] < cells("blur:0.35") < measured_cells()["blur:0.25"]
    assert cells("blur:0.01") == np.inf, "weaker than any that was measured: no mask"
    assert cells("blur:9") == cells("blur:0.5"), "stronger than any that was measured: as the strongest"
    assert cells("dp_pixelate:4:0.3") == cells("dp_pixelate:4:0.5"), "as the least leaky of the weaker ones"
    own = measured_cells()["dp_pixelate:4:0.5"]
    assert cells("dp_pixelate:4:0.5") == own, "16 cells of the same epsilon are noisier, not weaker"
    assert cells("dp_pixelate:3:99") == 3.0, "where none is weaker, as the plain mosaic"
    assert cells("dp_pixelate:4:0.5", one_frame=True) < cells("dp_pixelate:4:0.5"), "frames can be averaged"
    assert cells("eyes") > 4.0
    assert cells("scramble") < 1.0


@pytest.mark.parametrize("k", [2, 5, 10])
def test_nobody_is_right_more_than_once_in_k_behind_k_same(k):
    for gallery in (2, 40, 10**6):
        p = identifiability(f"ksame:{k}", [4.0, 40.0], True, gallery)
        assert (p <= max(1 / k, 1 / gallery) + 1e-12).all()
        assert (p <= identifiability("none", [4.0, 40.0], True, gallery)).all()
        assert (p >= 1 / gallery - 1e-12).all()
    assert most("pixelate:2") == 1.0


def test_shipped_fits_equal_the_register_of_facts():
    for name in ("cctv", "clean"):
        for part in ("d_max", "px50", "h"):
            assert getattr(fits()[name], part) == facts().value(f"mask_{name}_{part}")


def test_pixelating_to_n_cells_equals_seeing_n_pixels():
    wide = np.arange(0.0, 60.0, 0.5)
    assert np.array_equal(
        identifiability("pixelate:8", wide, True, 150), identifiability("none", np.minimum(wide, 8.0), True, 150)
    )


def test_full_box_leaves_a_guess_on_both_curves():
    for curve in ("low", "high"):
        assert (identifiability("box", [0.0, 4.0, 200.0], True, 40, curve) == 1.0 / 40).all()


@pytest.mark.parametrize(("by", "fact"), [("acquaintance", "nonfrontal_factor"), ("stranger", "nonfrontal_unknown"),
                                          ("machine", "nonfrontal_unknown"), ("lab", "nonfrontal_unknown")])
def test_a_face_turned_away_counts_with_the_factor_of_who_looks(by, fact):
    seen = identifiability("none", [4.0, 16.0], True, 40, by=by)
    away = identifiability("none", [4.0, 16.0], False, 40, by=by)
    assert away == pytest.approx(facts().value(fact) * seen, rel=1e-12)


def test_table_holds_what_the_function_returns_for_every_code():
    pairs = [("none", 40), ("pixelate:4", 10**6, "machine"), ("box", 2, "acquaintance"), ("none", 20, "stranger")]
    table = curve_table(pairs)
    face = np.arange(2041) / 8
    for row, (mask, gallery, *by) in enumerate(pairs):
        for c, curve in enumerate(("low", "high")):
            for frontal in (0, 1):
                expected = identifiability(mask, face, bool(frontal), gallery, curve, by=(by or ["lab"])[0])
                assert np.array_equal(table[row, c, frontal], expected)


def test_face_codes_are_eighths_of_a_pixel_capped_at_255_px():
    assert np.array_equal(face_code([0.0, 0.0624, 0.0626, 12.125, 255.0, 3_000.0]), [0, 0, 1, 97, 2040, 2040])
    assert np.array_equal(face_code(np.arange(2041) / 8), np.arange(2041))


@pytest.mark.parametrize("mask", ["mosaic", "pixelate", "pixelate:0", "pixelate:-2", "pixelate:nan", "", "blur:x",
                                  "ksame:1", "dp_pixelate:4", "silhouette"])
def test_an_unknown_mask_is_refused_in_three_lines(mask):
    with pytest.raises(InputError) as caught:
        cells(mask)
    assert len(str(caught.value).splitlines()) <= 3
    assert "pixelate:" in str(caught.value)


def test_a_gallery_of_one_is_refused_since_it_would_see_through_a_box():
    for mask in ("none", "box"):
        with pytest.raises(InputError, match="2 or more people"):
            identifiability(mask, 20.0, True, 1)
    with pytest.raises(InputError):
        identifiability("none", -1.0, True, 40)
    with pytest.raises(InputError, match="write low"):
        identifiability("none", 1.0, True, 40, "lo")
