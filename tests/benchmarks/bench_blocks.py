"""What the block loop costs beside the work: CPU seconds of handing out, taking in, keeping and adding up units.

    python tests/benchmarks/bench_blocks.py [STUDY] [REPLICATES] [WORKERS]

The work is what the units charge to their stages (`study.cost`). The rest of the workers' time, less the imports of
their start, and all the time that the parent spends, is overhead; parts are written to disk as in any run. What a
worker costs once (its first unit, its end) is told from what each unit costs by running a quarter of the replicates.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from functools import partial
from pathlib import Path
from time import process_time

import privacysim as ps
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit_parts import UnitParts
from privacysim.simulation.unit_tables import to_frames
from privacysim.study.executor import processes
from privacysim.study.running import Runner, do_units, part_file, units


def run(inputs: Inputs, workers: int) -> tuple[int, float, float, float]:
    """Units, and CPU seconds of the work, of the parent and of the workers beside their work."""
    wanted = units(inputs)
    with tempfile.TemporaryDirectory() as scratch:
        before, children = process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        parts = do_units(
            partial(Runner(), inputs, "", None), wanted, workers=workers, open_executor=processes(workers),
            place=partial(part_file, Path(scratch)),
        )
        done = {unit: part for unit, part in parts.items() if isinstance(part, UnitParts)}
        to_frames(done, inputs.arm_ids, inputs.declared)
        parent, after = process_time() - before, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(done) == len(wanted), "a unit failed"
    spent = cost.total(part.cost for part in done.values())["cpu_s"]
    start, work = spent.pop(cost.START), sum(spent.values())
    in_workers = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return len(wanted), work, parent, in_workers - start - work


def main(study: str = "preview", replicates: str = "48", workers: str = "2") -> None:
    """Print work and overhead of the run, and what one more unit costs."""
    inputs = ps.Study(study, replicates=int(replicates)).inputs()
    Runner().prepare(inputs, 1)
    few = run(inputs.among(range(int(replicates) // 4)), int(workers))
    many = run(inputs, int(workers))
    print(f"{study}: {len(inputs.arm_ids)} arms, {workers} workers, CPU seconds; share of the work")
    print("units    work  parent          workers beside their work")
    for n, work, parent, beside in (few, many):
        print(f"{n:>5} {work:7.2f} {parent:7.2f} {parent / work:6.1%} {beside:7.2f} {beside / work:6.1%}")
    n, work, parent, beside = (b - a for a, b in zip(few, many, strict=True))
    print(f"one more unit: work {1000 * work / n:.0f} ms, overhead {1000 * (parent + beside) / n:.1f} ms, "
          f"{(parent + beside) / work:.1%} of the work; once a worker: "
          f"{(few[3] - beside / n * few[0]) / int(workers):.2f} s")  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
