"""Masks: what they promise by construction, and scikit-learn's own checks of an estimator."""

import cv2
import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from privacysim.errors import InputError
from privacysim.masklab.face_attacks import attacked
from privacysim.masklab.faces import Camera, clean, synthetic_faces
from privacysim.masklab.mask_base import MeasuredElsewhere
from privacysim.masklab.masks import (
    MASK_FORMS,
    BlackBox,
    Blur,
    Clear,
    DPPixelate,
    EyesBar,
    KSame,
    Pixelate,
    Scramble,
    Silhouette,
    fast_blur,
    mask_named,
)

FACES = synthetic_faces(6, 3).images
ALL = [
    Clear(),
    Pixelate(3),
    Blur(0.2),
    BlackBox(),
    EyesBar(),
    KSame(2, one_each=False),
    Silhouette(),
]


@pytest.mark.parametrize("mask", [*ALL, DPPixelate(2, random_state=0)], ids=lambda mask: type(mask).__name__)
@pytest.mark.filterwarnings("ignore")
def test_masks_pass_the_estimator_checks_of_scikit_learn(mask):
    # the cipher alone is left out: it is defined on bytes, and the checks send floats
    results = check_estimator(mask, on_fail=None)
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(r["status"] == "passed" for r in results) >= 39


@pytest.mark.parametrize("mask", [*ALL, DPPixelate(4), Scramble()], ids=lambda mask: type(mask).__name__)
@pytest.mark.parametrize("shape", [(3, 64, 64), (2, 33, 47), (2, 40, 30, 3), (1, 8, 8)])
def test_a_mask_keeps_shape_and_type_of_grey_and_colour_images(mask, shape):
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    masked = mask.fit(images).transform(images)
    assert masked.shape == images.shape
    assert masked.dtype == np.uint8
    assert np.array_equal(images, np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)), (
        "the input is not changed"
    )


def test_no_mask_of_these_leaves_the_image_as_it_is():
    for mask in [*ALL[1:], DPPixelate(4), Scramble()]:
        assert not np.array_equal(mask.fit(FACES).transform(FACES), FACES), mask


@pytest.mark.parametrize("cells", [2, 4, 8, 16, 32])
def test_pixelating_to_n_cells_is_what_a_camera_with_n_pixels_sees(cells):
    assert np.array_equal(Pixelate(cells).apply(FACES), clean(cells).apply(FACES))
    assert Pixelate(cells).cells(64) == cells
    assert Pixelate(cells).cells(1.5) == 1.5, "a mask adds no pixels"


def test_each_cell_of_a_mosaic_shows_its_mean():
    image = FACES[:1]
    expected = image[0].reshape(4, 16, 4, 16).mean(axis=(1, 3))
    shown = Pixelate(4).apply(image)[0][8::16, 8::16]
    assert np.abs(shown - expected).max() <= 0.51


@pytest.mark.parametrize("sigma", [0.03, 0.0625, 0.125, 0.25])
def test_the_fast_blur_is_within_two_grey_levels_of_the_gaussian(sigma):
    # radius 4 sigma, symmetric border: the Gaussian that the three boxes stand for
    for face in FACES[::3]:
        radius = int(np.ceil(4 * sigma * 64))
        slow = cv2.GaussianBlur(
            face.astype(np.float64), (2 * radius + 1,) * 2, sigma * 64, borderType=cv2.BORDER_REFLECT
        )
        assert np.abs(fast_blur(face, sigma * 64) - slow).max() <= 2.0


def test_strength_is_relative_to_the_face():
    large = np.repeat(np.repeat(FACES, 3, axis=1), 3, axis=2)
    small = Pixelate(8).apply(FACES)
    assert np.array_equal(Pixelate(8).apply(large)[:, 1::3, 1::3], small)


def test_a_full_box_leaves_nothing_and_a_rim_leaves_something():
    assert not BlackBox().apply(FACES).any()
    assert BlackBox().cells(64) == 0.0
    assert BlackBox(-0.12).apply(FACES).any()
    with pytest.raises(MeasuredElsewhere):
        BlackBox(-0.12).cells(64)


