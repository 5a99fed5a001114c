"""Who recognises whom: theory of mixtures and of open sets, and how familiarity, size and masks act on each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from privacysim.errors import InputError
from privacysim.facts import facts, facts_replaced
from privacysim.identify import RECOGNISERS, false_alarm, identifiability, rank_one
from privacysim.identify import recognisers as who
from privacysim.identify.recognition_curve import rank_one_above

PX = np.array([2.0, 4.0, 8.0, 12.0, 20.0, 40.0, 100.0, 255.0])
MASKS = ("none", "pixelate:16", "pixelate:8", "pixelate:4", "blur:0.5", "box")


@pytest.fixture
def replaced():
    def use(**values: float):
        return facts_replaced(values)

    return use


@pytest.mark.parametrize("n", [1, 10, 3_000])
def test_a_list_of_n_gives_a_false_alarm_unless_all_n_comparisons_are_right(n):
    f = 1e-3
    assert false_alarm(n, f) == pytest.approx(1 - (1 - f) ** n, rel=1e-12)
    assert who.per_comparison(false_alarm(n, f), n) == pytest.approx(f, rel=1e-12)


def test_false_alarms_grow_with_the_list_as_independent_normal_scores_do():
    at, n = float(norm.isf(1e-3)), 500
    scores = np.random.Generator(np.random.Philox(3)).standard_normal((20_000, n)).max(axis=1)
    share = float((scores > at).mean())
    assert share == pytest.approx(false_alarm(n, 1e-3), abs=4 * np.sqrt(share * (1 - share) / 20_000))


@pytest.mark.parametrize(("d", "n", "at"), [(3.0, 50, 2.5), (4.75, 2_000, 4.75), (1.0, 2, 0.0), (0.0, 100, 3.0)])
def test_an_open_set_equals_adaptive_quadrature_from_the_threshold_up(d, n, at):
    whole, _ = quad(lambda x: norm.pdf(x - d) * ndtr(x) ** (n - 1), at, np.inf, epsabs=0.0, epsrel=1e-12)
    assert rank_one_above(d, n, at)[0] == pytest.approx(whole, rel=1e-9)


def test_without_a_threshold_an_open_set_is_a_closed_one_and_with_a_high_one_the_list_does_not_matter():
    assert rank_one_above(2.0, 40, -9.0)[0] == pytest.approx(rank_one(2.0, 40)[0], rel=1e-9)
    assert rank_one_above(4.0, 10, 6.0)[0] == pytest.approx(float(ndtr(4.0 - 6.0)), rel=1e-6)


def test_a_machine_is_a_mixture_of_usable_pictures_and_of_guesses(replaced):
    n, px = 500, np.array([20.0])
    with replaced(machine_usable=1.0 - 1e-12, machine_px50=1e-9, machine_d_prime=40.0):
        assert who.first_name("none", px, n, "low") == pytest.approx(1.0), "all usable and all told apart"
    with replaced(machine_usable=1e-12):
        assert who.first_name("none", px, n, "low") == pytest.approx(1 / n, rel=1e-6), "none usable: guessing"
    with replaced(machine_usable=0.7, machine_px50=1e-9, machine_d_prime=40.0):
        assert who.first_name("none", px, n, "low") == pytest.approx(0.7 + 0.3 / n)
        assert who.found_above("none", px, n, 1e-6) == pytest.approx(0.7, rel=1e-5), "a guess passes no threshold"


def test_acquaintances_need_neither_a_gallery_nor_a_front_view_nor_many_pixels():
    for curve in ("low", "high"):
        assert np.array_equal(identifiability("none", PX, True, 2, curve, by="acquaintance"),
                              identifiability("none", PX, True, 10**6, curve, by="acquaintance"))
    known, unknown = (identifiability("none", 12.0, True, 20, by=by) for by in ("acquaintance", "stranger"))
    assert known > 0.6 > 0.1 > unknown
    away = identifiability("none", 40.0, False, 20, by="acquaintance")
    assert away > identifiability("none", 40.0, False, 20, by="stranger") * 5


def test_strangers_are_bad_at_matching_even_good_pictures():
    best = float(identifiability("none", 255.0, True, 10, by="stranger"))
    assert best == pytest.approx(float(rank_one(who.stranger_d_prime(np.array([255.0])), 10).item()))
    assert 0.5 < best < 0.85
    assert float(identifiability("none", 8.0, True, 2, by="stranger")) < 0.6, "near chance, one half"


@pytest.mark.parametrize("by", RECOGNISERS)
@pytest.mark.parametrize("curve", ["low", "high"])
def test_a_stronger_mask_never_helps_and_more_pixels_never_hinder(by, curve):
    seen = np.array([identifiability(mask, PX, True, 150, curve, by=by) for mask in MASKS])
    assert (np.diff(seen, axis=0) <= 1e-12).all()
    assert (np.diff(seen, axis=1) >= -1e-12).all()


@pytest.mark.parametrize("by", RECOGNISERS)
def test_the_high_curve_is_never_below_the_low_one(by):
    for mask in (*MASKS, "ksame:5"):
        for frontal in (False, True):
            low, high = (identifiability(mask, PX, frontal, 150, curve, by=by) for curve in ("low", "high"))
            assert (low <= high + 1e-15).all()
            assert ((low >= 0) & (high <= 1)).all()


def test_a_box_over_the_face_leaves_the_body_to_those_who_know_it_and_chance_to_a_stranger():
    body = facts().value("acquaintance_body")
    assert float(identifiability("box", 255.0, True, 600, "high", by="acquaintance")) == pytest.approx(body, rel=1e-3)
    assert float(identifiability("box", 255.0, True, 600, by="acquaintance")) == 0.0
    assert float(identifiability("box", 255.0, True, 20, by="stranger")) == 0.05


def test_an_unknown_recogniser_is_refused():
    with pytest.raises(InputError, match="acquaintance"):
        identifiability("none", 20.0, True, 20, by="neighbour")
