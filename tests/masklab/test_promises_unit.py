"""What masks and the lab promise beside their rates: names that come back, budgets, refusals in whole sentences."""

from __future__ import annotations

import sys
import types
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from privacysim.errors import InputError
from privacysim.masklab import timing
from privacysim.masklab.calibrate_masks import MASKS, grid, note
from privacysim.masklab.evaluate import Job, Outcome, evaluate, run_jobs, tpir
from privacysim.masklab.face_attacks import Attack, features
from privacysim.masklab.faces import Camera, clean, load_faces, synthetic_faces
from privacysim.masklab.fitted_curve import d_prime_of, fit_surface
from privacysim.masklab.mask_base import Mask, MeasuredElsewhere, as_images, as_pictures
from privacysim.masklab.masks import (
    BlackBox,
    Clear,
    DPPixelate,
    EyesBar,
    KSame,
    Pixelate,
    Scramble,
    Silhouette,
    mask_named,
)
from privacysim.masklab.regions import Painter, Residual, _core

FACES = synthetic_faces(4, 5)


@pytest.mark.filterwarnings("ignore:Scramble")
@pytest.mark.parametrize("name", [*(name for name in MASKS if name != "silhouette"), "none", "pixelate:8"])
def test_a_mask_is_measured_under_the_name_that_makes_it(name):
    assert mask_named(name).name == name


def test_a_silhouette_is_measured_on_a_face_and_a_mask_of_somebody_else_shows_how_it_was_made():
    class Mine(Mask):
        """A mask of somebody else."""

        def __init__(self, depth: int = 3) -> None:
            self.depth = depth

    assert Silhouette().name == "silhouette_of_face"
    assert Mine().name == "Mine()"
    with pytest.raises(NotImplementedError):
        Mine().apply(FACES.images)


def test_cells_follow_from_construction_or_are_said_to_be_measured():
    assert Camera(px=12).cells(40.0) == 12
    assert Camera(px=12).cells(5.0) == 5.0
    for mask in (DPPixelate(4), EyesBar(), Silhouette(), KSame(2)):
        with pytest.raises(MeasuredElsewhere, match=f"{type(mask).__name__}.cells: expected a mask whose cells"):
            mask.cells(40.0)


