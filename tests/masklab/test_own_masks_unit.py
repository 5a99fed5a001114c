"""Masks from outside the package: measured, used in videos and named by policies; what cannot be used is refused."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import privacysim as ps
from privacysim import parts
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.identify import cells, curve_table, identifiability, left_of, mask_text
from privacysim.masklab import Mask, Measured, as_mask, evaluate, mask_named, measure, synthetic_faces
from privacysim.masklab import calibrate_masks as lab
from privacysim.masklab.calibrate_masks import grid_of
from privacysim.masklab.evaluate import Job, run_jobs
from privacysim.masklab.face_detectors import cell_px
from privacysim.masklab.mask_base import Transformed
from privacysim.masklab.masks import Blur, Clear, Pixelate
from privacysim.masklab.regions import Painter
from privacysim.policy import Reform, load_policy
from privacysim.policy.policy_form import MaskRule
from privacysim.study.executor import processes

FACES = synthetic_faces(4, 5)
NEGATIVE = FunctionTransformer(lambda images: 255 - images)


class Frosted(Mask):
    """A mosaic by another name, written outside the package."""

    def __init__(self, across: float = 4.0) -> None:
        self.across = across

    name = "frosted"

    def cells(self, face_px: float) -> float:
        return min(face_px, self.across)

    def masked(self, images):
        return Pixelate(self.across).masked(images)


class Stripes(Mask):
    """Every second line black: nobody knows what that leaves before it is measured."""

    name = "stripes"

    def masked(self, images):
        made = images.copy()
        made[:, ::2] = 0
        return made


class Wedge(Mask):
    """What it leaves depends on the width of the face, along a straight line from 16 px on."""

    name = "wedge"

    def cells(self, face_px: float) -> float:
        return 2.0 + max(0.0, face_px - 16.0) / 48.0

    def masked(self, images):
        return images


@pytest.fixture
def installed(monkeypatch):
    """A package that brings a class and an object as masks, known to this process alone."""
    brought = [EntryPoint("frosted", f"{__name__}:Frosted", "privacysim.masks"),
               EntryPoint("stripes", f"{__name__}:Stripes", "privacysim.masks")]  # fmt: skip
    monkeypatch.setattr(EntryPoint, "load", lambda point: {"frosted": Frosted, "stripes": Stripes()}[point.name])
    monkeypatch.setattr(parts, "installed", lambda group: brought if group == "masks" else [])


@pytest.mark.filterwarnings("ignore")
def test_an_own_mask_passes_the_checks_of_an_estimator():
    results = check_estimator(Frosted(3), on_fail=None)
    assert not [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")]


def test_an_own_mask_is_attacked_as_the_shipped_one_that_does_the_same():
    own, shipped = (evaluate(FACES, mask, level="parrot", images=3, seed=1) for mask in (Frosted(4), Pixelate(4)))
    assert np.array_equal(own.scores, shipped.scores)
    assert not np.array_equal(own.scores, evaluate(FACES, Clear(), level="parrot", images=3).scores)


def test_any_transformer_and_pipeline_of_scikit_learn_is_a_mask_and_keeps_shape_and_type():
    table = make_pipeline(StandardScaler(), PCA(3))
    for transformer in (NEGATIVE, make_pipeline(NEGATIVE, FunctionTransformer())):
        mask = as_mask(transformer)
        assert mask.legal == "reversible", "it has inverse_transform"
        for images in (FACES.images, np.repeat(FACES.images[..., None], 3, axis=3)):
            assert np.array_equal(mask.apply(images), 255 - images)
    assert as_mask(StandardScaler()).apply(FACES.images).shape == FACES.images.shape, "tables are given rows of pixels"
    with pytest.raises(InputError, match=r"expected masked images of the shape \(20, 64, 64\)"):
        as_mask(table).apply(FACES.images)
    assert evaluate(FACES, NEGATIVE, level="naive", images=2).scores.shape == (20, 4)


def test_a_mask_that_learns_is_fitted_on_the_first_images_that_it_masks():
    mask = as_mask(StandardScaler())
    first = mask.apply(FACES.images.astype(float))
    assert np.abs(first.mean(axis=0)).max() < 1e-9
    again = mask.apply(FACES.images[:3].astype(float))
    assert np.allclose(again, first[:3]), "and stays as it was fitted"


@pytest.mark.parametrize("wrong", [object(), Frosted, 3.5, None, lambda images: images])
def test_what_is_no_mask_is_refused_in_words(wrong):
    with pytest.raises(InputError, match="a mask, its name or a scikit-learn transformer"):
        evaluate(FACES, wrong)


def test_an_installed_mask_is_made_by_its_name_and_strengths(installed):
    assert mask_named("frosted:3").across == 3.0
    assert mask_named("stripes").name == "stripes"
    for wrong in ("frosted:x", "frosted:1:2:3", "stripes:1", "frostd"):
        with pytest.raises(InputError) as refused:
            mask_named(wrong)
        assert len(str(refused.value).splitlines()) == 3
    assert "write frosted" in str(refused.value)


def test_what_an_own_mask_leaves_travels_in_its_name_and_gives_the_chance():
    assert mask_text(Frosted(4)) == "frosted=4"
    assert np.array_equal(curve_table([("frosted=4", 40)]), curve_table([("pixelate:4", 40)]))
    assert np.array_equal(curve_table([("lid=0", 40)]), curve_table([("box", 40)]))
    text = mask_text(Wedge())
    assert cells(text) == pytest.approx(Wedge().cells(255.0), rel=1e-5)
    px = np.array([1.0, 10.0, 16.0, 40.0, 100.0, 255.0])
    assert np.allclose(left_of(text, px), np.minimum(px, [Wedge().cells(one) for one in px]), rtol=1e-5)
    assert len(text.split(",")) == 2, "points on a line are left out"
    assert (identifiability(text, [40.0, 200.0], True, 40) < identifiability("none", [40.0, 200.0], True, 40)).all()


def test_a_shipped_mask_given_as_an_object_keeps_its_measured_name_and_an_own_one_never_takes_it():
    assert mask_text(Blur(0.25)) == "blur:0.25"
    assert mask_text(Pixelate(3)) == "pixelate:3"

    class Box(Frosted):
        name = "box"

    assert mask_text(Box(4)) == "box=4", "its own strength, not that of ours"
    assert mask_text(Transformed(Box(4))) == "box=4"
    with pytest.raises(InputError, match="0 or more cells at every width"):
        mask_text(Box(-1.0))


@pytest.mark.parametrize("mask", [Stripes(), NEGATIVE, "stripes", object()])
def test_a_mask_that_nobody_measured_is_refused_with_what_to_do(mask, installed):
    for use in (mask_text, lambda one: Reform("order_799", mask=one),
                lambda one: MaskRule(kind=one, assumption="tried")):  # fmt: skip
        with pytest.raises(ValueError, match="measure it"):
            use(mask)


@pytest.mark.parametrize("kind", [Frosted(4), "frosted", "frosted:4", "frosted=4", "frosted=2:2,8:4"])
def test_a_policy_names_an_own_mask_and_keeps_what_it_leaves(kind, installed):
    given = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "hypothetical",
             "mask": {"kind": kind, "assumption": "tried"}}  # fmt: skip
    policy = load_policy(given)
    assert policy.mask.kind in ("frosted=4", "frosted:4=4", "frosted=2:2,8:4")
    assert cells(policy.mask.kind) == 4.0
    assert load_policy(policy).mask == policy.mask
    assert MaskRule(kind=kind, assumption="tried").kind == policy.mask.kind


def test_a_study_takes_a_policy_with_a_mask_object():
    given = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "hypothetical",
             "mask": {"kind": Frosted(4), "assumption": "tried"}}  # fmt: skip
    study = ps.Study(scenario="guangzhou_district", policies=["order_799", given], days=1, replicates=1, sample=200)
    assert study.inputs().arm("mine").policy.mask.kind == "frosted=4"


@pytest.mark.parametrize("kind", ["frostd", "frosted=", "=4", "frosted=4,5", "frosted=8:1,2:3", "frosted=-1"])
def test_a_name_that_says_nothing_is_refused_where_it_stands(kind):
    given = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "hypothetical",
             "mask": {"kind": kind, "assumption": "tried"}}  # fmt: skip
    with pytest.raises(InputError, match=r"policy mine, mask\.kind: expected one of none, box"):
        load_policy(given)


def test_a_reading_or_a_setting_that_holds_an_object_is_refused_never_written_as_text():
    given = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "hypothetical",
             "summary": object()}  # fmt: skip
    with pytest.raises(InputError, match="a object"):
        load_policy(given)


def test_in_a_simulation_with_spawned_workers_the_curve_of_an_own_mask_counts(tmp_path, monkeypatch):
    # the workers know neither this class nor its package: what it leaves came with the policy
    monkeypatch.chdir(tmp_path)
    case = {"scenario": "guangzhou_district", "days": 2, "replicates": 1, "sample": 300}
    study = ps.Study(**case, policies=["open_access", Reform("open_access", mask=Frosted(4), name="own"),
                                       Reform("open_access", mask="pixelate:4", name="mosaic")])  # fmt: skip
    assert study.inputs().arm("own").policy.mask.kind == "frosted=4"
    values = study.run(open_executor=processes(1), workers=1, progress=False).metrics
    clear, own, mosaic = (values[values["policy"] == name].set_index(["metric", "curve", "replicate"])["value"]
                          for name in ("open_access", "own", "mosaic"))  # fmt: skip
    assert own.equals(mosaic)
    seen = [name for name in clear.index if name[0] == "people_identified[legality=authorised]"]
    assert (own[seen] < clear[seen]).all()
    ids = {ps.Study(**case, policies=["open_access", Reform("open_access", mask=mask, name="own")]).inputs().run_id
           for mask in (Frosted(3), Frosted(4), "frosted=4")}  # fmt: skip
    assert len(ids) == 2, "another strength is another run"


def test_jobs_with_own_masks_run_in_spawned_processes_and_are_kept_by_what_the_mask_does(tmp_path):
    jobs = [Job(mask, 64.0, False, "naive", images=2) for mask in (Frosted(4), Stripes(), NEGATIVE)]
    seen: list[str] = []
    there = run_jobs(FACES, jobs, 2, tmp_path, lambda done, of, what: seen.append(what))
    here = run_jobs(FACES, jobs, 1, tmp_path / "other")
    assert all(np.array_equal(a.scores, b.scores) for a, b in zip(there.values(), here.values(), strict=True))
    assert len(seen) == 3
    again = [Job(mask, 64.0, False, "naive", images=2) for mask in (Frosted(4), Stripes(), Frosted(5))]
    run_jobs(FACES, again, 1, tmp_path, lambda done, of, what: seen.append(what))
    assert seen[3:] == ["frosted 64 px naive"], "only the mask that was changed is measured again"


def hard_faces(people: int):
    """Drawn faces under stains four cells wide: what is left at a few pixels is the stains."""
    faces, draw = synthetic_faces(people, 10), np.random.default_rng(0)
    stains = [cv2.resize(draw.normal(0, 60, (4, 4)), (64, 64)) for _ in faces.images]
    return replace(faces, images=np.clip(faces.images + np.array(stains), 0, 255).astype(np.uint8))


@pytest.fixture
def quick(monkeypatch):
    """Weaker attacks in place of the trained one, which takes minutes: what is tested is the measurement around it."""
    run = Job.run
    monkeypatch.setattr(Job, "run", lambda job, faces: run(Job(job.mask, job.px, job.cctv, "parrot"), faces))
    monkeypatch.setattr(lab, "grid_of", lambda mask: [job for job in grid_of(mask) if job.level != "naive"])


def test_one_own_mask_is_measured_and_its_curve_serves_a_policy(quick, tmp_path):
    faces = hard_faces(6)
    nothing, all_of_it = (measure(mask, faces, out=tmp_path, workers=1, work=tmp_path / "work")
                          for mask in (FunctionTransformer(np.zeros_like), Wedge()))  # fmt: skip
    assert isinstance(nothing, Measured)
    assert nothing.curve["px"].tolist() == [8.0, 16.0, 64.0]
    assert nothing.curve["cells"].tolist() == [0.0] * 3
    assert nothing.text.endswith("=0")
    assert all_of_it.cells(64.0) > 8.0, "this mask says of itself what is not so: measured, it leaves the face"
    assert all_of_it.text.startswith("wedge=")
    assert MaskRule(kind=all_of_it, assumption="measured").kind == all_of_it.text
    assert cells(all_of_it.text) == pytest.approx(all_of_it.cells(255.0), rel=1e-4)
    assert set(all_of_it.table["mask"]) == {"none", "wedge"}
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["masks.csv", "table.csv"]
    with pytest.raises(InputError, match="harder to tell apart at 2 px than at 64"):
        measure(Wedge(), synthetic_faces(3, 10), workers=1, work=tmp_path / "work")


def test_the_command_measures_one_installed_mask_and_prints_the_line_for_a_policy(quick, installed, tmp_path, capsys,
                                                                                  monkeypatch):  # fmt: skip
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))
    for one, image in zip(hard_faces(4).person, hard_faces(4).images, strict=True):
        folder = tmp_path / "people" / str(one)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{len(list(folder.iterdir()))}.png"), image)
    words = ["calibrate", "masks", "--faces", str(tmp_path / "people"), "-o", str(tmp_path / "out"), "--workers", "1"]
    assert main([*words, "--mask", "stripes"]) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("In a policy:")]
    kind = line.partition('kind = "')[2].rstrip('"')
    assert kind.startswith("stripes=")
    assert MaskRule(kind=kind, assumption="measured").kind == kind
    assert main([*words, "--mask", "stripe"]) == 2
    assert "write stripes" in capsys.readouterr().err


def test_in_a_video_an_own_mask_covers_the_whole_region_in_squares_as_wide_as_the_face():
    frame = np.random.default_rng(0).integers(0, 256, (120, 90, 3)).astype(np.uint8)
    face = [(22, 20, 38, 40)]
    shown = Painter(Stripes()).paint(frame.copy(), [(1, (10, 5, 50, 105))], face)
    side = 16 + round(cell_px(frame.shape))
    assert not shown[5:105:side, 10:50].any(), "every square begins with a black line"
    outside = np.ones(frame.shape[:2], bool)
    outside[5:105, 10:50] = False
    assert np.array_equal(shown[outside], frame[outside])
    whole = Painter(NEGATIVE).paint(frame.copy(), [(1, (10, 5, 47, 101))], face)
    assert np.array_equal(whole[5:101, 10:47], 255 - frame[5:101, 10:47]), "edges included"


def test_the_command_masks_a_video_with_an_installed_mask_and_says_that_what_is_left_is_not_known(installed, tmp_path,
                                                                                                  capsys):  # fmt: skip
    source, out = tmp_path / "walk.avi", tmp_path / "out.avi"
    writer = cv2.VideoWriter(str(source), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (128, 96))
    ground = np.random.default_rng(0).integers(90, 110, (96, 128, 3)).astype(np.uint8)
    for number in range(15):
        frame = ground.copy()
        frame[30:80, 4 + 7 * number : 22 + 7 * number] = (30, 60, 220)
        writer.write(frame)
    writer.release()
    assert main(["mask", str(source), "-o", str(out), "--mask", "stripes"]) == 0
    assert "not known what this mask leaves" in capsys.readouterr().out
    assert main(["mask", str(source), "-o", str(out), "--mask", "frosted:2"]) == 0
    assert "expected re-identification" in capsys.readouterr().out
