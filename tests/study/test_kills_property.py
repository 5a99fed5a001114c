"""Faults in every kind of process that writes: each ends with whole files, and doing it again gives the same bytes.

`test_machine_property` has the faults of a run itself; here are its workers, the other commands, and two at once.
Who says that it is done (exit 0) has written all that an undisturbed process writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.city import build as city_room
from privacysim.city.example_town import write_example
from privacysim.cli.main import main
from privacysim.draws import marks
from privacysim.errors import ResultsError
from privacysim.files import whole_file
from privacysim.results import load_results
from privacysim.robustness.points import run_points
from privacysim.scenario import load_scenario
from privacysim.sealed import cache_file, offer
from privacysim.study import verify
from tests.helpers.file_faults import ERRORS, KILLS, fault, struck
from tests.helpers.toy_study import ToyRunner, run_unit

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 2}
"""Two replicates of two blocks each."""


@pytest.fixture(scope="module", autouse=True)
def toys(toy_units, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield toy_units(patch, tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def one_thread():
    """OpenCV keeps to one thread, because a forked process has no pool."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@dataclasses.dataclass
class Work:
    """One kind of process: `do` writes below the folder `w` of its home, `before` is what stands there."""

    do: Callable[[Path], object]
    before: Callable[[Path], object] = lambda folder: None
    spared: bool = False
    """Whether it is done also without the file, of which it says so: it is made again when it is needed."""


def study(seed: int, replicates: int) -> ps.Study:
    return ps.Study(**PARTS, seed=seed, replicates=replicates)


def source(seed: int = 1) -> Path:
    """Saved results, made once."""
    folder = Path(os.environ["PRIVACYSIM_CACHE"]) / f"results{seed}"
    if not folder.exists():
        study(seed, 2).run(workers=1, out=folder)
    return folder


def inputs_of(folder: Path) -> Path:
    """A folder beside the written one, for what the process reads."""
    beside = folder.with_name("in")
    beside.mkdir(exist_ok=True)
    return beside


def pictures(folder: Path) -> None:
    import cv2

    for n in range(2):
        noise = np.random.default_rng(n).integers(60, 190, (48, 64, 3)).astype(np.uint8)
        cv2.imwrite(str(inputs_of(folder) / f"{n}.png"), noise)


def video(folder: Path) -> None:
    import cv2

    path, codec = str(inputs_of(folder) / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(path, cv2.CAP_OPENCV_MJPEG, codec, 10, (160, 120))
    for n in range(12):
        frame = np.random.default_rng(0).integers(90, 110, (120, 160, 3)).astype(np.uint8)
        frame[50:94, 5 + 6 * n : 21 + 6 * n] = (30, 60, 220)
        writer.write(frame)
    writer.release()
    (inputs_of(folder) / "key").write_bytes(bytes(range(32)))


def mask(name: str, out: str, *more: str) -> Callable[[Path], object]:
    def do(folder: Path) -> object:
        folder.mkdir(exist_ok=True)
        keyed = [word.format(inputs_of(folder)) for word in more]
        return main(["mask", str(inputs_of(folder) / name), "-o", str(folder / out), "--no-audio", *keyed]
                    if out else ["mask", str(inputs_of(folder)), "-o", str(folder / "o")])  # fmt: skip

    return do


def walk(folder: Path) -> object:
    made = inputs_of(folder)
    return main(["dosimeter", "--gpx", str(made / "walk.gpx"), "--cameras", str(made / "cameras.csv"), "--out",
                 str(folder), "--map", "--force"])  # fmt: skip


def city(folder: Path) -> object:
    city_room._open.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVACYSIM_CACHE", str(folder))
        case = load_scenario("guangzhou_district")
        small = case.population.model_copy(update={"people": case.population.people.model_copy(update={
            "fact": None, "value": 3000.0, "low": None, "high": None, "assumption": "a test"})})  # fmt: skip
        return ps.build_city(case.model_copy(update={"population": small})).people * 0


def points(folder: Path) -> object:
    base = study(1, 2).inputs()
    run_points([dataclasses.replace(base, facts={"compliance": share}) for share in (0.2, 0.4)], workers=1,
               metrics=["cameras_listed"], folder=folder, progress=False)  # fmt: skip


def report(ending: str) -> Work:
    return Work(lambda folder: main(["report", str(source()), "-o", str(folder / f"memo.{ending}")]))


REFORM = {"base": "order_799", "retention": "7 d"}
KINDS: dict[str, Work] = {
    "save": Work(lambda folder: load_results(source()).save(folder, force=True) and 0,
                 lambda folder: load_results(source(2)).save(folder)),
    "report html": report("html"), "report docx": report("docx"), "report xlsx": report("xlsx"),
    "mask pictures": Work(mask("", ""), pictures),
    "mask video": Work(mask("a.avi", "b.mp4"), video),
    "mask scrambled": Work(mask("a.avi", "b.mkv", "--mask", "scramble", "--key", "{}/key"), video),
    "dosimeter": Work(walk, lambda folder: write_example(inputs_of(folder))),
    "city cache": Work(city), "town": Work(lambda folder: write_example(folder) and 0),
    "policy": Work(lambda folder: ps.Reform(**REFORM).save(folder, force=True) and 0,
                   lambda folder: ps.Reform(base="order_799", name=ps.Reform(**REFORM).id).save(folder)),
    "notebook": Work(lambda folder: main(["notebook", "new", str(folder / "mine")])
                     if not (folder / "mine.ipynb").exists() else 0),
    "points": Work(points),
    "pilot": Work(lambda folder: offer(folder / cache_file("pilots", "a").name, [[1, 0.5]]), spared=True),
}  # fmt: skip


def contents(folder: Path) -> dict[str, object]:
    """What files hold, by name; those that begin with a dot are half-written or the owner's."""
    return {path.relative_to(folder).as_posix(): held(path) for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)}  # fmt: skip


