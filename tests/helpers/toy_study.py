"""A unit of work without cost: every sum of every metric is a hash of (replicate, block, arm).

Worker processes can import it (the tests put its folder on the path). Environment variables make it slow or crash.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import time
from pathlib import Path

from privacysim.draws import child_id, marks, stream_key, uniforms
from privacysim.metrics import METRICS
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.study import Study
from privacysim.study.running import Runner
from tests.helpers.pilot_parts import equally_skewed


class _Counted(io.FileIO):
    """A file on a disk of TOY_DISK bytes, counted over the whole process; further writes are refused."""

    left = int(os.environ.get("TOY_DISK", "0"))

    def write(self, data) -> int:
        _Counted.left -= len(data)
        if _Counted.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def _open(file, mode="r", *rest, _real=io.open, **named):
    if "w" not in mode or isinstance(file, int):
        return _real(file, mode, *rest, **named)
    raw = io.BufferedWriter(_Counted(os.fspath(file), "w"))
    return raw if "b" in mode else io.TextIOWrapper(raw, encoding=named.get("encoding"), newline=named.get("newline"))


if _Counted.left:
    io.open = _open  # used by Path.write_text and Path.write_bytes


class ToyRunner(Runner):
    """Runner of a study whose units cost nothing or are computed by another function."""

    def __init__(self, do=None) -> None:
        self.do = do or run_unit

    def prepare(self, inputs, workers) -> None:
        pass

    def __call__(self, inputs, wanted_tables, folder, unit) -> UnitParts:
        return self.do(inputs, wanted_tables, folder, unit)


def run_unit(inputs, wanted_tables, folder, unit) -> UnitParts:
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    kill = os.environ.get("TOY_KILL", "")
    if kill and str(unit) == kill.split("|")[0]:
        flag = Path(kill.split("|")[1])
        if not flag.exists() or flag.read_text() == "always":
            if not flag.exists():
                flag.write_text("once")
            os.kill(os.getpid(), signal.SIGKILL)
    if unit == Unit(-1, 0):
        return equally_skewed(unit, inputs.arm_ids, METRICS)
    sums = {arm: _sums(inputs, unit, arm) for arm in inputs.arm_ids}
    return UnitParts(unit, sums, notes=("the desk cannot keep up",))


def _sums(inputs, unit, arm):
    keys = [stream_key(inputs.plan.seed, unit.replicate, f"{unit.block} {who}") for who in ("", arm)]
    shared, own = (uniforms(key, range(len(METRICS)))[:, 0].tolist() for key in keys)
    effect = {"notice_only": 1.0, "no_cameras": 0.0}.get(arm, 0.3 + 0.6 * marks(1, child_id(3, arm, 0))[0])
    made = {}
    for n, name in enumerate(METRICS):
        size = 1000.0 * (1 + shared[n]) * effect * (1 + 0.02 * own[n])
        people = round(200 * effect) + n % 3
        made[name] = {
            "low": size, "high": 2 * size, "n_low": people, "n_high": people, "total": size, "n": people,
            "squares_low": size**2 / max(people, 1), "squares_high": 4 * size**2 / max(people, 1),
            "people": 4000.0, "person_days": 4000.0, "cases": 40.0,
        }  # fmt: skip
    return made


def put() -> None:
    """Give every later study of this process units that cost nothing."""
    Study.runner = ToyRunner()
