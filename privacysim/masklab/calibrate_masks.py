"""`privacysim calibrate masks`: every mask against every level of attack, the curve, a table and a figure.

Each configuration is one job whose scores are kept in the cache under a name that hashes what it depends on (the
faces, the configuration, the lab's code), so that an interrupted run goes on where it stopped and a changed line runs
anew. Jobs run in processes, the costly ones first.
"""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import current_thread, main_thread

import numpy as np

from privacysim.files import whole_file
from privacysim.masklab.evaluate import Outcome
from privacysim.masklab.faces import Faces
from privacysim.masklab.grid import Job, grid
from privacysim.masklab.lab_results import write_results
from privacysim.resources import cache_folder


def calibrate(
    faces: Faces,
    out: Path,
    *,
    small: bool = False,
    workers: int = 2,
    work: Path | None = None,
    progress: Callable[[int, int, str], None] = lambda done, of, what: None,
) -> dict[Job, Outcome]:
    """Run the lab on these faces and write curve, table, figure and note to `out`; returns the outcomes."""
    jobs, kept = grid(small), work or cache_folder() / "masklab"
    kept.mkdir(parents=True, exist_ok=True)
    stamp = _stamp(faces)
    outcomes = {job: found for job in jobs if (found := _load(kept / _name(job, stamp))) is not None}
    waiting = sorted((job for job in jobs if job not in outcomes), key=lambda job: -job.cost)
    for job, outcome in _run(faces, waiting, workers):
        outcomes[job] = outcome
        _save(kept / _name(job, stamp), outcome)
        progress(len(outcomes), len(jobs), f"{job.mask} {job.px:g} px {job.level}")
    write_results(faces, {job: outcomes[job] for job in jobs}, out)
    return outcomes


def _run(faces: Faces, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Outcome]]:
    if workers <= 1:
        from threadpoolctl import threadpool_limits

        for job in jobs:
            with threadpool_limits(1):  # as in a process of its own
                outcome = job.run(faces)
            yield job, outcome
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        with _deaf_children():  # an interruption is the parent's to answer
            running = {pool.submit(job.run, faces): job for job in jobs}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started within do not hear Ctrl-C, so that they print no traceback of their own."""
    if current_thread() is not main_thread():  # signals are the main thread's alone
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _one_thread() -> None:
    """A process, not a thread, is the unit of work: and rates do not depend on how many cores share a sum."""
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)


def _stamp(faces: Faces) -> str:
    code = b"".join(
        path.read_bytes()
        for path in sorted(Path(__file__).parent.glob("*.py"))
        if path.stem in {"masks", "random_masks", "crowd_masks", "cameras", "attacks", "evaluate", "images", "named"}
    )
    return hashlib.sha256(code + faces.images.tobytes() + faces.person.tobytes()).hexdigest()[:16]


def _name(job: Job, stamp: str) -> str:
    return hashlib.sha256(f"{stamp}|{job}".encode()).hexdigest()[:24] + ".npz"


def _save(path: Path, outcome: Outcome) -> None:
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez(
            stream,
            scores=outcome.scores,
            person=outcome.person,
            words=np.array([outcome.level, outcome.member]),
            inner=outcome.inner,
        )


def _load(path: Path) -> Outcome | None:
    if not path.is_file():
        return None
    with np.load(path) as kept:
        level, member = (str(word) for word in kept["words"])
        return Outcome(kept["scores"], kept["person"], level, member, float(kept["inner"]))
