"""Execution of units of work by any executor; replaces dead workers and names units that kill their worker.

The caller passes a function that opens an executor, because a broken pool cannot be used again.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TypeVar

from privacysim.resources import ONE_THREAD

Item = TypeVar("Item")
Done = TypeVar("Done")
OpenExecutor = Callable[[], Executor]

_LOST = {"BrokenProcessPool", "BrokenExecutor", "KilledWorker", "FutureCancelledError", "CancelledError"}
_ALONE = 2  # times that a unit in flight at a worker's death is retried alone


class WorkerLost(RuntimeError):
    """Items whose worker died at every try; all other items are done."""

    def __init__(self, items: Sequence[object]) -> None:
        self.items = tuple(items)
        super().__init__(", ".join(str(item) for item in items))


def cores() -> int:
    """Number of cores that this process may use, at most the 61 processes that a pool may have on Windows."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else min(os.cpu_count() or 1, 61)


def processes(workers: int) -> OpenExecutor:
    """Return a function that opens pools of `workers` fresh processes."""
    return lambda: _Pool(workers)


def work_through(work: Callable[[Item], Done], items: Sequence[Item], open_executor: OpenExecutor,
                 at_once: int) -> Generator[tuple[Item, Done], None, None]:
    """Yield (item, result) as items finish; exceptions of the work are raised unchanged.

    Items in flight when a worker dies are rerun at the end, alone and at most twice; `WorkerLost` names these.
    """
    waiting, suspects, poison = list(reversed(items)), list[Item](), list[Item]()
    while waiting:
        left = len(waiting)
        died = yield from _until_a_worker_dies(work, waiting, open_executor, at_once)
        if not died and len(waiting) == left:  # the pool broke before it took any item
            died = [waiting.pop()]
        suspects += died
    for item in suspects:
        for _ in range(_ALONE):
            alone = [item]
            died = yield from _until_a_worker_dies(work, alone, open_executor, 1)
            if not (died or alone):
                break
        else:
            poison.append(item)
    if poison:
        raise WorkerLost(poison)


def _until_a_worker_dies(work: Callable[[Item], Done], waiting: list[Item], open_executor: OpenExecutor,
                         at_once: int) -> Generator[tuple[Item, Done], None, list[Item]]:
    """Yield results and return the items in flight at a worker's death; takes items off the end of `waiting`."""
    running: dict[Future[Done], Item] = {}
    executor, wait_for_it = open_executor(), False
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running[executor.submit(work, waiting[-1])] = waiting[-1]
                waiting.pop()  # only after submission
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=_is_lost):  # finished ones first
                if _is_lost(future):
                    return list(running.values())
                yield running.pop(future), future.result()
        wait_for_it = True
    except BrokenExecutor:
        return list(running.values())
    finally:
        if not wait_for_it and isinstance(executor, _Pool):
            executor.kill()
        executor.shutdown(wait=wait_for_it or isinstance(executor, _Pool))  # Dask has no cancel_futures
    return []


def _is_lost(future: Future[Done]) -> bool:
    return future.cancelled() or type(future.exception()).__name__ in _LOST


def _worker_starts() -> None:
    # Ctrl-C reaches the whole process group; only the parent handles it and stops the workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is gone, since a killed parent cannot stop its workers."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


class _Process(SpawnProcess):
    """A fresh process with one numeric thread that does not rerun the caller's script.

    Otherwise a script without `if __name__ == "__main__"` would start its study in every worker.
    """

    def start(self) -> None:
        main = sys.modules["__main__"]
        before = {name: os.environ[name] for name in ONE_THREAD if name in os.environ}
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        hidden: dict[str, object] = {name: main.__dict__.pop(name)
                                     for name in ("__file__", "__spec__") if name in main.__dict__}
        main.__dict__["__spec__"] = None
        try:
            super().start()
        finally:
            del main.__dict__["__spec__"]
            main.__dict__.update(hidden)
            for name in ONE_THREAD:
                del os.environ[name]
            os.environ.update(before)


class _Spawn(SpawnContext):
    Process = _Process  # what the pool starts


class _Pool(ProcessPoolExecutor):
    """A pool that can be stopped immediately."""

    def __init__(self, workers: int) -> None:
        self._before = set(multiprocessing.active_children())
        super().__init__(workers, mp_context=_Spawn(), initializer=_worker_starts)

    def kill(self) -> None:
        """End the workers without waiting for their work."""
        for child in set(multiprocessing.active_children()) - self._before:
            child.terminate()