REFUSED = {
    "an image of five axes": (lambda: as_images(np.zeros((1, 2, 2, 2, 2))), "images", "reshape it"),
    "two channels": (lambda: as_images(np.zeros((1, 4, 4, 2))), "images", "reshape it"),
    "floats for a cipher": (lambda: as_pictures(np.zeros((1, 4, 4))), "images", "scale and round them to uint8"),
    "a group of none": (lambda: KSame(0).fit(FACES.images), "k", "write 5"),
    "half a person": (lambda: KSame(2.5).fit(FACES.images), "k", "write 5"),
    "a nonce of nobody": (lambda: Scramble(nonce="day").fit(FACES.images), "nonce", "write frame"),
    "a box of less than nothing": (lambda: BlackBox(-0.5).apply(FACES.images), "margin", "write 0"),
    "one image each": (lambda: evaluate(synthetic_faces(4, 1), Clear()), "faces", "add images"),
    "a gallery of one": (lambda: evaluate(FACES, BlackBox(), images=1, level="naive", member="lda").first_in(1),
                         "gallery", "choose a size that was measured"),
    "alarms always": (lambda: tpir(Outcome(np.zeros((2, 2)), np.array([0, -1]), ""), 1.0), "fpir",
                      "write 0.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_refused_with_where_and_cure(name):
    call, where, fix = REFUSED[name]
    with pytest.raises(InputError) as error:
        call()
    first, _, last = str(error.value).splitlines()
    assert first.startswith(f"{where}: expected ")
    assert last == f"  Fix: {fix}."


def test_people_with_one_picture_are_left_out_and_two_must_be_left(tmp_path):
    import cv2

    for person, pictures in (("a", 2), ("b", 1)):
        (tmp_path / person).mkdir()
        for n in range(pictures):
            cv2.imwrite(str(tmp_path / person / f"{n}.png"), FACES.images[n])
    with pytest.raises(InputError, match="at least two people with two images each"):
        load_faces(str(tmp_path))


def test_no_images_stay_no_images():
    none = FACES.images[:0]
    for mask in (Pixelate(4), Silhouette(), Scramble(bytes(32)), Camera(px=8)):
        assert mask.apply(none).shape == none.shape


def test_rows_for_a_classifier_keep_means_and_colours():
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    picture[..., 1] = 255
    rows = features(picture)
    assert rows.shape == (1, 32 * 32 * 3)
    assert rows.reshape(-1, 3).mean(axis=0).tolist() == [0.0, 1.0, 0.0]
    small = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    assert (features(small) * 255).round().ravel().tolist() == list(range(12)), "a small picture stays as it is"


def test_a_silhouette_has_two_colours_whatever_the_type_of_the_picture():
    face = FACES.images[:1]
    outline = Silhouette().apply(face)
    assert set(np.unique(outline)) == {0, 255}
    one, other = (Silhouette().apply(levels) > 0 for levels in (face / 255.0, 5.0 * face - 30.0))
    assert np.array_equal(one, other), "of floats the threshold is relative to their range"
    assert (one == (outline > 0)).mean() > 0.95
    colour = Silhouette().apply(np.repeat(face[..., None], 3, axis=3))
    assert set(np.unique(colour)) == {0, 255}
    assert np.array_equal(colour, np.repeat(colour[..., :1], 3, axis=3)), "an outline has no colour"


def test_in_a_video_each_frame_and_each_person_has_noise_of_its_own():
    frame, painter = np.full((60, 60, 3), 128, np.uint8), Painter(DPPixelate(2, 0.5))
    shown = [painter.paint(frame.copy(), [(who, (10, 10, 50, 50))]) for who in (1, 1, 2)]
    assert len(np.unique(shown, axis=0)) == 3


def test_where_there_is_no_background_a_silhouette_is_a_grey_box_and_an_empty_box_is_nothing():
    frame = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    before = frame.copy()
    Painter(Silhouette()).paint(frame, [(1, (5, 5, 20, 30)), (2, (30, 30, 30, 40))])
    assert (frame[5:30, 5:20] == 128).all()
    frame[5:30, 5:20] = before[5:30, 5:20]
    assert np.array_equal(frame, before)


def test_a_moving_camera_moves_the_copies_itself_and_an_aligned_one_has_them_moved():
    """The attacker augments: before a camera that moves, every third copy is mirrored and no copy is shifted."""
    clear = FACES.images[:2]
    moving = Attack(Clear(), Camera(px=32))._copies(clear, 6)
    assert [np.array_equal(copy, clear) for copy in moving] == [True, True, False, True, True, False]
    assert np.array_equal(moving[2], clear[:, :, ::-1])
    aligned = Attack(Clear(), clean(32))._copies(clear, 6)
    assert len(aligned) == 6
    assert not any(np.array_equal(copy, clear) for copy in aligned)


def test_what_is_left_is_said_in_plain_lines(monkeypatch):
    told = Residual(BlackBox(), 100, 12.5)
    told.frames, told.size = 100, (160, 120)
    told.looks, told.checked, told.readable = 6, 100, [7, 8]
    told.tracks[1] = 100
    monkeypatch.setattr(told, "left", lambda: [(40, (0.025, 0.025), (0.025, 0.1), (0.5, 0.6)),
                                               (10**6, (0, 0), (0, 0.001), (0.1, 0.2))])  # fmt: skip
    lines = told.text().splitlines()
    assert lines[0] == "100 frames, 160 × 120, 12.5 frames/s; BlackBox() (irreversible)"
    assert lines[2] == "covered: a detector of whole bodies (HOG) found nobody to compare with"
    assert lines[3] == ("faces still detected: in 2 of 100 frames written, by a second face detector (BlazeFace, "
                        "score 0.5): frames 7, 8")  # fmt: skip
    assert " ".join(lines[6].split()) == "40 2.5% – 2.5% 2.5% – 10.0% 50.0% – 60.0% 0.025"
    assert lines[7].endswith("1e-06  extrapolated"), "beyond a thousand people nobody was compared"
    told.seen, told.hidden = 20, 19
    covered = told.text().splitlines()[2]
    assert covered == "covered: 95.0% of 20 people that a detector of whole bodies (HOG) found in 6 frames"


def test_the_middle_of_a_wide_box_is_the_person_and_stays_in_the_picture():
    assert _core((10, 20, 60, 120), (200, 200, 3)) == (20, 30, 50, 110)
    assert _core((-30, -40, 20, 60), (40, 10, 3)) == (0, 0, 10, 40)


def test_ffmpeg_is_that_of_the_path_else_the_extras_else_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    bundled = types.ModuleType("imageio_ffmpeg")
    bundled.get_ffmpeg_exe = lambda: "/bundled/ffmpeg"
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", bundled)
    assert timing.ffmpeg() == "/bundled/ffmpeg"
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert timing.ffmpeg() is None
    (tmp_path / "ffmpeg").touch(mode=0o755)
    assert timing.ffmpeg() == str(tmp_path / "ffmpeg")


def test_the_small_grid_shows_every_part_of_the_lab():
    jobs = grid(small=True)
    assert {job.level for job in jobs} == {"trained", "naive", "open_set"}
    assert {job.images for job in jobs} == {2, 8}
    for cctv in (True, False):  # a curve of three parameters wants three sizes
        assert len({job.px for job in jobs if job.mask == "none" and job.cctv == cctv and job.images == 8}) >= 3
    assert replace(jobs[0], level="averaged", frames=100).cost > jobs[0].cost - 4


def test_a_process_of_its_own_measures_what_this_one_does(tmp_path):
    """With two workers a job runs in a fresh process, on one numeric thread, here on two: the same to the last bit."""
    job, few = Job("none", 4.0, False, "naive", images=2), synthetic_faces(3, 3)
    with threadpool_limits(2):
        here, there = (run_jobs(few, [job], workers, tmp_path / str(workers))[job] for workers in (1, 2))
    assert np.array_equal(here.scores, there.scores)
    assert here.member == there.member


def test_a_rate_that_is_nearly_certain_is_the_largest_distance():
    assert d_prime_of(1.0, 40) == 8.0
    rates = np.ones((3, 2))
    fit, _ = fit_surface([8.0, 16.0, 32.0], rates, (2, 10))
    assert fit.d_max <= 12.0


def test_the_note_on_faces_of_people_says_how_far_it_reaches_and_on_drawn_ones_that_it_says_nothing():
    real = note(replace(FACES, name="olivetti"), {}, {}, {})
    assert "Never an upper bound" in real
    assert "20 probes of 4 people (5 images each)" in real
    assert "`privacysim calibrate masks --faces olivetti -o data/masking`" in real
    assert "It says nothing about people." in note(FACES, {}, {}, {})