def test_a_cipher_is_undone_with_its_key_and_not_with_another():
    key, other = bytes(range(32)), bytes(32)
    hidden = Scramble(key).fit(FACES).transform(FACES)
    assert np.array_equal(Scramble(key).fit(FACES).inverse_transform(hidden), FACES)
    assert not np.array_equal(Scramble(other).fit(FACES).inverse_transform(hidden), FACES)
    assert Scramble.legal == "reversible"
    assert all(type(mask).legal == "irreversible" for mask in ALL)


def test_no_nonce_comes_twice_and_equal_frames_look_different():
    same = np.repeat(FACES[:1], 3, axis=0)
    mask = Scramble(bytes(32))
    frames = np.concatenate([mask.apply(same), mask.apply(same)])
    assert len(np.unique(frames.reshape(6, -1), axis=0)) == 6


def test_a_fixed_nonce_warns_and_adds_the_same_bytes_to_every_frame():
    with pytest.warns(UserWarning, match="hides nothing"):
        hidden = Scramble(bytes(32), nonce="fixed").fit(FACES).transform(FACES)
    assert np.array_equal(hidden[0] ^ hidden[1], FACES[0] ^ FACES[1]), "two frames together give the difference away"


def test_k_same_shows_k_people_as_one_and_refuses_several_images_of_one_person():
    one_each, people = FACES[::3], np.arange(6)
    shown = KSame(3).fit(one_each, people).transform(one_each)
    _, counts = np.unique(shown.reshape(6, -1), axis=0, return_counts=True)
    assert counts.min() >= 3, "so nobody is right more often than once in three"
    with pytest.raises(InputError, match="hides nobody"):
        KSame(3).fit(FACES, np.repeat(people, 3))
    KSame(3, one_each=False).fit(FACES, np.repeat(people, 3))


def test_dp_noise_has_the_scale_of_its_equation():
    flat = np.full((400, 64, 64), 128.0)
    mask = DPPixelate(4, epsilon=5.0, random_state=1)
    noise = mask.apply(flat)[:, ::16, ::16] - 128.0
    # the standard deviation of a Laplace is sqrt(2) times its scale, 255 m / (b^2 eps)
    assert noise.std() == pytest.approx(np.sqrt(2) * 255 * 16 / (16**2 * 5.0), rel=0.03)


def test_averaging_frames_undoes_fresh_noise_by_the_root_of_their_number():
    flat = np.full((50, 64, 64), 128.0)
    mask = DPPixelate(4, 5.0, random_state=np.random.default_rng(2))
    one, many = (attacked(flat, np.arange(50), mask, None, frames).std() for frames in (1, 25))
    assert one / many == pytest.approx(5.0, rel=0.15)


def test_each_frame_has_noise_of_its_own():
    assert len(np.unique(DPPixelate(4, 1.0).apply(np.repeat(FACES[:1], 4, axis=0)), axis=0)) == 4


def test_a_camera_draws_anew_for_each_image_and_never_adds_detail():
    same = np.repeat(FACES[:1], 5, axis=0)
    assert len(np.unique(Camera(px=16, random_state=0).apply(same), axis=0)) == 5
    assert len(np.unique(clean(16).apply(same), axis=0)) == 1
    assert np.array_equal(clean(64).apply(same), same)


@pytest.mark.parametrize(
    "text", ["mosaic", "pixelate:x", "pixelate:0", "pixelate:-2", "pixelate:inf", "blur:1:2", "", "none:3"]
)
def test_an_unknown_mask_or_strength_is_refused_in_three_lines(text):
    with pytest.raises(InputError) as refused:
        mask_named(text)
    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize("form", MASK_FORMS)
@pytest.mark.filterwarnings("ignore:Scramble")
def test_every_named_mask_can_be_made_and_masks(form):
    text = form.replace("[:MARGIN]", "")
    for word, number in (("CELLS", "4"), ("SIGMA", "0.2"), ("EPSILON", "1"), (":K", ":2")):
        text = text.replace(word, number)
    mask = mask_named(text)
    one_each = FACES[::3]
    assert mask.fit(one_each).transform(one_each).shape == one_each.shape


def test_strengths_that_make_no_sense_are_refused():
    for mask in (Pixelate(0), Pixelate(float("nan")), Blur(-1.0), DPPixelate(4, epsilon=0.0), BlackBox(-0.7)):
        with pytest.raises(InputError):
            mask.fit(FACES).transform(FACES)
    with pytest.raises(InputError):
        Scramble(b"short").fit(FACES)
