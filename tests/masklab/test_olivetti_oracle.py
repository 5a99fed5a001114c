"""The trained attack against the rates that are known for Olivetti/AT&T (8 images to learn from, 400 probes).

The figures in `KNOWN` were measured beforehand with other code (scikit-learn 1.9, an ensemble with a perceptron); the
first set in McPherson, Shokri, Shmatikov 2016 (arXiv 1609.00408) is of the same order: 95–96 % for mosaics.
"""

import csv

import pytest

from privacysim.masklab.evaluate import evaluate
from privacysim.masklab.faces import load_faces
from privacysim.masklab.masks import mask_named
from privacysim.resources import shipped

KNOWN = {  # mask, cells across a clear face: rank-1 among 40
    ("none", 64.0): 0.990,
    ("none", 16.0): 0.998,
    ("none", 8.0): 0.990,
    ("none", 4.0): 0.932,
    ("none", 2.0): 0.632,
    ("pixelate:16", 64.0): 0.998,
    ("pixelate:8", 64.0): 0.990,
    ("pixelate:4", 64.0): 0.932,
    ("pixelate:2", 64.0): 0.632,
    ("gaussian:0.125", 64.0): 0.988,
    ("gaussian:0.25", 64.0): 0.958,
    ("gaussian:0.5", 64.0): 0.808,
    ("blur:0.125", 64.0): 0.988,
    ("blur:0.25", 64.0): 0.958,
    ("eyes", 64.0): 0.988,
    ("box:-0.12", 64.0): 0.955,
    ("dp_pixelate:4:0.1", 64.0): 0.038,
    ("dp_pixelate:4:0.5", 64.0): 0.202,
    ("dp_pixelate:4:1", 64.0): 0.420,
    ("dp_pixelate:4:5", 64.0): 0.898,
    ("dp_pixelate:16:5", 64.0): 0.820,
    ("scramble_fixed", 64.0): 0.985,
}


def shipped_rows():
    with shipped("data/masking/table.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def rows_of(mask, px, level=None, frames="1"):
    return [
        row
        for row in shipped_rows()
        if row["mask"] == mask
        and float(row["px"]) == px
        and row["camera"] == "clean"
        and row["images"] == "8"
        and row["frames"] == frames
        and (level is None or row["level"] == level)
    ]


@pytest.mark.parametrize(("mask", "px"), KNOWN)
def test_the_shipped_rates_reach_the_known_ones(mask, px):
    best = max(rows_of(mask, px), key=lambda row: float(row["rank1"]))
    assert float(best["high"]) >= KNOWN[mask, px], "the known rate is within the interval, or below it"
    assert best["naive"] != "", "the naive attack stands beside it"


@pytest.mark.parametrize(("k", "known"), [(2, 0.490), (5, 0.182), (10, 0.082)])
def test_k_same_is_attacked_as_well_as_is_known(k, known):
    assert max(float(row["high"]) for row in rows_of(f"ksame:{k}", 64.0)) >= known


def test_every_level_of_attack_stands_in_the_table_and_the_naive_one_never_alone():
    levels = {}
    for row in shipped_rows():
        levels.setdefault((row["mask"], row["px"], row["camera"]), set()).add(row["level"])
    for about, seen in levels.items():
        assert {"naive", "trained"} <= seen or about[0] == "none", about
    assert set().union(*levels.values()) == {"naive", "parrot", "trained", "averaged"}


def test_a_verdict_comes_from_the_strongest_attack_on_the_mask():
    with shipped("data/masking/masks.csv").open(newline="", encoding="utf-8") as stream:
        shipped_masks = {row["mask"]: row for row in csv.DictReader(stream)}
    assert {name: shipped_masks[name]["verdict"] for name in ("box", "scramble", "eyes", "scramble_fixed")} == {
        "box": "complete", "scramble": "complete", "eyes": "cosmetic", "scramble_fixed": "cosmetic",
    }  # fmt: skip
    for name, row in shipped_masks.items():
        best = max(float(r["rank1"]) for r in shipped_rows() if r["mask"] in (name, name.removesuffix("_of_face")))
        assert float(row["rank1"]) == best, name
    assert shipped_masks["scramble"]["legal"] == "reversible"
    assert shipped_masks["box"]["legal"] == "irreversible"


def test_strangers_raise_one_alarm_in_ten_and_the_masked_are_found_as_rarely_as_the_mask_hides():
    with shipped("data/masking/open_set.csv").open(newline="", encoding="utf-8") as stream:
        rates = {(r["mask"], float(r["px"]), r["camera"], r["fpir"]): float(r["tpir"]) for r in csv.DictReader(stream)}
    assert rates["box", 64.0, "clean", "0.1"] == 0.0
    assert rates["none", 64.0, "clean", "0.1"] > rates["none", 4.0, "clean", "0.1"] > 0.2
    assert all(rates[(*about, "0.01")] <= rates[(*about, "0.1")] for about in {key[:3] for key in rates})


def test_a_full_box_is_chance_and_a_real_cipher_is_not_far_from_it():
    for level in ("trained", "naive"):
        (box,) = rows_of("box", 64.0, level)
        assert float(box["rank1"]) == pytest.approx(1 / 40)
    (fresh,) = rows_of("scramble", 64.0, "trained")
    assert float(fresh["low"]) <= 1 / 40 <= float(fresh["high"])


@pytest.mark.parametrize("k", [2, 5, 10])
def test_k_same_keeps_its_bound_when_used_rightly_and_breaks_it_when_misused(k):
    assert all(float(row["rank1"]) <= 1 / k + 1e-9 for row in rows_of(f"ksame:{k}", 64.0))
    assert max(float(row["rank1"]) for row in rows_of(f"ksame_misused:{k}", 64.0)) > 1 / k


def test_less_epsilon_leaves_less_and_more_frames_bring_it_back():
    rates = [float(rows_of(f"dp_pixelate:4:{e}", 64.0, "trained")[0]["rank1"]) for e in ("0.1", "0.5", "1", "5")]
    assert rates == sorted(rates)
    averaged = [float(rows_of("dp_pixelate:4:0.5", 64.0, "averaged", t)[0]["rank1"]) for t in ("1", "10", "100")]
    assert averaged == sorted(averaged)
    assert averaged[-1] > 0.8


def test_fewer_images_help_less():
    rates = [
        float(row["rank1"])
        for row in shipped_rows()
        if row["camera"] == "cctv" and row["px"] == "16.0" and row["level"] == "trained"
    ]
    assert len(rates) == 4
    assert sorted(rates) == sorted(rates[1:] + rates[:1])


@pytest.mark.data
def test_one_rate_of_the_shipped_table_is_made_anew(data_folder):
    faces = load_faces("olivetti", data_folder / "olivetti")
    made = evaluate(faces, mask_named("pixelate:2"), member="svm", copies=1)
    low, high = made.interval()
    (row,) = rows_of("none", 2.0, "trained")
    assert low <= float(row["rank1"]) <= high


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize(("mask", "least"), [("pixelate:4", 0.87), ("eyes", 0.95), ("blur:0.25", 0.88)])
def test_common_masks_are_cosmetic_against_a_trained_attack(data_folder, mask, least):
    faces = load_faces("olivetti", data_folder / "olivetti")
    assert evaluate(faces, mask_named(mask)).top(1) >= least