def held(path: Path) -> object:
    """The bytes of a file, without the times at which office files and Matroska videos were written."""
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(path) as office:
            return {name: office.read(name) for name in office.namelist() if name != "docProps/core.xml"}
    if path.suffix == ".mkv":
        import cv2

        capture, frames = cv2.VideoCapture(str(path)), []
        while (read := capture.read())[0]:
            frames.append(read[1].tobytes())
        return frames
    return path.read_bytes()


def survives(work: Work, home: Path, final: dict[str, object], at: int, how: str) -> None:
    folder = home / "w"
    shutil.rmtree(home)
    home.mkdir()
    assert struck(lambda: work.before(folder) and 0, folder, None) == 0
    before = contents(folder)
    code = struck(lambda: work.do(folder), folder, at, how)
    now = contents(folder)
    assert code in {"kill": (137,), "torn": (0, 137), "interrupt": (0, 130)}.get(how, (0, 2)), (at, how, code)
    mixed = [name for name, content in now.items() if content not in (before.get(name), final.get(name))]
    assert mixed == [], (at, how)
    if code == 0 and how not in KILLS and not work.spared:
        assert now == final, (at, how)
    left = [path.name for path in folder.rglob(".*") if path.name != ".gitignore"]
    assert how in KILLS or [name for name in left if "part" in name] == [], (at, how)
    if "manifest.json" in now and "metrics.parquet" in now:
        load_results(folder)
    assert struck(lambda: work.do(folder), folder, None) == 0
    assert contents(folder) == final, (at, how)


def undisturbed(work: Work, home: Path) -> tuple[list[str], dict[str, object]]:
    """The changes and the final files; done in this process, so that those forked from it find all imported."""
    work.before(home / "w")
    with fault(home / "w", None) as counted:
        assert work.do(home / "w") in (None, 0)
    return counted.paths, contents(home / "w")


def test_a_kill_amid_saving_over_other_results_leaves_whole_files_and_the_next_try_ends_the_same(tmp_path):
    listed, final = undisturbed(KINDS["save"], tmp_path)
    survives(KINDS["save"], tmp_path, final, max(n for n, name in enumerate(listed) if name == "manifest.json"), "kill")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_faults_at_every_change_leave_whole_files_and_the_next_try_ends_the_same(kind, tmp_path):
    """Two kills and one kind of error at each change; the errors take turns."""
    work = KINDS[kind]
    listed, final = undisturbed(work, tmp_path)
    for at in range(len(listed)):
        for how in (*KILLS, ERRORS[at % len(ERRORS)]):
            survives(work, tmp_path, final, at, how)
    print(f"{kind}: {2 * len(listed)} kills and {len(listed)} errors, nothing lost")


