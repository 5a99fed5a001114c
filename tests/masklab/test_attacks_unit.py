"""Attacks and what is made of their scores: synthetic people, so that it runs anywhere."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from privacysim.errors import InputError
from privacysim.masklab.evaluate import Outcome, evaluate, open_set, tpir
from privacysim.masklab.face_attacks import Attack, attacked
from privacysim.masklab.faces import synthetic_faces
from privacysim.masklab.masks import BlackBox, Clear, DPPixelate, KSame, Pixelate, Scramble

FACES = synthetic_faces(10, 5)


def test_masks_and_attacks_work_in_a_pipeline_and_a_grid_search():
    chain = Pipeline([("mask", Pixelate(2)), ("attack", Attack(member="lda", level="parrot"))])
    search = GridSearchCV(chain, {"mask__cells_across": [2, 8]}, cv=2, scoring="accuracy")
    search.fit(FACES.images, FACES.person)
    assert search.best_params_ == {"mask__cells_across": 8}, "more cells, more recognised"
    assert search.best_score_ > 0.5


def test_a_full_box_leaves_exactly_chance_in_every_gallery():
    outcome = evaluate(FACES, BlackBox(), images=4, member="ensemble", copies=1)
    assert outcome.top(1) == pytest.approx(outcome.chance)
    assert outcome.top(5) == pytest.approx(0.5)
    assert outcome.first_in(2).mean() == pytest.approx(0.5)
    assert outcome.first_in(7).mean() == pytest.approx(1 / 7)


def test_a_trained_attack_beats_the_naive_one_and_both_beat_chance():
    trained = evaluate(FACES, Pixelate(4), images=4, copies=1)
    naive = evaluate(FACES, Pixelate(4), images=4, level="naive")
    assert trained.top(1) >= naive.top(1) > 0.1
    assert trained.top(1) > 0.9
    low, high = trained.interval()
    assert low <= trained.top(1) <= high


def test_fewer_images_a_person_help_the_attacker_less():
    few, many = (evaluate(FACES, Pixelate(3), images=n, copies=1, member="lda").top(1) for n in (1, 4))
    assert few < many


def test_k_same_keeps_its_bound_and_misuse_breaks_it():
    faces = synthetic_faces(10, 10)  # two images of each person are shown at once: that is the misuse
    right = evaluate(faces, KSame(2), member="lda", copies=1)
    wrong = evaluate(faces, KSame(2, one_each=False), member="lda", copies=1)
    # at most one in two of each pair: the bound is exact, no allowance for chance
    assert right.top(1) <= 1 / 2 + 1e-12
    assert wrong.top(1) > 1 / 2


def test_less_epsilon_leaves_less_and_goes_to_chance():
    rates = [evaluate(FACES, DPPixelate(4, e), images=4, member="lda", copies=1).top(1) for e in (50.0, 0.5, 0.001)]
    assert rates[0] > rates[1] > rates[2]
    assert rates[2] < 0.1 + 3 * np.sqrt(0.1 * 0.9 / 50)


def test_averaging_frames_brings_back_what_fresh_noise_hid():
    one, many = (
        evaluate(FACES, DPPixelate(4, 0.5), images=4, level="averaged", member="lda", copies=1, frames=t).top(1)
        for t in (1, 50)
    )
    assert many > one + 0.2


@pytest.mark.filterwarnings("ignore:Scramble")
def test_a_fixed_nonce_is_read_like_a_clear_face_and_a_fresh_one_is_not():
    fixed = evaluate(FACES, Scramble(nonce="fixed"), images=4, member="lda", copies=1).top(1)
    fresh = evaluate(FACES, Scramble(), images=4, member="lda", copies=1).top(1)
    assert fixed > 0.8
    assert fresh < 0.1 + 3 * np.sqrt(0.1 * 0.9 / 50)


def test_strangers_raise_few_alarms_and_the_enrolled_are_found():
    outcome = open_set(FACES, Clear(), copies=1)
    assert outcome.scores.shape == (2 * len(FACES.person), FACES.people // 2)
    assert (outcome.person == -1).mean() == 0.5, "each half is once the strangers"
    rate, low, high = tpir(outcome, 0.1)
    assert low <= rate <= high
    assert rate > 0.2
    # the definition, on the scores: so many strangers pass the threshold that the enrolled must pass
    alarm, known = outcome.scores.max(axis=1), outcome.person >= 0
    line = np.quantile(alarm[~known], 0.9)
    assert (alarm[~known] > line).mean() <= 0.1
    assert tpir(outcome, 0.01)[0] <= rate <= tpir(outcome, 0.5)[0]
    assert tpir(open_set(FACES, BlackBox(), copies=1))[0] == 0.0


def test_rank_one_in_a_gallery_is_the_mean_over_all_galleries_of_that_size():
    draw = np.random.default_rng(3)
    scores, person = draw.normal(size=(12, 6)), np.arange(12) % 6
    outcome = Outcome(scores, person, "lda")
    for size in (2, 4, 6):
        wins = []
        for probe, own in enumerate(person):
            others = [p for p in range(6) if p != own]
            wins += [scores[probe, own] > max(scores[probe, list(g)]) for g in combinations(others, size - 1)]
        assert outcome.first_in(size).mean() == pytest.approx(np.mean(wins))


def test_equal_scores_are_a_guess_among_equals():
    outcome = Outcome(np.array([[1.0, 1.0, 0.0, 2.0]]), np.array([0]), "lda")
    assert outcome.top(1) == 0.0
    assert outcome.top(2) == 0.5
    assert outcome.first_in(2).mean() == pytest.approx((0.5 + 1 + 0) / 3)


def test_the_member_is_chosen_without_the_test_images():
    # the inner folds hold out images of the training set: what fit() is given is all that it sees
    train = FACES.index < 4
    attack = Attack(Pixelate(4), copies=1).fit(FACES.images[train], FACES.person[train], FACES.index[train])
    assert attack.inner_[attack.member_] >= max(attack.inner_.values()) - 0.01
    assert set(attack.inner_) >= {"lda", "svm", "ensemble"}
    one = FACES.index < 1
    assert Attack(Pixelate(4), copies=1).fit(FACES.images[one], FACES.person[one]).member_ == "ensemble"


def test_results_are_the_same_on_the_same_seed_and_differ_on_another():
    scores = [evaluate(FACES, DPPixelate(4, 1.0), images=2, member="lda", copies=1, seed=s).scores for s in (0, 0, 1)]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_k_same_is_fitted_on_one_image_a_person():
    shown = attacked(FACES.images, FACES.index, KSame(2), None)
    for number in range(5):
        group = shown[FACES.index == number].reshape(10, -1)
        assert np.unique(group, axis=0, return_counts=True)[1].min() >= 2


def test_wrong_questions_are_refused():
    with pytest.raises(InputError, match="level"):
        Attack(level="clever").fit(FACES.images, FACES.person)
    with pytest.raises(InputError, match="two people"):
        Attack().fit(FACES.images[:5], FACES.person[:5])
    with pytest.raises(InputError, match="images"):
        evaluate(FACES, Clear(), images=9)