@dataclasses.dataclass
class InWorker(ToyRunner):
    """Units whose workers write two tables; the first worker that takes the flag is struck."""

    here: int
    flag: Path
    at: int | None = None
    how: str = "kill"

    def __call__(self, inputs, wanted_tables, folder, unit):
        at = None
        if self.at is not None and os.getpid() != self.here:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
                at = self.at
        with fault(folder, at, self.how):
            for name in ("acts", "incidents"):
                with whole_file(folder / name / f"r{unit.replicate:05d}-b{unit.block:05d}.parquet") as path:
                    tables.write(name, tables.empty(name), path)
        return run_unit(inputs, wanted_tables, folder, unit)


def forked() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))


@pytest.mark.slow
def test_a_worker_that_ends_amid_its_tables_costs_nothing(tmp_path, monkeypatch):
    """A killed worker is replaced and the run goes on; an error of its disk ends the run, which can be resumed."""
    def run(name: str, at: int | None = None, how: str = "kill") -> dict[str, object]:
        monkeypatch.setattr(ps.Study, "runner", InWorker(os.getpid(), tmp_path / f"{name}.flag", at, how))
        study(1, 2).run(out=tmp_path / name, tables="seen", resume=True, open_executor=forked, workers=1)
        return {name: content for name, content in contents(tmp_path / name).items()
                if name.startswith(("tables/", "metrics", "summary"))}  # fmt: skip

    final = run("quiet")
    assert len(final) == 2 + 8
    for at in range(10):
        for how in (*KILLS, ERRORS[at % 4]):
            name = f"{how}{at}"
            try:
                again = run(name, at, how)
            except ResultsError:
                assert how in ERRORS
                again = run(name)
            assert (tmp_path / f"{name}.flag").exists()
            assert again == final
            shutil.rmtree(tmp_path / name)
    print("worker: 20 kills and 10 errors, nothing lost")


def at_once(*do: Callable[[], object], after: float = 0.0) -> list[int]:
    """Exit statuses of processes that do these at once, each so many seconds after the one before."""
    children = []
    for n, one in enumerate(do):
        if (child := os.fork()) == 0:
            time.sleep(after * n)
            os._exit(struck(one, Path("/nowhere"), None))
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@pytest.mark.slow
def test_of_two_runs_at_once_the_same_joins_and_another_is_refused(tmp_path):
    def run(seed: int) -> Callable[[], object]:
        return lambda: study(seed, 2).run(workers=1, out=tmp_path / "r", progress=False) and None

    for n in range(10):
        after = 0.5 * marks(21, n)[0]
        assert at_once(run(1), run(1), after=after) == [0, 0]
        assert load_results(tmp_path / "r").metrics.equals(load_results(source()).metrics)
        shutil.rmtree(tmp_path / "r")
        assert sorted(ended := at_once(run(1), run(2), after=after)) == [0, 2]
        assert load_results(tmp_path / "r").metrics.equals(load_results(source(1 + ended.index(0))).metrics)
        shutil.rmtree(tmp_path / "r")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind, work in KINDS.items() if not kind.startswith("mask")])
def test_two_at_once_end_with_the_files_of_one(kind, tmp_path):
    work, folder = KINDS[kind], tmp_path / "w"
    _, final = undisturbed(work, tmp_path)
    for _ in range(3):
        shutil.rmtree(folder)
        assert struck(lambda: work.before(folder) and 0, folder, None) == 0
        ended = at_once(*2 * [lambda: work.do(folder)])
        assert set(ended) <= {0, 2}
        assert 0 in ended
        assert contents(folder) == final


def test_verify_and_compare_change_nothing(tmp_path):
    folder = shutil.copytree(source(), tmp_path / "r")
    with fault(tmp_path, None) as counted:
        assert verify(folder, every=True).wrong == []
        assert main(["compare", str(folder)]) == 0
    assert counted.paths == []
